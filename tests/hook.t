#!/bin/sh
# The whole chain on real sockets: an SMTP client, tcpserver, the RCPTCHECK code of a mail server (played by
# tests/lib/hook), rcptcheck, and a primary.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

primary_mailfront mailfront alice bob
primary main.test "$port"
peer scripted <<'SCRIPT'
rcpt later*: 451 4.7.1 later
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary strict.test "$port"
sql "INSERT INTO settings VALUES ('on_unreachable', 'strict.test', 'tempfail')"
sql "INSERT INTO domain_aliases VALUES ('dangling.test', 'nowhere.test')"
build

edge() { # FORM [NAME=value...]: the server in front, its port in $edge
	form=$1
	shift
	stop_server edge
	rm -f "$work/edge.port"
	env RCPTCHECK="$bin/rcptcheck" RCPTHOSTS='main.test strict.test dangling.test' "$@" \
	    tcpserver -1HRl edge.test 127.0.0.1 0 "$top/tests/lib/hook" "$form" \
	    </dev/null >"$work/edge.port" 2>"$work/edge.log" &
	echo $! >"$work/edge.pid"
	await test -s "$work/edge.port" || server_fails edge "$work/edge.log"
	read -r edge <"$work/edge.port"
}

session() { # COMMAND...
	replies=$("$top/tests/lib/smtp" "$edge" "$@" | grep -v '^250-')
}

codes() {
	printf '%s\n' "$replies" | cut -c 1-3 | tr '\n' ' ' | sed 's/ $//'
}

conversation() { # WANT NAME COMMAND...
	want=$1 name=$2
	shift 2
	session "$@"
	is "$(codes)" "$want" "$name" || diag "$replies"
}

edge rcptcheck
conversation '220 250 250 250 553 250 221' 'the original hook: known, unknown, known' 'EHLO client' 'MAIL FROM:<me@client.test>' \
    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<bob@main.test>' QUIT
conversation '220 250 250 250 553 250 221' 'all of it pipelined: no byte is lost, none too many comes' - 'EHLO client' \
    'MAIL FROM:<me@client.test>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<bob@main.test>' QUIT
conversation '220 250 250 250 553 250 354 250 221' 'a message goes through' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody2@main.test>' 'RCPT TO:<bob@main.test>' 'DATA' 'Subject: x\r\n\r\nhello\r\n.' QUIT
conversation '220 250 250 553 553 221' 'a foreign domain is refused by the mail server, not by us' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<alice@foreign.test>' 'RCPT TO:<nobody@main.test>' QUIT
like "$replies" 'not in my list of allowed rcpthosts' 'in its own words'
conversation '220 250 250 421 [cl' 'a temporary failure drops the session, as this form has no other way' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<later@strict.test>' 'RCPT TO:<alice@main.test>' QUIT
conversation '220 250 250 250 250 553 221' 'odd recipients' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<postmaster>' \
    'RCPT TO:<a\rRSET b@main.test>' 'RCPT TO:<"no body"@main.test>' QUIT
is "$(grep -c 'rcptcheck: ' "$work/edge.log")" 13 'a line in the log for each question about a domain'
is "$(grep -c 'client=127.0.0.1' "$work/edge.log")" 13 'with the client'
is "$(LC_ALL=C tr -d '\011\040-\176\n' <"$work/edge.log" | wc -c)" 0 'clean'
edge rcptcheck RELAYCLIENT=
conversation '220 250 250 250 221' 'a relay client is not checked' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<nobody@main.test>' QUIT

edge fd4
conversation '220 250 250 250 550 451 451 250 221' 'with descriptor 4: one recipient is put off, the session goes on' 'EHLO client' \
    'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@strict.test>' \
    'RCPT TO:<user@dangling.test>' 'RCPT TO:<bob@main.test>' QUIT
like "$replies" '^550 5\.1\.1 .' 'the words are ours'
like "$replies" '^451 4\.4\.3 .' 'all of them'
conversation '220 250 250 250 550 451 451 250 221' 'pipelined' - 'EHLO client' \
    'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@strict.test>' \
    'RCPT TO:<user@dangling.test>' 'RCPT TO:<bob@main.test>' QUIT

edge spp
conversation '220 250 250 250 550 451 553 250 221' 'qmail-spp: refused, put off, foreign, known' 'EHLO client' \
    'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@strict.test>' \
    'RCPT TO:<nobody@foreign.test>' 'RCPT TO:<bob@main.test>' QUIT
like "$replies" '^550 5\.1\.1 .' 'the words are ours'
like "$replies" 'not in my list of allowed rcpthosts' 'what is foreign is not our business'
conversation '220 250 250 250 550 451 553 250 221' 'pipelined' - 'EHLO client' \
    'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@strict.test>' \
    'RCPT TO:<nobody@foreign.test>' 'RCPT TO:<bob@main.test>' QUIT

# jms1 and sagredo

for form in jms1 sagredo; do
	edge $form
	conversation '220 250 250 250 550 451 451 553 250 221' "$form: unknown, put off, our trouble, foreign; the session goes on" \
	    'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@strict.test>' \
	    'RCPT TO:<user@dangling.test>' 'RCPT TO:<nobody@foreign.test>' 'RCPT TO:<bob@main.test>' QUIT
	like "$replies" '^550 5\.1\.1 .' 'in our words'
	like "$replies" '^451 4\.4\.3 .' 'both'
	mv "$cdb" "$cdb.away"
	conversation '220 250 250 451 451 221' 'no CDB: put off, one by one' 'EHLO client' 'MAIL FROM:<>' \
	    'RCPT TO:<nobody@main.test>' 'RCPT TO:<alice@main.test>' QUIT
	mv "$cdb.away" "$cdb"
