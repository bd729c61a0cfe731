"""Looks through one syntax tree."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from typing import Final

from trackbridge.policy.bypass.finding import Rule
from trackbridge.policy.bypass.names import Names
from trackbridge.policy.bypass.vendors import UNKNOWN_WORD, Vendors

__all__ = ["Hit", "command_hit", "inspect"]

Hit = tuple[ast.AST, Rule, str]

# Where each of them takes the module's name: its place, and its keyword.
_LOADERS: Final = {
    "__import__": (0, "name"),
    "builtins.__import__": (0, "name"),
    "__builtins__.__import__": (0, "name"),
    "importlib.__import__": (0, "name"),
    "importlib.import_module": (0, "name"),
    "importlib.util.find_spec": (0, "name"),
    "importlib.util.LazyLoader": (0, "loader"),
    "importlib.reload": (0, "module"),
    "lazy_loader.load": (0, "fullname"),
    "pkgutil.get_loader": (0, "module_or_name"),
    "pkgutil.find_loader": (0, "fullname"),
    "pkgutil.resolve_name": (0, "name"),
    "pytest.importorskip": (0, "modname"),
    "runpy.run_module": (0, "mod_name"),
    "sys.modules.get": (0, "key"),
}
_PROBES: Final = {"importlib.util.find_spec", "importlib.util.LazyLoader", "importlib.reload", "sys.modules.get"}
_RUN_TEXT: Final = {f"{prefix}{name}" for prefix in ("", "builtins.") for name in ("exec", "eval", "compile")}
_STARTERS: Final = {
    *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen", "getoutput")),
    *(f"os.{name}" for name in ("system", "popen", "execv", "execvp", "execl", "execlp", "spawnv", "spawnvp")),
    *(f"asyncio.create_subprocess_{name}" for name in ("exec", "shell")),
}
_MAKERS: Final = {"client", "resource", "create_client"}


def inspect(tree: ast.AST, vendors: Vendors) -> Iterator[Hit]:
    """Give all that reaches a vendor, or may, with the node where it does.

    What stands below ``if TYPE_CHECKING:`` never runs and is left out.
    """
    yield from _Inspection(tree, vendors).hits()


def command_hit(node: ast.AST, line: str, vendors: Vendors) -> Iterator[Hit]:
    """Judge a line for the shell."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    if found := vendors.command(words):
        yield node, "command", found


class _Inspection:
    def __init__(self, tree: ast.AST, vendors: Vendors) -> None:
        self._tree = tree
        self._vendors = vendors
        self._names = Names(tree)

    def hits(self) -> Iterator[Hit]:
        for node in _running(self._tree):
            match node:
                case ast.Import(names=aliases):
                    for alias in aliases:
                        yield from self._module(node, alias.name, "import")
                case ast.ImportFrom(module=str(module), level=0):
                    yield from self._import_from(node, module)
                case ast.Subscript(value=base, slice=key) if "sys.modules" in self._names.dotted(base):
                    yield from self._loaded(node, key, "sys.modules", probe=True)
                case ast.Call():
                    yield from self._call(node)

    def _module(self, node: ast.AST, name: str, rule: Rule) -> Iterator[Hit]:
        if found := self._vendors.module(name):
            yield node, rule, found

    def _import_from(self, node: ast.ImportFrom, module: str) -> Iterator[Hit]:
        if found := self._vendors.module(module):
            yield node, "import", found
            return
        for alias in node.names:
            name = f"{module}.{alias.name}"
            yield from self._module(node, name, "import")
            if integration := self._vendors.integration(name):
                yield node, "integration", integration

    def _call(self, node: ast.Call) -> Iterator[Hit]:
        names = self._names.dotted(node.func)
        for name in sorted(names):
            if name in _LOADERS:
                place, keyword = _LOADERS[name]
                yield from self._loaded(node, _argument(node, place, keyword), name, probe=name in _PROBES)
            elif name in _RUN_TEXT:
                yield from self._run_text(node, name)
            elif name in _STARTERS:
                yield from self._started(node)
            elif integration := self._vendors.integration(name):
                yield node, "integration", integration
        yield from self._made(node, names)
        for given in node.keywords:
            for value in sorted(self._values(given.value)):
                if given.arg and (found := self._vendors.argument(given.arg, value)):
                    yield node, "integration", found

    def _loaded(self, node: ast.AST, argument: ast.expr | None, loader: str, *, probe: bool) -> Iterator[Hit]:
        texts = self._names.texts(argument)
        if texts is None:
            # Asking whether a module is there, or which are, is common and harmless; loading an unknown one is not.
            if argument is not None and not probe:
                yield node, "cannot-tell", loader
            return
        package = self._names.texts(_argument(node, 1, "package")) if isinstance(node, ast.Call) else None
        for text in sorted(texts):
            for name in [f"{base}{text}" for base in sorted(package or {""})] if text.startswith(".") else [text]:
                yield from self._module(node, name.replace(":", "."), "dynamic-import")

    def _run_text(self, node: ast.Call, name: str) -> Iterator[Hit]:
        texts = self._names.texts(node.args[0]) if node.args else set()
        if texts is None:
            yield node, "cannot-tell", name
        for text in sorted(texts or ()):
            try:
                tree = ast.parse(text.strip())
            except (SyntaxError, ValueError):
                continue
            yield from ((node, rule, what) for _, rule, what in inspect(tree, self._vendors))

    def _started(self, node: ast.Call) -> Iterator[Hit]:
        words: list[str] = []
        for argument in [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "args")]:
            listed = argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]
            for item in listed:
                texts = self._names.texts(item)
                words.append(min(texts) if texts else UNKNOWN_WORD)
        whole = [word for text in words for word in (text.split() if " " in text else [text])]
        if found := self._vendors.command(whole):
            yield node, "command", found

    def _made(self, node: ast.Call, names: set[str]) -> Iterator[Hit]:
        for name in sorted(names):
            root = name.partition(".")[0]
            if name.rpartition(".")[2] not in _MAKERS or root not in self._vendors.makers():
                continue
            argument = _argument(node, 0, "service_name")
            texts = self._names.texts(argument)
            if texts is None and argument is not None:
                yield node, "cannot-tell", name
            for text in sorted(texts or ()):
                if found := self._vendors.service(root, text):
                    yield node, "service", found

    def _values(self, node: ast.expr) -> set[str]:
        items = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
        return {text for item in items for text in self._names.texts(item) or ()}


def _argument(node: ast.Call, place: int, keyword: str) -> ast.expr | None:
    for given in node.keywords:
        if given.arg == keyword:
            return given.value
    return node.args[place] if len(node.args) > place else None


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, but for what only type checkers read."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            pending.extend(node.orelse)
        else:
            pending.extend(ast.iter_child_nodes(node))


def _is_type_checking(test: ast.expr) -> bool:
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
    return False
