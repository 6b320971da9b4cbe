-- Rows for a state database, as supervisors would have written them: ended containers of the last
-- day, and live ones. Parameters: :slave (a name), :live, :ended, :now (ms since 1970).
-- Of 20 ended containers 12 exit with 0, 3 with 3, and one each ends as: SIGKILL, oom, killed,
-- pull failed, lost.
PRAGMA synchronous = OFF;
BEGIN;

CREATE TEMP TABLE made AS
WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers
                                WHERE n < :live + :ended),
shapes AS (
  SELECT n, n > :ended AS is_live,
         CASE WHEN n > :ended THEN :now - 1000 * (:live + :ended - n) - 3600000
              ELSE :now - 86400000 + n * 82800000 / (:ended + 1) END AS start,
         CASE WHEN n > :ended THEN 0 ELSE n % 20 END AS shape,
         CASE WHEN n % 7 = 0 THEN 400 * (n % 90) ELSE 0 END AS pull,
         200 + n % 5 * 90 AS boot,
         1000 + n * 7919 % 600000 AS run
    FROM numbers)
SELECT n, is_live, start, shape, pull, boot, run,
       printf ('%08x-%04x-4000-8000-%012x', (n * 2654435761) & 4294967295, n & 65535, n)
         || '-' || :slave AS id,
       start + 60 AS pulling, start + 60 + pull + 2 AS creating, start + 62 + pull + boot AS starting,
       start + 62 + pull + 2 * boot AS running, start + 62 + pull + 2 * boot + run AS ended
  FROM shapes;

INSERT INTO containers (container_id, state, version, state_since_at, state_since_monotonic, kind,
  slave_id, framework_id, executor_id, task_id, task_name, user, directory, nonce, boot_id, created_at,
  image, docker_id, init_pid, init_start, delivered_at)
SELECT id, iif (is_live, 'Running', 'Gone'), 9, iif (is_live, running, ended + 900),
       iif (is_live, running, ended + 900) - :now + 90000000, 'command', 'S-' || :slave,
       'framework-' || (n % 4), 'task-' || n, 'task-' || n,
       'job-' || (n % 40) || '.' || n, 'root', '/var/lib/mesos/slaves/S/frameworks/F/' || n,
       lower (hex (randomblob (16))), 'boot', start,
       CASE n % 5 WHEN 0 THEN 'registry.example.com:5000/shop/cart:' || (n % 3)
                  WHEN 1 THEN 'busybox:1.36' WHEN 2 THEN 'quay.io/team/web:latest'
                  WHEN 3 THEN 'team/batch:7' ELSE 'debian:12' END,
       iif (shape = 18, NULL, lower (hex (randomblob (32)))), iif (is_live, 4000000 + n, NULL),
       iif (is_live, 1, NULL), iif (is_live, NULL, ended + 1000)
  FROM made;
INSERT INTO launches (container_id, request, environment) SELECT id, x'00', x'' FROM made;
INSERT INTO limits (container_id, cpus, memory, hard_memory)
SELECT id, 0.1 + n % 4, 67108864, 67108864 FROM made;
INSERT INTO supervisors (container_id, pid, start, boot_id, since_at)
SELECT id, 5000000 + n, 1, 'boot', start FROM made;
INSERT INTO requests (container_id, kind, requested_at)
SELECT id, 'stop', ended - 100 FROM made WHERE shape = 17;

-- In the order of time, as a history has it.
INSERT INTO history (container_id, from_state, event, to_state, at, monotonic, actor, detail)
WITH steps (step, from_state, event, to_state) AS (VALUES
  (1, NULL, 'Launch', 'Accepted'), (2, 'Accepted', 'Begin', 'Fetching'),
  (3, 'Fetching', 'Fetched', 'Pulling'), (4, 'Pulling', 'Pulled', 'Creating'),
  (5, 'Creating', 'Created', 'Starting'), (6, 'Starting', 'Started', 'Running'),
  (7, 'Running', 'Exited', 'Exited'), (8, 'Exited', 'Drained', 'Removing'),
  (9, 'Removing', 'Removed', 'Gone'), (10, 'Pulling', 'Failed', 'Removing'),
  (11, 'Running', 'StopRequested', 'Stopping'), (12, 'Stopping', 'Exited', 'Exited')),
entries AS (
  SELECT id, s.*, CASE step WHEN 1 THEN start WHEN 2 THEN start + 50 WHEN 3 THEN pulling
                            WHEN 4 THEN creating WHEN 5 THEN starting WHEN 6 THEN running
                            WHEN 7 THEN ended WHEN 8 THEN ended + 10 WHEN 9 THEN ended + 900
                            WHEN 10 THEN pulling + pull + 700 WHEN 11 THEN ended - 100
                            ELSE ended END AS at,
         CASE step WHEN 4 THEN iif (pull = 0, 'already there', 'pulled')
                   WHEN 6 THEN 'pid ' || (4000000 + n)
                   WHEN 7 THEN iif (shape < 12, 'the container exited with 0', 'it ended')
                   WHEN 10 THEN 'pull: cannot pull image: connection refused' ELSE '' END AS detail
    FROM made, steps s
   WHERE CASE WHEN is_live THEN step <= 6
              WHEN shape = 18 THEN step IN (1, 2, 3, 10, 9)
              WHEN shape = 17 THEN step IN (1, 2, 3, 4, 5, 6, 11, 12, 8, 9)
              ELSE step <= 9 END)
SELECT id, from_state, event, to_state, at, at - :now + 90000000,
       iif (step = 1, 'launch', 'supervise'), detail
  FROM entries ORDER BY at, id, step;

INSERT INTO terminations (container_id, kind, step, exit_code, signal, message, recorded_at, ended_by)
SELECT id,
       CASE WHEN shape < 15 THEN 'exited' WHEN shape = 15 THEN 'signalled' WHEN shape = 16 THEN 'oom'
            WHEN shape = 17 THEN 'exited' WHEN shape = 18 THEN 'failed' ELSE 'lost' END,
       iif (shape = 18, 'pull', NULL),
       CASE WHEN shape < 12 THEN 0 WHEN shape < 15 THEN 3 WHEN shape = 17 THEN 143 END,
       iif (shape = 15, 9, NULL),
       CASE WHEN shape < 12 THEN 'the container exited with 0' WHEN shape < 15 THEN
            'the container exited with 3' WHEN shape = 15 THEN 'the container was killed by SIGKILL'
            WHEN shape = 16 THEN 'the container ran out of memory' WHEN shape = 17 THEN
            'the container exited with 143' WHEN shape = 18 THEN
            'pull: cannot pull image: connection refused' ELSE 'the container is gone' END,
       iif (shape = 18, pulling + pull + 700, ended),
       CASE WHEN shape = 17 THEN 'slave' WHEN shape = 16 THEN 'kernel' END
  FROM made WHERE NOT is_live ORDER BY ended;

INSERT INTO recoveries (at, boot_id) VALUES (:now - 50000000, 'boot'), (:now - 20000000, 'boot');

COMMIT;
