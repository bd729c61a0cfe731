"""One backend's records: order, batches, failures (X1–X3, P3)."""

import contextlib
import io
import math

import pytest

from trackbridge.errors import AuthError, ConfigurationError, Conflict, NotFound, Rejected, Transient
from trackbridge.protocol import Limits, Scope
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.log import LoggedArtifact, LoggedObject, LoggedParams, LoggedVersion
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import AttributeWrite, Stamp, StatusWrite, TagWrite
from trackbridge.shipping.files import copy_and_hash
from trackbridge.shipping.versions import Ticket
from trackbridge.sidecar import merge_points, merge_run, read_entries

STAMP = Stamp(1, "w", 1)
POOR = Limits(points_per_write=10, param_types=frozenset({"str"}), special_values=frozenset(), stamps=False)


def points(count, name="loss"):
    return [MetricPoint(name, step, step, float(step)) for step in range(1, count + 1)]


def artifact(tmp_path, path="a.txt", content=b"hello", *, staged=True):
    source = tmp_path / path.replace("/", "-")
    source.write_bytes(content)
    return LoggedArtifact(path, source, *copy_and_hash(io.BytesIO(content), None), STAMP, staged=staged)


def deliver(site, *items, **options):
    deliverer = site.deliverer(**options)
    deliverer.plan(items)
    deliverer.work()
    for item in items:
        if isinstance(item, LoggedArtifact):
            deliverer.upload(item)
    return deliverer


def test_everything_arrives(site, tmp_path):
    deliver(
        site, LoggedParams({"p": 1}), TagWrite("t", "x", STAMP), *points(3), artifact(tmp_path),
        LoggedObject("environment/packages.txt", b"x"), StatusWrite(0, "FINISHED", 9, STAMP),
    )  # fmt: skip
    run = site.run
    assert (run.params, run.tags, run.status, run.ended_ms) == ({"p": 1}, {"t": "x"}, "FINISHED", 9)
    assert site.points() == points(3)
    assert site.real.artifacts.open(site.run_id, "a.txt").read() == b"hello"
    assert site.real.objects.get(Scope("run", site.run_id), "environment/packages.txt") == b"x"
    state = site.ledger.snapshot(0, None)
    assert (state.delivered, state.rejected, state.complete) == (7, 0, True), "who uploads counts the artifact"


def test_batches_are_full(make_site):
    site = make_site(Limits(points_per_write=10))
    deliver(site, *points(25))
    assert site.faulty.calls == [("metrics", "write")] * 3


def test_the_sidecar_comes_first_and_the_status_last(make_site):
    site = make_site(POOR)
    deliver(
        site, StatusWrite(0, "FINISHED", 9, STAMP), *points(1), MetricPoint("loss", 2, 2, math.inf),
        LoggedParams({"p": 1}),
    )  # fmt: skip
    assert site.faulty.calls == [("objects", "put"), ("runs", "write"), ("metrics", "write"), ("runs", "write")]


def test_what_the_sidecar_says_of_an_artifact_comes_before_it(make_site, tmp_path):
    site = make_site(Limits(artifact_hashes=False))
    deliver(site, artifact(tmp_path))
    assert site.faulty.calls == [("objects", "put"), ("artifacts", "put")]


@pytest.mark.parametrize("survives", range(6))
def test_no_crash_leaves_a_native_value_without_its_truth(make_site, survives):
    """Whatever number of calls get through, what is read is true, or not there yet."""
    site = make_site(POOR)
    deliverer = site.deliverer()
    deliverer.plan(
        [LoggedParams({"p": 1}), TagWrite("t", "x", STAMP), *points(12), MetricPoint("loss", 0, 0, math.nan)]
    )
    left = survives

    def crash(*_):
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt

    site.faulty.fault = crash
    with contextlib.suppress(KeyboardInterrupt):
        deliverer.work()
    native = site.run
    entries = read_entries(site.real.objects, native)
    run = merge_run(native, entries).run
    assert run.params in ({}, {"p": 1})
    assert run.tags in ({}, {"t": "x"})
    assert {p.step for p in merge_points(lambda n: site.real.metrics.read(site.run_id, n), native.metrics, entries)} <= set(range(13))  # fmt: skip
    site.faulty.fault = lambda *_: None
    deliverer.work()
    native = site.run
    entries = read_entries(site.real.objects, native)
    assert merge_run(native, entries).run.params == {"p": 1}
    read = lambda names: site.real.metrics.read(site.run_id, names)  # noqa: E731
    assert [p.step for p in merge_points(read, native.metrics, entries)] == list(range(13))


@pytest.mark.parametrize(
    "error",
    [
        Transient("busy"),
        AuthError("expired"),
        ConfigurationError("a login page"),
        KeyError("garbage"),
        OSError("reset"),
    ],
)
def test_what_may_pass_is_kept_and_delivered_later(site, error):
    deliverer = site.deliverer()
    deliverer.plan(points(5))
    failing = True

    def fault(*_):
        if failing:
            raise error

    site.faulty.fault = fault
    with pytest.raises(type(error)):
        deliverer.work()
    assert site.points() == []
    failing = False
    deliverer.work()
    assert site.points() == points(5)
    assert site.ledger.snapshot(0, None).rejected == 0


def test_a_transient_failure_is_retried_at_once(site):
    failures = iter([Transient("busy"), Transient("busy", retry_after_s=0.01)])

    def fault(*_):
        for error in failures:
            raise error

    site.faulty.fault = fault
    deliver(site, *points(1))
    assert site.points() == points(1)
    assert site.ledger.snapshot(0, None).retried == 2


