"""``store.runs``: finding, reading, editing and deleting runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from trackbridge.errors import Conflict, Unsupported
from trackbridge.protocol import Scan
from trackbridge.query import Compare, Field
from trackbridge.records.digests import digest
from trackbridge.records.runs import RunRecord
from trackbridge.sidecar import Difference
from trackbridge.store.digests import canonical_form
from trackbridge.store.edits import apply_edit
from trackbridge.store.files import Files
from trackbridge.store.reading import Reader
from trackbridge.store.search import make_query, search
from trackbridge.store.tables import runs_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Runs"]

_NAMED_AT_MOST = 3


class Runs:
    """The runs of a store; a deleted one is not found until it is restored (R7)."""

    def __init__(self, reader: Reader, files: Files) -> None:
        self._reader = reader
        self._files = files

    def get(self, run_id: str) -> RunRecord:
        """Give a run.

        Raises:
            Rejected: that is no run id.
            NotFound: there is no such run, or it was deleted.
        """
        return self._reader.record(self._reader.find(run_id))

    def search(
        self,
        where: str | None = None,
        *,
        experiments: Sequence[str] | None = None,
        order_by: Sequence[str] | None = None,
        limit: int | None = None,
        deleted: bool = False,
    ) -> Iterator[RunRecord]:
        """Give the runs that match; same query, same runs, same order on every backend (S4).

        Args:
            where: Such as ``metrics.val_auc > 0.9 and tags.team = 'risk'``; None for all.
            experiments: Only the runs of these; None for all.
            order_by: Such as ``["metrics.val_auc desc"]``; by default started desc, and ties always by id.
            limit: The most runs to give.
            deleted: Give the deleted runs instead.

        Raises:
            Rejected: the query cannot be read; the message has the position, and what was expected.
        """
        query = make_query(where, experiments, order_by, limit, deleted=deleted)
        return (self._reader.record(reading) for reading in search(self._reader, query))

    def table(
        self,
        where: str | None = None,
        *,
        experiments: Sequence[str] | None = None,
        order_by: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """Give the same search as a ``pyarrow.Table``, a row a run.

        Columns: id, name, experiment, status, started, ended, parent, ``params.…``, ``metrics.…`` (last), ``tags.…``;
        a param column of mixed type is JSON text.

        Raises:
            ConfigurationError: pyarrow is not installed.
        """
        return runs_table(self._reader, search(self._reader, make_query(where, experiments, order_by, limit)))

    def edit(
        self,
        run_id: str,
        *,
        tags: Mapping[str, str | None] | None = None,
        notes: str | None = None,
        name: str | None = None,
    ) -> None:
        """Set tags, the notes and the name of a run; a tag of None is deleted, what is not given stays.

        Raises:
            NotFound: there is no such run.
            Rejected: a value that can never be kept.
        """
        self._reader.native(run_id)
        apply_edit(self._reader.backend, run_id, tags=tags, notes=notes, name=name)

    def delete(self, run_id: str, *, force: bool = False) -> None:
        """Mark a run deleted; `restore` brings it back with all it had (R7).

        Args:
            run_id: The run.
            force: Delete it although a model version points to it, or it has children.

        Raises:
            NotFound: there is no such run.
            Conflict: it is needed, and `force` was not given; nothing was changed.
        """
        if self._reader.native(run_id, deleted=True).deleted:
            return
        if not force:
            self._refuse_if_needed(run_id)
        self._reader.adapter.runs.set_deleted(run_id, deleted=True)

    def restore(self, run_id: str) -> None:
        """Bring a deleted run back; one that is not deleted stays as it is."""
        if self._reader.native(run_id, deleted=True).deleted:
            self._reader.adapter.runs.set_deleted(run_id, deleted=False)

    def purge(self, run_id: str, *, force: bool = False) -> None:
        """Remove a run and all it has, physically; its id is spent (R7).

        Args:
            run_id: The run, deleted or not.
            force: As for `delete`.

        Raises:
            Unsupported: the backend cannot.
            NotFound: there is no such run.
            Conflict: it is needed, and `force` was not given; nothing was changed.
        """
        backend = self._reader.backend
        if absent := backend.spec.capabilities.absent("purge"):
            raise Unsupported(
                f"{backend.url} cannot purge runs: {absent.reason}",
                capability="purge",
                clause="R7",
                remedy="Delete it instead: then it is neither got nor found.",
            )
        self._reader.native(run_id, deleted=True)
        if not force:
            self._refuse_if_needed(run_id)
        backend.adapter.runs.purge(run_id)

    def digest(self, run_id: str, content: bool = False) -> str:
        """Give ``sha256:hex`` of the run's canonical form; a migrated run keeps it (C1).

        Args:
            run_id: The run.
            content: Leave out ids, times, source and environment: alike for a deterministic script on any backend (C2).
        """
        return digest(self.canonical(run_id, content=content))

    def canonical(self, run_id: str, *, content: bool = False) -> str:
        """Give the canonical form itself: JSON that names every fact, so that two runs can be compared (C1, C2)."""
        return canonical_form(self._reader, self._files, self._reader.find(run_id), content=content)

    def environment(self, run_id: str) -> dict[str, bytes]:
        """Give the files of the run's environment by name, such as ``packages.txt`` and ``dirty.patch`` (E1).

        Raises:
            NotFound: there is no such run.
        """
        return self._files.environment_data(self._reader.find(run_id))

    def differences(self, run_id: str) -> tuple[Difference, ...]:
        """Give what was changed in the backend's own fields past trackbridge, which is what `get` shows (X3)."""
        return self._reader.find(run_id).merged.differences

    def _refuse_if_needed(self, run_id: str) -> None:
        adapter = self._reader.adapter
        versions = sorted(adapter.registry.versions_of_run(run_id))
        if versions:
            named = ", ".join(f"version {number} of model {model!r}" for model, number in versions[:_NAMED_AT_MOST])
            raise _needed(run_id, f"{named}{_more(len(versions))} was made from it")
        scan = Scan(where=Compare(Field("run", "parent"), "=", run_id))
        children = (child.id for child in adapter.runs.scan(scan) if child.parent == run_id)
        if named := ", ".join(islice(children, _NAMED_AT_MOST)):
            raise _needed(run_id, f"it is the parent of {named}")


def _more(count: int) -> str:
    return f" and {count - _NAMED_AT_MOST} more" if count > _NAMED_AT_MOST else ""


def _needed(run_id: str, why: str) -> Conflict:
    return Conflict(
        f"run {run_id} is needed: {why}", clause="R7", remedy="Delete that first, or delete the run with force=True."
    )
