"""A full disk never kills the process, and costs only what came after (DESIGN §5.7).

A mapping over a sparse file would die of SIGBUS here. Disks are small file systems in a mount name space of their own;
where the system forbids that, the limit on file size stands in for all of them.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.journal import JournalWriter
from trackbridge.records.ids import new_run_id

FILL = Path(__file__).with_name("fill.py")
UNSHARE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--user", "--map-root-user"]
MOUNTS = {
    "tmpfs": "mount -t tmpfs -o size=3m none {root}",
    "ext4": "truncate -s 12M {image} && mkfs.ext4 -q -m 0 {image} && mount -o loop {image} {root}",
}
# Between writing and reading: an ext4 that was unmounted has only what reached its disk.
AGAIN = {"tmpfs": "true", "ext4": "umount {root} && mount -o loop {image} {root}"}


@cache
def disks() -> list[str]:
    """Give the small file systems that can be had here."""
    found = []
    for name, mount in MOUNTS.items():
        script = 'd=$(mktemp -d) && trap "rm -rf $d" EXIT && mkdir $d/r && ' + mount.format(root="$d/r", image="$d/i")
        script += " && umount $d/r"
        if subprocess.run([*UNSHARE, "sh", "-c", script], capture_output=True, check=False).returncode == 0:
            found.append(name)
    return found


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
    root, image, run = tmp_path / "disk", tmp_path / "image", new_run_id()
    root.mkdir()
    act = f"{sys.executable} {FILL} {{}} {root} {run} {mode}"
    steps = (MOUNTS[disk], act.format("write"), AGAIN[disk], act.format("read"))
    script = " && ".join(steps).format(root=root, image=image)
    done = subprocess.run([*UNSHARE, "sh", "-c", script], capture_output=True, text=True, check=False)
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
    script = f'{MOUNTS[disk]} && mount -o remount,ro {{root}} && {sys.executable} -c "{program}" {{root}}'
    command = [*UNSHARE, "sh", "-c", script.format(root=tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "ConfigurationError: no journal can be kept" in done.stderr
    assert "Read-only file system" in done.stderr
