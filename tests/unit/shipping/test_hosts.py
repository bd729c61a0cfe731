"""Hosts in one process: what reaches the backends from a journal, when, and what is said of the rest (X2)."""

import hashlib
import threading
import time

import pytest

from trackbridge.errors import AuthError, ConfigurationError, Conflict, NotFound, Rejected, Transient
from trackbridge.journal import JournalOptions, discard, find_journals, read_identity
from trackbridge.protocol import Limits
from trackbridge.records.log import LoggedArtifact, LoggedParams, LoggedSeries, LoggedVersion
from trackbridge.records.writes import RunHeader, Stamp, StatusWrite
from trackbridge.shipping.channel import Connection
from trackbridge.shipping.consignment import Consignment, dead_letters
from trackbridge.shipping.crew import InlineCrew, ThreadCrew
from trackbridge.shipping.outlet import JournalOutlet
from trackbridge.shipping.survey import survey
from trackbridge.shipping.sync import deliver
from trackbridge.shipping.waybill import Destination, Waybill

HOSTS = ["inline", "thread"]
END = StatusWrite(0, "FINISHED", 5, Stamp(1, "w", 1))


class Yard:
    """A journal root whose backends are sites."""

    def __init__(self, root):
        self.root = root
        self.opened = []
        self.connects = {}

    def take_on(self, sites, inline, directory):
        def connector(_, destination):
            site = sites[destination.name]
            connect = self.connects.get(site.name, lambda: site.backend)
            return Connection(connect, site.released.set)

        consignment = Consignment.take(directory, connector)
        if consignment is None:
            return None
        return InlineCrew(consignment) if inline else ThreadCrew(consignment)

    def start(self, host, *sites, optional=(), attached=False, take_on=True, **options):
        run_id = sites[0].run_id
        for site in sites:
            if site.run_id != run_id:
                site.real.runs.create(RunHeader(run_id, "e", 1))
                site.run_id = run_id
        destinations = tuple(Destination(site.name, "memory://x", site not in optional, opened=True) for site in sites)
        held = {site.name: site for site in sites}

        def take(directory):
            return self.take_on(held, host == "inline", directory) if take_on else None

        outlet = JournalOutlet(
            self.root, "w" * 16, Waybill(RunHeader(run_id, "e", 1), None, 0, attached, destinations, host, 1 << 29),
            options=JournalOptions(**{"first_slots": 64, "most_slots": 64, **options}), take_on=take,
        )  # fmt: skip
        self.opened.append(outlet)
        return outlet


@pytest.fixture
def yard(tmp_path):
    made = Yard(tmp_path / "journals")
    yield made
    for outlet in made.opened:
        outlet.close(0.0)


def log(outlet, count, name="loss"):
    for step in range(count):
        outlet.log_metric(name, float(step), step, timestamp=step)


def until(condition, timeout_s=20.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def failing(error):
    def fault(*_):
        raise error

    return fault


@pytest.mark.parametrize("host", HOSTS)
def test_flush_delivers_what_came_before(yard, site, host):
    outlet = yard.start(host, site)
    log(outlet, 100)
    outlet.put(LoggedParams({"p": 1}))
    outlet.put(LoggedSeries("s", None, None, (1.0, 2.0), 5))
    (state,) = outlet.flush(10)
    assert (state.queued, state.delivered, state.complete) == (0, 103, True)
    assert len(site.points()) == 102
    assert site.run.params == {"p": 1}


@pytest.mark.parametrize("host", HOSTS)
def test_close_delivers_everything_and_leaves_nothing(yard, site, host):
    outlet = yard.start(host, site)
    log(outlet, 10)
    outlet.put(END)
    (state,) = outlet.close(10)
    assert state.complete
    assert site.run.status == "FINISHED"
    assert site.released.wait(5)
    assert outlet.close(10) == (state,)
    assert list(yard.root.glob("*/*")) == []


def test_a_thread_delivers_without_being_asked(yard, site):
    log(yard.start("thread", site), 10)
    until(lambda: len(site.points()) == 10)


def test_the_calling_thread_delivers_every_half_second(yard, site):
    outlet = yard.start("inline", site)
    outlet.log_metrics({"a": 1.0}, 0)
    until(lambda: outlet.log_metric("loss", 1.0, 0) or site.points())


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "error",
    [Transient("down"), AuthError("expired"), ConfigurationError("a login page"), ValueError("<html>garbage</html>")],
)
def test_nothing_is_lost_and_nothing_raises_while_a_backend_fails(yard, site, host, error):
    site.faulty.fault = failing(error)
    outlet = yard.start(host, site)
    log(outlet, 10)
    (state,) = outlet.flush(0.5)
    assert (state.queued, state.delivered) == (10, 0)
    assert state.error
    assert state.retried
    assert state.oldest_s is not None
    site.faulty.fault = lambda *_: None
    log(outlet, 20)
    (state,) = outlet.flush(10)
    assert (state.delivered, state.complete, state.error) == (30, True, None)
    assert len(site.points()) == 20  # the first ten came twice


