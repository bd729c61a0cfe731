"""A recipe as steps to read, and as a script for ``sh`` that has all it needs in it."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from importlib.resources import files
from typing import Final

from trackbridge.capture.recipe import Argument, Recipe

__all__ = ["Step", "script", "steps"]

Step = tuple[str, list[str]]

_HEAD: Final = """\
#!/bin/sh
# Comes back to run {run_id}: {title}
#
#   sh THIS_FILE [FOLDER]
#
# FOLDER is a clone of the repository, or where to put one. Two variables change what is done:
#   PYTHON=…      an interpreter that has the packages already: none are installed
#   NO_COMMAND=1  everything but the command itself
set -eu
FOLDER=${{1:-run-{short}}}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
say() {{ printf '== %s\\n' "$*"; }}
fail() {{ printf 'reproduce: %s\\n' "$*" >&2; exit 1; }}
"""
_DIFF: Final = (
    "git diff HEAD --binary --full-index --no-color --no-ext-diff --no-textconv --src-prefix=a/ --dst-prefix=b/"
)
_CHECKOUT: Final = """\
cd "$FOLDER"
ROOT=$(git rev-parse --show-toplevel)
cd "$ROOT"
if git diff --quiet HEAD; then
    git cat-file -e {commit}^{{commit}} 2>/dev/null || git fetch --quiet origin {commit} || fail "the commit {commit} is not there; was it ever pushed?"
    git -c advice.detachedHead=false checkout --quiet --detach {commit}
    if [ -s "$WORK/dirty.patch" ]; then git apply --index --binary --whitespace=nowarn "$WORK/dirty.patch"; fi
elif [ "$(git rev-parse HEAD)" != {commit} ] || ! {diff} | cmp -s - "$WORK/dirty.patch"; then
    fail "$ROOT has changes of its own; take a fresh clone"
fi
"""
_NO_COMMIT: Final = """\
[ -d "$FOLDER" ] || fail "the run recorded no commit; give the folder that its code is in"
cd "$FOLDER"
ROOT=$(pwd)
"""
_ENVIRONMENT: Final = """\
if [ -z "${{PYTHON:-}}" ]; then
    if command -v uv >/dev/null; then
        uv venv --quiet --python {python} "$ROOT/.venv-{short}"
        PYTHON="$ROOT/.venv-{short}/bin/python"
        uv pip install --quiet --python "$PYTHON" --no-deps -r "$WORK/requirements.txt"{local}
    else
        "python{minor}" -m venv "$ROOT/.venv-{short}"
        PYTHON="$ROOT/.venv-{short}/bin/python"
        "$PYTHON" -m pip install --quiet --no-deps -r "$WORK/requirements.txt"{local}
    fi
    if [ -d .git ]; then grep -qxF '.venv-{short}' .git/info/exclude 2>/dev/null || echo '.venv-{short}' >> .git/info/exclude; fi
