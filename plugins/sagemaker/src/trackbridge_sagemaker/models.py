"""Models (G1): a document in the bucket, and a model package group that AWS's screens show it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound, TrackbridgeError
from trackbridge.protocol import NativeModel
from trackbridge.records.names import shown
from trackbridge.records.times import now_ms
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.documents import Body, Documents
from trackbridge_sagemaker.errors import already_exists
from trackbridge_sagemaker.mirror import to_ms
from trackbridge_sagemaker.names import GROUP_CHARS, digest, entity_name, tag_key, tag_value
from trackbridge_sagemaker.screen import DELETED, SHOWN_TAGS

__all__ = ["Models", "model_folder"]

_FOLDER: Final = "models/"
_AT_ONCE: Final = 8


def model_folder(name: str) -> str:
    """Give the folder of a model in the bucket."""
    return f"{_FOLDER}{digest(name, 32)}/"


class Models:
    """All models, those of groups that trackbridge did not make included."""

    def __init__(self, client: Client, documents: Documents) -> None:
        self._client = client
        self._documents = documents

    def ensure(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""

        def change(held: Body) -> None:
            if held["deleted"]:
                raise Conflict(
                    f"model {shown(name)} was deleted and its name cannot be used again",
                    clause="G1",
                    remedy="Register under another name.",
                )
            if held["arn"] is None:
                held["arn"] = self._make_group(held["group"])

        self._documents.change(_key(name), change, lambda: self._adopted(name) or _new(name))

    def find(self, name: str) -> Body | None:
        """Give a model's document, or what would be that of a foreign group; None where there is neither."""
        return self._documents.read(_key(name)) or self._adopted(name)

    def existing(self, name: str) -> Body:
        """Do the same; raise `NotFound` where there is none."""
        found = self.find(name)
        if found is None:
            raise NotFound(f"there is no model {shown(name)} in {self._client.address.shown}", clause="G1")
        return found

    def change(self, name: str, act: Any) -> Any:
        """Change a model's document; raise `NotFound` where there is no such model."""
        return self._documents.change(_key(name), act, lambda: self.existing(name))

    def list(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        keys = [key for key, _ in self._documents.bucket.list(_FOLDER) if key.endswith("/model.json")]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            held = [one for one in pool.map(self._documents.read, keys) if one is not None]
        groups = {one["group"] for one in held}
        records = [model_record(one) for one in held if not one["deleted"]]
        listed = self._client.pages("list_model_package_groups", "ModelPackageGroupSummaryList")
        records += [model_record(_foreign(one)) for one in listed if one["ModelPackageGroupName"] not in groups]
        yield from sorted(records, key=lambda record: record.name)

    def edit(self, name: str, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""

        def change(held: Body) -> Body:
            if description is not None:
                held["description"] = description
            for tag, value in tags.items():
                if value is None:
                    held["tags"].pop(tag, None)
                else:
                    held["tags"][tag] = value
            return held

        held = self.change(name, change)
        if tags:
            self._show_tags(held, tags)

    def delete(self, name: str) -> None:
        """Mark it deleted: its name and numbers are spent."""

        def change(held: Body) -> Body:
            held["deleted"] = True
            return held

        held = self.change(name, change)
        self._client.call("add_tags", ResourceArn=held["arn"], Tags=[{"Key": DELETED, "Value": "true"}])

    def _show_tags(self, held: Body, changed: Mapping[str, str | None]) -> None:
        # A group's description cannot be changed; its tags can.
        shown_ones = sorted(held["tags"])[:SHOWN_TAGS]
        fresh = [{"Key": tag_key(tag), "Value": tag_value(held["tags"][tag])} for tag in shown_ones if tag in changed]
        gone = [tag_key(tag) for tag in changed if tag not in held["tags"]]
        if gone:
            self._client.call("delete_tags", ResourceArn=held["arn"], TagKeys=gone)
        if fresh:
            self._client.call("add_tags", ResourceArn=held["arn"], Tags=fresh)

    def _make_group(self, group: str) -> str:
        try:
            answer = self._client.call("create_model_package_group", ModelPackageGroupName=group)
        except TrackbridgeError as error:
            if not already_exists(error):
                raise
            answer = self._client.call("describe_model_package_group", ModelPackageGroupName=group)
        return str(answer["ModelPackageGroupArn"])

    def _adopted(self, name: str) -> Body | None:
        if not name.isascii() or len(name) > GROUP_CHARS or not name.replace("-", "").isalnum() or name[-1] == "-":
            return None
        with suppress(NotFound):
            group = self._client.call("describe_model_package_group", ModelPackageGroupName=name)
            if group["ModelPackageGroupName"] == name:
                return _foreign(group)
        return None


def model_record(held: Body) -> NativeModel:
    """Give a model's record."""
    return NativeModel(
        name=held["name"],
        description=held["description"],
        tags=held["tags"],
        created_ms=held["created_ms"],
        deleted=held["deleted"],
        mirrored=_mirrored(held),
    )


def _mirrored(held: Body) -> tuple[int, str] | None:
    """Give count and head of the oldest fold that AWS's fields may still be showing."""
    folds = [held["mirror"], *(fold for _, fold in held["mirroring"].values())]
    if None in folds:
        return None
    count, head, _ = min(folds, key=lambda fold: fold[0])
    return count, head


def _key(name: str) -> str:
    return f"{model_folder(name)}model.json"


def _new(name: str) -> Body:
    return {
        "name": name,
        "description": None,
        "tags": {},
        "created_ms": now_ms(),
        "deleted": False,
        "group": entity_name(name, GROUP_CHARS),
        "arn": None,
        "mirror": None,
        "mirroring": {},
    }


def _foreign(group: Mapping[str, Any]) -> Body:
    name = group["ModelPackageGroupName"]
    return {
        **_new(name),
        "description": group.get("ModelPackageGroupDescription") or None,
        "created_ms": to_ms(group["CreationTime"]) or 0,
        "group": name,
        "arn": group["ModelPackageGroupArn"],
    }
