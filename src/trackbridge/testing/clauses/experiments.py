"""R2: experiments come to be on first use and come back."""

from __future__ import annotations

from trackbridge.errors import NotFound, Rejected
from trackbridge.testing.checks import check
from trackbridge.testing.expect import holds, raises, same
from trackbridge.testing.hostile import BAD_NAMES, NAMES
from trackbridge.testing.lab import Lab

__all__: list[str] = []


@check("R2", "an experiment comes to be on first use", capability="experiments")
def first_use(lab: Lab) -> None:
    with raises(NotFound):
        lab.store.experiments.get(lab.experiment)
    run_id = lab.logged()
    for store in lab.stores():
        same(store.experiments.get(lab.experiment).name, lab.experiment, "the experiment")
        holds(lab.experiment in [one.name for one in store.experiments.list()], "it is listed")
    same(lab.probed(run_id).experiment, lab.experiment, "the experiment that the raw client sees")


@check("R2", "description and tags are edited one by one", capability="experiments")
def experiment_edit(lab: Lab) -> None:
    lab.logged()
    lab.store.experiments.edit(lab.experiment, description="  what\nfor \u6587", tags={"a": "1", "b": "2 "})
    lab.store.experiments.edit(lab.experiment, tags={"a": None, "c": "\u00e9"})
    for store in lab.stores():
        held = store.experiments.get(lab.experiment)
        same((held.description, held.tags), ("  what\nfor \u6587", {"b": "2 ", "c": "\u00e9"}), "the experiment")


@check("R2", "a deleted experiment is gone and comes back on use with its runs", capability="experiments")
def experiment_restored(lab: Lab) -> None:
    first = lab.logged()
    other = lab.name("other")
    lab.logged(experiment=other)
    lab.store.experiments.delete(lab.experiment)
    for store in lab.stores():
        listed = [one.name for one in store.experiments.list()]
        same((lab.experiment in listed, other in listed), (False, True), "what is listed after the deletion")
    second = lab.logged()
    same(set(lab.found()), {first, second}, "the runs of the experiment that came back")
    holds(lab.experiment in [one.name for one in lab.store.experiments.list()], "it is listed again")


@check("R2", "odd names of experiments stay apart", capability="experiments")
def experiment_names(lab: Lab) -> None:
    mark = lab.name("n")
    names = [f"{name[:200]} {mark}" for name in NAMES if len(name) < 250]
    runs = {name: lab.logged(experiment=name) for name in dict.fromkeys(names)}
    second = lab.second()
    for name, run_id in runs.items():
        same(second.runs.get(run_id).experiment, name, "the experiment of a run")
        found = [run.id for run in second.runs.search(experiments=[name])]
        same(found, [run_id], f"the runs of experiment {name!r}")
    listed = [one.name for one in second.experiments.list() if one.name.endswith(mark)]
    same(listed, sorted(runs), "the experiments, by name")


@check("R2", "what is no name is refused", capability="experiments")
def experiment_bad_names(lab: Lab) -> None:
    for bad in BAD_NAMES:
        if bad is not None:
            with raises(Rejected, what=f"start_run(experiment={bad!r})"):
                lab.start_run(experiment=bad)
