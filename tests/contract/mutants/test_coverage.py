"""No clause goes without a fault that it notices."""

from collections import Counter

from trackbridge.testing.suite import CLAUSES


def test_every_clause_has_a_mutant(all_mutants):
    assert set(all_mutants.values()) == set(CLAUSES)


def test_there_are_enough(all_mutants):
    assert len(all_mutants) >= 100
    assert Counter(all_mutants.values()).most_common()[-1][1] >= 1
