#!/bin/sh
# Real nginx in front of two real Dovecots and a real SMTP server, and routehttp, which tells it where to go.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/mailproxy.sh

can_nginx || skip_all 'tests/unpack nginx libnginx-mod-mail has not been run'
can_dovecot || skip_all 'Dovecot needs root, and tests/unpack dovecot-core dovecot-imapd dovecot-pop3d'

chmod 777 "$work"
mkdir -p "$RCPTCHECK_HOME/route"
chown nobody:"$(id -gn nobody)" "$RCPTCHECK_HOME/run"
chgrp -R "$(id -gn nobody)" "$RCPTCHECK_HOME/cache" "$RCPTCHECK_HOME/route"
chmod 2770 "$RCPTCHECK_HOME/route"
install -d -g "$(id -gn nobody)" -m 2750 "$RCPTCHECK_HOME/run/auth"

dovecot one 127.0.0.1 alice@example.org:secret bob:bobs 'odd user:p w%20"x' tim:tanstaaf
dovecot two 127.0.0.2 carol:carols bob:bobs tim:tanstaaf
! has_ipv6 || dovecot six ::1 carol:carols
primary_mailfront relay known postmaster
smtp=$port

sql "INSERT INTO settings VALUES ('route_group', NULL, '$(id -gn nobody)'), ('route_imap_port', NULL, '$imap'),
	('route_pop3_port', NULL, '$pop3'), ('route_retry', NULL, '1s'), ('route_connect_timeout', NULL, '2s');
    INSERT INTO domain_ips VALUES ('main.test', '127.0.0.1', $smtp, NULL), ('down.test', '127.0.0.1', 1, NULL);
    INSERT INTO domain_aliases VALUES ('alias.test', 'main.test');
    INSERT INTO settings VALUES ('on_unreachable', 'down.test', 'tempfail');
    INSERT INTO mailboxes VALUES ('alice@example.org', '127.0.0.1', NULL, NULL, NULL, NULL),
	('odd user', '127.0.0.1', NULL, NULL, NULL, NULL),
	('carol', '127.0.0.2', NULL, NULL, NULL, 'carols'), ('six', '::1', NULL, NULL, 'carol', NULL),
	('paula', '127.0.0.1', NULL, NULL, 'alice@example.org', 'secret'),
	('tim', '127.0.0.2', NULL, NULL, NULL, 'tanstaaf'),
	('bob', '127.0.0.1', NULL, 1, NULL, NULL), ('bob', '127.0.0.2', NULL, 2, NULL, NULL)"
build
echo 'sekrit key' >"$work/key"
routehttp route -v -k "$work/key" -s "127.0.0.1:$smtp" -u "$RCPTCHECK_HOME/run/auth/socket"
await test -S "$RCPTCHECK_HOME/run/auth/socket"
nginx proxy "unix:$RCPTCHECK_HOME/run/auth/socket:/auth" 'auth_http_header X-Auth-Key "sekrit key";'

# Both say to whom, since the last time
last_is() {
	[ "$(logins "$1" | tail -n 1)" = "$2" ]
}
told() { # NAME WANT TEST
	await last_is "$1" "$2"
	is "$(logins "$1" | tail -n 1)" "$2" "$3"
}

like "$(maillogin imap "$front_imap" login alice@example.org secret)" '^OK .*Logged in' 'IMAP, LOGIN'
told one alice@example.org 'at the server of the map'
like "$(maillogin imap "$front_imap" plain carol carols)" '^OK .*Logged in' 'IMAP, AUTHENTICATE PLAIN'
told two carol 'at the other one'
like "$(maillogin pop3 "$front_pop3" login carol carols)" '^\+OK Logged in' 'POP3, USER and PASS'
like "$(maillogin pop3 "$front_pop3" plain alice@example.org secret)" '^\+OK Logged in' 'POP3, AUTH PLAIN'
like "$(maillogin imap "$front_imap" plain 'odd user' 'p w%20"x')" '^OK .*Logged in' \
	'blanks, quotes and percent signs'
told one 'odd user' 'arrive as they are'

