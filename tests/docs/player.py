"""Plays a page of documentation from top to bottom in the working directory, as a reader would.

    python player.py PAGE ["SHOWN is REAL"]…

Where the page shows the address SHOWN, REAL is played. A page about a server says in a comment which fixture that is,
``<!-- https://mlflow.example.com is mlflow_sqlite -->``, and the test hands its address on.

Fenced blocks are told apart by their info string:

* ``python`` runs, in one namespace for the whole page;
* ``console`` has commands after ``$ `` and below each what it prints; ``…`` stands for anything, and lines may be left
  out between those shown; ``# exits 1`` after a command says how it must end, 0 otherwise;
* any language with ``title="NAME"`` is written to that file and not run;
* ``toml`` without a title is tried as a ``trackbridge.toml``;
* ``sh`` holds what takes too long or needs the network: make, pip and commands of ours are looked up, and a folder is
  really installed;
* ``text`` is only shown.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?: +title=\"(?P<title>[^\"]+)\")?[^\n]*\n(?P<body>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    title: str | None
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path, addresses: Mapping[str, str]) -> Iterator[Block]:
    source = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(source):
        line = source.count("\n", 0, match.start()) + 2
        body = re.sub(f"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
        for shown, real in addresses.items():
            body = body.replace(shown, real)
        yield Block(page, line, match["language"], match["title"], body)


def play(page: Path, addresses: Mapping[str, str]) -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page, addresses):
        if block.title:
            target = Path(block.title)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)
        elif block.language == "console":
            play_console(block)
        elif block.language == "toml":
            try_settings(block)
        elif block.language == "sh":
            look_up(block)
        elif block.language != "text":
            raise AssertionError(
                f"{block.where}: nothing says how to play a block of {block.language or 'no language'}"
            )


def play_console(block: Block) -> None:
    assert block.text.startswith("$ "), f"{block.where}: a console block begins with a command"
    for session in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = session.partition("\n")
        command, _, exits = command.partition("  # exits ")
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env=environment, timeout=300, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == int(exits or 0), f"{block.where}: {command!r} exited {done.returncode}:\n{said}"
        assert_shown(shown, said, f"{block.where}: {command!r}")


def assert_shown(shown: str, said: str, where: str) -> None:
    lines = iter([" ".join(line.split()) for line in said.splitlines()])
    for wanted in (" ".join(line.split()) for line in shown.splitlines()):
        pattern = ".*".join(re.escape(part.strip()) for part in wanted.split("…"))
        found = not wanted or any(re.fullmatch(pattern, line) for line in lines)
        assert found, f"{where} does not print {wanted!r} (in this order); it prints:\n{said}"


def try_settings(block: Block) -> None:
    tomllib.loads(block.text)
    folder = Path("settings")
    folder.mkdir(exist_ok=True)
    (folder / "trackbridge.toml").write_text(block.text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from trackbridge.config import settings; settings()"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{block.where}: {done.stderr}"


def look_up(block: Block) -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for line in block.text.splitlines():
        match shlex.split(line, comments=True):
            case []:
                continue
            case ["make", target]:
                done = subprocess.run(["make", "-n", target], cwd=PROJECT, capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"{block.where}: {done.stderr}"
            case ["pip", "install", what] if match := re.fullmatch(r"trackbridge(?:\[([\w,]+)\])?", what):
                unknown = set((match[1] or "").split(",")) - {""} - extras.keys()
                assert not unknown, f"{block.where}: no extra {unknown}"
            case ["pip", "install", "-e", folder]:
                install(folder)
            case ["trackbridge", command, *_]:
                subprocess.run(
                    [sys.executable, "-m", "trackbridge", command, "--help"], check=True, capture_output=True
                )
            case words:
                raise AssertionError(f"{block.where}: {words} is not looked up here; make it a console block")


def install(folder: str) -> None:
    """Install into a folder of the page's own, where the commands that follow find it."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--target", "installed", folder], check=True)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(Path("installed").resolve()), os.environ.get("PYTHONPATH")))
    )


if __name__ == "__main__":
    play(Path(sys.argv[1]), dict(argument.split(" is ", 1) for argument in sys.argv[2:]))
