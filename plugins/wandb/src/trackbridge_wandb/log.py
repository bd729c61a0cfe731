"""An append-only log whose order the service gives: a collection that versions are linked to.

W&B numbers the members of a collection as they are linked, one after the other, in the one request that makes them
visible. So of several that append at once all readers see one order, and whoever comes first in it has the place: that
is the conditional write that the audit trail and the numbers of model versions rest on. What is appended is whole
before it is linked. Nothing is ever unlinked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trackbridge_wandb.address import LEDGER
from trackbridge_wandb.client import Client
from trackbridge_wandb.versions import Collection, Content, Version, Versions

__all__ = ["Log"]


class Log:
    """Logs of one kind, each with a name of its own.

    Args:
        client: The entity.
        versions: Its versions.
        kind: The type of W&B's artifacts that are the entries.
        prefix: What the collections' names begin with.
    """

    def __init__(self, client: Client, versions: Versions, kind: str, prefix: str) -> None:
        self._entity = client.address.entity
        self._versions = versions
        self._kind = kind
        self._prefix = prefix

    def append(
        self,
        name: str,
        run: tuple[str, str],
        sequence: str,
        metadata: Mapping[str, Any],
        contents: Iterable[Content] = (),
    ) -> str:
        """Append an entry; give its version's id.

        Args:
            name: The log.
            run: The project and the run that the version is logged by.
            sequence: The collection that it is logged to, in that project.
            metadata: What the entry says.
            contents: Files that come with it.
        """
        artifact = self._versions.make(
            Collection(self._entity, run[0], self._kind, sequence), run[1], metadata, contents
        )
        self._versions.link(artifact, self._collection(name))
        return artifact

    def read(self, name: str) -> list[Version]:
        """Give all entries in their order; an entry that was linked twice may come twice."""
        return self._versions.list(self._collection(name))

    def _collection(self, name: str) -> Collection:
        return Collection(self._entity, LEDGER, self._kind, f"{self._prefix}-{name}")
