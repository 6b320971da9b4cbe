#!/bin/bash
# `report` and `show --svg` in headless Chromium: the page loads without an error, a bar is found by
# its task's name, hovering shows its states, ten thousand containers are drawn in under three
# seconds, and names of hostile tasks are text. With SCREENSHOT=FILE.png it also draws the page.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/tools"

browse() {
  HOME=$scratch timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --user-data-dir="$scratch/profile" --enable-logging=stderr --hide-scrollbars "$@" 2> "$scratch/console"
}
# Messages of the page itself: errors, and what its policy forbids.
check_console() {
  ! grep 'CONSOLE' "$scratch/console" || die "the page has errors"
}

# look PAGE: what driver.js finds, as `name=value` lines in $scratch/seen. The driver has the page's
# nonce, because nothing else may run there.
look() {
  local nonce
  nonce=$(grep -oE "nonce-[0-9a-f]{32}" "$1" | head -n 1)
  perl -e '
    my ($page, $driver, $nonce) = @ARGV;
    local $/;
    open my $file, "<", $page or die; my $text = <$file>;
    open $file, "<", $driver or die; my $script = <$file>;
    my $watch = "window.problems = []; addEventListener (\"error\", e => problems.push (e.message));";
    $text =~ s{<style}{<script nonce="$nonce">$watch</script><style};
    $text =~ s{</body>}{<script nonce="$nonce">$script</script></body>};
    print $text' "$1" "$root/tests/fleet/driver.js" "${nonce#nonce-}" > "$scratch/driven.html"
  browse --window-size=1300,1000 --virtual-time-budget=20000 --dump-dom "file://$scratch/driven.html" > "$scratch/dom"
  check_console
  perl -ne 'print "$1\n" while /<li class="seen">([^<]*)<\/li>/g' "$scratch/dom" > "$scratch/seen"
  [[ -s $scratch/seen ]] || die "the page did not run: $(head -c 2000 "$scratch/console")"
}
seen() { sed -n "s/^$1=//p" "$scratch/seen"; }

# --- Ten thousand containers ----------------------------------------------------------------------

make_slave big 200 9800
# The time of a processor, because other tests run meanwhile.
TIMEFORMAT='%U %S'
took=$({ time containerizer big report --output="$scratch/big.html"; } 2>&1 |
  awk '{ print int (($1 + $2) * 1000) }')
echo "report: $took ms, $(($(stat -c %s "$scratch/big.html") / 1024)) KiB"
((took < 1000)) || die "the report took $took ms"
browse --window-size=1300,1000 --dump-dom "file://$scratch/big.html" > "$scratch/dom"
ready=$(grep -oE 'data-ready="[0-9]+"' "$scratch/dom" | tr -dc 0-9)
echo "drawn after $ready ms"
((ready < 3000)) || die "the page took $ready ms"
look "$scratch/big.html"
is "$(seen problems)" ''
is "$(seen found)" '10000 of 10000 containers'
echo "ok: the page loads without an error"
is "$(seen searched)" '1 of 10000 containers'
is "$(seen bar)" job-7.1007
[[ $(seen tip) == *Running*'exit 0'* ]] || die "hovering shows: $(seen tip)"
echo "ok: a bar is found by its task's name, and hovering shows its states"
(($(seen rows) < 60)) || die "$(seen rows) rows are elements at once"
is "$(seen scrolled)" yes
is "$(seen zoomed)" yes
is "$(seen themes)" 'dark light'
(($(seen marks) == 2)) || die "$(seen marks) restarts are drawn"
(($(seen ends) >= 6 && $(seen pulls) > 5 && $(seen failures) > 50)) || die "a section is empty"
echo "ok: it scrolls, zooms, and is light or dark"
is "$(grep -oE 'https?://[^"'\'' ]*' "$scratch/big.html" | sort -u)" http://www.w3.org/2000/svg
echo "ok: the page names no other place"
containerizer big report --since=2h > "$scratch/short.html"
(($(stat -c %s "$scratch/short.html") * 3 < $(stat -c %s "$scratch/big.html"))) ||
  die "--since leaves nothing out"

# --- A fleet --------------------------------------------------------------------------------------

