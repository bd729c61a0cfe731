import ast
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from trackbridge.errors import IntegrityError
from trackbridge.protocol import Capabilities
from trackbridge.testing import checks, clauses
from trackbridge.testing.checks import Check, all_checks, check, checks_of, suite_digest, verify_registry
from trackbridge.testing.suite import CLAUSES, SUITE_DIGEST, SUITE_VERSION


def test_every_clause_has_checks():
    assert {one.clause for one in all_checks()} == set(CLAUSES)
    assert len(all_checks()) >= 150
    assert [one.id for one in checks_of("T2")] == [one.id for one in all_checks() if one.clause == "T2"]


def test_every_capability_has_checks():
    assert {one.capability for one in all_checks()} == {field.name for field in fields(Capabilities)}


def test_the_version_fixes_the_checks():
    assert suite_digest(all_checks()) == SUITE_DIGEST, "raise SUITE_VERSION and set SUITE_DIGEST"
    assert SUITE_VERSION == 1
    verify_registry()


def test_ids_are_plain_and_of_their_own():
    ids = [one.id for one in all_checks()]
    assert len(set(ids)) == len(ids)
    assert all(one.isascii() and " " not in one for one in ids)


@pytest.mark.parametrize(
    ("clause", "capability", "name"), [("Z9", "runs", "x"), ("R1", "magic", "x"), ("R1", "runs", "é")]
)
def test_a_check_of_nothing_is_refused(clause, capability, name):
    with pytest.raises(ValueError, match="no such clause, capability or name"):
        check(clause, name, capability=capability)


def test_two_checks_with_one_id_are_refused():
    taken = all_checks()[0]
    with pytest.raises(ValueError, match="two checks have the id"):
        check(taken.clause, taken.name, capability=taken.capability)(lambda lab: None)


def test_a_registry_that_was_tampered_with_is_found(monkeypatch):
    mine = Check("R1", "mine", "runs", lambda lab: None)
    monkeypatch.setitem(checks._registered, mine.id, mine)
    with pytest.raises(IntegrityError, match="R1-mine was added"):
        verify_registry()
    monkeypatch.undo()
    monkeypatch.setattr(checks, "SUITE_DIGEST", "0" * 64)
    with pytest.raises(IntegrityError, match="not those of version 1"):
        verify_registry()


def test_checks_hold_under_minus_o():
    """An assert would vanish there: checks say what they expect by functions."""
    for file in Path(clauses.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Assert):
                test = ast.unparse(node.test)
                assert "is not None" in test or "isinstance" in test, f"{file.name}:{node.lineno} asserts {test}"


def test_the_plugin_brings_nothing_along():
    heavy = ("trackbridge.testing.lab", "trackbridge.protocol", "pydantic", "hypothesis", "pyarrow", "lark")
    code = f"import sys, trackbridge.testing.pytest_plugin; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