like "$(maillogin imap "$front_imap" login paula secret)" '^OK .*Logged in' 'a user with another name there'
told one alice@example.org 'has it'
like "$(maillogin imap "$front_imap" cram-md5 paula secret)" '^OK .*Logged in' 'CRAM-MD5, and another name'
like "$(maillogin pop3 "$front_pop3" cram-md5 tim tanstaaf)" '^\+OK Logged in' 'CRAM-MD5 of POP3'
told two tim 'at the server of the map'
like "$(maillogin pop3 "$front_pop3" apop tim tanstaaf)" '^\+OK Logged in' 'APOP'
is "$(maillogin pop3 "$front_pop3" apop tim tanstaag)" '-ERR [AUTH] Invalid login or password' 'APOP, wrong'
like "$(maillogin imap "$front_imap" cram-md5 tim wrong tanstaaf)" \
	'NO \[AUTHENTICATIONFAILED\] Invalid login or password' 'CRAM-MD5, wrong'
like "$(maillogin imap "$front_imap" cram-md5 alice@example.org secret)" '^NO \[UNAVAILABLE\]' \
	'CRAM-MD5 of a user without a secret is not his fault'

tries=$(maillogin imap "$front_imap" login carol wrong wrong carols)
is "$(echo "$tries" | sed -n 1p)" 'NO [AUTHENTICATIONFAILED] Invalid login or password' 'a wrong password'
like "$(echo "$tries" | sed -n 3p)" '^OK .*Logged in' 'and the right one in the same session'
like "$(grep 'user=carol' "$work/route.log" | tail -n 1)" 'attempt=3' 'which is the third attempt'
is "$(maillogin imap "$front_imap" login nobody@example.org x)" \
	'NO [AUTHENTICATIONFAILED] Invalid login or password' 'an unknown user hears the same'
like "$(grep 'user=nobody@example.org' "$work/route.log")" 'answer=denied why=unknown' 'the log knows it'
unlike "$(cat "$work/route.log")" 'carols|tanstaaf|sekrit|p w' 'no secret in the log'

if has_ipv6; then
	like "$(maillogin imap "$front_imap" login six carols)" '^OK .*Logged in' 'a server of IPv6'
	told six carol 'is where he is'
else
	skip 2 'no IPv6 here'
fi

# Bob has two servers
like "$(maillogin imap "$front_imap" login bob bobs)" '^OK .*Logged in' 'a user of two servers'
told one bob 'is at the first'
stop_server one
like "$(maillogin imap "$front_imap" login bob bobs)" '^OK .*Logged in' 'it is stopped: he logs in all the same'
told two bob 'at the second'
like "$(maillogin pop3 "$front_pop3" login bob bobs)" '^\+OK Logged in' 'so it is with POP3'
before=$(logins one | wc -l)
dovecot_again one
first_again() {
	maillogin imap "$front_imap" login bob bobs >/dev/null
	[ "$(logins one | wc -l)" -gt "$before" ]
}
ok 'it runs again: he is there again' await first_again

# The map is replaced again and again
: >"$work/used"
(
	number=0
	while [ -e "$work/used" ]; do
		number=$((number + 1))
		sql "INSERT INTO mailboxes VALUES ('more$number', '127.0.0.1', NULL, NULL, NULL, NULL)" &&
		    "$bin/rcptbuild" >/dev/null 2>>"$work/rebuild.err" || echo "build $number" >>"$work/rebuild.err"
	done
	echo "$number" >"$work/rebuilt"
) &
good=0
for user in alice@example.org carol paula bob carol alice@example.org tim bob paula carol; do
	case $user in
	carol) password=carols ;;
	bob) password=bobs ;;
	tim) password=tanstaaf ;;
	*) password=secret ;;
	esac
	case $(maillogin imap "$front_imap" login $user $password) in
	OK*) good=$((good + 1)) ;;
	esac
	maillogin pop3 "$front_pop3" login $user $password >/dev/null && good=$((good + 1))
done
rm "$work/used"
await test -s "$work/rebuilt"
is "$good" 20 'logins while the map is replaced'
ok 'it was' test "$(cat "$work/rebuilt")" -gt 3
like "$(cat "$work/rebuild.err" 2>/dev/null)" '^$' 'without trouble'
sql "UPDATE mailboxes SET server = '127.0.0.2' WHERE user = 'tim'; DELETE FROM mailboxes WHERE user = 'paula';
    UPDATE mailboxes SET secret = 'new secret' WHERE user = 'carol'"
