"""Whom MLflow asks for headers, in a process of its own each time, for its list is one for the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKED = """
import sys, types
sys.path.insert(0, sys.argv[1])
if "handmade" in sys.argv:
    sys.modules["pyspark"] = types.ModuleType("pyspark")
from trackbridge_mlflow.headers import spare_databricks
from mlflow.tracking.request_header.registry import _request_header_provider_registry as providers
spare_databricks()
print(*(type(one).__name__ for one in providers))
"""


def asked(*arguments: str) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-c", ASKED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split()


def test_databricks_is_not_asked_outside_of_it(tmp_path):
    names = asked(str(tmp_path))
    assert "DatabricksRequestHeaderProvider" not in names
    assert "DefaultRequestHeaderProvider" in names


@pytest.mark.parametrize("module", ["dbruntime", "pyspark", "IPython"])
def test_databricks_is_asked_where_it_may_be(tmp_path, module):
    (tmp_path / f"{module}.py").write_text("")
    assert "DatabricksRequestHeaderProvider" in asked(str(tmp_path))


def test_a_module_that_was_made_by_hand_counts(tmp_path):
    assert "DatabricksRequestHeaderProvider" in asked(str(tmp_path), "handmade")
