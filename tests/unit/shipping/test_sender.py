"""Hosts: what reaches the backends, when, and what is said of the rest (X2, §5)."""

import threading
import time

import pytest

from trackbridge.errors import AuthError, Conflict, Rejected, Transient
from trackbridge.records.log import LoggedArtifact, LoggedParams, LoggedSeries, LoggedVersion
from trackbridge.records.writes import Stamp, StatusWrite
from trackbridge.shipping import SenderSpec, lane, open_sender, sender

HOSTS = ["inline", "thread"]


@pytest.fixture
def start(request):
    opened = []

    def start(host, *routes, run_id="0" * 32, alone=True):
        made = open_sender(SenderSpec(run_id, "w" * 16, routes, alone), host)
        opened.append(made)
        return made

    yield start
    for each in opened:
        each.close(0.0)


def log(outlet, count, name="loss"):
    for step in range(count):
        outlet.point(name, step, step, float(step), False)


@pytest.mark.parametrize("host", HOSTS)
def test_flush_delivers_what_came_before(start, site, host):
    outlet = start(host, site.route(), run_id=site.run_id)
    log(outlet, 100)
    outlet.put(LoggedParams({"p": 1}))
    outlet.put(LoggedSeries("s", None, None, (1.0, 2.0), 5))
    (state,) = outlet.flush(10)
    assert (state.queued, state.delivered, state.complete) == (0, 103, True)
    assert len(site.points()) == 102
    assert site.run.params == {"p": 1}


@pytest.mark.parametrize("host", HOSTS)
def test_close_delivers_everything_and_lets_go(start, site, host):
    outlet = start(host, site.route(), run_id=site.run_id)
    log(outlet, 10)
    outlet.put(StatusWrite(0, "FINISHED", 5, Stamp(1, "w", 1)))
    (state,) = outlet.close(10)
    assert state.complete
    assert site.run.status == "FINISHED"
    assert site.released.wait(5)
    assert outlet.close(10) == (state,)


def test_a_thread_delivers_without_being_asked(start, site):
    outlet = start("thread", site.route(), run_id=site.run_id)
    log(outlet, 10)
    deadline = time.monotonic() + 10
    while len(site.points()) < 10:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("error", [Transient("down"), AuthError("expired"), ValueError("<html>garbage</html>")])
def test_nothing_is_lost_and_nothing_raises_while_a_backend_fails(start, site, host, error):
    failing = True

    def fault(*_):
        if failing:
            raise error

    site.faulty.fault = fault
    outlet = start(host, site.route(), run_id=site.run_id)
    log(outlet, 10)
    (state,) = outlet.flush(0.2)
    assert (state.queued, state.delivered) == (10, 0)
    assert state.error
    assert state.retried
    assert state.oldest_s is not None
    failing = False
    log(outlet, 20)
    (state,) = outlet.flush(10)
    assert (state.delivered, state.complete, state.error) == (30, True, None)
    assert len(site.points()) == 20  # the first ten came twice


@pytest.mark.parametrize("host", HOSTS)
def test_close_keeps_its_deadline_and_says_what_is_left(start, site, host):
    def fault(*_):
        raise Transient("down")

    site.faulty.fault = fault
    outlet = start(host, site.route(), run_id=site.run_id)
    log(outlet, 7)
    begin = time.monotonic()
    (state,) = outlet.close(0.3)
    assert time.monotonic() - begin < 3
    assert (state.queued, state.complete) == (7, False)
    assert "7 queued" in state.summary


def test_a_hanging_backend_delays_no_other(start, site, make_site):
    hanging, gate = make_site(name="hanging"), threading.Event()
    hanging.faulty.fault = lambda *_: gate.wait(30)
    outlet = start("thread", site.route(), hanging.route(), run_id=site.run_id)
    log(outlet, 5)
    states = outlet.flush(1.0)
    gate.set()
    assert [state.queued for state in states] == [0, 5]
    assert len(site.points()) == 5


def test_a_backend_that_is_not_required_delays_nothing(start, site, make_site):
    optional = make_site(name="optional")

    def fault(*_):
        raise Transient("down")

    optional.faulty.fault = fault
    outlet = start("thread", site.route(), optional.route(required=False), run_id=site.run_id)
    log(outlet, 5)
    begin = time.monotonic()
    states = outlet.close(30)
    assert time.monotonic() - begin < 5
    assert [state.queued for state in states] == [0, 5]
    assert not states[1].required


