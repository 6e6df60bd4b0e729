#!/bin/sh
# A "no" in doubt: who is meant? What is asked besides the address, what follows from the answers, what goes
# over the wire, what is remembered; domains that know nobody any more, servers that accept any address, and
# addresses that need SMTPUTF8. The servers are scripted peers.
# shellcheck disable=SC2154 # perl's variables
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

sql "INSERT INTO settings VALUES ('command_timeout', NULL, '1s');
    INSERT INTO settings VALUES ('connect_timeout', NULL, '1s');
    INSERT INTO settings VALUES ('budget', NULL, '10s')"

# The log line in short: exit code, why, class, control, note, alarm; "-" for what is not there
outcome() {
	printf '%s\n' "$err" | tail -n 1 | awk -v line="$code" '{
		split("why class control note alarm", keys)
		for (i = 1; i <= 5; i++) {
			value = "-"
			if (match($0, " " keys[i] "=[^ ]*")) {
				value = substr($0, RSTART, RLENGTH)
				sub(/.*=/, "", value)
			}
			line = line " " value
		}
		print line
	}'
}

asks() { # ADDRESS WANT NAME
	check "$1"
	is "$(outcome)" "$2" "$3" || diag "log: $err"
}

hung_up() { # NAME: each connection has come to its end
	[ "$(grep -cE '^[^ ]* [^ ]* (closed|reset|left|lost)' "$work/$1.log")" -ge "$(connections "$1")" ]
}

# What the last connection heard behind EHLO: local parts, senders in angle brackets
wire() { # NAME
	await hung_up "$1"
	heard "$1" | awk '/^connected$/ { said = "" }
	    sub(/^C: /, "") && !/^EHLO/ {
		sub(/ more$/, "")
		sub(/MAIL FROM:/, "")
		if (sub(/RCPT TO:</, ""))
			sub(/^rcptcheck\.test\..*/, "anybody") || sub(/@.*/, "")
		sub(/@[^>]*/, "")
		said = said " " $0
	    }
	    END { print substr(said, 2) }'
}

cache() { # SQL
	sqlite3 -batch -cmd '.timeout 5000' "$verdicts" "$1"
}

cached() { # ADDRESS: its class
	cached=$(cache "SELECT class FROM account_cache WHERE address = '$1'")
	echo "${cached:--}"
}

remembered() { # SUBJECT: the state
	cache "SELECT state FROM memory WHERE subject = '$1'"
}

remember() { # SUBJECT STATE COUNT SINCE TRIED UNTIL TEXT: as rcptcheck would have; times from now
	now=$(date +%s)
	cache "$("$top/tests/lib/cacherow.pl" -m "$1" "$2" "$3" $((now + $4)) $((now + $5)) $((now + $6)) "$7")"
}

know() { # DOMAIN: good@ was accepted there a minute ago
	remember "domain $1" '' 0 -60 -60 86400 "good@$1"
}

server() { # NAME RULE...: a peer with these rules
	server=$1
	shift
	printf '%s\n' "$@" >"$work/rules"
	"${server_verb-peer}" "$server" <"$work/rules"
}

server_again() { # NAME RULE...: the same at the port that it had
	server_verb=peer_again
	server "$@"
	unset server_verb
}

setting() { # NAME DOMAIN VALUE
	echo "INSERT INTO settings VALUES ('$1', '$2', '$3');"
}

# The conversations of tests/data/doubts.tsv
number=0
grep -v '^#' tests/data/doubts.tsv >"$work/table"
while IFS='	' read -r what with rules want class wire; do
	number=$((number + 1))
	for mode in plain pipelined; do
		domain=$mode$number.test
		printf '%b\n' "$rules" >"$work/rules"
		[ "$mode" = plain ] || echo 'ehlo: 250-peer.test|250 PIPELINING' >>"$work/rules"
		peer "$mode" <"$work/rules"
		primary "$domain" "$port"
		sql "$(case $with in *c*) setting confirm_sender "$domain" probe@backup.test ;; esac
		case $with in *n*) setting control_recipient "$domain" none ;; esac
		case $with in *u*) setting control_recipient "$domain" "user@$domain" ;; esac
		case $with in *b*) setting control_recipient "$domain" "boss@$domain" ;; esac
		case $with in *t*) setting on_policy "$domain" tempfail ;; esac)"
		case $with in *g*) know "$domain" ;; esac
	done
	build
	for mode in plain pipelined; do
		check "user@$mode$number.test"
		got="$(outcome), $(cached "user@$mode$number.test")"
		[ "$wire" = '*' ] || got="$got, $(wire "$mode")"
		case $mode,$wire in
		*,\*) said= ;;
		plain,*) said=", $(echo "$wire" | sed 's/\[[^]]*\]//g')" ;;
		*) said=", $(echo "$wire" | tr -d '[]')" ;;
		esac
		is "$got" "$want, $class$said" "$what, $mode" || diag "log: $err"
		[ "$number" != 1 ] || cp "$work/$mode.log" "$work/first-$mode.log"
		stop_server "$mode"
	done
