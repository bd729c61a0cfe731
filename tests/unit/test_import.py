"""Importing trackbridge is cheap: what is heavy loads on first use."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "lark",
    "mlflow",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "rich",
    "stamina",
    "typer",
}


@pytest.mark.parametrize("module", ["trackbridge", "trackbridge.config", "trackbridge.protocol", "trackbridge.query"])
def test_importing_loads_nothing_heavy(module):
    script = f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    # -I: no site customisation of the caller's may load anything by itself
    done = subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert module.partition(".")[0] in loaded
    assert loaded & HEAVY == set()
