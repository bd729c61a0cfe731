"""Relay connections: pages of nodes and the cursors between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emulators.wandb import ids
from emulators.wandb.errors import ServiceError

DEFAULT_PAGE = 50


def window(after: str | None, first: int | None, limit: int) -> tuple[int, int]:
    """Give the offset and the size of a page.

    Raises:
        ServiceError: For a cursor that this service did not give.
    """
    offset = 0
    if after:
        position = ids.decode("cursor", after)
        if position is None or not position.isdigit():
            raise ServiceError(f"invalid cursor: {after!r}")
        offset = int(position)
    return offset, min(DEFAULT_PAGE if first is None else max(first, 0), limit)


def connection(
    nodes: Sequence[Any],
    after: str | None,
    first: int | None,
    limit: int,
    *,
    node: Callable[[Any], dict[str, Any]] = lambda value: {"node": value},
) -> dict[str, Any]:
    """Give a page of all `nodes` as a connection; `node` makes an edge of one."""
    offset, size = window(after, first, limit)
    page = nodes[offset : offset + size]
    return page_of(page, offset, len(nodes), node=node)


def page_of(
    page: Sequence[Any],
    offset: int,
    total: int,
    *,
    node: Callable[[Any], dict[str, Any]] = lambda value: {"node": value},
) -> dict[str, Any]:
    """Give a page that was cut already as a connection."""
    edges = [{"cursor": ids.encode("cursor", offset + i), **node(value)} for i, value in enumerate(page, 1)]
    return {
        "totalCount": total,
        "edges": edges,
        "pageInfo": {
            "endCursor": edges[-1]["cursor"] if edges else None,
            "hasNextPage": offset + len(page) < total,
        },
    }
