#!/bin/sh
# rcptcheck from outside: its forms, exit codes, descriptors, signals, addresses and settings. What
# servers answer is callout.t's, the verdict cache cache.t's.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

peer known <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt *nobody*: 550 5.1.1 no such user
rcpt later*: 451 4.7.1 later
SCRIPT
known=$port
peer silent <<'SCRIPT'
rcpt: {silence}
SCRIPT
silent=$port
closed=$(free_port)

primary main.test "$known"
primary silent.test "$silent"
primary later.test "$known"
primary down.test "$closed"
primary warn.test "$known"
primary off.test "$known"
primary münchen.test "$known"
primary label "$known"
sql "INSERT INTO domain_aliases VALUES ('alias.test', 'main.test');
    INSERT INTO domain_aliases VALUES ('labelled.test', 'label');
    INSERT INTO domain_aliases VALUES ('dangling.test', 'nowhere.test');
    INSERT INTO domain_aliases VALUES ('warnalias.test', 'warn.test');
    INSERT INTO domain_aliases VALUES ('strict.test', 'warn.test');
    INSERT INTO always_accept VALUES ('nobody.listed@main.test');
    INSERT INTO always_accept VALUES ('@listed.test');
    INSERT INTO domain_ips (domain, ip, port) VALUES ('listed.test', '127.0.0.1', $closed);
    INSERT INTO settings VALUES ('mode', 'warn.test', 'warn');
    INSERT INTO settings VALUES ('mode', 'strict.test', 'enforce');
    INSERT INTO settings VALUES ('mode', 'off.test', 'off');
    INSERT INTO settings VALUES ('on_unreachable', 'later.test', 'tempfail');
    INSERT INTO settings VALUES ('on_unreachable', 'silent.test', 'tempfail');
    INSERT INTO settings VALUES ('budget', NULL, '3s')"
build

# Who is whose business

verdict user@main.test '0 callout' 'a known user: 0'
like "$err" "^rcptcheck: address=user@main.test verdict=accept why=callout host=127.0.0.1:$known reply=\"250 ok\" class=exists .*ms=[0-9]+$" 'the line says all of it'
verdict nobody@main.test '100 callout' 'an unknown user: 100'
like "$err" "^rcptcheck: address=nobody@main.test verdict=reject why=callout host=127.0.0.1:$known reply=\"550 5.1.1 no such user\" class=unknown .*ms=[0-9]+$" 'the line says all of it'
verdict later@later.test '111 unreachable' 'a temporary failure, where the setting asks for it: 111'
verdict user@down.test '0 unreachable' 'the primary is down: 0'
verdict user@elsewhere.test '0 foreign' 'a foreign domain: 0'
verdict user@sub.main.test '0 foreign' 'a subdomain of ours is foreign'
verdict user@test '0 foreign' 'so is a parent'
verdict user@label '0 foreign' 'a main name that is only a label is no recipient domain'
verdict nobody.two@MAIN.Test '100 callout' 'domains compare without case'
verdict nobody@alias.test '100 callout' 'an alias is checked at the servers of its domain'
like "$(heard known)" 'RCPT TO:<nobody@alias.test>' 'and asked as it was given'
verdict nobody@labelled.test '100 callout' 'an alias of a label too'
verdict user@dangling.test '111 alias' 'an alias of nothing: 111'
verdict nobody@xn--mnchen-3ya.test '100 callout' 'an A-label finds the row with the U-label'
verdict nobody.two@münchen.test '100 callout' 'and so does the U-label'
like "$(heard known)" 'RCPT TO:<nobody.two@xn--mnchen-3ya.test>' 'which is asked as A-label'
before=$(connections known)
verdict postmaster@main.test '0 postmaster' 'postmaster is not asked about'
verdict PostMaster@down.test '0 postmaster' 'in any case'
is "$(connections known)" "$before" 'really not'
verdict nobody.listed@main.test '0 listed' 'always_accept, an address'
verdict nobody.listed@MAIN.test '0 listed' 'its domain in any case'
verdict user@listed.test '0 listed' 'always_accept, a domain'
verdict nobody@warn.test '0 callout' 'mode=warn accepts'
is "$(field note)" would-reject 'and says what would have been'
verdict nobody@warn.test '0 cache' 'from the cache too'
is "$(field note)" would-reject 'and says what would have been'
verdict nobody@warnalias.test '0 callout' "a main domain's settings hold for its aliases"
verdict nobody@strict.test '100 callout' 'unless they have their own'
before=$(connections known)
verdict nobody@off.test '0 off' 'mode=off accepts'
is "$(connections known)" "$before" 'and asks nobody'
RELAYCLIENT=''
export RELAYCLIENT
verdict nobody@main.test '0 relay' 'RELAYCLIENT set, though empty: 0'
unset RELAYCLIENT

