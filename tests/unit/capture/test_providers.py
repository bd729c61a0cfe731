"""What each provider finds (E1, R9)."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from trackbridge.capture import nvml
from trackbridge.capture.job import find_container, find_job
from trackbridge.capture.locks import find_locks
from trackbridge.capture.python import find_packages, find_python, find_source
from trackbridge.capture.system import find_gpu, find_system
from trackbridge.protocol import Found


def test_packages_are_requirements():
    lines = find_packages().files["packages.txt"].decode().splitlines()
    assert any(line.startswith("pytest==") for line in lines)
    names = [line.partition("=")[0].partition(" ")[0].lower() for line in lines]
    assert names == sorted(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, "thing==1.0"),
        ("no json", "thing==1.0"),
        ({"url": "https://x.example/a.whl"}, "thing @ https://x.example/a.whl"),
        (
            {"url": "https://x.example/a.zip", "archive_info": {"hashes": {"sha256": "ab"}}, "subdirectory": "s"},
            "thing @ https://x.example/a.zip#sha256=ab&subdirectory=s",
        ),
        (
            {"url": "https://x.example/r.git", "vcs_info": {"vcs": "git", "commit_id": "0f"}},
            "thing @ git+https://x.example/r.git@0f",
        ),
        ({"url": "file:///home/me/thing", "dir_info": {"editable": True}}, "thing==1.0  # from file:///home/me/thing"),
        ({"url": "https://x.example/r.git", "vcs_info": {}}, "thing==1.0"),
    ],
    ids=["index", "broken", "wheel", "archive", "git", "folder", "not-as-specified"],
)
def test_packages_that_no_index_gave_have_their_url(tmp_path, monkeypatch, origin, line):
    info = tmp_path / "thing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    if origin is not None:
        (info / "direct_url.json").write_text(origin if isinstance(origin, str) else json.dumps(origin))
    found = list(importlib.metadata.distributions(path=[str(tmp_path)]))
    monkeypatch.setattr("trackbridge.capture.python.distributions", lambda: found)
    assert find_packages().files["packages.txt"].decode() == f"{line}\n"


def test_the_command_line_is_whole():
    attributes = find_python().attributes
    assert attributes["environment.command"] == sys.orig_argv
    assert attributes["environment.cwd"] == str(Path.cwd())


def test_a_module_is_named_as_one(tmp_path):
    code = "from trackbridge.capture.python import find_source; print(find_source().attributes['source.entry_point'])"
    (tmp_path / "named.py").write_text(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("-c", "interactive")
    command = [sys.executable, "-m", "named"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "-m named"


def test_a_user_without_a_name(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert find_source().attributes["source.user"] == "unknown"


def test_the_system():
    attributes = find_system().attributes
    assert attributes["environment.platform"] == platform.platform()
    assert attributes["environment.cpu.usable"] >= 1
    assert isinstance(attributes["environment.memory_bytes"], int)


def test_gpus_by_the_drivers_tool(tmp_path, monkeypatch):
    monkeypatch.setattr("trackbridge.capture.system.gpu_facts", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_gpu() == Found()
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA A100, 81920, 550.1'\necho 'NVIDIA A100, [N/A], 550.1'\n")
    tool.chmod(0o755)
    attributes = find_gpu().attributes
    assert attributes["environment.gpu.count"] == 2
    assert attributes["environment.gpu.memory_mib"] == [81920, None]
    assert attributes["environment.gpu.driver"] == "550.1"


def test_gpus_by_the_library(fake_gpus):
    assert find_gpu().attributes == {
        "environment.gpu.count": 2,
        "environment.gpu.names": ["Fake 0", "Fake 1"],
        "environment.gpu.memory_mib": [80, 80],
        "environment.gpu.driver": "1.2",
    }
    assert nvml.gpu_load() == {
        "system/gpu/0/utilization_percent": 50.0,
        "system/gpu/0/memory_bytes": float(8 << 20),
        "system/gpu/0/power_w": 0.25,
        "system/gpu/1/utilization_percent": 50.0,
        "system/gpu/1/memory_bytes": float(8 << 20),
        "system/gpu/1/power_w": 0.25,
    }


@pytest.fixture
def fake_gpus(monkeypatch):
    """Two GPUs whose temperature cannot be read, as NVIDIA's library shows them."""

    class UnsupportedError(Exception):
        pass

    def too_hot(*_):
        raise UnsupportedError

    library = SimpleNamespace(
        NVMLError=UnsupportedError,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda number: number,
        nvmlDeviceGetName=lambda number: f"Fake {number}".encode(),
        nvmlDeviceGetMemoryInfo=lambda _: SimpleNamespace(total=80 << 20, used=8 << 20),
        nvmlSystemGetDriverVersion=lambda: "1.2",
        nvmlDeviceGetUtilizationRates=lambda _: SimpleNamespace(gpu=50),
        nvmlDeviceGetPowerUsage=lambda _: 250,
        nvmlDeviceGetTemperature=too_hot,
    )
    monkeypatch.setitem(sys.modules, "pynvml", library)
    nvml._library.cache_clear()
    yield
    nvml._library.cache_clear()


