"""Which runs may go, and what keeps them."""

import re
from pathlib import Path

import pytest

import trackbridge as tb
from trackbridge.errors import ConfigurationError
from trackbridge.retention import KEYS, Retention, Rule, decide, parse_duration, parse_retention

DAY_MS = 86_400_000
NOW = 1_700_000_000_000
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "retention.md"
OLD = Rule(name="old", older_than_ms=30 * DAY_MS)


@pytest.fixture
def store(request):
    with tb.connect(f"memory://{request.node.name}") as store:
        yield store


@pytest.fixture
def make(store):
    """Make a run that ended so many days before NOW."""
    from trackbridge.records.ids import new_run_id
    from trackbridge.records.writes import RunHeader, RunWrites, Stamp, StatusWrite, TagWrite

    def make(days, *, status="FINISHED", experiment="e", parent=None, **tags):
        run_id, runs = new_run_id(), store.backend.adapter.runs
        store.backend.adapter.experiments.ensure(experiment)
        ended = NOW - days * DAY_MS
        runs.create(RunHeader(run_id, experiment, ended, parent))
        written = tuple(TagWrite(name, value, Stamp(1, "w", n)) for n, (name, value) in enumerate(tags.items(), 1))
        ending = () if status == "RUNNING" else (StatusWrite(0, status, ended, Stamp(1, "w", 0)),)
        runs.write(run_id, RunWrites(tags=written, status=ending[0] if ending else None))
        return run_id

    return make


def going(store, retention=None, **options):
    return {
        decision.run: decision.reason
        for decision in decide(store, retention or Retention(rules=(OLD,)), NOW, **options)
        if decision.verdict == "goes"
    }


def staying(store, retention=None):
    return {
        decision.run: decision.reason
        for decision in decide(store, retention or Retention(rules=(OLD,)), NOW)
        if decision.verdict == "stays"
    }


def test_runs_older_than_a_rule_says_may_go(store, make):
    make(30), make(1)
    old = make(31)
    assert going(store) == {old: "rule 'old', 31 days old"}


@pytest.mark.parametrize(
    ("rule", "goes"),
    [
        ({"experiments": ("sandbox-*",)}, False),
        ({"experiments": ("x", "e")}, True),
        ({"status": ("FAILED",)}, False),
        ({"status": ("FINISHED", "FAILED")}, True),
        ({"where": "tags.team = 'risk'"}, True),
        ({"where": "tags.team = 'other'"}, False),
    ],
)
def test_a_rule_is_about_some_runs(store, make, rule, goes):
    run = make(40, team="risk")
    found = going(store, Retention(rules=(Rule(name="r", older_than_ms=DAY_MS, **rule),)))
    assert (run in found) is goes


def test_a_run_that_goes_on_stays_unless_it_is_named(store, make):
    run = make(400, status="RUNNING")
    assert going(store) == {}
    rule = Rule(name="stuck", older_than_ms=DAY_MS, status=("RUNNING",))
    assert list(going(store, Retention(rules=(rule,)))) == [run]


@pytest.mark.parametrize(
    ("ttl", "days", "goes"),
    [("30d", 31, True), ("30d", 30, False), ("6w", 41, False), ("6w", 43, True), ("1h", 1, True)],
)
def test_a_run_says_itself_how_long_it_stays(store, make, ttl, days, goes):
    run = make(days, ttl=ttl)
    assert (run in going(store)) is goes


def test_a_wish_that_nobody_can_read_keeps_the_run_and_is_told(store, make):
    run = make(400, ttl="forever")
    assert "no span of time" in staying(store)[run]


def test_another_tag_may_say_it_or_none(store, make):
    run = make(40, ttl="400d", keep="1d")
    assert run in going(store, Retention(ttl_tag="keep"))
    assert run in going(store, Retention(rules=(OLD,), ttl_tag=""))


def test_a_hold_keeps_it(store, make):
    held, other = make(40, hold=""), make(40, legal="x")
    assert staying(store) == {held: "rule 'old', 40 days old; it has the tag 'hold'"}
    retention = Retention(rules=(OLD,), hold_tags=("hold", "legal"))
    assert set(staying(store, retention)) == {held, other}


def test_a_model_version_keeps_it_in_whatever_stage(store, make):
    from trackbridge.protocol import VersionSpec

    run = make(40)
    for number in range(2):
        store.registry.create("fraud", VersionSpec(f"t{number}", run, "m", None, 1))
    store.registry.transition("fraud", 1, "Archived")
    assert staying(store)[run].endswith("version 1 of model 'fraud' and 1 more is made of it")


def test_a_child_that_stays_keeps_all_above_it(store, make):
    top = make(90)
    middle = make(80, parent=top)
    young = make(1, parent=middle)
    lone = make(90)
    found = staying(store)
    assert found[middle].endswith(f"its child {young} stays")
    assert found[top].endswith(f"its child {middle} stays")
    assert list(going(store)) == [lone]


def test_children_go_before_their_parents(store, make):
    top = make(90)
    middle = make(80, parent=top)
    leaf = make(70, parent=middle)
    assert list(going(store)) == [leaf, middle, top]


def test_deleted_runs_are_asked_for(store, make):
    run = make(40)
    store.runs.delete(run)
    assert going(store) == {}
    assert list(going(store, deleted=True)) == [run]


@pytest.mark.parametrize(
    ("text", "days"),
    [("30d", 30), ("24h", 1), ("1440m", 1), ("2w", 14), (" 7 d ", 7), ("7", None), ("-1d", None), ("d", None)],
)
def test_spans(text, days):
    assert parse_duration(text) == (None if days is None else days * DAY_MS)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rules": []}, "Did you mean rule"),
        ({"rule": [{"name": "a"}]}, "has no older_than"),
        ({"rule": [{"older_than": "1d"}]}, "has no name"),
        ({"rule": [{"name": "a", "older_than": "soon"}]}, "a span such as"),
        ({"rule": [{"name": "a", "older_than": "1d", "status": ["DONE"]}]}, "a list of FAILED"),
    ],
)
def test_a_mistake_is_told(values, said):
    with pytest.raises(ConfigurationError) as told:
        parse_retention(values)
    assert said in str(told.value)


def test_the_reference_has_every_key():
    explained = set(re.findall(r"^\| `([\w.]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert explained == {*KEYS[""], *(f"rule.{key}" for key in KEYS["rule"])}
