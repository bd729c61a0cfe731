"""Registered models (G1): names, descriptions, tags, and the tombstone that MLflow lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound, TrackbridgeError
from trackbridge.protocol import NativeModel
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.mirror import mirrored_head
from trackbridge_mlflow.tags import HIDDEN, long_text, plain_tags, slug, stale

__all__ = ["DELETED", "TEXT_CHARS", "Models", "described", "native_model_name", "read_description"]

TEXT_CHARS: Final = 5_000  # what MLflow's columns hold of a description and of a model's tag
DELETED: Final = f"{HIDDEN}deleted"

_NAME: Final = f"{HIDDEN}name"
_DESCRIPTION: Final = "mlflow description"  # the name under which a long one is kept whole; no tag of ours has it
_PAGE: Final = 1_000
# MLflow takes neither "/" nor ":"; its search language has no way to quote both kinds of quotes.
_ADMITTED: Final = re.compile(r"""(?!\.\.)(?!\.$)[^/:'"`\\]{1,250}""")


class Models:
    """MLflow's registered models, by our names."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def ensure(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        found = self.find(name)
        if found is None:
            from mlflow.entities.model_registry import RegisteredModelTag

            native = native_model_name(name)
            tags = [] if native == name else [RegisteredModelTag(_NAME, name)]
            try:
                self._client.registry.create_registered_model(native, tags=tags)
            except TrackbridgeError:
                found = self.find(name)  # another process was first, or the answer was lost
                if found is None:
                    raise
        if found is not None and DELETED in found.tags:
            raise Conflict(f"the model {name!r} was deleted: its name is spent", clause="G1", remedy="Take a new name.")

    def find(self, name: str) -> Any | None:
        """Give MLflow's record of a model, a tombstoned one too; None where there is none."""
        try:
            return self._client.registry.get_registered_model(native_model_name(name))
        except NotFound:
            return None

    def existing(self, name: str) -> Any:
        """Give MLflow's record of a model; raise `NotFound` where there is none."""
        found = self.find(name)
        if found is None:
            raise NotFound(f"there is no model {name!r} in {self._client.address.shown}", clause="G1")
        return found

    def list(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        found: dict[str, NativeModel] = {}
        token = None
        while True:
            page = self._client.registry.search_registered_models(
                max_results=_PAGE, order_by=["name ASC"], page_token=token
            )
            for model in page:
                if DELETED not in model.tags:
                    record = model_record(model)
                    found[record.name] = record
            token = page.token
            if not token:
                break
        for name in sorted(found):
            yield found[name]

    def edit(self, name: str, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        found = self.existing(name)
        if description is not None:
            shown, rest = described(description)
            self._set(found, rest)
            if shown != found.description:
                self._client.registry.update_registered_model(found.name, shown)
        for tag, value in tags.items():
            if value is not None:
                self._set(found, long_text(tag, value, chars=TEXT_CHARS))
                continue
            for key in stale(tag, found.tags):
                self.delete_tag(found.name, key)

    def set_tags(self, name: str, tags: Mapping[str, str]) -> None:
        """Set MLflow's own tags of a model, in their order."""
        self._set(self.existing(name), tags)

    def _set(self, found: Any, tags: Mapping[str, str]) -> None:
        from mlflow.entities.model_registry import RegisteredModelTag

        for key, value in tags.items():
            if found.tags.get(key) != value:
                self._client.registry.set_registered_model_tag(found.name, RegisteredModelTag(key, value))

    def delete_tag(self, native: str, key: str) -> None:
        """Delete one of MLflow's own tags; one that is gone is no fault."""
        try:
            self._client.registry.delete_registered_model_tag(native, key)
        except NotFound:
            return


def native_model_name(name: str) -> str:
    """Give the name under which MLflow registers a model: itself, or where MLflow does not take it a slug and hash."""
    return name if _ADMITTED.fullmatch(name) else slug(name)


def model_name(found: Any) -> str:
    """Give our name of MLflow's registered model."""
    return str(found.tags.get(_NAME, found.name))


def model_record(found: Any) -> NativeModel:
    """Read one of MLflow's registered models."""
    description, tags = read_description(found.description, found.tags)
    return NativeModel(
        name=model_name(found),
        description=description,
        tags=tags,
        created_ms=int(found.creation_timestamp or 0),
        deleted=DELETED in found.tags,
        mirrored=mirrored_head(found.tags),
    )


def described(text: str) -> tuple[str, dict[str, str]]:
    """Give what MLflow shows of a description, and the hidden tags that keep the rest."""
    tags = long_text(_DESCRIPTION, text, chars=TEXT_CHARS)
    return tags.pop(_DESCRIPTION), tags


def read_description(shown: str | None, tags: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    """Give the true description, and the true tags, of a model or a version."""
    plain = plain_tags(tags if not shown else {**tags, _DESCRIPTION: shown})
    return plain.pop(_DESCRIPTION, None), plain
