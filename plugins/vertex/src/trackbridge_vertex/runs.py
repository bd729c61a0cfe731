"""Runs (R1–R9): contexts of the SDK's kind, each with a card that holds what the SDK has no field for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

from trackbridge.errors import Conflict, NotFound
from trackbridge.protocol import NativeRun, Opened, Refused, Scan
from trackbridge.records.writes import RunHeader, RunWrites
from trackbridge_vertex.boards import Boards
from trackbridge_vertex.card import DELETED, Card
from trackbridge_vertex.cards import Cards
from trackbridge_vertex.changes import apply, claim
from trackbridge_vertex.client import Client
from trackbridge_vertex.contexts import RUN_SCHEMA, Contexts, id_of
from trackbridge_vertex.experiments import Experiments
from trackbridge_vertex.finding import Finder, Place
from trackbridge_vertex.lineage import Lineage
from trackbridge_vertex.names import run_context_id, shown_name
from trackbridge_vertex.native import native_run

__all__ = ["Runs"]

_SCHEMA_VERSION: Final = "0.0.1"
_THREADS: Final = 8
_SIDECAR: Final = "sidecar/"


class Runs:
    """See `trackbridge.protocol.RunStore`."""

    def __init__(  # noqa: PLR0917 - one place makes it
        self,
        client: Client,
        contexts: Contexts,
        experiments: Experiments,
        finder: Finder,
        cards: Cards,
        boards: Boards,
        lineage: Lineage,
    ) -> None:
        self._client = client
        self._contexts = contexts
        self._experiments = experiments
        self._finder = finder
        self._cards = cards
        self._boards = boards
        self._lineage = lineage

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Create the run if absent."""
        place = self._finder.place(header.id)
        if place is None:
            experiment = self._experiments.existing(header.experiment)
            place = self._finder.settle(header.id, Place(run_context_id(experiment, header.id), experiment))
        found = self._cards.current(place.context)
        if found is not None:
            return self._opened_again(found[0], found[1], place)
        self._finder.forget(header.id)
        place = self._finder.place(header.id) or place  # raises where it was purged since it was remembered
        card = Card(header.id, header.experiment, header.started_ms, parent=header.parent, name=name)
        context = self._client.message(
            "Context",
            display_name=shown_name(name, header.id),
            schema_title=RUN_SCHEMA,
            schema_version=_SCHEMA_VERSION,
        )
        self._cards.write(card, context)
        context, created = self._contexts.create(place.context, context)
        self._show(place, header.parent)
        return Opened(place.context, self._urls(place), created=created)

    def _opened_again(self, context: Any, card: Card, place: Place) -> Opened:
        if card.deleted:
            raise Conflict(f"the run {card.run_id} was deleted", clause="R5", remedy="Restore it, or take a new id.")
        if not any(id_of(parent) == place.experiment for parent in context.parent_contexts) and not card.foreign:
            self._show(place, card.parent)  # its creator died before that
        return Opened(place.context, self._urls(place), created=False)

    def _show(self, place: Place, parent: str | None) -> None:
        """Put a run where the console looks for it: in its experiment, and below its parent."""
        self._contexts.adopt(place.experiment, place.context)
        above = None
        if parent is not None:
            with suppress(Conflict):  # purged
                above = self._finder.place(parent)
        if above is not None:
            with suppress(NotFound):  # the parent may arrive later, or never: the card is what counts
                self._contexts.adopt(above.context, place.context)

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Claim an owner epoch if nobody has; False if it is taken (R5)."""
        nonce = uuid4().hex
        return self._cards.update(self._finder.existing(run_id).context, lambda card: claim(card, epoch, nonce))

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Apply a batch; give what was refused."""
        place = self._finder.existing(run_id)
        if not place.context.endswith(run_id):
            place = self._finder.settle(run_id, place)  # a foreign run that is written to is found like ours
        refused = self._cards.update(place.context, lambda card: apply(card, writes))
        if writes.datasets:
            self._lineage.use(run_id, place, writes.datasets)
        return refused

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids, deleted ones too; an unknown id is left out."""
        wanted = list(dict.fromkeys(run_ids))
        if len(wanted) == 1:
            found = [self._get(wanted[0])]
        else:
            with ThreadPoolExecutor(_THREADS) as pool:
                found = list(pool.map(self._get, wanted))
        return {run.id: run for run in found if run is not None}

    def _get(self, run_id: str) -> NativeRun | None:
        try:
            place = self._finder.existing(run_id)
        except NotFound:
            return None
        found = self._cards.current(place.context)
        return None if found is None else self._record(*found)

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through runs, each once; filter and order are left to the core."""
        deleted = scan.deleted == "only"
        for where in self._filters(scan.experiments, deleted=deleted):
            for context in self._contexts.list(where, "create_time"):
                card = self._cards.read(context)
                if card is None:  # replaced since the page was read
                    found = self._cards.current(id_of(context.name))
                    if found is None:
                        continue
                    context, card = found  # noqa: PLW2901 - the same one, read again
                if card.deleted == deleted and self._within(card, scan.experiments):
                    yield self._record(context, card)

    def _filters(self, experiments: Sequence[str] | None, *, deleted: bool) -> Iterator[str]:
        """Give filters that let all runs of these experiments through: deleted ones are in none any more."""
        kind = f'schema_title="{RUN_SCHEMA}"'
        if experiments is None or deleted:
            yield f"{kind} AND metadata.{DELETED}.bool_value=true" if deleted else kind
            return
        for name in dict.fromkeys(experiments):
            found = self._experiments.find(name)
            if found is not None:
                yield f'{kind} AND parent_contexts:"{found.name}"'

    def _within(self, card: Card, experiments: Sequence[str] | None) -> bool:
        return experiments is None or self._experiment(card) in experiments

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Delete or restore (R7): a deleted run is in no experiment, so that the console and the SDK do not list it."""
        place = self._finder.existing(run_id)
        if not place.context.endswith(run_id):
            place = self._finder.settle(run_id, place)

        def change(card: Card) -> str | None:
            card.deleted = deleted
            return card.parent

        parent = self._cards.update(place.context, change)
        experiment = place.experiment or self._foreign_experiment(place)
        if deleted:
            self._contexts.disown(experiment, place.context)
        else:
            self._show(Place(place.context, experiment), parent)

    def _foreign_experiment(self, place: Place) -> str:
        found = self._cards.current(place.context)
        return found[1].experiment if found else ""

    def purge(self, run_id: str) -> None:
        """Remove the run and all it has, physically; its id stays spent (R7)."""
        try:
            place = self._finder.existing(run_id)
        except NotFound:
            if self._finder.is_spent(run_id):
                return
            raise
        self._boards.delete(place)
        self._boards.forget(run_id)
        self._lineage.forget_run(run_id)
        self._contexts.delete(place.context)
        self._client.storage.delete_all(f"runs/{run_id}/", but=f"runs/{run_id}/run.json")
        self._finder.spend(run_id)

    def _record(self, context: Any, card: Card) -> NativeRun:
        sidecar: list[str] = []
        if card.sidecar:
            folder = f"runs/{card.run_id}/objects/"
            sidecar = [found.name.removeprefix(folder) for found in self._client.storage.find(f"{folder}{_SIDECAR}")]
        place = Place(id_of(context.name), self._experiment_id(card, context))
        series = self._boards.find(place) if card.foreign else None
        return native_run(
            context,
            card,
            experiment=self._experiment(card),
            urls=self._urls(place),
            sidecar=sidecar,
            series=series.series if series else (),
        )

    def _experiment(self, card: Card) -> str:
        return self._experiments.name_of(card.experiment) if card.foreign else card.experiment

    def _experiment_id(self, card: Card, context: Any) -> str:
        if card.foreign:
            return card.experiment
        return id_of(context.name).removesuffix(f"-{card.run_id}")

    def _urls(self, place: Place) -> tuple[str, ...]:
        address = self._client.address
        base = f"https://console.cloud.google.com/vertex-ai/experiments/locations/{address.location}/experiments"
        return (f"{base}/{place.experiment}/runs/{place.context}?project={address.project}",)
