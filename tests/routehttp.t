#!/bin/sh
# routehttp by itself: its arguments, its ways to be started, hostile requests, programs for passwords, recipients.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

mkdir -p "$RCPTCHECK_HOME/route"
group=$(id -gn)
if [ "$(id -u)" -eq 0 ]; then
	group=$(id -gn nobody)
	chown nobody:"$group" "$RCPTCHECK_HOME/run"
	chgrp -R "$group" "$RCPTCHECK_HOME/cache" "$RCPTCHECK_HOME/route"
	chmod 2770 "$RCPTCHECK_HOME/route"
	chmod 777 "$work"
fi
nl=$(printf '\r\n.')
nl=${nl%.}

request() { # METHOD USER PASSWORD PROTOCOL [HEADER...]
	printf 'GET /auth HTTP/1.0\r\nHost: localhost\r\nAuth-Method: %s\r\nAuth-User: %s\r\nAuth-Pass: %s\r\n' "$1" "$2" "$3"
	printf 'Auth-Protocol: %s\r\nClient-IP: 203.0.113.7\r\n' "$4"
	shift 4
	for header; do
		printf '%s\r\n' "$header"
	done
	printf '\r\n'
}

# Leaves $reply without its CRs, and $log
answer() { # [argument...] <REQUEST
	"$bin/routehttp" -v "$@" >"$work/reply" 2>"$work/answer.log"
	code=$?
	reply=$(tr -d '\r' <"$work/reply")
	log=$(cat "$work/answer.log")
}

ask() { # METHOD USER PASSWORD PROTOCOL [HEADER...]
	request "$@" >"$work/request"
	answer <"$work/request"
}

header() { # NAME
	printf '%s\n' "$reply" | sed -n "s/^$1: //p"
}

rcpt() { # ADDRESS [argument...]
	rcpt_address=$1
	shift
	request none '' '' smtp 'Auth-SMTP-From: MAIL FROM:<me@client.test>' "Auth-SMTP-To: RCPT TO:<$rcpt_address>" >"$work/request"
	answer "$@" <"$work/request"
}

# What must not be started

refused() { # NAME REGEX argument...
	refused_name=$1
	refused_regex=$2
	shift 2
	run "$bin/routehttp" "$@" </dev/null
	is "$code" 111 "$refused_name: exit 111"
	like "$err" "$refused_regex" '... and says why'
}
echo >"$work/empty"
: >"$work/file"
refused 'an option it has not' '^usage: routehttp' -z
refused 'what is true of a socket alone' '^usage: routehttp' -x
refused 'the same' '^usage: routehttp' -x -p 1
refused 'two places to listen at' '^usage: routehttp' -u /x -p 1
refused 'arguments of no program' '^usage: routehttp' argument
refused 'every address without a key' 'anybody could try passwords' -p 0.0.0.0:9999
refused 'no port' 'is no \[ip:\]port' -p localhost:1
refused 'no address' 'is no ip\[:port\]' -s mail.example.com
refused 'a key file that is missing' 'No such file' -k "$work/none"
refused 'an empty key file' 'no key in it' -k "$work/empty"
printf 'key \nmore\n' >"$work/blank"
refused 'a key that no header can have' "can't begin or end with a blank" -k "$work/blank"
refused 'a file where the socket is to be' 'is there, and no socket' -u "$work/file"
refused 'a program without its path' 'must be a full path' -c checkpassword
refused 'a program that is not there' 'No such file' -c /nonexistent/checkpassword

# Trouble with the map is nobody's fault

ask plain alice pw imap
is "$(header Auth-Status)" '[UNAVAILABLE] Temporary failure, please try again later' 'no map: temporary'
like "$log" 'why=no-map' 'the log says so'
sql "INSERT INTO settings VALUES ('route_group', NULL, '$group'), ('route_imap_port', NULL, '1143');
    INSERT INTO mailboxes VALUES ('alice', '192.0.2.1', NULL, NULL, NULL, NULL),
	('six', '2001:db8::1', 993, NULL, NULL, NULL), ('paula', '192.0.2.1', NULL, NULL, 'al ice', 's3cret'),
	('carol', '192.0.2.1', NULL, NULL, NULL, 'wörd %25')"
build
cp "$RCPTCHECK_HOME/data/routes.cdb" "$work/good.cdb"
perl -e 'open my $f, "+<", $ARGV[0]; seek $f, 2100, 0; print $f "damage"' "$RCPTCHECK_HOME/data/routes.cdb"
ask plain alice pw pop3
is "$(header Auth-Status)" '[SYS/TEMP] Temporary failure, please try again later' 'a damaged map: temporary'
cat "$work/good.cdb" >"$RCPTCHECK_HOME/data/routes.cdb"

# Answers

