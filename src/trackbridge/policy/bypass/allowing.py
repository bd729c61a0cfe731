"""What may go round the API: by place and SDK, or by a comment on the line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Final

from trackbridge.errors import ConfigurationError
from trackbridge.policy.bypass.finding import Finding

__all__ = ["Allowance", "is_allowed_by_comment", "parse_allowance"]

_COMMENT: Final = re.compile(r"#\s*trackbridge:\s*allow\s+(?P<modules>[\w., ]*\w)")


@dataclass(frozen=True, slots=True)
class Allowance:
    """Files that may, and what.

    Attributes:
        paths: A pattern of paths, ``*`` for anything, such as ``tools/legacy/*``; it may begin anywhere in a path.
        module: The module that may be reached there, or the package it is in; empty for all.
    """

    paths: str
    module: str = ""

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is allowed."""
        path = PurePath(finding.path).as_posix()
        if not (fnmatchcase(path, self.paths) or fnmatchcase(path, f"*/{self.paths}")):
            return False
        return not self.module or _is_in(finding.what, self.module)


def parse_allowance(text: str) -> Allowance:
    """Read ``PATHS`` or ``PATHS:MODULE``.

    Raises:
        ConfigurationError: there are no paths, or what follows the colon is no module.
    """
    paths, colon, module = text.partition(":")
    if not paths or (colon and not all(part.isidentifier() for part in module.split("."))):
        raise ConfigurationError(
            f"{text!r} does not say what is allowed where",
            remedy="Write a pattern of paths, or one and a module: 'tools/*' or 'tools/*:some_sdk'.",
        )
    return Allowance(paths, module)


def is_allowed_by_comment(finding: Finding, line: str) -> bool:
    """Tell whether the line says ``# trackbridge: allow MODULE`` of what it reaches; a reason may follow."""
    match = _COMMENT.search(line)
    return match is not None and any(
        _is_in(finding.what, word.strip(".,")) for word in match["modules"].split() if word.strip(".,")
    )


def _is_in(name: str, module: str) -> bool:
    return any(part == module or part.startswith(f"{module}.") for part in re.split(r"[^\w.]+", name))
