#!/bin/bash
# `metrics`: promtool accepts the text, and a real Prometheus gets it through a real node exporter.
# Both run on loopback, and end with this script.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/tools"

value_of() { awk -v sample="$1" 'index ($0, sample) == 1 { print $NF }' "$scratch/text"; }
sql() { sqlite3 "$(database_of one)" "$1"; }
take() { containerizer one metrics > "$scratch/text"; }

# --- The text -------------------------------------------------------------------------------------

make_slave one 30 400
label="work_dir=\"$scratch/one\""
family=docker_containerizer
take
expect "promtool finds no fault" promtool check metrics < "$scratch/text"
is "$(value_of "${family}_containers{$label,state=\"Running\"}")" 30
is "$(value_of "${family}_containers{$label,state=\"Gone\"}")" 400
is "$(value_of "${family}_launches_total{$label}")" 430
is "$(value_of "${family}_missing_supervisors{$label}")" 30
is "$(value_of "${family}_undelivered_ends{$label}")" 0
is "$(awk '/_ends_total\{/ { n += $NF } END { print n }' "$scratch/text")" 400
is "$(awk '/_ends_total\{.*outcome="failed"/ { n += $NF } END { print n }' "$scratch/text")" \
  "$(sql "SELECT count (*) FROM failures")"
is "$(value_of "${family}_pull_duration_seconds_count{$label}")" \
  "$(sql "SELECT count (*) FROM history WHERE event = 'Pulled' AND detail = 'pulled'")"
is "$(value_of "${family}_start_duration_seconds_bucket{$label,le=\"1\"}")" \
  "$(sql "SELECT count (*) FROM history s JOIN history c USING (container_id) WHERE s.event = 'Started'
          AND c.to_state = 'Creating' AND s.at - c.at <= 1000")"
is "$(value_of "${family}_database_size_bytes{$label,file=\"state.db\"}")" \
  "$(stat -c %s "$(database_of one)")"
is "$(value_of "${family}_last_recovery_timestamp_seconds{$label}")" \
  "$(sql "SELECT printf ('%.0f', max (at) / 1000.0) FROM recoveries")"
grep -q "^${family}_build_info{.*version=\"[0-9.]*\",commit=\".*\"} 1$" "$scratch/text" || die "no build_info"
echo "ok: the numbers are those of the database"

sql "DELETE FROM containers WHERE state = 'Gone'"
sql "UPDATE containers SET delivered_at = NULL"
take
is "$(awk '/_ends_total\{/ { n += $NF } END { print n }' "$scratch/text")" 400
is "$(value_of "${family}_launches_total{$label}")" 430
echo "ok: counters do not shrink when old containers are deleted"

# --- Hostile tasks --------------------------------------------------------------------------------

# Containers that end, with an image each. They were created if the registry is to be counted.
sql "CREATE TEMP TABLE made AS WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1
       FROM numbers WHERE n < 500) SELECT n, 'hostile-' || n AS id FROM numbers;
     INSERT INTO containers (container_id, state, state_since_at, state_since_monotonic, kind, slave_id,
       framework_id, executor_id, directory, nonce, boot_id, created_at, image, docker_id)
     SELECT id, 'Removing', 1, 1, 'custom', 's', 'f', 'e', '/', lower (hex (randomblob (16))), 'b', 1,
            CASE n WHEN 1 THEN 'a\".b' || char (10) || '\\/x' WHEN 2 THEN char (27) || '[31m.x/y'
                   ELSE 'registry-' || n || '.example.com/x' END, lower (hex (randomblob (32)))
       FROM made;
     INSERT INTO terminations (container_id, kind, exit_code, message, recorded_at)
     SELECT id, 'exited', 0, '', 2 FROM made"
take
expect "promtool accepts hostile names" promtool check metrics < "$scratch/text"
! LC_ALL=C grep -q '[[:cntrl:]]' "$scratch/text" || die "there is a control character"
registries=$(grep -o 'registry="[^,]*"[,}]' "$scratch/text" | sort -u | wc -l)
((registries <= 22)) || die "$registries registries are too many labels"
echo "ok: a task cannot make the number of series grow without bound"
is "$(value_of "${family}_undelivered_ends{$label}")" 500

# --- The file -------------------------------------------------------------------------------------