ask plain alice pw imap
is "$reply" "HTTP/1.0 200 OK
Auth-Status: OK
Auth-Server: 192.0.2.1
Auth-Port: 1143" 'a route'
is "$code" 0 'exit 0'
as_printed() { # NAME: runs the command on standard input, for a user whom we have
	sed "s|[^ ]*routehttp -v|'$bin/routehttp' -v|; s/User: joe/User: alice/" >"$work/printed"
	reply=$(sh "$work/printed" 2>"$work/printed.err" | tr -d '\r')
	is "$(header Auth-Status)" OK "$1, as printed" || diag "$(cat "$work/printed" "$work/printed.err")"
}
awk '/^  4  Ask as nginx does/ { on = 1; next } on && /^$/ && seen { exit } on && NF { seen = 1; sub(/^    # /, ""); print }' \
	INSTALL >"$work/command"
as_printed 'the command of INSTALL' <"$work/command"
awk '/^Ask by hand:/ { on = 1; next } on && /^HTTP/ { exit } on && !/^\./ { sub(/^\$ /, ""); gsub(/\\e/, "\\"); print }' \
	src/door/routehttp.8 >"$work/command"
as_printed 'that of the page' <"$work/command"
ask plain six pw pop3
is "$(header Auth-Server) $(header Auth-Port)" '2001:db8::1 993' 'IPv6, and a port of its own'
ask plain paula s3cret imap
is "$(header Auth-User)|$(header Auth-Pass)" 'al ice|' 'another name there'
ask plain carol 'w%C3%B6rd%20%2525' imap
is "$(header Auth-Status)" OK 'escapes'
ask plain paula s3cret2 imap
is "$(header Auth-Status)|$(header Auth-Wait)" '[AUTHENTICATIONFAILED] Invalid login or password|1' 'wrong'
ask plain paula wrong imap 'Auth-Login-Attempt: 5'
is "$(header Auth-Wait)" 15 'who tries again and again waits longer'
ask plain paula wrong imap 'Auth-Login-Attempt: 10'
is "$(header Auth-Status)|$(header Auth-Wait)" '[AUTHENTICATIONFAILED] Invalid login or password|' 'and is sent away'
ask plain nobody x smtp
is "$(header Auth-Status)|$(header Auth-Error-Code)" 'Invalid login or password|535 5.7.8' 'unknown'
ask plain alice pw smtp
is "$(header Auth-Error-Code)" '454 4.7.0' 'SMTP: nobody would ask for the password again'
ask external paula '' imap 'Auth-SSL-Verify: SUCCESS' 'Auth-SSL-Subject: CN=paula'
like "$log" 'answer=temporary why=untrusted' 'a certificate, says somebody'
echo 'the key' >"$work/key"
by_nginx() { # METHOD USER PASSWORD PROTOCOL [HEADER...]: with the key
	request "$@" 'X-Auth-Key: the key' >"$work/request"
	answer -k "$work/key" <"$work/request"
}
certified() { # USER
	by_nginx external "$1" '' imap 'Auth-SSL-Verify: SUCCESS' "Auth-SSL-Subject: CN=$1"
}
certified paula
is "$(header Auth-User)|$(header Auth-Pass)" 'al ice|s3cret' 'says nginx: it gets what it needs to log in'
certified alice
like "$log" 'answer=temporary why=no-secret' 'a certificate, and no secret to log in with'
at_socket() { # [argument...] <REQUEST: one request to a routehttp that stays; leaves $reply and $log
	rm -f "$work/at.sock"
	"$bin/routehttp" -v -u "$work/at.sock" "$@" </dev/null 2>"$work/at.log" &
	echo $! >"$work/at.pid"
	await test -S "$work/at.sock"
	reply=$(perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!";
		print $s <STDIN>; alarm 60; print <$s>' "$work/at.sock" | tr -d '\r')
	stop_pid "$work/at.pid"
	log=$(cat "$work/at.log")
}
request external paula '' imap 'Auth-SSL-Verify: SUCCESS' 'Auth-SSL-Subject: CN=paula' >"$work/request"
at_socket <"$work/request"
is "$(header Auth-Status)" '[UNAVAILABLE] Temporary failure, please try again later' 'a certificate, on a socket without a key: no'
like "$log" 'answer=temporary why=external-needs-key' '... the log says why'
unlike "$reply" s3cret '... its group has other programs in it, which get no secret'
at_socket -x <"$work/request"
is "$(header Auth-User)|$(header Auth-Pass)" 'al ice|s3cret' '... unless nginx alone may open it: -x'
at_socket -k "$work/key" <"$work/request"
like "$log" 'answer=temporary why=key' 'who is on the socket, but does not know the key'
request external paula '' imap 'Auth-SSL-Verify: SUCCESS' 'Auth-SSL-Subject: CN=paula' 'X-Auth-Key: the key' >"$work/request"
at_socket -k "$work/key" <"$work/request"
is "$(header Auth-User)|$(header Auth-Pass)" 'al ice|s3cret' '... and who does'
request external alice '' imap 'Auth-SSL-Verify: SUCCESS' 'Auth-SSL-Subject: CN=alice' >"$work/request"
at_socket <"$work/request"
like "$log" 'answer=temporary why=no-secret' 'without a secret nothing changes'
request plain alice pw imap 'X-Auth-Key: the kez' >"$work/request"
answer -k "$work/key" <"$work/request"
like "$log" 'answer=temporary why=key' 'another key'
unlike "$reply" "Auth-Status: OK|Auth-Server" "... gets nothing"

# Whose secret it is

sql "INSERT INTO mailboxes VALUES ('fred', '127.0.0.1', 143, NULL, 'f01', 'fredpw'),
	('Emil', '127.0.0.1', 143, NULL, NULL, 'emilpw'), ('KARL', '127.0.0.1', 143, NULL, NULL, 'karl1'),
	('Karl', '127.0.0.1', 143, NULL, NULL, 'karl2'), ('one', '127.0.0.9', 143, NULL, NULL, 'otherpw'),
	('Otto', '127.0.0.1', 143, NULL, NULL, 'upper'), ('otto', '127.0.0.1', 143, NULL, NULL, 'lower'),
	('Eve@own.example', '127.0.0.1', 143, NULL, '%n', 'evepw'), ('IDA@own.example', '127.0.0.1', 143, NULL, '%n', 'ida1'),
	('Ida@own.example', '127.0.0.1', 143, NULL, '%n', 'ida2'), ('one@own.example', '127.0.0.1', 143, NULL, '%n', 'onepw'),
	('a-m@own.example', '127.0.0.1', 143, NULL, '%n', 'rangepw'),
	('@own.example', '127.0.0.1', 143, NULL, '%n', 'domainpw'),
	('x-z', '127.0.0.1', 143, NULL, '%n', 'xpw'), ('*', '127.0.0.2', 143, NULL, '%n', 'masterpw')"
build
cat >"$work/everybody" <<'SCRIPT'
#!/bin/sh
# mallory's accounts have mallory's password; the others have theirs
given=$(tr '\0' , <&3)
case $given in
emil,right,* | karl,right,* | Emil,upper,* | Eve@own.example,upper,* | Eve@OWN.example,upper,* | KARL,upper,* | Karl,upper,* | fred,right,* | fred@evil.example,mallory,* | boss@evil.example,mallory,* | xaver@evil.example,mallory,* | Fred,mallory,*) exit 0 ;;
*@own.example,right,* | *@OWN.example,right,* | boss,right,* | otto,lower,* | Otto,upper,* | Boss,mallory,*) exit 0 ;;
esac
exit 1
SCRIPT
chmod 755 "$work/everybody"
given() { # METHOD USER PASSWORD WANT NAME: what nginx is to log in with, else why not
	if [ "$1" = external ]; then
		certified "$2"
	else
		request "$1" "$2" "$3" imap >"$work/request"
		answer -c "$work/everybody" <"$work/request"
	fi
	case $(header Auth-Status) in
	OK) is "$(header Auth-User) $(header Auth-Pass)" "$4" "$1, $2: $5" ;;
	*) is "$(printf '%s\n' "$log" | sed -n 's/.* answer=\([^ ]*\) why=\([^ ]*\) .*/\1 \2/p')" "$4" "$1, $2: $5" ;;
	esac
}
given plain fred right 'f01 fredpw' 'the secret of his row'
given plain fred@evil.example mallory 'temporary no-domain' 'not to fred of another domain'
given plain fred@evil.example right 'denied checkpassword' 'a wrong password is denied, and does not tell who has a row'
given plain boss@evil.example mallory 'temporary no-domain' 'not that of all to somebody of any domain'
given plain xaver@evil.example mallory 'temporary no-domain' 'nor that of a range'
given plain boss right ' masterpw' 'but where there are no domains'
given plain one@own.example right 'one onepw' 'a row with a domain'
given plain bob@own.example right 'bob rangepw' 'a range of it'
given plain ted@OWN.example right 'ted domainpw' 'all of it'
given plain Fred mallory 'denied checkpassword' 'who is found in lower case must have the password of that one'
given plain Fred right 'f01 fredpw' 'and has it'
given plain Boss mallory 'denied checkpassword' 'the same where it is the secret of many'
given plain Ted@own.example right 'ted domainpw' '... and is that one at the server'
given plain Otto upper ' upper' 'but each who is in the map is asked about as he is'
given plain otto lower ' lower' '... and the other one'
given plain emil right 'denied checkpassword' 'who is right as emil is not Emil, about whom is asked'
given plain emil upper 'Emil emilpw' '... but who is right as Emil may write himself so'
given plain EMIL upper 'Emil emilpw' '... or so'
given plain Emil upper ' emilpw' '... or as the row does'
given plain eve@own.example upper 'Eve evepw' 'the same with a domain'
given plain EVE@OWN.example. upper 'Eve evepw' '... that is written otherwise, too'
given plain karl right 'temporary spelling' 'of KARL and Karl neither is karl'
given plain kARL right 'temporary spelling' '... nor kARL'
given plain KARL upper ' karl1' '... but KARL is'
given plain Karl upper ' karl2' '... and Karl, each himself'
given plain ida@own.example right 'temporary spelling' 'nor is one of two with a domain'
given plain otTo lower 'otto lower' 'where one is in lower case it is that one'
given plain one@own.example. right 'one onepw' 'the dot of the root is no part of a domain'
given external emil '' 'temporary spelling' 'a certificate of emil is not that of Emil'
given external Emil '' ' emilpw' '... but that of Emil is'
given external EMIL '' 'temporary spelling' '... nor is one of EMIL'
given external karl '' 'temporary spelling' 'nor is that of karl one of KARL'
given external fred '' 'f01 fredpw' 'a certificate'
given external fred@evil.example '' 'temporary no-domain' '... of another domain'
given external boss@evil.example '' 'temporary no-domain' '... that of all'
given external Fred '' 'temporary spelling' '... of another spelling'
given external ted@own.example '' 'ted domainpw' '... of a domain'
ask plain boss masterpw imap
is "$(header Auth-Status) $(printf '%s\n' "$log" | grep -c 'why=backend')" 'OK 1' 'the secret of many is not the password of one'
ask plain boss masterpw smtp
like "$log" 'answer=temporary why=unverified' '... not where nobody would ask again'
cram() { # USER SECRET: prints the digest for the salt <1@x>
	perl -MDigest::HMAC_MD5=hmac_md5_hex -e 'print hmac_md5_hex("<1\@x>", $ARGV[0])' "$1"
}
by_nginx cram-md5 fred "$(cram fredpw)" imap 'Auth-Salt: <1@x>'
is "$(header Auth-User) $(header Auth-Pass)" 'f01 fredpw' 'a digest'
by_nginx cram-md5 boss "$(cram masterpw)" imap 'Auth-Salt: <1@x>'
like "$log" 'answer=temporary why=no-secret' '... of the secret of many'
ask cram-md5 fred "$(cram fredpw)" imap 'Auth-Salt: <1@x>'
like "$log" 'answer=temporary why=untrusted' 'a digest that anybody can have seen, and its salt'
unlike "$reply" fredpw '... does not give the secret'
sql "DELETE FROM mailboxes WHERE user NOT IN ('alice', 'six', 'paula', 'carol')"
"$bin/rcptbuild" -f >/dev/null 2>&1

