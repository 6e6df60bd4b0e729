#!/bin/sh
# Servers that want to hold rcptprobe up: each is asked many times at once, while a good one is asked, too. None of
# them brings about a reject, all who ask have an answer in time, and the good one's come as fast as ever.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/primary.sh
. tests/lib/probe.sh

# A domain and a server each. They do what they can to be understood as "no such user"; none says it as it must
# be said.
while IFS='	' read -r name script; do
	printf '%b\n' "$script" >"$work/script"
	peer "$name" <"$work/script"
	primary "$name.test" "$port"
	echo "$name"
done >"$work/hostile" <<'TABLE'
banner	greeting: {x 100000 220-wait a moment|}220 go
banner5	greeting: {x 100000 550-5.1.1 no such user|}550 no
slowbanner	greeting: {slow 1}220 peer.test ESMTP
slowrcpt	rcpt: {slow 1}550 5.1.1 no such user
slowlines	ehlo: 250-peer.test|{slow 0.1}{x 1000 250-x|}
longbanner	greeting: 220 {x 1000000 a}
longehlo	ehlo: 250-{x 1000000 a}|250 PIPELINING
longrcpt	rcpt: 550 5.1.1 {x 1000000 a}
linesehlo	ehlo: {x 10000 250-PIPELINING|}250 ok
linesrcpt	rcpt: {x 10000 550-5.1.1 no such user|}550 5.1.1 no such user
nuls	greeting: {x 100000 \\\\0}
nulrcpt	rcpt: 5\\\\050 5.1.1 no such user
early	greeting: 220 peer.test|250 peer.test|250 ok|550 5.1.1 no such user
earlyrcpt	mail: 250 ok|550 5.1.1 no such user
earlymore	ehlo: 250-peer.test|250 PIPELINING\nrcpt: 550 5.1.1 no such user|550 5.1.1 no such user
mixed	rcpt: 550-5.1.1 no such user|250 ok
hangbanner	greeting: {silence}
hangehlo	ehlo: {silence}
hangtls	ehlo: 250-peer.test|250 STARTTLS\nrcpt: {silence}\nother: 220 go{silence}
hangmail	mail: {silence}
hangrcpt	ehlo: 250-peer.test|250 PIPELINING\nrcpt: {silence}
hanghalf	rcpt: 550 5.1.1 no such user{open}{silence}
hangrset	rcpt: 450 4.2.0 later\nrset: {silence}
hangquit	rcpt: 450 4.2.0 later\nquit: {silence}
drop	greeting: {close}
reset	greeting: {rst}
dropehlo	ehlo: {close}
dropmail	mail: {rst}
droprcpt	ehlo: 250-peer.test|250 PIPELINING\nrcpt: {rst}
drophalf	rcpt: 550 5.1.1 no such user{open}{close}
TABLE
peer deaf -d </dev/null
primary deaf.test "$port"
primary nobody.test "$(free_port)"
printf '%s\n' deaf nobody >>"$work/hostile"
hostile_names=$(cat "$work/hostile")
peer good <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary good.test "$port"
budget=8
sql "INSERT INTO settings VALUES ('budget', NULL, '${budget}s');
    INSERT INTO settings VALUES ('connect_timeout', NULL, '3s');
    INSERT INTO settings VALUES ('command_timeout', NULL, '3s')"
build
start_probe

# And another rcptprobe, whose home has no hostile domain: what it takes is the machine's doing
mv "$work/probe.pid" "$work/home.pid"
cp "$work/good.script" "$work/script"
peer calm <"$work/script"
make_home calm
"$bin/rcptbuild" >"$work/build.out" 2>&1
primary good.test "$port"
sql "INSERT INTO settings VALUES ('helo', NULL, 'backup.example.net')"
build
start_probe
mv "$work/probe.pid" "$work/calm.probe.pid"
mv "$work/home.pid" "$work/probe.pid"
make_home home

