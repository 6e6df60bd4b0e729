#!/bin/sh
# rcptserve on descriptors 0 and 1: each protocol with a known, an unknown, a foreign and a put-off recipient, with
# trouble of our own, garbage, an early end, slow readers. The mail servers are played here.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

serve=$bin/rcptserve
ln -s "$serve" "$work/rcptcheck-cvm"

peer known <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
rcpt later*: 451 4.7.1 later
rcpt slow*: {wait 0.5}250 ok
SCRIPT
primary main.test "$port"
sql "INSERT INTO domain_aliases VALUES ('dangling.test', 'nowhere.test');
    INSERT INTO settings VALUES ('on_unreachable', 'main.test', 'tempfail')"
build

# Reads lines of \n, \r, \0 and \xHH on its own, so that shells agree
bytes() { # TEXT...
	perl -e 'for (@ARGV) { s/\\(n|r|0|x..)/{ n => "\n", r => "\r", 0 => "\0" }->{$1} \/\/ chr hex substr $1, 1/ge; print }' -- "$@"
}

talk() { # INPUT argument...
	talk_input=$1
	shift
	bytes "$talk_input" >"$work/in"
	run timeout 300 "$serve" "$@" <"$work/in"
}

frame() { # TEXT...: netstrings
	for text; do
		printf '%d:%s,' "${#text}" "$text"
	done
}

same() { # NAME WANT: all of the output, newlines as \n
	is "$(perl -0777 -pe 's/\n/\\n/g' "$work/out")" "$2" "$1" || diag "log:  $err"
}

reject='550 5.1.1 sorry, no mailbox here by that name (#5.1.1)'
later="4.4.3 sorry, this recipient can't be verified right now, try again later (#4.4.3)"

# policy
request() { # RECIPIENT [LINE...]
	printf '%s' "request=smtpd_access_policy\\nprotocol_state=RCPT\\nsender=me@client.test\\nrecipient=$1\\nclient_address=192.0.2.7\\n"
	shift
	for line; do
		printf '%s\\n' "$line"
	done
	printf '\\n'
}
talk "$(request user@main.test)" policy
is "$code" 0 'policy: the end of the input is the end'
same 'policy: known' 'action=DUNNO\n\n'
is "$(field client) $(field sender) $(field verdict)" '192.0.2.7 me@client.test accept' 'the log has client and sender'
talk "$(request nobody@main.test)$(request later@main.test)$(request x@foreign.test)$(request u@dangling.test)" policy
same 'unknown, put off, foreign and dangling in one stream, in order' \
    "action=$reject\\n\\naction=450 $later\\n\\naction=DUNNO\\n\\naction=450 $later\\n\\n"
talk "$(request nobody@main.test sasl_username=joe)" policy
same 'a client that logged in is not checked' 'action=DUNNO\n\n'
talk 'rubbish\n\nrequest=smtpd_access_policy\nprotocol_state=DATA\n\n' policy
same 'garbage, and another state' 'action=DUNNO\n\naction=DUNNO\n\n'
like "$err" 'rcptserve: protocol=policy trouble=.*name=' 'garbage is in the log'
talk 'request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=nobody@main.test\n' policy
is "$code $out" '0 ' 'half a request at the end is none'
talk "$(request user.self@main.test server_address=127.0.0.1 "server_port=$port")" policy
is "$(field note)" loop 'where the client came in, nobody is asked'

# socketmap
maps() { # REQUEST...
	frame "$@" >"$work/in"
	run timeout 300 "$serve" socketmap <"$work/in"
}
maps 'rcpt user@main.test' 'rcpt nobody@main.test' 'rcpt later@main.test' 'rcpt x@foreign.test' 'rcpt main.test' 'rcpt u@dangling.test'
same 'socketmap, rcpt: known, unknown, put off, foreign, a part, dangling' \
    "$(frame 'OK accept' 'NOTFOUND ' "TEMP $later" 'OK accept' 'NOTFOUND ' "TEMP $later")"
