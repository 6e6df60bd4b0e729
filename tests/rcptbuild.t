#!/bin/sh
# rcptbuild from outside: what it makes, when it does nothing, what it says, and that nothing is
# lost whatever happens to it.
# shellcheck disable=SC2016,SC2317 # functions and texts that eval runs
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/home.sh
. tests/lib/home.sh

rcptbuild() {
	run "$bin/rcptbuild" "$@"
}

# What the CDB says of a key: present or not.
has() {
	cdb -q "$cdb" "$1" >/dev/null 2>&1
}

mode() {
	stat -c %a "$1"
}

inode() {
	stat -c %i "$cdb"
}

# The fast way is not taken for files that changed within the last two seconds.
settle() {
	sleep 2.1
	rcptbuild
	rcptbuild -v
}

# Since when runs have failed, and with which exit code: both in hexadecimal, 0 for a good one.
failed() {
	tail -n 3 "$RCPTCHECK_HOME/data/rcptbuild.state" | head -n 2 | sed 's/^0*\(.\)/\1/' | tr '\n' ' '
}

sum() {
	(cd "$RCPTCHECK_HOME" && find . -type f -exec cksum {} + | sort)
}

# --- usage and homes

rcptbuild -x
is $code 111 "a wrong option: 111"
like "$err" "usage: rcptbuild \[-nfv\]" "and the usage"
rcptbuild extra
is $code 111 "an argument: 111"
run env RCPTCHECK_HOME="$work/nowhere" "$bin/rcptbuild"
is $code 111 "no home: 111"
like "$err" "nowhere" "and the message names it"
mkdir "$work/bare"
run env RCPTCHECK_HOME="$work/bare" "$bin/rcptbuild" -n
is $code 111 "-n makes no folders: 111"
run env RCPTCHECK_HOME="$work/bare" "$bin/rcptbuild"
is $code 0 "a bare home gets its folders"
is "$(mode "$work/bare/data") $(mode "$work/bare/cache")" "755 2770" "with their modes"
like "$err" "chgrp" "and a word on the group of cache"

# --- the first run

make_home first
rcptbuild -n
is $code 111 "-n without a database: 111"
is "$(find "$RCPTCHECK_HOME" -type f)" "" "and makes nothing"
(umask 077 && "$bin/rcptbuild" >"$work/out" 2>"$work/err")
is $? 0 "the first run: 0"
like "$(cat "$work/out")" \
    "^rcptbuild: 0 domains, 0 aliases, 0 servers, 0 users, [0-9]+ bytes, [0-9]+ ms$" "with a summary"
is "$(mode "$db")" 640 "the database has mode 0640, whatever the umask"
is "$(mode "$cdb")" 644 "the CDB has mode 0644"
is "$(sql "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema ORDER BY 1)")" \
    always_accept,domain_aliases,domain_ips,local_domains,local_users,mailboxes,settings "all tables"
is "$(sql "PRAGMA user_version")" 1 "and the version"
ok "the verdict cache is there" test -s "$verdicts"
sql "INSERT INTO settings VALUES ('helo', NULL, 'backup.example.net')"

# --- a domain

primary example.com 25 198.51.100.1
rcptbuild
is $code 0 "a row: 0"
like "$out" "^rcptbuild: 1 domains, 0 aliases, 1 servers, 0 users" "in the summary"
ok "the domain is in the CDB" has dexample.com
is "$err" "" "and nothing is said"

# --- nothing to do

settle
like "$err" "nothing to do" "nothing changed: nothing to do"
is "$out" "" "and no summary"
before=$(sum)
rcptbuild
is "$(sum)" "$before" "nothing is written then"
was=$(inode)
touch "$db"
rcptbuild -v
like "$err" "nothing has changed" "a new time stamp alone: the content is what counts"
is "$(inode)" "$was" "the CDB stays"
rcptbuild -f
like "$out" "^rcptbuild: 1 domains" "-f compiles it again"
ok "into another file" test "$(inode)" != "$was"
settle
touch -r "$db" "$work/stamp"
sql "UPDATE domain_ips SET domain = 'example.net' WHERE domain = 'example.com'"
touch -r "$work/stamp" "$db"
rcptbuild
ok "a change under an old time stamp is seen" has dexample.net
ok "what is gone is gone" eval '! has dexample.com'
primary quick.example 25 198.51.100.1
rcptbuild
primary quick2.example 25 198.51.100.1
rcptbuild
ok "two changes in quick succession are both seen" has dquick2.example
settle
cp "$bin/rcptbuild" "$work/rcptbuild"
run "$work/rcptbuild"
like "$out" "^rcptbuild: 3 domains" "another rcptbuild compiles again"
rcptbuild

