"""A1–A5: paths, contents, listings, replacement, and where a path may lead."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trackbridge.errors import Conflict, NotFound, Rejected
from trackbridge.records.artifacts import folder_digest
from trackbridge.sidecar import native_path
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.hostile import BAD_PATHS, PATHS
from trackbridge.testing.lab import Lab

__all__: list[str] = []

ALL_BYTES = bytes(range(256)) * 3


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="trackbridge-") as folder:
        yield Path(folder).resolve()


def _listed(lab: Lab, run_id: str, prefix: str = "") -> list[str]:
    first, second = ([one.path for one in store.artifacts.list(run_id, prefix)] for store in lab.stores())
    same(second, first, "the listing that a second reader gets")
    return first


@check("A1", "odd paths come back with their content", capability="artifacts")
def paths(lab: Lab) -> None:
    contents = {path: f"content of {path}".encode() for path in PATHS}
    with lab.start_run() as run:
        for path, content in contents.items():
            lab.log_bytes(run, path, content)
    same(_listed(lab, run.id), sorted(contents), "the paths")
    shown = lab.probed(run.id).artifacts
    for path, content in contents.items():
        same(lab.content(run.id, path), content, f"the content of {path!r}")
        there = path if path in shown else native_path(path, lab.limits.artifact_path)
        lab.shows("artifact-path", there, path, "the path on the vendor's own screen")
        same(lab.probe.artifact(run.id, there), content, f"the content of {path!r} that the raw client gets")


@check("A1", "what is no path is refused at the call and stores nothing", capability="artifacts")
def bad_paths(lab: Lab) -> None:
    with lab.start_run() as run:
        for bad in BAD_PATHS:
            with raises(Rejected, what=f"log_text('x', {bad!r})"):
                run.log_text("x", bad)
    same(_listed(lab, run.id), [], "the artifacts")


@check("A1", "paths are composed", capability="artifacts")
def composed(lab: Lab) -> None:
    with lab.start_run() as run:
        run.log_text("x", "cafe\u0301/re\u0301sume\u0301.txt")
    same(_listed(lab, run.id), ["caf\u00e9/r\u00e9sum\u00e9.txt"], "the path, in NFC")
    same(lab.content(run.id, "cafe\u0301/re\u0301sume\u0301.txt"), b"x", "the content by its decomposed path")


@check("A1", "a file is no folder and a folder no file", capability="artifacts")
def file_and_folder(lab: Lab) -> None:
    with lab.start_run() as run:
        run.log_text("file", "a")
        run.log_text("below", "b/c/d")
        run.flush()
        for path in ("a/b", "a/b/c", "b", "b/c"):
            with raises(Conflict, what=f"storing {path!r}") as caught:
                lab.put(run.id, path, b"x")
            contains(caught, path, "the message")
    same(_listed(lab, run.id), ["a", "b/c/d"], "the artifacts")
    same(lab.content(run.id, "a"), b"file", "the file")


@check("A1", "content of any size comes back", capability="artifacts")
def sizes(lab: Lab) -> None:
    big = hashlib.sha256(b"seed").digest() * (lab.scale.big_bytes // 32)
    contents = {"empty": b"", "one": b"\0", "every": ALL_BYTES, "lines": b"a\r\nb\n\r", "big": big}
    with lab.start_run() as run:
        for path, content in contents.items():
            lab.log_bytes(run, path, content)
    for path, content in contents.items():
        holds(lab.content(run.id, path) == content, f"{path} comes back as it was")
        holds(lab.probe.artifact(run.id, path) == content, f"the raw client gets {path} as it was")
    same(lab.probed(run.id).artifacts, {path: len(content) for path, content in contents.items()}, "the sizes")


@check("A1", "a missing file is our error, and an unknown artifact not found", capability="artifacts")
def missing(lab: Lab) -> None:
    with _folder() as folder, lab.start_run() as run:
        with raises(Rejected, NotFound) as caught:
            run.log_artifact(folder / "absent.bin")
        contains(caught, "absent.bin", "the message")
        run.log_text("x", "dir/there.txt")
    for path in ("absent", "dir", "dir/there.txt/x", "DIR/there.txt"):
        with raises(NotFound, what=f"open({path!r})"):
            lab.content(run.id, path)


@check("A1", "a directory is stored as it lies", capability="artifacts")
def directory(lab: Lab) -> None:
    with _folder() as folder:
        files = {"a.bin": b"1", "sub/b.bin": b"", "sub/deep/\u6587.bin": ALL_BYTES}
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        with lab.start_run() as run:
            run.log_artifacts(folder)
            run.log_artifacts(folder / "sub", "copy")
            run.log_artifact(folder / "a.bin", "renamed/anew.bin")
    expected = {**files, "copy/b.bin": b"", "copy/deep/\u6587.bin": ALL_BYTES, "renamed/anew.bin": b"1"}
    same(_listed(lab, run.id), sorted(expected), "the paths")
    same({path: lab.content(run.id, path) for path in expected}, expected, "the contents")


@check("A2", "a listing gives size and sha256", capability="artifacts")
def listing(lab: Lab) -> None:
    contents = {"a": b"", "b/c": b"xyz", "b/d": ALL_BYTES}
    with lab.start_run() as run:
        for path, content in contents.items():
            lab.log_bytes(run, path, content)
    expected = [(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in sorted(contents.items())]
    for store in lab.stores():
        same([(one.path, one.size, one.sha256) for one in store.artifacts.list(run.id)], expected, "the listing")
    same(lab.probed(run.id).artifacts, {path: len(content) for path, content in contents.items()}, "the raw listing")


@check("A2", "a prefix is a whole path or folder", capability="artifacts")
def prefixes(lab: Lab) -> None:
    below = ["a/b/c", "a/b/d/e", "a/bc", "a/b.txt", "ab/c", "aa", "a%/x", "a_/x", "A/x"]
    with lab.start_run() as run:
        for path in below:
            run.log_text(path, path)
    for prefix in ("a", "a/b", "a/b/c", "a/b/d", "ab", "a%", "a_", "A", "absent", "a/absent"):
        expected = sorted(path for path in below if path == prefix or path.startswith(f"{prefix}/"))
        same(_listed(lab, run.id, prefix), expected, f"the listing of {prefix!r}")
    same(_listed(lab, run.id), sorted(below), "the whole listing")


@check("A2", "a long listing is whole", capability="artifacts")
def long_listing(lab: Lab) -> None:
    expected = [f"f/{n:04d}.txt" for n in range(lab.scale.artifacts)]
    with lab.start_run() as run:
        for path in reversed(expected):
            lab.put(run.id, path, path.encode())
    same(_listed(lab, run.id), expected, "the listing")
    same([one.path for one in lab.reopen().adapter.artifacts.list(run.id)], expected, "what the adapter itself lists")
    same(len(lab.probed(run.id).artifacts), len(expected), "how many the raw client sees")


@check("A2", "a download is whole and lands where it was told", capability="artifacts")
def download(lab: Lab) -> None:
    files = {"m/a.bin": ALL_BYTES, "m/sub/empty": b"", "m/sub/\u6587": b"x", "other": b"y"}
    with lab.start_run() as run:
        for path, content in files.items():
            lab.log_bytes(run, path, content)
    with _folder() as folder:
        lab.store.artifacts.download(run.id, "m", folder / "all")
        found = {one.read_bytes() for one in (folder / "all").rglob("*") if one.is_file()}
        same(found, {ALL_BYTES, b"", b"x"}, "the contents of a downloaded folder")
        lab.store.artifacts.download(run.id, "other", folder / "one")
        same({one.read_bytes() for one in (folder / "one", *(folder / "one").rglob("*")) if one.is_file()}, {b"y"},
             "the content of a downloaded file")  # fmt: skip
        with raises(NotFound):
            lab.store.artifacts.download(run.id, "absent", folder / "none")


@check("A3", "the same path again replaces", capability="artifacts")
def replaced(lab: Lab) -> None:
    versions = (b"a longer first content", b"short", b"", ALL_BYTES)
    run = lab.start_run()
    for content in versions:
        lab.log_bytes(run, "dir/model.bin", content)
        lab.log_bytes(run, "dir/other", b"stays")
        run.flush()
        same(lab.content(run.id, "dir/model.bin"), content, "the content")
    run.finish()
    (one, _other) = lab.second().artifacts.list(run.id)
    expected = (len(ALL_BYTES), hashlib.sha256(ALL_BYTES).hexdigest())
    same((one.path, one.size, one.sha256), ("dir/model.bin", *expected), "the record")
    same(lab.probe.artifact(run.id, "dir/model.bin"), ALL_BYTES, "the content that the raw client gets")
    same(lab.content(run.id, "dir/other"), b"stays", "the other file")


@check("A3", "replacing touches no other run", capability="artifacts")
def replaced_here(lab: Lab) -> None:
    runs = [lab.start_run() for _ in range(2)]
    for n, run in enumerate(runs):
        run.log_text("same", "shared")
        run.log_text("own", f"own {n}")
        run.finish()
    lab.put(runs[0].id, "shared", b"changed")
    same([lab.content(run.id, "shared") for run in runs], [b"changed", b"same"], "the two files")


@check("A4", "what arrives is the file as it was at the call", capability="artifacts")
def snapshot(lab: Lab) -> None:
    with _folder() as folder:
        file, gone = folder / "file.bin", folder / "gone.bin"
        file.write_bytes(b"first")
        gone.write_bytes(b"gone")
        with lab.start_run() as run:
            run.log_artifact(file)
            run.log_artifact(gone)
            file.write_bytes(b"second, and longer")
            gone.unlink()
    same({path: lab.content(run.id, path) for path in _listed(lab, run.id)},
         {"file.bin": b"first", "gone.bin": b"gone"}, "the artifacts")  # fmt: skip


@check("A4", "nothing shows of a file that did not arrive whole", capability="artifacts")
def torn(lab: Lab) -> None:
    run_id = lab.logged()
    lab.put(run_id, "kept", b"before")
    for path in ("kept", "fresh"):
        try:
            lab.backend.adapter.artifacts.put(run_id, path, _Torn(b"half"), size=8, sha256="0" * 64)
        except Exception:  # noqa: BLE001, S110 - whatever it is, what matters is what is left
            pass
        else:
            raise AssertionError("a file whose reading failed was stored without an error")
    same({path: lab.content(run_id, path) for path in _listed(lab, run_id)}, {"kept": b"before"}, "the artifacts")


class _Torn(io.BytesIO):
    """A file that breaks off."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data:
            raise OSError("the disk is gone")
        return data

    def readinto(self, buffer: Any, /) -> int:
        return len(self.read(len(buffer)))  # which raises