@pytest.mark.parametrize("host", HOSTS)
def test_close_keeps_its_deadline_and_the_next_shipper_delivers(yard, site, host):
    site.faulty.fault = failing(Transient("down"))
    outlet = yard.start(host, site)
    log(outlet, 7)
    outlet.put(END)
    begin = time.monotonic()
    (state,) = outlet.close(0.5)
    assert time.monotonic() - begin < 3
    assert (state.queued, state.complete) == (8, False)
    assert "8 queued" in state.summary
    (left,) = survey(yard.root)
    assert [each.queued for each in left.deliveries] == [8]
    site.faulty.fault = lambda *_: None
    crew = yard.take_on({site.name: site}, inline=False, directory=outlet.directory)
    crew.close(10)
    assert (len(site.points()), site.run.status) == (7, "FINISHED")
    assert list(survey(yard.root)) == []


def test_two_shippers_never_have_one_journal(yard, site):
    outlet = yard.start("thread", site)
    assert yard.take_on({site.name: site}, inline=False, directory=outlet.directory) is None


def test_a_hanging_backend_delays_no_other(yard, site, make_site):
    hanging, gate = make_site(name="hanging"), threading.Event()
    outlet = yard.start("thread", site, hanging)
    hanging.faulty.fault = lambda *_: gate.wait(30)
    log(outlet, 5)
    states = outlet.flush(1.0)
    gate.set()
    assert [state.queued for state in states] == [0, 5]
    assert len(site.points()) == 5


def test_a_backend_that_is_not_required_delays_nothing(yard, site, make_site):
    optional = make_site(name="optional")
    optional.faulty.fault = failing(Transient("down"))
    outlet = yard.start("thread", site, optional, optional=(optional,))
    log(outlet, 5)
    outlet.put(END)
    begin = time.monotonic()
    states = outlet.close(30)
    assert time.monotonic() - begin < 5
    assert [state.queued for state in states] == [0, 6]
    assert not states[1].required


@pytest.mark.parametrize("host", HOSTS)
def test_a_backend_that_comes_late_gets_everything(yard, site, host):
    tries = 0

    def connect():
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Transient("no route to host")
        return site.backend

    yard.connects[site.name] = connect
    outlet = yard.start(host, site)
    log(outlet, 5)
    until(lambda: outlet.flush(1.0)[0].complete)
    assert len(site.points()) == 5


@pytest.mark.parametrize("host", HOSTS)
def test_a_backend_that_refuses_the_run_is_told_nothing_more(yard, site, host):
    yard.connects[site.name] = failing(Conflict("run was deleted", clause="R5"))
    outlet = yard.start(host, site)
    log(outlet, 5)
    pending = outlet.register(LoggedVersion("t", "m", "a", None, 1))
    (state,) = outlet.flush(5)
    assert (state.queued, state.rejected) == (0, 6)
    assert state.dead_letters[0].clause == "R5"
    assert isinstance(outlet.failure(), Conflict)
    with pytest.raises(Conflict, match="deleted"):
        pending.result(1)


def test_a_backend_that_cannot_be_opened_here_keeps_its_records(yard, site):
    yard.connects[site.name] = failing(ConfigurationError("no such plugin"))
    outlet = yard.start("thread", site)
    log(outlet, 5)
    (state,) = outlet.flush(0.3)
    assert (state.queued, state.rejected) == (5, 0)
    assert "no such plugin" in state.error


def test_dead_letters_are_kept_beside_the_journals(yard, site):
    site.faulty.fault = lambda family, *_: failing(Rejected("no", clause="M1"))() if family == "metrics" else None
    outlet = yard.start("thread", site)
    log(outlet, 1)
    outlet.put(END)
    outlet.close(10)
    assert isinstance(outlet.failure(), Rejected)
    (file,) = dead_letters(yard.root).iterdir()
    assert all(text in file.read_text() for text in ('"clause": "M1"', '"reason": "no"', '"name": "loss"'))


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("when_full", ["drop", "block"])
def test_a_full_journal(yard, site, host, when_full):
    down = threading.Event()
    site.faulty.fault = lambda *_: None if not down.is_set() else failing(Transient("down"))()
    down.set()
    outlet = yard.start(host, site, max_bytes=1 << 20, when_full=when_full)
    threading.Timer(0.5, down.clear).start()
    log(outlet, 4_000)
    outlet.put(LoggedParams({"p": 1}))
    until(lambda: outlet.flush(5)[0].queued == 0)
    (state,) = outlet.flush(5)
    assert (state.dropped > 0) == (when_full == "drop")
    assert state.delivered + state.dropped == 4_001
    assert state.complete == (when_full == "block")


