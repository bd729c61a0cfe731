"""What is bound to the names of one file."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Bindings", "bindings_of", "elements_of"]


@dataclass(frozen=True, slots=True)
class Bindings:
    """By name, all that is bound to it anywhere in the file.

    Attributes:
        modules: Full names of what was imported under the name, or defined here, which then begin with a dot.
        values: Expressions that were assigned.
        opaque: Names that are bound in a way that nothing is known of.
    """

    modules: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    values: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    opaque: set[str] = field(default_factory=set)


def bindings_of(tree: ast.AST) -> Bindings:
    """Collect the bindings of a file."""
    bound = Bindings()
    for node in ast.walk(tree):
        _import(bound, node)
        _define(bound, node)
        _assign_all(bound, node)
        _loop(bound, node)
    return bound


def elements_of(node: ast.expr) -> list[ast.expr] | None:
    """Give the elements of a tuple, list or set that is written out; None for anything else."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set) and not any(isinstance(e, ast.Starred) for e in node.elts):
        return node.elts
    return None


def _import(bound: Bindings, node: ast.AST) -> None:
    match node:
        case ast.Import(names=aliases):
            for alias in aliases:
                first = alias.name.partition(".")[0]
                bound.modules[alias.asname or first].add(alias.name if alias.asname else first)
        case ast.ImportFrom(module=str(module), names=aliases, level=0):
            for alias in aliases:
                bound.modules[alias.asname or alias.name].add(f"{module}.{alias.name}")


def _define(bound: Bindings, node: ast.AST) -> None:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            bound.modules[name].add(f".{name}")  # one of this file, and not the builtin of that name
        case ast.arg(arg=name):
            bound.opaque.add(name)


def _assign_all(bound: Bindings, node: ast.AST) -> None:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                _assign(bound, target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            _assign(bound, target, value)
        case ast.withitem(optional_vars=ast.expr() as target, context_expr=value):
            _assign(bound, target, value)
        case ast.AugAssign(target=target):
            bound.opaque.update(_names_in(target))


def _loop(bound: Bindings, node: ast.AST) -> None:
    if isinstance(node, ast.For | ast.comprehension):
        elements = elements_of(node.iter)
        for value in elements or ():
            _assign(bound, node.target, value)
        if elements is None:
            bound.opaque.update(_names_in(node.target))


def _assign(bound: Bindings, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        bound.values[target.id].append(value)
        return
    values = elements_of(value)
    if isinstance(target, ast.Tuple | ast.List) and values is not None and len(values) == len(target.elts):
        for one, other in zip(target.elts, values, strict=True):
            _assign(bound, one, other)
        return
    bound.opaque.update(_names_in(target))


def _names_in(node: ast.expr) -> Iterator[str]:
    yield from (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))
