"""The values of environment variables that look secret, in every way that a text may have them (X4)."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from trackbridge.redaction.names import is_secret_variable
from trackbridge.redaction.rules import Rules

__all__ = ["MIN_LENGTH", "environment_secrets"]

MIN_LENGTH: Final = 8  # code points: no well-known form is shorter, and shorter variables are not worth the harm

_COMMON: Final = frozenset(
    {"anonymous", "changeit", "changeme", "default", "disabled", "enabled", "external", "internal", "localhost",
     "optional", "password", "postgres", "required", "sagemaker", "undefined", "username"}
)  # fmt: skip


def environment_secrets(rules: Rules) -> tuple[str, ...]:
    """Give what to look for as the environment is now, the longest first."""
    names = _secret_names(tuple(os.environ), rules)
    return _variants(tuple(os.environ.get(name, "") for name in names)) if names else ()


@lru_cache(maxsize=4)
def _secret_names(names: tuple[str, ...], rules: Rules) -> tuple[str, ...]:
    return tuple(name for name in names if is_secret_variable(name) or rules.name(name))


@lru_cache(maxsize=4)
def _variants(values: tuple[str, ...]) -> tuple[str, ...]:
    """Give each value as it is, as it stands in a URL, and as it stands in JSON."""
    found: set[str] = set()
    for value in map(str.strip, values):
        if len(value) >= MIN_LENGTH and value.lower() not in _COMMON and not _is_path(value):
            found |= {value, quote(value, safe="", errors="surrogateescape"), json.dumps(value)[1:-1]}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def _is_path(value: str) -> bool:
    """Tell whether it only says where the secret lies; a key of AWS may begin with a slash as well."""
    try:
        return value.startswith(("/", "~")) and Path(value).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False
