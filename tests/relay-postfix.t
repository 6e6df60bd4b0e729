#!/bin/sh
# A real Postfix lets clients relay by what relayd knows: by relay.cdb, by rcptserve (policy and socketmap), and by
# relay.db itself. IPv4 and IPv6, before and after, and while relayd is gone.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/relay.sh

for package in postfix postfix-cdb postfix-sqlite; do
	[ -e "$top/build/root-$package/.unpacked" ] || skip_all "tests/unpack $package was not run"
done
start_relayd -v

more_main='inet_protocols = all'
# Postfix takes modules for types of tables from root alone
ways='policy socketmap'
[ "$(id -u)" -ne 0 ] || ways='cdb sqlite policy socketmap'
more_master="
relaypolicy unix - n n - 0 spawn
    user=nobody argv=/usr/bin/env RCPTCHECK_HOME=$RCPTCHECK_HOME $bin/rcptserve relay
relaymap unix - n n - 0 spawn
    user=nobody argv=/usr/bin/env RCPTCHECK_HOME=$RCPTCHECK_HOME $bin/rcptserve socketmap
"
for way in $ways; do
	case $way in
	cdb) rule="check_client_access cdb:$relay/relay" ;;
	sqlite) rule="check_client_access sqlite:$work/relay.cf" ;;
	policy) rule='check_policy_service unix:private/relaypolicy' ;;
	socketmap) rule='check_client_access socketmap:unix:private/relaymap:relay' ;;
	esac
	way_port=$(free_port)
	echo "$way_port" >"$work/$way.port"
	more_master="$more_master
127.0.0.1:$way_port inet n - n - - smtpd
    -o { smtpd_relay_restrictions = $rule, reject_unauth_destination }
    -o smtpd_recipient_restrictions=
    -o smtpd_authorized_xclient_hosts=127.0.0.1
    -o default_transport=discard:"
done
cat >"$work/relay.cf" <<CONFIG
dbpath = $relay/relay.db
query = SELECT 'OK' FROM relay_ok WHERE ip = '%s'
CONFIG
more_dynamicmaps="cdb	$top/build/root-postfix-cdb/usr/lib/postfix/postfix-cdb.so	dict_cdb_open	mkmap_cdb_open
sqlite	$top/build/root-postfix-sqlite/usr/lib/postfix/postfix-sqlite.so	dict_sqlite_open"
primary_postfix postfix user@here.test

# What a client from this address hears to a recipient elsewhere
relayed() { # WAY ADDRESS
	read -r relayed_port <"$work/$1.port"
	case $2 in
	*:*) relayed_address=IPV6:$2 ;;
	*) relayed_address=$2 ;;
	esac
	"$top/tests/lib/smtp" "$relayed_port" 'EHLO client.test' "XCLIENT ADDR=$relayed_address NAME=[UNAVAILABLE]" 'EHLO client.test' \
	    'MAIL FROM:<joe@here.test>' 'RCPT TO:<friend@elsewhere.test>' QUIT 2>&1 | sed -n 's/^\(...\) .*/\1/p' | sed -n 6p
}

# All ways at once
heard() { # ADDRESS WANT NAME
	heard_all=
	for way in $ways; do
		heard_all="$heard_all$way $(relayed "$way" "$1") "
	done
	heard_want=
	for way in $ways; do
		heard_want="$heard_want$way $2 "
	done
	is "$heard_all" "$heard_want" "$3"
}

heard 192.0.2.1 554 'before a login there is no relaying'
mark 192.0.2.1
heard 192.0.2.1 250 'the very next connection may relay'
heard 192.0.2.2 554 'others may not'
heard 192.0.2.10 554 'nor one whose address begins like that'
heard 2001:db8::aa:1 554 'IPv6: not before a login'
mark 2001:DB8:0::00aa:1
heard 2001:db8::aa:1 250 'IPv6: the form is the one that Postfix asks for'
heard 2001:db8::aa:2 554 'and no other'
mark fd00::5
heard fd00::5:aaaa:bbbb:cccc:dddd 554 'an address that begins like it is somewhere else'
heard fd00::5:1:2:3 554 'or in its own network'
is "$(wrap fd00::5)" "set to ''" 'relaywrap knows all of them'
rows "INSERT INTO relay VALUES ('2a00:1450:', 0, 0, '', ''), ('2a00:1450:4001', 0, 0, '', '')"
sleep 1.5
heard 2a00:1450:4001:1:2:3:4:5 554 'nor do parts of addresses in the table count'
mark ::ffff:198.51.100.1
heard 198.51.100.1 250 'a login by mapped IPv4'
rows "INSERT INTO relay VALUES ('unknown', 0, 0, '', ''), ('198.51.100', 0, 0, '', ''), ('192', 0, 0, '', ''), ('0.0.0.0/0', 0, 0, '', '')"
sleep 1.5
heard 198.51.100.2 554 'rows that are no addresses let nobody relay'
rows "UPDATE relay SET expires = strftime('%s', 'now') + 3 WHERE ip = '192.0.2.1'"
await eval '[ "$(rows "SELECT count(*) FROM relay_ok WHERE ip = '\''192.0.2.1'\''")$(in_cdb 192.0.2.1)" = 0 ]'
heard 192.0.2.1 554 'after it has expired there is no relaying'
mark 192.0.2.1
heard 192.0.2.1 250 'until the next login'
"$bin/relayage" 0
heard 192.0.2.1 554 'relayage 0'

# relayd is killed; a new one makes the same files anew
mark 192.0.2.3
kill_relayd
heard 192.0.2.3 250 'relayd is gone: who could relay can'
heard 192.0.2.4 554 'and others cannot'
start_relayd
heard 192.0.2.3 250 'a new one'
mark 192.0.2.4
heard 192.0.2.4 250 'goes on'
hold "$relay/relay.db" 'BEGIN EXCLUSIVE'
heard 192.0.2.4 250 'while relay.db is being written'
release
unlike "$(cat "$log")" 'fatal|panic' 'nothing of that was fatal to Postfix'

done_testing
