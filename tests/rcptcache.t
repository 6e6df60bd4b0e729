#!/bin/sh
# rcptcache, from outside: what it prints, what it removes, its exit codes.

bin=${BUILD:-build}/bin
RCPTCHECK_HOME=$(mktemp -d /tmp/rcptcheck-rcptcache.XXXXXX) || exit 111
export RCPTCHECK_HOME
trap 'rm -rf "$RCPTCHECK_HOME"' EXIT
trap 'exit 111' HUP INT TERM
db=$RCPTCHECK_HOME/cache/verdicts.db
out=$RCPTCHECK_HOME/out
number=0

ok() { # ok status name
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$out"
	fi
}

run() { # run wanted-exit-code arguments...
	want=$1
	shift
	"$bin/rcptcache" "$@" >"$out" 2>&1
	got=$?
	[ $got -eq "$want" ]
	ok $? "rcptcache $* exits $want (got $got)"
}

says() { # says regular-expression
	grep -Eq -- "$1" "$out"
	ok $? "it says $1"
}

lines() {
	[ "$(wc -l <"$out")" -eq "$1" ]
	ok $? "it prints $1 lines"
}

row() {
	perl tests/lib/cacherow.pl "$@" | sqlite3 -cmd '.timeout 5000' "$db"
}

now=$(date +%s)
hour=3600
day=86400

run 111 show
says 'verdicts.db: it does not exist; rcptbuild makes it'

mkdir "$RCPTCHECK_HOME/data" "$RCPTCHECK_HOME/cache"
"$bin/rcptbuild" >"$out" 2>&1
[ -f "$db" ]
ok $? 'rcptbuild makes the cache'

run 100 show
run 100 stats
run 100 purge
run 100 forget @
run 100 show jo@example.com
says 'nothing in the cache for jo@example.com'

row jo@example.com unknown 550 5.1.1 192.0.2.1:25 '<jo@example.com>: User unknown' \
	$((now - 2 * hour - 600)) $((now + 21 * hour + 3000))
row Mixed.Case@example.com exists 250 2.1.5 192.0.2.1:25 ok $((now - 10)) $((now + 7 * day))
row folded@example.com exists 250 '' 192.0.2.1:25 ok $((now - 10)) $((now + 7 * day))
row full@example.org refused 552 5.2.2 '[2001:db8::1]:2525' 'mailbox full' \
	$((now - 3 * hour)) $((now - 2 * hour))
row "$(printf 'e\033[2Jvil\n@example.org')" unknown 550 5.1.1 192.0.2.1:25 \
	"$(printf 'a\033]0;x\007b\nverdict=accept')" $((now - 5)) $((now + day))

run 0 show jo@example.com
lines 7
says '^address  jo@example.com$'
says '^class    unknown$'
says '^verdict  reject: '
says '^reply    550 5.1.1 <jo@example.com>: User unknown$'
says '^host     192.0.2.1:25$'
says '^asked    20[0-9-]+T[0-9:]+Z \(2h 1[01]m ago\)$'
says '^expires  20[0-9-]+T[0-9:]+Z \(in 21h (50|49)m\)$'
run 0 show jo@EXAMPLE.Com
run 100 show Jo2@example.com
run 0 show Mixed.Case@example.com
says '^verdict  accept: '
run 100 show mixed.case@example.com
run 0 show Folded@example.com
says '^address  folded@example.com$'
run 0 show full@example.org
says '^class    refused$'
says '^expires .*\(2h ago\)$'
run 0 show "$(printf 'e\033[2Jvil\n@example.org')"
lines 7
says '^address  e\\x1b\[2Jvil\\x0a@example.org$'
says '^reply    550 5.1.1 a\\x1b\]0;x\\x07b\\x0averdict=accept$'
! LC_ALL=C grep -q '[^ -~]' "$out"
ok $? 'and nothing that is not printable'

run 0 show
lines 5
! LC_ALL=C grep -q '[^ -~]' "$out"
ok $? 'nothing that is not printable'
says '^address=jo@example.com class=unknown state=fresh age=[0-9]+ left=[0-9]+ code=550 enhanced=5.1.1 host=192.0.2.1:25 text="<jo@example.com>: User unknown"$'
says '^address=full@example.org class=refused state=expired '
run 0 show @
lines 5
run 0 show @Example.ORG
lines 2
run 100 show @xample.org
run 100 show @sub.example.org

run 0 stats
says '^rows=5 exists=2 unknown=2 refused=1 damaged=0$'
says '^fresh=4 expired=1 oldest=20[0-9T:Z-]+ newest=20[0-9T:Z-]+$'
says '^file=.*/cache/verdicts.db bytes=[0-9]+$'
says '^domain=example.com rows=3$'
says '^domain=example.org rows=2$'
run 0 stats @example.org
says '^rows=2 '
run 100 stats @nowhere.example

run 100 purge @example.com
says '^removed 0$'
run 0 purge
says '^removed 1$'
run 0 show
lines 4