done
edge jms1 RELAYCLIENT=
conversation '220 250 250 250 250 221' 'jms1 asks for relay clients as well, and we accept' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<nobody@main.test>' 'RCPT TO:<nobody@foreign.test>' QUIT

# In the list of qmail-rcptcheck, as a plugin of qmail-spp: both variables are there

edge list
conversation '220 250 250 250 553 553 250 421 [cl' 'in a list: exit codes, nothing on descriptor 1' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<nobody@foreign.test>' 'RCPT TO:<bob@main.test>' \
    'RCPT TO:<later@strict.test>' QUIT

# s/qmail and indimail: the address on descriptor 3

edge sqmail RCPTCHECK="$bin/rcptcheck -3"
conversation '220 250 250 250 550 553 250 550 221' 's/qmail: known, unknown, foreign, odd' 'EHLO client' 'MAIL FROM:<me@client.test>' \
    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<nobody@foreign.test>' 'RCPT TO:<a\rRSET b@main.test>' \
    'RCPT TO:<"no body"@main.test>' QUIT
conversation '220 250 250 250 550 250 221' 'pipelined: no byte is lost, none too many comes' - 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<bob@main.test>' QUIT
conversation '220 250 250 421 [cl' 'a temporary failure ends the session' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<later@strict.test>' 'RCPT TO:<alice@main.test>' QUIT
conversation '220 250 250 421 [cl' 'so does an unknown user with a break character' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<nobody-ext-x@main.test>' QUIT
conversation '220 250 250 421 [cl' 'and a known one that is put off: no second question makes a no of it' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<later-ext@strict.test>' QUIT
like "$(cat "$work/edge.log")" 'address=nobody-@main.test verdict=tempfail .*note=break-character' 'the log says why'
conversation '220 250 250 550 250 221' 'others of the break characters are none here' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<nobody+ext@main.test>' 'RCPT TO:<bob@main.test>' QUIT
mv "$cdb" "$cdb.away"
conversation '220 250 250 421 [cl' 'no CDB: nobody is refused' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<nobody@main.test>' QUIT
mv "$cdb.away" "$cdb"
edge sqmail RCPTCHECK="$bin/rcptcheck -3" RELAYCLIENT=
conversation '220 250 250 250 221' 'a relay client is not checked' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<nobody@main.test>' QUIT
edge indimail RCPTCHECK="$bin/rcptcheck -3"
conversation '220 250 250 250 550 250 221' 'indimail: known, unknown' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' \
    'RCPT TO:<nobody@main.test>' 'RCPT TO:<bob@main.test>' QUIT
for break in - + =; do
	conversation '220 250 250 451 [cl' "an unknown user with $break" 'EHLO client' 'MAIL FROM:<>' "RCPT TO:<nobody${break}ext@main.test>" QUIT
done
edge indimail RCPTCHECK="$bin/rcptcheck -3" RELAYCLIENT=
conversation '220 250 250 250 221' 'a relay client is accepted' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<nobody@main.test>' QUIT

# spamdyke

edge spamdyke RCPTCHECK="$bin/rcptcheck -y"
conversation '220 250 250 250 554 553 250 250 221' 'spamdyke: known, unknown, foreign, a temporary failure, our trouble' 'EHLO client' \
    'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<nobody@foreign.test>' \
    'RCPT TO:<later@strict.test>' 'RCPT TO:<user@dangling.test>' QUIT
conversation '220 250 250 554 250 554 250 554 554 221' 'addresses like options, with lost blanks, with quotes' - 'EHLO client' \
    'MAIL FROM:<>' 'RCPT TO:<-b@main.test>' 'RCPT TO:<"no,body -z x"@main.test>' 'RCPT TO:<--@main.test>' 'RCPT TO:<"a@b c"@main.test>' \
    'RCPT TO:<-y@main.test>' 'RCPT TO:<-3@main.test>' QUIT
edge spamdyke RCPTCHECK="$bin/rcptcheck -y" RELAYCLIENT=
conversation '220 250 250 250 221' 'a relay client is accepted' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<nobody@main.test>' QUIT

# The primary goes away, and comes back
edge rcptcheck
stop_server mailfront
conversation '220 250 250 250 553 250 221' 'the primary is down: what is known counts, the rest is accepted' 'EHLO client' \
    'MAIL FROM:<>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<nobody.new@main.test>' QUIT
primary_mailfront mailfront alice bob carol
sql "UPDATE domain_ips SET port = $port WHERE domain = 'main.test'"
build
conversation '220 250 250 250 553 221' 'it is back: asked again' 'EHLO client' 'MAIL FROM:<>' \
    'RCPT TO:<carol@main.test>' 'RCPT TO:<nobody.new@main.test>' QUIT

# The CDB goes away: the mail server is told to wait, nobody is refused
mv "$cdb" "$cdb.away"
conversation '220 250 250 421 [cl' 'no CDB: 421' 'EHLO client' 'MAIL FROM:<>' 'RCPT TO:<nobody@main.test>' QUIT
mv "$cdb.away" "$cdb"

done_testing
