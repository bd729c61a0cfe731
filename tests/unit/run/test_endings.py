"""How runs end, with and without a block, in processes of their own (R4, R8)."""

import pytest

from trackbridge.run.ending import describe, status_of

HEAD = "import os, sys, threading\nimport trackbridge as tb\nrun = tb.start_run('e', capture=False)\nprint(run.id, flush=True)\n"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "FINISHED"), (SystemExit(), "FINISHED"), (SystemExit(0), "FINISHED"), (SystemExit(1), "FAILED"),
        (SystemExit("no data"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (ValueError("x"), "FAILED"),
    ],
)  # fmt: skip
def test_status_of_a_block(place, error, status):
    assert status_of(error) == status
    run = place.start()
    if error is None:
        with run:
            pass
    else:
        with pytest.raises(type(error)), run:
            raise error
    held = place.run(run.id)
    assert held.status == status
    assert ("trackbridge.exception" in held.tags) == (status == "FAILED")


def test_an_exception_is_described():
    assert describe(ValueError("no access")) == "ValueError: no access"
    assert describe(SystemExit(3)) == "SystemExit: exit code 3"
    assert len(describe(ValueError("x" * 100_000))) <= 16_000


def test_a_status_that_was_given_stands(place):
    run = place.start()
    with pytest.raises(ValueError, match="late"), run:  # noqa: PT012 - leaving the block is what is tested
        run.finish("KILLED")
        raise ValueError("late")
    run.finish("FAILED")
    assert place.run(run.id).status == "KILLED"


SCRIPTS = {
    "falls off its end": ("run.log_metric('loss', 1.0, step=1)", 0, "FINISHED"),
    "exits with zero": ("sys.exit(0)", 0, "FINISHED"),
    "dies of an exception": ("raise RuntimeError('boom')", 1, "FAILED"),
    "exits non-zero in a block": ("with run:\n    sys.exit(3)", 3, "FAILED"),
    "is interrupted in a block": ("with run:\n    raise KeyboardInterrupt", None, "KILLED"),
    "leaves children open": ("child = tb.start_run('e', capture=False)", 0, "FINISHED"),
}


@pytest.mark.parametrize("what", SCRIPTS)
@pytest.mark.parametrize("shipper", ["thread", "inline"])
def test_a_script_that(local, script, what, shipper):
    code, exit_code, status = SCRIPTS[what]
    done = script(HEAD + code, TRACKBRIDGE_BACKEND=local.url, TRACKBRIDGE_SHIPPER=shipper)
    held = local.run(done.stdout.split()[0])
    assert held.status == status, done.stderr
    assert held.ended_ms is not None
    if exit_code is not None:
        assert done.returncode == exit_code
    if status == "FAILED" and "boom" in code:
        assert held.tags["trackbridge.exception"] == "RuntimeError: boom"
        assert "boom" in done.stderr, "the exception is still shown"


def test_a_process_attaches_by_its_environment(local, script):
    owner = local.start()
    owner.flush()
    code = (
        "import trackbridge as tb\nwith tb.start_run(capture=False) as run:\n    run.log_metric('child', 1.0, step=0)\n"
    )
    done = script(code, TRACKBRIDGE_BACKEND=local.url, TRACKBRIDGE_RUN_ID=owner.id)
    assert done.returncode == 0, done.stderr
    assert local.run(owner.id).status == "RUNNING"
    assert [p[0] for p in local.points(owner.id)] == ["child"]
    owner.finish()


FORK = (
    HEAD
    + """
run.log_metric("parent", 1.0, step=0)
pid = os.fork()
if pid == 0:
    run.log_metric("child", 1.0, step=0)
    tb.set_tag("who", "child")
    sys.exit(0)
os.waitpid(pid, 0)
run.log_metric("parent", 2.0, step=1)
"""
)
POOL = (
    HEAD
    + """
import multiprocessing
def work(n):
    tb.log_metric(f"child{n}", 1.0, step=0)
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=work, args=(n,)) for n in range(3)]
    [child.start() for child in children]
    [child.join() for child in children]
"""
)


@pytest.mark.parametrize("shipper", ["thread", "inline"])
def test_a_forked_child_is_an_attached_writer(local, script, shipper):
    done = script(FORK, TRACKBRIDGE_BACKEND=local.url, TRACKBRIDGE_SHIPPER=shipper)
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.split()[0]
    assert [(p[0], p[1]) for p in local.points(run_id)] == [("child", 0), ("parent", 0), ("parent", 1)]
    assert (local.run(run_id).status, local.run(run_id).tags) == ("FINISHED", {"who": "child"})


def test_children_of_multiprocessing_deliver_before_they_leave(local, script):
    done = script(POOL, TRACKBRIDGE_BACKEND=local.url)
    assert done.returncode == 0, done.stderr
    assert {p[0] for p in local.points(done.stdout.split()[0])} == {"child0", "child1", "child2"}
