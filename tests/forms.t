#!/bin/sh
# rcptcheck -3 and -y, alone: codes, descriptors, signals and bad input. In front of a mail server: hook.t.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

peer known <<'SCRIPT'
rcpt *nobody*: 550 5.1.1 no such user
rcpt later*: 451 4.7.1 later
SCRIPT
primary main.test "$port"
primary warn.test "$port"
primary off.test "$port"
primary later.test "$port"
primary down.test "$(free_port)"
peer silent <<'SCRIPT'
rcpt: {silence}
SCRIPT
primary silent.test "$port"
sql "INSERT INTO domain_aliases VALUES ('dangling.test', 'nowhere.test');
    INSERT INTO always_accept VALUES ('nobody.listed@main.test');
    INSERT INTO settings VALUES ('mode', 'warn.test', 'warn');
    INSERT INTO settings VALUES ('mode', 'off.test', 'off');
    INSERT INTO settings VALUES ('on_unreachable', 'later.test', 'tempfail');
    INSERT INTO settings VALUES ('on_unreachable', 'silent.test', 'tempfail');
    INSERT INTO settings VALUES ('budget', NULL, '120s');
    INSERT INTO settings VALUES ('command_timeout', NULL, '100s')"
build

# What takes some 25 s runs beside the rest: spamdyke, which waits for 30 s and then takes whatever it finds in a
# variable, and an address that does not end.
"$bin/rcptcheck" -v -y silent.test longest 2>"$work/longest.err" </dev/null &
longest=$!
echo $longest >"$work/longest.pid"
mkfifo "$work/endless"
"$bin/rcptcheck" -3 3<>"$work/endless" 2>"$work/endless.err" </dev/null &
endless=$!
echo $endless >"$work/endless.pid"

# -3

three() { # ADDRESS [NAME=value...]
	three_address=$1
	shift
	printf '%s\0\0\0' "$three_address" >"$work/three"
	run env "$@" "$bin/rcptcheck" -3 -v 3<"$work/three" </dev/null
}
want_three() { # CODE-AND-WHY ADDRESS NAME [NAME=value...]
	want=$1 address=$2 name=$3
	shift 3
	three "$address" "$@"
	is "$code $(field why)" "$want" "-3: $name" || diag "$err"
	is "$out" '' 'nothing on descriptor 1'
}
want_three '0 callout' user@main.test 'a known user: 0'
want_three '1 callout' nobody@main.test 'an unknown user: 1'
like "$err" '^rcptcheck: address=nobody@main.test verdict=reject ' 'the log line'
want_three '1 cache' nobody@main.test 'from the cache too'
want_three '0 foreign' user@elsewhere.test 'a foreign domain: 0'
want_three '0 no-domain' user 'no domain: 0'
want_three '0 no-domain' '' 'an empty address: 0'
want_three '0 postmaster' postmaster@main.test 'postmaster: 0'
want_three '0 unreachable' user@down.test 'the primary is down: 0'
want_three '111 unreachable' later@later.test 'a temporary failure, where the setting asks for it: 111'
want_three '111 alias' user@dangling.test 'our own trouble: 111'
want_three '0 callout' nobody@warn.test 'mode is warn: 0'
want_three '0 relay' nobody@main.test 'a relay client: 0' RELAYCLIENT=
want_three '1 cache' nobody@main.test 'the variables of other forms say nothing here' RECIPIENT=user@main.test \
    SMTPRCPTTO=user@main.test USE_FD4=1
for break in - = +; do
	want_three '111 callout' "nobody$break@main.test" "an unknown user, $break at the end: 111"
	is "$(field note)" break-character 'the log says why'
	want_three '111 cache' "nobody$break@main.test" 'from the cache too'
	want_three '0 callout' "user$break@main.test" "a known user, $break at the end: 0"
	want_three '1 callout' "nobody${break}x@main.test" "an unknown user, $break inside: 1"
done

