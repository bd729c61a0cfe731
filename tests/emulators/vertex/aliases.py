"""Aliases of model versions: each on one version, and ``default`` always on exactly one.

cloud.google.com/vertex-ai/docs/model-registry/model-alias: "an alias can only be assigned to a single version, by
model, at a time", "one version of a model is required to carry the default alias at all times".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulators.vertex.errors import RefusedError, invalid
from emulators.vertex.switches import Switches

DEFAULT = "default"
_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")
_CITE = "Model.version_aliases"


def checked_aliases(aliases: Iterable[str], switches: Switches) -> None:
    """Refuse aliases that are none."""
    for alias in aliases:
        capitals = alias != alias.lower() and switches.alias_capitals == "refuse"
        if not _ALIAS.fullmatch(alias) or capitals:
            raise invalid(f"The version alias {alias!r} does not match {_ALIAS.pattern}.", _CITE)


def place(
    versions: Mapping[int, Any], number: int, added: Sequence[str], removed: Sequence[str], switches: Switches
) -> None:
    """Put aliases on a version and take others from it."""
    version = versions[number]
    for alias in removed:
        if alias not in version.version_aliases:
            continue
        if alias == DEFAULT:
            if switches.drop_default_alias == "refuse" or len(versions) == 1:
                raise invalid("There must be exactly one default version alias for a model.", _CITE)
            _give(versions[max(other for other in versions if other != number)], DEFAULT)
        version.version_aliases.remove(alias)
    for alias in added:
        for other, holder in versions.items():
            if other != number and alias in holder.version_aliases:
                if switches.taken_alias == "refuse":
                    raise RefusedError("ALREADY_EXISTS", f"Version {other} has the alias {alias!r}.", _CITE)
                holder.version_aliases.remove(alias)
        _give(version, alias)


def _give(version: Any, alias: str) -> None:
    if alias not in version.version_aliases:
        version.version_aliases.append(alias)
