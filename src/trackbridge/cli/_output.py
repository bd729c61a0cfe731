"""What commands print: tables for people, one JSON document for programs."""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from trackbridge.records.times import iso

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["as_json", "console", "duration", "emit", "moment", "number", "one_line", "plain", "say", "table", "value"]

WIDE = 200  # columns where no terminal says how many there are: a log must not cut ids


def plain(text: str) -> str:
    """Show control characters instead of sending them to the terminal; line breaks and tabs stay."""
    return "".join(
        character
        if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"}
        else repr(character)[1:-1]
        for character in text
    )


def one_line(text: str) -> str:
    """Show a text on a single line."""
    return plain(" ".join(text.split()))


def console() -> Console:
    """Give the console of standard output, wide where it is no terminal."""
    from rich.console import Console

    made = Console(highlight=False, markup=False, emoji=False)
    return made if made.is_terminal else Console(width=WIDE, highlight=False, markup=False, emoji=False)


def say(text: str = "") -> None:
    """Print a line for people."""
    console().print(plain(text), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Table:
    """Make a table whose cells are text and nothing else; a column named ``>name`` is aligned right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(plain(cell)) for cell in row))
    return made


def emit(document: object) -> None:
    """Print a JSON document; see `as_json` for how records look in it."""
    sys.stdout.write(json.dumps(as_json(document), ensure_ascii=False, allow_nan=False, indent=2) + "\n")


def as_json(document: Any) -> Any:
    """Turn records into what JSON has: objects by field name, and NaN, Infinity and -Infinity as strings."""
    if isinstance(document, float) and not math.isfinite(document):
        return "NaN" if math.isnan(document) else "Infinity" if document > 0 else "-Infinity"
    if isinstance(document, str | int | float | None):
        return document
    if is_dataclass(document) and not isinstance(document, type):
        return {field.name: as_json(getattr(document, field.name)) for field in fields(document)}
    if isinstance(document, Mapping):
        return {str(key): as_json(item) for key, item in document.items()}
    if hasattr(document, "_asdict"):
        return as_json(document._asdict())
    return [as_json(item) for item in document]


def value(item: Any) -> str:
    """Show a param's value so that its type can be told: strings in quotes, unless they can be nothing else."""
    if isinstance(item, float):
        return number(item)
    if isinstance(item, str):
        return item if _unmistakable(item) else repr(item)
    return repr(item)


def _unmistakable(text: str) -> bool:
    return text.isidentifier() and text not in {"None", "True", "False", "nan", "inf"}


def number(item: float | None) -> str:
    """Show a metric to six digits, enough to compare by eye."""
    return "–" if item is None else f"{item:.6g}"


def moment(ms: int | None) -> str:
    """Show a time in UTC, to the second."""
    return "–" if ms is None else iso(ms)[:19].replace("T", " ")


def duration(start_ms: int, end_ms: int | None) -> str:
    """Show how long something took."""
    if end_ms is None:
        return "–"
    seconds = (end_ms - start_ms) / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