def test_staged_files_go_when_the_last_backend_has_them(yard, site, make_site):
    other, gate = make_site(name="other"), threading.Event()
    outlet = yard.start("thread", site, other)
    other.faulty.fault = lambda *_: gate.wait(30)
    source = outlet.place() / "files" / "0"
    source.parent.mkdir()
    source.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    outlet.put(LoggedArtifact("a", source, 0, empty, Stamp(1, "w", 1), staged=True))
    assert outlet.flush(0.5)[0].complete
    assert source.exists()
    gate.set()
    outlet.flush(10)
    assert not source.exists()


def stage(outlet, path, content=b""):
    source = outlet.place() / "files" / path
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    outlet.put(LoggedArtifact(path, source, len(content), digest, Stamp(1, "w", 1), staged=True))
    return source


def holding(gate, *kinds):
    return lambda family, method, _: gate.wait(30) if (family, method) in kinds else None


def test_an_artifact_under_way_holds_up_no_point(yard, site):
    gate = threading.Event()
    site.faulty.fault = holding(gate, ("artifacts", "put"))
    outlet = yard.start("thread", site)
    source = stage(outlet, "large")
    for first in (0, 10):
        log(outlet, first + 10)
        until(lambda first=first: len(site.points()) == first + 10)
    (state,) = outlet.flush(0.2)
    assert (state.queued, source.exists()) == (1, True)
    assert state.oldest_s is not None
    gate.set()
    assert outlet.flush(10)[0].complete
    assert not source.exists()


@pytest.mark.parametrize("host", HOSTS)
def test_the_end_and_versions_come_after_all_artifacts(yard, site, host):
    outlet = yard.start(host, site)
    site.real.registry.ensure_model("m")
    for number in range(9):
        stage(outlet, f"{number}")
    outlet.register(LoggedVersion("t", "m", "3", None, 1))
    outlet.put(END)
    assert outlet.close(10)[0].complete
    calls = [
        call
        for call in site.faulty.calls
        if call in {("artifacts", "put"), ("runs", "write"), ("registry", "create_version")}
    ]
    assert calls == [*[("artifacts", "put")] * 9, ("runs", "write"), ("registry", "create_version")]
    assert site.run.status == "FINISHED"


@pytest.mark.parametrize("host", HOSTS)
def test_points_arrive_while_artifacts_cannot(yard, site, host):
    site.faulty.fault = lambda family, *_: failing(Transient("no bucket"))() if family == "artifacts" else None
    outlet = yard.start(host, site)
    source = stage(outlet, "a", b"content")
    log(outlet, 10)
    outlet.put(END)
    (state,) = outlet.flush(0.5)
    assert (state.queued, len(site.points()), site.run.status) == (2, 10, "RUNNING")
    assert "no bucket" in state.error
    assert source.exists()
    site.faulty.fault = lambda *_: None
    assert outlet.close(10)[0].complete
    assert site.run.status == "FINISHED"


def test_what_has_arrived_is_not_sent_again_by_the_next_shipper(yard, site):
    gate, stuck = threading.Event(), threading.Event()

    def fault(family, method, arguments):
        if (family, method) == ("artifacts", "put") and arguments[1] == "stuck":
            stuck.set()
            gate.wait(30)
            raise AuthError("cut off")  # not tried again at once

    site.faulty.fault = fault
    outlet = yard.start("thread", site)
    for path in ("a", "b", "stuck", "c"):
        stage(outlet, path)
    outlet.put(END)
    assert stuck.wait(20)
    until(lambda: outlet.state()[0].delivered == 3)
    assert outlet.close(0.3)[0].queued == 2
    gate.set()
    site.faulty.fault, site.faulty.calls = lambda *_: None, []
    until(
        lambda: (
            (crew := yard.take_on({site.name: site}, inline=False, directory=outlet.directory))
            and (crew.close(10) or True)
        )
    )
    assert site.faulty.calls.count(("artifacts", "put")) == 1
    assert [found.path for found in site.real.artifacts.list(site.run_id)] == ["a", "b", "c", "stuck"]
    assert site.run.status == "FINISHED"


