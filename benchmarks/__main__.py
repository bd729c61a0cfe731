"""``make bench``: measure everything and print one table."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from benchmarks import importing, reading, searching
from benchmarks.rounds import Measurement, Scale

SCALES = {
    "small": Scale(points=2_000, runs=(60,), rounds=1),
    "normal": Scale(points=1_000_000, runs=(10_000,), rounds=5),
    "full": Scale(points=1_000_000, runs=(10_000, 100_000), rounds=9),
}
SUBJECTS = {"importing": importing, "reading": reading, "searching": searching}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"any of {', '.join(SUBJECTS)}; all by default")
    parser.add_argument("--scale", choices=SCALES, default="normal")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if unknown := set(arguments.subjects) - SUBJECTS.keys():
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    done = []
    for name in arguments.subjects or SUBJECTS:
        for measurement in SUBJECTS[name].measurements(SCALES[arguments.scale]):
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
        result = f"{one.value:.2f}{one.unit}" if one.at_least else f"{one.value:.0f}{one.unit}"
        spread = f"{one.spread[0]:.2f} … {one.spread[1]:.2f}"
        goal = f"{'≥' if one.at_least else '≤'} {one.goal:g}{one.unit}"
        table.add_row(
            one.what, f"{one.ours_s:.3f} s", f"{one.floor_s:.3f} s", result, spread, goal, "✓" if one.reached else "✗"
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


if __name__ == "__main__":
    main()
