"""Descriptions and tags of models, versions and experiments, checked and redacted (T1, T2, X4)."""

from __future__ import annotations

from collections.abc import Mapping

from trackbridge.errors import Rejected
from trackbridge.records.names import check_name, check_text, is_reserved, shown
from trackbridge.redaction import redact_text, redact_value

__all__ = ["checked_description", "checked_tag", "checked_tags"]


def checked_description(text: str | None) -> str | None:
    """Return a description, redacted; None stays None."""
    return None if text is None else redact_text(check_text(text, "the description"))


def checked_tag(name: str, value: str) -> str:
    """Return the value of a tag, redacted by its text and by its name."""
    return str(redact_value(check_text(value, f"the tag {shown(name)}"), name))


def checked_tags(tags: object) -> dict[str, str | None]:
    """Return the changes to tags, redacted; a value of None deletes the tag.

    Raises:
        Rejected: no mapping, a name or value that can never be kept, or a name that is trackbridge's own.
    """
    if tags is not None and not isinstance(tags, Mapping):
        raise Rejected(f"tags are a dict of strings, not {shown(tags)}", clause="T1")
    checked: dict[str, str | None] = {}
    for name, value in (tags or {}).items():
        if is_reserved(check_name(name, "tag")):
            raise Rejected(f"the tag {shown(name)} belongs to trackbridge", clause="T2", remedy="Use another name.")
        checked[name] = None if value is None else checked_tag(name, value)
    return checked
