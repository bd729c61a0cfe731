"""``trackbridge demo``: a real project from training to production, on one backend or on several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trackbridge.cli._options import AsJson
from trackbridge.cli._output import console, emit, say
from trackbridge.errors import ConfigurationError, TrackbridgeError
from trackbridge.records.times import now_ms

if TYPE_CHECKING:
    from trackbridge.cli._demo_report import Play

__all__ = ["demo"]

FOLDER = Path(".trackbridge/demo")


def demo(
    *,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            "--backend",
            metavar="URL",
            help="Where to record; several times for several backends. By default the embedded store and a real server, "
            "where a plugin can start one.",
        ),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where the data, and by default all else, go.")
    ] = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Train three real models, promote the best to Production, load it back and predict."""
    _require_extras()
    from trackbridge.cli import _demo_report as report

    with ExitStack() as running:
        servers = [] if backend else _servers(folder, running, quiet=as_json)
        urls = backend or [f"local://{folder / 'store'}", *(server.url for server in servers)]
        plays = [_play(url, folder, quiet=as_json) for url in urls]
        both = _play_at_once(urls, folder, quiet=as_json) if len(urls) > 1 else {}
        if as_json:
            emit([report.as_document(play) | {"at_once": both.get(play.url, {})} for play in plays])
            return
        report.show(plays[-1], console())
        if len(plays) > 1:
            report.show_equal(plays, both, console())
    report.show_places(plays, folder / "data", {server.url: server.later for server in servers})
    if not backend and not servers:
        say()
        say("Only the embedded store was played on: no plugin here brings a server of its own for the demo.")
        say("  pip install 'trackbridge[all]', and the same script runs on a real server as well")


@dataclass(frozen=True, slots=True)
class _Server:
    """A server that the demo started: where it is now, and how its data is read once it has stopped."""

    url: str
    later: str


def _servers(folder: Path, running: ExitStack, *, quiet: bool) -> list[_Server]:
    from trackbridge.protocol.discovery import hooks

    started = []
    for group in hooks().hook.trackbridge_demo_servers():
        for server in group:
            home = folder / server.name.lower().replace(" ", "-")
            home.mkdir(parents=True, exist_ok=True)
            if not quiet:
                say(f"Starting a real {server.name} on this machine; that takes a quarter of a minute")
            started.append(_Server(running.enter_context(server.start(home)), server.later(home)))
    return started


def _play_at_once(urls: list[str], folder: Path, *, quiet: bool) -> dict[str, dict[str, str]]:
    """Train once more, every run going to all backends; give each run's digest as each backend has it."""
    if not quiet:
        say("Training them once more, on all of these at once")
    begun_ms = now_ms()
    _train(json.dumps(urls), folder / "data", quiet=quiet)
    from trackbridge.demo.train import EXPERIMENT
    from trackbridge.store import connect

    digests: dict[str, dict[str, str]] = {}
    for url in urls:
        with connect(url) as store:
            found = store.runs.search(f"tags.team = 'demo' and started >= {begun_ms}", experiments=[EXPERIMENT])
            digests[url] = {run.name or run.id: store.runs.digest(run.id) for run in found}
    return digests


def _require_extras() -> None:
    missing = [name for name in ("sklearn", "matplotlib", "plotext", "pyarrow") if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"the demo needs {', '.join(missing)}", remedy="Install them: pip install 'trackbridge[demo]'."
        )


def _play(url: str, folder: Path, *, quiet: bool) -> Play:
    from trackbridge.cli._demo_report import Play
    from trackbridge.protocol import find_adapter, parse_url
    from trackbridge.redaction import redact_url
    from trackbridge.store import connect

    parsed = parse_url(url)
    if find_adapter(parsed).in_process:
        raise ConfigurationError(
            f"what is recorded on {redact_url(url)} ends with the process that recorded it",
            remedy="Give the demo a backend that lasts, such as local://DIR.",
        )
    if not quiet:
        say(f"Training three models; everything is recorded on {redact_url(url)}")
    _train(url, folder / "data", quiet=quiet)
    from trackbridge.demo.promote import predict, promote
    from trackbridge.demo.train import EXPERIMENT

    with connect(url) as store:
        version = promote(store)
        runs = list(
            store.runs.search("tags.team = 'demo'", experiments=[EXPERIMENT], order_by=["started desc"], limit=3)
        )
        return Play(
            url=url,
            shown=redact_url(url),
            runs=tuple(sorted(runs, key=lambda run: -run.metrics["val_auc"].last)),
            digests={run.name or "": store.runs.digest(run.id, content=True) for run in runs},
            curves={run.name or "": list(store.metrics.read(run.id, ["val_loss"])) for run in runs},
            version=version,
            trail=tuple(store.registry.history(version.model, version.number)),
            prediction=predict(store, folder / "data" / "breast-cancer.csv"),
        )


def _train(url: str, data: Path, *, quiet: bool) -> None:
    # A process of its own with nothing changed but the environment: what a user would do.
    command = [sys.executable, "-m", "trackbridge.demo.train", "--data", str(data)]
    environment = {**os.environ, "TRACKBRIDGE_BACKEND": url}
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL if quiet else None, check=False)
    if done.returncode:
        raise TrackbridgeError("the training script failed; what it said stands above")