def test_a_scheduler_is_named_by_its_own_variables_only(monkeypatch):
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, text in {"RANK": "3", "JOB_NAME": "web", "POD_NAME": "x"}.items():
        monkeypatch.setenv(name, text)
    assert find_job() == Found()
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "t1")
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "5")
    monkeypatch.setenv("RAY_JOB_ID", "01000000")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("HOSTNAME", "train-0")
    assert find_job().attributes == {
        "environment.torchrun.run_id": "t1",
        "environment.torchrun.rank": "3",
        "environment.slurm.job_id": "77",
        "environment.slurm.array_task_id": "5",
        "environment.ray.job_id": "01000000",
        "environment.kubernetes.pod": "x",
        "environment.kubernetes.job": "web",
    }
    monkeypatch.delenv("POD_NAME")
    assert find_job().attributes["environment.kubernetes.pod"] == "train-0"


def test_a_container(tmp_path, monkeypatch):
    for name in list(os.environ):
        monkeypatch.delenv(name)
    assert find_container(tmp_path) == Found()
    digest = "0123456789abcdef" * 4
    (tmp_path / ".dockerenv").touch()
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    mounts = f"1 2 3:4 /docker/volumes/{'f' * 64} /data\n5 6 7:8 /docker/containers/{digest}/hosts /etc/hosts\n"
    (tmp_path / "proc/self/mountinfo").write_text(mounts)
    monkeypatch.setenv("CONTAINER_IMAGE", "registry.example.com/train@sha256:ab")
    assert find_container(tmp_path).attributes == {
        "environment.container": "docker",
        "environment.container.id": digest,
        "environment.container.image": "registry.example.com/train@sha256:ab",
    }


def test_lock_files_are_kept_as_they_are_the_nearest_of_each_name(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "no-conda"))
    work = tmp_path / "repository" / "team"
    (work / "deep").mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    (tmp_path / "uv.lock").write_text("outside")
    (work.parent / "uv.lock").write_bytes(b"root\r\n\xff")
    (work.parent / "requirements.txt").write_text("a==1")
    (work / "requirements.txt").write_text("a==2")
    (work / "requirements-dev.txt").write_text("b==1")
    (work / "environment.yml").write_text("c")
    (work / "pylock.toml").write_bytes(b"x" * 4_000_001)
    monkeypatch.setattr("trackbridge.capture.locks.entry_folder", lambda: work)
    found = find_locks()
    assert found.files == {
        "locks/uv.lock": b"root\r\n\xff",
        "locks/requirements.txt": b"a==2",
        "locks/requirements-dev.txt": b"b==1",
        "locks/environment.yml": b"c",
    }
    assert found.attributes == {
        "environment.locks": ["environment.yml", "requirements-dev.txt", "requirements.txt", "uv.lock"],
        "environment.locks.left_out": ["pylock.toml"],
    }