is "$code" 0 'the end of the input is the end'
maps 'access user@main.test' 'access nobody@main.test' 'access later@main.test' 'access x@foreign.test' 'access main.test'
same 'access: the same, without the last' "$(frame 'OK DUNNO' "OK $reject" "OK 450 $later" 'NOTFOUND ' 'NOTFOUND ')"
maps 'aliases user@main.test' 'rcpt user@main.test'
same 'an unknown map' "$(frame 'PERM there are no maps but rcpt, access and relay' 'OK accept')"
like "$err" 'trouble="there is no such map" input=aliases' 'is in the log'
{ frame 'rcpt user@main.test'; printf 'rubbish'; frame 'rcpt user@main.test'; } >"$work/in"
run timeout 300 "$serve" socketmap <"$work/in"
same 'garbage: what was asked before is answered' "$(frame 'OK accept')"
is "$code" 111 'and that is the end'

# opensmtpd
f() { # TOKEN RECIPIENT
	printf '%s' "filter|0.6|1.2|smtp-in|rcpt-to|aa|$1|$2\\n"
}
talk "config|smtpd-version|6.8.0p2\\nconfig|ready\\n$(f 1 user@main.test)" opensmtpd
same 'opensmtpd: the handshake, and a known user' \
    'register|report|smtp-in|link-connect\nregister|report|smtp-in|tx-mail\nregister|filter|smtp-in|rcpt-to\nregister|ready\nfilter-result|aa|1|proceed\n'
is "$code" 0 'the end of the input is the end'
talk "report|0.6|1|smtp-in|link-connect|aa|h|pass|192.0.2.8:25|x\\nreport|0.6|1|smtp-in|tx-mail|aa|t|ok|me@client.test\\n$(f 1 nobody@main.test)" opensmtpd
same 'unknown' "filter-result|aa|1|reject|$reject\\n"
is "$(field client) $(field sender)" '192.0.2.8 me@client.test' 'the log has client and sender'
talk "$(f 1 later@main.test)" opensmtpd
same 'put off' "filter-result|aa|1|reject|451 $later\\n"
talk "$(f 1 x@foreign.test)" opensmtpd
same 'foreign' 'filter-result|aa|1|proceed\n'
talk "$(f 1 slow1@main.test)$(f 2 nobody@main.test)" opensmtpd
same 'a slow one is overtaken' "filter-result|aa|2|reject|$reject\\nfilter-result|aa|1|proceed\\n"
talk "rubbish\\nfilter|x\\n\\x00\\x80\\n$(f 1 user@main.test)" opensmtpd
same 'garbage ends nothing' 'filter-result|aa|1|proceed\n'
is "$code" 0 'nor makes a failure'
unlike "$err" '[^ -~]' 'and is printable in the log'

# cvm
cvm() { # ACCOUNT DOMAIN
	perl -e 'print pack "CCCC/aCC/aCC/aC", 2, 0, 1, $ARGV[0], 2, $ARGV[1], 4, "", 0' -- "$1" "$2" >"$work/in"
	run timeout 300 "$work/rcptcheck-cvm" <"$work/in"
	hex=$(od -An -v -tx1 "$work/out" | tr -d ' \n')
}
cvm user main.test
is "$code $hex" '0 00000104757365720205363535333403053635353334''05012f00' 'cvm, by the name of the program: known'
cvm nobody main.test
is "$code $hex" '100 640000' 'unknown'
cvm later main.test
is "$code $hex" '111 6f0000' 'put off'
cvm x foreign.test
is "$code $hex" '100 640010013100' 'foreign: out of scope'
cvm u dangling.test
is "$code $hex" '111 6f0000' 'dangling'
RELAYCLIENT=
export RELAYCLIENT
cvm nobody main.test
unset RELAYCLIENT
is "$code $hex" '100 640010013100' 'a relay client is not checked'
TCPREMOTEIP=192.0.2.9
export TCPREMOTEIP
cvm nobody main.test
unset TCPREMOTEIP
is "$(field client)" 192.0.2.9 'the log has the client'
bytes '\x02rubbish' >"$work/in"
run timeout 300 "$serve" cvm <"$work/in"
is "$code $(od -An -tx1 "$work/out" | tr -d ' ')" '111 6f0000' 'garbage: put off'
run timeout 300 "$serve" cvm </dev/null
is "$code $out" '111 ' 'nothing in: nothing out, and a failure'