done <"$work/table"
unlike "$(heard first-plain)" ' more$' 'not pipelined: one command at a time'
like "$(heard first-pipelined)" 'C: RSET more$' 'pipelined: RSET and MAIL come together'
like "$(heard first-pipelined)" 'C: MAIL FROM:<probe@backup.test> more$' 'and so does RCPT'
sql "DELETE FROM domain_ips; DELETE FROM settings WHERE domain IS NOT NULL"
# Which address is the control: the newest that is known
server newest 'rcpt who*: 550 5.7.1 no' 'rcpt nobody*: 550 5.1.1 no such user'
primary newest.test "$port"
build
asks alice@newest.test '0 callout exists - - -' 'a good address'
asks bob@newest.test '0 callout exists - - -' 'and another'
asks alice@newest.test '0 cache exists - - -' 'the first once more, from the cache'
asks abuse@newest.test '0 callout exists - - -' 'and a role, which may be exempt from much'
asks who1@newest.test '100 callout unknown accepted - -' 'the newest good address is the control'
is "$(wire newest)" '<> who1 RSET <> bob QUIT' 'not a role, nor what was only found in the cache'
asks nobody1@newest.test '100 callout unknown - - -' 'a clear no needs none while one is known'
remember 'domain newest.test' '' 0 -9000 -9000 -1 bob@newest.test
asks nobody2@newest.test '100 callout unknown accepted - -' 'when it has expired, each no needs one'
is "$(wire newest)" '<> nobody2 RSET <> postmaster QUIT' 'which is postmaster'
asks nobody3@newest.test '100 callout unknown - - -' 'that one was accepted: no more doubt'
asks carol@newest.test '0 callout exists - - -' 'a new good address'
"$bin/rcptcache" forget carol@newest.test >"$work/out"
asks who2@newest.test '100 callout unknown accepted - -' 'one that was forgotten'
unlike "$(wire newest)" carol 'is the control no more'
remember 'domain newest.test' '' 0 3600 3600 90000 bob@newest.test
asks nobody4@newest.test '100 callout unknown accepted - -' 'one from the future proves nothing'

# Without a cache nothing is known of any domain
mv "$verdicts" "$work/aside"
asks nobody5@newest.test '100 callout unknown accepted - -' 'no cache: a no needs its control'
asks nobody5@newest.test '100 callout unknown accepted - -' 'so does the next'
is "$(wire newest)" '<> nobody5 RSET <> postmaster QUIT' 'postmaster'
printf 'this is no database, but long enough to be looked at as if it were one' >"$verdicts"
asks nobody5@newest.test '100 callout unknown accepted - -' 'the same with a cache that is none'
server_again newest 'rcpt nobody*: 550 5.1.1 no such user' 'rcpt: 550 5.1.1 no such user'
asks nobody5@newest.test '0 policy policy refused - control-refused' 'and where postmaster is refused'
mv "$work/aside" "$verdicts"

# Twenty new "no" in ten minutes without a "yes"
batch() { # COUNT DOMAIN: so many at the same time; how often each verdict came out
	seq "$1" | sed "s/.*/no&@$2/" | "$bin/rcptcheck" -b 2>"$work/err" | cut -f 2,3 | sort | uniq -c |
	    awk '{ print $1, $2, $3 }' | paste -sd , -
}

believed() { # NAME DOMAIN
	is "$(batch 19 "$2")" '19 reject callout' "$1: 19 new no are believed"
}

noes() { # DOMAIN
	cache "SELECT count(*) FROM account_cache WHERE class <> 'exists' AND address LIKE '%@$1'"
}

cat >"$work/knows" <<'SCRIPT'
rcpt good*: 250 ok
rcpt: 550 5.1.1 no such user
SCRIPT
echo 'rcpt: 550 5.1.1 no such user' >"$work/lost"
peer refused <"$work/knows"
primary refused.test "$port"
primary deep.refused.test "$port"
peer passed <"$work/knows"
primary passed.test "$port"
peer failed <"$work/knows"
primary failed.test "$port"
peer none <"$work/knows"
primary none.test "$port"
sql "$(setting control_recipient none.test none)"
build
for domain in refused passed failed none; do
	asks "good@$domain.test" '0 callout exists - - -' "$domain: a good address"
