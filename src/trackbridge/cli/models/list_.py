"""``trackbridge models list``: one line a model, or a board with a column a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import console, emit, one_line, say, table
from trackbridge.errors import IntegrityError
from trackbridge.records.models import ModelRecord, ModelVersion, Stage

if TYPE_CHECKING:
    from rich.table import Table

    from trackbridge.store import Store

__all__ = ["list_models"]

_Found: TypeAlias = tuple[ModelRecord, list[ModelVersion]]
_COLUMNS: tuple[Stage, ...] = ("None", "Staging", "Production", "Archived")
_MARKS = {"pending": "", "approved": " ✓", "rejected": " ✗"}
_SHOWN_AT_MOST = 5


def list_models(
    *,
    board: Annotated[bool, typer.Option("--board", help="Show a column a stage, and every version in it.")] = False,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """List the registered models and which version serves which stage.

    A model whose trail is damaged is named below the others, which it hides from nobody.
    """
    from trackbridge.store import connect

    with connect(backend) as store:
        every = [(model, *_versions(store, model)) for model in store.registry.models()]
    found = [(model, versions) for model, versions, damage in every if damage is None]
    if as_json:
        emit([{"model": model, "versions": versions, "damage": damage} for model, versions, damage in every])
        return
    if not every:
        say("No models are registered.")
    elif board:
        console().print(_board(found))
        say("✓ approved, ✗ rejected, ! changed outside trackbridge")
    else:
        console().print(_lines(found))
    for model, _, damage in every:
        if damage is not None:
            say(f"✗ {model.name}: {one_line(damage)}")


def _versions(store: Store, model: ModelRecord) -> tuple[list[ModelVersion], str | None]:
    """Give the versions of a model, or none and what is wrong with its trail."""
    try:
        return list(store.registry.versions(model.name)), None
    except IntegrityError as error:
        return [], str(error)


def _lines(found: Sequence[_Found]) -> Table:
    return table(
        ("model", ">versions", "Production", "Staging", "description"),
        (
            (
                model.name,
                str(len(versions)),
                _in_stage(versions, "Production"),
                _in_stage(versions, "Staging"),
                one_line(model.description or ""),
            )
            for model, versions in found
        ),
    )


def _in_stage(versions: Sequence[ModelVersion], stage: str) -> str:
    return ", ".join(str(version.number) for version in versions if version.stage == stage) or "–"


def _board(found: Sequence[_Found]) -> Table:
    made = table(
        ("model", *_COLUMNS),
        ((model.name, *(_cell(versions, stage) for stage in _COLUMNS)) for model, versions in found),
    )
    made.show_lines = True
    return made


def _cell(versions: Sequence[ModelVersion], stage: Stage) -> str:
    """Give the versions of a stage, the newest first; of many old ones only how many more there are."""
    there = [version for version in reversed(versions) if version.stage == stage]
    cards = [_card(version) for version in there[:_SHOWN_AT_MOST]]
    more = len(there) - len(cards)
    return "\n".join([*cards, f"… {more} more"] if more else cards)


def _card(version: ModelVersion) -> str:
    aliases = f" {', '.join(version.aliases)}" if version.aliases else ""
    outside = " !" if version.outside else ""
    return f"{version.number}{_MARKS[version.approval]}{outside}{aliases}"
