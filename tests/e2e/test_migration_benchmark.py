"""The benchmark of migrations works; how fast they are is for ``make bench`` on a quiet machine."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from benchmarks.link import far

PROJECT = Path(__file__).parents[2]
GOALS = {"between": [0.8], "alone": [None, None, None, None, None, 1.5]}


def measured(**servers: str) -> list[dict[str, Any]]:
    options = [word for database, url in servers.items() for word in ("--mlflow", f"{database}={url}")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "migration", "--scale", "small", "--json", *options],
        cwd=PROJECT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.server
@pytest.mark.full
def test_migrations_are_measured(mlflow_sqlite: dict[str, str]) -> None:
    rows = measured(SQLite=mlflow_sqlite["url"])
    assert [row["what"] for row in rows if "why" in row] == ["migration between two MLflow servers"]
    assert [row["goal"] for row in rows if "why" not in row] == GOALS["alone"]


@pytest.mark.server
@pytest.mark.full
def test_migrations_between_servers_are_measured(mlflow_sqlite, mlflow_postgres_s3) -> None:
    rows = measured(SQLite=mlflow_sqlite["url"], PostgreSQL=mlflow_postgres_s3["url"])
    rows = [row for row in rows if "mlflow-export-import" not in row["what"]]  # which is there where `make bench` was
    assert rows[0]["what"].endswith("that ran already, against a loop by hand")
    assert [row["goal"] for row in rows] == GOALS["between"] + GOALS["alone"]


def test_a_longer_way_is_longer_and_changes_nothing(monkeypatch) -> None:
    content = bytes(range(256)) * 4_000

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.chdir(PROJECT)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with far(f"http://127.0.0.1:{server.server_port}", 200) as url:
            begin = time.monotonic()
            with urllib.request.urlopen(url, timeout=30) as answer:
                assert answer.read() == content
            assert time.monotonic() - begin >= 0.2
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(url, timeout=5)  # it has ended
        server.shutdown()
