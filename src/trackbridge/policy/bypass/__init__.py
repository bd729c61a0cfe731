"""Finds code that goes round the one API: by syntax tree, without running or importing anything of it."""

from __future__ import annotations

from trackbridge.policy.bypass.allowing import Allowance, parse_allowance
from trackbridge.policy.bypass.finding import Finding
from trackbridge.policy.bypass.ruff import ruff_configuration
from trackbridge.policy.bypass.sarif import sarif
from trackbridge.policy.bypass.search import find_bypasses, vendor_apis

__all__ = [
    "Allowance",
    "Finding",
    "find_bypasses",
    "parse_allowance",
    "ruff_configuration",
    "sarif",
    "vendor_apis",
]
