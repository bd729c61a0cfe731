"""The tables of a dump through pyarrow alone, with none of the adapter's code."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from trackbridge.errors import Unsupported
from trackbridge.protocol import BackendUrl
from trackbridge.records.ids import foreign_run_id
from trackbridge.testing import ProbedModel, ProbedRun

__all__ = ["DumpProbe"]


class DumpProbe:
    """See `trackbridge.testing.Probe`; of runs alone, and whatever would change a dump is refused."""

    def __init__(self, url: BackendUrl) -> None:
        self._root = Path(url.location)

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run."""
        rows = self._rows(run_id)
        if not rows:
            return None
        project, name = rows[0]["project_id"], rows[0]["run_id"]
        values = {row["attribute_path"]: _value(row) for row in rows if row["step"] is None}
        made = values.get("sys/creation_time")
        params = {path: value for path, value in values.items() if not path.startswith("sys/") and value is not None}
        return ProbedRun(
            native_id=f"{project}/{name}",
            name=values.get("sys/name"),
            experiment=project,
            status="FAILED" if values.get("sys/failed") else "FINISHED",
            started_ms=round(made.timestamp() * 1000) if made else 0,
            ended_ms=None,
            parent=None,
            deleted=False,
            params=params,
            tags=dict.fromkeys(values.get("sys/tags") or (), ""),
        )

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give every row of a float series that has whole steps."""
        return [
            (int(row["step"]), round(row["timestamp"].timestamp() * 1000), row["float_value"])
            for row in self._rows(run_id)
            if row["attribute_path"] == metric and row["attribute_type"] == "float_series"
        ]

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of a file by the name of its attribute."""
        (row,) = [row for row in self._rows(run_id) if row["attribute_path"] == path]
        (file,) = (self._root / "files").glob(f"*/{row['file_value']['path']}")
        return file.read_bytes()

    def model(self, name: str) -> ProbedModel | None:
        """Find no model."""
        return None

    def delete_sidecars(self, run_id: str) -> int:
        """Find none."""
        return 0

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Refuse."""
        self._refuse()

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Refuse."""
        self._refuse()

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Refuse."""
        self._refuse()

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _rows(self, run_id: str) -> list[dict[str, Any]]:
        from pyarrow import parquet

        rows: list[dict[str, Any]] = []
        for file in sorted((self._root / "data").glob("*/*.parquet")):
            found = parquet.read_table(file).to_pylist()
            rows += [row for row in found if foreign_run_id(row["run_id"], account=row["project_id"]) == run_id]
        return rows

    def _refuse(self) -> NoReturn:
        raise Unsupported(f"{self._root} is a dump, and nobody changes it", capability="runs")


def _value(row: dict[str, Any]) -> Any:
    return row.get(f"{row['attribute_type']}_value")
