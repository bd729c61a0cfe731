"""A policy that a platform team publishes: at a URL, in a package, or in a file; pinned by the hash of its bytes."""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trackbridge.config.tables import Key
from trackbridge.errors import ConfigurationError, Transient

__all__ = ["PublishedPolicy", "published_policy"]

_MOST_BYTES: Final = 1 << 20
_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class PublishedPolicy:
    """The table ``[policy]`` of a document, and where it came from."""

    values: Any
    source: str

    def place(self, key: Key) -> str:
        """Say where a key stands, for messages."""
        return f"{'.'.join(map(str, key))} in {self.source}"


def published_policy(source: str, sha256: str, base: Path) -> PublishedPolicy:
    """Read a published policy.

    What a URL gave is kept in this user's cache under its hash, so that runs start without the network; nothing that has
    that hash can be another policy.

    Args:
        source: ``https://…``, ``package:NAME/PATH`` for a file that an installed package brings, or a path.
        sha256: The hash of its bytes, as hex; needed for a URL, checked wherever it is given.
        base: What a relative path is relative to.

    Raises:
        ConfigurationError: there is none, it is not what is pinned, or it is no TOML with a table ``[policy]``.
        Transient: the URL cannot be reached, and nothing of that hash is in the cache.
    """
    data = _read(source, sha256, base)
    found = hashlib.sha256(data).hexdigest()
    if sha256 and found != sha256:
        raise ConfigurationError(
            f"the policy {source} has the sha256 {found}, and {sha256} is pinned",
            remedy="Look at what changed in it, then set policy.sha256.",
        )
    try:
        values = tomllib.loads(data.decode("utf-8"))["policy"]
    except (ValueError, KeyError) as error:
        raise ConfigurationError(f"the policy {source} is no TOML with a table [policy]: {error}") from error
    return PublishedPolicy(values, source)


def _read(source: str, sha256: str, base: Path) -> bytes:
    if source.startswith(("https://", "http://")):
        return _read_url(source, sha256)
    try:
        if source.startswith("package:"):
            return _packaged(source.removeprefix("package:"))
        return (base / source).read_bytes()
    except (OSError, ImportError, ValueError) as error:
        raise ConfigurationError(
            f"the policy {source} cannot be read: {error}", remedy="Correct policy.source."
        ) from error


def _packaged(name: str) -> bytes:
    from importlib.resources import files

    package, _, path = name.partition("/")
    return files(package).joinpath(path).read_bytes()


def _read_url(url: str, sha256: str) -> bytes:
    if not sha256:
        raise ConfigurationError(
            f"the policy {url} is not pinned", remedy="Set policy.sha256: what a server gives may change at any moment."
        )
    kept = _cache() / f"{sha256}.toml"
    try:
        data = kept.read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() == sha256:
        return data
    data = _fetched(url)
    if hashlib.sha256(data).hexdigest() == sha256:
        _keep(kept, data)
    return data


def _fetched(url: str) -> bytes:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http and https only, see _read
            data: bytes = answer.read(_MOST_BYTES + 1)
    except HTTPError as error:
        raise ConfigurationError(f"{url} answers {error.code}", remedy="Correct policy.source.") from error
    except OSError as error:
        raise Transient(f"the policy {url} cannot be fetched: {error}") from error
    if len(data) > _MOST_BYTES:
        raise ConfigurationError(f"the policy {url} is larger than {_MOST_BYTES} bytes")
    return data


def _keep(path: Path, data: bytes) -> None:
    """Keep it for the next start, whole or not at all; a cache that cannot be written to is none."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half.write_bytes(data)
        half.replace(path)
    except OSError:
        return


def _cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    home = Path(named) if named else Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return home / "trackbridge" / "policy"
