"""Whole training scripts on W&B, with nothing changed but the URL: content equal to the default backend's and MLflow's (C2)."""

from __future__ import annotations

import pytest

from scripts import contained, play_all

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    "other", ["local://{home}/store", pytest.param("mlflow+sqlite:///{home}/mlflow.db", marks=pytest.mark.full)]
)
def test_the_same_scripts_give_the_same_content(url, tmp_path, other):
    there = other.format(home=tmp_path)
    play_all(there, tmp_path / "there")
    play_all(url, tmp_path / "here")
    contained(there, url)
