"""Holds a run against a rule. Pure: facts in, violations out.

What a run has and must not have is certain as soon as it is there. What it lacks is certain when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trackbridge.policy.facts import RunFacts
from trackbridge.policy.rules import Policy, Requirements, Rule, fits
from trackbridge.records.names import shown
from trackbridge.records.values import ParamValue, same_value

__all__ = ["Violation", "lacking", "offending"]


@dataclass(frozen=True, slots=True)
class Violation:
    """What goes against which rule."""

    rule: Rule
    what: str

    @property
    def text(self) -> str:
        """Say it in one line, with the rule's own words and link."""
        words = f" {self.rule.message}" if self.rule.message else ""
        link = f" See {self.rule.link}" if self.rule.link else ""
        return f"{self.what}, against the rule {shown(self.rule.name)}.{words}{link}"


def offending(policy: Policy, facts: RunFacts) -> Iterator[Violation]:
    """Give what is certain already: names, values, sizes and places that a rule does not allow."""
    for rule in _holding(policy, facts):
        yield from (Violation(rule, what) for what in _offences(rule.asks, facts))


def lacking(policy: Policy, facts: RunFacts) -> Iterator[Violation]:
    """Give what a run that has ended does not have."""
    for rule in _holding(policy, facts):
        yield from (Violation(rule, what) for what in _gaps(rule.asks, facts))


def _holding(policy: Policy, facts: RunFacts) -> Iterator[Rule]:
    return (rule for rule in policy if fits(facts.experiment, rule.where))


def _offences(asks: Requirements, facts: RunFacts) -> Iterator[str]:
    if not fits(facts.experiment, asks.experiments):
        yield f"the experiment {shown(facts.experiment)} is none of {', '.join(asks.experiments)}"
    for backend in facts.backends:
        if not fits(backend, asks.backends):
            yield f"the backend {backend} is none of {', '.join(asks.backends)}"
    if asks.capture and facts.captured is False:
        yield "the environment is not recorded"
    yield from _misnamed(asks, facts)
    yield from _forbidden(asks, facts)
    yield from _oversized(asks, facts)
    yield from _bare(asks, facts)


def _misnamed(asks: Requirements, facts: RunFacts) -> Iterator[str]:
    named: dict[str, Iterable[str]] = {
        "params": facts.params,
        "tags": facts.tags,
        "metrics": sorted(facts.metrics),
        "artifacts": facts.artifacts,
        "runs": [facts.name] if facts.name is not None else [],
        "models": [each.model for each in facts.models],
    }
    for kind, pattern in asks.names.items():
        for name in named[kind]:
            if not pattern.fullmatch(name):
                yield f"the {kind.removesuffix('s')} {shown(name)} is not named like {pattern.pattern}"


def _forbidden(asks: Requirements, facts: RunFacts) -> Iterator[str]:
    for field, values in asks.forbidden.items():
        held = _value(field, facts)
        if held is not None and any(same_value(held[0], value) for value in values):
            yield f"{field} is {shown(held[0])}"


def _value(field: str, facts: RunFacts) -> tuple[ParamValue] | None:
    kind, _, name = field.partition(".")
    if kind == "name" and facts.name is not None:
        return (facts.name,)
    if kind == "params" and name in facts.params:
        return (facts.params[name],)
    if kind == "tags" and name in facts.tags:
        return (facts.tags[name],)
    return None


def _oversized(asks: Requirements, facts: RunFacts) -> Iterator[str]:
    most = asks.max_artifact_size_bytes
    for path, size in facts.artifacts.items():
        if most is not None and size > most:
            yield f"the artifact {shown(path)} has {size} bytes, more than {most}"


def _bare(asks: Requirements, facts: RunFacts) -> Iterator[str]:
    for each in facts.models:
        if asks.signature and not each.has_signature:
            yield f"the model {shown(each.model)} is registered without a signature"
        if asks.input_example and not each.has_input_example:
            yield f"the model {shown(each.model)} is registered without an input example"


def _gaps(asks: Requirements, facts: RunFacts) -> Iterator[str]:
    for kind, wanted, held in (
        ("param", asks.params, facts.params.keys()),
        ("tag", asks.tags, facts.tags.keys()),
        ("metric", asks.metrics, facts.metrics),
    ):
        yield from (f"there is no {kind} {shown(name)}" for name in wanted if name not in held)
    for pattern in asks.artifacts:
        if not any(fits(path, (pattern,)) for path in facts.artifacts):
            yield f"there is no artifact {shown(pattern)}"
    yield from _data_gaps(asks, facts)
    if asks.capture and facts.captured is None:
        yield "the environment is not recorded"


def _data_gaps(asks: Requirements, facts: RunFacts) -> Iterator[str]:
    if asks.datasets and not facts.datasets:
        yield "no data set is recorded"
    used = {dataset.context for dataset in facts.datasets}
    yield from (f"no data set is recorded for {shown(context)}" for context in asks.contexts if context not in used)
    if asks.dataset_digests:
        bare = (dataset.name for dataset in facts.datasets if dataset.digest is None)
        yield from (f"the data set {shown(name)} has no digest" for name in bare)
