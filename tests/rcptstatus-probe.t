#!/bin/sh
# What rcptstatus tells of rcptprobe: how it is, what the servers put up with, and what is wrong.
# shellcheck disable=SC2016,SC2317 # functions and texts that eval runs
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

# Root is confined to the folder, where the sanitizers miss /proc at the end
if [ "$(id -u)" -eq 0 ]; then
	ASAN_OPTIONS=detect_leaks=0
	export ASAN_OPTIONS
fi
socket=$RCPTCHECK_HOME/run/probe.sock

# As installed: the folder of the cache is the hook's, that of the socket rcptprobe's
as_installed() {
	chmod 2770 "$RCPTCHECK_HOME/cache"
	[ "$(id -u)" -eq 0 ] || return 0
	chgrp nogroup "$RCPTCHECK_HOME/cache" "$RCPTCHECK_HOME/cache"/*
	chmod 2770 "$RCPTCHECK_HOME/cache"
	chown nobody:nogroup "$RCPTCHECK_HOME/run"
}
: >"$work/log"
starts=0
start_probe() {
	"$bin/rcptprobe" 2>>"$work/log" &
	echo $! >"$work/probe.pid"
	starts=$((starts + 1))
	await eval 'test "$(grep -c "^rcptprobe: running$" "$work/log")" -eq $starts' ||
	    server_fails rcptprobe "$work/log"
}
signal_probe() { # SIGNAL
	read -r probe <"$work/probe.pid"
	kill "-$1" "$probe"
}
status() { # WANTED-CODE NAME
	run "$bin/rcptstatus"
	is "$code $(printf '%s\n' "$out" | head -n 1 | cut -d ' ' -f 2)" "$1" "$2" || diag "$out $err"
}
# All output but the first line, joined again where it was wrapped
rest() {
	printf '%s\n' "$out" | tail -n +2 | awk '/^    [a-z]/ { sub(/^ */, " "); printf "%s", $0; next }
	    { printf "%s%s", sep, $0; sep = "\n" } END { print "" }'
}
printable() {
	! printf '%s' "$out" | LC_ALL=C grep -q '[^ -~]'
}

# Not running

peer good </dev/null
good=$port
primary main.test "$good"
build
as_installed
status '0 OK' 'rcptprobe does not run'
like "$out" '^rcptprobe does not run: each check asks the servers itself$' 'which is said, and no problem'

# Running

start_probe
status '0 OK' 'it runs'
like "$out" '^rcptprobe since 20[0-9-]+ [0-9:]+, 0 callers wait$' 'since then'
like "$out" '^         0 questions, 0 probes; 0% joined, 0% cached, 0% busy$' 'and was not asked'
unlike "$out" 'TLS|more server' 'so that no servers are known to it'
peer_turn good <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
rcpt later*: 451 4.3.0 later
SCRIPT
for user in user1 user2 user3 nobody later; do
	check $user@main.test
done
status '0 OK' 'after some checks'
like "$out" '^rcptprobe since 20[0-9-]+ [0-9:]+, 0 callers wait; p50 [0-9]+ ms, p99 [0-9]+ ms$' 'latencies'
like "$out" '^         5 questions, 5 probes; 0% joined, 0% cached, 0% busy$' 'questions'
like "$out" '^ +conn +state +asked +yes +no +undec +skip +p50 +p99 TLS$' 'a table'
like "$out" "^127.0.0.1:$good +[0-9]/4 ok +[0-9]+ +[0-9]+% +[0-9]+% +[0-9]+% +0 +[0-9]+ +[0-9]+ no\$" \
    'with the server, which has no TLS'
is "$(printf '%s\n' "$out" | awk 'length > 80' | wc -l)" 0 'in 80 columns'
if [ "$(id -u)" -ne 0 ]; then
	skip 2 'needs root, to be somebody else'
elif setpriv --reuid 1 --regid 1 --clear-groups test -x "$bin/rcptstatus" -a -r "$cdb"; then
	run setpriv --reuid 1 --regid 1 --clear-groups "$bin/rcptstatus"
	is "$code" 1 'run by a user who may not ask it'
	like "$(rest)" '^warning: rcptprobe runs, but tells nothing to user [^ ]+: run rcptstatus as root, or as' \
	    'nothing is known'
else
	skip 2 'other users cannot reach this folder'
fi

# A server that refuses us at RCPT: not at once a problem, since it may be about one address

peer refuses <<'SCRIPT'
rcpt postmaster*: 250 ok
rcpt *: 550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example
SCRIPT
sql "INSERT INTO domain_ips (domain, ip, port) VALUES ('refuses.test', '127.0.0.1', $port)"
build
sleep 1.1 # until a new compiled file is looked for
for user in user1 user2 user3; do
	check $user@refuses.test
done
status '0 OK' 'a server that refuses us'
like "$out" "^127.0.0.1:$port +[0-9]/4 refuses +[0-9]+ +0% +0% +100% " 'is told as that, and no more for now'
is "$(printf '%s\n' "$out" | grep -n '^127' | sed 's/:.*\( refuses \).*/\1/' | head -n 1 | tr -d '0-9 ')" refuses \
    'before those that do not'

