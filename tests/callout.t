#!/bin/sh
# The callout: what each kind of answer of a server leads to, what goes over the wire, which server is
# asked when. The servers are scripted peers; mta.t has real ones.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

sql "INSERT INTO settings VALUES ('command_timeout', NULL, '1s');
    INSERT INTO settings VALUES ('connect_timeout', NULL, '1s');
    INSERT INTO settings VALUES ('budget', NULL, '10s')"
number=0

# One peer, one fresh address: conversation NAME WANT <SCRIPT. Leaves the log of the check in $err.
conversation() {
	number=$((number + 1))
	peer one
	sql "DELETE FROM domain_ips"
	primary example.test "$port"
	build
	verdict "user$number@example.test" "$2" "$1"
	stop_server one
}

# Replies to RCPT. Each line: exit code, why, class, answer, as the comments of src/rcpt/classify.c give
# reasons for; "0 unreachable" and "0 policy" are the settings' accept for "no statement now" and "not
# about the user".
cat >"$work/table" <<'TABLE'
0	callout	exists	250 ok
0	callout	exists	250 2.1.5 ok
0	callout	exists	251 user not local; will forward
0	callout	exists	259 some other success
0	callout	exists	250-one|250-two|250 three
0	unreachable	temporary	252 cannot VRFY user, but will try
0	unreachable	temporary	354 go ahead
0	unreachable	temporary	399 what is this
0	unreachable	temporary	421 4.3.2 closing
0	unreachable	temporary	450 4.1.1 unverified
0	unreachable	temporary	450 5.1.1 no such user
0	unreachable	temporary	451 4.7.1 greylisted
0	unreachable	temporary	452 4.2.2 full
0	unreachable	temporary	499 strange
0	unreachable	temporary	550 4.2.1 later
0	unreachable	temporary	550 2.1.5 ok
0	unreachable	temporary	552 5.2.2 mailbox full
0	unreachable	temporary	552 5.1.1 no such user
0	unreachable	temporary	552 over quota
0	unreachable	temporary	550 5.2.2 mailbox full
0	unreachable	temporary	550 5.2.3 too big
0	unreachable	temporary	550 5.2.4 list trouble
0	unreachable	temporary	550 5.2.121 rate limit
0	unreachable	temporary	550 5.5.3 too many recipients
100	callout	unknown	550 5.1.1 no such user
100	callout	unknown	551 5.1.1 no such user
100	callout	unknown	553 5.1.1 no such user
100	callout	unknown	554 5.1.1 no such user
100	callout	unknown	501 5.1.1 no such user
100	callout	unknown	577 5.1.1 no such user
100	callout	unknown	550 5.1.3 bad syntax
100	callout	unknown	550 5.1.6 moved
100	callout	unknown	550 5.1.10 recipient not found
100	callout	unknown	550 5.1.0 address rejected
100	callout	unknown	553 5.1.0 address rejected
100	callout	unknown	550 5.5.0 mailbox unavailable
100	callout	unknown	550 sorry, no mailbox here by that name (#5.1.1)
100	callout	unknown	550 no such user here (#5.5.0)
100	callout	unknown	550 no such user
100	callout	unknown	551 no such user
100	callout	unknown	553 no such user
100	callout	unknown	550 5.0.0 no such user
100	callout	unknown	550
100	callout	unknown	550-5.1.1 no|550-5.1.1 such|550 5.1.1 user
100	callout	unknown	550-no|550 5.1.1 such user
100	callout	unknown	550 5.1.1 no such user\n{open}
100	callout	unknown	550 5.1{wait 0.3}.1 no such user
100	callout	unknown	550-5.1.1 no such{wait 0.3}|550 5.1.1 user
100	callout	unknown	{slow 0}550 5.1.1 no such user
100	callout	refused	550 5.2.1 disabled
100	callout	refused	550 5.2.0 no
100	callout	unknown	554 5.1.0 rejected
100	callout	unknown	550 5.3.0 rejected
100	callout	unknown	550 5.4.1 access denied
100	callout	unknown	550 5.7.1 no
100	callout	unknown	554 no such user
0	policy	policy	550 5.1.2 bad host
0	policy	policy	550 5.1.7 bad sender
0	policy	policy	550 5.1.8 bad sender's system
0	policy	policy	550 5.1.90 your daily limit
0	policy	policy	550 5.3.2 not accepting
0	policy	policy	550 5.4.4 no route
0	policy	policy	554 5.5.0 failed
0	policy	policy	550 5.5.1 bad command
0	policy	policy	550 5.6.7 needs SMTPUTF8
0	policy	policy	550 5.7.13 account disabled
0	policy	policy	550 5.7.26 unauthenticated
0	policy	policy	500 5.1.1 what
0	policy	policy	501 syntax
0	policy	policy	502 5.1.1 what
0	policy	policy	503 5.1.1 MAIL first
0	policy	policy	504 5.1.1 parameter
0	policy	policy	521 5.1.1 no mail
0	policy	policy	530 5.1.1 STARTTLS first
0	policy	policy	535 5.1.1 AUTH first
0	policy	policy	555 5.1.1 parameter
0	policy	policy	556 domain takes no mail
0	policy	policy	577 strange
0	policy	policy	550 rejected: 127.0.0.1 is listed at rbl.example
0	policy	policy	550 Blocked by policy
0	policy	policy	550 relaying denied
0	policy	policy	550-5.1.1 no|550 5.7.1 blocked
0	unreachable	temporary	550-5.1.1 no|250 ok
0	unreachable	temporary	250-ok|550 5.1.1 no
0	unreachable	temporary	550-5.1.1 no|550-5.1.1 such{close}
0	unreachable	temporary	550 5.1.1 no such{close}{open}
0	unreachable	temporary	no such user
0	unreachable	temporary	55
0	unreachable	temporary	5500 5.1.1 no such user
0	unreachable	temporary	 550 5.1.1 no such user
0	unreachable	temporary	550_5.1.1 no such user
0	unreachable	temporary	650 5.1.1 no such user
0	unreachable	temporary	5\050 5.1.1 no such user
0	unreachable	temporary	\xff\xfe550 5.1.1 no such user
0	unreachable	temporary	|550 5.1.1 no such user
0	unreachable	temporary	{x 1000000 A}
0	unreachable	temporary	550 5.1.1 {x 1000000 A}
0	unreachable	temporary	{x 10000 550-5.1.1 no\r\n}550 5.1.1 no
0	unreachable	temporary	{close}
0	unreachable	temporary	{rst}
0	unreachable	temporary	{silence}
0	unreachable	temporary	550 5.1.1 no{open}{silence}
0	unreachable	temporary	{slow 0.3}550 5.1.1 no such user, and a long text besides
TABLE

for extension in '' '|250 PIPELINING'; do
	{
		if [ -n "$extension" ]; then
			echo 'ehlo: 250-peer.test|250-SIZE|250 PIPELINING'
		fi
		awk -F '\t' '{ printf "rcpt case%d@*: %s\n", NR, $4 }' "$work/table"
		echo 'rcpt spamhaus.rbl@*: 550 <spamhaus.rbl@table.test>: no such user'
	} >"$work/script"
	peer table <"$work/script"
	sql "DELETE FROM domain_ips"
	primary table.test "$port"
	build
	rm -f "$verdicts"
	"$bin/rcptbuild" -f >"$work/build.out" 2>&1
	number=0
	verdict spamhaus.rbl@table.test '100 callout' 'the echo of the address is not read as a reason'
	while IFS='	' read -r want why class answer; do
		number=$((number + 1))
		check "case$number@table.test"
		is "$code $(field why) $(field class)" "$want $why $class" \
		    "RCPT${extension:+, pipelined}: $answer"
	done <"$work/table"
	stop_server table
done

# A greeting, EHLO, HELO or MAIL that goes wrong says nothing about the user
while IFS='	' read -r want name script; do
	printf "%b\n" "$script" >"$work/conversation"
	conversation "$name" "$want" <"$work/conversation"
done <<'TABLE'
0 unreachable	greeting 421	greeting: 421 busy
0 unreachable	greeting 450	greeting: 450 busy
0 policy	greeting 554	greeting: 554 5.7.1 go away
0 policy	greeting 521	greeting: 521 no mail here
0 policy	greeting 550 5.1.1	greeting: 550 5.1.1 no such user
0 unreachable	greeting garbage	greeting: SSH-2.0-OpenSSH_9.2
0 unreachable	greeting empty line	greeting: |220 hello
0 unreachable	greeting silence	greeting: {silence}
0 unreachable	greeting close	greeting: {close}
0 unreachable	greeting reset	greeting: {rst}
0 unreachable	greeting cut	greeting: 220 hel{open}{close}
0 unreachable	greeting endless	greeting: {x 100000 220-hello\\r\\n}
0 unreachable	two greetings	greeting: 220 hello|250 early\nrcpt user*: 550 5.1.1 no such user
0 unreachable	answers before the questions	greeting: 220 hello|250 ok|250 ok|550 5.1.1 no such user
100 callout	greeting of many lines	greeting: 220-hello|220-and|220 welcome\nrcpt user*: 550 5.1.1 no such user
100 callout	greeting byte by byte	greeting: {slow 0}220 hello\nrcpt user*: 550 5.1.1 no such user
100 callout	EHLO 502, HELO	ehlo: 502 what?\nrcpt user*: 550 5.1.1 no such user
100 callout	EHLO 500, HELO	ehlo: 500 what?\nrcpt user*: 550 5.1.1 no such user
100 callout	EHLO 504, HELO	ehlo: 504 what?\nrcpt user*: 550 5.1.1 no such user
100 callout	EHLO 550, HELO	ehlo: 550 what?\nrcpt user*: 550 5.1.1 no such user
0 policy	EHLO 502, HELO 550	ehlo: 502 what?\nhelo: 550 5.1.1 no such user
0 unreachable	EHLO 502, HELO 421	ehlo: 502 what?\nhelo: 421 busy
0 unreachable	EHLO 502, HELO close	ehlo: 502 what?\nhelo: {close}
0 unreachable	EHLO 421	ehlo: 421 busy
0 policy	EHLO 554	ehlo: 554 5.1.1 no such user
0 unreachable	EHLO garbage	ehlo: moin
0 unreachable	EHLO silence	ehlo: {silence}
0 unreachable	EHLO close	ehlo: {close}
0 unreachable	EHLO reset	ehlo: {rst}
0 unreachable	MAIL 451	mail: 451 later
0 policy	MAIL 550 5.1.1	mail: 550 5.1.1 no such user
0 policy	MAIL 530	mail: 530 5.7.0 STARTTLS first
0 unreachable	MAIL garbage	mail: moin
0 unreachable	MAIL silence	mail: {silence}
0 unreachable	MAIL close	mail: {close}
0 unreachable	MAIL reset	mail: {rst}
0 policy	pipelined: MAIL 550, RCPT 550 5.1.1	ehlo: 250-peer|250 PIPELINING\nmail: 550 5.7.1 no\nrcpt user*: 550 5.1.1 no such user
0 policy	pipelined: MAIL 550, RCPT 503	ehlo: 250-peer|250 PIPELINING\nmail: 550 5.7.1 no\nrcpt: 503 5.5.1 MAIL first
0 unreachable	pipelined: MAIL 451, RCPT 550 5.1.1	ehlo: 250-peer|250 PIPELINING\nmail: 451 later\nrcpt user*: 550 5.1.1 no such user
0 unreachable	a third reply behind a pipelined "no"	ehlo: 250-peer|250 PIPELINING\nrcpt user*: 550 5.1.1 no such user|250 ok
100 callout	a "no", and a 421 in the same breath	rcpt user*: 550 5.1.1 no such user|421 bye{close}
100 callout	a "no", then closed	rcpt user*: 550 5.1.1 no such user{close}
0 callout	a "yes", then closed	rcpt: 250 ok{close}
TABLE

# What goes over the wire
conversation 'plain conversation' '100 callout' <<'SCRIPT'
ehlo: 250-peer.test|250-8BITMIME|250 XPIPELINING
mail: {wait 0.3}250 ok
rcpt: {wait 0.3}550 5.1.1 no such user
SCRIPT
await grep -q 'C: QUIT' "$work/one.log"
like "$(heard one)" 'C: EHLO backup.example.net$' 'EHLO with the helo of the settings'
like "$(heard one)" 'C: MAIL FROM:<>$' 'the null sender, and nothing behind it before its answer'
like "$(heard one)" 'C: RCPT TO:<user[0-9]+@example.test>$' 'then RCPT'
unlike "$(heard one)" 'early|more' 'no byte comes before the answer to the last'
like "$(heard one)" 'C: QUIT' 'it says QUIT'
unlike "$(heard one)" 'BARE LF' 'lines end in CR LF'

conversation 'pipelined conversation' '100 callout' <<'SCRIPT'
ehlo: 250-peer.test|250-pipelining|250 SIZE 1000
rcpt user*: 550 5.1.1 no such user
SCRIPT
like "$(heard one)" 'C: MAIL FROM:<> more' 'MAIL and RCPT come in one segment where PIPELINING is offered'
unlike "$(heard one)" 'C: RCPT.*more' 'QUIT is not among them'

conversation 'HELO' '0 callout' <<'SCRIPT'
ehlo: 502 what?
SCRIPT
like "$(heard one)" 'C: HELO backup.example.net$' 'HELO with the same name'

started=$(now_ms)
conversation 'a slow farewell' '100 callout' <<'SCRIPT'
rcpt user*: 550 5.1.1 no such user
quit: {wait 30}221 bye{close}
SCRIPT
ok 'the reply to QUIT is not waited for' test $(($(now_ms) - started)) -lt 20000

# Several servers
sql "DELETE FROM domain_ips"
peer temporary <<'SCRIPT'
rcpt: 451 4.7.1 later
SCRIPT
temporary=$port
peer policy <<'SCRIPT'
mail: 554 5.7.1 no mail from you
SCRIPT
policy=$port
peer knows <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
knows=$port
peer other <<'SCRIPT'
rcpt user*: 550 5.1.1 no such user
SCRIPT
other=$port
closed=$(free_port)

servers() { # DOMAIN PORT ORDER...
	domain=$1
	shift
	while [ $# -gt 0 ]; do
		sql "INSERT INTO domain_ips VALUES ('$domain', '127.0.0.1', $1, $2)"
		shift 2
	done
}
servers order.test "$other" NULL "$knows" 1
servers negative.test "$other" 5 "$knows" -3
servers next.test "$closed" 1 "$temporary" 2 "$policy" 3 "$knows" 4
servers none.test "$closed" 1 "$temporary" 2
servers blame.test "$temporary" 1 "$policy" 2 "$closed" 3
build

verdict user@order.test '0 callout' 'servers are asked in ascending order, NULL last'
is "$(field host)" "127.0.0.1:$knows" 'the log names the server that answered'
verdict nobody@order.test '100 callout' 'the first server that makes a statement decides'
is "$(connections other)" 0 'the next is not asked any more'
verdict user@negative.test '0 callout' 'an order may be negative'
verdict nobody@next.test '100 callout' 'closed port, 451, refused MAIL: the next server is asked'
is "$(field host)" "127.0.0.1:$knows" 'and it is the one that decides'
verdict user@none.test '0 unreachable' 'no server makes a statement: accepted'
verdict user@blame.test '0 policy' 'policy is better known than unreachable'
is "$(field host)" "127.0.0.1:$policy" 'and the log names the server that said so'

sql "INSERT INTO settings VALUES ('on_unreachable', NULL, 'tempfail');
    INSERT INTO settings VALUES ('on_policy', 'blame.test', 'tempfail')"
build
verdict user2@none.test '111 unreachable' 'on_unreachable=tempfail'
verdict user2@blame.test '111 policy' 'on_policy=tempfail'
sql "DELETE FROM settings WHERE name LIKE 'on_%'"

# Time
peer deaf1 -d </dev/null
deaf1=$port
peer deaf2 -d </dev/null
deaf2=$port
peer silent1 <<'SCRIPT'
greeting: {silence}
SCRIPT
silent1=$port
peer silent2 <<'SCRIPT'
rcpt: {silence}
SCRIPT
silent2=$port
peer drip <<'SCRIPT'
greeting: {slow 0.5}220 one byte after the other, so that no single wait is long, but all together are
SCRIPT
drip=$port
servers dead.test "$deaf1" 1 "$deaf2" 2 "$silent1" 3 "$silent2" 4 "$drip" 5
servers deaf.test "$deaf1" 1
servers drip.test "$drip" 1
servers fallback.test "$deaf1" 1 "$silent2" 2 "$drip" 3 "$knows" 4
sql "DELETE FROM settings WHERE name LIKE '%_timeout' OR name = 'budget';
    INSERT INTO settings VALUES ('budget', NULL, '2s')"
build
for domain in deaf drip dead; do
	verdict "user@$domain.test" '0 unreachable' "$domain servers: accepted"
	ok 'within the budget of 2 s' test "$ms" -lt 9000
	ok 'which was used' test "$ms" -ge 1500
done
sql "UPDATE settings SET value = '20s' WHERE name = 'budget';
    INSERT INTO settings VALUES ('connect_timeout', NULL, '1s');
    INSERT INTO settings VALUES ('command_timeout', NULL, '1s')"
build
verdict nobody@fallback.test '100 callout' 'three dead servers leave time for the fourth'

# IPv6
if has_ipv6; then
	peer six -6 <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
	primary six.test "$port" ::1
	build
	verdict nobody@six.test '100 callout' 'a server with an IPv6 address'
	is "$(field host)" "[::1]:$port" 'and the log writes it so'
else
	skip 2 'this machine has no ::1'
fi

# Our own name, and our own address
primary self.test "$knows"
build
TCPLOCALIP=127.0.0.1 TCPLOCALPORT=$knows
export TCPLOCALIP TCPLOCALPORT
verdict nobody@self.test '0 unreachable' 'the address that our client came in by is not asked'
is "$(field note)" loop 'and the log calls it a loop'
unset TCPLOCALIP TCPLOCALPORT

done_testing
