#!/bin/sh
# rcptstatus from outside: what it finds wrong, how it says so, and that it changes nothing.
# shellcheck disable=SC2016,SC2317 # functions and texts that eval runs
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

# Root is confined to the folder, where the sanitizers miss /proc at the end
if [ "$(id -u)" -eq 0 ]; then
	ASAN_OPTIONS=detect_leaks=0
	export ASAN_OPTIONS
fi

# As installed: the folder belongs to the group of the hook's user
fresh_cache() {
	chmod -R u+rwX "$RCPTCHECK_HOME/cache"
	rm -rf "$RCPTCHECK_HOME/cache"/*
	[ "$(id -u)" -ne 0 ] || chgrp 65534 "$RCPTCHECK_HOME/cache"
	chmod 2770 "$RCPTCHECK_HOME/cache"
	"$bin/rcptbuild" -f >"$work/build.out" 2>&1
}
status() { # WANTED-CODE NAME
	run "$bin/rcptstatus"
	is "$code $(printf '%s\n' "$out" | head -n 1 | cut -d ' ' -f 2)" "$1" "$2" || diag "$out $err"
}
row() {
	perl tests/lib/cacherow.pl "$@" | sqlite3 -cmd '.timeout 5000' "$verdicts"
}
state() {
	perl tests/lib/state.pl "$RCPTCHECK_HOME/data/rcptbuild.state" "$@"
}
contents() {
	(cd "$RCPTCHECK_HOME" && find . -type f -exec cksum {} + | sort; find . | sort)
}
# All output but the first line, joined again where it was wrapped
rest() {
	printf '%s\n' "$out" | tail -n +2 | awk '/^    [^ ]/ { sub(/^ */, " "); printf "%s", $0; next }
	    { printf "%s%s", sep, $0; sep = "\n" } END { print "" }'
}
only() { # DOMAIN PORT...: the CDB has this domain alone, with these servers
	domain=$1
	shift
	sql 'DELETE FROM domain_ips; DELETE FROM domain_aliases'
	for one; do
		primary "$domain" "$one"
	done
	build
}
fresh_cache

# Time for all servers together, while all else is tested: servers that take a connection and say nothing

make_home slow
build
fresh_cache
perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 64, LocalAddr => "0.0.0.0");
	print $s->sockport, "\n"; close STDOUT; sleep 300' >"$work/deaf.port" &
echo $! >"$work/deaf.pid"
await test -s "$work/deaf.port"
read -r deaf <"$work/deaf.port"
sql "INSERT INTO settings VALUES ('command_timeout', NULL, '60s');
    WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 23)
    INSERT INTO domain_ips SELECT 'd' || i || '.test', '127.0.0.' || i, $deaf, NULL FROM n"
build
(now_ms; "$bin/rcptstatus"; echo $?; now_ms) >"$work/slow.out" 2>&1 &
slow=$!

# Usage

make_home home
run "$bin/rcptstatus" -v
is "$code" 3 'an option: 3'
is "$out" 'RCPTCHECK UNKNOWN - usage: rcptstatus' 'in the first line'
run "$bin/rcptstatus" user@main.test
is "$code" 3 'an argument: 3'
run env RCPTCHECK_HOME="$work/nowhere" "$bin/rcptstatus"
is "$code" 3 'no home: 3'
like "$out" '^RCPTCHECK UNKNOWN - .*RCPTCHECK_HOME: No such file' 'which it says'
"$bin/rcptstatus" >/dev/full 2>/dev/null
is $? 3 'nowhere to print to: 3'

# All well

build
fresh_cache
status '0 OK' 'no domains, nothing wrong'
like "$out" '^RCPTCHECK OK - nothing to check yet: no domains$' 'which it says'
peer good </dev/null
good=$port
only main.test "$good"
sql "INSERT INTO domain_aliases VALUES ('alias.test', 'main.test')"
build
before=$(contents)
status '0 OK' 'a server that answers'
like "$out" '^RCPTCHECK OK - 1 domain, 1 alias, 1 server answers$' 'the first line'
like "$out" '^cdb      1 domain, 1 alias, compiled 20[0-9-]+ [0-9:]+$' 'and the facts: the CDB'
like "$out" '^cache    0 rows; (group [^ ]+|user [^ ]+) can write$' 'the cache'
like "$out" '^servers  1 of 1 accept <> and postmaster$' 'the servers'
is "$(contents)" "$before" 'it changes nothing'
is "$(connections good)" 1 'a server of two domains is asked once'
like "$(heard good)" '^C: RCPT TO:<postmaster@(main|alias).test>$' 'for the postmaster of one of them'
is "$(heard good | tail -n 2 | head -n 1)" 'C: QUIT' 'and left in peace'
run setpriv --no-new-privs "$bin/rcptstatus"
is "$code" 0 'again'

