from __future__ import annotations

import pytest

from trackbridge.errors import NotFound


def test_one_comes_to_be_once(adapter):
    assert list(adapter.experiments.list()) == []
    adapter.experiments.ensure("fraud")
    first = adapter.experiments.get("fraud")
    adapter.experiments.ensure("fraud")

    assert list(adapter.experiments.list()) == [first]
    assert (first.name, first.description, dict(first.tags), first.deleted) == ("fraud", None, {}, False)
    assert first.created_ms > 0


def test_an_unknown_one_is_none_and_cannot_be_changed(adapter):
    assert adapter.experiments.get("nobody's") is None
    with pytest.raises(NotFound, match="nobody's"):
        adapter.experiments.edit("nobody's", description="x", tags={})
    with pytest.raises(NotFound, match="nobody's"):
        adapter.experiments.delete("nobody's")


def test_edits_add_up_and_none_deletes_a_tag(adapter):
    adapter.experiments.ensure("e")
    adapter.experiments.edit("e", description="first", tags={"team": "risk", "a": "1"})
    adapter.experiments.edit("e", description=None, tags={"a": None, "b": "2", "never": None})

    held = adapter.experiments.get("e")
    assert (held.description, dict(held.tags)) == ("first", {"team": "risk", "b": "2"})


def test_a_deleted_one_is_hidden_and_comes_back_whole_on_use(adapter):
    adapter.experiments.ensure("e")
    adapter.experiments.edit("e", description="kept", tags={"k": "v"})
    before = adapter.experiments.get("e")
    adapter.experiments.delete("e")
    adapter.experiments.delete("e")

    assert list(adapter.experiments.list()) == []
    assert adapter.experiments.get("e").deleted

    adapter.experiments.ensure("e")
    assert adapter.experiments.get("e") == before


def test_they_are_listed_by_code_point(adapter):
    names = ["z", "Ä", "a", "A", "\U0001f600", "\uffee", "e\u0301", "é"]
    for name in names:
        adapter.experiments.ensure(name)
    assert [one.name for one in adapter.experiments.list()] == sorted(names)
