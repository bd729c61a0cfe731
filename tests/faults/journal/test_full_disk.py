"""A full disk never kills the process, and costs only what came after.

A mapping over a sparse file would die of SIGBUS here. Disks are small file systems in a mount name space of their own;
where the system forbids that, the limit on file size stands in for all of them.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from disks import disks, on_disk
from trackbridge.errors import ConfigurationError
from trackbridge.journal import JournalWriter
from trackbridge.records.ids import new_run_id

FILL = Path(__file__).with_name("fill.py")


def check(written: dict, read: dict) -> None:
    assert written["said"]
    assert read["right"]
    assert read["points"] >= 256
    assert read["last"] == "FAILED"
    assert read["damage"] == []
    assert read["dropped"] >= 1000
    if written["mode"] == "mapped":
        assert read["points"] == written["accepted"]


@pytest.mark.parametrize("mode", ["auto", "plain"])
@pytest.mark.parametrize("disk", disks())
def test_a_full_file_system_costs_only_what_came_after(tmp_path, disk, mode):
    root, run = tmp_path / "disk", new_run_id()
    done = on_disk(disk, root, *(f"{sys.executable} {FILL} {act} {root} {run} {mode}" for act in ("write", "read")))
    assert done.returncode == 0, done.stderr
    written, read = map(json.loads, done.stdout.splitlines())
    assert written["mode"] == ("mapped" if mode == "auto" else "plain")
    check(written, read)


@pytest.mark.parametrize("mode", ["mapped", "plain"])
def test_a_disk_that_refuses_to_grow_costs_only_what_came_after(tmp_path, mode):
    answers, run = [], new_run_id()
    for act, limit in (("write", ["200000"]), ("read", [])):
        command = [sys.executable, FILL, act, tmp_path, run, mode, *limit]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    check(*answers)


@pytest.mark.parametrize("root", ["/proc/self", "/dev/null"])
def test_a_place_that_takes_no_files_is_a_clear_error(root):
    with pytest.raises(ConfigurationError, match="no journal can be kept") as caught:
        JournalWriter(Path(root), new_run_id())
    assert "Choose a directory" in str(caught.value)


@pytest.mark.parametrize("disk", [disk for disk in disks() if disk == "tmpfs"])
def test_a_read_only_file_system_is_a_clear_error(tmp_path, disk):
    program = "import sys, pathlib, trackbridge.journal as j; j.JournalWriter(pathlib.Path(sys.argv[1]), '0' * 32)"
    done = on_disk(disk, tmp_path, f'mount -o remount,ro {tmp_path} && {sys.executable} -c "{program}" {tmp_path}')
    assert "ConfigurationError: no journal can be kept" in done.stderr
    assert "Read-only file system" in done.stderr
