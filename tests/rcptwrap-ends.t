#!/bin/sh
# How a session behind rcptwrap ends: limits, smuggling, and what becomes of it when the client, the server or
# a check fails. Whatever happens, no process stays.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/wrap.sh

peer scripted <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary main.test "$port"
build

# A server that takes everything, and writes down what it reads
cat >"$work/server" <<'SCRIPT'
#!/bin/sh
cr=$(printf '\r')
printf '220 %s %s\r\n' "$$" "$PPID"
while IFS= read -r line; do
	printf '%s\n' "$line" >>"$HEARD"
	case ${line%"$cr"} in
	EHLO*) printf '250-server\r\n250-STARTTLS\r\n250-AUTH LOGIN\r\n250-PIPELINING\r\n250 CHUNKING\r\n' ;;
	AUTH*)
		printf '334 VXNlcg==\r\n'
		read -r line
		printf '235 ok\r\n' ;;
	STARTTLS)
		printf '220 go\r\n'
		exec cat ;;
	DATA)
		printf '354 go\r\n'
		while IFS= read -r line; do
			printf '%s\n' "$line" >>"$HEARD"
			case ${line%"$cr"} in
			.) break ;;
			early) printf '451 early\r\n'; exit 3 ;;
			esac
		done
		printf '250 taken\r\n' ;;
	QUIT) printf '221 bye\r\n'; exit 0 ;;
	'VRFY die') kill -KILL $$ ;;
	'VRFY deaf') exec 0</dev/null; sleep 2; printf '250 deaf\r\n' ;;
		'VRFY talk') printf '250 ok\r\n421 time is over\r\n'; exec cat >/dev/null ;;
	*) printf '250 ok\r\n' ;;
	esac
done
SCRIPT
chmod 755 "$work/server"
heard=$work/heard

begin() { # rcptwrap options...
	: >"$heard"
	edge RCPTCHECK="$check" HEARD="$heard" "$bin/rcptwrap" "$@" "$work/server"
}

begin
session QUIT
is "$(printf '%s\n' "$replies" | sed -n 's/^220 [0-9]* \([0-9]*\).*/\1/p')" "$(cat "$work/edge.pid")" 'the server is a child of tcpserver'

# Smuggling: what some servers take for the end of a message
for end in '\n.\n' '\n.\r\n' '\r\n.\n' '\r\n.\r' '\r.\r' '\r.\r\n' '\r\n.\r\r\n'; do
	: >"$heard"
	# shellcheck disable=SC2059 # it is part of the format
	printf 'EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@main.test>\r\nDATA\r\nx'"$end"'MAIL FROM:<smuggled@b>\r\nRCPT TO:<nobody@main.test>\r\nDATA\r\ny\r\n.\r\n' >"$work/in"
	"$top/tests/tools/wraptalk" "$edge" <"$work/in" >"$work/talk"
	is "$(tail -n 1 "$work/talk" | cut -c 1-10) $(grep -c smuggled "$heard")" '451 4.5.2  0' "an ambiguous end: $end"
done
like "$(cat "$edge_log")" 'rcptwrap: client=127.0.0.1 event=ambiguous-end' 'the log says so'
printf 'EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@main.test>\r\nDATA\r\nx\ny\rz\r\n..\r\n.z\r\n\r\n.\r\nQUIT\r\n' >"$work/in"
: >"$heard"
"$top/tests/tools/wraptalk" "$edge" <"$work/in" >"$work/talk"
is "$(od -An -c "$heard")" "$(od -An -c "$work/in")" 'stray CR and LF, and dots, pass as they are'
printf 'EHLO c\nMAIL FROM:<a@b>\nQUIT\n' >"$work/in"
: >"$heard"
"$top/tests/tools/wraptalk" "$edge" <"$work/in" >"$work/talk"
is "$(tr -d '\r' <"$heard" | cmp - "$work/in"; tr -cd '\r' <"$heard" | wc -c)" 3 'commands that end in LF are given their CR'

