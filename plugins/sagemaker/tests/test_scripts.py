"""Whole training scripts on both of AWS's services, with nothing changed but the URL: content equal to others' (C2)."""

from __future__ import annotations

import pytest

from scripts import contained, play_all
from servers import mlflow

pytestmark = pytest.mark.server


@pytest.fixture
def classic(sagemaker_place) -> str:
    return str(sagemaker_place.url)


@pytest.fixture
def managed(mlflow_postgres_s3, monkeypatch) -> str:
    return mlflow.managed(mlflow_postgres_s3["url"], monkeypatch)


@pytest.mark.parametrize("service", ["classic", pytest.param("managed", marks=pytest.mark.full)])
@pytest.mark.parametrize("other", ["local", pytest.param("mlflow", marks=pytest.mark.full)])
def test_the_same_scripts_give_the_same_content(request, service, tmp_path, scripts_elsewhere, other):
    there, here = scripts_elsewhere(other), request.getfixturevalue(service)
    play_all(here, tmp_path)
    contained(there, here)
