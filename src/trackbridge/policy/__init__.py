"""What a platform team asks of every run, of those who move models, and of the code that makes both."""

from __future__ import annotations

from trackbridge.policy.configuration import KEYS, configured_policy, parse_policy
from trackbridge.policy.facts import RegisteredModel, RunFacts, recorded_facts
from trackbridge.policy.guarding import POLICY_TAG, Guard
from trackbridge.policy.judging import Violation, lacking, offending
from trackbridge.policy.permission import check_act, forbidding
from trackbridge.policy.rules import Policy, Requirements, Rights, Rule

__all__ = [
    "KEYS",
    "POLICY_TAG",
    "Guard",
    "Policy",
    "RegisteredModel",
    "Requirements",
    "Rights",
    "Rule",
    "RunFacts",
    "Violation",
    "check_act",
    "configured_policy",
    "forbidding",
    "lacking",
    "offending",
    "parse_policy",
    "recorded_facts",
]
