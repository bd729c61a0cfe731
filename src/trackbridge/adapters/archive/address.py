"""From an archive's URL to the place of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from trackbridge.adapters.archive.bucket import BucketVault
from trackbridge.adapters.archive.folder import FolderVault
from trackbridge.adapters.archive.vault import Vault
from trackbridge.errors import ConfigurationError
from trackbridge.protocol import BackendUrl

__all__ = ["SCHEMES", "open_vault"]

SCHEMES: Final = ("archive+file", "archive+s3", "archive+gs")

_OPTIONS: Final = {
    "file": frozenset[str](),
    "s3": frozenset({"endpoint_url", "region"}),
    "gs": frozenset({"endpoint_url"}),
}


def open_vault(url: BackendUrl) -> Vault:
    """Give the place that a URL names; nothing is contacted yet.

    Raises:
        ConfigurationError: the URL names no place, or fsspec's package for it is missing.
    """
    kind = url.scheme.partition("+")[2]
    if unknown := sorted(url.options.keys() - _OPTIONS[kind]):
        known = ", ".join(sorted(_OPTIONS[kind])) or "none"
        raise ConfigurationError(
            f"{url} has the option {unknown[0]}", remedy=f"The options of {url.scheme} are: {known}."
        )
    place = unquote(url.location)
    if kind == "file":
        if not place.startswith("/"):
            raise ConfigurationError(f"{url} names no absolute folder", remedy="Write archive+file:///DIR.")
        return FolderVault(Path(place))
    root = place.strip("/")
    if not root:
        raise ConfigurationError(f"{url} names no bucket", remedy=f"Write {url.scheme}://BUCKET/PREFIX.")
    return BucketVault(_system(kind, url), root, f"{kind}://{root}")


def _system(kind: str, url: BackendUrl) -> Any:
    options: dict[str, Any] = {}
    if endpoint := url.option("endpoint_url"):
        options["endpoint_url"] = endpoint
    if region := url.option("region"):
        options["client_kwargs"] = {"region_name": region}
    try:
        import fsspec

        # A cached listing would hide what other writers did; an instance of our own is not shared with the user's code.
        return fsspec.filesystem(kind, use_listings_cache=False, skip_instance_cache=True, **options)
    except ImportError as error:
        package = {"s3": "s3fs", "gs": "gcsfs"}[kind]
        raise ConfigurationError(
            f"{url} needs a package that is not installed: {error}",
            remedy=f"pip install 'trackbridge[archive]' {package}",
        ) from error
