"""Where each entity's folder lies, and how names of any characters become names of files."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, unquote

__all__ = ["MARKER", "experiment_folder", "model_folder", "object_file", "object_name", "purged_file", "run_folder"]

MARKER = "trackbridge-archive.json"


def run_folder(run_id: str) -> str:
    """Give the folder of a run."""
    return f"runs/{run_id}"


def experiment_folder(name: str) -> str:
    """Give the folder of an experiment."""
    return f"experiments/{_slug(name)}"


def model_folder(name: str) -> str:
    """Give the folder of a model."""
    return f"models/{_slug(name)}"


def purged_file(run_id: str) -> str:
    """Give the file that says that a run's id is spent."""
    return f"purged/{run_id}"


def object_file(name: str, data: bytes) -> str:
    """Give the file name of an object: its own, and the hash of its bytes."""
    return f"{quote(name, safe='')}@{hashlib.sha256(data).hexdigest()}"


def object_name(file: str) -> tuple[str, str]:
    """Give name and hash of an object from its file's name."""
    name, _, sha256 = file.rpartition("@")
    return unquote(name), sha256


def _slug(name: str) -> str:
    legible = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    return f"{legible}-{hashlib.sha256(name.encode()).hexdigest()[:32]}".lstrip("-")