sql "INSERT INTO domain_aliases VALUES ('b.test', 'none.test'), ('a.test', 'nowhere.test')"
build
status '2 CRITICAL' 'aliases of no domain'
like "$out" '^RCPTCHECK CRITICAL - mail for a.test and 1 more alias is deferred: its domain nowhere.test has no row in domain_ips$' \
    'which it says'
sql "INSERT INTO settings VALUES ('mode', 'a.test', 'off'), ('mode', 'b.test', 'off')"
build
status '0 OK' 'those with mode = off'
sql "DELETE FROM settings WHERE name = 'mode'; DELETE FROM domain_aliases; INSERT INTO settings VALUES ('tls', NULL, 'require')"
build
status '1 WARNING' 'tls = require, without tls_name'
like "$out" '^RCPTCHECK WARNING - 1 domain with tls=require: no tls_name, so that certificates cannot be verified: see' 'is said'
sql "DELETE FROM settings WHERE name = 'tls'"

# Servers

dead=$(free_port)
only main.test "$dead"
status '2 CRITICAL' 'the only server is down'
like "$out" "^RCPTCHECK CRITICAL - mail for main.test is accepted unchecked: 127.0.0.1:$dead: connection refused\$" \
    'which mail that is about, and why'
is "$(sqlite3 "$verdicts" 'SELECT count(*) FROM memory')" 0 'nothing of it is remembered'
only main.test "$dead" "$good"
status '1 WARNING' 'one of two is down'
like "$out" "^RCPTCHECK WARNING - 127.0.0.1:$dead \\(main.test\\): connection refused\$" 'that one'
only main.test "$good" "$dead"
status '1 WARNING' 'in whatever order'
only main.test "$dead"
primary other.test "$dead"
primary third.test "$dead"
primary fourth.test "$dead"
primary fourth.test "$good"
build
status '2 CRITICAL' 'a server of several domains'
like "$out" '^RCPTCHECK CRITICAL - mail for [a-z]+.test and 2 more domains is accepted' 'counts those that have no other'
only main.test "$dead"
sql "INSERT INTO settings VALUES ('on_unreachable', NULL, 'tempfail')"
build
status '2 CRITICAL' 'on_unreachable = tempfail'
like "$out" 'mail for main.test is deferred: ' 'is no better, but another word'
sql "DELETE FROM settings WHERE name = 'on_unreachable'; INSERT INTO settings VALUES ('mode', NULL, 'off')"
build
status '0 OK' 'mode = off: nobody is asked'
sql "DELETE FROM settings WHERE name = 'mode'; INSERT INTO always_accept VALUES ('@main.test')"
build
status '0 OK' 'always_accept: nobody is asked'
sql 'DELETE FROM always_accept'
only main.test
sql "INSERT INTO domain_ips VALUES ('main.test', 'primary.invalid', 25, NULL)"
build
status '2 CRITICAL' 'a name that does not resolve'
like "$out" 'mail for main.test is accepted unchecked: the name of its server does not resolve' 'is told'
sql "INSERT INTO settings VALUES ('command_timeout', NULL, '1s')"

server() { # WANTED NAME REGEX <SCRIPT: a server that answers so
	stop_server odd
	peer odd
	only main.test "$port"
	status "$1" "$2"
	like "$out" "$3" 'which it says'
}
server '2 CRITICAL' 'MAIL FROM:<> is refused' \
    'unchecked: 127.0.0.1:[0-9]+ refuses MAIL FROM:<> \(its administrator .*\): 550 5.7.1 no bounces' <<'SCRIPT'
mail: 550 5.7.1 no bounces
SCRIPT
sql "INSERT INTO settings VALUES ('on_policy', NULL, 'tempfail')"
server '2 CRITICAL' 'with on_policy = tempfail' 'mail for main.test is deferred: .*refuses MAIL FROM:<>' <<'SCRIPT'
mail: 550 5.7.1 no bounces
SCRIPT
sql "DELETE FROM settings WHERE name = 'on_policy'"
server '2 CRITICAL' 'MAIL FROM:<> is deferred' 'refuses MAIL FROM:<> .*: 451 4.7.1 later' <<'SCRIPT'
mail: 451 4.7.1 later
SCRIPT
server '2 CRITICAL' 'we are' 'refuses us .*: 554 go away' <<'SCRIPT'
greeting: 554 go away
SCRIPT
server '1 WARNING' 'postmaster is refused' \
    'WARNING - 127.0.0.1:[0-9]+ does not accept postmaster@main.test, .*: 550 5.1.1 no such user' <<'SCRIPT'
