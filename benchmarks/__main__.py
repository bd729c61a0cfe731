"""``make bench``: measure everything and print one table."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace

from benchmarks import hot_path, importing, mlflow_server, reading, searching
from benchmarks.rounds import Measurement, Scale

SCALES = {
    "small": Scale(points=2_000, sent_points=2_000, runs=(60,), rounds=1),
    "normal": Scale(points=1_000_000, sent_points=50_000, runs=(10_000,), rounds=5),
    "full": Scale(points=1_000_000, sent_points=200_000, runs=(10_000, 100_000), rounds=9),
}
SUBJECTS = {
    "importing": importing,
    "journal": hot_path,
    "reading": reading,
    "searching": searching,
    "mlflow": mlflow_server,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"any of {', '.join(SUBJECTS)}; all by default")
    parser.add_argument("--scale", choices=SCALES, default="normal")
    parser.add_argument("--json", action="store_true")
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
    servers = dict(server.split("=", 1) for server in arguments.mlflow)
    scale = replace(SCALES[arguments.scale], servers=servers)
    done = []
    for name in arguments.subjects or SUBJECTS:
        for measurement in SUBJECTS[name].measurements(scale):
            print(f"measured: {measurement.what}", file=sys.stderr)
            done.append(measurement)
    if arguments.json:
        print(json.dumps([{**asdict(one), "reached": one.reached} for one in done], indent=2))
    else:
        show(done)


def show(measurements: list[Measurement]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table("what", "ours", "by hand", "result", "least … most", "goal", "", title="Speed, in turns in one run")
    for one in measurements:
        digits = 2 if one.unit == "×" else 0
        result = f"{one.value:.{digits}f}{one.unit}"
        spread = f"{one.spread[0]:.{digits}f} … {one.spread[1]:.{digits}f}"
        goal = f"{'≥' if one.at_least else '≤'} {one.goal:g}{one.unit}"
        times = (duration(one.ours_s), duration(one.floor_s))
        table.add_row(one.what, *times, result, spread, goal, "✓" if one.reached else "✗")
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def duration(seconds: float) -> str:
    """Give a time with three digits, in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


if __name__ == "__main__":
    main()
