"""Every way in which code reaches an SDK is found, with its line; what cannot be told is said; nothing else is found."""

import pytest

from trackbridge.policy.bypass import find_bypasses, parse_allowance
from trackbridge.protocol import VendorApi

APIS = (
    VendorApi(
        modules=("mlflow",),
        commands=("mlflow",),
        integrations=("lightning.pytorch.loggers.MLFlowLogger",),
        arguments=(("report_to", "mlflow"),),
    ),
    VendorApi(modules=("google.cloud.aiplatform",), services=(("boto3", "sagemaker"), ("botocore", "sagemaker"))),
)

# (the code, with what is found in its last line: rule and what)
WAYS = {
    "plain import": ("import mlflow", "import", "mlflow"),
    "import under another name": ("import mlflow as tracker", "import", "mlflow"),
    "a submodule": ("import os, mlflow.sklearn", "import", "mlflow.sklearn"),
    "a name of it": ("from mlflow import log_metric", "import", "mlflow"),
    "a name under another name": ("from mlflow.tracking import MlflowClient as C", "import", "mlflow.tracking"),
    "all its names": ("from mlflow import *", "import", "mlflow"),
    "out of a namespace package": (
        "from google.cloud import aiplatform as vertex",
        "import",
        "google.cloud.aiplatform",
    ),
    "in a function": ("def late():\n    import mlflow", "import", "mlflow"),
    "where it may be missing": ("try:\n    import other\nexcept ImportError:\n    import mlflow", "import", "mlflow"),
    "where types are not checked": ("if TYPE_CHECKING:\n    ...\nelse:\n    import mlflow", "import", "mlflow"),
    "import_module": ("import importlib\nimportlib.import_module('mlflow')", "dynamic-import", "mlflow"),
    "import_module under another name": (
        "from importlib import import_module as load\nload('mlflow')",
        "dynamic-import",
        "mlflow",
    ),
    "its module under another name": (
        "import importlib as i\ni.import_module(name='mlflow')",
        "dynamic-import",
        "mlflow",
    ),
    "a relative name": (
        "import importlib\nimportlib.import_module('.pyfunc', package='mlflow')",
        "dynamic-import",
        "mlflow.pyfunc",
    ),
    "the builtin": ("__import__('mlflow').log_metric('a', 1)", "dynamic-import", "mlflow"),
    "the builtin by its module": ("import builtins\nbuiltins.__import__('mlflow')", "dynamic-import", "mlflow"),
    "the builtin by key": ("__builtins__['__import__']('mlflow')", "dynamic-import", "mlflow"),
    "by getattr": ("import importlib\ngetattr(importlib, 'import_module')('mlflow')", "dynamic-import", "mlflow"),
    "by vars": ("import importlib\nvars(importlib)['import_module']('mlflow')", "dynamic-import", "mlflow"),
    "a loader kept in a variable": (
        "import importlib\nload = importlib.import_module\nload('mlflow')",
        "dynamic-import",
        "mlflow",
    ),
    "a name kept in a constant": ("NAME = 'mlflow'\n__import__(NAME)", "dynamic-import", "mlflow"),
    "a name put together": ("__import__('ml' + 'flow')", "dynamic-import", "mlflow"),
    "a name in an f-string": ("part = 'flow'\n__import__(f'ml{part}')", "dynamic-import", "mlflow"),
    "a name joined": ("__import__(''.join(['ml', 'flow']))", "dynamic-import", "mlflow"),
    "names in a loop": ("for name in ('json', 'mlflow'):\n    __import__(name)", "dynamic-import", "mlflow"),
    "either name": ("__import__('mlflow' if fast else 'json')", "dynamic-import", "mlflow"),
    "pkgutil": ("import pkgutil\npkgutil.resolve_name('mlflow:log_metric')", "dynamic-import", "mlflow.log_metric"),
    "runpy": ("import runpy\nrunpy.run_module('mlflow.cli')", "dynamic-import", "mlflow.cli"),
    "loaded modules": ("import sys\nsys.modules['mlflow']", "dynamic-import", "mlflow"),
    "loaded modules by get": ("from sys import modules\nmodules.get('mlflow')", "dynamic-import", "mlflow"),
    "a test's import": ("import pytest\npytest.importorskip('mlflow')", "dynamic-import", "mlflow"),
    "a spec": ("from importlib import util\nutil.find_spec('mlflow')", "dynamic-import", "mlflow"),
    "exec": ("exec('import mlflow')", "import", "mlflow"),
    "eval": ("eval(\"__import__('mlflow')\")", "dynamic-import", "mlflow"),
    "a program": ("import subprocess\nsubprocess.run(['mlflow', 'ui'])", "command", "mlflow"),
    "a module as a program": (
        "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'mlflow', 'server'])",
        "command",
        "-m mlflow",
    ),
    "a line for the shell": ("import os\nos.system('cd /srv && mlflow run .')", "command", "mlflow"),
    "a service": ("import boto3\nboto3.client('sagemaker')", "service", "boto3 sagemaker"),
    "a service of a session": (
        "from boto3 import Session\nsession = Session()\nsession.client(service_name='sagemaker')",
        "service",
        "boto3 sagemaker",
    ),
    "a framework's logger": (
        "from lightning.pytorch.loggers import MLFlowLogger",
        "integration",
        "lightning.pytorch.loggers.MLFlowLogger",
    ),
    "a framework's logger by attribute": (
        "import lightning.pytorch as pl\npl.loggers.MLFlowLogger()",
        "integration",
        "lightning.pytorch.loggers.MLFlowLogger",
    ),
    "a framework's argument": ("Arguments(report_to=['mlflow'])", "integration", "report_to='mlflow'"),
}

