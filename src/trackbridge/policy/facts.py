"""What a policy looks at: a run as far as it is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.models import ModelVersion
from trackbridge.records.runs import RunRecord
from trackbridge.records.values import ParamValue

__all__ = ["RegisteredModel", "RunFacts", "recorded_facts"]


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model that the run made a version of."""

    model: str
    has_signature: bool
    has_input_example: bool


@dataclass(slots=True)
class RunFacts:
    """All that is known of a run at one moment; it grows while the run goes on.

    `artifacts` maps paths to sizes in bytes; `backends` are names and URLs; `captured` is None where it is not yet known.
    """

    experiment: str
    name: str | None = None
    backends: tuple[str, ...] = ()
    captured: bool | None = None
    params: dict[str, ParamValue] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)
    artifacts: dict[str, int] = field(default_factory=dict)
    datasets: list[DatasetRecord] = field(default_factory=list)
    models: list[RegisteredModel] = field(default_factory=list)


def recorded_facts(
    run: RunRecord, artifacts: Iterable[tuple[str, int]], versions: Iterable[ModelVersion], backends: tuple[str, ...]
) -> RunFacts:
    """Give the facts of a run that was recorded.

    Args:
        run: The run.
        artifacts: Its files, as (path, size in bytes).
        versions: The model versions made of it.
        backends: Where it is.
    """
    return RunFacts(
        experiment=run.experiment,
        name=run.name,
        backends=backends,
        captured=any(name.startswith("environment.") for name in run.attributes),
        params=dict(run.params),
        tags={name: value for name, value in run.tags.items() if not name.startswith("trackbridge.")},
        metrics=set(run.metrics),
        artifacts=dict(artifacts),
        datasets=list(run.datasets),
        models=[
            RegisteredModel(version.model, version.signature is not None, version.input_example is not None)
            for version in versions
        ],
    )
