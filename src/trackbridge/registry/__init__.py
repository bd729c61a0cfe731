"""Stages, approvals and aliases as the fold of an audit trail: written once, for all backends (G1–G8)."""

from trackbridge.registry.acts import ArchiveMode
from trackbridge.registry.plans import Plan, Refusal
from trackbridge.registry.registry import Registry

__all__ = ["ArchiveMode", "Plan", "Refusal", "Registry"]
