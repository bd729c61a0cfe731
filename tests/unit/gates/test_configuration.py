"""A gate as it is written: what becomes of it, and that every mistake is named with its place."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.gates import load_gate, parse_gate
from trackbridge.gates.checks import Allowance, Bound, Custom, Regression, SizeBudget, SliceCheck
from trackbridge.gates.configuration import KEYS
from trackbridge.gates.facts import SliceTable
from trackbridge.protocol import GateCheck, hookimpl
from trackbridge.protocol.discovery import hooks

PROJECT = Path(__file__).parents[3]

WRITTEN = """
[gates.fraud-detection]
baseline = "Production"
insufficient = "pass"
max_age_s = 3600

[[gates.fraud-detection.metric]]
name = "val_auc"
direction = "higher"
min = 0.9
max_regression = 0.005

[[gates.fraud-detection.metric]]
name = "latency_p95_ms"
direction = "lower"
max_regression = "0.5%"
use = "min"
max_age_s = 60

[[gates.fraud-detection.slice]]
metric = "tpr"
by = ["sex", "age_band"]
max_gap = 0.05
table = { path = "eval.parquet", truth = "y", prediction = "p" }

[gates.fraud-detection.budget]
max_size_bytes = 1_000
max_latency_ms = 20
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    return tmp_path.joinpath("trackbridge.toml").write_text


def test_tables_become_checks(write: Any) -> None:
    write(WRITTEN)
    gate = load_gate("fraud-detection")
    assert (gate.model, gate.baseline, gate.insufficient, gate.archive_existing) == (
        "fraud-detection", "Production", "pass", "not-serving",
    )  # fmt: skip
    assert gate.checks == (
        Bound("val_auc", 0.9, None, "last", 3600.0),
        Regression("val_auc", "higher", Allowance(Fraction(5, 1000)), "last", 3600.0),
        Regression("latency_p95_ms", "lower", Allowance(Fraction(5, 1000), relative=True), "min", 60.0),
        SliceCheck(
            "tpr", ("sex", "age_band"), max_gap=0.05, table=SliceTable("eval.parquet", "y", "p"), max_age_s=3600.0
        ),
        SizeBudget(1000),
        Bound("latency_p95_ms", None, 20.0, "last", 3600.0, "budget"),
    )


@pytest.mark.parametrize(("written", "read"), [("champion", "champion"), (7, "7")])
def test_a_baseline_is_a_stage_an_alias_or_a_number(written: object, read: str) -> None:
    assert parse_gate("m", {"baseline": written, "budget": {"max_size_bytes": 1}}, base=Path()).baseline == read


METRIC = {"name": "auc", "direction": "higher", "max_regression": 0.1}
SLICE = {"metric": "tpr", "by": ["sex"], "max_gap": 0.1}

MISTAKES: list[tuple[object, str, str]] = [
    ({"metrics": []}, "gates.m.metrics", "Did you mean metric?"),
    ({"metric": [METRIC, {**METRIC, "nmae": "x"}]}, "gates.m.metric.1.nmae", "Did you mean name?"),
    ({"metric": [{**METRIC, "max_regresion": 1}]}, "gates.m.metric.0.max_regresion", "Did you mean max_regression?"),
    ({"slice": [{**SLICE, "max_gpa": 1}]}, "max_gpa", "Did you mean max_gap?"),
    ({"schema": {"pth": "x"}}, "gates.m.schema.pth", "Did you mean path?"),
    ({"presence": {"artifact": ["x"]}}, "presence.artifact", "Did you mean artifacts?"),
    ({"budget": {"latency": 1}}, "budget.latency", "Did you mean max_latency_ms?"),
    ({"zzz": 1}, "gates.m.zzz", "The keys there are baseline"),
    ("a gate", "gates.m", "It should be a table"),
    ({"metric": METRIC}, "gates.m.metric", "It should be a list of tables, [[gates.m.metric]]"),
    ({"metric": ["auc"]}, "gates.m.metric.0", "It should be a table"),
    ({"metric": [{"direction": "higher", "max_regression": 1}]}, "has no name", "It should be a text"),
    ({"metric": [{"name": "auc", "max_regression": 1}]}, "has no direction", "one of higher, lower"),
    ({"metric": [{**METRIC, "direction": "up"}]}, "metric.0.direction", "one of higher, lower"),
    ({"metric": [{**METRIC, "max_regression": -1}]}, "max_regression", "a number of 0 or more"),
    ({"metric": [{**METRIC, "max_regression": "5"}]}, "max_regression", 'a share such as "0.5%"'),
    ({"metric": [{**METRIC, "max_regression": "-5%"}]}, "max_regression", 'a share such as "0.5%"'),
    ({"metric": [{**METRIC, "max_regression": "1/2%"}]}, "max_regression", 'a share such as "0.5%"'),
    ({"metric": [{**METRIC, "max_regression": "x%"}]}, "max_regression", 'a share such as "0.5%"'),
    ({"metric": [{**METRIC, "max_regression": True}]}, "max_regression", "a number of 0 or more"),
    ({"metric": [{**METRIC, "max_regression": float("nan")}]}, "max_regression", "a number of 0 or more"),
    ({"metric": [{**METRIC, "min": "0.9"}]}, "metric.0.min", "It should be a number"),
    ({"metric": [{**METRIC, "min": 2, "max": 1}]}, "metric.0.min", "no more than max, 1"),
    ({"metric": [{**METRIC, "use": "mean"}]}, "metric.0.use", "one of last, min, max"),
    ({"metric": [{**METRIC, "max_age_s": -1}]}, "max_age_s", "a number of 0 or more"),
    ({"metric": [{"name": "auc"}]}, "auc, checks nothing", "Give it max_regression, min or max"),
    ({"slice": [{**SLICE, "by": []}]}, "slice.0.by", "a list of one attribute or more"),
    ({"slice": [{**SLICE, "by": "sex"}]}, "slice.0.by", "a list of texts"),
    ({"slice": [{"metric": "tpr", "by": ["sex"]}]}, "tpr, checks nothing", "Give it max_gap, min or max"),
    ({"slice": [{**SLICE, "min_rows": -1}]}, "min_rows", "a whole number"),
    ({"slice": [{**SLICE, "crossed": 1}]}, "crossed", "true or false"),
    ({"slice": [{**SLICE, "table": {"path": "x", "truth": "y"}}]}, "has no prediction", "a text"),
    ({"slice": [{**SLICE, "metric": "auc", "table": {"path": "x", "truth": "y", "prediction": "p"}}]}, "slice.0.metric", "tpr"),
    ({"slice": [{**SLICE, "table": {"pth": "x"}}]}, "slice.0.table.pth", "Did you mean path?"),
    ({"schema": {}}, "gates.m.schema has no path", "a text"),
    ({"schema": {"path": "no.json"}}, "no.json cannot be read", "Correct the path"),
    ({"schema": {"path": "no.parquet"}}, "no.parquet cannot be read", "Correct the path"),
    ({"presence": {}}, "gates.m.presence checks nothing", "Say what must be there"),
    ({"presence": {"dataset": "yes"}}, "presence.dataset", "true or false"),
    ({"budget": {}}, "gates.m.budget checks nothing", "max_size_bytes or max_latency_ms"),
    ({"budget": {"max_size_bytes": 1.5}}, "max_size_bytes", "a whole number"),
    ({"custom": [{"name": "unknown-check"}]}, "custom.0.name", "the name of a check"),
    ({"baseline": 0, "budget": {"max_size_bytes": 1}}, "gates.m.baseline", "a text"),
    ({"insufficient": "warn", "budget": {"max_size_bytes": 1}}, "gates.m.insufficient", "one of fail, pass"),
    ({"no_baseline": True, "budget": {"max_size_bytes": 1}}, "gates.m.no_baseline", "one of pass, fail, insufficient"),
    ({"archive_existing": "some", "budget": {"max_size_bytes": 1}}, "archive_existing", "one of not-serving, all, none"),
    ({}, "gates.m checks nothing", "Add a table"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "place", "remedy"), MISTAKES, ids=[mistake[1] for mistake in MISTAKES])
