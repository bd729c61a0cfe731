"""Starting, resuming, attaching, nesting; what backends say meanwhile (R1–R8)."""

import re
import time

import pytest

import trackbridge as tb
from trackbridge.errors import AuthError, ConfigurationError, Conflict, NotFound, Rejected, Transient
from trackbridge.records.ids import new_run_id
from trackbridge.shipping import backends


def test_a_new_run(place):
    with place.start(experiment="fraud", name="first") as run:
        assert re.fullmatch(r"[0-9a-f]{12}7[0-9a-f]{19}", run.id)
        assert (run.name, run.experiment, run.status, run.parent) == ("first", "fraud", "RUNNING", None)
        assert place.run(run.id).status == "RUNNING"
        assert place.run(run.id).name == "first", "a name shows before the first delivery"
    held = place.run(run.id)
    assert (held.status, held.epoch, run.status) == ("FINISHED", 0, "FINISHED")
    assert held.ended_ms >= held.started_ms


BAD_STARTS = {
    "id": {"run_id": "x"},
    "experiment": {"experiment": ""},
    "name": {"name": " x"},
    "params": {"params": {"": 1}},
    "params no dict": {"params": [1]},
    "tags": {"tags": {"t": 1}},
    "resume": {"resume": "perhaps"},
    "must without id": {"resume": "must"},
    "parent": {"parent": "x"},
}


@pytest.mark.parametrize("what", BAD_STARTS)
def test_a_bad_start_makes_nothing(place, what):
    with pytest.raises(Rejected):
        place.start(**BAD_STARTS[what])
    assert list(place.adapter.experiments.list()) == []


def test_never_leaves_an_existing_run_alone(place):
    with place.start(params={"a": 1}) as run:
        pass
    before = place.run(run.id)
    with pytest.raises(Conflict, match="exists already"):
        place.start(run_id=run.id)
    assert place.run(run.id) == before


@pytest.mark.parametrize("resume", ["allow", "must"])
def test_a_resumed_run_goes_on(place, resume):
    with place.start(params={"a": 1}, name="first") as run:
        run.log_metric("loss", 1.0, step=5)
    again = place.start(run_id=run.id, resume=resume, experiment="e")
    again.flush()
    held = place.run(run.id)
    assert (held.status, held.ended_ms, held.epoch, again.name) == ("RUNNING", None, 1, "first")
    with pytest.raises(Conflict):
        again.log_param("a", 2)
    again.log_metric("loss", 2.0)
    again.finish()
    run.finish("FAILED")
    assert [p[1] for p in place.points(run.id)] == [5, 6]
    assert place.run(run.id).status == "FINISHED"


def test_what_contradicts_a_resumed_run_changes_nothing(place):
    with place.start(params={"a": 1}) as run:
        pass
    before = place.run(run.id)
    for options in ({"experiment": "other"}, {"parent": new_run_id()}, {"params": {"a": 2}}):
        with pytest.raises(Conflict):
            place.start(run_id=run.id, resume="must", **options)
    assert place.run(run.id) == before


def test_must_wants_a_run(place):
    with pytest.raises(NotFound):
        place.start(run_id=new_run_id(), resume="must")
    assert list(place.adapter.experiments.list()) == []


def test_a_deleted_id_is_a_conflict(place):
    with place.start() as run:
        pass
    place.adapter.runs.set_deleted(run.id, deleted=True)
    for resume in ("never", "allow", "must"):
        with pytest.raises(Conflict, match="deleted"):
            place.start(run_id=run.id, resume=resume)


def test_nested_runs_are_children_and_resumed_ones_are_not(place):
    with place.start() as outer:
        with place.start() as inner:
            assert inner.parent == outer.id
        sibling = place.start(parent=inner)
        assert sibling.parent == inner.id
        sibling.finish()
        again = place.start(run_id=outer.id, resume="must")
        assert again.parent is None
        again.finish()
    with place.start() as alone:
        assert alone.parent is None


