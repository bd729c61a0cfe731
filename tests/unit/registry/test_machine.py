"""Whatever is done in whatever order, the registry is what a naive model of it says (G1–G8)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from trackbridge.adapters.memory.state import state_of
from trackbridge.errors import Conflict, NotFound, Rejected
from trackbridge.protocol import VersionSpec, open_backend
from trackbridge.records.models import STAGES, Stage
from trackbridge.registry import Registry

_names = itertools.count()
_stages = st.sampled_from(STAGES)
_aliases = st.sampled_from(["champion", "blue", "v-next"])
_pick = st.integers(0, 5)


@dataclass
class Naive:
    """A version as a child would keep it on paper."""

    stage: Stage = "None"
    approval: str = "pending"
    aliases: set[str] = field(default_factory=set)


class RegistryMachine(RuleBasedStateMachine):
    """Drives the registry over memory beside a dict; `entries` counts the decisions."""

    def __init__(self) -> None:
        super().__init__()
        self.name = f"machine-{next(_names)}"
        self.backend = open_backend(f"memory://{self.name}")
        self.registry = Registry(self.backend.adapter.registry, self.name)
        self.versions: dict[int, Naive] = {}
        self.made = 0
        self.entries = 0
        self.register()

    def one(self, pick: int) -> int:
        return sorted(self.versions)[pick % len(self.versions)]

    @rule()
    def register(self) -> None:
        self.made += 1
        spec = VersionSpec(f"{self.name}-{self.made}", None, "model", None, 0)
        assert self.registry.create("m", spec).number == self.made
        self.versions[self.made] = Naive()

    @precondition(lambda self: self.versions)
    @rule(pick=_pick, stage=_stages, displace=st.booleans())
    def transition(self, pick: int, stage: Stage, displace: bool) -> None:
        number = self.one(pick)
        if displace and stage in {"None", "Archived"}:
            with pytest.raises(Rejected):
                self.registry.transition("m", number, stage, archive_existing="all")
            return
        self.registry.transition("m", number, stage, archive_existing="all" if displace else "none")
        if self.versions[number].stage == stage:
            return
        self.entries += 1
        for version in self.versions.values():
            if displace and version.stage == stage:
                version.stage = "Archived"
        self.versions[number].stage = stage

    @precondition(lambda self: self.versions)
    @rule(pick=_pick, expected=_stages, stage=_stages)
    def expect(self, pick: int, expected: Stage, stage: Stage) -> None:
        number = self.one(pick)
        if self.versions[number].stage != expected:
            with pytest.raises(Conflict):
                self.registry.transition("m", number, stage, expected_stage=expected)
            return
        self.registry.transition("m", number, stage, expected_stage=expected)
        self.entries += stage != expected
        self.versions[number].stage = stage

    @precondition(lambda self: self.versions)
    @rule(pick=_pick, approve=st.booleans())
    def decide(self, pick: int, approve: bool) -> None:
        number = self.one(pick)
        (self.registry.approve if approve else self.registry.reject)("m", number)
        decision = "approved" if approve else "rejected"
        self.entries += self.versions[number].approval != decision
        self.versions[number].approval = decision

    @precondition(lambda self: self.versions)
    @rule(pick=_pick, alias=_aliases)
    def set_alias(self, pick: int, alias: str) -> None:
        number = self.one(pick)
        self.registry.set_alias("m", alias, number)
        self.entries += alias not in self.versions[number].aliases
        for version in self.versions.values():
            version.aliases.discard(alias)
        self.versions[number].aliases.add(alias)

    @rule(alias=_aliases)
    def delete_alias(self, alias: str) -> None:
        if not any(alias in version.aliases for version in self.versions.values()):
            with pytest.raises(NotFound):
                self.registry.delete_alias("m", alias)
            return
        self.registry.delete_alias("m", alias)
        self.entries += 1
        for version in self.versions.values():
            version.aliases.discard(alias)

    @precondition(lambda self: self.versions)
    @rule(pick=_pick)
    def delete(self, pick: int) -> None:
        number = self.one(pick)
        self.registry.delete_version("m", number)
        self.entries += 1
        del self.versions[number]

    @precondition(lambda self: self.versions)
    @rule(pick=_pick, stage=_stages)
    def change_outside(self, pick: int, stage: Stage) -> None:
        """A colleague sets a stage natively, and the next act records that."""
        number = self.one(pick)
        differs = self.versions[number].stage != stage
        state_of(self.name).models["m"].versions[number].stage = stage
        assert self.registry.get("m", number).outside == (("stage",) if differs else ())
        self.versions[number].stage = stage
        decision = "rejected" if self.versions[number].approval == "approved" else "approved"
        (self.registry.approve if decision == "approved" else self.registry.reject)("m", number)
        self.versions[number].approval = decision
        self.entries += 1 + differs

    @invariant()
    def agrees(self) -> None:
        real = {
            version.number: (version.stage, version.approval, set(version.aliases), version.outside)
            for version in self.registry.versions("m")
        }
        assert real == {n: (v.stage, v.approval, v.aliases, ()) for n, v in self.versions.items()}

    @invariant()
    def is_mirrored(self) -> None:
        held = state_of(self.name).models["m"]
        native = {n: (row.stage, row.approval) for n, row in held.versions.items() if not row.deleted}
        assert native == {n: (v.stage, v.approval) for n, v in self.versions.items()}
        assert held.aliases == {alias: n for n, v in self.versions.items() for alias in v.aliases}

    @invariant()
    def has_an_entry_a_decision(self) -> None:
        assert [entry.n for entry in self.registry.history("m")] == list(range(self.entries))


RegistryMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_the_registry_is_what_a_naive_model_says = RegistryMachine.TestCase
