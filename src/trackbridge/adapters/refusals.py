"""What the embedded adapters refuse, in the same words: each function makes one error or one refusal."""

from __future__ import annotations

from trackbridge.errors import Conflict, IntegrityError, NotFound
from trackbridge.protocol import Refused
from trackbridge.records.names import shown
from trackbridge.records.values import ParamValue

__all__ = [
    "beside_folder",
    "check_content",
    "no_artifact",
    "no_experiment",
    "no_model",
    "no_object",
    "no_run",
    "no_version",
    "other_param",
    "spent_model",
    "spent_number",
    "spent_run",
]


def no_run(run_id: str) -> NotFound:
    """There is no such run."""
    return NotFound(f"there is no run {shown(run_id)}", clause="R1")


def spent_run(run_id: str, why: str) -> Conflict:
    """The id was used; `why` is "deleted" or "purged"."""
    remedy = "Restore it, or start a run with another id." if why == "deleted" else "Start a run with another id."
    return Conflict(f"run {shown(run_id)} was {why} and its id cannot be used again", clause="R5", remedy=remedy)


def no_experiment(name: str) -> NotFound:
    """There is no such experiment."""
    return NotFound(f"there is no experiment {shown(name)}", clause="R2")


def other_param(name: str, held: ParamValue, value: ParamValue) -> Refused:
    """The param was written before, with another value."""
    return Refused("param", name, f"it is {shown(held)} already and cannot become {shown(value)}", "P3")


def no_artifact(run_id: str, path: str) -> NotFound:
    """The run has no such artifact."""
    return NotFound(f"run {run_id} has no artifact {shown(path)}", clause="A1")


def beside_folder(run_id: str, path: str, other: str) -> Conflict:
    """One path would be a file and a folder at once."""
    return Conflict(
        f"run {run_id} has the artifact {shown(other)}, so that {shown(path)} would make a file a folder",
        clause="A1",
        remedy="Store it under another path.",
    )


def check_content(path: str, size: int, sha256: str, found_size: int, found_sha256: str) -> None:
    """Raise `IntegrityError` unless what arrived is what was announced."""
    if (found_size, found_sha256) != (size, sha256):
        raise IntegrityError(
            f"artifact {shown(path)} was announced with {size} bytes and sha256 {sha256}, "
            f"but {found_size} bytes with sha256 {found_sha256} arrived; nothing was stored",
            clause="A4",
            remedy="The file changed while it was read: log it again.",
        )


def no_object(kind: str, key: str, name: str) -> NotFound:
    """The scope has no such object."""
    return NotFound(f"{kind} {shown(key)} has no object {shown(name)}", clause="X3")


def no_model(name: str) -> NotFound:
    """There is no such model."""
    return NotFound(f"there is no model {shown(name)}", clause="G1")


def spent_model(name: str) -> Conflict:
    """The model's name was used."""
    return Conflict(
        f"model {shown(name)} was deleted and its name cannot be used again",
        clause="G1",
        remedy="Register under another name.",
    )


def no_version(model: str, number: int) -> NotFound:
    """The model has no such version."""
    return NotFound(f"model {shown(model)} has no version {number}", clause="G2")


def spent_number(model: str, number: int, why: str) -> Conflict:
    """The version's number cannot be given; `why` ends the sentence."""
    return Conflict(f"version {number} of model {shown(model)} {why}", clause="G1")
