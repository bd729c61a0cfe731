"""What is read from a run and put into a script: nothing of it is anything but text there (E1)."""

import json
import subprocess
import sys

import pytest

from trackbridge.capture.fetch import fetch
from trackbridge.capture.recipe import Argument, read_recipe
from trackbridge.capture.script import script, steps
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.runs import RunRecord
from trackbridge.run.datasets import describe_data

COMMIT = "0123456789" * 4
BASE = {
    "environment.python": "3.12.4",
    "environment.python.executable": "/env/bin/python",
    "environment.command": ["/env/bin/python", "train.py"],
    "environment.cwd": "/home/ann/code/team",
    "environment.git.root": "/home/ann/code",
    "environment.git.commit": COMMIT,
    "environment.git.remote": "https://example.com/x.git",
}


def recipe(files=None, datasets=(), name=None, **attributes):
    more = {f"environment.{key.replace('__', '.')}": value for key, value in attributes.items()}
    run = RunRecord("0f" * 16, name, "e", "FINISHED", 1, attributes={**BASE, **more}, datasets=datasets)
    return read_recipe(run, files or {})


def test_paths_become_those_of_the_clone():
    command = ["/env/bin/python", "/env/bin/torchrun", "/home/ann/code/a b.py", "--out=/tmp", "/home/ann/codex"]
    found = recipe(command=command)
    assert found.command == (
        Argument("torchrun", "bin"),
        Argument("a b.py", "root"),
        Argument("--out=/tmp"),
        Argument("/home/ann/codex"),
    )
    assert found.cwd == "team"
    text = script(found)
    assert """\ncd "$ROOT"/team\n""" in text
    assert """"$PYTHON" "$BIN"/torchrun "$ROOT"/'a b.py' --out=/tmp /home/ann/codex\n""" in text


def test_packages_of_the_repository_are_installed_from_it():
    lines = b"a==1\nmine==2  # from file:///home/ann/code/lib\nother==3  # from file:///home/ann/other\nz @ git+https://x@1\n"
    found = recipe({"packages.txt": lines})
    assert found.requirements == ("a==1", "other==3", "z @ git+https://x@1")
    assert found.local == ("lib",)
    assert "other==3 was installed from file:///home/ann/other" in found.doubts
    assert ' -e "$ROOT"/lib\n' in script(found)


@pytest.mark.parametrize(
    ("attributes", "files", "doubt"),
    [
        ({"git__commit": None}, {}, "in no git repository"),
        ({"git__remote": ""}, {}, "has no remote"),
        ({"git__unread": "it belongs to another user"}, {}, "belongs to another user"),
        ({"git__patch_cut": True}, {}, "too large"),
        ({"redacted__dirty__patch": True}, {}, "secrets were taken out of what was not committed"),
        ({"command": ["python", "t.py", "--key", "***"]}, {}, "secrets were taken out of the command"),
        ({"command": ["/env/bin/python", "-"]}, {}, "no command that repeats it"),
        ({"command": ["/env/bin/python"]}, {}, "no command that repeats it"),
        ({"locks": ["conda-history.txt"]}, {}, "conda environment"),
        ({}, {"dirty.txt": b"?? new.py\n M old.py\n"}, "never added to git are not recorded: new.py"),
    ],
    ids=lambda value: None,
)
def test_what_will_not_be_as_it_was_is_said(attributes, files, doubt):
    found = recipe(files, **attributes)
    assert [one for one in found.doubts if doubt in one]
    assert len(found.doubts) == 1
    assert doubt in script(found)
    assert dict(steps(found))["what will not be as it was"] == list(found.doubts)
    assert recipe().doubts == ()


def test_credentials_that_were_taken_out_are_not_asked_with():
    assert recipe(git__remote="https://ann:***@example.com/x.git").remote == "https://example.com/x.git"


