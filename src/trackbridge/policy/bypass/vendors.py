"""The SDKs to look for, in the form in which code names them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from trackbridge.protocol import VendorApi

__all__ = ["UNKNOWN_WORD", "Vendors"]

UNKNOWN_WORD: Final = "?"  # a word of a command line that is no literal, such as sys.executable
_PYTHON: Final = re.compile(r"(^|/)(python[\d.]*|pypy[\d.]*|\?)$")


class Vendors:
    """Answers for all vendors at once.

    Args:
        apis: What each adapter's vendor offers.
    """

    def __init__(self, apis: Iterable[VendorApi]) -> None:
        self._modules: set[str] = set()
        self._services: dict[str, set[str]] = {}
        self._commands: set[str] = set()
        self._integrations: set[str] = set()
        self._arguments: set[tuple[str, str]] = set()
        for api in apis:
            self._modules |= set(api.modules)
            self._commands |= set(api.commands)
            self._integrations |= set(api.integrations)
            self._arguments |= set(api.arguments)
            for maker, service in api.services:
                self._services.setdefault(maker, set()).add(service)

    def module(self, name: str) -> str | None:
        """Give the module if it is a vendor's or lies in one."""
        parts = name.split(".")
        return name if any(".".join(parts[:n]) in self._modules for n in range(1, len(parts) + 1)) else None

    def command(self, words: list[str]) -> str | None:
        """Give what a command line starts, if it is a vendor's: a program, or ``-m`` and a module."""
        for before, word in pairwise(["", *words]):
            if word.rpartition("/")[2] in self._commands and not before.startswith("-"):
                return word
        for program, option, module in zip(words, words[1:], words[2:], strict=False):
            if option == "-m" and _PYTHON.search(program) and self.module(module):
                return f"-m {module}"
        return None

    def service(self, maker: str, name: str) -> str | None:
        """Give the service if a vendor's is made, such as "client" of "boto3" with its name."""
        return f"{maker} {name}" if name in self._services.get(maker, ()) else None

    def makers(self) -> frozenset[str]:
        """Give the modules that make clients of many services."""
        return frozenset(self._services)

    def integration(self, name: str) -> str | None:
        """Give the name if a framework's own logger for a vendor bears it."""
        return name if name in self._integrations else None

    def argument(self, keyword: str, value: str) -> str | None:
        """Give the argument if it has a framework log to a vendor."""
        return f"{keyword}={value!r}" if (keyword, value) in self._arguments else None
