"""The machine: platform, processor, memory, GPUs."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Final

from trackbridge.capture.nvml import gpu_facts
from trackbridge.protocol import Found
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
    if model := _processor():
        attributes["environment.cpu.model"] = model
    return Found(attributes)


def _processor() -> str:
    """Give the processor's name: Linux has it in a file, the rest say it by themselves."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def find_gpu() -> Found:
    """Give the NVIDIA GPUs, by the library where it is installed and works, else by the driver's own tool."""
    if (facts := gpu_facts()) is not None:
        return Found(facts)
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
