"""Native forms: a name, a path or a text that a vendor's field takes, for one that it does not (X3)."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Final

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import NameRule
from trackbridge.records.values import ParamValue

__all__ = ["fit_text", "native_name", "native_path", "native_text"]

# The mark of a name that was made here. A true name that bears it is made anew, so that no two ever meet.
_OURS: Final = re.compile(r"(?:^|_)x[0-9a-f]{12}(?:\.[A-Za-z0-9]{1,8})?$")
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_HASH_CHARS: Final = 12


def native_name(name: str, rule: NameRule, *, salt: str = "") -> str:
    """Give the name under which a vendor shows `name`: itself where the rule admits it, else a slug with a hash.

    Args:
        name: The true name.
        rule: What the vendor's field takes.
        salt: Something that asks for a name of one's own even where `name` itself is admitted.

    Raises:
        ConfigurationError: the rule admits not even letters, digits and underscores.
    """
    if not salt and rule.admits(name) and not _OURS.search(name):
        return name
    return _made(name, rule, salt=salt)


def native_path(path: str, rule: NameRule) -> str:
    """Give the path under which a vendor keeps an artifact: folders stay folders, a file keeps its extension."""
    parts = [
        part if rule.admits(part) and not _OURS.search(part) else _made(part, rule, keep_extension=True)
        for part in path.split("/")
    ]
    whole = "/".join(parts)
    return whole if rule.admits(whole) else _made(path, rule, keep_extension=True)


def native_text(value: ParamValue) -> str:
    """Give a value as the text that a vendor without types shows: 0.5, True, None, [1, 2]."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return repr(value) if isinstance(value, float) else str(value)


def fit_text(text: str, *, max_chars: int | None, nul: bool) -> str:
    """Give `text` as far as a field holds it, visibly marked and with a hash of the whole where it is not all."""
    shown = text if nul else text.replace("\x00", "␀")
    if shown == text and (max_chars is None or len(text) <= max_chars):
        return text
    mark = f"… [sha256:{_hash(text)}]"
    return (shown if max_chars is None else shown[: max(0, max_chars - len(mark))]) + mark


def _made(name: str, rule: NameRule, *, salt: str = "", keep_extension: bool = False) -> str:
    found = _EXTENSION.search(name) if keep_extension else None
    tail = "x" + _hash(f"{salt}\x00{name}" if salt else name) + (found[0] if found else "")
    stem = name[: found.start()] if found else name
    bare = "".join(c for c in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(c))
    slug = re.sub(r"[^A-Za-z0-9]+", "_", bare).strip("_")
    room = min(rule.max_chars, rule.max_bytes or rule.max_chars, 250) - len(tail) - 1
    for candidate in (f"{slug[:room]}_{tail}" if slug and room > 0 else tail, tail, tail[: _HASH_CHARS + 1]):
        if rule.admits(candidate):
            return candidate
    raise ConfigurationError(
        f"an adapter's rule for names admits neither {name!r} nor {tail!r}",
        clause="X3",
        remedy="A NameRule must admit letters, digits and underscores.",
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]
