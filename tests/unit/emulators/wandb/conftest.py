"""The vendor's own SDK before the emulator: nothing here knows trackbridge."""

from __future__ import annotations

import base64
import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulators.wandb import Handle

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def sdk(wandb_server: Handle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The wandb package, led to the emulator; one wandb-core serves the whole session."""
    folder = tmp_path_factory.mktemp("wandb")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in wandb_server.environment.items():
            patch.setenv(name, value)
        for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR", "WANDB_ARTIFACT_DIR"):
            patch.setenv(name, str(folder))
        import wandb

        wandb.teardown()  # what another test of this process has set up keeps to the environment of that time
        yield wandb
        wandb.teardown()


@pytest.fixture
def project() -> str:
    """A project of this test's own."""
    return f"project-{next(_NUMBERS)}"


@pytest.fixture
def start(sdk: Any, wandb_emulator: Handle, project: str) -> Callable[..., Any]:
    """Start a run in that project."""

    def start(**options: Any) -> Any:
        return sdk.init(project=options.pop("project", project), reinit="create_new", **options)

    return start


@pytest.fixture
def api(sdk: Any, wandb_emulator: Handle) -> Any:
    """The public API."""
    return sdk.Api()


class Raw:
    """Requests as the SDK makes them, one by one."""

    def __init__(self, handle: Handle, project: str) -> None:
        self._url, self._project = handle.url, project
        key = base64.b64encode(f"api:{handle.account.key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {key}"}

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, Any]:
        """Give an answer's status, its JSON and its headers."""
        url = path if path.startswith("http") else self._url + path
        request = urllib.request.Request(url, body or None, {**self._headers, **headers}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                content = answer.read()
                return answer.status, json.loads(content or b"{}"), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}"), error.headers

    def ask(self, query: str, **variables: Any) -> Any:
        """Give what a query answers; fail where it is an error."""
        status, answer, _ = self.send("POST", "/graphql", json.dumps({"query": query, "variables": variables}).encode())
        assert status == 200, answer
        return answer["data"]

    def create(self, run: str) -> None:
        """Make a run in this test's project."""
        mutation = "mutation M($n: String, $p: String) {upsertBucket(input: {name: $n, modelName: $p}) {inserted}}"
        assert self.ask(mutation, n=run, p=self._project)["upsertBucket"]["inserted"]

    def stream(self, run: str, **request: Any) -> tuple[int, Any, Any]:
        return self.send("POST", f"/files/team/{self._project}/{run}/file_stream", json.dumps(request).encode())

    def history(self, run: str, offset: int, *rows: dict[str, Any]) -> tuple[int, Any, Any]:
        """Send rows of history."""
        chunk = {"offset": offset, "content": [json.dumps(row) for row in rows]}
        return self.stream(run, files={"wandb-history.jsonl": chunk})

    def rows(self, run: str, fields: str = "history(samples: 100000)") -> Any:
        """Give a run's history, or other fields of it."""
        query = f"query Q($p: String, $n: String!) {{project(name: $p) {{run(name: $n) {{{fields}}}}}}}"
        found = self.ask(query, p=self._project, n=run)["project"]["run"]
        return [json.loads(row) for row in found["history"]] if set(found) == {"history"} else found


@pytest.fixture
def raw(wandb_emulator: Handle, project: str) -> Raw:
    """Requests without the SDK."""
    return Raw(wandb_emulator, project)
