"""The interpreter, its packages, and how it was started."""

from __future__ import annotations

import getpass
import json
import os
import platform
import socket
import sys
from collections.abc import Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final

from trackbridge.protocol import Found

__all__ = ["PACKAGES", "find_packages", "find_python", "find_source"]

PACKAGES: Final = "packages.txt"

# What changes a result without standing in the code or on the command line.
_VARIABLES: Final = (
    *("PYTHONHASHSEED", "PYTHONPATH", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TZ", "LANG"),
    *("CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "TF_DETERMINISTIC_OPS", "XLA_FLAGS"),
)


def find_python() -> Found:
    """Give version, implementation, command line, where it was started, and variables that change results."""
    return Found(
        {
            "environment.python": platform.python_version(),
            "environment.python.implementation": platform.python_implementation(),
            "environment.python.executable": sys.executable,
            "environment.command": [str(part) for part in sys.orig_argv],
            "environment.cwd": str(Path.cwd()),
            "environment.variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        }
    )


def find_packages() -> Found:
    """Give the installed distributions as a file of requirements, sorted; those that an index does not give by URL."""
    found: dict[str, str] = {}
    for distribution in distributions():
        name = distribution.name
        if name and name.lower() not in found:  # the first on the path is the one that is imported
            found[name.lower()] = _requirement(name, distribution)
    lines = "".join(f"{line}\n" for _, line in sorted(found.items()))
    return Found({"environment.packages": len(found)}, {PACKAGES: lines.encode(errors="replace")})


def _requirement(name: str, distribution: Distribution) -> str:
    """Give a line of requirements; of a local folder its version and, behind ``#``, where it lay."""
    pinned = f"{name}=={distribution.version}"
    text = distribution.read_text("direct_url.json")
    if text is None:
        return pinned
    try:
        url = _direct_url(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError):  # not as PEP 610 has it
        return pinned
    return f"{pinned}  # from {url}" if url.startswith("file:") else f"{name} @ {url}"


def _direct_url(origin: Mapping[str, Any]) -> str:
    """Give the URL that pip would take (packaging.python.org/specifications/direct-url)."""
    url = str(origin["url"])
    inside = f"subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"{vcs['vcs']}+{url}@{vcs['commit_id']}" + (f"#{inside}" if inside else "")
    hashes = (origin.get("archive_info") or {}).get("hashes") or {}
    pins = [f"{name}={digest}" for name, digest in hashes.items() if name == "sha256"]
    fragment = "&".join([*pins, *([inside] if inside else [])])
    return f"{url}#{fragment}" if fragment else url


def find_source() -> Found:
    """Give entry point, host and user (R9)."""
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        entry_point = f"-m {spec.name.removesuffix('.__main__')}"
    elif file:
        entry_point = str(Path(file).absolute())
    else:
        entry_point = "notebook" if "ipykernel" in sys.modules else (sys.argv[0] or "interactive")
    return Found({"source.entry_point": entry_point, "source.host": socket.gethostname(), "source.user": _user()})


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no variable says it, and no entry for the numeric id (containers)
        return "unknown"
