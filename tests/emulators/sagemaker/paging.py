"""Lists in pages.

A token is opaque to a client: it says for which request it is good and after which resource the next page begins. It
holds for the very request it came from, with any MaxResults.
"""

from __future__ import annotations

import base64
import hashlib
import json

from emulators.sagemaker import errors
from emulators.sagemaker.call import Call
from emulators.sagemaker.store import Document

Row = tuple[str, Document]


def page(call: Call, rows: list[Row]) -> tuple[list[Document], dict[str, str]]:
    """Give a page of the sorted rows, and the NextToken member of the answer if there is more."""
    size = call.request.get("MaxResults", call.switches.default_page)
    begin = _begin(call, rows)
    rest = rows[begin : begin + size]
    token = {} if begin + size >= len(rows) else {"NextToken": _token(call, rest[-1][0], begin + size)}
    return [document for _, document in rest], token


def listed(call: Call, kind: str, name_member: str, *, descending: bool = True) -> list[Row]:
    """Give the resources of a kind as ListExperiments and its like filter and sort them.

    SortBy is Name or CreationTime, the default; SortOrder's default is Descending for experiments and lineage, Ascending
    for the registry (the operations' own pages).
    """
    request = call.request
    after = request.get("CreatedAfter", request.get("CreationTimeAfter"))
    before = request.get("CreatedBefore", request.get("CreationTimeBefore"))
    rows = [
        (key, document)
        for key, document in call.shelf.items(kind, call.switches.list_lag_s)
        if (after is None or document["CreationTime"] > after) and (before is None or document["CreationTime"] < before)
    ]
    member = name_member if request.get("SortBy") == "Name" else "CreationTime"
    order = request.get("SortOrder", "Descending" if descending else "Ascending")
    return sorted(rows, key=lambda row: (row[1].get(member, ""), row[0]), reverse=order == "Descending")


def _digest(call: Call) -> str:
    asked = {name: value for name, value in call.request.items() if name not in {"NextToken", "MaxResults"}}
    text = json.dumps([call.account, call.region, call.operation, asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _token(call: Call, last: str, index: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([_digest(call), last, index]).encode()).decode()


def _begin(call: Call, rows: list[Row]) -> int:
    token = call.request.get("NextToken")
    if not token:
        return 0
    try:
        digest, last, index = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise errors.invalid("Invalid pagination token.") from None
    if digest != _digest(call):
        raise errors.invalid("The pagination token is for another request.")
    # Where the resource is gone in the meantime, its place is what remains.
    return next((at + 1 for at, (key, _) in enumerate(rows) if key == last), min(int(index), len(rows)))
