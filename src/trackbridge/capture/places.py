"""Where the code is that runs."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["entry_folder"]


def entry_folder() -> Path:
    """Give the folder of the entry point where it lies in a repository, else the working directory.

    An entry point may be a tool such as torchrun, installed anywhere: then the code is where one works.
    """
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = Path(file).absolute().parent if file else Path.cwd()
    inside = any((place / ".git").exists() for place in (folder, *folder.parents))
    return folder if inside and "site-packages" not in folder.parts else Path.cwd()
