"""What the vendor's types say about fields: presence, labels, lengths, sizes, masks."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format, struct_pb2
from google.protobuf.message import Message

from emulators.vertex import vendor
from emulators.vertex.errors import invalid
from emulators.vertex.switches import Switches

DISPLAY_NAME = 128
LABELS, LABEL_LENGTH = 64, 64
LABEL_CITE = "Context.labels; goo.gl/xmQnxf (requirements for labels)"
PLUGIN_DATA_BYTES = 65_000
_SMALL = 8_192  # a struct of fewer wire bytes is below any limit in JSON too
_NOT_IN_POINTS = "google.cloud.aiplatform.v1.TimeSeriesDataPoint"


def known_fields_only(message: Message) -> None:
    """Refuse a request that has fields which its type does not define."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise invalid(f"{message.DESCRIPTOR.name} has unknown fields.", message.DESCRIPTOR.full_name)


def required_fields(message: Message, path: str = "") -> None:
    """Refuse a message in which a field that its type calls "Required" is empty."""
    behaviours = vendor.behaviours(type(message))
    for field in message.DESCRIPTOR.fields:
        here = f"{path}{field.name}"
        value = getattr(message, field.name)
        if "Required" in behaviours.get(field.name, ()) and is_empty(message, field):
            raise invalid(f"Required field {here} is not set.", f"{message.DESCRIPTOR.name}.{field.name}")
        if field.type != field.TYPE_MESSAGE or not field.message_type.full_name.startswith(f"{vendor.PACKAGE}."):
            continue
        if field.message_type.GetOptions().map_entry or field.message_type.full_name == _NOT_IN_POINTS:
            continue
        if field.is_repeated:
            for position, item in enumerate(value):
                required_fields(item, f"{here}[{position}].")
        elif message.HasField(field.name):
            required_fields(value, f"{here}.")


def is_empty(message: Message, field: Any) -> bool:
    """Tell whether a field says nothing; a number and a bool always say something."""
    if field.type == field.TYPE_MESSAGE and not field.is_repeated:
        return not message.HasField(field.name)
    silent = field.is_repeated or field.type in {field.TYPE_STRING, field.TYPE_BYTES, field.TYPE_ENUM}
    return silent and not getattr(message, field.name)


def drop_output_only(message: Message) -> None:
    """Forget what a client set in fields that only the service sets; google.aip.dev/203#output-only."""
    for name, said in vendor.behaviours(type(message)).items():
        if "Output only" in said and name in message.DESCRIPTOR.fields_by_name:
            message.ClearField(name)


def resource(message: Message, switches: Switches) -> None:
    """Refuse a resource whose display name, labels, metadata or plugin data break the rules of its type."""
    type_name = message.DESCRIPTOR.name
    fields = message.DESCRIPTOR.fields_by_name
    if "display_name" in fields and len(message.display_name) > DISPLAY_NAME:
        said = f"display_name has {len(message.display_name)} characters, more than {DISPLAY_NAME}."
        raise invalid(said, f"{type_name}.display_name")
    if "labels" in fields:
        labels(message.labels, type_name)
    if "metadata" in fields and fields["metadata"].message_type is struct_pb2.Struct.DESCRIPTOR:
        _trim_keys(message.metadata)
        struct(message.metadata, switches, f"{type_name}.metadata")
    if "plugin_data" in fields and len(message.plugin_data) > PLUGIN_DATA_BYTES:
        raise invalid("plugin_data is larger than 65KB.", f"{type_name}.plugin_data")


def labels(given: Any, type_name: str) -> None:
    """Refuse labels that break the rules which every type with labels repeats."""
    if len(given) > LABELS:
        raise invalid(f"{len(given)} labels are more than {LABELS}.", f"{type_name}.labels")
    for key, value in given.items():
        if key.startswith("aiplatform.googleapis.com/"):
            raise invalid(f"The label {key!r} is the system's.", f"{type_name}.labels")
        if not key or len(key) > LABEL_LENGTH or len(value) > LABEL_LENGTH:
            raise invalid(f"The label {key!r}={value!r} is empty or longer than {LABEL_LENGTH}.", f"{type_name}.labels")
        if not key[0].isalpha() or not all(_label_character(character) for character in key + value):
            raise invalid(f"The label {key!r}={value!r} has characters that labels cannot have.", LABEL_CITE)


def _label_character(character: str) -> bool:
    return character in "_-" or character.isdigit() or (character.isalpha() and character.lower() == character)


def _trim_keys(metadata: Any) -> None:
    for key in [key for key in metadata.fields if key != key.strip()]:
        metadata.fields[key.strip()].CopyFrom(metadata.fields.pop(key))


def struct(metadata: Any, switches: Switches, cite: str) -> None:
    """Refuse a struct that is too large, or has numbers that JSON has none for."""
    for value in _numbers(metadata):
        if not math.isfinite(value.number_value):
            if switches.struct_nan == "refuse":
                raise invalid(f"{cite} holds the number {value.number_value}.", "google.protobuf.Value.number_value")
            if switches.struct_nan == "null":
                value.null_value = struct_pb2.NULL_VALUE
    size = metadata.ByteSize()
    if size > _SMALL and switches.struct_nan != "keep":
        size = max(size, len(json.dumps(json_format.MessageToDict(metadata), ensure_ascii=False).encode()))
    if size > switches.metadata_bytes:
        raise invalid(f"{cite} has {size} bytes, more than {switches.metadata_bytes}.", cite)


def _numbers(node: Any) -> Iterable[Any]:
    values = node.fields.values() if isinstance(node, struct_pb2.Struct) else node.values
    for value in values:
        kind = value.WhichOneof("kind")
        if kind == "number_value":
            yield value
        elif kind == "struct_value":
            yield from _numbers(value.struct_value)
        elif kind == "list_value":
            yield from _numbers(value.list_value)
        elif kind is None:
            raise invalid("A google.protobuf.Value has no value set.", "google.protobuf.Value")


def identifier(given: str, pattern: str, cite: str) -> None:
    """Refuse an id that does not match."""
    if not re.fullmatch(pattern, given):
        raise invalid(f"The id {given!r} does not match {pattern}.", cite)
