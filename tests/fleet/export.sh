#!/bin/bash
# `export`: a PostgreSQL gets the records of three slaves, twice, and answers the questions of
# docs/fleet.md. The server listens on a socket only, and ends with this script. And the backups that
# docs/fleet.md describes.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/tools"

# The newest PostgreSQL that is installed.
for binaries in /usr/lib/postgresql/*/bin; do :; done
user=postgres
chmod 755 "$scratch"
install -d -o "$user" -m 700 "$scratch/postgres"
as_user() { setpriv --reuid="$user" --regid="$user" --clear-groups -- "$@"; }
as_user "$binaries/initdb" --pgdata="$scratch/postgres/data" --auth=trust --no-sync \
  --encoding=UTF8 --locale=C.UTF-8 > "$scratch/initdb.log"
start postgres as_user "$binaries/postgres" -D "$scratch/postgres/data" -c listen_addresses= \
  -c unix_socket_directories="$scratch/postgres" -c fsync=off
psql() {
  "$binaries/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    --host="$scratch/postgres" --username="$user" "$@"
}
is_up() { psql --command="SELECT 1" &> /dev/null; }
chmod 755 "$scratch/postgres"
eventually "PostgreSQL answers" is_up

ask() { psql --command="$1"; }
# As docs/fleet.md has it.
load() {
  psql --command="\\copy fleet.lines (line) FROM STDIN WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')" \
    --command="SELECT fleet.load ()"
}
counts() {
  local table
  for table in slaves schema_migrations recoveries daemon_returns containers limits supervisors \
    requests terminations history positions; do
    echo "$table $(ask "SELECT count (*) FROM fleet.$table")"
  done
}
position_of() { ask "SELECT after FROM fleet.positions JOIN fleet.slaves USING (instance) WHERE host = '$1'"; }
own() { sqlite3 -cmd ".timeout 20000" "$(database_of "$1")" "$2"; }

# --- Three slaves, twice --------------------------------------------------------------------------

psql --file="$root/example/fleet.sql"
for slave in one two three; do
  make_slave "$slave" 5 "$((100 * ${#slave}))"
  containerizer "$slave" export --host="$slave" > "$scratch/$slave.json"
  load < "$scratch/$slave.json" > /dev/null
done
is "$(ask "SELECT count (*) FROM fleet.slaves")" 3
for table in containers limits supervisors requests terminations history; do
  expected=0
  for slave in one two three; do
    expected=$((expected + $(own "$slave" "SELECT count (*) FROM $table")))
  done
  is "$table $(ask "SELECT count (*) FROM fleet.$table")" "$table $expected"
done
echo "ok: PostgreSQL has the rows of all slaves"
before=$(counts)
cat "$scratch"/{one,two,three}.json "$scratch"/{three,one}.json | load > /dev/null
is "$(counts)" "$before"
echo "ok: loading again adds no row"
is "$(psql --command="SELECT ending, count (*) FROM fleet.ends WHERE host = 'two' GROUP BY 1 ORDER BY 1")" \
  "$(own two "SELECT ending, count (*) FROM ends GROUP BY 1 ORDER BY 1")"
echo "ok: ends are those of the slave"
! grep -q '"launches"' "$scratch/one.json" || die "the export has requests of tasks"

# --- What changes -----------------------------------------------------------------------------------

# One of the live containers ends, and one end is delivered later. Then only these are exported.
id=$(own one "SELECT container_id FROM containers WHERE state = 'Running' LIMIT 1")
own one "INSERT INTO history (container_id, from_state, event, to_state, at, monotonic, actor)
           VALUES ('$id', 'Running', 'Exited', 'Exited', unixepoch () * 1000, 1, 'supervise');
         UPDATE containers SET state = 'Exited', version = version + 1 WHERE container_id = '$id'"
containerizer one export --host=one --after="$(position_of one)" > "$scratch/more.json"
is "$(grep -c '"table":"history"' "$scratch/more.json")" 1
load < "$scratch/more.json" > /dev/null
is "$(ask "SELECT state FROM fleet.containers WHERE container_id = '$id'")" Exited
own one "UPDATE containers SET delivered_at = unixepoch () * 1000 WHERE container_id = '$id'"
containerizer one export --host=one --after="$(position_of one)" | load > /dev/null
is "$(ask "SELECT delivered_at IS NOT NULL FROM fleet.containers WHERE container_id = '$id'")" t
load < "$scratch/one.json" > /dev/null
is "$(ask "SELECT state || (delivered_at IS NOT NULL) FROM fleet.containers WHERE container_id = '$id'")" \
  Exitedtrue
echo "ok: an export goes on after the last one, and an old one changes nothing"
own one "DELETE FROM containers WHERE container_id = '$id'"
containerizer one export --host=one --after="$(position_of one)" | load > /dev/null
is "$(ask "SELECT count (*) FROM fleet.history WHERE container_id = '$id' AND event = 'Exited'")" 1
echo "ok: PostgreSQL keeps what the slave deletes"

# --- The questions of the page ----------------------------------------------------------------------

awk '/^```sql/ { inside = 1; next } /^```/ { if (inside) printf "%c", 0; inside = 0 } inside' \
  "$root/docs/fleet.md" > "$scratch/questions"
questions=0
while IFS= read -r -d '' question; do
  answer=$(ask "$question") || die "PostgreSQL rejects: $question"
  [[ $answer ]] || die "no answer: $question"
  ((++questions))
done < "$scratch/questions"
((questions >= 6)) || die "only $questions questions"
echo "ok: PostgreSQL answers the $questions questions of docs/fleet.md"

# --- Bad input --------------------------------------------------------------------------------------

fails 'the database was replaced' containerizer one export --after=99999999
fails 'is not a number' containerizer one export --after=many
echo 'no database' > "$scratch/junk"
fails 'not a database' containerizer one export "$scratch/junk"
fails 'not a database of docker-containerizer' containerizer one export \
  "$(sqlite3 "$scratch/foreign" 'CREATE TABLE theirs (x)'; echo "$scratch/foreign")"
fails 'No such file' containerizer one export "$scratch/absent"
fails 'No space left' bash -c "MESOS_WORK_DIRECTORY='$scratch/one' '$program' export > /dev/full"
hostile='a"b\\c</script>'$'\e''[31m'
own one "UPDATE containers SET task_name = 'x' || char (27) || '[31m' || char (0) || char (8238) || '\\\"<'
          WHERE container_id IN (SELECT container_id FROM containers WHERE state = 'Running' LIMIT 1)"
containerizer one export --host="$hostile" > "$scratch/hostile.json"
! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$scratch/hostile.json" || die "a control character"
load < "$scratch/hostile.json" > /dev/null
echo "ok: bad input is an error of one line, and hostile names are text"

# --- Backups ----------------------------------------------------------------------------------------

# A writer works all the time. Each copy has a whole state, and `report` reads it.
writer() {
  while [[ ! -e $scratch/stop ]]; do
    sqlite3 "$(database_of two)" "BEGIN IMMEDIATE;
      INSERT INTO recoveries (at, boot_id) VALUES (1, 'first');
      INSERT INTO recoveries (at, boot_id) VALUES (1, 'second'); COMMIT" 2> /dev/null || true
  done
}
start writer writer
has_written() { [[ $(own two "SELECT count (*) FROM recoveries WHERE at = 1") != 0 ]]; }
eventually "the writer works" has_written
sqlite3 -cmd ".timeout 20000" "$(database_of two)" ".backup '$scratch/backup.db'"
sqlite3 -cmd ".timeout 20000" "$(database_of two)" "VACUUM INTO '$scratch/vacuum.db'"
touch "$scratch/stop"
wait "${started[-1]}"
for copy in backup vacuum; do
  is "$(sqlite3 "$scratch/$copy.db" "PRAGMA integrity_check")" ok
  is "$(sqlite3 "$scratch/$copy.db" "SELECT count (*) FROM containers")" \
    "$(own two "SELECT count (*) FROM containers")"
  is "$(sqlite3 "$scratch/$copy.db" "SELECT sum (boot_id = 'first') = sum (boot_id = 'second')
        FROM recoveries WHERE at = 1")" 1
  containerizer one export "$scratch/$copy.db" > /dev/null
done
[[ ! -e $scratch/backup.db-wal && ! -e $scratch/backup.db.lock ]] || die "a copy was written to"
# A snapshot of the file system has the file and its log as they are.
mkdir "$scratch/snapshot"
cp "$(database_of two)" "$(database_of two)-wal" "$scratch/snapshot/" 2> /dev/null || true
is "$(containerizer one export "$scratch/snapshot/state.db" | grep -c '"table":"containers"')" \
  "$(own two "SELECT count (*) FROM containers")"
echo "ok: a backup of a live database is whole"