# What is no request of nginx's

bad() { # NAME TROUBLE <REQUEST
	answer
	like "$reply" '^Auth-Status: Temporary failure' "$1: nobody is let in"
	unlike "$reply" 'Auth-Status: OK|Auth-Server' '... nor sent anywhere'
	like "$log" "trouble=\"?$2" '... the log says why'
}
request plain alice pw imap | tr -d '\r' >"$work/request"
bad 'bare LF' 'a LF without' <"$work/request"
request plain alice pw imap "X: a${nl% }" | sed 's/Auth-Pass/\x00/' >"$work/request"
bad 'a NUL' 'a NUL' <"$work/request"
{ request plain alice pw imap | head -n 4; yes 'X-More: header' | head -n 5000; } | tr -d '\n' >"$work/request"
bad 'a line without end' '[al]' <"$work/request"
{ printf 'GET / HTTP/1.0\r\nX: '; head -c 20000 /dev/zero | tr '\0' x; } >"$work/request"
bad 'a long header' 'longer than 16 KB' <"$work/request"
request plain alice pw imap | head -n 5 >"$work/request"
bad 'no end' 'it ended too early' <"$work/request"
request plain alice pw imap 'auth-user: bob' >"$work/request"
bad 'two users' 'a header that comes twice' <"$work/request"
request plain 'alice%0d%0aAuth-Status: OK' pw imap >"$work/request"
bad 'a line end in a user' 'an Auth-User that no user has' <"$work/request"
request plain 'alice%' pw imap >"$work/request"
bad 'half an escape' 'an Auth-User that no user has' <"$work/request"
request plain paula s3cret%00x imap >"$work/request"
bad 'a password that goes on behind a NUL' 'an Auth-Pass that' <"$work/request"
printf 'POST /auth HTTP/1.0\r\n\r\n' >"$work/request"
bad 'another method' 'not a GET' <"$work/request"
{ request plain alice pw imap; request plain paula s3cret imap; } >"$work/request"
answer <"$work/request"
is "$(printf '%s\n' "$reply" | grep -c '^HTTP')|$(header Auth-User)" '1|' 'two requests: the first is answered'
answer </dev/null
is "$code|$reply|$log" '0||' 'nobody says anything: nothing is logged'

