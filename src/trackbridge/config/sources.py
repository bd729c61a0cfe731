"""Where settings come from: the nearest file upward, the environment, and calls of `configure`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from trackbridge.errors import ConfigurationError
from trackbridge.records.names import shown

__all__ = ["ENV_PREFIX", "KeyPath", "Source", "file_source"]

ENV_PREFIX: Final = "TRACKBRIDGE_"

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One source's settings, as they were written, and what relative paths in them are relative to."""

    kind: Literal["call", "environment", "file"]
    values: Mapping[str, Any]
    base: Path
    file: Path | None = None
    text: str = ""

    def place(self, key: KeyPath) -> str:
        """Say where this source has `key`: file and line, or the variable's name."""
        if self.kind == "environment":
            return f"the environment variable {ENV_PREFIX}{'__'.join(str(part) for part in key).upper()}"
        dotted = ".".join(str(part) for part in key)
        if self.file is None:
            return f"the setting {dotted} given in code"
        return f"the setting {dotted} in {self.file}{self._line(str(key[-1]))}"

    def get(self, key: KeyPath) -> Any:
        """Give the value of `key`, None where this source has none."""
        value: Any = self.values
        for part in key:
            try:
                # names of variables have no case: the environment's keys are all lower
                value = value[part.lower() if self.kind == "environment" and isinstance(part, str) else part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def _line(self, key: str) -> str:
        # A key that stands in several tables has no line that could be told without a parser of our own.
        lines = [
            number
            for number, line in enumerate(self.text.splitlines(), 1)
            if re.match(rf"""\s*(?:\[.*[."'\[])?["']?{re.escape(key)}["']?\s*[=\]]""", line)
        ]
        return f", line {lines[0]}" if len(lines) == 1 else ""


def file_source(start: Path) -> Source | None:
    """Read the nearest ``trackbridge.toml``, or ``[tool.trackbridge]`` of a pyproject.toml, from `start` upward."""
    for folder in (start, *start.parents):
        own = folder / "trackbridge.toml"
        if own.is_file():
            text = _text(own)
            return Source("file", _toml(text, own), folder, own, text)
        shared = folder / "pyproject.toml"
        if shared.is_file() and "trackbridge" in (text := _text(shared)):
            tool = _toml(text, shared).get("tool")
            if isinstance(tool, dict) and "trackbridge" in tool:
                table = tool["trackbridge"]
                if not isinstance(table, dict):
                    raise ConfigurationError(
                        f"tool.trackbridge in {shared} is {shown(table)}, not a table",
                        remedy="Write [tool.trackbridge] and the settings below it.",
                    )
                return Source("file", table, folder, shared, text)
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", remedy="Mend or remove it.") from error


@lru_cache(maxsize=8)  # settings are read anew at every start of a run, the text is mostly the same; nobody changes it
def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not TOML: {error}", remedy="Mend it.") from error
