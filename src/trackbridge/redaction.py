"""Redaction: secrets are taken out once, before anything is handed on; the redacted value is the value (X4).

What counts as a secret: text of a well-known form (keys of services, tokens, private keys, credentials in URLs), what
is written behind a name such as ``password=``, the values of environment variables with such names, and whatever the
patterns given to `use_patterns` match. Digests, ids, paths and ordinary text stay as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final

from trackbridge.errors import ConfigurationError
from trackbridge.records.values import ParamValue

__all__ = ["MASK", "redact_text", "redact_url", "redact_value", "use_patterns"]

MASK: Final = "***"

_MIN_LENGTH: Final = 8  # code points: no well-known form is shorter, and shorter variables are not worth the harm

# Each form with literals of which one must be there: looking for those first keeps ordinary text cheap.
_FORMS: Final = tuple(
    (anchors, re.compile(pattern, re.DOTALL), replacement)
    for anchors, pattern, replacement in (
        (("AKIA", "ASIA", "ABIA", "ACCA"), r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", MASK),
        (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b", MASK),
        (("github_pat_",), r"\bgithub_pat_\w{22,255}", MASK),
        (("gl",), r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas)-[\w.-]{20,}", MASK),
        (("xox", "xapp-"), r"\b(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}", MASK),
        (("hooks.slack.com/",), r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]+", MASK),
        (("sk-",), r"\bsk-(?:(?:proj|ant|svcacct|admin|or|None)-[\w-]{20,}|[A-Za-z0-9]{32,})", MASK),
        (("hf_",), r"\bhf_[A-Za-z0-9]{30,}", MASK),
        (("AIza",), r"\bAIza[\w-]{35}", MASK),
        (("ya29.",), r"\bya29\.[\w-]{20,}", MASK),
        (("GOCSPX-",), r"\bGOCSPX-[\w-]{20,}", MASK),
        (("_live_", "_test_"), r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}", MASK),
        (("whsec_",), r"\bwhsec_[A-Za-z0-9+/=]{24,}", MASK),
        (("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b", MASK),
        (("pypi-",), r"\bpypi-[\w-]{50,}", MASK),
        (("dapi",), r"\bdapi[0-9a-f]{32}(?:-\d)?\b", MASK),
        (("SG.",), r"\bSG\.[\w-]{16,}\.[\w-]{16,}", MASK),
        (("eyJ",), r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*", MASK),
        (("PRIVATE KEY",), r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*-----|\Z)", MASK),
        (("://",), r"""(?<=://)([^\s/?#@:"'<>]*):[^\s/?#"'<>]+@""", rf"\1:{MASK}@"),
        (("://",), r"""(?<=://)(?=[^\s/?#@]*[0-9])[^\s/?#@:"'<>]{20,}@""", f"{MASK}@"),
        (
            ("uthorization", "UTHORIZATION"),
            r"""(?i:(authorization["']?\s*[:=]\s*["']?(?:(?:basic|bearer|digest|key|negotiate|token)\s++)?+)(?!none|null))[^\s"',;*]{4,}""",
            rf"\1{MASK}",
        ),
        (("earer ", "EARER "), r"(?i:\b(bearer\s+))(?=\S*[0-9])[\w.~+/=-]{16,}", rf"\1{MASK}"),
    )
)

# Names, as their words. `token` alone may be a word of a vocabulary, `pad_token` always is one.
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SECRET_ENDING: Final = re.compile(r".*(?:password|passwd|passphrase|secret|credential|apikey|authtoken)s?")
_OF_KEYS: Final = frozenset(
    {"access", "account", "api", "auth", "deploy", "encryption", "master", "private", "secret", "service", "shared",
     "signing", "storage", "subscription"}
)  # fmt: skip
_OF_TOKENS: Final = frozenset(
    {"access", "api", "app", "auth", "bearer", "bot", "csrf", "deploy", "git", "github", "gitlab", "hf", "hub", "id",
     "identity", "jwt", "oauth", "personal", "private", "refresh", "registry", "sas", "secret", "security", "service",
     "session", "slack", "tracking", "vault"}
)  # fmt: skip
_OF_SIGNATURES: Final = frozenset(
    {"sig", "signature", "x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-goog-signature",
     "x-goog-credential"}
)  # fmt: skip

