# Sourced by the broken containerizers: each runs the program that JUDGE_SOUND names, and has one
# fault. The line "Caught by" of a wrapper is the case that must find it.
# shellcheck shell=sh
verb=${1-}
messages=$(dirname "$(readlink -f "$0")")/../../../proto
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Reads the request, which ends neither with a line nor with the end of stdin.
take_request() {
  head -c 4 > "$scratch/request"
  head -c "$(od -An -tu4 "$scratch/request" | tr -d ' ')" >> "$scratch/request"
}

# Runs the verb with the request that was taken.
pass_request() { "$JUDGE_SOUND" "$verb" < "$scratch/request"; }

# Becomes the program, for a verb without a fault.
pass() {
  rm -rf "$scratch"
  exec "$JUDGE_SOUND" "$verb"
}

# frame MESSAGE: writes the frame of the message whose text is on stdin.
frame() {
  protoc -I"$messages" --encode="$1" containerizer.proto > "$scratch/body"
  size=$(wc -c < "$scratch/body")
  printf "$(printf '\\%03o\\%03o\\%03o\\000' $((size % 256)) $((size / 256 % 256)) $((size / 65536)))"
  cat "$scratch/body"
}

# text MESSAGE FILE: the frame in the file as text.
text() { tail -c +5 "$2" | protoc -I"$messages" --decode="$1" containerizer.proto; }

# edit_launch SED-SCRIPT: changes the text of the launch that was taken.
edit_launch() {
  text mesos.containerizer.Launch "$scratch/request" | sed -E "$1" |
    frame mesos.containerizer.Launch > "$scratch/edited"
  mv "$scratch/edited" "$scratch/request"
}

# edit_reply MESSAGE COMMAND…: runs the verb, and pipes the text of its reply through a command.
edit_reply() {
  take_request
  pass_request > "$scratch/reply" || exit
  message=$1
  shift
  text "$message" "$scratch/reply" | "$@" | frame "$message"
}

empty_list() { printf '\0\0\0\0'; }
