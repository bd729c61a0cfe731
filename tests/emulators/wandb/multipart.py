"""Contents that come in parts: files of 2 GiB and more (core/pkg/artifacts/multipart.go)."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Sequence
from typing import Any

from emulators.wandb import files
from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service
from emulators.wandb.store import Stored


def begin(service: Service, file: sqlite3.Row, parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give an address for each part."""
    urls = []
    for part in parts:
        service.store.write(
            "INSERT OR IGNORE INTO upload_part (file_id, number, upload, md5) VALUES (?, ?, ?, ?)",
            *(file["id"], part["partNumber"], files.new_upload(), part["hexMD5"]),
        )
        upload = service.store.value(
            "SELECT upload FROM upload_part WHERE file_id = ? AND number = ?", file["id"], part["partNumber"]
        )
        urls.append({"partNumber": part["partNumber"], "uploadUrl": files.address(service, upload, file["name"])})
    return {"uploadID": file["upload"], "uploadUrlParts": urls}


def put(service: Service, upload: str, stored: Stored) -> bool:
    """Take a part; whether its address is one.

    Raises:
        ServiceError: 400 for content that is not what was announced.
    """
    part = service.store.row("SELECT * FROM upload_part WHERE upload = ?", upload)
    if part is None:
        return False
    if part["md5"] != stored.md5:
        raise ServiceError(f"part {part['number']} is not the content announced")
    service.store.update("upload_part", part["id"], blob=stored.blob)
    return True


def complete(service: Service, values: dict[str, Any]) -> str:
    """Make one content of the parts; give its digest.

    Raises:
        ServiceError: 400 where a part is missing or its ETag is not the one given.
    """
    file = service.store.row("SELECT * FROM artifact_file WHERE upload = ?", values["uploadID"])
    if file is None:
        raise ServiceError(f"upload {values['uploadID']} not found", 404)
    parts = service.store.rows("SELECT * FROM upload_part WHERE file_id = ? ORDER BY number", file["id"])
    given = {part["partNumber"]: part["hexMD5"].strip('"') for part in values["completedParts"]}
    if given != {part["number"]: part["md5"] for part in parts} or any(part["blob"] is None for part in parts):
        raise ServiceError("the parts given are not the parts uploaded")
    stored = service.store.join_blobs([part["blob"] for part in parts])
    digest = base64.b64encode(bytes.fromhex(stored.md5)).decode()
    if digest != file["digest"]:
        raise ServiceError("the parts do not make the content announced")
    service.store.update("artifact_file", file["id"], blob=stored.blob, size=stored.size)
    service.store.write("DELETE FROM upload_part WHERE file_id = ?", file["id"])
    return digest
