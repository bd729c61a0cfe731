"""What is captured, and that it cannot hurt (E1, R9, X4)."""

import itertools
import logging
import threading
import time
from types import SimpleNamespace

import pytest

import trackbridge as tb
from trackbridge.capture import collect, start_capture
from trackbridge.protocol import CaptureProvider, Found, hookimpl
from trackbridge.protocol.discovery import hooks
from trackbridge.records.log import LoggedObject
from trackbridge.records.writes import AttributeWrite, Stamp


def captured(timeout_s=60):
    records, numbers = [], itertools.count()
    start_capture(records.append, lambda: Stamp(1, "w", next(numbers)), lambda _: None)(timeout_s)
    attributes = {record.name: record.value for record in records if isinstance(record, AttributeWrite)}
    files = {record.name: record.data for record in records if isinstance(record, LoggedObject)}
    return attributes, files


def provide(monkeypatch, *finds, timeout_s=10.0):
    providers = tuple(CaptureProvider(name=f"p{n}", find=find, timeout_s=timeout_s) for n, find in enumerate(finds))
    monkeypatch.setattr("trackbridge.capture.providers.PROVIDERS", providers)


@pytest.fixture
def plugin():
    """Give what registers a plugin for one test."""
    registered = []

    def register(give):
        made = SimpleNamespace(trackbridge_captures=hookimpl(give))
        hooks().register(made)
        registered.append(made)

    yield register
    for one in registered:
        hooks().unregister(one)


def test_everything_is_found():
    attributes, files = captured()
    assert {
        *("environment.python", "environment.command", "environment.cwd", "environment.packages"),
        *("environment.cpu.count", "environment.git.commit", "environment.locks"),
        *("source.entry_point", "source.host", "source.user"),
    } <= attributes.keys()
    assert {"environment/packages.txt", "environment/locks/pyproject.toml"} <= files.keys()


def test_a_provider_that_fails_hurts_no_other(monkeypatch):
    def broken():
        raise RuntimeError("no driver")

    provide(monkeypatch, broken, lambda: Found({"environment.x": 1, "environment.none": None}), lambda: Found({1: 2}))
    assert captured() == ({"environment.x": 1}, {})


def test_one_that_hangs_is_left_behind_and_said_so(monkeypatch, caplog):
    gate = threading.Event()

    def hangs():
        gate.wait(60)
        return Found({"environment.late": True})

    provide(monkeypatch, hangs, lambda: Found({"environment.x": 1}), timeout_s=0.2)
    with caplog.at_level(logging.WARNING, "trackbridge"):
        assert captured() == ({"environment.x": 1}, {})
    gate.set()
    assert "p0 takes longer than 0.2 s and is not recorded" in caplog.text


def test_all_together_are_bounded(monkeypatch, caplog):
    gate = threading.Event()
    monkeypatch.setattr(collect, "LIMIT_S", 0.3)
    provide(monkeypatch, lambda: gate.wait(60), lambda: gate.wait(60), timeout_s=20)
    begun = time.monotonic()
    with caplog.at_level(logging.WARNING, "trackbridge"):
        captured()
    assert time.monotonic() - begun < 15
    gate.set()
    assert "p0 takes longer than" in caplog.text


def test_other_distributions_add_their_own(monkeypatch, plugin, caplog):
    def broken():
        raise RuntimeError("half installed")

    provide(monkeypatch)
    plugin(broken)
    plugin(lambda: (CaptureProvider(name="mine", find=lambda: Found({"environment.mine": 1}, {"m": b"\xff"})),))
    with caplog.at_level(logging.WARNING, "trackbridge"):
        assert captured() == ({"environment.mine": 1}, {"environment/m": b"\xff"})
    assert "gives nothing to capture: RuntimeError: half installed" in caplog.text


def test_a_run_records_what_a_plugin_finds_and_gives_its_files_back(monkeypatch, plugin, tmp_path):
    provide(monkeypatch)
    plugin(lambda: (CaptureProvider(name="mine", find=lambda: Found({"environment.mine": [1]}, {"a/b": b"\0"})),))
    url = f"local://{tmp_path}/store"
    with tb.start_run("e", backend=url) as run:
        pass
    with tb.connect(url) as store:
        assert store.runs.get(run.id).attributes["environment.mine"] == [1]
        assert store.runs.environment(run.id) == {"a/b": b"\0"}


def test_what_is_found_is_redacted_and_says_so(monkeypatch):
    secret = "sk-" + "a1B2c3D4" * 6
    found = Found(
        {"environment.command": ["train.py", "--password", "hunter2hunter2", secret]},
        {"x.txt": f"key={secret}".encode(), "y.txt": b"\xffplain"},
    )
    provide(monkeypatch, lambda: found)
    attributes, files = captured()
    assert secret not in repr((attributes, files))
    assert "hunter2" not in repr(attributes)
    assert attributes["environment.redacted.x.txt"] is True
    assert "environment.redacted.y.txt" not in attributes
    assert files["environment/y.txt"] == b"\xffplain"
