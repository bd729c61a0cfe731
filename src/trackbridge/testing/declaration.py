"""What an adapter declares about itself, looked at before any check runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import Adapter, AdapterSpec, Capabilities, Deviation, Limits
from trackbridge.testing.deviations import SITUATIONS, unknown
from trackbridge.testing.suite import CLAUSES

__all__ = ["load_probe", "verify_declaration"]

_FAMILIES = ("experiments", "runs", "metrics", "artifacts", "objects", "registry", "bulk")
_OPENERS = frozenset({"open_backend", "find_adapter", "connect", "start_run"})
_READERS = ("trackbridge.store", "trackbridge.run", "trackbridge.protocol.backend", "trackbridge.protocol.discovery")


def load_probe(spec: AdapterSpec) -> Any:
    """Give the callable that makes the independent reader of a URL."""
    module, _, name = spec.probe.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"the probe {spec.probe!r} of {spec.schemes[0]} cannot be loaded: {error}",
            remedy="AdapterSpec.probe is module:callable.",
        ) from error


def verify_declaration(spec: AdapterSpec, limits: Limits, adapter: Adapter) -> None:
    """Raise `ConfigurationError` where the declaration is not total and true in form.

    Capabilities are all there and none that is core is absent, deviations can be provoked, and the probe reads past
    the adapter.
    """
    declared = spec.capabilities
    if type(declared) is not Capabilities:
        raise ConfigurationError(f"the capabilities of {spec.schemes[0]} are a {type(declared).__name__}")
    Capabilities(**dict(declared.items()))  # again, past whatever was done to the object since it was made
    if type(limits) is not Limits:
        raise ConfigurationError(f"the limits of {spec.schemes[0]} are a {type(limits).__name__}")
    _verify_deviations(spec.deviations)
    implementation = frozenset(
        {type(adapter).__module__, getattr(spec.open, "__module__", "")}
        | {type(getattr(adapter, family)).__module__ for family in _FAMILIES}
    ) - {"trackbridge.protocol.bulk"}
    if found := _dependence(spec.probe.partition(":")[0], implementation):
        raise ConfigurationError(
            f"the probe of {spec.schemes[0]} is not independent: {found}",
            remedy="Read back with the vendor's own raw client.",
        )


def _verify_deviations(deviations: tuple[Deviation, ...]) -> None:
    names = [one.name for one in deviations]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(f"deviations are declared twice: {', '.join(sorted(doubled))}")
    if hopeless := unknown(deviations):
        raise ConfigurationError(
            f"no check can provoke the deviations {', '.join(hopeless)}",
            remedy=f"A name begins with its situation: {', '.join(SITUATIONS)}.",
        )
    for one in deviations:
        if one.clause not in CLAUSES or not one.shown.strip() or not one.reason.strip():
            raise ConfigurationError(f"the deviation {one.name} must say its clause, what is shown, and why")


@cache
def _dependence(probe: str, implementation: frozenset[str]) -> str:
    """Say how a probe's module leads to the adapter, if it does; its own distribution's modules are followed."""
    home = _home(probe)
    waiting, seen = [probe], {probe}
    while waiting:
        module = waiting.pop()
        for target, name in _imports(module):
            if target in implementation:
                return f"{module} imports {target}, which implements the adapter"
            if target.startswith(_READERS) or name in _OPENERS:
                return f"{module} imports {name or target}, which leads to the adapter"
            if _home(target) == home and target not in seen:
                seen.add(target)
                waiting.append(target)
    return ""


def _home(module: str) -> str:
    """Give the part of a module's name within which imports are followed: its distribution, or for ours its room."""
    parts = module.split(".")
    if parts[0] != "trackbridge":
        return parts[0]
    return "adapters and probes" if parts[1:2] == ["adapters"] or parts[1:3] == ["testing", "probes"] else module


def _imports(module: str) -> Iterator[tuple[str, str]]:
    """Give (module, name or "") of every import in a module's source, inside functions too, and of modules named."""
    found = find_spec(module)
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        return
    package = module if found.submodule_search_locations is not None else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(Path(found.origin).read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, "") for alias in names)
            case ast.ImportFrom(module=base, names=names, level=level):
                parent = _absolute(package, base or "", level)
                for alias in names:
                    inner = f"{parent}.{alias.name}"
                    yield (inner, "") if _is_module(inner) else (parent, alias.name)
            case ast.Constant(value=str(text)) if text.count(".") and text.replace(".", "").isidentifier():
                yield text, ""


def _absolute(package: str, base: str, level: int) -> str:
    if not level:
        return base
    parent = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{parent}.{base}" if base else parent


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, AttributeError, ValueError):
        return False
