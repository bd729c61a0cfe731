"""The file_stream protocol: POST /files/<entity>/<project>/<run>/file_stream.

core/internal/filestream/filestreamrequest.go, FileStreamRequestJSON, is all that a request may have.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from emulators.wandb import extended_json, files, history, ids, runs
from emulators.wandb.errors import ProtocolError
from emulators.wandb.service import Service

STREAMS = {
    "wandb-history.jsonl": history.HISTORY,
    "wandb-events.jsonl": history.EVENTS,
    "output.log": history.OUTPUT,
}
SUMMARY = "wandb-summary.json"
# In characters. The back end imposes it, says core/internal/filestream/filestream.go, which stays under it.
LINE_LIMIT = 10 << 20
KEYS = {"files", "uploaded", "preempting", "complete", "exitcode"}


def receive(
    service: Service, entity: str, project: str, name: str, body: bytes, client: str | None = None
) -> dict[str, Any]:
    """Take a request in whole; give the feedback that the SDK reads: `stopped`.

    `client` is who writes in shared mode (core/internal/stream/stream_init.go, X-WANDB-ASYNC-CLIENT-ID).

    A request of any kind is a heartbeat, and makes the run live again unless it completes it: "the filestream
    'uploaded' path resurrects the run" (wandb/apis/public/runs.py, upload_file).

    Raises:
        ServiceError: 404 for a run that there is not.
        ProtocolError: 400 for anything that the protocol does not have.
    """
    try:
        request = json.loads(body)
    except ValueError as error:
        raise ProtocolError(f"no JSON: {error}") from error
    _check(request)
    run = runs.need(service, entity, project, name)
    if service.switches.rate_limits == "documented":
        service.limits.take("file_stream requests of a run", f"{entity}/{project}/{name}")
        service.limits.take("file_stream requests of a project", f"{entity}/{project}")
        service.limits.take("file_stream bytes of a project", f"{entity}/{project}", len(body))
    for file_name, chunk in request.get("files", {}).items():
        if file_name == SUMMARY:
            _summary(service, run, chunk["content"], merge=client is not None)
        elif client is None:
            history.receive(service, run["id"], STREAMS[file_name], chunk["offset"], chunk["content"])
        else:
            history.receive_shared(service, run["id"], STREAMS[file_name], client, chunk["offset"], chunk["content"])
    files.mark(service, run["id"], request.get("uploaded") or [])
    changes: dict[str, Any] = {"heartbeat_ms": ids.now_ms(), "state": "running"}
    if request.get("preempting"):
        changes["state"] = "preempting"
    if request.get("complete"):
        code = request.get("exitcode", 0)
        failed = "killed" if code == service.switches.killed_exit_code else "failed"
        changes |= {"state": failed if code else "finished", "exitcode": code}
    service.store.update("run", run["id"], **changes)
    runs.touch(service, run["id"])
    return {"stopped": bool(run["stop_requested"]), "exitcode": None, "limits": {}}


def _check(request: Any) -> None:
    faults = []
    if not isinstance(request, dict):
        faults.append("the body is no object")
    else:
        faults += [f"unknown key {key!r}" for key in request.keys() - KEYS]
        for name, chunk in request.get("files", {}).items():
            if name not in STREAMS and name != SUMMARY:
                faults.append(f"unknown file {name!r}")
            elif not (isinstance(chunk, dict) and chunk.keys() == {"offset", "content"}):
                faults.append(f"{name} is no offset and content")
            elif not (isinstance(chunk["offset"], int) and chunk["offset"] >= 0):
                faults.append(f"{name} has the offset {chunk['offset']!r}")
            elif not all(isinstance(line, str) for line in chunk["content"]):
                faults.append(f"{name} has content that is no text")
            elif any(len(line) > LINE_LIMIT for line in chunk["content"]):
                faults.append(f"{name} has a line of more than {LINE_LIMIT} characters")
    if faults:
        raise ProtocolError("; ".join(faults))


def _summary(service: Service, run: sqlite3.Row, content: list[str], *, merge: bool) -> None:
    """Keep the last line ("the backend only looks at the last line", core/internal/filestream/filestreamstate.go).

    In shared mode each writer has its own part of the summary.
    """
    values = extended_json.loads(content[-1]) if content else None
    if not isinstance(values, dict):
        raise ProtocolError("the summary is no JSON object")
    text = json.dumps({**extended_json.loads(run["summary"]), **values}) if merge else content[-1]
    service.store.update("run", run["id"], summary=text)
