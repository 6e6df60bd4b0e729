#!/bin/sh
# Real Perdition, IMAP and POP3, in front of two real Dovecots: our map library says where each user is.
# shellcheck disable=SC2154,SC2317 # set by mailproxy.sh; functions that await calls
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/home.sh
. tests/lib/home.sh
# shellcheck source=tests/lib/peer.sh
. tests/lib/peer.sh
# shellcheck source=tests/lib/mailproxy.sh
. tests/lib/mailproxy.sh

root=$top/build/root-perdition
[ -e "$root/.unpacked" ] || skip_all 'tests/unpack perdition was not run'
can_dovecot || skip_all 'Dovecot needs root, and tests/unpack dovecot-core dovecot-imapd dovecot-pop3d'
library=$top/${BUILD:-build}/lib/libperditiondb_rcptcheck.so.0
group=$(id -gn nobody)
routes=$RCPTCHECK_HOME/data/routes.cdb

# The sanitizers' library has to come first, and Perdition itself leaks.
preload=
case ${BUILD:-build} in
*asan*) preload=$(ldd "$library" | awk '/libasan|libubsan/ { printf "%s ", $3 }') ;;
esac
perdition_env() {
	env LD_LIBRARY_PATH="$root/usr/lib:$(echo "$root"/usr/lib/*-linux-gnu)" LD_PRELOAD="$preload" \
	    ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 "$@"
}

perdition() { # NAME imap4|pop3 OPTION [argument...]: OPTION is that of the library; leaves $front
	name=$1
	protocol=$2
	option=$3
	shift 3
	front=$(free_port)
	perdition_env "$root/usr/sbin/perdition.$protocol" -f /dev/null --no_daemon -F + -b 127.0.0.1 -l "$front" -M "$library" \
	    -m "$option" -n --no_bind_banner --pid_file "$work/$name.its" -u nobody -g "$group" "$@" </dev/null \
	    >"$work/$name.log" 2>&1 &
	echo $! >"$work/$name.pid"
	await answers "$front" || server_fails "$name" "$work/$name.log"
}

# Both say to whom, since the last time
last_is() {
	[ "$(logins "$1" | tail -n 1)" = "$2" ]
}
told() { # NAME WANT TEST
	await last_is "$1" "$2"
	is "$(logins "$1" | tail -n 1)" "$2" "$3"
}

in_imap() { # USER PASSWORD REGEX TEST
	like "$(maillogin imap "$front_imap" login "$1" "$2")" "$3" "IMAP: $4"
}
in_pop3() {
	like "$(maillogin pop3 "$front_pop3" login "$1" "$2")" "$3" "POP3: $4"
}

chmod 755 "$RCPTCHECK_HOME" "$RCPTCHECK_HOME/data"
dovecot one 127.0.0.1 alice@example.org:secret s009:paulas bob:bobs hugo:hugos
dovecot two 127.0.0.2 carol:carols bob:bobs alice@example.org:secret
sql "INSERT INTO settings VALUES ('route_group', NULL, '$group'), ('route_imap_port', NULL, '$imap'),
	('route_pop3_port', NULL, '$pop3'), ('route_retry', NULL, '1s'), ('route_connect_timeout', NULL, '2s');
    INSERT INTO mailboxes VALUES ('alice@example.org', '127.0.0.1', NULL, NULL, NULL, NULL),
	('c-d', '127.0.0.2', NULL, NULL, NULL, NULL), ('g-m@example.org', '127.0.0.1', NULL, NULL, '%n', NULL),
	('paula', '127.0.0.1', NULL, NULL, 's009', NULL),
	('bob', '127.0.0.1', NULL, 1, NULL, NULL), ('bob', '127.0.0.2', NULL, 2, NULL, NULL)"
build

is "$(nm -D --defined-only "$library" | awk '{ print $3 }' | grep -v '^__asan\|^__odr' | tr '\n' ' ')" \
    'dbserver_fini dbserver_get dbserver_get2 dbserver_init ' 'the library has the names that Perdition looks for, and no others'

