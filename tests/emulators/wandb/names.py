"""Names as the SDK lets them through: what it refuses before it asks, nobody may ask."""

from __future__ import annotations

import re
from collections.abc import Iterable

from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service

RULES = {
    # wandb/sdk/wandb_settings.py, validate_run_id
    "run id": re.compile(r"(?!\s)[^:;,#?/']+(?<!\s)"),
    # wandb/sdk/wandb_settings.py, validate_project; wandb/sdk/artifacts/_validators.py, validate_project_name
    "project": re.compile(r"[^/\\#?%:\r\n]{1,128}"),
    # wandb/sdk/wandb_settings.py, validate_run_tags
    "run tag": re.compile(r".{1,64}", re.DOTALL),
    # wandb/sdk/artifacts/artifact.py, Artifact.__init__; _validators.py, NAME_MAXLEN
    "collection": re.compile(r"[a-zA-Z0-9_.-]{1,128}"),
    # sdk/artifacts/_generated/input_types.py, ArtifactTypeInput
    "artifact type": re.compile(r"(?=.{1,128}\Z)[-\w]+([ ]*[-.\w]+)*"),
    # _validators.py, validate_aliases; input_types.py, ArtifactAliasInput
    "alias": re.compile(r"[^/:]{1,128}", re.DOTALL),
    # _validators.py, TAG_REGEX; input_types.py, TagInput
    "tag": re.compile(r"(?=.{1,128}\Z)[-\w]+( +[-\w]+)*"),
}


def check(service: Service, kind: str, *names: str) -> None:
    """Refuse a name that the SDK would not send, and write it down.

    Raises:
        ServiceError: 400 for such a name.
    """
    wrong = [name for name in names if not RULES[kind].fullmatch(name)]
    if wrong:
        service.record.violation("name", kind, f"no {kind}: {wrong}")
        raise ServiceError(f"invalid {kind}: {wrong[0]!r}")


def check_all(service: Service, kind: str, names: Iterable[str] | None) -> None:
    """Refuse names that the SDK would not send, as far as there are any."""
    check(service, kind, *(names or ()))
