"""Updates: which fields a mask names, and what they may do; google.aip.dev/134 and /161."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from emulators.vertex import vendor
from emulators.vertex.errors import invalid
from emulators.vertex.switches import Switches

_SERVICE = {"name", "etag"}  # they say what is updated and when it may be


def paths(given: Sequence[str], message: Message) -> list[str]:
    """Give the fields to write: those of the mask, or without one (or with ``*``) those that are populated."""
    if given and list(given) != ["*"]:
        return list(given)
    said = vendor.behaviours(type(message))
    own = [name for name in _names(message, all_of_them=bool(given)) if "Output only" not in said.get(name, ())]
    return [name for name in own if name not in _SERVICE]


def _names(message: Message, *, all_of_them: bool) -> list[str]:
    if all_of_them:
        return [field.name for field in message.DESCRIPTOR.fields]
    return [field.name for field, _ in message.ListFields()]


def merge(current: Message, given: Message, named: Sequence[str], switches: Switches, *, merge_structs: bool) -> None:
    """Write the named fields of `given` into `current`."""
    said = vendor.behaviours(type(current))
    for path in named:
        name, _, below = path.partition(".")
        field = current.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            raise invalid(f"The mask names {path!r}, which {current.DESCRIPTOR.name} has not.", "google.aip.dev/161")
        if "Output only" in said.get(name, ()):
            raise invalid(f"The mask names {path!r}, which only the service sets.", f"{current.DESCRIPTOR.name}.{name}")
        if "Immutable" in said.get(name, ()) and getattr(current, name) != getattr(given, name):
            raise invalid(f"{path} is immutable.", f"{current.DESCRIPTOR.name}.{name}")
        if below:
            _merge_below(current, given, name, below, switches)
        elif merge_structs and name == "metadata":
            for key, value in given.metadata.fields.items():
                current.metadata.fields[key].CopyFrom(value)
        else:
            _copy(current, given, field)


def read(message: Any, mask: Any) -> None:
    """Keep only the fields that a read mask names; google.aip.dev/157."""
    if not mask.paths or list(mask.paths) == ["*"]:
        return
    for path in mask.paths:
        if path.partition(".")[0] not in message.DESCRIPTOR.fields_by_name:
            raise invalid(
                f"The read mask names {path!r}, which {message.DESCRIPTOR.name} has not.", "google.aip.dev/157"
            )
    wanted = {path.partition(".")[0] for path in mask.paths}
    for field, _ in message.ListFields():
        if field.name not in wanted:
            message.ClearField(field.name)


def _merge_below(current: Any, given: Any, name: str, below: str, switches: Switches) -> None:
    if name != "metadata" or switches.struct_masks == "refuse":
        raise invalid(f"The mask reaches into {name!r} with {below!r}.", "google.aip.dev/161")
    key = below.strip("`")
    if key in given.metadata.fields:
        current.metadata.fields[key].CopyFrom(given.metadata.fields[key])
    else:
        current.metadata.fields.pop(key, None)


def _copy(current: Message, given: Message, field: Any) -> None:
    part = type(given)()
    part.CopyFrom(given)
    for other, _ in given.ListFields():
        if other.name != field.name:
            part.ClearField(other.name)
    current.ClearField(field.name)
    current.MergeFrom(part)