perdition imap imap4 "$routes" -U
front_imap=$front
perdition pop3 pop3 "$routes" -U
front_pop3=$front

in_imap alice@example.org secret '^OK ' 'a user'
told one alice@example.org 'at the server of the map'
in_imap carol carols '^OK ' 'a range'
told two carol 'at the other server'
in_pop3 alice@example.org secret '^\+OK ' 'a user'
in_pop3 carol carols '^\+OK ' 'a range'
told two carol 'at the other server'
in_imap paula paulas '^OK ' 'a user with another name there'
told one s009 'has it'
in_pop3 hugo@example.org hugos '^\+OK ' 'all users of a range, without their domain'
told one hugo 'it is taken off'
in_imap nobody secret '^NO .*Could not determine server' 'an unknown user'
in_pop3 nobody secret '^-ERR .*Could not determine server' 'an unknown user'
in_imap alice@example.org wrong '^NO ' 'a wrong password'
in_pop3 ALICE@Example.ORG secret '^\+OK ' 'in upper case'
in_imap "$(printf '%0256d' 1)" secret '^(NO|BAD) |closed' 'a user that is too long'

perdition delimited imap4 "$routes" -U -D %
in_delimited() {
	like "$(maillogin imap "$front" login "$1" "$2")" "$3" "IMAP: $4"
}
in_delimited alice@example.org secret '^OK ' 'another domain_delimiter'
in_delimited paula paulas '^NO ' '... takes each other name for a part of the server, as the page says'

# --- one of two servers stops, and returns
in_imap bob bobs '^OK ' 'two servers'
told one bob 'the first'
stop_pid "$work/one.pid"
in_imap bob bobs '^OK ' 'the first one is stopped'
told two bob 'the second'
in_pop3 bob bobs '^\+OK ' 'the same'
like "$(logins two | tail -n 2 | tr '\n' ' ')" '^bob bob ' 'at the second'
is "$(stat -c %U:%a "$RCPTCHECK_HOME/route/live")" 'nobody:660' 'Perdition has made the memory'
in_imap alice@example.org secret '^NO .*Could not connect to server' 'one server, and it is stopped'
run "$bin/routequery" bob
like "$out" "server=127.0.0.2 port=$imap live=yes" 'routequery knows it'
dovecot_again one
back() {
	maillogin imap "$front_imap" login bob bobs >/dev/null
	last_is one bob
}
before=$(logins one | wc -l)
returned() {
	maillogin imap "$front_imap" login bob bobs >/dev/null
	[ "$(logins one | wc -l)" -gt "$before" ]
}
ok 'the first one is back' await returned
run "$bin/routequery" -d "127.0.0.1:$imap"
is "$code" 0 'marked down'
in_imap bob bobs '^OK ' 'the first one is marked down'
told two bob 'the second'
"$bin/routequery" -u "127.0.0.1:$imap"
before=$(logins one | wc -l)
in_imap bob bobs '^OK ' 'and up again'
is "$(logins one | wc -l)" $((before + 1)) 'the first'

# --- the map is rebuilt, damaged, gone
sql "UPDATE mailboxes SET server = '127.0.0.2' WHERE user = 'alice@example.org'"
build
in_imap alice@example.org secret '^OK ' 'moved to the other server'
told two alice@example.org 'there'
mv "$routes" "$work/away.cdb"
in_imap alice@example.org secret '^NO .*Could not determine server' 'no map: refused for now'
head -c 2500 "$work/away.cdb" >"$routes"
chgrp "$group" "$routes"
in_imap alice@example.org secret '^NO .*Could not determine server' 'a map that is cut'
mv "$work/away.cdb" "$routes"
in_imap alice@example.org secret '^OK ' 'it is back'
read -r perdition_id <"$work/imap.pid"
kill -HUP "$perdition_id"
in_imap alice@example.org secret '^OK ' 'after SIGHUP'
unlike "$(cat "$work/imap.log" "$work/pop3.log")" 'libperdition|rcptcheck|sanitizer|SIG' 'nothing of us in its output'

