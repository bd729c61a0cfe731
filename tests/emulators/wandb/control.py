"""What tests steer the emulator by: /emulator/…, which needs no key and is nothing of W&B's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulators.wandb.server import Emulator


def answer(emulator: Emulator, method: str, path: list[str], body: bytes) -> tuple[int, dict[str, Any]]:
    """Give the status and the body for a control request."""
    service, values = emulator.service, json.loads(body or b"{}")
    try:
        match method, path:
            case "GET", ["switches"]:
                pass
            case "POST", ["switches"]:
                service.switches = service.switches.changed(**values)
            case "DELETE", ["switches"]:
                service.switches = type(service.switches)()
            case "GET", ["record"]:
                return 200, service.record.to_dict()
            case "DELETE", ["record"]:
                service.record.clear()
            case "GET", ["faults"]:
                return 200, emulator.faults.to_dict()
            case "POST", ["faults"]:
                emulator.faults.add(**values)
            case "DELETE", ["faults"]:
                emulator.faults.clear()
            case _:
                return 404, {"error": f"no control {method} {'/'.join(path)}"}
    except (TypeError, ValueError) as error:
        return 400, {"error": str(error)}
    return 200, service.switches.to_dict()
