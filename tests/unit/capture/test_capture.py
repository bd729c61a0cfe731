"""What is captured, and that it cannot hurt (E1, R9, X4)."""

import itertools
import os
import platform
import subprocess
import sys

import pytest

from trackbridge.capture import collect, start_capture
from trackbridge.capture.found import Found
from trackbridge.capture.git import find_git
from trackbridge.capture.python import find_packages, find_python, find_source
from trackbridge.capture.system import find_gpu, find_system
from trackbridge.records.log import LoggedObject
from trackbridge.records.writes import AttributeWrite, Stamp


def captured():
    records, numbers = [], itertools.count()
    start_capture(records.append, lambda: Stamp(1, "w", next(numbers)))(60)
    attributes = {record.name: record.value for record in records if isinstance(record, AttributeWrite)}
    files = {record.name: record.data.decode() for record in records if isinstance(record, LoggedObject)}
    return attributes, files


def test_everything_is_found():
    attributes, files = captured()
    assert attributes["environment.python"] == platform.python_version()
    assert attributes["environment.cpu.count"] == os.cpu_count()
    assert isinstance(attributes["environment.memory_bytes"], int)
    assert {"source.entry_point", "source.host", "source.user"} <= attributes.keys()
    assert "environment/packages.txt" in files


def test_a_provider_that_fails_hurts_no_other(monkeypatch):
    def broken():
        raise RuntimeError("no driver")

    monkeypatch.setattr(collect, "PROVIDERS", (broken, lambda: Found({"environment.x": 1, "environment.none": None})))
    assert captured() == ({"environment.x": 1}, {})


def test_what_is_found_is_redacted(monkeypatch):
    secret = "sk-" + "a1B2c3D4" * 6
    found = Found(
        {"environment.command": ["train.py", "--password", "hunter2hunter2", secret]}, {"x.txt": f"key={secret}"}
    )
    monkeypatch.setattr(collect, "PROVIDERS", (lambda: found,))
    shown = repr(captured())
    assert secret not in shown
    assert "hunter2" not in shown


def test_packages_are_requirements():
    text = find_packages().files["packages.txt"]
    lines = text.splitlines()
    assert any(line.startswith("pytest==") for line in lines)
    assert lines == sorted(lines, key=str.lower)
    assert len(set(lines)) == len(lines)


def test_the_command_line_is_whole():
    assert find_python().attributes["environment.command"] == sys.orig_argv


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


def test_gpus(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_gpu() == Found()
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA A100, 81920, 550.1'\necho 'NVIDIA A100, [N/A], 550.1'\n")
    tool.chmod(0o755)
    attributes = find_gpu().attributes
    assert attributes["environment.gpu.count"] == 2
    assert attributes["environment.gpu.memory_mib"] == [81920, None]
    assert attributes["environment.gpu.driver"] == "550.1"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "train.py"), raising=False)
    git("init", "-q", "-b", "trunk")
    (tmp_path / "train.py").write_text("a\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return git


def test_a_clean_repository(repository):
    repository("remote", "add", "origin", "https://example.com/x.git")
    found = find_git()
    assert found.attributes == {
        "environment.git.commit": repository("rev-parse", "HEAD"),
        "environment.git.branch": "trunk",
        "environment.git.remote": "https://example.com/x.git",
        "environment.git.dirty": False,
    }
    assert found.files == {}


def test_no_program_of_somebody_elses_repository_is_run(repository, tmp_path, monkeypatch):
    (tmp_path / ".gitattributes").write_text("*.py filter=evil\n")
    repository("config", "filter.evil.clean", f"touch {tmp_path}/ran; cat")
    (tmp_path / "train.py").write_text("b\n")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    found = find_git()
    assert not (tmp_path / "ran").exists()
    assert found.attributes.keys() == {"environment.git.commit", "environment.git.branch"}
    assert found.files == {}


def test_a_dirty_repository_is_kept_as_a_patch(repository, tmp_path):
    (tmp_path / "train.py").write_text("b é\n")
    (tmp_path / "new.py").write_text("c")
    found = find_git()
    assert found.attributes["environment.git.dirty"] is True
    assert "+b é" in found.files["dirty.patch"]
    assert "?? new.py" in found.files["dirty.txt"]


def test_a_large_patch_is_cut_and_says_so(repository, tmp_path):
    (tmp_path / "train.py").write_text("x" * 1_100_000)
    found = find_git()
    assert found.attributes["environment.git.patch_cut"] is True
    assert len(found.files["dirty.patch"]) < 1_000_100
    assert found.files["dirty.patch"].endswith("… cut\n")


def test_a_detached_head_has_no_branch(repository):
    repository("checkout", "-q", "--detach")
    assert "environment.git.branch" not in find_git().attributes


def test_a_repository_of_somebody_else(repository, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert find_git().attributes["environment.git.branch"] == "trunk"


def test_no_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "train.py"), raising=False)
    assert find_git() == Found()


def test_no_git(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_git() == Found()