# --- a CDB that is not what we wrote

spoil() { # NAME command...
	spoil_name=$1
	shift
	settle
	"$@"
	rcptbuild
	is "$code $(printf '%s' "$out" | cut -d, -f1)" "0 rcptbuild: 3 domains" "$spoil_name: made again"
	rcptbuild -n
	is $code 0 "... and well"
}
cut_cdb() {
	truncate -s -10 "$cdb"
}
flip_byte() {
	touch -r "$cdb" "$work/stamp"
	printf '\377' | dd of="$cdb" bs=1 seek=2300 conv=notrunc 2>/dev/null
	touch -r "$work/stamp" "$cdb"
}
foreign_cdb() {
	printf '+1,1:a->b\n\n' | cdb -c -t "$work/tmp.cdb" "$cdb" -
}
spoil "a missing CDB" rm "$cdb"
spoil "a cut CDB" cut_cdb
spoil "a CDB with another byte" flip_byte
spoil "a CDB of others" foreign_cdb
spoil "an empty CDB" eval ': >"$cdb"'
settle
echo "rcptbuild.state 1" >"$RCPTCHECK_HOME/data/rcptbuild.state"
rcptbuild
is "$code $(printf '%s' "$out" | cut -d, -f1)" "0 rcptbuild: 3 domains" "a damaged state: compiled again"

# --- write-ahead log

sql "PRAGMA journal_mode = WAL" >/dev/null
mkfifo "$work/editor"
sqlite3 "$db" <"$work/editor" >/dev/null 2>&1 &
echo $! >"$work/editor.pid"
exec 7>"$work/editor"
echo "PRAGMA wal_autocheckpoint = 0; INSERT INTO domain_ips VALUES ('wal.example', '198.51.100.1', 25, 1);" >&7
await eval 'test "$(sql "SELECT count(*) FROM domain_ips")" = 4'
touch -r "$db" "$work/stamp"
rcptbuild
touch -r "$db-wal" "$work/walstamp"
ok "an edit that is only in the WAL is seen" has dwal.example
settle
like "$err" "nothing to do" "with a WAL there may be nothing to do"
echo "INSERT INTO domain_ips VALUES ('wal2.example', '198.51.100.1', 25, 1);" >&7
await eval 'test "$(sql "SELECT count(*) FROM domain_ips")" = 5'
touch -r "$work/walstamp" "$db-wal"
ok "(the database itself was not written)" test ! "$db" -nt "$work/stamp"
before=$(cksum "$db" "$db-wal")
rcptbuild -n
is "$code $(cksum "$db" "$db-wal")" "0 $before" "-n leaves the WAL as it is"
rcptbuild
ok "the next edit in the WAL is seen" has dwal2.example
exec 7>&-
await eval '! kill -0 "$(cat "$work/editor.pid")" 2>/dev/null'
sql "PRAGMA journal_mode = DELETE" >/dev/null
rcptbuild
is $code 0 "and without it again"

# --- locks of editors

hold "$db" "BEGIN IMMEDIATE; INSERT INTO domain_ips VALUES ('late.example', '198.51.100.1', 25, 1)"
rcptbuild
is $code 0 "a write lock does not disturb, and is not waited for"
ok "what is not committed is not seen" eval '! has dlate.example'
echo 'COMMIT;' >&8
release
hold "$db" "BEGIN EXCLUSIVE; INSERT INTO domain_ips VALUES ('later.example', '198.51.100.1', 25, 1)"
echo ".shell sleep 2
COMMIT;" >&8
rcptbuild
is $code 0 "an exclusive lock is waited for"
ok "and then all is seen" has dlater.example
release

# --- bad rows

make_home bad
build
sql "INSERT INTO settings VALUES ('helo', NULL, 'backup.example.net')"
primary example.com 25 198.51.100.1
build
was=$(inode)
sql "INSERT INTO domain_ips VALUES ('a.example', '300.1.1.1', 25, 1);
    INSERT INTO settings VALUES ('moed', NULL, 'warn')"
rcptbuild
is $code 100 "bad rows: 100"
is "$err" "rcptbuild: domain_ips: rowid 2: ip: '300.1.1.1': neither an address nor a host name
rcptbuild: settings: rowid 2: name: 'moed': no setting has this name, see rcptcheck-settings(5)" \
    "one line each: table, rowid, column, value, reason"
