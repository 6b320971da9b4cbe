#!/bin/bash
# What a stop of the slave's unit does to containers, with systemd's defaults: nothing.
#
# Boots a systemd of its own, in namespaces of its own, with a Docker daemon of its own, in which
# the slave (tests/slave) is a service with KillMode=control-group. All of it ends with this script.
# Needs root and bin/build --sanitize.
#
# systemd.sh run COMMAND… instead runs a command as a service of such a systemd, beside such a
# daemon. It prints the command's output once the command has ended, and has its exit status.
set -euo pipefail
self=$(readlink -f "$0")
root=${self%/tests/scenarios/*}

die() {
  echo "systemd: $*" >&2
  exit 1
}

# --- Outside --------------------------------------------------------------------------------------

# skip WHAT [COMMAND…]: the scenario cannot run here. A command that cannot run has failed.
skip() {
  (($# == 1)) || die "cannot run ${*:2}: the kernel does not permit $1"
  echo "systemd: SKIPPED: the kernel does not permit $1"
  exit 0
}

# The mount points of all cgroup hierarchies, each with its type and options.
hierarchies() {
  awk '{ for (i = 7; $i != "-"; ++i); if ($(i + 1) ~ /^cgroup2?$/) print $5, $(i + 1), $(i + 3) }' \
    /proc/self/mountinfo
}

# In each hierarchy the private systemd has a cgroup that it takes for the root.
make_cgroups() {
  local point file
  for point in $(hierarchies | cut -d ' ' -f 1); do
    mkdir "$point/$cgroup" || return 1
    for file in cpuset.cpus cpuset.mems; do
      [[ ! -e $point/$file ]] || cat "$point/$file" > "$point/$cgroup/$file"
    done
  done
}

remove_cgroups() {
  local point
  for point in $(hierarchies | cut -d ' ' -f 1); do
    [[ ! -e $point/$cgroup ]] || find "$point/$cgroup" -depth -type d -exec rmdir {} + || return 1
  done
}

# With its first process a process namespace ends, and all mounts with the last one. The kernel
# takes a moment for it.
clean() {
  trap '' HUP INT TERM
  kill -KILL $(jobs -p) 2> /dev/null || true
  wait 2> /dev/null || true
  local deadline=$((SECONDS + 30))
  until remove_cgroups 2> /dev/null; do
    ((SECONDS < deadline)) || die "left behind: cgroups called $cgroup"
    sleep 0.05
  done
  rm -rf --one-file-system "$dir"
}

# write_units COMMAND…: systemd runs this command, and ends with its exit status.
write_units() {
  mkdir "$dir/units" "$dir/none"
  cat > "$dir/units/machine.target" << END
[Unit]
DefaultDependencies=no
Wants=story.service
END
  # PATH and the variables of an outer daemon are left outside.
  cat > "$dir/units/story.service" << END
[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
ExecStart=$root/bin/daemon run $dir/daemon -- $*
StandardOutput=file:$dir/output
StandardError=inherit
END
  cat > "$dir/units/slave.service" << END
[Unit]
DefaultDependencies=no
[Service]
ExecStart=$player --containerizer_path=$program --work_dir=$dir/work --launcher_dir=$dir/launcher \
  $dir/commands
Environment=CONTAINERIZER_DOCKER_ARGS="-H unix://$dir/daemon/docker.sock"
Environment=CONTAINERIZER_IMAGELESS=host CONTAINERIZER_WAIT=late
StandardOutput=append:$dir/events
StandardError=inherit
END
}

# main [COMMAND…]
main() {
  local status=0
  ((EUID == 0)) || die "must run as root"
  dir=$(mktemp -d) cgroup=systemd-$$
  trap 'status=$?; clean; exit "$status"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  local namespaces=(--pid --fork --kill-child --mount --uts --ipc --propagation private)
  unshare "${namespaces[@]}" --cgroup true || skip "namespaces" "$@"
  [[ $(hierarchies) ]] && make_cgroups || skip "cgroups" "$@"
  if (($# > 0)); then
    write_units "$@"
  else
    [[ -x $player ]] || die "$player: not built"
    write_units "$self" story "$dir"
    "$root/tests/slave/make-launcher-dir" "$dir/launcher" 1.0.4 "${player%/*}"
  fi
  # In the background, because a trap has to wait for a command in the foreground.
  unshare "${namespaces[@]}" "$self" enter "$dir" "$cgroup" < /dev/null &
  wait $! || status=$?
  if (($# > 0)); then
    cat "$dir/output"
  elif ((status > 0)); then
    tail -v -n 100 "$dir"/{output,events} || true
  fi
  exit "$status"
}

# --- The first process inside ---------------------------------------------------------------------

enter() {
  local point
  for point in $(hierarchies | cut -d ' ' -f 1); do echo 0 > "$point/$2/cgroup.procs"; done
  exec unshare --cgroup "$self" boot "$1"
}

# Nothing of the host's is open to this systemd: it sees its own units, its own part of the cgroups,
# and no setting of the kernel that it could change.
boot() {
  local dir=$1 mounts point type options
  mount -t proc proc /proc
  for point in /proc/sys/fs /proc/sys/kernel; do
    mount --bind "$point" "$point"
    mount -o remount,bind,ro "$point"
  done
  mount -t tmpfs -o mode=755 tmpfs /run
  mounts=$(hierarchies)
  umount -l /sys/fs/cgroup
  [[ $mounts == '/sys/fs/cgroup cgroup2'* ]] || mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  while read -r point type options; do
    mkdir -p "$point"
    mount -t "$type" -o "$options" "$type" "$point"
  done <<< "$mounts"
  mount --bind /dev/null /dev/console
  exec env -i PATH="$PATH" container=scenario SYSTEMD_UNIT_PATH="$dir/units" \
    SYSTEMD_GENERATOR_PATH="$dir/none" SYSTEMD_ENVIRONMENT_GENERATOR_PATH="$dir/none" \
    /lib/systemd/systemd --system --unit=machine.target --log-target=null
}

# --- The story ------------------------------------------------------------------------------------

eventually() {
  local deadline=$((SECONDS + 60))
  until "$@"; do
    ((SECONDS < deadline)) || die "does not happen: $*"
    sleep 0.05
  done
}

check() { "$@" || die "is not so: $*"; }

says() { grep -qE "^$1" "$dir/events"; }

# A slave that is told this, and then stays until it is stopped.
start_slave() {
  printf '%s\n' "$@" "await-count 100 TERMINATED 3600" > "$dir/commands"
  systemctl start slave.service
}

# The container of a task, and its sandbox.
container() { sed -nE "s/^launching $1 container_id=(\S+) .*/\1/p" "$dir/events"; }
sandbox() { sed -nE "s/^launching $1 .*sandbox=(\S+).*/\1/p" "$dir/events"; }
let_end() { touch "$(sandbox "$1")/go"; }
supervisor() { pgrep -f "supervise $(container "$1")"; }

# All that belongs to containers, on the host.
companions() {
  pgrep -f 'docker-containerizer (supervise|task-proxy|host-task-shim) |/mesos-executor' || true
}

# scopes [ID]
scopes() {
  systemctl list-units --plain --no-legend | sed -n "s/ .*supervisor of container ${1-}.*//p"
}
scopes_are() { test "$(scopes | wc -l)" = "$1"; }
shown() { "$program" show "$(container "$1")"; }
has_ended_with_7() { shown "$1" | grep '^ended .*exited with 7' > /dev/null; }

story() {
  dir=$1
  export MESOS_WORK_DIRECTORY=$dir/work
  local command="command='until [ -e \$MESOS_SANDBOX/go ]; do sleep 0.1; done; exit 7'"
  local task before

  start_slave "launch early image=busybox:test $command" \
    "launch late image=busybox:test $command" "launch plain $command"
  for task in early late plain; do eventually says "status $task TASK_RUNNING"; done
  check scopes_are 3
  before=$(companions)
  check test "$(wc -l <<< "$before")" = 10  # three each, and the keeper

  systemctl stop slave.service
  check test -z "$(pgrep slave-player)"
  check test "$(companions)" = "$before"
  let_end early
  eventually has_ended_with_7 early

  start_slave
  eventually says 'termination early .*status=1792 '
  for task in late plain; do
    eventually says "reregistered $task"
    let_end "$task"
    eventually says "status $task TASK_FAILED .*exited with status 7"
    eventually says "termination $task .*status=1792 "
  done
  eventually scopes_are 0
  systemctl stop slave.service

  # As at the shutdown of the host.
  start_slave "launch polite command='trap \"exit 9\" TERM; until false; do sleep 0.1; done'"
  eventually says "status polite TASK_RUNNING"
  systemctl stop $(scopes "$(container polite)")
  eventually says "termination polite .*status=2304 "
  systemctl stop slave.service

  # Where systemd gives no scope: a program that fails, and one that cannot be started.
  local fake
  for fake in /bin/false /dev/null; do
    mount --bind "$fake" /usr/bin/systemd-run
    task=without-${fake##*/}
    start_slave "launch $task image=busybox:test $command"
    eventually says "status $task TASK_RUNNING"
    check grep -q 'its own systemd scope.*; it runs without a scope' "$(sandbox "$task")/stderr"
    check grep -q slave.service "/proc/$(supervisor "$task")/cgroup"
    let_end "$task"
    eventually says "termination $task .*status=1792 "
    systemctl stop slave.service
    umount /usr/bin/systemd-run
  done
}

program=$root/build-asan/docker-containerizer
player=$root/build-asan/tests/slave/slave-player
case ${1-} in
  '') main ;;
  run) main "${@:2}" ;;
  enter | boot | story) "$@" 2>&1 ;;
  *) die "usage: $0 [run COMMAND…]" ;;
esac
