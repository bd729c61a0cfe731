"""What `trackbridge doctor` wants to know of a Vertex AI."""

from __future__ import annotations

from importlib.metadata import version

from trackbridge.errors import NotFound
from trackbridge.protocol import BackendInfo
from trackbridge_vertex.client import Client

__all__ = ["checked_info"]


def checked_info(client: Client) -> BackendInfo:
    """Reach the metadata store and the bucket, and describe them.

    Raises:
        AuthError: one does not accept the credentials.
        ConfigurationError: the bucket is not there.
        Transient: one cannot be reached now.
    """
    address = client.address
    warnings = []
    try:
        client.metadata("get_metadata_store", client.message("GetMetadataStoreRequest", name=address.store))
        store = "default"
    except NotFound:
        store = "none yet; it comes to be with the first experiment"
    client.storage.check()
    pace = address.requests_per_minute
    facts = (
        ("client", f"google-cloud-aiplatform {version('google-cloud-aiplatform')}"),
        ("endpoint", f"{address.host} over {address.transport}{', without TLS' if address.plaintext else ''}"),
        ("metadata store", store),
        ("artifacts", client.storage.uri("")),
        ("tensorboard", address.tensorboard or "the region's default one, made with the first series"),
        ("requests a minute", "no limit" if pace is None else f"{pace:g} at most"),
    )
    if address.serving_image is None:
        warnings.append(
            "Model versions have no serving container, so that Vertex AI cannot deploy them: serving_image=."
        )
    return BackendInfo(facts, tuple(warnings))
