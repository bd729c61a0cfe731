CREATE TABLE IF NOT EXISTS project (
  id INTEGER PRIMARY KEY,
  entity TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  access TEXT NOT NULL DEFAULT 'ENTITY_WRITE',
  views TEXT,
  all_types INTEGER NOT NULL DEFAULT 1,
  is_benchmark INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER,
  deleted_ms INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS project_name ON project (entity, name) WHERE deleted_ms IS NULL;

CREATE TABLE IF NOT EXISTS run (
  id INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT,
  description TEXT,
  notes TEXT,
  tags TEXT NOT NULL DEFAULT '[]',
  state TEXT NOT NULL DEFAULT 'running',
  exitcode INTEGER,
  config TEXT NOT NULL DEFAULT '{}',
  summary TEXT NOT NULL DEFAULT '{}',
  system TEXT NOT NULL DEFAULT '{}',
  group_name TEXT,
  job_type TEXT,
  "commit" TEXT,
  host TEXT,
  program TEXT,
  repo TEXT,
  sweep TEXT,
  stop_requested INTEGER NOT NULL DEFAULT 0,
  last_step INTEGER NOT NULL DEFAULT -1,
  exported_lines INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  heartbeat_ms INTEGER NOT NULL,
  deleted_ms INTEGER,
  UNIQUE (project_id, name)
);

-- The lines that file_stream sends: history, events (system metrics), output (console).
CREATE TABLE IF NOT EXISTS line (
  run_id INTEGER NOT NULL,
  stream TEXT NOT NULL,
  number INTEGER NOT NULL,
  step INTEGER,
  body TEXT NOT NULL,
  PRIMARY KEY (run_id, stream, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS line_step ON line (run_id, stream, step, number);

-- How many lines of a stream each writer of a run in shared mode has sent.
CREATE TABLE IF NOT EXISTS writer (
  run_id INTEGER NOT NULL,
  stream TEXT NOT NULL,
  client TEXT NOT NULL,
  received INTEGER NOT NULL,
  PRIMARY KEY (run_id, stream, client)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history_key (
  run_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (run_id, name, type)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS run_file (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  upload TEXT NOT NULL UNIQUE,
  blob TEXT,
  size INTEGER,
  md5 TEXT,
  mimetype TEXT,
  marked INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER,
  UNIQUE (run_id, name)
);

CREATE TABLE IF NOT EXISTS sweep (
  id INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT,
  config TEXT NOT NULL,
  state TEXT NOT NULL,
  description TEXT,
  controller TEXT,
  scheduler TEXT,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER,
  UNIQUE (project_id, name)
);

CREATE TABLE IF NOT EXISTS artifact_type (
  id INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  created_ms INTEGER NOT NULL,
  UNIQUE (project_id, name)
);

CREATE TABLE IF NOT EXISTS collection (
  id INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL,
  type_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  state TEXT NOT NULL DEFAULT 'READY',
  next_version INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS collection_name ON collection (project_id, name) WHERE state = 'READY';

CREATE TABLE IF NOT EXISTS artifact (
  id INTEGER PRIMARY KEY,
  sequence_id INTEGER NOT NULL,
  client_id TEXT UNIQUE,
  digest TEXT NOT NULL,
  digest_algorithm TEXT NOT NULL DEFAULT 'MANIFEST_MD5',
  state TEXT NOT NULL DEFAULT 'PENDING',
  description TEXT,
  metadata TEXT,
  aliases_asked TEXT NOT NULL DEFAULT '[]',
  version_index INTEGER,
  history_step INTEGER,
  ttl_s INTEGER,
  size INTEGER NOT NULL DEFAULT 0,
  file_count INTEGER NOT NULL DEFAULT 0,
  run_id INTEGER,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER
);
CREATE INDEX IF NOT EXISTS artifact_sequence ON artifact (sequence_id, state, version_index);
CREATE INDEX IF NOT EXISTS artifact_run ON artifact (run_id);

CREATE TABLE IF NOT EXISTS manifest (
  id INTEGER PRIMARY KEY,
  artifact_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  type TEXT NOT NULL,
  upload TEXT NOT NULL UNIQUE,
  blob TEXT,
  created_ms INTEGER NOT NULL
);

-- Content that artifacts bring: `artifact_id` is the version of birth, the manifest's `birthArtifactID`.
CREATE TABLE IF NOT EXISTS artifact_file (
  id INTEGER PRIMARY KEY,
  artifact_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  upload TEXT NOT NULL UNIQUE,
  blob TEXT,
  size INTEGER,
  mimetype TEXT,
  created_ms INTEGER NOT NULL,
  UNIQUE (artifact_id, digest)
);

CREATE TABLE IF NOT EXISTS membership (
  id INTEGER PRIMARY KEY,
  collection_id INTEGER NOT NULL,
  artifact_id INTEGER NOT NULL,
  version_index INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  UNIQUE (collection_id, version_index)
);
CREATE INDEX IF NOT EXISTS membership_artifact ON membership (artifact_id);

CREATE TABLE IF NOT EXISTS alias (
  id INTEGER PRIMARY KEY,
  collection_id INTEGER NOT NULL,
  membership_id INTEGER NOT NULL,
  alias TEXT NOT NULL,
  UNIQUE (collection_id, alias)
);
CREATE INDEX IF NOT EXISTS alias_membership ON alias (membership_id);

CREATE TABLE IF NOT EXISTS tag (
  id INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  owner_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (owner, owner_id, name)
);

CREATE TABLE IF NOT EXISTS use (
  run_id INTEGER NOT NULL,
  artifact_id INTEGER NOT NULL,
  used_as TEXT,
  PRIMARY KEY (run_id, artifact_id)
) WITHOUT ROWID;

-- Every run that logged a version, those that found it there already among them.
CREATE TABLE IF NOT EXISTS output (
  run_id INTEGER NOT NULL,
  artifact_id INTEGER NOT NULL,
  PRIMARY KEY (run_id, artifact_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS upload_part (
  id INTEGER PRIMARY KEY,
  file_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  upload TEXT NOT NULL UNIQUE,
  blob TEXT,
  md5 TEXT,
  UNIQUE (file_id, number)
);

-- Runs of history lines that moved to a Parquet file.
CREATE TABLE IF NOT EXISTS export (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL,
  upload TEXT NOT NULL UNIQUE,
  blob TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS export_run ON export (run_id);
