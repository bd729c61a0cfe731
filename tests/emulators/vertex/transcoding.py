"""HTTP and JSON to request messages and back, by the routes of the vendor's REST transports.

The rules are those of google/api/http.proto: variables of the path, the body's field, and all else as query parameters.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from google.protobuf import json_format
from google.protobuf.message import Message

from emulators.vertex import vendor
from emulators.vertex.errors import RefusedError, invalid

CITE = "google/api/http.proto"
_VARIABLE = re.compile(r"\{([\w.]+)=([^}]*)\}")
# Operations lie below hundreds of resources of the vendor's; these are the ones that are served here.
_SERVED = re.compile(
    r"/(v1|ui)/\{name=projects/\*/locations/\*(/(metadataStores|tensorboards|models)\b[^}]*)?(/operations/\*)?\}"
)


@dataclass(frozen=True, slots=True)
class _Binding:
    pattern: re.Pattern[str]
    variables: tuple[str, ...]
    body: str | None
    method: vendor.Method


@functools.cache
def _bindings() -> dict[str, list[_Binding]]:
    found: dict[str, list[_Binding]] = {}
    for method in vendor.methods().values():
        for route in method.routes:
            if method.service == "Operations" and not _SERVED.match(route.uri):
                continue
            variables = tuple(name for name, _ in _VARIABLE.findall(route.uri))
            binding = _Binding(re.compile(_pattern(route.uri)), variables, route.body, method)
            found.setdefault(route.verb.upper(), []).append(binding)
    return found


def _pattern(uri: str) -> str:
    parts, last = [], 0
    for found in _VARIABLE.finditer(uri):
        parts.append(re.escape(uri[last : found.start()]))
        parts.append("(" + "[^/:]+".join(re.escape(part) for part in found[2].split("*")) + ")")
        last = found.end()
    return "".join([*parts, re.escape(uri[last:])])


def request(verb: str, target: str, body: bytes) -> tuple[vendor.Method, Message]:
    """Find the method of an HTTP request and read its message; refuse what no route knows."""
    path, _, query = target.partition("?")
    path = unquote(urlsplit(path).path)
    for binding in _bindings().get(verb, ()):
        matched = binding.pattern.fullmatch(path)
        if matched:
            message = binding.method.request()
            _read_body(message, binding, body)
            _read_query(message, binding, query)
            for name, value in zip(binding.variables, matched.groups(), strict=True):
                _set_variable(message, name, value)
            return binding.method, message
    raise RefusedError("NOT_FOUND", f"No route for {verb} {path}.", CITE)


def response(message: Message, target: str) -> bytes:
    """Write an answer as JSON, with enums as the request's ``$alt`` wants them."""
    numbers = "enum-encoding=int" in unquote(target)
    return json.dumps(json_format.MessageToDict(message, use_integers_for_enums=numbers)).encode()


def refusal(refused: RefusedError) -> bytes:
    """Write an error as google.rpc.Status in JSON; cloud.google.com/apis/design/errors#http_mapping."""
    error: dict[str, Any] = {"code": refused.http, "message": refused.message, "status": refused.code}
    if refused.retry_after_s is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": kind, "retryDelay": f"{refused.retry_after_s:g}s"}]
    return json.dumps({"error": error}).encode()


def _read_body(message: Any, binding: _Binding, body: bytes) -> None:
    if binding.body is None:
        if body.strip():
            raise invalid(f"{binding.method.key} takes no body.", CITE)
        return
    into = message if binding.body == "*" else getattr(message, binding.body)
    if into is not message:
        into.SetInParent()
    try:
        json_format.Parse(body or b"{}", into)
    except (json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"Invalid JSON payload received. {error}", message.DESCRIPTOR.full_name) from None


def _read_query(message: Any, binding: _Binding, query: str) -> None:
    tree: dict[str, Any] = {}
    for key, values in parse_qs(query, keep_blank_values=True).items():
        if key.startswith("$") or key in {"alt", "key", "prettyPrint", "fields"}:
            continue
        if binding.body == "*":
            raise invalid(f"Unknown query parameter {key!r}.", CITE)
        _place(tree, message.DESCRIPTOR, key.split("."), values, key)
    if not tree:
        return
    read = type(message)()
    try:
        json_format.ParseDict(tree, read)
    except json_format.ParseError as error:
        raise invalid(f"Invalid query. {error}", CITE) from None
    message.MergeFrom(read)


def _place(tree: dict[str, Any], descriptor: Any, path: Sequence[str], values: list[str], key: str) -> None:
    fields: Mapping[str, Any] = {**descriptor.fields_by_name, **{field.json_name: field for field in descriptor.fields}}
    field = fields.get(path[0])
    if field is None:
        raise invalid(f"Invalid JSON payload received. Unknown name {key!r}: Cannot bind query parameter.", CITE)
    if len(path) > 1:
        _place(tree.setdefault(field.json_name, {}), field.message_type, path[1:], values, key)
        return
    read: list[Any] = [value == "true" if field.type == field.TYPE_BOOL else value for value in values]
    tree[field.json_name] = read if field.is_repeated else read[-1]


def _set_variable(message: Any, path: str, value: str) -> None:
    *above, name = path.split(".")
    for part in above:
        message = getattr(message, part)
    setattr(message, name, value)
