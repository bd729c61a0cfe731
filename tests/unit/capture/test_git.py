"""What is kept of a repository: enough to come back to it, and nothing of its own is run (E1, X4)."""

import subprocess
import sys

import pytest

from trackbridge.capture.git import find_git
from trackbridge.protocol import Found


@pytest.fixture
def repository(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True, errors="replace"
        ).stdout.strip()

    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "train.py"), raising=False)
    git("init", "-q", "-b", "trunk")
    (tmp_path / "train.py").write_text("a\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return git


def test_a_clean_repository(repository, tmp_path):
    repository("remote", "add", "origin", "https://example.com/x.git")
    found = find_git()
    assert found.attributes == {
        "environment.git.commit": repository("rev-parse", "HEAD"),
        "environment.git.branch": "trunk",
        "environment.git.remote": "https://example.com/x.git",
        "environment.git.root": str(tmp_path.resolve()),
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
    assert found.attributes["environment.git.branch"] == "trunk"
    assert "safe.directory" in found.attributes["environment.git.unread"]
    assert "environment.git.dirty" not in found.attributes
    assert found.files == {}


def test_a_dirty_repository_is_kept_as_a_patch_that_can_be_applied(repository, tmp_path, monkeypatch):
    binary = bytes(range(256))
    (tmp_path / "gone.py").write_text("x")
    (tmp_path / "image.bin").write_bytes(b"\0old")
    repository("add", ".")
    repository("commit", "-q", "-m", "second")
    repository("config", "diff.noprefix", "true")
    repository("config", "color.ui", "always")
    (tmp_path / "train.py").write_bytes(b"latin \xe9\r\n")
    (tmp_path / "image.bin").write_bytes(binary)
    (tmp_path / "gone.py").unlink()
    (tmp_path / "staged.py").write_text("s")
    repository("add", "staged.py")
    (tmp_path / "new.py").write_text("c")
    found = find_git()
    assert found.attributes["environment.git.dirty"] is True
    assert found.attributes["environment.git.untracked"] == 1
    assert found.attributes["environment.git.patch_cut"] is False
    assert b"?? new.py" in found.files["dirty.txt"]
    (tmp_path / "the.patch").write_bytes(found.files["dirty.patch"])
    repository("reset", "-q", "--hard")
    repository("apply", "--binary", "the.patch")
    assert (tmp_path / "train.py").read_bytes() == b"latin \xe9\r\n"
    assert (tmp_path / "image.bin").read_bytes() == binary
    assert (tmp_path / "staged.py").read_text() == "s"
    assert not (tmp_path / "gone.py").exists()


def test_a_large_patch_is_cut_at_a_file_and_says_so(repository, tmp_path):
    (tmp_path / "large.py").write_text("a\n")
    repository("add", ".")
    (tmp_path / "train.py").write_text("x" * 1_100_000)
    (tmp_path / "a.py").write_text("first\n")
    repository("add", "a.py")
    found = find_git()
    assert found.attributes["environment.git.patch_cut"] is True
    patch = found.files["dirty.patch"]
    assert b"+first" in patch
    assert b"xxx" not in patch
    assert patch.endswith(b"\n")


def test_a_patch_of_one_large_file_is_nothing(repository, tmp_path):
    (tmp_path / "train.py").write_text("x" * 1_100_000)
    found = find_git()
    assert found.attributes["environment.git.patch_cut"] is True
    assert found.files.keys() == {"dirty.txt"}


def test_the_only_remote_will_do(repository):
    repository("remote", "add", "upstream", "https://example.com/up.git")
    assert find_git().attributes["environment.git.remote"] == "https://example.com/up.git"
    repository("remote", "add", "fork", "https://example.com/fork.git")
    assert "environment.git.remote" not in find_git().attributes


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
