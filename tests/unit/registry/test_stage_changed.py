"""Who wants to hear of a changed stage does, after the fact and whatever comes of it; the webhook over a real socket."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina

from trackbridge.config import configure
from trackbridge.protocol import Backend, hookimpl
from trackbridge.protocol.discovery import hooks
from trackbridge.records.models import ModelVersion
from trackbridge.records.trail import TrailEntry, encode_entry, entry_hash
from trackbridge.registry import Registry

Make = Callable[..., list[ModelVersion]]
SECRET = "a shared secret"


class Listener:
    def __init__(self, registry: Registry, error: Exception | None = None) -> None:
        self.registry, self.error = registry, error
        self.heard: list[tuple[str, TrailEntry, int]] = []

    @hookimpl
    def trackbridge_stage_changed(self, model: str, entry: TrailEntry) -> None:
        self.heard.append((model, entry, len(self.registry.history(model))))
        if self.error:
            raise self.error


@pytest.fixture
def listen(registry: Registry) -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def register(error: Exception | None = None) -> Listener:
        listeners.append(Listener(registry, error))
        hooks().register(listeners[-1])
        return listeners[-1]

    yield register
    for listener in listeners:
        hooks().unregister(listener)


def test_a_transition_is_told_once_after_its_entry_exists(
    registry: Registry, make: Make, listen: Callable[..., Listener]
) -> None:
    make(2)
    listener = listen()
    registry.transition("fraud", 1, "Production")
    registry.transition("fraud", 1, "Production")
    registry.approve("fraud", 1)
    registry.promote(registry.plan("fraud", 2, "Production", archive_existing="all"))
    registry.promote(registry.plan_rollback("fraud"))
    history = registry.history("fraud")
    assert [(model, entry) for model, entry, _ in listener.heard] == [
        ("fraud", entry) for entry in history if entry.action == "transition"
    ]
    assert [count for _, _, count in listener.heard] == [1, 3, 4]


def test_a_change_made_outside_is_told_when_it_is_recorded(
    registry: Registry, make: Make, backend: Backend, listen: Callable[..., Listener]
) -> None:
    from trackbridge.adapters.memory.state import state_of

    make(2)
    registry.transition("fraud", 1, "Staging")
    state_of(backend.url.location).models["fraud"].versions[2].stage = "Production"
    listener = listen()
    registry.approve("fraud", 1)
    assert [(entry.version, entry.stage, entry.outside) for _, entry, _ in listener.heard] == [(2, "Production", True)]


def test_a_listener_that_fails_undoes_nothing_and_hinders_nobody(
    registry: Registry, make: Make, listen: Callable[..., Listener], caplog: pytest.LogCaptureFixture
) -> None:
    make(1)
    listeners = [listen(), listen(ValueError("nobody there")), listen()]
    assert registry.transition("fraud", 1, "Production").stage == "Production"
    assert [len(listener.heard) for listener in listeners] == [1, 1, 1]
    assert "which stands" in caplog.text
    assert "nobody there" in caplog.text


class Receiver(http.server.ThreadingHTTPServer):
    """Answers with each of `answers` in turn, then 200, and keeps what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.came: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?token=abc"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    configure(webhooks=[{"url": server.url, "secret_env": "HOOK_SECRET"}])
    with stamina.set_testing(True, attempts=4, cap=True):
        yield server
    configure(webhooks=None)
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_webhook_is_posted_signed_and_names_its_entry(registry: Registry, make: Make, receiver: Receiver) -> None:
    make(1)
    registry.transition("fraud", 1, "Production", actor="ann", comment="première")
    ((headers, body),) = receiver.came
    times, signed = (part.partition("=")[2] for part in headers["Trackbridge-Signature"].split(","))
    expected = hmac.new(SECRET.encode(), times.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signed, expected)
    assert abs(int(times) - time.time()) < 60
    (entry,) = registry.history("fraud")
    assert headers["Trackbridge-Delivery"] == entry_hash(encode_entry(entry))
    document = json.loads(body)
    assert (document["event"], document["model"]) == ("stage_changed", "fraud")
    assert document["entry"] == json.loads(encode_entry(entry))
    assert document["backend"].startswith("memory://")


def test_the_webhook_is_posted_again_where_the_receiver_stumbles(
    registry: Registry, make: Make, receiver: Receiver
) -> None:
    make(1)
    receiver.answers = [503, 429]
    registry.transition("fraud", 1, "Production")
    assert len(receiver.came) == 3
    assert len({headers["Trackbridge-Delivery"] for headers, _ in receiver.came}) == 1


@pytest.mark.parametrize(("answer", "attempts"), [(400, 1), (307, 1), (500, 4)])
def test_what_the_receiver_never_takes_is_logged_without_its_secrets(
    registry: Registry, make: Make, receiver: Receiver, caplog: pytest.LogCaptureFixture, answer: int, attempts: int
) -> None:
    make(1)
    receiver.answers = [answer] * 9
    assert registry.transition("fraud", 1, "Production").stage == "Production"
    assert len(receiver.came) == attempts
    assert (
        f"entry 0 of model 'fraud' was not posted: the webhook http://127.0.0.1:{receiver.server_port}" in caplog.text
    )
    assert f"answered {answer}" in caplog.text
    assert "abc" not in caplog.text
    assert SECRET not in caplog.text


def test_nobody_listening_undoes_nothing(
    registry: Registry, make: Make, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        configure(
            webhooks=[{"url": url, "secret_env": "HOOK_SECRET"}, {"url": receiver.url, "secret_env": "HOOK_SECRET"}]
        )
        make(1)
        registry.transition("fraud", 1, "Production")
    assert "cannot be reached" in caplog.text
    assert len(receiver.came) == 1, "the other webhook is posted all the same"
    assert registry.get("fraud", 1).stage == "Production"


def test_only_the_stages_asked_for_are_posted(registry: Registry, make: Make, receiver: Receiver) -> None:
    configure(webhooks=[{"url": receiver.url, "secret_env": "HOOK_SECRET", "stages": ["Production"]}])
    make(1)
    for stage in ("Staging", "Production", "Archived"):
        registry.transition("fraud", 1, stage)
    assert [json.loads(body)["entry"]["stage"] for _, body in receiver.came] == ["Production"]


@pytest.mark.parametrize(
    ("webhook", "complaint"),
    [
        ({"secret_env": "HOOK_SECRET", "url": "file:///etc/passwd"}, "no http or https URL"),
        ({"secret_env": "NO_SUCH_SECRET"}, "Set NO_SUCH_SECRET"),
    ],
)
def test_a_wrong_webhook_is_told_and_undoes_nothing(
    registry: Registry,
    make: Make,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    webhook: dict[str, str],
    complaint: str,
) -> None:
    configure(webhooks=[{"url": receiver.url, **webhook}])
    make(1)
    with caplog.at_level(logging.ERROR):
        assert registry.transition("fraud", 1, "Production").stage == "Production"
    assert complaint in caplog.text
    assert receiver.came == []
