"""Backend URLs, and what is wrong with some."""

from __future__ import annotations

import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import parse_url
from trackbridge_vertex.address import address_of

BASE = "vertex://my-project/europe-west4?staging=gs://bucket/a/b/"


def read(text):
    return address_of(parse_url(text))


def test_a_url_says_where_everything_is():
    address = read(BASE)
    assert (address.project, address.location, address.bucket, address.prefix) == (
        "my-project", "europe-west4", "bucket", "a/b",
    )  # fmt: skip
    assert address.host == "europe-west4-aiplatform.googleapis.com"
    assert address.store == "projects/my-project/locations/europe-west4/metadataStores/default"
    assert (address.transport, address.plaintext, address.requests_per_minute) == ("grpc", False, 600.0)


@pytest.mark.parametrize(
    ("options", "host", "plaintext", "rate"),
    [
        ("endpoint=localhost:80&insecure=true", "localhost:80", True, None),
        ("endpoint=http://localhost:80", "localhost:80", True, None),
        ("endpoint=https://proxy.example.com", "proxy.example.com", False, None),
        ("endpoint=us-central1-aiplatform.googleapis.com", "us-central1-aiplatform.googleapis.com", False, 600.0),
        ("endpoint=localhost:80&requests_per_minute=60", "localhost:80", False, 60.0),
    ],
)
def test_an_endpoint_may_be_another(options, host, plaintext, rate):
    address = read(f"{BASE}&{options}")
    assert (address.host, address.plaintext, address.requests_per_minute) == (host, plaintext, rate)


@pytest.mark.parametrize(
    "text",
    [
        "vertex://my-project?staging=gs://b/p",
        "vertex:///us-central1?staging=gs://b/p",
        "vertex://p/l/more?staging=gs://b/p",
        "vertex://p/l",
        "vertex://p/l?staging=s3://b/p",
        f"vertex://p/l?staging=gs://b/{'x' * 201}",
        f"{BASE}&endpoint=ftp://h",
        f"{BASE}&endpoint=h/path",
        f"{BASE}&insecure=true",
        f"{BASE}&endpoint=h:1&insecure=maybe",
        f"{BASE}&transport=carrier-pigeon",
        f"{BASE}&timeout_s=0",
        f"{BASE}&requests_per_minute=many",
        f"{BASE}&region=us",
    ],
)
def test_a_wrong_url_is_named(text):
    with pytest.raises(ConfigurationError):
        read(text)
