"""The emulator's own endpoint: what it saw of a project, and how it shall treat it. Nothing here is the vendor's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from emulators.vertex.core import Core

PREFIX = "/_emulator/"
EVERY = "-"


def answer(core: Core, cut: Callable[[], None], verb: str, target: str, body: bytes) -> tuple[int, bytes]:
    """Answer ``PREFIX PROJECT/WHAT[/WHICH]``: a status and JSON."""
    project, _, rest = target.removeprefix(PREFIX).partition("/")
    what, _, which = rest.partition("/")
    try:
        said = _act(core, cut, f"{verb} {what}", "" if project == EVERY else project, which, json.loads(body or b"{}"))
        return 200, json.dumps(said).encode()
    except (KeyError, TypeError, ValueError) as error:
        return 400, json.dumps({"error": repr(error)}).encode()


def _act(core: Core, cut: Callable[[], None], what: str, project: str, which: str, given: Any) -> Any:
    match what:
        case "GET health":
            return {}
        case "GET calls":
            return dict(core.calls(project))
        case "DELETE calls":
            return core.forget_calls(project)
        case "GET violations":
            return core.violations(project)
        case "GET switches":
            return asdict(core.switches(project))
        case "POST switches":
            return asdict(core.flip(project, **given))
        case "GET faults":
            return core.faults.listed(project)
        case "POST faults":
            return {"id": core.faults.add({**given, "project": project})}
        case "DELETE faults":
            return core.faults.clear(project, which)
        case "POST cut":
            return cut()
        case _:
            raise KeyError(what)
