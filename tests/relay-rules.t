#!/bin/sh
# relayd -x and -X: rules for tcpserver -x, made of the administrator's and of who has logged in.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/relay.sh

mkdir -p "$work/rules"
rules() { # of the administrator
	cat >"$work/rules/text"
	tcprules "$work/rules/base.cdb" "$work/rules/base.tmp" <"$work/rules/text"
	chmod 644 "$work/rules/base.cdb"
}

# What tcpserver would give the server for a client at this address
env_for() { # IP
	TCPREMOTEIP=$1 tcprulescheck "$relay/tcp.smtp.cdb" 2>/dev/null | tr '\n' ' '
}

rules <<'RULES'
127.:allow,RELAYCLIENT=""
192.0.2.9:allow,RELAYCLIENT="@own"
198.51.100.:allow,QMAILQUEUE="/scan",BADMIMETYPE=""
203.0.113.66:deny
203.0.113.67:allow,X="1"
:allow,RCPTCHECK="/check"
RULES
command -v tcprulescheck >/dev/null || skip_all 'there is no tcprulescheck here'
start_relayd -x "$work/rules/base.cdb"
ok 'the rules are there before anybody has logged in' test -s "$relay/tcp.smtp.cdb"
is "$(stat -c %a "$relay/tcp.smtp.cdb")" 644 'for all to read'
base=$(for ip in 127.0.0.1 192.0.2.1 192.0.2.9 198.51.100.1 203.0.113.66 203.0.113.67; do
	TCPREMOTEIP=$ip tcprulescheck "$work/rules/base.cdb"
done)
is "$(for ip in 127.0.0.1 192.0.2.1 192.0.2.9 198.51.100.1 203.0.113.66 203.0.113.67; do
	TCPREMOTEIP=$ip tcprulescheck "$relay/tcp.smtp.cdb"
done)" "$base" 'and say what the base says'
for ip in 192.0.2.1 192.0.2.9 198.51.100.1 203.0.113.66 203.0.113.67; do
	mark "$ip"
done
diag "$(env_for 192.0.2.1)"
like "$(env_for 192.0.2.1)" 'RCPTCHECK=/check .*RELAYCLIENT= .*RBLSMTPD= ' 'who has logged in: RELAYCLIENT besides what held before'
like "$(env_for 198.51.100.1)" 'QMAILQUEUE=/scan .*BADMIMETYPE= .*RELAYCLIENT= ' 'in his network, too'
like "$(env_for 203.0.113.67)" 'X=1 .*RELAYCLIENT= ' 'and where the address has a rule'
like "$(env_for 192.0.2.9)" 'RELAYCLIENT=@own' 'a RELAYCLIENT of the base stays'
like "$(env_for 203.0.113.66)" 'deny' 'who is denied stays denied'
unlike "$(env_for 192.0.2.2) $(env_for 198.51.100.2)" 'RELAYCLIENT' 'nobody else'
"$bin/relayage" 0
is "$(for ip in 127.0.0.1 192.0.2.1 192.0.2.9 198.51.100.1 203.0.113.66 203.0.113.67; do
	TCPREMOTEIP=$ip tcprulescheck "$relay/tcp.smtp.cdb"