# How it is called

run env RECIPIENT=nobody@main.test "$bin/rcptcheck" -v user@main.test
is "$code $(field address)" '0 user@main.test' 'an argument wins over RECIPIENT'
run "$bin/rcptcheck" user@main.test -v
is "$code $(field address)" '0 user@main.test' 'an option may stand behind it'
run env SENDER=me@client.test TCPREMOTEIP=192.0.2.9 RECIPIENT=user@main.test "$bin/rcptcheck" -v
like "$err" 'client=192.0.2.9 sender=me@client.test' 'sender and client are logged'
run "$bin/rcptcheck"
is "$code" 111 'neither address nor RECIPIENT: 111'
like "$err" 'why=usage' 'and the log says so'
for arguments in '-x' '-3' 'a@b c@d' '-b a@b' '-bs'; do
	# shellcheck disable=SC2086 # words
	run env RECIPIENT=user@main.test "$bin/rcptcheck" $arguments </dev/null
	is "$code" 111 "rcptcheck $arguments: 111"
	like "$err" 'why=usage' 'and the log says so'
done
run env -i RCPTCHECK_HOME="$RCPTCHECK_HOME" RECIPIENT=nobody@main.test "$bin/rcptcheck"
is "$code" 100 'an otherwise empty environment'
run env -i "$bin/rcptcheck"
is "$code" 111 'an empty environment: 111'
run env -i "$bin/rcptcheck" user@main.test
is "$code $out" "111 " 'no home of ours: 111' # where conf-home holds none
(cd / && exec env -i RCPTCHECK_HOME="$RCPTCHECK_HOME" RECIPIENT=nobody@main.test "$bin/rcptcheck") 2>"$work/err"
is $? 100 'from another directory'
long=$(awk 'BEGIN { for (i = 0; i < 5000; i++) printf "/x" }')
RECIPIENT=user@main.test RCPTCHECK_HOME=$long "$bin/rcptcheck" 2>"$work/err"
is $? 111 'a home with an endless name: 111'

# The log

RECIPIENT=user@main.test "$bin/rcptcheck" 2>"$work/err"
like "$(cat "$work/err")" 'verdict=accept' 'log=all logs all'
run env RCPTCHECK_LOG=reject RECIPIENT=user@main.test "$bin/rcptcheck"
is "$err" '' 'RCPTCHECK_LOG=reject: no line for an accepted address'
run env RCPTCHECK_LOG=reject RECIPIENT=nobody@main.test "$bin/rcptcheck"
like "$err" 'verdict=reject' 'but for a rejected one'
run env RCPTCHECK_LOG=trouble RECIPIENT=nobody@main.test "$bin/rcptcheck"
is "$code $err" '100 ' 'RCPTCHECK_LOG=trouble: none'
run env RCPTCHECK_LOG=trouble RECIPIENT=user@down.test "$bin/rcptcheck"
like "$err" 'why=unreachable' 'but for an unreachable server'
run env RECIPIENT=nobody@main.test "$bin/rcptcheck" -vv
is "$(printf '%s\n' "$err" | wc -l)" 1 'from the cache, -vv has nothing to add'
run env RECIPIENT=nobody.vv@main.test "$bin/rcptcheck" -vv
like "$err" '> RCPT TO:<nobody.vv@main.test>' '-vv shows what is sent'
like "$err" '< 550 5.1.1 no such user' 'and what is answered'

