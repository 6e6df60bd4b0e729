#!/bin/sh
# Somebody sets the clock while relayd runs: no login is dropped, and none is kept for ever. The clock that is set is that
# of relayd and relaywrap alone (libfaketime); the steady one stays.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/relay.sh

library=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
[ -n "$library" ] || skip_all 'there is no libfaketime here'
[ "${BUILD:-build}" = build ] || skip_all 'libfaketime and the sanitizers do not get on'

# relayd may read below data
set_clock() { # SECONDS from now
	echo "$1" >"$RCPTCHECK_HOME/data/clock.new"
	mv "$RCPTCHECK_HOME/data/clock.new" "$RCPTCHECK_HOME/data/clock"
}

fake() {
	env LD_PRELOAD="$library" FAKETIME_TIMESTAMP_FILE="$RCPTCHECK_HOME/data/clock" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 "$@"
}

set_clock +0
real_bin=$bin
mkdir "$work/bin"
cat >"$work/bin/relayd" <<SCRIPT
#!/bin/sh
LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$RCPTCHECK_HOME/data/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
export LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC
exec $real_bin/relayd "\$@"
SCRIPT
chmod 755 "$work/bin/relayd"
for program in relaymark relaywrap relayage; do
	ln -s "$real_bin/$program" "$work/bin/$program"
done
bin=$work/bin
start_relayd
mark 192.0.2.1
is "$(row 192.0.2.1)" '1|1800|joe|checkpassword' 'a login'
rows "INSERT INTO relay VALUES ('192.0.2.9', 0, 0, '', 'by hand')"
await eval '[ "$(in_cdb 192.0.2.9)" = OK ]'

moved() {
	rows "SELECT (logintime - strftime('%s', 'now')) / 86400 FROM relay WHERE ip = '192.0.2.1'"
}

set_clock +315360000
await eval '[ "$(moved)" -gt 3000 ]'
is "$(row 192.0.2.1) $(moved)" '1|1800|joe|checkpassword 3649' 'ten years forwards: the login moves along, for as long as before'
is "$(in_cdb 192.0.2.1) $(in_cdb 192.0.2.9)" 'OK OK' 'who may relay still may'
mark 192.0.2.2
is "$(rows "SELECT count(*) FROM relay WHERE logintime > strftime('%s', 'now') + 300000000")" 2 'a login by that clock'
set_clock +0
await eval '[ "$(moved)" -lt 1 ]'
is "$(rows "SELECT count(*) FROM relay WHERE logintime <= strftime('%s', 'now') + 1 AND expires BETWEEN strftime('%s', 'now') + 1600 AND strftime('%s', 'now') + 1801")" 2 \
    'ten years back: both hold for half an hour, not for ten years'
is "$(wrap 192.0.2.1) $(wrap 192.0.2.2) $(wrap 192.0.2.9)" "set to '' set to '' set to ''" 'and may relay'
like "$(cat "$relayd_log")" 'the clock was set, all logins move along; seconds: 3153600' 'the log says so'

# While no relayd runs it cannot see that; then what is yet to come is made a login of now when it begins
set_clock +315360000
await eval '[ "$(moved)" -gt 3000 ]'
kill_relayd
set_clock +0
is "$(wrap 192.0.2.1) $(wrap 192.0.2.9)" "unset set to ''" 'the clock was set back without relayd: such a login does not count'
start_relayd
is "$(wrap 192.0.2.1) $(rows "SELECT expires - strftime('%s', 'now') BETWEEN 1600 AND 1801 FROM relay WHERE ip = '192.0.2.1'")" \
    "set to '' 1" 'until relayd runs, and then for half an hour'

done_testing
