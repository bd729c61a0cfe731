"""From a request to an answer: found in the model, checked, done, and the answer checked too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulators.sagemaker import (
    errors,
    experiments,
    graph,
    lineage,
    metrics,
    model,
    registry,
    search,
    shapes,
    signing,
    tags,
    wire,
)
from emulators.sagemaker.call import Call
from emulators.sagemaker.control import Account, Fault
from emulators.sagemaker.errors import RefusalError, ServiceError
from emulators.sagemaker.store import Store
from emulators.sagemaker.switches import Switches

OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    **experiments.OPERATIONS,
    **graph.OPERATIONS,
    **lineage.OPERATIONS,
    **metrics.OPERATIONS,
    **registry.OPERATIONS,
    **search.OPERATIONS,
    **tags.OPERATIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came; the names of headers in lower case."""

    method: str
    path: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Accounts:
    """The accounts by number, each made when first asked for."""

    switches: Switches
    _known: dict[str, Account] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getitem__(self, number: str) -> Account:
        with self._lock:
            return self._known.setdefault(number, Account(self.switches))


def named(request: Request) -> tuple[str, str]:
    """Give the service and the operation that a request is for.

    JSON 1.1 names the operation in X-Amz-Target, REST-JSON by method and path.
    """
    target = request.headers.get("x-amz-target", "")
    if target:
        prefix, _, operation = target.partition(".")
        known = prefix == model.service(model.API).metadata["targetPrefix"] and request.method == "POST"
        if known and model.has(model.API, operation):
            return model.API, operation
    else:
        for operation in model.service(model.METRICS).operation_names:
            http = model.operation(model.METRICS, operation).http
            if (http["method"], http["requestUri"]) == (request.method, request.path):
                return model.METRICS, operation
    raise ServiceError("UnknownOperationException", f"No operation: {request.method} {request.path} {target}")


def perform(store: Store, account: Account, caller: signing.Caller, request: Request, faults: list[Fault]) -> Any:
    """Do what a request asks; give the answer as JSON has it. Raises ServiceError."""
    service, operation = named(request)
    switches = account.switches
    if switches.secret_key is not None:
        signing.verify(switches.secret_key, request.method, request.url, request.headers, request.body)
    if operation not in OPERATIONS:
        raise ServiceError("UnknownOperationException", f"The emulator does not know {operation}.", 501)
    modelled = model.operation(service, operation)
    items = {fault.index: fault.code for fault in faults if fault.kind == "item"}
    with store.lock:
        call = Call(
            account=caller.account,
            region=caller.region,
            operation=operation,
            request=checked(modelled.input_shape, request.body, switches),
            switches=switches,
            shelf=store.at(caller.account, caller.region),
            now_ms=store.tick(),
            broken_items=items,
        )
        try:
            answer = OPERATIONS[operation](call)
        except RefusalError as refusal:
            raise errors.answered(refusal, model.errors(service, operation), switches) from None
    return sound(modelled.output_shape, answer)


def checked(shape: Any, body: bytes, switches: Switches) -> dict[str, Any]:
    """Read a body that satisfies its shape, or say what does not in AWS's words."""
    rules = shapes.Rules(
        unknown_members=switches.unknown_members,
        length_unit=switches.length_unit,
        dot_matches_newline=switches.dot_matches_newline,
        non_finite="reject" if switches.non_finite == "request" else "accept",
    )
    try:
        value = wire.loads(body)
        problems = list(shapes.check(shape, value, rules))
    except (ValueError, shapes.WrongTypeError) as error:
        raise ServiceError("SerializationException", str(error)) from None
    if problems:
        raise ServiceError("ValidationException", shapes.explain(problems))
    decoded: dict[str, Any] = wire.decode(shape, value)
    return decoded


def sound(shape: Any | None, answer: dict[str, Any]) -> Any:
    """Give an answer that satisfies its shape; one that does not is the emulator's own fault, and fails loudly."""
    if shape is None:
        return None
    encoded = wire.encode(shape, answer)
    try:
        problems = list(shapes.check(shape, encoded, shapes.Rules()))
    except shapes.WrongTypeError as error:
        raise ServiceError("InternalFailure", f"The emulator's answer is unsound: {error}", 500) from None
    if problems:
        raise ServiceError("InternalFailure", f"The emulator's answer is unsound: {shapes.explain(problems)}", 500)
    return encoded
