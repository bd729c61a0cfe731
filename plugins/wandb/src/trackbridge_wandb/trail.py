"""The audit trail (G5): a log a model; the first entry that claims a number has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trackbridge_wandb.address import LEDGER
from trackbridge_wandb.client import Client
from trackbridge_wandb.log import Log
from trackbridge_wandb.objects import model_run
from trackbridge_wandb.versions import Versions

__all__ = ["Trails"]

_KIND: Final = "trackbridge-trail"
_NUMBER, _ENTRY = "n", "entry"


class Trails:
    """The trails of all models."""

    def __init__(self, client: Client, versions: Versions) -> None:
        self._log = Log(client, versions, _KIND, "trail")

    def append(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` if absent; False if it is taken by other bytes."""
        taken = self._claims(model).get(n)
        if taken is None:
            run = model_run(model)
            metadata = {_NUMBER: n, _ENTRY: data.decode()}
            self._log.append(run, (LEDGER, run), f"entries-{run}", metadata)
            taken = self._claims(model).get(n)
        return taken == data

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order, up to the first that is missing."""
        claims = self._claims(model)
        n = start
        while (data := claims.get(n)) is not None:
            yield data
            n += 1

    def _claims(self, model: str) -> dict[int, bytes]:
        claims: dict[int, bytes] = {}
        for version in self._log.read(model_run(model)):
            claims.setdefault(int(version.metadata[_NUMBER]), str(version.metadata[_ENTRY]).encode())
        return claims