@check("A5", "no path leads out of the destination", capability="artifacts")
def escapes(lab: Lab) -> None:
    run_id = lab.logged()
    lab.put(run_id, "a/b.txt", b"x")
    with _folder() as folder:
        inner = folder / "inner"
        inner.mkdir()
        for bad in ("../x", "a/../../x", "/etc/hostname", "..", "a/../b.txt"):
            for act in (
                lambda bad=bad: lab.store.artifacts.download(run_id, bad, inner),
                lambda bad=bad: lab.store.artifacts.open(run_id, bad).close(),
                lambda bad=bad: list(lab.store.artifacts.list(run_id, bad)),
            ):
                with raises(Rejected, NotFound, what=f"reading {bad!r}"):
                    act()
        same(sorted(one.name for one in folder.rglob("*")), ["inner"], "what lies there")


@check("A5", "a listing made by somebody else cannot lead out either", capability="artifacts")
def foreign_escape(lab: Lab) -> None:
    run_id = lab.logged()
    lab.put(run_id, "good/a.txt", b"x")
    evil = lab.with_artifacts(_Evil)
    with _folder() as folder:
        inner = folder / "inner"
        with raises(Rejected, what="downloading a listing with ../"):
            evil.artifacts.download(run_id, "good", inner)
        holds(not (folder / "escaped.txt").exists(), "nothing was written outside of the destination")


