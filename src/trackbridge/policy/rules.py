"""What a rule can ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from trackbridge.records.models import Stage
from trackbridge.records.values import ParamValue

__all__ = ["AtFinish", "Mode", "Policy", "Requirements", "Rights", "Rule", "fits"]

Mode: TypeAlias = Literal["enforce", "warn"]
AtFinish: TypeAlias = Literal["mark", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What a run must have, may have and may not have; what is empty or None asks for nothing.

    Attributes:
        params: Names of params that must be there; so for tags and metrics.
        tags: See `params`.
        metrics: See `params`.
        artifacts: Patterns, of each of which there must be a file.
        datasets: Whether there must be a data set.
        contexts: For each of these there must be a data set.
        dataset_digests: Whether each data set must have a digest.
        capture: Whether the environment must be recorded.
        signature: Whether each registered model must have a signature.
        input_example: Whether each registered model must have an input example.
        names: By kind of thing (params, tags, metrics, artifacts, runs, models), the pattern its names must match.
        experiments: Patterns; the run's experiment must match one.
        backends: Patterns of names and URLs; each of the run's backends must match one.
        forbidden: By field, such as ``params.owner``, the values that it must not have.
        max_artifact_size_bytes: The most that one file may have.
    """

    params: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    datasets: bool = False
    contexts: tuple[str, ...] = ()
    dataset_digests: bool = False
    capture: bool = False
    signature: bool = False
    input_example: bool = False
    names: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    experiments: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    forbidden: Mapping[str, tuple[ParamValue, ...]] = field(default_factory=dict)
    max_artifact_size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who may do what to model versions.

    Attributes:
        stages: The stages that may be entered; empty for all.
        transitions: The moves that there are, as (from, to); empty for all.
        approval_for: Stages that only an approved version may enter.
        gate_for: Stages that a version may enter only with a gate's report, or forced.
        force: Patterns of the actors who may overrule a gate; empty for all.
        promoters: By stage, patterns of the actors who may move a version there.
        approvers: Patterns of the actors who may approve; empty for all.
        author_may_approve: Whether who made the run may approve its model.
    """

    stages: tuple[Stage, ...] = ()
    transitions: tuple[tuple[Stage, Stage], ...] = ()
    approval_for: tuple[Stage, ...] = ()
    gate_for: tuple[Stage, ...] = ()
    force: tuple[str, ...] = ()
    promoters: Mapping[Stage, tuple[str, ...]] = field(default_factory=dict)
    approvers: tuple[str, ...] = ()
    author_may_approve: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a policy.

    Attributes:
        name: What it is called in messages.
        mode: "enforce" stops or marks what goes against it, "warn" logs it.
        at_finish: What a run that lacks something does at its end: "mark" leaves a tag, "fail" raises besides, once all is
            delivered.
        message: Why the rule is there, in the team's own words.
        link: Where to read more.
        where: Patterns of the experiments that it holds for; empty for all.
        models: Patterns of the models that its rights hold for; empty for all.
        asks: What it asks of runs.
        rights: What it asks of those who move versions.
    """

    name: str
    mode: Mode = "enforce"
    at_finish: AtFinish = "mark"
    message: str = ""
    link: str = ""
    where: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    asks: Requirements = field(default_factory=Requirements)
    rights: Rights = field(default_factory=Rights)


Policy: TypeAlias = tuple[Rule, ...]


def fits(name: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a name matches one of the patterns, ``*`` for anything; there being none means all."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
