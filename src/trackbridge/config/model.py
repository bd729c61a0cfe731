"""The settings, and a backend as it was chosen: plain records, cheap to import."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

__all__ = ["BackendChoice", "BackendSettings", "Settings", "WebhookSettings"]


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """One table ``[backends.NAME]``.

    Attributes:
        url: The backend's address; it may come from one source and the rest from another, but never be missing.
        required: False if it must never delay `finish`.
    """

    url: str = ""
    required: bool = True

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """One table ``[[webhooks]]``: where a change of stage is posted.

    Attributes:
        url: Where to.
        secret_env: The name of the environment variable that holds the secret of the signature.
        stages: Only changes to these stages; all if empty.
        timeout_s: How long one attempt may take.
    """

    url: str
    secret_env: str
    stages: list[str] = field(default_factory=list)
    timeout_s: float = 5.0

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be configured; the sources are, strongest first, `configure`, the environment, a file, these defaults.

    Attributes:
        backend: A name of `backends`, a URL, or a list of them: a fan-out.
        backends: Backends by name.
        capture: Whether a run records its environment.
        system_metrics_interval_s: How often a run samples the load of the machine, as metrics under ``system/``; 0 for
            never.
        shipper: Who delivers to the backends: a process of its own, a thread, or the caller.
        python: The interpreter that the shipper process runs on; that of the script by default.
        journal_dir: Where what is logged lies until it is delivered; a directory of the user's cache by default.
        journal_max_bytes: How much disk the journal of one run in one process may take.
        when_full: What a call does when it takes that much.
        durability: What a returned call survives: the death of the process, or that of the machine.
        sync_interval_s: How often the journal goes to the disk where durability is "machine".
        strict: Whether a failing backend raises after `start_run` has returned (X2).
        on_error: What a bad call does, such as a metric that is a string.
        on_unreachable: What `start_run` does when a backend cannot be reached.
        mode: "offline" contacts no backend and delivers later.
        connect_timeout_s: How long `start_run` waits for its backends.
        finish_timeout_s: How long `finish` waits for the delivery.
        ranks: Which ranks of a distributed job log.
        redact: Regular expressions of further text to redact (X4).
        redact_names: Names, with ``*`` and ``?``, of params, tags, options and variables whose values are secrets (X4).
        gates: The gates by model.
        policy: What every run must have.
        retention: Which runs may go, and when.
        webhooks: Who hears of changed stages.
    """

    backend: str | list[str] = "local://.trackbridge"
    backends: dict[str, BackendSettings] = field(default_factory=dict)
    capture: bool = True
    system_metrics_interval_s: float = 0.0
    shipper: Literal["process", "thread", "inline"] = "process"
    python: str = ""
    journal_dir: str = ""
    journal_max_bytes: int = 4 << 30
    when_full: Literal["block", "drop"] = "block"
    durability: Literal["process", "machine"] = "process"
    sync_interval_s: float = 1.0
    strict: bool = False
    on_error: Literal["raise", "warn"] = "raise"
    on_unreachable: Literal["raise", "offline"] = "raise"
    mode: Literal["online", "offline"] = "online"
    connect_timeout_s: float = 10.0
    finish_timeout_s: float = 60.0
    ranks: Literal["zero", "all"] = "zero"
    redact: list[str] = field(default_factory=list)
    redact_names: list[str] = field(default_factory=list)
    gates: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    retention: dict[str, Any] = field(default_factory=dict)
    webhooks: list[WebhookSettings] = field(default_factory=list)

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """A backend to open.

    Attributes:
        name: What to call it in messages: its name in the settings, else its URL without credentials and options.
        url: Its URL, as it was written.
        required: False if it must never delay `finish`.
        base: What a relative path in the URL is relative to: the folder of the file that said it, else the working
            directory.
    """

    name: str
    url: str
    required: bool
    base: Path
