"""What a journal says of its own delivery, so that any shipper on any host can carry it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias

from trackbridge.errors import ConfigurationError, IntegrityError
from trackbridge.journal import Identity
from trackbridge.records.writes import RunHeader

__all__ = ["Destination", "Host", "Waybill"]

Host: TypeAlias = Literal["process", "thread", "inline", "offline"]

_KEY: Final = "waybill"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Destination:
    """One backend of a run.

    Attributes:
        name: Its name, or its URL without secrets.
        url: Its URL, paths in it absolute.
        required: Whether `finish` waits for it.
        opened: Whether the run is open there; else that comes first.
        in_process: Whether its data cannot leave the writer's process.
        greatest: The greatest step of each series it had before.
    """

    name: str
    url: str
    required: bool
    opened: bool
    in_process: bool = False
    greatest: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waybill:
    """What is delivered where.

    Attributes:
        header: The run.
        name: Its name, for a vendor's screen from the first moment on.
        epoch: The owner epoch claimed (R5).
        attached: The writer writes neither status nor times (R8).
        destinations: Where to, in the order of the settings.
        host: Who delivers while the writer lives; nobody for "offline".
        optional_bytes: What backends that are not required may hold of the journal's disk.
    """

    header: RunHeader
    name: str | None
    epoch: int
    attached: bool
    destinations: tuple[Destination, ...]
    host: Host
    optional_bytes: int

    @property
    def numbering(self) -> int:
        """The place of the destination that numbers model versions and says where auto-steps go on (G2, M3)."""
        return next((place for place, each in enumerate(self.destinations) if each.required), 0)

    def encode(self) -> dict[str, str]:
        """Give what goes into the owner file of the journal."""
        return {_KEY: json.dumps({"version": _VERSION, **asdict(self)})}

    @classmethod
    def of(cls, identity: Identity) -> Waybill:
        """Read it back; a forked child's is that of an attached writer.

        Raises:
            IntegrityError: the journal has none.
            ConfigurationError: a later version wrote it.
        """
        try:
            values: dict[str, Any] = json.loads(identity.extra[_KEY])
            version = values.pop("version")
            if version != _VERSION:
                raise ConfigurationError(
                    f"the journal of run {identity.run} has a waybill of version {version}; this one reads {_VERSION}",
                    remedy="Upgrade trackbridge where the journal is delivered.",
                )
            return cls(
                **values
                | {
                    "header": RunHeader(**values["header"]),
                    "destinations": tuple(Destination(**each) for each in values["destinations"]),
                    "attached": values["attached"] or identity.forked_from is not None,
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(f"the journal of run {identity.run} does not say where it goes: {error}") from error
