"""The providers that come with trackbridge."""

from __future__ import annotations

from typing import Final

from trackbridge.capture.git import find_git
from trackbridge.capture.job import find_container, find_job
from trackbridge.capture.locks import find_locks
from trackbridge.capture.python import find_packages, find_python, find_source
from trackbridge.capture.system import find_gpu, find_system
from trackbridge.protocol import CaptureProvider

__all__ = ["PROVIDERS"]

# The cheap ones first, so that a process that dies young has said what matters most.
PROVIDERS: Final = tuple(
    CaptureProvider(name=find.__name__.removeprefix("find_"), find=find, timeout_s=timeout_s)
    for find, timeout_s in (
        (find_source, 5.0),
        (find_python, 5.0),
        (find_job, 5.0),
        (find_container, 5.0),
        (find_system, 5.0),
        (find_git, 20.0),
        (find_packages, 20.0),
        (find_locks, 10.0),
        (find_gpu, 10.0),
    )
)
