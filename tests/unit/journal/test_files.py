"""Where a mapping is safe, and what prefaulting does where there is no room."""

import mmap

import pytest

from trackbridge.journal import files

TABLE = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:26 / /data rw - btrfs /dev/sdb rw
31 30 0:27 / /data/fast\\040disk rw - xfs /dev/sdc rw
32 22 0:28 / /mnt rw - nfs4 host:/x rw
33 32 0:29 / /mnt rw - tmpfs none rw
34 22 0:30 / /box rw master:1 - overlay overlay rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", "ext4"),
        ("/database", "ext4"),
        ("/data", "btrfs"),
        ("/data/x", "btrfs"),
        ("/data/fast disk/x", "xfs"),
        ("/mnt/x", "tmpfs"),
        ("/box/run", "overlay"),
    ],
)
def test_the_mount_that_holds_a_path_is_found(path, kind):
    assert files._file_system(TABLE, path) == kind


def test_only_file_systems_that_keep_their_blocks_are_mapped():
    assert {"ext4", "xfs", "tmpfs"} == files._IN_PLACE


def test_a_system_that_cannot_allocate_is_never_mapped(tmp_path, monkeypatch):
    monkeypatch.delattr(files.os, "posix_fallocate")
    assert not files.mapping_is_safe(tmp_path)


def test_prefaulting_past_the_end_of_a_file_is_an_error_and_no_signal(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(8192))
    with path.open("r+b") as file:
        mapping = mmap.mmap(file.fileno(), 8192)
        file.truncate(0)  # a store to the mapping would be SIGBUS now, as it would on a full disk
        with pytest.raises(OSError, match="Bad address"):
            files.prefault(mapping)


def test_without_allocation_zeros_are_written(tmp_path, monkeypatch):
    monkeypatch.delattr(files.os, "posix_fallocate")
    with (tmp_path / "file").open("w+b") as file:
        files.allocate(file.fileno(), 4096, 8192)
        assert file.seek(0, 2) == 8192
