"""Talking to a server: MLflow's own REST stores, with our time limit and our retries in place of its environment's.

MLflow's client retries every request for minutes, a POST whose answer was lost among them, which makes two runs of
one. Here only what may be repeated is repeated, a few times, and never for long: the shipper knows better when to
come again. Needs mlflow-skinny only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import stamina
from mlflow.exceptions import RestException
from mlflow.store.model_registry.rest_store import RestStore as RegistryRestStore
from mlflow.store.tracking.rest_store import RestStore as TrackingRestStore
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.proto_json_utils import parse_dict
from mlflow.utils.rest_utils import http_request

from trackbridge.errors import ConfigurationError, Transient
from trackbridge.records.metrics import MetricPoint
from trackbridge_mlflow.address import Address
from trackbridge_mlflow.errors import failed_status, translated
from trackbridge_mlflow.headers import spare_databricks
from trackbridge_mlflow.managed import host_of, signed, without_noise

__all__ = ["Wire", "registry_store", "tracking_store"]

_Answer = TypeVar("_Answer")

_ATTEMPTS: Final = 4
_PATIENCE_S: Final = 8.0  # a longer Retry-After is the caller's to wait
_NOT_REPEATABLE: Final = frozenset({"CreateRun", "CreateModelVersion"})


class Wire:
    """Requests to one server: authenticated, bounded in time, repeated where that is safe."""

    def __init__(self, address: Address) -> None:
        self._address = address
        spare_databricks()

    def host(self) -> Any:
        """Give MLflow's record of host and credentials, read anew each time, for tokens expire."""
        if self._address.is_managed:
            return host_of(self._address)
        creds = get_default_host_creds(self._address.tracking_uri)
        if self._address.username:
            creds.username, creds.password = self._address.username, self._address.password or ""
        return creds

    def request(self, method: str, path: str, *, repeat: bool = True, **options: Any) -> Any:
        """Send a request and give the response of `requests` whose status is 200.

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            path: From the server's root on.
            repeat: Whether sending it twice does no harm.
            options: Those of `requests.Session.request`: json, params, data, stream.

        Raises:
            TrackbridgeError: what became of it, by what to do next (X1).
        """
        return self._repeated(lambda: self._once(method, path, options), repeat=repeat)

    def call(self, method: str, path: str, body: Mapping[str, Any], *, repeat: bool = True) -> dict[str, Any]:
        """Call an endpoint of the JSON API and give its answer.

        Raises:
            ConfigurationError: the answer is a web page, so that this is no MLflow server.
            TrackbridgeError: as `request`.
        """
        options = {"params": body} if method == "GET" else {"json": body}

        return self._repeated(lambda: self._said(path, self._once(method, path, options)), repeat=repeat)

    def upload(self, path: str, data: Any, headers: Mapping[str, str]) -> None:
        """Send the content of a file, once; MLflow says that it has arrived with an object, or without a word.

        Raises:
            TrackbridgeError: as `call`.
        """
        response = self._once("PUT", path, {"data": data, "extra_headers": headers})
        if response.text:
            self._said(path, response)

    def _said(self, path: str, response: Any) -> dict[str, Any]:
        """Read an answer; an empty one, or a page that something in between shows, is none."""
        try:
            answer = json.loads(response.text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise _no_mlflow(self._address.shown, path, response)
        return answer

    def _repeated(self, act: Callable[[], _Answer], *, repeat: bool) -> _Answer:
        for attempt in stamina.retry_context(
            on=_pause, attempts=_ATTEMPTS if repeat else 1, timeout=_PATIENCE_S + self._address.timeout_s, wait_max=2.0
        ):
            with attempt:
                return act()
        raise AssertionError("stamina either returns or raises")

    def _once(self, method: str, path: str, options: Mapping[str, Any]) -> Any:
        shown = self._address.shown
        if self._address.is_managed:
            options = signed(self._address, options)
        with translated(shown), without_noise():
            response = http_request(
                self.host(),
                path,
                method,
                max_retries=0,
                retry_codes=frozenset(),
                timeout=self._address.timeout_s,
                raise_on_status=False,
                **options,
            )
            if response.status_code == 200:
                return response
            said = _json_object(response.text)
            if response.status_code not in {401, 403, 429} and response.status_code < 500 and "error_code" in said:
                raise RestException(said)
        raise failed_status(
            response.status_code,
            str(said.get("message") or response.text),
            shown,
            retry_after_s=_seconds(response.headers.get("Retry-After")),
        )


def tracking_store(wire: Wire) -> Any:
    """Give MLflow's tracking store of a server, sending through `wire`."""
    store = TrackingRestStore(wire.host)

    def call(api: Any, json_body: Any = None, endpoint: Any = None, *_: Any, response_proto: Any = None) -> Any:
        path, method = store._METHOD_TO_INFO[api]  # noqa: SLF001 - the table that its own _call_endpoint reads
        return _call(wire, api, (endpoint or path, method), json_body, response_proto or api.Response())

    store._call_endpoint = call  # noqa: SLF001 - the one point where all its requests pass
    return store


def registry_store(wire: Wire) -> Any:
    """Give MLflow's registry store of a server, sending through `wire`."""
    store = RegistryRestStore(wire.host)

    def call(api: Any, json_body: Any, *_: Any, **__: Any) -> Any:
        endpoint = store._get_endpoint_from_method(api)  # noqa: SLF001 - as above
        return _call(wire, api, endpoint, json_body, api.Response())

    store._call_endpoint = call  # noqa: SLF001 - as above
    return store


def log_batch(wire: Wire, run: str, params: Mapping[str, str], points: Sequence[MetricPoint]) -> None:
    """Send params and points as one batch; by hand, for MLflow's way over protobuf costs three times as much."""
    metrics = [
        {"key": name, "value": value if value == value else "NaN", "timestamp": time, "step": step}  # noqa: PLR0124 - NaN
        for name, step, time, value in points
    ]
    body = {"run_id": run, "metrics": metrics, "params": [{"key": k, "value": v} for k, v in params.items()]}
    wire.call("POST", "/api/2.0/mlflow/runs/log-batch", body)


def history_page(
    wire: Wire, run: str, name: str, size: int, token: str | None
) -> tuple[list[tuple[int, int, float]], str | None]:
    """Give one page of a series as (step, timestamp, value), and the token of the next; by hand, as `log_batch`."""
    query = {"run_id": run, "metric_key": name, "max_results": size, **({"page_token": token} if token else {})}
    answer = wire.call("GET", "/api/2.0/mlflow/metrics/get-history", query)
    rows = [
        (int(row.get("step", 0)), int(row.get("timestamp", 0)), float(row.get("value", 0.0)))
        for row in answer.get("metrics", ())
    ]
    return rows, answer.get("next_page_token") or None


def _call(wire: Wire, api: Any, endpoint: tuple[str, str], json_body: Any, response: Any) -> Any:
    path, method = endpoint
    body = json.loads(json_body) if json_body else {}
    answer = wire.call(method, path, body, repeat=api.DESCRIPTOR.name not in _NOT_REPEATABLE)
    parse_dict(js_dict=answer, message=response)
    return response


def _pause(error: Exception) -> bool | float:
    """Tell stamina whether to try again, and when the server says so itself."""
    if not isinstance(error, Transient):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if error.retry_after_s <= _PATIENCE_S else False


def _json_object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(header: str | None) -> float | None:
    """Read a Retry-After: seconds, or a date."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _no_mlflow(shown: str, path: str, response: Any) -> Exception:
    kind = response.headers.get("Content-Type", "no type")
    said = " ".join(response.text.split())[:120]
    if "html" in kind:
        return ConfigurationError(
            f"{shown} answers {path} with a web page, not as an MLflow server: {said!r}",
            clause="X1",
            remedy="Correct the address, or let the proxy before it pass /api/ on.",
        )
    return Transient(f"{shown} answers {path} with {kind} that is not JSON: {said!r}", clause="X1")
