"""Redacting texts, URLs and values (X4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from trackbridge.records.values import ParamValue
from trackbridge.redaction.environment import MIN_LENGTH, environment_secrets
from trackbridge.redaction.forms import MASK, redact_forms
from trackbridge.redaction.names import is_about_secrets, is_option_of_secret, strength_of
from trackbridge.redaction.rules import Rules, rules

__all__ = ["redact_document", "redact_text", "redact_url", "redact_value"]

_IsSecret = Callable[[str, str, bool], bool]  # of a name, its value, and whether that is quoted

_HINTS: Final = ("passw", "passphrase", "passcode", "secret", "token", "key", "pwd", "credential")
_VALUE: Final = (
    r"""(?:(?P<quote>\\*["'])(?P<quoted>(?:(?!(?P=quote))(?:\\.|.)){1,4096}+)(?P=quote)"""
    r"""|["']?(?P<bare>(?![$*])[^\s"'`,;&|<>(){}\[\]]{1,1024}+)(?!\())"""  # bounded: it is looked at again for every name in it
)
_REST: Final = re.compile(r"""[^\s"'`,;&|<>(){}\[\]]*""")
_ASSIGNED: Final = re.compile(
    # an ARN may have ``secret:NAME`` behind an account
    rf"""(?<![A-Za-z0-9_])(?<![0-9]{{12}}:)(?P<name>[A-Za-z][A-Za-z0-9_-]{{2,63}}+)\\*["']?\s*+(?:=>|:=|=|:)\s*+(?={_VALUE})""",
    re.DOTALL,
)
_FLAG: Final = re.compile(rf"(?<![\w-])--?(?P<name>[A-Za-z][\w-]{{2,63}}+)\s++(?!-)(?={_VALUE})", re.DOTALL)
_ELEMENT: Final = re.compile(r"<(?P<name>[A-Za-z][\w.-]{2,63}+)>(?=(?P<bare>[^<>*]{1,1024}+)</)")
_OPTION: Final = re.compile(r"(?<=[?&])(?P<name>[^=&#\s]{1,64})=(?=(?P<bare>[^&#\s]{1,1024}+))")
_DIGIT: Final = re.compile(r"\d")
_HOLDERS: Final = frozenset(
    {"args", "cfg", "cls", "conf", "config", "context", "ctx", "env", "environ", "kwargs", "options", "opts", "os",
     "params", "request", "secrets", "self", "settings"}
)  # fmt: skip
_NO_SECRET: Final = re.compile(r"(?i)none|null|nil|true|false|str|string|required|optional|undefined|[0-9.]{1,4}|\W+")


def redact_text(text: str) -> str:
    """Give `text` with every secret in it replaced by ``***``."""
    return _Cleaner().text(text)


def redact_url(text: str) -> str:
    """Give a URL without credentials, secret options and signatures."""
    return redact_text(_masked(text, _OPTION, _is_secret_option))


def redact_value(value: ParamValue, name: str = "") -> ParamValue:
    """Give a param or attribute without secrets: texts in it, and all text under a secret's name.

    Lists may be command lines: what follows ``--password`` goes, too.
    """
    return _Cleaner().value(value, name)


def redact_document(document: Any) -> Any:
    """Give a report of plain values with the secrets taken out of its texts; keys stay.

    Names in it are those of the report, so that nothing is a secret by its name.
    """
    return _Cleaner().document(document)


class _Cleaner:
    """What is secret at this moment, looked up once for all the texts of a value."""

    __slots__ = ("_rules", "_secrets")

    def __init__(self) -> None:
        self._rules: Final[Rules] = rules()
        self._secrets: tuple[str, ...] | None = None

    def text(self, text: str) -> str:
        for pattern in self._rules.patterns:
            text = pattern.sub(MASK, text)
        if len(text) >= MIN_LENGTH:
            if self._secrets is None:
                self._secrets = environment_secrets(self._rules)
            for secret in self._secrets:
                text = text.replace(secret, MASK)
            text = redact_forms(text)
        return self._named(text) if len(text) >= MIN_LENGTH or self._rules.names else text

    def value(self, value: ParamValue, name: str) -> ParamValue:
        if isinstance(value, str):
            return MASK if value and self._is_secret_value(name, value) else self.text(value)
        if isinstance(value, list):
            flags = ["", *value]
            return [self.value(item, _flag(flag, item) or name) for flag, item in zip(flags, value, strict=False)]
        if isinstance(value, dict):
            return {key: self.value(item, f"{name}.{key}") for key, item in value.items()}
        return value

    def document(self, document: Any) -> Any:
        if isinstance(document, str):
            return self.text(document)
        if isinstance(document, Mapping):
            return {key: self.document(item) for key, item in document.items()}
        if isinstance(document, list | tuple):
            return [self.document(item) for item in document]
        return document

    def _named(self, text: str) -> str:
        """Take out what is written behind a name."""
        if self._rules.names is None:
            lower = text.lower()
            if not any(hint in lower for hint in _HINTS):
                return text
        if "=" in text or ":" in text:
            text = _masked(text, _ASSIGNED, self._is_assigned_secret)
        if "-" in text:
            text = _masked(text, _FLAG, self._is_assigned_secret)
        if "</" in text:
            text = _masked(text, _ELEMENT, self._is_assigned_secret)
        return text

    def _is_assigned_secret(self, name: str, value: str, quoted: bool) -> bool:
        if _NO_SECRET.fullmatch(value) or (not quoted and _is_reference(name, value)):
            return False
        if self._rules.name(name):
            return True
        match strength_of(name):
            case "sure":
                return True
            case "secret":
                return quoted or not value.isalpha()  # "the secret: patience" is prose
            case "token":
                return _is_random(value)
        return False

    def _is_secret_value(self, name: str, value: str) -> bool:
        """Tell whether text under a name is a secret: ``db.password`` by its last part, ``password.value`` by one above."""
        *above, last = re.split(r"[./]", name)
        if any(map(self._rules.name, (name, last, *above))):
            return True
        if is_about_secrets(last):
            return False
        if any(strength_of(part) in {"sure", "secret"} for part in above):
            return True
        strength = strength_of(last)
        return _is_random(value) if strength == "token" else strength != ""


def _is_secret_option(name: str, _value: str, _quoted: bool) -> bool:
    return is_option_of_secret(name)


def _flag(before: ParamValue, item: ParamValue) -> str:
    """Give the name of the flag that `item` is the value of on a command line."""
    named = isinstance(before, str) and before.startswith("-") and isinstance(item, str) and not item.startswith("-")
    return str(before).lstrip("-") if named else ""


def _masked(text: str, pattern: re.Pattern[str], is_secret: _IsSecret) -> str:
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


def _is_reference(name: str, value: str) -> bool:
    """Tell whether it is code that says where the secret is: ``password=db_password``, ``args.x``, ``os.environ``."""
    first, *others = parts = value.split(".")
    if not all(map(str.isidentifier, parts)):
        return False
    mine, theirs = name.lower(), parts[-1].lower()
    same = mine == theirs or theirs.endswith(f"_{mine}") or mine.endswith(f"_{theirs}")
    return same or (bool(others) and first in _HOLDERS)


def _is_random(value: str) -> bool:
    return len(value) >= MIN_LENGTH and _DIGIT.search(value) is not None