# The server speaks before its turn, or goes
{
	printf 'EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@main.test>\r\nDATA\r\nearly\r\n'
	perl -e 'print "x" x 70, "\r\n" for 1 .. 200000'
	printf '.\r\nMAIL FROM:<later@b>\r\n'
} >"$work/in"
: >"$heard"
"$top/tests/tools/wraptalk" "$edge" <"$work/in" >"$work/talk"
is "$? $(tail -n 1 "$work/talk" | tr -d '\r')" '0 451 early' 'the server gives a message up: its reply arrives though the client still sends'
is "$(grep -c later "$heard")" 0 'and nothing behind it is a command'
conversation '220 250 [cl' 'the server dies' 'EHLO c' 'VRFY die'
conversation '220 250 250 421 [cl' 'it says more than it was asked: delivered, then closed' 'EHLO c' 'VRFY talk' NOOP NOOP
nothing_left 'no process is left'
conversation '220 250 250 [cl' 'it hears no more, but speaks' 'EHLO c' 'VRFY deaf' NOOP
edge RCPTCHECK="$check" "$bin/rcptwrap" /nonexistent/server
conversation '[cl' 'a server that is not there'
like "$(cat "$edge_log")" 'trouble="the server can.t be started" reason="No such file' 'the log says why'
edge RCPTCHECK="$check" "$bin/rcptwrap" echo moin
session
is "$replies" moin 'a server that speaks no SMTP'
run "$bin/rcptwrap" -x
is "$code" 111 'wrong options'
like "$err" 'usage: rcptwrap' 'and how it is used'
nothing_left 'no process is left'

# The client goes
begin
printf 'EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice@main.test>\r\nRCPT TO:<nobody@main.test>\r\n' >"$work/in"
"$top/tests/tools/wraptalk" -h "$edge" <"$work/in" >"$work/talk"
is "$(grep -v '^250-' "$work/talk" | cut -c 1-3 | tr '\n' ' ')" '220 250 250 250 550 ' 'half-closed: all replies come'
nothing_left 'then it is over'
perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die;
	print $s "EHLO c\r\nMAIL FROM:<a\@b>\r\nRCPT TO:<hang\@main.test>\r\n";
	sleep 1;
	setsockopt $s, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0);' "$edge"
nothing_left 'the client vanishes during a check: it is ended too'
perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die;
	print $s "EHLO c\r\nMAIL FROM:<a\@b>\r\nDATA\r\nhalf a message";
	sleep 1;' "$edge"
nothing_left 'the client goes in the middle of a message'
unlike "$(tail -n 1 "$heard")" '^\.' 'which the server does not take for whole'
perl -e 'print "EHLO c\r\n"; print "NOOP\r\n" x 3000; print "QUIT\r\n"' >"$work/in"
"$top/tests/tools/wraptalk" -s 1 "$edge" <"$work/in" >"$work/talk"
is "$(grep -c '^250 ok' "$work/talk")" 3000 'a client that reads slowly'

# Checks that do not end
begin -w 1
conversation '220 250 250 451 250 221' 'a check that hangs' 'EHLO c' 'MAIL FROM:<a@b>' 'RCPT TO:<hang@main.test>' 'RCPT TO:<alice@main.test>' QUIT
like "$(cat "$edge_log")" 'recipient=hang@main.test trouble="the check took too long"' 'the log says so'
nothing_left 'it is ended, with what it started'

# One for all
kept() {
	: >"$heard"
	edge RCPTCHECK="$top/tests/tools/wrapkept" HEARD="$heard" "$bin/rcptwrap" -k "$@" "$work/server"
}
kept -w 5
conversation '220 250 250 250 550 451 250 221' '-k: a check for all' - 'EHLO c' 'MAIL FROM:<a@b>' 'RCPT TO:<a@b>' 'RCPT TO:<bad@b>' \
    'RCPT TO:<later@b>' 'RCPT TO:<c@b>' QUIT
