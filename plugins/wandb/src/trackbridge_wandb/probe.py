"""The suite's independent reader: `wandb.Api`, and its raw GraphQL where that has no method; never the adapter."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from trackbridge.protocol import BackendUrl, VersionState
from trackbridge.records.runs import RunStatus
from trackbridge.testing.probe import ProbedModel, ProbedRun

__all__ = ["WandbProbe"]

_LEDGER: Final = "trackbridge-ledger"
_OWN: Final = "trackbridge"
_STEP: Final = "trackbridge/step"
_FOLDER: Final = ".trackbridge/"
_STREAM: Final = "trackbridge-stream"
_STAGE: Final = re.compile(r"(Staging|Production|Archived)(-\d+)?")
_STATES: Final[dict[str, RunStatus]] = {"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
_ORGANIZATION: Final = """
query FetchOrgInfoFromEntity($entity: String!) {
  entity(name: $entity) { organization { orgEntity { name } } user { organizations { orgEntity { name } } } }
}"""


class WandbProbe:
    """See `trackbridge.testing.Probe`. The key comes from W&B's own places."""

    def __init__(self, url: BackendUrl) -> None:
        import wandb

        self._entity = url.location
        self._base_url = url.option("base_url") or os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
        self._wandb = wandb
        self._api = wandb.Api(overrides={"base_url": self._base_url, "entity": self._entity})
        self._registry = url.option("registry") or "wandb-registry-model"

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run by trackbridge's id."""
        run = self._find(run_id)
        if run is None:
            return None
        own = run.config[_OWN]
        return ProbedRun(
            native_id=f"{run.project}/{run.id}",
            name=run.name,
            experiment=self._experiment(run.project),
            status=_STATES.get(run.state, "RUNNING"),
            started_ms=own["started_ms"],
            ended_ms=own.get("ended_ms"),
            parent=own.get("parent"),
            deleted=own.get("deleted", [False])[0],
            params={key: value for one in self._natives(run_id) for key, value in one.config.items() if _is_users(key)},
            tags={key: value for one in self._natives(run_id) for key, value in _tags(one).items()},
            datasets=tuple(
                (one["name"], one.get("digest"), one.get("context"))
                for one in run.config.get("trackbridge.datasets", ())
            ),
            artifacts={file.name: file.size for file in run.files() if not file.name.startswith(_FOLDER)},
        )

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give (step, timestamp in ms, value) of every native point of the metric's native name, in any order."""
        return [
            (row[_STEP], round(row["_timestamp"] * 1_000), float(row[metric]))
            for run in self._natives(run_id)
            for row in run.scan_history(use_cache=False)
            if row.get(metric) is not None
        ]

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""
        with tempfile.TemporaryDirectory() as home:
            self._existing(run_id).file(path).download(root=home, replace=True).close()
            return Path(home, path).read_bytes()

    def model(self, name: str) -> ProbedModel | None:
        """Find a model, its versions and its stored trail."""
        run = _model_run(name)
        if self._run(_LEDGER, run) is None:
            return None
        numbers = self._numbers(run)
        versions = {numbers[version.digest]: _state(version) for version in self._linked(name)}
        return ProbedModel(name, versions, tuple(self._entries(run)))

    def delete_sidecars(self, run_id: str) -> int:
        """Delete the run's sidecar objects behind everybody's back; give how many there were."""
        count = 0
        for run in self._natives(run_id):
            own = run.config[_OWN]
            gone = [name for name in own.get("objects", {}) if name.startswith("sidecar/")]
            if gone:
                own["objects"] = {name: entry for name, entry in own["objects"].items() if name not in gone}
                run.update()
            for file in run.files():
                if file.name.startswith(f"{_FOLDER}sidecar/"):
                    file.delete()
            count += len(gone)
        return count

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Change a native tag as a colleague with the vendor's client would."""
        run = self._existing(run_id)
        run.config.setdefault("trackbridge.tags", {})[name] = value
        run.update()

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's native stage as a colleague would."""
        numbers = self._numbers(_model_run(model))
        version = next(one for one in self._linked(model) if numbers[one.digest] == number)
        others = [alias for alias in version.aliases if not _STAGE.fullmatch(alias)]
        version.aliases = others if stage == "None" else [*others, stage]
        version.save()

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the stored trail: a forger changes what its versions say, and unlinks those that are too many."""
        stored = self._log("trackbridge-trail", f"trail-{_model_run(model)}")
        for n, entry in enumerate(entries):
            stored[n].metadata = {"n": n, "entry": entry.decode()}
            stored[n].save()
        for version in stored[len(entries) :]:
            version.unlink()

    def close(self) -> None:
        """Let go of connections; W&B's own process ends with ours."""

    def _run(self, project: str, name: str) -> Any:
        try:
            return self._wandb.Api(overrides={"base_url": self._base_url}).run(f"{self._entity}/{project}/{name}")
        except (ValueError, self._wandb.errors.CommError):
            return None

    def _find(self, run_id: str) -> Any:
        place = self._run(_LEDGER, run_id)
        return None if place is None else self._run(place.config["record"]["project"], run_id)

    def _existing(self, run_id: str) -> Any:
        found = self._find(run_id)
        assert found is not None, f"W&B has no run {run_id}"
        return found

    def _natives(self, run_id: str) -> list[Any]:
        run = self._existing(run_id)
        others = self._api.runs(
            f"{self._entity}/{run.project}", filters={"group": run_id, "jobType": _STREAM}, lazy=False
        )
        return [run, *others]

    def _experiment(self, project: str) -> str:
        cells = self._api.runs(f"{self._entity}/{_LEDGER}", filters={"group": _key("experiment", project)}, lazy=False)
        heads = [cell.config["record"] for cell in cells if cell.config["record"].get("part") == "head"]
        return str(heads[0]["name"]) if heads else project

    def _linked(self, model: str) -> list[Any]:
        """Give the versions in the registry's collection for a model."""
        found = self._api._service_api.execute_graphql(_ORGANIZATION, {"entity": self._entity})["entity"]  # noqa: SLF001 - no method gives it
        several = [found["organization"], *((found["user"] or {}).get("organizations") or ())]
        owner = next((one["orgEntity"]["name"] for one in several if one), self._entity)
        source = self._log("model", f"versions-{_model_run(model)}")
        if not source:
            return []
        return list(self._fresh().artifacts("model", f"{owner}/{self._registry}/{source[0].source_collection.name}"))

    def _fresh(self) -> Any:
        return self._wandb.Api(overrides={"base_url": self._base_url, "entity": self._entity})

    def _log(self, kind: str, name: str) -> list[Any]:
        api, path = self._fresh(), f"{self._entity}/{_LEDGER}/{name}"
        if not api.artifact_collection_exists(path, kind):
            return []
        return sorted(api.artifacts(kind, path), key=lambda one: int(one.version.removeprefix("v")))

    def _numbers(self, run: str) -> dict[str, int]:
        """Give the numbers of versions by their digests: each has the next, or the one it asked for."""
        numbers: dict[str, int] = {}
        for version in self._log("model", f"versions-{run}"):
            asked = version.metadata[_OWN]["number"]
            number = max(numbers.values(), default=0) + 1 if asked is None else asked
            if version.digest not in numbers and number not in numbers.values():
                numbers[version.digest] = number
        return numbers

    def _entries(self, run: str) -> Iterator[bytes]:
        claimed: dict[int, bytes] = {}
        for version in self._log("trackbridge-trail", f"trail-{run}"):
            claimed.setdefault(version.metadata["n"], version.metadata["entry"].encode())
        for n in range(len(claimed)):
            if n in claimed:
                yield claimed[n]


def _key(*parts: object) -> str:
    return hashlib.sha256("\x00".join(map(str, parts)).encode()).hexdigest()[:40]


def _model_run(name: str) -> str:
    return _key("model", name)


def _is_users(key: str) -> bool:
    return key != _OWN and not key.startswith(f"{_OWN}.")


def _tags(run: Any) -> dict[str, str]:
    return dict(run.config.get("trackbridge.tags", {}))


def _state(version: Any) -> VersionState:
    stages = [match[1] for alias in version.aliases if (match := _STAGE.fullmatch(alias))]
    approvals = [tag for tag in version.tags if tag in {"approved", "rejected"}]
    aliases = [
        alias for alias in version.aliases if not _STAGE.fullmatch(alias) and not re.fullmatch(r"latest|v\d+", alias)
    ]
    return VersionState(
        stage=stages[0] if stages else "None",  # type: ignore[arg-type]  # one of those that the pattern names
        approval=approvals[0] if approvals else "pending",
        aliases=tuple(sorted(aliases)),
    )
