"""A run's lines: metrics in history, machine metrics in events, the console in output."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from emulators.wandb import extended_json
from emulators.wandb.errors import ProtocolError, ServiceError
from emulators.wandb.service import Service

HISTORY, EVENTS, OUTPUT = "history", "events", "output"
DEFAULT_SAMPLES = 500


def receive(service: Service, run_id: int, stream: str, offset: int, lines: Sequence[str]) -> None:
    """Keep lines from an offset on; what a repeated offset does is the switch `same_offset`.

    Console lines are always replaced: terminal emulation rewrites them (core/internal/filestream/filestreamrequest.go).

    Raises:
        ProtocolError: For a line that is no JSON object or, in history, has no integer `_step`.
    """
    store, rule = service.store, service.switches.same_offset if stream == HISTORY else "replace"
    parsed = [] if stream == OUTPUT else [_parse(stream, line) for line in lines]
    steps = [values.get("_step") for values in parsed] or [None] * len(lines)
    end = offset + len(lines)
    last = store.value("SELECT max(number) FROM line WHERE run_id = ? AND stream = ?", run_id, stream)
    size = 0 if last is None else last + 1
    if offset > size and stream == HISTORY:
        service.record.violation("file_stream", stream, f"lines from {offset} on follow only {size}")
    numbers = range(offset, end)
    if rule == "append" and offset < size:
        numbers = range(size, size + len(lines))
    verb = "INSERT OR IGNORE" if rule == "keep" else "INSERT OR REPLACE"
    store.write_many(
        f"{verb} INTO line VALUES (?, ?, ?, ?, ?)",
        ((run_id, stream, number, step, line) for number, step, line in zip(numbers, steps, lines, strict=True)),
    )
    if stream == HISTORY:
        if service.switches.history_lag_s and numbers:
            service.arrivals.setdefault(run_id, []).append((time.monotonic(), numbers[0]))
        if numbers.start < size:  # some were there before: count anew
            store.write("DELETE FROM history_key WHERE run_id = ?", run_id)
            parsed = [json.loads(row[0]) for row in rows(service, run_id)]
        _count(service, run_id, parsed)


def receive_shared(service: Service, run_id: int, stream: str, client: str, offset: int, lines: Sequence[str]) -> None:
    """Keep lines of one of a run's writers, whose offsets are its own: "the backend infers step numbers".

    core/internal/stream/handler.go, handlePartialHistoryAsync.
    """
    store, key = service.store, (run_id, stream, client)
    known = store.value("SELECT received FROM writer WHERE run_id = ? AND stream = ? AND client = ?", *key) or 0
    if offset > known and stream == HISTORY:
        service.record.violation("file_stream", stream, f"lines of {client} from {offset} on follow only {known}")
    new = lines if service.switches.same_offset == "append" else lines[max(known - offset, 0) :]
    store.write("INSERT OR REPLACE INTO writer VALUES (?, ?, ?, ?)", *key, max(known, offset + len(lines)))
    size = count(service, run_id, stream)
    if stream == HISTORY:
        new = [_numbered(line, size + i) for i, line in enumerate(new)]
    receive(service, run_id, stream, size, new)


def _numbered(line: str, step: int) -> str:
    try:
        values = extended_json.loads(line)
    except ValueError:
        return line  # receive says what is wrong with it
    return json.dumps({**values, "_step": step}) if isinstance(values, dict) else line


def _parse(stream: str, line: str) -> dict[str, Any]:
    try:
        values = extended_json.loads(line)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ProtocolError(f"a line of {stream} is no JSON object: {line[:80]!r}")
    step = values.get("_step")
    if stream == HISTORY and (not isinstance(step, int) or isinstance(step, bool)):
        raise ProtocolError(f"a line of history has no integer _step: {line[:80]!r}")
    return values if stream == HISTORY else {}


def _count(service: Service, run_id: int, parsed: Sequence[dict[str, Any]]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    alike: Counter[tuple[Any, ...]] = Counter()  # rows of the same keys and types, which most are, are looked at once
    examples: dict[tuple[Any, ...], dict[str, Any]] = {}
    for values in parsed:
        kinds = tuple(map(type, values.values()))
        if dict in kinds:
            seen.update(_types(values))
        else:
            form = (*values, *kinds)
            alike[form] += 1
            examples.setdefault(form, values)
    for form, times in alike.items():
        seen.update(dict.fromkeys(_types(examples[form]), times))
    service.store.write_many(
        "INSERT INTO history_key VALUES (?, ?, ?, ?) "
        "ON CONFLICT (run_id, name, type) DO UPDATE SET count = count + excluded.count",
        ((run_id, name, kind, count) for (name, kind), count in seen.items()),
    )
    last = max((values["_step"] for values in parsed), default=-1)
    service.store.write("UPDATE run SET last_step = max(last_step, ?) WHERE id = ?", last, run_id)


def _types(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict) and "_type" not in value:
            yield from _types(value, f"{prefix}{key}.")
        else:
            yield prefix + key, _type(value)


def _type(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
        case {"_type": str(name)}:
            return name
    return "nil"


def rows(
    service: Service,
    run_id: int,
    minimum: int | None = None,
    maximum: int | None = None,
    *,
    stream: str = HISTORY,
    first: int = 0,
) -> list[sqlite3.Row]:
    """Give the (body, step) of lines with minimum <= step < maximum from a number on: by step, then as they came."""
    query, values = "SELECT body, step FROM line WHERE run_id = ? AND stream = ?", [run_id, stream]
    if first:
        query, values = query + " AND number >= ?", [*values, first]
    if stream == HISTORY and (end := _not_read_yet(service, run_id)) is not None:
        query, values = query + " AND number < ?", [*values, end]
    if minimum is not None:
        query, values = query + " AND step >= ?", [*values, minimum]
    if maximum is not None:
        query, values = query + " AND step < ?", [*values, maximum]
    order = " ORDER BY step, number" if stream == HISTORY else " ORDER BY number"
    return service.store.rows(query + order, *values)


def _not_read_yet(service: Service, run_id: int) -> int | None:
    """Give the number of the first line that came too lately to be read (the switch `history_lag_s`)."""
    lag_s = service.switches.history_lag_s
    if not lag_s or run_id not in service.arrivals:
        return None
    known_s = time.monotonic() - lag_s
    service.arrivals[run_id] = late = [each for each in service.arrivals[run_id] if each[0] > known_s]
    return min((number for _, number in late), default=None)


def bodies(service: Service, found: Sequence[sqlite3.Row]) -> list[str]:
    """Give rows as texts, those of one step merged when the switch `same_step` says so."""
    if service.switches.same_step == "keep":
        return [row["body"] for row in found]
    merged: list[tuple[int, dict[str, Any]]] = []
    for row in found:
        values = extended_json.loads(row["body"])
        if merged and merged[-1][0] == row["step"]:
            merged[-1][1].update(values)
        else:
            merged.append((row["step"], values))
    return [json.dumps(values) for _, values in merged]


def sample(service: Service, items: Sequence[Any], size: int | None) -> list[Any]:
    """Give at most `size` items, evenly spread, the first and the last among them."""
    size = min(DEFAULT_SAMPLES if size is None else size, service.switches.history_page_limit)
    if len(items) <= size:
        return list(items)
    if size < 2:
        return list(items[:size])
    return [items[i * (len(items) - 1) // (size - 1)] for i in range(size)]


def page(service: Service, run_id: int, minimum: int | None, maximum: int | None, samples: int | None) -> list[str]:
    """Give rows as JSON texts: of a range of steps (HistoryPage; `maxStep` is exclusive) the live ones, else all."""
    live = 0
    if maximum is not None:
        live = service.store.value("SELECT exported_lines FROM run WHERE id = ?", run_id)
    texts = bodies(service, rows(service, run_id, minimum, maximum, first=live))
    return [extended_json.string(text, service.switches) or "" for text in sample(service, texts, samples)]


def events(service: Service, run_id: int, samples: int | None) -> list[str]:
    return sample(service, [row["body"] for row in rows(service, run_id, stream=EVENTS)], samples)


def sampled(service: Service, run_id: int, specification: str) -> list[dict[str, Any]]:
    """Give rows that have all of a specification's keys, with those keys only (`maxStep` is inclusive).

    core/internal/runhistoryreader/livedata.go, getLiveDataForSpecificKeys.

    Raises:
        ServiceError: For a specification that the SDK does not make.
    """
    asked = json.loads(specification)
    unknown = set(asked) - {"keys", "samples", "minStep", "maxStep"}
    if unknown or not isinstance(asked.get("keys"), list):
        raise ServiceError(f"unknown history specification: {specification}")
    maximum = asked.get("maxStep")
    live = 0
    if maximum is not None:
        live = service.store.value("SELECT exported_lines FROM run WHERE id = ?", run_id)
    found = rows(service, run_id, asked.get("minStep"), None if maximum is None else maximum + 1, first=live)
    picked = (pick(json.loads(text), asked["keys"]) for text in bodies(service, found))
    return sample(service, [extended_json.plain(row) for row in picked if row is not None], asked.get("samples"))


def pick(values: dict[str, Any], keys: Sequence[str]) -> dict[str, Any] | None:
    """Give those keys of a row, nested ones by their dotted names; None where one is not there."""
    picked = {}
    for key in keys:
        value: Any = values
        if key in values:
            value = values[key]
        else:
            for part in key.split("."):
                if not isinstance(value, dict) or part not in value:
                    return None
                value = value[part]
        picked[key] = value
    return picked


def count(service: Service, run_id: int, stream: str) -> int:
    last = service.store.value("SELECT max(number) FROM line WHERE run_id = ? AND stream = ?", run_id, stream)
    return 0 if last is None else last + 1


def tail(service: Service, run_id: int, stream: str) -> str:
    """Give the last line within a list, as JSON (core/internal/runbranch/processresponse.go)."""
    body = service.store.value(
        "SELECT body FROM line WHERE run_id = ? AND stream = ? ORDER BY number DESC LIMIT 1", run_id, stream
    )
    return json.dumps([] if body is None else [body])


def keys(service: Service, run: sqlite3.Row) -> dict[str, Any] | None:
    """Give what history has of each key; None without history (wandb/apis/public/runs.py, lastHistoryStep)."""
    found: dict[str, dict[str, Any]] = {}
    for row in service.store.rows("SELECT * FROM history_key WHERE run_id = ? ORDER BY name, type", run["id"]):
        entry = found.setdefault(row["name"], {"typeCounts": [], "monotonic": False, "previousValue": None})
        entry["typeCounts"].append({"type": row["type"], "count": row["count"]})
    return {"keys": found, "sets": [], "lastStep": run["last_step"]} if found else None
