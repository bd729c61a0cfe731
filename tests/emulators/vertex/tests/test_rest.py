"""REST as it is on the wire: routes, JSON, errors, and what no route knows."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from emulators.vertex import Remote, Server, vendor

CONTEXT = {"displayName": "x", "schemaTitle": "system.ExperimentRun", "metadata": {"a": [1, None, {"b": True}]}}


@pytest.fixture
def url(server: Server, store: str) -> str:
    return f"{server.url}/v1/{store}"


def test_a_context_in_json(url: str, store: str) -> None:
    made = requests.post(f"{url}/contexts", json=CONTEXT, params={"contextId": "made"}, timeout=10).json()
    assert made["name"] == f"{store}/contexts/made"
    assert made["metadata"] == {"a": [1.0, None, {"b": True}]}
    assert made["createTime"].endswith("Z")
    changed = requests.patch(
        f"{url}/contexts/made",
        json={"displayName": "y", "description": "z"},
        params={"updateMask": "displayName"},
        timeout=10,
    ).json()
    assert (changed["displayName"], changed.get("description")) == ("y", None)
    listed = requests.get(f"{url}/contexts", params={"filter": "displayName=y", "pageSize": 5}, timeout=10).json()
    assert [context["name"] for context in listed["contexts"]] == [made["name"]]
    deleted = requests.delete(f"{url}/contexts/made", params={"etag": changed["etag"]}, timeout=10).json()
    assert "done" not in deleted
    for version in ("v1", "ui"):
        address = f"{url.partition('/v1/')[0]}/{version}/{deleted['name']}"
        done = requests.get(address, timeout=10).json()
        assert done["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}


@pytest.mark.parametrize(
    ("verb", "path", "options"),
    [
        ("POST", "contexts", {"json": {"colour": "red"}}),
        ("POST", "contexts", {"json": {"displayName": 1}}),
        ("POST", "contexts", {"data": b"{"}),
        ("POST", "contexts", {"data": b"\xff"}),
        ("POST", "contexts", {"json": CONTEXT, "params": {"colour": "red"}}),
        ("GET", "contexts", {"params": {"pageSize": "many"}}),
        ("GET", "contexts", {"data": b"{}"}),
        ("POST", "contexts:purge", {"json": {"filter": "displayName=x"}, "params": {"force": "true"}}),
        ("PATCH", "contexts/some-context", {"json": {}, "params": {"updateMask": "no_such"}}),
    ],
)
def test_what_the_types_do_not_know_is_refused_and_recorded(
    url: str, remote: Remote, verb: str, path: str, options: dict[str, Any]
) -> None:
    answer = requests.request(verb, f"{url}/{path}", timeout=10, **options)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert len(remote.violations()) == 1


def test_a_path_without_a_route_is_not_found(server: Server, url: str) -> None:
    for path in (f"{url}/colours", f"{server.url}/v2/x", f"{server.url}/"):
        answer = requests.get(path, timeout=10)
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


def test_a_refusal_says_when_to_ask_again(url: str, remote: Remote) -> None:
    remote.fail(code="RESOURCE_EXHAUSTED", retry_after_s=1.2)
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    (detail,) = answer.json()["error"]["details"]
    assert detail == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.2s"}


def test_enums_are_names_or_numbers_as_asked(url: str) -> None:
    body = {"state": "RUNNING"}
    named = requests.post(f"{url}/executions", json=body, timeout=10).json()
    numbered = requests.post(f"{url}/executions?%24alt=json%3Benum-encoding%3Dint", json=body, timeout=10).json()
    assert (named["state"], numbered["state"]) == ("RUNNING", 2)


def test_every_method_of_the_vendor_has_its_routes() -> None:
    methods = vendor.methods()
    assert len(methods) == 85
    assert all(method.routes for method in methods.values())
    assert all(method.request and method.response for method in methods.values())


def test_what_is_not_emulated_says_so(server: Server, parent: str) -> None:
    answer = requests.post(f"{server.url}/v1/{parent}/models:copy", json={"sourceModel": "x"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["status"]) == (501, "UNIMPLEMENTED")


def test_the_control_endpoint_refuses_what_it_does_not_know(server: Server) -> None:
    for verb, path, body in (
        ("GET", "colours", b""),
        ("POST", "switches", b'{"colour": 1}'),
        ("POST", "faults", b'{"x": 1}'),
    ):
        answer = requests.request(verb, f"{server.url}/_emulator/p/{path}", data=body, timeout=10)
        assert answer.status_code == 400, path