UNTOLD = {
    "a parameter": ("import importlib\ndef f(name):\n    importlib.import_module(name)", "importlib.import_module"),
    "the environment": ("import os\n__import__(os.environ['TRACKER'])", "__import__"),
    "a loop over what is not written out": ("for name in names():\n    __import__(name)", "__import__"),
    "a text that is run": ("exec(open('x').read())", "exec"),
    "a service by variable": ("import boto3\ndef f(s):\n    boto3.client(s)", "boto3.client"),
}

HARMLESS = """
from __future__ import annotations
import re, sys, json, importlib, subprocess, os
from typing import TYPE_CHECKING
import trackbridge as tb
from . import mlflow                    # a module of one's own
from .tracking import mlflow as ours
if TYPE_CHECKING:
    import mlflow.entities
pattern = re.compile(unknown())
def eval(model): ...
eval(model)
model.eval()
mlflow_uri = "mlflow+https://mlflow.example.com"
importlib.import_module("json")
importlib.util.find_spec(name)
sys.modules.get(name)
subprocess.run(["git", "commit", "-m", "mlflow"])
os.system("echo done")
client.client("sagemaker")
boto3 = tb
with tb.start_run(backend="mlflow+https://mlflow.example.com") as run:
    run.log_param("sdk", "mlflow")
    run.set_tag("report_to", "mlflow")
"""


@pytest.fixture
def found_in(tmp_path):
    def found_in(text, *allowances, name="train.py"):
        path = tmp_path / name
        path.write_text(text)
        return list(find_bypasses([path], APIS, [parse_allowance(one) for one in allowances]))

    return found_in


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_found_at_its_line(found_in, way):
    code, rule, what = WAYS[way]
    (finding,) = found_in(code)
    assert (finding.rule, finding.what) == (rule, what)
    assert finding.line == len(code.splitlines())
    assert finding.certain


@pytest.mark.parametrize("way", UNTOLD)
def test_what_cannot_be_told_is_said(found_in, way):
    code, what = UNTOLD[way]
    (finding,) = found_in(code)
    assert (finding.rule, finding.what, finding.certain) == ("cannot-tell", what, False)
    assert finding.message == f"cannot tell what {what} gets: it is not a literal"


def test_code_that_only_uses_trackbridge_is_clean(found_in):
    assert found_in(HARMLESS) == []
