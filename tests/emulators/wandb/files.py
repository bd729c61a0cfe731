"""Files of runs, and the addresses that contents are put to and got from."""

from __future__ import annotations

import fnmatch
import mimetypes
import secrets
import sqlite3
from collections.abc import Sequence
from urllib.parse import quote

from emulators.wandb import ids, runs
from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service
from emulators.wandb.store import Stored

# Where an upload of each kind is written down; `upload` is the secret in its address.
TABLES = ("run_file", "manifest", "artifact_file")
READABLE = (*TABLES, "export")


def address(service: Service, upload: str, name: str) -> str:
    """Give where a content is put to and got from, as a presigned address: no key is asked for."""
    return f"{service.base_url}/storage/{upload}/{quote(name)}"


def new_upload() -> str:
    return secrets.token_urlsafe(18)


def put(service: Service, upload: str, stored: Stored) -> bool:
    """Take what was put to an address; whether there is that address."""
    for table in TABLES:
        row = service.store.row(f"SELECT id FROM {table} WHERE upload = ?", upload)
        if row is None:
            continue
        values = {"blob": stored.blob}
        if table == "run_file":
            values |= {"size": stored.size, "md5": stored.md5, "updated_ms": ids.now_ms()}
        elif table == "artifact_file":
            values |= {"size": stored.size}
        service.store.update(table, row["id"], **values)
        return True
    return False


def content(service: Service, upload: str) -> str | None:
    """Give the blob behind an address, None before it was put."""
    for table in READABLE:
        found = service.store.row(f"SELECT blob FROM {table} WHERE upload = ?", upload)
        if found is not None:
            return found["blob"]
    return None


def create(service: Service, run: sqlite3.Row, names: Sequence[str]) -> list[sqlite3.Row]:
    """Make room for files of a run; a name that there is already keeps its address."""
    for name in names:
        service.store.write(
            "INSERT OR IGNORE INTO run_file (run_id, name, upload, mimetype) VALUES (?, ?, ?, ?)",
            *(run["id"], name, new_upload(), mimetypes.guess_type(name)[0] or ""),
        )
    return [
        service.store.row("SELECT * FROM run_file WHERE run_id = ? AND name = ?", run["id"], name) for name in names
    ]


def mark(service: Service, run_id: int, names: Sequence[str]) -> None:
    """Note that files are uploaded (markRunFilesUploaded, or `uploaded` in file_stream)."""
    for name in names:
        service.store.write("UPDATE run_file SET marked = 1 WHERE run_id = ? AND name = ?", run_id, name)


def listed(
    service: Service, run_id: int, names: Sequence[str | None] | None = None, pattern: str | None = None
) -> list[sqlite3.Row]:
    """Give the files that are there: all, those names, or those like an SQL pattern (wandb/apis/public/files.py)."""
    found = service.store.rows("SELECT * FROM run_file WHERE run_id = ? AND blob IS NOT NULL ORDER BY id", run_id)
    if service.switches.files_appear == "marked":
        found = [row for row in found if row["marked"]]
    if names:
        found = [row for row in found if row["name"] in names]
    if pattern:
        glob = pattern.replace("%", "*").replace("_", "?")
        found = [row for row in found if fnmatch.fnmatchcase(row["name"], glob)]
    return found


def delete(service: Service, file_ids: Sequence[str]) -> None:
    """Delete files of runs.

    Raises:
        ServiceError: 404 for one that there is not.
    """
    for text in file_ids:
        number = ids.number("File", text)
        if runs.by_id(service, service.store.value("SELECT run_id FROM run_file WHERE id = ?", number)) is None:
            raise ServiceError(f"file {text} not found", 404)
        service.store.write("DELETE FROM run_file WHERE id = ?", number)