copies=()
for host in alpha beta gamma delta; do
  make_slave "$host" 5 300
  [[ $host != gamma ]] || sqlite3 "$(database_of "$host")" "
    DROP TRIGGER terminations_are_written_once;
    UPDATE terminations SET kind = 'exited', exit_code = 9, step = NULL, signal = NULL, ended_by = NULL
     WHERE rowid % 2"
  sqlite3 "$(database_of "$host")" ".backup '$scratch/$host.db'"
  copies+=("$scratch/$host.db")
done
(cd "$scratch" && containerizer none report --output="$scratch/fleet.html" "${copies[@]}")
look "$scratch/fleet.html"
is "$(seen found)" '1220 of 1220 containers'
is "$(seen outliers | tr , '\n' | grep 'slave ')" 'slave gamma'
[[ ! -e $scratch/none ]] || die "a report of copies made a work directory"
echo "ok: several databases are a fleet, and the slave that fails more often is named"

# --- Hostile names --------------------------------------------------------------------------------

make_slave hostile 3 20
sqlite3 "$(database_of hostile)" "
  DROP TRIGGER terminations_are_written_once;
  UPDATE containers SET
    task_name = '</script><script>document.documentElement.dataset.hacked = 1</script>',
    image = '<img src=x onerror=\"document.documentElement.dataset.hacked = 2\">',
    framework_id = char (8238) || char (27) || '[31m\"''\`\${1}<!--<script>' || char (8232);
  UPDATE terminations SET message = '{{DATA}}{{NONCE}} <b onmouseover=alert(1)>&lt;' || char (0) || char (155)"
containerizer hostile report --output="$scratch/hostile.html"
look "$scratch/hostile.html"
is "$(seen problems)" ''
is "$(seen found)" '23 of 23 containers'
! grep -q 'data-hacked\|<img' "$scratch/dom" || die "a name became a part of the page"
is "$(grep -c '</script>' "$scratch/hostile.html")" 2
! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' "$scratch/hostile.html" ||
  die "a control character is in the page"
echo "ok: hostile names are text"

# --- One container --------------------------------------------------------------------------------

id=$(sqlite3 "$(database_of big)" "SELECT container_id FROM containers WHERE task_name = 'job-7.1007'")
containerizer big show "$id" --svg > "$scratch/one.svg"
browse --dump-dom "file://$scratch/one.svg" > "$scratch/dom"
check_console
grep -q 'class="Running"' "$scratch/dom" && ! grep -q parsererror "$scratch/dom" || die "no picture"
id=$(sqlite3 "$(database_of hostile)" "SELECT container_id FROM containers WHERE state = 'Gone' LIMIT 1")
containerizer hostile show "$id" --svg > "$scratch/one.svg"
browse --dump-dom "file://$scratch/one.svg" > "$scratch/dom"
! grep -q 'parsererror\|data-hacked\|<script' "$scratch/dom" || die "a name became a part of the picture"
echo "ok: show --svg draws one container"

# --- Bad input ------------------------------------------------------------------------------------

echo 'no database' > "$scratch/junk"
fails 'not a database' containerizer big report "$scratch/alpha.db" "$scratch/junk"
fails 'No such file' containerizer big report "$scratch/absent.db"
fails 'does not exist' containerizer none report
fails 'since' containerizer big report --since=yesterday
fails 'No space left' bash -c "MESOS_WORK_DIRECTORY='$scratch/big' '$program' report > /dev/full"
head -c 60000 "$scratch/alpha.db" > "$scratch/cut.db"
fails 'malformed\|damaged\|not a database' containerizer big report "$scratch/cut.db"
echo "ok: bad input is an error of one line"

if [[ ${SCREENSHOT-} ]]; then
  make_slave mesos 14 400
  sqlite3 "$(database_of mesos)" "INSERT INTO recoveries (at, boot_id)
    VALUES ((unixepoch () - 2400) * 1000, 'boot')"
  containerizer mesos report --since=2h --output="$scratch/demo.html"
  sed -i "s,$scratch,/var/lib,g" "$scratch/demo.html"
  browse --window-size=1300,1180 --screenshot="$SCREENSHOT" "file://$scratch/demo.html"
fi
