"""What goes wrong on demand, as the vendor's own clients meet it."""

from __future__ import annotations

import time
from concurrent import futures
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import aiplatform_v1 as v1

from emulators.vertex import Remote, Server
from emulators.vertex.clients import client

GET = "MetadataService.GetMetadataStore"
CREATE = "MetadataService.CreateContext"
CODES = {
    "RESOURCE_EXHAUSTED": (exceptions.ResourceExhausted, exceptions.TooManyRequests),
    "UNAVAILABLE": (exceptions.ServiceUnavailable, exceptions.ServiceUnavailable),
    "DEADLINE_EXCEEDED": (exceptions.DeadlineExceeded, exceptions.GatewayTimeout),
    "INTERNAL": (exceptions.InternalServerError, exceptions.InternalServerError),
    "PERMISSION_DENIED": (exceptions.PermissionDenied, exceptions.Forbidden),
    "UNAUTHENTICATED": (exceptions.Unauthenticated, GoogleAuthError),  # over REST it tries to refresh its credentials
    "ABORTED": (exceptions.Aborted, exceptions.Conflict),
}


@pytest.fixture
def either(clients: dict[tuple[str, str], Any], transport: str) -> v1.MetadataServiceClient:
    return clients["MetadataService", transport]


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_answered_as_often_as_asked(
    either: v1.MetadataServiceClient, store: str, remote: Remote, transport: str, code: str
) -> None:
    remote.fail(method=GET, code=code, message="busy", times=2)
    for _ in range(2):
        with pytest.raises(CODES[code][transport == "rest"]):
            either.get_metadata_store(name=store, retry=None)
    assert either.get_metadata_store(name=store).name == store
    assert remote.faults()[0]["hits"] == 2


def test_a_refusal_may_say_when_to_ask_again(either: v1.MetadataServiceClient, store: str, remote: Remote) -> None:
    remote.fail(method="MetadataService.*", code="RESOURCE_EXHAUSTED", retry_after_s=1.5)
    with pytest.raises(exceptions.TooManyRequests) as caught:
        either.get_metadata_store(name=store, retry=None)
    (info,) = caught.value.details
    delay = info["retryDelay"] if isinstance(info, dict) else f"{info.retry_delay.ToMilliseconds() / 1000:g}s"
    assert delay == "1.5s"


def test_faults_are_for_their_project_and_method(
    metadata: v1.MetadataServiceClient, store: str, server: Server
) -> None:
    other = server.remote("some-other-project")
    other.fail(code="UNAVAILABLE", times=None)
    server.remote(store.split("/")[1]).fail(method="ModelService.*", code="UNAVAILABLE", times=None)
    assert metadata.get_metadata_store(name=store, retry=None).name == store
    other.heal()
    assert other.faults() == []


def test_calls_may_be_spared_first(metadata: v1.MetadataServiceClient, store: str, remote: Remote) -> None:
    remote.fail(method=GET, code="UNAVAILABLE", skip=1)
    metadata.get_metadata_store(name=store, retry=None)
    with pytest.raises(exceptions.ServiceUnavailable):
        metadata.get_metadata_store(name=store, retry=None)


def test_an_answer_may_be_lost_after_its_effect(either: v1.MetadataServiceClient, store: str, remote: Remote) -> None:
    remote.fail(method=CREATE, code="UNAVAILABLE", applied=True)
    request = {"parent": store, "context": v1.Context(), "context_id": "made"}
    with pytest.raises(exceptions.ServiceUnavailable):
        either.create_context(request=request, retry=None)
    with pytest.raises(exceptions.Conflict):
        either.create_context(request=request, retry=None)


def test_a_slow_answer_outlasts_a_deadline(metadata: v1.MetadataServiceClient, store: str, remote: Remote) -> None:
    remote.fail(method=GET, delay_s=0.5)
    with pytest.raises(exceptions.DeadlineExceeded):
        metadata.get_metadata_store(name=store, retry=None, timeout=0.1)
    remote.fail(method=GET, delay_s=0.2)
    before = time.monotonic()
    metadata.get_metadata_store(name=store, retry=None)
    assert time.monotonic() - before >= 0.2


def test_one_slow_answer_holds_up_no_other(metadata: v1.MetadataServiceClient, store: str, remote: Remote) -> None:
    remote.fail(method=CREATE, delay_s=2.0)
    with futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(metadata.create_context, parent=store, context=v1.Context(), context_id="slow")
        while not remote.faults()[0]["hits"]:
            time.sleep(0.005)
        metadata.get_metadata_store(name=store)
        assert not slow.done()
    assert slow.result().name.endswith("/slow")


def test_a_cut_connection_is_a_transport_error_and_the_next_call_works(
    server: Server, store: str, remote: Remote, transport: str
) -> None:
    asked = client("MetadataService", server.url if transport == "rest" else server.address, transport)
    asked.get_metadata_store(name=store)
    remote.fail(method=GET, cut=True)
    with pytest.raises((exceptions.ServiceUnavailable, requests.ConnectionError)):
        asked.get_metadata_store(name=store, retry=None)
    assert asked.get_metadata_store(name=store, retry=None, timeout=10).name == store
    remote.cut()
    assert asked.get_metadata_store(name=store, timeout=10).name == store


def test_a_fault_needs_a_code_that_there_is(server: Server) -> None:
    with pytest.raises(ValueError, match="BROKEN"):
        server.fail(code="BROKEN")


def test_quotas_are_kept_when_asked(metadata: v1.MetadataServiceClient, store: str, remote: Remote) -> None:
    with remote.flipped(crud_per_minute=3):
        for _ in range(3):
            metadata.get_metadata_store(name=store, retry=None)
        with pytest.raises(exceptions.ResourceExhausted) as caught:
            metadata.get_metadata_store(name=store, retry=None)
        assert 50 < caught.value.details[0].retry_delay.seconds <= 60
    with remote.flipped(lro_per_minute=1):
        first = metadata.create_context(parent=store, context=v1.Context(), context_id="first")
        metadata.delete_context(name=first.name, retry=None)
        with pytest.raises(exceptions.ResourceExhausted):
            metadata.delete_context(name=first.name, retry=None)
