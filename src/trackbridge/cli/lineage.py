"""``trackbridge lineage``: data → run → model, both ways."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Final

import typer

from trackbridge.cli._options import AsJson
from trackbridge.cli._output import console, emit, one_line

if TYPE_CHECKING:
    from rich.tree import Tree

    from trackbridge.records.datasets import DatasetRecord
    from trackbridge.store.lineage import DataNode, ModelNode, RunNode

__all__ = ["lineage"]

_RUN: Final = re.compile(r"[0-9a-f]{32}")


def lineage(
    what: Annotated[
        str, typer.Argument(metavar="MODEL|RUN|DIGEST", help="A model, a run's id, or a data set's digest.")
    ],
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="Of the model: a number, an alias, or a stage.")
    ] = None,
    *,
    backend: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A backend's URL or configured name; may be given several times."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a model or a run comes from, and what came of a data set; over all backends named, or those configured."""
    from trackbridge.config import chosen_backends
    from trackbridge.store import connect
    from trackbridge.store.lineage import data_lineage, model_lineage, run_lineage

    with ExitStack() as stack:
        stores = {choice.name: stack.enter_context(connect(choice.name)) for choice in chosen_backends(backend)}
        if version is not None:
            nodes = model_lineage(stores, what, version)
            found: object = nodes
            trees = [_model_tree(node) for node in nodes]
        elif ":" in what:
            found = data = data_lineage(stores, what)
            trees = [_data_tree(data)]
        elif _RUN.fullmatch(what):
            found = run = run_lineage(stores, what)
            trees = [_run_tree(run)]
        else:
            raise typer.BadParameter(
                f"{what} is no run's id and no digest; of a model, say which version", param_hint="VERSION"
            )
    if as_json:
        emit(found)
        return
    for tree in trees:
        console().print(tree)


def _model_tree(node: ModelNode) -> Tree:
    from rich.tree import Tree

    tree = Tree(_model(node))
    if node.run is None:
        tree.add("its run is not here")
        return tree
    run = tree.add(_run(node.run))
    for dataset in node.run.data:
        run.add(_data(dataset))
    return tree


def _run_tree(run: RunNode) -> Tree:
    from rich.tree import Tree

    tree = Tree(_run(run))
    used = tree.add("used")
    for dataset in run.data:
        used.add(_data(dataset))
    made = tree.add("became")
    for model in run.models:
        made.add(_model(model))
    return tree


def _data_tree(node: DataNode) -> Tree:
    from rich.tree import Tree

    tree = Tree(_data(node.dataset))
    for run in node.runs:
        branch = tree.add(_run(run))
        for model in run.models:
            branch.add(_model(model))
    return tree


def _model(node: ModelNode) -> str:
    version = node.version
    stage = f", {version.stage}" if version.stage != "None" else ""
    return one_line(f"model {version.model} version {version.number}{stage}, {version.approval}, in {node.backend}")


def _run(run: RunNode) -> str:
    name = f" {run.name}" if run.name else ""
    return one_line(f"run {run.id}{name}, {run.status}, of {run.experiment}, in {', '.join(run.backends)}")


def _data(dataset: DatasetRecord) -> str:
    parts = (dataset.version, dataset.context, dataset.digest, dataset.uri)
    return one_line(f"data {dataset.name}: {', '.join(part for part in parts if part)}")
