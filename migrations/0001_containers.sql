-- The state and the history of every container of one Mesos slave. docs/schema.md explains the
-- tables. Times: *_at are milliseconds since 1970, for display; *_monotonic are milliseconds since
-- boot. A process is a PID and its start in clock ticks since boot, valid for boot_id.

CREATE TABLE schema_migrations (
  version    INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT;

CREATE TABLE containers (
  container_id        TEXT    PRIMARY KEY CHECK (length(container_id) BETWEEN 1 AND 255),
  state               TEXT    NOT NULL CHECK (state IN (
                        'Accepted', 'Fetching', 'Pulling', 'Creating', 'Starting', 'Running',
                        'Stopping', 'Exited', 'Removing', 'Gone')),
  version             INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  state_since_at        INTEGER NOT NULL,
  state_since_monotonic INTEGER NOT NULL,
  kind                TEXT    NOT NULL CHECK (kind IN ('command', 'custom')),
  slave_id            TEXT    NOT NULL,
  framework_id        TEXT    NOT NULL,
  executor_id         TEXT    NOT NULL,
  task_id             TEXT,
  task_name           TEXT,
  user                TEXT,
  directory           TEXT    NOT NULL,
  nonce               TEXT    NOT NULL UNIQUE CHECK (length(nonce) = 32),
  boot_id             TEXT    NOT NULL CHECK (length(boot_id) > 0),
  created_at          INTEGER NOT NULL,
  image               TEXT,
  docker_id           TEXT    CHECK (length(docker_id) = 64),
  init_pid            INTEGER CHECK (init_pid > 0),
  init_start          INTEGER CHECK (init_start >= 0),
  executor_pid        INTEGER CHECK (executor_pid > 0),
  executor_start      INTEGER CHECK (executor_start >= 0),
  -- When the slave learned how the container ended. If it is null, `containers` lists the
  -- container.
  delivered_at        INTEGER,
  CHECK ((init_pid IS NULL) = (init_start IS NULL)),
  CHECK ((executor_pid IS NULL) = (executor_start IS NULL))
) STRICT;

CREATE INDEX containers_undelivered ON containers (container_id) WHERE delivered_at IS NULL;
CREATE INDEX containers_live ON containers (container_id) WHERE state <> 'Gone';
CREATE INDEX containers_prunable ON containers (delivered_at) WHERE state = 'Gone';

-- The launch as the slave sent it: the frame without its length, and the environment as NAME=value
-- strings, each ended by a zero byte. Both can contain secrets of the task.
CREATE TABLE launches (
  container_id TEXT PRIMARY KEY REFERENCES containers ON DELETE CASCADE,
  request      BLOB NOT NULL,
  environment  BLOB NOT NULL
) STRICT;

-- The supervisor that owns the container, or was its last owner. For information only: ownership is
-- a lock in the kernel, which a crash releases.
CREATE TABLE supervisors (
  container_id TEXT    PRIMARY KEY REFERENCES containers ON DELETE CASCADE,
  pid          INTEGER NOT NULL CHECK (pid > 0),
  start        INTEGER NOT NULL,
  boot_id      TEXT    NOT NULL,
  since_at     INTEGER NOT NULL
) STRICT;

-- Requests of other processes to the supervisor.
CREATE TABLE requests (
  container_id TEXT    NOT NULL REFERENCES containers ON DELETE CASCADE,
  kind         TEXT    NOT NULL CHECK (kind IN ('stop', 'destroy')),
  requested_at INTEGER NOT NULL,
  PRIMARY KEY (container_id, kind)
) STRICT, WITHOUT ROWID;

-- The limits that the slave requested last. The ticket orders concurrent updates.
CREATE TABLE limits (
  container_id TEXT    PRIMARY KEY REFERENCES containers ON DELETE CASCADE,
  ticket       INTEGER NOT NULL DEFAULT 0,
  cpus         REAL    CHECK (cpus >= 0),
  memory       INTEGER CHECK (memory >= 0),
  -- The memory limit in effect, in bytes. It is never lowered.
  hard_memory  INTEGER CHECK (hard_memory >= 0)
) STRICT;

CREATE TABLE history (
  sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
  container_id TEXT    NOT NULL REFERENCES containers ON DELETE CASCADE,
  from_state   TEXT,
  event        TEXT    NOT NULL,
  to_state     TEXT    NOT NULL,
  at           INTEGER NOT NULL,
  monotonic    INTEGER NOT NULL,
  actor        TEXT    NOT NULL,
  detail       TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX history_by_container ON history (container_id, sequence);

CREATE TRIGGER history_is_append_only BEFORE UPDATE ON history BEGIN
  SELECT RAISE (ABORT, 'history is append-only');
END;

CREATE TRIGGER history_goes_with_its_container BEFORE DELETE ON history
WHEN EXISTS (SELECT 1 FROM containers WHERE container_id = OLD.container_id) BEGIN
  SELECT RAISE (ABORT, 'history is append-only');
END;

-- How a container ended. Written once.
CREATE TABLE terminations (
  container_id TEXT    PRIMARY KEY REFERENCES containers ON DELETE CASCADE,
  kind         TEXT    NOT NULL CHECK (kind IN ('exited', 'signalled', 'oom', 'failed',
                                                'destroyed', 'lost', 'rebooted', 'unknown')),
  step         TEXT    CHECK (step IS NULL OR kind = 'failed'),
  exit_code    INTEGER CHECK (exit_code BETWEEN 0 AND 255),
  signal       INTEGER CHECK (signal BETWEEN 1 AND 64),
  message      TEXT    NOT NULL,
  recorded_at  INTEGER NOT NULL,
  CHECK (exit_code IS NULL OR signal IS NULL),
  CHECK (kind <> 'exited' OR exit_code IS NOT NULL),
  CHECK (kind <> 'signalled' OR signal IS NOT NULL)
) STRICT;

CREATE TRIGGER terminations_are_written_once BEFORE UPDATE ON terminations BEGIN
  SELECT RAISE (ABORT, 'a termination never changes');
END;

-- Views for operators.

CREATE VIEW active AS
SELECT c.container_id, c.state, c.kind, coalesce (c.task_name, c.executor_id) AS task, c.image,
       c.framework_id, c.init_pid, l.cpus, l.memory, c.directory,
       datetime (c.created_at / 1000, 'unixepoch') AS created,
       datetime (c.state_since_at / 1000, 'unixepoch') AS since
  FROM containers c LEFT JOIN limits l USING (container_id)
 WHERE c.state <> 'Gone';

CREATE VIEW timeline AS
SELECT sequence, container_id, strftime ('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS time,
       from_state, event, to_state, actor, detail
  FROM history;

-- How long a container was in each state. The last state has no duration yet.
CREATE VIEW durations AS
SELECT container_id, to_state AS state, at AS entered_at,
       lead (at) OVER (PARTITION BY container_id ORDER BY sequence) - at AS milliseconds
  FROM history;

CREATE VIEW failures AS
SELECT c.container_id, coalesce (c.task_name, c.executor_id) AS task, c.image, t.kind, t.step,
       t.exit_code, t.signal, t.message,
       datetime (t.recorded_at / 1000, 'unixepoch') AS time
  FROM terminations t JOIN containers c USING (container_id)
 WHERE t.kind NOT IN ('destroyed') AND coalesce (t.exit_code, -1) <> 0;
