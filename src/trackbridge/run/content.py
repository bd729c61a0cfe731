"""The part of a run that is about content: files, models, datasets (A1–A5, G2, D1)."""

from __future__ import annotations

import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from trackbridge.errors import Conflict, Rejected, TrackbridgeError
from trackbridge.records.artifacts import ArtifactRecord, folder_digest
from trackbridge.records.datasets import DatasetRecord, check_dataset
from trackbridge.records.ids import new_run_id
from trackbridge.records.log import LoggedArtifact, LoggedVersion, LogRecord
from trackbridge.records.names import check_artifact_path, check_name, shown
from trackbridge.records.times import now_ms
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import Stamp
from trackbridge.redaction import redact_text, redact_url
from trackbridge.run import formats, kinds
from trackbridge.run.calls import checked
from trackbridge.run.datasets import describe_data, local_path, source_of
from trackbridge.run.files import files_of
from trackbridge.run.models import saved_model
from trackbridge.run.rows import describe_table
from trackbridge.run.spec import RunSpec
from trackbridge.run.staging import Staging
from trackbridge.shipping import Outlet, PendingVersion

__all__ = ["Content"]


class Content(ABC):
    """What a `Run` can log besides numbers and texts. Files are copied at the call, so that they may change after."""

    _spec: RunSpec
    _outlet: Outlet

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._staging = Staging(outlet.place, outlet.admit)
        self._files: dict[str, ArtifactRecord] = {}
        self._models: dict[str, kinds.ModelKind] = {}
        self._content_lock = threading.RLock()

    # Files

    @checked
    def log_artifact(
        self,
        path: str | os.PathLike[str],
        artifact_path: str | None = None,
        *,
        mode: Literal["copy", "reference"] = "copy",
    ) -> None:
        """Log a file.

        Args:
            path: The file.
            artifact_path: Its path in the run, by default its name (A1); the same path again replaces (A3).
            mode: "copy" takes a copy now; "reference" reads the file where it lies when it is delivered, and rejects
                it if it changed until then: for files too large to copy, which nobody touches.
        """
        source = Path(path)
        self._keep(source, source.name if artifact_path is None else artifact_path, mode)

    @checked
    def log_artifacts(self, folder: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Log all files of a folder, at any depth; a link that leads out of it is Rejected (A5).

        Args:
            folder: The folder.
            artifact_path: The folder in the run to put them in; the run's own by default.
        """
        prefix = "" if artifact_path is None else f"{artifact_path}/"
        found = [(source, check_artifact_path(prefix + path)) for source, path in files_of(Path(folder))]
        for source, path in found:
            self._keep(source, path, "copy")

    @checked
    def log_text(self, text: str, artifact_path: str) -> None:
        """Log a text as a file in UTF-8."""
        if not isinstance(text, str):
            raise Rejected(f"log_text takes a string, not {shown(text)}", clause="A1", remedy="Use log_dict or str().")
        self._keep_bytes(formats.text_bytes(text, artifact_path), artifact_path)

    @checked
    def log_dict(self, value: Mapping[str, Any] | list[Any], artifact_path: str) -> None:
        """Log a dict or a list as a file of JSON, indented, keys as they come."""
        try:
            text = json.dumps(value, ensure_ascii=False, indent=2, default=formats.plain)
        except (TypeError, ValueError, RecursionError) as error:
            raise Rejected(f"the value for {shown(artifact_path)} is no JSON: {error}", clause="A1") from error
        self._keep_bytes(formats.text_bytes(text, artifact_path), artifact_path)

    @checked
    def log_figure(self, figure: Any, artifact_path: str) -> None:
        """Log a matplotlib or plotly figure, or whatever has ``savefig`` or ``write_image``.

        Args:
            figure: The figure.
            artifact_path: Ends with .png, .svg, .pdf, .jpg or, for plotly, .html.
        """
        path = check_artifact_path(artifact_path)
        self._keep_bytes(formats.figure_bytes(figure, path), path)
        self._note(kinds.FigureKind(path, formats.suffix_of(path)))

    @checked
    def log_image(self, image: Any, artifact_path: str) -> None:
        """Log an image.

        Args:
            image: The path of a file, which is taken as it is; a PIL image; or an array of shape (height, width),
                (height, width, 1), (…, 3) or (…, 4), of uint8, or of floats from 0 to 1; these become PNG.
            artifact_path: Its path in the run.
        """
        path = check_artifact_path(artifact_path)
        if isinstance(image, str | os.PathLike):
            self._keep(Path(image), path, "copy")
            self._note(kinds.ImageKind(path, formats.suffix_of(path), None, None))
            return
        content, width, height = formats.image_bytes(image, path)
        self._keep_bytes(content, path)
        self._note(kinds.ImageKind(path, "png", width, height))

    @checked
    def log_table(self, table: Any, artifact_path: str) -> None:
        """Log a table.

        Args:
            table: A pyarrow Table, a pandas or Polars DataFrame, a dict of columns, or a list of dicts.
            artifact_path: Ends with .parquet or .csv; without either, .parquet is added where pyarrow is installed,
                else .csv.
        """
        path, content, rows, columns = formats.table_bytes(table, check_artifact_path(artifact_path))
        self._keep_bytes(content, path)
        self._note(kinds.TableKind(path, formats.suffix_of(path), rows, columns))

    # Models

    def log_model(
        self,
        model: Any,
        path: str,
        *,
        signature: str | None = None,
        input_example: Any = None,
        register_as: str | None = None,
    ) -> PendingVersion:
        """Log a model, and register it where `register_as` names a registered model.

        Args:
            model: An object that an installed saver knows, or the path of a file or a folder, taken as it is (G2).
            path: The folder in the run that it becomes, or the file.
            signature: What goes in and out, as `infer_signature` gives it.
            input_example: Some input, kept beside the model by savers that can.
            register_as: The registered model to make a version of.

        Returns:
            The version to come; without `register_as` its ``result()`` is a ConfigurationError.
        """
        try:
            path = check_artifact_path(path)
            if register_as is not None:
                check_name(register_as, "model")
            signature = redact_text(signature) if isinstance(signature, str) else signature
            with self._content_lock, saved_model(model, path, signature, input_example) as (files, kind):
                for source, file in files:
                    self._keep(source, file, "copy")
                self._models[path] = kind
            self._note(kind)
            return PendingVersion() if register_as is None else self._register(path, register_as)
        except TrackbridgeError as error:
            self.complain(error)
            return PendingVersion()

    def register_model(self, artifact: str, model: str) -> PendingVersion:
        """Make an artifact of this run, a file or a folder, a version of a registered model (G2)."""
        try:
            return self._register(check_artifact_path(artifact), check_name(model, "model"))
        except TrackbridgeError as error:
            self.complain(error)
            return PendingVersion()

    # Datasets

    @checked
    def use_dataset(
        self,
        name: str,
        version: str | None = None,
        uri: str | os.PathLike[str] | None = None,
        context: str | None = None,
        *,
        digest: str | None = None,
        schema: str | Mapping[str, Any] | None = None,
        rows: int | None = None,
        data: Any = None,
        any_order: bool = False,
    ) -> None:
        """Say that the run uses a dataset; any number of them, one in two contexts included (D1).

        Args:
            name: Its name.
            version: Its version.
            uri: Where it is; a local file or folder is hashed where no digest is given. Where a tool such as DVC tracks
                it, what that has recorded is kept: its digest, its remote as the `uri`, and more as attributes.
            context: What for, such as "training".
            digest: ``algorithm:hex`` of its content.
            schema: Its columns, a JSON text or what makes one.
            rows: How many rows it has.
            data: The table itself: pyarrow, pandas, Polars, a dict of columns or a list of dicts; its digest, schema and
                rows are kept where they are not given.
            any_order: The digest of `data` is not to depend on the order of its rows.
        """
        if data is not None:
            facts = describe_table(data, any_order=any_order)
            digest, schema = digest or facts.digest, schema or facts.schema
            rows = facts.rows if rows is None else rows
        text = schema if schema is None or isinstance(schema, str) else json.dumps(schema, default=formats.plain)
        where = None if uri is None else os.fspath(uri)
        record = check_dataset(DatasetRecord(name, version, digest, where, context, text, rows))
        path = None if record.uri is None else local_path(record.uri)
        source = None if path is None else source_of(path)
        if source is not None:
            record = replace(
                record,
                version=record.version or source.version,
                digest=record.digest or source.digest,
                uri=source.uri or record.uri,
            )
        elif path is not None and record.digest is None:
            record = replace(record, digest=describe_data(path))
        record = _redacted(record)
        self._put(record)
        if source is not None:
            for fact, value in source.facts.items():
                self._attribute(f"environment.data.{record.name[:150]}.{source.tool}.{fact}", value)

    # What a run gives

    @abstractmethod
    def complain(self, error: TrackbridgeError) -> None:
        """Raise an error of a call, or warn of it."""

    @abstractmethod
    def _stamp(self) -> Stamp: ...

    @abstractmethod
    def _put(self, record: LogRecord) -> None: ...

    @abstractmethod
    def _permit(self, record: LogRecord) -> None: ...

    @abstractmethod
    def _attribute(self, name: str, value: ParamValue) -> None: ...

    @abstractmethod
    def _tag(self, name: str, value: str | None) -> None: ...

    @abstractmethod
    def _check_open(self) -> None: ...

    def _keep(self, source: Path, artifact_path: str, mode: str) -> None:
        path = self._free(artifact_path)
        if mode not in ("copy", "reference"):
            raise Rejected(f"{shown(mode)} is no mode", clause="A4", remedy="Use 'copy' or 'reference'.")
        take = self._staging.copy if mode == "copy" else self._staging.refer
        self._hand_over(take(source, path, self._stamp()))

    def _keep_bytes(self, content: bytes, artifact_path: str) -> None:
        path = self._free(artifact_path)
        self._hand_over(self._staging.keep(content, path, self._stamp()))

    def _free(self, artifact_path: object) -> str:
        """Check a path against A1 and against the other artifacts that this process logged."""
        self._check_open()
        path = check_artifact_path(artifact_path)
        parents = {path[:at] for at, character in enumerate(path) if character == "/"}
        with self._content_lock:
            other = next((each for each in self._files if each in parents or each.startswith(f"{path}/")), None)
        if other is not None:
            raise Conflict(
                f"the run has the artifact {shown(other)}, so that {shown(path)} would make a file a folder",
                clause="A1",
                remedy="Log it under another path.",
            )
        return path

    def _hand_over(self, artifact: LoggedArtifact | None) -> None:
        if artifact is None:
            return  # dropped, and counted
        try:
            self._permit(artifact)
        except TrackbridgeError:
            if artifact.staged:
                artifact.source.unlink(missing_ok=True)
            raise
        with self._content_lock:
            self._files[artifact.path] = ArtifactRecord(artifact.path, artifact.size, artifact.sha256)
        self._put(artifact)

    def _note(self, kind: kinds.Kind) -> None:
        self._tag(kinds.tag_name(kind.path), kinds.tag_text(kind))

    def _register(self, path: str, model: str) -> PendingVersion:
        with self._content_lock:
            own = [file for file in self._files.values() if file.path == path or file.path.startswith(f"{path}/")]
        kind = self._models.get(path)
        alone = not (self._spec.resumed or self._spec.attached)
        if not own and alone:
            raise Rejected(
                f"the run has no artifact {shown(path)} to register",
                clause="G2",
                remedy="Log it first, with log_model.",
            )
        # Another process may have put files into the same folder: then the backend's listing decides.
        digest = folder_digest(own, path) if own and alone else None
        self._check_open()
        version = LoggedVersion(
            token=new_run_id(),
            model=model,
            artifact_path=path,
            digest=digest,
            created_ms=now_ms(),
            signature=kind.signature if kind else None,
            input_example=kind.input_example if kind else None,
        )
        self._permit(version)
        return self._outlet.register(version)


def _redacted(dataset: DatasetRecord) -> DatasetRecord:
    """Take the secrets out of a dataset's texts (X4)."""
    texts: dict[str, Any] = {
        field: redact_text(text)
        for field in ("name", "version", "context", "schema")
        if (text := getattr(dataset, field)) is not None
    }
    return replace(dataset, uri=None if dataset.uri is None else redact_url(dataset.uri), **texts)
