"""Where a backend URL leads: project, location, staging bucket, and how the services are reached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import BackendUrl

__all__ = ["Address", "address_of"]

QUOTA_PER_MINUTE: Final = 600.0  # of calls to the API, a region: cloud.google.com/vertex-ai/docs/quotas

_DEFAULT_TIMEOUT_S: Final = 60.0
_OPTIONS: Final = frozenset(
    {
        "endpoint", "insecure", "requests_per_minute", "serving_image", "staging", "storage", "tensorboard", "timeout_s",
        "transport",
    }
)  # fmt: skip
_PREFIX_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class Address:
    """One project and location of Vertex AI, and the bucket beside it.

    Attributes:
        project: Its id or number.
        location: Such as ``europe-west4``.
        bucket: The staging bucket.
        prefix: The folder in it, without slashes at its ends; may be empty.
        shown: For messages.
        endpoint: ``host:port`` of the API; None for Google's own.
        plaintext: No TLS and no credentials, for local servers.
        transport: ``grpc`` or ``rest``.
        storage: The URL of another Cloud Storage; None for Google's, or where STORAGE_EMULATOR_HOST leads.
        tensorboard: The TensorBoard instance for series, an id or a resource name; None lets the region's default be found.
        serving_image: The container image that model versions are to be served with; None for none.
        requests_per_minute: The rate that is kept; None for no limit.
        timeout_s: How long one request may take.
    """

    project: str
    location: str
    bucket: str
    prefix: str
    shown: str
    endpoint: str | None = None
    plaintext: bool = False
    transport: str = "grpc"
    storage: str | None = None
    tensorboard: str | None = None
    serving_image: str | None = None
    requests_per_minute: float | None = QUOTA_PER_MINUTE
    timeout_s: float = _DEFAULT_TIMEOUT_S

    @property
    def parent(self) -> str:
        """The resource name of the location."""
        return f"projects/{self.project}/locations/{self.location}"

    @property
    def store(self) -> str:
        """The resource name of the metadata store that Vertex AI's own screens show."""
        return f"{self.parent}/metadataStores/default"

    @property
    def host(self) -> str:
        """Where the API is."""
        return self.endpoint or f"{self.location}-aiplatform.googleapis.com"


def address_of(url: BackendUrl) -> Address:
    """Read a backend URL of this plugin: ``vertex://PROJECT/LOCATION?staging=gs://BUCKET/PREFIX&…``.

    Raises:
        ConfigurationError: a part is missing or wrong, or an option is not known.
    """
    unknown = sorted(set(url.options) - _OPTIONS)
    if unknown:
        raise ConfigurationError(
            f"{url} has the option {unknown[0]!r}, which Vertex AI does not have",
            remedy=f"Known: {', '.join(sorted(_OPTIONS))}.",
        )
    project, _, location = url.location.strip("/").partition("/")
    if not re.fullmatch(r"[a-z0-9:.-]+", project) or not re.fullmatch(r"[a-z0-9-]+", location):
        raise ConfigurationError(
            f"{url} does not name a project and a location",
            remedy="Write vertex://PROJECT/LOCATION?staging=gs://BUCKET/PREFIX.",
        )
    bucket, prefix = _staging(url)
    endpoint, plaintext = _endpoint(url)
    return Address(
        project,
        location,
        bucket,
        prefix,
        str(url),
        endpoint=endpoint,
        plaintext=plaintext,
        transport=_transport(url),
        storage=url.option("storage"),
        tensorboard=url.option("tensorboard"),
        serving_image=url.option("serving_image"),
        requests_per_minute=_rate(url, endpoint),
        timeout_s=_number(url, "timeout_s", _DEFAULT_TIMEOUT_S, "Give seconds, more than 0 and up to 3600.", 3_600.0),
    )


def _staging(url: BackendUrl) -> tuple[str, str]:
    parts = urlsplit(url.option("staging") or "")
    prefix = parts.path.strip("/")
    if parts.scheme != "gs" or not parts.netloc or len(prefix.encode()) > _PREFIX_BYTES:
        raise ConfigurationError(
            f"{url} does not say where artifacts lie",
            remedy=f"Add ?staging=gs://BUCKET/PREFIX, with a prefix of at most {_PREFIX_BYTES} bytes.",
        )
    return parts.netloc, prefix


def _endpoint(url: BackendUrl) -> tuple[str | None, bool]:
    text = url.option("endpoint")
    insecure = _flag(url, "insecure")
    if text is None:
        if insecure:
            raise ConfigurationError(f"{url} has insecure=true and no endpoint", remedy="Add &endpoint=HOST:PORT.")
        return None, False
    scheme, found, rest = text.rstrip("/").rpartition("://")
    if not rest or "/" in rest or (found and scheme not in {"http", "https"}):
        raise ConfigurationError(f"{url} has endpoint={text}", remedy="Write endpoint=HOST:PORT.")
    return rest, insecure or scheme == "http"


def _transport(url: BackendUrl) -> str:
    transport = url.option("transport", "grpc") or ""
    if transport not in {"grpc", "rest"}:
        raise ConfigurationError(f"{url} has transport={transport}", remedy="It is grpc or rest.")
    return transport


def _rate(url: BackendUrl, endpoint: str | None) -> float | None:
    googles = endpoint is None or endpoint.partition(":")[0].endswith(".googleapis.com")
    if url.option("requests_per_minute") is None:
        return QUOTA_PER_MINUTE if googles else None
    return _number(url, "requests_per_minute", QUOTA_PER_MINUTE, "Give calls a minute, more than 0.", 1e6)


def _flag(url: BackendUrl, name: str) -> bool:
    text = (url.option(name) or "false").lower()
    if text not in {"true", "false", "1", "0"}:
        raise ConfigurationError(f"{url} has {name}={text}", remedy="It is true or false.")
    return text in {"true", "1"}


def _number(url: BackendUrl, name: str, default: float, remedy: str, most: float) -> float:
    text = url.option(name)
    try:
        number = default if text is None else float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= most:
        raise ConfigurationError(f"{url} has {name}={text}", remedy=remedy)
    return number