# A batch of new addresses of the good domain, half of them unknown, two at a time: in both homes, in turn. Adds to
# $work/NAME-home.records, $work/NAME-calm.records and their .log
serial=0
good() { # NAME COUNT
	perl -e 'printf "%s%d\@good.test\n", $_ % 2 ? "nobody" : "user", $_ for $ARGV[0] + 1 .. $ARGV[0] + $ARGV[1]' \
	    $serial "$2" >"$work/good.list"
	serial=$((serial + $2))
	for home in home calm; do
		RCPTCHECK_HOME=$work/$home crowd -j 2 <"$work/good.list"
		cat "$records" >>"$work/$1-$home.records"
		cat "$log_lines" >>"$work/$1-$home.log"
	done
}

median() { # NAME: of its milliseconds
	cut -f 3 "$work/$1.records" | sort -n | awk '{ ms[NR] = $1 } END { print ms[int((NR + 1) / 2)] }'
}

wrong() { # NAME: how many of its verdicts are
	awk -F '\t' '$2 != ($1 ~ /^nobody/ ? 100 : 0) { n++ } END { print n + 0 }' "$work/$1.records"
}

good quiet 100

# Each hostile domain is asked 40 times, by 60 at a time, in turn, and those that drop their connections more often.
# What is remembered of their servers is forgotten all the time, so that they are tried again and again.
for n in $(seq 1 40); do
	sed "s/.*/user$n@&.test/" "$work/hostile"
	perl -e 'for my $n (1 .. 6) { print "user$ARGV[0].$n\@$_.test\n" for qw(dropmail droprcpt drophalf) }' "$n"
done >"$work/hostile.list"
"$crowd_program" -j 60 -o "$work/hostile.log" "$bin/rcptcheck" -v <"$work/hostile.list" \
    >"$work/hostile.records" 2>"$work/hostile.summary" &
hostile=$!
echo $hostile >"$work/crowd.pid"
while kill -0 $hostile 2>/dev/null; do
	good loud 25
	[ $serial -gt 2000 ] || sqlite3 -cmd '.timeout 1000' "$verdicts" 'DELETE FROM memory'
done
rm -f "$work/crowd.pid"
wait $hostile

asked=$(wc -l <"$work/hostile.list")
is "$(wc -l <"$work/hostile.records")" "$asked" "$asked questions about hostile domains"
is "$(awk -F '\t' '$2 != 0 { print $1, $2 }' "$work/hostile.records")" '' 'all are accepted: nothing is known of the users'
most=$(sort -t '	' -k 3 -n "$work/hostile.records" | tail -n 1 | cut -f 3)
ok "all in time (the last after $most ms)" test "${most%.*}" -lt $((budget * 2000))
is "$(sqlite3 "$verdicts" "SELECT address, class FROM account_cache WHERE address NOT LIKE '%@good.test'")" '' \
    'nothing of it is in the cache'
for name in $hostile_names; do
	like "$(grep "@$name.test " "$work/hostile.log")" ' why=(unreachable|policy|busy)' "$name: why"
done
is "$(grep -c ' probe=' "$work/hostile.log")" 0 'rcptprobe had an answer to each of them'
ok 'and goes on' kill -0 "$(probe_id)"

is "$(wrong quiet-home)" 0 'all verdicts about the good domain were right before'
is "$(wrong loud-home)" 0 "and all $(wc -l <"$work/loud-home.records") meanwhile"
is "$(cat "$work/quiet-home.log" "$work/loud-home.log" | grep -c ' probe=')" 0 'all are by rcptprobe'
calm=$(median loud-calm)
loud=$(median loud-home)
diag "before: a median of $(median quiet-home) ms, of the other $(median quiet-calm) ms"
ok "as fast as one without hostile domains, or at least half: a median of $loud ms, and $calm ms" \
    perl -e 'exit !($ARGV[1] <= 2 * $ARGV[0] + 20)' "$calm" "$loud"
total=0
for name in $hostile_names; do
	total=$((total + $(connections "$name")))
done
ok "hostile servers had $total connections" test "$total" -gt 1000
diag "$(tr '\n' ' ' <"$work/hostile.summary")"
diag "rcptprobe: $(grep VmHWM "/proc/$(probe_id)/status")"
check user.behind@good.test
is "$code $(field why)" '0 callout' 'afterwards it is as ever'
stop_probe
is $probe_code 0 'and it ends as it should'

done_testing
