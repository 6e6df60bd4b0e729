#!/bin/sh
# rcptprobe from its start to its end: as whom it runs, a second one, a new CDB, nonsense on its socket, signals,
# its transcript, a log that nobody reads.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/probe.sh

peer slow <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt rcptcheck.test.*: 550 5.1.1 no such user
rcpt: {wait 2}250 2.1.5 ok
SCRIPT
primary slow.test "$port"
peer knows <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary knows.test "$port"
build
start_probe

# As whom
if [ "$(id -u)" -eq 0 ]; then
	is "$(ps -o user= -o group= -p "$(probe_id)" | tr -s ' ')" 'nobody nogroup' 'started by root, it runs as the owner of run'
	is "$(grep -E '^(Uid|Gid):' "/proc/$(probe_id)/status" | tr '\t' ' ')" "$(printf 'Uid: %s\nGid: %s' \
	    '65534 65534 65534 65534' '65534 65534 65534 65534')" 'with no way back'
	is "$(awk '/^Cap(Prm|Eff|Amb):/ { print $2 }' "/proc/$(probe_id)/status" | sort -u)" 0000000000000000 \
	    'and without a capability'
else
	skip 3 'only root can become somebody else'
fi
is "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$(probe_id)/status")" 1 'nothing it starts could have more'

# A second one
cp "$probe_log" "$work/log.before"
run timeout 10 "$bin/rcptprobe"
is "$code" 111 'a second one in the same home ends'
like "$err" "^rcptprobe: another rcptprobe runs in this home: $RCPTCHECK_HOME\$" 'and says why'
check goeson@knows.test
is "$code $(field why) $(probe_says class goeson@knows.test)" '0 callout exists' 'the first goes on'
run timeout 10 "$bin/rcptprobe" -x
is "$code" 111 'an option that there is not'
run timeout 10 "$bin/rcptprobe" here
is "$code" 111 'and an argument'
run timeout 10 env RCPTCHECK_HOME="$work/nowhere" "$bin/rcptprobe"
is "$code" 111 'a home that there is not'
like "$err" 'run rcptbuild' 'and it says so'

# A new CDB
sleep 1.1
peer newer <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary newer.test "$port"
build
check nobody@newer.test
if [ "$(field why)" != callout ] || [ "$(probe_count nobody@newer.test)" -eq 0 ]; then
	diag "$err"
fi
sleep 1.1
check nobody2@newer.test
is "$code $(field why) $(probe_says class nobody2@newer.test)" '100 callout unknown' 'a new CDB is used after a second'
is "$(grep -c '^rcptprobe: a new rcptcheck.cdb$' "$probe_log")" 1 'which a line says, once'
cp "$cdb" "$work/good.cdb"
broken() { # NAME: what stands there as the new CDB is not taken
	sleep 1.1
	is "$(wire "$(question nobody3@newer.test)" | tail -n 1 | cut -c 1-8)" 01410002 "$1: the old one answers"
	wire "$(question nobody3@newer.test)" >/dev/null
	is "$(grep -c '^rcptprobe: the new rcptcheck.cdb is not taken, the old one stays in use: ' "$probe_log")" "$2" \
	    'and a line says so, once'
}
printf 'broken' >"$cdb.new"
chmod 644 "$cdb.new"
mv "$cdb.new" "$cdb"
broken 'a broken new CDB' 1
cp "$work/good.cdb" "$cdb.new"
mv "$cdb.new" "$cdb"
sleep 1.1
check nobody4@newer.test
is "$code $(probe_says class nobody4@newer.test)" '100 unknown' 'a good one again'
head -c $(($(wc -c <"$cdb") / 2)) "$cdb" >"$cdb.new"
mv "$cdb.new" "$cdb"
broken 'a cut one' 2
# Landlock: one that is elsewhere, for all to read
if grep -q 'no Landlock' "$probe_log"; then
	skip 3 'this system has no Landlock'
else
	mkdir -p "$work/outside"
	cp "$work/good.cdb" "$work/outside/rcptcheck.cdb"
	chmod 755 "$work/outside"
	chmod 644 "$work/outside/rcptcheck.cdb"
	cp "$work/good.cdb" "$cdb.new"
	mv "$cdb.new" "$cdb"
	sleep 1.1
	check nobody5@newer.test
	ln -s "$work/outside/rcptcheck.cdb" "$cdb.new"
	mv "$cdb.new" "$cdb"
	broken 'a symbolic link to one that is elsewhere' 3
	like "$(grep 'is not taken' "$probe_log" | tail -n 1)" 'permission' 'since it may not be opened'
fi
rm -f "$cdb"
cp "$work/good.cdb" "$cdb"

