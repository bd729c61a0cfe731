"""The tables ``[[webhooks]]``: typed like the rest, and mistakes in them named."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackbridge.config import WebhookSettings, configure, setting_base, setting_place, settings
from trackbridge.errors import ConfigurationError

WRITTEN = '[[webhooks]]\nurl = "https://a"\nsecret_env = "A"\n\n[[webhooks]]\nurl = "https://b"\nsecret_env = "B"\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "trackbridge.toml"


def test_each_table_is_a_webhook(file: Path) -> None:
    file.write_text(WRITTEN + 'stages = ["Production"]\ntimeout_s = 2\n')
    assert settings().webhooks == [
        WebhookSettings("https://a", "A"), WebhookSettings("https://b", "B", ["Production"], 2.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('stage = ["Staging"]', "webhooks.1.stage in .* is unknown.* Did you mean stages?"),
        ('timeout_s = "soon"', "webhooks.1.timeout_s in .* is 'soon'.* It should be a number"),
    ],
)
def test_a_mistake_is_named(file: Path, line: str, message: str) -> None:
    file.write_text(WRITTEN + line)
    with pytest.raises(ConfigurationError, match=message):
        settings()


def test_others_can_say_where_a_setting_stands(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('[gates.fraud]\nbaseline = "Staging"\n')
    deeper = file.parent / "deeper"
    deeper.mkdir()
    monkeypatch.chdir(deeper)
    assert setting_place(("gates", "fraud", "baseline")) == f"the setting gates.fraud.baseline in {file}, line 2"
    assert setting_base(("gates", "fraud", "baseline")) == file.parent
    assert setting_place(("gates", "churn")) == "the setting gates.churn"
    assert setting_base(("gates", "churn")) == deeper
    configure(gates={"fraud": {"baseline": "Production"}})
    try:
        assert setting_place(("gates", "fraud", "baseline")) == "the setting gates.fraud.baseline given in code"
    finally:
        configure(gates=None)
