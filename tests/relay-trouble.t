#!/bin/sh
# relayd in trouble: no room on the disk, nonsense and silence on its socket, a database that is taken away or damaged
# under it. No user is kept from his mail, and who could relay still can.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/relay.sh

# Says each message on a connection of its own, and waits for what comes back
say() { # HEX...
	perl -MSocket -e '
		for my $hex (@ARGV) {
			socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or die;
			connect $s, pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/relay.sock") or die "connect: $!";
			send $s, pack("H*", $hex), 0;
			alarm 20;
			recv $s, my $answer, 5000, 0;
			print unpack("H*", $answer // ""), "\n";
		}' "$@"
}

# No room: no file may grow past some size. The sanitizers need such files themselves
if [ "${BUILD:-build}" = build ]; then
	start_relayd
	mark 192.0.2.1
	stop_relayd
	full=$work/full
	cat >"$full" <<-SCRIPT
		#!/bin/sh
		ulimit -f 96 # times 512 bytes: relay.db-shm has 32 KB from the start
		exec $bin/relayd
	SCRIPT
	chmod 755 "$full"
	"$full" </dev/null >/dev/null 2>>"$relayd_log" &
	echo $! >"$work/relayd.pid"
	await relayd_answers
	lost=
	for n in $(seq 1 250); do
		env TCPREMOTEIP="198.51.100.$n" USER="$(printf '%0200d' "$n")" RELAYMARK_WAIT=20 "$bin/relaymark" true 2>/dev/null || lost="$lost $n"
	done
	is "$lost" '' 'no room on the disk: the next program runs, each time'
	like "$(cat "$relayd_log")" 'relay.(db cannot be written|cdb): ' 'relayd says so'
	ok 'now and then' test "$(wc -l <"$relayd_log")" -le 10
	is "$(wrap 192.0.2.1)" "set to ''" 'who could relay still can'
	ok 'relayd goes on' kill -0 "$(relayd_id)"
	kill_relayd
	start_relayd
	mark 192.0.2.2
	is "$(wrap 192.0.2.2) $(wrap 192.0.2.1) $(rows 'PRAGMA integrity_check')" "set to '' set to '' ok" 'with room again all is well'
	stop_relayd
else
	skip 6 'the sanitizers need large files'
fi

# Nonsense
start_relayd
is "$(say 00 ff 014d 0144010000000000000007 '' 014d0100000000000000302e302e302e300061006200 \
    014d010000000000000031302e302e302e30 014d0000000000000000302e302e302e300061006200 2>&1 | grep .)" '' 'nonsense has no answer'
is "$(say 014d0100000000000000"$(printf '192.0.2.3\0joe\0say\0' | od -An -tx1 | tr -d ' \n')")" \
    014401000000000000000807000000000000 'a message that makes sense has one'
is "$(row 192.0.2.3)" '1|1800|joe|say' 'and is a login'
is "$(say 014d0100000000000000"$(printf '0.0.0.0\0joe\0say\0' | od -An -tx1 | tr -d ' \n')")$(rows "SELECT * FROM relay WHERE ip = '0.0.0.0'")" '' \
    'one for 0.0.0.0 makes no sense'

# More connections than it keeps, all silent
perl -MSocket -e '
	my @s;
	for (1 .. 990) {
		socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or last;
		connect $s, pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/relay.sock") or last;
		push @s, $s;
	}
	open my $f, ">", "$ARGV[0].$ARGV[1]"; close $f;
	sleep 60' "$work/silent" 1 &
echo $! >"$work/silent1.pid"
(
	sleep 0.1
	exec perl -MSocket -e '
	my @s;
	for (1 .. 990) {
		socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or last;
		connect $s, pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/relay.sock") or last;
		push @s, $s;
	}
	open my $f, ">", "$ARGV[0].$ARGV[1]"; close $f;
	sleep 60' "$work/silent" 2
) &
echo $! >"$work/silent2.pid"
await test -e "$work/silent.1"
await test -e "$work/silent.2"
perl -MSocket -e '
	for (1 .. 60) {
		socket $s[$_], AF_UNIX, SOCK_SEQPACKET, 0 or last;
		connect $s[$_], pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/relay.sock") or last;
	}
	sleep 60' &
echo $! >"$work/silent3.pid"
mark 192.0.2.4
is "$code $err $(row 192.0.2.4)" '0  1|1800|joe|checkpassword' 'two thousand that are silent keep nobody from being heard'
for n in 1 2 3; do
	stop_pid "$work/silent$n.pid"
done

# A user who may mark, and does so all the time, on many connections; and one whose marks are all refused
stop_relayd
start_relayd -a
flood() { # CONNECTIONS IP: of which each says as much as it can, until it is stopped
	as=
	[ "$(id -u)" -ne 0 ] || as='setpriv --reuid 65534 --regid 65534 --clear-groups'
	# shellcheck disable=SC2086 # words
	$as perl -MSocket -MFcntl -e '
		my ($count, $ip, $socket) = @ARGV;
		my (@s, @n);
		for (1 .. $count) {
			socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or die;
			connect $s, pack_sockaddr_un($socket) or die;
			fcntl $s, F_SETFL, O_NONBLOCK;
			push @s, $s;
			push @n, 0;
		}
		$| = 1;
		for (my $turn = 0;; $turn++) {
			my $any = 0;
			for my $i (0 .. $#s) {
				for (1 .. 400) {
					defined send $s[$i], pack("CaQ<", 1, "M", $n[$i] + 1) . "$ip\0u\0s\0", 0 or last;
					$n[$i]++;
					$any = 1;
				}
			}
			print "on\n" if $turn == 20;
			select undef, undef, undef, 0.001 unless $any;
		}' "$1" "$2" "$RCPTCHECK_HOME/run/relay.sock" >"$work/flood.out" 2>"$work/flood.err" &
	echo $! >"$work/flood.pid"
	await test -s "$work/flood.out" || diag "no flood: $(cat "$work/flood.err")"
}
for count in 1 60; do
	flood $count 192.0.2.200
	mark 198.51.100.$count
	is "$code $err $(row 198.51.100.$count)" '0  1|1800|joe|checkpassword' "$count connections on which marks never end: another is heard"
	ok 'while they go on' kill -0 "$(cat "$work/flood.pid")"
	stop_pid "$work/flood.pid"
done
before=$(wc -l <"$relayd_log")
flood 2 127.9.9.9
mark 198.51.100.3
sleep 1
stop_pid "$work/flood.pid"
is "$(row 198.51.100.3)" '1|1800|joe|checkpassword' 'marks that are refused'
is "$(tail -n +$((before + 1)) "$relayd_log" | grep -c 'mark refused ip=127.9.9.9')" 1 'are in the log, once' || diag "$(tail -n 5 "$relayd_log")"
ok 'and little else is' test "$(wc -l <"$relayd_log")" -le $((before + 3))
stop_relayd
start_relayd

# A socket is taken away: nobody could be heard
for socket in run/relay.sock relay/private/in/relay.sock; do
	id=$(relayd_id)
	rm "$work/relayd.pid" "$RCPTCHECK_HOME/$socket"
	ended() {
		! kill -0 "$id" 2>/dev/null
	}
	await ended || kill "$id"
	wait "$id"
	is "$?" 111 "$socket is taken away: relayd ends, to begin anew"
	like "$(tail -n 1 "$relayd_log")" "a socket was taken away.*$socket" 'and says why'
	start_relayd
done
mv "$RCPTCHECK_HOME/run/relay.sock" "$work/moved.sock"
id=$(relayd_id)
rm "$work/relayd.pid"
: >"$RCPTCHECK_HOME/run/relay.sock"
await ended || kill "$id"
wait "$id"
is "$?" 111 'or something else is in its place'
start_relayd

# relay.db is taken away, or damaged
id=$(relayd_id)
rm "$work/relayd.pid"
mv "$relay/relay.db" "$work/moved.db"
wait "$id"
is "$?" 111 'relay.db was moved away: relayd ends, to begin anew'
like "$(tail -n 1 "$relayd_log")" 'relay.db was taken away' 'and says why'
is "$(wrap 192.0.2.4)" "set to ''" 'who could relay still can'
rm -f "$relay"/relay.db-*
start_relayd
mark 192.0.2.5
is "$(wrap 192.0.2.5) $(rows 'SELECT count(*) FROM relay')" "set to '' 1" 'it begins with a new one'
rows "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
    INSERT INTO relay SELECT printf('10.0.%d.%d', i / 250, i % 250), 0, 0, 'x', 'y' FROM n; PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
id=$(relayd_id)
perl -e 'open F, "+<", $ARGV[0] or die; seek F, 4096, 0; print F "damage " x 10000' "$relay/relay.db"
ended=
for n in $(seq 1 50); do
	mark "192.0.2.$((n + 50))"
	[ "$code" -eq 0 ] || ended="$ended $n"
	kill -0 "$id" 2>/dev/null || break
done
is "$ended" '' 'relay.db is damaged while relayd runs: the next program runs, each time'
rm -f "$work/relayd.pid"
wait "$id"
is "$?" 111 'relayd ends, to begin anew'
start_relayd
ok 'the damaged one is put aside' test -e "$relay/relay.db.damaged"
mark 192.0.2.6
is "$(wrap 192.0.2.6)" "set to ''" 'and all goes on'

# A log that is full must not end what stands in front of a mail server
for program in relaymark relaywrap; do
	(ulimit -f 0 && exec env TCPREMOTEIP= "$bin/$program" true 2>"$work/limited")
	is $? 0 "$program: a limit on the size of files, and something to complain of"
done

# The strict door from a folder that we cannot come back to
if [ "$(id -u)" -eq 0 ]; then
	mkdir "$work/closed"
	chmod 700 "$work/closed"
	(cd "$work/closed" && TCPREMOTEIP=192.0.2.77 USER=joe RELAYMARK_WAIT=10000 "$bin/relaymark" -o \
	    setpriv --reuid 65533 --regid 65533 --clear-groups env TCPREMOTEIP=192.0.2.77 "$bin/relaymark" true) 2>"$work/closed.err"
	is "$(in_cdb 192.0.2.77)" OK 'a folder of a service that is closed: the login is told all the same' || diag "$(cat "$work/closed.err")"
	# Stopped, and others wait in front of it
	kill -STOP "$(relayd_id)"
	perl -MSocket -e '
		for (1 .. 1100) {
			socket my $s, AF_UNIX, SOCK_SEQPACKET | 2048, 0 or last;
			connect($s, sockaddr_un($ARGV[0])) or last;
			push @all, $s;
		}
		open my $done, ">", $ARGV[1]; close $done; sleep 60' "$RCPTCHECK_HOME/run/relay.sock" "$work/full" &
	echo $! >"$work/crowd.pid"
	await test -e "$work/full"
	run timeout 60 "$bin/relayage" 30
	is "$code" 111 'relayage does not wait for ever for a relayd that hangs'
	kill -CONT "$(relayd_id)"
	stop_pid "$work/crowd.pid"
else
	skip 2 'needs root'
fi

done_testing
