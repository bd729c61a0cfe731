"""Names of the tags that this adapter keeps for itself, and long texts in several of them.

MLflow's screens show every tag but those that begin with ``mlflow.``; what only machines read is named so.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from trackbridge.errors import IntegrityError
from trackbridge.records.values import canonical_json

__all__ = [
    "ALONE",
    "ATTRIBUTE",
    "EPOCH",
    "HIDDEN",
    "ID",
    "KIND",
    "LEAD",
    "MLFLOW",
    "NOTE",
    "OBJECT",
    "OWN",
    "PARENT",
    "chunked",
    "is_own",
    "joined",
    "long_text",
    "plain_tags",
    "slug",
]

MLFLOW: Final = "mlflow."  # MLflow's own reserved prefix
OWN: Final = "trackbridge."
HIDDEN: Final = "mlflow.trackbridge."
ID: Final = "trackbridge.id"
PARENT: Final = "trackbridge.parent"
KIND: Final = "trackbridge.kind"  # of the ledger's runs
EPOCH: Final = "trackbridge.epoch."  # a param, for params alone are written once
LEAD: Final = f"{EPOCH}lead"
ALONE: Final = f"{HIDDEN}alone"
ATTRIBUTE: Final = f"{HIDDEN}attribute."
OBJECT: Final = f"{HIDDEN}object."
NOTE: Final = "mlflow.note.content"

_LONG: Final = f"{HIDDEN}long."
_CHUNK_CHARS: Final = 4_900  # model tags hold 5,000 characters, the least of all
_KEY: Final = re.compile(r"[/\w.\- :]+")
_MAX_KEY_CHARS: Final = 200


def is_own(key: str) -> bool:
    """Tell whether a tag is this adapter's bookkeeping; other ``trackbridge.*`` tags are the core's."""
    return key in {ID, PARENT, KIND} or key.startswith(HIDDEN)


def chunked(key: str, data: bytes, *, chars: int = _CHUNK_CHARS) -> dict[str, str]:
    """Give tags that hold `data`, deflated, in pieces of at most `chars` characters, ``key:0`` and so on.

    The first names the number of pieces and the size, so that a half-written set is not taken for a whole one. Write
    it last.
    """
    text = base64.b64encode(zlib.compress(data, 9)).decode()
    pieces = [text[start : start + chars] for start in range(0, len(text), chars)]
    tags = {f"{key}:{i}": piece for i, piece in enumerate(pieces) if i}
    tags[f"{key}:0"] = f"{len(pieces)} {len(data)} {pieces[0]}"
    return tags


def joined(key: str, tags: Mapping[str, str]) -> bytes | None:
    """Give back what `chunked` made; None where it is absent or not whole."""
    first = tags.get(f"{key}:0")
    if first is None:
        return None
    try:
        count, size, head = first.split(" ", 2)
        data = zlib.decompress(base64.b64decode(head + "".join(tags[f"{key}:{i}"] for i in range(1, int(count)))))
    except KeyError:
        return None
    except (ValueError, zlib.error) as error:
        raise IntegrityError(f"the tag {key}:0 cannot be read: {error}", clause="X3") from error
    if len(data) != int(size):
        raise IntegrityError(f"the tag {key}:0 says {size} bytes and holds {len(data)}", clause="X3")
    return data


def slug(name: str) -> str:
    """Give a key that MLflow takes, for a name that it does not."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:100]
    return f"{stem}_x{hashlib.sha256(name.encode()).hexdigest()[:12]}".lstrip("_")


def long_text(name: str, value: str, *, chars: int) -> dict[str, str]:
    """Give the tags of one name and text: itself where MLflow takes it, else what fits and, hidden, the whole.

    Args:
        name: The true name, as P1.
        value: The true text.
        chars: The longest value of a tag here.
    """
    native, shown = _key(name), value.replace("\x00", "␀")[:chars]
    if native == name and shown == value:
        return {name: value}
    return {**chunked(_LONG + _digest(native), canonical_json([native, shown, name, value]).encode()), native: shown}


def plain_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Give back true names and texts; a native text that was changed since wins, and one that is gone is gone."""
    shown = {key: value for key, value in tags.items() if not key.startswith((MLFLOW, OWN))}
    for native, before, name, value in _wholes(tags):
        if native in shown:
            now = shown.pop(native)
            shown[name] = value if now == before else now
    return shown


def stale(name: str, tags: Mapping[str, str]) -> Iterator[str]:
    """Give the keys that hold `name` among `tags`, in the order in which to delete them."""
    native = _key(name)
    if native in tags:
        yield native
    yield from (key for key in tags if key.startswith(f"{_LONG}{_digest(native)}:"))


def _wholes(tags: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    import json

    for key in tags:
        if key.startswith(_LONG) and key.endswith(":0"):
            data = joined(key.removesuffix(":0"), tags)
            if data is not None:
                native, shown, name, value = json.loads(data)
                yield native, shown, name, value


def _key(name: str) -> str:
    parts = name.split("/")
    admitted = (
        len(name) <= _MAX_KEY_CHARS
        and _KEY.fullmatch(name)
        and not name.startswith((MLFLOW, OWN, ".."))
        and not any(part in {"", ".", ".."} for part in parts)
    )
    return name if admitted else slug(name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
