"""Reads tables of settings that rooms define for themselves: every key known, every value of its type, complaints with a place."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeAlias, TypeVar

from trackbridge.config import setting_place
from trackbridge.errors import ConfigurationError
from trackbridge.records.names import shown

__all__ = ["Key", "Place", "Table"]

Key: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = Callable[[Key], str]
_Choice = TypeVar("_Choice", bound=str)


class Table:
    """One table of settings.

    Args:
        values: What was written.
        key: Where in the settings it is, for messages.
        known: The keys that it may have.
        place: Says where a key stands, for messages; by default, where this process's settings have it.

    Raises:
        ConfigurationError: it is no table, or has an unknown key.
    """

    def __init__(self, values: object, key: Key, known: Sequence[str], place: Place = setting_place) -> None:
        self._place = place
        if not isinstance(values, Mapping):
            raise ConfigurationError(f"{place(key)} is {shown(values)}", remedy="It should be a table.")
        self._values: Mapping[str, Any] = values
        self.key = key
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                remedy = f"Did you mean {near[0]}?" if near else f"The keys there are {', '.join(known)}."
                raise ConfigurationError(f"{place((*key, name))} is unknown", remedy=remedy)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def value(self, name: str) -> Any:
        """Give what was written, of any type; None where it is not there."""
        return self._values.get(name)

    def wrong(self, name: str, wanted: str) -> ConfigurationError:
        """Make the error for a value that is not what is wanted."""
        if name not in self._values:
            return ConfigurationError(f"{self._place(self.key)} has no {name}", remedy=f"It should be {wanted}.")
        place = self._place((*self.key, name))
        return ConfigurationError(f"{place} is {shown(self._values[name])}", remedy=f"It should be {wanted}.")

    def text(self, name: str, default: str | None = None) -> str:
        """Give a text that is not empty; without a default it must be there."""
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "a text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts; empty where it is not there."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(name, "a list of texts")
        return tuple(dict.fromkeys(value))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Give true or false."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def choice(self, name: str, choices: Sequence[_Choice], default: _Choice | None = None) -> _Choice:
        """Give one of a few texts; without a default it must be there."""
        value = self._values.get(name, default)
        for known in choices:
            if value == known:
                return known
        raise self.wrong(name, f"one of {', '.join(choices)}")

    def number(self, name: str, *, least: float = -math.inf) -> float | None:
        """Give a finite number, None where it is not there."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value < least:
            raise self.wrong(name, "a number" if least == -math.inf else f"a number of {least:g} or more")
        return float(value)

    def count(self, name: str, default: int | None = None) -> int | None:
        """Give a whole number of 0 or more."""
        value = self._values.get(name, default)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(name, "a whole number of 0 or more")
        return value

    def table(self, name: str, known: Sequence[str]) -> Self | None:
        """Give a table within this one, None where it is not there."""
        if name not in self._values:
            return None
        return type(self)(self._values[name], (*self.key, name), known, self._place)

    def tables(self, name: str, known: Sequence[str]) -> Iterator[Self]:
        """Give a list of tables within this one."""
        listed = self._values.get(name, [])
        if not isinstance(listed, list):
            raise self.wrong(name, f"a list of tables, [[{'.'.join(map(str, self.key))}.{name}]]")
        return (type(self)(values, (*self.key, name, at), known, self._place) for at, values in enumerate(listed))

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Give a table of anything."""
        value = self._values.get(name, {})
        if not isinstance(value, Mapping):
            raise self.wrong(name, "a table")
        return value