conversation '220 250 250 250 451 550 451 250 221' 'it dies, or says nonsense: another one' 'EHLO c' 'MAIL FROM:<a@b>' 'RCPT TO:<a@b>' 'RCPT TO:<crash@b>' \
    'RCPT TO:<bad@b>' 'RCPT TO:<odd@b>' 'RCPT TO:<c@b>' QUIT
like "$(cat "$edge_log")" 'recipient=crash@b trouble="the check hung up"' 'logged'
like "$(cat "$edge_log")" "recipient=odd@b trouble=\"the check's answer makes no sense\"" 'both'
conversation '220 250 250 451 451 451 451 451 221' 'a few times only' 'EHLO c' 'MAIL FROM:<a@b>' 'RCPT TO:<crash1@b>' 'RCPT TO:<crash2@b>' \
    'RCPT TO:<crash3@b>' 'RCPT TO:<crash4@b>' 'RCPT TO:<good@b>' QUIT
kept -w 1
conversation '220 250 250 451 250 221' 'it hangs' 'EHLO c' 'MAIL FROM:<a@b>' 'RCPT TO:<hang@b>' 'RCPT TO:<c@b>' QUIT
nothing_left 'no process is left'

# Too many unknown recipients
kept -l 1
started=$(now_ms)
conversation '220 250 250 250 550 550 421 [cl' 'a limit of 1: then slowly, then 421' 'EHLO c' 'MAIL FROM:<a@b>' 'RCPT TO:<a@b>' 'RCPT TO:<bad1@b>' \
    'RCPT TO:<bad2@b>' 'RCPT TO:<a@b>' NOOP
ok 'slowly' test $(($(now_ms) - started)) -ge 1000
like "$(cat "$edge_log")" 'event=refused-limit' 'logged'
sql "INSERT INTO settings VALUES ('refused_limit', NULL, '2')"
build
kept
conversation '220 250 250 550 550 550 550 421 [cl' 'the setting' - 'EHLO c' 'MAIL FROM:<a@b>' 'RCPT TO:<bad1@b>' 'RCPT TO:<bad2@b>' \
    'RCPT TO:<bad3@b>' 'RCPT TO:<bad4@b>' 'RCPT TO:<bad5@b>' 'RCPT TO:<bad6@b>' 'RCPT TO:<bad7@b>' 'RCPT TO:<bad8@b>' 'RCPT TO:<bad9@b>' \
    'RCPT TO:<bad10@b>' 'RCPT TO:<bad11@b>' 'RCPT TO:<bad12@b>' 'RCPT TO:<bad13@b>' NOOP
nothing_left 'no process is left'

# AUTH and STARTTLS
begin
conversation '220 250 334 235 250 250 221' 'behind AUTH nobody is checked' 'EHLO c' 'AUTH LOGIN' 'bWU=' 'MAIL FROM:<a@b>' 'RCPT TO:<nobody@main.test>' QUIT
conversation '220 250 334 500 [cl' 'a control byte in a response' 'EHLO c' 'AUTH LOGIN' 'bWU=\rNOOP' NOOP
conversation '220 250 502 250 221' 'STARTTLS is hidden' 'EHLO c' STARTTLS NOOP QUIT
unlike "$replies" 'STARTTLS|CHUNKING' 'in the reply to EHLO'
like "$replies" '^250 PIPELINING' 'of which the last line ends it'
like "$(cat "$edge_log")" 'rcptwrap: client=127.0.0.1 hidden="STARTTLS CHUNKING"' 'the log names what is'
begin -t
session 'EHLO c' STARTTLS 'RCPT TO:<nobody@main.test>' '\x00\xff\x0dany'
like "$replies" '^250-STARTTLS' '-t: offered'
like "$replies" '^RCPT TO:<nobody@main.test>' 'and anything passes from there'
like "$(cat "$edge_log")" 'event=starttls' 'which is logged'
nothing_left 'no process is left'

done_testing
