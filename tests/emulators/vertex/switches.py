"""What no published page settles: each is a switch, and its default is the reading that is hardest on a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Switches:
    """How this service reads what its vendor left open. The first value named is the default."""

    project_names: str = "number"
    """``number``: answers name projects by number, as real answers do; ``id``: as the request did."""
    struct_nan: str = "refuse"
    """A NaN or infinity in a ``metadata`` struct: ``refuse``, ``null`` (stored as null) or ``keep``."""
    metadata_bytes: int = 200_000
    """The size of ``Context.metadata`` and its like is "200KB"; whether of 1,000 or 1,024 bytes is not said."""
    short_ids: str = "refuse"
    """Ids of 1 to 3 characters: the service's types say 4-128, the SDK's own pattern says 1-128. ``accept``."""
    unknown_schemas: str = "refuse"
    """A ``schema_title`` never registered: ``refuse`` or ``accept`` ("is expected to be registered")."""
    maskless_update: str = "populated"
    """An update of metadata without mask writes the ``populated`` fields (AIP-134), or ``merge``s metadata by key."""
    struct_masks: str = "refuse"
    """A mask that reaches into ``metadata`` (``metadata.a``): ``refuse`` or ``accept``."""
    idle_update: str = "forget"
    """An update that changes nothing answers an etag that the server does ``forget`` (so python-aiplatform issue 1674
    shows), ``keep``s the etag, or ``bump``s it."""
    filter_not: str = "refuse"
    """``NOT`` and ``-`` in filters of metadata, where only AND and OR are documented: ``refuse`` or ``accept``."""
    filter_wildcards: str = "refuse"
    """``*`` in a string of a filter is a wildcard in AIP-160: ``refuse``, ``literal`` or ``match``."""
    context_label_filters: str = "refuse"
    """``labels.key=value`` in filters of metadata, which are not documented there: ``refuse`` or ``accept``."""
    deep_metadata_filters: str = "refuse"
    """``metadata.a.b.number_value``: only one level is documented: ``refuse`` or ``accept``."""
    zero_hops: str = "closure"
    """``max_hops=0`` of an artifact's lineage, which is also its absence: ``closure``, or the ``artifact`` alone."""
    list_order: str = "scattered"
    """Without ``order_by``, lists come ``scattered`` or in the order of ``creation``."""
    negative_steps: str = "accept"
    """Points of series at negative steps: ``accept`` or ``refuse``."""
    read_all: str = "honour"
    """``max_data_points=-1`` "to return all data": ``honour`` or ``sample`` at the documented 10,000."""
    repeated_steps: str = "last"
    """Two points at one step within one write: the ``last`` wins, or ``first``."""
    artifact_without_container: str = "refuse"
    """A model with ``artifact_uri`` but without ``container_spec``, which is "not required for AutoML Models", and which
    the SDK insists on unless the model has neither: ``refuse`` or ``accept``."""
    model_update_etag: str = "stale"
    """The etag in UpdateModel's answer: ``stale``, so that a second update needs a fresh read (python-aiplatform pull
    request 952 saw that), or ``fresh``."""
    upload_labels: str = "version"
    """The labels of a model's first upload belong to that ``version``, or to the ``model``."""
    alias_capitals: str = "refuse"
    """The types allow capitals within an alias, the page on aliases does not: ``refuse`` or ``accept``."""
    taken_alias: str = "move"
    """An alias that another version has, in an upload or a merge: ``move``s, or is ``refuse``d."""
    drop_default_alias: str = "refuse"
    """``-default`` in a merge, and deletion of the default version: ``refuse`` or ``reassign`` to the newest left."""
    operation_names: str = "resource"
    """Operations lie below the ``resource`` they concern, or below the ``location``."""
    crud_per_minute: int = 0
    """How many requests a minute and region are answered before RESOURCE_EXHAUSTED: 600 are documented; 0 is no limit."""
    lro_per_minute: int = 0
    """The same for requests that begin operations, of which 60 are documented."""
    operation_polls: int = 0
    """How many polls find an operation still pending before one finds it done."""
    operation_s: float = 0.0
    """How long, in seconds, an operation stays pending and without effect."""

    def flipped(self, changes: Mapping[str, Any]) -> Switches:
        """Give these switches with some changed; an unknown name is a KeyError."""
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        return replace(self, **{name: kinds[name](value) for name, value in changes.items()})
