"""R6: parents and children."""

from __future__ import annotations

from trackbridge.testing.checks import check
from trackbridge.testing.expect import same
from trackbridge.testing.lab import Lab

__all__: list[str] = []


@check("R6", "a nested start makes a child", capability="runs")
def nested(lab: Lab) -> None:
    with lab.start_run() as outer:
        with lab.start_run() as inner, lab.start_run() as innermost:
            pass
        with lab.start_run() as sibling:
            pass
    parents = {outer.id: None, inner.id: outer.id, innermost.id: inner.id, sibling.id: outer.id}
    for run_id, parent in parents.items():
        same([record.parent for record in lab.records(run_id)], [parent] * 2, "the parent")
        lab.shows("parent", lab.probed(run_id).parent, parent, "the parent on the vendor's own screen")


@check("R6", "a parent can be named, to any depth", capability="runs")
def deep(lab: Lab) -> None:
    chain = [lab.logged()]
    for _ in range(6):
        chain.append(lab.logged(parent=chain[-1]))
    second = lab.second()
    found = [chain[-1]]
    while parent := second.runs.get(found[-1]).parent:
        found.append(parent)
    same(found, chain[::-1], "the way up from the innermost run")


@check("R6", "children are found by their parent", capability="search")
def children(lab: Lab) -> None:
    parent, other = lab.logged(), lab.logged()
    mine = {lab.logged(parent=parent) for _ in range(3)}
    lab.logged(parent=other)
    same(set(lab.found(f"parent = '{parent}'")), mine, "the children")
    same(set(lab.found("parent is null")), {parent, other}, "the runs without a parent")
    same(len(lab.found("parent is not null")), 4, "the number of children")
