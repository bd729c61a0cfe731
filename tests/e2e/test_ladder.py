"""The whole ladder of examples/ci, by its one command, on several backends: the reports are equal but for ids."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trackbridge as tb
from servers.clouds import CLOUDS
from trackbridge.gates import REPORT_FILES, read_report

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / "examples/ci"
IDS = {"run_id", "judged_ms", "digest"}
RELEASES = ["1-staging", "1-production", "2-staging", "2-production", "3-staging"]


def climb(folder: Path, url: str) -> str:
    """Run the script; give what it said."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("TRACKBRIDGE_")}
    done = subprocess.run(
        ["bash", EXAMPLE / "ladder.sh"],
        env={**environment, "TRACKBRIDGE_BACKEND": url, "LADDER_DIR": str(folder), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def without_ids(document):
    if isinstance(document, dict):
        return {name: without_ids(value) for name, value in document.items() if name not in IDS}
    return [without_ids(value) for value in document] if isinstance(document, list) else document


def reports(folder: Path) -> dict:
    return {name: without_ids(json.loads((folder / "reports" / name / "gate.json").read_text())) for name in RELEASES}


def assert_climbed(url: str, folder: Path, said: str) -> None:
    """The registry is where the script left it, and every promotion names the report that allowed it."""
    with tb.connect(url) as store:
        assert [version.stage for version in store.registry.versions("credit-risk")] == [
            "Production",
            "Archived",
            "None",
        ]
        history = store.registry.history("credit-risk")
        decided = [(e.version, e.stage or e.approval, e.archived, e.forced) for e in history]
        assert decided == [
            (1, "Staging", (), False), (1, "approved", (), False), (1, "Production", (), False),
            (2, "Staging", (), False), (2, "approved", (), False), (2, "Production", (1,), False),
            (1, "Production", (2,), False),
        ]  # fmt: skip
        digests = [entry.gate_digest for entry in history if entry.gate_digest]
        for entry, name in zip((e for e in history if e.gate_digest), RELEASES, strict=False):
            version = store.registry.get("credit-risk", entry.version)
            for file in REPORT_FILES:
                written = (folder / "reports" / name / file).read_bytes()
                assert read_report(store, version, entry.gate_digest, file) == written
    kept = [re.search(r"sha256:\w+", (folder / "reports" / name / "gate.md").read_text())[0] for name in RELEASES]
    assert digests == kept[:4]
    assert "val_auc against the baseline" in said
    assert (folder / "reports/3-staging/junit.xml").read_text().count("<failure") == 2


@pytest.fixture(scope="session")
def local(tmp_path_factory):
    """The ladder on a local folder, once for all who compare with it."""
    folder = tmp_path_factory.mktemp("ladder")
    url = f"local://{folder}/store"
    return url, folder, climb(folder, url)


@pytest.mark.xdist_group("ladder")
def test_the_ladder_on_a_local_folder(local) -> None:
    url, folder, said = local
    assert_climbed(url, folder, said)
    verdicts = [report["verdict"] for report in reports(folder).values()]
    assert verdicts == ["pass", "pass", "pass", "pass", "fail"]


@pytest.mark.server
@pytest.mark.xdist_group("ladder")
def test_the_ladder_on_an_mlflow_server(local, mlflow_sqlite, tmp_path) -> None:
    url = f"mlflow+{mlflow_sqlite['url']}"
    said = climb(tmp_path, url)
    assert_climbed(url, tmp_path, said)
    assert reports(tmp_path) == reports(local[1])


@pytest.mark.full
@pytest.mark.parametrize("cloud", sorted(CLOUDS), indirect=True)
@pytest.mark.xdist_group("ladder")
def test_the_ladder_on_an_emulated_cloud(local, cloud, tmp_path) -> None:
    said = climb(tmp_path, cloud)
    assert_climbed(cloud, tmp_path, said)
    assert reports(tmp_path) == reports(local[1])


def test_the_workflow_runs_the_same_commands() -> None:
    import yaml

    workflow = yaml.safe_load((EXAMPLE / "release.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    text = " ".join(step.get("run", "") for step in steps)
    script = (EXAMPLE / "ladder.sh").read_text()
    for command in ("train.py", "trackbridge gate credit-risk --candidate", "--promote-to Staging",
                    "trackbridge models approve credit-risk", "--promote-to Production", "--report"):  # fmt: skip
        assert command in " ".join(text.split()), command
        assert command in script, command
    assert workflow["jobs"]["production"]["environment"] == "production"
    assert workflow["jobs"]["production"]["needs"] == "candidate"
