"""Where a backend URL leads: MLflow's tracking URI, credentials, and the place for artifacts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import BackendUrl

__all__ = ["ARN_SCHEME", "DATABASE_SCHEMES", "FOLDER_SCHEME", "REST_SCHEMES", "Address", "address_of"]

REST_SCHEMES = ("mlflow+http", "mlflow+https")
DATABASE_SCHEMES = ("mlflow+sqlite", "mlflow+postgresql")
FOLDER_SCHEME = "mlflow+file"
ARN_SCHEME = "mlflow+arn"

_DEFAULT_TIMEOUT_S = 60.0
_OWN_OPTIONS = frozenset({"artifacts", "timeout_s"})
_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:mlflow-(?:app|tracking-server)/[A-Za-z0-9-]+")
_ARN_OPTIONS = frozenset({"bucket", "endpoint_url", "prefix", "registry", "s3_endpoint_url", "timeout_s"})


@dataclass(frozen=True, slots=True)
class Address:
    """One MLflow: a server, or a database without one.

    Attributes:
        tracking_uri: As MLflow spells it, without credentials for a server.
        shown: For messages, without secrets.
        username: Of a server, where the URL names one; else MLflow's own places are asked.
        password: Likewise.
        artifacts: The artifact root of experiments made here; only a database needs one.
        timeout_s: How long one request may take.
    """

    tracking_uri: str = field(repr=False)
    shown: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    artifacts: str | None = None
    timeout_s: float = _DEFAULT_TIMEOUT_S

    @property
    def is_server(self) -> bool:
        """Whether there is a server to talk to, not a database."""
        return self.tracking_uri.startswith(("http", "arn:"))

    @property
    def is_managed(self) -> bool:
        """Whether it is a server of SageMaker's, which its ARN names and SigV4 opens."""
        return self.tracking_uri.startswith("arn:")

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of files, as ``mlruns`` of old: it is only read."""
        return self.tracking_uri.startswith("file:")


def address_of(url: BackendUrl) -> Address:
    """Read a backend URL of this plugin.

    Raises:
        ConfigurationError: no host, or an option that is not known.
    """
    scheme = url.scheme.removeprefix("mlflow+")
    timeout_s = _timeout(url)
    if url.scheme in REST_SCHEMES:
        return _server(url, scheme, timeout_s)
    if url.scheme == ARN_SCHEME:
        return Address(_arn(url), str(url), timeout_s=timeout_s)
    if url.scheme == FOLDER_SCHEME:
        folder = Path(unquote(url.location)).absolute()
        return Address(folder.as_uri(), str(url), artifacts=folder.as_uri(), timeout_s=timeout_s)
    if url.scheme == "mlflow+sqlite":
        path = Path(unquote(url.location.removeprefix("/")))
        root = url.option("artifacts") or "mlartifacts"
        artifacts = root if "://" in root else (path.parent / root).as_uri()
        return Address(f"sqlite:{url.rest}", str(url), artifacts=artifacts, timeout_s=timeout_s)
    location = url.option("artifacts")
    if location is None:
        raise ConfigurationError(
            f"{url} does not say where artifacts lie", remedy="Add ?artifacts=s3://bucket/folder, or another URI."
        )
    options = {name: value for name, value in url.options.items() if name not in _OWN_OPTIONS}
    query = f"?{urlencode(options)}" if options else ""
    # A bare postgresql:// is psycopg 3 to SQLAlchemy 2.1, and MLflow is made for psycopg2.
    return Address(f"postgresql+psycopg2:{url.rest}{query}", str(url), artifacts=location, timeout_s=timeout_s)


def _server(url: BackendUrl, scheme: str, timeout_s: float) -> Address:
    unknown = sorted(set(url.options) - {"timeout_s"})
    if unknown:
        raise ConfigurationError(
            f"{url} has the option {unknown[0]!r}, which MLflow servers do not have",
            remedy="Known: timeout_s. A server itself knows where its artifacts lie.",
        )
    parts = urlsplit(f"{scheme}:{url.rest}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"{url} has no valid port: {error}") from error
    if not host:
        raise ConfigurationError(f"{url} names no host", remedy="Write mlflow+https://mlflow.example.com.")
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    return Address(
        urlunsplit((scheme, netloc, parts.path.rstrip("/"), "", "")),
        str(url),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        timeout_s=timeout_s,
    )


def _arn(url: BackendUrl) -> str:
    arn = f"arn:{url.rest}"
    if not _ARN.fullmatch(arn):
        raise ConfigurationError(
            f"{url} is no ARN of a managed MLflow",
            remedy="Write mlflow+arn:aws:sagemaker:REGION:ACCOUNT:mlflow-app/NAME, or …:mlflow-tracking-server/NAME.",
        )
    unknown = sorted(set(url.options) - _ARN_OPTIONS)
    if unknown:
        raise ConfigurationError(
            f"{url} has the option {unknown[0]!r}, which a managed MLflow does not have",
            remedy=f"Known: {', '.join(sorted(_ARN_OPTIONS))}.",
        )
    return arn


def _timeout(url: BackendUrl) -> float:
    text = url.option("timeout_s")
    try:
        timeout_s = float(text) if text is not None else _DEFAULT_TIMEOUT_S
    except ValueError:
        timeout_s = 0.0
    if not 0 < timeout_s <= 3_600:
        raise ConfigurationError(f"{url} has timeout_s={text}", remedy="Give seconds, more than 0 and up to 3600.")
    return timeout_s
