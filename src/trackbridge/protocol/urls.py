"""Backend URLs: ``scheme://location?option=value``, parsed once and shown without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from trackbridge.errors import ConfigurationError
from trackbridge.redaction import redact_url

__all__ = ["BackendUrl", "parse_url"]

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*?):(?P<rest>//.*|arn:.*|aws:.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BackendUrl:
    """One backend's address.

    `scheme` is all before the colon, `owner` the part of it before a ``+``: the entry point that serves it. `rest` is
    all after the scheme's colon, options removed where the scheme has any.
    """

    text: str
    scheme: str
    rest: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The name of the entry point that serves the scheme."""
        return self.scheme.partition("+")[0]

    @property
    def location(self) -> str:
        """All after ``//``."""
        return self.rest.removeprefix("//")

    def __str__(self) -> str:
        """Give the URL without passwords and secret options: the form for logs, tables and errors."""
        return redact_url(self.text)

    def __repr__(self) -> str:
        return f"BackendUrl({str(self)!r})"

    def option(self, name: str, default: str | None = None) -> str | None:
        """Give an option of the query string."""
        return self.options.get(name, default)


def parse_url(text: str, *, base: Path | None = None) -> BackendUrl:
    """Parse a backend URL and make a relative path in it absolute.

    Args:
        text: ``local://PATH``, ``memory://NAME``, ``mlflow+http://HOST`` and so on.
        base: What a relative path is relative to; the working directory by default.

    Raises:
        ConfigurationError: no URL at all.
    """
    match = _URL.fullmatch(text.strip())
    if not match:
        raise ConfigurationError(
            f"{text!r} is not a backend URL",
            remedy="Write scheme://location, such as local://.trackbridge or mlflow+https://mlflow.example.com.",
        )
    scheme, rest = match["scheme"], match["rest"]
    base = base or Path.cwd()
    if scheme == "local":
        path = Path(rest.removeprefix("//") or ".trackbridge").expanduser()
        rest = f"//{(base / path).resolve()}"
        return BackendUrl(f"local:{rest}", scheme, rest)
    if scheme.endswith("+sqlite"):
        rest = _absolute(rest, base)
    bare, _, query = rest.partition("?")
    return BackendUrl(f"{scheme}:{rest}", scheme, bare, dict(parse_qsl(query, keep_blank_values=True)))


def _absolute(rest: str, base: Path) -> str:
    """Make the path of ``///relative`` absolute; four slashes are absolute already, as SQLAlchemy has it."""
    parts = urlsplit(rest)
    path = parts.path.removeprefix("/")
    query = f"?{parts.query}" if parts.query else ""
    if path.startswith("/"):
        return f"//{parts.netloc}/{path}{query}"
    return f"//{parts.netloc}/{(base / path).resolve()}{query}"
