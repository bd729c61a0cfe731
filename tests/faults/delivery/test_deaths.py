"""However a training process or its shipper dies, what was accepted arrives, once, and the status is right (R4)."""

import itertools
import os
import signal
import subprocess
import sys
import time

import pytest

import trackbridge as tb

HOSTS = ["thread", "process"]
AT_ONCE = 5
MODES = ["mapped", "plain"]
THREADS = [1, 4]
full = pytest.mark.full


def kills(site, dice, count, *, within_s=0.3, **how):
    """Kill scripts at random moments, some at once, for a machine that is never quiet is the harder one."""
    scripts = []
    for start in range(0, count, AT_ONCE):
        some = [site.script(threads=THREADS[number % 2], **how) for number in range(start, min(count, start + AT_ONCE))]
        for script in some:
            script.harm(dice.uniform(0.0, within_s), script.process.kill)
        for script in some:
            assert script.wait() == -signal.SIGKILL
        scripts += some
    return scripts


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", [5, pytest.param(25, marks=full)])
def test_nothing_is_lost_by_sigkill(make_site, dice, host, mode, count):
    site = make_site(host)
    scripts = kills(site, dice, count, mode=mode)
    site.sync_all()
    assert sum(sum(script.accepted.values()) for script in scripts) > 1_000
    for script in scripts:
        site.check(script, "KILLED")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("count", "at_least"), [(5, 1), pytest.param(40, 10, marks=full)])
def test_nothing_is_lost_where_segments_roll_over(make_site, dice, mode, count, at_least):
    """Segments of so few slots that a kill falls between two of them more often than not."""
    site = make_site("thread")
    scripts, rolling = [], 0
    for _ in range(count // AT_ONCE):
        some = kills(site, dice, AT_ONCE, within_s=0.1, mode=mode, slots=16)
        rolling += site.rolling_over(some)
        scripts += some
    assert rolling >= at_least
    site.sync_all()
    for script in scripts:
        site.check(script, "KILLED")


ENDS = {
    "_exit": ("_exit", None, (3,), "KILLED"),
    "sys.exit": ("exit", None, (0,), "FINISHED"),
    "an exception": ("raise", None, (1,), "FAILED"),
    "its end": ("finish", None, (0,), "FINISHED"),
    "SIGKILL": ("none", signal.SIGKILL, (-signal.SIGKILL,), "KILLED"),
    "SIGTERM": ("none", signal.SIGTERM, (-signal.SIGTERM,), "KILLED"),
    "Ctrl-C": ("interrupt", signal.SIGINT, (-signal.SIGINT,), "KILLED"),
    # Python forgets that it was interrupted when it compiles anything on its way out.
    "Ctrl-C without a block": ("none", signal.SIGINT, (1, -signal.SIGINT), "KILLED"),
}


def combinations():
    """Give every way to end with every host and way to write a journal; in the first tier the ways take turns."""
    written = list(itertools.product(MODES, THREADS))
    for number, what in enumerate(ENDS):
        for place, host in enumerate([*HOSTS, "inline"]):
            for way in written:
                chosen = way == written[(number + place) % len(written)] and what != "SIGKILL"
                yield pytest.param(what, host, *way, marks=[] if chosen else full)


@pytest.mark.parametrize(("what", "host", "mode", "threads"), list(combinations()))
def test_a_script_that_ends_by(make_site, what, host, mode, threads):
    end, number, codes, status = ENDS[what]
    site = make_site(host)
    script = site.script(end, threads=threads, mode=mode, limit=10**9 if number else 2_000)
    if number:
        script.harm(0.3, lambda: script.process.send_signal(number))
    assert script.wait() in codes, script.said.decode()
    site.sync_all()
    # An interrupt may fall between a point's being written and its being reported, in each thread.
    site.check(script, status)


def ways(first):
    """Give all ways to write a journal, one of them for the first tier."""
    return [pytest.param(*way, marks=[] if way == first else full) for way in itertools.product(MODES, THREADS)]


@pytest.mark.parametrize(("mode", "threads"), ways(first=("mapped", 1)))
def test_the_shipper_is_killed_and_another_takes_over(make_site, mode, threads):
    site = make_site("process")
    script = site.script("finish", threads=threads, mode=mode, limit=60_000 // threads)
    for _ in range(2):
        time.sleep(0.2)
        os.kill(site.shipper(), signal.SIGKILL)
    assert script.wait() == 0
    site.check(script, "FINISHED")
    assert site.journals() == [], "finish waited for the second"


@pytest.mark.parametrize(("mode", "threads"), ways(first=("plain", 4)))
def test_both_are_killed(make_site, mode, threads):
    site = make_site("process")
    script = site.script(threads=threads, mode=mode)
    time.sleep(0.3)
    os.kill(site.shipper(), signal.SIGKILL)
    script.process.kill()
    script.wait()
    assert len(site.journals()) == 1
    assert site.sync().returncode == 0
    site.check(script, "KILLED")


def test_the_next_run_delivers_what_the_dead_have_left(make_site):
    site = make_site("process")
    first = site.script()
    time.sleep(0.2)
    os.kill(site.shipper(), signal.SIGKILL)
    first.process.kill()
    first.wait()
    second = site.script("finish", limit=100)
    assert second.wait() == 0
    deadline = time.monotonic() + 30
    while site.journals():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    site.check(first, "KILLED")
    site.check(second, "FINISHED")


def test_one_shipper_serves_many_processes(make_site):
    site = make_site("process")
    scripts = [site.script("finish", limit=500) for _ in range(3)]
    shipper = site.shipper()
    for script in scripts:
        assert script.wait() == 0
        site.check(script, "FINISHED")
    assert site.shipper() == shipper


RESUMED = """
import sys
import trackbridge as tb
with tb.start_run("faults", run_id=sys.argv[1], resume="must", capture=False) as run:
    run.log_metric("t0", -1.0)
"""


@pytest.mark.parametrize("host", HOSTS)
def test_a_run_that_is_resumed_goes_on_where_it_died(make_site, host):
    site = make_site(host)
    script = site.script()
    script.harm(0.1, script.process.kill)
    script.wait()
    command = [sys.executable, "-c", RESUMED, script.run_id]
    done = subprocess.run(command, env=site.environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    with tb.connect(site.url) as store:
        points = list(store.metrics.read(script.run_id, ["t0"]))
        run = store.runs.get(script.run_id)
    assert [point.step for point in points] == list(range(len(points))), "the next step after all that was accepted"
    assert len(points) - 1 >= script.accepted[0]
    assert points[-1].value == -1.0
    assert run.status == "FINISHED", "what the dead one left is of an older epoch (R5)"