rcpt postmaster*: 550 5.1.1 no such user
SCRIPT
sql "INSERT INTO settings VALUES ('control_recipient', 'main.test', 'sales@main.test')"
server '0 OK' 'where another is the control recipient' '1 server answers$' <<'SCRIPT'
rcpt postmaster*: 550 5.1.1 no such user
SCRIPT
sql "DELETE FROM settings WHERE name = 'control_recipient'"
server '2 CRITICAL' 'we are, at RCPT' 'unchecked: 127.0.0.1:[0-9]+ refuses us .*: 554 5.7.1 Service unavailable' <<'SCRIPT'
rcpt postmaster*: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example
SCRIPT
server '1 WARNING' 'postmaster is deferred' 'does not accept postmaster.*: 450 4.2.0 grey' <<'SCRIPT'
rcpt postmaster*: 450 4.2.0 grey
SCRIPT
server '2 CRITICAL' 'a server that says nothing' 'unchecked: 127.0.0.1:[0-9]+: no answer in time' <<'SCRIPT'
greeting: {silence}
SCRIPT
ok 'is not waited for long' test "$ms" -lt 8000
sql "UPDATE settings SET value = '60s' WHERE name = 'command_timeout'; INSERT INTO settings VALUES ('budget', NULL, '1s')"
server '2 CRITICAL' 'nor longer than a check would' 'unchecked: 127.0.0.1:[0-9]+: no answer in time' <<'SCRIPT'
greeting: {silence}
SCRIPT
sql "DELETE FROM settings WHERE name = 'budget'; UPDATE settings SET value = '1s' WHERE name = 'command_timeout'"
server '2 CRITICAL' 'one that hangs up' 'the connection was lost' <<'SCRIPT'
greeting: {close}
SCRIPT
server '2 CRITICAL' 'one that talks garbage' 'what it says is no SMTP' <<'SCRIPT'
greeting: hello
SCRIPT
server '1 WARNING' 'a reply with an escape sequence, a bar and more' 'main.test, the control.*: 550 a' <<'SCRIPT'
rcpt postmaster*: 550 a\x1b[31mb\x07\x9bc \| rta=1 \xff end
SCRIPT
ok 'is shown harmless' eval '! printf "%s" "$out" | LC_ALL=C grep -q "[^ -~]"'
unlike "$(printf '%s\n' "$out" | head -n 1)" '\|' 'and without the bar'

# Many servers

sql 'DELETE FROM domain_ips'
sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
    INSERT INTO domain_ips SELECT 'd' || i || '.test', '127.0.1.' || i, $dead, NULL FROM n"
build
status '2 CRITICAL' 'many servers are down'
ok 'one screen' test "$(printf '%s\n' "$out" | wc -l)" -le 24
is "$(printf '%s\n' "$out" | tail -n +2 | awk 'length > 80' | wc -l)" 0 'of 80 columns'
like "$out" '^RCPTCHECK CRITICAL .* \(and 200 more\)$' 'the first line counts them'
like "$out" '^\.\.\. and 1[0-9][0-9] more$' 'and so does the last of them'
like "$out" '^servers  0 of 200 accept <> and postmaster$' 'not all are asked'
perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 64, LocalAddr => "0.0.0.0");
	print $s->sockport, "\n"; close STDOUT;
	while (my $c = $s->accept) { print $c "220 it\r\n"; while (<$c>) { print $c "250 ok\r\n" } }' >"$work/any.port" &
echo $! >"$work/any.pid"
await test -s "$work/any.port"
sql "UPDATE domain_ips SET port = $(cat "$work/any.port")"
build
status '1 WARNING' 'when all are well'
like "$out" '^RCPTCHECK WARNING - only 200 of 250 servers were asked now; ' 'that is a warning'
run sh -c "ulimit -n 10; exec '$bin/rcptstatus'"
like "$out" '^servers  200 of 200 accept' 'few descriptors are no trouble'

# The compiled file

