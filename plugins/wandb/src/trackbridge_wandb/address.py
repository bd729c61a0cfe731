"""Where a backend URL leads: W&B's service, entity and registry, and the key from W&B's own usual places."""

from __future__ import annotations

import netrc
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import BackendUrl

__all__ = ["LEDGER", "Address", "address_of", "api_key"]

LEDGER: Final = "trackbridge-ledger"  # the project for what W&B has no place for

_CLOUD: Final = "https://api.wandb.ai"
_CLOUD_APP: Final = "https://wandb.ai"
_REGISTRY: Final = "wandb-registry-model"  # the registry that every organization has
_DEFAULT_TIMEOUT_S: Final = 60.0
_OPTIONS: Final = frozenset({"base_url", "api_key", "organization", "registry", "timeout_s"})


@dataclass(frozen=True, slots=True)
class Address:
    """One entity of one W&B.

    Attributes:
        entity: The team or user that owns the projects.
        base_url: The service, without a slash at the end.
        shown: For messages, without secrets.
        key: The API key that the URL names, if any; see `api_key`.
        organization: Whose registry models are linked to; None for the entity's own.
        registry: The project of that registry.
        timeout_s: How long one request may take.
    """

    entity: str
    base_url: str
    shown: str
    key: str | None = field(default=None, repr=False)
    organization: str | None = None
    registry: str = _REGISTRY
    timeout_s: float = _DEFAULT_TIMEOUT_S

    @property
    def app_url(self) -> str:
        """Where people look at it in a browser."""
        return _CLOUD_APP if self.base_url == _CLOUD else self.base_url

    @property
    def service(self) -> tuple[str, str]:
        """What two addresses of one entity have in common."""
        return self.base_url, self.entity


def address_of(url: BackendUrl) -> Address:
    """Read a backend URL of this plugin; what it leaves out is looked up where W&B's own client looks.

    Raises:
        ConfigurationError: no entity, or an option that is not known.
    """
    unknown = sorted(set(url.options) - _OPTIONS)
    if unknown:
        raise ConfigurationError(
            f"{url} has the option {unknown[0]!r}, which is not known",
            remedy=f"Known: {', '.join(sorted(_OPTIONS))}.",
        )
    entity = unquote(url.location).strip("/") or os.environ.get("WANDB_ENTITY", "")
    if not entity or "/" in entity:
        raise ConfigurationError(f"{url} names no entity", remedy="Write wandb://ENTITY, a team's or a user's name.")
    base_url = (url.option("base_url") or os.environ.get("WANDB_BASE_URL") or _CLOUD).rstrip("/")
    if urlsplit(base_url).scheme not in {"http", "https"}:
        raise ConfigurationError(f"{url} has base_url={base_url!r}", remedy="Write base_url=https://wandb.example.com.")
    registry = url.option("registry") or _REGISTRY
    return Address(
        entity=entity,
        base_url=base_url,
        shown=str(url),
        key=url.option("api_key"),
        organization=url.option("organization"),
        registry=registry if registry.startswith("wandb-registry-") else f"wandb-registry-{registry}",
        timeout_s=_timeout(url),
    )


def api_key(address: Address) -> str | None:
    """Give the API key: of the URL, of WANDB_API_KEY, or of the netrc file that ``wandb login`` writes."""
    return address.key or os.environ.get("WANDB_API_KEY") or _netrc_key(urlsplit(address.base_url).hostname or "")


def _netrc_key(host: str) -> str | None:
    named = os.environ.get("NETRC")
    homes = [Path(named)] if named else [Path("~/.netrc").expanduser(), Path("~/_netrc").expanduser()]
    for path in homes:
        with suppress(OSError, netrc.NetrcParseError):
            found = netrc.netrc(str(path)).authenticators(host)
            if found is not None:
                return found[2]
    return None


def _timeout(url: BackendUrl) -> float:
    text = url.option("timeout_s")
    try:
        timeout_s = float(text) if text is not None else _DEFAULT_TIMEOUT_S
    except ValueError:
        timeout_s = 0.0
    if not 0 < timeout_s <= 3_600:
        raise ConfigurationError(f"{url} has timeout_s={text}", remedy="Give seconds, more than 0 and up to 3600.")
    return timeout_s
