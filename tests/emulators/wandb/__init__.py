"""An emulator of the W&B service: strict, persistent, steerable. README.md says how to use it."""

from __future__ import annotations

from emulators.wandb.faults import Fault
from emulators.wandb.handle import Handle
from emulators.wandb.server import Emulator
from emulators.wandb.service import Account
from emulators.wandb.switches import Switches

__all__ = ["Account", "Emulator", "Fault", "Handle", "Switches"]
