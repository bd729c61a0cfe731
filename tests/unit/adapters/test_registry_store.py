from __future__ import annotations

from dataclasses import replace

import pytest

from trackbridge.errors import Conflict, NotFound
from trackbridge.protocol import Mirror, NativeVersion, VersionSpec, VersionState

SPEC = VersionSpec("token", "a" * 32, "model", "sha256:ab", 5, '{"in": []}', "model/example.json", "text", {"k": "v"})


def spec(token, run_id=None):
    return VersionSpec(token, run_id, "model", None, 0)


@pytest.fixture
def registry(adapter):
    adapter.registry.ensure_model("m")
    return adapter.registry


def test_a_model_comes_to_be_once(adapter):
    assert adapter.registry.get_model("m") is None
    for name in ("m", "z", "Ä", "m"):
        adapter.registry.ensure_model(name)
    models = list(adapter.registry.list_models())
    assert [model.name for model in models] == ["m", "z", "Ä"]
    assert adapter.registry.get_model("m") == models[0]
    assert (models[0].description, dict(models[0].tags), models[0].mirrored) == (None, {}, None)


def test_edits_of_a_model_and_a_version(registry):
    number = registry.create_version("m", SPEC)
    registry.edit_model("m", description="d", tags={"a": "1", "b": "2"})
    registry.edit_model("m", description=None, tags={"a": None})
    registry.edit_version("m", number, description="new", tags={"k": None, "l": "w"})
    registry.edit_version("m", number, description=None, tags={})

    model = registry.get_model("m")
    assert (model.description, dict(model.tags)) == ("d", {"b": "2"})
    assert list(registry.versions("m")) == [NativeVersion(1, replace(SPEC, description="new", tags={"l": "w"}))]


def test_a_deleted_model_is_spent(registry):
    registry.create_version("m", SPEC)
    registry.append_entry("m", 0, b"{}")
    for _ in range(2):
        registry.delete_model("m")
    assert registry.get_model("m").deleted
    assert list(registry.list_models()) == []
    assert list(registry.versions_of_run(SPEC.run_id)) == []
    assert (numbers_of(registry), list(registry.entries("m"))) == ([], [b"{}"])
    for act in (lambda: registry.ensure_model("m"), lambda: registry.create_version("m", spec("t"))):
        with pytest.raises(Conflict, match="deleted"):
            act()


def numbers_of(registry, model="m"):
    return [version.number for version in registry.versions(model)]


@pytest.mark.parametrize(
    "act",
    [
        lambda r: r.edit_model("nobody's", description=None, tags={}),
        lambda r: r.delete_model("nobody's"),
        lambda r: r.create_version("nobody's", SPEC),
        lambda r: list(r.versions("nobody's")),
        lambda r: r.edit_version("nobody's", 1, description=None, tags={}),
        lambda r: r.delete_version("nobody's", 1),
        lambda r: r.append_entry("nobody's", 0, b""),
        lambda r: list(r.entries("nobody's")),
        lambda r: r.set_mirror("nobody's", Mirror(0, "")),
    ],
)
def test_an_unknown_model_is_not_found(adapter, act):
    with pytest.raises(NotFound, match="nobody's"):
        act(adapter.registry)


def test_versions_count_from_one_and_never_repeat(registry):
    assert [registry.create_version("m", spec(f"t{n}")) for n in range(3)] == [1, 2, 3]
    registry.delete_version("m", 3)
    registry.delete_version("m", 3)
    registry.delete_version("m", 1)
    assert numbers_of(registry) == [2]
    assert registry.create_version("m", spec("t3")) == 4
    with pytest.raises(NotFound, match="version 3"):
        registry.edit_version("m", 3, description="x", tags={})
    with pytest.raises(NotFound, match="version 9"):
        registry.delete_version("m", 9)


def test_the_same_token_gives_the_same_number(registry):
    registry.ensure_model("other")
    assert registry.create_version("m", SPEC) == 1
    assert registry.create_version("m", replace(SPEC, description="ignored")) == 1
    assert registry.create_version("m", SPEC, 1) == 1
    assert registry.create_version("other", SPEC) == 1
    assert list(registry.versions("m")) == [NativeVersion(1, SPEC)]
    with pytest.raises(Conflict, match="same token"):
        registry.create_version("m", SPEC, 2)


def test_a_number_can_be_asked_for_once(registry):
    assert registry.create_version("m", spec("a"), 7) == 7
    assert registry.create_version("m", spec("b"), 3) == 3
    registry.delete_version("m", 7)
    for number in (3, 7):
        with pytest.raises(Conflict, match=f"version {number}"):
            registry.create_version("m", spec("c"), number)
    assert registry.create_version("m", spec("c")) == 8
    assert numbers_of(registry) == [3, 8]


def test_the_versions_of_a_run(registry):
    registry.ensure_model("a")
    registry.create_version("m", spec("1", "r"))
    registry.create_version("m", spec("2", "other"))
    registry.create_version("m", spec("3", "r"))
    registry.create_version("a", spec("4", "r"))
    registry.delete_version("m", 1)
    assert list(registry.versions_of_run("r")) == [("a", 1), ("m", 3)]
    assert list(registry.versions_of_run("none")) == []


def test_an_entry_is_created_where_its_number_is_free(registry):
    assert [registry.append_entry("m", n, b"%d" % n) for n in (0, 1, 1)] == [True, True, True]
    assert registry.append_entry("m", 1, b"other") is False
    registry.append_entry("m", 2, b"\x00\xff")
    assert list(registry.entries("m")) == [b"0", b"1", b"\x00\xff"]
    assert list(registry.entries("m", 1)) == [b"1", b"\x00\xff"]
    assert list(registry.entries("m", 3)) == []


def test_a_mirror_shows_and_an_older_one_does_not(registry):
    for token in "abc":
        registry.create_version("m", spec(token))

    def states():
        return [version.state for version in registry.versions("m")]

    registry.set_mirror(
        "m",
        Mirror(2, "h2", {1: VersionState("Staging", "approved", ("best", "champion")), 2: VersionState("Production")}),
    )
    assert registry.get_model("m").mirrored == (2, "h2")
    before = [VersionState("Staging", "approved", ("best", "champion")), VersionState("Production"), VersionState()]
    assert states() == before

    registry.set_mirror("m", Mirror(1, "h1", {1: VersionState("Archived")}))
    assert (states(), registry.get_model("m").mirrored) == (before, (2, "h2"))

    moved = Mirror(
        3, "h3", {3: VersionState("Staging", "pending", ("champion",)), 1: VersionState("Archived"), 99: VersionState()}
    )
    for _ in range(2):
        registry.set_mirror("m", moved)
    assert states() == [
        VersionState("Archived"),
        VersionState("Production"),
        VersionState("Staging", "pending", ("champion",)),
    ]


def test_an_alias_points_to_one_version(registry):
    for token in "ab":
        registry.create_version("m", spec(token))
    registry.set_mirror("m", Mirror(1, "h", {1: VersionState(aliases=("best",))}))
    registry.set_mirror("m", Mirror(2, "h", {2: VersionState(aliases=("best",))}))
    assert [version.state.aliases for version in registry.versions("m")] == [(), ("best",)]
    registry.delete_version("m", 2)
    assert [version.state.aliases for version in registry.versions("m")] == [()]
