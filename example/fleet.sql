-- Tables of a fleet of slaves in PostgreSQL (13 or later), and the function that loads the lines of
-- `docker-containerizer export` into them. docs/fleet.md explains them. `instance` is the random ID
-- of a slave's database; all other columns are those of docs/schema.md.
--   psql --set=ON_ERROR_STOP=1 --file=fleet.sql
BEGIN;
CREATE SCHEMA fleet;

CREATE TABLE fleet.slaves (
  instance text PRIMARY KEY, host text NOT NULL, program text NOT NULL, format integer NOT NULL,
  exported_at bigint NOT NULL);
CREATE TABLE fleet.schema_migrations (
  instance text, version bigint, name text NOT NULL, applied_at bigint NOT NULL,
  PRIMARY KEY (instance, version));
CREATE TABLE fleet.recoveries (
  instance text, at bigint, boot_id text NOT NULL, PRIMARY KEY (instance, at));
CREATE TABLE fleet.daemon_returns (instance text, at bigint, PRIMARY KEY (instance, at));
CREATE TABLE fleet.containers (
  instance text, container_id text, state text NOT NULL, version bigint NOT NULL,
  state_since_at bigint NOT NULL, state_since_monotonic bigint NOT NULL, kind text NOT NULL,
  slave_id text NOT NULL, framework_id text NOT NULL, executor_id text NOT NULL, task_id text,
  task_name text, "user" text, directory text NOT NULL, nonce text NOT NULL, boot_id text NOT NULL,
  created_at bigint NOT NULL, image text, docker_id text, init_pid bigint, init_start bigint,
  executor_pid bigint, executor_start bigint, delivered_at bigint,
  PRIMARY KEY (instance, container_id));
CREATE TABLE fleet.limits (
  instance text, container_id text, ticket bigint NOT NULL, cpus double precision, memory bigint,
  hard_memory bigint, PRIMARY KEY (instance, container_id));
CREATE TABLE fleet.supervisors (
  instance text, container_id text, pid bigint NOT NULL, start bigint NOT NULL,
  boot_id text NOT NULL, since_at bigint NOT NULL, PRIMARY KEY (instance, container_id));
CREATE TABLE fleet.requests (
  instance text, container_id text, kind text, requested_at bigint NOT NULL,
  PRIMARY KEY (instance, container_id, kind));
CREATE TABLE fleet.terminations (
  instance text, container_id text, kind text NOT NULL, step text, exit_code integer,
  signal integer, message text NOT NULL, recorded_at bigint NOT NULL, ended_by text,
  peak_memory bigint, ending text NOT NULL, PRIMARY KEY (instance, container_id));
CREATE TABLE fleet.history (
  instance text, sequence bigint, container_id text NOT NULL, from_state text, event text NOT NULL,
  to_state text NOT NULL, at bigint NOT NULL, monotonic bigint NOT NULL, actor text NOT NULL,
  detail text NOT NULL, PRIMARY KEY (instance, sequence));
CREATE INDEX ON fleet.history (instance, container_id, sequence);
CREATE INDEX ON fleet.terminations (recorded_at);
-- From where the next export of an instance goes on.
CREATE TABLE fleet.positions (instance text PRIMARY KEY, after bigint NOT NULL);

-- Lines that wait for fleet.load().
CREATE TABLE fleet.lines (number bigint GENERATED ALWAYS AS IDENTITY, line json NOT NULL);

-- Moves all waiting lines into the tables, and returns how many there were. A row that is there
-- already is replaced if the line is not older, so lines can be loaded again, and in any order.
CREATE FUNCTION fleet.load () RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  part record;
  assignments text;
  lines bigint;
BEGIN
  LOCK TABLE fleet.lines IN EXCLUSIVE MODE;
  FOR part IN SELECT * FROM (VALUES
    ('slaves', 'instance', 'exported_at'),
    ('schema_migrations', 'instance, version', 'applied_at'),
    ('recoveries', 'instance, at', 'at'),
    ('daemon_returns', 'instance, at', 'at'),
    ('containers', 'instance, container_id', 'version'),
    ('limits', 'instance, container_id', 'ticket'),
    ('supervisors', 'instance, container_id', 'since_at'),
    ('requests', 'instance, container_id, kind', 'requested_at'),
    ('terminations', 'instance, container_id', 'recorded_at'),
    ('history', 'instance, sequence', 'sequence'),
    ('positions', 'instance', 'after')) AS parts (name, keys, age)
  LOOP
    -- A delivery does not change the version of a container's row.
    SELECT string_agg (CASE WHEN attname = 'delivered_at'
                            THEN format ('%1$I = coalesce (excluded.%1$I, own.%1$I)', attname)
                            ELSE format ('%1$I = excluded.%1$I', attname) END, ', ')
      INTO assignments FROM pg_attribute
     WHERE attrelid = format ('fleet.%I', part.name)::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format (
      'INSERT INTO fleet.%1$I AS own SELECT DISTINCT ON (%2$s) found.* FROM fleet.lines,'
      ' json_populate_record (NULL::fleet.%1$I, line -> ''row'') AS found'
      ' WHERE line ->> ''table'' = %3$L ORDER BY %2$s, %4$I DESC, number DESC'
      ' ON CONFLICT (%2$s) DO UPDATE SET %5$s WHERE excluded.%4$I >= own.%4$I',
      part.name, part.keys, part.name, part.age, assignments);
  END LOOP;
  DELETE FROM fleet.lines;
  GET DIAGNOSTICS lines = ROW_COUNT;
  RETURN lines;
END $$;

-- How containers ended, with what a question about a fleet needs.
CREATE VIEW fleet.ends AS
SELECT s.host, c.framework_id, coalesce (c.task_name, c.executor_id) AS task, c.image, t.ending,
       t.ending NOT IN ('exit 0', 'killed') AS failed, t.message, t.ended_by, t.peak_memory,
       l.hard_memory, to_timestamp (t.recorded_at / 1000.0) AS time, c.container_id, c.instance
  FROM fleet.terminations t JOIN fleet.containers c USING (instance, container_id)
  JOIN fleet.slaves s USING (instance) LEFT JOIN fleet.limits l USING (instance, container_id);

-- Pulls, each with the time that its launch waited.
CREATE VIEW fleet.pulls AS
SELECT s.host, c.image, to_timestamp (h.at / 1000.0) AS time,
       (h.at - (SELECT max (b.at) FROM fleet.history b
                 WHERE b.instance = h.instance AND b.container_id = h.container_id
                   AND b.sequence < h.sequence AND b.to_state = 'Pulling')) / 1000.0 AS seconds
  FROM fleet.history h JOIN fleet.containers c USING (instance, container_id)
  JOIN fleet.slaves s USING (instance)
 WHERE h.event = 'Pulled' AND h.detail = 'pulled';
COMMIT;
