"""The four reports: complete, valid, and safe whatever the names in them are."""

from __future__ import annotations

import hashlib
import json
import math
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from trackbridge.gates import REPORT_FILES, Gate, Judgement, judge, make_report, parse_gate
from trackbridge.gates.reports.curves import Curve

HOSTILE = "a|b<script>alert('x')</script>&amp; `c` *d* \"e\" \u202e\ufffe ]]> --> é 漢"
SETTINGS = {
    "metric": [
        {"name": "auc", "direction": "higher", "max_regression": 0.01, "min": 0.5},
        {"name": "loss", "direction": "lower", "max_regression": "1%"},
        {"name": HOSTILE, "min": 1},
    ],
    "slice": [{"metric": "tpr", "by": ["sex"], "max_gap": 0.05, "min": 0.5}],
    "presence": {"tags": ["team"]},
    "budget": {"max_size_bytes": 10},
}
CURVES = {
    "auc": Curve(((0, 0.5), (1, 0.9), (2, 0.8)), ((0, 0.4), (2, 0.7))),
    "odd": Curve(((0, math.nan), (1, math.inf), (2, 1.0)), ()),
    "huge": Curve(((-(2**63), -1.7e308), (2**63 - 1, 1.7e308)), ()),
    "never": Curve(((0, math.nan),), ()),
    HOSTILE: Curve(((0, 1.0),), ()),
}


@pytest.fixture
def judged(facts: Any, baseline: Any) -> Any:
    """Judge a candidate with something of everything."""

    def made(*, alone: bool = False, **changes: Any) -> Judgement:
        candidate = facts(
            {"auc": 0.9, "loss": math.nan, "system/cpu": 9.0, "only": 1.0, HOSTILE: -math.inf, "tpr/sex:F": 0.8,
             "tpr/sex:M": 0.9, "tpr/sex:<b>": 0.85, "rows/sex:F": 99.0, "rows/sex:<b>": 2.0},
            sizes={"model": 5},
        )  # fmt: skip
        other = None if alone else baseline({"auc": 0.95, "loss": 0.3, "tpr/sex:F": 0.7})
        gate = parse_gate(changes.pop("model", "fraud"), {**SETTINGS, **changes}, base=Path())
        return Judgement(gate, candidate, other, judge(candidate, other, gate.checks))

    return made


def test_the_digest_is_that_of_the_json(judged: Any) -> None:
    report = make_report(judged(), CURVES)
    assert tuple(report.files) == REPORT_FILES
    assert report.digest == f"sha256:{hashlib.sha256(report.files['gate.json']).hexdigest()}"
    for name in ("junit.xml", "gate.md", "gate.html"):
        assert report.digest.encode() in report.files[name]


def test_the_same_judgement_gives_the_same_report(judged: Any) -> None:
    assert make_report(judged(), CURVES) == make_report(judged(), CURVES)


def test_the_reason_for_overruling_has_no_secret_in_any_file(judged: Any) -> None:
    report = make_report(judged(), CURVES, forced="as postgresql://me:hunter2@db.example.com/x says")
    for data in report.files.values():
        assert b"hunter2" not in data
    assert json.loads(report.files["gate.json"])["forced"] == "as postgresql://me:***@db.example.com/x says"


def test_the_json_holds_all_that_the_verdict_rests_on(judged: Any) -> None:
    judgement = judged()
    document = json.loads(make_report(judgement).files["gate.json"])
    assert (document["verdict"], document["allowed"], document["forced"]) == ("fail", False, None)
    assert document["candidate"]["version"] == 2
    assert document["baseline"]["run_id"] == "0" * 31 + "1"
    assert [one["status"] for one in document["findings"]] == [one.status for one in judgement.verdict.findings]
    rows = {row["name"]: (row["candidate"], row["baseline"]) for row in document["metrics"]}
    assert rows == {"auc": (0.9, 0.95), "loss": ("NaN", 0.3), "only": (1.0, None), HOSTILE: ("-Infinity", None)}
    (group,) = document["slices"]
    assert group["slices"][1] == {"name": "sex = F", "rows": 99, "candidate": 0.8, "baseline": 0.7}


