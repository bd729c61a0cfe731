"""Whether the source may be deleted, and why not: what a person is asked to sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from trackbridge.migration.job import Result
from trackbridge.migration.outcomes import Kind, Outcome

__all__ = ["Safety", "plural", "safety"]

_SHOWN: Final = 10  # of the places where the source itself is not whole


@dataclass(frozen=True, slots=True)
class Safety:
    """The verdict: `safe` to delete the source, or not, and why; `known` is what stays behind although it is safe."""

    safe: bool
    reasons: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        return "Safe to delete the source" if self.safe else "Not safe to delete the source"


def safety(result: Result) -> Safety:
    """Judge a migration by what was found, and by nothing that was not looked at."""
    reasons = tuple(_reasons(result))
    return Safety(not reasons, reasons, tuple(_known(result)))


def plural(count: int, noun: str) -> str:
    """Give a count and a noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _reasons(result: Result) -> Iterator[str]:
    outcomes = result.outcomes
    for kind in ("run", "model", "experiment"):
        yield from _against(kind, outcomes)
    if result.verify != "full" and outcomes:
        looked = "only counts were compared" if result.verify == "counts" else "nothing was read back"
        yield f"{looked}: run it again with --verify full, which sends nothing twice"
    if running := sum(one.running for one in outcomes):
        yield f"{plural(running, 'run')} had not ended, or changed while being read: run it again when they have"
    for words in result.selection.words():
        yield f"not all of the source was looked at: {words}"
    if not outcomes:
        yield "there was nothing to move"
    for words in result.missing[:_SHOWN]:
        yield f"the source is not whole: {words}"
    if (more := len(result.missing) - _SHOWN) > 0:
        yield f"the source is not whole in {plural(more, 'more place')}: trackbridge doctor names them"


def _against(kind: Kind, outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    mine = [one for one in outcomes if one.kind == kind]
    if failed := sum(one.state == "failed" for one in mine):
        yield f"{plural(failed, kind)} did not arrive whole"
    if different := sum(one.state != "failed" and one.verdict == "different" for one in mine):
        yield f"{plural(different, kind)} {'is' if different == 1 else 'are'} not equal in the target"


def _known(result: Result) -> Iterator[str]:
    if result.deleted_left:
        yield f"{plural(result.deleted_left, 'deleted run')} of the source: --deleted moves them too"
    if unfiled := sum(one.unfiled for one in result.outcomes):
        yield f"{plural(unfiled, 'model version')} of no run: the files are no artifacts of the source"
    for name, why in sorted(result.left.items()):
        yield f"{name}: {why}"
