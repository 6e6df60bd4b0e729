#!/bin/sh
# relaylog on the log of real daemons: Courier, Dovecot, Perdition and nginx log to a real rsyslogd, relaylog reads
# its FIFO. Their logins are marked; and strangers, who say whatever they like for user, password and the name of
# their address, are not, nor is any address that they name.
#
# Each is started where its files lie over those of /usr, and /dev/log is ours, where nobody else sees it.
# shellcheck disable=SC2154 # set by lib/
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/relay.sh

rsyslog=$top/build/root-rsyslog
[ -e "$rsyslog/.unpacked" ] || skip_all 'tests/unpack rsyslog was not run'
[ "$(id -u)" -eq 0 ] || skip_all 'only root can run these daemons with their users'
mkdir -p "$work/dev" "$work/etc" "$work/base" "$work/mail"
unshare -m mount -t overlay overlay -o "lowerdir=$work/dev:/dev" /dev 2>/dev/null || skip_all 'no mount namespace here'

cp "$top/data/relaylog.patterns" "$RCPTCHECK_HOME/data/relaylog.patterns"
ln -s "$work/dev-log" "$work/dev/log"
# The name of the stranger's address looks like another one
{ cat /etc/hosts; echo '127.0.0.3 6.6.6.6'; } >"$work/etc/hosts"
chown nobody:nogroup "$work/mail"

# SERVER NAME COMMAND: with the files of these packages over /usr
within() { # NAME PACKAGE... -- COMMAND...
	name=$1
	shift
	lower=/usr
	while [ "$1" != -- ]; do
		lower=$top/build/root-$1/usr:$lower
		shift
	done
	shift
	# shellcheck disable=SC2016 # for the shell in there
	setsid unshare -m sh -c '
		mount -t overlay overlay -o "lowerdir=$1" /usr && mount -t overlay overlay -o "lowerdir=$2/etc:/etc" /etc &&
		mount -t overlay overlay -o "lowerdir=$2/dev:/dev" /dev && shift 2 && exec "$@"' sh "$lower" "$work" "$@" \
	    </dev/null >"$work/$name.err" 2>&1 &
	echo $! >"$work/$name.pid"
}
have() {
	for package; do
		[ -e "$top/build/root-$package/.unpacked" ] || return 1
	done
}

