"""What is taken out, and what must stay (X4)."""

import base64
import hashlib
import os
import random
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import ConfigurationError
from trackbridge.redaction import redact_text, redact_url, redact_value, use_patterns
from trackbridge.redaction.names import is_secret_variable

A20, A36, A40 = "a1B2c3D4e5F6g7H8i9J0", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "a1b2c3d4e5" * 4
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabc/+=\n-----END RSA PRIVATE KEY-----"

# Put together at run time, so that no scanner takes this file for a leak.
SECRETS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ASIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + A36,
    "ghs_" + A36,
    "github_pat_" + A40,
    "glpat-" + A20,
    "glrt-t1_" + A20,
    "xoxb-" + "123456789012-" + A20,
    "xapp-" + "1-A012-" + A20,
    "sk-" + A40,
    "sk-proj-" + A40 + "-x_y",
    "sk-ant-" + "api03-" + A40,
    "hf_" + A36,
    "AIza" + A36[:35],
    "ya29." + A40,
    "GOCSPX-" + A20 + "abcd",
    "sk_live_" + A20,
    "rk_test_" + A20,
    "whsec_" + A36,
    "npm_" + A36,
    "pypi-" + A40 + A40,
    "dapi" + "0123456789abcdef" * 2,
    "SG." + A20 + "." + A40,
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVmNHl0w5N",
    PEM,
    PEM.replace("RSA ", ""),
    PEM.replace("RSA ", "OPENSSH "),
    PEM.partition("\n-----END")[0],
]


@pytest.mark.parametrize("secret", SECRETS, ids=[secret[:12] for secret in SECRETS])
def test_a_known_form_is_found_anywhere(secret):
    for before, after in (("", ""), ("key ", " end"), ('{"x": "', '"}'), ("(", ")"), ("a=", "")):
        if secret.startswith("-----BEGIN") and "END" not in secret and after:
            continue  # a key without its end takes all that follows
        assert redact_text(f"{before}{secret}{after}") == f"{before}***{after}"


ASSIGNED = [
    ("password=hunter2", "password=***"),
    ("PASSWORD: hunter2", "PASSWORD: ***"),
    ("DB_PASSWORD=hunter2 x", "DB_PASSWORD=*** x"),
    ("pgpassword=hunter2;host=x", "pgpassword=***;host=x"),
    ("connect(user='me', password='hunter2')", "connect(user='me', password='***')"),
    ('{"api_key": "abcdef", "lr": 0.1}', '{"api_key": "***", "lr": 0.1}'),
    (r"{\"apiKey\": \"abc\"}", r"{\"apiKey\": \"***\"}"),
    (r'password="a\"b c" x', 'password="***" x'),
    ('password="unclosed x', 'password="*** x'),
    ("clientSecret => 'x y z'", "clientSecret => '***'"),
    ("AccountKey=abc/def==;EndpointSuffix=x", "AccountKey=***;EndpointSuffix=x"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = ***"),
    ("password=hunter2secret", "password=***"),
    ("password=mypassword token=abc.def12345", "password=*** token=***"),
    ("error: password=abc", "error: password=***"),
    ("hf_token: abcd", "hf_token: ***"),
    ("token=abc12345", "token=***"),
    ("secret: s3cr3t", "secret: ***"),
    ("train.py --password hunter2 --lr 1", "train.py --password *** --lr 1"),
    ("train.py --api-key=abc --lr=1", "train.py --api-key=*** --lr=1"),
    ("curl -H 'Authorization: Bearer abcdefgh'", "curl -H 'Authorization: Bearer ***'"),
    ("Proxy-Authorization: Basic dXNlcjpwYXNz", "Proxy-Authorization: Basic ***"),
    ('{"authorization": "abcdef"}', '{"authorization": "***"}'),
    ("use bearer abcdefgh12345678 now", "use bearer *** now"),
    ("postgresql://me:p%40ss@host:5432/db", "postgresql://me:***@host:5432/db"),
    ("mlflow+https://me:a:b@c@host/x", "mlflow+https://me:***@host/x"),
    ("https://:pass@host", "https://:***@host"),
    ("https://abcdefghij0123456789@github.com/a/b.git", "https://***@github.com/a/b.git"),
    ("see https://x.com/?token=abc12345&page=2", "see https://x.com/?token=***&page=2"),
    ("https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack.com/***"),
]


@pytest.mark.parametrize(("text", "expected"), ASSIGNED)
def test_what_is_named_a_secret_is_found(text, expected):
    assert redact_text(text) == expected
    assert redact_text(expected) == expected


ORDINARY = [
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "018f2f6e4c7a7b3c9d1e2f3a4b5c6d7e",
    "/home/me/.cache/huggingface/hub/models--bert-base-uncased/snapshots/86b5e0934494bd15c9632b12f734a8a67f723594",
    "C:\\Users\\me\\data\\train.parquet",
    "s3://bucket/keys/token/secret/train.parquet?versionId=abc",
    "max_tokens=512, num_tokens: 1000000000, tokenizer=bert-base-uncased",
    "pad_token='[PAD12345]', eos_token=<|endoftext12345|>, token_dim=12345678",
    "token: misunderstanding",
    "the secret: patience",
    "key=value primary_key=12345678 sort_keys=True monkey=12345678",
    "password_length=12 passes: 3 n_passes=12345678",
    "password=None token=None api_key=null secret=False",
    "password=$DB_PASSWORD api_key=${API_KEY} secret=<secret>",
    "def connect(user: str, password: str) -> None",
    "api_key = os.getenv('API') or password = getpass()",
    "sk-learn-pipeline-model-version-2-with-many-words",
    "task-learning-rate-schedule-1234567890",
    "bearer of bad news, the bearer responsibilities",
    "git@github.com:owner/project.git",
    "ssh://git@github.com/owner/project.git",
    "https://example.com:8080/a/b?c=d#e",
    "time 12:30:00@host, me@example.com, a:b@c",
    "Authorization: none",
    "-----BEGIN CERTIFICATE-----\nMIIEowIBAAKCAQEA\n-----END CERTIFICATE-----",
    "eyJust a word.eyJnot a token",
    "glue-wide-and-deep-recommender-model-2024",
    "--lr 0.1 --tokens 100 --keys a b --verbose",
    "hf_hub", "AIza", "ghp_short", "-", "=", ":", "", "adam", "0.001",
]  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text):
    assert redact_text(text) == text
    assert redact_url(text) == text