run 0 forget jo@example.com
says '^removed 1$'
run 100 forget jo@example.com
run 0 forget folded@EXAMPLE.com
run 0 forget @EXAMPLE.ORG
says '^removed 1$'
run 0 show
lines 1
[ "$(sqlite3 "$db" 'SELECT rows FROM account_cache_count')" -eq 1 ]
ok $? 'the count of rows is right'

sqlite3 "$db" "UPDATE account_cache SET code = 251"
run 0 show Mixed.Case@example.com
says '^class    damaged$'
says '^damage   a row with a wrong checksum$'
run 0 show
says '^address=Mixed.Case@example.com class=damaged note="a row with a wrong checksum"$'
run 0 stats
says ' damaged=1$'
run 0 forget Mixed.Case@example.com
run 100 show

row 'user%@many.example' unknown 550 5.1.1 192.0.2.1:25 no $((now - 5)) $((now + day)) 1000
row 'user%@more.example' exists 250 2.1.5 192.0.2.1:25 ok $((now - 5)) $((now + day)) 300
run 0 show
lines 1300
[ "$(sort -u "$out" | wc -l)" -eq 1300 ]
ok $? 'each entry once'
run 0 show @more.example
lines 300
# A reader who does not read on must not keep rcptcheck from storing.
mkfifo "$RCPTCHECK_HOME/pipe"
"$bin/rcptcache" show >"$RCPTCHECK_HOME/pipe" 2>/dev/null &
exec 3<"$RCPTCHECK_HOME/pipe"
read -r first <&3
row late@example.com exists 250 2.1.5 192.0.2.1:25 ok $((now - 5)) $((now + day)) >"$out" 2>&1
ok $? "a pager that waits after '$first' holds no lock"
exec 3<&-
wait
run 0 forget @many.example
says '^removed 1000$'
run 0 forget @
says '^removed 301$'
[ "$(sqlite3 "$db" 'SELECT rows FROM account_cache_count')" -eq 0 ]
ok $? 'the count of rows is right'

# What is remembered besides verdicts

memory() {
	row -m "$@"
}
memories() {
	memory 'server 192.0.2.1:25' down 3 $((now - 60)) $((now - 10)) $((now + 30)) timeout
	memory 'domain example.com' '' 2 $((now - 60)) $((now - 9)) $((now + day)) jo@example.com
	memory 'domain sub.example.com' doubt 0 $((now - 60)) 0 0 ''
	memory 'catch-all 192.0.2.1:25 example.com' yes 0 $((now - 60)) 0 $((now + day)) ''
	memory 'catch-all 192.0.2.1:25 anexample.com' no 0 $((now - 60)) 0 $((now + day)) ''
}
row Jo@example.com exists 250 2.1.5 192.0.2.1:25 ok $((now - 10)) $((now + 7 * day))
memories
run 0 show
lines 6
says '^server=192.0.2.1:25 state=down count=3 age=[0-9]+ left=[0-9]+ text=timeout$'
says '^domain=example.com state=fine count=2 age=[0-9]+ left=[0-9]+ good=jo@example.com$'
says '^server=192.0.2.1:25 domain=example.com any-address=yes age=[0-9]+ left=[0-9]+$'
run 0 show @Example.COM
lines 3
run 0 show @sub.example.com
lines 1
says '^domain=sub.example.com state=doubt '
run 100 show @com
memory "$(printf 'server e\033vil\n')" refuses 1 "$now" "$now" "$now" "$(printf 'a\033]0;x\007b\nverdict=accept')"
run 0 show
says '^server=e\\x1bvil state=refuses .* text="a\\x1b\]0;x\\x07b\\x0averdict=accept"$'
! LC_ALL=C grep -q '[^ -~]' "$out"
ok $? 'nothing that is not printable'
sqlite3 "$db" "UPDATE memory SET count = 7 WHERE subject = 'domain sub.example.com'"
run 0 show @sub.example.com
says '^domain=sub.example.com damage="a memory with a wrong checksum"$'
run 100 forget other@example.com
says '^removed 0$'
run 0 forget @EXAMPLE.com
says '^removed 3$'
run 100 show @example.com
run 0 show @sub.example.com
run 0 show @anexample.com
memories
run 0 forget JO@example.com
says '^removed 1$'
run 0 show @example.com
lines 1
says 'any-address=yes'
run 0 forget @
says '^removed 5$'
run 100 show
[ -f "$RCPTCHECK_HOME/cache/verdicts.db.damaged" ]
[ $? -eq 1 ]
ok $? 'to look at a damaged row leaves no mark'

run 111
says '^usage: '
run 111 look
says '^usage: '
run 111 forget
says '^usage: '
run 111 show jo
says "'jo' is neither user@domain nor @domain"
run 111 purge jo@example.com
says 'purge takes @domain'
run 111 show a@b c@d
run 111 -x show
"$bin/rcptcache" stats >/dev/full 2>"$out"
[ $? -eq 111 ]
ok $? 'a full disk behind standard output: 111'
echo garbage >"$db"
run 111 show
says 'verdicts.db: it is '
echo "1..$number"
