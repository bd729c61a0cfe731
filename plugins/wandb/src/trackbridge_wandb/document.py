"""A run's config as this adapter keeps it: the user's values as they are, and ours under four keys."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from trackbridge.errors import IntegrityError
from trackbridge.protocol import ObjectInfo
from trackbridge.records.values import ParamValue
from trackbridge_wandb.values import read_value, show_value, true_form

__all__ = ["ATTRIBUTES", "DATASETS", "OWN", "STEP", "TAGS", "Document"]

OWN: Final = "trackbridge"
TAGS: Final = "trackbridge.tags"
ATTRIBUTES: Final = "trackbridge.attributes"
DATASETS: Final = "trackbridge.datasets"
STEP: Final = "trackbridge/step"  # the column of the true step in a run's history

_WANDB: Final = "_wandb"  # W&B's own, which its screens hide
_HIDDEN: Final = frozenset({_WANDB, "wandb_version", OWN, TAGS, ATTRIBUTES, DATASETS})
_INLINE_BYTES: Final = 3_000
_INLINE_TOTAL: Final = 60_000
# What define_metric("*", step_metric=STEP) leaves in a config: MetricRecord by field number (wandb_internal.proto), 1 a
# name, 2 a glob, 5 the place of its step metric in this list from 1 on, 6 the options, of which 1 is step_sync and 3
# defined. It makes the step column the x axis of all charts.
_METRICS: Final = [{"1": STEP, "6": [3], "7": []}, {"2": "*", "5": 1, "6": [1], "7": []}]


class Document:
    """A config, read from its JSON and written back whole."""

    def __init__(self, text: str | None) -> None:
        self._config: dict[str, Any] = json.loads(text or "{}")
        if not isinstance(self._config, dict):
            self._config = {}

    @property
    def own(self) -> dict[str, Any]:
        """What this adapter keeps about the run; empty for a run that is not ours."""
        return self._section(OWN)

    @property
    def foreign(self) -> bool:
        """W&B's own client has started the run, whoever made it, and may have logged what only it logs.

        It says so by its version (core/internal/runconfig, AddInternalData).
        """
        return "id" not in self.own or "cli_version" in self._section(_WANDB)

    @property
    def tags(self) -> dict[str, str]:
        """The run's tags, by name."""
        return self._section(TAGS)

    @property
    def attributes(self) -> dict[str, str]:
        """The run's attributes, but those that W&B has a field for."""
        return self._section(ATTRIBUTES)

    @property
    def datasets(self) -> list[dict[str, Any]]:
        """The run's datasets, as records."""
        found = self._value(DATASETS)
        return found if isinstance(found, list) else []

    def set(self, key: str, value: Any) -> None:
        """Set one of the keys above, or leave it out where it is empty."""
        if value:
            self._config[key] = {"value": value, "desc": None}
        else:
            self._config.pop(key, None)

    @property
    def plain(self) -> dict[str, Any]:
        """All values but ours and W&B's own, as the config shows them."""
        return {key: self._value(key) for key in self._config if key not in _HIDDEN}

    @property
    def params(self) -> dict[str, ParamValue]:
        """The same, each with its true type."""
        forms = self.own.get("typed", {})
        return {key: read_value(value, forms.get(key)) for key, value in self.plain.items()}

    def set_params(self, params: Mapping[str, ParamValue]) -> None:
        """Add params."""
        own = self.own
        forms = dict(own.get("typed", {}))
        for name, value in params.items():
            self._config[name] = {"value": show_value(value), "desc": None}
            form = true_form(value)
            if form is not None:
                forms[name] = form
        if forms:
            self.set(OWN, {**own, "typed": forms})

    def chart_by_step(self) -> None:
        """Say that charts show everything against the true step.

        And, by `t`, that the run was started: W&B's own client then goes on in it and adds to its config, where it would
        refuse to, or write a config of its own over this one (core/internal/runbranch/resume.go).
        """
        known = self._value(_WANDB)
        self.set(_WANDB, {"t": {}, **(known if isinstance(known, dict) else {}), "m": _METRICS})

    # Objects

    @property
    def objects(self) -> dict[str, dict[str, Any]]:
        """The run's objects by name: size, and the data of those that lie here."""
        found = self.own.get("objects", {})
        return found if isinstance(found, dict) else {}

    def add_object(self, name: str, data: bytes, *, away: bool) -> None:
        """Note an object, with its data unless that lies in a file."""
        entry: dict[str, Any] = {"size": len(data)}
        if not away:
            entry["data"] = base64.b64encode(zlib.compress(data, 9)).decode()
        self.set(OWN, {**self.own, "objects": {**self.objects, name: entry}})

    def has_room(self, data: bytes) -> bool:
        """Tell whether an object may lie in the config itself."""
        used = sum(len(entry.get("data", "")) for entry in self.objects.values())
        return len(data) <= _INLINE_BYTES and used <= _INLINE_TOTAL

    def object_infos(self, prefix: str) -> dict[str, ObjectInfo]:
        """Give the objects whose name begins so."""
        return {
            name: ObjectInfo(name, int(entry["size"]))
            for name, entry in self.objects.items()
            if name.startswith(prefix)
        }

    def inline(self, name: str) -> bytes | None:
        """Give the data of an object that lies here; None for one in a file."""
        text = self.objects[name].get("data")
        if text is None:
            return None
        try:
            return zlib.decompress(base64.b64decode(text, validate=True))
        except (ValueError, zlib.error) as error:
            raise IntegrityError(
                f"the object {name!r} in a run's config cannot be read: {error}", clause="X3"
            ) from error

    def dumps(self) -> str:
        """Give the JSON."""
        return json.dumps(self._config, allow_nan=False)

    def _value(self, key: str) -> Any:
        entry = self._config.get(key)
        return entry["value"] if isinstance(entry, dict) and "value" in entry else entry

    def _section(self, key: str) -> dict[str, Any]:
        found = self._value(key)
        return found if isinstance(found, dict) else {}