@pytest.mark.parametrize("host", HOSTS)
def test_a_backend_that_comes_late_gets_everything(start, site, host):
    tries = 0

    def connect():
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Transient("no route to host")
        return site.backend

    outlet = start(host, site.route(connect=connect), run_id=site.run_id)
    log(outlet, 5)
    deadline = time.monotonic() + 20
    while not (state := outlet.flush(1.0)[0]).complete:
        assert time.monotonic() < deadline
    assert state.delivered == 5


@pytest.mark.parametrize("host", HOSTS)
def test_a_backend_that_refuses_the_run_is_told_nothing_more(start, site, host):
    def connect():
        raise Conflict("run was deleted", clause="R5")

    outlet = start(host, site.route(connect=connect), run_id=site.run_id)
    log(outlet, 5)
    pending = outlet.register(LoggedVersion("t", "m", "a", None, 1))
    (state,) = outlet.flush(5)
    assert (state.queued, state.rejected) == (0, 6)
    assert state.dead_letters[0].clause == "R5"
    assert isinstance(outlet.failure(), Conflict)
    with pytest.raises(Conflict, match="deleted"):
        pending.result(1)


def test_a_full_queue_drops_points_of_a_backend_that_is_down_and_counts_them(start, site, monkeypatch):
    monkeypatch.setattr(lane, "_MOST_QUEUED", 50)
    monkeypatch.setattr(sender, "_MOST_WAITING", 10)
    down = True

    def fault(*_):
        if down:
            raise Transient("down")

    site.faulty.fault = fault
    outlet = start("thread", site.route(), run_id=site.run_id)
    log(outlet, 20)
    outlet.flush(0.1)
    log(outlet, 200)
    outlet.put(LoggedParams({"p": 1}))
    (state,) = outlet.flush(0.1)
    assert state.dropped > 0
    assert state.queued + state.dropped == 221
    down = False
    (state,) = outlet.flush(20)
    assert state.queued == 0
    assert site.run.params == {"p": 1}, "only points are ever dropped"
    assert not state.complete


def test_a_healthy_backend_that_cannot_follow_holds_the_caller_up(start, site, monkeypatch):
    monkeypatch.setattr(lane, "_MOST_QUEUED", 50)
    monkeypatch.setattr(sender, "_MOST_WAITING", 10)
    site.faulty.fault = lambda *_: time.sleep(0.01)
    outlet = start("thread", site.route(), run_id=site.run_id)
    log(outlet, 1_000)
    (state,) = outlet.flush(20)
    assert (state.dropped, state.delivered) == (0, 1_000)


def test_staged_files_go_when_the_last_backend_has_them(start, site, make_site, tmp_path):
    other, gate = make_site(name="other"), threading.Event()
    other.faulty.fault = lambda *_: gate.wait(30)
    source = tmp_path / "copy"
    source.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    outlet = start("thread", site.route(), other.route(), run_id=site.run_id)
    other.run_id = site.run_id
    outlet.put(LoggedArtifact("a", source, 0, empty, Stamp(1, "w", 1), staged=True))
    assert outlet.flush(0.5)[0].complete
    assert source.exists()
    gate.set()
    outlet.flush(10)
    assert not source.exists()


def test_a_version_that_never_came_is_no_longer_waited_for(start, site):
    def fault(family, *_):
        if family == "registry":
            raise Transient("down")

    site.faulty.fault = fault
    outlet = start("thread", site.route(), run_id=site.run_id)
    pending = outlet.register(LoggedVersion("t", "m", "a", "sha256:0", 1))
    with pytest.raises(Transient, match="within"):
        pending.result(0.2)
    outlet.close(0.2)
    with pytest.raises(Transient, match="closed before"):
        pending.result(5)


def test_the_first_failure_of_a_required_backend_is_known(start, site):
    def fault(*_):
        raise Rejected("no", clause="M1")

    site.faulty.fault = fault
    outlet = start("inline", site.route(), run_id=site.run_id)
    assert outlet.failure() is None
    log(outlet, 1)
    outlet.flush(5)
    assert isinstance(outlet.failure(), Rejected)


def test_many_threads_may_log_at_once(start, site):
    outlet = start("thread", site.route(), run_id=site.run_id)
    threads = [threading.Thread(target=log, args=(outlet, 500, f"m{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outlet.flush(20)[0].complete
    assert len(site.points()) == 4_000
