-- What `metrics` reports: counters that only grow. The history cannot provide them: old containers
-- are deleted from it, and to read all of it takes too long. Triggers count every row, whichever
-- program writes it, in the transaction that adds the row.

-- A random ID of this database, for readers that collect the rows of many slaves.
CREATE TABLE instance (
  id TEXT PRIMARY KEY CHECK (length(id) = 32)
) STRICT;

INSERT INTO instance (id) VALUES (lower (hex (randomblob (16))));

-- When a slave recovered its containers. `recover` adds a row.
CREATE TABLE recoveries (
  at      INTEGER NOT NULL,
  boot_id TEXT    NOT NULL
) STRICT;

-- One row.
CREATE TABLE launch_counts (
  count INTEGER NOT NULL
) STRICT;

CREATE TABLE end_counts (
  kind     TEXT    NOT NULL,
  outcome  TEXT    NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'stopped')),
  registry TEXT    NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (kind, outcome, registry)
) STRICT, WITHOUT ROWID;

-- Each row counts the durations that are longer than the bound before, and not longer than its own.
CREATE TABLE duration_counts (
  step       TEXT    NOT NULL CHECK (step IN ('pull', 'start')),
  at_most_ms INTEGER NOT NULL,
  count      INTEGER NOT NULL DEFAULT 0,
  total_ms   INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (step, at_most_ms)
) STRICT, WITHOUT ROWID;

INSERT INTO duration_counts (step, at_most_ms)
WITH steps (step) AS (VALUES ('pull'), ('start')),
     bounds (at_most_ms) AS (VALUES (100), (250), (500), (1000), (2500), (5000), (10000), (30000),
                                    (60000), (120000), (300000), (600000), (9223372036854775807))
SELECT step, at_most_ms FROM steps, bounds;

-- Each end with its labels. `ending` is the word that everything else prints; exit codes and signals
-- would be too many labels.
CREATE VIEW counted_ends AS
SELECT c.container_id, c.docker_id IS NOT NULL AS was_created,
       CASE WHEN t.ending GLOB 'exit *' THEN 'exited'
            WHEN t.ending GLOB 'SIG*' OR t.ending GLOB 'signal *' THEN 'signalled'
            ELSE replace (t.ending, ' ', '_') END AS kind,
       CASE t.ending WHEN 'exit 0' THEN 'succeeded' WHEN 'killed' THEN 'stopped'
                     ELSE 'failed' END AS outcome,
       CASE WHEN c.image IS NULL OR c.image GLOB 'sha256:*' THEN 'none'
            WHEN substr (c.image, 1, instr (c.image, '/')) GLOB '*[.:]*'
              OR c.image GLOB 'localhost/*' THEN substr (c.image, 1, instr (c.image, '/') - 1)
            ELSE 'docker.io' END AS registry
  FROM terminations t JOIN containers c USING (container_id);

-- Each pull and each start. A pull that found the image on the host is none. Times of different
-- boots cannot be compared.
CREATE VIEW counted_durations AS
SELECT h.sequence, CASE h.event WHEN 'Pulled' THEN 'pull' ELSE 'start' END AS step,
       h.monotonic - (SELECT b.monotonic FROM history b
                       WHERE b.container_id = h.container_id AND b.sequence < h.sequence
                         AND b.to_state = CASE h.event WHEN 'Pulled' THEN 'Pulling'
                                                       ELSE 'Creating' END
                       ORDER BY b.sequence DESC LIMIT 1) AS milliseconds
  FROM history h
 WHERE h.event = 'Started' OR (h.event = 'Pulled' AND h.detail <> 'already there');

-- The rows that exist already.
INSERT INTO launch_counts (count)
SELECT count (*) FROM history WHERE event = 'Launch' AND actor = 'launch';

INSERT INTO end_counts (kind, outcome, registry, count)
WITH known (registry) AS (SELECT registry FROM counted_ends WHERE was_created
                           GROUP BY registry ORDER BY count (*) DESC, registry LIMIT 20)
SELECT kind, outcome,
       CASE WHEN registry = 'none' OR registry IN known THEN registry ELSE 'other' END, count (*)
  FROM counted_ends GROUP BY 1, 2, 3;

UPDATE duration_counts SET count = found.count, total_ms = found.total_ms
  FROM (SELECT d.step, (SELECT min (b.at_most_ms) FROM duration_counts b
                         WHERE b.step = d.step AND b.at_most_ms >= d.milliseconds) AS bound,
               count (*) AS count, sum (d.milliseconds) AS total_ms
          FROM counted_durations d WHERE d.milliseconds >= 0 GROUP BY 1, 2) AS found
 WHERE duration_counts.step = found.step AND duration_counts.at_most_ms = found.bound;

CREATE TRIGGER launches_are_counted AFTER INSERT ON history
WHEN NEW.event = 'Launch' AND NEW.actor = 'launch' BEGIN
  UPDATE launch_counts SET count = count + 1;
END;

CREATE TRIGGER durations_are_counted AFTER INSERT ON history
WHEN NEW.event IN ('Pulled', 'Started') BEGIN
  UPDATE duration_counts SET count = count + 1, total_ms = total_ms + d.milliseconds
    FROM counted_durations AS d
   WHERE d.sequence = NEW.sequence AND duration_counts.step = d.step
     AND duration_counts.at_most_ms =
         (SELECT min (b.at_most_ms) FROM duration_counts b
           WHERE b.step = d.step AND b.at_most_ms >= d.milliseconds AND d.milliseconds >= 0);
END;

-- A task chooses the name of its registry. A registry is therefore counted under its own name only
-- once a container of it exists, and only the first 20 are: metrics must not grow without bound.
CREATE TRIGGER ends_are_counted AFTER INSERT ON terminations BEGIN
  INSERT INTO end_counts (kind, outcome, registry, count)
  SELECT e.kind, e.outcome,
         CASE WHEN e.registry = 'none'
                OR EXISTS (SELECT 1 FROM end_counts k WHERE k.registry = e.registry)
                OR (e.was_created AND (SELECT count (DISTINCT k.registry) FROM end_counts k
                                        WHERE k.registry NOT IN ('none', 'other')) < 20)
              THEN e.registry ELSE 'other' END, 1
    FROM counted_ends e WHERE e.container_id = NEW.container_id
  ON CONFLICT DO UPDATE SET count = count + 1;
END;