build
like "$(maillogin imap "$front_imap" login paula secret)" '^NO ' 'a user who is not in the map any more'
like "$(maillogin imap "$front_imap" login carol carols)" '^NO ' 'another secret'
mv "$RCPTCHECK_HOME/data/routes.cdb" "$work/routes.cdb"
like "$(maillogin imap "$front_imap" login alice@example.org secret)" '^OK' 'a map that is removed stays in use'
mv "$work/routes.cdb" "$RCPTCHECK_HOME/data/routes.cdb"

# SMTP: nginx asks until a recipient is accepted, the rest goes to the server
talk() { # PORT COMMAND...
	"$top/tests/lib/smtp" "$@"
}
replies=$(talk "$front_smtp" 'EHLO client.test' 'MAIL FROM:<me@client.test>' 'RCPT TO:<nobody@main.test>' \
	'RCPT TO:<x@foreign.test>' 'RCPT TO:<x@down.test>' 'RCPT TO:<known@main.test>' DATA 'hello
.' QUIT)
like "$replies" '^550 5\.1\.1 sorry, no mailbox' 'SMTP: an unknown recipient'
like "$replies" '^550 5\.7\.1 sorry, this server does not relay' 'no relay'
like "$replies" '^451 4\.3\.0 sorry' 'a server that is down'
is "$(echo "$replies" | sed -n '/^451/,$p' | sed 1d | cut -c 1-3 | tr '\n' ' ')" '250 354 250 221 ' \
	'a known one, and the message is taken by its server'
like "$(talk "$front_smtp" 'EHLO client.test' 'MAIL FROM:<>' 'RCPT TO:<"known"@alias.test>' QUIT)" '^250 .*ecipient|^250 ' \
	'an alias, with quotes, and the null sender'
like "$(grep 'recipient=known@alias.test' "$work/route.log")" "answer=ok .*server=127.0.0.1:$smtp" 'goes to the server of its domain'

# SMTP with a login: only of whom we know the secret
like "$(maillogin smtp "$front_submission" login carol 'new secret')" '^235 ' 'SMTP, AUTH LOGIN' || tail -n 3 "$work/route.log"
is "$(maillogin smtp "$front_submission" plain carol wrong)" '535 5.7.8 Invalid login or password' 'wrong'
like "$(maillogin smtp "$front_submission" plain alice@example.org secret)" '^454 4\.7\.0 ' \
	'nobody has verified this one'

# nginx with another key than ours is a stranger
stop_server proxy
nginx proxy "unix:$RCPTCHECK_HOME/run/auth/socket:/auth" 'auth_http_header X-Auth-Key "other";'
like "$(maillogin imap "$front_imap" login carol 'new secret')" '^NO \[UNAVAILABLE\]' 'another key: no'
like "$(tail -n 1 "$work/route.log")" 'answer=temporary why=key' 'the log says why'

# The files of data/hooks
sed "s|/var/rcptcheck|$RCPTCHECK_HOME|g; s/#\([ips]\)/\1/; s/listen [0-9]*/listen 127.0.0.1:$(free_port)/" "$top/data/hooks/nginx.conf" |
	awk '{ while (match($0, /listen 127\.0\.0\.1:[0-9]+/)) { printf "%slisten unix:%s", substr($0, 1, RSTART - 1), work "/listen" ++n; $0 = substr($0, RSTART + RLENGTH) } print }' work="$work" >"$work/mail.conf"
{
	echo "load_module $top/build/root-libnginx-mod-mail/usr/lib/nginx/modules/ngx_mail_module.so; pid $work/t.pid; events { }"
	cat "$work/mail.conf"
} >"$work/test.conf"
ok 'nginx takes hooks/nginx.conf' "$top/build/root-nginx/usr/sbin/nginx" -q -t -p "$work" -c "$work/test.conf" -e "$work/t.log" ||
	diag "$(cat "$work/t.log" "$work/test.conf")"

stop_server route
ok 'it ends when it is told to' test ! -e "$work/route.pid"
unlike "$(cat "$work/route.log")" 'panic|ERROR|runtime error' 'nothing broke'
done_testing
