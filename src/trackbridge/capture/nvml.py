"""NVIDIA's GPUs, by nvidia-ml-py where it is installed; nothing anywhere else (docs.nvidia.com/deploy/nvml-api)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from trackbridge.records.values import ParamValue

__all__ = ["gpu_facts", "gpu_load"]

_MIB = 1 << 20


def gpu_facts() -> dict[str, ParamValue] | None:
    """Give count, names, memory and driver; None where the library cannot say, an empty dict where there is no GPU."""
    nvml = _library()
    if nvml is None:
        return None
    devices = list(_devices(nvml))
    if not devices:
        return {}
    return {
        "environment.gpu.count": len(devices),
        "environment.gpu.names": [_text(nvml.nvmlDeviceGetName(device)) for device in devices],
        "environment.gpu.memory_mib": [nvml.nvmlDeviceGetMemoryInfo(device).total // _MIB for device in devices],
        "environment.gpu.driver": _text(nvml.nvmlSystemGetDriverVersion()),
    }


def gpu_load() -> dict[str, float]:
    """Give what each GPU does now; what one cannot say, such as the power of a virtual one, is left out."""
    nvml = _library()
    load: dict[str, float] = {}
    if nvml is None:
        return load
    asked: dict[str, Callable[[Any], float]] = {
        "utilization_percent": lambda device: nvml.nvmlDeviceGetUtilizationRates(device).gpu,
        "memory_bytes": lambda device: nvml.nvmlDeviceGetMemoryInfo(device).used,
        "power_w": lambda device: nvml.nvmlDeviceGetPowerUsage(device) / 1000,
        "temperature_c": lambda device: nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU),
    }
    for number, device in enumerate(_devices(nvml)):
        for what, ask in asked.items():
            with suppress(nvml.NVMLError):
                load[f"system/gpu/{number}/{what}"] = float(ask(device))
    return load


def _devices(nvml: Any) -> Iterator[Any]:
    for number in range(nvml.nvmlDeviceGetCount()):
        yield nvml.nvmlDeviceGetHandleByIndex(number)


@cache
def _library() -> Any:
    """Give the library, begun once a process; None where it is not installed, or finds no driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - its own error is only known once it is imported
        return None
    return pynvml


def _text(answer: str | bytes) -> str:
    return answer.decode() if isinstance(answer, bytes) else answer  # the library gave bytes before version 12
