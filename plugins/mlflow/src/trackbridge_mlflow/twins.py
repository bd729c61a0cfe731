"""Which of MLflow's runs leads where racing creators made several for one id (R1).

Each creator sees its own run and all older ones, and may miss a younger one with a lesser id: the least of those
visible would be one run to the first creator, and another to the second. So the lead is settled for good:

- Whoever sees a single run marks it with a tag, looks again, and where it is still alone it leads. Of several runs at
  most one is ever marked, for of two creators the later one sees both; and who comes after that second look sees the mark.
- Otherwise a param decides, which MLflow writes once. A marked run is elected by it as it is. Where none is marked, the
  lead is first denied to all but the least: whoever had marked one of those meanwhile finds it denied, and looks again.

So a run that nobody raced for has a hidden tag, and no param that its owner did not log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trackbridge_mlflow.client import Client
from trackbridge_mlflow.ledger import claim
from trackbridge_mlflow.tags import ALONE, LEAD

__all__ = ["elect", "precedence"]

_DENIED: Final = "no"
_ELECTED, _MARKED, _OPEN, _REFUSED = range(4)


def precedence(run: Any) -> tuple[int, int, str]:
    """Order twins: the elected one first, then the marked one, the denied ones last; alike ones by start and id."""
    return _rank(run), run.info.start_time, run.info.run_id


def elect(client: Client, find: Callable[[], list[Any]]) -> Any:
    """Have one of the twins lead for good, and give it.

    Args:
        client: The client.
        find: Gives the twins by `precedence`, none of them deleted.
    """
    while True:
        first, *others = find()
        native, rank = first.info.run_id, _rank(first)
        if rank in {_ELECTED, _REFUSED}:  # where all were refused, somebody removed the elected one by hand
            return first
        if not others:
            if rank == _MARKED:
                return first
            _mark(client, native)
        elif (rank == _MARKED or _deny(client, others)) and claim(client, native, LEAD, native):
            return first


def _rank(run: Any) -> int:
    vote = run.data.params.get(LEAD)
    if vote is not None:
        return _ELECTED if vote == run.info.run_id else _REFUSED
    return _MARKED if ALONE in run.data.tags else _OPEN


def _mark(client: Client, native: str) -> None:
    from mlflow.entities import RunTag

    client.tracking.set_tag(native, RunTag(ALONE, "1"))


def _deny(client: Client, runs: list[Any]) -> bool:
    return all(claim(client, run.info.run_id, LEAD, _DENIED) for run in runs)
