"""All rows of one of W&B's runs: those that it has moved to Parquet files, and those that are live still."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

from trackbridge_wandb.client import Client
from trackbridge_wandb.operations import HISTORY, PARQUET
from trackbridge_wandb.rows import parsed

__all__ = ["history"]

_STEPS_PER_PAGE: Final = 1_000
_ROWS_PER_PAGE: Final = 10_000  # more than a page of steps has, for rows of several writers may share one
_ROWS_PER_BATCH: Final = 10_000


def history(client: Client, native: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every row, by `_step`: a page is a range of steps, and never a sample.

    W&B exports the rows of a run that ended (core/internal/runhistoryreader); a range of steps then has live ones only.
    """
    place = {"project": native["project_name"]}
    found = client.ask(PARQUET, **place, runName=native["name"], liveKeys=["_step"])
    exported = ((found.get("project") or {}).get("run") or {}).get("parquetHistory") or {}
    for url in exported.get("parquetUrls") or ():
        yield from _exported(client, url)
    steps = sorted({int(row["_step"]) for row in exported.get("liveData") or () if "_step" in row})
    # Pages are of steps that there are: those of a run may lie 2**53 apart.
    starts = steps[::_STEPS_PER_PAGE]
    for start, end in zip(starts, [*starts[1:], *(step + 1 for step in steps[-1:])], strict=True):
        page = client.ask(
            HISTORY,
            **place,
            run=native["name"],
            minStep=start,
            maxStep=end,
            pageSize=_ROWS_PER_PAGE,
        )
        yield from parsed(((page.get("project") or {}).get("run") or {}).get("history") or ())


def _exported(client: Client, url: str) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet

    with tempfile.TemporaryFile() as target:
        client.wire.save(url, cast("BinaryIO", target))
        target.seek(0)
        for batch in pyarrow.parquet.ParquetFile(target).iter_batches(_ROWS_PER_BATCH):
            for row in batch.to_pylist():
                yield {name: value for name, value in row.items() if value is not None}
