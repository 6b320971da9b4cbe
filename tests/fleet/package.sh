#!/bin/bash
# The Debian package: lintian, and its life in a bare tree: installed, used, upgraded while a container
# runs, purged.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/tools"

# --- Outside of the daemon's network --------------------------------------------------------------

if [[ ! ${PACKAGE_TEST-} ]]; then
  deb=$("$root/bin/package" --no-build "$scratch")
  expect "lintian reports no error" lintian --fail-on error --tag-display-limit 0 "$deb"
  [[ $(dpkg-deb -f "$deb" Depends) == '' ]] || die "a static program depends on nothing"
  mmdebstrap --quiet --variant=essential bookworm "$scratch/tree" > "$scratch/tree.log" 2>&1 ||
    { cat "$scratch/tree.log"; die "cannot make a bare tree"; }
  PACKAGE_TEST=$scratch "$root/bin/daemon" run "$scratch/daemon" -- "$0"
  exit
fi

# --- The tree -------------------------------------------------------------------------------------

deb=$(echo "$PACKAGE_TEST"/*.deb)
tree=$PACKAGE_TEST/tree
work=$scratch/work
# The paths that the daemon, the slave and the program share have the same names inside.
daemon=$(realpath "${DOCKER_HOST#unix://}")
mkdir -p "$work" "$tree$work" "$tree$(dirname "$daemon")"
inside() { unshare --mount --propagation=private "$root/tests/fleet/inside" "$tree" "$work" "$daemon" "$@"; }
program_inside() {
  inside env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root MESOS_WORK_DIRECTORY="$work" \
    docker-containerizer "$@"
}
files() { (cd "$tree" && find etc usr lib var/lib/dpkg/info opt -not -name '*.pyc' | sort); }

cp "$deb" "$tree/one.deb"
files > "$scratch/before"
inside dpkg --install /one.deb > "$scratch/dpkg.log"
expect "the program runs in a bare tree" program_inside --version
for page in docker-containerizer.1 docker-containerizer-environment.5; do
  gzip -dc "$tree"/usr/share/man/man?/"$page.gz" > "$scratch/page"
  man --warnings --local-file "$scratch/page" > "$scratch/text" 2> "$scratch/warnings"
  [[ ! -s $scratch/warnings ]] || { cat "$scratch/warnings"; die "$page has warnings"; }
  echo "ok: $page is a page without warnings"
done
grep -q CONTAINERIZER_LOG_LEVEL "$scratch/text" || die "the page lacks a setting"
logrotate --debug "$tree/etc/logrotate.d/docker-containerizer" &> "$scratch/error" ||
  die "logrotate: $(cat "$scratch/error")"
mkdir "$scratch/units"
for unit in docker-containerizer-metrics.{service,timer}; do
  sed "s,/usr/bin/docker-containerizer,$program," "$tree/lib/systemd/system/$unit" > "$scratch/units/$unit"
done
systemd-analyze verify "$scratch/units/"* &> "$scratch/error" || die "systemd: $(cat "$scratch/error")"
echo "ok: logrotate and systemd accept their files"
[[ ! -e $tree/etc/systemd/system/timers.target.wants/docker-containerizer-metrics.timer ]] ||
  die "the timer is enabled"

# Settings come from /etc.
echo 'CONTAINERIZER_PULL=sometimes' > "$tree/etc/docker-containerizer/environment"
if program_inside ps 2> "$scratch/error"; then die "a bad setting in /etc was not read"; fi
grep -q 'CONTAINERIZER_PULL is "sometimes"' "$scratch/error" || die "$(cat "$scratch/error")"
echo "CONTAINERIZER_DOCKER_ARGS='-H unix://$daemon'" > "$tree/etc/docker-containerizer/environment"
echo "ok: settings are read from /etc/docker-containerizer"

# --- A container, and an upgrade ------------------------------------------------------------------

id=upgrade-$$
frame() {
  protoc --encode="$1" -I "$root/proto" "$root/proto/containerizer.proto" > "$scratch/message"
  perl -e 'print pack "V", -s $ARGV[0]' "$scratch/message"
  cat "$scratch/message"
}
mkdir "$work/sandbox"
frame mesos.containerizer.Launch << TEXT | program_inside launch
container_id { value: "$id" } directory: "$work/sandbox" slave_id { value: "S" } user: "root"
slave_pid: "slave(1)@127.0.0.1:5051"
executor_info {
  executor_id { value: "e" } framework_id { value: "f" }
  command { container { image: "busybox:test" }
    value: "trap exit TERM; until rm \$MESOS_SANDBOX/go 2> /dev/null; do sleep 0.1; done; exit 7" }
}
TEXT
is_running() { program_inside ps 2> /dev/null | grep "$id" | grep -q Running; }
eventually "a container runs" is_running
supervisor=$(sqlite3 "$work/docker-containerizer/state.db" "SELECT pid FROM supervisors")
before=$(readlink "/proc/$supervisor/exe")

# A newer package, with a newer program.
dpkg-deb -R "$deb" "$scratch/newer"
sed -i 's/^Version: .*/Version: 99.0/' "$scratch/newer/DEBIAN/control"
printf 'newer' >> "$scratch/newer/usr/bin/docker-containerizer"
(cd "$scratch/newer" && find usr etc lib -type f -exec md5sum {} + > DEBIAN/md5sums)
dpkg-deb --root-owner-group -b "$scratch/newer" "$tree/two.deb" > /dev/null
inside dpkg --install /two.deb > "$scratch/dpkg.log" 2>&1 || { cat "$scratch/dpkg.log"; die "no upgrade"; }
grep -q DOCKER_ARGS "$tree/etc/docker-containerizer/environment" || die "the settings are lost"
expect "the supervisor runs on, with the old program" \
  test "$(readlink "/proc/$supervisor/exe")" = "$before (deleted)"
expect "the new program sees the container" is_running
kill -KILL "$supervisor"
program_inside recover 2> "$scratch/error" || die "$(cat "$scratch/error")"
now=$(sqlite3 "$work/docker-containerizer/state.db" "SELECT pid FROM supervisors")
expect "the new program supervises it" test "$(tail -c 5 "/proc/$now/exe")" = newer
touch "$work/sandbox/go"
frame mesos.containerizer.Wait <<< "container_id { value: \"$id\" }" | program_inside wait > "$scratch/end"
expect "the slave learns how it ended" grep -q 'exited with 7' "$scratch/end"
frame mesos.containerizer.Destroy <<< "container_id { value: \"$id\" }" | program_inside destroy

# --- Purge ----------------------------------------------------------------------------------------

inside dpkg --purge docker-containerizer > "$scratch/dpkg.log"
files > "$scratch/after"
expect "a purge leaves nothing behind" diff "$scratch/before" "$scratch/after"
expect "a purge keeps the slave's records" test -e "$work/docker-containerizer/state.db"