# Descriptors 0 and 1 are the client's

for address in user@main.test nobody@main.test user@down.test user@elsewhere.test user@dangling.test; do
	{ echo 'a pipelined command'; } >"$work/in"
	exec 7<"$work/in"
	RECIPIENT=$address "$bin/rcptcheck" -vv <&7 2>/dev/null >"$work/out"
	cat <&7 >"$work/left"
	exec 7<&-
	is "$(wc -c <"$work/out")" 0 "$address: nothing on descriptor 1"
	is "$(cat "$work/left")" 'a pipelined command' 'descriptor 0 is not read'
done
check 'user3@main.test' | cat >"$work/out"
is "$(cat "$work/out")" '' 'nothing arrives in a pipe either'

# A descriptor that was closed is no socket's or file's place
closed_descriptors() { # ADDRESS WANT NAME
	for redirections in '0<&-' '1>&-' '2>&-' '0<&- 1>&-' '0<&- 2>&-' '1>&- 2>&-' '0<&- 1>&- 2>&-' \
	    '4<&-' '0<&- 4<&-' '0<&- 1>&- 4<&-' '1>&- 4<&-' '2>&- 4<&-' '0<&- 2>&- 4<&-' \
	    '1>&- 2>&- 4<&-' '0<&- 1>&- 2>&- 4<&-'; do
		eval "RECIPIENT=$1 USE_FD4=1 \"\$bin/rcptcheck\" -v </dev/null 3>/dev/null 4>/dev/null $redirections" \
		    >"$work/shell" 2>&1
		is $? "$2" "$3 with $redirections"
	done
}
closed_descriptors nobody.closed@main.test 100 'an unknown user'
closed_descriptors user.closed@main.test 0 'a known user'
"$bin/rcptcache" forget nobody.closed@main.test >/dev/null
closed_descriptors nobody.closed@main.test 100 'an unknown user'
for redirections in '0<&-' '0<&- 1>&-' '0<&- 1>&- 2>&-' '0<&- 1>&- 2>&- 4<&-'; do
	"$bin/rcptcache" forget nobody.closed@main.test >/dev/null
	eval "RECIPIENT=nobody.closed@main.test \"\$bin/rcptcheck\" </dev/null 3>/dev/null 4>/dev/null $redirections" \
	    >"$work/shell" 2>&1
	is $? 100 "asked, not cached, with $redirections"
done
# Nothing to plug them with: no descriptor is left; or there is no /dev/null, where a pipe does as well
if [ "${BUILD:-build}" = build/asan ]; then
	skip 1 'a program that is not static needs descriptors to start'
else
	run sh -c 'ulimit -n 3; exec "$1" nobody.closed@main.test' sh "$bin/rcptcheck" </dev/null
	is "$code $err" '111 rcptcheck: verdict=tempfail why=descriptors' 'no descriptor is left: 111, and the log says why'
fi
if [ "$(id -u)" != 0 ] || [ "${BUILD:-build}" = build/asan ]; then
	skip 4 'only root can change the root folder, to start a static program there'
else
	mkdir "$work/jail"
	cp "$bin/rcptcheck" "$work/jail"
	cp -a "$RCPTCHECK_HOME" "$work/jail/home"
	while read -r user want; do
		run env RCPTCHECK_HOME=/home chroot "$work/jail" /rcptcheck -v "$user.closed@main.test"
		is "$code $(field why)" "$want" "no /dev/null: $user"
	done <<-'TABLE'
		nobody 100 cache
		user 0 cache
	TABLE
	RECIPIENT=nobody.closed@main.test RCPTCHECK_HOME=/home chroot "$work/jail" /rcptcheck 0<&- 1>&- 2>&-
	is $? 100 'and the descriptors are closed'
	RECIPIENT=user.closed@main.test RCPTCHECK_HOME=/home chroot "$work/jail" /rcptcheck -s 0<&- 2>&- >"$work/out"
	is "$? $(cat "$work/out")" '0 250 2.1.5 ok' 'what is said on 1 is said'