is "$out" "" "and no summary"
is "$(inode)" "$was" "the CDB stays"
since=$(failed)
like "$since" "^[0-9a-f]{8} 64 $" "since when, and the exit code, are remembered"
rcptbuild
is "$code $err" "100 " "the same again: not said again"
rcptbuild -n
like "$code $err" "^100 rcptbuild: domain_ips" "... but with -n"
rcptbuild -v
like "$err" "300.1.1.1" "... and with -v"
like "$err" "2 bad, so data/rcptcheck.cdb stays" "which tells what that means"
sql "INSERT INTO settings VALUES ('mode', NULL, 'maybe')"
rcptbuild
like "$err" "moed" "other bad rows: all are said"
like "$err" "maybe" "... with the new one"
sleep 1.1
sql "PRAGMA user_version = 2"
rcptbuild
is "$code $(failed)" "111 ${since%64 }6f " "another failure: the time of the first is kept"
sql "PRAGMA user_version = 1; DELETE FROM settings WHERE name <> 'helo';
    DELETE FROM domain_ips WHERE domain = 'a.example'"
rcptbuild -n
is "$code $(failed)" "0 ${since%64 }6f " "-n remembers nothing"
rcptbuild
is "$code $err" "0 " "corrected: 0"
is "$(failed)" "0 0 " "and the failure is forgotten"
is "$(inode)" "$was" "back to what was compiled: the CDB stays"
sql "INSERT INTO domain_ips VALUES ('a.example', '127.0.0.1', NULL, 1)"
rcptbuild
like "$code $err" "^100 .*'127.0.0.1': is this very host" "a backup of itself: 100"
sql "UPDATE domain_ips SET ip = 'localhost' WHERE ip = '127.0.0.1'"
rcptbuild
like "$code $err" "^100 .*'localhost': is this very host" "by name as well"
sql "UPDATE domain_ips SET port = 2525 WHERE ip = 'localhost'"
rcptbuild
is "$code $err" "0 " "another port of this host: 0"
settle
like "$err" "nothing to do" "fresh names: nothing to do"
sql "INSERT INTO settings VALUES ('resolve_every', NULL, '1s')"
settle
like "$err" "nothing has changed|nothing to do" "resolve_every is over: looked up, the same"
sleep 1.1
rcptbuild -v
like "$err" "nothing has changed" "... each time"
sql "DELETE FROM settings WHERE name = 'resolve_every'; DELETE FROM domain_ips WHERE ip = 'localhost'"

# --- host names that change (nss_wrapper lends us a hosts file)

