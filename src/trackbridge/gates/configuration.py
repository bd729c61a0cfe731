"""A gate as it is configured: tables of settings become typed checks."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from trackbridge.config import setting_base, setting_place, settings
from trackbridge.errors import ConfigurationError
from trackbridge.gates.checks import Bound, Custom, NoBaseline, Presence, Regression, Schema, SizeBudget, SliceCheck
from trackbridge.gates.checks.readings import USES
from trackbridge.gates.checks.regressions import DIRECTIONS
from trackbridge.gates.facts import SliceTable
from trackbridge.gates.features import read_columns
from trackbridge.gates.tables import GateTable, Key
from trackbridge.gates.verdicts import STATUSES, Check
from trackbridge.protocol import GateCheck
from trackbridge.protocol.discovery import hooks
from trackbridge.records.names import shown
from trackbridge.registry import ArchiveMode

__all__ = ["KEYS", "Gate", "load_gate", "parse_gate"]

# Every key that a gate may have; docs/reference/gates.md explains each, and a test compares the two.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        *("baseline", "no_baseline", "insufficient", "max_age_s", "archive_existing"),
        *("metric", "slice", "schema", "presence", "budget", "custom"),
    ),
    "metric": ("name", "direction", "max_regression", "min", "max", "use", "max_age_s"),
    "slice": ("metric", "by", "crossed", "max_gap", "min", "max", "min_rows", "table", "max_age_s"),
    "slice.table": ("path", "truth", "prediction", "positive"),
    "schema": ("path", "side", "widening", "ordered"),
    "presence": ("dataset", "contexts", "environment", "signature", "artifacts", "tags"),
    "budget": ("max_size_bytes", "max_latency_ms", "latency_metric"),
    "custom": ("name", "options"),
}

_SMALL_ROWS: Final = 30


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate of one model.

    Attributes:
        model: The model.
        checks: What is looked at.
        baseline: What a candidate is compared with: a stage, an alias or a number.
        insufficient: Whether a check that cannot tell keeps a version out ("fail") or not ("pass").
        archive_existing: What a promotion through this gate does with what is in the stage (G4).
    """

    model: str
    checks: tuple[Check, ...]
    baseline: str = "Production"
    insufficient: Literal["fail", "pass"] = "fail"
    archive_existing: ArchiveMode = "not-serving"


