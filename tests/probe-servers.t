#!/bin/sh
# Real servers, with the limits they come with, asked by a crowd through rcptprobe: each verdict is right, no
# address is asked twice, the limits are kept, no server slows us down. Then kill -9 of rcptprobe again and
# again while a crowd asks, and a server that is far away.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/primary.sh
. tests/lib/probe.sh

many=5000
few=1500
size=$(checks_here 50) # for more the machine has no time, and "busy" would be the answer
round=20 # ms to the far server and back
no_flow_delay='in_flow_delay = 0s' # see primary.sh
# Postfix takes 50 connections of a client. 50 processes that ask it directly have some more while they end, and
# a rcptprobe that starts again meanwhile has some too.
any_number=$(printf '%s\n' "$no_flow_delay" 'smtpd_client_connection_count_limit = 0')
if [ "${BUILD:-build}" = build/asan ]; then
	many=400 # sanitizers are slow
	few=200
fi

as_nobody() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}
as_nobody test -w "$top/build/tmp" -a -x "$bin/rcptprobe" || skip_all 'needs a folder that the user nobody can reach'

unknown=other
addresses() { # FIRST LAST DOMAIN [DOMAIN]: half of them are $unknown
	awk -v first="$1" -v last="$2" -v domains="$3 ${4-$3}" -v unknown="$unknown" 'BEGIN {
		split(domains, domain, " ")
		for (i = first; i <= last; i++)
			print (i % 2 ? "known" : unknown) i "@" domain[1 + int(i / 2) % 2]
	}'
}

ask_all() { # FIRST LAST DOMAIN...
	addresses "$@" >"$work/list"
	crowd -j "$size" <"$work/list"
}

wrong() { # how many of $records have another exit code than they should
	awk -F '\t' '{ n += $2 != ($1 ~ /^other/ ? 100 : 0) } END { print n + 0 }' "$records"
}

undecided='why=(busy|unreachable|policy|error)'

repeated() { # NAME: those whom a server was asked about more than once
	asked "$1" | awk '$2 ~ /^(known|other)/ && $1 > 1' | head -n 5
}

median() { # PATTERN: of the milliseconds in $records
	awk -F '\t' -v pattern="$1" '$1 ~ pattern { print $3 }' "$records" | sort -n |
	    awk '{ ms[NR] = $1 } END { print ms[int((NR + 1) / 2)] }'
}

less() { # A B, which may have a fraction
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
}

ratio() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

# A crowd at a far server. Leaves the ms it took in $wall, the round trips in $trips, the wrong verdicts in
# $all_wrong.
ask_far() { # FIRST
	trips=$(counted far_away flights)
	ask_all "$1" $(($1 + 999)) far.test
	wall=$(summed wall)
	trips=$(($(counted far_away flights) - trips))
	all_wrong=$((all_wrong + $(wrong)))
}

# How many ms a NOOP takes there, on a kept connection: the median of 15
noops() {
	perl -MIO::Socket::INET -MTime::HiRes=time -e '
		alarm 60;
		my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or die "connect: $!\n";
		my $line = <$s>;
		my @ms = map {
			my $start = time;
			print $s $_ ? "NOOP\r\n" : "HELO client.test\r\n";
			$line = <$s>;
			$_ ? (time - $start) * 1000 : ();
		} 0 .. 15;
		print $s "QUIT\r\n";
		$line = <$s>;
		printf "%.1f\n", (sort { $a <=> $b } @ms)[7]' "$ip" "$port"
}
noop_flights=17

# New addresses and one that is cached in turn, one check at a time, over a connection that is kept. Leaves
# the medians, $new and $cached, and what a new one costs more, $rounds times $noop, of the best of some tries:
# this machine may have other work. $flights is how many went to the server, of all tries.
one_by_one() {
	check known.cached@far.test
	rounds=99 new='' cached='' noop='' tries=0
	flights=$(counted far_away flights)
	while [ $tries -lt 20 ] && ! less "$rounds" 1.2; do
		tries=$((tries + 1))
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
			printf '%s\n' "known.new$tries.$i@far.test" known.cached@far.test
		done >"$work/list"
		crowd -j 1 <"$work/list"
		all_wrong=$((all_wrong + $(wrong)))
		set -- "$(median '^known[.]new')" "$(median '^known[.]cached')" "$(noops)"
		now_rounds=$(ratio "$(awk "BEGIN { print $1 - $2 }")" "$3")
		if less "$now_rounds" "$rounds"; then
			rounds=$now_rounds new=$1 cached=$2 noop=$3
		fi
	done
	flights=$(($(counted far_away flights) - flights - tries * noop_flights))
}

