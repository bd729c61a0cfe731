"""What all services share: the store, the switches, the clock, and resources as rows of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from emulators.vertex import masks, paging, rules
from emulators.vertex.errors import RefusedError, exists, missing
from emulators.vertex.filters import Fields, compiled, nanoseconds
from emulators.vertex.names import Kind
from emulators.vertex.store import Row, Store
from emulators.vertex.switches import Switches

Handler = Callable[[Any], Message]
Effect = Callable[[Any], Message]


@dataclass(slots=True)
class World:
    """One service's state. Every method of it that touches resources is called inside a transaction."""

    store: Store
    switches: Switches = field(default_factory=Switches)
    _last_ns: int = 0

    def now_ns(self) -> int:
        """Give the time in nanoseconds, of microsecond precision, never the same twice."""
        self._last_ns = max(self._last_ns + 1000, time.time_ns() // 1000 * 1000)
        return self._last_ns

    # Resources

    def require(self, kind: Kind, name: str, cite: str) -> Any:
        """Give a resource, or refuse."""
        return kind.message.FromString(self.require_row(kind, name, cite).body)

    def require_row(self, kind: Kind, name: str, cite: str) -> Row:
        """Give a resource's row, or refuse."""
        row = self.store.row(kind.checked(name, cite))
        if row is None:
            raise missing(name)
        return row

    def require_parent(self, kind: Kind, parent: str, cite: str) -> str:
        """Give the name of a parent that is there, or refuse; locations are always there."""
        kind.checked_parent(parent, cite)
        if kind.parent is not None and self.store.row(parent) is None:
            raise missing(parent)
        return parent

    def new_name(self, kind: Kind, parent: str, given: str, *, make: Callable[[], str] | None = None) -> str:
        """Give the name of a resource to create, whose id is `given` or made up."""
        if given:
            pattern = kind.id_pattern
            if self.switches.short_ids == "accept":
                pattern = pattern.replace("{3,127}", "{0,127}")
            rules.identifier(given, pattern, kind.id_cite)
        identifier = given or (make or _uuid)()
        name = f"{parent}/{kind.noun}/{identifier}"
        if self.store.row(name) is not None:
            raise exists(kind.type_name, name, kind.id_cite)
        return name

    def create(self, kind: Kind, parent: str, name: str, message: Any) -> Any:
        """Keep a new resource: what only the service sets is set by it."""
        rules.drop_output_only(message)
        rules.resource(message, self.switches)
        message.name = name
        self._stamp(message, new=True)
        self.store.insert(name, parent, kind.noun, message.SerializeToString())
        return message

    def update(self, kind: Kind, given: Any, mask: Sequence[str], *, structs: bool = False) -> Any:
        """Write the fields that a mask names into a resource: google.aip.dev/134, etags by /154."""
        current = self.require(kind, given.name, f"{kind.type_name}.name")
        if given.etag and given.etag != current.etag:
            raise RefusedError(
                "ABORTED",
                f"Specified {kind.type_name} `etag`: `{given.etag}` does not match server `etag`: `{current.etag}`",
                f"{kind.type_name}.etag; the message as in python-aiplatform's metadata/context.py",
            )
        changed = type(current)()
        changed.CopyFrom(current)
        merge = structs and not mask and self.switches.maskless_update == "merge"
        masks.merge(changed, given, masks.paths(mask, given), self.switches, merge_structs=merge)
        rules.resource(changed, self.switches)
        if changed == current and self.switches.idle_update != "bump":
            if self.switches.idle_update == "forget":
                self._stamp(changed, new=False)
            return changed
        self._stamp(changed, new=False)
        self.store.replace(changed.name, changed.SerializeToString())
        return changed

    def check_delete_etag(self, kind: Kind, name: str, etag: str) -> None:
        """Refuse a deletion whose etag is not the server's (DeleteContextRequest.etag)."""
        current = self.require(kind, name, f"Delete{kind.type_name}Request.name")
        if etag and etag != current.etag:
            said = f"Specified {kind.type_name} `etag`: `{etag}` does not match server `etag`: `{current.etag}`"
            raise RefusedError("FAILED_PRECONDITION", said, f"Delete{kind.type_name}Request.etag")

    def touch(self, message: Any) -> Any:
        """Keep a changed resource under a new etag."""
        self._stamp(message, new=False)
        self.store.replace(message.name, message.SerializeToString())
        return message

    def listed(
        self, kind: Kind, request: Any, fields: Fields, size: int, *, order: Sequence[str]
    ) -> tuple[list[Any], str]:
        """Give the page of a collection that a List request asks for."""
        parent = self.require_parent(kind, request.parent, f"{type(request).DESCRIPTOR.name}.parent")
        test = compiled(getattr(request, "filter", ""), fields, self.switches)
        found = []
        for row in self.store.children(parent, kind.noun):
            item = kind.message.FromString(row.body)
            if test(item):
                found.append((row.seq, item))
        keys = {name: _pair_reader(fields.scalars[name]) for name in order}
        cite = f"{type(request).DESCRIPTOR.name}.order_by"
        by = paging.ordering(getattr(request, "order_by", ""), keys, cite)
        tie = _sequence if self.switches.list_order == "creation" else _scattered
        page, token = paging.page(found, by, tie, size, request)
        return [item for _, item in page], token

    def _stamp(self, message: Any, *, new: bool) -> None:
        fields = message.DESCRIPTOR.fields_by_name
        now = self.now_ns()
        stamped = ["update_time", *(["create_time"] if new else [])]
        for name in stamped:
            if name in fields:
                getattr(message, name).FromNanoseconds(now)
        if "etag" in fields:  # milliseconds, as in the messages that users report; always greater than before
            message.etag = str(now // 10**6 if new else max(now // 10**6, int(message.etag) + 1))


def times(message_field: str) -> Callable[[Any], int]:
    """Give a reader of a time field in nanoseconds."""
    return lambda item: nanoseconds(getattr(item, message_field))


def _uuid() -> str:
    return str(uuid.uuid4())


def _pair_reader(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda pair: read(pair[1])


def _sequence(pair: tuple[int, Any]) -> int:
    return pair[0]


def _scattered(pair: tuple[int, Any]) -> str:
    return paging.scattered(pair[1].name)
