"""Same query, same runs, same order on every backend; the core finishes what a backend only narrows (S3–S5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trackbridge.errors import Rejected
from trackbridge.protocol import Scan
from trackbridge.query import Field, parse
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.runs import RunRecord
from trackbridge.store import search as search_module
from trackbridge.store.pushdown import holds_all

QUERIES = [
    None,
    "params.depth = 3",
    "params.depth = '3'",
    "params.depth != 3",
    "not params.depth = 3",
    "params.long like '%xyz'",
    "params.flag = true or tags.team = 'risk'",
    "metrics.loss < 0.3",
    "metrics.loss.min < 0.3 and metrics.loss.count = 2",
    "metrics.`val auc` >= 0.5",
    "metrics.loss is null",
    "tags.note like 'z%' and name = 'run 2'",
    "status = 'FAILED' or ended is null",
    "datasets.digest = 'sha256:aa'",
    "experiment in ('fraud', 'churn') and started >= 2000",
]
ORDERS = [
    [],
    ["params.depth"],
    ["metrics.loss desc"],
    ["metrics.loss.max", "name desc"],
    ["tags.team", "started"],
    ["name desc"],
    ["ended", "id desc"],
]


def fill(lab: Any) -> dict[str, int]:
    """Write a dozen runs that differ in all that can be asked for; give their places by id."""
    depths = [3, "3", 3.0, True, None, 10, -1, 3, [3], "x" * 90, 2**70, 3]
    losses: list[list[float]] = [
        [0.5, 0.25], [0.25, 0.5], [float("nan"), 0.5], [], [float("inf")], [-0.0], [0.0], [0.1], [0.2], [0.3, 0.3], [], [0.9],
    ]  # fmt: skip
    ids = [
        lab.run(
            run_id=f"{n:032x}",
            experiment=["fraud", "churn", "other"][n % 3],
            started_ms=1_000 * (1 + n // 2),
            name=None if n % 5 == 4 else f"run {n % 4}",
            params={"depth": depths[n], "flag": n % 2 == 0, **({"long": "w" * 80 + "xyz"} if n % 3 == 0 else {})},
            tags={"team": ["risk", "growth"][n % 2], **({"note": "z" * 60} if n % 4 == 2 else {})},
            metrics={"loss": losses[n], "val auc": [n / 10]},
            datasets=[DatasetRecord("d", digest="sha256:aa")] if n in {1, 7} else [],
            status=["FINISHED", "FAILED", None][n % 3],
        )
        for n in range(12)
    ]
    return {run_id: place for place, run_id in enumerate(ids)}


@pytest.fixture
def three(make_lab: Callable[[str], Any]) -> list[tuple[Any, dict[str, int]]]:
    labs = [make_lab(kind) for kind in ("memory", "local", "narrow")]
    return [(lab, fill(lab)) for lab in labs]


def places(lab: Any, ids: dict[str, int], where: str | None, **options: Any) -> list[int]:
    return [ids[run.id] for run in lab.store.runs.search(where, **options)]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize("kept", [1_000, 2])
def test_all_backends_agree(
    three: list[tuple[Any, dict[str, int]]], order: list[str], kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "_KEPT_READINGS", kept)
    monkeypatch.setattr(search_module, "_RUNS_PER_FETCH", 3)
    for where in QUERIES:
        first, *others = [places(lab, ids, where, order_by=order) for lab, ids in three]
        assert others == [first, first], where
        for lab, ids in three:
            assert places(lab, ids, where, order_by=order, limit=3) == first[:3]
            assert places(lab, ids, where, order_by=order, limit=0) == []


def test_answers_are_those_of_the_clauses(lab: Any) -> None:
    ids = fill(lab)
    assert places(lab, ids, None) == [10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1]
    assert places(lab, ids, "params.depth = 3", order_by=["started"]) == [0, 2, 7, 11]
    assert places(lab, ids, "metrics.loss is null", order_by=["started"]) == [3, 10]
    assert places(lab, ids, "datasets.digest = 'sha256:aa'", order_by=["started"]) == [1, 7]
    assert places(lab, ids, "params.long like '%xyz'", order_by=["started"]) == [0, 3, 6, 9]
    loss = places(lab, ids, None, order_by=["metrics.loss desc"])
    assert loss[:2] == [4, 11]
    assert set(loss[-2:]) == {3, 10}


def test_records_are_whole(lab: Any) -> None:
    ids = fill(lab)
    for run in lab.store.runs.search("metrics.loss.min < 0.3 and metrics.loss.count = 2"):
        assert run == lab.store.runs.get(run.id)
        assert ids[run.id] in {0, 1}


def test_what_is_no_name_of_an_experiment_is_rejected(lab: Any) -> None:
    with pytest.raises(Rejected, match="5 is no experiment's name"):
        lab.store.runs.search(experiments=["fraud", 5])


def test_experiments_narrow(lab: Any) -> None:
    ids = fill(lab)
    assert places(lab, ids, None, experiments=["churn"], order_by=["started"]) == [1, 4, 7, 10]
    assert places(lab, ids, "tags.team = 'risk'", experiments=["churn", "nowhere"], order_by=["started"]) == [4, 10]
    assert places(lab, ids, None, experiments=[]) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": "params.depth ="}, "expected"),
        ({"where": "parms.depth = 1"}, "params"),
        ({"order_by": "name"}, "list of keys"),
        ({"experiments": "fraud"}, "list of names"),
        ({"limit": -1}, "no limit"),
        ({"limit": True}, "no limit"),
        ({"limit": 2.0}, "no limit"),
    ],
)
def test_a_bad_search_is_rejected_at_the_call(lab: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(Rejected, match=message):
        lab.store.runs.search(**options)


class Spy:
    """Remembers what the adapter was asked."""

    def __init__(self, runs: Any) -> None:
        self._runs = runs
        self.scans: list[Scan] = []
        self.gets = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)

    def scan(self, scan: Scan) -> Iterator[Any]:
        self.scans.append(scan)
        return self._runs.scan(scan)  # type: ignore[no-any-return]

    def get(self, run_ids: Any) -> Any:
        self.gets += 1
        return self._runs.get(run_ids)


@pytest.mark.parametrize(
    ("kind", "where", "pushed"),
    [
        ("narrow", "params.depth = 3 and parent is null", "parent is null"),
        ("narrow", "params.depth = 3 or parent is null", None),
        ("narrow", "tags.team = 'risk' and status = 'FAILED' and name = 'x'", None),
        ("narrow", "started > 5 and metrics.loss < 1", "started > 5"),
        ("local", "params.depth = 3 and metrics.loss.max < 1", "params.depth = 3 and metrics.loss.max < 1"),
    ],
)
def test_only_what_no_sidecar_can_hold_is_pushed_down(
    make_lab: Callable[[str], Any], kind: str, where: str, pushed: str | None
) -> None:
    lab = make_lab(kind)
    spy = lab.backend.adapter.runs = Spy(lab.backend.adapter.runs)
    list(lab.store.runs.search(where))
    assert spy.scans[0].where == (None if pushed is None else parse(pushed))


def test_an_ordered_backend_streams(make_lab: Callable[[str], Any]) -> None:
    lab = make_lab("local")
    fill(lab)
    spy = lab.backend.adapter.runs = Spy(lab.backend.adapter.runs)
    found = lab.store.runs.search("params.flag = true", order_by=["metrics.loss desc"], limit=2)
    assert isinstance(next(found), RunRecord)
    assert (len(spy.scans), spy.gets) == (1, 0)


def test_a_large_result_is_not_held_in_memory(make_lab: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    lab = make_lab("narrow")
    ids = fill(lab)
    monkeypatch.setattr(search_module, "_KEPT_READINGS", 2)
    monkeypatch.setattr(search_module, "_RUNS_PER_FETCH", 4)
    spy = lab.backend.adapter.runs = Spy(lab.backend.adapter.runs)
    found = lab.store.runs.search()
    first = next(found)
    assert spy.gets == 1
    gone = [run_id for run_id, place in ids.items() if place == 0]
    lab.store.runs.delete(gone[0], force=True)  # deleted between its matching and its turn
    assert [ids[run.id] for run in (first, *found)] == [10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 1]


@pytest.mark.parametrize(
    ("family", "name", "part", "held"),
    [
        ("run", "started", "", True),
        ("run", "status", "", False),
        ("run", "name", "", False),
        ("params", "depth", "", False),
        ("tags", "team", "", False),
        ("metrics", "loss", "last", False),
        ("datasets", "", "digest", False),
    ],
)
def test_a_narrow_vendor_is_trusted_with_little(
    make_lab: Callable[[str], Any], family: Any, name: str, part: str, held: bool
) -> None:
    assert holds_all(Field(family, name, part), make_lab("narrow").backend.limits) is held
    assert holds_all(Field(family, name, part), make_lab("memory").backend.limits)