def test_an_attached_process_writes_neither_status_nor_times(place, monkeypatch):
    owner = place.start(params={"a": 1})
    owner.log_metric("loss", 1.0, step=0)
    owner.flush()
    from trackbridge.run import active

    active.leave(owner)  # what another process looks like: the variable is set, and nothing is open
    monkeypatch.setenv("TRACKBRIDGE_RUN_ID", owner.id)
    attached = tb.start_run(backend=place.url)
    with pytest.raises(ZeroDivisionError), attached:  # noqa: PT012 - leaving the block is what is tested
        assert (attached.id, attached.experiment) == (owner.id, "e")
        attached.log_metric("rank1/loss", 2.0, step=0)
        with pytest.raises(Conflict):
            attached.log_param("a", 2)
        raise ZeroDivisionError
    held = place.run(owner.id)
    assert (held.status, held.ended_ms, held.epoch, held.tags) == ("RUNNING", None, 0, {})
    assert {p[0] for p in place.points(owner.id)} == {"loss", "rank1/loss"}
    owner.finish()
    assert place.run(owner.id).status == "FINISHED"


def test_attaching_to_nothing_is_an_error(place, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_RUN_ID", new_run_id())
    with pytest.raises(NotFound, match="attach"):
        place.start()


def test_a_fan_out_gives_one_id_everywhere(place, other):
    with place.start(backend=[place.url, other.url], params={"a": 1}) as run:
        run.log_metric("loss", 1.0, step=0, timestamp=5)
        pending = run.log_model(__file__, "model/code.py", register_as="m")
    assert place.points(run.id) == other.points(run.id) == [("loss", 0, 5, 1.0)]
    assert pending.result(5).number == 1
    for each in (place, other):
        assert each.run(run.id).status == "FINISHED"
        assert [version.number for version in each.adapter.registry.versions("m")] == [1]


def test_the_first_required_backend_numbers_the_versions(place, other):
    with other.start() as run:
        for n in range(3):
            run.log_model(__file__, f"m{n}", register_as="m")
    with place.start(backend=[place.url, other.url]) as run:
        pending = run.log_model(__file__, "model", register_as="m")
    assert pending.result(5).number == 1
    assert [version.number for version in other.adapter.registry.versions("m")] == [1, 2, 3]
    states = run.finish()
    assert [state.rejected for state in states] == [0, 1]
    assert states[1].dead_letters[0].kind == "version"


@pytest.mark.parametrize("error", [AuthError("wrong password"), ConfigurationError("no such bucket")])
def test_wrong_credentials_and_configuration_raise(place, fault, monkeypatch, error):
    monkeypatch.setenv("TRACKBRIDGE_ON_UNREACHABLE", "offline")

    def check(_family, method):
        if method == "check":
            raise error

    fault.check = check
    with pytest.raises(type(error)):
        place.start()
    with pytest.raises(ConfigurationError, match="active"):
        tb.active_run()


def test_an_unreachable_backend_raises(place, fault):
    def check(*_):
        raise Transient("no route to host")

    fault.check = check
    with pytest.raises(Transient):
        place.start()


def test_a_backend_that_does_not_answer_raises_in_time(place, fault, monkeypatch):
    import threading
    import time

    gate = threading.Event()
    fault.check = lambda *_: gate.wait(30)
    monkeypatch.setenv("TRACKBRIDGE_CONNECT_TIMEOUT_S", "0.2")
    begin = time.monotonic()
    with pytest.raises(Transient, match="in time"):
        place.start()
    gate.set()
    assert time.monotonic() - begin < 10


def test_offline_delivers_once_the_backend_is_back(place, fault, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_ON_UNREACHABLE", "offline")
    down = True

    def check(*_):
        if down:
            raise Transient("no route to host")

    fault.check = check
    run = place.start(params={"a": 1})
    run.log_metric("loss", 1.0)
    assert run.flush(0.2)[0].queued == 2
    down = False
    (state,) = run.finish()
    assert state.complete
    assert place.run(run.id).params == {"a": 1}


def test_a_resume_is_never_blind(place, fault, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_ON_UNREACHABLE", "offline")

    def check(*_):
        raise Transient("no route to host")

    fault.check = check
    with pytest.raises(Transient):
        place.start(run_id=new_run_id(), resume="allow")


@pytest.mark.parametrize(
    "error", [Transient("down"), AuthError("expired"), ValueError("<html>"), Rejected("no", clause="M1")]
)
@pytest.mark.parametrize("shipper", ["thread", "inline", "process"])
def test_nothing_a_backend_does_reaches_the_loop(place, fault, monkeypatch, error, shipper):
    monkeypatch.setenv("TRACKBRIDGE_SHIPPER", shipper)
    run = place.start()
    failing = True

    def check(*_):
        if failing:
            raise error

    fault.check = check
    for step in range(50):
        run.log_metric("loss", float(step), step=step)
    run.set_tag("t", "x")
    run.log_text("x", "x.txt")
    lost = isinstance(error, Rejected)
    run.flush(30 if lost else 0.2)
    failing = False
    (state,) = run.finish()
    assert state.complete is not lost
    assert len(place.points(run.id)) == (0 if lost else 50)
    assert place.run(run.id).status == "FINISHED"


def test_strict_raises_what_a_backend_rejects(place, fault, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_STRICT", "true")
    run = place.start()

    def check(family, _method):
        if family == "metrics":
            raise Rejected("no", clause="M1")

    fault.check = check
    run.log_metric("loss", 1.0)
    run.flush(5)
    with pytest.raises(Rejected):
        run.log_metric("loss", 2.0)
    with pytest.raises(Rejected):
        run.finish()
    assert place.run(run.id).status == "FINISHED"


def test_strict_raises_what_finish_leaves(place, fault, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_STRICT", "true")
    monkeypatch.setenv("TRACKBRIDGE_FINISH_TIMEOUT_S", "0.2")
    run = place.start()

    def check(*_):
        raise Transient("down")

    fault.check = check
    run.log_metric("loss", 1.0)
    with pytest.raises(Transient, match="2 records"):
        run.finish()


def test_other_ranks_stay_silent(place, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with place.start() as run:
        run.log_metric("loss", 1.0)
        run.log_text("x", "x")
        with pytest.raises(tb.Unsupported, match="rank"):
            run.log_model(__file__, "m", register_as="m").result(1)
    assert place.adapter.runs.get([run.id]) == {}
    monkeypatch.setenv("TRACKBRIDGE_RANKS", "all")
    with place.start() as run:
        pass
    assert place.run(run.id).status == "FINISHED"


def test_offline_mode_contacts_nobody_and_keeps_everything(place, fault, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_MODE", "offline")

    def check(*call):
        raise AssertionError(f"contacted: {call}")

    fault.check = check
    run = place.start()
    run.log_metric("loss", 1.0, step=0)
    run.log_text("x", "a.txt")
    (state,) = run.finish()
    assert (state.queued, state.delivered) == (3, 0), "a point, a file, the end"
    fault.check = lambda *_: None
    monkeypatch.setenv("TRACKBRIDGE_MODE", "online")
    monkeypatch.setenv("TRACKBRIDGE_SHIPPER", "thread")
    place.start().finish()  # adopts it
    deadline = time.monotonic() + 20
    while run.id not in place.adapter.runs.get([run.id]) or place.run(run.id).status != "FINISHED":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert place.files(run.id) == {"a.txt": b"x"}
    assert len(place.points(run.id)) == 1


def test_offline_mode_resumes_nothing(place, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_MODE", "offline")
    with pytest.raises(ConfigurationError, match="cannot be resumed while mode is offline"):
        place.start(run_id="0" * 32, resume="allow")


def test_backends_are_closed_with_the_last_run(local, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_SHIPPER", "thread")

    with local.start() as run:
        with local.start():
            pass
        run.flush()
        assert len(backends._open) == 1
    assert backends._open == {}
