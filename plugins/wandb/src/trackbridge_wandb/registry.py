"""The registry (G1–G8): versions as W&B's artifacts, logged by their runs and linked to the registry's collections.

Numbers are the fold of a log: each version asks for the next number or for one of its own, and has what was free when
its turn came. A version is linked to the log first, and then to the registry, where people see it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, VersionSpec
from trackbridge.records.models import Stage
from trackbridge_wandb.address import LEDGER
from trackbridge_wandb.artifacts import Artifacts
from trackbridge_wandb.client import Client
from trackbridge_wandb.finding import Finder
from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.log import Log
from trackbridge_wandb.logged import Logged
from trackbridge_wandb.mirror import Mirrors, folded_stage, settled_fold, version_state
from trackbridge_wandb.models import MODEL, Models
from trackbridge_wandb.naming import collection_name, is_own_project, time_ms
from trackbridge_wandb.native import NOT_CARRIED
from trackbridge_wandb.objects import model_run
from trackbridge_wandb.parts import part, read_description, read_tags
from trackbridge_wandb.sources import is_ours
from trackbridge_wandb.trail import Trails
from trackbridge_wandb.versions import Content, Version, Versions

__all__ = ["Registry"]

_OWN: Final = "trackbridge"
_OF_RUN: Final = "version-of-run"
_STATE: Final = "state"
_WAITS_S: Final = (0.05, 0.1, 0.2)  # between looks at fields that are being written
_SHOWN: Final = ("token", "run_id", "artifact_path", "digest", "created_ms", "signature", "input_example")


@dataclass(frozen=True, slots=True)
class _Numbered:
    """The versions of a model by number, deleted ones among them, and by token."""

    by_number: Mapping[int, Version]
    by_token: Mapping[str, int | None]


class Registry:
    """See `trackbridge.protocol.RegistryStore`."""

    def __init__(self, client: Client, ledger: Ledger, finder: Finder, artifacts: Artifacts, logged: Logged) -> None:
        self._client = client
        self._logged = logged
        self._ledger = ledger
        self._finder = finder
        self._models = Models(client, ledger)
        self._versions = versions = Versions(client)
        self._artifacts = artifacts
        self._log = Log(client, versions, MODEL, "versions")
        self._trails = Trails(client, versions)
        self._mirrors = Mirrors(ledger, versions)

    # Models

    def ensure_model(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        self._models.ensure(name)

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too; None where there is none."""
        return self._models.get(name)

    def list_models(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        return self._models.list()

    def edit_model(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        self._models.edit(name, description, tags)

    def delete_model(self, name: str) -> None:
        """Mark it deleted: its name and numbers are spent."""
        self._models.delete(name)

    # Versions

    def create_version(self, model: str, spec: VersionSpec, number: int | None = None) -> int:
        """Create a version and give its number; the same token gives the number it gave before."""
        self._models.existing(model)
        numbered = self._numbered(model)
        if spec.token not in numbered.by_token:
            if number is not None and number in numbered.by_number:
                raise _spent(model, number)
            self._append(model, spec, number)
            numbered = self._numbered(model)
        given = numbered.by_token[spec.token]
        if given is None:
            raise _spent(model, number)
        if number not in {None, given}:
            raise Conflict(f"this version of {model!r} already has the number {given}, not {number}", clause="G2")
        self._versions.link(numbered.by_number[given].id, self._models.collection(model))
        return given

    def _append(self, model: str, spec: VersionSpec, number: int | None) -> None:
        project, run = LEDGER, model_run(model)
        parts = self._models.parts
        scope = spec.token
        if spec.description is not None:
            parts.describe(model_run(model), scope, spec.description)
        parts.tag(model_run(model), scope, dict(spec.tags))
        if spec.run_id is not None:
            record = {"model": model, "token": spec.token}
            parts.put(model_run(model), scope, "run", record)
            self._ledger.put(
                f"{model_run(model)}-{spec.token}"[:120], record, group=_OF_RUN, kind=_OF_RUN, title=spec.run_id
            )
        metadata = {_OWN: {**{name: getattr(spec, name) for name in _SHOWN}, "number": number}}
        with ExitStack() as stack:
            contents: list[Content] = []
            if spec.run_id is not None and self._finder.find(spec.run_id):
                project, run = self._finder.place(spec.run_id)
                contents = list(self._contents(spec, stack))
            self._log.append(model_run(model), (project, run), collection_name(model), metadata, contents)

    def _contents(self, spec: VersionSpec, stack: ExitStack) -> Iterator[Content]:
        run_id, path = str(spec.run_id), spec.artifact_path
        for artifact in self._artifacts.list(run_id, path):
            below = artifact.path.removeprefix(path).strip("/") or path.rpartition("/")[2]
            content = stack.enter_context(self._artifacts.open(run_id, artifact.path))
            yield Content(below, content, artifact.size or 0)

    def _numbered(self, model: str) -> _Numbered:
        by_number: dict[int, Version] = {}
        by_token: dict[str, int | None] = {}
        for version in self._log.read(model_run(model)):
            own = version.metadata[_OWN]
            if own["token"] in by_token:
                continue  # sent twice
            asked = own["number"]
            number = max(by_number, default=0) + 1 if asked is None else int(asked)
            if number in by_number:
                by_token[own["token"]] = None
                continue
            by_number[number] = version
            by_token[own["token"]] = number
        return _Numbered(by_number, by_token)

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions that are not deleted, by number."""
        cells, linked, settled = self._read(model)
        found: dict[int, NativeVersion] = {}
        for number, version in self._numbered(model).by_number.items():
            shown = linked.pop(version.id, version)
            if not part(cells, version.metadata[_OWN]["token"], _STATE).get("deleted"):
                found[number] = _own_version(shown, number, cells, "None" if settled else folded_stage(cells, number))
        foreign = [one for one in linked.values() if one.index + 1 not in found and not is_ours(one.metadata)]
        makers = self._makers(foreign)
        for version in foreign:
            found[version.index + 1] = _foreign_version(version, makers.get(version.id))
        for number in sorted(found):
            yield found[number]

    def _makers(self, versions: Iterable[Version]) -> dict[str, str]:
        """Give trackbridge's id of the run that logged each version, by the version's id, where that is in reach."""
        runs: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for version in versions:
            run = version.origin and version.origin.run
            if run and run[0] == self._client.address.entity and not is_own_project(run[1]):
                runs[run[1]][version.id] = run[2]
        found: dict[str, str] = {}
        for project, names in runs.items():
            ids = self._finder.ids(project, list(names.values()))
            found |= {version: ids[name] for version, name in names.items() if name in ids}
        return found

    def _read(self, model: str) -> tuple[dict[str, dict[str, Any]], dict[str, Version], bool]:
        """Give a model's cells, what the registry shows of it by id, and whether nobody was writing that meanwhile."""
        cells = self._models.existing(model)
        linked: dict[str, Version] = {}
        for wait_s in (*_WAITS_S, None):
            before = settled_fold(cells)
            listed = self._versions.list(self._models.collection(model), origins=True)
            linked = {version.id: version for version in listed}
            cells = self._models.cells(model)
            if before is not None and settled_fold(cells) == before:
                return cells, linked, True
            if wait_s is not None:
                time.sleep(wait_s)
        return cells, linked, False

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give (model, number) of every version made from a run."""
        found: set[tuple[str, int]] = set()
        for _, cell in self._ledger.kind(_OF_RUN, title=run_id):
            model, token = cell["model"], cell["token"]
            number = self._numbered(model).by_token.get(token)
            cells = self._models.cells(model)
            if number is None or part(cells, token, _STATE).get("deleted") or part(cells, "", _STATE).get("deleted"):
                continue
            found.add((model, number))
        for model in self._linked_by(run_id):
            found |= {(model, version.number) for version in self.versions(model) if version.spec.run_id == run_id}
        yield from sorted(found)

    def _linked_by(self, run_id: str) -> Iterator[str]:
        """Give the models that versions which W&B's own client logged to a run are linked to."""
        registry = self._client.registry_entity, self._client.address.registry
        names = {name for native in self._finder.find(run_id) for name in self._logged.linked(native, registry)}
        if names:
            yield from (model.name for model in self._models.list() if collection_name(model.name) in names)

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        version = self._existing(model, number)
        token = version.metadata[_OWN]["token"]
        if description is not None:
            shown = self._models.parts.describe(model_run(model), token, description)
            self._versions.update(version.id, description=shown)
        self._models.parts.tag(model_run(model), token, tags)

    def delete_version(self, model: str, number: int) -> None:
        """Delete a version: its number is spent."""
        version = self._numbered(model).by_number.get(number)
        if version is not None:
            self._models.parts.put(model_run(model), version.metadata[_OWN]["token"], _STATE, {"deleted": True})
            self._versions.unlink(version.id, self._models.collection(model))

    def _existing(self, model: str, number: int) -> Version:
        version = self._numbered(model).by_number.get(number)
        if version is None:
            raise NotFound(f"there is no version {number} of the model {model!r}", clause="G1")
        return version

    # The trail

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` of the trail if absent; False if it is taken by other bytes (G5)."""
        return self._trails.append(model, n, data)

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order."""
        return self._trails.entries(model, start)

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Show a fold of the trail in the vendor's own fields."""
        members = {number: version.id for number, version in self._numbered(model).by_number.items()}
        self._mirrors.show(model, self._models.collection(model), members, mirror)


def _own_version(
    version: Version, number: int, cells: Mapping[str, Mapping[str, Any]], unmarked: Stage
) -> NativeVersion:
    own = version.metadata[_OWN]
    token = own["token"]
    spec = VersionSpec(
        **{name: own[name] for name in _SHOWN},
        description=read_description(cells, token, version.description),
        tags=read_tags(cells, token),
    )
    return NativeVersion(number, spec, version_state(version, unmarked))


def _foreign_version(version: Version, run_id: str | None) -> NativeVersion:
    """Read a version that W&B's own client made: its files are below the run that logged it, if that is in reach."""
    address = "" if version.origin is None else version.origin.address
    spec = VersionSpec(
        token=f"native-{version.id}",
        run_id=run_id,
        artifact_path=address if version.origin is None or run_id is None else version.origin.folder,
        digest=None,
        created_ms=time_ms(version.created),
        description=version.description or None,
        tags={} if run_id is not None else {NOT_CARRIED: f"files of {address}, which no run here has logged"},
    )
    return NativeVersion(version.index + 1, spec, version_state(version))


def _spent(model: str, number: int | None) -> Conflict:
    return Conflict(f"the number {number} of the model {model!r} is spent", clause="G1", remedy="Take another number.")
