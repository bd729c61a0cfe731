"""The kinds of checks: each is frozen data with a pure function."""

from trackbridge.gates.checks.bounds import Bound
from trackbridge.gates.checks.budgets import SizeBudget
from trackbridge.gates.checks.custom import Custom
from trackbridge.gates.checks.presence import Presence
from trackbridge.gates.checks.regressions import Allowance, Direction, NoBaseline, Regression
from trackbridge.gates.checks.schemas import Column, Schema
from trackbridge.gates.checks.slices import SliceCheck

__all__ = [
    "Allowance",
    "Bound",
    "Column",
    "Custom",
    "Direction",
    "NoBaseline",
    "Presence",
    "Regression",
    "Schema",
    "SizeBudget",
    "SliceCheck",
]
