# shellcheck shell=sh disable=SC2034,SC2154 # home.sh and the tests share these
# relayd and what speaks to it, for a test that has sourced home.sh. It ends with the test.
#
#	start_relayd [argument...]	starts it and waits for its socket; $relayd_log has what it logs
#	stop_relayd			SIGTERM; leaves $relayd_code, how it ended
#	kill_relayd			kill -9
#	relayd_id			its process id
#	mark IP [USER]			a login by way of relaymark, as in the chain of qmail-popup
#	row IP				its row: logintime, expires as the seconds that are left, user, source
#	rows STATEMENT			changes or asks relay.db
#	wrap IP				what relaywrap makes of RELAYCLIENT: "unset", or "set to 'value'"
#	in_cdb IP			what Postfix finds for it in relay.cdb
#
# As root, relayd needs a folder that is not root's: that of nobody, as whom it goes on.

# relaymark cannot be traced, and relayd is in a sandbox: there the sanitizers cannot look for leaks
[ "${BUILD:-build}" = build ] || export ASAN_OPTIONS=detect_leaks=0

unset RELAYMARK_FD RELAYMARK_PROG RELAYMARK_WAIT RELAYWRAP_VALUE LOGINDB AUTHENTICATED AUTHUSER AUTHARGV0 DOMAIN IP \
    TCP6REMOTEIP REMOTE_HOST

relayd_log=$work/relayd.log
relay=$RCPTCHECK_HOME/relay
mkdir -p "$relay"
chmod 755 "$relay" "$RCPTCHECK_HOME" "$RCPTCHECK_HOME/run"
relay_user=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
	chown nobody:nogroup "$relay"
	relay_user=nobody
fi

start_relayd() {
	"$bin/relayd" "$@" </dev/null >"$work/relayd.out" 2>>"$relayd_log" &
	echo $! >"$work/relayd.pid"
	await relayd_answers || {
		echo "Bail out! relayd does not start: $(tail -n 5 "$relayd_log" 2>/dev/null)"
		exit 2
	}
}

# A connection that says nothing is nothing to it
relayd_answers() {
	[ -e "$relay/relay.cdb" ] && perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or exit 1;
		exit !connect $s, pack_sockaddr_un("$ENV{RCPTCHECK_HOME}/run/relay.sock")'
}

relayd_id() {
	cat "$work/relayd.pid"
}

stop_relayd() {
	stop_id=$(relayd_id)
	rm -f "$work/relayd.pid"
	kill "$stop_id"
	wait "$stop_id"
	relayd_code=$?
}

kill_relayd() {
	stop_id=$(relayd_id)
	rm -f "$work/relayd.pid"
	kill -9 "$stop_id"
	wait "$stop_id" 2>/dev/null
}

# Sanitizers and a busy machine are slow: the wait is long, and no test is about its length
mark() {
	run env TCPREMOTEIP="$1" USER="${2-joe}" RELAYMARK_WAIT=10000 "$bin/relaymark" true
}

rows() {
	sqlite3 -batch -cmd '.timeout 5000' "$relay/relay.db" "$1"
}

row() {
	rows "SELECT logintime <> 0, expires - logintime, user, source FROM relay WHERE ip = '$1'"
}

wrap() {
	# shellcheck disable=SC2016 # for the shell that is started
	env -u RELAYCLIENT TCPREMOTEIP="$1" "$bin/relaywrap" sh -c 'echo "${RELAYCLIENT+set to \"$RELAYCLIENT\"}${RELAYCLIENT-unset}"' 2>"$work/wrap.err" |
	    sed "s/set to \"\(.*\)\"\1$/set to '\1'/"
}

in_cdb() {
	cdb -q "$relay/relay.cdb" "$1" 2>/dev/null
}
