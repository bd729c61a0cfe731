"""Which of MLflow's runs leads where racing creators made several for one id (R1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trackbridge_mlflow.client import Client
from trackbridge_mlflow.ledger import claim
from trackbridge_mlflow.tags import LEAD

__all__ = ["elect", "precedence"]

_NOT_THIS: Final = "no"


def precedence(run: Any) -> tuple[bool, int, str]:
    """Order twins: the one that was elected first, then by start and MLflow's id."""
    return not _leads(run), run.info.start_time, run.info.run_id


def elect(client: Client, find: Callable[[], list[Any]]) -> list[Any]:
    """Have one of the twins lead for good, and give them, that one first.

    Each creator sees its own run and all older ones, and may miss a younger one with a lesser id: the least alone would
    be one run to the first creator, and another to the second. So each run has a param, written once, that says whether
    it leads. An elector first denies that to all but the least. Of two electors the one who saw fewer runs finds its
    own least denied, or has it elected already before the other could deny it; the one who loses looks again.

    Args:
        client: The client.
        find: Gives the twins by `precedence`, none of them deleted.
    """
    while True:
        found = find()
        least, *others = (run.info.run_id for run in found)
        if _leads(found[0]):
            return found
        if all(claim(client, other, LEAD, _NOT_THIS) for other in others) and claim(client, least, LEAD, least):
            return found


def _leads(run: Any) -> bool:
    return bool(run.data.params.get(LEAD) == run.info.run_id)
