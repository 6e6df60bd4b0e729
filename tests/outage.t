#!/bin/sh
# A primary dies and returns under 50 checks a second, in each way a server can die. No valid user is
# refused, no check waits past the budget, and only a few pay a time-out. stale.t has what old answers in
# the cache are worth meanwhile. A machine that has no time for so many gets fewer, and what is quick is told
# by those checks that the cache answers, in the same seconds.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

fast=400 # ms, less than any wait
budget=6
time_out=3
dead_for=14
well_again=17
cat >"$work/is-well" <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
echo deaf >"$work/is-deaf"
# Whom the checks ask for. The stale ones are in the cache, one for each check.
cat >"$work/list" <<'LIST'
known user%@main.test
unknown nobody%@main.test
known user%@main.test
cached-yes regular@main.test
unknown nobody%@main.test
stale-yes user.stale%@main.test
known user%@main.test
cached-no nobody.regular@main.test
unknown nobody%@main.test
stale-no nobody.stale%@main.test
LIST

rate=$(checks_here 50)
diag "$rate checks a second" >&2

put() { # ADDRESS CLASS CODE AGE LEFT [COUNT]
	put_now=$(date +%s)
	perl tests/lib/cacherow.pl "$1" "$2" "$3" '' 192.0.2.1:25 'as it was' $((put_now - $4)) $((put_now + $5)) "${6-1}" |
	    sqlite3 "$verdicts"
}

mark() { # PORT STATE COUNT TRIED UNTIL: what is remembered of a server, times relative to now
	mark_now=$(date +%s)
	sqlite3 "$verdicts" "DELETE FROM memory WHERE subject = 'server 127.0.0.1:$1'"
	perl tests/lib/cacherow.pl -m "server 127.0.0.1:$1" "$2" "$3" $((mark_now + $4)) $((mark_now + $4)) \
	    $((mark_now + $5)) timeout | sqlite3 "$verdicts"
}

marks() { # PORT: "state count text" of what is remembered
	sqlite3 "$verdicts" "SELECT state || ' ' || count || ' ' || text FROM memory WHERE subject = 'server 127.0.0.1:$1'"
}

new_home() { # NAME PORT...
	make_home "$1"
	"$bin/rcptbuild" >"$work/$1.build" 2>&1
	shift
	for new_port; do
		sql "INSERT INTO domain_ips SELECT 'main.test', '127.0.0.1', $new_port, count(*) FROM domain_ips"
	done
	sql "INSERT INTO settings VALUES ('helo', NULL, 'backup.example.net');
	    INSERT INTO settings VALUES ('budget', NULL, '${budget}s');
	    INSERT INTO settings VALUES ('connect_timeout', NULL, '${time_out}s');
	    INSERT INTO settings VALUES ('command_timeout', NULL, '${time_out}s')"
	build
}

# What runs in the background has a name, and leaves files of that name

start_load() { # NAME SECONDS
	put regular@main.test exists 250 60 500000
	put nobody.regular@main.test unknown 550 60 80000
	put user.stale%@main.test exists 250 700000 -100 2000
	put nobody.stale%@main.test unknown 550 200000 -100000 2000
	tests/lib/load "$rate" "$2" "$work/$1.lines" "$bin/rcptcheck" -v <"$work/list" >"$work/$1.records" &
	load=$!
}

event() { # NAME EVENT
	echo "$2=$(now_ms)" >>"$work/$1.events"
}

end_load() { # NAME
	wait "$load"
	sqlite3 "$verdicts" "SELECT count(*) FROM memory WHERE subject LIKE 'server %'" >"$work/$1.marks"
	sqlite3 "$verdicts" 'PRAGMA integrity_check' >"$work/$1.sound"
}