def test_a_long_retry_after_is_left_to_the_caller(site):
    def fault(*_):
        raise Transient("busy", retry_after_s=3_600)

    site.faulty.fault = fault
    with pytest.raises(Transient):
        deliver(site, *points(1))
    assert len(site.faulty.calls) == 1


@pytest.mark.parametrize("error", [Rejected("no", clause="M1"), TypeError("adapter's fault")])
def test_the_one_bad_point_is_found(site, error):
    def fault(_family, _method, args):
        if any(point.step == 7 for point in args[1]):
            raise error

    site.faulty.fault = fault
    deliverer = site.deliverer()
    deliverer.plan(points(20))
    for _ in range(6):  # an adapter's own fault is tried some more, it may be a passing one
        try:
            deliverer.work()
        except TypeError:
            continue
    assert [p.step for p in site.points()] == [step for step in range(1, 21) if step != 7]
    state = site.ledger.snapshot(0, None)
    assert (state.delivered, state.rejected) == (19, 1)
    (letter,) = state.dead_letters
    assert (letter.kind, letter.name, letter.count) == ("point", "loss", 1)
    assert letter.clause == ("M1" if isinstance(error, Rejected) else "X1")


@pytest.mark.parametrize("error", [NotFound("gone", clause="R1"), Conflict("deleted", clause="R5")])
def test_a_run_that_is_gone_is_not_asked_for_point_by_point(site, error):
    def fault(*_):
        raise error

    site.faulty.fault = fault
    deliver(site, *points(20))
    assert len(site.faulty.calls) == 1
    assert site.ledger.snapshot(0, None).dead_letters[0].count == 20


def test_a_param_that_another_delivered_first_is_a_dead_letter(site):
    deliver(site, LoggedParams({"p": "theirs"}))
    deliver(site, LoggedParams({"p": "ours", "q": 1}))
    state = site.ledger.snapshot(0, None)
    assert site.run.params == {"p": "theirs", "q": 1}
    assert [(letter.kind, letter.name, letter.clause) for letter in state.dead_letters] == [("param", "p", "P3")]
    assert state.delivered == 2


def test_a_reference_that_changed_is_rejected(site, tmp_path):
    record = artifact(tmp_path, staged=False)
    record.source.write_bytes(b"other")
    gone = artifact(tmp_path, "gone.txt", staged=False)
    gone.source.unlink()
    for each, says in ((record, "changed after it was logged"), (gone, "cannot be read any more")):
        with pytest.raises(Rejected, match=says) as caught:
            deliver(site, each)
        assert caught.value.clause == "A4"
    assert list(site.real.artifacts.list(site.run_id)) == []


def test_a_version_gets_its_number_once(site, tmp_path):
    deliverer = deliver(site, artifact(tmp_path, "m/a.bin"), artifact(tmp_path, "m/b.bin"))
    ticket = Ticket()
    failures = iter([ConnectionError("lost answer")])

    def fault(_family, method, _args):
        if method == "create_version":
            for error in failures:
                raise error

    site.faulty.fault = fault
    deliverer.expect(LoggedVersion("token", "model", "m", None, 1), ticket)
    with pytest.raises(ConnectionError):
        deliverer.work()
    assert not ticket.settled.is_set()
    deliverer.work()
    assert ticket.version.number == 1
    assert ticket.version.digest.startswith("sha256:")


def test_others_wait_for_the_number_and_take_it(site, make_site, tmp_path):
    other = make_site()
    ticket, record = Ticket(), LoggedVersion("token", "model", "a.txt", None, 1)
    other.real.registry.ensure_model("model")
    first, second = (each.deliverer(numbers=each is site) for each in (site, other))
    for each in (first, second):
        each.upload(artifact(tmp_path))
        each.expect(record, ticket)
    second.work()
    assert list(other.real.registry.versions("model")) == []
    first.work()
    second.work()
    assert [version.number for version in other.real.registry.versions("model")] == [ticket.version.number]


def test_a_version_of_nothing_is_refused(site):
    deliverer, ticket = site.deliverer(), Ticket()
    deliverer.expect(LoggedVersion("token", "model", "absent", None, 1), ticket)
    deliverer.work()
    assert isinstance(ticket.error, NotFound)
    assert site.ledger.snapshot(0, None).rejected == 1


def test_a_redelivery_after_a_crash_changes_nothing(make_site):
    site = make_site(POOR)
    items = [LoggedParams({"p": 1}), TagWrite("t", "x", STAMP), *points(3), MetricPoint("loss", 9, 9, math.inf)]
    for _ in range(2):
        deliver(site, *items)
    native = site.run
    entries = read_entries(site.real.objects, native)
    merged = merge_run(native, entries)
    assert merged.run.metrics["loss"].count == 4
    assert merged.differences == ()
    assert len(native.sidecar) == 1


def test_dead_letters_say_what_they_were(site):
    def fault(*_):
        raise Rejected("no", clause="X1")

    site.faulty.fault = fault
    deliver(
        site, LoggedParams({"p": 1}), TagWrite("t", "x", STAMP), AttributeWrite("a", 1, STAMP), DatasetRecord("d"),
        *points(1), LoggedObject("environment/x", b""), StatusWrite(0, "FINISHED", 9, STAMP),
    )  # fmt: skip
    letters = [(letter.kind, letter.name) for letter in site.ledger.snapshot(0, None).dead_letters]
    assert letters == [
        ("param", "p"), ("tag", "t"), ("attribute", "a"), ("dataset", "d"), ("point", "loss"),
        ("object", "environment/x"), ("status", "FINISHED"),
    ]  # fmt: skip
