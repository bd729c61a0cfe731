"""The places where a secret could still be shown after params and tags are clean (X4)."""

import json
import os
import stat

import pytest

import trackbridge as tb
from trackbridge import cli
from trackbridge.errors import Rejected, Transient
from trackbridge.protocol import parse_url
from trackbridge.redaction import use_patterns
from trackbridge.shipping.delivery import DeadLetter, Ledger

URL = "postgresql://me:hunter2@db.example.com/x"
SHOWN = "postgresql://me:***@db.example.com/x"


@pytest.fixture(autouse=True)
def empty_place(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TRACKBRIDGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKBRIDGE_JOURNAL_DIR", str(tmp_path / "journals"))
    yield
    tb.configure(redact=None, redact_names=None, policy=None, on_error=None)
    use_patterns([])


def test_a_dead_letter_does_not_say_what_a_backend_answered(tmp_path, caplog):
    ledger = Ledger("b", required=True, letters=tmp_path / "letters.jsonl")
    ledger.rejected(DeadLetter("param", "p", f"cannot connect to {URL}", "X1"), Rejected("no"))
    assert json.loads((tmp_path / "letters.jsonl").read_text())["reason"] == f"cannot connect to {SHOWN}"
    ledger.retried(Transient(f"no answer from {URL}"))
    ledger.retried(OSError(URL))
    held = ledger.snapshot(0, None)
    assert held.error == f"OSError: {SHOWN}"
    assert "hunter2" not in held.summary + caplog.text + repr(held)


def test_a_warning_does_not_show_what_was_wrong_with_a_secret():
    tb.configure(on_error="warn")
    with tb.start_run(backend="memory://warned", capture=False) as run:
        with pytest.warns(UserWarning, match="db.example.com") as caught:
            run.log_metric("loss", URL)
        assert "hunter2" not in str(caught[0].message)


def test_a_store_knows_what_is_configured_before_any_run_is_started():
    with tb.start_run(backend="memory://configured", capture=False) as run:
        pass
    tb.configure(redact=["CUST-[0-9]+"], redact_names=["pin"])
    with tb.connect("memory://configured") as store:
        store.runs.edit(run.id, notes="of CUST-17, pin=1x", tags={"pin": "x"})
        record = store.runs.get(run.id)
        assert (record.attributes["notes"], record.tags["pin"]) == ("of ***, pin=***", "***")


def test_a_policy_sees_what_will_be_recorded():
    tb.configure(policy={"forbidden_values": {"tags.db_password": ["***", "hunter2"]}})
    with pytest.raises(Rejected, match=r"tags.db_password is '\*\*\*'"):
        tb.start_run(backend="memory://policy", capture=False, tags={"db_password": "hunter2"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mlflow+https://me:a/b@c@host:1/x", "mlflow+https://me:a/b@c@host:1/x"),
        ("mlflow+https://me:a:b@c@host:1/x", "mlflow+https://me:***@host:1/x"),
        ("wandb://team?base_url=http://h&api_key=x", "wandb://team?base_url=http://h&api_key=***"),
        ("archive+s3://bucket/x?session_token=a1b2c3d4&region=eu", "archive+s3://bucket/x?session_token=***&region=eu"),
    ],
)
def test_a_backends_url_is_shown_without_what_is_secret_in_it(text, shown):
    assert str(parse_url(text)) == shown


def test_a_command_does_not_show_the_secret_of_a_url_that_it_cannot_use(capsys):
    with pytest.raises(SystemExit):
        cli.main(["runs", "list", "--backend", "nosuch://me:hunter2@db.example.com/x"])
    said = capsys.readouterr()
    assert "nosuch" in said.err
    assert "hunter2" not in said.out + said.err


def test_what_a_journal_says_of_its_backend_is_for_nobody_else(tmp_path):
    tb.configure(mode="offline")
    try:
        with tb.start_run(backend=f"local://{tmp_path}/store", capture=False):
            pass
    finally:
        tb.configure(mode=None)
    owners = [path for path in (tmp_path / "journals").rglob("owner*") if path.is_file()]
    assert [stat.S_IMODE(path.stat().st_mode) for path in owners] == [0o600]