done
know deep.refused.test

asks other@deep.refused.test '100 callout unknown - - -' 'a no of another domain'
believed 'control refused' refused.test
is "$(noes refused.test)" 19 'and remembered'
peer_again refused <"$work/lost"
asks no20@refused.test '0 policy policy refused - control-refused' 'the 20th needs its control, and is nothing without'
is "$(wire refused)" '<> no20 RSET <> good QUIT' 'the good address was asked'
is "$(noes refused.test) $(remembered 'domain refused.test')" '0 doubt' 'those before it are forgotten'
is "$(cached good@refused.test) $(noes deep.refused.test)" 'exists 1' 'a yes is not, nor what is of another domain'
asks no1@refused.test '0 policy policy refused - control-refused' 'one of them is asked about again, and in doubt'
asks other2@deep.refused.test '100 callout unknown - - -' 'the other domain is not'
peer_again refused <"$work/knows"
asks good2@refused.test '0 callout exists - - -' 'another good address'
asks no1@refused.test '100 callout unknown - - -' 'ends the doubt'
is "$(wire refused)" '<> no1 QUIT' 'no control is needed any more'

believed 'control accepted' passed.test
asks no20@passed.test '100 callout unknown accepted - -' 'the 20th is proven by its control'
is "$(noes passed.test)" 20 'and all are remembered'
asks no21@passed.test '100 callout unknown - - -' 'the next needs none'
is "$(batch 90 passed.test)" '21 reject cache,69 reject callout' 'nor does it help to ask for many at the same time'

believed 'control failed' failed.test
server_again failed 'rcpt good*: 451 4.3.0 later' 'rcpt: 550 5.1.1 no such user'
asks no20@failed.test '0 unreachable temporary failed - -' 'the 20th, and its control not now'
is "$(noes failed.test) $(remembered 'domain failed.test')" '0 doubt' 'those before it are forgotten'
peer_again failed <"$work/knows"
asks no1@failed.test '100 callout unknown accepted - -' 'a control that is accepted later ends the doubt'
asks no2@failed.test '100 callout unknown - - -' 'it is over'

believed 'no control' none.test
asks no20@none.test '0 policy policy - - too-many-unknown' 'the 20th, without a control, is nothing'
is "$(noes none.test) $(remembered 'domain none.test')" '0 doubt' 'those before it are forgotten'
asks no1@none.test '0 policy policy - - too-many-unknown' 'each other is in doubt'
asks good3@none.test '0 callout exists - - -' 'until there is a good address'
asks no1@none.test '100 callout unknown - - -' 'then it is believed'

# Nineteen, and a yes between them; and nineteen more than ten minutes ago
remember 'domain passed.test' '' 19 -30 -86400 86400 good@passed.test
asks good4@passed.test '0 callout exists - - -' 'a yes behind 19'
asks x30@passed.test '100 callout unknown - - -' 'begins anew'
remember 'domain passed.test' '' 19 -601 -86400 86400 good@passed.test
asks x31@passed.test '100 callout unknown - - -' 'so do ten minutes'
remember 'domain passed.test' '' 19 -590 -86400 86400 good@passed.test
asks x32@passed.test '100 callout unknown accepted - -' 'a bit less do not'

# Many at the same time
know refused.test
cache "DELETE FROM account_cache WHERE address LIKE '%@refused.test'"
peer_again refused <"$work/lost"
is "$(batch 60 refused.test)" '41 accept policy,19 reject callout' 'nor is more than 19 believed when all are asked at once'

# The same with a domain that stands in the cache as it was given, and is asked for as an A-label
read -r port <"$work/failed.port"
primary münchen.test "$port"
build
know xn--mnchen-3ya.test
asks no@münchen.test '100 callout unknown - - -' 'a domain as U-label'
remember 'domain xn--mnchen-3ya.test' '' 19 -590 -86400 86400 good@xn--mnchen-3ya.test
peer_again failed <"$work/lost"
asks no20@münchen.test '0 policy policy refused - control-refused' 'the 20th'
is "$(noes münchen.test)" 0 'and those before it are forgotten'

