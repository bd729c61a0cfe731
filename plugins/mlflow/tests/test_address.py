"""Where backend URLs lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import parse_url
from trackbridge_mlflow.address import address_of


def leads(text):
    return address_of(parse_url(text, base=Path("/base")))


@pytest.mark.parametrize(
    ("url", "tracking", "artifacts"),
    [
        ("mlflow+http://host:5000/", "http://host:5000", None),
        ("mlflow+https://host/prefix/", "https://host/prefix", None),
        ("mlflow+http://[::1]:5000", "http://[::1]:5000", None),
        ("mlflow+sqlite:///rel/x.db", "sqlite:////base/rel/x.db", "file:///base/rel/mlartifacts"),
        ("mlflow+sqlite:////abs/x.db", "sqlite:////abs/x.db", "file:///abs/mlartifacts"),
        ("mlflow+sqlite:////abs/x.db?artifacts=s3://b/r", "sqlite:////abs/x.db", "s3://b/r"),
        ("mlflow+sqlite:////abs/x.db?artifacts=/else", "sqlite:////abs/x.db", "file:///else"),
        (
            "mlflow+postgresql://u:p@h:1/d?artifacts=s3://b/r&sslmode=require",
            "postgresql+psycopg2://u:p@h:1/d?sslmode=require",
            "s3://b/r",
        ),
    ],
)
def test_addresses(url, tracking, artifacts):
    address = leads(url)
    assert (address.tracking_uri, address.artifacts) == (tracking, artifacts)


def test_credentials_leave_the_uri_and_never_show():
    address = leads("mlflow+https://me:p%40ss@host?timeout_s=7")
    assert (address.username, address.password, address.tracking_uri) == ("me", "p@ss", "https://host")
    assert address.timeout_s == 7
    assert "p@ss" not in repr(address)
    assert "p%40ss" not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        "mlflow+http://",
        "mlflow+http://host:port",
        "mlflow+http://host?artifacts=s3://b",
        "mlflow+http://host?timeout_s=soon",
        "mlflow+http://host?timeout_s=0",
        "mlflow+postgresql://u@h/d",
    ],
)
def test_what_leads_nowhere(url):
    with pytest.raises(ConfigurationError):
        leads(url)