fi
is "$(sqlite3 "$verdicts" 'PRAGMA integrity_check')" ok 'the cache took no harm from it'
ok "and neither did the CDB" "$bin/rcptcheck" user.closed@main.test 2>/dev/null

# Descriptor 4

fd4() { # ADDRESS
	: >"$work/four"
	RECIPIENT=$1 USE_FD4=1 "$bin/rcptcheck" -v 2>"$work/err" </dev/null 4>&1 >/dev/null | cat >"$work/four"
}
fd4_code() { # ADDRESS: the exit code, with a pipe on 4
	perl -MPOSIX -e '
		$^F = 255; # descriptors stay open over exec
		pipe my $r, my $w or die;
		my $pid = fork;
		if ($pid == 0) { close $r; POSIX::dup2(fileno $w, 4); exec @ARGV; POSIX::_exit(99) }
		close $w;
		waitpid $pid, 0;
		local $/;
		my $text = <$r> // "";
		print $? >> 8, " ", $? & 127, " ", $text' env USE_FD4=1 RECIPIENT="$1" "$bin/rcptcheck" 2>"$work/err"
}
fd4 nobody@main.test
like "$(cat "$work/four")" '^550 5\.1\.1 ' 'a pipe on 4: the words for a reject'
is "$(wc -l <"$work/four")" 1 'one line'
unlike "$(cat "$work/four")" 'no such user$' "not the primary's words"
like "$(fd4_code nobody@main.test)" '^100 0 550 5\.1\.1 ' 'and exit 100'
like "$(fd4_code later@later.test)" '^100 0 451 4\.4\.3 ' 'a temporary failure for this recipient: 451 and exit 100'
like "$(fd4_code user@dangling.test)" '^100 0 451 4\.4\.3 ' 'our own trouble too'
is "$(fd4_code user@main.test)" '0 0 ' 'accept: nothing, and exit 0'
is "$(fd4_code user@elsewhere.test)" '0 0 ' 'foreign: nothing, and exit 0'
: >"$work/four"
RECIPIENT=nobody@main.test "$bin/rcptcheck" 2>/dev/null </dev/null 4>&1 >/dev/null | cat >"$work/four"
is "$(cat "$work/four")" '' 'without USE_FD4 nothing is written'
: >"$work/four"
RECIPIENT=nobody@main.test USE_FD4=2 "$bin/rcptcheck" 2>/dev/null </dev/null 4>&1 >/dev/null | cat >"$work/four"
is "$(cat "$work/four")" '' 'nor with another value'
for address in nobody@main.test:100 later@later.test:111 user@main.test:0; do
	: >"$work/four"
	RECIPIENT=${address%:*} USE_FD4=1 "$bin/rcptcheck" 2>/dev/null </dev/null 4>"$work/four"
	is "$? $(cat "$work/four")" "${address#*:} " "a file on 4 is ignored: $address"
	RECIPIENT=${address%:*} USE_FD4=1 "$bin/rcptcheck" 2>/dev/null </dev/null 4<&-
	is $? "${address#*:}" "4 closed is ignored: $address"
	: | RECIPIENT=${address%:*} USE_FD4=1 "$bin/rcptcheck" 2>/dev/null 4<&0 </dev/null
	is $? "${address#*:}" "the reading end of a pipe on 4 is ignored: $address"