# A policy against everybody, from which postmaster is exempt (RFC 5321 4.5.1), refuses no user
peer exempt <<'SCRIPT'
rcpt postmaster@*: 250 ok
rcpt known*: 250 ok
rcpt: 550 5.7.1 Message rejected by policy
SCRIPT
primary exempt.test "$port"
build
is "$(batch 40 exempt.test)" '40 accept policy' 'a policy against all but postmaster: no user is refused'
is "$(noes exempt.test)" 0 'nothing of that is remembered'
asks known@exempt.test '0 callout exists - - -' 'a user is accepted'
asks no1@exempt.test '100 callout unknown accepted - -' 'who proves that the same words mean another user'

# Servers that accept any address
known() { # the state for this server and domain
	remembered "catch-all 127.0.0.1:$port $1"
}

rows() { # DOMAIN
	cache "SELECT count(*) FROM account_cache WHERE address LIKE '%@$1'"
}

server any 'rcpt: 250 ok'
primary any.test "$port"
build
asks one@any.test '0 callout exists - - -' 'a catch-all: the first address'
is "$(wire any)" '<> one RSET <> anybody QUIT' 'and one that nobody has'
is "$(known any.test) $(rows any.test)" 'maybe 1' 'perhaps it is one'
asks one@any.test '0 cache exists - - -' 'the same address proves nothing'
"$bin/rcptcache" forget one@any.test >"$work/out"
asks one@any.test '0 callout exists - - -' 'even when it is asked again'
is "$(known any.test) $(rows any.test)" 'maybe 1' 'still perhaps'
asks two@any.test '0 callout exists - - -' 'a second address'
is "$(known any.test) $(rows any.test)" 'yes 0' 'makes it one, and neither is remembered'
asks three@any.test '0 catch-all exists - - -' 'a third'
asks one@any.test '0 catch-all exists - - -' 'and the first again'
is "$(connections any) $(rows any.test)" '3 0' 'ask nobody, and leave no row'
remember "catch-all 127.0.0.1:$port any.test" yes 0 -86401 0 -1 ''
asks three@any.test '0 callout exists - - -' 'a day later it is asked again'
is "$(wire any)" '<> three RSET <> anybody QUIT' 'about nobody as well'
is "$(known any.test) $(rows any.test)" 'yes 0' 'and is one for another day'
asks jö@any.test '100 callout refused - no-smtputf8 -' 'one that needs SMTPUTF8 is refused all the same'
is "$(known any.test)" yes 'which does not count against it'
random=$(heard any | sed -n 's/^C: RCPT TO:<\(rcptcheck\.test\..*\)@any.test>$/\1/p')
is "$(echo "$random" | wc -l) $(echo "$random" | sort -u | wc -l)" '4 4' 'nobody is somebody else each time'
unlike "$random" '^rcptcheck\.test\..{0,15}$' 'and hard to guess'
server_again any 'rcpt: 550 5.1.1 no such user'
remember "catch-all 127.0.0.1:$port any.test" yes 0 -86401 0 -1 ''
sql "$(setting control_recipient any.test none)"
build
asks four@any.test '100 callout unknown - - -' 'a no to any address'
is "$(known any.test) $(cached four@any.test)" 'no unknown' 'tells that it is none, and is remembered'

# Nobody refused for another reason: neither
while IFS='	' read -r what answer; do
	server unclear "rcpt rcptcheck.test.*: $answer"
	sql "DELETE FROM domain_ips WHERE domain = 'unclear.test'"
	primary unclear.test "$port"
	build
	cache "DELETE FROM account_cache WHERE address LIKE '%@unclear.test'"
	asks one@unclear.test '0 callout exists - - -' "nobody: $what: the address exists"
	is "$(known unclear.test) $(cached one@unclear.test)" 'unclear exists' 'and is remembered, the server is neither'
	asks two@unclear.test '0 callout exists - - -' 'a second'
	is "$(wire unclear)" '<> two QUIT' 'is asked without nobody for a while'
	stop_server unclear
done <<'TABLE'
450	450 4.7.1 slow down
550 5.7.1	550 5.7.1 no
554	554 no
552	552 5.2.2 full
about us	550 too many connections
dropped	{close}
TABLE

server mixed 'rcpt no*: 550 5.1.1 no such user' 'rcpt rcptcheck.test.*: 250 ok'
primary mixed.test "$port"
peer users </dev/null
primary users.test "$port"
build
asks one@mixed.test '0 callout exists - - -' 'a server that accepts nobody'
asks no@mixed.test '100 callout unknown - - -' 'but knows users'
read -r port <"$work/mixed.port"
is "$(known mixed.test) $(rows mixed.test)" 'no 2' 'is no catch-all'
asks two@mixed.test '0 callout exists - - -' 'whatever it says later'
is "$(wire mixed), $(rows mixed.test)" '<> two QUIT, 3' 'it is not asked about nobody again'
asks one@users.test '0 callout exists - - -' 'a server that refuses nobody'
read -r port <"$work/users.port"
is "$(known users.test) $(cached one@users.test)" 'no exists' 'is none'

