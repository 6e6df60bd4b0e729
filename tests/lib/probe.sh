# shellcheck shell=sh disable=SC2034,SC2154 # home.sh and the tests share these
# rcptprobe, real and fake, for a test that has sourced home.sh. It ends with the test.
#
#	start_probe [argument...]	starts it and waits for its socket; $probe_log has what it logs
#	stop_probe			SIGTERM; leaves $probe_code, how it ended
#	kill_probe			kill -9: its socket stays behind
#	probe_id			its process id
#	probe_says KEY [ADDRESS]	that key of its last line, or of the last about this address
#	probe_count [ADDRESS]		how many lines it has about answers, or about this address
#	check3 ADDRESS [command...]	check by this command, as a hook calls it: descriptor 0 is a file that can be
#					written, too; $in is what was
#	right NAME WHAT MOST [command...]	a yes and a no of knows.test, whose server is the peer "knows": right, the
#					log says WHAT of rcptprobe, within MOST ms. $serial is in the last address
#	launch NAME ADDRESS [command...]	a check in the background, by this command
#	result NAME			waits for it; leaves $code, $out, $err and $ms as check does
#	has_row ADDRESS			it is in the verdict cache
#	forget				the verdict cache is empty from here on
#	wire HEX...			says these messages to it, one connection each; prints what it answers,
#					in hex, a line for each message
#	question ADDRESS [CLIENT]	prints a question, for wire
#	fake_probe HOW			something else on its socket, see there; waits until it listens
#	stop_fake
#
# $limited runs a command under the memory limit that qmail has.
#
# As root it needs folders that are not root's, as INSTALL has them: those of nobody.

probe_log=$work/probe.log

# Sanitizers need more memory than any limit
limited=$work/limited
[ "${BUILD:-build}" != build/asan ] && limit='softlimit -m 3000000' || limit=
printf '#!/bin/sh\nexec %s "$@"\n' "$limit" >"$limited"
chmod 755 "$limited"

probe_folders() {
	[ "$(id -u)" -eq 0 ] || return 0
	chgrp -R nogroup "$RCPTCHECK_HOME/cache"
	chmod 2770 "$RCPTCHECK_HOME/cache"
	find "$RCPTCHECK_HOME/cache" -type f -exec chmod g+rw {} +
	chown nobody:nogroup "$RCPTCHECK_HOME/run"
}

start_probe() {
	probe_folders
	rm -f "$RCPTCHECK_HOME/run/probe.sock"
	# In its sandbox the sanitizers cannot look for leaks
	ASAN_OPTIONS=detect_leaks=0 "$bin/rcptprobe" "$@" </dev/null >"$work/probe.out" 2>>"$probe_log" &
	echo $! >"$work/probe.pid"
	await probe_listens || {
		echo "Bail out! rcptprobe does not start: $(tail -n 5 "$probe_log" 2>/dev/null)"
		exit 2
	}
}

# A connection that says nothing is nothing to it
probe_listens() {
	perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or exit 1;
		exit !connect $s, pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/probe.sock")'
}

probe_id() {
	cat "$work/probe.pid"
}

stop_probe() {
	stop_id=$(probe_id)
	rm -f "$work/probe.pid"
	kill "$stop_id"
	wait "$stop_id"
	probe_code=$?
}

kill_probe() {
	stop_id=$(probe_id)
	rm -f "$work/probe.pid"
	kill -9 "$stop_id"
	wait "$stop_id" 2>/dev/null
}

probe_lines() { # [ADDRESS]
	grep -F "rcptprobe: address=${1-}${1+ }" "$probe_log"
}

probe_says() {
	probe_key=$1
	shift
	probe_lines "$@" | tail -n 1 |
	    sed -n -e "s/.* $probe_key=\"\([^\"]*\)\".*/\1/p;t" -e "s/.* $probe_key=\([^ ]*\).*/\1/p"
}

probe_count() {
	probe_lines "$@" | wc -l
}

check3() {
	check3_address=$1
	shift
	: >"$work/in"
	started=$(now_ms)
	timeout -s KILL 20 env RECIPIENT="$check3_address" "$@" "$bin/rcptcheck" -v <>"$work/in" >"$work/out" 2>"$work/err"
	code=$?
	ms=$(($(now_ms) - started))
	in=$(cat "$work/in")
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}

serial=0
right() {
	right_name=$1
	right_what=$2
	right_most=$3
	shift 3
	for right_user in user nobody; do
		serial=$((serial + 1))
		check3 "$right_user$serial@knows.test" "$@"
		[ $right_user = user ] && right_code=0 || right_code=100
		is "$code $(field why) $(field host) $(field probe)" \
		    "$right_code callout 127.0.0.1:$(cat "$work/knows.port") $right_what" "$right_name: the $right_user is judged right"
		is "$in$out" '' 'nothing on descriptors 0 and 1'
		ok "in time ($ms ms)" test "$ms" -lt "$right_most"
		is "$(sqlite3 "$verdicts" "SELECT count(*) FROM account_cache WHERE address = '$right_user$serial@knows.test'")" 1 \
		    'and it is in the cache'
	done
}