# cgp
talk '1 INTF 7\n2 NEW [MAIL] user@main.test\n' cgp
is "$code" 0 'cgp: the end of the input is the end'
like "$out" '^1 INTF 3$' 'the interface'
like "$out" '^2 ROUTED user%main.test@\[127\.0\.0\.1\]$' 'known: the route'
is "$err" '' 'standard error stays empty'
talk '1 NEW nobody@main.test\n' cgp
same 'unknown' '1 ERROR no such user\n'
talk '1 NEW later@main.test\n' cgp
same 'put off' "1 FAILURE this address can't be verified right now\\n"
talk '1 NEW x@foreign.test\n2 NEW user\n3 NEW [SIGNAL] nobody@main.test\n4 VRFY user@main.test secret\n' cgp
same 'what the server goes on with' \
    '1 ERROR not one of our domains\n2 ERROR no full address\n3 ERROR only addresses of mail are looked up\n4 ERROR unexpected command: VRFY\n'
talk '1 NEW u@dangling.test\n' cgp
same 'dangling' "1 FAILURE this address can't be verified right now\\n"
talk '1 NEW slow2@main.test\n2 NEW nobody@main.test\n3 QUIT\n4 NEW nobody@main.test\n' cgp
same 'QUIT: what is asked is answered, the last word is OK, and no more is taken' \
    '2 ERROR no such user\n1 ROUTED slow2%main.test@[127.0.0.1]\n3 OK\n'
is "$code" 0 'and that is no failure'
talk '7 NEW nobody@main.test\n7 NEW nobody@main.test\n' cgp
same 'the same question twice' '7 ERROR no such user\n7 ERROR no such user\n'
talk '1 NEW user@main.test\n' cgp -k ACCEPTED
same 'another keyword' '1 ACCEPTED user%main.test@[127.0.0.1]\n'
talk '1 NEW nobody@main.test\n2 NEW [MAIL] nobody@main.test\n' cgp --require-type
same 'without a type none about mail' '1 ERROR only addresses of mail are looked up\n2 ERROR no such user\n'
talk '1 NEW user.v@main.test\n' cgp --verbose
like "$out" '^\* rcptserve: user.v@main.test > RCPT TO:<user.v@main.test>$' 'verbose: the dialogue'
like "$out" '^\* rcptcheck: address=user.v@main.test verdict=accept ' 'and the decision'
like "$out" '^1 ROUTED ' 'between the answers'
is "$(printf '%s\n' "$out" | grep -vc -e '^\* ' -e '^1 ROUTED ')" 0 'and nothing else'
is "$err" '' 'standard error stays empty'

# What this process stores
expires() { # ADDRESS: the hours from question to expiry
	sqlite3 "$verdicts" "SELECT (expires - probed) / 3600 FROM account_cache WHERE address = '$1'"
}
talk '1 NEW user.e@main.test\n2 NEW nobody.e@main.test\n' cgp -e 3 --nexpire 2
is "$(expires user.e@main.test) $(expires nobody.e@main.test)" '3 2' '-e and -n: hours'
talk '1 NEW user.d@main.test\n2 NEW nobody.d@main.test\n' cgp
is "$(expires user.d@main.test) $(expires nobody.d@main.test)" '168 24' 'without: as the settings say'
talk '' cgp -u
is "$(sqlite3 "$verdicts" 'SELECT count(*) FROM account_cache')" 0 '-u: all is forgotten'

