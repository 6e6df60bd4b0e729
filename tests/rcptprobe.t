#!/bin/sh
# rcptprobe: the same answers as without it, over kept connections; one question for all who ask the same.
# rcptprobe-life.t has its start and end, its log and what comes to its socket; the probe-*.t all that goes wrong.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/primary.sh
. tests/lib/probe.sh

pipelines='ehlo: 250-peer.test|250 PIPELINING'

# Each a domain and a server of its own
while IFS='	' read -r name script; do
	printf '%b\n' "$script" >"$work/script"
	peer "$name" <"$work/script"
	primary "$name.test" "$port"
done <<TABLE
knows	$pipelines\nrcpt nobody*: 550 5.1.1 no such user\nrcpt full*: 552 5.2.2 full\nrcpt off*: 550 5.2.1 disabled
plain	rcpt nobody*: 550 5.1.1 no such user\nrcpt full*: 552 5.2.2 full
any	$pipelines\nrcpt: 250 2.1.5 ok
confirm	$pipelines\nmail: 250 ok\nrcpt nobody* from <probe@us.test>: 550 5.1.1 no such user\nrcpt user* from <probe@us.test>: 250 ok\nrcpt: 550 5.7.1 no null sender
mailno	$pipelines\nmail: 550 5.7.1 not from you
policy	$pipelines\nrcpt: 550 5.7.1 go away
later	$pipelines\nrcpt: 451 4.7.1 later
turns	greeting: 554 5.7.1 go away
busy	greeting: 421 4.3.2 busy
vague	$pipelines\nrcpt postmaster*: 250 ok\nrcpt: 550 no
odd	$pipelines\nrcpt: 252 perhaps
slow	$pipelines\nrcpt rcptcheck.test.*: 550 5.1.1 no such user\nrcpt: {wait 2}250 2.1.5 ok
many	$pipelines\nrcpt: 250 2.1.5 ok
utf8	ehlo: 250-peer.test|250-PIPELINING|250 SMTPUTF8
mute	rcpt: {silence}
TABLE
sql "INSERT INTO settings VALUES ('confirm_sender', 'confirm.test', 'probe@us.test');
    INSERT INTO settings VALUES ('on_policy', 'policy.test', 'tempfail');
    INSERT INTO settings VALUES ('on_unreachable', 'later.test', 'tempfail')"
build

addresses='user@knows.test nobody@knows.test full@knows.test off@knows.test USER+x@knows.test
user@plain.test nobody@plain.test full@plain.test user@any.test nobody@any.test user@confirm.test
nobody@confirm.test nobody2@confirm.test user@mailno.test user@policy.test user@later.test user@turns.test
user@busy.test user@vague.test user@odd.test "a b"@knows.test nobody@dönald.test jörg@utf8.test jörg@knows.test
user@elsewhere.test postmaster@knows.test'

# All of them, as they are judged, and what the cache has of it then
judge() {
	for address in $addresses; do
		check "$address"
		printf '%s %s' "$address" "$code"
		printf '%s\n' "$err" | sed -e 's/^rcptcheck: address=[^ ]*//' -e 's/ ms=[0-9]*$//'
	done
	sqlite3 "$verdicts" 'SELECT address, class, code, enhanced, host, text, expires - probed FROM account_cache
	    ORDER BY address'
	sqlite3 "$verdicts" 'SELECT subject, state, count, text FROM memory ORDER BY subject'
}
judge >"$work/directly"
forget
start_probe
like "$(cat "$probe_log")" '^rcptprobe: running$' 'it says that it runs'
judge >"$work/probed"
is "$(cat "$work/probed")" "$(cat "$work/directly")" 'verdicts, exit codes, log lines and the cache are as without it'
ok 'and it was asked for them' test "$(probe_count)" -ge 20
like "$(cat "$work/probed")" '^nobody@knows.test 100 verdict=reject why=callout ' 'a no among them'
like "$(cat "$work/probed")" '^user@knows.test 0 verdict=accept why=callout ' 'a yes among them'
unlike "$(cat "$work/probed")" ' probe=' 'and no line says anything about rcptprobe'
is "$(sqlite3 "$verdicts" "SELECT class FROM account_cache WHERE address = 'nobody@confirm.test'")" unknown \
    'confirm_sender confirmed a no'
is "$(sqlite3 "$verdicts" "SELECT count(*) FROM account_cache")" \
    "$(grep -c '^[^ |]*|\(exists\|unknown\|refused\)|' "$work/directly")" 'the cache has as many rows'
again=$(probe_count)
verdict nobody@knows.test '100 cache' 'the next time the cache answers'
is "$(probe_count)" "$again" 'and rcptprobe is not asked'