bad_three() { # NAME command...: all trouble is 111
	name=$1
	shift
	run "$@" </dev/null
	is "$code" 111 "-3: $name: 111"
	like "$err" 'verdict=tempfail why=usage' 'and the log says so'
}
bad_three 'descriptor 3 is closed' sh -c '"$1" -3 3<&-' sh "$bin/rcptcheck"
bad_three 'it is empty' sh -c '"$1" -3 3</dev/null' sh "$bin/rcptcheck"
bad_three 'a folder' sh -c '"$1" -3 3</' sh "$bin/rcptcheck"
bad_three 'it has no NUL' sh -c 'printf nobody@main.test | "$1" -3 3<&0 </dev/null' sh "$bin/rcptcheck"
bad_three 'more than an address can be' sh -c 'printf "%02000d@main.test\0\0\0" 0 | "$1" -3 3<&0 </dev/null' sh "$bin/rcptcheck"
bad_three 'an argument' sh -c 'printf "nobody@main.test\0\0\0" | "$1" -3 nobody@main.test 3<&0 </dev/null' sh "$bin/rcptcheck"
bad_three 'an unknown option' sh -c 'printf "nobody@main.test\0\0\0" | "$1" -3q 3<&0 </dev/null' sh "$bin/rcptcheck"
run sh -c '(printf nobody@main; sleep 0.2; printf ".test\0"; sleep 0.2; printf "\0\0") | "$1" -3 3<&0 </dev/null' sh "$bin/rcptcheck"
is "$code" 1 '-3: an address in pieces'
perl -MPOSIX -e '
	$^F = 255;
	$SIG{PIPE} = "IGNORE";
	pipe my $r, my $w or die;
	my $pid = fork;
	if ($pid == 0) { close $w; POSIX::dup2(fileno $r, 3); exec @ARGV; POSIX::_exit(99) }
	close $r;
	my $text = "nobody\@main.test\0" . "password\0" x 50000;
	my ($all, $n) = (0, 0);
	$all += $n while ($n = syswrite $w, $text, length $text, $all) && $all + $n < length $text;
	close $w;
	waitpid $pid, 0;
	print $? >> 8, " ", $? & 127, defined $n ? " written" : " cut"' "$bin/rcptcheck" -3 >"$work/rest" 2>"$work/err"
is "$(cat "$work/rest")" '1 0 written' '-3: what is behind the address is read to its end'

# Descriptors 0 and 1 are the client's socket
echo 'RSET' >"$work/client"
sh -c '"$1" -3 3<"$2"; cat' sh "$bin/rcptcheck" "$work/three" <"$work/client" >"$work/out" 2>"$work/err"
is "$(cat "$work/out")" RSET '-3: reads nothing from 0 and writes nothing on 1'
for redirections in '0<&-' '1>&-' '2>&-' '4>&-' '0<&- 1>&- 2>&- 4>&-'; do
	printf 'nobody@main.test\0\0\0' >"$work/three"
	eval "\"\$bin/rcptcheck\" -3 3<\"\$work/three\" $redirections" >/dev/null 2>&1 </dev/null
	is $? 1 "-3 with $redirections"
done

# Signals while it waits for descriptor 3, and for a server
mkfifo "$work/fifo"
for signal in TERM HUP INT QUIT SEGV BUS FPE ILL ABRT ALRM XCPU SYS TRAP; do
	"$bin/rcptcheck" -3 3<"$work/fifo" 2>"$work/err" </dev/null >/dev/null &
	pid=$!
	exec 7>"$work/fifo"
	await eval "[ \"\$(readlink /proc/$pid/exe)\" = \"\$(readlink -f \"\$bin/rcptcheck\")\" ]"
	await grep -q '^SigBlk:.*[1-9a-f]' /proc/$pid/status
	kill -s $signal $pid
	wait $pid
	is $? 111 "-3: SIG$signal while it reads: 111, not a death that means unknown"
	exec 7>&-
