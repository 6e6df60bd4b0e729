#!/bin/sh
# shellcheck disable=SC2317 # await calls functions
# The verdict cache, as rcptcheck uses it: what is remembered, for how long, and that no trouble with it
# stops a check.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

peer known <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt nobody*: 550 5.1.1 no such user
rcpt disabled*: 550 5.2.1 disabled
rcpt later*: 451 4.7.1 later
once rcpt grey*: 451 4.7.1 greylisted
rcpt policy*: 550 5.7.26 go away
SCRIPT
primary main.test "$port"
sql "INSERT INTO domain_aliases VALUES ('alias.test', 'main.test')"
primary dead.test "$(free_port)"
build

asked() { # ADDRESS: how often the peer was
	heard known | grep -c "RCPT TO:<$1>"
}
rows() {
	sqlite3 "$verdicts" 'SELECT count(*) FROM account_cache'
}

# What is remembered

verdict user@main.test '0 callout' 'a known user is asked about'
verdict user@main.test '0 cache' 'and then remembered'
like "$err" "host=127.0.0.1:$port reply=\"250 ok\" class=exists age=[0-9]+ " 'with all the server said'
verdict nobody@main.test '100 callout' 'an unknown user is asked about'
verdict nobody@main.test '100 cache' 'and then remembered'
like "$err" "host=127.0.0.1:$port reply=\"550 5.1.1 no such user\" class=unknown age=[0-9]+ " 'with all the server said'
verdict disabled@main.test '100 callout' 'a disabled user'
verdict disabled@main.test '100 cache' 'is remembered'
is "$(asked nobody@main.test) $(asked user@main.test)" '1 1' 'the peer was asked once each'
verdict later@main.test '0 unreachable' 'a 4xx'
verdict later@main.test '0 unreachable' 'is not remembered'
is "$(asked later@main.test)" 2 'and asked again'
verdict grey@main.test '0 unreachable' 'greylisted'
verdict grey@main.test '0 callout' 'the second answer counts'
verdict grey@main.test '0 cache' 'and is remembered'
verdict policy@main.test '0 policy' 'a refusal of us'
verdict policy@main.test '0 policy' 'is not remembered'
is "$(rows)" 4 'four rows'
verdict nobody@MAIN.TEST '100 cache' 'domains are one in any case'
verdict NOBODY@main.test '100 callout' 'local parts are not'
verdict nobody@alias.test '100 callout' 'an alias has answers of its own'
sql "INSERT INTO settings VALUES ('fold_case', NULL, 'yes')"
build
verdict NoBoDy@main.test '100 cache' 'fold_case=yes makes local parts one'
sql "DELETE FROM settings WHERE name = 'fold_case'"
build
before=$(cksum "$verdicts")
check nobody@main.test
is "$(cksum "$verdicts")" "$before" 'a hit writes nothing'
find "$RCPTCHECK_HOME/cache" -name '*-journal' -o -name '*-wal' >"$work/left"
is "$(cat "$work/left")" '' 'nothing lies about beside it'

# How long

shift_time() { # SECONDS: makes the row of nobody@main.test that much older, whole and sound
	now=$(date +%s)
	sqlite3 "$verdicts" "DELETE FROM account_cache WHERE address = '$1'"
	perl tests/lib/cacherow.pl "$1" "$2" "$3" 5.1.1 "127.0.0.1:$port" 'as it was' \
	    $((now - $4)) $((now + $5)) | sqlite3 "$verdicts"
}
shift_time old@main.test unknown 550 10 86400
verdict old@main.test '100 cache' 'a row made by hand counts'
shift_time old@main.test unknown 550 90000 -10
verdict old@main.test '0 callout' 'an expired no is asked again'
shift_time nobody.old@main.test exists 250 900000 -10
verdict nobody.old@main.test '100 callout' 'an expired yes too'
shift_time old2@main.test unknown 550 4000 80000
verdict old2@main.test '0 callout' 'a no older than negative_recheck is asked again'
verdict old2@main.test '0 cache' 'and the new answer takes its place'
shift_time old@dead.test unknown 550 4000 80000
verdict old@dead.test '100 cache' 'nobody can say: the old no still counts'
is "$(field recheck)" failed 'and the log says why'
shift_time old@dead.test unknown 550 90000 -10
verdict old@dead.test '0 stale' 'when it has expired it defers at most'
shift_time old@dead.test unknown 550 700000 -610000
verdict old@dead.test '0 unreachable' 'and not for ever'
shift_time later.old@main.test unknown 550 4000 80000
verdict later.old@main.test '0 unreachable' 'a server that answers otherwise, if only with later, takes the old no back'
shift_time policy.old@main.test unknown 550 4000 80000
verdict policy.old@main.test '0 policy' 'and so does one that refuses us'
shift_time future@main.test unknown 550 -5000 90000
verdict future@main.test '0 callout' 'a row from the future proves nothing'
sql "INSERT INTO settings VALUES ('positive_expire', NULL, '1s');
    INSERT INTO settings VALUES ('negative_expire', NULL, '1s')"