# What comes in at its socket
for message in '' 00 01 0151 0153ff 0258 015100 01510000000000 ffffffff 0141 0157 \
    "$(question "$(printf 'a%.0s' $(seq 1 600))@newer.test")" "$(question user@newer.test 1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7)" \
    "$(perl -e 'print "01" x 3000')"; do
	is "$(wire "$message" 2>&1)" '' "nonsense has no answer ($(printf %s "$message" | cut -c 1-20))"
done
is "$(wire "$(question user@elsewhere.test)")" 0144 'a domain that is not ours: ask yourself'
is "$(wire "$(question nodomain)")" 0144 'and a recipient without one'
like "$(wire 0153)" '^0154' 'its status'
grep -c 'a question was refused' "$probe_log" >"$work/refused.count"
is "$(cat "$work/refused.count")" 1 'a line says that nonsense came, once'
check stillthere@knows.test
is "$code $(probe_says class stillthere@knows.test)" '0 exists' 'and it goes on'

# More that connect and say nothing than it listens to
perl -MSocket -e '
	my @all;
	for (1 .. 150) {
		socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or die;
		connect $s, pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/probe.sock") or die;
		push @all, $s;
	}
	print "ready\n";
	close STDOUT;
	sleep 20' >"$work/silent.ready" &
echo $! >"$work/silent.pid"
await test -s "$work/silent.ready"
check silent1@knows.test
is "$code $(field why)" '0 callout' '150 who connect and say nothing: the verdict is right'
sleep 5
check silent2@knows.test
is "$code $(field probe) $(probe_says class silent2@knows.test)" '0  exists' 'they do not keep others out for long'
stop_pid "$work/silent.pid"

# The end
check ready@knows.test
launch waiting late@slow.test
sleep 0.7
quits=$(heard knows | grep -c '^C: QUIT')
started=$(now_ms)
stop_probe
ended=$(($(now_ms) - started))
is "$probe_code" 0 'SIGTERM: it ends with 0'
ok "at once ($ended ms)" test "$ended" -lt 8000
like "$(tail -n 1 "$probe_log")" '^rcptprobe: stopped$' 'and says so'
ok 'its socket is gone' test ! -e "$RCPTCHECK_HOME/run/probe.sock"
ok 'servers are told goodbye' await eval '[ "$(heard knows | grep -c "^C: QUIT")" -gt '"$quits ]"
result waiting
is "$code $(field why) $(field probe)" '0 callout it hung up' 'who waits asks directly'
is "$(cat "$work/probe.out")" '' 'nothing came from it on descriptor 1'
start_probe
kill -INT "$(probe_id)"
wait "$(probe_id)"
is $? 0 'SIGINT is as SIGTERM'
rm -f "$work/probe.pid"
start_probe
kill -HUP "$(probe_id)"
check afterhup@knows.test
is "$code $(probe_says class afterhup@knows.test)" '0 exists' 'SIGHUP is nothing to it'
stop_probe

# With -v
: >"$probe_log"
start_probe -v
check nobody.v@knows.test
for what in '> EHLO backup.example.net' '< 250 PIPELINING' '> RCPT TO:<nobody.v@knows.test>' '< 550 5.1.1 no such user'; do
	like "$(cat "$probe_log")" "^rcptprobe: 127\.0\.0\.1:$(cat "$work/knows.port") [0-9]+ $what\$" \
	    "-v has '$what', with its server and connection"
done
stop_probe

# A log that nobody reads
mkfifo "$work/full"
probe_log_before=$probe_log
perl -e 'sleep 120' <"$work/full" &
echo $! >"$work/reader.pid"
probe_log=$work/full
start_probe -v
forget
n=0
bad=0
worst=0
while [ $n -lt 250 ]; do
	n=$((n + 1))
	check "log$n@knows.test"
	[ "$code $(field why)$(field probe)" = '0 callout' ] || bad=$((bad + 1))
	[ "$ms" -le $worst ] || worst=$ms
done
is $bad 0 "250 answers with a log that nobody reads (the slowest: $worst ms)"
stop_probe
is "$probe_code" 0 'and it ends as ever'
stop_pid "$work/reader.pid"
probe_log=$probe_log_before

# run belongs to root
if [ "$(id -u)" -eq 0 ]; then
	chown root "$RCPTCHECK_HOME/run"
	run timeout 10 "$bin/rcptprobe"
	is "$code" 111 'the folder run is root'"'"'s: it does not start'
	like "$err" "^rcptprobe: $RCPTCHECK_HOME/run: belongs to root or root's group: chown it " 'and says what to do'
	chown nobody:root "$RCPTCHECK_HOME/run"
	run timeout 10 "$bin/rcptprobe"
	is "$code" 111 'nor when it is that of its group'
	chown nobody:nogroup "$RCPTCHECK_HOME/run"
else
	skip 3 'only root can lay root down'
fi

done_testing

