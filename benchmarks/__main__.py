"""``make bench``: measure everything, or what is named, and print one table."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import (
    capture,
    hot_path,
    importing,
    memory,
    migration,
    mlflow_server,
    peers,
    reading,
    searching,
    training,
    vertex_service,
    wandb_service,
)
from benchmarks.rounds import Measurement, Row, Scale
from benchmarks.servers import Servers
from benchmarks.table import show, write

SCALES = {
    "small": Scale(points=2_000, sent_points=2_000, runs=(60,), rounds=1),
    "normal": Scale(
        points=1_000_000, sent_points=20_000, runs=(10_000,), rounds=5, pairs=15, seconds=4.0, calls=2_000,
        most_points=10_000_000, install=True,
    ),
    "full": Scale(
        points=1_000_000, sent_points=200_000, runs=(10_000, 100_000), rounds=9, pairs=25, seconds=10.0, calls=5_000,
        most_points=10_000_000, install=True,
    ),
}  # fmt: skip
SUBJECTS: dict[str, Callable[[Scale], Iterator[Row]]] = {
    "importing": importing.measurements,
    "logging": hot_path.measurements,
    "peers": peers.measurements,
    "training": training.measurements,
    "memory": memory.measurements,
    "capture": capture.measurements,
    "reading": reading.measurements,
    "searching": searching.measurements,
    "mlflow": mlflow_server.measurements,
    "wandb": wandb_service.measurements,
    "vertex": vertex_service.measurements,
    "migration": migration.measurements,
}
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"any of {', '.join(SUBJECTS)}; all by default")
    parser.add_argument("--scale", choices=SCALES, default="normal")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"also put the tables into {PAGE.name}")
    parser.add_argument(
        "--mlflow",
        action="append",
        default=[],
        metavar="DATABASE=URL",
        help="an MLflow server that runs already, and what it keeps its data in; several times for several",
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.subjects) - SUBJECTS.keys():
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    measured: dict[str, list[Row]] = {}
    with Servers(dict(server.split("=", 1) for server in arguments.mlflow)) as servers:
        scale = replace(SCALES[arguments.scale], servers=servers)
        for name in arguments.subjects or SUBJECTS:
            begun = time.monotonic()
            measured[name] = list(SUBJECTS[name](scale))
            print(f"measured {name} in {time.monotonic() - begun:.0f} s", file=sys.stderr)
            if arguments.write:
                write(PAGE, {name: measured[name]})
    rows = [row for rows in measured.values() for row in rows]
    if arguments.json:
        print(json.dumps([_plain(row) for row in rows], indent=2))
    else:
        show(rows)


def _plain(row: Row) -> dict[str, object]:
    return {**asdict(row), "reached": row.reached} if isinstance(row, Measurement) else asdict(row)


if __name__ == "__main__":
    main()