done
pipe_trouble() { # full|broken
	perl -MPOSIX -MFcntl -e '
		my $how = shift;
		$^F = 255; # descriptors stay open over exec
		pipe my $r, my $w or die;
		my $flags = fcntl $w, F_GETFL, 0;
		if ($how eq "full") {
			fcntl $w, F_SETFL, $flags | O_NONBLOCK;
			1 while syswrite $w, "x" x 4096;
			1 while syswrite $w, "x";
			fcntl $w, F_SETFL, $flags;
		} else {
			close $r;
			$SIG{PIPE} = $how eq "broken" ? "DEFAULT" : "IGNORE";
		}
		my $pid = fork;
		if ($pid == 0) { POSIX::dup2(fileno $w, 4); exec @ARGV; POSIX::_exit(99) }
		waitpid $pid, 0;
		print $? >> 8, " ", $? & 127' "$1" env USE_FD4=1 RECIPIENT="$2" "$bin/rcptcheck" 2>"$work/err"
}
for how in full broken ignored; do
	is "$(pipe_trouble $how nobody@main.test)" '111 0' "4 is a pipe that takes nothing ($how): 111"
	is "$(pipe_trouble $how later@later.test)" '111 0' 'for a temporary failure too'
	is "$(pipe_trouble $how user@main.test)" '0 0' 'and 0 for a known user'
done

# qmail-spp

spp() { # ADDRESS [NAME=value...]
	address=$1
	shift
	run env SMTPRCPTTO="$address" SMTPMAILFROM=me@client.test SMTPHELOHOST=client SMTPRCPTHOSTSOK=1 "$@" \
	    "$bin/rcptcheck" 0<&-
}
spp nobody@main.test
like "$code $out" '^0 E550 5\.1\.1 ' 'spp: E550 and exit 0 for an unknown user'
spp user@main.test
is "$code $out" '0 ' 'nothing for a known one'
spp later@later.test
like "$code $out" '^0 E451 4\.4\.3 ' 'E451 for a temporary failure'
spp user@dangling.test
like "$code $out" '^0 E451 4\.4\.3 ' 'and for our own trouble'
is "$(wc -l <"$work/out")" 1 'one line, ended'
spp nobody@main.test SMTPRCPTHOSTSOK=0
is "$code $out" '0 ' 'nothing for what is not in rcpthosts'
spp nobody@main.test RELAYCLIENT=
is "$code $out" '0 ' 'nothing for a relay client'
spp user@main.test RECIPIENT=nobody@main.test
is "$code $out" '100 ' 'RECIPIENT wins over SMTPRCPTTO, the exit code tells'
SMTPRCPTTO=nobody@main.test "$bin/rcptcheck" >/dev/full 2>"$work/err"
code=$?
ok "spp: an answer that can't be written is no silent yes (exit $code)" test $code -ne 0

# -s

