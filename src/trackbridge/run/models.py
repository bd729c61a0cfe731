"""Model objects, files and folders as artifacts (G2)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trackbridge.errors import Rejected, TrackbridgeError
from trackbridge.protocol import ModelSaver
from trackbridge.protocol.discovery import hooks
from trackbridge.records.names import shown
from trackbridge.run.files import files_of
from trackbridge.run.kinds import ModelKind

__all__ = ["model_savers", "saved_model"]

Files = list[tuple[Path, str]]


def model_savers() -> list[ModelSaver]:
    """Give all installed savers, the most fitting first."""
    found = [saver for group in hooks().hook.trackbridge_model_savers() for saver in group]
    return sorted(found, key=lambda saver: (-saver.priority, saver.name))


@contextmanager
def saved_model(model: Any, path: str, signature: str | None, input_example: Any) -> Iterator[tuple[Files, ModelKind]]:
    """Give the files of a model with their artifact paths, and what the model is; valid within the block.

    Raises:
        Rejected: no saver knows the object, or the one that does cannot save it.
    """
    if signature is not None and not isinstance(signature, str):
        raise Rejected(
            f"a signature is a JSON text, not {shown(signature)}",
            clause="G2",
            remedy="Use trackbridge.infer_signature.",
        )
    if isinstance(model, str | os.PathLike):
        yield _as_is(Path(model), path), ModelKind(path, "files", runs_code=True, signature=signature)
        return
    saver = next((saver for saver in model_savers() if saver.can_save(model)), None)
    if saver is None:
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise Rejected(
            f"no installed saver knows how to save a model of type {kind}",
            clause="G2",
            remedy="Save it yourself and give log_model the file or folder, or install a plugin for it.",
        )
    with tempfile.TemporaryDirectory(prefix="trackbridge-model-") as folder:
        try:
            saved = saver.save(model, Path(folder), signature, input_example)
        except TrackbridgeError:
            raise
        except Exception as error:
            raise Rejected(
                f"the saver {saver.name} cannot save {shown(model)}: {type(error).__name__}: {error}",
                clause="G2",
                remedy="Save it yourself and give log_model the file or folder.",
            ) from error
        files = [(source, f"{path}/{name}") for source, name in files_of(Path(folder))]
        yield files, ModelKind(path, saved.flavor, saved.runs_code, signature, saved.input_example)


def _as_is(source: Path, path: str) -> Files:
    if source.is_dir():
        found = [(file, f"{path}/{name}") for file, name in files_of(source)]
        if not found:
            raise Rejected(f"the folder {shown(str(source))} of the model is empty", clause="G2")
        return found
    return [(source, path)]