build
verdict nobody.short@main.test '100 callout' 'negative_expire=1s'
verdict short@main.test '0 callout' 'positive_expire=1s'
expired() {
	check "$1"
	[ "$(field why)" = callout ]
}
ok 'the no expires' await expired nobody.short@main.test
ok 'the yes expires' await expired short@main.test
sql "DELETE FROM settings WHERE name LIKE '%_expire'"
build

# Bounded: known users stay, the dictionary goes

rm -f "$verdicts"
sql "INSERT INTO settings VALUES ('cache_limit', NULL, '100')"
build
"$bin/rcptbuild" -f >"$work/build.out" 2>&1
for n in 1 2 3 4 5; do
	check "user$n@main.test"
done
awk 'BEGIN { for (i = 1; i <= 500; i++) print "nobody" i "@main.test" }' | "$bin/rcptcheck" -b >"$work/out" 2>"$work/err"
left=$(rows)
ok "500 unknown addresses leave about a hundred rows ($left)" test "$left" -le 164 -a "$left" -ge 30
is "$(sqlite3 "$verdicts" "SELECT count(*) FROM account_cache WHERE class = 'exists'")" 5 'and all the known users'
sql "DELETE FROM settings WHERE name = 'cache_limit'"
build

# Trouble: the check goes on without it, and the log says so

fresh() {
	chmod -R u+rwX "$RCPTCHECK_HOME/cache"
	rm -rf "$RCPTCHECK_HOME/cache/"*
	"$bin/rcptbuild" -f >"$work/build.out" 2>&1
	check user@main.test
	check nobody@main.test
}
trouble() { # NAME
	verdict user@main.test '0 callout' "$1: a known user is asked about"
	like "$err" ' cache=[^ ]' 'and the log says why'
	verdict nobody@main.test '100 callout' "$1: an unknown one too"
	like "$err" ' cache=[^ ]' 'and the log says why'
}
fresh
rm "$verdicts"
trouble 'no cache'
ok 'rcptcheck makes none' test ! -e "$verdicts"
run env RCPTCHECK_LOG=trouble RECIPIENT=user@main.test "$bin/rcptcheck"
like "$err" 'cache=' 'it counts as trouble for the log'
rm -rf "$RCPTCHECK_HOME/cache"
trouble 'no folder'
mkdir "$RCPTCHECK_HOME/cache"
: >"$verdicts"
trouble 'an empty file'
head -c 100000 /dev/urandom >"$verdicts"
trouble 'noise'
is "$(wc -c <"$verdicts")" 100000 'rcptcheck leaves it as it is'
"$bin/rcptbuild" >"$work/build.out" 2>&1
is $? 0 'rcptbuild replaces it'
verdict user@main.test '0 callout' 'and then'
verdict user@main.test '0 cache' 'it works again'
ok 'rcptbuild said so' grep -q 'verdicts.db' "$work/build.out"
fresh
size=$(wc -c <"$verdicts")
head -c $((size / 2)) "$verdicts" >"$work/half" && cat "$work/half" >"$verdicts"
verdict nobody@main.test '100 callout' 'cut in half'
"$bin/rcptbuild" >"$work/build.out" 2>&1
verdict nobody@main.test '100 callout' 'rcptbuild replaces it'
verdict nobody@main.test '100 cache' 'and it works again'
fresh
sqlite3 "$verdicts" "UPDATE account_cache SET class = 'unknown' WHERE address = 'user@main.test'"
verdict user@main.test '0 callout' 'a row that does not match its checksum is not believed'
sqlite3 "$verdicts" "UPDATE account_cache SET address = 'user2@main.test' WHERE address = 'nobody@main.test'"
verdict user2@main.test '0 callout' 'nor one that was copied to another address'
fresh
sqlite3 "$verdicts" 'PRAGMA user_version = 99'
trouble 'another schema'
fresh
sqlite3 "$verdicts" 'DROP TABLE account_cache'
trouble 'no table'
fresh
sqlite3 "$verdicts" 'PRAGMA journal_mode = WAL' >/dev/null
check nobody@main.test
is "$code" 100 'in WAL mode, as somebody may have set it: right all the same'

