"""``trackbridge models list``: one line a model."""

from __future__ import annotations

from collections.abc import Sequence

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import console, emit, one_line, say, table
from trackbridge.records.models import ModelVersion

__all__ = ["list_models"]


def list_models(*, backend: BackendOption = None, as_json: AsJson = False) -> None:
    """List the registered models and which version serves which stage."""
    from trackbridge.store import connect

    with connect(backend) as store:
        found = [(model, list(store.registry.versions(model.name))) for model in store.registry.models()]
    if as_json:
        emit([{"model": model, "versions": versions} for model, versions in found])
    elif found:
        console().print(
            table(
                ("model", ">versions", "Production", "Staging", "description"),
                (
                    (
                        model.name,
                        str(len(versions)),
                        _in_stage(versions, "Production"),
                        _in_stage(versions, "Staging"),
                        one_line(model.description or ""),
                    )
                    for model, versions in found
                ),
            )
        )
    else:
        say("No models are registered.")


def _in_stage(versions: Sequence[ModelVersion], stage: str) -> str:
    return ", ".join(str(version.number) for version in versions if version.stage == stage) or "–"