# Usage
run "$serve"
is "$code" 111 'no protocol: usage'
like "$err" '^usage: rcptserve' 'on standard error'
run "$serve" nonsense
is "$code" 111 'an unknown protocol'
for arguments in '-e 0' '-e x' '-e 1x' '-e 99999999' '-n -1' '-e' '-k' '-x' 'more'; do
	# shellcheck disable=SC2086 # words
	run "$serve" cgp $arguments </dev/null
	is "$code" 111 "cgp $arguments"
done
for word in "a$(printf '\t')b" 'a b' "$(printf 'a%.0s' $(seq 1 33))" ''; do
	run "$serve" cgp -k "$word" </dev/null
	is "$code" 111 "cgp -k '$word'"
done
run "$serve" policy -u </dev/null
is "$code" 111 'policy has no -u'
run "$serve" cgp --help
is "$code" 0 '--help'
like "$out" '--uncache' 'has the options'

# A file that may not grow: the cache
bytes 'filter|0.6|1|smtp-in|rcpt-to|a|b|limited@main.test\n' >"$work/in"
is "$( (ulimit -f 0; exec "$serve" opensmtpd) <"$work/in" 2>/dev/null | cat)" 'filter-result|a|b|proceed' \
    'at a limit for the size of files it answers'

# Many at once: as many questions as answers, each with its own verdict
awk 'BEGIN { for (i = 1; i <= 1000; i++) print i " NEW [MAIL] " (i % 3 ? (i % 3 == 1 ? "user" i : "nobody" i) : "slow" i) "@main.test" }' >"$work/in"
peer many <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
rcpt slow*: {wait 0.02}250 ok
SCRIPT
sql "UPDATE domain_ips SET port = $port"
build
run timeout 300 "$serve" cgp <"$work/in"
is "$code $(wc -l <"$work/out")" '0 1000' '1,000 questions: 1,000 answers'
is "$(sort -n "$work/out" | awk '{ n++; right += $1 == n && ($1 % 3 == 2 ? $2 == "ERROR" : $2 == "ROUTED") } END { print right }')" 1000 \
    'each is answered once, and right'
if sort -n -c "$work/out" 2>/dev/null; then
	tap_result 1 'in another order'
else
	tap_result 0 'in another order'
fi
run timeout 300 "$serve" cgp <"$work/in"
is "$code $(sort -n "$work/out" | awk '{ n++; right += $1 == n } END { print right }')" '0 1000' 'again, from the cache'

# With rcptprobe, which needs no more than a few connections
. tests/lib/probe.sh
start_probe
# From here on root is locked up in the cache's folder (confine.h), and leaks are looked for in /proc
[ "${BUILD:-build}" != build/asan ] || export ASAN_OPTIONS=detect_leaks=0
sed 's/user/other/' "$work/in" >"$work/in2"
run timeout 300 "$serve" cgp <"$work/in2"
is "$code $(sort -n "$work/out" | awk '{ n++; right += $1 == n && ($1 % 3 == 2 ? $2 == "ERROR" : $2 == "ROUTED") } END { print right }')" \
    '0 1000' 'and through rcptprobe'
like "$(cat "$probe_log")" 'address=other1@main.test' 'which was asked'
stop_probe

# A domain of which each question waits does not hold up others
peer mute <<'SCRIPT'
rcpt: {silence}
SCRIPT
primary mute.test "$port"
sql "INSERT INTO settings VALUES ('command_timeout', 'mute.test', '60s'), ('budget', NULL, '60s')"
build
mkfifo "$work/questions" "$work/answers"
"$serve" cgp <"$work/questions" >"$work/answers" 2>"$work/err" &
pid=$!
echo $pid >"$work/serve.pid"
exec 8>"$work/questions" 9<"$work/answers"
awk 'BEGIN { for (i = 1; i <= 200; i++) print i " NEW user" i "@mute.test" }' >&8
echo '201 NEW x@foreign.test' >&8
read -r answer <&9
is "$answer" '201 ERROR not one of our domains' 'while many questions about one silent server wait'
kill "$pid"
wait "$pid" 2>/dev/null
rm -f "$work/serve.pid"
exec 8>&- 9<&-

