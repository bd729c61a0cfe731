"""How code names a vendor's own SDK, for those who look for code that goes round trackbridge."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["VendorApi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorApi:
    """The ways to a vendor that do not lead through its adapter.

    Attributes:
        modules: The SDK's modules, with all below them.
        commands: Its command-line programs.
        services: What a general client is made of, as (module, service), such as ``("cloudsdk", "tracking")`` for
            ``cloudsdk.client("tracking")``.
        integrations: Names in other packages that log to the vendor, such as a framework's logger class.
        arguments: Keyword arguments that have a framework log to the vendor, as (name, value).
    """

    modules: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    integrations: tuple[str, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()
