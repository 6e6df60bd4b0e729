#!/bin/sh
# rcptprobe says "wait" for ever, does not run, is killed or stopped in the middle: rcptcheck asks by itself, within
# its time. Its verdicts, exit codes and descriptors are as ever. probe-trouble.t has what else may be on its socket.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/probe.sh

peer knows <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary knows.test "$port"
peer slow <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt rcptcheck.test.*: 550 5.1.1 no such user
rcpt postmaster*: 250 ok
rcpt nobody*: {wait 2}550 5.1.1 no such user
rcpt: {wait 2}250 2.1.5 ok
SCRIPT
primary slow.test "$port"
primary short.test "$(cat "$work/knows.port")"
sql "INSERT INTO settings VALUES ('budget', NULL, '6s');
    INSERT INTO settings VALUES ('on_unreachable', 'short.test', 'tempfail')"
build
sock=$RCPTCHECK_HOME/run/probe.sock

# It says "wait" for ever: then the time is up, and the server is not blamed
for how in waits flood; do
	fake_probe $how
	launch short nobody.$how@short.test "$limited"
	[ $how = flood ] || launch other nobody.other$how@short.test
	check3 nobody.$how@knows.test
	is "$code $(field why) $(field note)" '0 unreachable timeout' "$how: when the time is up, as on_unreachable has it"
	ok "which is 6 s ($ms ms)" test "$ms" -gt 5500 -a "$ms" -lt 12000
	is "$in$out" '' 'nothing on descriptors 0 and 1'
	result short
	is "$code $(field why)" '111 unreachable' 'with tempfail, under softlimit'
	if [ $how != flood ]; then
		result other
		is "$code $(field why)" '111 unreachable' 'and without'
	fi
	stop_fake
	is "$(sqlite3 "$verdicts" "SELECT count(*) FROM memory WHERE state IN ('down', 'refuses')")" 0 \
	    'no server is remembered as down for that'
	check3 nobody.after$how@knows.test
	is "$code $(field why)" '100 callout' 'the next one asks, and has an answer'
done

# The real one, with time enough for any machine
sql "UPDATE settings SET value = '20s' WHERE name = 'budget'"
build
right 'it was never started' '' 2800
start_probe
right 'it runs' '' 2800
is "$(probe_says class nobody$serial@knows.test)" unknown 'and was asked'
kill_probe
ok 'kill -9 leaves its socket behind' test -S "$sock"
right 'a socket that is left behind' '' 2800
right 'and under softlimit' '' 2800 "$limited"
start_probe
right 'another can be started' '' 2800
is "$(probe_says class nobody$serial@knows.test)" unknown 'and is asked'

launch waiting nobody.killed@slow.test
sleep 0.6
kill_probe
result waiting
is "$code $(field why) $(field probe)" '100 callout it hung up' 'kill -9 while one waits: it asks directly'
ok "at once ($ms ms)" test "$ms" -lt 10000

start_probe
kill -STOP "$(probe_id)"
right 'stopped before the question' 'it does not answer' 2900
right 'and under softlimit' 'it does not answer' 2900 "$limited"
kill -CONT "$(probe_id)"
sleep 0.3
right 'it goes on' '' 2800
is "$(probe_says class nobody$serial@knows.test)" unknown 'and is asked'
launch waiting nobody.stopped@slow.test
sleep 0.6
kill -STOP "$(probe_id)"
result waiting
is "$code $(field why) $(field probe)" '100 callout it does not answer' 'stopped behind the question: it asks directly, in 3 s'
ok "in time ($ms ms)" test "$ms" -gt 4000 -a "$ms" -lt 15000
kill -CONT "$(probe_id)"
sleep 0.3
right 'it goes on again' '' 2800
is "$(probe_says class nobody$serial@knows.test)" unknown 'and is asked again'
stop_probe
is "$probe_code" 0 'and ends as ever'

# tls=require is what rcptcheck cannot do by itself
sql "INSERT INTO settings VALUES ('tls', 'knows.test', 'require');
    INSERT INTO settings VALUES ('on_policy', 'knows.test', 'tempfail')"
build
fake_probe hangup
check3 nobody.tls@knows.test
is "$code $(field why) $(field note) $(field probe)" '111 policy no-tls it hung up' 'tls=require: nobody is asked in the clear'
stop_fake
is "$(heard knows | grep -c nobody.tls@)" 0 'the server hears nothing of it'

done_testing
