"""A hostile data set arrives in every back end from every other with the digests it began with (C1, C3)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from e2e.migration_ends import ENDS, FIRST_TIER, THEIRS, THERE_AND_BACK, Origin, bad, digests, move, origin
from e2e.migration_world import FULL, SMALL, Size
from trackbridge.store import Store, connect

pytestmark = [pytest.mark.filterwarnings(line) for line in THEIRS]


@pytest.fixture(scope="module")
def sources(request) -> Iterator[Callable[[str, Size], tuple[Store, Origin]]]:
    """Back ends that hold a data set, each filled once, from memory; closed while the session's servers are there."""
    filled: dict[tuple[str, Size], tuple[Store, Origin]] = {}

    def filled_with(end: str, size: Size) -> tuple[Store, Origin]:
        if (end, size) not in filled:
            mark = f" {end} {size.runs} {os.environ.get('PYTEST_XDIST_WORKER', '')}".rstrip()
            known = origin(size, mark)
            store = connect(ENDS[end](request))
            assert bad(move(known.store, store, known.world)) == []
            filled[end, size] = store, known
        return filled[end, size]

    yield filled_with
    for store, known in filled.values():
        store.close()
        known.store.close()


@pytest.mark.parametrize(
    ("left", "right", "size"),
    [
        *(pytest.param(left, right, SMALL, id=f"{left}-{right}-small", marks=pytest.mark.xdist_group(f"migrate {left}"))
          for left, right in FIRST_TIER),
        *(pytest.param(left, right, FULL, id=f"{left}-{right}",
                       marks=[pytest.mark.full, pytest.mark.xdist_group(f"migrate {left}")])
          for left, right in product(ENDS, ENDS) if left != right or left in {"memory", "local", "mlflow-database"}),
    ],
)  # fmt: skip
def test_every_digest_arrives(request, sources, left, right, size) -> None:
    store, known = sources(left, size)
    with connect(ENDS[right](request)) as target:
        result = move(store, target, known.world)

        assert bad(result) == []
        assert {one.verdict for one in result.outcomes} == {"equal"}
        assert digests(target, known) == (known.runs, known.models)

        again = move(store, target, known.world)
        assert {one.state for one in again.outcomes} == {"already"}
        assert sum(one.sent_points + one.sent_files for one in again.outcomes) == 0


@pytest.mark.parametrize("end", THERE_AND_BACK)
def test_there_and_back(request, sources, end) -> None:
    store, known = sources("local", SMALL)
    with connect(ENDS[end](request)) as there, connect(ENDS["local"](request)) as home:
        assert bad(move(store, there, known.world)) == []
        again = move(store, there, known.world, verify="none")
        assert {one.state for one in again.outcomes} == {"already"}
        assert sum(one.sent_points + one.sent_files for one in again.outcomes) == 0
        assert bad(move(there, home, known.world)) == []
        assert digests(home, known) == (known.runs, known.models)


@pytest.mark.full
def test_a_round_trip_through_every_end_comes_home_as_it_left(request) -> None:
    known = origin(SMALL, " round trip")
    at = known.store
    for end in (*ENDS, "local"):
        onward = connect(ENDS[end](request))
        assert bad(move(at, onward, known.world)) == []
        if at is not known.store:
            at.close()
        at = onward
    assert digests(at, known) == (known.runs, known.models)
    at.close()
