"""Tells trackbridge where data comes from that DVC tracks."""

from __future__ import annotations

from pathlib import Path

from trackbridge.protocol import DataSource, hookimpl
from trackbridge.records.values import ParamValue

__all__ = ["trackbridge_data_source"]


@hookimpl
def trackbridge_data_source(path: Path) -> DataSource | None:
    """Give digest, remote and origin of a file or folder, compared with what lies here; None where DVC does not know it."""
    from trackbridge_dvc.hashing import md5_of
    from trackbridge_dvc.tracking import find_tracked

    tracked = find_tracked(path)
    if tracked is None:
        return None
    md5 = md5_of(tracked.path, legacy=tracked.legacy)
    matches = md5 == tracked.md5
    facts: dict[str, ParamValue | None] = {
        "root": str(tracked.root),
        "path": tracked.path.relative_to(tracked.root).as_posix(),
        "md5": tracked.md5,
        "matches": matches,
        "size_bytes": tracked.size_bytes,
        "files": tracked.files,
        "remote": tracked.remote,
        "repository": tracked.repository,
        "revision": tracked.revision,
    }
    return DataSource(
        tool="dvc",
        digest=f"md5:{md5.removesuffix('.dir')}",
        version=tracked.revision,
        uri=tracked.remote if matches else None,
        facts={name: value for name, value in facts.items() if value is not None},
        warning=""
        if matches
        else f"{tracked.path} is not what DVC recorded: its md5 is {md5}, the recorded one {tracked.md5}; run dvc add or dvc checkout",
    )