# Recipients

rcpt x@foreign.test
is "$(header Auth-Error-Code)" '451 4.3.0' 'no domain at all: an accident, and no proof'
like "$log" 'answer=temporary why=no-domains' 'the log says so'
sql "INSERT INTO domain_aliases VALUES ('alias.test', 'gone.test'), ('other.test', 'gone.test')"
build
for address in x@foreign.test 'y@[198.51.100.77]' y%foreign.test y@alias.test; do
	rcpt "$address" -s 192.0.2.25
	is "$(header Auth-Error-Code) $(header Auth-Server)" '451 4.3.0 ' "an alias of nothing is no domain: <$address>"
done
like "$log" 'why=alias' 'nor is mail for it taken'
rcpt x@foreign.test
like "$log" 'answer=temporary why=no-domains' 'the tables are as good as empty'
sql "DELETE FROM domain_aliases; INSERT INTO local_domains VALUES ('local.test'); INSERT INTO local_users VALUES ('joe@local.test')"
build
rcpt x@foreign.test
is "$(header Auth-Error-Code)" '550 5.7.1' 'one domain: all others are foreign'
peer primary <<'SCRIPT'
rcpt *nobody*: 550 5.1.1 no such user
SCRIPT
primary main.test "$port"
primary down.test 1
sql "INSERT INTO domain_ips VALUES ('two.test', '127.0.0.1', 1, 1), ('two.test', '127.0.0.1', $port, 2);
    INSERT INTO domain_aliases VALUES ('dangling.test', 'nothing.test');
    INSERT INTO settings VALUES ('on_unreachable', 'down.test', 'tempfail')"