launch() {
	launch_name=$1
	launch_address=$2
	shift 2
	now_ms >"$work/$launch_name.started"
	(exec timeout -s KILL 30 env RECIPIENT="$launch_address" "$@" "$bin/rcptcheck" -v </dev/null \
	    >"$work/$launch_name.out" 2>"$work/$launch_name.err") &
	echo $! >"$work/$launch_name.pid"
}

result() {
	read -r result_id <"$work/$1.pid"
	rm -f "$work/$1.pid"
	wait "$result_id"
	code=$?
	ms=$(($(now_ms) - $(cat "$work/$1.started")))
	out=$(cat "$work/$1.out")
	err=$(cat "$work/$1.err")
}

has_row() {
	[ "$(sqlite3 -cmd '.timeout 5000' "$verdicts" "SELECT count(*) FROM account_cache WHERE address = '$1'")" -eq 1 ]
}

forget() {
	[ ! -e "$verdicts" ] || sqlite3 -cmd '.timeout 5000' "$verdicts" 'DELETE FROM account_cache; DELETE FROM memory'
}

wire() {
	perl -MSocket -e '
		for my $hex (@ARGV) {
			socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or die;
			connect $s, pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/probe.sock") or die "connect: $!";
			send $s, pack("H*", $hex), 0;
			alarm 30;
			while (defined recv $s, my $answer, 5000, 0) {
				last if $answer eq "";
				print unpack("H*", $answer), "\n";
			}
		}' "$@"
}

question() {
	perl -e 'print unpack "H*", pack "CACNC/aa*", 1, "Q", 0, 20000, $ARGV[1] // "", $ARGV[0]' "$@"
}

# HOW, once it has a question:
#	asleep		nobody takes the connection
#	mute		never answers
#	waits		"wait" once a second, for ever
#	flood		"wait" as fast as it can, for ever
#	waits-mute	"wait", and then nothing
#	waits-hangup	"wait", and hangs up a second later
#	hangup		hangs up
#	early		hangs up before it
#	empty		an empty message
#	directly	"ask yourself"
#	yes, no		a good answer, of 192.0.2.9:25
#	HEX		this message
# What was asked goes to $work/fake.log, in hex.
fake_probe() {
	rm -f "$work/fake.ready" "$work/fake.log"
	rm -f "$RCPTCHECK_HOME/run/probe.sock"
	perl -MSocket -e '
		my ($how, $path, $ready, $log) = @ARGV;
		my $no = sub {
			my ($finding, $code, $enhanced, $text) = @_;
			return pack "CACCCCnq>q>C/aC/aC/aC/aC/a", 1, "A", $finding == 1, $finding, 7, 0, $code, 0, -1,
			    $enhanced, $text, "", "192.0.2.9:25", "";
		};
		my %say = (yes => $no->(1, 250, "2.1.5", "ok, says the fake"),
		    no => $no->(2, 550, "5.1.1", "no, says the fake"), empty => "", directly => "\1D");
		umask 0;
		socket my $listener, AF_UNIX, SOCK_SEQPACKET, 0 or die;
		bind $listener, pack_sockaddr_un($path) or die "bind: $!";
		listen $listener, 100;
		open my $file, ">", $ready or die;
		close $file;
		$SIG{CHLD} = "IGNORE";
		$SIG{PIPE} = "IGNORE";
		setpgrp;
		$SIG{TERM} = sub { $SIG{TERM} = "IGNORE"; kill TERM => -$$; exit };
		sleep 300 if $how eq "asleep";
		alarm 300;
		for (;;) {
			accept my $s, $listener or next;
			if ($how eq "early") { close $s; next }
			next if fork;
			$SIG{TERM} = "DEFAULT";
			alarm 60;
			recv $s, my $question, 5000, 0;
			open my $log_file, ">>", $log;
			syswrite $log_file, unpack("H*", $question) . "\n";
			if ($how eq "mute") { sleep 60 }
			elsif ($how eq "waits") { while (send $s, "\1W", 0) { sleep 1 } }
			elsif ($how eq "flood") {
				fork; fork;
				while (send $s, "\1W", 0) { }
			} elsif ($how eq "waits-mute") { send $s, "\1W", 0; sleep 60 }
			elsif ($how eq "waits-hangup") { send $s, "\1W", 0; sleep 1 }
			elsif ($how ne "hangup") { send $s, $say{$how} // pack("H*", $how), 0; sleep 1 }
			exit;
		}' "$1" "$RCPTCHECK_HOME/run/probe.sock" "$work/fake.ready" "$work/fake.log" &
	echo $! >"$work/fake.pid"
	await test -e "$work/fake.ready" || {
		echo "Bail out! the fake rcptprobe does not listen"
		exit 2
	}
}

stop_fake() {
	stop_pid "$work/fake.pid"
	rm -f "$RCPTCHECK_HOME/run/probe.sock"
}
