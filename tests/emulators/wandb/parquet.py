"""History that moved to Parquet files, and what is live still (core/internal/runhistoryreader)."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulators.wandb.service import Service


def exported(service: Service, run: sqlite3.Row) -> dict[str, Any]:
    """Give the addresses of the files and the steps of live rows."""
    steps = service.store.rows(
        "SELECT step FROM line WHERE run_id = ? AND stream = 'history' ORDER BY step, number", run["id"]
    )
    return {"parquetUrls": [], "liveData": [{"_step": row["step"]} for row in steps]}
