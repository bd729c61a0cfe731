"""One project and location of Vertex AI, opened on first use and shared by all families of the adapter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge_vertex.address import Address
from trackbridge_vertex.calls import Calls
from trackbridge_vertex.errors import translated
from trackbridge_vertex.storage import Storage

__all__ = ["Client"]

_OPERATION_S: Final = 600.0


class Client:
    """The three services behind one address, and the bucket beside them.

    Opening it costs nothing: the generated clients are imported, which takes seconds, at the first call of anything.
    Requests and answers are plain protobuf messages, for the wrappers of the generated clients cost several times as much.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.calls = Calls(address)
        self.storage = Storage(address, self.calls)
        self._lock = threading.RLock()
        self._services: dict[str, Any] = {}
        self._channel: Any = None

    @cached_property
    def types(self) -> Any:
        """The module of generated types, ``google.cloud.aiplatform_v1``."""
        with translated(self.address.shown):
            from google.cloud import aiplatform_v1
        return aiplatform_v1

    def message(self, name: str, /, **fields: Any) -> Any:
        """Make a plain protobuf message of one of the generated types."""
        return getattr(self.types, name).pb()(**fields)

    def metadata(self, method: str, request: Any, *, repeat: bool = True) -> Any:
        """Call a method of MetadataService with a plain request; give the plain answer."""
        return self._call("MetadataService", method, request, repeat=repeat)

    def metadata_made(self, method: str, request: Any) -> Any:
        """Create something in the metadata store ``default``, which a project has once anybody used its experiments."""
        try:
            return self.metadata(method, request)
        except NotFound:
            parent, _, store_id = self.address.store.partition("/metadataStores/")
            make = self.message("CreateMetadataStoreRequest", parent=parent, metadata_store_id=store_id)
            make.metadata_store.SetInParent()
            with suppress(Conflict):
                self.awaited(self.metadata, "create_metadata_store", make)
            return self.metadata(method, request)

    def boards(self, method: str, request: Any, *, repeat: bool = True) -> Any:
        """Call a method of TensorboardService with a plain request; give the plain answer."""
        return self._call("TensorboardService", method, request, repeat=repeat)

    def models(self, method: str, request: Any, *, repeat: bool = True) -> Any:
        """Call a method of ModelService with a plain request; give the plain answer."""
        return self._call("ModelService", method, request, repeat=repeat)

    def pages(self, call: Callable[[str, Any], Any], method: str, request: Any, field: str) -> Iterator[Any]:
        """Go through all pages of a list; `field` is the one of the answer that holds the items."""
        while True:
            answer = call(method, request)
            yield from getattr(answer, field)
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    def awaited(self, call: Callable[..., Any], method: str, request: Any, *, repeat: bool = True) -> Any:
        """Start a long-running operation and wait for its end, for at most ten minutes; give its result."""
        operation = call(method, request, repeat=repeat)
        return plain(self.calls.repeated(lambda: operation.result(retry=None, timeout=_OPERATION_S), repeat=False))

    def _call(self, service: str, method: str, request: Any, *, repeat: bool) -> Any:
        wrapped = getattr(self.types, type(request).__name__).wrap(request)
        return plain(self.calls.api(getattr(self._service(service), method), wrapped, repeat=repeat))

    def _service(self, name: str) -> Any:
        found = self._services.get(name)
        if found is None:
            with self._lock, translated(self.address.shown):
                found = self._services.get(name) or self._services.setdefault(name, self._opened(name))
        return found

    def _opened(self, name: str) -> Any:
        from google.auth.credentials import AnonymousCredentials

        address, make = self.address, getattr(self.types, f"{name}Client")
        if not address.plaintext:
            return make(transport=address.transport, client_options={"api_endpoint": address.host})
        if address.transport == "rest":
            return make(
                transport="rest",
                credentials=AnonymousCredentials(),
                client_options={"api_endpoint": f"http://{address.host}"},
            )
        return make(transport=make.get_transport_class("grpc")(channel=self._plaintext()))

    def _plaintext(self) -> Any:
        if self._channel is None:
            import grpc

            unbounded = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
            self._channel = grpc.insecure_channel(self.address.host, options=unbounded)
        return self._channel

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            for service in self._services.values():
                service.transport.close()
            self._services.clear()
            self._channel = None
        self.storage.close()


def plain(answer: Any) -> Any:
    """Give the protobuf message within an answer of a generated client; operations and nothing stay as they are."""
    pager = getattr(answer, "_response", None)  # of a list: its first page, for paging is ours
    message = answer if pager is None else pager
    return type(message).pb(message) if hasattr(type(message), "pb") else message
