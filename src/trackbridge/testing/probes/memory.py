"""The plain dicts of a memory backend."""

from __future__ import annotations

from typing import cast

from trackbridge.adapters.memory.state import state_of
from trackbridge.protocol import BackendUrl, Scope, VersionState
from trackbridge.records.models import Stage
from trackbridge.records.writes import Stamp, TagWrite
from trackbridge.testing.probe import ProbedModel, ProbedRun

__all__ = ["MemoryProbe"]


class MemoryProbe:
    """See `trackbridge.testing.Probe`."""

    def __init__(self, url: BackendUrl) -> None:
        self._state = state_of(url.location)

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run."""
        run = self._state.runs.get(run_id)
        if run is None:
            return None
        named = run.attributes.get("name")
        return ProbedRun(
            native_id=run.header.id,
            name=run.first_name if named is None else cast("str | None", named.value),
            experiment=run.header.experiment,
            status=run.status.status if run.status else "RUNNING",
            started_ms=run.header.started_ms,
            ended_ms=run.status.ended_ms if run.status else None,
            parent=run.header.parent,
            deleted=run.deleted,
            params=dict(run.params),
            tags={name: write.value for name, write in run.tags.items() if write.value is not None},
            datasets=tuple((one.name, one.digest, one.context) for one in run.datasets.values()),
            artifacts={path: len(data) for path, data in run.artifacts.items()},
        )

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give every point of a metric."""
        run = self._state.runs.get(run_id)
        points = run.series.get(metric, {}) if run else {}
        return [(step, timestamp_ms, value) for (step, timestamp_ms, _), value in points.items()]

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""
        return self._state.runs[run_id].artifacts[path]

    def model(self, name: str) -> ProbedModel | None:
        """Find a model."""
        model = self._state.models.get(name)
        if model is None or model.deleted:
            return None
        versions = {
            number: VersionState(
                row.stage,
                row.approval,
                tuple(sorted(alias for alias, target in model.aliases.items() if target == number)),
            )
            for number, row in model.versions.items()
            if not row.deleted
        }
        return ProbedModel(name, versions, tuple(data for _, data in sorted(model.entries.items())))

    def delete_sidecars(self, run_id: str) -> int:
        """Delete the run's sidecar objects."""
        objects = self._state.objects.get(Scope("run", run_id), {})
        names = [name for name in objects if name.startswith("sidecar/")]
        for name in names:
            del objects[name]
        return len(names)

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Set a tag; the stamp of one that is there stays as it was."""
        tags = self._state.runs[run_id].tags
        tags[name] = TagWrite(name, value, tags[name].stamp if name in tags else Stamp(0, "", 0))

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's stage."""
        self._state.models[model].versions[number].stage = cast("Stage", stage)

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the trail."""
        self._state.models[model].entries = dict(enumerate(entries))

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