only main.test "$good"
cp "$cdb" "$work/good.cdb"
rm "$cdb"
status '2 CRITICAL' 'no CDB'
like "$out" '^RCPTCHECK CRITICAL - mail is deferred: data/rcptcheck.cdb: there is none: run rcptbuild' 'which it says'
: >"$cdb"
status '2 CRITICAL' 'an empty one'
like "$out" 'rcptcheck.cdb: cut or empty.*rcptbuild -f' 'and what to do'
head -c -5 "$work/good.cdb" >"$cdb"
status '2 CRITICAL' 'one that is cut'
for at in 100 2060 2200 -20 -60; do
	[ $at -gt 0 ] || at=$(($(wc -c <"$work/good.cdb") + at))
	cp "$work/good.cdb" "$cdb"
	printf '\377' | dd of="$cdb" bs=1 seek=$at conv=notrunc 2>/dev/null
	status '2 CRITICAL' "one with another byte at $at"
done
cp "$work/good.cdb" "$cdb"
status '1 WARNING' 'a good one, put there by hand'
like "$out" 'rcptcheck.cdb was replaced by other than rcptbuild: run rcptbuild' 'which it says'
build
status '0 OK' 'one that rcptbuild wrote'

# rcptbuild

sql "INSERT INTO settings VALUES ('moed', NULL, 'warn')"
"$bin/rcptbuild" >/dev/null 2>&1
status '1 WARNING' 'bad rows'
like "$out" 'rcptbuild has failed since 20[0-9-]+ [0-9:]+ with exit code 100 \(bad rows\).*rcptbuild -n$' 'since when, the code, what to do'
sql 'PRAGMA user_version = 2'
"$bin/rcptbuild" >/dev/null 2>&1
status '1 WARNING' 'trouble'
like "$out" 'with exit code 111 \(trouble\)' 'has another code'
sql "PRAGMA user_version = 1; DELETE FROM settings WHERE name = 'moed'"
status '1 WARNING' 'until rcptbuild has run'
build
status '0 OK' 'and then'
state failed_since 1795257120 failed_code 100
run env TZ=UTC "$bin/rcptstatus"
like "$out" 'since 2026-11-21 10:32 ' 'times are local'
build
sql "INSERT INTO always_accept VALUES ('a@main.test')"
status '0 OK' 'an edit of just now'
like "$out" '^         data/rcptcheck.db was changed just now' 'is said'
build
sql 'PRAGMA journal_mode = WAL' >/dev/null
build
mkfifo "$work/editor"
sqlite3 "$db" <"$work/editor" >/dev/null 2>&1 &
echo $! >"$work/editor.pid"
exec 7>"$work/editor"
echo "PRAGMA wal_autocheckpoint = 0; INSERT INTO always_accept VALUES ('b@main.test');" >&7
await eval 'test "$(sql "SELECT count(*) FROM always_accept")" = 2'
build
status '0 OK' 'a write-ahead log that was compiled'
echo "INSERT INTO always_accept VALUES ('c@main.test');" >&7
await eval 'test "$(sql "SELECT count(*) FROM always_accept")" = 3'
status '0 OK' 'one with an edit of just now'
touch -d '10 minutes ago' "$db-wal"
status '1 WARNING' 'an edit of ten minutes ago'
like "$out" 'rcptbuild has not compiled what was changed in data/rcptcheck.db at 20.*: does cron run it' 'is not compiled'
exec 7>&-
await eval '! kill -0 "$(cat "$work/editor.pid")" 2>/dev/null'
sql 'PRAGMA journal_mode = DELETE' >/dev/null
build
status '0 OK' 'and then it is'
now=$(date +%s)
state resolved_at $((now - 1000)) resolve_every 300
status '1 WARNING' 'host names are due'
like "$out" 'host names are due, and rcptbuild has not run since 20.*: does cron run it' 'for long'
state resolved_at $((now - 800)) resolve_every 300
status '0 OK' 'not yet for three times resolve_every'
state resolved_at $((now - 60)) resolve_every 1
status '0 OK' 'nor for five minutes'
state resolved_at $((now + 1000)) resolve_every 300
status '1 WARNING' 'names of a time to come are due'
state resolved_at $((now - 60))
mv "$db" "$db.away"
status '1 WARNING' 'the database is gone'
like "$out" 'data/rcptcheck.db is gone: restore it' 'which it says'
mv "$db.away" "$db"
rm "$RCPTCHECK_HOME/data/rcptbuild.state"
status '0 OK' 'without a memory of rcptbuild'
touch -d '10 minutes ago' "$cdb"
status '1 WARNING' 'and a CDB that is not of just now'
like "$out" 'rcptbuild.state is missing or cannot be read, so nobody knows .*: run rcptbuild' 'which it says'
build