# This script once more, in tests/lib/netdelay: prints figures, as assignments
measure_far() {
	all_wrong=0
	more_postfix=$any_number
	real_postfix far far.test
	relay far_away ${far_delay:+-d "$far_delay"}
	primary far.test "$port" "$ip"
	build
	unknown=known
	ask_far 1
	echo "direct_known=$wall direct_trips=$trips"
	unknown=other
	ask_far 1001
	echo "direct_half=$wall"
	start_probe
	one_by_one
	echo "rounds=$rounds new=$new cached=$cached noop=$noop tries=$tries flights=$flights"
	unknown=known
	ask_far 2001
	echo "probe_known=$wall probe_trips=$trips"
	unknown=other
	ask_far 3001
	echo "probe_half=$wall all_wrong=$all_wrong"
}
if [ "${1-}" = far ]; then
	measure_far
	exit
fi

# A crowd for each server. Two domains are at the first, which makes no difference to its limits.
servers='postfix exim'
can_opensmtpd && servers="$servers opensmtpd"
no_opensmtpd='OpenSMTPD is only for root, and unpacked by make check'
for server in $servers; do
	more_postfix=$no_flow_delay
	"real_$server" "$server" "$server.test" "$server.two.test" "$server.narrow.test"
	server_port=$port
	[ "$server" != postfix ] || postfix_log=$log
	relay "$server.near"
	primary "$server.test" "$port" "$ip"
	primary "$server.two.test" "$port" "$ip"
	port=$server_port
	relay "$server.narrow"
	primary "$server.narrow.test" "$port" "$ip"
done
build
start_probe

each_server() { # SERVER
	server=$1
	count=$few
	[ "$server" != postfix ] || count=$many
	ask_all 1 "$count" "$server.test" "$server.two.test"
	is "$(summed total) $(wrong)" "$count 0" "$server: $size at a time ask about $count, and each verdict is right" ||
	    diag "$summary" "$(tail -n 5 "$log_lines")"
	diag "$server: $(summed wall) ms, p50 $(summed p50), p99 $(summed p99), max $(summed max) ms"
	is "$(repeated "$server.near")" '' "$server: no address was asked about more than once"
	is "$(asked "$server.near" | grep -c -E ' (known|other)')" "$count" "$server: each was asked about"
	connections=$(counted "$server.near" 'connections max')
	ok "$server: over at most 4 connections at a time ($connections)" test "$connections" -le 4
	is "$(counted "$server.near" refused)" 0 "$server: it refused no connection"
	ok "$server: nobody waits long ($(summed max) ms at most)" less "$(summed max)" 10000
	unlike "$(grep -E "$undecided" "$log_lines" | head -n 3)" . "$server: none was busy, none undecided"
}
for server in postfix exim opensmtpd; do
	case " $servers " in
	*" $server "*) each_server "$server" ;;
	*) skip 7 "$no_opensmtpd" ;;
	esac
done

# smtpd_soft_error_limit is 10: from the eleventh error of a connection on, Postfix waits a second before each
# reply. What it says at the end of a connection has "commands=all", or "commands=good/all".
unlike "$(cat "$postfix_log")" 'too many errors' 'Postfix has not complained about errors'
errors=$(sed -n 's/.* disconnect from .* commands=\([0-9]*\)\/\([0-9]*\)$/\1 \2/p' "$postfix_log" |
    awk '$2 - $1 > most { most = $2 - $1 } END { print most + 0 }')
ok "Postfix: no connection has more errors than it bears, 10 ($errors)" test "$errors" -gt 0 -a "$errors" -le 10
stop_probe

# The limit of a setting
sql "INSERT INTO settings VALUES ('probe_connections', NULL, '2')"
build
start_probe
narrow() { # SERVER
	ask_all 1 300 "$1.narrow.test"
	is "$(summed total) $(wrong)" '300 0' "$1, probe_connections=2: each verdict is right" || diag "$summary"
	is "$(repeated "$1.narrow")" '' "$1, probe_connections=2: no address was asked about more than once"
	connections=$(counted "$1.narrow" 'connections max')
	ok "$1, probe_connections=2: two connections at most ($connections)" test "$connections" -le 2
}
for server in postfix exim opensmtpd; do
	case " $servers " in
	*" $server "*) narrow "$server" ;;
	*) skip 3 "$no_opensmtpd" ;;
	esac
done
stop_probe
for server in $servers; do
	stop_server "$server"
done

