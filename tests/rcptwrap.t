#!/bin/sh
# rcptwrap in front of real SMTP servers that know nothing of it: tcpserver, rcptwrap, the server, rcptcheck
# and a primary. Every server here would take any of these recipients.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/wrap.sh

primary_mailfront mailfront alice bob
primary main.test "$port"
peer scripted <<'SCRIPT'
rcpt later*: 451 4.7.1 later
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary strict.test "$port"
sql "INSERT INTO settings VALUES ('on_unreachable', 'strict.test', 'tempfail')"
build

# What each server must show. Exim refuses the foreign domain, mailfront takes it.
questions() { # NAME FOREIGN
	conversation "220 250 250 250 550 250 221" "$1: known, unknown, known" 'EHLO client' 'MAIL FROM:<me@client.test>' \
	    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<bob@main.test>' QUIT
	like "$replies" '^550 5\.1\.1 sorry, no mailbox here by that name' 'in our words'
	conversation "220 250 250 250 550 451 451 550 451 $2 250 221" 'put off, foreign, and checks that fail' 'EHLO client' 'MAIL FROM:<>' \
	    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@strict.test>' 'RCPT TO:<crash@main.test>' \
	    'RCPT TO:<silent@main.test>' 'RCPT TO:<odd@main.test>' 'RCPT TO:<alice@foreign.test>' 'RCPT TO:<bob@main.test>' QUIT
	conversation "220 250 250 250 550 451 451 550 451 $2 250 221" 'all of it pipelined' - 'EHLO client' 'MAIL FROM:<>' \
	    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@strict.test>' 'RCPT TO:<crash@main.test>' \
	    'RCPT TO:<silent@main.test>' 'RCPT TO:<odd@main.test>' 'RCPT TO:<alice@foreign.test>' 'RCPT TO:<bob@main.test>' QUIT
	like "$replies" '^451 4\.3\.0 ' 'a crash is a temporary failure'
	like "$(cat "$edge_log")" 'rcptwrap: client=127.0.0.1 recipient=crash@main.test trouble="the check was killed" number=9' 'and logged'
	like "$(cat "$edge_log")" 'recipient=odd@main.test trouble="the check ended with an unknown code" number=3' 'so is a code that is none'
	conversation '220 250 250 250 550 354 250 250 250 354 250 221' 'two messages' 'EHLO client' 'MAIL FROM:<me@client.test>' \
	    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' DATA 'Subject: x\r\n\r\n..dot\r\n.' \
	    'MAIL FROM:<me@client.test>' 'RCPT TO:<bob@main.test>' DATA 'Subject: x\r\n\r\nRCPT TO:<nobody@main.test>\r\n.' QUIT
	conversation '220 502 250 502 502 500 250 501 550 250 221' 'what may not pass' STARTTLS 'EHLO client' 'BDAT 3 LAST' 'XCLIENT ADDR=192.0.2.9' \
	    ' NOOP' 'MAIL FROM:<a@b>' 'RCPT TO:<alice@main.test> <nobody@main.test>' 'RCPT TO:<alice@[127.0.0.1]>' 'NOOP' QUIT
	nothing_left 'no process is left'
}

edge RCPTCHECK="$check" "$bin/rcptwrap" mailfront smtp echo accept
questions mailfront 250
conversation '220 250 250 250 250 250 221' 'odd recipients' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<postmaster>' \
    'RCPT TO:<@route.test:alice@main.test>' 'RCPT TO: <bob@main.test>' QUIT
conversation '220 250 250 550 500 550 221' 'and odd ones' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:nobody@main.test' \
    'RCPT TO:<a\rRSET b@main.test>' 'RCPT TO:<"no body"@main.test>' QUIT
conversation '220 250 503 250 250 550 250 550 250 250 550 250 550 221' 'behind the first accepted MAIL all are checked' 'HELO client' \
    'RCPT TO:<nobody@main.test>' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<nobody@main.test>' RSET 'RCPT TO:<nobody@main.test>' \
    'MAIL FROM:<>' 'EHLO client' 'RCPT TO:<nobody@main.test>' HELO 'RCPT TO:<nobody@main.test>' QUIT
edge RCPTCHECK="$check" RELAYCLIENT= "$bin/rcptwrap" mailfront smtp echo accept
conversation '220 250 250 250 250 221' 'a relay client is not checked' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<crash@main.test>' QUIT
edge RCPTCHECK="$check" "$bin/rcptwrap" env
session
is "$(printf '%s' "$replies" | grep -c '^RCPTCHECK=')" 0 'the server is not told of RCPTCHECK'

# The default: rcptcheck of the home; and one for all
mkdir -p "$RCPTCHECK_HOME/bin"
cp "$bin/rcptcheck" "$RCPTCHECK_HOME/bin/rcptcheck"
for options in '' -k; do
	# shellcheck disable=SC2086 # none or one
	edge "$bin/rcptwrap" $options mailfront smtp echo accept
	conversation '220 250 250 250 550 451 250 250 221' "without RCPTCHECK $options" - 'EHLO client' 'MAIL FROM:<me@client.test>' \
	    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@strict.test>' 'RCPT TO:<u@foreign.test>' 'RCPT TO:<bob@main.test>' QUIT
	like "$(cat "$edge_log")" 'rcptcheck: address=nobody@main.test verdict=reject' 'rcptcheck logs the refusal'
	nothing_left 'no process is left'
done
edge RCPTCHECK="$work/nosuch" "$bin/rcptwrap" mailfront smtp echo accept
conversation '220 250 250 451 221' 'the check cannot be started' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' QUIT
like "$(cat "$edge_log")" "trouble=\"the check can't be started\" number=2" 'the log says why'

if [ -e build/root-exim4-daemon-light ]; then
	more_routers='any:
	  driver = accept
	  domains = main.test : strict.test
	  transport = gone'
	primary_exim exim any@main.test any@strict.test
	# -oMa: without it Exim takes a client on a pipe for a local user, who may send to anybody
	cat >"$work/exim-bs" <<-SCRIPT
		#!/bin/sh
		exec env LD_LIBRARY_PATH="$(echo "$root"/usr/lib/*-linux-*)" LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD="$work/exim.passwd" \
		    NSS_WRAPPER_GROUP="$work/exim.group" "$top/$root/usr/sbin/exim4" -C "$work/exim/exim.conf" -bs -oMa "\$TCPREMOTEIP"
	SCRIPT
	sed -i "s|$top/$top|$top|" "$work/exim-bs"
	chmod 755 "$work/exim-bs"
	edge RCPTCHECK="$check" "$bin/rcptwrap" "$work/exim-bs"
	questions Exim 550
	like "$(cat "$edge_log")" 'rcptwrap: client=127.0.0.1 hidden=.*CHUNKING' 'its CHUNKING is hidden'
	session 'EHLO client' QUIT
	unlike "$replies" 'CHUNKING|PRDR|STARTTLS' 'from the client too'
	like "$replies" '^250[- ]PIPELINING' 'PIPELINING is not'
	unlike "$(cat "$work/exim/mainlog")" 'synchronization|protocol|panic' 'Exim has nothing to complain about'
else
	skip 14 'tests/unpack exim4-daemon-light was not run'
fi

done_testing
