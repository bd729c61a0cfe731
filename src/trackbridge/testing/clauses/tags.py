"""T1, T2: the greatest stamp wins; some names are ours."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from trackbridge.errors import Rejected
from trackbridge.records.writes import AttributeWrite, RunWrites, Stamp, TagWrite
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, raises, same
from trackbridge.testing.hostile import BAD_NAMES, NAMES, TEXTS
from trackbridge.testing.lab import Lab

__all__: list[str] = []


@check("T1", "odd names and texts come back", capability="tags")
def odd(lab: Lab) -> None:
    tags = {name: TEXTS[n % len(TEXTS)] for n, name in enumerate(NAMES)}
    tags |= {f"t{n}": text for n, text in enumerate(TEXTS)}
    run_id = lab.logged(tags=tags)
    for record in lab.records(run_id):
        same(record.tags, tags, "the tags")
    shown = lab.probed(run_id).tags
    for n, text in enumerate(TEXTS):
        situation = "nul" if "\0" in text else "long-tag"
        lab.shows(situation, shown.get(f"t{n}"), text, "a tag on the vendor's own screen")
    for name in NAMES:
        lab.shows("tag-name", name in shown, True, f"whether the raw client sees the tag {name!r}")


@check("T1", "a tag is set anew and deleted", capability="tags")
def changed(lab: Lab) -> None:
    with lab.start_run(tags={"a": "1", "b": "1", "c": "1"}) as run:
        run.set_tag("a", "2")
        run.set_tags({"a": "3", "d": ""})
        run.delete_tag("b")
        run.delete_tag("never-set")
    for record in lab.records(run.id):
        same(record.tags, {"a": "3", "c": "1", "d": ""}, "the tags")
    shown = lab.probed(run.id).tags
    same({name: shown.get(name) for name in "abcd"}, {"a": "3", "b": None, "c": "1", "d": ""}, "what is shown")


@check("T1", "a store edits and deletes tags of an ended run", capability="tags")
def edited(lab: Lab) -> None:
    run_id = lab.logged(tags={"a": "1", "b": "1"})
    lab.store.runs.edit(run_id, tags={"a": None, "b": "2", "c": "3"})
    for record in lab.records(run_id):
        same((record.tags, record.status), ({"b": "2", "c": "3"}, "FINISHED"), "the run")
    lab.second().runs.edit(run_id, tags={"b": "4"})
    same([record.tags for record in lab.records(run_id)], [{"b": "4", "c": "3"}] * 2, "the tags after another editor")
    same(lab.probed(run_id).tags.get("b"), "4", "the tag on the vendor's own screen")


@check("T1", "64 KiB are kept, one byte more and other types are refused", capability="tags")
def large(lab: Lab) -> None:
    longest = "\u6587" * (64 * 1024 // 3)
    bad: Any
    with lab.start_run(tags={"long": longest}) as run:
        for bad in ("x" * (64 * 1024 + 1), 1, None, 1.5, b"x", ["x"], "\ud800"):
            with raises(Rejected, what=f"set_tag('bad', {str(bad)[:20]!r})"):
                run.set_tag("bad", bad)
        for bad in BAD_NAMES:
            with raises(Rejected, what=f"set_tag({bad!r}, 'x')"):
                run.set_tag(bad, "x")
    for record in lab.records(run.id):
        same(record.tags, {"long": longest}, "the tags")
    lab.shows("long-tag", lab.probed(run.id).tags.get("long"), longest, "the long tag on the vendor's own screen")


def _after(lab: Lab, stamped: list[tuple[str | None, Stamp]]) -> str | None:
    """Deliver writes of one tag in this order; give what readers then agree on."""
    run_id = lab.logged()
    for value, stamp in stamped:
        lab.write(run_id, RunWrites(tags=(TagWrite("t", value, stamp),)), writer=stamp.writer)
    first, second = (record.tags.get("t") for record in lab.records(run_id))
    same(second, first, "the tag that a second reader sees")
    return first


@check("T1", "the greatest time wins, however the writes arrive", capability="tags")
def greatest_time(lab: Lab) -> None:
    writes: list[tuple[str | None, Stamp]] = [
        ("early", Stamp(1_000, "zz", 9)),
        ("middle", Stamp(2_000, "mm", 5)),
        ("late", Stamp(3_000, "aa", 1)),
    ]
    for order in permutations(writes):
        same(_after(lab, list(order)), "late", f"the tag after {[value for value, _ in order]}")


@check("T1", "at one time the writer decides, then the sequence", capability="tags")
def ties(lab: Lab) -> None:
    writers: list[tuple[str | None, Stamp]] = [("a", Stamp(1_000, "a", 9)), ("b", Stamp(1_000, "b", 1))]
    sequences: list[tuple[str | None, Stamp]] = [("2", Stamp(1_000, "a", 2)), ("10", Stamp(1_000, "a", 10))]
    for pair, winner in ((writers, "b"), (sequences, "10")):
        same((_after(lab, pair), _after(lab, pair[::-1])), (winner, winner), "the tag in either order")


@check("T1", "a late delivery does not bring a deleted tag back", capability="tags")
def deleted_stays(lab: Lab) -> None:
    old: tuple[str | None, Stamp] = ("old", Stamp(1_000, "a", 1))
    gone: tuple[str | None, Stamp] = (None, Stamp(2_000, "b", 1))
    new: tuple[str | None, Stamp] = ("new", Stamp(3_000, "c", 1))
    same([_after(lab, [old, gone]), _after(lab, [gone, old])], [None, None], "the deleted tag")
    same([_after(lab, [old, gone, new]), _after(lab, [new, gone, old])], ["new", "new"], "the tag set again")


@check("T1", "attributes follow the same rule", capability="runs")
def attributes(lab: Lab) -> None:
    late = AttributeWrite("notes", "late", Stamp(4_000_000_000_000_000_000, "a", 1))
    early = AttributeWrite("notes", "early", Stamp(3_000_000_000_000_000_000, "b", 1))
    for order in ((late, early), (early, late)):
        run_id = lab.logged()
        for one in order:
            lab.write(run_id, RunWrites(attributes=(one,)), writer=one.stamp.writer)
        same([record.attributes.get("notes") for record in lab.records(run_id)], ["late"] * 2, "the notes")


@check("T1", "writing the same once more changes nothing", capability="tags")
def repeated(lab: Lab) -> None:
    write = RunWrites(tags=(TagWrite("t", "x", Stamp(4_000_000_000_000_000_000, "a", 1)),))
    run_id = lab.logged()
    lab.write(run_id, write, writer="a")
    before = lab.store.runs.digest(run_id)
    lab.write(run_id, write, writer="a")
    same([store.runs.digest(run_id) for store in lab.stores()], [before] * 2, "the digest")


@check("T2", "names that begin with trackbridge. are refused", capability="tags")
def reserved(lab: Lab) -> None:
    with lab.start_run() as run:
        for tags in ({"trackbridge.x": "1"}, {"ok": "1", "trackbridge.": "1"}):
            with raises(Rejected) as caught:
                run.set_tags(tags)
            contains(caught, "trackbridge.", "the message")
        with raises(Rejected):
            run.delete_tag("trackbridge.x")
    with raises(Rejected):
        lab.start_run(tags={"trackbridge.exception": "x"})
    with raises(Rejected):
        lab.store.runs.edit(run.id, tags={"trackbridge.exception": "x"})
    same([record.tags for record in lab.records(run.id)], [{}, {}], "the tags")


@check("T2", "names that only look like it are free", capability="tags")
def free(lab: Lab) -> None:
    tags = {"trackbridge": "1", "trackbridges.x": "2", "Trackbridge.x": "3", "my.trackbridge.x": "4"}
    run_id = lab.logged(tags=tags)
    same([record.tags for record in lab.records(run_id)], [tags] * 2, "the tags")
