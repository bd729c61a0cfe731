"""The files that pin an environment, as they are: beside the code, or above it within its repository."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trackbridge.capture.places import entry_folder
from trackbridge.protocol import Found
from trackbridge.records.values import ParamValue

__all__ = ["find_locks"]

_NAMES: Final = (
    *("uv.lock", "pylock.toml", "pylock.*.toml", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock"),
    *("conda-lock.yml", "environment.yml", "environment.yaml", "requirements*.txt", "requirements*.lock"),
    *("pyproject.toml", ".python-version"),
)
_MOST_BYTES: Final = 4_000_000
_MOST_FILES: Final = 20


def find_locks() -> Found:
    """Give lock files, requirements and conda environments, of each name the nearest to the entry point."""
    files: dict[str, bytes] = {}
    left_out: list[ParamValue] = []
    for path in _near(entry_folder()):
        if path.stat().st_size > _MOST_BYTES or len(files) == _MOST_FILES:
            left_out.append(path.name)
        else:
            files[f"locks/{path.name}"] = path.read_bytes()
    for path in sorted((Path(sys.prefix) / "conda-meta").glob("history")):  # what a conda environment was made from
        if path.stat().st_size <= _MOST_BYTES:
            files["conda-history.txt"] = path.read_bytes()
    attributes: dict[str, ParamValue] = {}
    if files:
        attributes["environment.locks"] = sorted(name.removeprefix("locks/") for name in files)
    if left_out:
        attributes["environment.locks.left_out"] = left_out
    return Found(attributes, files)


def _near(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for place in _upward(folder):
        for pattern in _NAMES:
            for path in sorted(place.glob(pattern)):
                if path.name not in seen and path.is_file():
                    seen.add(path.name)
                    yield path


def _upward(folder: Path) -> list[Path]:
    """Give the folder and those above it, up to that of the repository; it alone where there is none."""
    above = [folder, *folder.parents]
    for count, place in enumerate(above, start=1):
        if (place / ".git").exists():
            return above[:count]
    return [folder]
