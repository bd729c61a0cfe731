"""What a backend holds beside the records of trackbridge, declared by name: an adapter may have a `surplus`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from trackbridge.protocol.adapter import Adapter

__all__ = ["LeftBehind", "SurplusFile", "SurplusStore", "surplus_of"]


@dataclass(frozen=True, slots=True)
class SurplusFile:
    """One thing that no record holds, as a file: `kind` is its declared name, `path` relative (A1).

    The same thing always gives the same bytes.
    """

    kind: str
    path: str
    data: bytes


class SurplusStore(Protocol):
    """What a migration takes along as artifacts, and what it leaves behind.

    Attributes:
        travels: What `of_run` gives, by declared name, each with a sentence for the report.
        stays: What a migration does not move, likewise.
    """

    travels: Mapping[str, str]
    stays: Mapping[str, str]

    def of_run(self, run_id: str) -> Iterator[SurplusFile]:
        """Give the surplus of one run, each path once."""


@dataclass(slots=True)
class LeftBehind:
    """The surplus of an adapter of which nothing travels: see `SurplusStore`."""

    stays: Mapping[str, str]
    travels: Mapping[str, str] = field(default_factory=dict)

    def of_run(self, run_id: str) -> Iterator[SurplusFile]:  # noqa: ARG002 - the same for all
        """Give nothing."""
        return iter(())


def surplus_of(adapter: Adapter) -> SurplusStore | None:
    """Give the surplus of an adapter; None where its records are all that it holds."""
    return cast("SurplusStore | None", getattr(adapter, "surplus", None))
