"""Experiments: descriptions and tags, and those that have no runs (R2)."""

from __future__ import annotations

import time
from dataclasses import replace

from trackbridge.errors import NotFound
from trackbridge.migration.differences import Difference
from trackbridge.migration.outcomes import Outcome, State, Verdict
from trackbridge.migration.sides import Side
from trackbridge.records.experiments import ExperimentRecord

__all__ = ["carry_experiment", "compare_experiments"]


def carry_experiment(source: Side, target: Side, name: str, *, check: bool = True) -> Outcome:
    """Bring an experiment to the target; tags that are only there stay.

    Raises:
        NotFound: the source has none of that name.
        TrackbridgeError: one of the two cannot be read or written to.
    """
    begin = time.monotonic()
    mine, theirs = source.adapter.experiments.get(name), target.adapter.experiments.get(name)
    if mine is None:
        raise NotFound(f"there is no experiment {name!r} in {source.store.url}", clause="R2")
    state: State = "already"
    if theirs is None or theirs.deleted:
        target.adapter.experiments.ensure(name)
        state = "copied" if theirs is None else "completed"
    tags = {tag: text for tag, text in mine.tags.items() if theirs is None or theirs.tags.get(tag) != text}
    told = None if theirs is None else theirs.description
    text = mine.description if mine.description and mine.description != told else None
    if tags or text is not None:
        target.adapter.experiments.edit(name, description=text, tags=tags)
        state = "completed" if state == "already" else state
    outcome = Outcome("experiment", name, state, name=name, seconds=time.monotonic() - begin)
    if check:
        differences = compare_experiments(source, target, name)
        verdict: Verdict = "different" if differences else "equal"
        outcome = replace(outcome, verdict=verdict, differences=differences)
    return outcome


def compare_experiments(source: Side, target: Side, name: str) -> tuple[Difference, ...]:
    """Give what the target's experiment lacks or has otherwise; it may have more tags."""
    mine, theirs = source.adapter.experiments.get(name), target.adapter.experiments.get(name)
    if mine is None:
        return ()
    if theirs is None:
        return (Difference("experiment", name, None),)
    return tuple(_differences(mine, theirs))


def _differences(mine: ExperimentRecord, theirs: ExperimentRecord) -> list[Difference]:
    found = [
        Difference(f"tags.{tag}", repr(text), None if tag not in theirs.tags else repr(theirs.tags[tag]))
        for tag, text in sorted(mine.tags.items())
        if theirs.tags.get(tag) != text
    ]
    if (mine.description or None) != (theirs.description or None) and mine.description:
        found.append(Difference("description", repr(mine.description), repr(theirs.description or None)))
    return found
