#!/bin/bash
# The completions for bash and zsh offer commands, options, and the IDs of containers.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/tools"

make_slave one 2 3
export MESOS_WORK_DIRECTORY=$scratch/one
id=$(sqlite3 "$(database_of one)" "SELECT container_id FROM containers LIMIT 1")
mkdir "$scratch/bin"
ln -s "$program" "$scratch/bin/docker-containerizer"
export PATH=$scratch/bin:$PATH

# offers SHELL WHAT WORD…: what the shell offers in place of the last word contains WHAT.
offers() {
  local shell=$1 what=$2
  shift 2
  "$shell" -c "$(cat "$scratch/$shell")" completion docker-containerizer "$@" > "$scratch/offered"
  grep -qxF -- "$what" "$scratch/offered" ||
    die "$shell does not offer $what for: $*: $(head -n 20 "$scratch/offered")"
}
refuses() {
  local shell=$1 what=$2
  shift 2
  "$shell" -c "$(cat "$scratch/$shell")" completion docker-containerizer "$@" > "$scratch/offered"
  ! grep -qxF -- "$what" "$scratch/offered" || die "$shell offers $what for: $*"
}

cat > "$scratch/bash" << BASH
. "$root/package/completion.bash"
COMP_WORDS=("\$@") COMP_CWORD=\$((\$# - 1))
_docker_containerizer
printf '%s\n' "\${COMPREPLY[@]}"
BASH
# The functions of zsh's completion that the file calls, without a terminal.
cat > "$scratch/zsh" << 'ZSH'
words=("$@") CURRENT=$# PREFIX="${@[-1]}"
_describe() { local one; for one in ${(P)2}; do print -r -- ${one%%:*}; done }
compadd() { local one; for one in ${(P)2}; do print -r -- $one; done }
_files() { print -r -- FILES }
ZSH
cat >> "$scratch/zsh" << ZSH
. "$root/package/completion.zsh"
ZSH

for shell in bash zsh; do
  offers "$shell" metrics m
  offers "$shell" ps help p
  offers "$shell" --failed ps --f
  offers "$shell" "$id" show "${id:0:4}"
  offers "$shell" --json show --
  refuses "$shell" "$id" lifecycle ""
  echo "ok: $shell completes commands, options and IDs"
done
offers bash "$id" history "$id"
refuses bash "$id" show zzz
