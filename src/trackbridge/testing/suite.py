"""What the suite is about: the clauses of the semantics, and the version under which a certificate is given."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["CLAUSES", "SUITE_DIGEST", "SUITE_VERSION"]

SUITE_VERSION: Final = 1
"""Grows whenever a check is added, removed or renamed; the digest below fixes which checks a version has."""

SUITE_DIGEST: Final = "3e1c20072c6679d7cd3e74ebad40c4bf4e229ee91f3f92b1f7136fd3cdf12b16"
"""SHA-256 of the ids of all checks, one a line, sorted: a registry that was tampered with has another."""

CLAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "R1": "ids are chosen by the caller, equal everywhere, and opening is idempotent",
        "R2": "experiments come to be on first use, once, and come back on use",
        "R3": "four statuses; times are UTC milliseconds",
        "R4": "how a run ends is how its process ended",
        "R5": "resuming, owner epochs, and late deliveries",
        "R6": "parents, nesting, search by parent",
        "R7": "delete, restore, purge, and what they spare",
        "R8": "several writers and processes in one run",
        "R9": "notes, source and names",
        "P1": "names of params, flattening, collisions",
        "P2": "values of params keep their types",
        "P3": "params are written once",
        "T1": "tags: the greatest stamp wins",
        "T2": "reserved tags",
        "M1": "points keep every bit",
        "M2": "a series is a set in (step, timestamp, value) order",
        "M3": "steps and times that we assign",
        "M4": "the order of values, and summaries",
        "M5": "any number of metrics and points, never sampled",
        "M6": "which numbers are accepted",
        "A1": "paths and contents of artifacts",
        "A2": "listings with size and sha256",
        "A3": "the same path again replaces",
        "A4": "the file as it was at the call",
        "A5": "no path leaves its destination; folder digests",
        "D1": "datasets of a run",
        "D2": "from a dataset to its runs, from a version to its datasets",
        "E1": "the environment",
        "S1": "fields of a search",
        "S2": "operators of a search",
        "S3": "missing values, types and text in a search",
        "S4": "the order of results",
        "S5": "paging by key",
        "G1": "models and version numbers",
        "G2": "what a version is",
        "G3": "four stages, shared freely",
        "G4": "archiving on a transition",
        "G5": "the audit trail",
        "G6": "expected stages",
        "G7": "aliases",
        "G8": "approval is its own axis",
        "X1": "errors by what the caller does next",
        "X2": "what can be known at the call is raised at the call",
        "X3": "the sidecar holds what a field cannot",
        "X4": "redaction",
        "C1": "the digest of a run",
        "C2": "the digest of its content",
        "C3": "the digest of a model",
    }
)
