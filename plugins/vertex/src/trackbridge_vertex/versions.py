"""Model versions (G2): records in the staging bucket, and Vertex AI's own versions, which they name.

Vertex AI counts versions itself, and its number is ours, unless a migration or a fan-out gave one that it would not
have given (G1): from then on the model counts on from the greatest, and each record says which native version it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.protocol import VersionSpec
from trackbridge.records.values import canonical_json
from trackbridge_vertex.artifacts import folder_of
from trackbridge_vertex.client import Client
from trackbridge_vertex.models import Models, display_name, swapped
from trackbridge_vertex.names import digest, model_id

__all__ = ["MADE_BY_LABEL", "Versions"]

MADE_BY_LABEL: Final = "trackbridge_token"

_SHOWN_CHARS: Final = 2_000  # of a description
_DIGITS: Final = 9
_PAGE: Final = 100
_TOKEN_CHARS: Final = 40
_DEFAULT: Final = "default"


class Versions:
    """Versions of all models: records by number, and what Vertex AI has."""

    def __init__(self, client: Client, models: Models) -> None:
        self._client = client
        self._models = models

    def create(self, model: str, spec: VersionSpec, number: int | None) -> tuple[int, str]:
        """Create a version, or find the one of this token; give its number and Vertex AI's resource name.

        Raises:
            Conflict: the number is spent, or this token has another (G1, G2).
        """
        token = f"{_folder(model)}/tokens/{digest(spec.token, _TOKEN_CHARS)}"
        known = self._client.storage.get(token)
        if known is not None:
            return self._again(model, int(known), number)
        if number is None:
            made = self._claimed(model, spec, self._upload(model, spec))
        else:
            made = self._given(model, spec, number)
        if not self._client.storage.create(token, str(made).encode()):
            first = int(self._client.storage.get(token) or made)
            if first != made:  # another process made one for the same token, and was first
                self.delete(model, made)
                return self._again(model, first, number)
        return self._again(model, made, number)

    def _again(self, model: str, known: int, number: int | None) -> tuple[int, str]:
        if number not in {None, known}:
            raise Conflict(f"this version of {model!r} already has the number {known}, not {number}", clause="G2")
        native = self.record(model, known).get("native", "")
        return known, self._models.resource(f"{self._models.native_id(model)}@{native}")

    def _claimed(self, model: str, spec: VersionSpec, native: str) -> int:
        """Give a native version its number: its own, or the next one where numbers were given before."""
        record = self._models.record(model) or {}
        number = int(native)
        while True:
            if record.get("mapped"):
                number = max(self.numbers(model), default=0) + 1
            data = _record(spec, number, native)
            if self._client.storage.create(_object(model, number), data):
                return number
            if not record.get("mapped"):
                self._models.change(model, lambda fields: fields.update(mapped=True))
                record = {"mapped": True}

    def _given(self, model: str, spec: VersionSpec, number: int) -> int:
        """Claim a number that is given, then make the native version."""
        if max((int(one.version_id) for one in self.natives(model)), default=0) + 1 != number:
            self._models.change(model, lambda fields: fields.update(mapped=True))
        name = _object(model, number)
        if not self._client.storage.create(name, _record(spec, number, "")):
            there = self.record(model, number)
            if there["token"] != spec.token:
                raise _spent(model, number)
            if there["native"]:
                return number
        native = self._upload(model, spec)
        if int(native) != number:
            self._models.change(model, lambda fields: fields.update(mapped=True))
        swapped(self._client, name, lambda fields: fields.update(native=native))
        return number

    def _upload(self, model: str, spec: VersionSpec) -> str:
        """Make Vertex AI's version, unless an earlier try has; give its number there."""
        token = digest(spec.token, _TOKEN_CHARS)
        for _ in range(5):
            natives = list(self.natives(model))
            for one in natives:
                if one.labels.get(MADE_BY_LABEL) == token:
                    return str(one.version_id)
            try:
                made = self._client.awaited(
                    self._client.models,
                    "upload_model",
                    self._request(model, spec, token, first=not natives),
                    repeat=False,
                )
            except Conflict:  # another process has made the first one meanwhile
                continue
            return str(made.model_version_id)
        raise Conflict(f"Vertex AI refuses a version of {model!r} as one that exists", clause="G2")

    def _request(self, model: str, spec: VersionSpec, token: str, *, first: bool) -> Any:
        request = self._client.message("UploadModelRequest", parent=self._client.address.parent)
        native = self._models.native_id(model)
        if first:
            request.model_id = native
            record = self._models.record(model) or {}
            request.model.description = str(record.get("description") or "")[:_SHOWN_CHARS]
        else:
            request.parent_model = self._models.resource(native)
        request.model.display_name = display_name(model)
        request.model.version_description = (spec.description or "")[:_SHOWN_CHARS]
        request.model.labels[MADE_BY_LABEL] = token
        image = self._client.address.serving_image
        if image:  # without one Vertex AI takes a model for a placeholder, which has no files
            request.model.container_spec.image_uri = image
            if spec.run_id is not None:
                request.model.artifact_uri = self.uri(spec)
        return request

    def uri(self, spec: VersionSpec) -> str:
        """Give where the files of a version lie; empty for one from elsewhere."""
        if spec.run_id is None:
            return ""
        return self._client.storage.uri(f"{folder_of(spec.run_id)}{spec.artifact_path}")

    def natives(self, model: str) -> Iterator[Any]:
        """Give Vertex AI's versions of a model; none where it has none yet."""
        name = self._models.resource(self._models.native_id(model))
        request = self._client.message("ListModelVersionsRequest", name=name, page_size=_PAGE)
        try:
            yield from self._client.pages(self._client.models, "list_model_versions", request, "models")
        except NotFound:
            return

    def numbers(self, model: str) -> list[int]:
        """Give all numbers that were ever given, deleted ones too."""
        found = self._client.storage.find(f"{_folder(model)}/versions/")
        return [int(each.name.rpartition("/")[2].removesuffix(".json")) for each in found]

    def records(self, model: str) -> list[dict[str, Any]]:
        """Give the records of all versions, deleted ones too, by number."""
        found = self._client.storage.several(self._client.storage.find(f"{_folder(model)}/versions/"))
        return [json.loads(data) for _, data in found]

    def record(self, model: str, number: int) -> dict[str, Any]:
        """Give one of them; raise `NotFound` where there is none."""
        data = self._client.storage.get(_object(model, number))
        if data is None:
            raise NotFound(f"the model {model!r} has no version {number}", clause="G2")
        return dict(json.loads(data))

    def edit(self, model: str, number: int, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Change fields of a version's record, and what Vertex AI shows of it."""
        fields = swapped(self._client, _object(model, number), lambda before: _updated(before, change(before)))
        native, description = fields["native"], str(fields.get("description") or "")
        if native:
            request = self._client.message("UpdateModelRequest")
            request.model.name = self._models.resource(f"{self._models.native_id(model)}@{native}")
            request.model.version_description = description[:_SHOWN_CHARS]
            request.update_mask.paths.append("version_description")
            self._client.models("update_model", request)

    def delete(self, model: str, number: int) -> None:
        """Delete a version: its number stays spent, and Vertex AI's version goes, where it lets it go."""
        native = swapped(self._client, _object(model, number), lambda fields: _updated(fields, {"deleted": True}))[
            "native"
        ]
        natives = {str(one.version_id): one for one in self.natives(model)}
        gone = natives.pop(str(native), None)
        if gone is None or not natives:
            return  # the last version goes only with the model, and with it all numbers
        if _DEFAULT in gone.version_aliases:
            self.alias(model, max(natives, key=int), [_DEFAULT])
        name = self._models.resource(f"{self._models.native_id(model)}@{native}")
        request = self._client.message("DeleteModelVersionRequest", name=name)
        try:
            self._client.awaited(self._client.models, "delete_model_version", request)
        except NotFound:
            return  # deleted before

    def alias(self, model: str, native: str, aliases: list[str]) -> None:
        """Add aliases to one of Vertex AI's versions, and remove those that begin with a hyphen."""
        name = self._models.resource(f"{self._models.native_id(model)}@{native}")
        request = self._client.message("MergeVersionAliasesRequest", name=name, version_aliases=aliases)
        self._client.models("merge_version_aliases", request)


def _updated(fields: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    fields.update(changes)
    return fields


def _record(spec: VersionSpec, number: int, native: str) -> bytes:
    return canonical_json({**asdict(spec), "number": number, "native": native}).encode()


def _folder(model: str) -> str:
    return f"models/{model_id(model)}"


def _object(model: str, number: int) -> str:
    return f"{_folder(model)}/versions/{number:0{_DIGITS}}.json"


def _spent(model: str, number: int) -> Conflict:
    return Conflict(f"version {number} of {model!r} exists, or did once", clause="G1", remedy="Take another number.")
