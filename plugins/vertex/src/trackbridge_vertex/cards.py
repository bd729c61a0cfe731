"""Cards in contexts: read of what a context holds, and written back only as they were read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from trackbridge.errors import Conflict, Transient
from trackbridge_vertex.card import METRICS, PARAMS, TAGS, TEXT, Card, read_card
from trackbridge_vertex.changes import NAME, NOTES
from trackbridge_vertex.client import Client
from trackbridge_vertex.contexts import Contexts, id_of
from trackbridge_vertex.foreign import foreign_card
from trackbridge_vertex.names import shown_name
from trackbridge_vertex.overflow import ROOM_BYTES, Overflow, bytes_of, fitted
from trackbridge_vertex.structs import Plain, plain_struct, put

__all__ = ["Cards"]

_Result = TypeVar("_Result")

# What is shown of a run that is too large to be shown in full.
_SHOWN_BYTES: Final[Mapping[str, int]] = {PARAMS: 80_000, TAGS: 50_000, METRICS: 30_000}


class Cards:
    """Reads and changes the cards of runs."""

    def __init__(self, client: Client, contexts: Contexts) -> None:
        self._client = client
        self._contexts = contexts
        self._overflow = Overflow(client.storage)

    def read(self, context: Any) -> Card | None:
        """Give the card of a run's context, of a foreign run too; None where it was replaced since it was read."""
        metadata = plain_struct(context.metadata)
        text = metadata.pop(TEXT, None)
        if not isinstance(text, str):
            return foreign_card(self._client.address, context, metadata)
        whole = self._overflow.whole(text)
        return None if whole is None else read_card(whole, metadata)

    def current(self, context_id: str) -> tuple[Any, Card] | None:
        """Give a run's context and card as they are now; None where there is no such context."""
        for _ in range(5):
            context = self._contexts.get(context_id)
            if context is None:
                return None
            card = self.read(context)
            if card is not None:
                return context, card
        raise Transient(
            f"the record of the run {context_id} in {self._client.address.shown} is replaced again and again",
            clause="X3",
        )

    def update(self, context_id: str, change: Callable[[Card], _Result]) -> _Result:
        """Change a card until nobody was in between; see `Contexts.update`."""
        before = ""

        def act(context: Any) -> tuple[_Result, list[str]]:
            nonlocal before
            before = context.metadata.fields[TEXT].string_value if TEXT in context.metadata.fields else ""
            card = self.read(context)
            if card is None:  # what it names is gone: the context that is remembered is old
                self._contexts.forget(context_id)
                raise Conflict(f"the run {context_id} was changed meanwhile", clause="R8")
            shown = {name: card.attributes.get(name) for name in (NAME, NOTES)}
            result = change(card)
            fields = self.write(card, context)
            for field, name in (("display_name", NAME), ("description", NOTES)):
                attribute = card.attributes.get(name)
                if attribute is not None and attribute != shown[name]:
                    text = "" if attribute.value is None else str(attribute.value)
                    setattr(context, field, shown_name(text, card.run_id) if name == NAME else text)
                    fields.append(field)
            return result, fields

        result = self._again(context_id, act)
        if before.startswith('{"object":'):
            self._tidy(context_id, before)
        return result

    def _again(self, context_id: str, act: Callable[[Any], tuple[_Result, list[str]]]) -> _Result:
        for _ in range(5):
            try:
                return self._contexts.update(context_id, act)
            except Conflict:
                continue
        raise Transient(f"others keep changing the run {context_id} of {self._client.address.shown}", clause="R8")

    def _tidy(self, context_id: str, before: str) -> None:
        """Remove the object that a context named before, unless it still does."""
        context = self._contexts.get(context_id)
        now = "" if context is None else context.metadata.fields[TEXT].string_value
        if now != before:
            self._overflow.drop(before)

    def write(self, card: Card, context: Any) -> list[str]:
        """Put a card into a context's metadata; give the fields of the context that changed."""
        shown, text = card.shown(), card.text()
        if bytes_of({**shown, TEXT: text}) > ROOM_BYTES:
            text = self._overflow.put(f"runs/{card.run_id}", card.text(whole=True))
            shown = {**shown, **{key: fitted(shown[key], room) for key, room in _SHOWN_BYTES.items()}}
        metadata: dict[str, Plain] = {**shown, TEXT: text}
        changed = False
        for key, value in metadata.items():
            changed |= put(context.metadata, key, value)
        return ["metadata"] if changed else []

    def name_of(self, context: Any) -> str:
        """Give the id of a context."""
        return id_of(context.name)
