"""The same ban for ruff, which knows imports and attributes and runs in every editor (rule TID251)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from trackbridge.protocol import VendorApi

__all__ = ["ruff_configuration"]


def ruff_configuration(apis: Iterable[VendorApi]) -> str:
    """Give the TOML for a ``ruff.toml``."""
    names = sorted({name for api in apis for name in (*api.modules, *api.integrations)})
    bans = "".join(f'{json.dumps(name)}.msg = "Use trackbridge."\n' for name in names)
    return f'[lint]\nextend-select = ["TID251"]\n\n[lint.flake8-tidy-imports.banned-api]\n{bans}'