# Hanging, dead

signal_probe STOP
status '1 WARNING' 'it hangs'
like "$out" '^RCPTCHECK WARNING - rcptprobe hangs: no answer in 2 s; checks ask the servers themselves: start it anew$' \
    'which it says'
ok "and is not waited for long ($ms ms)" test "$ms" -ge 1900 -a "$ms" -lt 9000
signal_probe CONT
status '0 OK' 'and goes on'
signal_probe KILL
await eval '! kill -0 "$probe" 2>/dev/null'
ok 'killed, it leaves its socket' test -S "$socket"
status '1 WARNING' 'it is dead'
like "$out" '^RCPTCHECK WARNING - rcptprobe died: nobody listens at run/probe.sock; checks ask .*: start it again$' \
    'which it says'
rm -f "$work/probe.pid"
start_probe
status '0 OK' 'started again'
stop_pid "$work/probe.pid"
ok 'stopped, it leaves no socket' test ! -e "$socket"
status '0 OK' 'and may be so'

# tls = require

sql "DELETE FROM domain_ips WHERE domain = 'refuses.test'; INSERT INTO settings VALUES ('tls', 'main.test', 'require')"
build
status '1 WARNING' 'tls = require without tls_name'
like "$out" 'WARNING - 1 domain with tls=require: no tls_name, so that certificates cannot be verified: see' \
    'which it says'
sql "INSERT INTO settings VALUES ('tls_name', 'main.test', 'mx.main.test')"
build
status '1 WARNING' 'tls = require with tls_name, but without rcptprobe'
like "$out" 'WARNING - 1 domain with tls=require: never asked while rcptprobe does not run$' 'which it says'
start_probe
status '0 OK' 'and with it'
like "$out" '^         1 domain with tls=require: asked by rcptprobe alone$' 'which it says'
check new@main.test
status '0 OK' 'a server without TLS'
like "$out" "^127.0.0.1:$good +[0-9]/4 refuses " 'is none to ask'
stop_pid "$work/probe.pid"
sql "DELETE FROM settings WHERE name LIKE 'tls%'"
build

# What rcptprobe does not say of itself in a test: another at its socket

now=$(date +%s)
pretend() { # <LINES: what it tells
	stop_pid "$work/pretender.pid"
	rm -f "$socket"
	cat >"$work/lines"
	perl -MSocket=:all -e '
		my @lines = <STDIN>;
		chomp @lines;
		socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or die;
		bind $s, pack_sockaddr_un($ARGV[0]) or die;
		listen $s, 5;
		chmod 0777, $ARGV[0];
		$SIG{PIPE} = "IGNORE";
		for (;;) {
			accept my $c, $s or next;
			recv $c, my $word, 100, 0;
			next if $word ne "\1S";
			for (@lines) {
				send $c, /^raw (.*)/ ? $1 : "\1T" . s/\\x(..)/chr hex $1/ger, 0;
			}
			sleep 10 if "@lines" =~ /wait$/;
		}' "$socket" <"$work/lines" &
	echo $! >"$work/pretender.pid"
	await test -S "$socket"
}
first_line() { # WANTED NAME
	is "$(printf '%s\n' "$out" | head -n 1)" "RCPTCHECK WARNING - $1" "$2"
}
pretend <<LINES
probe since=$now questions=900 probes=1 busy=9 lately=610 lately_questions=900 lately_busy=9
LINES
status '0 OK' 'busy now and then'
like "$out" '^         900 questions, 1 probe; 0% joined, 0% cached, 1% busy$' 'which it says'
pretend <<LINES
probe since=$now questions=9000 busy=100 lately=610 lately_questions=3000 lately_busy=30
LINES
status '0 OK' 'one per cent'
pretend <<LINES
probe since=$now questions=9000 joined=900 known=90 probes=8000 busy=100 callers=1 p50=3 p99=1200 lately=610 lately_questions=3000 lately_busy=31
LINES
status '1 WARNING' 'busy'
first_line 'rcptprobe was too busy for 31 of 3000 questions in 11 min: servers are slow, or have too few connections: see probe_connections in rcptcheck-settings(5)' 'which it says'
like "$out" '^rcptprobe since .*, 1 caller waits; p50 3 ms, p99 1200 ms$' 'callers'
like "$out" '^         9000 questions, 8000 probes; 10% joined, 1% cached, 1% busy$' 'figures'

pretend <<LINES
probe since=$now servers=2
server host=127.0.0.1:$good state=ok asked=3 refuses_since=$((now - 1000)) refused=$((now - 701)) reply="5.7.1 no"
LINES
status '0 OK' 'a server that refused us twice within five minutes'
pretend <<LINES
probe since=$now servers=2
server host=127.0.0.1:$good state=ok asked=3 refuses_since=1795257120 refused=1795257420 reply="5.7.1 you say \"a\\x5cx1b[31m|b\""
LINES
run env TZ=UTC "$bin/rcptstatus"
first_line "primary 127.0.0.1:$good refuses us since 2026-11-21 10:32: 5.7.1 you say \"a\\x1b[31m/b\"" 'one that goes on'
perl tests/lib/cacherow.pl -m "server 127.0.0.1:$good" refuses 3 $((now - 4000)) $((now - 10)) $((now + 300)) 'of the cache' |
    sqlite3 -cmd '.timeout 5000' "$verdicts"