def load_gate(model: str) -> Gate:
    """Give the gate that is configured for a model.

    Raises:
        ConfigurationError: there is none, or something in it is wrong; the message names the place.
    """
    gates = settings().gates
    if model not in gates:
        near = difflib.get_close_matches(model, gates, n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"Write [gates.{model}] in trackbridge.toml."
        raise ConfigurationError(f"no gate is configured for model {shown(model)}", remedy=remedy)
    schema: Key = ("gates", model, "schema", "path")
    return parse_gate(model, gates[model], base=setting_base(schema))


def parse_gate(model: str, values: object, *, base: Path) -> Gate:
    """Make a gate of its settings.

    Args:
        model: The model.
        values: The table ``[gates.MODEL]``.
        base: What the path of a schema is relative to.

    Raises:
        ConfigurationError: an unknown key, a wrong value, a schema that cannot be read, or nothing to check.
    """
    table = GateTable(values, ("gates", model), KEYS[""])
    checks = tuple(_checks(table, base))
    if not checks:
        raise ConfigurationError(
            f"{setting_place(table.key)} checks nothing", remedy=f"Add a table, such as [[gates.{model}.metric]]."
        )
    return Gate(
        model=model,
        checks=checks,
        baseline=_baseline(table, values),
        insufficient=table.choice("insufficient", ("fail", "pass"), "fail"),
        archive_existing=table.choice("archive_existing", ("not-serving", "all", "none"), "not-serving"),
    )


def _baseline(table: GateTable, values: object) -> str:
    number = values.get("baseline") if isinstance(values, Mapping) else None
    if isinstance(number, int) and not isinstance(number, bool) and number > 0:
        return str(number)
    return table.text("baseline", "Production")


def _checks(gate: GateTable, base: Path) -> Iterator[Check]:
    age_s = gate.number("max_age_s", least=0)
    no_baseline = gate.choice("no_baseline", STATUSES, "insufficient")
    for table in gate.tables("metric", KEYS["metric"]):
        yield from _metric(table, age_s, no_baseline)
    for table in gate.tables("slice", KEYS["slice"]):
        yield _slice(table, age_s)
    if (schema := gate.table("schema", KEYS["schema"])) is not None:
        yield _schema(schema, base)
    if (presence := gate.table("presence", KEYS["presence"])) is not None:
        yield _presence(presence)
    if (budget := gate.table("budget", KEYS["budget"])) is not None:
        yield from _budget(budget, age_s)
    for table in gate.tables("custom", KEYS["custom"]):
        yield Custom(_plugin(table), table.mapping("options"))


def _metric(table: GateTable, age_s: float | None, no_baseline: NoBaseline) -> Iterator[Check]:
    name, use = table.text("name"), table.choice("use", USES, "last")
    own_age_s = table.number("max_age_s", least=0)
    age_s = age_s if own_age_s is None else own_age_s
    bounds = _bounds(table)
    allowed = table.allowance("max_regression")
    if bounds == (None, None) and allowed is None:
        raise ConfigurationError(
            f"{setting_place(table.key)}, {name}, checks nothing", remedy="Give it max_regression, min or max."
        )
    if bounds != (None, None):
        yield Bound(name, *bounds, use, age_s)
    if allowed is not None:
        yield Regression(name, table.choice("direction", DIRECTIONS), allowed, use, age_s, no_baseline)


def _slice(table: GateTable, age_s: float | None) -> SliceCheck:
    by = table.texts("by")
    if not by:
        raise table.wrong("by", "a list of one attribute or more")
    least, most = _bounds(table)
    max_gap = table.number("max_gap", least=0)
    if max_gap is None and least is None and most is None:
        raise ConfigurationError(
            f"{setting_place(table.key)}, {table.text('metric')}, checks nothing", remedy="Give it max_gap, min or max."
        )
    predictions = table.table("table", KEYS["slice.table"])
    own_age_s = table.number("max_age_s", least=0)
    return SliceCheck(
        metric=table.text("metric"),
        by=by,
        crossed=table.flag("crossed"),
        max_gap=max_gap,
        min=least,
        max=most,
        min_rows=table.count("min_rows", _SMALL_ROWS) or 0,
        table=None if predictions is None else _predictions(predictions, table),
        max_age_s=age_s if own_age_s is None else own_age_s,
    )


def _predictions(table: GateTable, slices: GateTable) -> SliceTable:
    from trackbridge.gates.fairness import METRICS

    slices.choice("metric", tuple(METRICS))
    return SliceTable(table.text("path"), table.text("truth"), table.text("prediction"), table.text("positive", "1"))


def _bounds(table: GateTable) -> tuple[float | None, float | None]:
    least, most = table.number("min"), table.number("max")
    if least is not None and most is not None and least > most:
        raise table.wrong("min", f"no more than max, {most:g}")
    return least, most


def _schema(table: GateTable, base: Path) -> Schema:
    path = table.text("path")
    try:
        columns = read_columns(base / path)
    except ConfigurationError as error:
        place = setting_place((*table.key, "path"))
        raise ConfigurationError(f"{place}: {error.message}", remedy=error.remedy) from error
    return Schema(
        columns,
        path,
        table.choice("side", ("inputs", "outputs"), "inputs"),
        table.flag("widening", default=True),
        table.flag("ordered", default=True),
    )


def _presence(table: GateTable) -> Presence:
    found = Presence(
        dataset=table.flag("dataset"),
        contexts=table.texts("contexts"),
        environment=table.flag("environment"),
        signature=table.flag("signature"),
        artifacts=table.texts("artifacts"),
        tags=table.texts("tags"),
    )
    if found == Presence():
        raise ConfigurationError(f"{setting_place(table.key)} checks nothing", remedy="Say what must be there.")
    return found


def _budget(table: GateTable, age_s: float | None) -> Iterator[Check]:
    size, latency_ms = table.count("max_size_bytes"), table.number("max_latency_ms", least=0)
    if size is None and latency_ms is None:
        raise ConfigurationError(
            f"{setting_place(table.key)} checks nothing", remedy="Give it max_size_bytes or max_latency_ms."
        )
    if size is not None:
        yield SizeBudget(size)
    if latency_ms is not None:
        metric = table.text("latency_metric", "latency_p95_ms")
        yield Bound(metric, max=latency_ms, max_age_s=age_s, check="budget")


def _plugin(table: GateTable) -> GateCheck:
    name = table.text("name")
    checks: list[GateCheck] = [check for group in hooks().hook.trackbridge_gate_checks() for check in group]
    for check in checks:
        if check.name == name:
            return check
    known = ", ".join(sorted(check.name for check in checks))
    raise table.wrong("name", f"one of {known}" if known else "the name of a check; no plugin brings any")
