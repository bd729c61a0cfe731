"""However a training process or its shipper dies, what was accepted arrives, once, and the status is right (§5, R4)."""

import os
import signal
import subprocess
import sys
import time

import pytest

import trackbridge as tb

HOSTS = ["thread", "process"]
AT_ONCE = 5


def kills(site, dice, count):
    """Kill scripts at random moments, some at once, for a machine that is never quiet is the harder one."""
    scripts = []
    for start in range(0, count, AT_ONCE):
        some = [site.script(threads=(1, 4)[number % 2]) for number in range(start, min(count, start + AT_ONCE))]
        for script in some:
            script.harm(dice.uniform(0.0, 0.3), script.process.kill)
        for script in some:
            assert script.wait() == -signal.SIGKILL
        scripts += some
    return scripts


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("count", [10, pytest.param(50, marks=pytest.mark.full)])
def test_nothing_is_lost_by_sigkill(make_site, dice, host, count):
    site = make_site(host)
    scripts = kills(site, dice, count)
    done = site.sync()
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.journals() == []
    assert sum(sum(script.accepted.values()) for script in scripts) > 1_000
    for script in scripts:
        site.check(script, "KILLED")


ENDS = {
    "_exit": ("_exit", None, (3,), "KILLED"),
    "sys.exit": ("exit", None, (0,), "FINISHED"),
    "an exception": ("raise", None, (1,), "FAILED"),
    "its end": ("finish", None, (0,), "FINISHED"),
    "SIGTERM": ("none", signal.SIGTERM, (-signal.SIGTERM,), "KILLED"),
    "Ctrl-C": ("interrupt", signal.SIGINT, (-signal.SIGINT,), "KILLED"),
    # Python forgets that it was interrupted when it compiles anything on its way out.
    "Ctrl-C without a block": ("none", signal.SIGINT, (1, -signal.SIGINT), "KILLED"),
}


@pytest.mark.parametrize("host", ["thread", "inline", "process"])
@pytest.mark.parametrize("what", ENDS)
def test_a_script_that_ends_by(make_site, host, what):
    end, number, codes, status = ENDS[what]
    site = make_site(host)
    script = site.script(end, threads=1 if host == "inline" else 2, limit=10**9 if number else 3_000)
    if number:
        script.harm(0.3, lambda: script.process.send_signal(number))
    assert script.wait() in codes, script.said.decode()
    done = site.sync()
    assert done.returncode == 0, done.stdout + done.stderr
    # An interrupt may fall between a point's being written and its being reported, in each thread.
    site.check(script, status)


def test_the_shipper_is_killed_and_another_takes_over(make_site):
    site = make_site("process")
    script = site.script("finish", limit=60_000)
    for _ in range(2):
        time.sleep(0.2)
        os.kill(site.shipper(), signal.SIGKILL)
    assert script.wait() == 0
    site.check(script, "FINISHED")
    assert site.journals() == [], "finish waited for the second"


def test_both_are_killed(make_site):
    site = make_site("process")
    script = site.script(threads=4)
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