status '1 WARNING' 'one of which the cache knows'
like "$out" "WARNING - primary 127.0.0.1:$good refuses us since 20[0-9-]+ [0-9:]+: of the cache\$" 'is told once'
sqlite3 -cmd '.timeout 5000' "$verdicts" 'DELETE FROM memory'
pretend <<LINES
probe since=$now servers=1
server host=127.0.0.1:$good state=ok asked=3 refuses_since=1795257120 refused=1795257420 tls="certificate is not for mx.main.test" reply=tls-failed
LINES
run env TZ=UTC "$bin/rcptstatus"
first_line "primary 127.0.0.1:$good has no TLS that tls=require can do with since 2026-11-21 10:32: certificate is not for mx.main.test" 'TLS that does not work'
like "$out" '^    no TLS: certificate is not for mx.main.test$' 'the reason is below the server'
pretend <<LINES
probe since=$now servers=1
server host=127.0.0.1:$good state=ok asked=3 refuses_since=1795257120 refused=1795257420 tls="not offered" reply=no-tls
LINES
run env TZ=UTC "$bin/rcptstatus"
first_line "primary 127.0.0.1:$good does not offer TLS, which tls=require wants, since 2026-11-21 10:32" 'TLS that is not there'

# Many servers

{
	echo "probe since=$now servers=250"
	for i in $(seq 1 60); do
		echo "server host=192.0.2.$i:25 state=ok connections=1 limit=4 asked=$i yes=1 no=1 undecided=1 p50=3 p99=1234 tls=yes"
	done
} >"$work/many"
pretend <"$work/many"
status '0 OK' 'many sound servers'
is "$(printf '%s\n' "$out" | grep -c '^192.0.2')" 5 'have five lines'
like "$out" '^192.0.2.60:25 +1/4 ok +60 +33% +33% +33% +0 +3 +1234 yes$' 'the busiest'
like "$out" '^\.\.\. and 245 more servers$' 'the others are counted'
sed -i -e 's/\(192.0.2.[1-4].:25 state=\)ok/\1slow/' -e 's/192.0.2.7:25/[2001:db8:1234:5678:9abc:def0:1234:5678]:12345/' "$work/many"
awk 'BEGIN { for (i = 1; i < 30; i++) print "y d" i ".test " i * 100 }' >>"$RCPTCHECK_HOME/cache/checks"
pretend <"$work/many"
status '0 OK' 'many others'
like "$(printf '%s\n' "$out" | grep '^192.0.2' | head -n 1)" '^192.0.2.49:25 +1/4 slow ' 'come first'
ok 'in one screen' test "$(printf '%s\n' "$out" | wc -l)" -le 24 -a "$(printf '%s\n' "$out" | grep -c '^192')" -ge 8
sql "DELETE FROM domain_ips; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
    INSERT INTO domain_ips SELECT 'd' || i || '.test', '127.0.1.' || i, $(free_port), NULL FROM n"
build
status '2 CRITICAL' 'and many problems'
ok 'in one screen' test "$(printf '%s\n' "$out" | wc -l)" -le 24
like "$out" '^192.0.2.49:25' 'which has some of them'
sql 'DELETE FROM domain_ips'
primary main.test "$good"
build

# Nonsense

makes_no_sense='rcptprobe runs, but what it tells makes no sense: is it of another version? Start it anew'
pretend <<LINES
probe since=yesterday
LINES
status '1 WARNING' 'a date in words'
first_line "$makes_no_sense" 'makes no sense'
pretend <<LINES
probe since=$now
server host="\\x1b[2J"
LINES
status '1 WARNING' 'an escape sequence'
first_line "$makes_no_sense" 'makes no sense'
ok 'and is not shown' printable
pretend <<LINES
raw W
LINES
status '1 WARNING' 'another message'
first_line "$makes_no_sense" 'makes no sense'
pretend </dev/null
status '1 WARNING' 'none'
like "$out" 'WARNING - rcptprobe runs, but tells nothing to user ' 'tells nothing'
pretend <<LINES
probe since=$now questions=1
server host=192.0.2.1:25 state=ok asked=1 later=wait
LINES
status '0 OK' 'one that does not come to its end'
ok "is not waited for long ($ms ms)" test "$ms" -ge 1900 -a "$ms" -lt 9000
like "$out" '^192.0.2.1:25 ' 'what it has told will do'
stop_pid "$work/pretender.pid"
rm -f "$socket"
echo >"$socket"
status '1 WARNING' 'no socket'
like "$out" 'WARNING - rcptprobe died: nobody listens at run/probe.sock' 'is told as if it was dead'

done_testing