def test_data_is_found_where_it_lies_in_the_repository():
    def items(uri, **attributes):
        return recipe(datasets=(DatasetRecord("d", digest="md5:00", uri=uri),), **attributes).data

    assert items("train.csv")[0].path == "team/train.csv"
    assert items("/home/ann/code/x")[0].path == "x"
    assert items("file:///home/ann/code/x")[0].path == "x"
    assert items("s3://bucket/x")[0].path is None
    tracked = {
        f"data.d.dvc.{name}": text for name, text in {"md5": "00", "path": "x", "root": "/home/ann/code/sub"}.items()
    }
    (item,) = items("/remote/files/md5/00/11", **tracked, **{"data.d.dvc.matches": False})
    assert (item.path, item.project, item.matches) == ("sub/x", "sub", False)


@pytest.mark.parametrize("text", ["$(touch PWNED)", "'; touch PWNED; '", "`touch PWNED`", "\nEND\ntouch PWNED\n"])
def test_nothing_recorded_is_run(tmp_path, text):
    found = recipe(
        {"packages.txt": text.encode(), "dirty.patch": text.encode(), "dirty.txt": b"?? " + text.encode()},
        (DatasetRecord(f"d{text.strip()}", digest="md5:00", uri=text),),
        name=text.strip(),
        command=["python", "-c", text],
        cwd=f"/home/ann/code/{text}",
        variables={"PYTHONHASHSEED": text, "A;touch PWNED": "1"},
        git__remote=text,
        python=text,
    )
    (tmp_path / "it.sh").write_text(script(found))
    # Everything that could be started is a stub that succeeds, so that each line of the script is reached.
    (tmp_path / "clone").mkdir()
    stub = tmp_path / "bin" / "stub"
    stub.parent.mkdir()
    stub.write_text('#!/bin/sh\n[ "$1" = rev-parse ] && pwd\nexit 0\n')
    stub.chmod(0o755)
    for name in ("git", "python3", "uv"):
        (stub.parent / name).symlink_to(stub)
    path = {"PATH": f"{stub.parent}:/usr/bin:/bin"}
    for environment in ({"PYTHON": str(stub)}, {}, {"without": "uv"}):
        if environment.pop("without", ""):
            (stub.parent / "uv").unlink()
        for folder in ("clone", "made"):
            command = ["sh", tmp_path / "it.sh", tmp_path / folder]
            done = subprocess.run(
                command, env=path | environment, cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert "== code" in done.stdout
            assert "== environment" in done.stdout or folder == "made", done.stderr
    assert not list(tmp_path.rglob("PWNED"))


def item(**fields):
    return {
        "name": "d",
        "digest": None,
        "uri": None,
        "path": None,
        "md5": None,
        "remote": None,
        "matches": True,
        **fields,
    }


def test_plain_data_is_compared(tmp_path, capsys):
    (tmp_path / "folder" / "b").mkdir(parents=True)
    (tmp_path / "folder" / "b" / "é").write_text("x")
    (tmp_path / "folder" / "a").write_text("y")
    good, folder = describe_data(tmp_path / "folder" / "a"), describe_data(tmp_path / "folder")
    assert fetch(tmp_path, [item(path="folder/a", digest=good), item(path="folder", digest=folder)]) == 0
    assert fetch(tmp_path, [item(path="folder/a", digest="table-sha256:00")]) == 0
    assert fetch(tmp_path, [item(path="folder/a", digest=folder), item(path="folder", digest=good)]) == 2
    assert fetch(tmp_path, [item(path="gone", digest=good), item(uri="s3://b/x", digest=good)]) == 2
    said = capsys.readouterr().out
    assert "gone is not there" in said
    assert "bring it yourself from s3://b/x" in said


def test_a_listing_that_leads_out_of_its_folder_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    kept = tmp_path / "remote" / "ab" / "cd.dir"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps([{"md5": "0" * 32, "relpath": "../../out"}]))
    data = item(path="x/y", md5="abcd.dir", remote=str(kept), digest="md5:abcd", project=".")
    assert fetch(tmp_path, [data]) == 1
    assert "leads out of" in capsys.readouterr().out


def test_it_needs_nothing_but_python(tmp_path):
    from trackbridge.capture import fetch as module

    (tmp_path / "items.json").write_text("[]")
    command = [sys.executable, "-I", "-S", module.__file__, tmp_path, tmp_path / "items.json"]
    assert subprocess.run(command, check=False).returncode == 0
