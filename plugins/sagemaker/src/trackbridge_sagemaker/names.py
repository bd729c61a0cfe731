"""Native forms: names, keys and texts that SageMaker's fields take, for those that they do not.

What cannot be shown as it is bears a hash of the whole, so that two never look alike; the record keeps the original.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from typing import Any, Final

from trackbridge.records.values import ParamValue
from trackbridge.sidecar import native_text
from trackbridge_sagemaker.shapes import matches, utf16_length

__all__ = [
    "component_name",
    "digest",
    "entity_name",
    "input_key",
    "param_key",
    "param_value",
    "run_id_in",
    "shown_text",
    "tag_key",
    "tag_value",
    "trial_name",
]

COMPONENT: Final = "tb-"
EXPERIMENT_CHARS: Final = 120
GROUP_CHARS: Final = 63
TAG: Final = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
OWN: Final = "trackbridge."

# AWS tells no case in names, so that only one case is ours; a name that bears our mark is made anew.
_ENTITY: Final = re.compile(r"[a-z0-9](?:-*[a-z0-9])*")
_MARKED: Final = re.compile(r"(?:^|[- ])x[0-9a-f]{12}\]?$")
_COMPONENT: Final = re.compile(rf"{COMPONENT}([0-9a-f]{{32}})")


def digest(text: str, chars: int = 12) -> str:
    """Give the first hex digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:chars]


def component_name(run_id: str) -> str:
    """Give the name of a run's trial component: lower case, for metrics are taken for such names only."""
    return COMPONENT + run_id


def run_id_in(component: str) -> str | None:
    """Give the id of the run that a trial component's name stands for; None for a foreign one."""
    found = _COMPONENT.fullmatch(component)
    return found[1] if found else None


def trial_name(experiment: str, n: int) -> str:
    """Give the name of an experiment's n-th trial, which holds up to 50 runs."""
    return f"{COMPONENT}{digest(experiment)}-{n}"


def entity_name(name: str, max_chars: int = EXPERIMENT_CHARS) -> str:
    """Give the name of an experiment, a run on the screen, or a model package group."""
    if len(name) <= max_chars and _ENTITY.fullmatch(name) and not _MARKED.search(name):
        return name
    return _slug(name, max_chars)


def display_name(name: str) -> str:
    """Give a run's or an experiment's name as it is displayed: of any case, for it need not be unique."""
    return name if len(name) <= EXPERIMENT_CHARS and _ENTITY.fullmatch(name.lower()) else _slug(name, EXPERIMENT_CHARS)


def tag_key(name: str) -> str:
    """Give the key of a tag."""
    admitted = utf16_length(name) <= 128 and matches(TAG, name) and not name.lower().startswith(("aws:", OWN))
    return name if admitted and not _MARKED.search(name) else _slug(name, 100)


def tag_value(text: str) -> str:
    """Give the value of a tag: what AWS takes of it, marked where that is not all."""
    if utf16_length(text) <= 256 and matches(TAG, text):
        return text
    kept = "".join(character if matches(TAG, character) else "_" for character in text[:256])
    return f"{_cut(kept, 240)} x{digest(text)}"


def param_key(name: str) -> str:
    """Give the key of a parameter, which is to be removable: keys to remove are shorter than keys."""
    return name if utf16_length(name) <= 256 and matches(".*", name) and not _MARKED.search(name) else _slug(name, 200)


def param_value(value: ParamValue) -> dict[str, Any]:
    """Give a value as a parameter's: a number that a double holds, or text."""
    if isinstance(value, float) and math.isfinite(value):
        return {"NumberValue": value}
    if type(value) is int and abs(value) <= 2**53:
        return {"NumberValue": float(value)}
    return {"StringValue": shown_text(native_text(value), 2_500)}


def input_key(name: str, context: str | None, key: str) -> str:
    """Give the key of a dataset among a component's inputs; `key` tells two uses apart."""
    text = name if context is None else f"{name} [{context}]"
    return text if utf16_length(text) <= 110 and matches(".*", text) else f"{_slug(name, 80)} {digest(key, 8)}"


def shown_text(text: str, chars: int) -> str:
    """Give a text on one line and no longer than `chars`, marked where that is not all of it."""
    kept = "".join(map(_visible, text))
    if kept == text and utf16_length(text) <= chars:
        return text
    return f"{_cut(kept, chars - 30)}… [sha256:{digest(text)}]"


def _visible(character: str) -> str:
    if character in "\u2028\u2029\x85\x7f":
        return "\u2424"
    return chr(0x2400 + ord(character)) if character < " " else character


def _cut(text: str, chars: int) -> str:
    while utf16_length(text) > chars:
        text = text[: len(text) - max(1, (utf16_length(text) - chars) // 2)]
    return text


def _slug(name: str, max_chars: int) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).lower()
    stem = re.sub(r"[^a-z0-9]+", "-", bare)[: max_chars - 14].strip("-")
    return f"{stem}-x{digest(name)}".lstrip("-")
