"""Collects from a store what a gate's checks need to know of a version."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trackbridge.errors import ConfigurationError, NotFound
from trackbridge.gates.checks import SliceCheck
from trackbridge.gates.facts import Facts, Sliced, SliceTable
from trackbridge.gates.fairness import compute_slices
from trackbridge.gates.verdicts import Check
from trackbridge.records.models import ModelVersion
from trackbridge.records.times import now_ms
from trackbridge.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["collect"]


def collect(store: Store, version: ModelVersion, checks: Sequence[Check]) -> Facts:
    """Read a version's run, its artifacts, and the slices that its tables come to.

    A run that is gone is no error: then nothing can be told of the version.

    Raises:
        ConfigurationError: a table is to be sliced, and fairlearn or pyarrow is not installed.
    """
    read_ms = now_ms()
    if version.run_id is None:
        return Facts(version, None, read_ms=read_ms)
    try:
        run = store.runs.get(version.run_id)
    except NotFound:
        return Facts(version, None, read_ms=read_ms)
    computed: dict[tuple[SliceTable, str, tuple[str, ...]], Sliced] = {}
    tables: dict[str, pa.Table | str] = {}
    for check in _with_tables(checks):
        source = check.table
        if source is None:
            continue
        if source.path not in tables:
            tables[source.path] = _read_table(store, run.id, source.path)
        table = tables[source.path]
        for by in check.groups:
            known = isinstance(table, str)
            computed[source, check.metric, by] = (
                Sliced(why_not=table) if known else compute_slices(table, source, check.metric, by)
            )
    return Facts(version, run, tuple(store.artifacts.list(run.id)), computed, read_ms)


def _with_tables(checks: Sequence[Check]) -> Iterator[SliceCheck]:
    return (check for check in checks if isinstance(check, SliceCheck) and check.table is not None)


def _read_table(store: Store, run_id: str, path: str) -> pa.Table | str:
    """Read a table that a run logged, or say why there is none."""
    try:
        import pyarrow as pa
        from pyarrow import csv, parquet
    except ImportError as error:
        raise ConfigurationError(
            f"reading the table {path!r} needs pyarrow", remedy="Install it: pip install 'trackbridge[fairness]'."
        ) from error
    with tempfile.TemporaryDirectory(prefix="trackbridge-gate-") as folder:
        try:
            local = store.artifacts.download(run_id, path, Path(folder))
            return csv.read_csv(local) if local.suffix == ".csv" else parquet.read_table(local)
        except NotFound:
            return f"its run has no table {path!r}"
        except (pa.ArrowException, OSError) as error:
            return f"the table {path!r} cannot be read: {error}"
