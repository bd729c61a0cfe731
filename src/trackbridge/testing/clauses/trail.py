"""G5: one chain per model says who decided what; what was done past it is reported, and wins."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise

from trackbridge.errors import IntegrityError, NotFound
from trackbridge.records.times import now_ms
from trackbridge.records.trail import GENESIS, decode_entry, encode_entry, entry_hash
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.lab import Lab

__all__: list[str] = []


def _decided(lab: Lab) -> str:
    """Make a model about which six decisions were taken."""
    model = lab.model(versions=3)
    registry = lab.store.registry
    registry.transition(model, 1, "Staging", actor="alice", comment="first\n\u6587")
    registry.approve(model, 1, actor="bob", comment="fine")
    registry.transition(model, 1, "Production", actor="alice")
    registry.set_alias(model, "champion", 1, actor="carol")
    registry.transition(model, 2, "Production", archive_existing="all", actor="dan", comment="better")
    registry.set_alias(model, "champion", 2, actor="dan")
    return model


@check("G5", "the trail says who did what, when and why", capability="trail")
def entries(lab: Lab) -> None:
    before = now_ms()
    model = _decided(lab)
    for store in lab.stores():
        trail = list(store.registry.history(model))
        same([(one.n, one.actor, one.action, one.version) for one in trail],
             [(0, "alice", "transition", 1), (1, "bob", "approval", 1), (2, "alice", "transition", 1),
              (3, "carol", "set_alias", 1), (4, "dan", "transition", 2), (5, "dan", "set_alias", 2)],
             "number, actor, action and version")  # fmt: skip
        same([one.comment for one in trail], ["first\n\u6587", "fine", None, None, "better", None], "the comments")
        same([(one.stage, one.approval, one.alias) for one in trail],
             [("Staging", None, None), (None, "approved", None), ("Production", None, None), (None, None, "champion"),
              ("Production", None, None), (None, None, "champion")], "what was decided")  # fmt: skip
        same([list(one.archived) for one in trail], [[], [], [], [], [1], []], "what was archived")
        holds(all(before <= one.when_ms <= now_ms() for one in trail), "the times are those of the clock")
        holds(all(a.when_ms <= b.when_ms for a, b in pairwise(trail)), "time goes forward")


@check("G5", "each entry names the hash of the one before", capability="trail")
def chained(lab: Lab) -> None:
    stored = lab.probed_model(_decided(lab)).entries
    same(len(stored), 6, "how many entries the raw client sees")
    previous = GENESIS
    for n, data in enumerate(stored):
        entry = decode_entry(data)
        same((entry.n, entry.previous), (n, previous), "number and previous hash")
        previous = hashlib.sha256(data).hexdigest()


@check("G5", "the history of a version is what changed it", capability="trail")
def of_one_version(lab: Lab) -> None:
    model = _decided(lab)
    for store in lab.stores():
        numbers = {v: [one.n for one in store.registry.history(model, v)] for v in (1, 2, 3)}
        holds({0, 1, 2, 3, 4} <= set(numbers[1]), f"version 1 was changed by entries 0 to 4: {numbers[1]}")
        holds({4, 5} <= set(numbers[2]) <= {4, 5}, f"version 2 was changed by entries 4 and 5: {numbers[2]}")
        same(numbers[3], [], "the entries about version 3")
    with raises(NotFound):
        list(lab.store.registry.history(lab.name("absent")))


@check("G5", "an entry is created only where its number is free", capability="trail")
def conditional(lab: Lab) -> None:
    model = _decided(lab)
    registry, stored = lab.backend.adapter.registry, lab.probed_model(model).entries
    forged = encode_entry(replace(decode_entry(stored[3]), actor="mallory"))
    same(registry.append_entry(model, 3, forged), False, "creating a taken entry with other bytes")
    same(lab.reopen().adapter.registry.append_entry(model, 3, stored[3]), True, "creating it again with the same")
    same(list(registry.entries(model)), list(stored), "the trail")
    same(list(registry.entries(model, 4)), list(stored[4:]), "the trail from entry 4 on")


@check("G5", "a changed entry is detected", capability="trail")
def forged(lab: Lab) -> None:
    model = _decided(lab)
    stored = list(lab.probed_model(model).entries)
    stored[2] = encode_entry(replace(decode_entry(stored[2]), actor="mallory"))
    lab.probe.replace_entries(model, tuple(stored))
    with raises(IntegrityError) as caught:
        list(lab.second().registry.history(model))
    contains(caught, model, "the message")


@check("G5", "a cut tail is detected", capability="trail")
def cut(lab: Lab) -> None:
    for keep in (4, 3):
        model = _decided(lab)
        lab.probe.replace_entries(model, lab.probed_model(model).entries[:keep])
        with raises(IntegrityError, what=f"reading {keep} of 6 entries"):
            list(lab.second().registry.history(model))


@check("G5", "a missing first entry is detected", capability="trail")
def beheaded(lab: Lab) -> None:
    model = _decided(lab)
    lab.probe.replace_entries(model, lab.probed_model(model).entries[1:])
    with raises(IntegrityError):
        list(lab.second().registry.history(model))


@check("G5", "a head one behind its chain is no fault", capability="trail")
def head_behind(lab: Lab) -> None:
    model = _decided(lab)
    last = decode_entry(lab.probed_model(model).entries[-1])
    newer = replace(last, n=6, previous=entry_hash(encode_entry(last)), alias="other", version=3, actor="eve")
    same(lab.backend.adapter.registry.append_entry(model, 6, encode_entry(newer)), True, "whether it was free")
    for store in lab.stores():  # its writer died before it could mirror the fold
        same([one.actor for one in store.registry.history(model)][-1], "eve", "who wrote the last entry")
        same(store.registry.get(model, "other").number, 3, "the version of the alias it set")
    lab.store.registry.transition(model, 3, "Staging")
    same(lab.second().registry.get(model, 3).stage, "Staging", "the stage after one more act")
    same(len(lab.probed_model(model).entries), 8, "how many entries there are")


@check("G5", "a stage changed outside is reported, and wins", capability="trail")
def outside(lab: Lab) -> None:
    model = _decided(lab)
    same([one.outside for one in lab.store.registry.versions(model)], [(), (), ()], "what was changed outside before")
    lab.probe.set_stage(model, 3, "Staging")
    for store in lab.stores():
        version = store.registry.get(model, 3)
        same((version.stage, version.outside), ("Staging", ("stage",)), "the version changed outside")
        same([one.outside for one in store.registry.versions(model)][:2], [(), ()], "the others")
    lab.store.registry.transition(model, 1, "Staging")
    same(lab.second().registry.get(model, 3).stage, "Staging", "the outside stage after one more act")


@check("G5", "the fold is mirrored with the entry it stands for", capability="trail")
def mirrored(lab: Lab) -> None:
    model = _decided(lab)
    stored = lab.probed_model(model)
    native = lab.reopen().adapter.registry.get_model(model)
    holds(native is not None, "the adapter gives the model")
    assert native is not None
    same(native.mirrored, (6, entry_hash(stored.entries[-1])), "count and head on the model")
    states = {number: (state.stage, state.approval, list(state.aliases)) for number, state in stored.versions.items()}
    expected = {1: ("Archived", "approved", []), 2: ("Production", "pending", ["champion"]), 3: ("None", "pending", [])}
    lab.shows("stage", states, expected, "the fold on the vendor's own screen")


@check("G5", "an older mirror changes nothing", capability="trail")
def old_mirror(lab: Lab) -> None:
    from trackbridge.protocol import Mirror, VersionState

    model = _decided(lab)
    before = lab.probed_model(model)
    old = Mirror(2, entry_hash(before.entries[1]), {1: VersionState("Staging", "approved", ())})
    lab.backend.adapter.registry.set_mirror(model, old)
    same(lab.probed_model(model).versions, before.versions, "the vendor's own fields")
    same([one.outside for one in lab.second().registry.versions(model)], [(), (), ()], "what was changed outside")
