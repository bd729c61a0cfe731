"""Brings back the data that a run read, and compares it; carried whole in the scripts that ``trackbridge reproduce`` writes.

It runs where trackbridge may not be installed: nothing but the standard library, and DVC's own command where it is.

    python fetch.py ROOT ITEMS.json
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any


def fetch(root: Path, items: list[dict[str, Any]]) -> int:
    """Bring every item back; give how many are not what the run read."""
    wrong = 0
    for item in items:
        trouble = _tracked(root, item) if item["md5"] else _plain(root, item)
        wrong += trouble is not None
        sys.stdout.write(f"{'!' if trouble else '·'} {item['name']}: {trouble or 'as the run read it'}\n")
    return wrong


def _tracked(root: Path, item: dict[str, Any]) -> "str | None":
    target, digest = root / item["path"], item["md5"]
    wanted = digest if item["matches"] else item["digest"].partition(":")[2]
    if _is(target, wanted):
        return None
    if not item["matches"]:
        return f"it was changed after DVC recorded it; bring what has md5 {wanted} to {target}"
    if shutil.which("dvc"):
        done = subprocess.run(["dvc", "pull", str(target)], cwd=root / item["project"], check=False)
        if done.returncode:
            return f"dvc pull ended with {done.returncode}"
    elif not item["remote"] or "://" in item["remote"]:
        return f"install DVC to fetch it from {item['remote'] or 'its remote'}: pip install dvc"
    else:
        try:
            _copy(Path(item["remote"]), target)
        except OSError as error:
            return f"it cannot be copied: {error}"
    return None if _is(target, wanted) else f"{target} does not have the md5 {wanted}"


def _copy(kept: Path, target: Path) -> None:
    """Copy from a remote that is a folder; what it keeps is named by md5, and a folder is a list of such names."""
    if not kept.name.endswith(".dir"):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, target)
        return
    for entry in json.loads(kept.read_text(encoding="utf-8")):
        place = (target / entry["relpath"]).resolve()
        if target.resolve() not in place.parents:
            raise OSError(f"{entry['relpath']} leads out of {target}")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept.parent.parent / entry["md5"][:2] / entry["md5"][2:], place)


def _is(path: Path, wanted: str) -> bool:
    """Tell whether a path has an md5 as DVC 3 or DVC 2 reckons it, which took Windows' line ends for the others."""
    if not path.exists():
        return False
    found = (_md5(path, alike=False), _md5(path, alike=True))
    return any(digest.removesuffix(".dir") == wanted.removesuffix(".dir") for digest in found)


def _md5(path: Path, *, alike: bool) -> str:
    if path.is_dir():
        names = sorted(
            (Path(at) / name).relative_to(path).as_posix() for at, _, files in os.walk(path) for name in files
        )
        listing = [{"md5": _md5(path / name, alike=alike), "relpath": name} for name in names]
        return hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as content:
        while piece := content.read(1 << 20):
            digest.update(piece.replace(b"\r\n", b"\n") if alike else piece)
    return digest.hexdigest()


def _plain(root: Path, item: dict[str, Any]) -> "str | None":
    """Compare what no tool for data tracks, where it lies in the repository."""
    algorithm, _, wanted = (item["digest"] or "").partition(":")
    path = root / item["path"] if item["path"] else None
    if path is None:
        return f"bring it yourself from {item['uri'] or 'where it was'}, with the digest {item['digest']}"
    if not path.exists():
        return f"{path} is not there; it had the digest {item['digest']}"
    if algorithm not in hashlib.algorithms_guaranteed:  # of a table in memory, or none at all: only training can tell
        return None
    if path.is_dir():
        return _folder(path, wanted)
    with path.open("rb") as content:
        found = hashlib.file_digest(content, algorithm).hexdigest()
    return None if found == wanted else f"{path} has the digest {algorithm}:{found}, and had {item['digest']}"


def _folder(path: Path, wanted: str) -> "str | None":
    """Compare the SHA-256 of the sorted list of path, size and SHA-256."""
    rows = []
    for at, _, files in os.walk(path):
        for name in files:
            file = Path(at) / name
            with file.open("rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
            rows.append([file.relative_to(path).as_posix(), file.stat().st_size, found])
    text = json.dumps(sorted(rows), ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return None if digest == wanted else f"{path} has the digest sha256:{digest}, and had sha256:{wanted}"


if __name__ == "__main__":
    sys.exit(1 if fetch(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))) else 0)