# Nobody takes the answers: memory stays, and no answer is lost
peer fast </dev/null
sql "DELETE FROM domain_ips WHERE domain = 'mute.test'; DELETE FROM settings WHERE domain = 'mute.test' OR name = 'budget'"
build
awk 'BEGIN { for (i = 1; i <= 20000; i++) print i " NEW user" i "@foreign" i % 7 ".test" }' >"$work/in"
"$serve" cgp <"$work/in" 2>"$work/err" | { sleep 2; cat; } >"$work/out"
is "$(sort -n "$work/out" | awk '{ n++; right += $1 == n } END { print right }')" 20000 'a slow reader: all of 20,000 answers'
if [ "${BUILD:-build}" != build/asan ]; then
	softlimit -a 60000000 "$serve" cgp <"$work/in" >"$work/out" 2>"$work/err"
	is "$(wc -l <"$work/out")" 20000 'in 60 MB'
else
	skip 1 'sanitizers need more memory than any limit'
fi
"$serve" cgp <"$work/in" 2>"$work/err" | head -n 1 >"$work/out"
is "$(wc -l <"$work/out")" 1 'a reader that leaves is no crash'
"$serve" cgp <"$work/in" >/dev/full 2>"$work/err"
is $? 111 'no place for the answers: 111'

# Descriptors that are not there
"$serve" policy <&- >"$work/out" 2>"$work/err"
is $? 0 'no descriptor 0: nothing to do'
bytes "$(request nobody@main.test)" >"$work/in"
"$serve" policy <"$work/in" >"$work/out" 2>&-
same 'no descriptor 2: the answer all the same' "action=$reject\\n\\n"

# One socket for all three, as Postfix's spawn has it: nothing but answers on it
is "$(perl -MSocket -e '
	socketpair my $ours, my $its, AF_UNIX, SOCK_STREAM, 0 or die;
	unless (fork) {
		open STDIN, "<&", $its; open STDOUT, ">&", $its; open STDERR, ">&", $its;
		close $ours; close $its;
		exec @ARGV;
	}
	close $its;
	alarm 60;
	open my $in, "<", "$ENV{RCPTCHECK_HOME}/../in";
	print $ours join "", <$in>;
	$ours->flush;
	shutdown $ours, 1;
	print join "", <$ours>;
	wait' "$serve" policy -v | perl -0777 -pe 's/\n/\\n/g')" "action=$reject\\n\\n" 'one socket: no log in the answers'

# A new CDB is noticed; none is trouble, and refuses nobody
mkfifo "$work/questions2" "$work/answers2"
"$serve" cgp <"$work/questions2" >"$work/answers2" 2>"$work/err" &
pid=$!
exec 8>"$work/questions2" 9<"$work/answers2"
answered() { # WORD
	echo '1 NEW nobody@main.test' >&8
	read -r answer <&9
	[ "${answer#1 }" != "$answer" ] && case $answer in *"$1"*) ;; *) false ;; esac
}
ok 'before' answered ERROR
sql "INSERT INTO always_accept VALUES ('nobody@main.test')"
build
ok 'a new CDB is used within some seconds' await answered ROUTED
exec 8>&-
wait $pid
is $? 0 'and the end'
exec 9<&-
rm -f "$cdb"
talk '1 NEW nobody@main.test\n' cgp
same 'no CDB: cgp' "1 FAILURE this address can't be verified right now\\n"
talk "$(request nobody@main.test)" policy
same 'policy' "action=450 $later\\n\\n"
maps 'rcpt nobody@main.test' 'access nobody@main.test'
same 'socketmap' "$(frame "TEMP $later" "OK 450 $later")"
talk "$(f 1 nobody@main.test)" opensmtpd
same 'opensmtpd' "filter-result|aa|1|reject|451 $later\\n"
cvm nobody main.test
is "$code $hex" '111 6f0000' 'cvm'
like "$err" 'why=cdb' 'the log says why'

done_testing
