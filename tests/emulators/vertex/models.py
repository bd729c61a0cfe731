"""ModelService: models, their versions and aliases.

A model's own fields are its display name, description and labels; the rest is its versions' (UpdateModelRequest.model).
What is returned for a model is its default version with the model's fields on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import empty_pb2
from google.protobuf.message import Message

from emulators.vertex import masks, paging, rules, vendor
from emulators.vertex.aliases import DEFAULT, checked_aliases, place
from emulators.vertex.errors import RefusedError, invalid, missing
from emulators.vertex.filters import Fields, compiled
from emulators.vertex.names import MODEL
from emulators.vertex.operations import Operations
from emulators.vertex.world import Handler, World, times

_SERVICE = "ModelService"
VERSIONS = "versions"
_MODEL_FIELDS = {"display_name", "description"}
_VERSION_FIELDS = {"version_description"}
_NUMBER = re.compile(r"[1-9]\d*")


@dataclass(slots=True)
class Kept:
    """A model with its versions by number, as stored: `model` has the model's own fields only."""

    model: Any
    versions: dict[int, Any]

    def number(self, wanted: str) -> int:
        """Resolve a version id, an alias, or nothing (the default)."""
        if _NUMBER.fullmatch(wanted):
            number = int(wanted)
            if number in self.versions:
                return number
        for number, version in self.versions.items():
            if (wanted or DEFAULT) in version.version_aliases:
                return number
        raise missing(f"{self.model.name}@{wanted}")


