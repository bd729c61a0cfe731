"""Policies that somebody publishes: pinned, cached, and told apart from what was changed."""

import hashlib
import http.server
import threading

import pytest

import trackbridge as tb
from trackbridge.errors import ConfigurationError, Transient
from trackbridge.policy import configured_policy
from trackbridge.policy.published import published_policy

TEXT = b'[policy]\nmode = "warn"\nrequired_tags = ["team"]\n'
PIN = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "trackbridge" / "policy"


@pytest.fixture
def server():
    """Serve `server.text` and count the requests."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests += 1
            self.send_response(200 if self.path == "/policy.toml" else 404)
            self.send_header("Content-Length", str(len(self.server.text)))
            self.end_headers()
            self.wfile.write(self.server.text)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.text, server.requests = TEXT, 0
        server.url = f"http://127.0.0.1:{server.server_port}/policy.toml"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_url_is_fetched_once_and_then_needs_no_network(server, tmp_path):
    for _ in range(2):
        assert published_policy(server.url, PIN, tmp_path).values["required_tags"] == ["team"]
    assert server.requests == 1


def test_what_is_not_what_is_pinned_is_refused(server, tmp_path, cache):
    server.text = TEXT + b"\n"
    with pytest.raises(ConfigurationError, match="is pinned"):
        published_policy(server.url, PIN, tmp_path)
    assert not cache.exists()


def test_a_damaged_cache_is_fetched_anew(server, tmp_path, cache):
    published_policy(server.url, PIN, tmp_path)
    (cache / f"{PIN}.toml").write_bytes(b"half")
    assert published_policy(server.url, PIN, tmp_path).values["mode"] == "warn"
    assert (cache / f"{PIN}.toml").read_bytes() == TEXT


def test_a_url_must_be_pinned_and_answer(server, tmp_path):
    with pytest.raises(ConfigurationError, match="is not pinned"):
        published_policy(server.url, "", tmp_path)
    with pytest.raises(ConfigurationError, match="answers 404"):
        published_policy(f"{server.url}x", PIN, tmp_path)
    with pytest.raises(Transient, match="cannot be fetched"):
        published_policy("http://127.0.0.1:1/policy.toml", PIN, tmp_path)


def test_a_file_and_a_package_are_read_where_they_are(tmp_path, monkeypatch):
    package = tmp_path / "company_rules"
    package.mkdir()
    package.joinpath("__init__.py").write_text("")
    package.joinpath("policy.toml").write_bytes(TEXT)
    monkeypatch.syspath_prepend(tmp_path)
    assert published_policy("package:company_rules/policy.toml", "", tmp_path).values["mode"] == "warn"
    assert published_policy("company_rules/policy.toml", PIN, tmp_path).values["mode"] == "warn"
    for missing in ("package:no_such_package/policy.toml", "package:company_rules/other.toml", "other.toml"):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            published_policy(missing, "", tmp_path)


@pytest.mark.parametrize("text", [b"\xff", b"policy", b"[other]\n"])
def test_what_is_no_policy_is_told(tmp_path, text):
    tmp_path.joinpath("p.toml").write_bytes(text)
    with pytest.raises(ConfigurationError, match="is no TOML with a table"):
        published_policy("p.toml", "", tmp_path)


def test_settings_add_to_what_is_published_and_mistakes_name_their_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("p.toml").write_bytes(TEXT)
    tmp_path.joinpath("trackbridge.toml").write_text('[policy]\nsource = "p.toml"\nrequired_params = ["lr"]\n')
    assert [(rule.mode, rule.asks.tags, rule.asks.params) for rule in configured_policy()] == [
        ("warn", ("team",), ()),
        ("enforce", (), ("lr",)),
    ]
    tmp_path.joinpath("p.toml").write_bytes(TEXT + b"typo = 1\n")
    with pytest.raises(ConfigurationError, match=r"policy.typo in p.toml is unknown"):
        configured_policy()
    assert tb.configure(policy=None) is None