for line in '100 550 5\.1\.1 nobody' '0 250 user'; do
	want=${line% *} name=${line##* }
	run "$bin/rcptcheck" -s "$name@main.test"
	like "$code $out" "^$want " "-s prints the reply for $name"
	is "$(wc -l <"$work/out")" 1 'one line'
done
run "$bin/rcptcheck" -s later@later.test
like "$code $out" '^111 451 4\.4\.3 ' '-s prints a 451'
"$bin/rcptcheck" -s nobody@main.test >/dev/full 2>"$work/err"
is $? 111 "-s that can't print: 111"

# Signals

run env --block-signal=ALRM,TERM,PIPE --ignore-signal=ALRM,PIPE,TERM,CHLD RECIPIENT=slow@silent.test "$bin/rcptcheck" -v
is "$code $(field why)" '111 unreachable' 'signals blocked and ignored: it ends by itself'
ok 'within its budget' test "$ms" -lt 15000
run env --default-signal=PIPE RECIPIENT=nobody.pipe@main.test "$bin/rcptcheck"
is "$code" 100 'SIGPIPE in its default state'
run env --ignore-signal=PIPE RECIPIENT=nobody.pipe2@main.test "$bin/rcptcheck"
is "$code" 100 'SIGPIPE ignored'
for signal in HUP INT QUIT SEGV BUS FPE ILL ABRT ALRM XCPU SYS TRAP TERM; do
	before=$(connections silent)
	RECIPIENT=$signal@silent.test "$bin/rcptcheck" 2>"$work/err" </dev/null >/dev/null &
	pid=$!
	await eval "[ \$(heard silent | grep -c 'RCPT TO:<$signal@') -gt 0 ]"
	kill -s $signal $pid
	wait $pid
	is $? 111 "SIG$signal while it waits: 111"
done
like "$(cat "$work/err")" '^rcptcheck: verdict=tempfail why=signal$' 'and the log says so'
: >"$work/whole"
env --block-signal=TERM,ALRM RECIPIENT=blocked@silent.test "$bin/rcptcheck" 2>"$work/err" <"$work/whole" >"$work/out" &
pid=$!
await eval "heard silent | grep -q 'RCPT TO:<blocked@'"
if [ -e /proc/$pid/fd/0 ]; then
	is "$(readlink /proc/$pid/fd/0 /proc/$pid/fd/1 | tr '\n' ' ')" '/dev/null /dev/null ' 'descriptors 0 and 1 are /dev/null while it waits'
else
	skip 1 'no /proc here'
fi
kill $pid
wait $pid
is $? 111 'SIGTERM, blocked by the parent: 111'
like "$(cat "$work/err")" 'why=signal' 'and at once'
run perl -MFcntl -e '
	pipe my $r, my $w or die;
	my $flags = fcntl $w, F_GETFL, 0;
	fcntl $w, F_SETFL, $flags | O_NONBLOCK;
	1 while syswrite $w, "x" x 4096;
	1 while syswrite $w, "x";
	fcntl $w, F_SETFL, $flags;
	open STDERR, ">&", $w;
	exit(system(@ARGV) >> 8)' env RECIPIENT=user@main.test "$bin/rcptcheck" -v
ok "a log that nobody drains (exit $code) holds it up no longer than its budget" test "$ms" -lt 15000
ok 'and makes no reject' test "$code" -ne 100
mkfifo "$work/pipe"
cat "$work/pipe" >"$work/four" &
reader=$!
RECIPIENT=stop@silent.test USE_FD4=1 "$bin/rcptcheck" 2>"$work/err" </dev/null 4>"$work/pipe" >/dev/null &
pid=$!
await eval "heard silent | grep -q 'RCPT TO:<stop@'"
kill $pid
wait $pid
is $? 100 'with a pipe on 4 the exit code is that for a line'
wait $reader
like "$(cat "$work/four")" '^451 4\.4\.3 ' 'and the way out writes it'

RECIPIENT=others@silent.test "$bin/rcptcheck" 2>"$work/err" </dev/null >/dev/null &
pid=$!
await eval "heard silent | grep -q 'RCPT TO:<others@'"
for signal in PIPE XFSZ USR1 USR2 VTALRM PROF CHLD WINCH URG CONT; do
	kill -s $signal $pid 2>/dev/null
done
wait $pid
is $? 111 'and no other signal ends it in another way'

# Odd addresses: nothing unclean on a wire or in a log

# shellcheck disable=SC2034 # used by eval
{
tab=$(printf '\t')
cr=$(printf 'a\rRSET b@main.test')
lf=$(printf 'a\nRSET\nb@main.test')
crlf=$(printf 'a>\r\nNOOP\r\nRCPT TO:<user@main.test')
escape=$(printf '\033[2Ja@main.test')
del=$(printf 'a\177b@main.test')
latin=$(printf 'm\374ller@main.test')
utf8=$(printf 'm\303\274ller@main.test')
local64=$(awk 'BEGIN { for (i = 0; i < 64; i++) printf "x" }')
local900=$(awk 'BEGIN { for (i = 0; i < 890; i++) printf "x" }')
domain900=$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "xx." }')test
}
while IFS='	' read -r want wire name address; do
	eval "address=$address"
	# shellcheck disable=SC2154 # by eval
	verdict "$address" "$want" "$name"
	is "$(printf '%s\n' "$err" | wc -l)" 1 'one line of log'
	is "$(LC_ALL=C tr -d '\040-\176\n' <"$work/err" | wc -c)" 0 'printable ASCII alone'
	# shellcheck disable=SC2154
	[ "$wire" = - ] || ok "RCPT TO:<$wire>" grep -qF "RCPT TO:<$wire>" "$work/known.log"
