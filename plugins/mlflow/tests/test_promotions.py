"""Promotions at once and damaged trails on MLflow: its own archiving leaves several versions in an exclusive stage."""

from __future__ import annotations

import pytest

from trackbridge.protocol import parse_url
from trackbridge_mlflow.probe import MlflowProbe
from trails import damage_is_named, each_damage, promotions_at_once


@pytest.mark.parametrize("rounds", [1, pytest.param(50, marks=pytest.mark.full)])
def test_whoever_is_told_yes_is_in_the_trail_and_one_version_is_in_the_stage(url, name, rounds):
    promotions_at_once(url, name("fraud"), rounds)


@each_damage
def test_damage_is_found_and_named(direct_url, name, damage):
    check_damage(direct_url, name("fraud"), damage)


@pytest.mark.full
@each_damage
def test_damage_is_found_and_named_on_every_server(url, name, damage):
    check_damage(url, name("fraud"), damage)


def check_damage(url, model, damage):
    probe = MlflowProbe(parse_url(url))
    damage_is_named(url, probe, model, damage)
    probe.close()
