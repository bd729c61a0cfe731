"""A dump to read, and a store over it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emulators.neptune.dumps import file, point, system, value, write
from trackbridge.store import connect


@pytest.fixture
def dump(neptune_dump):
    """A dump with all there can be; nobody changes it."""
    return Path(neptune_dump["url"].removeprefix("neptune-dump://"))


@pytest.fixture
def store(neptune_dump):
    with connect(neptune_dump["url"]) as opened:
        yield opened


@pytest.fixture
def runs(store):
    """The runs of the dump by name."""
    return {run.name: run for run in store.runs.search()}


@pytest.fixture
def broken(tmp_path):
    """A dump whose export was cut short in each way there is."""
    first, _, _ = write(tmp_path, "GAP", [*system("gap")], [point("m", "0", 1.0)], [point("m", "1", 2.0)])
    first.with_name(first.name.replace("_part_0", "_part_1")).unlink()
    shutil.copy(first, first.with_name("x_part_0.parquet.tmp"))
    write(tmp_path, "BARE", [value("p", "int", 1), file("lost", "file", "BARE/lost.bin"), file("none", "file", None)])
    return tmp_path
