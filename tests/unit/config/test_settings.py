"""Where settings come from, which wins, and what a wrong one is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trackbridge import config
from trackbridge.config import BackendChoice, BackendSettings, Settings, chosen_backends, configure, settings
from trackbridge.errors import ConfigurationError

SAMPLE = """
backend = "prod"                     # a name, a URL, or a list of them (fan-out)
capture = true                       # environment, git, system; false turns it off
shipper = "process"                  # "thread", "inline"
[backends.prod]
url = "mlflow+https://mlflow.example.com"
required = true                      # false: never delays finish, never holds the journal beyond its quota
[gates.fraud-detection]
baseline = "Production"
[[gates.fraud-detection.metric]]
name = "val_auc"
direction = "higher"
max_regression = 0.005               # absolute; "0.5%" is relative to |baseline|
[[gates.fraud-detection.metric]]
name = "latency_p95_ms"
direction = "lower"
max_regression = 10
[[gates.fraud-detection.slice]]
metric = "tpr"
by = ["sex", "age_band"]
max_gap = 0.05
[gates.fraud-detection.schema]
path = "features/schema.json"
[policy]
mode = "enforce"                     # "warn"
required_tags = ["team"]
required_datasets = true
"""


@pytest.fixture(autouse=True)
def empty_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "_calls", config.Source("call", {}, tmp_path))
    for name in [name for name in os.environ if name.startswith("TRACKBRIDGE_")]:
        monkeypatch.delenv(name)
    return tmp_path


def write(text, name="trackbridge.toml"):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def test_without_any_source_the_defaults_hold(empty_place):
    assert settings() == Settings()
    assert chosen_backends() == (BackendChoice("local://.trackbridge", "local://.trackbridge", True, empty_place),)


def test_every_key_of_the_sample_is_taken(empty_place):
    write(SAMPLE)
    found = settings()
    assert found.backend == "prod"
    assert found.backends == {"prod": BackendSettings("mlflow+https://mlflow.example.com", required=True)}
    assert found.gates["fraud-detection"]["metric"][1]["max_regression"] == 10
    assert found.policy == {"mode": "enforce", "required_tags": ["team"], "required_datasets": True}
    assert chosen_backends() == (BackendChoice("prod", "mlflow+https://mlflow.example.com", True, empty_place),)


def test_call_over_environment_over_file_over_default(monkeypatch):
    write('shipper = "inline"\nmode = "offline"\nranks = "all"')
    monkeypatch.setenv("TRACKBRIDGE_SHIPPER", "thread")
    monkeypatch.setenv("TRACKBRIDGE_MODE", "online")
    configure(shipper="process")
    found = settings()
    assert (found.shipper, found.mode, found.ranks, found.on_error) == ("process", "online", "all", "raise")
    configure(shipper=None)
    assert settings().shipper == "thread"


def test_the_nearest_file_upward_is_read(empty_place, monkeypatch):
    write('ranks = "all"')
    write("[tool.other]\nx = 1\n# no trackbridge here", "a/pyproject.toml")
    write('[tool.trackbridge]\nmode = "offline"', "a/b/pyproject.toml")
    Path("a/b/c").mkdir()
    monkeypatch.chdir("a")
    assert (settings().ranks, settings().mode) == ("all", "online")
    monkeypatch.chdir("b/c")
    assert (settings().ranks, settings().mode) == ("zero", "offline")
    write('mode = "online"', str(empty_place / "a/b/trackbridge.toml"))
    assert settings().mode == "online"


def test_environment_speaks_json_lists_and_nested_keys(monkeypatch):
    write('[backends.Prod]\nurl = "local://a"')
    for name, value in {
        "BACKEND": "Prod, memory://m",
        "BACKENDS__PROD__REQUIRED": "false",
        "CAPTURE": "0",
        "CONNECT_TIMEOUT_S": "1.5",
        "REDACT": '["x+", "y"]',
        "GATES": '{"m": {"baseline": "Staging"}}',
        "STRICT": "",
        "RUN_ID": "0" * 32,
        "RANK": "3",
    }.items():
        monkeypatch.setenv(f"TRACKBRIDGE_{name}", value)
    found = settings()
    assert found.backend == ["Prod", "memory://m"]
    assert found.backends == {"Prod": BackendSettings("local://a", required=False)}
    assert (found.capture, found.connect_timeout_s, found.strict) == (False, 1.5, False)
    assert found.redact == ["x+", "y"]
    assert found.gates == {"m": {"baseline": "Staging"}}
    monkeypatch.setenv("TRACKBRIDGE_BACKEND", '["local://a,b"]')
    assert settings().backend == ["local://a,b"]


def test_paths_are_relative_to_what_said_them(empty_place, monkeypatch):
    write('backend = ["a", "b", "local://c"]\n[backends.a]\nurl = "local://a"\n[backends.B]\nurl = "local://b"')
    Path("sub").mkdir()
    monkeypatch.chdir("sub")
    monkeypatch.setenv("TRACKBRIDGE_BACKENDS__B__URL", "local://elsewhere")
    write_base, here = empty_place, empty_place / "sub"
    by_name = {choice.name: choice for choice in chosen_backends(["a", "B", "local://c"])}
    assert by_name["a"] == BackendChoice("a", "local://a", True, write_base)
    assert by_name["B"] == BackendChoice("B", "local://elsewhere", True, here)
    assert by_name["local://c"].base == here
    monkeypatch.delenv("TRACKBRIDGE_BACKENDS__B__URL")
    monkeypatch.setenv("TRACKBRIDGE_BACKENDS__A__REQUIRED", "false")
    assert chosen_backends("a") == (BackendChoice("a", "local://a", False, write_base),)


def test_a_url_in_the_file_is_relative_to_the_file(empty_place, monkeypatch):
    write('backend = ["local://c"]')
    Path("sub").mkdir()
    monkeypatch.chdir("sub")
    assert chosen_backends()[0].base == empty_place
    configure(backend="local://c")
    assert chosen_backends()[0].base == empty_place / "sub"
    monkeypatch.chdir("..")
    assert chosen_backends()[0].base == empty_place / "sub"


def test_a_url_is_named_without_its_secrets():
    names = [
        choice.name
        for choice in chosen_backends(
            ["mlflow+https://me:pw@host/x?token=t", "wandb://team?k=v", "mlflow+arn:aws:sagemaker:eu:1:x"]
        )
    ]
    assert names == ["mlflow+https://host/x", "wandb://team", "mlflow+arn:aws:sagemaker:eu:1:x"]


FAULTS = [
    ("shiper = 1", "the setting shiper in {file}, line 1 is unknown. Did you mean shipper?"),
    ("zzz = 1", "the setting zzz in {file}, line 1 is unknown. The keys there are backend, backends,"),
    ("\n[backends.a]\nuri = 'x'", "the setting backends.a.uri in {file}, line 3 is unknown. Did you mean url?"),
    (
        "[backend.a]\nurl = 'x'",
        "the setting backend in {file} is {{'a': {{'url': 'x'}}}}. It should be a string or a list.",
    ),
    ("backend = 2024-05-01", "{file}, line 1 is datetime.date(2024, 5, 1). It should be a string or a list."),
    (
        "[backends.a]\nurl = ['mlflow+https://me:pw@h/x']",
        "line 2 is ['mlflow+https://***@h/x']. It should be a string.",
    ),
    (f"[backends.a]\nurl = ['mlflow+https://me:{'pw' * 99}@h/x']", "line 2 is ['mlflow+https://***@. It should be"),
    ("backends = 3", "the setting backends in {file}, line 1 is 3. It should be a table."),
    ("[backends]\na = 'x'", "the setting backends.a in {file}, line 2 is 'x'. It should be a table."),
    ("backend = ['a', 3]", "the setting backend.1 in {file} is 3. It should be a string."),
    ("capture = 'yes'", "the setting capture in {file}, line 1 is 'yes'. It should be true or false."),
    ("capture = 1", "the setting capture in {file}, line 1 is 1. It should be true or false."),
    ("finish_timeout_s = '10'", "the setting finish_timeout_s in {file}, line 1 is '10'. It should be a number."),
    (
        "finish_timeout_s = -1",
        "the setting finish_timeout_s in {file}, line 1 is -1.0. It should be from 0 to 31536000 seconds.",
    ),
    (
        "finish_timeout_s = nan",
        "the setting finish_timeout_s in {file}, line 1 is nan. It should be from 0 to 31536000 seconds.",
    ),
    (
        "connect_timeout_s = inf",
        "the setting connect_timeout_s in {file}, line 1 is inf. It should be from 0 to 31536000 seconds.",
    ),
    ("[[webhooks]]\nurl = 'x'", "the setting webhooks.0 in {file} has no secret_env. Add it."),
    ("shipper = 'proces'", "is 'proces'. It should be 'process', 'thread' or 'inline'."),
    ("redact = 'x'", "is 'x'. It should be a list."),
    ("a = ", "{file} is not TOML: Invalid value (at "),
    ("shipper = 'inline'\nshipper = 'thread'", "{file} is not TOML: Cannot overwrite a value (at "),
]


@pytest.mark.parametrize(("text", "words"), FAULTS, ids=[fault[0][:30] for fault in FAULTS])
def test_a_fault_in_a_file_names_the_place(text, words, empty_place):
    write(text)
    with pytest.raises(ConfigurationError) as caught:
        settings()
    assert words.format(file=empty_place / "trackbridge.toml") in str(caught.value)


def test_a_byte_order_mark_is_no_fault():
    Path("trackbridge.toml").write_bytes(b"\xef\xbb\xbfbackend = 'memory://marked'")
    assert settings().backend == "memory://marked"


def test_an_unreadable_file_is_named(empty_place):
    Path("trackbridge.toml").write_bytes(b"backend = '\xff'")
    with pytest.raises(ConfigurationError, match=r"trackbridge\.toml cannot be read"):
        settings()


def test_a_pyproject_entry_that_is_no_table_is_named():
    write("[tool]\ntrackbridge = 3", "pyproject.toml")
    with pytest.raises(ConfigurationError, match=r"tool\.trackbridge in .*pyproject\.toml is 3, not a table"):
        settings()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STRICT", "maybe", "TRACKBRIDGE_STRICT is 'maybe'. It should be true or false."),
        ("REDACT", "x", "TRACKBRIDGE_REDACT is not JSON: 'x'. Write lists and tables as JSON."),
        ("BACKENDS__A__URI", "x", "TRACKBRIDGE_BACKENDS__A__URI is unknown. Did you mean url?"),
        ("CONNECT_TIMEOUT_S", "soon", "TRACKBRIDGE_CONNECT_TIMEOUT_S is 'soon'. It should be a number."),
        ("CONNECT_TIMEOUT_S", "-2", "TRACKBRIDGE_CONNECT_TIMEOUT_S is -2.0. It should be from 0 to 31536000 seconds."),
        ("SHIPPER", "fork", "TRACKBRIDGE_SHIPPER is 'fork'. It should be 'process', 'thread' or 'inline'."),
    ],
)
def test_a_fault_in_the_environment_names_the_variable(name, value, words, monkeypatch):
    monkeypatch.setenv(f"TRACKBRIDGE_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        settings()
    assert words in str(caught.value)


@pytest.mark.parametrize("value", [Path("x"), b"x", object(), [Path("x")]])
def test_what_no_file_could_say_is_refused_in_a_call(value):
    with pytest.raises(
        ConfigurationError, match=r"the setting backend(\.0)? given in code is .* It should be a string"
    ):
        configure(backend=value)
    assert settings() == Settings()


@pytest.mark.parametrize("backend", [5, [5], object()])
def test_what_is_no_name_is_no_backend(backend):
    with pytest.raises(ConfigurationError, match="there is no backend named"):
        chosen_backends(backend)


def test_a_bad_call_changes_nothing():
    configure(mode="offline")
    with pytest.raises(ConfigurationError, match=r"the setting moode given in code is unknown\. Did you mean mode\?"):
        configure(moode="online")
    with pytest.raises(ConfigurationError, match="the setting strict given in code is 'yes'"):
        configure(mode="online", strict="yes")
    assert settings() == Settings(mode="offline")


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("prd", "there is no backend named 'prd'. Did you mean prod?"),
        ("zzz", "Known are prod, nourl; a URL such as local://.trackbridge works too."),
        ("nourl", "the backend nourl has no url. Set url in [backends.nourl]."),
        ([], "the list of backends is empty"),
        (["prod", "prod"], "the backend prod is listed twice"),
        (["prod", 3], "there is no backend named 3"),
        ([["prod"]], "there is no backend named ['prod']"),
    ],
)
def test_a_backend_that_is_none(backend, words):
    write("[backends.prod]\nurl = 'local://x'\n[backends.nourl]\nrequired = false")
    with pytest.raises(ConfigurationError) as caught:
        chosen_backends(backend)
    assert words in str(caught.value)


def test_an_unknown_name_without_any_backends():
    with pytest.raises(ConfigurationError, match=r"or define the name in \[backends.NAME\]"):
        chosen_backends("prod")


def test_only_reading_the_settings_loads_pydantic():
    script = (
        "import sys, trackbridge.config as c\n"
        "assert 'pydantic' not in sys.modules\n"
        "c.settings()\n"
        "assert 'pydantic_settings' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
