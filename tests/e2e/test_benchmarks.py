"""The benchmarks work; how fast things are is for ``make bench`` on a quiet machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("subject", ["importing", "reading", "searching"])
def test_a_benchmark_measures_something(subject: str) -> None:
    command = [sys.executable, "-m", "benchmarks", subject, "--scale", "small", "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured
    assert all(one["ours_s"] > 0 and one["floor_s"] > 0 for one in measured)
