#!/bin/sh
# Many logins and look-ups at a time, each right; and the same while whoever writes is killed again and again. Nothing here
# is about time: the figures are printed.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/relay.sh

load=$top/${BUILD:-build}/tests/tools/relayload
make -s B="${BUILD:-build}" "${BUILD:-build}/tests/tools/relayload" >"$work/make" 2>&1
[ -x "$load" ] || {
	echo "Bail out! tests/tools/relayload.c: $(tail -n 5 "$work/make")"
	exit 2
}
if [ "${BUILD:-build}" = build ]; then
	rate=2000
	killed_rate=500
else
	rate=300 # with the sanitizers
	killed_rate=100
fi

figure() { # KEY
	sed -n "s/^$1 //p" "$work/load"
}

none_wrong() {
	is "$(figure wrong_yes) $(figure wrong_no)" '0 0' 'each look-up was right: who was told that it is done could relay at once'
	is "$(figure lost) $(figure missing_at_the_end)" '0 0' 'no login was lost'
	is "$(rows 'SELECT count(*) FROM relay')" "$(figure logins)" 'all are in relay.db'
	is "$(cdb -d "$relay/relay.cdb" | grep -ac '>OK$')" "$(figure logins)" 'and in relay.cdb'
	is "$(rows 'PRAGMA integrity_check')" ok 'which is sound'
}

start_relayd
"$load" "$RCPTCHECK_HOME" 10 "$rate" >"$work/load" 2>"$work/load.err"
is "$?" 0 "ten seconds with $rate logins and as many look-ups a second"
diag "$(figure logins_a_second) logins and $(figure lookups_a_second) look-ups a second; the longest login $(figure worst_login_ms) ms, $(figure over_500_ms) over 500 ms"
diag "$(cat "$work/load.err")"
none_wrong
diag "memory of relayd: $(awk '/VmRSS/ { print $2 }' "/proc/$(relayd_id)/status") kB"
"$bin/relayage" 0

# It is killed about twice a second, and so is relayage, whether that asks it or does the work itself
stop_relayd
rows 'DELETE FROM relay'
: >"$work/kills"
(
	trap 'kill $child 2>/dev/null; exit' TERM
	while :; do
		"$bin/relayd" </dev/null >/dev/null 2>>"$relayd_log" &
		child=$!
		sleep 0.4
		kill -9 $child && echo relayd >>"$work/kills"
		wait $child 2>/dev/null
		"$bin/relayage" 1000 >/dev/null 2>>"$work/age.err" &
		child=$!
		sleep 0.01
		kill -9 $child 2>/dev/null && echo relayage >>"$work/kills"
		wait $child 2>/dev/null
	done
) 2>/dev/null &
killer=$!
echo $killer >"$work/killer.pid"
await test -s "$relay/relay.cdb"
"$load" "$RCPTCHECK_HOME" 15 "$killed_rate" >"$work/load" 2>"$work/load.err"
is "$?" 0 "fifteen seconds with $killed_rate logins a second while relayd and relayage are killed"
stop_pid "$work/killer.pid"
diag "killed: $(sort "$work/kills" | uniq -c | tr '\n' ' '); $(figure logins) logins, $(figure logins_a_second) a second; the longest $(figure worst_login_ms) ms"
diag "$(head -n 5 "$work/load.err")"
ok 'they were killed often' test "$(grep -c relayd "$work/kills")" -ge 10
await eval '! "$bin/relayage" 1000 2>&1 | grep .'
start_relayd
none_wrong
unlike "$(cat "$relayd_log")" 'damaged|malformed|cannot be written' 'nothing was ever found damaged'
is "$(find "$relay" -name '*.tmp')" '' 'and nothing is left lying about'

done_testing
