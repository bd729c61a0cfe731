"""What neither the service model nor AWS's pages settle, and the numbers that a test wants to turn.

Defaults are the stricter reading, so that a client that passes here has the better chance in an account. Each field
says what speaks for its default. Settings belong to one account (`control.Account`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

PAST_S = 120.0  # how long the store remembers what a document was
Error = Literal["ValidationException", "ConflictException", "ResourceInUse", "ResourceNotFound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """One account's settings; times in seconds."""

    # Consistency: none of it is documented; AWS's own SDK retries a search for a new component (is_run_trial_component).
    search_lag_s: float = 0.0
    list_lag_s: float = 0.0
    metrics_lag_s: float = 0.0

    # Throttling: "Rate exceeded" was met on AssociateTrialComponent (sagemaker-experiments#89, #100); no rate is published.
    throttle_rps: float | None = None
    throttle_burst: int = 1
    throttle_operations: str = "*"  # a pattern as of a shell

    # Quotas: 300 trials as met in amazon-sagemaker-examples#3396; 50 components as people meet it (L-479D8F33).
    trials_per_experiment: int = 300
    components_per_trial: int = 50
    metric_names_per_component: int | None = None  # METRIC_LIMIT_EXCEEDED exists; no page says at how many
    actions: int = 3_000  # these four: "Maximum number of manually created lineage entities"
    artifacts: int = 6_000
    associations: int = 6_000
    contexts: int = 500
    tags_per_resource: int = 50
    default_page: int = 10  # "The default value is 10" (ListTrials, ListTrialComponents, ListExperiments)
    points_per_query: int = 1_000

    # Requests.
    unknown_members: Literal["reject", "ignore"] = "reject"  # AWS's servers ignore them; an adapter should send none
    length_unit: Literal["scalars", "utf16"] = "utf16"  # Smithy counts scalars, Java's length() UTF-16 units
    dot_matches_newline: bool = False  # patterns are Java's, and AWS shows '.*' without a flag
    secret_key: str | None = None  # when set, signatures are verified

    # Errors whose code the model does not list for the operation.
    missing_error: Error = "ValidationException"
    in_use_error: Error | Literal["modelled"] = "modelled"

    # Experiments.
    associate_twice: Literal["accept", "reject"] = "accept"  # the SDK associates again after a stale search
    update_maps: Literal["merge", "replace"] = "merge"  # "Replaces all … or add new": moto replaces
    search_ignores_case: bool = False
    not_equals_matches_missing: bool = True
    artifact_identity: Literal["uri", "uri-and-types"] = "uri"  # "only one artifact with a unique SourceUri"
    lineage_delete_needs_no_associations: bool = True  # the SDK's delete(disassociate=True) removes them first

    # Registry.
    package_needs_source: bool = True  # neither specification is required by the model; both are "provide values for"
    tags_on_versions: bool = False  # a version "uses the tags associated with the model group" (CreateModelPackage)
    package_pending_s: float = 0.0

    # Metrics: the window is checked by AWS's SDK (METRIC_TS_LOWER_BOUND_TO_NOW), not by the model.
    timestamp_window_s: tuple[float, float] | None = (1_209_600.0, 7_200.0)
    timestamp_outside: Literal["item", "request"] = "item"
    # NaN and the infinities, in metrics and parameters: botocore sends bare literals, which are no JSON, and requests
    # with them were met to fail whole (sagemaker-experiments#126, #161).
    non_finite: Literal["request", "item", "accept"] = "request"
    same_point: Literal["keep", "overwrite", "conflict"] = "keep"
    metric_axis: Literal["s", "ms"] = "s"  # XAxisValues are longs; a CloudTrail event of BatchPutMetrics shows ms

    def turned(self, **values: Any) -> Switches:
        """Give these settings with some changed; a wrong name or value is a ValueError."""
        hints = get_type_hints(Switches)
        for name, value in values.items():
            if name not in hints:
                raise ValueError(f"no switch is named {name}; there are {', '.join(sorted(hints))}")
            if isinstance(value, list):
                values[name] = tuple(value)
            allowed = _literals(hints[name])
            if allowed and value not in allowed:
                raise ValueError(f"{name} is one of {', '.join(sorted(map(str, allowed)))}, not {value!r}")
            if name.endswith("_lag_s") and not 0 <= value <= PAST_S:
                raise ValueError(f"{name} is at most {PAST_S:g} s, the past that is kept, not {value!r}")
        return dataclasses.replace(self, **values)


def _literals(hint: Any) -> set[Any]:
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {one for argument in get_args(hint) for one in _literals(argument)}
