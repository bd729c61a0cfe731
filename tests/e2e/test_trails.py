"""Damage to an audit trail is found and named on the archive and on every emulated cloud, as on MLflow and in the core."""

from __future__ import annotations

import uuid

import pytest

from servers.clouds import CLOUDS
from trackbridge.protocol import find_adapter, parse_url
from trackbridge.testing.declaration import load_probe
from trails import DAMAGES, damage_is_named, each_damage, reorder

pytestmark = [
    pytest.mark.filterwarnings(r"ignore:.*google\..*:FutureWarning"),  # Google's packages warn while they are imported
    pytest.mark.filterwarnings(r"ignore:.*google\..*:DeprecationWarning"),
]


def check(url: str, damage) -> None:
    parsed = parse_url(url)
    probe = load_probe(find_adapter(parsed))(parsed)
    try:
        damage_is_named(url, probe, f"fraud-{uuid.uuid4().hex[:8]}", damage)
    finally:
        probe.close()


@each_damage
def test_an_archive(tmp_path, damage) -> None:
    check(f"archive+file://{tmp_path}/cold", damage)


@pytest.mark.server
@pytest.mark.parametrize("cloud", sorted(CLOUDS), indirect=True)
@pytest.mark.parametrize(
    "damage",
    [damage if damage is reorder else pytest.param(damage, marks=pytest.mark.full) for damage in DAMAGES],
    ids=lambda damage: damage.__name__,
)
def test_a_cloud(cloud, damage) -> None:
    check(cloud, damage)
