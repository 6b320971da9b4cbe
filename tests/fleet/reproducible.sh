#!/bin/bash
# Two builds of the same sources, in different places, give the same package.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/tools"

mkdir "$scratch/first"
deb=$("$root/bin/package" --no-build "$scratch/first")
# The sources in another place, built again.
mkdir "$scratch/copy"
(cd "$root" && git ls-files -z | xargs -0 cp --parents -P -t "$scratch/copy")
# The commit is a part of the program.
echo "gitdir: $(git -C "$root" rev-parse --absolute-git-dir)" > "$scratch/copy/.git"
mkdir "$scratch/again"
again=$("$scratch/copy/bin/package" "$scratch/again")
expect "two builds give the same bytes" cmp "$deb" "$again"
rm -rf "$scratch/copy"