build
rcpt joe@main.test
is "$(header Auth-Status) $(header Auth-Server) $(header Auth-Port)" "OK 127.0.0.1 $port" 'a recipient goes to his server'
rcpt nobody@main.test
is "$(header Auth-Error-Code)|$(header Auth-Wait)" '550 5.1.1|1' 'an unknown one'
rcpt joe@two.test
is "$(header Auth-Port)" "$port" 'the server that has answered'
rcpt joe@two.test
is "$(header Auth-Port)" "$port" 'the other is remembered as down'
sql "INSERT INTO mailboxes VALUES ('tess', '127.0.0.85', NULL, 1, NULL, 'tesspw'), ('tess', '127.0.0.86', NULL, 2, NULL, 'tesspw');
    INSERT INTO domain_ips VALUES ('marked.test', '127.0.0.1', $port, 1), ('marked.test', '192.0.2.6', 26, 2)"
build
for command in -d -u; do
	"$bin/routequery" $command 127.0.0.1 2>>"$work/mark.err"
	rcpt "joe$command@marked.test"
	case $command in
	-d) is "$(header Auth-Server)" 192.0.2.6 'routequery -d takes a server of a domain out, though it answers' ;;
	-u) is "$(header Auth-Server)" 127.0.0.1 '... and -u brings it back' ;;
	esac
done
smtp_ports() { # both take connections
	perl -MIO::Socket::INET -e '
		my @all = map { IO::Socket::INET->new(LocalAddr => $_, LocalPort => 25, Listen => 9) or exit } @ARGV;
		$| = 1; print "ready\n"; sleep 600' 127.0.0.85 127.0.0.86 >"$work/ports.log" 2>&1 &
	echo $! >"$work/ports.pid"
	await eval "[ -s '$work/ports.log' ] || ! kill -0 $! 2>/dev/null"
	[ -s "$work/ports.log" ]
}
if smtp_ports; then
	ask plain tess tesspw smtp
	is "$(header Auth-Server) $(header Auth-Port)" '127.0.0.85 25' 'a login in SMTP'
	"$bin/routequery" -d 127.0.0.85
	ask plain tess tesspw smtp
	is "$(header Auth-Server) $(header Auth-Port)" '127.0.0.86 25' '... whose server is taken out'
	"$bin/routequery" -u 127.0.0.85
else
	skip 2 'nobody but root may listen at port 25, or somebody does'
fi
stop_pid "$work/ports.pid"
sql "DELETE FROM mailboxes WHERE user = 'tess'"
build
rcpt x@down.test
is "$(header Auth-Error-Code)" '451 4.3.0' 'a server that is down'
rcpt x@dangling.test
is "$(header Auth-Error-Code)" '451 4.3.0' 'an alias of nothing'
rcpt x@foreign.test
is "$(header Auth-Error-Code)" '550 5.7.1' 'no relay'
rcpt x@foreign.test -s 192.0.2.25
is "$(header Auth-Error-Code)" '550 5.7.1' 'not with a server for the rest either'
for foreign in 'y@[198.51.100.77]' 'y@[IPv6:2001:db8::1]' y%foreign.test 'foreign.test!y' '"y@foreign.test"' \
    '@main.test,@local.test:y@foreign.test'; do
	rcpt "$foreign" -s 192.0.2.25
	is "$(header Auth-Error-Code) $(header Auth-Server)" '550 5.7.1 ' "no relay: <$foreign>"
