#!/bin/sh
# Real servers as primaries: Postfix and Exim as Debian ships them (unpacked, not installed), and
# mailfront.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

questions() { # NAME DOMAIN CODE-OF-A-NO VERDICT-OF-AN-@ VERDICT-OF-A-FOREIGN-DOMAIN
	verdict "alice@$2" '0 callout' "$1: a known user"
	verdict "bob@$2" '0 callout' 'another'
	verdict "nobody@$2" '100 callout' 'an unknown one'
	like "$(field reply)" "^$3 " "in the server's words"
	verdict "nobody@$2" '100 cache' 'then from the cache'
	verdict "nobody here@$2" '100 callout' 'with a space'
	verdict "no\"body\\@$2" '100 callout' 'with a quote and a backslash'
	verdict "nobody@else@$2" "$4" 'with an @, which some take for relaying'
	verdict "-nobody!#\$%&'*+/=?^_\`{|}~@$2" '100 callout' 'with all that needs no quotes'
	verdict "n$(printf '%063d' 0)@$2" '100 callout' 'with 64 bytes'
	verdict "alice@other-$2" "$5" 'a domain it does not take mail for says nothing about the user'
	awk -v d="$2" 'BEGIN { for (i = 1; i <= 200; i++) print (i % 4 ? "nobody" i : "alice") "@" d }' |
	    "$bin/rcptcheck" -b >"$work/out" 2>"$work/err"
	is "$(awk -F '\t' '$1 ~ /^alice/ && $2 == "accept" || $1 ~ /^nobody/ && $2 == "reject"' "$work/out" | wc -l)" 200 \
	    '200 at once: all answers are right' || diag "$(awk -F '\t' '$1 ~ /^nobody/ && $2 != "reject"' "$work/out" | head -n 5)"
}

if [ -e build/root-postfix ]; then
	primary_postfix postfix alice@postfix.test bob@postfix.test
	postfix=$port
	primary postfix.test "$port"
	sql "INSERT INTO domain_aliases VALUES ('other-postfix.test', 'postfix.test')"
	build
	questions Postfix postfix.test '550 5.1.1' '0 unreachable' '0 unreachable'
	check nobody.vv@postfix.test -vv
	like "$err" '> MAIL FROM:<>' 'the transcript'
	unlike "$(cat "$work/postfix/log")" 'improper command pipelining|non-SMTP command|lost connection after (EHLO|MAIL|CONNECT)' \
	    'Postfix has nothing to complain about'
	unlike "$(cat "$work/postfix/log")" 'fatal:|panic:' 'and is well'
	stop_server postfix
	verdict carol@postfix.test '0 unreachable' 'Postfix stopped: accepted'
	verdict nobody@postfix.test '100 cache' 'what it said is remembered'
else
	skip 20 'tests/unpack postfix was not run'
fi

if [ -e build/root-exim4-daemon-light ]; then
	primary_exim exim alice@exim.test bob@exim.test
	primary exim.test "$port"
	sql "INSERT INTO domain_aliases VALUES ('other-exim.test', 'exim.test')"
	build
	questions Exim exim.test 550 '100 callout' '0 policy'
	unlike "$(cat "$work/exim/mainlog")" 'synchronization|syntax|protocol error|unexpected|lost connection|connection lost|panic' 'Exim has nothing to complain about'
	stop_server exim
	verdict carol@exim.test '0 unreachable' 'Exim stopped: accepted'
else
	skip 15 'tests/unpack exim4-daemon-light was not run'
fi

primary_mailfront mailfront alice bob
primary mailfront.test "$port"
build
verdict alice@mailfront.test '0 callout' 'mailfront: a known user'
verdict nobody@mailfront.test '100 callout' 'an unknown one'
verdict "nobody here@mailfront.test" '100 callout' 'with a space'

# Two primaries of different kinds, the first of them down
if [ -e build/root-postfix ]; then
	primary_postfix second alice@both.test
	sql "INSERT INTO domain_ips VALUES ('both.test', '127.0.0.1', $postfix, 1);
	    INSERT INTO domain_ips VALUES ('both.test', '127.0.0.1', $port, 2)"
	build
	verdict alice@both.test '0 callout' 'the first server is down, the second knows the user'
	verdict nobody@both.test '100 callout' 'and that another is unknown'
fi

done_testing
