"""A version's signature against a feature schema: every column that is missing, extra, of another type or misplaced."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trackbridge.gates.facts import Facts
from trackbridge.gates.verdicts import Finding, Status
from trackbridge.records.names import shown

__all__ = ["Column", "Schema"]

# A value of the first type is read as one of the others without loss: https://mlflow.org/docs/latest/ml/model/signatures/
_WIDER: Final[Mapping[str, frozenset[str]]] = {
    "boolean": frozenset({"integer", "long", "float", "double"}),
    "integer": frozenset({"long", "double"}),
    "long": frozenset(),
    "float": frozenset({"double"}),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a feature schema: the types its values may have, in the words of signatures; none for any type."""

    name: str
    types: frozenset[str]
    required: bool = True


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of the version's signature are those of a feature schema.

    Attributes:
        columns: What serving will give the model.
        source: Where they come from, for messages.
        side: "inputs" or "outputs" of the signature.
        widening: Whether the model may take more than it is given: a wider type, or a column that it does not need.
        ordered: Whether the columns must come in the schema's order.
    """

    columns: tuple[Column, ...]
    source: str
    side: str = "inputs"
    widening: bool = True
    ordered: bool = True

    def findings(self, candidate: Facts, _baseline: Facts | None) -> Iterator[Finding]:
        """Compare column by column."""
        subject = f"{self.side} of the signature against {self.source}"
        fields = _fields(candidate.version.signature, self.side)
        if isinstance(fields, str):
            yield Finding("schema", subject, "insufficient", f"{candidate.label} {fields}")
            return
        faults = [*self._absent(fields), *self._retyped(fields), *self._misplaced(fields)]
        status: Status = "fail" if faults else "pass"
        reason = "; ".join(faults) or f"all {len(fields)} columns are those of {self.source}"
        yield Finding("schema", subject, status, reason, notes=tuple(self._widened(fields)))

    def _absent(self, fields: Sequence[_Field]) -> Iterator[str]:
        known, wanted = {field.name for field in fields}, {column.name for column in self.columns}
        if missing := [column.name for column in self.columns if column.required and column.name not in known]:
            yield f"missing: {_listed(missing)}"
        unknown = [field for field in fields if field.name not in wanted]
        if extra := [field.name for field in unknown if field.required or not self.widening]:
            yield f"extra: {_listed(extra)}"

    def _retyped(self, fields: Sequence[_Field]) -> Iterator[str]:
        for field, column in self._paired(fields):
            if not (self._fits(field, column) or (self.widening and _is_wider(field, column))):
                yield f"retyped: {shown(field.name)} is {field.type}, not {_either(column.types)}"

    def _misplaced(self, fields: Sequence[_Field]) -> Iterator[str]:
        if not self.ordered:
            return
        places = {column.name: at for at, column in enumerate(self.columns)}
        common = [field.name for field in fields if field.name in places]
        kept = _longest_rise([places[name] for name in common])
        if moved := [name for at, name in enumerate(common) if at not in kept]:
            yield f"reordered: {_listed(moved)}"

    def _widened(self, fields: Sequence[_Field]) -> Iterator[str]:
        if not self.widening:
            return
        for field, column in self._paired(fields):
            if not self._fits(field, column) and _is_wider(field, column):
                yield f"{shown(field.name)} is widened from {_either(column.types)} to {field.type}"
        known = {column.name for column in self.columns}
        for field in fields:
            if field.name not in known and not field.required:
                yield f"{shown(field.name)} is not in the schema, and the model does without it"

    def _paired(self, fields: Sequence[_Field]) -> Iterator[tuple[_Field, Column]]:
        columns = {column.name: column for column in self.columns}
        return ((field, columns[field.name]) for field in fields if field.name in columns)

    def _fits(self, field: _Field, column: Column) -> bool:
        return not column.types or field.type in column.types


def _is_wider(field: _Field, column: Column) -> bool:
    """Tell whether every value that the column may have is read by the model without loss."""
    return field.type == "any" or all(kind == field.type or field.type in _WIDER.get(kind, ()) for kind in column.types)


def _fields(signature: str | None, side: str) -> list[_Field] | str:
    """Read one side of a signature, or say why it has no columns."""
    if not signature:
        return "has no signature"
    try:
        listed = json.loads(signature).get(side)
        listed = json.loads(listed) if isinstance(listed, str) else listed
        if not listed:
            return f"has a signature without {side}"
        return [_field(column) for column in listed]
    except (ValueError, TypeError, AttributeError):
        return "has a signature that cannot be read"
    except KeyError:
        return "has a signature without the names of columns"


def _field(column: Mapping[str, Any]) -> _Field:
    spec = column.get("tensor-spec")
    kind = f"tensor of {spec['dtype']}" if spec else str(column["type"])
    return _Field(str(column["name"]), kind, bool(column.get("required", not column.get("optional", False))))


def _longest_rise(places: Sequence[int]) -> set[int]:
    """Give the indices of a longest rising subsequence: what is left out is the least that must be moved."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, place in enumerate(places):
        slot = bisect_left(tails, place)
        tails[slot : slot + 1] = [place]
        ends[slot : slot + 1] = [at]
        before.append(ends[slot - 1] if slot else -1)
    kept: set[int] = set()
    at = ends[-1] if ends else -1
    while at >= 0:
        kept.add(at)
        at = before[at]
    return kept


def _listed(names: Sequence[str]) -> str:
    return ", ".join(shown(name) for name in names)


def _either(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "any"