done
for nothing in 'y@foreign.test@main.test' 'foreign.test:y' 'y@foreign.test:25'; do
	rcpt "$nothing" -s 192.0.2.25
	is "$(header Auth-Error-Code) $(header Auth-Server)" '451 4.3.0 ' "nor where it is not clear: <$nothing>"
done
rcpt '@foreign.test,@other.test:joe@main.test' -s 192.0.2.25
is "$(header Auth-Status) $(header Auth-Server) $(header Auth-Port)" "OK 127.0.0.1 $port" 'a source route is passed over, as rcptcheck does'
rcpt '"joe"@main.test' -s 192.0.2.25
is "$(header Auth-Port)" "$port" 'quotes'
for master in PostMaster '"postmaster"' y '"y"' '@main.test:y'; do
	rcpt "$master" -s 192.0.2.25
	is "$(header Auth-Server)" 192.0.2.25 "<$master> is ours, whatever the domain is"
done
rcpt joe@local.test
is "$(header Auth-Error-Code)" '451 4.3.0' 'a local user, and no server to send him to'
like "$log" 'why=no-server' 'the log says so'
rcpt joe@local.test -s 192.0.2.25
is "$(header Auth-Server) $(header Auth-Port)" '192.0.2.25 25' 'with one'
rcpt jim@local.test -s 192.0.2.25:26
is "$(header Auth-Error-Code)" '550 5.1.1' 'no local user'
rcpt postmaster -s '[2001:db8::25]:26'
is "$(header Auth-Server) $(header Auth-Port)" '2001:db8::25 26' 'postmaster'
request none '' '' smtp 'Auth-SMTP-To: RCPT TO:<a@main.test>@foreign.test' >"$work/request"
answer <"$work/request"
is "$(header Auth-Error-Code)" '451 4.3.0' 'a recipient that two servers would read in two ways'
mv "$RCPTCHECK_HOME/route" "$work/route.away"
rcpt joe@local.test -s 192.0.2.25
is "$(header Auth-Server)" 192.0.2.25 'recipients need no folder route'
rm -f "$work/at.sock"
"$bin/routehttp" -u "$work/at.sock" -s 192.0.2.25 </dev/null 2>"$work/at.log" &
echo $! >"$work/at.pid"
await grep -q 'route: is not there' "$work/at.log"
caged() { # it can gain no rights: set by the sandbox
	grep -q '^NoNewPrivs:[[:blank:]]*1' "/proc/$(cat "$work/at.pid")/status"
}
ok 'one that stays is in its sandbox without it, too' await 10 caged
like "$(cat "$work/at.log")" 'routehttp: .*/route: is not there: restart routehttp' '... and says what it cannot see'
request none '' '' smtp 'Auth-SMTP-From: MAIL FROM:<>' 'Auth-SMTP-To: RCPT TO:<joe@local.test>' >"$work/request"
like "$(perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!";
	print $s <STDIN>; alarm 60; print <$s>' "$work/at.sock" <"$work/request")" 'Auth-Server: 192.0.2.25' '... where it works'
stop_pid "$work/at.pid"
if [ "$(id -u)" -eq 0 ]; then
	mv "$RCPTCHECK_HOME/run" "$work/run.away"
	run "$bin/routehttp" </dev/null
	like "$code $err" '^111 routehttp: .*/run: is missing' 'a folder run that is missing is named'
	mv "$work/run.away" "$RCPTCHECK_HOME/run"
else
	skip 1 'only root has rights to lay down'
fi
mv "$work/route.away" "$RCPTCHECK_HOME/route"
mv "$cdb" "$work/cdb"
rcpt joe@main.test
is "$(header Auth-Error-Code)" '451 4.3.0' 'without rcptcheck.cdb'
rcpt y%foreign.test -s 192.0.2.25
like "$log" 'answer=temporary why=cdb' '... nor is anything foreign'
mv "$work/cdb" "$cdb"

many() { # COUNT USER PASSWORD: so many at a time; prints the states, counted
	perl -MIO::Socket::UNIX -e '
		my ($path, $count, $user, $pass) = @ARGV;
		my @all = map { IO::Socket::UNIX->new(Peer => $path) or die "connect: $!" } 1 .. $count;
		print $_ "GET / HTTP/1.0\r\nAuth-Method: plain\r\nAuth-User: $user\r\nAuth-Pass: $pass\r\nAuth-Protocol: imap\r\n\r\n"
		    for @all;
		alarm 60;
		my %seen;
		for my $s (@all) { local $/; my ($status) = <$s> =~ /Auth-Status: (\S+)/; $seen{$status // "none"}++ }
		print join(" ", map { "$_ $seen{$_}" } sort keys %seen), "\n"' "${socket-$work/socket}" "$@"
}
# A program for passwords: by the user's name it does one thing or the other

cat >"$work/checkpassword" <<'SCRIPT'
#!/bin/sh
# $1: a folder; the rest: what to run
folder=$1
shift
given=$(tr '\0' , <&3)
echo "$given $TCPREMOTEIP" >>"$folder/given"
case $given in
alice,right,,) exec "$@" ;;
alice,wait*)
	: >"$folder/waits.$$"
	while [ ! -e "$folder/go" ]; do
		sleep 0.05
	done
	exec "$@" ;;