# kill -9 while a crowd asks, under supervise
more_postfix=$any_number
real_postfix killed killed.test
relay killed.near
primary killed.test "$port" "$ip"
sql "DELETE FROM settings WHERE name = 'probe_connections';
    INSERT INTO settings VALUES ('budget', NULL, '10s')"
build
probe_folders
mkdir "$work/service"
cat >"$work/service/run" <<-SCRIPT
	#!/bin/sh
	exec 2>>"$work/killed.log"
	echo \$\$ >"$work/probe.pid.new"
	mv "$work/probe.pid.new" "$work/probe.pid"
	exec "$bin/rcptprobe"
SCRIPT
chmod 755 "$work/service/run"
supervise "$work/service" 2>"$work/supervise.err" &
echo $! >"$work/keeper.pid" # it ends before probe.pid does
await probe_listens || server_fails supervise "$work/killed.log"
kill_each() { # half a second after it is at work
	pid=
	while [ ! -e "$work/all_asked" ]; do
		read -r next_pid <"$work/probe.pid"
		if [ "$next_pid" = "$pid" ] || ! probe_listens; then
			sleep 0.05
			continue
		fi
		pid=$next_pid
		sleep 0.5
		[ -e "$work/all_asked" ] || ! kill -9 "$pid" || echo "$pid" >>"$work/kills"
	done
}
addresses 1 "$many" killed.test >"$work/list"
kill_each 2>"$work/killer.err" &
killer=$!
crowd <"$work/list"
: >"$work/all_asked"
wait $killer
is "$(summed total) $(wrong)" "$many 0" 'rcptprobe is killed while a crowd asks: each verdict is right' ||
    diag "$summary" "$(grep -E "$undecided" "$log_lines" | head -n 5)"
killed=$(grep -c . "$work/kills")
ok "that was $killed times" test "$killed" -ge 1
ok "nobody waits longer than the budget ($(summed max) ms)" less "$(summed max)" 11000
like "$(cat "$log_lines")" 'probe="' 'some saw it end, and asked directly'
diag "kill -9, $killed times: $(summed wall) ms, p50 $(summed p50), p99 $(summed p99), max $(summed max) ms;" \
    "asked twice: $(asked killed.near | awk '$1 > 1' | grep -c -E ' (known|other)')"
is "$(sqlite3 "$verdicts" 'PRAGMA integrity_check')" ok 'the cache is sound'
number=0
served() {
	number=$((number + 1))
	check "other.after$number@killed.test"
	grep -q "other.after$number@" "$work/killed.log"
}
ok 'supervise starts a new one, which is asked' await served
is "$code $(field why)" '100 callout' 'and answers'
svc -dx "$work/service"
await eval '! probe_listens'
verdict other.gone@killed.test '100 callout' 'when it is ended for good, the server is asked directly'
rm -f "$work/probe.pid"
stop_server killed

# Where the network can be so far away, it is
far_delay=$((round / 2))
export far_delay
if tests/lib/netdelay -t; then
	way=$far_delay
	far_delay=
	timeout 180 tests/lib/netdelay "$way" sh "$0" far >"$work/far" 2>&1 &
else
	timeout 180 sh "$0" far >"$work/far" 2>&1 &
fi
echo $! >"$work/far.pid"
wait $!
far_code=$?
rm "$work/far.pid"
is "$far_code" 0 "a server $round ms away" || diag "$(tail -n 5 "$work/far")"
# shellcheck disable=SC1091,SC2154 # written by measure_far
if [ $far_code -eq 0 ]; then
	. "$work/far"
	is "$all_wrong" 0 "$round ms: each verdict is right"
	# A connection is left after 50 questions: 3 more for QUIT and the next one's opening
	new_count=$((tries * 15))
	most_flights=$((new_count + 4 + new_count * 4 / 50))
	ok "$round ms: $new_count new addresses are $new_count flights and those of new connections ($flights)" \
	    test "$flights" -ge "$new_count" -a "$flights" -le $most_flights
	diag "$round ms: a new address costs $rounds round trips: new $new ms, cached $cached ms, NOOP $noop ms, try $tries"
	ok "$round ms: 1,000 new addresses are a third of the round trips without rcptprobe ($probe_trips, $direct_trips)" \
	    test $((probe_trips * 3)) -le "$direct_trips"
	diag "$round ms: 1,000 known: $direct_known ms directly, $probe_known ms with rcptprobe, ratio" \
	    "$(ratio "$direct_known" "$probe_known")"
	diag "$round ms: 1,000, half known: $direct_half ms directly, $probe_half ms with rcptprobe, ratio" \
	    "$(ratio "$direct_half" "$probe_half")"
else
	skip 3 'no figures'
fi

done_testing
