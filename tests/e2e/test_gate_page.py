"""The gate's page in a real browser, cut off from every network: it is drawn, and nothing complains."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import trackbridge as tb
from trackbridge.gates import evaluate, make_report, parse_gate, read_curves

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND"

pytestmark = pytest.mark.full  # a browser is no Python package: `make test-all` needs one on the machine


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Open a page; the browser says on standard error what the console said."""
    browser = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, f"install one of {', '.join(BROWSERS)} (apt-get install chromium), or set BROWSER_PATH"
    profile = page.parent / "profile"
    return subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", OFFLINE,
         f"--user-data-dir={profile}", *options, page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture
def page(tmp_path) -> Path:
    """The report of a version that fails in one slice, with curves and a baseline."""
    url = f"local://{tmp_path}/store"
    with tb.connect(url) as store:
        for shift in (0.0, 0.1):
            with tb.start_run(experiment="e", backend=url, capture=False) as run:
                for step in range(200):
                    tb.log_metrics({"loss": 1 / (step + 1) + shift, "auc": 1 - 0.5 / (step + 1) - shift}, step=step)
                tb.log_metrics({"tpr/sex:F": 0.9 - shift, "tpr/sex:M": 0.9, "rows/sex:F": 50, "rows/sex:M": 60})
                tb.log_dict({}, "model/weights.json")
            store.registry.register("fraud <b>", run_id=run.id, artifact="model")
        store.registry.transition("fraud <b>", 1, "Production")
        settings = {
            "metric": [{"name": "auc", "direction": "higher", "max_regression": 0.01}],
            "slice": [{"metric": "tpr", "by": ["sex"], "max_gap": 0.05}],
        }
        judgement = evaluate(store, parse_gate("fraud <b>", settings, base=tmp_path), 2)
        report = make_report(judgement, read_curves(store, judgement))
    path = tmp_path / "gate.html"
    path.write_bytes(report.files["gate.html"])
    return path


def test_the_page_opens_without_a_network_and_without_a_complaint(page) -> None:
    done = browse(page, "--dump-dom")
    assert complaints(done) == []
    assert "fraud &lt;b&gt; version 2 fails the gate, against version 1" in done.stdout
    assert done.stdout.count("<figure>") == 2


def test_the_page_is_drawn(page) -> None:
    picture = page.parent / "page.png"
    browse(page, f"--screenshot={picture}", "--window-size=1100,1500", "--hide-scrollbars")
    from matplotlib.image import imread

    pixels = imread(picture)[:, :, :3]
    blue = (pixels[:, :, 2] > 0.8) & (pixels[:, :, 0] < 0.3)
    assert blue.sum() > 3_000, "the candidate's bars and curves"
    red = (pixels[:, :, 0] > 0.6) & (pixels[:, :, 2] < 0.3)
    assert red.sum() > 500, "the verdict"


@pytest.mark.parametrize(
    "worse",
    ["<script>console.error('x')</script>", "<img src='https://example.com/x.png'>", "<link rel=stylesheet href=x>"],
)
def test_a_page_that_ran_or_loaded_anything_would_be_noticed(page, worse) -> None:
    page.write_text(page.read_text().replace("<main>", f"<main>{worse}"))
    assert complaints(browse(page, "--dump-dom"))