def test_a_mistake_is_named_with_its_place_and_what_was_meant(
    written: object, place: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_gate("m", written, base=tmp_path)
    assert place in caught.value.message
    assert remedy in (caught.value.remedy or "")


def test_the_place_is_the_file_and_the_line(write: Any, tmp_path: Path) -> None:
    wrong = WRITTEN.replace("max_gap", "max_gpa")
    write(wrong)
    line = 1 + wrong[: wrong.index("max_gpa")].count("\n")
    with pytest.raises(
        ConfigurationError, match=re.escape(f"in {tmp_path / 'trackbridge.toml'}, line {line} is unknown")
    ):
        load_gate("fraud-detection")


def test_a_model_without_a_gate_is_an_error_that_names_a_close_one(write: Any) -> None:
    write(WRITTEN)
    with pytest.raises(ConfigurationError, match="Did you mean fraud-detection"):
        load_gate("fraud-detektion")
    with pytest.raises(ConfigurationError, match=re.escape("Write [gates.churn]")):
        load_gate("churn")


def test_a_schema_is_found_beside_the_file_that_names_it(write: Any, tmp_path: Path, monkeypatch: Any) -> None:
    write('[gates.m.schema]\npath = "features/s.json"')
    tmp_path.joinpath("features").mkdir()
    tmp_path.joinpath("features/s.json").write_text('{"properties": {"a": {"type": "number"}}}')
    tmp_path.joinpath("deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    (check,) = load_gate("m").checks
    assert [column.name for column in check.columns] == ["a"]  # type: ignore[attr-defined]


class Plugin:
    @hookimpl
    def trackbridge_gate_checks(self) -> tuple[GateCheck, ...]:
        return (
            GateCheck(name="calibrated", judge=lambda candidate, baseline, options: ("pass", f"ece {options['ece']}")),
        )


def test_a_plugins_check_is_found_by_name_and_given_its_options(facts: Any) -> None:
    plugin = Plugin()
    hooks().register(plugin)
    try:
        gate = parse_gate("m", {"custom": [{"name": "calibrated", "options": {"ece": 0.1}}]}, base=Path())
        with pytest.raises(ConfigurationError, match="calibrated"):
            parse_gate("m", {"custom": [{"name": "calibrate"}]}, base=Path())
    finally:
        hooks().unregister(plugin)
    (check,) = gate.checks
    assert isinstance(check, Custom)
    (finding,) = check.findings(facts({}), None)
    assert (finding.check, finding.subject, finding.status, finding.reason) == (
        "custom",
        "calibrated",
        "pass",
        "ece 0.1",
    )


def test_the_reference_explains_every_key() -> None:
    page = (PROJECT / "docs/reference/gates.md").read_text(encoding="utf-8")
    explained: dict[str, set[str]] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        name = re.search(r"`\[+gates\.MODEL\.?([\w.]*)\]+`", heading)
        if name is not None:
            explained[name[1]] = set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE))
    assert explained == {name: set(keys) for name, keys in KEYS.items()}