# A write-ahead log that is none of ours, for whoever may write into the folder can leave one: SQLite would take it
# for that of the cache, and map a file for it that somebody else can cut short
fresh
head -c 40000 /dev/urandom >"$verdicts-wal"
chmod a+rw "$verdicts-wal"
verdict nobody@main.test '100 cache' 'a stray write-ahead log is not seen'
verdict user.log@main.test '0 callout' 'nor by who writes'
ok 'and nothing is mapped for it' test ! -e "$verdicts-shm"
: >"$verdicts-shm"
"$bin/rcptbuild" >"$work/out" 2>&1
is "$? $(cat "$work/out")" '0 ' 'rcptbuild'
ok 'takes it away' test ! -e "$verdicts-wal" -a ! -e "$verdicts-shm"
verdict user.log@main.test '0 cache' 'and nothing else'

fresh
hold "$verdicts" 'BEGIN EXCLUSIVE; INSERT INTO account_cache SELECT * FROM account_cache WHERE 0'
trouble 'locked'
ok 'without waiting long' test "$ms" -lt 5000
release
verdict nobody@main.test '100 cache' 'unlocked'

fresh
if [ "$(id -u)" -eq 0 ]; then
	as_nobody() {
		run setpriv --reuid 65534 --regid 65534 --clear-groups env RECIPIENT="$1" "$bin/rcptcheck" -v
	}
else
	as_nobody() {
		check "$1"
	}
fi
reachable=yes
[ "$(id -u)" -ne 0 ] || setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$cdb" -a -x "$bin/rcptcheck" || reachable=
if [ -n "$reachable" ]; then
	chmod 755 "$RCPTCHECK_HOME/cache"
	chmod 444 "$verdicts"
	[ "$(id -u)" -eq 0 ] || chmod 555 "$RCPTCHECK_HOME/cache"
	as_nobody nobody@main.test
	is "$code $(field why)" '100 cache' 'a read-only cache can be read'
	as_nobody nobody.new@main.test
	is "$code $(field why)" '100 callout' 'and not written'
	like "$err" ' cache=' 'which the log says'
	chmod 755 "$RCPTCHECK_HOME/cache"
	chmod 000 "$verdicts"
	as_nobody nobody@main.test
	is "$code $(field why)" '100 callout' 'a cache that is not for us'
	like "$err" ' cache=' 'the log says so'
	chmod 644 "$verdicts"
else
	skip 5 'the user nobody cannot reach this folder'
fi

fresh
run env RECIPIENT=nobody.limit@main.test softlimit -f 4000 "$bin/rcptcheck" -v
is "$code $(field why)" '100 callout' 'a limit on the size of files: SIGXFSZ does not end it'
like "$err" ' cache=' 'the log says what it could not do'

# A full disk
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	fresh
	cat >"$work/full" <<-'SCRIPT'
		mount -t tmpfs -o size=128k none "$RCPTCHECK_HOME/cache" || exit 99
		"$bin/rcptbuild" -f >/dev/null 2>&1
		RECIPIENT=nobody@main.test "$bin/rcptcheck" -v
		head -c 200000 /dev/zero >"$RCPTCHECK_HOME/cache/filler" 2>/dev/null
		RECIPIENT=nobody@main.test "$bin/rcptcheck" -v
		echo "hit: $?" >&2
		RECIPIENT=nobody.full@main.test "$bin/rcptcheck" -v
		echo "miss: $?" >&2
	SCRIPT
	run env bin="$bin" unshare -m sh "$work/full"
	if [ "$code" -eq 99 ]; then
		skip 3 'no tmpfs can be mounted here'
	else
		like "$err" 'hit: 100' 'a full disk: what is known is known'
		like "$err" 'miss: 100' 'and the rest is asked'
		like "$err" 'address=nobody.full@main.test .* cache=' 'the log says so'
	fi
else
	skip 3 'needs root, to fill a file system of its own'
fi

# Many at once: all answers are right, and the cache is sound

fresh
awk 'BEGIN { for (i = 1; i <= 100; i++) print (i % 2 ? "nobody" : "user") i % 20 "@main.test" }' >"$work/many"
: >"$work/codes"
pids=
while read -r address; do
	{
		RECIPIENT=$address RCPTCHECK_LOG=trouble "$bin/rcptcheck" </dev/null 2>>"$work/many.err"
		echo "$? $address" >>"$work/codes"
	} &
	pids="$pids $!"
done <"$work/many"
# shellcheck disable=SC2086 # words
wait $pids
is "$(grep -Ec '^(0 user|100 nobody)' "$work/codes")" 100 'a hundred at once: all answers are right'
is "$(sqlite3 "$verdicts" 'PRAGMA integrity_check')" ok 'and the cache is sound'
verdict nobody1@main.test '100 cache' 'and used'

done_testing