# Well for 3 s, dead, and well again. Without a script it does not listen while it is dead.
dies() { # NAME [SCRIPT]
	peer "$1" <"$work/is-well"
	dying=$port
	new_home "$1" "$dying"
	start_load "$1" $((3 + dead_for + well_again))
	sleep 3
	event "$1" down
	if [ $# -gt 1 ]; then
		echo "$2" | peer_turn "$1"
	else
		stop_server "$1"
	fi
	sleep "$dead_for"
	event "$1" up
	if [ $# -gt 1 ]; then
		peer_turn "$1" <"$work/is-well"
	else
		peer "$1" -P "$dying" <"$work/is-well"
	fi
	end_load "$1"
}

# The first of two servers is dead, from the beginning to the end
pair() { # NAME
	peer "$1" <"$work/is-deaf"
	dead=$port
	peer "$1.live" <"$work/is-well"
	new_home "$1" "$dead" "$port"
	event "$1" down
	start_load "$1" 20
	end_load "$1"
	event "$1" up
}

two_and_two() {
	dies refused &
	dies deaf deaf
	wait $!
	dies silent 'greeting: {silence}' &
	dies mute 'rcpt: {silence}'
	wait $!
	pair pair
}
two_and_two &
loads=$!

# A process that tries a dead server for all others is killed: another one tries later
peer hurt1 <"$work/is-deaf"
hurt1=$port
peer hurt2 <"$work/is-deaf"
hurt2=$port
peer lives <"$work/is-well"
lives=$port
new_home alone "$hurt1"
primary hurt.test "$hurt2"
primary lives.test "$lives"
build
mark "$hurt2" down 1 -11 -1
killed() { # ADDRESS PORT WANT: one that asks for it, when that is what is remembered
	RECIPIENT=$1 "$bin/rcptcheck" -v </dev/null 2>/dev/null &
	victim=$!
	await eval "[ \"\$(marks $2)\" = '$3' ]"
	is "$(marks "$2")" "$3" 'a process waits for a dead server, and tells the others'
	kill -9 $victim
	wait $victim 2>/dev/null
}
killed first@main.test "$hurt1" 'down 1 slow'
killed second@hurt.test "$hurt2" 'down 2 timeout'
died=$(now_ms)
for domain in main hurt; do
	verdict "third@$domain.test" '0 unreachable' 'kill -9 takes it: the others go on as before'
	is "$(field note)" down 'they know that the server is down'
	ok "and don't wait ($ms ms)" test "$ms" -lt $((time_out * 1000))
done
peer_turn hurt1 <"$work/is-well"
peer_turn hurt2 <"$work/is-well"
refused_again() { # DOMAIN
	check "nobody.$(now_ms)@$1.test"
	[ "$code" -eq 100 ]
}
ok 'ten seconds later another one tries: the server is back' await refused_again main
ok 'the same where the killed one was not the first' await refused_again hurt
took=$(($(now_ms) - died))
ok "and no sooner ($took ms)" test $took -ge 8000
is "$(marks "$hurt1")$(marks "$hurt2")" '' 'nothing is remembered against them'

# One process, many questions
peer_turn hurt1 <"$work/is-deaf"
started=$(now_ms)
awk 'BEGIN { for (i = 1; i <= 500; i++) print "batch" i "@main.test" }' | "$bin/rcptcheck" -b >"$work/out" 2>"$work/err"
is "$? $(grep -c '	accept	unreachable	' "$work/out")" '0 500' '500 questions in one process, to a dead server'
took=$(($(now_ms) - started))
ok "pay one time-out together ($took ms)" test $took -lt $((2 * time_out * 1000))

# Twenty processes find at the same time that somebody may try it again
mark "$hurt1" down 3 -100 -1
hold "$verdicts" 'BEGIN IMMEDIATE; UPDATE memory SET count = count WHERE 0'
echo 'known user.twenty%@main.test' | tests/lib/load 1000 0.02 "$work/twenty.lines" "$bin/rcptcheck" -v >"$work/twenty.records" 8>&- &
load=$!
sleep 0.2 # a writer waits longer than that
release
wait $load
is "$(grep -c '	0	known	.* why=unreachable ' "$work/twenty.records")" 20 'twenty at once, and a mark that has run out'
is "$(awk -F '\t' -v paid=$((time_out * 1000)) '$2 >= paid && !/ cache=/ { n++ } END { print n + 0 }' "$work/twenty.records")" 1 \
    'one of them tries'

# A server that is back but only says "later" is not down
mark "$lives" down 3 -100 -1
peer_turn lives <<'SCRIPT'
once rcpt nobody*: 451 4.7.1 greylisted
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
verdict nobody.grey@lives.test '0 unreachable' 'a server was down, and now it greylists'
is "$(field reply)" '451 4.7.1 greylisted' 'it was tried'
verdict nobody.grey@lives.test '100 callout' 'and is asked again at once'
peer_turn lives <"$work/is-well"

# Marks that prove nothing
mark "$lives" down 3 100 200
verdict nobody.future@lives.test '100 callout' 'a mark from the future: the server is asked'
mark "$lives" down 3 -5 100
verdict nobody.marked@lives.test '0 unreachable' 'a server that is marked is not asked'
sqlite3 "$verdicts" "UPDATE memory SET until = until + 1"
verdict nobody.damage@lives.test '100 callout' 'a mark with a wrong checksum: it is asked'
like "$err" ' cache=' 'and the log says so'
verdict nobody.damage2@lives.test '100 callout' 'asked again'
is "$(field cache)" '' 'and the damage is gone'
mark "$hurt1" down 3 -5 100
sqlite3 "$verdicts" "UPDATE memory SET until = until + 1"
verdict user.damage@main.test '0 unreachable' 'a dead server, and a mark with a wrong checksum'
verdict user.damage2@main.test '0 unreachable' 'a new mark takes its place'
is "$(field note)" down 'so that the next one need not wait'

# No memory: time-outs are paid, and all else is as ever
forgetful() { # NAME
	verdict "user.$1@main.test" '0 unreachable' "$1 cache, a dead server: accepted"
	like "$err" ' cache=' 'the log says what is wrong with the cache'
	ok "within the budget ($ms ms)" test "$ms" -le $(((budget + 1) * 1000))
	verdict "nobody.$1@lives.test" '100 callout' "$1 cache: an unknown user is refused"
	verdict "user.$1@lives.test" '0 callout' "$1 cache: a known one is not"
}
mv "$verdicts" "$work/verdicts"
forgetful missing
head -c 50000 /dev/urandom >"$verdicts"
forgetful destroyed
mv "$work/verdicts" "$verdicts"
mark "$lives" down 3 -100 -1
mark "$hurt1" down 3 -100 -1
hold "$verdicts" 'BEGIN EXCLUSIVE; UPDATE memory SET count = count WHERE 0'
forgetful locked
release
ones_own() {
	run setpriv --reuid 65534 --regid 65534 --clear-groups env RECIPIENT="$1" "$bin/rcptcheck" -v </dev/null
}
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$cdb" -a -x "$bin/rcptcheck"; then
	chmod 755 "$RCPTCHECK_HOME/cache"
	chmod 444 "$verdicts"
	ones_own nobody.readonly@lives.test
	is "$code $(field why)" '100 callout' 'a cache that can only be read: a mark that has run out holds nobody back'
	like "$err" ' cache=' 'the log says what is wrong with the cache'
	ones_own user.readonly@main.test
	is "$code $(field why)" '0 unreachable' 'and a dead server costs a time-out'
	ok "which is paid ($ms ms)" test "$ms" -ge $((time_out * 900))
	chmod 644 "$verdicts"
	mark "$lives" down 3 -5 100
	chmod 444 "$verdicts"
	ones_own nobody.held@lives.test
	is "$code $(field why) $(field note)" '0 unreachable down' 'a mark that holds can be read'
else
	skip 5 'needs root, and a folder that the user nobody can reach'
fi

# The loads. In all of them: what must never be.

wait $loads # a bare one would wait for the servers

count() { # CONDITION of awk on one record: how many of $name there are
	awk -F '\t' -v down="$down" -v up="$up" -v paid=$((time_out * 1000)) -v fast=$fast -v budget=$((budget * 1000)) '
	    { start = $1; ms = $2; code = $3; kind = $4; line = $5 } '"$1"' { n++ } END { print n + 0 }' "$work/$name.records"
}

percent() { # PART WHOLE
	awk -v part="$1" -v whole="$2" 'BEGIN { printf "%.1f %%", whole ? 100 * part / whole : 0 }'
}

few() { # CONDITION WHOLE: ten in a hundred of them at most
	[ $(($(count "$1") * 10)) -le "$(count "$2")" ]
}

# Those of CONDITION are as quick as those that the cache answers, but for SLACK in a hundred
at_once() { # NAME CONDITION SLACK
	part=$(percent "$(count "($2) && ms <= fast")" "$(count "$2")")
	usual=$(percent "$(count 'kind ~ /cached/ && ms <= fast')" "$(count 'kind ~ /cached/')")
	ok "$1 ($part in $fast ms, those from the cache $usual)" test $((${part%%[. ]*} + $3)) -ge "${usual%%[. ]*}"
}

summary() {
	echo "$*" >>"$work/summary"
}

judge() { # NAME: leaves $name, $down and $up
	name=$1
	down='' up=''
	# shellcheck disable=SC1090 # written above
	. "$work/$name.events"
	all=$(count 1)
	is "$(count 'kind ~ /known|yes/ && kind != "unknown" && code != 0')" 0 "$name: of $all checks, none refuses a valid user"
	is "$(count 'code != 0 && code != 100')" 0 "$name: and none ends otherwise than with 0 or 100"
	is "$(count 'ms > budget + 3000')" 0 "$name: none waits past the budget of $budget s"
	is "$(count 'line == ""')" 0 "$name: each is logged"
	is "$(count 'kind == "cached-no" && code != 100 && line !~ / cache=/')" 0 "$name: what is fresh in the cache counts all the time"
	is "$(cat "$work/$name.sound")" ok "$name: the cache is sound"
	ok "$name: and is in use, whoever else writes" few 'line ~ / cache=/' 1
	summary "$name: $all checks, $(count 'ms >= paid') paid a time-out of $time_out s, $(count 'ms > 500') more than half a second;" \
	    "$(percent "$(count 'start >= down && start < up && ms <= fast')" "$(count 'start >= down && start < up')")" \
	    "of those in the outage took $fast ms at most"
}

# And what a dead server may cost: PAID checks wait for a time-out, and unknown users are refused again
# BACK ms behind its return.
outage() { # NAME PAID BACK
	judge "$1"
	paid=$(count 'ms >= paid && start < up')
	ok "$name: at most $2 checks pay a time-out ($paid)" test "$paid" -le "$2"
	unknown='kind ~ /unknown|stale-no/'
	ok "$name: before, unknown users are refused" few "$unknown && start < down - 500 && code != 100" "$unknown && start < down - 500"
	at_once "$name: once it is known, the others are answered at once" 'start >= down + paid + 1000 && start < up' 10
	back=$(awk -F '\t' -v up="$up" '$1 > up && $4 == "unknown" && $3 == 100 { print $1 - up; exit }' "$work/$name.records")
	ok "$name: back, and unknown users are refused again after ${back:=no} ms" test "$back" -le "$3"
	after="$unknown && start > up + $3 + 500"
	ok "$name: from then on all of them, as long as there is time to ask" few "$after && code != 100 && line !~ / (note=timeout|cache=)/" "$after"
	is "$(cat "$work/$name.marks")" 0 "$name: and nothing is remembered against the server"
	summary "$name: unknown users are refused again $back ms after the return"
}
again=$((11500 + time_out * 1000)) # 10 s behind the end of the last try

outage refused 5 12000
outage deaf 5 $again
outage silent 5 $again
outage mute 8 $again # one that greets may be slow about one user: it takes three to be sure

judge pair
ok 'pair: one of two servers is dead, and unknown users are refused by the other' \
    few 'kind ~ /unknown|stale-no/ && code != 100' 'kind ~ /unknown|stale-no/'
ok "pair: at most 5 checks pay a time-out ($(count 'ms >= paid'))" test "$(count 'ms >= paid')" -le 5
at_once 'pair: most are answered at once' 'kind !~ /cached/' 25
ok 'pair: but it is tried again now and then' test "$(count 'ms >= paid')" -ge 2
is "$(cat "$work/pair.marks")" 1 'pair: the dead one is remembered'

# On descriptor 2, or prove would not show it
diag "$(cat "$work/summary")" >&2

done_testing