# A variable that ends so says where a secret is, or how long it lives.
_ABOUT_SECRETS: Final = frozenset(
    {"algorithm", "arn", "class", "count", "dir", "directory", "endpoint", "expiration", "expiry", "file", "files",
     "fingerprint", "header", "host", "id", "ids", "length", "limit", "name", "path", "port", "provider", "region",
     "size", "sock", "ttl", "type", "uri", "url", "user", "username"}
)  # fmt: skip
_COMMON: Final = frozenset(
    {"anonymous", "changeit", "changeme", "default", "disabled", "enabled", "external", "internal", "localhost",
     "optional", "password", "postgres", "required", "sagemaker", "undefined", "username"}
)  # fmt: skip

_HINT: Final = re.compile(r"(?i)passw|passphrase|secret|token|key|pwd|credential")
_VALUE: Final = (
    r"""(?:(?P<quote>\\*["'])(?P<quoted>(?:(?!(?P=quote))(?:\\.|.)){1,4096}+)(?P=quote)"""
    r"""|["']?(?P<bare>(?![$*])[^\s"'`,;&|<>(){}\[\]]{1,1024}+)(?!\())"""  # bounded: it is looked at again for every name in it
)
_REST: Final = re.compile(r"""[^\s"'`,;&|<>(){}\[\]]*""")
_ASSIGNED: Final = re.compile(
    rf"""(?<![A-Za-z0-9_])(?P<name>[A-Za-z][A-Za-z0-9_-]{{2,63}})\\*["']?\s*(?:=>|:=|=|:)\s*(?={_VALUE})""", re.DOTALL
)
_FLAG: Final = re.compile(rf"(?<![\w-])--?(?P<name>[A-Za-z][\w-]{{2,63}})\s+(?!-)(?={_VALUE})", re.DOTALL)
_OPTION: Final = re.compile(r"(?<=[?&])(?P<name>[^=&#\s]{1,64})=(?=(?P<bare>[^&#\s]+))")
_DIGIT: Final = re.compile(r"\d")
_NO_SECRET: Final = re.compile(r"(?i)none|null|nil|true|false|str|string|required|optional|undefined|[0-9.]{1,4}|\W+")

_patterns: tuple[re.Pattern[str], ...] = ()


def use_patterns(patterns: Iterable[str]) -> None:
    """Redact, from now on and in this process, what these regular expressions match, too.

    Raises:
        ConfigurationError: one is no regular expression, or matches the empty text.
    """
    compiled = []
    for pattern in patterns:
        try:
            compiled.append(re.compile(pattern))
        except re.error as error:
            raise ConfigurationError(
                f"the setting redact has {pattern!r}, which is no regular expression: {error}", clause="X4"
            ) from error
        if compiled[-1].search(""):
            raise ConfigurationError(
                f"the setting redact has {pattern!r}, which matches the empty text",
                clause="X4",
                remedy="Let it match at least one character.",
            )
    global _patterns  # noqa: PLW0603 - the one place where what is secret here is known
    _patterns = tuple(compiled)


def redact_text(text: str) -> str:
    """Give `text` with every secret in it replaced by ``***``."""
    for pattern in _patterns:
        text = pattern.sub(MASK, text)
    if len(text) < _MIN_LENGTH:
        return text
    for secret in _environment_secrets():
        text = text.replace(secret, MASK)
    for anchors, form, replacement in _FORMS:
        for anchor in anchors:
            if anchor in text:
                text = form.sub(replacement, text)
                break
    if ("=" in text or ":" in text or "-" in text) and _HINT.search(text):
        text = _masked(text, _ASSIGNED, _is_assigned_secret)
        text = _masked(text, _FLAG, _is_assigned_secret)
    return text


def redact_url(text: str) -> str:
    """Give a URL without credentials, secret options and signatures."""
    return redact_text(_masked(text, _OPTION, _is_secret_option))