done)" "$base" 'relayage 0: the base once more'
rules <<'RULES'
:allow,NEWER="1"
RULES
mark 192.0.2.1
like "$(env_for 192.0.2.1)" 'NEWER=1 .*RELAYCLIENT=' 'rules that were compiled anew are taken in'
rules <<RULES
203.0.113.:allow,LONG="$(printf '%05000d' 7)"
:allow,NEWER="1"
RULES
mark 203.0.113.5
mark 192.0.2.8
like "$(env_for 203.0.113.5)" 'LONG=0{4999}7 .*RELAYCLIENT= ' 'a rule of any length'
like "$(env_for 192.0.2.8)" 'NEWER=1 .*RELAYCLIENT=' 'keeps nobody else from his own'
rules <<'RULES'
:allow,NEWER="1"
RULES
mark 192.0.2.11
rm "$work/rules/base.cdb"
mark 192.0.2.2
is "$(in_cdb 192.0.2.2)" OK 'without them relay.cdb is made all the same'
like "$(env_for 192.0.2.2)" 'NEWER=1 .*RELAYCLIENT=' 'and the rules that were read last hold'
like "$(cat "$relayd_log")" 'rules/base.cdb: No such file.*that were read before hold' 'as the log says'
run "$bin/relayage" 0
is "$code $(env_for 192.0.2.1)" "0 $(env_for 198.51.100.77)" 'relayage 0: nobody relays, without them'
like "$(env_for 192.0.2.1)" 'NEWER=1' 'and they hold'
rules <<'RULES'
:allow,NEWEST="1"
RULES
newest() {
	env_for 192.0.2.1 | grep -q NEWEST=1
}
ok 'when they are there again they are taken in, though nothing else changes' await newest

# Time goes on, whatever the rules are
sql "INSERT INTO settings (name, value) VALUES ('relay_expire', '4s')"
build
await eval 'grep -q "relay_expire has changed" "$relayd_log"'
mark 192.0.2.3
like "$(env_for 192.0.2.3)" 'NEWEST=1 .*RELAYCLIENT=' 'a login of a few seconds'
: >"$work/rules/base.cdb"
over() {
	! env_for 192.0.2.3 | grep -q RELAYCLIENT
}
ok 'is over when they are, while the rules are empty' await over
like "$(env_for 192.0.2.3)" 'NEWEST=1' 'those that were read last hold'
sql "DELETE FROM settings WHERE name = 'relay_expire'"
build
await eval '[ "$(grep -c "relay_expire has changed" "$relayd_log")" = 2 ]'
mark 192.0.2.4
stop_relayd
run "$bin/relayage" 0
is "$code $(env_for 192.0.2.4)" "0 $(env_for 198.51.100.77)" 'relayage 0 without relayd: nobody relays by the rules'
like "$(env_for 192.0.2.4)" 'NEWEST=1' 'and they hold'
start_relayd -X
mark 192.0.2.4
like "$(env_for 192.0.2.4)" 'RELAYCLIENT=' 'relayd once more'
stop_relayd
start_relayd
"$bin/relayage" 0
unlike "$(env_for 192.0.2.4)" RELAYCLIENT 'a relayd without -x: the rules that are there open nothing'
stop_relayd

# Times as an administrator may write them
rows "INSERT INTO relay VALUES ('192.0.2.90', 1, 9223372036854775807, '', '')"
start_relayd -X
mark 192.0.2.4
like "$(env_for 192.0.2.90)" 'RELAYCLIENT=' 'a row that is over in the end of all times'
stop_relayd
rows "DELETE FROM relay WHERE ip = '192.0.2.90'"

