"""Whole training scripts on W&B, with nothing changed but the URL: content equal to the default backend's and MLflow's (C2)."""

from __future__ import annotations

import pytest

from scripts import contained, play_all

pytestmark = pytest.mark.server


@pytest.mark.parametrize("other", ["local", pytest.param("mlflow", marks=pytest.mark.full)])
def test_the_same_scripts_give_the_same_content(url, tmp_path, scripts_elsewhere, other):
    there = scripts_elsewhere(other)
    play_all(url, tmp_path)
    contained(there, url)
