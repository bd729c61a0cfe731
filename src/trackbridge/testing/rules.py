"""The operations of the state machine, as hypothesis wants them: rules of one class."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from trackbridge.errors import Conflict, Rejected
from trackbridge.testing.hostile import NAMES, PATHS, STEPS, TEXTS, TIMES_MS, VALUES
from trackbridge.testing.lab import Lab
from trackbridge.testing.machine import Pair

__all__ = ["Beside"]

_PICK = st.integers(0, 10**6)
_NAMES, _TEXTS = st.sampled_from(("p", "m", "t", *NAMES)), st.sampled_from(("x", *TEXTS))
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.integers(), st.floats(), _TEXTS)
_VALUES = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3))
_FLOATS = st.one_of(st.sampled_from(VALUES), st.floats(-2, 2, width=16))
_STEPS = st.one_of(st.integers(-2, 5), st.sampled_from(STEPS))
_TIMES = st.one_of(st.integers(0, 5), st.sampled_from(TIMES_MS))


class Beside(RuleBasedStateMachine):
    """One sequence of operations on a backend and on memory; a subclass names the laboratory."""

    lab: ClassVar[Lab]

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(self.lab)

    @initialize()
    def begin(self) -> None:
        self.pair.start(params={"p": 1}, tags={"t": "x"})

    @rule(name=st.one_of(st.none(), _NAMES), params=st.dictionaries(_NAMES, _VALUES, max_size=3))
    @precondition(lambda self: len(self.pair.ids) < 5)
    def start(self, name: str | None, params: dict[str, Any]) -> None:
        self.pair.start(name=name, params=params)

    @rule(n=_PICK, name=_NAMES, value=_VALUES)
    @precondition(lambda self: self.pair.open)
    def param(self, n: int, name: str, value: Any) -> None:
        try:
            _at(self.pair.open, n).log_param(name, value)
        except (Conflict, Rejected):
            return  # written once already, with another value

    @rule(n=_PICK, name=_NAMES, points=st.lists(st.tuples(_STEPS, _TIMES, _FLOATS), min_size=1, max_size=5))
    @precondition(lambda self: self.pair.open)
    def metric(self, n: int, name: str, points: list[tuple[int, int, float]]) -> None:
        for step, time, value in points:
            _at(self.pair.open, n).log_metric(name, value, step=step, timestamp=time)

    @rule(n=_PICK, name=_NAMES, value=_FLOATS)
    @precondition(lambda self: self.pair.open)
    def metric_without_step(self, n: int, name: str, value: float) -> None:
        _at(self.pair.open, n).log_metric(name, value)

    @rule(n=_PICK, name=_NAMES, text=_TEXTS)
    @precondition(lambda self: self.pair.open)
    def tag(self, n: int, name: str, text: str) -> None:
        _at(self.pair.open, n).set_tag(name, text)

    @rule(n=_PICK, path=st.sampled_from(PATHS), text=_TEXTS)
    @precondition(lambda self: self.pair.open)
    def artifact(self, n: int, path: str, text: str) -> None:
        _at(self.pair.open, n).log_text(text, path)

    @rule(n=_PICK, context=st.sampled_from(("training", "test")))
    @precondition(lambda self: self.pair.open)
    def dataset(self, n: int, context: str) -> None:
        _at(self.pair.open, n).use_dataset(name="data", digest="md5:00ff", context=context)

    @rule(n=_PICK, status=st.sampled_from(("FINISHED", "FAILED", "KILLED")))
    @precondition(lambda self: self.pair.open)
    def finish(self, n: int, status: str) -> None:
        run = _at(self.pair.open, n)
        self.pair.open.remove(run)
        run.finish(status=status)

    @rule(n=_PICK)
    def resume(self, n: int) -> None:
        if ended := self.pair.ended():
            self.pair.start(run_id=_at(ended, n), resume="must")

    @rule(n=_PICK, name=_NAMES, text=st.one_of(st.none(), _TEXTS), new=_NAMES)
    def edit(self, n: int, name: str, text: str | None, new: str) -> None:
        if living := self.pair.living():
            run_id = _at(living, n)
            self.pair.both(lambda store: store.runs.edit(run_id, tags={name: text}, name=new))

    @rule(n=_PICK)
    def delete(self, n: int) -> None:
        if ended := self.pair.ended():
            run_id = _at(ended, n)
            self.pair.both(lambda store: store.runs.delete(run_id))

    @rule(n=_PICK)
    def restore(self, n: int) -> None:
        run_id = _at(self.pair.ids, n)
        self.pair.both(lambda store: store.runs.restore(run_id))

    @rule()
    @precondition(lambda self: self.pair.versions < 4)
    def register(self) -> None:
        self.pair.register()

    @rule(n=_PICK, stage=st.sampled_from(("None", "Staging", "Production", "Archived")), archive=st.booleans())
    @precondition(lambda self: self.pair.versions)
    def transition(self, n: int, stage: str, archive: bool) -> None:
        model, number = self.pair.model, n % self.pair.versions + 1
        mode = "all" if archive and stage in {"Staging", "Production"} else "none"
        self.pair.both(lambda store: store.registry.transition(model, number, stage, archive_existing=mode))

    @rule(n=_PICK, alias=st.sampled_from(("champion", "challenger")))
    @precondition(lambda self: self.pair.versions)
    def alias(self, n: int, alias: str) -> None:
        model, number = self.pair.model, n % self.pair.versions + 1
        self.pair.both(lambda store: store.registry.set_alias(model, alias, number))

    @invariant()
    def equal(self) -> None:
        self.pair.compare()

    def teardown(self) -> None:
        self.pair.close()


def _at(items: list[Any], n: int) -> Any:
    return items[n % len(items)]
