# shellcheck shell=sh disable=SC2034,SC2154 # shared with home.sh, peer.sh and the tests
# rcptwrap behind tcpserver, for tests that have sourced home.sh and peer.sh.
#
#	edge [NAME=value...] rcptwrap... PROGRAM...	the server in front, its port in $edge, its log
#							in $edge_log; the last words are its command
#	session COMMAND...				tests/lib/smtp; leaves $replies
#	conversation WANT NAME COMMAND...		the codes of the replies
#	talk [-h] [-s MS]				tests/tools/wraptalk; leaves $replies
#	nothing_left NAME				no process of the session is there any more
#
# $check is a program for RCPTCHECK: rcptcheck, but for the recipients crash*, odd*, silent*, hang*.

edge_log=$work/edge.log
check=$work/check
cat >"$check" <<-SCRIPT
	#!/bin/sh
	case \$RECIPIENT in
	crash*) kill -KILL \$\$ ;;
	odd*) exit 3 ;;
	silent*) exit 100 ;;
	hang*) sleep 987654 ;;
	*) exec "$bin/rcptcheck" ;;
	esac
SCRIPT
chmod 755 "$check"

edge() {
	stop_server edge
	rm -f "$work/edge.port"
	cp /dev/null "$edge_log"
	# Whatever is started below carries this mark in its environment
	env EDGE_MARK="$work" tcpserver -1HRl edge.test -c 100 127.0.0.1 0 env "$@" \
	    </dev/null >"$work/edge.port" 2>"$edge_log" &
	echo $! >"$work/edge.pid"
	await test -s "$work/edge.port" || server_fails edge "$edge_log"
	read -r edge <"$work/edge.port"
}

session() {
	replies=$("$top/tests/lib/smtp" "$edge" "$@")
}

codes() {
	printf '%s\n' "$replies" | grep -v '^[0-9]*-' | cut -c 1-3 | tr '\n' ' ' | sed 's/ $//'
}

conversation() {
	want=$1 name=$2
	shift 2
	session "$@"
	is "$(codes)" "$want" "$name" || diag "$replies" "$(tail -n 5 "$edge_log")"
}

talk() {
	replies=$("$top/tests/tools/wraptalk" "$@" "$edge" | tr -d '\r')
}

# tcpserver itself has the mark too
marked() {
	grep -lz "^EDGE_MARK=$work\$" /proc/[0-9]*/environ 2>/dev/null | wc -l
}

is_alone() {
	[ "$(marked)" -le 1 ]
}

nothing_left() {
	ok "$1" await is_alone
}
