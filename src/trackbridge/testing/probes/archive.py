"""The files of an archive, through fsspec, pyarrow and `json`: as docs/reference/archive-format.md describes them."""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from trackbridge.protocol import BackendUrl, VersionState
from trackbridge.testing.probe import ProbedModel, ProbedRun

__all__ = ["ArchiveProbe"]


class ArchiveProbe:
    """See `trackbridge.testing.Probe`. What tables hold is read from them, and only what came later from commits."""

    def __init__(self, url: BackendUrl) -> None:
        import fsspec

        kind = url.scheme.partition("+")[2]
        options = {"endpoint_url": url.options["endpoint_url"]} if "endpoint_url" in url.options else {}
        self._files: Any = fsspec.filesystem(kind, use_listings_cache=False, skip_instance_cache=True, **options)
        self._root = unquote(url.location).rstrip("/")

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run."""
        home = f"runs/{run_id}"
        row, later = self._entity(home, "run")
        for commit in later:
            _apply(row, commit)
        if not row:
            return None
        return ProbedRun(
            native_id=row["id"],
            name=row["name"],
            experiment=row["experiment"],
            status=row["status"],
            started_ms=row["started"],
            ended_ms=row["ended"],
            parent=row["parent"],
            deleted=row["deleted"],
            params=row["params"],
            tags=row["tags"],
            datasets=tuple((one["name"], one.get("digest"), one.get("context")) for one in row["datasets"].values()),
            artifacts={path: size for path, (size, _) in row["artifacts"].items()},
        )

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give every point of a metric: of the table, then of later commits."""
        home = f"runs/{run_id}"
        row, later = self._entity(home, "run")
        file, loose = row.get("points_file"), list[tuple[int, int, float]]()
        for commit in later:
            if "points_file" in commit:
                file = commit["points_file"]["key"].rpartition("/")[2]
            for name, *columns in commit.get("points", ()):
                if name == metric:
                    loose += [(step, time, _float(text)) for step, time, text in zip(*columns, strict=True)]
        found = [*self._stored(f"{home}/{file}", metric), *loose] if file else loose
        return list(
            {(step, time, struct.pack(">d", value)): (step, time, value) for step, time, value in found}.values()
        )

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""
        home = f"runs/{run_id}"
        row, later = self._entity(home, "run")
        for commit in later:
            _apply(row, commit)
        return self._read(f"{home}/artifacts/{row['artifacts'][path][1]}")

    def model(self, name: str) -> ProbedModel | None:
        """Find a model."""
        home = _model_home(name)
        row, later = self._entity(home, "model")
        for commit in later:
            _apply_model(row, commit)
        if not row or row["deleted"]:
            return None
        trail = sorted(self._names(f"{home}/trail"))
        return ProbedModel(
            name,
            {
                n: VersionState(one["stage"], one["approval"], tuple(sorted(one["aliases"])))
                for n, one in sorted(row["versions"].items())
                if not one["deleted"]
            },
            tuple(self._read(f"{home}/trail/{entry}") for entry in trail),
        )

    def delete_sidecars(self, run_id: str) -> int:
        """Delete the run's sidecar objects."""
        folder = f"runs/{run_id}/objects/sidecar"
        names = self._names(folder)
        for name in names:
            self._files.rm_file(self._at(f"{folder}/{name}"))
        return len(names)

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Set a tag; the stamp of one that is there stays as it was, as far as a commit still shows it."""
        stamp = [0, "", 0]
        for commit in self._commits(f"runs/{run_id}", whole=True):
            for known, _, its in commit.get("tags", ()):
                stamp = its if known == name else stamp
        self._commit(f"runs/{run_id}", {"tags": [[name, value, stamp]]})

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's stage."""
        home = _model_home(model)
        row, later = self._entity(home, "model")
        for commit in later:
            _apply_model(row, commit)
        one = row["versions"][number]
        state = {"stage": stage, "approval": one["approval"], "aliases": list(one["aliases"])}
        self._commit(home, {"versions": [{"number": number, "state": state}]})

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the trail."""
        folder = f"{_model_home(model)}/trail"
        for name in self._names(folder):
            self._files.rm_file(self._at(f"{folder}/{name}"))
        for n, data in enumerate(entries):
            self._files.pipe_file(self._at(f"{folder}/{n:08}"), data)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _at(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _read(self, key: str) -> bytes:
        return bytes(self._files.cat_file(self._at(key)))

    def _names(self, folder: str) -> list[str]:
        try:
            rows = self._files.ls(self._at(folder), detail=True)
        except FileNotFoundError:
            return []
        return sorted(row["name"].rpartition("/")[2] for row in rows if row["type"] == "file")

    def _entity(self, home: str, kind: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Give the latest row of an entity's tables, {} for none, and the commits that came later."""
        from pyarrow import parquet

        tables = [name for name in self._names(home) if name.startswith(f"{kind}-")]
        if not tables:
            return {}, list(self._commits(home))
        (row,) = parquet.read_table(io.BytesIO(self._read(f"{home}/{tables[-1]}"))).to_pylist()
        plain = _plain_run(row) if kind == "run" else _plain_model(row)
        return plain, [one for one in self._commits(home) if one["n"] > row["commit"]]

    def _commits(self, home: str, *, whole: bool = False) -> Iterator[dict[str, Any]]:
        names = self._names(f"{home}/log")
        for name in names:
            body: dict[str, Any] = json.loads(self._read(f"{home}/log/{name}"))["body"]
            if re.fullmatch(r"\d{8}\.json", name):
                yield body
            elif whole:
                yield body["state"]

    def _commit(self, home: str, body: dict[str, Any]) -> None:
        last = max(int(name[:8]) for name in self._names(f"{home}/log"))
        text = json.dumps(
            {**body, "n": last + 1, "token": "a colleague's"}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        sealed = f'{{"body":{text},"sha256":"{hashlib.sha256(text.encode()).hexdigest()}"}}'
        self._files.pipe_file(self._at(f"{home}/log/{last + 1:08}.json"), sealed.encode())

    def _stored(self, key: str, metric: str) -> list[tuple[int, int, float]]:
        import pyarrow as pa
        from pyarrow import parquet

        table = parquet.read_table(io.BytesIO(self._read(key)), filters=[("name", "=", metric)])
        times = table["timestamp"].cast(pa.int64()).to_pylist()
        return list(zip(table["step"].to_pylist(), times, table["value"].to_pylist(), strict=True))


def _model_home(name: str) -> str:
    legible = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    return f"models/{legible}-{hashlib.sha256(name.encode()).hexdigest()[:32]}".replace("/-", "/")


def _plain_run(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "started": _ms(row["started"]),
        "ended": _ms(row["ended"]),
        "params": {one["name"]: _value(one) for one in row["params"]},
        "tags": {one["name"]: one["value"] for one in row["tags"]},
        "datasets": {_dataset_key(one): one for one in row["datasets"]},
        "artifacts": {one["path"]: (one["size"], one["sha256"]) for one in row["artifacts"]},
    }


def _apply(row: dict[str, Any], commit: dict[str, Any]) -> None:
    if born := commit.get("run"):
        row |= {"status": "RUNNING", "ended": None, "deleted": False, **born, "started": born["started_ms"]}
        row |= {part: {} for part in ("params", "tags", "datasets", "artifacts")}
    row["deleted"] = commit.get("deleted", row["deleted"])
    row["params"] |= {name: _decoded(pair) for name, pair in commit.get("params", {}).items()}
    for name, value, _ in commit.get("tags", ()):
        row["tags"].pop(name, None)
        if value is not None:
            row["tags"][name] = value
    for name, pair, _ in commit.get("attributes", ()):
        if name == "name":
            row["name"] = pair[1]
    for one in commit.get("datasets", ()):
        row["datasets"][_dataset_key(one)] = one
    if status := commit.get("status"):
        row["status"], row["ended"] = status[1], status[2]
    if one := commit.get("artifact"):
        row["artifacts"][one["path"]] = (one["size"], one["sha256"])


def _plain_model(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "versions": {one["number"]: one for one in row["versions"]}}


def _apply_model(row: dict[str, Any], commit: dict[str, Any]) -> None:
    if "model" in commit:
        row |= {"deleted": False, "versions": {}}
    row["deleted"] = row["deleted"] or commit.get("deleted", False)
    for one in commit.get("versions", ()):
        known = {"stage": "None", "approval": "pending", "aliases": [], "deleted": False}
        known |= row["versions"].get(one["number"], {})
        row["versions"][one["number"]] = {**known, **one.get("state", {}), "deleted": one.get("deleted", False)}
    shown = commit.get("mirror", {}).get("versions", {})
    moved = {alias for state in shown.values() for alias in state["aliases"]}
    for n, one in row["versions"].items():
        one["aliases"] = [alias for alias in one["aliases"] if alias not in moved]
        one.update(shown.get(str(n), {}))


def _value(row: dict[str, Any]) -> object:
    match row["type"]:
        case "bool":
            return row["bool"]
        case "int":
            return int(row["value"])
        case "float":
            return row["float"]
        case "list" | "dict":
            return json.loads(row["value"])
    return row["value"]


def _decoded(pair: list[Any]) -> Any:
    match pair:
        case ["int", text]:
            return int(text)
        case ["float", text]:
            return _float(text)
        case ["list", items]:
            return [_decoded(item) for item in items]
        case ["dict", items]:
            return {name: _decoded(item) for name, item in items.items()}
    return pair[1]


def _float(text: str) -> float:
    (value,) = struct.unpack(">d", bytes.fromhex(text))
    return float(value)


def _ms(moment: Any) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _dataset_key(one: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(one.get(part) or "" for part in ("name", "version", "digest", "uri", "context"))
