"""The Python in files and notebooks."""

from __future__ import annotations

import json
import os
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trackbridge.errors import NotFound

__all__ = ["Source", "files_in", "sources_of"]

_LEFT_OUT: Final = {"node_modules", "site-packages", "__pycache__", "build", "dist"}
_KINDS: Final = {".py", ".pyw", ".ipynb"}


@dataclass(frozen=True, slots=True)
class Source:
    """One piece of Python.

    Attributes:
        path: The file.
        text: The Python; lines for the shell and for IPython are blank in it.
        shell: Lines for the shell by number, from 1.
        cell: The cell of a notebook, from 1; 0 in other files.
        error: Why it cannot be read.
    """

    path: str
    text: str = ""
    shell: tuple[tuple[int, str], ...] = ()
    cell: int = 0
    error: str | None = None


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Give the files among `paths`, and the Python files and notebooks in the folders among them, each once.

    Folders that hold others' code are left out: hidden ones, virtual environments, ``node_modules``, ``build``, ``dist``.

    Raises:
        NotFound: one of them is not there.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise NotFound(f"there is no file or folder {path}")
        for file in [path] if path.is_file() else _below(path):
            if file not in seen:
                seen.add(file)
                yield file


def sources_of(path: Path) -> Iterator[Source]:
    """Read a file; what cannot be read is given with its error."""
    name = path.as_posix()
    try:
        if path.suffix == ".ipynb":
            yield from _cells(name, json.loads(path.read_text(encoding="utf-8")))
            return
        with tokenize.open(path) as file:
            yield Source(name, file.read())
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, AttributeError) as error:
        yield Source(name, error=str(error) or type(error).__name__)


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _LEFT_OUT and not Path(place, name, "pyvenv.cfg").exists()
        )
        yield from (Path(place, name) for name in sorted(files) if Path(name).suffix in _KINDS)


def _cells(path: str, notebook: dict[str, list[dict[str, object]]]) -> Iterator[Source]:
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell.get("cell_type") == "code":
            text = cell["source"]
            yield _cell(path, "".join(text) if isinstance(text, list) else str(text), number)


def _cell(path: str, text: str, number: int) -> Source:
    """Part what IPython hands to the shell from the Python (ipython.readthedocs.io, "IPython reference")."""
    lines = text.splitlines()
    if lines and lines[0].startswith("%%"):
        rest = tuple(enumerate(lines[1:], start=2))
        if lines[0].split()[0] in {"%%bash", "%%sh", "%%script", "%%!"}:
            return Source(path, shell=rest, cell=number)
        lines[0] = ""
    shell = tuple((place, line.lstrip()[1:]) for place, line in enumerate(lines, start=1) if _is_magic(line))
    return Source(path, "\n".join("" if _is_magic(line) else line for line in lines), shell, number)


def _is_magic(line: str) -> bool:
    return line.lstrip().startswith(("!", "%"))