directory=$scratch/collector
mkdir "$directory"
chmod 755 "$scratch" "$directory"
file=$directory/docker-containerizer.prom
containerizer one metrics --output="$file"
before=$(stat -c %i "$file")
containerizer one metrics -o "$file"
[[ $(stat -c %i "$file") != "$before" ]] || die "the file was not replaced by a rename"
is "$(stat -c %a "$file")" 644
is "$(ls -A "$directory")" docker-containerizer.prom
for bad in /dev/full "$directory" "$scratch/none/x.prom" /proc/x.prom; do
  if containerizer one metrics --output="$bad" 2> "$scratch/error"; then die "$bad was written"; fi
  is "$(wc -l < "$scratch/error")" 1
  grep -q 'cannot write' "$scratch/error" || die "no reason for $bad: $(cat "$scratch/error")"
done
[[ -c /dev/full ]] || die "/dev/full was replaced"
echo "ok: a file that cannot be written is an error of one line"

# --- Prometheus -----------------------------------------------------------------------------------

expect "the alert rules are valid" promtool check rules "$root/example/monitoring/rules.yml"
exporter=$(free_port)
start exporter prometheus-node-exporter --web.listen-address=127.0.0.1:"$exporter" \
  --collector.disable-defaults --collector.textfile --collector.textfile.directory="$directory"
# OpenMetrics, straight from a web server.
web=$(free_port)
mkdir "$scratch/web"
containerizer one metrics --format=openmetrics > "$scratch/web/metrics.om"
echo '.om:application/openmetrics-text; version=1.0.0; charset=utf-8' > "$scratch/httpd.conf"
start web busybox httpd -f -p 127.0.0.1:"$web" -h "$scratch/web" -c "$scratch/httpd.conf"
server=$(free_port)
cat > "$scratch/prometheus.yml" << YML
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 1s}
rule_files: [$root/example/monitoring/rules.yml]
scrape_configs:
  - job_name: node
    static_configs: [{targets: ['127.0.0.1:$exporter']}]
  - job_name: openmetrics
    metrics_path: /metrics.om
    static_configs: [{targets: ['127.0.0.1:$web']}]
YML
start prometheus prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/tsdb" \
  --web.listen-address=127.0.0.1:"$server"

query() { promtool query instant "http://127.0.0.1:$server" "$1" 2> /dev/null; }
gets() { query "$1" | grep -q "=> $2 @"; }
eventually "Prometheus has the live containers through the node exporter" \
  gets 'docker_containerizer_containers{job="node",state="Running"}' 30
eventually "Prometheus reads OpenMetrics" \
  gets 'docker_containerizer_launches_total{job="openmetrics"}' 430
expect "the node exporter accepts the file" gets 'node_textfile_scrape_error' 0
expect "a histogram has a quantile" \
  gets 'histogram_quantile (0.5, docker_containerizer_start_duration_seconds_bucket{job="node"}) > bool 0' 1
eventually "an alert is pending: containers have no supervisor" \
  gets 'ALERTS{alertname="ContainerizerSupervisorMissing",job="node"}' 1

# Each query of the dashboard is one that Prometheus understands, and names series that exist.
perl -ne 'print "$1\n" if /"expr": "(.*)",?$/' "$root/example/monitoring/dashboard.json" |
  sed 's/\\"/"/g; s/\$instance/.*/g; s/\$__rate_interval/1m/g' > "$scratch/queries"
(($(wc -l < "$scratch/queries") > 10)) || die "the dashboard has no queries"
while IFS= read -r one; do
  query "$one" > /dev/null || die "Prometheus rejects the dashboard's query $one"
  for series in $(grep -oE 'docker_containerizer_\w+' <<< "$one"); do
    query "$series" | grep -q '=>' || die "the dashboard's series $series does not exist"
  done
done < "$scratch/queries"
echo "ok: Prometheus answers every query of the dashboard"

# --- Bad databases --------------------------------------------------------------------------------

mkdir -p "$scratch/bad/docker-containerizer"
chmod 700 "$scratch/bad/docker-containerizer"
for content in 'not a database, but long enough to be one' ''; do
  printf '%s' "$content" > "$(database_of bad)"
  chmod 600 "$(database_of bad)"
  if containerizer bad metrics > "$scratch/out" 2> "$scratch/error"; then die "a bad database"; fi
  is "$(wc -l < "$scratch/error")" 1
  is "$(stat -c %s "$scratch/out")" 0
done
echo "ok: a database that is none is an error of one line"
