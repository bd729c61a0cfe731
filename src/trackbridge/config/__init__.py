"""Configuration: which backends, and how a run behaves; `configure` > environment > file > default."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackbridge.config.model import BackendChoice, BackendSettings, Settings, WebhookSettings
from trackbridge.config.sources import KeyPath, Source
from trackbridge.errors import ConfigurationError
from trackbridge.records.names import shown

if TYPE_CHECKING:
    from trackbridge.config.loading import Loaded

__all__ = [
    "BackendChoice",
    "BackendSettings",
    "Settings",
    "WebhookSettings",
    "chosen_backends",
    "configure",
    "setting_base",
    "setting_place",
    "settings",
]

_calls = Source("call", {}, Path())
_lock = threading.Lock()


def settings() -> Settings:
    """Give the settings as they are now: sources are read anew each time.

    Raises:
        ConfigurationError: an unknown key, a wrong type or a file that cannot be read; the message names the place.
    """
    return _load().settings


def configure(**values: Any) -> None:
    """Set settings in code, over the environment and the file; a value of None takes an earlier call back.

    Relative paths in `values` are relative to the working directory at the time of the call.

    Raises:
        ConfigurationError: an unknown key or a wrong type; nothing is changed then.
    """
    global _calls  # noqa: PLW0603 - configuration of the process is what this is for
    with _lock:
        before = _calls
        kept = {key: value for key, value in {**before.values, **values}.items() if value is not None}
        _calls = Source("call", kept, Path.cwd())
        try:
            _load()
        except ConfigurationError:
            _calls = before
            raise


def chosen_backends(backend: str | Sequence[str] | None = None) -> tuple[BackendChoice, ...]:
    """Give the backends to open, in order.

    Args:
        backend: A name of the settings' `backends`, a URL, or a list of them; the setting `backend` by default.

    Raises:
        ConfigurationError: an unknown name, a backend without a URL, one backend twice, or an empty list.
    """
    loaded = _load()
    base = Path.cwd() if backend is not None else loaded.base("backend")
    wanted = loaded.settings.backend if backend is None else backend
    entries = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Iterable) else list(wanted)
    if not entries:
        raise ConfigurationError("the list of backends is empty", remedy="Name one, or give its URL.")
    choices = [_choice(entry, loaded, base) for entry in entries]
    for number, choice in enumerate(choices):
        if choice.name in {earlier.name for earlier in choices[:number]}:
            raise ConfigurationError(
                f"the backend {choice.name} is listed twice", remedy="List it once, or give each a name in [backends]."
            )
    return tuple(choices)


def setting_place(key: KeyPath) -> str:
    """Say where a setting stands, for messages about it: file and line, the variable's name, or in code."""
    return _load().place(key)


def setting_base(key: KeyPath) -> Path:
    """Give what a relative path in a setting is relative to: the folder of its file, else the working directory."""
    return _load().base(*key)


def _load() -> Loaded:
    from trackbridge.config.loading import load

    return load(_calls)


def _choice(entry: object, loaded: Loaded, base: Path) -> BackendChoice:
    known = loaded.settings.backends
    if isinstance(entry, str) and (found := known.get(entry)) is not None:
        if not found.url:
            raise ConfigurationError(f"the backend {entry} has no url", remedy=f"Set url in [backends.{entry}].")
        return BackendChoice(entry, found.url, found.required, loaded.base("backends", entry, "url"))
    if isinstance(entry, str) and ":" in entry:
        return BackendChoice(_url_name(entry), entry, required=True, base=base)
    near = difflib.get_close_matches(str(entry), known, n=1)
    remedy = (
        f"Did you mean {near[0]}?"
        if near
        else f"Known are {', '.join(known)}; a URL such as local://.trackbridge works too."
        if known
        else "Write a URL such as local://.trackbridge, or define the name in [backends.NAME] of trackbridge.toml."
    )
    raise ConfigurationError(f"there is no backend named {shown(entry)}", remedy=remedy)


def _url_name(url: str) -> str:
    """Name a backend by its URL, without what may be secret in it."""
    scheme, slashes, rest = url.partition("//")
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
