"""Journals to write and read, in both modes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trackbridge.journal import JournalOptions, JournalReader, JournalWriter, Ranges
from trackbridge.records.ids import new_run_id

MakeWriter = Callable[..., JournalWriter]


@pytest.fixture(params=["mapped", "plain"])
def mode(request) -> str:
    return request.param


@pytest.fixture
def make_writer(tmp_path: Path, mode: str) -> Iterator[MakeWriter]:
    """Make a writer with tiny segments; all are closed at the end."""
    made: list[JournalWriter] = []

    def make(
        *, root: Path = tmp_path, refuse=None, writer: str | None = None, waiting=None, **options
    ) -> JournalWriter:
        settings = JournalOptions(**{"mode": mode, "first_slots": 16, "most_slots": 64, **options})
        made.append(JournalWriter(root, new_run_id(), options=settings, refuse=refuse, writer=writer, waiting=waiting))
        return made[-1]

    yield make
    for writer in made:
        writer.close()


@pytest.fixture
def read_all() -> Callable[..., list]:
    """Read a journal to its present end, in batches, as a consumer does; give the entries."""

    def read(directory: Path, *, limit: int = 10_000, damage: list | None = None) -> list:
        entries, covered = [], Ranges()
        with JournalReader(directory) as reader:
            while True:
                batch = reader.read(covered, limit=limit)
                entries += batch.entries
                covered |= batch.covered
                if damage is not None:
                    damage += batch.damage
                if not batch.more:
                    return entries

    return read
