-- Which processes of the slave gave an order, or read an end, so that later processes can tell
-- whether they still exist.
-- Oldest program: 3

CREATE TABLE callers (
  container_id TEXT    NOT NULL REFERENCES containers ON DELETE CASCADE,
  -- The order; 'end': it has read how the container ended.
  purpose      TEXT    NOT NULL CHECK (purpose IN ('launch', 'update', 'destroy', 'end')),
  pid          INTEGER NOT NULL CHECK (pid > 0),
  start        INTEGER NOT NULL,
  boot_id      TEXT    NOT NULL,
  monotonic    INTEGER NOT NULL,
  PRIMARY KEY (container_id, purpose)
) STRICT, WITHOUT ROWID;

CREATE INDEX callers_by_process ON callers (boot_id, pid, start, monotonic);
