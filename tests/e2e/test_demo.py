"""`trackbridge demo` from training to production, in a folder of its own."""

import json
import os
import subprocess
import sys
import time

import pytest

from trackbridge.cli.demo import demo
from trackbridge.protocol.discovery import hooks

pytestmark = pytest.mark.xdist_group("demo")  # one worker plays it, once


def play(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("TRACKBRIDGE_")}
    command = [sys.executable, "-m", "trackbridge", "demo", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The demo as a person sees it, with how long it took."""
    folder = tmp_path_factory.mktemp("demo")
    begun = time.monotonic()
    done = play(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout, time.monotonic() - begun


def test_it_shows_the_whole_story(shown) -> None:
    _, text, _ = shown
    for piece in ("gradient-boosting", "linear-sgd", "neural-network", "val_loss", "None → Staging",
                  "Staging → Production", "approved", "from Production", "Where everything lies", "What to try next"):  # fmt: skip
        assert piece in text, text


def test_it_takes_less_than_two_minutes(shown) -> None:
    assert shown[2] < 120


def test_a_real_server_gives_the_same_digests(shown) -> None:
    _, text, _ = shown
    _, _, one_by_one = text.partition("digests of content")
    one_by_one, _, at_once = one_by_one.partition("digests of everything")
    for table in (one_by_one, at_once.partition("Where everything lies")[0]):
        rows = [line.split() for line in table.splitlines() if line.strip().endswith(("yes", "NO"))]
        assert [row[-1] for row in rows] == ["yes"] * 3, text
        assert all(len(row) == 4 and row[1] == row[2] and row[1].startswith("sha256:") for row in rows)
        assert "mlflow+http://127.0.0.1:" in table


def test_without_a_plugin_it_plays_on_the_store_alone(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    hooks().unregister(name="mlflow-demo")
    try:
        demo(folder=tmp_path / "demo")
    finally:
        hooks().load_setuptools_entrypoints("trackbridge.hooks", "mlflow-demo")
    said = capsys.readouterr().out
    assert "Only the embedded store was played on" in said
    assert "mlflow+" not in said


def test_what_it_says_to_try_next_works(shown) -> None:
    folder, text, _ = shown
    _, _, after = text.partition("What to try next")
    commands = [line.strip() for line in after.splitlines() if line.strip().startswith("trackbridge ")]
    assert len(commands) >= 4
    for command in commands:
        if " demo " not in command:
            words = [sys.executable, "-m", *command.split()]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, command + done.stderr


def test_it_is_the_same_on_two_backends(tmp_path) -> None:
    done = play(tmp_path, "--backend", "local://one", "--backend", "local://two", "--json")
    assert done.returncode == 0, done.stderr
    one, two = json.loads(done.stdout)
    assert one["content_digests"] == two["content_digests"]
    assert len(one["content_digests"]) == 3
    assert one["version"]["stage"] == two["version"]["stage"] == "Production"
    assert one["at_once"] == two["at_once"]
    assert len(one["at_once"]) == 3
    assert one["prediction"] == two["prediction"]
    assert one["prediction"]["correct"] / one["prediction"]["rows"] > 0.95
    for run in one["runs"]:
        assert run["datasets"][0]["digest"].startswith("sha256:")
        assert run["metrics"]["val_loss"]["count"] >= 60
        assert run["attributes"]["environment.python"]
