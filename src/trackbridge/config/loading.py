"""Putting the sources together and checking them; imported on first use, for pydantic takes time to load."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from trackbridge.config.model import BackendSettings, Settings, WebhookSettings
from trackbridge.config.sources import ENV_PREFIX, KeyPath, Source, file_source
from trackbridge.errors import ConfigurationError
from trackbridge.records.names import shown

__all__ = ["Loaded", "load"]

_WORDS: Final = {  # pydantic's own are those of JSON and Python; a setting's are TOML's
    "a valid string": "a string",
    "a valid number": "a number",
    "a valid boolean": "true or false",
    "a valid array": "a list",
    "a valid list": "a list",
    "an object": "a table",
    "a valid dictionary": "a table",
}

_YEAR_S: Final = 365 * 24 * 60 * 60  # a wait that the system's clocks can count, infinity being none

_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s/@]+(?:@|…)")  # a long text is cut, perhaps within them

_NESTED: Final[Mapping[int | str, type[Any]]] = {"backends": BackendSettings, "webhooks": WebhookSettings}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and the sources they come from, weakest first."""

    settings: Settings
    sources: Sequence[Source]

    def base(self, *key: str | int) -> Path:
        """Give what a relative path in `key` is relative to."""
        return next((source.base for source in reversed(self.sources) if source.get(key) is not None), Path.cwd())

    def place(self, key: KeyPath) -> str:
        """Say where the strongest source that has `key` has it."""
        found = (source for source in reversed(self.sources) if source.get(key) is not None)
        return next((source.place(key) for source in found), f"the setting {'.'.join(map(str, key))}")


def load(calls: Source) -> Loaded:
    """Read all sources, check each by itself so that a fault names its place, and merge them.

    Raises:
        ConfigurationError: a file cannot be read, or a key is unknown, or a value has a wrong type.
    """
    file = file_source(Path.cwd())
    sources = [source for source in (file, _environment(), calls) if source is not None]
    for source in sources:
        _check(source)
    merged: dict[str, Any] = {}
    for source in sources:
        merged = _merged(merged, source.values, fold=source.kind == "environment")
    loaded = Loaded(_adapter().validate_python(merged), sources)
    _check_seconds(loaded)
    return loaded


class _EnvironmentSource(EnvSettingsSource):
    def prepare_field_value(self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool) -> Any:
        if field_name == "backend" and isinstance(value, str) and not value.lstrip().startswith("["):
            names = [name.strip() for name in value.split(",")]
            return names if len(names) > 1 else names[0]
        return super().prepare_field_value(field_name, field, value, value_is_complex)


@cache
def _environment_model() -> type[BaseSettings]:
    hints = get_type_hints(Settings)
    types: dict[str, Any] = {field.name: (hints[field.name], None) for field in fields(Settings)}
    return create_model("Environment", __base__=BaseSettings, **types)


def _environment() -> Source:
    variables = tuple(item for item in os.environ.items() if item[0].upper().startswith(ENV_PREFIX))
    return _environment_of(variables, Path.cwd())


@lru_cache(maxsize=8)  # as for the text of a file: looked at anew each time, and mostly the same; nobody changes it
def _environment_of(_variables: tuple[tuple[str, str], ...], base: Path) -> Source:
    source = _EnvironmentSource(
        _environment_model(), env_prefix=ENV_PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )
    try:
        return Source("environment", source(), base)
    except SettingsError as error:
        broken = next((f.name for f in fields(Settings) if f'"{f.name}"' in str(error)), "")
        name = f"{ENV_PREFIX}{broken.upper()}"
        raise ConfigurationError(
            f"the environment variable {name} is not JSON: {_told(os.environ.get(name))}",
            remedy="Write lists and tables as JSON.",
        ) from error


@cache
def _adapter() -> TypeAdapter[Settings]:
    return TypeAdapter(Settings)


def _check(source: Source) -> None:
    """Check one source: the environment is text and read leniently, where a file or a call means what it says."""
    try:
        if source.kind == "environment":
            _adapter().validate_python(source.values)
        else:
            # By way of JSON, because there a list and a table may make a record even when types are strict.
            # What JSON has no word for is of the wrong type wherever a type is asked for, and so is null.
            _adapter().validate_json(json.dumps(source.values, default=lambda _: None), strict=True)
    except ValidationError as error:
        raise _fault(source, error) from None


def _fault(source: Source, error: ValidationError) -> ConfigurationError:
    """Say what is wrong with the first key that is."""
    errors = error.errors(include_url=False)
    first = errors[0]["loc"][0]
    keys = [_key(source.values, each["loc"]) if each["loc"][0] == first else () for each in errors]
    key = max(keys, key=len)  # the arm of a union that came furthest was meant
    place = source.place(key)
    if errors[0]["type"] == "unexpected_keyword_argument":
        known = [f.name for f in fields(Settings if len(key) == 1 else _NESTED[first])]
        near = difflib.get_close_matches(str(key[-1]), known, n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"The keys there are {', '.join(known)}."
        return ConfigurationError(f"{place} is unknown", remedy=remedy)
    if errors[0]["type"] in {"missing", "missing_argument"}:
        return ConfigurationError(f"{place} has no {errors[0]['loc'][-1]}", remedy="Add it.")
    messages = [each["msg"] for each, its_key in zip(errors, keys, strict=True) if its_key == key]
    wanted = dict.fromkeys(_wanted(text.removeprefix("Input should be ")) for text in messages)
    return ConfigurationError(f"{place} is {_told(source.get(key))}", remedy=f"It should be {' or '.join(wanted)}.")


def _told(value: object) -> str:
    """Show a value in a message, without the credentials of URLs in it (X4)."""
    return _CREDENTIALS.sub("***@", shown(value))


def _wanted(text: str) -> str:
    return next((words for begin, words in _WORDS.items() if text.startswith(begin)), text)


def _key(values: Any, location: tuple[int | str, ...]) -> KeyPath:
    """Take from a location what names keys, and leave out what names the arms of a union."""
    key: list[str | int] = []
    for part in location:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            continue
        key.append(part)
    return tuple(key)


def _check_seconds(loaded: Loaded) -> None:
    for name in ("connect_timeout_s", "finish_timeout_s"):
        value = getattr(loaded.settings, name)
        if not 0 <= value <= _YEAR_S:  # NaN is out of it, too
            place = next(source.place((name,)) for source in reversed(loaded.sources) if name in source.values)
            raise ConfigurationError(f"{place} is {value}", remedy=f"It should be from 0 to {_YEAR_S} seconds.")


def _merged(low: Mapping[str, Any], high: Mapping[str, Any], *, fold: bool) -> dict[str, Any]:
    """Lay `high` over `low`, table by table; names of variables have no case of their own (`fold`)."""
    merged = dict(low)
    for written, value in high.items():
        key = next((k for k in low if fold and k.lower() == written), written)
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _merged(below, value, fold=fold)
        else:
            merged[key] = value
    return merged
