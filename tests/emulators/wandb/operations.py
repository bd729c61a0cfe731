"""The GraphQL operations that the installed wandb package contains: in its Python source and in wandb-core."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEAD = re.compile(r"\s*(?:#graphql\s*)?(?:query|mutation)\s+(\w+)\s*[({]")
BINARY_HEAD = re.compile(rb"\n(?:query|mutation) \w+ [({]")
BINARY_FRAGMENT = re.compile(rb"\nfragment (\w+) on \w+ \{.*?\n\}\n", re.DOTALL)
SPREAD = re.compile(r"\.\.\.\s*(\w+)")
# Parts that are none of tracking: each has operations of its own, which no plugin for tracking sends.
ELSEWHERE = ("automations", "sdk/launch", "apis/reports", "apis/workspaces", "sandbox")


class Operation(NamedTuple):
    """An operation of the SDK, with the fragments it names."""

    name: str
    where: str
    text: str


def root() -> Path:
    """Find the package without importing it.

    Raises:
        LookupError: Where it is not installed.
    """
    spec = importlib.util.find_spec("wandb")
    if spec is None or spec.origin is None:
        raise LookupError("wandb is not installed")
    return Path(spec.origin).parent


def operations() -> Iterator[Operation]:
    """Give every operation of tracking: written out in Python, or within wandb-core.

    Python's `str.format` templates (apis/public/runs.py has three) say too little to be read here.
    """
    folder = root()
    for path in sorted(folder.rglob("*.py")):
        where = path.relative_to(folder).as_posix()
        if not where.startswith(ELSEWHERE):
            yield from _written(path.read_text(encoding="utf-8"), where)
    yield from _compiled((folder / "bin" / "wandb-core").read_bytes())


def _written(source: str, where: str) -> Iterator[Operation]:
    if "query " not in source and "mutation " not in source:
        return
    tree = ast.parse(source)
    names = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = None
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = _joined(node, names)
        if text and "{{" not in text and (head := HEAD.match(text)):
            yield Operation(head[1], where, text)


def _joined(node: ast.JoinedStr, names: dict[str, str]) -> str | None:
    """Give an f-string whose parts are constants of its module; None for one that says more."""
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(part.value)
        elif isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name) and part.value.id in names:
            parts.append(names[part.value.id])
        else:
            return None
    return "".join(parts)


def _compiled(binary: bytes) -> Iterator[Operation]:
    fragments = {found[1].decode(): found[0].decode() for found in BINARY_FRAGMENT.finditer(binary)}
    seen = set()
    for found in BINARY_HEAD.finditer(binary):
        text = _balanced(binary[found.start() : found.start() + 20_000])
        head = HEAD.match(text)
        if head and text not in seen:
            seen.add(text)
            named = "".join(fragments[name] for name in sorted(set(SPREAD.findall(text))) if name in fragments)
            yield Operation(head[1], "bin/wandb-core", text + named)


def _balanced(tail: bytes) -> str:
    """Cut a text off at the brace that closes its first one outside parentheses."""
    depth = brackets = 0
    for position, byte in enumerate(tail):
        match chr(byte):
            case "(":
                brackets += 1
            case ")":
                brackets -= 1
            case "{" if not brackets:
                depth += 1
            case "}" if not brackets:
                depth -= 1
                if not depth:
                    return tail[: position + 1].decode()
    return ""
