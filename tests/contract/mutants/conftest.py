"""Mutants: small, realistic faults that the suite must notice, each by a check of the clause that it breaks.

A module here has a dict ``MUTANTS``: name → (clause, function that puts the fault in place). The function is given a
`Patch`. Faults lie in the memory adapter where an adapter can break the clause, else in the core; those of the sidecar
show on `narrow` only, whose fields hold next to nothing.
"""

import importlib
import importlib.util
import itertools
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from trackbridge.adapters.memory.runs import MemoryRuns
from trackbridge.testing.checks import checks_of
from trackbridge.testing.lab import Scale
from trackbridge.testing.verdicts import run_check

sys.path.insert(0, str(Path(__file__).parents[1] / "narrow"))  # installs the adapter `narrow`

SMALL = Scale(points=3_000, big_bytes=100_000, examples=2)
COUNT = itertools.count()


class Patch:
    """Puts a fault in place; all of it is taken back after the test."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch

    def put(self, owner, name, value):
        """Replace an attribute of a class, or of a module given by its name."""
        owner = importlib.import_module(owner) if isinstance(owner, str) else owner
        self._monkeypatch.setattr(owner, name, value)

    def around(self, owner, name, wrapper):
        """Replace a function by ``wrapper(original, *arguments)``."""
        owner = importlib.import_module(owner) if isinstance(owner, str) else owner
        original = getattr(owner, name)

        def replaced(*args, **kwargs):
            return wrapper(original, *args, **kwargs)

        self.put(owner, name, replaced)

    def runs(self, change):
        """Change every run on its way out of the memory adapter: `change` gives the fields that are otherwise."""

        def get(original, self, run_ids):
            found = original(self, run_ids)
            return {run_id: replace(native, **change(native)) for run_id, native in found.items()}

        self.around(MemoryRuns, "get", get)

    def writes(self, change):
        """Change every batch on its way into the memory adapter."""
        self.around(
            MemoryRuns,
            "write",
            lambda write, self, run_id, writes: write(self, run_id, replace(writes, **change(writes))),
        )


@pytest.fixture
def patch(monkeypatch):
    return Patch(monkeypatch)


def failures(clause, scheme):
    """Give the ids of the checks of a clause that fail, up to the first."""
    for one in checks_of(clause):
        if run_check(one, f"{scheme}://mutant-{next(COUNT)}", SMALL).verdict == "failed":
            return [one.id]
    return []


@cache
def healthy(clause, scheme):
    return failures(clause, scheme) == []


@pytest.fixture
def kill(patch):
    """Give a function that asserts: the clause's checks pass, and one of them fails once the fault is in place."""

    def verify(clause, fault, scheme="memory"):
        assert healthy(clause, scheme), f"{clause} fails without any fault"
        patch.put("trackbridge.registry.commit", "_LONGEST_PAUSE_S", 0.002)  # a faulty trail is tried a hundred times
        fault(patch)
        assert failures(clause, scheme), f"no check of {clause} noticed"

    return verify


def pytest_generate_tests(metafunc):
    mutants = getattr(metafunc.module, "MUTANTS", None)
    if mutants is not None and {"clause", "fault"} <= set(metafunc.fixturenames):
        names = [f"{clause}-{name}" for name, (clause, _) in mutants.items()]
        metafunc.parametrize(("clause", "fault"), mutants.values(), ids=names)


@pytest.fixture(scope="session")
def all_mutants():
    """Give name → clause of every mutant in this folder."""
    found = {}
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"mutants_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, (clause, _) in getattr(module, "MUTANTS", {}).items():
            found[f"{file.stem}: {name}"] = clause
    return found
