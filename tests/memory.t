#!/bin/sh
# Under the memory limit that qmail runs under, with a large CDB: all forms of an answer, and no crash.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

[ "${BUILD:-build}" != build/asan ] || skip_all 'sanitizers need more memory than any limit'

peer known <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary main.test "$port"
# 330 bytes each, so that 100 MB need no million rows
long=$(printf '%060d.%060d.%060d.%050d.test' 0 0 0 0)
primary "$long" "$port"
sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 330000)
    INSERT INTO always_accept SELECT printf('user%060d@$long', i) FROM n"
build
size=$(wc -c <"$cdb")
ok "the CDB has 100 MB ($size bytes)" test "$size" -gt 100000000

limited() { # ADDRESS [argument...]
	limited_address=$1
	shift
	run env RECIPIENT="$limited_address" softlimit -m 3000000 "$bin/rcptcheck" -v "$@" </dev/null
}

limited user@main.test
is "$code $(field why)" '0 callout' 'softlimit -m 3000000: a known user'
is "$(field cache)" '' 'the cache works too'
limited user@main.test
is "$code $(field why)" '0 cache' 'from the cache'
limited nobody@main.test
is "$code $(field why)" '100 callout' 'an unknown user'
limited nobody@main.test
is "$code $(field why)" '100 cache' 'from the cache'
limited user@elsewhere.test
is "$code $(field why)" '0 foreign' 'a foreign domain'
limited "$(printf 'user%060d@%s' 165000 "$long")"
is "$code $(field why)" '0 listed' 'one of 330,000 listed addresses'
limited "nobody@$long"
is "$code $(field why)" '100 callout' 'a neighbour that is not listed'
limited nobody.vv@main.test -vv
is "$code" 100 'with a transcript'
# Below what it needs: the hook must not take the end for a yes. In a narrow band of limits glibc itself
# gives up before main, with 127, which we can't change: rcptcheck(8) tells, and INSTALL which limit is enough.
bad=0
for limit in 100000 500000 1000000 1500000 2000000 2300000 2600000 2700000 2800000 2900000 2950000; do
	RECIPIENT=nobody.$limit@main.test softlimit -m $limit "$bin/rcptcheck" 2>"$work/err" </dev/null >/dev/null
	code=$?
	case $code in
	100|111) ;;
	13[0-9]|14[0-9]) ;; # a signal: 421 from the hook
	127) grep -q 'Fatal glibc error' "$work/err" || bad=$((bad + 1)) ;;
	*) bad=$((bad + 1)); diag "softlimit -m $limit: exit $code $(cat "$work/err")" ;;
	esac
done 2>/dev/null
is $bad 0 'less memory than it needs: never a yes'

done_testing
