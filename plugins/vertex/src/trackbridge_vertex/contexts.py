"""Contexts of the metadata store: experiments and runs, changed only as they were read (the etag loop).

An update names the etag of what it was made from. Where somebody else was first, the context is read again and the
change is made anew, so that of several writers nothing is lost. What was last seen is remembered, so that mostly one
call does.
"""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from trackbridge.errors import Conflict, NotFound, Transient
from trackbridge_vertex.client import Client

__all__ = ["EXPERIMENT_SCHEMA", "RUN_SCHEMA", "Contexts", "id_of", "time_ms"]

EXPERIMENT_SCHEMA: Final = "system.Experiment"
RUN_SCHEMA: Final = "system.ExperimentRun"

_Result = TypeVar("_Result")

_PAGE: Final = 100  # contexts may have 200 KB each
_REMEMBERED: Final = 512
_PATIENCE_S: Final = 60.0
_MOST_WAIT_S: Final = 1.0


class Contexts:
    """Reads, makes and changes contexts, by their ids."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, Any] = OrderedDict()

    def name(self, context_id: str) -> str:
        """Give the resource name of a context."""
        return f"{self._client.address.store}/contexts/{context_id}"

    def get(self, context_id: str) -> Any | None:
        """Give a context as it is now; None where there is none."""
        request = self._client.message("GetContextRequest", name=self.name(context_id))
        try:
            return self._remember(context_id, self._client.metadata("get_context", request))
        except NotFound:
            self.forget(context_id)
            return None

    def create(self, context_id: str, context: Any) -> tuple[Any, bool]:
        """Create a context if absent; give it and whether it is new."""
        request = self._client.message(
            "CreateContextRequest", parent=self._client.address.store, context=context, context_id=context_id
        )
        try:
            return self._remember(context_id, self._client.metadata_made("create_context", request)), True
        except Conflict:
            found = self.get(context_id)
            if found is None:
                raise
            return found, False

    def update(self, context_id: str, change: Callable[[Any], tuple[_Result, Sequence[str]]]) -> _Result:
        """Change a context until nobody was in between.

        Args:
            context_id: The context.
            change: Changes the message it is given, and gives a result and the fields that it has changed, none for
                nothing. It is called again with a newer message, and must then come to the same.

        Raises:
            NotFound: there is no such context.
            Transient: others changed it again and again for a minute.
        """
        deadline = time.monotonic() + _PATIENCE_S
        wait_s = 0.01
        current = self._remembered(context_id) or self._existing(context_id)
        while True:
            result, fields = change(current)
            if not fields:
                return result
            request = self._client.message("UpdateContextRequest", context=current)
            request.update_mask.paths.extend(fields)
            try:
                self._remember(context_id, self._client.metadata("update_context", request))
            except Conflict:
                if time.monotonic() > deadline:
                    raise Transient(
                        f"others keep changing the context {context_id} of {self._client.address.shown}", clause="R8"
                    ) from None
                time.sleep(random.uniform(0.0, wait_s))  # noqa: S311 - spreads rivals, is no secret
                wait_s = min(_MOST_WAIT_S, wait_s * 2)
            except NotFound:
                self.forget(context_id)
                raise
            else:
                return result
            current = self._existing(context_id)

    def delete(self, context_id: str) -> None:
        """Remove a context for good; one that is gone is no fault."""
        self.forget(context_id)
        request = self._client.message("DeleteContextRequest", name=self.name(context_id))
        with suppress(NotFound):
            self._client.awaited(self._client.metadata, "delete_context", request)

    def adopt(self, parent: str, child: str) -> None:
        """Make one context a child of another; it may be already."""
        request = self._client.message(
            "AddContextChildrenRequest", context=self.name(parent), child_contexts=[self.name(child)]
        )
        self._client.metadata("add_context_children", request)

    def disown(self, parent: str, child: str) -> None:
        """Undo that; it may be undone already."""
        request = self._client.message(
            "RemoveContextChildrenRequest", context=self.name(parent), child_contexts=[self.name(child)]
        )
        with suppress(NotFound):
            self._client.metadata("remove_context_children", request)

    def list(self, where: str, order_by: str = "") -> Iterator[Any]:
        """Give all contexts that a filter in the service's language lets through, each once."""
        request = self._client.message(
            "ListContextsRequest",
            parent=self._client.address.store,
            filter=where,
            order_by=order_by,
            page_size=_PAGE,
        )
        seen: set[str] = set()
        try:
            for context in self._client.pages(self._client.metadata, "list_contexts", request, "contexts"):
                if context.name not in seen:
                    seen.add(context.name)
                    yield context
        except NotFound:
            return  # the metadata store comes to be with the first experiment

    def forget(self, context_id: str) -> None:
        """Forget a context that is gone."""
        with self._lock:
            self._seen.pop(context_id, None)

    def _existing(self, context_id: str) -> Any:
        found = self.get(context_id)
        if found is None:
            raise NotFound(f"there is no context {context_id} in {self._client.address.shown}", clause="R1")
        # The caller changes what it is given; what is remembered must stay as the service said it.
        return self._copied(found)

    def _remembered(self, context_id: str) -> Any | None:
        with self._lock:
            found = self._seen.get(context_id)
        return None if found is None else self._copied(found)

    def _remember(self, context_id: str, context: Any) -> Any:
        if context.etag:
            with self._lock:
                self._seen[context_id] = context
                self._seen.move_to_end(context_id)
                while len(self._seen) > _REMEMBERED:
                    self._seen.popitem(last=False)
        return context

    def _copied(self, context: Any) -> Any:
        copy = self._client.message("Context")
        copy.CopyFrom(context)
        return copy


def id_of(name: str) -> str:
    """Give the last part of a resource name; the rest names projects by number where we may not."""
    return name.rpartition("/")[2]


def time_ms(stamp: Any) -> int:
    """Give a protobuf Timestamp in ms, half to even (R3)."""
    milliseconds: int = stamp.seconds * 1_000 + round(stamp.nanos / 1e6)
    return milliseconds