alice,killed*) kill -9 $$ ;;
alice,hang*)
	echo $$ >"$folder/hung"
	sleep 300 ;;
alice,stuck*)
	: >"$folder/stuck.$$"
	timeout 120 cat "$folder/end" ;;
alice,broken*) exit 111 ;;
paula,front,,) exec "$@" ;;
esac
exit 1
SCRIPT
chmod 755 "$work/checkpassword"
mkdir "$work/c"
chmod 777 "$work/c"
checked() { # USER PASSWORD
	request plain "$1" "$2" imap >"$work/request"
	answer -c "$work/checkpassword" "$work/c" /bin/true <"$work/request"
}
# This one takes its 20 seconds; looked at below
request plain alice hang imap |
	"$bin/routehttp" -v -c "$work/checkpassword" "$work/c" /bin/true >"$work/hung.reply" 2>"$work/hung.log" &
hung_id=$!
# As do these, whom routehttp can't end: they are another user's
mkdir "$work/l"
chmod 777 "$work/l"
mkfifo -m 666 "$work/l/end"
cp "$(command -v setpriv)" "$work/another"
chmod 4755 "$work/another"
another=
if [ "$(id -u)" -eq 0 ] && setpriv --reuid nobody --regid "$group" --clear-groups \
	"$work/another" --reuid daemon --regid daemon --clear-groups true 2>/dev/null; then
	another=yes
	setpriv --reuid nobody --regid "$group" --clear-groups \
		"$bin/routehttp" -v -u "$work/l/socket" -c "$work/another" -- --reuid daemon --regid daemon --clear-groups \
		"$work/checkpassword" "$work/l" /bin/true </dev/null 2>"$work/lost.log" &
	echo $! >"$work/lost.pid"
	await test -S "$work/l/socket"
	socket=$work/l/socket many 40 alice stuck >"$work/lost" 2>&1 &
	lost_id=$!
fi
checked alice right
is "$(header Auth-Status)" OK 'the program says yes'
is "$(grep right "$work/c/given")" 'alice,right,, 203.0.113.7' 'it got user, password and client'
checked alice bad
like "$(header Auth-Status)" 'AUTHENTICATIONFAILED' 'no'
checked alice broken
like "$(header Auth-Status)" 'UNAVAILABLE' 'nothing, for now'
checked alice killed
like "$(header Auth-Status)" 'UNAVAILABLE' 'nothing, killed'
checked paula front
is "$(header Auth-User)|$(header Auth-Pass)" 'al ice|s3cret' 'the secret is then that of the server behind'
checked paula s3cret
like "$(header Auth-Status)" 'AUTHENTICATIONFAILED' 'and not that of the user'
checked paula "front$(head -c 500 /dev/zero | tr '\0' x)"
like "$log" 'why=too-long' 'a password that no such program takes'

# One that stays

"$bin/routehttp" -v -u "$work/socket" -c "$work/checkpassword" "$work/c" /bin/true </dev/null 2>"$work/stays.log" &
echo $! >"$work/stays.pid"
read -r stays <"$work/stays.pid"
await test -S "$work/socket"
is "$(stat -c %a "$work/socket")" 660 'its socket is for owner and group'
many 45 alice wait >"$work/many" 2>&1 &
many_id=$!
waiting() {
	[ "$(find "$work/c" -name 'waits.*' | wc -l)" -ge "$1" ]
}
await waiting 40
is "$(many 1 bob x)" '[AUTHENTICATIONFAILED] 1' 'who needs no program is answered while others wait for theirs'
is "$(many 1 alice '')" '[AUTHENTICATIONFAILED] 1' 'so is who has no password'
is "$(find "$work/c" -name 'waits.*' | wc -l)" 40 'no more than 40 programs at a time'
: >"$work/c/go"
wait $many_id
is "$(cat "$work/many")" 'OK 45' 'all have their turn'
is "$(cat "/proc/$stays/task/$stays/children")" '' 'no child is left, nor what was one'
rm "$work/c/go"
find "$work/c" -name 'waits.*' -delete
many 1 alice wait >"$work/many" 2>&1 &
many_id=$!
await waiting 1
kill "$stays"
: >"$work/c/go"
wait $many_id
is "$(cat "$work/many")" 'OK 1' 'told to end, it ends what it has begun'
wait "$stays"
is $? 0 'and exits 0'
rm "$work/stays.pid"

