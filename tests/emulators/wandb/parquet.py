"""History that moved to Parquet files, and what is live still (core/internal/runhistoryreader).

A client reads the files, and asks for live rows from the least live step on. It does not drop rows that it gets from
both (reader.go, GetHistorySteps), so rows of a range of steps are live ones only.
"""

from __future__ import annotations

import io
import sqlite3
from typing import Any

from emulators.wandb import extended_json, files, history, runs
from emulators.wandb.service import Service


def exported(service: Service, run: sqlite3.Row) -> dict[str, Any]:
    """Give the addresses of a run's files and the steps of its live rows; a finished run is exported first."""
    if service.switches.history_export == "finished" and runs.state(service, run) != "running":
        _export(service, run)
    found = service.store.rows("SELECT upload FROM export WHERE run_id = ? ORDER BY id", run["id"])
    first = service.store.value("SELECT exported_lines FROM run WHERE id = ?", run["id"])
    live = history.rows(service, run["id"], first=first)
    return {
        "parquetUrls": [files.address(service, row["upload"], f"{i}.parquet") for i, row in enumerate(found)],
        "liveData": [{"_step": row["step"]} for row in live],
    }


def _export(service: Service, run: sqlite3.Row) -> None:
    lines = history.count(service, run["id"], history.HISTORY)
    if lines == run["exported_lines"]:
        return
    rows = service.store.rows(
        "SELECT body FROM line WHERE run_id = ? AND stream = 'history' AND number >= ? ORDER BY step, number",
        *(run["id"], run["exported_lines"]),
    )
    content = table([extended_json.loads(row["body"]) for row in rows])
    if content is None:
        return
    stored = service.store.save_blob(io.BytesIO(content), len(content))
    service.store.insert("export", run_id=run["id"], upload=files.new_upload(), blob=stored.blob)
    service.store.update("run", run["id"], exported_lines=lines)


def table(rows: list[dict[str, Any]]) -> bytes | None:
    """Write rows as a file with a column for each key, `_step` a double as in core/tests/files/history.parquet.

    None where a key has values of several types: those rows stay live.
    """
    import pyarrow as pa
    import pyarrow.parquet

    names = dict.fromkeys(key for row in rows for key in row)
    try:
        columns = {name: pa.array([row.get(name) for row in rows]) for name in names}
    except pa.ArrowException:
        return None
    columns["_step"] = columns["_step"].cast(pa.float64())
    target = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), target)
    return target.getvalue()
