# shellcheck shell=sh disable=SC2034 # the tests use what is set here
# A throwaway home for a test, and the programs run in it. Source it behind tap.sh.
#
# $bin are the programs, $work a folder of this test's own, $RCPTCHECK_HOME a home below it. All
# goes when the test ends, and with it each process whose id is in a file $work/*.pid.
#
#	sql STATEMENTS			changes data/rcptcheck.db
#	build				runs rcptbuild; on failure says why and ends the test
#	primary DOMAIN PORT [IP]	a row in domain_ips
#	check ADDRESS [argument...]	runs `rcptcheck -v`, the address in RECIPIENT
#	run command...			runs any
#		both leave $code, $out (descriptor 1), $err (descriptor 2) and $ms
#	field NAME			the value of that key in the log line in $err
#	verdict ADDRESS WANT NAME	checks ADDRESS and compares "exit-code why" with WANT
#	await [SECONDS] command...	waits until the command succeeds
#	hold DATABASE STATEMENTS	keeps DATABASE locked by them, until `release`
#	checks_here MOST		prints how many checks a second leave this machine time for other things, 5 to MOST
#	free_port			prints a port nobody listens on
#	has_ipv6			::1 is there

top=$(pwd)
bin=$top/${BUILD:-build}/bin
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$top/build/tmp" || exit 2
chmod 1777 "$top/build/tmp" 2>/dev/null
work=$(mktemp -d "$top/build/tmp/${0##*/}.XXXXXX") || exit 2
chmod 755 "$work"
unset RECIPIENT SENDER RELAYCLIENT USE_FD4 SMTPRCPTTO SMTPMAILFROM SMTPRCPTHOSTSOK RCPTCHECK_LOG RCPTCHECK \
    TCPREMOTEIP TCPLOCALIP TCPLOCALPORT

# A process that leads a group takes it along.
stop_pid() { # FILE
	[ -s "$1" ] || return 0
	read -r stop_id <"$1"
	rm -f "$1"
	kill "$stop_id" 2>/dev/null || return 0
	wait "$stop_id" 2>/dev/null
	await 10 eval "! kill -0 $stop_id 2>/dev/null" || kill -9 "$stop_id" 2>/dev/null
}

leaving() {
	status=$?
	trap '' HUP INT TERM PIPE
	for pid_file in "$work"/*.pid; do
		stop_pid "$pid_file"
	done
	if [ -n "${KEEP-}" ]; then
		diag "kept: $work"
	else
		chmod -R u+rwX "$work" 2>/dev/null
		rm -rf "$work"
	fi
	exit $status
}
trap 'leaving' EXIT
trap 'exit 130' HUP INT TERM PIPE

now_ms() {
	date +%s%3N
}

await() {
	case $1 in
	[0-9]*) await_seconds=$1; shift ;;
	*) await_seconds=60 ;;
	esac
	await_end=$(($(now_ms) + await_seconds * 1000))
	until "$@"; do
		[ "$(now_ms)" -lt "$await_end" ] || return 1
		sleep 0.02
	done
}

# The holder says itself that it holds the lock: whoever looked could get in its way.
hold() {
	mkfifo "$work/hold"
	sqlite3 -batch -bail "$1" <"$work/hold" >"$work/hold.err" 2>&1 &
	echo $! >"$work/hold.pid"
	exec 8>"$work/hold"
	printf '%s\n' '.timeout 10000' "$2;" ".shell touch '$work/held'" >&8
	await test -e "$work/held" || diag "no lock: $(cat "$work/hold.err")"
	rm -f "$work/hold" "$work/held"
}

release() {
	exec 8>&-
	wait "$(cat "$work/hold.pid")"
	rm "$work/hold.pid"
}

# A quarter of what it can do
checks_here() {
	began=$(now_ms)
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		RECIPIENT=somebody@foreign.test "$bin/rcptcheck" </dev/null 2>/dev/null
	done
	checks_now=$((20 * 1000 / ($(now_ms) - began + 1) / 4))
	[ "$checks_now" -le "$1" ] || checks_now=$1
	[ "$checks_now" -ge 5 ] || checks_now=5
	echo "$checks_now"
}

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

has_ipv6() {
	perl -MSocket=:all -e 'my $s; socket($s, AF_INET6, SOCK_STREAM, 0) && bind($s, pack_sockaddr_in6(0, IN6ADDR_LOOPBACK)) or exit 1'
}

make_home() { # NAME: another home in this test, and the one in use from now on
	RCPTCHECK_HOME=$work/$1
	export RCPTCHECK_HOME
	mkdir -p "$RCPTCHECK_HOME/data" "$RCPTCHECK_HOME/cache" "$RCPTCHECK_HOME/run"
	# As installed: root is confined to it, see confine.h; but the sanitizers need /proc
	[ "${BUILD:-build}" = build/asan ] || chmod 2770 "$RCPTCHECK_HOME/cache"
	db=$RCPTCHECK_HOME/data/rcptcheck.db
	cdb=$RCPTCHECK_HOME/data/rcptcheck.cdb
	verdicts=$RCPTCHECK_HOME/cache/verdicts.db
}

sql() {
	sqlite3 -batch -cmd '.timeout 5000' "$db" "$1"
}

build() {
	"$bin/rcptbuild" >"$work/build.out" 2>&1 && return 0
	echo "Bail out! rcptbuild failed: $(cat "$work/build.out")"
	exit 2
}

primary() {
	sql "INSERT INTO domain_ips (domain, ip, port) VALUES ('$1', '${3-127.0.0.1}', $2)"
}

run() {
	started=$(now_ms)
	"$@" >"$work/out" 2>"$work/err"
	code=$?
	ms=$(($(now_ms) - started))
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}

check() {
	check_address=$1
	shift
	run env RECIPIENT="$check_address" "$bin/rcptcheck" -v "$@" </dev/null
}

field() {
	printf '%s\n' "$err" | sed -n -e "s/.* $1=\"\([^\"]*\)\".*/\1/p;t" -e "s/.* $1=\([^ ]*\).*/\1/p" | head -n 1
}

verdict() {
	check "$1"
	is "$code $(field why)" "$2" "$3" || diag "log:  $err"
}

make_home home
"$bin/rcptbuild" >"$work/build.out" 2>&1 || {
	echo "Bail out! rcptbuild makes no home: $(cat "$work/build.out")"
	exit 2
}
# Fast, and independent of what this machine is called
sql "INSERT INTO settings VALUES ('helo', NULL, 'backup.example.net');
    INSERT INTO settings VALUES ('log', NULL, 'all')"