done
for form in three:111 spamdyke:0; do
	for signal in TERM SEGV ALRM PIPE XFSZ USR1; do
		user=${form%:*}.$signal
		case $form in
		three:*)
			printf '%s@silent.test\0\0\0' "$user" >"$work/three"
			"$bin/rcptcheck" -3 3<"$work/three" 2>"$work/err" </dev/null >/dev/null & ;;
		*)
			"$bin/rcptcheck" -v -y silent.test "$user" 2>"$work/err" </dev/null >/dev/null & ;;
		esac
		pid=$!
		await eval "heard silent | grep -q 'RCPT TO:<$user@'"
		kill -s $signal $pid
		case $signal in
		PIPE | XFSZ | USR1) # passed over
			sleep 0.05
			kill -s TERM $pid ;;
		esac
		wait $pid
		is $? "${form#*:}" "${form%:*}: SIG$signal while it waits: ${form#*:}"
	done
done

# -y

want_y() { # CODE-AND-WHY NAME ARGUMENT...
	want=$1 name=$2
	shift 2
	run "$bin/rcptcheck" -v -y "$@" </dev/null
	is "$code $(field why)" "$want" "-y: $name" || diag "$err"
	is "$out" '' 'nothing on descriptor 1'
}
want_y '1 callout' 'a known user: 1' main.test user.y
want_y '1 cache' 'from the cache too' main.test user.y
want_y '2 callout' 'an unknown user: 2' main.test nobody.y
want_y '2 cache' 'from the cache too' main.test nobody.y
want_y '1 listed' 'always_accept: 1' main.test nobody.listed
want_y '1 postmaster' 'postmaster: 1' main.test postmaster
want_y '0 foreign' 'a foreign domain: 0' elsewhere.test user
want_y '0 no-domain' 'what is no domain: 0' '[192.0.2.1]' user
want_y '0 unreachable' 'the primary is down: 0' down.test user
want_y '0 unreachable' 'a temporary failure: 0' later.test later
want_y '0 alias' 'our own trouble: 0' dangling.test user
want_y '0 callout' 'mode is warn: 0' warn.test nobody.warned
want_y '0 off' 'mode is off: 0' off.test nobody
for local in 'nobody,x' 'nobody x' 'nobody"x' 'nobody\x' 'nobody@x'; do
	want_y '0 callout' "it was quoted, so that blanks may be gone: $local" main.test "$local"
	is "$(field note)" quoted 'the log says why'
	want_y '0 cache' 'from the cache too' main.test "$local"
done
want_y '2 callout' 'a local part like an option' main.test -nobody
want_y '0 foreign' 'a domain like an option' -b user
for arguments in '' main.test 'main.test user more' 'main@x.test user'; do
	# shellcheck disable=SC2086 # words
	want_y '0 usage' "wrong arguments: '$arguments'" $arguments
done
run "$bin/rcptcheck" -b -v -y main.test nobody.y </dev/null
is "$code $(field why)" '0 usage' '-y with another form'
run env RELAYCLIENT= "$bin/rcptcheck" -v -y main.test nobody.y </dev/null
is "$code $(field why)" '0 relay' '-y: a relay client'
mv "$cdb" "$cdb.away"
want_y '0 cdb' 'no CDB: 0' main.test nobody.y
three nobody@main.test
is "$code $(field why)" '111 cdb' '-3: no CDB: 111'
mv "$cdb.away" "$cdb"

# Its standard input is a pipe that stays open and empty
mkfifo "$work/never"
exec 7<>"$work/never"
run "$bin/rcptcheck" -y main.test nobody.y <"$work/never"
is "$code" 2 '-y: does not read standard input'
is "$err" '' 'and does not log where nobody reads'
exec 7>&-
for redirections in '0<&-' '1>&-' '2>&-' '0<&- 1>&- 2>&- 4>&-'; do
	eval "\"\$bin/rcptcheck\" -y main.test nobody.y $redirections" >/dev/null 2>&1 </dev/null
	is $? 2 "-y with $redirections"
done

wait $endless
is "$?" 111 '-3: an address that does not come: 111'
like "$(cat "$work/endless.err")" 'verdict=tempfail why=deadline' 'and the log says so'
wait $longest
is "$?" 0 '-y: a server that says nothing, and a budget of 120 s: 0'
like "$(cat "$work/longest.err")" 'why=deadline' 'long before that, by the alarm'

rm -f "$work/longest.pid" "$work/endless.pid"

done_testing