with_hosts() { # LINES, arguments...
	printf '%s\n' "$1" >"$work/hosts"
	shift
	run env LD_PRELOAD="$wrapper" NSS_WRAPPER_HOSTS="$work/hosts" RES_OPTIONS="timeout:1 attempts:1" \
	    "$bin/rcptbuild" "$@"
}
wrapper=
for file in /usr/lib/*/libnss_wrapper.so /usr/lib/libnss_wrapper.so /usr/local/lib/libnss_wrapper.so; do
	[ -e "$file" ] && wrapper=$file
done
if [ -z "$wrapper" ] || grep -q __asan_init "$bin/rcptbuild"; then
	skip 10 "no libnss_wrapper.so, or not with the address sanitizer"
else
	sql "INSERT INTO domain_ips VALUES ('named.example', 'primary.invalid', 25, 1)"
	with_hosts ""
	is $code 0 "a name that does not resolve: 0"
	like "$err" "warning: .*'primary.invalid' does not resolve: .*: no server will be asked" "a warning"
	ok "the domain is in the CDB all the same" has dnamed.example
	with_hosts "198.51.100.77 primary.invalid"
	is "$code $(printf '%s' "$out" | cut -d, -f 3)" "0  2 servers" "looked up again at the next build"
	was=$(inode)
	with_hosts "198.51.100.78 primary.invalid" -v
	is "$(inode)" "$was" "fresh: not looked up"
	sql "INSERT INTO settings VALUES ('resolve_every', NULL, '0s')"
	with_hosts "198.51.100.77 primary.invalid"
	was=$(inode)
	with_hosts "198.51.100.78 primary.invalid"
	ok "due: another address makes another CDB" test "$(inode)" != "$was"
	was=$(inode)
	with_hosts "198.51.100.78 primary.invalid"
	is "$(inode)" "$was" "the same address does not"
	with_hosts ""
	is "$code $(inode)" "0 $was" "a name that fails does not"
	like "$err" "warning: .*'primary.invalid' does not resolve: .*: keeping 198.51.100.78" "a warning"
	with_hosts "127.0.0.1 primary.invalid"
	like "$code $err" "^100 .*'primary.invalid': is this very host" "a name that became ours: 100"
	sql "DELETE FROM domain_ips WHERE ip = 'primary.invalid'; DELETE FROM settings WHERE name = 'resolve_every'"
fi
build

# --- warnings

sql "INSERT INTO domain_aliases VALUES ('a.example', 'nothing')"
rcptbuild
is "$code" 0 "a warning: 0"
like "$err" "^rcptbuild: warning: domain_aliases: rowid 1: domain: 'nothing': has no row" "is said"
sleep 2.1
rcptbuild
rcptbuild
is "$code $err" "0 " "the same again: not said again"
rcptbuild -v
like "$err" "warning: domain_aliases" "... but with -v"
sql "DELETE FROM domain_aliases; UPDATE settings SET value = 'backup' WHERE name = 'helo'"
rcptbuild
like "$code $err" "^0 rcptbuild: warning: helo: 'backup' is no full host name" "a short helo is a warning"
sql "UPDATE settings SET value = 'backup.example.net' WHERE name = 'helo'"
rcptbuild
is "$err" "" "corrected"

# --- trouble

sql "PRAGMA user_version = 2"
rcptbuild
like "$code $err" "^111 .*newer version" "a database of a newer version: 111"
sql "PRAGMA user_version = 1; ALTER TABLE domain_ips RENAME COLUMN port TO prot"
rcptbuild
like "$code $err" "^100 rcptbuild: domain_ips: has no column port" "a missing column: 100"
sql "ALTER TABLE domain_ips RENAME COLUMN prot TO port"
cp "$db" "$work/good.db"
echo "this is not a database, and it is long enough to be looked at as if it were one" >"$db"
before=$(cksum "$db" "$cdb")
rcptbuild
like "$code $err" "^111 .*rcptcheck.db" "no database: 111"
is "$(cksum "$db" "$cdb")" "$before" "and nothing is touched"
cp "$work/good.db" "$db"
sql "WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 2000)
    INSERT INTO domain_ips SELECT 'n' || i || '.example', '198.51.100.1', 25, 1 FROM c"
before=$(cksum "$cdb")
(
	ulimit -f 50
	"$bin/rcptbuild" >"$work/out" 2>"$work/err"
)
is $? 111 "no room for the CDB: 111"
like "$(cat "$work/err")" "rcptcheck.cdb cannot be written: File too large" "is told as it is"
is "$(cksum "$cdb")" "$before" "the CDB stays"
ok "nothing is left over" eval '! ls "$RCPTCHECK_HOME"/data/*.tmp 2>/dev/null'
rcptbuild <&- >&- 2>&-
is "$code $(sql "PRAGMA integrity_check")" "0 ok" "closed descriptors do no harm"
ok "and it is compiled" has dn2000.example
settle
(
	ulimit -f 50
	"$bin/rcptbuild" -f >"$work/out" 2>"$work/err"
)
is "$? $(failed | cut -d ' ' -f 2)" "111 6f" "a failure that passes"
rcptbuild -v
like "$err" "nothing to do" "the next run has nothing to do"
is "$(failed)" "0 0 " "but to forget it"

# --- many at once

primary many.example 25 198.51.100.1
for i in 1 2 3 4 5 6; do
	("$bin/rcptbuild" >"$work/many.$i" 2>&1; echo $? >"$work/code.$i") &
done
wait
is "$(cat "$work"/code.? | sort -u)" 0 "six at once: all 0"
is "$(cat "$work"/many.? | grep -c domains)" 1 "one compiles, the others see it"
ok "rightly" has dmany.example
exec 9>"$RCPTCHECK_HOME/data/rcptbuild.lock"
flock 9
run "$bin/rcptbuild" -n 9>&-
is $code 0 "-n does not wait for a lock"
"$bin/rcptbuild" -f >/dev/null 2>&1 9>&- &
waits=$!
sleep 1
ok "others do" kill -0 $waits
exec 9>&-
wait $waits
is $? 0 "as long as it is held"

# --- kill -9

whole=0
for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
	primary "kill$i.example" 25 198.51.100.1
	"$bin/rcptbuild" -f >/dev/null 2>&1 &
	pid=$!
	sleep "$(printf '0.%03d' $((i * 2)))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	cdb -d "$cdb" >/dev/null 2>&1 && has dn2000.example && "$bin/rcptbuild" -n 2>/dev/null &&
	    whole=$((whole + 1))
done
is $whole 25 "killed at any moment: the CDB is whole"
rcptbuild
is $code 0 "the next run: 0"
ok "has what was to be compiled" has dkill24.example
ok "and leaves nothing over" eval '! ls "$RCPTCHECK_HOME"/data/*.tmp 2>/dev/null'
good=0
for i in 0 1 2 3 4 5 6 7 8 9; do
	make_home "kill$i"
	"$bin/rcptbuild" >/dev/null 2>&1 &
	pid=$!
	sleep "0.00$i"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	"$bin/rcptbuild" >/dev/null 2>&1 && [ "$(sql "SELECT count(*) FROM mailboxes")" = 0 ] && has s &&
	    good=$((good + 1))
done
is $good 10 "killed in the first run: the next one succeeds"

# --- a database of Niversoft's

make_home niversoft
sqlite3 "$db" "CREATE TABLE domain_ips (domain VARCHAR, ip VARCHAR, port INTEGER, 'order' INTEGER);
    CREATE TABLE domain_aliases (alias VARCHAR, domain VARCHAR);
    CREATE TABLE account_cache (account VARCHAR, bad INTEGER);
    INSERT INTO account_cache VALUES ('x', 'y'), (NULL, 300);
    INSERT INTO domain_ips VALUES ('Main', '198.51.100.1', NULL, NULL);
    INSERT INTO domain_aliases VALUES ('EXAMPLE.com', 'main')"
rcptbuild
is $code 0 "a database of Niversoft's works"
like "$out" "0 domains, 1 aliases, 1 servers" "as it is"
is "$(sql "SELECT count(*), (SELECT count(*) FROM account_cache) FROM settings")" "0|2" \
    "missing tables are added, others stay"

# --- the example

make_home example
build
sqlite3 "$db" <data/example.sql
rcptbuild
is "$code $err" "0 " "data/example.sql is fine"
like "$out" "1 domains, 3 aliases, 3 servers" "and says what it shows"
ok "a domain with an umlaut is there as U-label" has "dbücher.example"

# --- trouble with the verdict cache is a warning

rm -rf "$RCPTCHECK_HOME/cache"
: >"$RCPTCHECK_HOME/cache"
primary nocache.example 25 198.51.100.1
rcptbuild
is $code 0 "a cache that cannot be kept: 0"
like "$err" "warning: cache/verdicts.db: .*verdicts are not remembered" "and a warning"

make_home cacheless
build
sql "INSERT OR REPLACE INTO settings VALUES ('helo', NULL, 'backup.example.net')"
primary quiet.example 25 198.51.100.1
settle
like "$err" '^rcptbuild: nothing to do$' 'nothing to say'
rm "$verdicts"
mkdir "$verdicts"
rcptbuild
is $code 0 "a cache that is lost, and nothing else has changed: 0"
like "$err" "warning: cache/verdicts.db: .*verdicts are not remembered" "and the warning"

# --- a database that is lost is not one without domains

make_home lost
build
primary s.example 25 198.51.100.1
build
rm "$db"
rcptbuild
is $code 111 "the database is gone: 111"
like "$err" "rcptcheck.db is gone or empty.*restore it" "and the message says what to do"
: >"$db"
rcptbuild
is $code 111 "it is empty: 111"
rm "$db"
is "$(sum | grep -c rcptcheck.cdb)" 1 "the CDB stays"
ok "and has the domain" has ds.example
rm "$cdb"
rcptbuild
is $code 0 "without the CDB it begins anew"

# --- a database elsewhere

make_home elsewhere
build
mv "$db" "$work/real.db"
ln -s "$work/real.db" "$db"
sqlite3 "$work/real.db" "PRAGMA journal_mode = WAL" >/dev/null
settle
mkfifo "$work/wal-editor"
sqlite3 "$work/real.db" <"$work/wal-editor" >/dev/null 2>&1 &
exec 7>"$work/wal-editor"
echo "INSERT INTO domain_ips VALUES ('linked.example', '198.51.100.1', NULL, NULL);" >&7
# shellcheck disable=SC2016
await eval '[ "$(sqlite3 "$work/real.db" "SELECT count(*) FROM domain_ips")" = 1 ]'
rcptbuild
ok "a row in the write-ahead log behind a link is seen" has dlinked.example
exec 7>&-
wait

done_testing
