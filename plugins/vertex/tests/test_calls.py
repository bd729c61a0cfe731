"""Errors by what to do next, retries, and the rate (X1)."""

from __future__ import annotations

import time

import pytest
from google.api_core import exceptions as google
from google.auth import exceptions as auth

from trackbridge.errors import AuthError, ConfigurationError, Conflict, NotFound, Rejected, Transient
from trackbridge.protocol import parse_url
from trackbridge_vertex.address import address_of
from trackbridge_vertex.calls import Calls, Rate
from trackbridge_vertex.errors import translated


class Body:
    """An answer over REST."""

    def __init__(self, status, details=(), **headers):
        self.headers = headers
        self._error = {"status": status, "details": list(details)}

    def json(self):
        return {"error": self._error}


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (google.NotFound("x"), NotFound),
        (google.NotFound("The specified bucket does not exist."), ConfigurationError),
        (google.AlreadyExists("x"), Conflict),
        (google.Aborted("x"), Conflict),
        (google.FailedPrecondition("x"), Conflict),
        (google.PreconditionFailed("x"), Conflict),
        (google.InvalidArgument("x"), Rejected),
        (google.BadRequest("x", response=Body("FAILED_PRECONDITION")), Conflict),
        (google.BadRequest("x", response=Body("INVALID_ARGUMENT")), Rejected),
        (google.Unauthenticated("x"), AuthError),
        (google.Forbidden("x"), AuthError),
        (google.MethodNotImplemented("x"), ConfigurationError),
        (google.ResourceExhausted("x"), Transient),
        (google.ServiceUnavailable("x"), Transient),
        (google.DeadlineExceeded("x"), Transient),
        (google.InternalServerError("x"), Transient),
        (google.RetryError("x", cause=None), Transient),
        (auth.DefaultCredentialsError("x"), AuthError),
        (auth.TransportError("x"), Transient),
        (ConnectionResetError("x"), Transient),
        (ModuleNotFoundError("x"), ConfigurationError),
    ],
)
def test_each_error_says_what_to_do(raised, kind):
    with pytest.raises(kind) as caught, translated("vertex://p/l"):
        raise raised
    assert caught.value.__cause__ is raised
    assert "x" in str(caught.value) or "bucket" in str(caught.value)


def test_a_mistake_of_ours_is_seen_as_it_is():
    with pytest.raises(KeyError), translated("vertex://p/l"):
        raise KeyError("x")


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        (Body("UNAVAILABLE", **{"Retry-After": "7"}), 7.0),
        (Body("RESOURCE_EXHAUSTED", [{"@type": "…RetryInfo", "retryDelay": "1.5s"}]), 1.5),
        (Body("RESOURCE_EXHAUSTED"), None),
    ],
)
def test_the_service_says_when_to_come_again(response, seconds):
    with pytest.raises(Transient) as caught, translated("vertex://p/l"):
        raise google.TooManyRequests("x", response=response)
    assert caught.value.retry_after_s == seconds


def calls(**options):
    text = "&".join(f"{name}={value}" for name, value in options.items())
    return Calls(address_of(parse_url(f"vertex://p/l?staging=gs://b/p&endpoint=h:1&{text}")))


def test_what_passes_is_tried_again_and_what_does_not_is_not():
    made = calls()
    answers = iter([google.ServiceUnavailable("x"), google.Aborted("x"), "never"])

    def act():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(Conflict):
        made.repeated(act)
    answers = iter([google.ServiceUnavailable("x"), "never"])
    with pytest.raises(Transient):
        made.repeated(act, repeat=False)


def test_a_wait_that_is_too_long_is_the_callers():
    began, answers = time.monotonic(), []

    def act():
        answers.append(1)
        raise google.TooManyRequests("x", response=Body("RESOURCE_EXHAUSTED", **{"Retry-After": "60"}))

    with pytest.raises(Transient):
        calls().repeated(act)
    assert answers == [1]
    assert time.monotonic() - began < 5


def test_a_rate_lets_a_burst_through_and_then_keeps_its_pace():
    rate = Rate(6_000)  # 100 a second, 200 at once
    began = time.monotonic()
    for _ in range(230):
        rate.wait()
    assert time.monotonic() - began >= 0.29


def test_no_rate_waits_for_nothing():
    rate = Rate(None)
    began = time.monotonic()
    for _ in range(10_000):
        rate.wait()
    assert time.monotonic() - began < 5
