"""Installs the adapter of this folder the way a plugin is installed: by a distribution on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