class _Evil:
    """The artifacts of a store whose listing somebody poisoned."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def list(self, run_id: str, prefix: str = "") -> Iterator[object]:
        from dataclasses import replace

        for one in self._inner.list(run_id, prefix):  # type: ignore[attr-defined]
            yield one
            yield replace(one, path="good/../../escaped.txt")

    def open(self, run_id: str, path: str) -> io.BytesIO:  # noqa: ARG002 - every path of it leads to the same
        return io.BytesIO(b"x")


@check("A5", "the digest of a folder is that of its sorted list", capability="artifacts")
def digest(lab: Lab) -> None:
    with lab.start_run() as run:
        run.log_text("1", "m/b.txt")
        run.log_text("2", "m/a/c.txt")
        run.log_text("3", "mm/other.txt")
    one, two = (hashlib.sha256(text).hexdigest() for text in (b"2", b"1"))
    listed = f'[["a/c.txt",1,"{one}"],["b.txt",1,"{two}"]]'
    expected = "sha256:" + hashlib.sha256(listed.encode()).hexdigest()
    for store in lab.stores():
        same(folder_digest(store.artifacts.list(run.id, "m"), "m"), expected, "the digest")
    version = lab.store.registry.register(lab.name("model"), run_id=run.id, artifact="m")
    same(version.digest, expected, "the digest of the version made of it")
