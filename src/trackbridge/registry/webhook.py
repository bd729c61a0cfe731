"""A hook that posts every change of stage to the configured webhooks, signed and retried.

The body is one JSON document. ``Trackbridge-Signature: t=<seconds>,v1=<hex>`` is the HMAC-SHA256, keyed with the shared
secret, of ``<seconds>.<body>``; ``Trackbridge-Delivery`` is the hash of the trail's entry, the same at each attempt, so
that a receiver can drop what it has seen.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from typing import Any, Final

from trackbridge.config import WebhookSettings, settings
from trackbridge.errors import ConfigurationError, TrackbridgeError, Transient
from trackbridge.protocol import hookimpl
from trackbridge.records.trail import TrailEntry, encode_entry, entry_hash
from trackbridge.redaction import redact_url, redacted_logger

__all__ = ["signature", "trackbridge_stage_changed"]

_ATTEMPTS: Final = 4
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0
_TOO_MANY: Final = 429

_log = redacted_logger("trackbridge.registry")


@hookimpl
def trackbridge_stage_changed(backend: str, model: str, entry: TrailEntry) -> None:
    """Post the change to each webhook that asked for its stage; what one does not take keeps no other from it."""
    for webhook in settings().webhooks:
        if webhook.stages and entry.stage not in webhook.stages:
            continue
        try:
            _deliver(webhook, _body(backend, model, entry), entry_hash(encode_entry(entry)))
        except TrackbridgeError as error:
            _log.error("entry %d of model %r was not posted: %s", entry.n, model, error)


def signature(secret: str, seconds: int, body: bytes) -> str:
    """Give the value of the signature header for a body posted at `seconds` since the epoch."""
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


def _body(backend: str, model: str, entry: TrailEntry) -> bytes:
    document: dict[str, Any] = {
        "event": "stage_changed",
        "backend": redact_url(backend),
        "model": model,
        "entry": json.loads(encode_entry(entry)),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode()


def _deliver(webhook: WebhookSettings, body: bytes, delivery: str) -> None:
    import stamina

    if not webhook.url.startswith(("https://", "http://")):
        raise ConfigurationError(
            f"the webhook {redact_url(webhook.url)!r} is no http or https URL", remedy="Correct [[webhooks]]."
        )
    secret = os.environ.get(webhook.secret_env, "")
    if not secret:
        raise ConfigurationError(
            f"the secret of the webhook {redact_url(webhook.url)} is not in the environment",
            remedy=f"Set {webhook.secret_env or 'secret_env in [[webhooks]] and the variable that it names'}.",
        )
    for attempt in stamina.retry_context(
        on=Transient, attempts=_ATTEMPTS, timeout=None, wait_initial=_FIRST_PAUSE_S, wait_max=_LONGEST_PAUSE_S
    ):
        with attempt:
            _post(webhook, secret, body, delivery)


def _post(webhook: WebhookSettings, secret: str, body: bytes, delivery: str) -> None:
    """Post once; the time in the signature is that of the attempt, or a late one would look like a replay."""
    import http.client
    import urllib.error
    import urllib.request

    headers = {
        "Content-Type": "application/json",
        "Trackbridge-Delivery": delivery,
        "Trackbridge-Signature": signature(secret, int(time.time()), body),
    }
    request = urllib.request.Request(webhook.url, data=body, headers=headers, method="POST")  # noqa: S310 - checked above
    shown = redact_url(webhook.url)
    try:
        with urllib.request.urlopen(request, timeout=webhook.timeout_s):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        kind = (
            Transient
            if error.code >= http.client.INTERNAL_SERVER_ERROR or error.code == _TOO_MANY
            else TrackbridgeError
        )
        with error:
            raise kind(f"the webhook {shown} answered {error.code}", remedy="Look at its log.") from error
    except (OSError, http.client.HTTPException) as error:
        raise Transient(f"the webhook {shown} cannot be reached: {error}", remedy="Check its address.") from error
