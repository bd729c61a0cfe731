"""The greatest size in memory of a Python process of its own: ``python -m benchmarks.peak FILE MODULE ARGUMENT…``."""

from __future__ import annotations

import re
import resource
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["peak_kib"]


def peak_kib(module: str, *arguments: str) -> int:
    """Run a module as a script in a process of its own, and give the greatest size that it had in memory, in KiB.

    The process says so itself: what the system says of a child begins with the size of the parent it was forked from.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "peak"
        command = [sys.executable, "-m", "benchmarks.peak", str(answer), module, *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return int(answer.read_text())


def _own_peak_kib() -> int:
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    except FileNotFoundError:  # no Linux: bytes, and a child that begins anew
        found = None
    return int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Run a module as if it had been called, and leave the peak in a file."""
    answer, module = Path(sys.argv[1]), sys.argv[2]
    sys.argv = sys.argv[2:]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        answer.write_text(str(_own_peak_kib()))


if __name__ == "__main__":
    main()