# The cache

wrong() { # NAME REGEX
	status '1 WARNING' "$1"
	like "$(printf '%s\n' "$out" | head -n 1; rest)" "$2" 'which it says'
}
rm -f "$verdicts"
wrong 'no cache' 'verdicts.db: it does not exist; rcptbuild makes it, so verdicts are not remembered'
ok 'none is made' test ! -e "$verdicts"
fresh_cache
chmod 440 "$verdicts"
wrong 'the group cannot write to it' 'cache/verdicts.db: those for whom .* cannot write to it: .* mode 0440: see INSTALL'
fresh_cache
chmod 400 "$RCPTCHECK_HOME/cache/checks"
wrong 'nor to the counts' 'cache/checks: those for whom .* cannot write to it: .* mode 0400'
fresh_cache
rm "$RCPTCHECK_HOME/cache/checks"
wrong 'no counts' 'cache/checks: No such file.*, so checks are not counted: run rcptbuild'
fresh_cache
chmod 2550 "$RCPTCHECK_HOME/cache"
wrong 'the group cannot write to the folder' 'cache: the user of the hook cannot write there: .* mode 2550'
chmod 2770 "$RCPTCHECK_HOME/cache"
sqlite3 "$verdicts" 'PRAGMA user_version = 1'
wrong 'a cache of another version' 'verdicts.db: its schema is of another version, so'
rm -f "$verdicts".damaged
mv "$RCPTCHECK_HOME/cache" "$work/away"
wrong 'no folder' 'cache: No such file.*: verdicts are not remembered'
mv "$work/away" "$RCPTCHECK_HOME/cache"
fresh_cache
hold "$verdicts" 'BEGIN EXCLUSIVE; INSERT INTO memory SELECT * FROM memory WHERE 0'
wrong 'one that somebody has locked' 'verdicts.db: it is locked by another process'
release
status '0 OK' 'and let go'
if [ "$(id -u)" -eq 0 ]; then
	chgrp 0 "$RCPTCHECK_HOME/cache"
	wrong 'a folder of root alone' 'cache: the user of the hook cannot write there: owner root, group root'
	chgrp 65534 "$RCPTCHECK_HOME/cache"
	chgrp 0 "$verdicts"
	wrong 'a cache of another group' 'cache/verdicts.db: those for whom .* cannot write to it: .* group root'
	fresh_cache
	as() { # USER
		run setpriv --reuid "$1" --regid "$1" --clear-groups "$bin/rcptstatus"
	}
	if setpriv --reuid 1 --regid 1 --clear-groups test -r "$cdb" -a -x "$bin/rcptstatus"; then
		before=$(contents)
		as 65534
		is "$code" 0 'run by the user of the hook'
		like "$out" '^cache    0 rows; user [^ ]+ can write$' 'it speaks for that user'
		as 1
		is "$code" 1 'run by another'
		like "$out" "^RCPTCHECK WARNING - cache: not open to user [^ ]+, so nothing is known of it: run rcptstatus as root, or as the hook's user\$" 'it cannot'
		is "$(contents)" "$before" 'neither changes anything'
		chmod 2755 "$RCPTCHECK_HOME/cache"
		as 65534
		is "$code" 1 'a folder that the user of the hook cannot write to'
		like "$out" 'cache: the user of the hook cannot write there' 'is told by any user'
		chown -R 65534 "$RCPTCHECK_HOME/cache"
		chmod 700 "$RCPTCHECK_HOME/cache"
		status '0 OK' 'a folder that is of that user alone'
		like "$out" '^cache    0 rows; user [^ ]+ can write$' 'for whom it is'
		chown -R 0 "$RCPTCHECK_HOME/cache"
		chmod 2770 "$RCPTCHECK_HOME/cache"
		chmod 600 "$cdb"
		as 65534
		is "$code" 3 'a CDB that this user cannot read'
		like "$out" '^RCPTCHECK UNKNOWN - data/rcptcheck.cdb: Permission denied to user [^ ]+: run' 'says nothing about others'
		chmod 644 "$cdb"
		fresh_cache
	else
		skip 11 'other users cannot reach this folder'
	fi
else
	skip 15 'needs root, to be somebody else'
fi

# What the checks found

