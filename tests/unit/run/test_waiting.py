"""The progress bar of `finish`: on a terminal only, and only where there is something to wait for."""

import io
import sys
import threading

import pytest

from trackbridge.run import waiting
from trackbridge.shipping import Delivery


class Terminal(io.StringIO):
    """Says what it is, and when something was written."""

    def __init__(self, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal
        self.full = threading.Event()

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        written = super().write(text)
        if "7/10" in self.getvalue():
            self.full.set()
        return written


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(waiting, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(waiting, "_EVERY_S", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


def state():
    return (Delivery("prod", True, queued=3, delivered=6, rejected=1), Delivery("mirror", False, queued=9))


@pytest.mark.usefixtures("quick")
def test_a_terminal_shows_how_much_is_delivered_where_it_is_required(monkeypatch):
    terminal = Terminal(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", terminal)
    with waiting.progress_shown(state):
        assert terminal.full.wait(20)
    assert "delivering to prod" in terminal.getvalue()
    assert "mirror" not in terminal.getvalue()


@pytest.mark.usefixtures("quick")
def test_what_is_no_terminal_is_left_alone(monkeypatch):
    file = Terminal(is_terminal=False)
    monkeypatch.setattr(sys, "stderr", file)
    with waiting.progress_shown(lambda: pytest.fail("nobody asked")):
        pass
    assert file.getvalue() == ""


def test_what_takes_no_time_shows_nothing(monkeypatch):
    terminal = Terminal(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", terminal)
    with waiting.progress_shown(lambda: pytest.fail("nobody asked")):
        pass
    assert terminal.getvalue() == ""