# login PROTOCOL WAY ADDRESS PORT USER PASSWORD: "yes", or what the server says. WAY: text, literal (IMAP), plain (SASL)
cat >"$work/login" <<'SCRIPT'
use strict; use warnings; use IO::Socket::INET; use MIME::Base64;
my ($protocol, $way, $address, $port, $user, $password) = @ARGV;
alarm 20;
my $s = IO::Socket::INET->new(LocalAddr => $address, PeerAddr => $ENV{SERVER} // '127.0.0.1', PeerPort => $port) or die "connect: $!\n";
sub hear { my $line = <$s>; defined $line or print("gone\n"), exit; return $line }
my $sasl = encode_base64("\0$user\0$password", '');
hear();
if ($protocol eq 'pop3') {
	print $s $way eq 'plain' ? "AUTH PLAIN\r\n" : "USER $user\r\n";
	my $line = hear();
	print $s $way eq 'plain' ? "$sasl\r\n" : "PASS $password\r\n" if $line =~ /^\+/;
	$line = hear() if $line =~ /^\+/;
	print $line =~ /^\+OK/ ? "yes\n" : $line;
	print $s "QUIT\r\n";
} else {
	if ($way eq 'plain') { print $s "a AUTHENTICATE PLAIN\r\n"; hear(); print $s "$sasl\r\n" }
	elsif ($way eq 'literal') { printf $s "a LOGIN {%d}\r\n", length $user; hear(); printf $s "%s {%d}\r\n", $user, length $password; hear(); print $s "$password\r\n" }
	else { s/(["\\])/\\$1/g for $user, $password; print $s qq(a LOGIN "$user" "$password"\r\n) }
	my $line;
	do { $line = hear() } while $line =~ /^[*+]/;
	print $line =~ /^a OK/ ? "yes\n" : $line;
	print $s "b LOGOUT\r\n";
}
SCRIPT
login() {
	perl "$work/login" "$@"
}
listens() { # PORT
	perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => $ENV{SERVER} // "127.0.0.1", PeerPort => $ARGV[0]) or exit 1; alarm 5; exit(<$s> !~ /^([*+] ?OK|220 )/)' "$1" 2>/dev/null
}

mkfifo "$work/fifo"
cat >"$work/rsyslog.conf" <<CONF
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$work/dev-log" CreatePath="off" RateLimit.Interval="0")
*.* action(type="omfile" file="$work/all.log" template="RSYSLOG_FileFormat")
*.* |$work/fifo;RSYSLOG_TraditionalFileFormat
CONF
libs=$rsyslog/usr/lib/$(gcc -print-multiarch)
LD_LIBRARY_PATH=$libs "$rsyslog/usr/sbin/rsyslogd" -n -f "$work/rsyslog.conf" -i "$work/rsyslogd.id" -M "$libs/rsyslog" >"$work/rsyslog.out" 2>&1 &
echo $! >"$work/rsyslog.pid"
await test -S "$work/dev-log" || skip_all "rsyslogd does not start: $(cat "$work/rsyslog.out")"
chmod 666 "$work/dev-log"
start_relayd -l
ASAN_OPTIONS=detect_leaks=0 "$bin/relaylog" -l -v "$work/fifo" 2>"$work/relaylog.err" &
echo $! >"$work/relaylog.pid"

# All that was logged until now has gone through relaylog when this login has
flushes=0
strangers=
flush() {
	flushes=$((flushes + 1))
	perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_DGRAM, 0; send($s, "<22>Nov 21 04:28:41 pop3d: LOGIN, user=flush, ip=[203.0.113.$ARGV[1]], port=[1]",
	    0, pack_sockaddr_un($ARGV[0])) or die "$!\n"' "$work/dev-log" $flushes
	await 60 eval '[ "$(rows "SELECT count(*) FROM relay WHERE ip = '"'203.0.113.$flushes'"'")" = 1 ]'
}
# Who else is marked. What a server behind a proxy on this host says is 127.0.0.1: that is why relayd and relaylog
# take no loopback addresses, but for tests.
others() {
	rows "SELECT ip || ' ' || user || ' ' || source FROM relay WHERE user <> 'flush' AND ip <> '127.0.0.1' ORDER BY ip"
}
knows() { # NAME SOURCE PROTOCOL PORT WAY...: a login is marked
	name=$1 source=$2 protocol=$3 port=$4
	shift 4
	for way; do
		"$bin/relayage" 0
		is "$(login "$protocol" "$way" 127.0.0.2 "$port" bob secret | tr -d '\r')" yes "$name: $way: logs in"
		flush
		is "$(others)" "127.0.0.2 bob $source" "$name: $way: is marked" || diag "$(tail -n 5 "$work/all.log")"
	done
}
# say ADDRESS PORT LINE...: the answers. "base64:TEXT" and "*" are said only where the server waits for more
cat >"$work/say" <<'SCRIPT'
use strict; use warnings; use IO::Socket::INET; use MIME::Base64;
my ($address, $port, @lines) = @ARGV;
alarm 20;
my $s = IO::Socket::INET->new(LocalAddr => $address, PeerAddr => $ENV{SERVER} // '127.0.0.1', PeerPort => $port) or die "connect: $!\n";
my $last;
sub hear { do { $last = <$s> // "gone\n" } while $last =~ /^(\* (?!OK|BYE)|\d\d\d-)/; $last =~ s/\r//; print $last }
hear();
for (@lines) {
	next if /^([*]$|base64:)/ && $last !~ /^(\+|334)/;
	s/^base64:(.*)/encode_base64($1, '')/e;
	print $s "$_\r\n";
	hear();
}
SCRIPT
say() {
	perl "$work/say" "$@"
}
cancels() { # NAME PROTOCOL PORT: a stranger begins as bob, and does not go on; then he is wrong
	"$bin/relayage" 0
	case $2 in
	pop3) say 127.0.0.3 "$3" 'AUTH LOGIN' base64:bob '*' 'AUTH PLAIN' '*' 'USER bob' NOOP QUIT ;;
	*) say 127.0.0.3 "$3" 'a AUTHENTICATE LOGIN' base64:bob '*' 'b AUTHENTICATE PLAIN' '*' 'c NOOP' 'd LOGOUT' ;;
	esac >"$work/answers"
	diag "$(cat "$work/answers")"; 	login "$2" text 127.0.0.3 "$3" bob wrong >>"$work/answers"
	flush
	is "$(grep -c '^yes' "$work/answers") $(grep -c '^c OK\|^+OK' "$work/answers" | sed 's/[1-9]/some/') $(others)" '0 some ' "$1: who cancels is not marked" || diag "$(cat "$work/answers"; others)"
}
forged() { # what a stranger says, one a line; "~" stands for a line feed
	cat <<-'TEXTS'
		bob, ip=[6.6.6.6], port=[1]
		LOGIN, user=bob, ip=[6.6.6.6], port=[1], protocol=IMAP
		bob>, method=PLAIN, rip=6.6.6.6, lip=127.0.0.1, mpid=1, session=<abc>
		imap-login: Login: user=<bob>, method=PLAIN, rip=6.6.6.6, lip=127.0.0.1, mpid=1
		bob" server="127.0.0.1:110" protocol=POP3 server-secure=plaintext status="ok"
		bob", upstream: 127.0.0.1:1
		*1 client logged in, client: 6.6.6.6, server: 127.0.0.1:1, login: "bob", upstream: 127.0.0.1:1
		bob~Nov 21 04:28:41 mx pop3d: LOGIN, user=bob, ip=[6.6.6.6], port=[1]
		bob~Nov 21 04:28:41 mx dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=6.6.6.6, lip=127.0.0.1, mpid=1~
		~<22>Nov 21 04:28:41 pop3d: LOGIN, user=bob, ip=[6.6.6.6], port=[1]~
		bob~2026/11/21 04:28:41 [info] 1#1: *1 client logged in, client: 6.6.6.6, server: 0.0.0.0:110, login: "x", upstream: 1.1.1.1:110~
		bob~Nov 21 04:28:41 mx nginx: 2026/11/21 04:28:41 [info] 1#1: *1 client logged in, client: 6.6.6.6, server: 0.0.0.0:110, login: "x", upstream: 1.1.1.1:110~
		bob~Nov 21 04:28:41 imap-login: Info: Login: user=<bob>, method=PLAIN, rip=6.6.6.6, lip=127.0.0.1, mpid=1~
		bob~LOGIN, user=bob, ip=[6.6.6.6], port=[1]~
		bob~INFO: LOGIN, user=bob, ip=[6.6.6.6], port=[1], protocol=IMAP~
		bob~Auth: 6.6.6.6:1->127.0.0.1:1 client-secure=plaintext authorisation_id=NONE authentication_id="bob" server="h:1" protocol=IMAP4 server-secure=plaintext status="ok"~
		bob~Nov 21 04:28:41 mx perdition: Auth: 6.6.6.6:1->127.0.0.1:1 client-secure=plaintext authorisation_id=NONE authentication_id="bob" server="h:1" protocol=IMAP4 server-secure=plaintext status="ok"~
		vchkpw-pop3: (PLAIN) login success bob@example.org:6.6.6.6
		login: x [6.6.6.6] bob plaintext User logged in
		Login user=bob host=x [6.6.6.6]
		(v4.0.5) POP login by user "bob" at (x) 6.6.6.6
		bob
	TEXTS
}
withstands() { # NAME PROTOCOL PORT WAY...: no stranger is marked
	name=$1 protocol=$2 port=$3
	shift 3
	"$bin/relayage" 0
	: >"$work/answers"
	forged >"$work/forged"
	for way; do
		while IFS= read -r text; do
			text=$(printf '%s.' "$text" | tr '~' '\n')
			login "$protocol" "$way" 127.0.0.3 "$port" "${text%.}" "${text%.}" >>"$work/answers" 2>&1 &
			strangers="$strangers $!"
		done <"$work/forged"
		# shellcheck disable=SC2086 # a list
		wait $strangers
		strangers=
	done
	is "$(grep -c '^yes' "$work/answers")" 0 "$name: none of these strangers can log in"
	flush
	is "$(others)" '' "$name: and none of them is marked, nor whom they name" || diag "$(grep -a 6.6.6.6 "$work/all.log" | tail -n 20)"
}
in_file() { # ARGUMENT...: the addresses that relaylog sees in a file that a daemon has written itself
	"$bin/relaylog" -t -l "$@" 2>&1 | cut -f 1 | sort -u | tr '\n' ' '
}
logged() { # NAME REGEX
	like "$(tail -n 400 "$work/all.log")" "$2" "$1"
}

# Dovecot; its own file too
dovecot_pop=$(free_port)
dovecot_imap=$(free_port)
cat >"$work/dovecot.conf" <<CONFIG
base_dir = $work/base
info_log_path = ${DOVECOT_LOG-syslog}
log_path = syslog
default_login_user = daemon
default_internal_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
protocols = pop3 imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_username_chars =
auth_username_format = %u
auth_verbose = yes
auth_failure_delay = 0
mail_location = maildir:$work/mail/%d
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$work/mail
}
service pop3-login {
  inet_listener pop3 {
    port = $dovecot_pop
  }
  inet_listener pop3s {
    port = 0
  }
}
service imap-login {
  inet_listener imap {
    port = $dovecot_imap
  }
  inet_listener imaps {
    port = 0
  }
}
# No waiting for those who were wrong before
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
CONFIG
dovecot=false
if have dovecot-core dovecot-imapd dovecot-pop3d; then
	within dovecot dovecot-core dovecot-imapd dovecot-pop3d -- dovecot -F -c "$work/dovecot.conf"
	if await listens "$dovecot_imap"; then
		dovecot=true
	else
		diag "$(cat "$work/dovecot.err"; tail -n 5 "$work/all.log")"
	fi
	ok 'Dovecot runs' $dovecot
fi
if $dovecot; then
	knows 'Dovecot, POP3' dovecot pop3 "$dovecot_pop" text plain
	knows 'Dovecot, IMAP' dovecot imap "$dovecot_imap" text literal plain
	withstands 'Dovecot, POP3' pop3 "$dovecot_pop" text plain
	cancels 'Dovecot, POP3' pop3 "$dovecot_pop"
	withstands 'Dovecot, IMAP' imap "$dovecot_imap" text literal plain
	cancels 'Dovecot, IMAP' imap "$dovecot_imap"
	logged 'Dovecot has logged these names' 'dovecot: imap-login: .*user=<bob.?>, method=PLAIN, rip=6.6.6.6'
	# Whoever can log in by such a name is no stranger; but it is his own address that counts
	"$bin/relayage" 0
	forged | while IFS= read -r text; do
		text=$(printf '%s.' "$text" | tr '~' '\n')
		login imap plain 127.0.0.4 "$dovecot_imap" "${text%.}" secret
	done >"$work/answers"
	like "$(grep -c '^yes' "$work/answers")" '^(2[0-2]|1[0-9]|[5-9])$' 'Dovecot: users who really have such names log in'
	flush
	is "$(others | cut -d ' ' -f 1 | sort -u)" 127.0.0.4 'and no address is marked but theirs' || diag "$(others)"
else
	skip 11 'tests/unpack dovecot-core dovecot-imapd dovecot-pop3d was not run'
fi

# Perdition in front of it
if $dovecot && have perdition; then
	for kind in pop3 imap4; do
		eval "${kind}_port=\$(free_port)"
		eval "port=\$${kind}_port"
		[ $kind = pop3 ] && behind=$dovecot_pop || behind=$dovecot_imap
		within perdition-$kind perdition -- perdition.$kind --no_daemon -u nobody -g nogroup -b 127.0.0.1 -l "$port" -s "127.0.0.1:$behind" \
		    -p "$behind" --log_facility mail --ssl_mode none --pid_file "$work/perdition-$kind.id" -f /dev/null -m '' --timeout 30
		await listens "$port" || diag "$(cat "$work/perdition-$kind.err"; tail -n 5 "$work/all.log")"
	done
	knows 'Perdition, POP3' perdition pop3 "$pop3_port" text
	knows 'Perdition, IMAP' perdition imap "$imap4_port" text
	withstands 'Perdition, POP3' pop3 "$pop3_port" text
	cancels 'Perdition, POP3' pop3 "$pop3_port"
	withstands 'Perdition, IMAP' imap "$imap4_port" text literal
	cancels 'Perdition, IMAP' imap "$imap4_port"
	# Lines that are cut: the end of the stranger's text is the end of the line then, at one length. By an IMAP
	# literal, for a USER with blanks is refused before anything is logged; of more than 1024 bytes it is too.
	"$bin/relayage" 0
	: >"$work/all.log"
	long=0
	for want in 90 120 150 200 230 250 256 260 300 350 400 500 600 700 800 850 900 950 1000 1024; do
		tail='" server="127.0.0.1:110" protocol=IMAP4 server-secure=plaintext status="ok"'
		pad=$(head -c $((want - ${#tail})) /dev/zero | tr '\0' b)
		login imap literal 127.0.0.3 "$imap4_port" "$pad$tail" x >/dev/null &
		strangers="$strangers $!"
		long=$((long + 1))
	done
	# shellcheck disable=SC2086
	wait $strangers
	strangers=
	flush
	is "$(others)" '' 'Perdition: long names'
	is "$(grep -c 'perdition.*Auth: 127.0.0.3:.* authentication_id="bb*' "$work/all.log")" $long \
	    'Perdition: they are in its Auth lines' || diag "$(tail -n 30 "$work/all.log")"
	# What a pattern would do that lets a user name stand for more than itself
	sed -n '/^pattern perdition$/,/^line/s/(?<user>.*/(?<user>.*)" server="[^"]*" protocol=IMAP4 server-secure=plaintext status="ok".*/p; /^pattern perdition$/p; /^tag perdition perd/p' \
	    "$top/data/relaylog.patterns" >"$work/weak"
	is "$(in_file -f "$work/weak" "$work/all.log")" '127.0.0.3 ' 'and a pattern that is too wide is taken in by them' ||
	    diag "$(cat "$work/weak")"
	stop_server perdition-pop3
	stop_server perdition-imap4
	port=$(free_port)
	: >"$work/perdition.log"
	chown nobody "$work/perdition.log"
	within perdition-file perdition -- perdition.imap4 --no_daemon -u nobody -g nogroup -b 127.0.0.1 -l "$port" -s "127.0.0.1:$dovecot_imap" \
	    -p "$dovecot_imap" --log_facility "$work/perdition.log" --ssl_mode none --pid_file "$work/perdition-file.id" -f /dev/null -m '' --timeout 30
	await listens "$port" || diag "$(cat "$work/perdition-file.err" "$work/perdition.log")"
	login imap literal 127.0.0.2 "$port" bob secret >/dev/null
	withstands 'Perdition, a file of its own' imap "$port" literal
	is "$(grep -c '^Nov 21 04:28:41 mx perdition: Auth: 6[.]6[.]6[.]6:' "$work/perdition.log" | sed 's/^[1-9].*/some/')" some 'where lines are from strangers'
	is "$("$bin/relaylog" -t -l "$work/perdition.log" 2>/dev/null)" '' 'and none of its lines is a login'
	"$bin/relayage" 0
	"$bin/relaylog" -l -q <"$work/perdition.log" 2>"$work/own.err"
	flush
	is "$(others)" '' 'nor is one marked' || diag "$(cat "$work/own.err")"
	is "$(sed 's/ reason=.*//' "$work/own.err")" 'relaylog: trouble="no login is taken from this log any more"' 'which is said'
	stop_server perdition-file
else
	skip 19 'tests/unpack perdition and dovecot-core was not run'
fi

# nginx in front of it, and asking itself whether the password is good
if $dovecot && have nginx libnginx-mod-mail; then
	# The ports of POP3, IMAP and SMTP, at an address of our own: only there is a login one
	SERVER=127.101.$(($$ / 256 % 256)).$(($$ % 254 + 1))
	export SERVER
	primary_mailfront behind-smtp anybody
	smtp_behind=$port
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=mail.test -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 2>/dev/null
	nginx_other=$(free_port)
	nginx_http=$(free_port)
	mkdir -p "$work/nginx"
	cat >"$work/nginx.conf" <<-CONFIG
		daemon off;
		pid $work/nginx.id;
		error_log syslog:server=unix:$work/dev-log,facility=mail,tag=nginx,nohostname info;
		error_log $work/nginx.log info;
		load_module /usr/lib/nginx/modules/ngx_mail_module.so;
		events { }
		mail {
			auth_http 127.0.0.1:$nginx_http/;
			pop3_auth plain;
			imap_auth plain login;
			proxy_pass_error_message on;
			xclient off;
			ssl_certificate $work/cert.pem;
			ssl_certificate_key $work/key.pem;
			server { listen $SERVER:110; protocol pop3; }
			server { listen $SERVER:143; protocol imap; starttls on; }
			server { listen $SERVER:$nginx_other; protocol imap; }
			server { listen $SERVER:25; protocol smtp; smtp_auth none; }
			server { listen $SERVER:587; protocol smtp; smtp_auth login plain none; }
		}
		http {
			access_log off;
			client_body_temp_path $work/nginx; proxy_temp_path $work/nginx; fastcgi_temp_path $work/nginx;
			uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx;
			map "\$http_auth_method \$http_auth_pass" \$status_ { ~^none OK; "~ secret$" OK; "~ wrong-behind$" OK; default "Invalid login"; }
			map \$http_auth_protocol \$port_ { imap $dovecot_imap; smtp $smtp_behind; default $dovecot_pop; }
			server {
				listen 127.0.0.1:$nginx_http;
				location / {
					add_header Auth-Status \$status_;
					add_header Auth-Server 127.0.0.1;
					add_header Auth-Port \$port_;
					add_header Auth-Wait 1;
					return 204;
				}
			}
		}
	CONFIG
	within nginx nginx libnginx-mod-mail -- nginx -e stderr -c "$work/nginx.conf"
	await listens 143 || diag "$(cat "$work/nginx.err")"
	knows 'nginx, POP3' nginx pop3 110 text plain
	knows 'nginx, IMAP' nginx imap 143 text literal plain
	withstands 'nginx, POP3' pop3 110 text plain
	cancels 'nginx, POP3' pop3 110
	withstands 'nginx, IMAP' imap 143 text literal plain
	cancels 'nginx, IMAP' imap 143
	"$bin/relayage" 0
	(sleep 1; printf 'a LOGIN bob secret\r\nb LOGOUT\r\n'; sleep 1) |
	    timeout 20 openssl s_client -quiet -ign_eof -starttls imap -bind 127.0.0.2:0 -connect "$SERVER:143" >"$work/answers" 2>&1
	flush
	is "$(others)" '127.0.0.2 bob nginx' 'nginx: a login by STARTTLS' || diag "$(cat "$work/answers"; tail -n 5 "$work/all.log")"
	# SMTP without a login: it says "client logged in" as well, and whose AUTH was cancelled or wrong
	"$bin/relayage" 0
	say 127.0.0.3 25 'EHLO evil.test' 'AUTH LOGIN' base64:joe '*' 'MAIL FROM:<s@evil.test>' 'RCPT TO:<anybody@ours.test>' >"$work/answers"
	is "$(tail -n 1 "$work/answers" | cut -c 1-3)" 250 'nginx, SMTP: a recipient is accepted from a stranger' || diag "$(cat "$work/answers")"
	say 127.0.0.3 587 'EHLO evil.test' 'AUTH PLAIN' "$(printf '\0joe\0wrong' | base64)" 'MAIL FROM:<s@evil.test>' 'RCPT TO:<anybody@ours.test>' >"$work/answers"
	is "$(tail -n 1 "$work/answers" | cut -c 1-3)" 250 'and after a wrong password' || diag "$(cat "$work/answers")"
	login imap text 127.0.0.3 "$nginx_other" bob secret >/dev/null
	flush
	is "$(grep -c 'nginx: .*client logged in, client: 127[.]0[.]0[.]3, server: .*:\(25\|587\), login: "joe"' "$work/all.log")" 2 \
	    'it says of both that they have logged in' || diag "$(grep nginx: "$work/all.log" | tail -n 8)"
	is "$(others)" '' 'neither is marked, nor who is at another port'
	# What relaylog(8) says of other ports
	sed -n '/^pattern nginx$/,/^line/p' "$top/data/relaylog.patterns" | sed "s/(?:110|143|993|995)/(?:$nginx_other)/" >"$work/other"
	is "$(grep -v 'pop3d:' "$work/all.log" | "$bin/relaylog" -t -l -f "$work/other" | cut -f 1-3)" "$(printf '127.0.0.3\tbob\tnginx')" \
	    'a pattern of one'"'"'s own for that port'
	"$bin/relayage" 0
	login imap plain 127.0.0.3 143 bob wrong-behind >"$work/answers"
	flush
	is "$(grep -c '^yes' "$work/answers") $(others)" '0 ' 'nginx: a login that the server behind refuses'
	logged 'nginx has logged these names' 'nginx: .*client login failed.*6[.]6[.]6[.]6'
	# In its own file they are lines of their own: no line there is a login, nor behind a tag that its reader puts there
	is "$(grep -cx '2026/11/21 04:28:41 .*: [*]1 client logged in, client: 6[.]6[.]6[.]6, server: 0[.]0[.]0[.]0:110, login: "x", upstream: 1[.]1[.]1[.]1:110' \
	    "$work/nginx.log" | sed 's/^[1-9].*/some/')" some 'nginx, a file of its own: whole lines are from strangers'
	"$bin/relayage" 0
	for own in '' '-T nginx' '-T imapd'; do
		# shellcheck disable=SC2086 # an option and its argument
		"$bin/relaylog" -l -q $own <"$work/nginx.log" 2>"$work/own.err"
	done
	flush
	is "$(others)" '' 'and none of its lines is a login' || diag "$(cat "$work/own.err")"
	is "$(sed 's/ reason=.*//' "$work/own.err")" 'relaylog: trouble="no login is taken from this log any more"' 'which is said'
	# As the journal has what comes on descriptor 2
	grep '^20[0-9][0-9]/' "$work/nginx.log" >"$work/nginx.lines"
	sed 's/^/Nov 21 04:28:41 mx nginx[77]: /' "$work/nginx.lines" >"$work/nginx.tagged"
	is "$(in_file "$work/nginx.tagged")" '' 'nor behind the tag that the journal gives to descriptor 2'
	stop_server nginx
	stop_server behind-smtp
	unset SERVER
else
	skip 29 'tests/unpack nginx, libnginx-mod-mail and dovecot-core was not run'
fi
# Dovecot's own file: it escapes there what it escapes in a syslog
if $dovecot; then
	stop_server dovecot
	: >"$work/dovecot.log"
	chmod 666 "$work/dovecot.log"
	sed "s|^\(info_\)*log_path = .*|\1log_path = $work/dovecot.log|" "$work/dovecot.conf" >"$work/dovecot-file.conf"
	within dovecot dovecot-core dovecot-imapd dovecot-pop3d -- dovecot -F -c "$work/dovecot-file.conf"
	await listens "$dovecot_imap" || diag "$(cat "$work/dovecot.err" "$work/dovecot.log")"
	login imap plain 127.0.0.2 "$dovecot_imap" bob secret >"$work/answers"
	withstands 'Dovecot, a file of its own' imap "$dovecot_imap" literal plain
	is "$(in_file "$work/dovecot.log")" '127.0.0.2 ' 'and its file has one login' || diag "$(grep -a 'ogin: user\|ogin=' "$work/dovecot.log")"
	like "$(cat "$work/dovecot.log")" 'imap-login: Info: .*user=<bob.*rip=6[.]6[.]6[.]6' 'and these names'
	stop_server dovecot
else
	skip 4 'tests/unpack dovecot-core dovecot-imapd dovecot-pop3d was not run'
fi

# Courier
if have courier-base courier-authlib courier-authdaemon courier-pop courier-imap; then
	mkdir -p "$work/etc/courier" "$work/etc/pam.d" "$work/run/courier/authdaemon" "$work/mail/bob"
	for folder in cur new tmp; do
		mkdir -p "$work/mail/bob/Maildir/$folder"
	done
	chown -R daemon:daemon "$work/mail"
	{ cat /etc/passwd; echo "bob:$(openssl passwd -6 secret):$(id -u daemon):$(id -g daemon)::$work/mail/bob:/bin/sh"; } >"$work/etc/passwd"
	cat >"$work/etc/courier/authdaemonrc" <<-'CONFIG'
		authmodulelist="authpam"
		daemons=4
		authdaemonvar=/run/courier/authdaemon
		DEBUG_LOGIN=0
		DEFAULTOPTIONS=""
		LOGGEROPTS=""
	CONFIG
	for service in pop3 imap; do
		printf 'auth required pam_unix.so nodelay\naccount required pam_permit.so\nsession required pam_permit.so\n' >"$work/etc/pam.d/$service"
	done
	courier_pop=$(free_port)
	courier_imap=$(free_port)
	courier_raw=$(free_port)
	cat >"$work/courier" <<-SCRIPT
		#!/bin/sh
		mount --bind $work/run /run || exit 1
		/usr/lib/courier/courier-authlib/authdaemond &
		ids=\$!
		PATH=/usr/sbin:/usr/bin:/bin POP3AUTH=PLAIN MAILDIRPATH=Maildir IMAP_CAPABILITY='IMAP4rev1 AUTH=PLAIN' IMAP_EMPTYTRASH=
		IMAP_CHECK_ALL_FOLDERS=0
		export PATH POP3AUTH MAILDIRPATH IMAP_CAPABILITY IMAP_EMPTYTRASH IMAP_CHECK_ALL_FOLDERS
		couriertcpd -address=127.0.0.1 -maxprocs=90 -maxperip=90 -nodnslookup -noidentlookup -stderrlogger=/usr/sbin/courierlogger \\
		    -stderrloggername=pop3d $courier_pop /usr/lib/courier/courier/courierpop3login /usr/lib/courier/courier/courierpop3d Maildir &
		ids="\$ids \$!"
		couriertcpd -address=127.0.0.1 -maxprocs=90 -maxperip=90 -nodnslookup -noidentlookup -stderrlogger=/usr/sbin/courierlogger \\
		    -stderrloggername=imapd $courier_imap /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir &
		ids="\$ids \$!"
		couriertcpd -address=127.0.0.1 -maxprocs=90 -maxperip=90 -nodnslookup -noidentlookup \\
		    $courier_raw /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir 2>$work/courier.raw &
		ids="\$ids \$!"
		trap 'kill \$ids' TERM
		wait
	SCRIPT
	chmod 755 "$work/courier"
	within courier courier-base courier-authlib courier-authdaemon courier-pop courier-imap -- "$work/courier"
	await listens "$courier_imap" || diag "$(cat "$work/courier.err"; tail -n 5 "$work/all.log")"
	knows 'Courier, POP3' courier pop3 "$courier_pop" text plain
	knows 'Courier, IMAP' courier imap "$courier_imap" text literal plain
	withstands 'Courier, POP3' pop3 "$courier_pop" text plain
	cancels 'Courier, POP3' pop3 "$courier_pop"
	withstands 'Courier, IMAP' imap "$courier_imap" text literal plain
	cancels 'Courier, IMAP' imap "$courier_imap"
	logged 'Courier has logged these names' 'imapd.*: LOGIN FAILED, .*ip=\[6[.]6[.]6[.]6\]'
	await listens "$courier_raw" || diag "$(cat "$work/courier.err" "$work/courier.raw")"
	login imap literal 127.0.0.2 "$courier_raw" bob secret >/dev/null
	withstands 'Courier, descriptor 2' imap "$courier_raw" literal plain
	is "$(in_file -T imapd "$work/courier.raw")" '127.0.0.2 ' 'and there is one login' || diag "$(tail -n 30 "$work/courier.raw")"
	stop_server courier
else
	skip 20 'tests/unpack courier-base courier-authlib courier-authdaemon courier-pop courier-imap was not run'
fi
stop_server relaylog
is "$(grep -v '^relaylog: address=' "$work/relaylog.err")" '' 'relaylog has nothing to complain about'
done_testing