class Models:
    """The service's methods."""

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._operations = operations
        effects = {
            "UploadModel": self._uploaded,
            "DeleteModel": self._deleted,
            "DeleteModelVersion": self._version_deleted,
        }
        for name, effect in effects.items():
            operations.on(f"{_SERVICE}.{name}", vendor.message(f"{name}Request"), effect)

    def handlers(self) -> Mapping[str, Handler]:
        """Give the methods by name."""
        found: dict[str, Handler] = {
            "UploadModel": self._upload,
            "GetModel": self._get,
            "ListModels": self._list,
            "ListModelVersions": self._list_versions,
            "UpdateModel": self._update,
            "MergeVersionAliases": self._merge_aliases,
            "DeleteModel": self._delete,
            "DeleteModelVersion": self._delete_version,
        }
        return {f"{_SERVICE}.{name}": handler for name, handler in found.items()}

    # Uploads

    def _upload(self, request: Any) -> Message:
        world = self._world
        world.require_parent(MODEL, request.parent, "UploadModelRequest.parent")
        model = request.model
        rules.resource(model, world.switches)
        checked_aliases(model.version_aliases, world.switches)
        if model.artifact_uri and not model.artifact_uri.startswith("gs://"):
            raise invalid(f"artifact_uri {model.artifact_uri!r} is no folder of Cloud Storage.", "Model.artifact_uri")
        contained = model.HasField("container_spec")
        if model.artifact_uri and not contained and world.switches.artifact_without_container == "refuse":
            raise invalid("The model has an artifact_uri and no container_spec.", "Model.container_spec")
        if request.parent_model:
            if request.model_id:
                raise invalid("model_id and parent_model exclude each other.", "UploadModelRequest.parent_model")
            name = self._require(request.parent_model, "UploadModelRequest.parent_model")[0].model.name
        else:
            name = world.new_name(MODEL, request.parent, request.model_id, make=self._number)
            request.model_id = name.rpartition("/")[2]
        return self._operations.begin(f"{_SERVICE}.UploadModel", request, name)

    def _uploaded(self, request: Any) -> Message:
        world, version = self._world, request.model
        if request.parent_model:
            kept = self._require(request.parent_model, "UploadModelRequest.parent_model")[0]
        else:
            name = f"{request.parent}/{MODEL.noun}/{request.model_id}"
            if world.store.row(name) is not None:
                name = world.new_name(MODEL, request.parent, request.model_id)
            own = MODEL.message(display_name=version.display_name, description=version.description)
            if world.switches.upload_labels == "model":
                own.labels.update(version.labels)
            kept = Kept(world.create(MODEL, request.parent, name, own), {})
        name = kept.model.name
        aliases = list(version.version_aliases) + ([] if kept.versions else [DEFAULT])
        rules.drop_output_only(version)
        for field in ("name", "display_name", "description", "container_spec", "version_aliases", "etag"):
            version.ClearField(field)
        if not request.parent_model and world.switches.upload_labels == "model":
            version.ClearField("labels")
        number = world.store.count(f"versions of {self._row(name).seq}")
        version.name, version.version_id = f"{name}@{number}", str(number)
        version.version_create_time.FromNanoseconds(world.now_ns())
        version.version_update_time.CopyFrom(version.version_create_time)
        kept.versions[number] = version
        world.store.insert(version.name, name, VERSIONS, version.SerializeToString())
        place(kept.versions, number, aliases, [], world.switches)
        self._save(kept)
        return vendor.message("UploadModelResponse")(model=name, model_version_id=str(number))

    # Reading

    def _get(self, request: Any) -> Message:
        kept, wanted = self._require(request.name, "GetModelRequest.name")
        return self._shown(kept, kept.number(wanted), versioned=bool(wanted))

    def _list(self, request: Any) -> Message:
        self._world.require_parent(MODEL, request.parent, "ListModelsRequest.parent")
        test = compiled(request.filter, _LIST_FIELDS, self._world.switches)
        found = []
        for row in self._world.store.children(request.parent, MODEL.noun):
            kept = self._kept(row.name)
            shown = self._shown(kept, kept.number(""), versioned=False)
            if test(shown):
                found.append(shown)
        return self._page(request, found, ("display_name", "create_time", "update_time"), "ListModelsResponse")

    def _list_versions(self, request: Any) -> Message:
        kept, wanted = self._require(request.name, "ListModelVersionsRequest.name")
        if wanted:
            raise invalid(f"{request.name} names a version.", "ListModelVersionsRequest.name")
        test = compiled(request.filter, _VERSION_LIST_FIELDS, self._world.switches)
        found = [self._shown(kept, number, versioned=True) for number in kept.versions]
        found = [shown for shown in found if test(shown)]
        return self._page(request, found, ("create_time", "update_time"), "ListModelVersionsResponse")

    def _page(self, request: Any, found: list[Any], order: tuple[str, ...], response: str) -> Message:
        cite = f"{type(request).DESCRIPTOR.name}.page_size"
        size = paging.documented_size(request.page_size, default=100, most=1000, coerce=True, cite=cite)
        keys = {name: _LIST_FIELDS.scalars[name] for name in order}
        by = paging.ordering(request.order_by, keys, f"{type(request).DESCRIPTOR.name}.order_by")
        page, token = paging.page(found, by, lambda item: paging.scattered(item.name), size, request)
        for item in page:
            masks.read(item, request.read_mask)
        return vendor.message(response)(models=page, next_page_token=token)

    # Changes

    def _update(self, request: Any) -> Message:
        given, world = request.model, self._world
        kept, wanted = self._require(given.name, "UpdateModelRequest.model")
        named = set(request.update_mask.paths)
        versioned = bool(wanted) and wanted != "-"
        allowed = {"labels"} | (_VERSION_FIELDS if versioned else _MODEL_FIELDS)
        cite = "UpdateModelRequest.model"
        if not named:
            raise invalid("Required field update_mask is not set.", "UpdateModelRequest.update_mask")
        if named & (_MODEL_FIELDS if versioned else _VERSION_FIELDS):
            said = f"{given.name} and the mask {sorted(named)} do not go together: a model or a version is updated."
            raise RefusedError("FAILED_PRECONDITION", said, cite)
        if named - allowed:
            raise invalid(f"The mask names {sorted(named - allowed)}; supported are {sorted(allowed)}.", cite)
        if given.etag and given.etag != kept.model.etag:
            said = f"Specified Model `etag`: `{given.etag}` does not match server `etag`: `{kept.model.etag}`"
            raise RefusedError("ABORTED", said, "Model.etag; google.aip.dev/154")
        rules.resource(given, world.switches)
        number = kept.number(wanted if versioned else "")
        target = kept.versions[number] if versioned else kept.model
        masks.merge(target, given, sorted(named), world.switches, merge_structs=False)
        if versioned:
            target.version_update_time.FromNanoseconds(world.now_ns())
        elif not target.display_name:
            raise invalid("Required field display_name is not set.", "Model.display_name")
        before = kept.model.etag
        self._save(kept)
        shown = self._shown(kept, number, versioned=versioned)
        if world.switches.model_update_etag == "stale":
            shown.etag = before
        return shown

    def _merge_aliases(self, request: Any) -> Message:
        kept, wanted = self._require(request.name, "MergeVersionAliasesRequest.name")
        number = self._explicit(kept, wanted, "MergeVersionAliasesRequest.name")
        removed = [alias[1:] for alias in request.version_aliases if alias.startswith("-")]
        added = [alias for alias in request.version_aliases if not alias.startswith("-")]
        checked_aliases([*removed, *added], self._world.switches)
        # "Adding and deleting the same alias … the 2 operations will be cancelled out"
        both = set(removed) & set(added)
        place(
            kept.versions,
            number,
            [alias for alias in added if alias not in both],
            [alias for alias in removed if alias not in both],
            self._world.switches,
        )
        kept.versions[number].version_update_time.FromNanoseconds(self._world.now_ns())
        self._save(kept)
        return self._shown(kept, number, versioned=True)

    def _delete(self, request: Any) -> Message:
        kept, wanted = self._require(request.name, "DeleteModelRequest.name")
        if wanted:
            raise invalid(f"{request.name} names a version.", "DeleteModelRequest.name")
        return self._operations.begin(f"{_SERVICE}.DeleteModel", request, kept.model.name)

    def _deleted(self, request: Any) -> Message:
        kept = self._require(request.name, "DeleteModelRequest.name")[0]
        for version in kept.versions.values():
            self._world.store.remove(version.name)
        self._world.store.remove(kept.model.name)
        return empty_pb2.Empty()

    def _delete_version(self, request: Any) -> Message:
        self._deletable(request)
        return self._operations.begin(f"{_SERVICE}.DeleteModelVersion", request, request.name.partition("@")[0])

    def _version_deleted(self, request: Any) -> Message:
        kept, number = self._deletable(request)
        gone = kept.versions.pop(number)
        self._world.store.remove(gone.name)
        if DEFAULT in gone.version_aliases:
            place(kept.versions, max(kept.versions), [DEFAULT], [], self._world.switches)
        self._save(kept)
        return empty_pb2.Empty()

    def _deletable(self, request: Any) -> tuple[Kept, int]:
        cite = "ModelService.DeleteModelVersion"
        kept, wanted = self._require(request.name, f"{cite}Request.name")
        number = self._explicit(kept, wanted, "DeleteModelVersionRequest.name")
        if len(kept.versions) == 1:
            raise RefusedError("FAILED_PRECONDITION", "Deleting the only version in the Model is not allowed.", cite)
        if DEFAULT in kept.versions[number].version_aliases and self._world.switches.drop_default_alias == "refuse":
            raise RefusedError(
                "FAILED_PRECONDITION", f"{request.name} is the default version.", "Model.version_aliases"
            )
        return kept, number

    # Keeping

    def _require(self, name: str, cite: str) -> tuple[Kept, str]:
        MODEL.checked(name, cite)
        own, _, wanted = name.partition("@")
        if self._world.store.row(own) is None:
            raise missing(name)
        return self._kept(own), wanted

    def _row(self, name: str) -> Any:
        row = self._world.store.row(name)
        assert row is not None
        return row

    def _kept(self, name: str) -> Kept:
        rows = self._world.store.children(name, VERSIONS)
        versions = {int(row.name.rpartition("@")[2]): MODEL.message.FromString(row.body) for row in rows}
        return Kept(MODEL.message.FromString(self._row(name).body), versions)

    def _save(self, kept: Kept) -> None:
        self._world.touch(kept.model)
        for version in kept.versions.values():
            self._world.store.replace(version.name, version.SerializeToString())

    def _shown(self, kept: Kept, number: int, *, versioned: bool) -> Any:
        shown = MODEL.message()
        shown.CopyFrom(kept.versions[number])
        shown.name = f"{kept.model.name}@{number}" if versioned else kept.model.name
        for name in ("display_name", "description", "etag"):
            setattr(shown, name, getattr(kept.model, name))
        shown.create_time.CopyFrom(kept.model.create_time)
        shown.update_time.CopyFrom(kept.model.update_time)
        for key, value in kept.model.labels.items():  # "Both the model labels and the version labels are merged"
            if key not in shown.labels:
                shown.labels[key] = value
        return shown

    def _explicit(self, kept: Kept, wanted: str, cite: str) -> int:
        if not _NUMBER.fullmatch(wanted):
            raise invalid(f"{kept.model.name}@{wanted}: a version id must be included explicitly.", cite)
        return kept.number(wanted)

    def _number(self) -> str:
        return str(10**18 + self._world.store.count("model") * 15485863)


_TIMES = {"create_time": times("create_time"), "update_time": times("update_time")}
# ListModelsRequest.filter and .order_by, ListModelVersionsRequest.filter
_LIST_FIELDS = Fields(
    {
        "model": lambda item: item.name.rpartition("/")[2].partition("@")[0],
        "display_name": lambda item: item.display_name,
        "base_model_name": lambda item: item.base_model_source.model_garden_source.public_model_name,
        **_TIMES,
    },
    times=frozenset(_TIMES),
    equality=frozenset({"model", "display_name", "base_model_name"}),
    labels=True,
)
_VERSION_LIST_FIELDS = Fields({}, labels=True)