# Rules that do not say that we made them, of an earlier version maybe, and those of the administrator are not there
rules <<'RULES'
192.0.2.5:allow,RELAYCLIENT=""
RULES
mv "$work/rules/base.cdb" "$relay/tcp.smtp.cdb"
cp "$relay/tcp.smtp.cdb" "$work/rules/foreign.cdb"
same() {
	cmp "$work/rules/foreign.cdb" "$relay/tcp.smtp.cdb"
}
start_relayd -x "$work/rules/base.cdb"
mark 192.0.2.6
is "$code $err $(in_cdb 192.0.2.6)" '0  OK' 'no rules that can be read, and some that are not known to be ours: a login is one'
ok 'what may be the administrator'\''s stays' same
like "$(cat "$relayd_log")" 'base.cdb: No such file.*so relay/tcp.smtp.cdb is not known to be of relayd, and stays' 'and the log says so'
run "$bin/relayage" 0
like "$code $err" '^111 .*relay/tcp.smtp.cdb is not known' 'relayage promises nothing'
is "$(rows 'SELECT count(*) FROM relay')" 0 'but removes the logins'
ok 'and it stays' same
mark 192.0.2.6
rules <<'RULES'
:allow,NEWER="1"
RULES
newer() {
	env_for 192.0.2.6 | grep -q NEWER=1
}
ok 'made when it can be' await newer
like "$(env_for 192.0.2.6)" 'NEWER=1 .*RELAYCLIENT=' 'with who has logged in'
run "$bin/relayage" 0
is "$code $err" '0 ' 'and relayage is done'
stop_relayd
rules <<'RULES'
203.0.113.66:deny
:allow
RULES
cp "$work/rules/base.cdb" "$relay/tcp.smtp.cdb"
cp "$work/rules/base.cdb" "$work/rules/foreign.cdb"
start_relayd
mark 192.0.2.6
is "$code $err $(in_cdb 192.0.2.6)" '0  OK' 'without -x, and a file of somebody else: a login is one'
ok 'the file stays' same
mark 192.0.2.7
is "$(tail -n 5 "$relayd_log" | grep -c 'relayd: relay/tcp.smtp.cdb is not known to be of relayd')" 1 'which the log says, once'
run "$bin/relayage" 0
like "$code $err" '^111 .*relay/tcp.smtp.cdb is not known' 'relayage promises nothing'
is "$(rows 'SELECT count(*) FROM relay')" 0 'but removes the logins'
mark 192.0.2.7
stop_relayd
run "$bin/relayage" 0
like "$code $err" '^111 .*relay/tcp.smtp.cdb is not known' 'nor does it without relayd'
is "$(rows 'SELECT count(*) FROM relay')" 0 'where it removes them, too'
ok 'and it stays' same
rm "$relay/tcp.smtp.cdb"
run "$bin/relayage" 0
is "$code $err" '0 ' 'without it all is done'
start_relayd -x "$work/rules/base.cdb"

# Rules that are ours, and of which none can be made anew: nothing can be written where they would be
mark 192.0.2.6
like "$(env_for 192.0.2.6)" 'RELAYCLIENT=' 'a login, by rules of ours'
stop_relayd
mkdir -p "$relay/tcp.smtp.cdb.tmp/full"
run "$bin/relayage" 0
is "$code" 0 'relayage, and no room for new ones'
ok 'they are removed' test ! -e "$relay/tcp.smtp.cdb"
like "$err" 'so there is no relay/tcp.smtp.cdb now' 'as it says'
rm -r "$relay/tcp.smtp.cdb.tmp"
start_relayd -x "$work/rules/base.cdb"

# A real tcpserver
rules <<'RULES'
:allow
RULES
stop_relayd
start_relayd -l -x "$work/rules/base.cdb"
tcpserver -1HRl server.test -x "$relay/tcp.smtp.cdb" 127.0.0.1 0 env >"$work/port" 2>/dev/null </dev/null &
echo $! >"$work/tcpserver.pid"
await test -s "$work/port"
hear() {
	perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die; print <$s>' "$(cat "$work/port")"
}
unlike "$(hear)" '^RELAYCLIENT=' 'tcpserver -x: not before a login'
mark 127.0.0.1
like "$(hear)" '^RELAYCLIENT=$' 'the next connection'
stop_relayd
"$bin/relayage" 0
start_relayd -X
mark 192.0.2.1
like "$(env_for 192.0.2.1)" 'RELAYCLIENT=' '-X: rules of nothing else'
mark 2001:db8:1:2::
is "$(cdb -q "$relay/tcp.smtp.cdb" 2001:db8:1:2:: | wc -c)" 0 'no rule that tcpserver takes for one of all that begins like it'
run timeout 5 "$bin/relayd" -x relative.cdb
is "$code" 111 'a path that is not full'

done_testing
