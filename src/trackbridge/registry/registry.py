"""The registry of one backend: written once, on top of any `RegistryStore` (G1–G8)."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from trackbridge.errors import ConfigurationError, NotFound, Rejected
from trackbridge.protocol import NativeModel, RegistryStore, VersionSpec
from trackbridge.protocol.discovery import hooks
from trackbridge.records.digests import canonical_model, digest
from trackbridge.records.models import STAGES, Approval, ModelRecord, ModelVersion, Stage, check_stage
from trackbridge.records.names import check_alias, check_name, check_text, shown
from trackbridge.records.trail import TrailEntry, encode_entry
from trackbridge.records.values import as_index
from trackbridge.redaction import redact_text, redacted_logger
from trackbridge.registry import acts
from trackbridge.registry.announcing import announce
from trackbridge.registry.commit import Author, Proposal, commit, settle
from trackbridge.registry.fold import Fold
from trackbridge.registry.labels import checked_description, checked_tags
from trackbridge.registry.plans import Plan, fulfil, plan_promotion, plan_rollback
from trackbridge.registry.searching import model_matcher
from trackbridge.registry.state import ModelState, read_state

__all__ = ["Registry"]

_NUMBER: Final = re.compile(r"[0-9]{1,19}")
_MAX_NUMBER: Final = 2**63 - 1

_log = redacted_logger("trackbridge.registry")


class Registry:
    """Models, versions, stages, approvals and aliases of one backend.

    Args:
        store: The adapter's registry family.
        backend: The backend's URL, for messages and hooks.
    """

    def __init__(self, store: RegistryStore, backend: str) -> None:
        self._store = store
        self._backend = backend
        self._said: set[str] = set()

    # Reading

    def model(self, name: str) -> ModelRecord:
        """Give a model; raise `NotFound` where there is none."""
        native = self._store.get_model(check_name(name, "model"))
        if native is None or native.deleted:
            raise NotFound(f"there is no model {shown(name)}", clause="G1")
        return _record(native)

    def models(self, where: str | None = None) -> Iterator[ModelRecord]:
        """Give the models by name.

        Args:
            where: A search over ``name`` and ``tags.*``, such as ``tags.team = 'risk'``; None for all.

        Raises:
            Rejected: the search cannot be read, or asks for something that only runs have.
        """
        fits = None if where is None else model_matcher(where)
        found = (_record(native) for native in self._store.list_models())
        return found if fits is None else filter(fits, found)

    def versions(self, model: str, stage: str | None = None) -> list[ModelVersion]:
        """Give the versions of a model by number, or those in one stage."""
        wanted = None if stage is None else check_stage(stage)
        return [version for version in self._read(model).versions.values() if wanted in {None, version.stage}]

    def get(self, model: str, which: int | str) -> ModelVersion:
        """Give a version by its number, by an alias, or the greatest one in a stage.

        Raises:
            NotFound: no such model, version or alias, or nothing in that stage.
        """
        state = self._read(model)
        if isinstance(which, str) and not _NUMBER.fullmatch(which):
            return _by_name(state, which)
        return state.version(check_number(int(which) if isinstance(which, str) else which))

    def history(self, model: str, version: int | None = None) -> tuple[TrailEntry, ...]:
        """Give the verified trail of a model, or the entries of it that changed one version.

        Raises:
            IntegrityError: the trail is damaged; names the entry.
        """
        entries = self._read(model).chain.entries
        return entries if version is None else tuple(_concerning(entries, check_number(version)))

    def digest(self, model: str) -> str:
        """Give ``sha256:hex`` of the canonical form of a model with its versions and its trail (C3)."""
        return digest(self.canonical(model))

    def canonical(self, model: str) -> str:
        """Give the canonical form itself: JSON that names every fact, so that two models can be compared (C3)."""
        state = self._read(model)
        entries = [encode_entry(entry) for entry in state.chain.entries]
        return canonical_model(_record(state.native), list(state.versions.values()), entries)

    def forks(self, model: str) -> tuple[TrailEntry, ...]:
        """Give the entries that lost against another of their number, where the vendor has no conditional write (G5)."""
        return self._read(model).chain.forks

    def versions_of_run(self, run_id: str) -> list[tuple[str, int]]:
        """Give (model, number) of every version made from a run."""
        return sorted(self._store.versions_of_run(run_id))

    # Models and versions

    def create(self, model: str, spec: VersionSpec, number: int | None = None) -> ModelVersion:
        """Create a version, and its model on first use; the same token gives the same version again (G2).

        Args:
            model: The model's name.
            spec: What the version is.
            number: The number it must have, for fan-outs and migrations.

        Raises:
            Conflict: the model was deleted, or the number is spent.
        """
        check_name(model, "model")
        self._store.ensure_model(model)
        created = self._store.create_version(model, spec, None if number is None else check_number(number))
        return self._read(model).version(created)

    def update(
        self,
        model: str,
        version: int | None = None,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> None:
        """Set the description and tags of a model, or of one of its versions; what is not given stays.

        An empty description is none, a tag of None is deleted.
        """
        text, checked = checked_description(description), checked_tags(tags)
        if version is None:
            self.model(model)
            self._store.edit_model(model, description=text, tags=checked)
        else:
            number = check_number(version)
            self._read(model).version(number)
            self._store.edit_version(model, number, description=text, tags=checked)

    def delete_model(self, model: str) -> None:
        """Delete a model; its name and its numbers are spent (G1)."""
        self.model(model)
        self._store.delete_model(model)

    def delete_version(self, model: str, version: int, *, actor: str | None = None, comment: str | None = None) -> None:
        """Delete a version; its number is spent and its aliases are gone (G1)."""
        number = check_number(version)
        self._commit(model, lambda state: acts.delete_version(state, number), author(actor, comment))

    # Decisions

    def transition(
        self,
        model: str,
        version: int,
        stage: str,
        *,
        archive_existing: str = "none",
        actor: str | None = None,
        comment: str | None = None,
        expected_stage: str | None = None,
        gate_digest: str | None = None,
        forced: bool = False,
    ) -> ModelVersion:
        """Move a version to a stage (G3–G6); to the stage it is in already is nothing.

        Args:
            model: The model's name.
            version: The version's number.
            stage: "None", "Staging", "Production" or "Archived".
            archive_existing: "all" archives every other version of that stage in the same act, "not-serving" spares
                those that a ``trackbridge_serving_versions`` hook names, "none" leaves them.
            actor: Who decides; the user of the operating system by default.
            comment: Why.
            expected_stage: The stage that the version must be in now.
            gate_digest: The digest of the gate report that allows it.
            forced: Whether a gate said no and was overruled, which `comment` must justify.

        Raises:
            Conflict: the version is not in `expected_stage`; nothing was changed.
            Rejected: no such stage, archiving into None or Archived, or forced without a comment.
            NotFound: no such model or version.
        """
        number, target = check_number(version), check_stage(stage)
        mode = acts.check_archiving(archive_existing, target)
        expected = None if expected_stage is None else check_stage(expected_stage)

        def propose(state: ModelState) -> TrailEntry | None:
            spared = self._serving(model) if mode == "not-serving" else frozenset[int]()
            return acts.transition(state, number, target, expected=expected, displace=mode != "none", spared=spared)

        return self._commit(model, propose, author(actor, comment, gate_digest, forced=forced)).version(number)

    def plan(
        self,
        model: str,
        version: int,
        stage: str,
        *,
        archive_existing: str = "none",
        expected_stage: str | None = None,
    ) -> Plan:
        """Tell what a promotion would move, archive and refuse, and change nothing; `promote` carries it out.

        Args:
            model: The model's name.
            version: The version's number.
            stage: Where it shall go.
            archive_existing: As for `transition`.
            expected_stage: As for `transition`.

        Raises:
            Rejected: no such stage, or no such way to archive.
            NotFound: no such model or version.
        """
        number, target = check_number(version), check_stage(stage)
        mode = acts.check_archive_mode(archive_existing)
        expected = None if expected_stage is None else check_stage(expected_stage)
        serving = self._serving(model) if mode == "not-serving" else frozenset[int]()
        return plan_promotion(
            self._read(model), number, target, archive_existing=mode, expected_stage=expected, serving=serving
        )

    def plan_rollback(self, model: str, stage: str = "Production") -> Plan:
        """Plan to bring back the version that was in a stage before, archiving what came after it.

        Raises:
            Rejected: there was none.
            NotFound: no such model.
        """
        return plan_rollback(self._read(model), check_stage(stage))

    def promote(
        self,
        plan: Plan,
        *,
        actor: str | None = None,
        comment: str | None = None,
        gate_digest: str | None = None,
        forced: bool = False,
    ) -> ModelVersion:
        """Carry out a plan, as one entry of the trail, if it still comes to the same (G4–G6).

        So of two promotions planned at once, of which each would archive what it found, one is done and the other is a
        Conflict that changes nothing.

        Args:
            plan: What `plan` or `plan_rollback` gave.
            actor: Who decides; the user of the operating system by default.
            comment: Why.
            gate_digest: The digest of the gate report that allows it.
            forced: Whether a gate said no and was overruled, which `comment` must justify.

        Raises:
            Conflict: the model has changed since; nothing was changed.
            Rejected: the plan was refused, or forced without a comment.
        """

        def propose(state: ModelState) -> TrailEntry | None:
            return fulfil(plan, self._planned_again(state, plan))

        return self._commit(plan.model, propose, author(actor, comment, gate_digest, forced=forced)).version(
            plan.version
        )

    def approve(
        self, model: str, version: int, *, actor: str | None = None, comment: str | None = None
    ) -> ModelVersion:
        """Approve a version, whatever its stage (G8)."""
        return self._decide(model, version, "approved", author(actor, comment))

    def reject(self, model: str, version: int, *, actor: str | None = None, comment: str | None = None) -> ModelVersion:
        """Reject a version, whatever its stage (G8)."""
        return self._decide(model, version, "rejected", author(actor, comment))

    def set_alias(
        self, model: str, alias: str, version: int, *, actor: str | None = None, comment: str | None = None
    ) -> ModelVersion:
        """Give an alias to a version; where another has it, moving it is one act (G7)."""
        name, number = check_alias(alias), check_number(version)
        state = self._commit(model, lambda state: acts.set_alias(state, name, number), author(actor, comment))
        return state.version(number)

    def delete_alias(self, model: str, alias: str, *, actor: str | None = None, comment: str | None = None) -> None:
        """Take an alias away (G7); raise `NotFound` where there is none."""
        name = check_alias(alias)
        self._commit(model, lambda state: acts.delete_alias(state, name), author(actor, comment))

    def reconcile(self, model: str) -> None:
        """Bring the backend's own fields up to the trail, as the next act would (G5); a change made outside stays."""
        settle(self._store, model, self._read(model))

    def _decide(self, model: str, version: int, decision: Approval, by: Author) -> ModelVersion:
        number = check_number(version)
        return self._commit(model, lambda state: acts.approval(state, number, decision), by).version(number)

    def _permit(self, act: TrailEntry, version: ModelVersion) -> None:
        """Let an act pass, or raise; it is asked again whenever the model has changed meanwhile."""

    def _commit(self, model: str, propose: Proposal, by: Author) -> ModelState:
        def permitted(state: ModelState) -> TrailEntry | None:
            act = propose(state)
            if act is not None:
                signed = replace(act, actor=by.actor, gate_digest=by.gate_digest, forced=by.forced)
                self._permit(signed, state.version(act.version))
            return act

        state, created = commit(self._store, check_name(model, "model"), permitted, by)
        announce(self._backend, model, created)
        return state

    def _planned_again(self, state: ModelState, plan: Plan) -> Plan:
        if plan.rollback:
            return plan_rollback(state, plan.stage)
        return plan_promotion(
            state,
            plan.version,
            plan.stage,
            archive_existing=plan.archive_existing,
            expected_stage=plan.expected_stage,
            serving=self._serving(plan.model) if plan.archive_existing == "not-serving" else (),
        )

    def _read(self, model: str) -> ModelState:
        state = read_state(self._store, check_name(model, "model"))
        if state.native.mirrored:
            self._tell(state)
        return state

    def _tell(self, state: ModelState) -> None:
        """Say once what the trail does not explain."""
        name = shown(state.native.name)
        for version in state.versions.values():
            if version.outside:
                what = " and ".join(version.outside)
                self._say(f"{what} of version {version.number} of model {name} changed outside trackbridge, and wins")
        for fork in state.chain.forks:
            self._say(
                f"entry {fork.n} of the trail of model {name}, by {fork.actor!r}, lost against another of its number"
            )

    def _say(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            _log.warning("%s (G5)", sentence)

    def _serving(self, model: str) -> frozenset[int]:
        try:
            answers = hooks().hook.trackbridge_serving_versions(backend=self._backend, model=model)
        except Exception as error:
            raise ConfigurationError(
                f"a hook could not tell which versions of model {shown(model)} are serving: {error}",
                clause="G4",
                remedy="Mend the plugin, or archive with 'all' or 'none'; nothing was changed.",
            ) from error
        return frozenset().union(*answers)


def author(actor: str | None, comment: str | None, gate_digest: str | None = None, *, forced: bool = False) -> Author:
    """Check who acts and why, redacted (X4); the actor is the user of the operating system by default.

    Raises:
        Rejected: a gate is overruled without a reason.
    """
    if forced and not (comment and comment.strip()):
        raise Rejected(
            "a gate is overruled without a reason", clause="G5", remedy="Say why in the comment; it is kept for ever."
        )
    return Author(
        redact_text(check_text(actor, "the actor")) if actor else _user(),
        None if comment is None else redact_text(check_text(comment, "the comment")),
        gate_digest,
        forced,
    )


def check_number(number: object) -> int:
    """Return `number` if it can be a version's (G1), else raise `Rejected`."""
    index = as_index(number)
    if index is None or not 1 <= index <= _MAX_NUMBER:
        raise Rejected(f"{shown(number)} is no version number", clause="G1", remedy="Versions are integers from 1.")
    return index


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "unknown"


def _by_name(state: ModelState, which: str) -> ModelVersion:
    name = shown(state.native.name)
    if which in STAGES:
        stage: Stage = check_stage(which)
        there = [version for version in state.versions.values() if version.stage == stage]
        if not there:
            raise NotFound(f"model {name} has no version in stage {stage}", clause="G3")
        return there[-1]
    holder = state.fold.holders.get(which)
    if holder is None:
        raise NotFound(
            f"model {name} has no alias {shown(which)}",
            clause="G7",
            remedy=f"It has {', '.join(sorted(state.fold.holders)) or 'none'}; a version is also found by number or stage.",
        )
    return state.version(holder)


def _concerning(entries: tuple[TrailEntry, ...], number: int) -> Iterator[TrailEntry]:
    fold = Fold()
    before = fold.states([number])
    for entry in entries:
        fold.apply(entry)
        after = fold.states([number])
        if entry.version == number or after != before:
            yield entry
        before = after


def _record(native: NativeModel) -> ModelRecord:
    return ModelRecord(native.name, native.description or None, native.tags, native.created_ms, native.deleted)
