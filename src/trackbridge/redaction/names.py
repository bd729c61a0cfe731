"""Names that speak of secrets: of params, of options, and of environment variables (X4)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

__all__ = ["Strength", "is_about_secrets", "is_option_of_secret", "is_secret_variable", "strength_of"]

Strength: TypeAlias = Literal["sure", "secret", "token", ""]

# Names, as their words. `token` alone may be a word of a vocabulary, `pad_token` always is one.
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SECRET_ENDING: Final = re.compile(
    r".*(?:password|passwd|passphrase|passcode|secret|credential|apikey|authtoken|accesstoken|secretkey|privatekey"
    r"|accesskey)s?"
)
_OF_KEYS: Final = frozenset(
    {"access", "account", "api", "app", "auth", "deploy", "encryption", "license", "master", "private", "secret",
     "service", "shared", "signing", "storage", "subscription", "wandb"}
)  # fmt: skip
_OF_TOKENS: Final = frozenset(
    {"access", "api", "app", "auth", "bearer", "bot", "csrf", "deploy", "git", "github", "gitlab", "hf", "hub", "id",
     "identity", "jwt", "neptune", "npm", "oauth", "personal", "private", "pypi", "refresh", "registry", "sas", "secret",
     "security", "service", "session", "slack", "tracking", "vault", "wandb"}
)  # fmt: skip
_OF_SIGNATURES: Final = frozenset(
    {"sig", "signature", "x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-goog-signature",
     "x-goog-credential"}
)  # fmt: skip

# Keys of tables and tables of keys; a public key is none to hide.
_NO_SECRET_KEYS: Final = frozenset(
    {"cache", "feature", "foreign", "gpg", "group", "host", "index", "join", "label", "map", "object", "partition",
     "primary", "public", "row", "sort", "target", "time"}
)  # fmt: skip

# A name that ends so says where a secret is, or how long it lives.
_ABOUT_SECRETS: Final = frozenset(
    {"algorithm", "arn", "class", "count", "dir", "directory", "enabled", "endpoint", "expiration", "expiry", "file",
     "files", "fingerprint", "header", "host", "id", "ids", "length", "limit", "name", "path", "policy", "port",
     "provider", "region", "required", "rotation", "size", "sock", "ttl", "type", "uri", "url", "user", "username"}
)  # fmt: skip


@lru_cache(maxsize=4096)
def strength_of(name: str) -> Strength:
    """Tell how a name speaks of secrets: "sure", "secret" or "token" for these words alone, "" for not at all."""
    words = _words(name)
    last = words[-1] if words else ""
    before = words[-2] if len(words) > 1 else ""
    if last == "secret" and not before:
        return "secret"
    if last == "token" and not before:
        return "token"
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
def is_secret_variable(name: str) -> bool:
    """Tell whether an environment variable holds a secret: they are no params, so a token is a token."""
    words = _words(name)
    if not words or is_about_secrets(name) or (words[-1] == "key" and not _NO_SECRET_KEYS.isdisjoint(words[-2:-1])):
        return False
    return (
        words[-1] == "key"
        or "token" in words
        or any(strength_of("_".join(words[:end])) in {"sure", "secret"} for end in range(1, len(words) + 1))
    )


def is_about_secrets(name: str) -> bool:
    """Tell whether a name ends in what is said of a secret, such as its length or where it lies."""
    return not _ABOUT_SECRETS.isdisjoint(_words(name)[-1:])


def is_option_of_secret(name: str) -> bool:
    """Tell whether an option of a URL holds a secret or a signature."""
    return strength_of(name) != "" or name.lower() in _OF_SIGNATURES


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    return words
