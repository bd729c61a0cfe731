"""How a query that cannot be read is reported: the position, a caret under it, and what was expected."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from trackbridge.errors import Rejected

__all__ = ["Fault", "expected_words", "pictured"]

_WIDTH: Final = 100  # code points of the query that are shown around the caret
_VALUE: Final = "a value such as 'text', 0.9 or true"
_OPERATOR: Final = "an operator (=, !=, <, <=, >, >=, in, not in, like, ilike, is null, is not null)"

_WORDS: Final = {
    "FIELD": "a field such as metrics.loss or tags.team",
    "_NOT": "'not'",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "_AND": "'and'",
    "_OR": "'or'",
    "_IN": "'in'",
    "_NULL": "'null'",
    "ASC": "'asc'",
    "DESC": "'desc'",
    "$END": "the end",
}


class Fault(Exception):  # noqa: N818 - it never leaves this package: `pictured` turns it into the caller's error
    """A fault at a place in a query whose whole text is not at hand.

    Args:
        problem: What is wrong there.
        position: Where it begins, in code points from 0.
        length: How many code points are wrong.
        clause: The clause that says so.
        remedy: What to write instead.
    """

    def __init__(
        self, problem: str, position: int, length: int = 1, *, clause: str = "S2", remedy: str | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.position = position
        self.length = length
        self.clause = clause
        self.remedy = remedy


def pictured(text: str, fault: Fault) -> Rejected:
    """Give the error to raise for a fault in `text`: positions are shown counted from 1, a caret marks the place."""
    begin = text.rfind("\n", 0, fault.position) + 1
    line = text[begin:].partition("\n")[0]
    column = fault.position - begin
    cut = max(0, column - _WIDTH // 2)
    shown = "".join(character if character.isprintable() else " " for character in line[cut : cut + _WIDTH])
    column -= cut
    carets = "^" * max(1, min(fault.length, len(shown) - column))
    return Rejected(
        f"the query is wrong at position {fault.position + 1}: {fault.problem}\n  {shown}\n  {' ' * column}{carets}",
        clause=fault.clause,
        remedy=fault.remedy,
    )


def expected_words(terminals: AbstractSet[str]) -> str:
    """Say in words which terminals of the grammar could stand at a place."""
    names = set(terminals)
    words = []
    if "OPERATOR" in names:
        words.append(_OPERATOR)
        names -= {"LIKE", "_IN", "_IS", "_NOT"}
    if "NUMBER" in names:
        words.append(_VALUE)
    elif "STRING" in names:
        words.append("a text in quotes such as 'gbm-%'")
    words += [phrase for name, phrase in _WORDS.items() if name in names]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
