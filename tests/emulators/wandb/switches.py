"""What neither the SDK's source nor W&B's documentation settles: each is a switch, at its likeliest by default.

"SDK" is wandb 0.31: `core/…` the Go source of wandb-core, `wandb/…` the Python package; "docs" is docs.wandb.ai.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, get_type_hints

CHOICES: dict[str, tuple[object, ...]] = {
    "nan": ("json", "string"),
    "same_offset": ("replace", "keep", "append"),
    "same_step": ("keep", "merge"),
    "deleted_run": (409, 410, 400),
    "digest_deduplication": ("latest", "any", "never"),
    "equal_output": ("first", "every"),
    "gone_outputs": ("hidden", "listed"),
    "latest_of_deleted": ("gone", "moved"),
    "file_deduplication": ("collection", "never"),
    "files_appear": ("uploaded", "marked"),
    "history_export": ("never", "finished"),
    "rate_limits": ("off", "documented"),
    "relink": ("same", "new"),
    "conflict": (409, 200),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How the service behaves where it may behave in more than one way."""

    nan: str = "json"
    """NaN and the infinities within JSONString values (history rows, summaries): "json", the tokens NaN and Infinity
    that the SDK sends (core/internal/runhistory, ToExtendedJSON) and reads (simplejsonext), or "string", 'NaN' as
    github.com/wandb/sweeps/pull/32 saw in histories. Values of the scalar JSON are always 'string': the answer's body
    is plain JSON (core/internal/gql decodes it with encoding/json)."""

    same_offset: str = "replace"
    """A file_stream line at an offset that was received before (the SDK sends a batch again when an answer was lost,
    core/internal/filestream/filestreamimpl.go): the last one counts, the first one does, or both are kept."""

    same_step: str = "keep"
    """Two history lines of one `_step` (a resumed run, two writers): both are rows, or they merge into one."""

    deleted_run: int = 409
    """Status for UpsertBucket on a deleted run's id: 409 "was previously created and deleted; try a new run name"
    (github.com/mozilla/translations/issues/875), which the SDK tries again until its timeout; 410, which it does not
    (core/internal/clients/retry_policy.go, UpsertBucketRetryPolicy); 400 (github.com/wandb/wandb/issues/1192)."""

    digest_deduplication: str = "latest"
    """createArtifact with `enableDigestDeduplication` answers a COMMITTED version of equal digest ("already exists with
    the same content", core/pkg/artifacts/saver.go): only the newest of the collection, any of it, or none."""

    equal_output: str = "first"
    """Whose output a version is that a second run logged with equal content: the first one's only
    (github.com/wandb/wandb/issues/5359), or both's."""

    gone_outputs: str = "hidden"
    """Whether a run's outputs list versions that are pending or were deleted, by their `state`, or leave them out."""

    latest_of_deleted: str = "gone"
    """What `latest` does when its version is deleted or unlinked: it goes with it, or moves to the newest one left."""

    file_deduplication: str = "collection"
    """createArtifactFiles gives no upload URL for content that "the server already has" (saver.go): of an earlier
    version in the collection, or never."""

    files_appear: str = "uploaded"
    """A run's file is listed once its bytes are there ("SaaS finalizes it via native object-store notifications",
    wandb/apis/public/runs.py, upload_file), or once markRunFilesUploaded or file_stream's `uploaded` names it."""

    history_export: str = "never"
    """History rows of a finished run move to Parquet files (core/internal/runhistoryreader), or stay live."""

    relink: str = "same"
    """Linking a version that its collection already has: the membership there is, or a new version number."""

    missing_matches_ne: bool = True
    """Whether a run without a field matches {"$ne": …} on it: as MongoDB does, whose syntax filters have (docs,
    "Query and filter runs"), or not, as SQL's NULL does not."""

    conflict: int = 409
    """Status of an answer that says two writers collided, where the emulator finds one."""

    page_limit: int = 1000
    """Most nodes in a page of any connection, whatever `first` asks."""

    history_page_limit: int = 10_000
    """Most history rows in an answer; rows above it are dropped evenly, as sampling does."""

    rate_limits: str = "off"
    """No limits, as a self-managed server has them by default, or those of `limits.DOCUMENTED`: 429 "rate limit
    exceeded", without Retry-After."""

    file_stream_limit_bytes: int = 32 << 20
    """Greatest body of a file_stream request; more is 413, which the SDK does not send again. It sends lines of 10 MiB
    at once (core/internal/filestream/filestream.go), which JSON within JSON may make longer."""

    history_lag_s: float = 0.0
    """How long a row that file_stream took is not read yet; `historyLineCount` counts it at once."""

    listing_lag_s: float = 0.0
    """How long a new run is missing from listings; by its id it is found at once."""

    heartbeat_timeout_s: float = 300.0
    """A running run not heard of for so long reads "crashed" (wandb/apis/public/runs.py, Run.state)."""

    killed_exit_code: int = 255
    """The exit code that reads "killed" instead of "failed"; the SDK ends with it after KeyboardInterrupt
    (wandb/sdk/lib/exit_hooks.py)."""

    protected_aliases: tuple[str, ...] = ()
    """Aliases that only registry admins may add or delete (docs, "Protect aliases")."""

    read_only_projects: tuple[str, ...] = ()
    """Projects that this key may read and not write."""

    features_off: tuple[str, ...] = ()
    """Server features (core/api/proto, ServerFeature) to deny, as an older server would."""

    def changed(self, **values: Any) -> Switches:
        """Return these switches with some flipped.

        Raises:
            ValueError: For a name or a value that there is not.
        """
        hints = get_type_hints(Switches)
        for name, value in values.items():
            if name not in hints:
                raise ValueError(f"no switch {name!r}; there are {sorted(hints)}")
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(f"{name} is one of {CHOICES[name]}, not {value!r}")
        return replace(self, **{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})

    def to_dict(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
