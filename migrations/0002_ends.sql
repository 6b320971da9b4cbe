-- Who ended a container, and one word for how it ended. docs/schema.md explains the columns and the
-- views. Views show times in UTC, in the form of RFC 3339.

ALTER TABLE terminations ADD COLUMN ended_by TEXT CHECK (ended_by IN (
  'task', 'slave', 'operator', 'daemon', 'kernel'));
-- The most memory that the container used, in bytes.
ALTER TABLE terminations ADD COLUMN peak_memory INTEGER CHECK (peak_memory >= 0);
-- The only place that gives an end its word. The program, the views and the metrics read it.
ALTER TABLE terminations ADD COLUMN ending TEXT AS (CASE
  WHEN kind = 'failed' THEN coalesce (step, 'launch') || ' failed'
  WHEN kind = 'destroyed' OR ended_by IN ('slave', 'operator') THEN 'killed'
  WHEN ended_by = 'daemon' THEN 'daemon restarted'
  WHEN kind = 'exited' THEN 'exit ' || exit_code
  WHEN kind = 'signalled' AND signal <= 31 THEN 'SIG' || rtrim (substr (
    'HUP   INT   QUIT  ILL   TRAP  ABRT  BUS   FPE   KILL  USR1  SEGV  USR2  PIPE  ALRM  TERM  '
    || 'STKFLTCHLD  CONT  STOP  TSTP  TTIN  TTOU  URG   XCPU  XFSZ  VTALRMPROF  WINCH POLL  '
    || 'PWR   SYS   ', 6 * signal - 5, 6))
  WHEN kind = 'signalled' THEN 'signal ' || signal
  ELSE kind END);

-- What the older rows tell.
DROP TRIGGER terminations_are_written_once;
UPDATE terminations SET ended_by = CASE
  WHEN kind = 'oom' THEN 'kernel'
  WHEN kind = 'destroyed' THEN 'slave'
  WHEN kind IN ('exited', 'signalled') AND EXISTS (
    SELECT 1 FROM history h
     WHERE h.container_id = terminations.container_id AND h.event = 'StopRequested') THEN 'slave'
  WHEN kind = 'exited' THEN 'task' END;
CREATE TRIGGER terminations_are_written_once BEFORE UPDATE ON terminations BEGIN
  SELECT RAISE (ABORT, 'a termination never changes');
END;

-- For the names that a person gives: a Docker ID, and the name of a task.
CREATE INDEX containers_by_docker_id ON containers (substr (docker_id, 1, 12))
  WHERE docker_id IS NOT NULL;
CREATE INDEX containers_by_task ON containers (task_name) WHERE task_name IS NOT NULL;

DROP VIEW active;
DROP VIEW timeline;
DROP VIEW durations;
DROP VIEW failures;

CREATE VIEW active AS
SELECT c.container_id, c.state, c.kind, coalesce (c.task_name, c.executor_id) AS task, c.image,
       c.framework_id, c.init_pid, l.cpus, l.memory, c.directory,
       strftime ('%Y-%m-%dT%H:%M:%fZ', c.created_at / 1000.0, 'unixepoch') AS created,
       strftime ('%Y-%m-%dT%H:%M:%fZ', c.state_since_at / 1000.0, 'unixepoch') AS since
  FROM containers c LEFT JOIN limits l USING (container_id)
 WHERE c.state <> 'Gone' AND c.state <> 'Removing';

-- What has ended and still exists in the daemon: CONTAINERIZER_REMOVE_DELAY keeps it there.
CREATE VIEW removing AS
SELECT c.container_id, coalesce (c.task_name, c.executor_id) AS task, c.image, t.ending,
       strftime ('%Y-%m-%dT%H:%M:%fZ', c.state_since_at / 1000.0, 'unixepoch') AS since
  FROM containers c LEFT JOIN terminations t USING (container_id)
 WHERE c.state <> 'Gone' AND c.state = 'Removing';

CREATE VIEW timeline AS
SELECT sequence, container_id,
       strftime ('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS time,
       from_state, event, to_state, actor, detail
  FROM history;

-- How long a container was in each state. The last state has no duration yet.
CREATE VIEW durations AS
SELECT container_id, to_state AS state, at AS entered_at,
       strftime ('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS entered,
       lead (at) OVER (PARTITION BY container_id ORDER BY sequence) - at AS milliseconds
  FROM history;

CREATE VIEW ends AS
SELECT t.container_id, coalesce (c.task_name, c.executor_id) AS task, c.image, c.framework_id,
       t.ending, t.kind, t.step, t.exit_code, t.signal, t.ended_by, t.message,
       l.hard_memory AS memory_limit, t.peak_memory, t.recorded_at,
       strftime ('%Y-%m-%dT%H:%M:%fZ', t.recorded_at / 1000.0, 'unixepoch') AS time
  FROM terminations t JOIN containers c USING (container_id) LEFT JOIN limits l USING (container_id);

-- Neither a success, nor what the slave or a person wanted.
CREATE VIEW failures AS
SELECT container_id, task, image, ending, kind, step, exit_code, signal, message, time
  FROM ends WHERE ending NOT IN ('exit 0', 'killed');

-- The median is that of pulls that transferred something: the image was not on the host yet.
CREATE VIEW images AS
WITH pulls AS (
  SELECT c.image, e.at - (SELECT max (b.at) FROM history b
                           WHERE b.container_id = e.container_id AND b.to_state = 'Pulling'
                             AND b.sequence < e.sequence) AS milliseconds
    FROM history e JOIN containers c USING (container_id)
   WHERE e.event = 'Pulled' AND e.detail = 'pulled'
), ranked AS (
  SELECT image, milliseconds, row_number () OVER (PARTITION BY image ORDER BY milliseconds) AS place,
         count (*) OVER (PARTITION BY image) AS pulls
    FROM pulls
), medians AS (
  SELECT image, pulls, avg (milliseconds) / 1000.0 AS median_pull_seconds FROM ranked
   WHERE place IN ((pulls + 1) / 2, (pulls + 2) / 2) GROUP BY image
)
SELECT c.image, coalesce (m.pulls, 0) AS pulls, count (*) AS launches,
       sum (coalesce (t.ending NOT IN ('exit 0', 'killed'), 0)) AS failures,
       m.median_pull_seconds
  FROM containers c LEFT JOIN terminations t USING (container_id)
  LEFT JOIN medians m ON m.image = c.image
 WHERE c.image IS NOT NULL GROUP BY c.image;