# --- the database itself
# The sanitizers aside, who may read it: the group of the folder
chgrp "$group" "$db"
perdition sqlimap imap4 "$db" -U
front_imap=$front
in_imap alice@example.org secret '^OK ' 'from the database'
in_imap paula paulas '^OK ' 'translation'
in_imap hugo@example.org hugos '^OK ' 'a range, and a pattern'
sql "INSERT INTO mailboxes VALUES ('hugo@example.org', '127.0.0.2', NULL, NULL, 'carol', NULL)"
in_imap hugo@example.org carols '^OK ' 'a row is in force at once'
told two carol 'the user before the range'
in_imap nobody secret '^NO .*Could not determine server' 'an unknown user'
sql "INSERT INTO mailboxes VALUES ('zcolon', '127.0.0.1:$imap', NULL, NULL, NULL, NULL), ('zcolon', ':::', NULL, NULL, NULL, NULL)"
in_imap zcolon secret '^NO .*Could not determine server' 'a server with a port in it, which rcptbuild would refuse'
sql "DELETE FROM mailboxes WHERE user = 'zcolon'"
in_imap ALICE@Example.ORG. secret '^OK ' 'a dot at the end of the domain'
told two alice@example.org 'is dropped'
stop_pid "$work/one.pid"
in_imap bob bobs '^OK ' 'the first server is stopped'
told two bob 'the second'
hold "$db" 'BEGIN EXCLUSIVE'
in_imap alice@example.org secret '^NO .*Could not determine server' 'the database is locked: refused for now'
release
in_imap alice@example.org secret '^OK ' 'and no more'
dovecot_again one

# --- names for its configuration
run "$bin/routequery" -c
is "$code" 0 'routequery -c'
like "$out" '^imap_capabilities "IMAP4rev1".* "IDLE".*;$' 'for nginx, IMAP'
like "$out" '^pop3_capabilities "USER".* "TOP".* "UIDL".*;$' 'for nginx, POP3'
printf '%s\n' "$out" | grep '^[ip][a-z]*_capability' >"$work/perdition.conf"
front=$(free_port)
perdition_env "$root/usr/sbin/perdition.imap4" -f "$work/perdition.conf" --no_daemon -F + -b 127.0.0.1 -l "$front" -M "$library" \
    -m "$routes" -n --no_bind_banner --pid_file "$work/conf.its" -u nobody -g "$group" </dev/null >"$work/conf.log" 2>&1 &
echo $! >"$work/conf.pid"
await answers "$front"
says=$(printf 'a CAPABILITY\r\nb LOGOUT\r\n' | perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die; alarm 10; print $s <STDIN>; print <$s>' "$front")
like "$says" '^. CAPABILITY IMAP4rev1 .*IDLE' 'Perdition takes them'
unlike "$says" 'AUTH=|STARTTLS|SASL-IR' 'without what it cannot do'
if can_nginx; then
	nginx proxy 127.0.0.1:1 "$(printf '%s\n' "$out" | grep '_capabilities ')"
	says=$(printf 'a CAPABILITY\r\nb LOGOUT\r\n' | perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die; alarm 10; print $s <STDIN>; print <$s>' "$front_imap")
	like "$says" '^. CAPABILITY IMAP4rev1 .*IDLE.* AUTH=PLAIN' 'nginx takes them, and adds its own'
else
	skip 1 'tests/unpack nginx libnginx-mod-mail was not run'
fi
stop_pid "$work/two.pid"
run "$bin/routequery" -c -p imap
is "$code" 111 'one server does not answer: 111'
like "$err" "^routequery: 127.0.0.2:$imap cannot be connected: it does not count" 'it is named'
like "$out" '^# IMAP: what all of 1 server can do' 'the other one counts'
done_testing
