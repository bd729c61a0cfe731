"""Requests held to botocore's service model before they are sent.

botocore itself checks types and required members only; lengths, patterns, enumerations and bounds it leaves to the
service, which refuses the whole request. So a request that breaks a rule is found here, by a message that names it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.records.names import shown

__all__ = ["check_request", "matches", "utf16_length"]

# One character stands for all of its general category, on both sides of the match: Python's `re` has no \p{…}.
_STAND_INS: Final = {"L": "\u00aa", "M": "\u0300", "N": "\u00b2", "P": "\u00a1", "S": "\u00a2", "Z": "\u00a0"}
_OTHER: Final = "\u00ad"
_ASCII: Final = {
    category: "".join(re.escape(chr(n)) for n in range(128) if unicodedata.category(chr(n))[0] == category)
    for category in _STAND_INS
}
_COUNT_AFTER_DOLLAR: Final = re.compile(r"\$\{1,\d+\}$")  # of CustomerMetadata's patterns, where an end is meant
_LINE_ENDS: Final = "\n\r\u0085\u2028\u2029"  # what Java's "." leaves out


def check_request(shape: Any, value: Any, where: str) -> None:
    """Check a request against a shape of the service model.

    Args:
        shape: botocore's Shape.
        value: What is to be sent for it.
        where: What the message calls it.

    Raises:
        Rejected: the first rule that it breaks.
    """
    rules = shape.metadata
    match shape.type_name:
        case "structure":
            _check_structure(shape, value, where)
        case "list":
            _check_range(len(value), rules, where, "items")
            for n, item in enumerate(value):
                check_request(shape.member, item, f"{where}[{n}]")
        case "map":
            _check_range(len(value), rules, where, "entries")
            for key, item in value.items():
                check_request(shape.key, key, f"a key of {where}")
                check_request(shape.value, item, f"{where}[{shown(key)}]")
        case "string":
            _check_text(value, rules, where)
        case "integer" | "long" | "float" | "double":
            _check_range(value, rules, where, "")


def _check_structure(shape: Any, value: Any, where: str) -> None:
    missing = [name for name in shape.required_members if name not in value]
    unknown = [name for name in value if name not in shape.members]
    if missing or unknown:
        what = f"lacks {missing[0]}" if missing else f"has {unknown[0]}, which is unknown"
        raise _broken(where, what)
    for name, member in value.items():
        check_request(shape.members[name], member, f"{where}.{name}")


def _check_text(value: str, rules: Any, where: str) -> None:
    _check_range(utf16_length(value), rules, where, "characters")
    if "enum" in rules and value not in rules["enum"]:
        raise _broken(where, f"is {shown(value)}, not one of {', '.join(rules['enum'])}")
    if "pattern" in rules and not matches(rules["pattern"], value):
        raise _broken(where, f"is {shown(value)}, which does not match {rules['pattern']}")


def _check_range(size: float, rules: Any, where: str, unit: str) -> None:
    for bound, broken in (("min", size < rules.get("min", size)), ("max", size > rules.get("max", size))):
        if broken:
            raise _broken(where, f"has {size} {unit}".strip() + f", the {bound}imum is {rules[bound]}")


def _broken(where: str, what: str) -> Rejected:
    return Rejected(f"SageMaker would refuse the request: {where} {what}", clause="X1")


def utf16_length(text: str) -> int:
    """Count as Java does: a character beyond the basic plane is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def matches(pattern: str, text: str) -> bool:
    """Tell whether the whole of `text` matches a pattern of the service model, which is Java's."""
    return _compiled(pattern).fullmatch(text if text.isascii() else "".join(map(_stand_in, text))) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    translated = _COUNT_AFTER_DOLLAR.sub("", pattern.removeprefix("^"))
    for category, stand_in in _STAND_INS.items():
        translated = translated.replace(f"\\p{{{category}}}", _ASCII[category] + stand_in)
    return re.compile(re.sub(r"(?<!\\)\.(?=[*+{]|$)", f"[^{_LINE_ENDS}]", translated))


def _stand_in(character: str) -> str:
    if character.isascii() or character in _LINE_ENDS:
        return character
    return _STAND_INS.get(unicodedata.category(character)[0], _OTHER)