done <<'TABLE'
0 no-domain	-	empty	""
0 no-domain	-	no domain	nobody
0 no-domain	-	empty domain	nobody@
0 no-domain	-	space for a domain	'nobody@ '
0 no-domain	-	a domain with a NUL's neighbours	'nobody@main.test>'
0 no-domain	-	900 bytes of domain	"nobody@$domain900"
0 unsafe	-	empty local part	@main.test
0 unsafe	-	CR in it	"$cr"
0 unsafe	-	LF in it	"$lf"
0 unsafe	-	a whole dialogue in it	"$crlf"
0 unsafe	-	TAB in it	"a${tab}b@main.test"
0 unsafe	-	escape sequence	"$escape"
0 unsafe	-	DEL	"$del"
0 unsafe	-	8 bit, no UTF-8	"$latin"
100 callout	-	UTF-8, and no SMTPUTF8 offered: it cannot be delivered	"$utf8"
0 unsafe	-	local part of 65 bytes	"${local64}x@main.test"
0 unsafe	-	local part of 890 bytes	"$local900@main.test"
0 callout	-	local part of 64 bytes	"$local64@main.test"
100 callout	"nobody q"@main.test	a space is quoted	'nobody q@main.test'
100 callout	"nobody\"q"@main.test	a quote is quoted	'nobody"q@main.test'
100 callout	"nobody\\q"@main.test	a backslash is quoted	'nobody\q@main.test'
100 callout	"nobody@x"@main.test	an @ is quoted	'nobody@x@main.test'
100 callout	"nobody>"@main.test	a > is quoted	'nobody>@main.test'
100 callout	"nobody..x"@main.test	two dots are quoted	nobody..x@main.test
100 callout	"nobody."@main.test	a dot at the end is quoted	nobody.@main.test
100 callout	nobody+x=y/z@main.test	what needs none is not	nobody+x=y/z@main.test
TABLE
unlike "$(heard known)" 'C: NOOP|BARE LF|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' 'nothing unclean reached the peer'
like "$(heard known)" "RCPT TO:<$local64@main.test>" 'what is clean did'
sql "INSERT INTO settings VALUES ('on_policy', NULL, 'tempfail')"
build
verdict "$cr" '111 unsafe' 'on_policy decides about unsafe addresses'
sql "DELETE FROM settings WHERE name = 'on_policy'"
build
run env RECIPIENT=x@main.test SENDER="$crlf" TCPREMOTEIP="$escape" "$bin/rcptcheck" -v
is "$(printf '%s\n' "$err" | wc -l) $(LC_ALL=C tr -d '\040-\176\n' <"$work/err" | wc -c)" '1 0' 'sender and client are logged clean too'
peer dirty <<'SCRIPT'
rcpt user*: 550 5.1.1 \x1b[2J\0\xff no\rsuch user
SCRIPT
primary dirty.test "$port"
build
verdict user@dirty.test '100 callout' 'an unclean reply'
is "$(LC_ALL=C tr -d '\040-\176\n' <"$work/err" | wc -c)" 0 'is logged clean'
check user@dirty.test -vv
is "$(LC_ALL=C tr -d '\040-\176\n' <"$work/err" | wc -c)" 0 'in the transcript, and from the cache'

# A CDB that is missing or not whole: 111 and a line, never a crash, never a reject

cp "$cdb" "$work/whole.cdb"
size=$(wc -c <"$cdb")
bad_cdb() { # NAME
	check nobody.cdb@main.test
	is "$code $(field why)" '111 cdb' "$1: 111"
	check user@elsewhere.test
	is "$code $(field why)" '111 cdb' 'and for a foreign domain too: a miss proves nothing'
}
rm "$cdb"
bad_cdb 'no CDB'
: >"$cdb"
bad_cdb 'an empty CDB'
head -c 100000 /dev/urandom >"$cdb"
bad_cdb 'a CDB of noise'
head -c 100000 /dev/zero >"$cdb"
bad_cdb 'a CDB of zeros'
head -c 2048 "$work/whole.cdb" >"$cdb"
bad_cdb 'a CDB cut to its contents'
head -c $((size - 1)) "$work/whole.cdb" >"$cdb"
bad_cdb 'a CDB cut by one byte'
{ cat "$work/whole.cdb"; echo; } >"$cdb"
bad_cdb 'a CDB with a byte too many'
sed 's/rcptcdb\x01/rcptcdb\x02/' "$work/whole.cdb" >"$cdb"
bad_cdb 'a CDB of another version'
printf '+1,1:d->e\n\n' | cdb -c "$cdb" "$cdb.tmp" 2>/dev/null || printf '+1,1:d->e\n\n' | cdb -c -t "$cdb.tmp" "$cdb"
bad_cdb 'a CDB of somebody else'
rm -f "$cdb"
mkdir "$cdb"
bad_cdb 'a directory'
rmdir "$cdb"
mkfifo "$cdb"
run timeout 20 env RECIPIENT=user@main.test "$bin/rcptcheck"
is "$code" 111 'a FIFO: 111, without waiting'
rm "$cdb"

# Any damaged byte is found, or does not matter; it never makes a reject out of a yes
perl -e '
	my ($whole, $cdb, $program, $step) = @ARGV;
	open my $f, "<:raw", $whole or die; local $/; my $bytes = <$f>;
	my ($bad, $found, $tried) = (0, 0, 0);
	$ENV{RCPTCHECK_LOG} = "trouble";
	open STDERR, ">", "/dev/null";
	for (my $at = 0; $at < length $bytes; $at += $step) {
		my $copy = $bytes;
		substr($copy, $at, 1) = chr(ord(substr $copy, $at, 1) ^ (1 << int rand 8));
		open my $o, ">:raw", "$cdb.new" or die; print $o $copy; close $o; rename "$cdb.new", $cdb;
		for (["user\@main.test", 0], ["user\@elsewhere.test", 0], ["user\@listed.test", 0]) {
			$tried++;
			system $program, $_->[0];
			if ($? == 111 << 8) { $found++ } elsif ($? != $_->[1] << 8) { $bad++; print "# byte $at, $_->[0]: $?\n" }
		}
	}
	print "# $tried tries, $found found\n";
	exit($bad > 0 || $found == 0)' "$work/whole.cdb" "$cdb" "$bin/rcptcheck" 17
is $? 0 'a flipped bit anywhere leads to the right answer or to 111'
perl -e '
	my ($whole, $cdb, $program, $step) = @ARGV;
	open my $f, "<:raw", $whole or die; local $/; my $bytes = <$f>;
	open STDERR, ">", "/dev/null";
	for (my $len = 0; $len < length $bytes; $len += $step) {
		open my $o, ">:raw", "$cdb.new" or die; print $o substr $bytes, 0, $len; close $o; rename "$cdb.new", $cdb;
		system $program, "user\@elsewhere.test";
		$bad++, print "# length $len: $?\n" if $? != 111 << 8;
	}
	exit($bad > 0)' "$work/whole.cdb" "$cdb" "$bin/rcptcheck" 41
is $? 0 'cut anywhere: 111'
cp "$work/whole.cdb" "$cdb"
verdict user@main.test '0 cache' 'the whole file again: all is well'

done_testing