# Connections are kept
forget
before=$(connections many)
n=0
bad=0
while [ $n -lt 20 ]; do
	n=$((n + 1))
	check "user$n@many.test"
	[ "$code $(field why)" = '0 callout' ] || [ "$code $(field why)" = '0 catch-all' ] || bad=$((bad + 1))
done
is $bad 0 '20 questions to a server that takes any address'
ok 'over one connection at most' test $(($(connections many) - before)) -le 1
before=$(connections knows)
check first@knows.test
n=0
bad=0
while [ $n -lt 20 ]; do
	n=$((n + 1))
	check "user$n@knows.test"
	[ "$code $(field why)" = '0 callout' ] || bad=$((bad + 1))
	[ "$(probe_says connection "user$n@knows.test")" = kept ] || bad=$((bad + 1))
done
is $bad 0 '20 questions to one that knows its users, each over a kept connection, as the log says'
ok 'which is one' test $(($(connections knows) - before)) -le 1
n=0
bad=0
while [ $n -lt 20 ]; do
	n=$((n + 1))
	check "nobody$n@plain.test"
	[ "$code $(field why)" = '100 callout' ] || bad=$((bad + 1))
done
is $bad 0 '20 users that do not exist, at a server without PIPELINING'
is "$(awk '/C: RCPT TO:<nobody/ { refused[$2]++ } END { for (c in refused) if (refused[c] > 9) print c, refused[c] }' "$work/plain.log")" \
    '' 'with 9 of them on a connection at most'

# Its line
check someone@knows.test
line=$(probe_lines someone@knows.test)
like "$line" '^rcptprobe: address=someone@knows.test class=exists host=127.0.0.1:[0-9]+ reply="250 ok" connection=kept askers=1 ms=[0-9]+$' \
    'the line for a yes'
TCPREMOTEIP=192.0.2.77 check nobody.else@knows.test
like "$(probe_lines nobody.else@knows.test)" '^rcptprobe: address=nobody.else@knows.test class=unknown host=127.0.0.1:[0-9]+ reply="550 5.1.1 no such user" connection=[a-z]+ client=192.0.2.77 askers=1 ms=[0-9]+$' \
    'the line for a no'
check other@later.test
like "$(probe_lines other@later.test)" ' class=temporary .*reply="451 4.7.1 later" stage=rcpt ' 'the line for no statement'
is "$(probe_count someone@knows.test)" 1 'one line for each'

# Twenty at once for one address
forget
check warm@slow.test
before=$(heard slow | grep -c 'C: RCPT TO:<user@slow.test>')
perl -e 'print "user\@slow.test\n" x 20' >"$work/twenty"
crowd -j 20 <"$work/twenty"
is "$(summed 'code 0') $(grep -c ' why=callout ' "$log_lines")" '20 20' '20 checks of one address: all have the answer'
is $(($(heard slow | grep -c 'C: RCPT TO:<user@slow.test>') - before)) 1 'the server heard it once'
is "$(probe_says askers user@slow.test)" 20 'and the log says for how many'

# Some are killed while they wait
launch one both@slow.test
sleep 0.3
launch two both@slow.test
sleep 0.3
kill -9 "$(cat "$work/one.pid")"
result two
is "$code $(field why)" '0 callout' 'the first of two is killed: the second has the answer'
is "$(heard slow | grep -c 'C: RCPT TO:<both@slow.test>')" 1 'without another question'
launch one alone@slow.test
sleep 0.5
kill -9 "$(cat "$work/one.pid")"
rm -f "$work/one.pid"
ok 'the only one is killed: the answer goes to the cache all the same' await has_row alone@slow.test
verdict alone@slow.test '0 cache' 'and is there for the next one'

# Many at once, each of another address, fill the room that there is for a server. What is said first to the next
# client: 57, wait, or 41, the answer, which is "busy"?
flood() { # ADDRESS-OF-A-CLIENT, with its number as %x
	perl -MSocket -e 'my $serial = 0;
		sub ask {
			socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or die "socket: $!";
			connect $s, pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/probe.sock") or die "connect: $!";
			send $s, pack("CaCNC/aa*", 1, "Q", 0, 20000, $_[0], "flood$$." . $serial++ . "\@mute.test"), 0;
			return $s;
		}
		my @flood = map { ask(sprintf $ARGV[0], $_) } 1 .. 320;
		my $next = ask("203.0.113.1");
		recv $next, my $word, 1024, 0;
		print unpack "x H2", $word' "$1"
}
is "$(flood 192.0.2.9)" 57 'one client asks too much: the next has room'
is "$(flood 2001:db8::%x)" 57 'so it has where the one has all addresses of a /64'

stop_probe
is "$probe_code" 0 'it ends as it should'

done_testing
