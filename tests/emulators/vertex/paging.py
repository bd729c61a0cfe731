"""Pages, their opaque tokens, and order; google.aip.dev/158 and /132.

A token holds a digest of everything else in its request, since "all other provided parameters must match the call that
provided the page token" (ListContextsRequest.page_token), and the key of the last item given, so that what is created
or deleted between two pages neither repeats nor hides the rest.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulators.vertex.errors import invalid

_SALT = b"page"


def ordering(
    order_by: str, keys: Mapping[str, Callable[[Any], Any]], cite: str
) -> list[tuple[Callable[[Any], Any], bool]]:
    """Read ``foo desc, bar``: what to sort by, and whether downwards."""
    found = []
    for part in order_by.split(",") if order_by.strip() else []:
        name, *rest = part.split()
        if name not in keys or rest not in ([], ["desc"], ["asc"]):
            raise invalid(f"Invalid order_by {order_by!r}: supported are {', '.join(sorted(keys))}.", cite)
        found.append((keys[name], rest == ["desc"]))
    return found


def scattered(name: str) -> str:
    """Give the key of an order that means nothing and stays the same."""
    return hashlib.sha256(name.encode()).hexdigest()


@functools.total_ordering
class _Down:
    """A part of a sort key that goes downwards."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and bool(self.value == other.value)

    def __lt__(self, other: _Down) -> bool:
        return bool(other.value < self.value)

    __hash__ = None  # type: ignore[assignment]


def page(
    items: Sequence[Any],
    order: Sequence[tuple[Callable[[Any], Any], bool]],
    tie: Callable[[Any], Any],
    size: int,
    request: Any,
) -> tuple[list[Any], str]:
    """Give the page that `request` asks for, at most `size` items, and the next page's token."""
    downwards = [*(down for _, down in order), False]

    def key(parts: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(_Down(part) if down else part for part, down in zip(parts, downwards, strict=True))

    read = [*(read for read, _ in order), tie]
    found = [([one(item) for one in read], item) for item in items]
    after = resumed(request)
    if after is not None:
        if len(after) != len(downwards):
            raise _mismatch()
        last = key(after)
        found = [pair for pair in found if last < key(pair[0])]
    found.sort(key=lambda pair: key(pair[0]))
    following = token(request, found[size - 1][0]) if len(found) > size else ""
    return [item for _, item in found[:size]], following


def resumed(request: Any) -> list[Any] | None:
    """Give what the token of a request holds, or None for a first page."""
    return _read(request.page_token, _digest(request)) if request.page_token else None


def token(request: Any, parts: Sequence[Any]) -> str:
    """Make the token of what follows `parts`, which JSON must be able to hold."""
    text = json.dumps([_digest(request), parts]).encode()
    check = hashlib.sha256(_SALT + text).digest()[:6]
    return base64.urlsafe_b64encode(check + bytes(byte ^ 0x5A for byte in text)).decode()


def _digest(request: Any) -> str:
    rest = type(request)()
    rest.CopyFrom(request)
    rest.ClearField("page_token")
    rest.ClearField("page_size")  # a client may ask for more or less of the rest; google.aip.dev/158
    return hashlib.sha256(_SALT + rest.SerializeToString(deterministic=True)).hexdigest()[:16]


def _read(given: str, digest: str) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode(given.encode())
    except (binascii.Error, UnicodeEncodeError):
        raise _mismatch() from None
    text = bytes(byte ^ 0x5A for byte in raw[6:])
    if hashlib.sha256(_SALT + text).digest()[:6] != raw[:6]:
        raise _mismatch()
    made_for, parts = json.loads(text)
    if made_for != digest:
        raise _mismatch()
    return list(parts)


def _mismatch() -> Exception:
    return invalid("The page token is not one for this request.", "ListContextsRequest.page_token")


def documented_size(given: int, *, default: int, most: int, coerce: bool, cite: str) -> int:
    """Give a page's size as the type documents it: values above `most` are coerced to it, or refused."""
    if given < 0 or (given > most and not coerce):
        raise invalid(f"page_size is {given}, not in 1-{most}.", cite)
    return min(given or default, most)
