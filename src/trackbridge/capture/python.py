"""The interpreter, its packages, and how it was started."""

from __future__ import annotations

import getpass
import platform
import socket
import sys
from importlib.metadata import distributions
from pathlib import Path

from trackbridge.capture.found import Found

__all__ = ["find_packages", "find_python", "find_source"]


def find_python() -> Found:
    """Give version, implementation and command line."""
    return Found(
        {
            "environment.python": platform.python_version(),
            "environment.python.implementation": platform.python_implementation(),
            "environment.python.executable": sys.executable,
            "environment.command": [str(part) for part in sys.orig_argv],
        }
    )


def find_packages() -> Found:
    """Give the installed distributions as a file of requirements, sorted."""
    found = {(name, distribution.version) for distribution in distributions() if (name := distribution.name)}
    lines = sorted((f"{name}=={version}" for name, version in found), key=str.lower)
    return Found({"environment.packages": len(lines)}, {"packages.txt": "".join(f"{line}\n" for line in lines)})


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
