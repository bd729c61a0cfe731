"""What a handler is given: one checked request, by whom, and where the account's documents are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulators.sagemaker.store import Shelf
from emulators.sagemaker.switches import Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `request` is decoded: timestamps are integers of milliseconds."""

    account: str
    region: str
    operation: str
    request: dict[str, Any]
    switches: Switches
    shelf: Shelf
    now_ms: int
    broken_items: Mapping[int, str] = field(default_factory=dict)  # what a fault says of single metrics

    def arn(self, kind: str, name: str) -> str:
        """Give the ARN of a resource; names are not case-sensitive, and AWS writes them in lower case there."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name.lower()}"

    def asking(self, request: dict[str, Any]) -> Call:
        """Give this call with another request."""
        return dataclasses.replace(self, request=request)
