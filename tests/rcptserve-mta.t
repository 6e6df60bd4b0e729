#!/bin/sh
# rcptserve behind real mail servers: mailfront (cvm), Postfix (policy and socketmap). The replies are those that a client
# sees.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/probe.sh

serve=$bin/rcptserve
ln -s "$serve" "$work/rcptcheck-cvm"

peer known <<'SCRIPT'
rcpt *body*: 550 5.1.1 no such user
rcpt later*: 451 4.7.1 later
SCRIPT
primary main.test "$port"
sql "INSERT INTO domain_aliases VALUES ('dangling.test', 'nowhere.test')
    ; INSERT INTO settings VALUES ('on_unreachable', 'main.test', 'tempfail')"
build
probe_folders
# So root is locked up in the cache's folder (confine.h), and leaks are looked for in /proc
[ "${BUILD:-build}" != build/asan ] || export ASAN_OPTIONS=detect_leaks=0

replies_to() { # REPLIES: those to RCPT of a session below, a line each
	printf '%s\n' "$1" | tr -d '\r' | grep -v '^250-' | sed -n '4,$p' | grep -v '^221'
}

reply() { # NUMBER WANT NAME
	like "$(printf '%s\n' "$replies" | sed -n "$1p")" "$2" "$3"
}

# mailfront asks before it looks at the domain, one program a recipient
session='EHLO client.test\r\nMAIL FROM:<me@client.test>\r\n'
for rcpt in user@main.test nobody@main.test later@main.test user@foreign.test user@dangling.test user@main.test; do
	session="${session}RCPT TO:<$rcpt>\\r\\n"
done
front() { # [NAME=value...]
	# shellcheck disable=SC2059 # a format
	replies=$(printf "${session}QUIT\\r\\n" |
	    env CVM_LOOKUP="cvm-command:$work/rcptcheck-cvm" TCPREMOTEIP=192.0.2.7 TCPLOCALIP=192.0.2.1 TCPLOCALPORT=25 "$@" \
		timeout 300 mailfront smtp echo cvm-validate accept 2>"$work/err")
	replies=$(replies_to "$replies")
}
front
reply 1 '^250 ' 'mailfront: known'
reply 2 '^553 5\.1\.1 ' 'unknown'
reply 3 '^451 4\.1\.0 ' 'put off'
reply 4 '^250 ' 'foreign: no opinion'
reply 5 '^451 4\.1\.0 ' 'dangling'
reply 6 '^250 ' 'and the session goes on'
like "$(cat "$work/err")" 'address=nobody@main.test verdict=reject .*client=192\.0\.2\.7' 'the log'
front RELAYCLIENT=
reply 2 '^250 ' 'a relay client is not checked'
front RCPTCHECK_HOME="$work/nowhere"
reply 1 '^451 ' 'no home: put off'
reply 2 '^451 ' 'all of them'
cat >"$work/crash" <<'SCRIPT'
#!/bin/sh
kill -SEGV $$
SCRIPT
chmod 755 "$work/crash"
front CVM_LOOKUP="cvm-command:$work/crash"
reply 1 '^451 ' 'a crash: put off'

[ -e build/root-postfix ] || {
	skip 20 'tests/unpack postfix was not run'
	done_testing
}

edge() { # NAME MAIN-LINES ARGUMENT...: Postfix at the edge, its port in $edge
	edge_name=$1
	more_main=$2
	shift 2
	more_master="rcptcheck unix - n n - 0 spawn user=nobody argv=/usr/bin/env RCPTCHECK_HOME=$RCPTCHECK_HOME $*"
	primary_postfix "$edge_name" x@main.test x@dangling.test
	edge=$port
	more_main='' more_master=''
}

ask() { # RECIPIENT...
	replies=$("$top/tests/lib/smtp" "$edge" 'EHLO client.test' 'MAIL FROM:<me@client.test>' "$@" QUIT)
	replies=$(replies_to "$replies")
}

ask_all() {
	ask 'RCPT TO:<user@main.test>' 'RCPT TO:<nobody@main.test>' 'RCPT TO:<later@main.test>' \
	    'RCPT TO:<user@foreign.test>' 'RCPT TO:<user@dangling.test>' 'RCPT TO:<"no body"@main.test>' 'RCPT TO:<user2@main.test>'
}

complaints() { # NAME
	grep -E 'fatal:|panic:|warning:' "$work/$1/log"
}
complaint='fatal:|panic:|problem talking|malformed|unexpected|garbage'

edge policy "relay_recipient_maps =
smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service unix:private/rcptcheck
rcptcheck_time_limit = 3600" "$serve" policy
ask_all
reply 1 '^250 ' 'Postfix, policy: known'
reply 2 '^550 5\.1\.1 <nobody@main.test>: Recipient address rejected: sorry, no mailbox' 'unknown'
reply 3 '^450 4\.4\.3 ' 'put off'
reply 4 '^[45]54 [45]\.7\.1 .*Relay access denied' 'foreign: Postfix has its own words'
reply 5 '^450 4\.4\.3 ' 'dangling'
reply 6 '^550 5\.1\.1 ' 'a local part in quotes'
reply 7 '^250 ' 'and the session goes on'
unlike "$(complaints policy)" "$complaint" 'Postfix has nothing to complain about'
like "$(heard known)" '^C: RCPT TO:<"no body"@main.test>$' 'what was asked about has its quotes'
stop_server policy

edge maps "relay_recipient_maps = socketmap:unix:private/rcptcheck:rcpt
rcptcheck_time_limit = 3600" "$serve" socketmap
ask_all
reply 1 '^250 ' 'Postfix, map rcpt: known'
reply 2 '^550 5\.1\.1 .*unknown in relay recipient table' 'unknown'
reply 3 '^451 4\.3\.0 ' 'put off'
reply 4 '^[45]54 [45]\.7\.1 .*Relay access denied' 'foreign: Postfix has its own words'
reply 5 '^451 4\.3\.0 ' 'dangling'
reply 6 '^550 5\.1\.1 ' 'a local part in quotes'
reply 7 '^250 ' 'and the session goes on'
unlike "$(complaints maps)" "$complaint" 'Postfix has nothing to complain about'
stop_server maps

edge access "relay_recipient_maps =
smtpd_recipient_restrictions = reject_unauth_destination, check_recipient_access socketmap:unix:private/rcptcheck:access
rcptcheck_time_limit = 3600" "$serve" socketmap
ask_all
reply 1 '^250 ' 'Postfix, map access: known'
reply 2 '^550 5\.1\.1 <nobody@main.test>: Recipient address rejected: sorry, no mailbox' 'unknown'
reply 3 '^450 4\.4\.3 ' 'put off'
reply 4 '^[45]54 [45]\.7\.1 .*Relay access denied' 'foreign: Postfix has its own words'
reply 5 '^450 4\.4\.3 ' 'dangling'
reply 6 '^550 5\.1\.1 ' 'a local part in quotes'
reply 7 '^250 ' 'and the session goes on'
unlike "$(complaints access)" "$complaint" 'Postfix has nothing to complain about'
stop_server access

edge crashed "relay_recipient_maps =
smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service unix:private/rcptcheck" "$work/crash"
ask 'RCPT TO:<user@main.test>' 'RCPT TO:<nobody@main.test>'
reply 1 '^451 4\.3\.5 ' 'a crash: put off'
reply 2 '^451 4\.3\.5 ' 'all of them'

done_testing