def test_the_others_take_the_number_that_the_first_has_given(yard, site, make_site):
    other = make_site(name="other")
    for each in (site, other):
        each.real.registry.ensure_model("m")
    outlet = yard.start("thread", site, other)
    site.faulty.fault = lambda family, *_: failing(Transient("down"))() if family == "registry" else None
    pending = outlet.register(LoggedVersion("t", "m", "a", "sha256:0", 1))
    assert [state.queued for state in outlet.flush(0.5)] == [1, 1]
    assert not pending.done
    site.faulty.fault = lambda *_: None
    assert pending.result(20).number == 1
    assert outlet.flush(20)[1].complete
    assert [version.number for version in other.real.registry.versions("m")] == [1]


def test_a_version_that_never_came_is_no_longer_waited_for(yard, site):
    site.faulty.fault = lambda family, *_: failing(Transient("down"))() if family == "registry" else None
    outlet = yard.start("thread", site)
    pending = outlet.register(LoggedVersion("t", "m", "a", "sha256:0", 1))
    with pytest.raises(Transient, match="within"):
        pending.result(0.2)
    outlet.close(0.2)
    with pytest.raises(Transient, match="closed before"):
        pending.result(5)


@pytest.mark.parametrize("attached", [False, True])
def test_a_writer_that_says_nothing_more(yard, site, attached):
    outlet = yard.start("thread", site, take_on=False, attached=attached)
    outlet.log_metric("loss", 1.0, 0)
    outlet._writer.close()  # as the kernel would: no status was written
    crew = yard.take_on({site.name: site}, inline=False, directory=outlet.directory)
    crew.close(10)
    assert site.run.status == ("RUNNING" if attached else "KILLED")
    assert len(site.points()) == 1
    if not attached:
        assert site.run.ended_ms == site.points()[0].timestamp_ms, "the time of its last record (R4)"


@pytest.mark.parametrize("after", range(6))
def test_a_shipper_that_dies_in_between_changes_no_step_and_no_time(yard, make_site, after):
    """Auto-steps and tied times come out of the journal, whoever reads it, and however often (M3)."""
    site = make_site(Limits(points_per_write=10))
    outlet = yard.start("thread", site, take_on=False)
    for _ in range(30):
        outlet.log_metric("auto", 1.0)
        outlet.log_metric("tied", 1.0, 3)
    outlet._writer.close()
    calls = 0

    def dies(family, method, _):
        nonlocal calls
        calls += family == "metrics"
        if calls > after:
            raise Transient("gone")

    site.faulty.fault = dies
    crew = yard.take_on({site.name: site}, inline=False, directory=outlet.directory)
    crew.close(0.3)
    first = set(site.points())
    assert len(first) == 10 * after
    site.faulty.fault = lambda *_: None
    yard.take_on({site.name: site}, inline=False, directory=outlet.directory).close(10)
    points = site.points()
    assert first <= set(points)
    assert [point.step for point in points if point.name == "auto"] == list(range(30))
    assert len({point.timestamp_ms for point in points if point.name == "tied"}) == 30
    assert list(find_journals(yard.root)) == []


def test_many_threads_may_log_at_once(yard, site):
    outlet = yard.start("thread", site)
    threads = [threading.Thread(target=log, args=(outlet, 500, f"m{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outlet.flush(20)[0].complete
    assert len(site.points()) == 4_000


def test_a_journal_that_goes_while_it_is_taken_on_leaves_nothing(yard, site, monkeypatch):
    """Another shipper deletes what it has delivered at any moment, the lock file of the next one not yet there."""
    outlet = yard.start("thread", site, take_on=False)
    outlet._writer.close()
    seen = []

    def read(directory):
        seen.append(directory)
        if len(seen) == 2:
            (directory / "owner.json").unlink()
        return read_identity(directory)

    monkeypatch.setattr("trackbridge.shipping.consignment.read_identity", read)
    assert yard.take_on({site.name: site}, inline=False, directory=outlet.directory) is None
    assert list(yard.root.glob("*")) == []


def test_sync_is_content_with_what_another_delivers_meanwhile(yard, site, monkeypatch):
    outlet = yard.start("thread", site, take_on=False)
    outlet._writer.close()

    def take_on(directory, *, inline):
        discard(directory)
        raise NotFound("it is gone")

    monkeypatch.setattr("trackbridge.shipping.sync.take_on", take_on)
    (synced,) = deliver(yard.root, timeout_s=5)
    assert (synced.complete, synced.error) == (True, None)


def test_what_is_no_journal_is_left_alone(yard, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound):
        yard.take_on({}, inline=False, directory=tmp_path / "empty")
