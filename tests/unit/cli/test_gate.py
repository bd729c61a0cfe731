"""``trackbridge gate`` and the commands that move versions, as CI and people use them."""

import hashlib
import json
from types import SimpleNamespace

import pytest

import trackbridge as tb
from trackbridge.cli import main

URL = "local://store"
GATE = """
[gates.fraud]
no_baseline = "pass"
[[gates.fraud.metric]]
name = "auc"
direction = "higher"
min = 0.5
max_regression = "1%"
"""


@pytest.fixture
def cli(capsys):
    def call(*arguments: str, code: int = 0, backend: str = URL):
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--backend", backend])
        said = capsys.readouterr()
        assert int(left.value.code or 0) == code, said
        return said.out + said.err

    return call


@pytest.fixture
def filled(tmp_path, monkeypatch):
    """Three versions of a model with an auc of 0.9, 0.95 and 0.7, and a gate, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("trackbridge.toml").write_text(GATE)
    with tb.connect(URL) as store:
        for auc in (0.9, 0.95, 0.7):
            with tb.start_run(experiment="demo", backend=URL, capture=False) as run:
                tb.log_metric("auc", auc)
                tb.log_dict({"auc": auc}, "model/weights.json")
            store.registry.register("fraud", run_id=run.id, artifact="model")
    return SimpleNamespace(folder=tmp_path)


def stages(cli) -> list[str]:
    return [version["stage"] for version in json.loads(cli("models", "show", "fraud", "--json"))["versions"]]


def test_a_version_that_passes_exits_0_and_is_promoted_if_asked(cli, filled) -> None:
    said = cli("gate", "fraud", "--candidate", "1")
    assert "fraud version 1: pass" in said
    assert stages(cli) == ["None", "None", "None"]
    assert "promoted to Production" in cli("gate", "fraud", "--candidate", "1", "--promote-to", "Production")
    assert "0.05 better than version 1" in cli("gate", "fraud", "--candidate", "2", "--promote-to", "Production")
    assert stages(cli) == ["Archived", "Production", "None"]


def test_a_version_that_fails_exits_1_and_stays(cli, filled) -> None:
    cli("models", "promote", "fraud", "2", "Production")
    said = cli("gate", "fraud", "--candidate", "3", "--promote-to", "Production", code=1)
    assert "✗ auc against the baseline: auc is 0.7, 0.25 worse than version 2 (0.95); at most 0.0095" in said
    assert "not done: version 3: None → Production" in said
    assert stages(cli) == ["None", "Production", "None"]


def test_what_cannot_be_judged_exits_1_unless_configured(cli, filled) -> None:
    filled.folder.joinpath("trackbridge.toml").write_text(GATE.replace('"auc"', '"nothing"'))
    assert "? nothing at least 0.5: version 1 has no metric 'nothing'" in cli(
        "gate", "fraud", "--candidate", "1", code=1
    )
    filled.folder.joinpath("trackbridge.toml").write_text(
        GATE.replace('"auc"', '"nothing"').replace("no_base", 'insufficient = "pass"\nno_base')
    )
    assert "allowed: insufficient is configured to pass" in cli("gate", "fraud", "--candidate", "1")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["gate", "fraud", "--candidate", "9"], "no version 9"),
        (["gate", "fraud", "--candidate", "1", "--baseline", "9"], "no version 9"),
        (["gate", "churn", "--candidate", "1"], "no gate is configured for model 'churn'"),
        (["gate", "fraud", "--candidate", "1", "--promote-to", "Live"], "'Live' is not a stage"),
        (["gate", "fraud", "--candidate", "1", "--force", "because"], "needs --promote-to and a reason"),
        (["gate", "fraud", "--candidate", "1", "--promote-to", "Staging", "--force", " "], "and a reason"),
        (["gate", "fraud", "--candidate", "1", "--report", "trackbridge.toml"], "cannot be written"),
        (["gate", "fraud"], "--candidate"),
    ],
)
def test_usage_and_configuration_exit_2(cli, filled, arguments, complaint) -> None:
    assert complaint in cli(*arguments, code=2)


def test_a_wrong_key_exits_2_and_is_named(cli, filled) -> None:
    filled.folder.joinpath("trackbridge.toml").write_text(GATE.replace("direction", "directoin"))
    said = cli("gate", "fraud", "--candidate", "1", code=2)
    assert "gates.fraud.metric.0.directoin" in said
    assert "Did you mean direction?" in said


def test_a_backend_that_fails_exits_3(cli, filled) -> None:
    from contextlib import closing

    from trackbridge.protocol import parse_url
    from trackbridge.testing.probes.local import LocalProbe

    cli("models", "approve", "fraud", "1")
    with closing(LocalProbe(parse_url(URL))) as probe:
        probe.replace_entries("fraud", ())
    assert "entry 0 of the trail" in cli("gate", "fraud", "--candidate", "1", code=3)


def test_the_report_is_written_kept_and_fetched_back(cli, filled) -> None:
    cli("gate", "fraud", "--candidate", "1", "--promote-to", "Staging", "--report", "out/report")
    written = {path.name: path.read_bytes() for path in filled.folder.joinpath("out/report").iterdir()}
    assert set(written) == {"gate.json", "junit.xml", "gate.md", "gate.html"}
    (entry,) = json.loads(cli("models", "history", "fraud", "--json"))
    assert entry["gate_digest"] == f"sha256:{hashlib.sha256(written['gate.json']).hexdigest()}"
    assert entry["gate_digest"][7:19] in cli("models", "history", "fraud")
    cli("models", "report", "fraud", "0", "fetched")
    assert {path.name: path.read_bytes() for path in filled.folder.joinpath("fetched").iterdir()} == written
    cli("models", "approve", "fraud", "1")
    assert "entry 1 of model 'fraud' names no report" in cli("models", "report", "fraud", "1", "x", code=2)


def test_a_dry_run_judges_and_leaves_everything_as_it_is(cli, filled) -> None:
    said = cli("gate", "fraud", "--candidate", "1", "--promote-to", "Production", "--dry-run")
    assert "version 1: None → Production" in said
    assert stages(cli) == ["None", "None", "None"]
    assert json.loads(cli("models", "history", "fraud", "--json")) == []


def test_a_gate_is_overruled_with_a_reason(cli, filled) -> None:
    cli("models", "promote", "fraud", "2", "Production")
    arguments = ("gate", "fraud", "--candidate", "3", "--promote-to", "Production", "--actor", "ann", "--report", "out")
    said = cli(*arguments, "--force", "the old one leaks")
    assert "promoted to Production, overruling the gate" in said
    assert stages(cli) == ["None", "Archived", "Production"]
    shown = cli("models", "history", "fraud")
    assert "forced" in shown
    assert "the old one leaks" in shown
    assert json.loads(filled.folder.joinpath("out/gate.json").read_text())["forced"] == "the old one leaks"


def test_gate_as_json(cli, filled) -> None:
    document = json.loads(cli("gate", "fraud", "--candidate", "1", "--promote-to", "Staging", "--json"))
    assert document["gate"]["verdict"] == "pass"
    assert document["plan"]["stage"] == document["promoted"]["stage"] == "Staging"
    assert document["report"].startswith("sha256:")


def test_promote_shows_what_it_does_and_what_it_would(cli, filled) -> None:
    cli("models", "promote", "fraud", "1", "Production")
    arguments = ("models", "promote", "fraud", "2", "Production", "--archive-existing", "all")
    said = cli(*arguments, "--dry-run")
    assert "would do: version 2: None → Production" in said
    assert "would do: version 1: Production → Archived" in said
    assert stages(cli) == ["Production", "None", "None"]
    assert "version 1: Production → Archived" in cli(*arguments, "--comment", "ship")
    assert stages(cli) == ["Archived", "Production", "None"]
    assert "is in Production already" in cli(*arguments)


def test_promote_refuses_what_is_not_expected(cli, filled) -> None:
    arguments = ("models", "promote", "fraud", "1", "Production", "--expected-stage", "Staging")
    assert "refused: version 1 of model 'fraud' is in stage None, not Staging [G6]" in cli(
        *arguments, "--dry-run", code=1
    )
    assert "is in stage None, not Staging" in cli(*arguments, code=2)
    assert stages(cli) == ["None", "None", "None"]


def test_approve_and_reject(cli, filled) -> None:
    assert "version 1: approved, in stage None" in cli("models", "approve", "fraud", "1", "--actor", "ann")
    assert json.loads(cli("models", "reject", "fraud", "1", "--json"))["approval"] == "rejected"
    history = json.loads(cli("models", "history", "fraud", "--json"))
    assert [(entry["actor"] == "ann", entry["approval"]) for entry in history] == [
        (True, "approved"),
        (False, "rejected"),
    ]


def test_rollback(cli, filled) -> None:
    for number in ("1", "2"):
        cli("models", "promote", "fraud", number, "Production", "--archive-existing", "all")
    assert "would do: version 1: Archived → Production" in cli("models", "rollback", "fraud", "--dry-run")
    assert stages(cli) == ["Archived", "Production", "None"]
    document = json.loads(cli("models", "rollback", "fraud", "--comment", "errors rise", "--json"))
    assert (document["done"], document["version"]["number"], document["plan"]["archived"]) == (True, 1, [2])
    assert stages(cli) == ["Production", "Archived", "None"]
    assert "no version of model 'fraud' was in stage Production before" in cli("models", "rollback", "fraud", code=2)


def test_the_board_has_a_column_a_stage(cli, filled) -> None:
    cli("models", "promote", "fraud", "2", "Production")
    cli("models", "approve", "fraud", "2")
    cli("models", "reject", "fraud", "3")
    with tb.connect(URL) as store:
        store.registry.set_alias("fraud", "champion", 2)
    lines = [line.split() for line in cli("models", "list", "--board").splitlines() if line.strip()]
    assert lines[0] == ["model", "None", "Staging", "Production", "Archived"]
    assert lines[2] == ["fraud", "3", "✗", "2", "✓", "champion"]
    assert lines[3] == ["1"]


@pytest.mark.parametrize("option", ["--board", "--json"])
def test_a_damaged_trail_hides_no_other_model(cli, filled, option) -> None:
    cli("models", "promote", "fraud", "2", "Production")
    with tb.connect(URL) as store:
        store.backend.adapter.registry.ensure_model("broken")
        store.backend.adapter.registry.append_entry("broken", 0, b"{}")
    shown = cli("models", "list", option)
    assert "entry 0 of the trail of model 'broken'" in shown
    if option == "--json":
        listed = {row["model"]["name"]: row for row in json.loads(shown)}
        assert [version["number"] for version in listed["fraud"]["versions"]] == [1, 2, 3]
        assert listed["fraud"]["damage"] is None
        assert listed["broken"]["versions"] == []
    else:
        assert "✗ broken:" in shown
        assert [line for line in shown.splitlines() if line.split()[:1] == ["fraud"]]


def test_a_long_column_of_the_board_is_cut(cli, filled) -> None:
    with tb.connect(URL) as store:
        run_id = store.registry.get("fraud", 1).run_id
        for _ in range(5):
            store.registry.register("fraud", run_id=run_id, artifact="model")
    shown = cli("models", "list", "--board")
    assert "… 3 more" in shown