# Several servers: who is meant is found out with each
servers() { # DOMAIN NAME...
	servers_order=0
	servers_domain=$1
	shift
	for server; do
		servers_order=$((servers_order + 1))
		port=$closed
		[ "$server" = closed ] || read -r port <"$work/$server.port"
		sql "INSERT INTO domain_ips VALUES ('$servers_domain', '127.0.0.1', $port, $servers_order)"
	done
}
closed=$(free_port)
server against 'rcpt: 550 5.7.1 no'
server second 'rcpt no*: 550 5.1.1 no such user'
server lost 'rcpt: 550 5.1.1 no such user'
servers first.test against second
servers both.test against lost
build
asks user@first.test '0 callout exists - - -' 'the first server is against us: the second says yes'
is "$(wire against), $(wire second)" '<> user RSET <> postmaster QUIT, <> user RSET <> anybody QUIT' 'both were asked'
cache "DELETE FROM memory WHERE subject LIKE 'domain %'"
asks no@first.test '100 callout unknown accepted - -' 'or no'
is "$(field host) $(cached no@first.test)" "127.0.0.1:$(cat "$work/second.port") unknown" 'and that counts'
know both.test
asks user@both.test '0 policy policy refused - control-refused' 'no server proves its no: none'
is "$(wire lost), $(cached user@both.test)" '<> user RSET <> good QUIT, -' 'both had to, and nothing is remembered'

# Addresses that need SMTPUTF8
peer ascii1 </dev/null
peer ascii2 </dev/null
server utf8 'ehlo: 250-peer.test|250 SMTPUTF8' 'rcpt n*: 550 5.1.1 no such user'
server busy 'greeting: 421 busy'
server old 'ehlo: 502 what?'
server tls 'ehlo: 250-peer.test|250 STARTTLS'
server vendor "ehlo: $(awk 'BEGIN {
    printf "250-peer.test"
    for (i = 0; i < 60; i++) printf "|250-X-VENDOR-%d %070d", i, 0
    print "|250 SMTPUTF8"
}')"
servers lacking.test ascii1 ascii2
servers tls.test tls
servers tls2.test ascii1 tls
servers vendor.test vendor
servers having.test ascii1 utf8
servers down.test ascii1 closed
servers busy.test busy ascii1
servers old.test ascii1 old
build
asks jö@lacking.test '100 callout refused - no-smtputf8 -' 'SMTPUTF8: no server has it'
is "$(cached jö@lacking.test) $(cache "SELECT expires - probed FROM account_cache WHERE address = 'jö@lacking.test'")" \
    'refused 3600' 'remembered for refused_expire'
asks jö@lacking.test '100 cache refused - - -' 'the next is answered from there'
unlike "$(wire ascii1), $(wire ascii2)" '<|RCPT' 'nobody was asked for the address'
asks user@lacking.test '0 callout exists - - -' 'one in ASCII is asked for'
remember 'domain lacking.test' '' 19 -60 -86400 86400 good@lacking.test
asks jö2@lacking.test '100 callout refused - no-smtputf8 -' 'a 20th no of this kind is no less true'
is "$(cache "SELECT count FROM memory WHERE subject = 'domain lacking.test'")" 19 'nor one of twenty'
asks jö@having.test '0 callout exists - - -' 'the second server has it'
is "$(wire utf8)" '<> SMTPUTF8 j\xc3\xb6 RSET <> anybody QUIT' 'and is asked with it'
know having.test
asks nö@having.test '100 callout unknown - - -' 'it may say no'
asks jö@down.test '0 policy policy - no-smtputf8 -' 'the second server is down: that proves nothing'
asks jö@busy.test '0 policy policy - no-smtputf8 -' 'nor does one that is busy'
asks jö@old.test '0 policy policy - no-smtputf8 -' 'nor one that does not take EHLO from us'
asks jö@tls.test '0 policy policy - no-smtputf8 -' 'nor STARTTLS, which may have more behind it'
asks jö@tls2.test '0 policy policy - no-smtputf8 -' 'be it with one of two'
asks jö@vendor.test '0 policy policy - no-smtputf8 -' 'nor a reply to EHLO too long to be kept'
is "$(rows tls.test)$(rows tls2.test)$(rows vendor.test)" 000 'nothing of that is remembered'
is "$(rows down.test)$(rows busy.test)$(rows old.test)" 000 'nothing of that is remembered'

done_testing
