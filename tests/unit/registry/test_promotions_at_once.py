"""Promotions at once and damaged trails, on what needs no server; plugins/ ask the same of theirs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from trackbridge.protocol import find_adapter, parse_url
from trackbridge.testing.probe import Probe
from trails import damage_is_named, each_damage, promotions_at_once


@pytest.fixture(params=["memory", "local"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"memory://{tmp_path}" if request.param == "memory" else f"local://{tmp_path}/store"


@pytest.mark.parametrize("rounds", [3, pytest.param(50, marks=pytest.mark.full)])
def test_whoever_is_told_yes_is_in_the_trail_and_one_version_is_in_the_stage(url: str, rounds: int) -> None:
    promotions_at_once(url, "fraud", rounds)


@each_damage
def test_damage_is_found_and_named(url: str, damage: Callable[[list[bytes]], None]) -> None:
    parsed = parse_url(url)
    module, _, name = find_adapter(parsed).probe.partition(":")
    probe: Probe = getattr(import_module(module), name)(parsed)
    damage_is_named(url, probe, "fraud", damage)
    probe.close()
