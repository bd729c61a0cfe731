"""What a version must have at all: a dataset with a digest, its environment, artifacts, tags, a signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from trackbridge.gates.facts import Facts
from trackbridge.gates.verdicts import Finding
from trackbridge.records.names import shown
from trackbridge.records.runs import RunRecord

__all__ = ["Presence"]

_ENVIRONMENT: Final = "environment."


@dataclass(frozen=True, slots=True)
class Presence:
    """What must be there; every item is a finding of its own.

    Attributes:
        dataset: Some dataset with a digest.
        contexts: A dataset with a digest in each of these contexts, such as "training".
        environment: The environment that the run captured (E1).
        signature: The version's signature.
        artifacts: Artifacts of the run, each a file's path or a folder's.
        tags: Tags of the version or of its run, with a value.
    """

    dataset: bool = False
    contexts: tuple[str, ...] = ()
    environment: bool = False
    signature: bool = False
    artifacts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def findings(self, candidate: Facts, _baseline: Facts | None) -> Iterator[Finding]:
        """Look for each item."""
        if self.signature:
            yield _finding("a signature", bool(candidate.version.signature), candidate)
        if self.dataset:
            yield _of_run("a dataset with a digest", candidate, _has_dataset)
        for context in self.contexts:
            yield _of_run(f"a {context} dataset with a digest", candidate, _has_dataset_in(context))
        if self.environment:
            yield _of_run("its environment", candidate, _has_environment)
        for path in self.artifacts:
            yield _of_run(f"the artifact {shown(path)}", candidate, _has_artifact(candidate, path))
        for tag in self.tags:
            yield _of_run(f"the tag {shown(tag)}", candidate, _has_tag(candidate, tag))


def _of_run(what: str, candidate: Facts, has: Callable[[RunRecord], bool]) -> Finding:
    if candidate.run is None:
        return Finding("presence", what, "insufficient", f"{candidate.label} has no run here")
    return _finding(what, has(candidate.run), candidate)


def _finding(what: str, there: bool, candidate: Facts) -> Finding:
    reason = f"{candidate.label} {'has' if there else 'lacks'} {what}"
    return Finding("presence", what, "pass" if there else "fail", reason)


def _has_dataset(run: RunRecord) -> bool:
    return any(dataset.digest for dataset in run.datasets)


def _has_dataset_in(context: str) -> Callable[[RunRecord], bool]:
    return lambda run: any(dataset.digest and dataset.context == context for dataset in run.datasets)


def _has_environment(run: RunRecord) -> bool:
    return any(name.startswith(_ENVIRONMENT) for name in run.attributes)


def _has_tag(candidate: Facts, tag: str) -> Callable[[RunRecord], bool]:
    return lambda run: bool(candidate.version.tags.get(tag) or run.tags.get(tag))


def _has_artifact(candidate: Facts, path: str) -> Callable[[RunRecord], bool]:
    return lambda _run: any(_is_at(file.path, path) for file in candidate.artifacts)


def _is_at(path: str, wanted: str) -> bool:
    folder = wanted.removesuffix("/")
    return path == folder or path.startswith(f"{folder}/")
