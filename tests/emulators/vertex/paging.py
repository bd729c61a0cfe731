"""Pages, their opaque tokens, and order; google.aip.dev/158 and /132.

A token holds a digest of everything else in its request, since "all other provided parameters must match the call that
provided the page token" (ListContextsRequest.page_token), and the key of the last item given, so that what is created
or deleted between two pages neither repeats nor hides the rest.
"""

from __future__ import annotations

import base64
import binascii
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


class _Key:
    """A composite sort key whose parts go up or down."""

    __slots__ = ("downwards", "parts")

    def __init__(self, parts: Sequence[Any], downwards: Sequence[bool]) -> None:
        self.parts = list(parts)
        self.downwards = downwards

    def __lt__(self, other: _Key) -> bool:
        for mine, theirs, down in zip(self.parts, other.parts, self.downwards, strict=True):
            if mine != theirs:
                return bool(theirs < mine) if down else bool(mine < theirs)
        return False


def page(
    items: Sequence[Any],
    order: Sequence[tuple[Callable[[Any], Any], bool]],
    tie: Callable[[Any], Any],
    size: int,
    request: Any,
) -> tuple[list[Any], str]:
    """Give the page that `request` asks for, at most `size` items, and the next page's token."""
    downwards = [down for _, down in order] + [False]
    keyed = sorted(
        ((_Key([*(read(item) for read, _ in order), tie(item)], downwards), item) for item in items), key=_first
    )
    digest = _digest(request)
    if request.page_token:
        last = _Key(_read(request.page_token, digest), downwards)
        if len(last.parts) != len(downwards):
            raise _mismatch()
        keyed = [pair for pair in keyed if last < pair[0]]
    token = _token(digest, keyed[size - 1][0].parts) if len(keyed) > size else ""
    return [item for _, item in keyed[:size]], token


def _first(pair: tuple[_Key, Any]) -> _Key:
    return pair[0]


def _digest(request: Any) -> str:
    rest = type(request)()
    rest.CopyFrom(request)
    rest.ClearField("page_token")
    rest.ClearField("page_size")  # a client may ask for more or less of the rest; google.aip.dev/158
    return hashlib.sha256(_SALT + rest.SerializeToString(deterministic=True)).hexdigest()[:16]


def _token(digest: str, parts: Sequence[Any]) -> str:
    text = json.dumps([digest, parts]).encode()
    check = hashlib.sha256(_SALT + text).digest()[:6]
    return base64.urlsafe_b64encode(check + bytes(byte ^ 0x5A for byte in text)).decode()


def _read(token: str, digest: str) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode(token.encode())
    except (binascii.Error, UnicodeEncodeError):
        raise _mismatch() from None
    text = bytes(byte ^ 0x5A for byte in raw[6:])
    if hashlib.sha256(_SALT + text).digest()[:6] != raw[:6]:
        raise _mismatch()
    given, parts = json.loads(text)
    if given != digest:
        raise _mismatch()
    return list(parts)


def _mismatch() -> Exception:
    return invalid("The page token is not one for this request.", "ListContextsRequest.page_token")


def documented_size(given: int, *, default: int, most: int, coerce: bool, cite: str) -> int:
    """Give a page's size as the type documents it: values above `most` are coerced to it, or refused."""
    if given < 0 or (given > most and not coerce):
        raise invalid(f"page_size is {given}, not in 1-{most}.", cite)
    return min(given or default, most)
