"""Sixty secrets, each in every way that a text may have it; a hundred look-alikes; and how long it all takes (X4)."""

import json
import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planted import LOOK_ALIKES, PLANTED, VARIABLES
from trackbridge.redaction import MASK, redact_document, redact_text, redact_url, redact_value, use_patterns


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def test_there_are_enough_of_both():
    assert len({each.secret for each in PLANTED}) >= 60
    assert len(set(LOOK_ALIKES)) >= 100


WAYS = {
    "alone": str,
    "in a sentence": "it says {}, or so".format,
    "in parentheses": "({})".format,
    "as Python": repr,
    "as JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps({"x": text})),
    "in a patch": lambda text: "\n".join(f"+{line}" for line in text.splitlines()),
    "cut from a patch": lambda text: "\n".join(f"-{line}" for line in text.splitlines()),
    "as YAML": "text: |\n  {}".format,
    "in a log": "2024-11-23 10:15:30 INFO [main] got {}".format,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_secret_goes_in_every_way(way):
    for each in PLANTED:
        text = WAYS[way](each.text)
        parts = [part for part in each.secret.replace("\\n", "\n").split() if len(part) >= 12]
        assert all(part not in redact_text(text) for part in parts), (each.kind, redact_text(text))
        assert redact_text(text) == redact_text(redact_text(text))


def test_a_key_that_is_cut_off_goes_and_what_follows_stays():
    begin = "-----BEGIN RSA PRIVATE KEY-----"
    lines = ["MIIEowIBAAKCAQEA7x", "Zm9vYmFyYmF6cXV4Zm9vYmFy"]
    text = "\n".join([f"+{begin}", *(f"+{line}" for line in lines), "@@ -1 +1 @@ def train(model):", " return model"])
    assert redact_text(text) == f"+{MASK}\n@@ -1 +1 @@ def train(model):\n return model"
    assert redact_text(f"the line {begin} is expected (see the docs)") == f"the line {begin} is expected (see the docs)"


@pytest.mark.parametrize("text", LOOK_ALIKES, ids=range(len(LOOK_ALIKES)))
def test_no_look_alike_is_touched(text):
    for kept in (text, f"it says {text} here", f"+{text}", f'"{text}"'):
        assert redact_text(kept) == kept
    assert redact_url(text) == text
    assert redact_value(text, "note") == text
    assert redact_document({"a": [text, (text,)]}) == {"a": [text, [text]]}


@pytest.mark.parametrize(
    "name", ["token_length", "max_tokens", "tokenizer", "password_policy", "secret_name", "api_key_file", "n_keys"]
)
def test_params_that_only_speak_of_secrets_stay(name):
    assert redact_value("a1B2c3D4e5", name) == "a1B2c3D4e5"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30)


@given(WORDS, st.sampled_from(PLANTED), WORDS)
def test_a_secret_goes_whatever_stands_around_it(before, each, after):
    assert each.secret not in redact_text(f"{before} {each.text} {after}")


@given(st.sampled_from(PLANTED), st.sampled_from(PLANTED))
def test_two_secrets_go_and_equal_ones_become_equal(one, other):
    text = redact_text(f"{one.text}\n\n{other.text}")
    assert one.secret not in text
    assert other.secret not in text
    assert redact_text(f"{one.text}\n\n{one.text}") == f"{redact_text(one.text)}\n\n{redact_text(one.text)}"


@given(st.recursive(st.sampled_from([each.text for each in PLANTED]) | st.integers(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=12))  # fmt: skip
def test_values_keep_their_shape_and_lose_their_secrets(value):
    clean = redact_value(value)
    assert not any(each.secret in str(clean) for each in PLANTED)
    assert _shape(clean) == _shape(value) == _shape(redact_document(value))


def _shape(value):
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return type(value)


@pytest.mark.parametrize("quoted", [True, False])
def test_a_variable_is_found_as_a_url_and_json_have_it(monkeypatch, quoted):
    secret = 'p@ss "w0rd"/ü'
    monkeypatch.setenv("ACME_DB_PASSWORD", secret)
    monkeypatch.setenv("ACME_SSH_KEY", "/tmp")
    text = json.dumps({"x": secret}) if quoted else "http://h/?q=p%40ss%20%22w0rd%22%2F%C3%BC&cwd=/tmp"
    assert redact_text(text) == ('{"x": "***"}' if quoted else "http://h/?q=***&cwd=/tmp")


@pytest.fixture
def names():
    yield lambda *names: use_patterns([], names)
    use_patterns([])


def test_what_lies_under_a_configured_name_goes(names, monkeypatch):
    names("customer_*", "Pin")
    monkeypatch.setenv("CUSTOMER_REF", "zebra crossing")
    assert redact_value("x", "customer_iban") == MASK
    assert redact_value("x", "sales.PIN") == MASK
    assert redact_value({"pin": {"a": "x"}, "spin": "x"}) == {"pin": {"a": MASK}, "spin": "x"}
    assert redact_value(["--pin", "x", "--spin", "x"]) == ["--pin", MASK, "--spin", "x"]
    assert (
        redact_text("pin=1a --customer-id 7x customer_id: 12345") == f"pin={MASK} --customer-id 7x customer_id: {MASK}"
    )
    assert redact_text("a zebra crossing") == f"a {MASK}"
    names()
    assert redact_value("x", "customer_iban") == "x"


@pytest.mark.parametrize("name", ["", "*", "?*"])
def test_a_name_for_everything_is_refused(names, name):
    from trackbridge.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="names everything or nothing"):
        names(name)


