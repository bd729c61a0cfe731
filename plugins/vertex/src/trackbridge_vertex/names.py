"""Ids that Vertex AI takes, for names that it may not: a slug and a hash keep colliding names apart.

Ids of contexts are 4 to 128 of a-z, 0-9 and hyphen; the SDK calls a run's context ``EXPERIMENT-RUN``, and its
TensorBoard artifact that with ``-tb-run``.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

__all__ = ["digest", "experiment_id", "is_context_id", "model_id", "run_context_id", "shown_name", "slug"]

DISPLAY_CHARS: Final = 128

_HASH_CHARS: Final = 16
_EXPERIMENT_CHARS: Final = 88  # leaves room for a hyphen and 32 hex digits within the SDK's 121 of a run
_MODEL_CHARS: Final = 63
_CONTEXT: Final = re.compile(r"[a-z0-9][a-z0-9-]{3,127}")
_RUN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_MODEL: Final = re.compile(r"[a-z_][a-z0-9_-]{0,62}")
# What could be taken for a name made here, or for the context of a run, is made anew, so that no two ever meet.
_TAKEN: Final = re.compile(r"(?:^|[-_])(?:x[0-9a-f]{16}|[0-9a-f]{32})$|-tb-run$")


def digest(text: str, chars: int = 32) -> str:
    """Give the first hex digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:chars]


def slug(text: str, chars: int) -> str:
    """Give a text as a-z, 0-9 and single hyphens, at most so many; may be empty."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")[:chars].strip("-")


def is_context_id(text: str) -> bool:
    """Tell whether a context can have this id."""
    return _CONTEXT.fullmatch(text) is not None


def experiment_id(name: str) -> str:
    """Give the id of an experiment's context: its name, where Vertex AI takes that."""
    if is_context_id(name) and len(name) <= _EXPERIMENT_CHARS and not _TAKEN.search(name):
        return name
    return _made(name, _EXPERIMENT_CHARS, "experiment")


def run_context_id(experiment: str, run_id: str) -> str:
    """Give the id of a run's context, as the SDK makes it of an experiment's id and a run's."""
    short = experiment if len(experiment) <= _EXPERIMENT_CHARS else _made(experiment, _EXPERIMENT_CHARS, "experiment")
    return f"{short}-{run_id}"


def model_id(name: str) -> str:
    """Give the id of a model: its name, where Vertex AI takes that."""
    if _MODEL.fullmatch(name) and not _TAKEN.search(name):
        return name
    made = _made(name, _MODEL_CHARS - 2, "model")
    return made if made[0].isalpha() else f"m-{made}"


def shown_name(name: str | None, run_id: str) -> str:
    """Give a run's display name: the SDK makes a TensorBoard run's id of it, so that it must be one."""
    if not name:
        return run_id
    return name if _RUN.fullmatch(name) else slug(name, DISPLAY_CHARS) or run_id


def _made(name: str, chars: int, empty: str) -> str:
    return f"{slug(name, chars - _HASH_CHARS - 2) or empty}-x{digest(name, _HASH_CHARS)}"
