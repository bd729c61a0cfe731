"""Who shares a shipper process: those with the same variables that matter to their backends."""

import subprocess
import sys

import pytest

from trackbridge.shipping.root import roots_in, shared_root
from trackbridge.shipping.survey import journals_in

PATTERNS = ("VENDOR_KEY", "VENDOR_URL_*")


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in ("VENDOR_KEY", "VENDOR_URL_A"):
        monkeypatch.delenv(name, raising=False)


def test_without_any_of_them_it_is_the_root_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("OTHER", "x")
    assert shared_root(tmp_path, PATTERNS) == tmp_path
    assert shared_root(tmp_path, ()) == tmp_path


def test_alike_environments_share_and_others_do_not(tmp_path, monkeypatch):
    monkeypatch.setenv("VENDOR_KEY", "one")
    one = shared_root(tmp_path, PATTERNS)
    monkeypatch.setenv("OTHER", "x")
    assert shared_root(tmp_path, reversed(PATTERNS)) == one
    monkeypatch.setenv("VENDOR_URL_A", "http://a")
    two = shared_root(tmp_path, PATTERNS)
    monkeypatch.setenv("VENDOR_KEY", "two")
    three = shared_root(tmp_path, PATTERNS)
    assert len({tmp_path, one, two, three}) == 4
    assert sorted(roots_in(tmp_path)) == sorted([tmp_path, one, two, three])
    assert "one" not in one.name
    assert one.stat().st_mode & 0o777 == 0o700


SCRIPT = """
import os, trackbridge as tb
with tb.start_run("e", backend=os.environ["WHERE"], capture=False) as run:
    run.log_metric("a", 1.0)
print(run.delivery[0].complete, run.id)
"""


def test_a_second_script_is_delivered_with_its_own_credentials(tmp_path, wandb_emulator, monkeypatch):
    """The first has no key to a service that the second one writes to; its shipper is still there."""
    home = {"HOME": str(tmp_path), "TRACKBRIDGE_JOURNAL_DIR": str(tmp_path / "j"), "TRACKBRIDGE_SHIPPER": "process"}
    for name, value in home.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)

    def play(where, **extra):
        import os

        said = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "WHERE": where, "TRACKBRIDGE_CONNECT_TIMEOUT_S": "60", **extra},
            capture_output=True,
            text=True,
            check=False,
        )
        return said.stdout, said.stderr

    service = f"wandb://team?base_url={wandb_emulator.url}"
    assert "True" in play(f"local://{tmp_path}/store")[0]
    assert "AuthError" in play(service)[1]
    out, error = play(service, WANDB_API_KEY="0" * 40)
    assert "True" in out, error
    assert journals_in(tmp_path / "j") == []
