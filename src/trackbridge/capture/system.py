"""The machine: platform, processor, memory, GPUs."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from typing import Final

from trackbridge.capture.found import Found
from trackbridge.records.values import ParamValue

__all__ = ["find_gpu", "find_system"]

_TIMEOUT_S: Final = 5.0


def find_system() -> Found:
    """Give platform, count of processors and bytes of memory."""
    attributes: dict[str, ParamValue] = {
        "environment.platform": platform.platform(),
        "environment.machine": platform.machine(),
    }
    if count := os.cpu_count():
        attributes["environment.cpu.count"] = count
    if hasattr(os, "sched_getaffinity"):
        attributes["environment.cpu.usable"] = len(os.sched_getaffinity(0))
    if hasattr(os, "sysconf") and {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= os.sysconf_names.keys():
        attributes["environment.memory_bytes"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Found(attributes)


def find_gpu() -> Found:
    """Give the NVIDIA GPUs, asked of the driver's own tool so that no library has to be loaded."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Found()
    query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.stdout.splitlines() if line.count(",") == 2]
    if not rows:
        return Found()
    return Found(
        {
            "environment.gpu.count": len(rows),
            "environment.gpu.names": [name for name, _, _ in rows],
            "environment.gpu.memory_mib": [int(memory) if memory.isdecimal() else None for _, memory, _ in rows],
            "environment.gpu.driver": rows[0][2],
        }
    )
