"""A model version and the record it was made of (G2): MLflow's own fields, and one hidden tag with the whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote, urlsplit

from trackbridge.protocol import NativeVersion, VersionSpec
from trackbridge.records.values import canonical_json
from trackbridge_mlflow.mirror import version_state
from trackbridge_mlflow.models import described, read_description
from trackbridge_mlflow.tags import HIDDEN, chunked, joined, long_text

__all__ = ["FILLER", "RUN", "TOKEN", "path_in", "source_of", "version_record", "version_tags"]

TOKEN: Final = f"{HIDDEN}token"
FILLER: Final = f"{HIDDEN}filler"  # of a version that only keeps its number free for whoever brings it
RUN: Final = f"{HIDDEN}run"  # trackbridge's id of the source run

_SPEC: Final = f"{HIDDEN}spec"
_SOURCE_CHARS: Final = 500  # of MLflow's column
_TAG_CHARS: Final = 5_000


def source_of(spec: VersionSpec, native_run: str | None) -> str:
    """Give the URI that MLflow loads the version from; one that leads nowhere where the run is not here."""
    path = quote(spec.artifact_path or "nowhere") if native_run is None else spec.artifact_path  # MLflow refuses a root
    source = f"trackbridge:/{path}" if native_run is None else f"runs:/{native_run}/{path}".rstrip("/")
    return source[:_SOURCE_CHARS]


def version_tags(spec: VersionSpec) -> tuple[str, dict[str, str]]:
    """Give the description that MLflow shows, and all tags of a new version."""
    shown, tags = described(spec.description or "")
    for name, value in spec.tags.items():
        tags |= long_text(name, value, chars=_TAG_CHARS)
    fields = {name: value for name, value in asdict(spec).items() if name not in {"tags", "description"}}
    tags |= chunked(_SPEC, canonical_json(fields).encode())
    if spec.run_id is not None:
        tags[RUN] = spec.run_id
    tags[TOKEN] = spec.token
    return shown, tags


def version_record(
    version: Any, aliases: tuple[str, ...], run_id_of: Callable[[str], str | None], locate: Callable[[Any], str]
) -> NativeVersion:
    """Read one of MLflow's versions, whoever made it.

    Args:
        version: MLflow's record.
        aliases: Its aliases, which MLflow's search leaves out.
        run_id_of: Gives trackbridge's id of one of MLflow's runs.
        locate: Gives the artifact path of a version that was not made by us.
    """
    tags: Mapping[str, str] = version.tags
    description, plain = read_description(version.description, tags)
    data = joined(_SPEC, tags)
    if data is not None:
        fields = json.loads(data)
    else:
        fields = {
            "token": f"native-{version.name}-{version.version}",
            "run_id": run_id_of(version.run_id) if version.run_id else None,
            "artifact_path": locate(version),
            "digest": None,
            "created_ms": int(version.creation_timestamp or 0),
        }
    spec = VersionSpec(**fields, description=description, tags=plain)
    return NativeVersion(int(version.version), spec, version_state(version, aliases))


def path_in(source: str, root: str) -> str | None:
    """Give the path of `source` below an artifact root; None where it lies elsewhere."""
    there, here = urlsplit(source), urlsplit(root)
    below = there.path.removeprefix(here.path.rstrip("/"))
    if (there.scheme, there.netloc) == (here.scheme, here.netloc) and below != there.path:
        return below.strip("/")
    return None
