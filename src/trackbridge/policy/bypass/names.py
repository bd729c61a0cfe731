"""What names stand for in one file: modules and their functions, and texts that never change.

It is a judgement for a whole file at once, whatever the order of its lines: a name that is bound twice may be either.
Nothing is missed so, and a module is one file long.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Final

from trackbridge.policy.bypass.bindings import bindings_of, elements_of

__all__ = ["Names"]

_MOST_TEXTS: Final = 64  # what one expression may come to; more cannot be told
_MOST_DEPTH: Final = 20


class Names:
    """The bindings of one file.

    Args:
        tree: The file.
    """

    def __init__(self, tree: ast.AST) -> None:
        self._bound = bindings_of(tree)

    def dotted(self, node: ast.expr, depth: int = 0) -> set[str]:
        """Give the full names that an expression may stand for, such as {"importlib.import_module"}."""
        if depth > _MOST_DEPTH:
            return set()
        match node:
            case ast.Name(id=name):
                found = set(self._bound.modules.get(name, ()))
                for value in self._bound.values.get(name, ()):
                    found |= self.dotted(value, depth + 1)
                return found or {name}
            case ast.Attribute(value=base, attr=attribute):
                return {f"{name}.{attribute}" for name in self.dotted(base, depth + 1)}
            case ast.Call(func=ast.Name(id="getattr"), args=[base, name, *_]):
                return self._members(base, name, depth)
            case ast.Subscript(value=mapping, slice=name):
                return self._members(_owner(mapping), name, depth)
            case ast.Call(func=function):
                return {f"{name}()" for name in self.dotted(function, depth + 1)}
            case ast.NamedExpr(value=value):
                return self.dotted(value, depth + 1)
        return set()

    def texts(self, node: ast.expr | None, depth: int = 0) -> set[str] | None:
        """Give the texts that an expression may come to; None where nobody can tell."""
        if depth > _MOST_DEPTH:
            return None
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.Name(id=name) if name in self._bound.values and name not in self._bound.opaque:
                return self._union(self._bound.values[name], depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right], "", depth)
            case ast.JoinedStr(values=parts):
                return self._joined([_plain(part) for part in parts], "", depth)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(glue)), attr="join"), args=[items]):
                elements = elements_of(items)
                return None if elements is None else self._joined(elements, glue, depth)
            case ast.IfExp(body=one, orelse=other):
                return self._union([one, other], depth)
            case ast.NamedExpr(value=value):
                return self.texts(value, depth + 1)
        return None

    def _members(self, base: ast.expr, name: ast.expr, depth: int) -> set[str]:
        attributes = self.texts(name, depth + 1) or set()
        return {f"{owner}.{attribute}" for owner in self.dotted(base, depth + 1) for attribute in attributes}

    def _union(self, nodes: Iterable[ast.expr], depth: int) -> set[str] | None:
        found: set[str] = set()
        for node in nodes:
            texts = self.texts(node, depth + 1)
            if texts is None:
                return None
            found |= texts
        return found if len(found) <= _MOST_TEXTS else None

    def _joined(self, parts: list[ast.expr], glue: str, depth: int) -> set[str] | None:
        each = [self.texts(part, depth + 1) for part in parts]
        known = [texts for texts in each if texts is not None]
        if len(known) < len(each) or prod(map(len, known)) > _MOST_TEXTS:
            return None
        return {glue.join(words) for words in product(*known)}


def _owner(mapping: ast.expr) -> ast.expr:
    """Give what a mapping has the members of: ``vars(module)``, ``module.__dict__``, ``__builtins__``."""
    match mapping:
        case ast.Call(func=ast.Name(id="vars"), args=[owner]) | ast.Attribute(value=owner, attr="__dict__"):
            return owner
        case ast.Name(id="__builtins__"):
            return mapping
    return ast.Constant(None)


def _plain(part: ast.expr) -> ast.expr:
    match part:
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return value
    return part