now=$(date +%s)
row -m "server 127.0.0.1:$good" down 3 $((now - 4000)) $((now - 10)) $((now + 300)) timeout
status '0 OK' 'a server that was down, and answers'
row -m "server 127.0.0.1:$good" refuses 3 $((now - 4000)) $((now - 10)) $((now + 300)) "$(printf '554 go \033[2J away')"
wrong 'one that refuses us' "primary 127.0.0.1:$good refuses us since 20[0-9-]+ [0-9:]+: 554 go .x1b.2J away"
only main.test "$dead"
row -m "server 127.0.0.1:$dead" down 3 $((now - 4000)) $((now - 10)) $((now + 300)) timeout
status '2 CRITICAL' 'one that is down'
like "$(rest)" "^warning: primary 127.0.0.1:$dead is down since 20[0-9-]+ [0-9:]+: timeout\$" 'since then'
unlike "$out" 'refuses us' 'of a server that is no more in the CDB nothing is said'
only main.test "$good"
sqlite3 "$verdicts" 'DELETE FROM memory'
row -m 'domain main.test' doubt 20 $((now - 4000)) $((now - 10)) $((now + 300)) user@main.test
row -m 'domain other.test' doubt 20 $((now - 4000)) $((now - 10)) $((now + 300)) user@other.test
wrong 'a domain in doubt' 'the servers of main.test say no to everybody, control recipient not accepted, since 20'
unlike "$out" 'other.test|user@' 'and no other'
sql "INSERT INTO settings VALUES ('mode', 'main.test', 'off')"
build
status '0 OK' 'nor one with mode = off'
sql "DELETE FROM settings WHERE name = 'mode'"
build
row -m 'domain main.test' '' 3 $((now - 4000)) $((now - 10)) $((now + 300)) user@main.test
status '0 OK' 'one that is in none'
sqlite3 "$verdicts" "UPDATE memory SET state = 'doubt'"
status '0 OK' 'a damaged row says nothing'
ok 'and is not marked' test ! -e "$verdicts.damaged"

# Checks that were counted

fresh_cache
stop_server odd
peer counted <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
rcpt later*: 451 4.7.1 later
SCRIPT
only counted.test "$port"
primary main.test "$good"
build
for address in user user user nobody nobody later user2 user2; do
	check $address@counted.test
done
check user@main.test
status '0 OK' 'after some checks'
like "$out" '^ +checks +cached +rejected +undecided$' 'a table'
like "$out" '^all domains +9 +44% +22% +11%$' 'of all'
like "$out" '^counted.test +8 +50% +25% +13%$' 'and of each domain'
like "$(printf '%s\n' "$out" | tail -n 1)" '^main.test +1 +0% +0% +0%$' 'the busiest first'
printf 'U asked.test 18\ny asked.test 2\nU few.test 19\n' >>"$RCPTCHECK_HOME/cache/checks"
status '0 OK' 'many undecided, or few checks'
echo 'U asked.test' >>"$RCPTCHECK_HOME/cache/checks"
status '1 WARNING' 'more than 90 % undecided'
like "$out" 'WARNING - mail for asked.test is mostly accepted unchecked, or deferred: 19 of 21 checks found no answer: see why= in the log$' \
    'which it says'
sed -i -e '/ asked.test/d' -e '/ few.test/d' "$RCPTCHECK_HOME/cache/checks"
awk 'BEGIN { for (i = 1; i < 30; i++) print "y d" i ".test " i * 100; print "N \033]0;x\007.test 5"; print "N b\374cher.test 99999" }' \
    >>"$RCPTCHECK_HOME/cache/checks"
status '0 OK' 'many domains'
like "$out" '^b.xfccher.test +99999 +0% +100% +0%$' 'made printable'
is "$(printf '%s\n' "$out" | wc -l)" 17 'the busiest ten'
ok 'and nothing else' eval '! printf "%s" "$out" | LC_ALL=C grep -q "[^ -~]"'

wait $slow
like "$(cat "$work/slow.out")" \
    '^RCPTCHECK WARNING - 22 servers, the first of them 127.0.0.[0-9]+:[0-9]+, had not answered after 25 s$' 'the time for all servers is limited'
took=$(($(tail -n 1 "$work/slow.out") - $(head -n 1 "$work/slow.out")))
ok "and kept to ($took ms)" test "$took" -ge 24900 -a "$took" -lt 40000
is "$(tail -n 2 "$work/slow.out" | head -n 1)" 1 'a warning'

done_testing
