"""Which moves there are, what they need, and who may make them."""

from dataclasses import replace

import pytest

from trackbridge.errors import Rejected
from trackbridge.policy import check_act, forbidding, parse_policy
from trackbridge.records.models import ModelVersion
from trackbridge.records.trail import GENESIS, TrailEntry

VERSION = ModelVersion("fraud", 3, "r", "model", stage="Staging", approval="pending")
MOVE = TrailEntry(0, 1, "ann", "transition", 3, GENESIS, stage="Production", from_stage="Staging")
APPROVE = TrailEntry(0, 1, "ann", "approval", 3, GENESIS, approval="approved")
APPROVED = replace(VERSION, approval="approved")

CASES = {
    "any move": ({}, MOVE, VERSION, None),
    "a stage that there is": ({"allowed_stages": ["Production"]}, MOVE, VERSION, None),
    "a stage that there is not": (
        {"allowed_stages": ["None", "Production", "Archived"]},
        replace(MOVE, stage="Staging", from_stage="None"),
        VERSION,
        "goes to Staging, which is none of None, Production, Archived",
    ),
    "a move that there is": ({"transitions": ["Staging->Production"]}, MOVE, VERSION, None),
    "a move that there is not": (
        {"transitions": ["None -> Staging", "Staging -> Production"]},
        replace(MOVE, from_stage="None"),
        VERSION,
        "goes from None to Production, and there is no such move",
    ),
    "approved": ({"approval_for": ["Production"]}, MOVE, APPROVED, None),
    "not approved": ({"approval_for": ["Production"]}, MOVE, VERSION, "is pending, not approved"),
    "rejected": (
        {"approval_for": ["Production"]},
        MOVE,
        replace(VERSION, approval="rejected"),
        "is rejected, not approved",
    ),
    "gated": ({"gate_for": ["Production"]}, replace(MOVE, gate_digest="sha256:aa"), VERSION, None),
    "not gated": ({"gate_for": ["Production"]}, MOVE, VERSION, "goes to Production without a gate's report"),
    "forced": ({"gate_for": ["Production"]}, replace(MOVE, forced=True), VERSION, None),
    "forced by who may": ({"may_force": ["ann", "bob"]}, replace(MOVE, forced=True), VERSION, None),
    "forced by who may not": (
        {"may_force": ["release-*"]},
        replace(MOVE, forced=True),
        VERSION,
        "is forced by 'ann', who is none of release-*",
    ),
    "moved by who may": ({"promoters": {"Production": ["a*"]}}, MOVE, VERSION, None),
    "moved by who may not": (
        {"promoters": {"Production": ["ci"]}},
        MOVE,
        VERSION,
        "is moved to Production by 'ann', who is none of ci",
    ),
    "moved elsewhere by anybody": ({"promoters": {"Archived": ["ci"]}}, MOVE, VERSION, None),
    "approved by who may": ({"approvers": ["ann"]}, APPROVE, VERSION, None),
    "approved by who may not": ({"approvers": ["risk-*"]}, APPROVE, VERSION, "by 'ann', who is none of risk-*"),
    "rejected by anybody": ({"approvers": ["risk-*"]}, replace(APPROVE, approval="rejected"), VERSION, None),
    "approved by another": ({"author_may_approve": False}, replace(APPROVE, actor="bob"), VERSION, None),
    "approved by the author": ({"author_may_approve": False}, APPROVE, VERSION, "is approved by 'ann', who made it"),
    "of another model": ({"models": ["risk-*"], "allowed_stages": ["Staging"]}, MOVE, VERSION, None),
    "of this model": ({"models": ["fr*"], "allowed_stages": ["Staging"]}, MOVE, VERSION, "none of Staging"),
}


def author(_):
    return "ann"


@pytest.mark.parametrize("case", CASES)
def test_what_an_act_needs(case):
    values, act, version, said = CASES[case]
    found = list(forbidding(parse_policy(values), act, version, author))
    if said is None:
        assert found == []
        check_act(parse_policy(values), act, version, author)
    else:
        (violation,) = found
        assert said in violation.what
        with pytest.raises(Rejected, match="against the rule 'policy'"):
            check_act(parse_policy(values), act, version, author)


def test_an_author_that_nobody_knows_might_be_the_approver():
    policy = parse_policy({"author_may_approve": False})
    assert [each.what for each in forbidding(policy, APPROVE, VERSION, lambda _: None)] == [
        "version 3 of model 'fraud' is approved by 'ann', and nobody knows who made it"
    ]


def test_a_warning_lets_it_pass(caplog):
    check_act(parse_policy({"mode": "warn", "allowed_stages": ["Staging"]}), MOVE, VERSION, author)
    assert "which is none of Staging" in caplog.text
