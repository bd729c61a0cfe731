"""Files listed, opened and downloaded: whole, checked, never beyond the destination (A1–A5)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trackbridge.errors import ConfigurationError, IntegrityError, NotFound, Rejected
from trackbridge.records.artifacts import ArtifactRecord

FILES = {
    "report.html": b"<h1>",
    "model/MLmodel": b"flavors: {}\n",
    "model/weights.bin": bytes(range(256)) * 5_000,
    "model/sub/empty": b"",
    "plots/Ü bung%41.png": b"png",
    "modelling": b"near",
}


class Artifacts:
    """The artifacts of an adapter, in part replaced."""

    def __init__(self, inner: Any, **replaced: Callable[..., Any]) -> None:
        self._inner = inner
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def replace(lab: Any, **replaced: Callable[..., Any]) -> None:
    lab.backend.adapter.artifacts = Artifacts(lab.backend.adapter.artifacts, **replaced)


def on_disk(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def below(prefix: str) -> dict[str, bytes]:
    return {path: data for path, data in FILES.items() if path == prefix or path.startswith(f"{prefix}/")}


def test_a_listing_has_sizes_and_checksums(lab: Any) -> None:
    run_id = lab.run(files=FILES)
    expected = [
        ArtifactRecord(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in sorted(FILES.items())
    ]
    assert list(lab.store.artifacts.list(run_id)) == expected


@pytest.mark.parametrize(
    "prefix", ["model", "model/", "model/sub", "plots", "report.html", "plots/Ü bung%41.png", "absent"]
)
def test_a_prefix_is_a_whole_path_or_folder(lab: Any, prefix: str) -> None:
    run_id = lab.run(files=FILES)
    assert [file.path for file in lab.store.artifacts.list(run_id, prefix)] == sorted(below(prefix.rstrip("/")))


@pytest.mark.parametrize("path", [5, None, Path("model"), b"model"])
def test_what_is_no_text_is_no_path(lab: Any, path: Any, tmp_path: Path) -> None:
    run_id = lab.run(files=FILES)
    for ask in (lab.store.artifacts.list, lab.store.artifacts.open):
        with pytest.raises(Rejected, match="must be a string"):
            ask(run_id, path)
    with pytest.raises(Rejected, match="must be a string"):
        lab.store.artifacts.download(run_id, path, tmp_path)


def test_a_loop_of_links_in_the_destination_is_told(lab: Any, tmp_path: Path) -> None:
    run_id = lab.run(files=FILES)
    (tmp_path / "plots").symlink_to("plots")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        lab.store.artifacts.download(run_id, "plots", tmp_path)


def test_a_file_is_read_and_sought(lab: Any) -> None:
    run_id = lab.run(files=FILES)
    for path, data in FILES.items():
        with lab.store.artifacts.open(run_id, path) as stream:
            assert stream.read() == data
    with lab.store.artifacts.open(run_id, "model/weights.bin") as stream:
        assert stream.read(10) == bytes(range(10))
        assert stream.seek(-3, io.SEEK_END) == len(FILES["model/weights.bin"]) - 3
        assert stream.read() == bytes([253, 254, 255])
        assert stream.read() == b""


def test_a_decomposed_path_finds_the_composed_one(lab: Any) -> None:
    run_id = lab.run(files=FILES)
    with lab.store.artifacts.open(run_id, "plots/U\u0308 bung%41.png") as stream:
        assert stream.read() == b"png"


@pytest.mark.parametrize("path", ["absent", "model", "model/weights.bin/x", "Report.html"])
def test_what_is_no_file_is_not_found(lab: Any, path: str) -> None:
    run_id = lab.run(files=FILES)
    with pytest.raises(NotFound, match=run_id):
        lab.store.artifacts.open(run_id, path)


@pytest.mark.parametrize("path", ["../x", "/etc/hosts", "model/../report.html", ".", "a//b"])
def test_what_is_no_path_is_rejected(lab: Any, path: str, tmp_path: Path) -> None:
    run_id = lab.run(files=FILES)
    for act in (
        lambda: lab.store.artifacts.open(run_id, path),
        lambda: lab.store.artifacts.list(run_id, path),
        lambda: lab.store.artifacts.download(run_id, path, tmp_path / "out"),
    ):
        with pytest.raises(Rejected):
            act()
    assert not (tmp_path / "out").exists()


def test_a_file_and_a_folder_are_downloaded_under_their_paths(lab: Any, tmp_path: Path) -> None:
    run_id = lab.run(files=FILES)
    out = tmp_path / "new" / "out"
    file = lab.store.artifacts.download(run_id, "plots/Ü bung%41.png", out)
    assert (file, file.read_bytes()) == (out / "plots/Ü bung%41.png", b"png")
    folder = lab.store.artifacts.download(run_id, "model/", str(out))
    assert folder == out / "model"
    assert on_disk(out) == {**below("model"), **below("plots")}
    assert lab.store.artifacts.download(run_id, "", tmp_path / "all") == tmp_path / "all"
    assert on_disk(tmp_path / "all") == FILES
    lab.write(run_id, [lab.file("report.html", b"<h2>")])
    assert lab.store.artifacts.download(run_id, "report.html", tmp_path / "all").read_bytes() == b"<h2>"
    with pytest.raises(NotFound):
        lab.store.artifacts.download(run_id, "absent", out)


def test_nothing_is_everything_of_a_run_without_artifacts(lab: Any, tmp_path: Path) -> None:
    assert on_disk(lab.store.artifacts.download(lab.run(), "", tmp_path / "out")) == {}


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1], lambda data: data + b"x", lambda data: bytes([data[0] ^ 1]) + data[1:], lambda _: b""],
)
def test_a_damaged_file_is_never_taken_for_what_was_stored(
    lab: Any, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    run_id = lab.run(files=FILES)
    inner = lab.backend.adapter.artifacts

    def damaged(run: str, path: str) -> io.BytesIO:
        with inner.open(run, path) as whole:
            return io.BytesIO(damage(whole.read()))

    replace(lab, open=damaged)
    with lab.store.artifacts.open(run_id, "model/weights.bin") as stream, pytest.raises(IntegrityError) as caught:
        stream.read()
    assert caught.value.clause == "A2"
    with pytest.raises(IntegrityError, match=r"model/weights\.bin"):
        lab.store.artifacts.download(run_id, "model/weights.bin", tmp_path / "out")
    assert on_disk(tmp_path / "out") == {}


def test_a_download_that_breaks_off_leaves_what_was_there(lab: Any, tmp_path: Path) -> None:
    run_id = lab.run(files={"a": b"new"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"old")

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError("the network is gone")

    replace(lab, open=lambda *_: Broken())
    with pytest.raises(ConnectionResetError):
        lab.store.artifacts.download(run_id, "a", tmp_path / "out")
    assert on_disk(tmp_path / "out") == {"a": b"old"}


@pytest.mark.parametrize("evil", ["../escaped", "a/../../escaped", "/escaped", "a//b", "a\x00b", "link/escaped"])
def test_a_listing_by_somebody_else_cannot_lead_out(lab: Any, tmp_path: Path, evil: str) -> None:
    run_id = lab.run(files={"good": b"x"})
    inner = lab.backend.adapter.artifacts
    out = tmp_path / "out"
    (tmp_path / "elsewhere").mkdir()
    out.mkdir()
    (out / "link").symlink_to(tmp_path / "elsewhere")

    def listing(run: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        yield from inner.list(run, prefix)
        yield ArtifactRecord(evil, 1, None)

    replace(lab, list=listing, open=lambda *_: io.BytesIO(b"x"))
    with pytest.raises(Rejected) as caught:
        lab.store.artifacts.download(run_id, "", out)
    assert caught.value.clause == "A5"
    assert on_disk(out) == {}
    assert on_disk(tmp_path / "elsewhere") == {}
    assert not (tmp_path / "escaped").exists()


def test_a_destination_that_cannot_be_written_is_named(lab: Any, tmp_path: Path) -> None:
    run_id = lab.run(files=FILES)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        lab.store.artifacts.download(run_id, "report.html", tmp_path / "file")
    (tmp_path / "out" / "report.html" / "x").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"report\.html cannot be written"):
        lab.store.artifacts.download(run_id, "report.html", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]


def test_a_foreign_file_is_found_as_it_is_written_and_hashed_when_it_must_be(lab: Any, tmp_path: Path) -> None:
    run_id = lab.run()
    listed = [ArtifactRecord("cafe\u0301", None, None), ArtifactRecord("cafe\u0301s/a", 1, None)]
    replace(
        lab,
        list=lambda _, prefix="": (
            f for f in listed if not prefix or f.path == prefix or f.path.startswith(f"{prefix}/")
        ),
        open=lambda _, path: io.BytesIO(b"x") if path in {f.path for f in listed} else pytest.fail(path),
    )
    assert list(lab.store.artifacts.list(run_id)) == listed
    with lab.store.artifacts.open(run_id, "cafe\u0301") as stream:
        assert stream.read() == b"x"
    assert lab.store.artifacts.download(run_id, "cafe\u0301s", tmp_path) == tmp_path / "cafe\u0301s"
    sha = hashlib.sha256(b"x").hexdigest()
    assert lab.store.runs.canonical(run_id).count(sha) == 2