@given(st.binary(min_size=16, max_size=96))
def test_digests_ids_and_base64_stay(data):
    texts = [
        hashlib.sha256(data).hexdigest(),
        hashlib.sha1(data).hexdigest(),
        hashlib.md5(data).hexdigest().upper(),
        str(uuid.UUID(bytes=data[:16])),
        base64.b64encode(data).decode(),
        base64.b32encode(data).decode(),
        f"digest: {data.hex()}, uri=/data/{data.hex()}",
    ]
    for text in texts:
        assert redact_text(text) == text


PIECES = [*"=:'\"\\ @/?&-*a1", "password", "token", "://", "Authorization: Bearer ", "none", "12345678"]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_redacting_twice_changes_nothing(text):
    once = redact_text(text)
    assert redact_text(once) == once


@pytest.fixture
def variables(monkeypatch):
    for name in os.environ:
        if is_secret_variable(name):
            monkeypatch.delenv(name)
    return monkeypatch.setenv


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "WANDB_API_KEY", "HF_TOKEN", "TOKEN", "AWS_SECRET_ACCESS_KEY",
     "API_KEY_PROD", "OPENAI_API_KEY_2", "CLIENT_SECRET", "GOOGLE_CREDENTIALS", "sendgrid_key"],
)  # fmt: skip
def test_the_value_of_a_secret_variable_is_found(name, variables):
    variables(name, "zebra crossing")
    assert redact_text("a zebra crossing!") == "a ***!"
    variables(name, "zebra")
    assert redact_text("a zebra crossing!") == "a zebra crossing!"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PWD", "/work/project"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/work/project"), ("SECRET_NAME", "/work/project"),
     ("TOKENIZERS_PARALLELISM", "/work/project"), ("GPG_KEY", "/work/project"), ("SSH_AUTH_SOCK", "/work/project"),
     ("DB_PASSWORD", "password"), ("HF_TOKEN", "Disabled"), ("KEYMAP", "/work/project"), ("TOKEN_URL", "/work/project")],
)  # fmt: skip
def test_other_variables_are_no_secrets(name, value, variables):
    variables(name, value)
    assert redact_text(f"in {value} here") == f"in {value} here"


def test_the_longest_secret_goes_first(variables):
    variables("A_TOKEN", "zebra-crossing")
    variables("B_TOKEN", "zebra-crossing-two")
    assert redact_text("zebra-crossing-two") == "***"


def test_values_keep_their_types():
    assert redact_value([1, True, None, 2.5, "x"], "password_hash") == [1, True, None, 2.5, "x"]
    assert redact_value(12345678, "password") == 12345678
    assert redact_value("", "password") == ""
    assert redact_value(None) is None


