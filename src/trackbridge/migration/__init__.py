"""Everything of one backend in another, and the proof that it is there (C1–C3).

`Migration` moves what a `Selection` says; each run is a unit that bears a mark in the target once it is complete, so
that any machine can go on. `verify` compares two backends at any time.
"""

from trackbridge.migration.attempts import Patience
from trackbridge.migration.differences import Difference, form_differences
from trackbridge.migration.engines import Engine, Threads
from trackbridge.migration.job import Migration, Result
from trackbridge.migration.outcomes import Failure, Outcome
from trackbridge.migration.plan import Plan, make_plan
from trackbridge.migration.selection import Selection
from trackbridge.migration.sides import Side
from trackbridge.migration.verification import Mismatch, Verification, verify

__all__ = [
    "Difference",
    "Engine",
    "Failure",
    "Migration",
    "Mismatch",
    "Outcome",
    "Patience",
    "Plan",
    "Result",
    "Selection",
    "Side",
    "Threads",
    "Verification",
    "form_differences",
    "make_plan",
    "verify",
]
