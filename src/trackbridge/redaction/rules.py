"""What is secret here besides what is secret everywhere: the configured patterns and names (X4)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from trackbridge.errors import ConfigurationError

__all__ = ["Rules", "rules", "use_patterns"]


@dataclass(frozen=True, slots=True)
class Rules:
    """The configured rules.

    Attributes:
        patterns: What matches one of these is a secret.
        names: What lies under a name that this matches is one, too; None for no names.
    """

    patterns: tuple[re.Pattern[str], ...] = ()
    names: re.Pattern[str] | None = None

    def name(self, name: str) -> bool:
        """Tell whether a name is configured to be that of a secret."""
        return self.names is not None and self.names.fullmatch(name) is not None


_rules = Rules()


def rules() -> Rules:
    """Give the rules of this process."""
    return _rules


def use_patterns(patterns: Iterable[str], names: Iterable[str] = ()) -> None:
    """Redact, from now on and in this process, what is configured, too.

    Args:
        patterns: Regular expressions of secrets.
        names: Names whose values are secrets, ``*`` and ``?`` as in file names, whatever the case.

    Raises:
        ConfigurationError: a pattern is no regular expression, or matches the empty text; or a name is empty or
            matches every name.
    """
    global _rules  # noqa: PLW0603 - the one place where what is secret here is known
    _rules = _compiled(tuple(patterns), tuple(names))


@lru_cache(maxsize=8)
def _compiled(patterns: tuple[str, ...], names: tuple[str, ...]) -> Rules:
    for name in names:
        if not name.strip("*?"):
            raise ConfigurationError(
                f"the setting redact_names has {name!r}, which names everything or nothing",
                clause="X4",
                remedy="Write a name such as customer_pin, or a pattern of names such as customer_*.",
            )
    either = "|".join(fnmatch.translate(name) for name in names)
    return Rules(tuple(map(_pattern, patterns)), re.compile(either, re.IGNORECASE) if names else None)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ConfigurationError(
            f"the setting redact has {text!r}, which is no regular expression: {error}", clause="X4"
        ) from error
    if pattern.search(""):
        raise ConfigurationError(
            f"the setting redact has {text!r}, which matches the empty text",
            clause="X4",
            remedy="Let it match at least one character.",
        )
    return pattern