@pytest.mark.parametrize("name", ["password", "db.password", "apiKey", "aws_secret_access_key", "hf_token", "secret"])
def test_text_under_the_name_of_a_secret_goes(name):
    assert redact_value("short", name) == "***"
    assert redact_value(["short", ["er"]], name) == ["***", ["***"]]
    assert redact_value({"deep": [{name: "short", "x": "y"}]}) == {"deep": [{name: "***", "x": "y"}]}


@pytest.mark.parametrize(
    "name", ["pad_token", "tokenizer", "max_tokens", "key", "n_keys", "pwd", "token", "passes", ""]
)
def test_text_under_another_name_stays(name):
    assert redact_value("<short>", name) == "<short>"


@pytest.mark.parametrize("name", ["password.value", "db/credentials/main", "auth_token.x", "passwords", "secret.a.b"])
def test_text_below_the_name_of_a_secret_goes(name):
    assert redact_value("short", name) == "***"
    assert redact_value({"x": ["short"]}, name) == {"x": ["***"]}
    assert redact_value("short", f"{name}.path") == "short"


def test_a_table_below_the_name_of_a_secret_is_one():
    value = {"password": {"main": "short", "length": 5, "path": "a/b"}, "plain": {"main": "short"}}
    expected = {"password": {"main": "***", "length": 5, "path": "a/b"}, "plain": {"main": "short"}}
    assert redact_value(value) == expected


def test_a_long_secret_goes_to_its_end():
    secret = "a1B2" * 5_000
    assert redact_text(f"password={secret} and --api-key {secret}, x") == "password=*** and --api-key ***, x"


def test_a_token_is_told_by_its_looks():
    assert redact_value("a1b2c3d4e5", "token") == "***"
    assert redact_value("reinforcement", "token") == "reinforcement"


def test_a_command_line_is_a_list():
    line = ["train.py", "--password", "hunter2", "--api-key", "--lr", "0.1", "-x", "password=hunter2"]
    expected = ["train.py", "--password", "***", "--api-key", "--lr", "0.1", "-x", "password=***"]
    assert redact_value(line) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:pw@h/p?api_key=x&a=b", "https://me:***@h/p?api_key=***&a=b"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Credential=c&X-Amz-Signature=s", "https://b.s3.amazonaws.com/k?X-Amz-Credential=***&X-Amz-Signature=***"),
        ("https://a.blob.core.windows.net/k?sv=1&sig=abc%3D", "https://a.blob.core.windows.net/k?sv=1&sig=***"),
        ("wandb://team?base_url=http://h&token=t", "wandb://team?base_url=http://h&token=***"),
        ("local:///work/project", "local:///work/project"),
    ],
)  # fmt: skip
def test_urls(url, expected):
    assert redact_url(url) == expected
    assert redact_url(expected) == expected


@pytest.fixture
def own_patterns():
    yield use_patterns
    use_patterns([])


def test_configured_patterns_are_redacted(own_patterns):
    own_patterns([r"CUST-\d+", r"x{3}"])
    assert redact_text("CUST-12 and xxx") == "*** and ***"
    assert redact_value("xxx") == "***"
    own_patterns([])
    assert redact_text("CUST-12 and xxx") == "CUST-12 and xxx"


@pytest.mark.parametrize(("pattern", "words"), [("(", "no regular expression"), ("x*", "matches the empty text")])
def test_a_pattern_that_cannot_work_is_refused(own_patterns, pattern, words):
    own_patterns(["keep"])
    with pytest.raises(ConfigurationError, match=words):
        own_patterns(["a", pattern])
    assert redact_text("keep a") == "*** a"


HOSTILE = {
    "words": "password " * 8_000,
    "one word": "password" * 8_000,
    "dashes": "-" * 64_000,
    "open quotes": "password='" * 6_000,
    "backslashes": "password=" + "\\" * 64_000,
    "names within names": "password=" * 7_000,
    "no end of tokens": "token=\\" * 9_000,
    "colons": "://" * 20_000,
    "users": "://" + "a1" * 32_000,
    "spaces": "token" + " " * 64_000 + "=",
    "pem": "-----BEGIN PRIVATE KEY" * 3_000,
    "jwt": "eyJabcdefgh" * 6_000,
    "random": random.Random(7).randbytes(32_000).hex(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_long(name):
    begin = time.perf_counter()
    redact_text(HOSTILE[name])
    assert time.perf_counter() - begin < 2
