"""The registry (G1–G8): documents and the trail in the bucket, mirrored by groups and packages of SageMaker's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

from trackbridge.errors import NotFound
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, VersionSpec, VersionState
from trackbridge.records.names import shown
from trackbridge.records.times import now_ms
from trackbridge_sagemaker.documents import Body, Documents
from trackbridge_sagemaker.mirror import to_ms
from trackbridge_sagemaker.models import Models, model_record
from trackbridge_sagemaker.names import digest
from trackbridge_sagemaker.packages import VERSION, Package, Packages, state_of
from trackbridge_sagemaker.trail import Trails
from trackbridge_sagemaker.versions import Versions, spec_of

__all__ = ["Registry"]

_AT_ONCE: Final = 8
_ABANDONED_MS: Final = 600_000
_APART: Final = 1_000_000  # what a foreign version's number goes on from where ours has the same


class Registry:
    """See `trackbridge.protocol.RegistryStore`.

    Args:
        documents: The bucket's documents.
        models: All models.
        packages: Their packages.
        source_of: Gives the address of an artifact: of a run's id and a path.
    """

    def __init__(
        self, documents: Documents, models: Models, packages: Packages, source_of: Callable[[str, str], str]
    ) -> None:
        self._documents = documents
        self._bucket = documents.bucket
        self._models = models
        self._packages = packages
        self._versions = Versions(documents)
        self._trails = Trails(documents.bucket)
        self._source_of = source_of

    # Models

    def ensure_model(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        self._models.ensure(name)

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too; None where there is none."""
        found = self._models.find(name)
        return None if found is None else model_record(found)

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
        held = self._models.existing(model)
        known = {n: version["package"] for n, version in self._versions.all(model).items()}
        n, version = self._versions.claim(model, spec, number, lambda: self._least(held["group"], known))
        if spec.run_id is not None:
            link = {"model": model, "number": n}
            self._documents.create(f"{_links(spec.run_id)}{digest(model, 32)}-{n:09}.json", link)
        if version["package"] is None and not version["deleted"]:
            arn = self._packages.create(held["group"], n, spec, self._source(spec))

            def note(one: Body) -> None:
                one["package"] = arn

            self._versions.change(model, n, note)
        return n

    def _source(self, spec: VersionSpec) -> str:
        return (
            self._bucket.uri(spec.artifact_path)
            if spec.run_id is None
            else self._source_of(spec.run_id, spec.artifact_path)
        )

    def _least(self, group: str, known: Mapping[int, str | None]) -> int:
        """Give the least number that no foreign package has."""
        ours = set(known.values())
        return max((one.number for arn, one in self._packages.list(group).items() if arn not in ours), default=0) + 1

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions that are not deleted, by number."""
        held = self._models.existing(model)
        ours = self._versions.all(model)
        listed = self._packages.list(held["group"])
        foreign = self._foreign(listed, ours)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            living = {n: version for n, version in ours.items() if not version["deleted"]}
            states = pool.map(lambda n: self._state(held, n, living[n], listed), living)
            found = {
                n: NativeVersion(n, spec_of(version), state)
                for (n, version), state in zip(living.items(), states, strict=True)
                if state is not None
            }
        for package in foreign:
            n = package.number if package.number not in ours else _APART + package.number
            found[n] = NativeVersion(n, _foreign_spec(package), package.state)
        yield from (found[n] for n in sorted(found))

    def _state(self, held: Body, n: int, version: Body, listed: Mapping[str, Package]) -> VersionState | None:
        """Give what AWS's fields show of a version; None where somebody deleted its package.

        Lists lag behind: where one does not show what was mirrored, the package itself is asked.
        """
        expected, arn = state_of(held, n), version["package"]
        if arn is None:
            return expected
        there = listed.get(arn)
        if there is not None and (there.state.stage, there.state.approval) == (expected.stage, expected.approval):
            return expected
        found = self._packages.describe(arn)
        return None if found is None else found.state

    def _foreign(self, listed: Mapping[str, Package], ours: Mapping[int, Body]) -> list[Package]:
        known = {version["package"] for version in ours.values()}
        found = (self._packages.describe(arn) for arn in listed if arn not in known)
        return [one for one in found if one is not None and VERSION not in (one.metadata or {})]

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give (model, number) of every version made from a run."""
        links = [self._documents.read(key) for key, _ in self._bucket.list(_links(run_id))]
        for link in filter(None, links):
            held, version = self._models.find(link["model"]), self._versions.find(link["model"], link["number"])
            if held is not None and not held["deleted"] and version is not None and not version["deleted"]:
                yield link["model"], link["number"]

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """As `edit_model`, for a version. SageMaker takes neither for a package that exists."""
        self._versions.edit(model, number, description, tags, lambda: self._adopted(model, number))

    def delete_version(self, model: str, number: int) -> None:
        """Delete a version: its number is spent."""

        def change(version: Body) -> Body:
            version["deleted"] = True
            return version

        version = self._versions.change(model, number, change, lambda: self._adopted(model, number))
        if version["package"] is not None:
            self._packages.delete(version["package"])

    def _adopted(self, model: str, number: int) -> Body:
        """Give the document of a version that trackbridge did not make."""
        for version in self.versions(model):
            if version.number == number:
                group = self._models.existing(model)["group"]
                native = number - _APART if number > _APART else number
                for package in self._packages.list(group).values():
                    if package.number == native:
                        spec = version.spec
                        fields = {name: getattr(spec, name) for name in spec.__slots__}
                        return {**fields, "tags": dict(spec.tags), "package": package.arn, "deleted": False}
        raise NotFound(f"model {shown(model)} has no version {number}", clause="G2")

    # The trail

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` of the trail if absent; False if it is taken by other bytes (G5)."""
        return self._trails.append(model, n, data)

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order."""
        return self._trails.entries(model, start)

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Show a fold of the trail in AWS's own fields.

        The document names the fold before any field shows it, and who is at work: a reader takes no field for changed
        outside that shows a fold since the oldest of these. Who finds a newer fold afterwards shows that one, too.
        """
        nonce = uuid4().hex[:16]
        fold = _fold(mirror)
        before, held = self._models.change(model, lambda one: _announce(one, nonce, fold))
        if before is None:
            return  # a newer one is shown
        alone = held["mirroring"].keys() == {nonce}
        while True:
            self._show(model, before if alone else None, held)
            after = self._models.change(model, lambda one: _settle(one, nonce, held["mirror"]))  # noqa: B023 - called at once
            if after["mirror"] == held["mirror"]:
                return
            before, held, alone = None, after, False

    def _show(self, model: str, before: Any, held: Body) -> None:
        """Set the packages to a model's fold; `before` is the fold that they show for certain, None for any."""
        states = held["mirror"][2]
        known = {} if before is None else before[2]
        changed = [n for n in states if before is None or states[n] != known.get(n, _BORN)]

        def show(n: str) -> None:
            with suppress(NotFound):  # deleted meanwhile
                version = self._versions.find(model, int(n)) or self._adopted(model, int(n))
                if version["package"] is not None and not version["deleted"]:
                    was = None if before is None else _state(known.get(n, _BORN))
                    self._packages.show(version["package"], was, _state(states[n]))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(show, changed))


_BORN: Final = ["None", "pending", []]


def _fold(mirror: Mirror) -> list[Any]:
    states = {str(n): [state.stage, state.approval, list(state.aliases)] for n, state in mirror.versions.items()}
    return [mirror.count, mirror.head, states]


def _state(said: Any) -> VersionState:
    stage, approval, aliases = said
    return VersionState(stage, approval, tuple(aliases))


def _announce(held: Body, nonce: str, fold: list[Any]) -> tuple[Any, Body]:
    before = held["mirror"]
    if before is not None and before[0] > fold[0]:
        return None, held
    held["mirroring"][nonce] = [now_ms(), before]
    held["mirror"] = fold
    return before or [0, "", {}], held


def _settle(held: Body, nonce: str, shown_fold: list[Any]) -> Body:
    if held["mirror"] == shown_fold:
        at_ms, since = now_ms(), held["mirroring"]
        for other in [one for one, (start_ms, _) in since.items() if one == nonce or at_ms - start_ms > _ABANDONED_MS]:
            del since[other]
    return held


def _links(run_id: str) -> str:
    return f"lineage/{run_id}/"


def _foreign_spec(package: Package) -> VersionSpec:
    fields = package.fields
    containers = fields.get("InferenceSpecification", {}).get("Containers", [{}])
    source = fields.get("SourceUri") or containers[0].get("ModelDataUrl") or package.arn
    return VersionSpec(
        token=f"native-{package.arn}",
        run_id=None,
        artifact_path=source,
        digest=None,
        created_ms=to_ms(fields["CreationTime"]) or 0,
        description=fields.get("ModelPackageDescription") or None,
        tags={key: value for key, value in (package.metadata or {}).items() if not key.startswith("trackbridge.")},
    )
