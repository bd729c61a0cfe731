"""Other processes for checks: each runs one function with a laboratory of its own, all let go at one moment.

A backend travels there as a pickle, which is what `Backend` makes of its URL; one whose data cannot leave its process
raises `Unsupported` at that very step.
"""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from trackbridge.protocol import Backend

__all__ = ["Act", "run_script", "run_together"]

Act: TypeAlias = Callable[..., Any]
"""A module-level function of (lab, go, *arguments): it prepares, calls ``go()`` to wait for the others, and acts."""

_READY = "ready"


def run_together(backend: Backend, act: Act, arguments: Sequence[tuple[Any, ...]], *, timeout_s: float) -> list[Any]:
    """Run `act` once per tuple of arguments, each in a process of its own, and give what they returned.

    Args:
        backend: What each process opens again.
        act: The function; it is found by its module and name.
        arguments: One tuple a process.
        timeout_s: How long all of it may take.

    Raises:
        Exception: what `act` raised, the first in the order of `arguments`.
    """
    jobs = [base64.b64encode(pickle.dumps((backend, act, rest))).decode() for rest in arguments]
    children = [_start(["-m", __spec__.name]) for _ in jobs]
    try:
        for child, job in zip(children, jobs, strict=True):
            _tell(child, job)
        first = [_line(child) for child in children]  # "ready", or the answer of one that failed before that
        for child in children:
            _tell(child, "go")
        rest = [child.communicate(timeout=timeout_s) for child in children]
    finally:
        for child in children:
            _end(child)
    return [
        _result(early + out, err, child.returncode)
        for early, (out, err), child in zip(first, rest, children, strict=True)
    ]


def run_script(
    backend: Backend, code: str, arguments: Sequence[str], *, timeout_s: float, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a training script in a process of its own, the way a user does: configured by its environment.

    Args:
        backend: What ``TRACKBRIDGE_BACKEND`` will name.
        code: The script; `arguments` are its ``sys.argv[1:]``.
        arguments: Texts for the script.
        timeout_s: How long it may take.
        environment: More variables.
    """
    pickle.dumps(backend)  # where the data cannot leave this process, this says so
    settings = {
        "TRACKBRIDGE_BACKEND": backend.url.text,
        "TRACKBRIDGE_CONNECT_TIMEOUT_S": "60",  # as in a laboratory: a busy machine is no finding
        "TRACKBRIDGE_SHIPPER": "inline",
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, timeout=timeout_s, check=False, env={**os.environ, **settings},
    )  # fmt: skip


def _start(command: list[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *command], stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _tell(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(f"{line}\n")
        child.stdin.flush()
    except BrokenPipeError:
        return  # it ended early; what it left on its other pipes says why


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def _end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe and not pipe.closed:
            pipe.close()


def _result(out: str, err: str, code: int) -> Any:
    lines = [line for line in out.splitlines() if line and line != _READY]
    if not lines:
        raise AssertionError(f"a process ended with code {code} and no answer: {err[-2000:]}")
    kind, value = pickle.loads(base64.b64decode(lines[-1]))  # noqa: S301 - written by a process that we started
    if kind == "raised":
        raise value
    return value


def _serve() -> None:
    from trackbridge.testing.lab import Lab

    answers, sys.stdout = sys.stdout, sys.stderr  # whatever an adapter prints must not look like an answer
    backend, act, rest = pickle.loads(base64.b64decode(sys.stdin.readline()))  # noqa: S301 - our parent wrote it

    def go() -> None:
        print(_READY, file=answers, flush=True)
        sys.stdin.readline()

    try:
        with Lab(backend.url.text) as lab:
            answer = ("returned", act(lab, go, *rest))
    except Exception as error:  # noqa: BLE001 - it is raised again where the check waits
        answer = ("raised", error)
    print(base64.b64encode(pickle.dumps(answer)).decode(), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
