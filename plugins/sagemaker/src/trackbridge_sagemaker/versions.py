"""Version numbers and what versions were made with (G1, G2): a document each, made if absent, never removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound, Transient
from trackbridge.protocol import VersionSpec
from trackbridge.records.names import shown
from trackbridge_sagemaker.documents import Body, Documents
from trackbridge_sagemaker.models import model_folder
from trackbridge_sagemaker.names import digest

__all__ = ["Versions", "spec_of"]

_AT_ONCE: Final = 8
_ATTEMPTS: Final = 1_000


class Versions:
    """The documents of all versions: ``{spec…, "package": its ARN or None, "deleted": whether it is}``."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def claim(self, model: str, spec: VersionSpec, number: int | None, least: Callable[[], int]) -> tuple[int, Body]:
        """Give the number and document of a token, made if there are none yet.

        Args:
            model: The model.
            spec: What the version is.
            number: The number it must have, or None.
            least: Gives the least number that nobody else may have taken.

        Raises:
            Conflict: the number is spent, or the token has another.
        """
        ticket = f"{model_folder(model)}tokens/{digest(spec.token, 32)}.json"
        for _ in range(_ATTEMPTS):
            held = self._documents.read(ticket)
            if held is None:
                self._documents.create(ticket, {"number": number or self._next(model, least())})
                continue
            n = int(held["number"])
            if self._documents.create(_key(model, n), _new(spec)):
                return self._checked(model, n, number), _new(spec)
            version = self._documents.read(_key(model, n))
            if version is not None and version["token"] == spec.token:
                return self._checked(model, n, number), version
            if number == n:
                raise Conflict(f"version {number} of model {shown(model)} is spent", clause="G1")
            self._documents.change(ticket, _renumber(n, number or self._next(model, n + 1)), lambda: {"number": n})  # noqa: B023
        raise Transient(f"no number could be had for a version of model {shown(model)}", clause="G1")

    def all(self, model: str) -> dict[int, Body]:
        """Give the documents of all versions, by number, deleted ones too."""
        numbers = self._numbers(model)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda n: self._documents.read(_key(model, n)), numbers)
            return {n: version for n, version in zip(numbers, found, strict=True) if version is not None}

    def find(self, model: str, number: int) -> Body | None:
        """Give one version's document; None where there is none."""
        return self._documents.read(_key(model, number))

    def change(
        self, model: str, number: int, act: Callable[[Body], Any], absent: Callable[[], Body] | None = None
    ) -> Any:
        """Change a version's document; raise `NotFound` where there is none."""

        def missing() -> Body:
            raise NotFound(f"model {shown(model)} has no version {number}", clause="G2")

        return self._documents.change(_key(model, number), act, absent or missing)

    def edit(
        self,
        model: str,
        number: int,
        description: str | None,
        tags: Mapping[str, str | None],
        absent: Callable[[], Body] | None = None,
    ) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""

        def change(held: Body) -> None:
            if description is not None:
                held["description"] = description
            for tag, value in tags.items():
                if value is None:
                    held["tags"].pop(tag, None)
                else:
                    held["tags"][tag] = value

        self.change(model, number, change, absent)

    def _numbers(self, model: str) -> list[int]:
        keys = self._documents.bucket.list(f"{model_folder(model)}versions/")
        return sorted(int(key.rpartition("/")[2].removesuffix(".json")) for key, _ in keys)

    def _next(self, model: str, least: int) -> int:
        return max(max(self._numbers(model), default=0) + 1, least)

    def _checked(self, model: str, n: int, number: int | None) -> int:
        if number not in {None, n}:
            raise Conflict(f"this version of {shown(model)} already has the number {n}, not {number}", clause="G2")
        return n


def spec_of(held: Body) -> VersionSpec:
    """Give what a version was made with, as it is described by now."""
    return VersionSpec(**{name: value for name, value in held.items() if name not in {"package", "deleted"}})


def _new(spec: VersionSpec) -> Body:
    return {**asdict(spec), "tags": dict(spec.tags), "package": None, "deleted": False}


def _renumber(before: int, after: int) -> Callable[[Body], None]:
    def change(held: Body) -> None:
        if held["number"] == before:
            held["number"] = after

    return change


def _key(model: str, number: int) -> str:
    return f"{model_folder(model)}versions/{number:09}.json"
