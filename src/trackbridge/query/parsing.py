"""From text to trees: `parse` and `parse_order`."""

from __future__ import annotations

from collections.abc import Sequence

from trackbridge.errors import Rejected
from trackbridge.query.ordering import total_order
from trackbridge.query.tree import Expression, OrderKey
from trackbridge.records.names import shown

__all__ = ["parse", "parse_order"]


def parse(text: str) -> Expression:
    """Parse a search such as ``metrics.val_auc > 0.9 and tags.team = 'risk'`` (S1, S2).

    Raises:
        Rejected: it cannot be read; the message has the position, a caret under it, and what was expected.
    """
    from trackbridge.query.reader import read_query

    return read_query(_checked(text, "a query"))


def parse_order(keys: Sequence[str]) -> tuple[OrderKey, ...]:
    """Parse the keys of an order such as ``["metrics.val_auc desc", "name"]`` (S4).

    The result always ends ties by id; without keys it is started desc, then id.

    Raises:
        Rejected: a key cannot be read.
    """
    if isinstance(keys, str):
        raise Rejected(
            f"an order is a list of keys, not the string {shown(keys)}", clause="S4", remedy=f"Write [{keys!r}]."
        )
    if not keys:
        return total_order(())
    from trackbridge.query.reader import read_order_key

    return total_order([read_order_key(_checked(key, "a key of an order")) for key in keys])


def _checked(text: object, what: str) -> str:
    if not isinstance(text, str):
        raise Rejected(f"{what} is a string, not {shown(text)}", clause="S2")
    return str(text)
