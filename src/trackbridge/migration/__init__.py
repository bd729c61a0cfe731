"""Equality of runs across backends, shown value by value (C1, C2)."""

from trackbridge.migration.differences import Difference, form_differences
from trackbridge.migration.verification import Mismatch, Verification, verify

__all__ = ["Difference", "Mismatch", "Verification", "form_differences", "verify"]