def redact_value(value: ParamValue, name: str = "") -> ParamValue:
    """Give a param or attribute without secrets: texts in it, and all text under a secret's name.

    Lists may be command lines: what follows ``--password`` goes, too.
    """
    if isinstance(value, str):
        return MASK if value and _is_secret_value(name, value) else redact_text(value)
    if isinstance(value, list):
        flags = ["", *value]
        return [redact_value(item, _flag(flag, item) or name) for flag, item in zip(flags, value, strict=False)]
    if isinstance(value, dict):
        return {key: redact_value(item, f"{name}.{key}") for key, item in value.items()}
    return value


def _flag(before: ParamValue, item: ParamValue) -> str:
    """Give the name of the flag that `item` is the value of on a command line."""
    named = isinstance(before, str) and before.startswith("-") and isinstance(item, str) and not item.startswith("-")
    return str(before).lstrip("-") if named else ""


def _environment_secrets() -> Iterator[str]:
    found = {os.environ.get(name, "") for name in os.environ if _is_secret_variable(name)}
    for secret in sorted(found, key=len, reverse=True):
        if len(secret) >= _MIN_LENGTH and secret.lower() not in _COMMON:
            yield secret


def _masked(text: str, pattern: re.Pattern[str], is_secret: Callable[[str, str, bool], bool]) -> str:
    """Replace the value of every match whose name and value make a secret.

    The value is only looked ahead at, so that in ``error: password=x`` the second name is found as well.
    """
    pieces, done = [], 0
    for match in pattern.finditer(text):
        group = "quoted" if match.groupdict().get("quoted") is not None else "bare"
        if match.start(group) >= done and is_secret(match["name"], match[group], group == "quoted"):
            pieces += [text[done : match.start(group)], MASK]
            done = match.end(group)
            if group == "bare" and (rest := _REST.match(text, done)):
                done = rest.end()
    return "".join([*pieces, text[done:]])


def _is_assigned_secret(name: str, value: str, quoted: bool) -> bool:
    if _NO_SECRET.fullmatch(value):
        return False
    match _strength(name):
        case "sure":
            return True
        case "secret":
            return quoted or not value.isalpha()  # "the secret: patience" is prose
        case "token":
            return _is_random(value)
    return False


def _is_secret_option(name: str, _value: str, _quoted: bool) -> bool:
    return _strength(name) != "" or name.lower() in _OF_SIGNATURES


def _is_secret_value(name: str, value: str) -> bool:
    """Tell whether text under a name is a secret: ``db.password`` by its last part, ``password.value`` by one above."""
    *above, last = re.split(r"[./]", name)
    if _is_about_secrets(last):
        return False
    if any(_strength(part) in {"sure", "secret"} for part in above):
        return True
    strength = _strength(last)
    return _is_random(value) if strength == "token" else strength != ""


def _is_about_secrets(name: str) -> bool:
    return not _ABOUT_SECRETS.isdisjoint(_words(name)[-1:])


def _is_random(value: str) -> bool:
    return len(value) >= _MIN_LENGTH and _DIGIT.search(value) is not None


@lru_cache(maxsize=4096)
def _strength(name: str) -> str:
    """Tell how a name speaks of secrets: "sure", "secret" or "token" for these words alone, "" for not at all."""
    words = _words(name)
    last = words[-1] if words else ""
    before = words[-2] if len(words) > 1 else ""
    if last in {"token", "secret"} and not before:
        return last
    if last in {"token", "tokens"}:
        sure = before in _OF_TOKENS
    elif last in {"key", "keys"}:
        sure = before in _OF_KEYS
    elif last == "pwd":
        sure = before != ""
    else:
        sure = _SECRET_ENDING.fullmatch(last) is not None
    return "sure" if sure else ""


@lru_cache(maxsize=4096)
def _is_secret_variable(name: str) -> bool:
    """Tell whether an environment variable holds a secret: they are no params, so a token is a token."""
    words = _words(name)
    if not words or _is_about_secrets(name) or words == ["gpg", "key"]:
        return False
    return (
        words[-1] == "key"
        or "token" in words
        or any(_strength("_".join(words[:end])) in {"sure", "secret"} for end in range(1, len(words) + 1))
    )


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    return words