def test_a_forced_promotion_is_in_every_report_for_people(judged: Any) -> None:
    report = make_report(judged(), forced="the old one is down")
    assert json.loads(report.files["gate.json"])["forced"] == "the old one is down"
    for name in ("gate.md", "gate.html"):
        assert b"overruled: the old one is down" in report.files[name]


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("insufficient", ["fail", "pass"])
@pytest.mark.parametrize("model", ["fraud", f" {HOSTILE} "])
def test_the_junit_is_what_every_ci_system_accepts(judged: Any, alone: bool, insufficient: str, model: str) -> None:
    judgement = judged(alone=alone, insufficient=insufficient, model=model)
    data = make_report(judgement).files["junit.xml"].decode()
    xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd")).validate(data)
    suite = ET.fromstring(data).find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    verdict = judgement.verdict
    assert len(cases) == int(suite.attrib["tests"]) == len(verdict.findings)
    failures = [case.find("failure").attrib["type"] for case in cases if case.find("failure") is not None]
    lenient = insufficient == "pass"
    assert failures.count("fail") == verdict.count("fail") > 0
    assert failures.count("insufficient") == (0 if lenient else verdict.count("insufficient"))
    assert int(suite.attrib["failures"]) == len(failures)
    assert int(suite.attrib["skipped"]) == (verdict.count("insufficient") if lenient else 0)
    assert len(suite.findall("testcase/skipped")) == int(suite.attrib["skipped"])


def test_the_schema_refuses_what_either_consumer_refuses(judged: Any) -> None:
    schema = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
    data = make_report(judged()).files["junit.xml"].decode()
    for good, bad in (('hostname="localhost" ', ""), ("<system-out />", ""), ('time="0.000"', 'time="1.0000"'),
                      ('type="fail" ', ""), ("properties>", "props>"), ('id="0"', 'id="first"')):  # fmt: skip
        assert good in data
        assert not schema.is_valid(data.replace(good, bad)), bad


def test_the_markdown_keeps_its_tables_whatever_the_names(judged: Any) -> None:
    text = make_report(judged()).files["gate.md"].decode()
    heads = text.startswith("## fraud version 2 fails the gate, against version 1\n")
    assert heads
    width = 0
    for line in text.splitlines():
        cells = line.replace("\\|", "").count("|")
        width = cells if line.startswith("|") and width == 0 else width if line.startswith("|") else 0
        assert cells in {0, width}, line
    assert "<script" not in text
    assert text.index("❌") < text.index("❔") < text.index("✅")


class Page(HTMLParser):
    """What a page would run or load, and whether its elements are closed in order."""

    VOID = frozenset({"meta", "link", "br", "path", "rect", "circle"})
    OPTIONAL = frozenset({"td", "th"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name in {"src", "href", "xlink:href", "action", "srcset", "data"}:
                self.loads.append(value)
        if tag in self.OPTIONAL and self.open[-1] in self.OPTIONAL:
            self.open.pop()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self.open[-1] in self.OPTIONAL and self.open[-1] != tag:
            self.open.pop()
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.mark.parametrize("alone", [False, True])
def test_the_page_runs_nothing_and_loads_nothing(judged: Any, alone: bool) -> None:
    text = make_report(judged(alone=alone), CURVES).files["gate.html"].decode()
    page = Page(text)
    assert page.open == []
    assert page.loads == ["data:,"]
    assert not page.tags & {"script", "iframe", "object", "embed", "img", "base", "form"}
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_the_page_shows_verdict_metrics_slices_and_curves(judged: Any) -> None:
    text = make_report(judged(), CURVES).files["gate.html"].decode()
    said = " ".join(Page(text).said)
    for piece in ("fraud version 2 fails the gate, against version 1", "8 checks: 3 passed, 4 failed, 1 could not be judged",
                  "auc against the baseline", "0.05 worse than version 1", "sex = F", "⚠ few", "only", "odd", HOSTILE):  # fmt: skip
        assert piece in said, piece
    assert text.count("<figure>") == len(CURVES)
    assert text.count('<path class="candidate"') == 2, "a line needs two finite points"
    assert text.count('<circle class="candidate"') == 2
    assert "nan" not in "".join(part for part in text.split('"') if part.startswith(("M", "L")))


def test_a_page_without_a_run_has_no_empty_tables(facts: Any) -> None:
    gate = Gate("fraud", parse_gate("fraud", SETTINGS, base=Path()).checks)
    candidate = facts(run=False)
    judgement = Judgement(gate, candidate, None, judge(candidate, None, gate.checks))
    text = make_report(judgement).files["gate.html"].decode()
    assert Page(text).open == []
    assert "<h2>Metrics" not in text
    assert "<h2>Slices" not in text
    assert "no baseline" in text
