"""AddTags, ListTags and DeleteTags, for every kind of resource."""

from __future__ import annotations

from typing import Any

from emulators.sagemaker import entities, errors
from emulators.sagemaker.call import Call
from emulators.sagemaker.entities import KINDS, PACKAGE, TAGS
from emulators.sagemaker.paging import page


def add(call: Call) -> dict[str, Any]:
    """Add or overwrite tags."""
    arn = _resource(call, write=True)
    tags = call.request["Tags"]
    entities.check_tags(call, tags)
    kept = {**(call.shelf.get(TAGS, arn) or {}), **{tag["Key"]: tag["Value"] for tag in tags}}
    if len(kept) > call.switches.tags_per_resource:
        raise errors.invalid(
            f"{arn} can have at most {call.switches.tags_per_resource} tags; this would make {len(kept)}."
        )
    call.shelf.put(TAGS, arn, kept)
    return {"Tags": entities.tags_of(call, arn)}


def list_(call: Call) -> dict[str, Any]:
    """List a resource's tags; a page has at least 50 (ListTagsMaxResults)."""
    request = {"MaxResults": 50, **call.request}
    rows = [(tag["Key"], tag) for tag in entities.tags_of(call, _resource(call, write=False))]
    shown, token = page(call.asking(request), rows)
    return {"Tags": shown, **token}


def delete(call: Call) -> dict[str, Any]:
    """Delete tags; one that is not there is no error."""
    arn = _resource(call, write=True)
    kept = call.shelf.get(TAGS, arn) or {}
    call.shelf.put(TAGS, arn, {key: value for key, value in kept.items() if key not in call.request["TagKeys"]})
    return {}


def _resource(call: Call, *, write: bool) -> str:
    """Give the ARN that bears the tags: a version "uses the tags associated with the model group"."""
    given = call.request["ResourceArn"]
    kind, key = entities.split(given)
    if given.lower() != call.arn(kind, key) or kind not in KINDS or call.shelf.get(kind, key) is None:
        raise errors.missing(f"{given} does not exist.")
    if kind == PACKAGE and "/" in key and not call.switches.tags_on_versions:
        if write:
            raise errors.invalid(f"{given} uses the tags of its model package group.")
        return call.arn(entities.GROUP, key.partition("/")[0])
    return call.arn(kind, key)


OPERATIONS = {"AddTags": add, "ListTags": list_, "DeleteTags": delete}
