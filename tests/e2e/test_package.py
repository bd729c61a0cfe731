"""The package as others get it: the built wheel, what an import loads, and a lock that knows every dependency."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
HEAVY = (
    "mlflow", "pandas", "numpy", "pyarrow", "pydantic", "pydantic_settings", "lark", "rich", "typer", "sklearn",
    "matplotlib", "stamina", "skops", "boto3", "requests",
)  # fmt: skip


def test_importing_loads_nothing_heavy() -> None:
    program = f"import sys, trackbridge; print(sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_wheel_has_all_that_is_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "src/trackbridge"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.removeprefix("src/") for name in tracked} <= names
    assert {"trackbridge/py.typed", "trackbridge/query/grammar.lark", "trackbridge/demo/train.py"} <= names
    assert not {name for name in names if name.startswith("tests")}


def test_the_lock_has_every_dependency_and_none_that_weighs_gigabytes() -> None:
    wanted = set()
    for path in (PROJECT / "pyproject.toml", *PROJECT.glob("plugins/*/pyproject.toml")):
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
        project = declared["project"]
        lists = [
            project["dependencies"],
            *project.get("optional-dependencies", {}).values(),
            *declared.get("dependency-groups", {}).values(),
        ]
        wanted |= {_normal(requirement) for each in lists for requirement in each}
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    locked = {_normal(name) for name in re.findall(r"^([\w.-]+)==", lock, flags=re.MULTILINE)}
    assert {name for name in wanted - locked if not name.startswith("trackbridge")} == set()
    # nvidia-ml-py is one file of ctypes; the other packages of that name hold CUDA.
    assert {name for name in locked if re.match(r"torch|nvidia|tensorflow|jax", name)} <= {"nvidia-ml-py"}


def _normal(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


@pytest.mark.xdist_group("together")
def test_tests_of_one_group_run_in_one_process(request) -> None:
    # Some versions of pytest and xdist do not agree on it, and say nothing: what a group shares is then made twice.
    assert "PYTEST_XDIST_WORKER" not in os.environ or request.node.nodeid.endswith("@together")