fi
BIN=$(dirname "$(command -v "$PYTHON")")
"""


def steps(recipe: Recipe) -> Iterator[Step]:
    """Give what to do, in order: a heading, and lines of it."""
    code = [f"git clone -- {shlex.quote(recipe.remote)} FOLDER && cd FOLDER"] if recipe.remote else []
    code += [f"git checkout --detach {recipe.commit}"] if recipe.commit else ["(no commit was recorded)"]
    yield "code", code
    if recipe.patch:
        lines = recipe.patch.count(b"\n")
        touched = recipe.patch.count(b"\ndiff --git ") + recipe.patch.startswith(b"diff --git ")
        yield "patch", [f"git apply --index --binary dirty.patch    # {touched} files, {lines} lines"]
    environment = [f"Python {recipe.python} with {len(recipe.requirements)} packages as they were"]
    environment += [f"and from the repository: {', '.join(recipe.local)}"] if recipe.local else []
    environment += [f"recorded besides: {', '.join(recipe.locks)}"] if recipe.locks else []
    yield "environment", environment
    if recipe.data:
        yield (
            "data",
            [
                f"dvc pull {shlex.quote(item.path)}    # {item.name}, md5 {item.md5}"
                if item.md5 and item.path
                else f"{item.name}: {item.uri or '?'}, {item.digest or 'no digest'}"
                for item in recipe.data
            ],
        )
    if recipe.command:
        yield "command", [f"cd {shlex.quote(recipe.cwd)} && {_plain_command(recipe)}"]
    if recipe.doubts:
        yield "what will not be as it was", list(recipe.doubts)


def script(recipe: Recipe) -> str:
    """Give a script that does it all, in a fresh clone or from nothing, and stops where it cannot."""
    names = {"run_id": recipe.run_id, "title": _comment(recipe.title), "short": recipe.run_id[-8:]}
    parts = [_HEAD.format(**names), *(f"# Not as it was: {_comment(doubt)}\n" for doubt in recipe.doubts)]
    parts += ["\nsay code\n", _held("dirty.patch", recipe.patch)]
    if recipe.commit:
        begin = (
            f'git clone --quiet -- {shlex.quote(recipe.remote)} "$FOLDER"'
            if recipe.remote
            else 'fail "no remote is known; give a clone"'
        )
        checkout = f'[ -e "$FOLDER" ] || {begin}\n'
        parts += [checkout, _CHECKOUT.format(commit=recipe.commit, diff=_DIFF)]
    else:
        parts.append(_NO_COMMIT)
    parts += ["\nsay environment\n", *_environment(recipe, names["short"])]
    if recipe.data:
        items = json.dumps([asdict(item) for item in recipe.data], indent=1)
        parts += ["\nsay data\n", _held("items.json", items.encode())]
        parts += [_held("fetch.py", files("trackbridge.capture").joinpath("fetch.py").read_bytes())]
        parts.append('"$PYTHON" "$WORK/fetch.py" "$ROOT" "$WORK/items.json"\n')
    if recipe.command:
        parts += [
            '\nif [ -n "${NO_COMMAND:-}" ]; then exit 0; fi\nsay command\n',
            f'cd "$ROOT"/{shlex.quote(recipe.cwd)}\n',
        ]
        parts += [f"export {name}={shlex.quote(text)}\n" for name, text in sorted(recipe.variables.items())]
        parts.append(f"{_command(recipe)}\n")
    return "".join(parts)


def _environment(recipe: Recipe, short: str) -> Iterator[str]:
    yield _held("requirements.txt", "".join(f"{line}\n" for line in recipe.requirements).encode())
    version = re.match(r"\d+\.\d+", recipe.python)
    minor = version[0] if version else "3"
    local = "".join(f' -e "$ROOT"/{shlex.quote(folder)}' for folder in recipe.local)
    yield _ENVIRONMENT.format(python=shlex.quote(recipe.python), minor=minor, short=short, local=local)


def _held(name: str, content: bytes) -> str:
    """Carry a file of any bytes; text as what it is, so that it can be read before it is run."""
    text = content.decode(errors="replace")
    readable = text.encode() == content and (not text or text.endswith("\n"))
    if readable and "\nEND\n" not in f"\n{text}" and "\0" not in text and "\r" not in text:
        return f"cat > \"$WORK/{name}\" <<'END'\n{text}END\n"
    encoded = base64.encodebytes(content).decode()
    return f"base64 -d > \"$WORK/{name}\" <<'END'\n{encoded}END\n"


def _command(recipe: Recipe) -> str:
    return " ".join(['"$PYTHON"', *map(_word, recipe.command)])


def _word(argument: Argument) -> str:
    start = {"root": '"$ROOT"/', "bin": '"$BIN"/'}.get(argument.within, "")
    return start + shlex.quote(argument.text)


def _plain_command(recipe: Recipe) -> str:
    return " ".join(["python", *(shlex.quote(argument.text) for argument in recipe.command)])


def _comment(text: str) -> str:
    return " ".join(text.split())
