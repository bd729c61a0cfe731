"""The schema of ``trackbridge.db`` and its history: version n is what the first n migrations make.

The comments within the statements stay in the database, for whoever opens it with raw SQL. Three conventions: names are
compared by code point (SQLite's own BINARY order over UTF-8); a column without a type keeps each value as it is bound; a
float that SQLite cannot hold or tell apart is the text 'NaN' or '-0.0', which casts back to what it says.
"""

from __future__ import annotations

from typing import Final

__all__ = ["APPLICATION_ID", "MIGRATIONS", "RUN_TABLES"]

APPLICATION_ID: Final = 0x74_62_72_67  # "tbrg", so that `file` and we can tell the database from any other

_EXPERIMENTS = (
    """CREATE TABLE experiments (
    experiment INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    created_ms INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
)""",
    """CREATE TABLE experiment_tags (
    experiment INTEGER NOT NULL REFERENCES experiments,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment, name)
) WITHOUT ROWID""",
)

_RUNS = (
    """CREATE TABLE runs (
    run INTEGER PRIMARY KEY AUTOINCREMENT, -- what the other tables mean by run; never used again
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiments,
    name TEXT,
    status TEXT NOT NULL DEFAULT 'RUNNING',
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    parent TEXT, -- the id of the parent run
    deleted INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0, -- the greatest owner epoch: how often the run was resumed
    status_epoch INTEGER NOT NULL DEFAULT -1, -- who wrote the status, and when: the greatest wins
    status_wall_ns INTEGER NOT NULL DEFAULT 0,
    status_writer TEXT NOT NULL DEFAULT '',
    status_sequence INTEGER NOT NULL DEFAULT 0
)""",
    "CREATE INDEX runs_by_start ON runs (deleted, started_ms DESC, id)",
    "CREATE INDEX runs_by_experiment ON runs (experiment, deleted, started_ms DESC, id)",
    "CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL",
    "CREATE TABLE purged_runs (id TEXT PRIMARY KEY) WITHOUT ROWID",
    """CREATE TABLE epochs (
    run INTEGER NOT NULL REFERENCES runs,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (run, epoch)
) WITHOUT ROWID""",
    """CREATE TABLE params (
    run INTEGER NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    type TEXT NOT NULL, -- none, bool, int, float, str, list or dict
    value, -- lists and dicts are JSON, an int beyond 64 bits is its decimal text
    PRIMARY KEY (run, name)
) WITHOUT ROWID""",
    """CREATE TABLE tags (
    run INTEGER NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    value TEXT, -- NULL where the tag was deleted: of two writes the greatest (wall_ns, writer, sequence) wins
    wall_ns INTEGER NOT NULL,
    writer TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID""",
    """CREATE TABLE attributes (
    run INTEGER NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    type TEXT NOT NULL, -- as in params; none where the attribute was deleted
    value,
    wall_ns INTEGER NOT NULL,
    writer TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID""",
    """CREATE TABLE datasets (
    run INTEGER NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    version TEXT,
    digest TEXT,
    uri TEXT,
    context TEXT,
    schema TEXT,
    rows INTEGER
)""",
    """CREATE UNIQUE INDEX datasets_by_run ON datasets (
    run, name, coalesce(version, ''), coalesce(digest, ''), coalesce(uri, ''), coalesce(context, '')
)""",
)

_METRICS = (
    """CREATE TABLE metrics (
    run INTEGER NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    series INTEGER NOT NULL, -- counts from 0 within the run
    last NOT NULL, -- the value at the greatest (step, timestamp, value)
    last_step INTEGER NOT NULL,
    last_timestamp_ms INTEGER NOT NULL,
    min NOT NULL,
    max NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID""",
    """CREATE TABLE points (
    run INTEGER NOT NULL REFERENCES runs,
    series INTEGER NOT NULL,
    step INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    value NOT NULL,
    PRIMARY KEY (run, series, step, timestamp_ms, value)
) WITHOUT ROWID""",
    """CREATE VIEW metric_points AS
    SELECT runs.id AS run_id, metrics.name AS name, points.step, points.timestamp_ms, points.value
    FROM runs JOIN metrics USING (run) JOIN points USING (run, series)""",
)

_FILES = (
    """CREATE TABLE artifacts (
    run INTEGER NOT NULL REFERENCES runs,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, -- the content is the file artifacts/<first two digits>/<sha256>
    PRIMARY KEY (run, path)
) WITHOUT ROWID""",
    "CREATE INDEX artifacts_by_content ON artifacts (sha256)",
    "CREATE TABLE garbage (sha256 TEXT PRIMARY KEY) WITHOUT ROWID -- contents to remove unless an artifact has them",
    """CREATE TABLE objects (
    object INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, -- run, model or experiment
    key TEXT NOT NULL, -- the id of the run, or the name
    name TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (kind, key, name)
)""",
)

_REGISTRY = (
    """CREATE TABLE models (
    model INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    created_ms INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    mirrored_count INTEGER, -- how many entries of the trail the versions show, and the hash of the last
    mirrored_head TEXT
)""",
    """CREATE TABLE model_tags (
    model INTEGER NOT NULL REFERENCES models,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, name)
) WITHOUT ROWID""",
    """CREATE TABLE versions (
    version INTEGER PRIMARY KEY,
    model INTEGER NOT NULL REFERENCES models,
    number INTEGER NOT NULL,
    token TEXT NOT NULL, -- makes creation idempotent
    run_id TEXT,
    artifact_path TEXT NOT NULL,
    digest TEXT,
    created_ms INTEGER NOT NULL,
    signature TEXT,
    input_example TEXT,
    description TEXT,
    stage TEXT NOT NULL DEFAULT 'None',
    approval TEXT NOT NULL DEFAULT 'pending',
    deleted INTEGER NOT NULL DEFAULT 0,
    UNIQUE (model, number),
    UNIQUE (model, token)
)""",
    "CREATE INDEX versions_by_run ON versions (run_id)",
    """CREATE TABLE version_tags (
    version INTEGER NOT NULL REFERENCES versions,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (version, name)
) WITHOUT ROWID""",
    """CREATE TABLE aliases (
    model INTEGER NOT NULL REFERENCES models,
    alias TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (model, alias)
) WITHOUT ROWID""",
    """CREATE TABLE trail (
    model INTEGER NOT NULL REFERENCES models,
    n INTEGER NOT NULL,
    entry BLOB NOT NULL, -- JSON; the next entry names the SHA-256 of these bytes
    PRIMARY KEY (model, n)
) WITHOUT ROWID""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = ((*_EXPERIMENTS, *_RUNS, *_METRICS, *_FILES, *_REGISTRY),)

# All that goes when a run is purged, besides its row and its objects.
RUN_TABLES: Final = ("epochs", "params", "tags", "attributes", "datasets", "metrics", "points", "artifacts")