# Who says nothing does not keep others out
"$bin/routehttp" -v -u "$work/socket" </dev/null 2>"$work/silent.log" &
echo $! >"$work/silent.pid"
await test -S "$work/socket"
is "$(
	# shellcheck disable=SC3045 # dash has it
	ulimit -n 4096 2>/dev/null || ulimit -n "$(ulimit -Hn)"
	perl -MIO::Socket::UNIX -MIO::Select -e '
		alarm 60;
		sub go { IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!" }
		my @silent = map { go() } 1 .. 1024;
		my $s = go();
		print $s "GET / HTTP/1.0\r\nAuth-Method: plain\r\nAuth-User: alice\r\nAuth-Pass: x\r\nAuth-Protocol: imap\r\n\r\n";
		local $/;
		print <$s> =~ /Auth-Status: (\S+)/, ", ";
		print map { IO::Select->new($silent[$_])->can_read(0) ? "closed " : "open " } 0, 1023' "$work/socket" 2>&1
)" 'OK, closed open ' '1,024 who say nothing: the oldest goes'
is "$(grep -c 'all connections are taken' "$work/silent.log")" 1 'the log says so, once'
stop_server silent

# route/live is removed while it runs
perl -MIO::Socket::INET -e '
	my @l = map { IO::Socket::INET->new(Listen => 1000, LocalAddr => "127.0.0.1") } 1, 2;
	open my $f, ">", "$ARGV[0].new"; print $f join(" ", map { $_->sockport } @l), "\n"; close $f;
	rename "$ARGV[0].new", $ARGV[0];
	sleep 300' "$work/two" &
echo $! >"$work/two.pid"
await test -s "$work/two"
read -r first second <"$work/two"
sql "INSERT INTO mailboxes VALUES ('dora', '127.0.0.1', $first, 1, NULL, NULL), ('dora', '127.0.0.1', $second, 2, NULL, NULL)"
build
"$bin/routehttp" -v -u "$work/socket" </dev/null 2>"$work/live.log" &
echo $! >"$work/live.pid"
await test -S "$work/socket"
goes_to() { # PORT
	many 1 dora x >/dev/null
	[ "$(sed -n 's/.* server=127.0.0.1:\([0-9]*\) .*/\1/p' "$work/live.log" | tail -n 1)" = "$1" ]
}
ok 'a user of two servers' goes_to "$first"
rm "$RCPTCHECK_HOME/route/live"
"$bin/routequery" -d "127.0.0.1:$first"
ok 'what a new file says is seen' await goes_to "$second"
rm "$RCPTCHECK_HOME/route/live"
ok 'it is made anew' await goes_to "$first"
ok '... by us' test -s "$RCPTCHECK_HOME/route/live"
stop_server live
stop_server two

port=$(free_port)
RCPTCHECK_LOG=trouble "$bin/routehttp" -p "$port" </dev/null 2>"$work/tcp.log" &
echo $! >"$work/tcp.pid"
http() { # PORT
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or exit 1;
		alarm 20; local $/; print $s <STDIN>; print <$s>' "$1" | tr -d '\r'
}
request plain alice pw imap >"$work/request"
try() {
	reply=$(http "$port" <"$work/request")
	[ -n "$reply" ]
}
await try
is "$(header Auth-Server)" 192.0.2.1 'at a port'
head -c 100000 /dev/urandom >"$work/noise"
reply=$(http "$port" <"$work/noise" 2>/dev/null)
try
is "$(header Auth-Server)" 192.0.2.1 'noise does not harm it'
unlike "$(cat "$work/tcp.log")" 'answer=ok' 'it logs no more than it is told to'
stop_server tcp

tcpserver -1HRl edge.test 127.0.0.1 0 "$bin/routehttp" </dev/null >"$work/tcpserver.port" 2>"$work/tcpserver.log" &
echo $! >"$work/tcpserver.pid"
await test -s "$work/tcpserver.port"
read -r port <"$work/tcpserver.port"
try
is "$(header Auth-Server)" 192.0.2.1 'under tcpserver'

wait $hung_id
like "$(tr -d '\r' <"$work/hung.reply")" '^Auth-Status: \[UNAVAILABLE\]' 'a program that hangs is no proof against the user'
read -r hung_child <"$work/c/hung"
gone() {
	! kill -0 "$hung_child" 2>/dev/null
}
ok 'and is ended' await gone

if [ -n "$another" ]; then
	wait "$lost_id"
	is "$(cat "$work/lost")" '[UNAVAILABLE] 40' 'so it is with those that we cannot end'
	is "$(socket=$work/l/socket many 1 alice right)" 'OK 1' 'they do not keep the others out'
	is "$(find "$work/l" -name 'stuck.*' | wc -l) $(grep -c "can't be ended, process [0-9]*: Operation not permitted: it is given up" "$work/lost.log")" \
		'40 40' 'the log says so'
	read -r lost_pid <"$work/lost.pid"
	timeout 30 sh -c ': >"$0"' "$work/l/end"
	childless() {
		[ -z "$(cat "/proc/$lost_pid/task/$lost_pid/children")" ]
	}
	ok 'no child is left when they end' await childless
	stop_server lost
else
	skip 4 'needs root and a folder for set-uid programs'
fi
done_testing
