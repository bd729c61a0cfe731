"""A model on its way from memory to memory."""

from __future__ import annotations

import uuid

import pytest

from trackbridge.migration.models import carry_model
from trackbridge.migration.sides import Side
from trackbridge.protocol import VersionSpec
from trackbridge.store import connect


@pytest.fixture
def sides():
    with connect(f"memory://{uuid.uuid4().hex}") as left, connect(f"memory://{uuid.uuid4().hex}") as right:
        yield Side.of(left), Side.of(right)


def test_versions_of_no_run_are_counted_for_their_files_cannot_be_moved(sides):
    source, target = sides
    registry = source.adapter.registry
    registry.ensure_model("fraud")
    for number, run_id in enumerate([None, "a" * 32, None, None], 1):
        registry.create_version("fraud", VersionSpec(f"t{number}", run_id, "model", None, 5), number)
    source.store.registry.delete_version("fraud", 4)
    outcome = carry_model(source, target, "fraud")
    assert (outcome.state, outcome.verdict, outcome.unfiled) == ("copied", "equal", 2)
    again = carry_model(source, target, "fraud")
    assert (again.state, again.unfiled) == ("already", 2)
