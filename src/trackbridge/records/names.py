"""Names: of params, metrics, tags, runs, experiments, models, datasets, aliases and artifact paths."""

from __future__ import annotations

import re
import unicodedata

from trackbridge.errors import Rejected

__all__ = ["check_alias", "check_artifact_path", "check_name", "check_text", "is_reserved", "shown"]

MAX_NAME_CODE_POINTS = 250
MAX_TAG_BYTES = 64 * 1024
RESERVED_PREFIX = "trackbridge."

_ALIAS = re.compile(r"[a-z][a-z0-9-]{0,62}")
_RESERVED_ALIAS = re.compile(r"latest|default|v[0-9]+")
_PLAIN = re.compile(r"[A-Za-z0-9_./-]{1,250}")  # most names, settled without a look at each character


def shown(value: object) -> str:
    """Show any value in an error message, at a bounded length."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a hostile __repr__ must not hide the error being reported
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else f"{text[:77]}…"


def check_name(name: object, what: str) -> str:
    """Return `name` if it is a valid name (P1), else raise `Rejected`.

    Args:
        name: 1 to 250 code points, no control characters or surrogates, no white space at either end.
        what: What the name is of, for the message: "param", "metric", "experiment" …
    """
    if type(name) is str and _PLAIN.fullmatch(name):
        return name
    if not isinstance(name, str):
        raise Rejected(f"the name of a {what} must be a string, not {shown(name)}", clause="P1")
    name = str.__str__(name)
    if not 1 <= len(name) <= MAX_NAME_CODE_POINTS:
        raise Rejected(
            f"the name of a {what} has {len(name)} characters: {shown(name)}",
            clause="P1",
            remedy=f"Use 1 to {MAX_NAME_CODE_POINTS}.",
        )
    if name != name.strip():
        raise Rejected(
            f"the name of a {what} begins or ends with white space: {shown(name)}", clause="P1", remedy="Strip it."
        )
    for character in name:
        if unicodedata.category(character) in {"Cc", "Cs"}:
            raise Rejected(
                f"the name of a {what} has a control character or surrogate: {shown(name)}",
                clause="P1",
                remedy=f"Remove U+{ord(character):04X}.",
            )
    return name


def check_text(value: object, what: str, *, max_bytes: int = MAX_TAG_BYTES) -> str:
    """Return `value` if it is text that UTF-8 can carry within `max_bytes` (T1), else raise `Rejected`."""
    if not isinstance(value, str):
        raise Rejected(f"{what} must be a string, not {shown(value)}", clause="T1", remedy="Convert it with str().")
    value = str.__str__(value)
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise Rejected(f"{what} has a lone surrogate at position {error.start}", clause="T1") from None
    if size > max_bytes:
        raise Rejected(
            f"{what} has {size} bytes; at most {max_bytes} are kept", clause="T1", remedy="Log it as an artifact."
        )
    return value


def check_alias(alias: object) -> str:
    """Return `alias` if it is a valid alias of a model version (G7), else raise `Rejected`."""
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or _RESERVED_ALIAS.fullmatch(alias):
        raise Rejected(
            f"{shown(alias)} is not an alias",
            clause="G7",
            remedy="An alias matches [a-z][a-z0-9-]{0,62} and is not latest, default or v<number>.",
        )
    return str.__str__(alias)


def check_artifact_path(path: object) -> str:
    """Return the NFC form of `path` if it is a valid artifact path (A1), else raise `Rejected`.

    A path is relative, `/`-separated, without empty, `.` or `..` parts and without control characters.
    """
    if not isinstance(path, str):
        raise Rejected(f"an artifact path must be a string, not {shown(path)}", clause="A1")
    path = unicodedata.normalize("NFC", path)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in path):
        raise Rejected(f"the artifact path {shown(path)} has a control character or surrogate", clause="A1")
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise Rejected(
            f"the artifact path {shown(path)} is absolute or has an empty, '.' or '..' part",
            clause="A1",
            remedy="Give a relative path such as plots/roc.png.",
        )
    return path


def is_reserved(name: str) -> bool:
    """Tell whether a tag's name belongs to trackbridge itself (T2)."""
    return name.startswith(RESERVED_PREFIX)
