"""Files of runs, and offline runs that are synchronized later."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_files_are_listed_downloaded_and_deleted(start, api, sdk, project, tmp_path):
    contents = {"a.txt": b"a", "deep/er/b.bin": bytes(range(256)), "empty": b"", "ünï cødé %?#.txt": b"u"}
    with start(id="files") as run:
        for name, content in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            run.save(str(path), base_path=str(tmp_path), policy="now")
    read = api.run(f"team/{project}/files")
    sizes = {file.name: file.size for file in read.files(per_page=2)}
    assert {name: sizes[name] for name in contents} == {name: len(content) for name, content in contents.items()}
    for name, content in contents.items():
        with read.file(name).download(root=str(tmp_path / "there"), replace=True) as file:
            assert (tmp_path / "there" / name).read_bytes() == content, file.name
    assert [file.name for file in read.files(pattern="%.bin")] == ["deep/er/b.bin"]
    read.file("a.txt").delete()
    assert "a.txt" not in {file.name for file in sdk.Api().run(f"team/{project}/files").files()}


@pytest.mark.parametrize("appears", ["uploaded", "marked"])
def test_the_api_uploads_to_a_finished_run(start, api, sdk, project, tmp_path, wandb_emulator, appears):
    wandb_emulator.switch(files_appear=appears)
    start(id="late").finish()
    (tmp_path / "late.txt").write_text("late")
    read = api.run(f"team/{project}/late")
    assert read.upload_file(str(tmp_path / "late.txt"), root=str(tmp_path)).size == 4
    assert sdk.Api().run(f"team/{project}/late").state == "finished"


def test_an_offline_run_is_synchronized(start, api, project):
    """`wandb sync` in a process of its own, as users do."""
    with start(id="offline", mode="offline", config={"a": 1}) as run:
        for i in range(50):
            run.log({"x": i}, step=2 * i)
    command = [sys.executable, "-m", "wandb", "sync", "--project", project, run.settings.sync_dir]
    subprocess.run(command, check=True, timeout=60)
    read = api.run(f"team/{project}/offline")
    assert [(row["_step"], row["x"]) for row in read.scan_history(use_cache=False)] == [(2 * i, i) for i in range(50)]
    assert (read.config, read.state) == ({"a": 1}, "finished")
