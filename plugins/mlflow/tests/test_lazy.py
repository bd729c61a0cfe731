"""What is imported when: nothing of MLflow by opening, and nothing beyond mlflow-skinny to talk to a server."""

from __future__ import annotations

import subprocess
import sys

BLOCKER = """
import sys

sys.modules.update(dict.fromkeys(BLOCKED))  # None there is a module that cannot be found
"""

# What the full mlflow brings and mlflow-skinny does not.
FULL = {
    "sqlalchemy", "alembic", "pandas", "numpy", "scipy", "sklearn", "matplotlib", "pyarrow", "flask", "flask_cors",
    "graphene", "gunicorn", "docker", "huey", "skops", "aiohttp", "boto3", "botocore", "psycopg2",
}  # fmt: skip


def run(code, *, blocked=()):
    source = f"BLOCKED = {set(blocked)!r}\n{BLOCKER}\n{code}"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", source], capture_output=True, check=False, text=True, timeout=120
    )


def test_opening_imports_no_mlflow():
    done = run(
        """
from trackbridge.protocol import open_backend
for url in ("mlflow+http://h", "mlflow+sqlite:///x.db", "mlflow+postgresql://u@h/d?artifacts=s3://b/r"):
    backend = open_backend(url)
    assert backend.limits.params_per_write == 100
    backend.adapter.close()
assert not any(name.startswith("mlflow") for name in sys.modules), "mlflow was imported"
"""
    )
    assert done.returncode == 0, done.stderr


def test_a_server_needs_mlflow_skinny_only(server_url):
    done = run(
        f"""
import io
from trackbridge.protocol import Scan, VersionSpec, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.writes import *
adapter = open_backend({server_url!r}).adapter
adapter.check()
adapter.experiments.ensure("skinny")
run_id = new_run_id()
adapter.runs.create(RunHeader(run_id, "skinny", 5))
adapter.runs.write(run_id, RunWrites(
    params={{"a": "1"}}, tags=(TagWrite("t", "v", Stamp(1, "w", 1)),), datasets=(DatasetRecord("d"),),
    status=StatusWrite(1, "FINISHED", 9, Stamp(1, "w", 2)),
))
adapter.metrics.write(run_id, [MetricPoint("m", 0, 0, 1.0)])
adapter.artifacts.put(run_id, "x", io.BytesIO(b"x"), size=1, sha256="")
assert adapter.artifacts.open(run_id, "x").read() == b"x"
assert [p.value for p in adapter.metrics.read(run_id)] == [1.0]
assert any(run.id == run_id for run in adapter.runs.scan(Scan(experiments=("skinny",))))
model = f"m-{{run_id}}"
adapter.registry.ensure_model(model)
adapter.registry.create_version(model, VersionSpec("t", run_id, "x", None, 5))
adapter.registry.append_entry(model, 0, b"{{}}")
assert list(adapter.registry.entries(model)) == [b"{{}}"]
""",
        blocked=FULL,
    )
    assert done.returncode == 0, done.stderr