# How long it takes, as CPU time of this thread and as a ratio to a plain look at each word, so that neither a slow machine
# nor a busy one matters.

SIZE = 64 << 10
_random = random.Random(5)
TEXTS = {
    "prose": " ".join(
        _random.choices(["the", "loss", "of", "a", "training", "model", "step", "epoch", "is", "validated"], k=20_000)
    ),
    "hex": _random.randbytes(SIZE).hex(),
    "settings": "".join(f"name_{n} = 'value {n}'\npassword_{n}: a1{n}\n" for n in range(4_000)),
    "curl": "curl " * SIZE,
    "curl of one": "curl " + "-x " * SIZE,
    "login": "login " * SIZE,
    "docker": "docker login " * SIZE,
    "wandb": "wandb login --a=" * SIZE,
    "wandb spaces": "wandb login" + " " * SIZE,
    "cookie": "Cookie: " * SIZE,
    "cookie names": "Cookie: " + "a" * SIZE,
    "jwt": "eyJabcdefgh-" * SIZE,
    "jwt dots": "eyJabcdefgh.eyJabcdefgh" * SIZE,
    "atlassian": "ATBB-" * SIZE,
    "jina": "jina_-" * SIZE,
    "pem": "-----BEGIN PRIVATE KEY-----\n" * SIZE,
    "pem signs": "-----BEGIN PRIVATE KEY-----\n" + "+" * SIZE + "x(",
    "pem lines": "-----BEGIN PRIVATE KEY-----" + "\n+a" * SIZE + "(",
    "pem spaces": "-----BEGIN PRIVATE KEY-----" + " " * SIZE,
    "pem words": "-----BEGIN PRIVATE KEY-----\n" + "a-" * SIZE,
    "pem capitals": "-----BEGIN " + "PRIVATE KEY" * SIZE,
    "urls": "https://a:b" * SIZE,
    "url of one": "https://" + "a:" * SIZE,
    "signatures": "?sig=&Signature=" * SIZE,
    "azure": "a8Q~" * SIZE,
    "storage": "+AStabc" * SIZE,
    "terraform": "aaaaaaaaaaaaaa.atlasv1." * SIZE,
    "sendgrid": "SG.aaaaaaaaaaaaaaaaaaaa-" * SIZE,
    "names": "password-" * SIZE,
    "elements": "<password>" * SIZE,
    "element of one": "<password>" + "a" * SIZE,
    "flags": "--password " * SIZE,
    "options": "?token=" * SIZE,
    "quotes": "password='\\" * SIZE,
    "bearer": "Bearer " * SIZE,
    "authorization": "Authorization: Bearer " * SIZE,
    "pwd": ";pwd=" * SIZE,
    "sshpass": "sshpass -p" * SIZE,
    "webhook": "hooks.slack.com/services/" * SIZE,
}
PLAIN = re.compile(r"\w+")


def _seconds(work, rounds=3):
    best = float("inf")
    for _ in range(rounds):
        begin = time.thread_time()
        work()
        best = min(best, time.thread_time() - begin)
    return best


@pytest.mark.parametrize("kind", ["prose", "hex"])
def test_ordinary_text_takes_a_few_looks(kind):
    text = TEXTS[kind][:SIZE]
    floor = _seconds(lambda: [match.end() for match in PLAIN.finditer(TEXTS["prose"][:SIZE])])
    assert _seconds(lambda: redact_text(text)) < 12 * floor


@pytest.mark.parametrize("kind", TEXTS)
def test_no_text_takes_longer_than_its_length(kind):
    text = TEXTS[kind][:SIZE]
    floor = _seconds(lambda: [match.end() for match in PLAIN.finditer(TEXTS["prose"][:SIZE])])
    assert _seconds(lambda: redact_url(text)) < 60 * floor
