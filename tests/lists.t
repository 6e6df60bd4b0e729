#!/bin/sh
# data/lists: what qmail, vpopmail and /etc/passwd know, as lists for rcptbuild -u.
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/home.sh
. tests/lib/home.sh

lists=$top/data/lists
QMAIL=$work/qmail VPOPMAIL=$work/vpopmail PASSWD=$work/passwd ALIASES=$work/aliases
export QMAIL VPOPMAIL PASSWD ALIASES

listed() { # SCRIPT [argument...]: the list, sorted, in one line
	listed_name=$1
	shift
	"$lists/$listed_name" "$@" >"$work/list" 2>"$work/err"
	code=$?
	err=$(cat "$work/err")
	out=$(sort "$work/list" | tr '\n' ' ')
}

store() { # SCRIPT [argument...]
	store_name=$1
	shift
	"$lists/$store_name" "$@" >"$work/list"
	run "$bin/rcptbuild" -f -u "$store_name" <"$work/list"
}

# --- qmail

mkdir -p "$QMAIL/control" "$QMAIL/users" "$QMAIL/alias" "$work/home/joe" "$work/home/ann" "$work/home/not"
me=$(id -u)
[ "$me" -ne 0 ] || chown 1234 "$work/home/joe" "$work/home/ann"
[ "$me" -eq 0 ] && me=1234
{
	echo "root:x:0:0::$work/home/not:/bin/sh"
	echo "joe:x:$me:1::$work/home/joe:/bin/sh"
	echo "Ann:x:$me:1::$work/home/ann:/bin/sh"
	echo "not:x:77:1::$work/home/not:/bin/sh"
	echo "gone:x:78:1::$work/home/gone:/bin/sh"
} >"$PASSWD"
echo q.test >"$QMAIL/control/locals"
: >"$work/home/joe/.qmail"
: >"$work/home/joe/.qmail-list"
: >"$work/home/joe/.qmail-first:last"
: >"$work/home/joe/.qmail-shop-default"
: >"$QMAIL/alias/.qmail-postmaster"
listed qmail
is "$code $out" '0 =q.test gone-*@q.test gone@q.test joe-first.last@q.test joe-list@q.test joe-shop-*@q.test joe@q.test postmaster@q.test ' \
    'users of passwd, their extensions, aliases; one whose home is not there now may have any'
like "$err" "qmail: $work/home/gone cannot be looked into: all of gone-\\* is taken to be there" 'which it says'
mv "$work/home/joe" "$work/home/elsewhere"
ln -s elsewhere "$work/home/joe"
: >"$work/home/joe/.qmail-odd name"
listed qmail
like "$out" '"joe-odd name"@q.test .*joe-list@q.test' 'a home behind a link; a name that needs quotes'
rm "$work/home/joe" "$work/home/elsewhere/.qmail-odd name"
mv "$work/home/elsewhere" "$work/home/joe"
mv "$QMAIL/alias" "$work/away"
listed qmail
like "$out" '(^| )@q\.test ' 'no folder of alias: everybody'
mv "$work/away" "$QMAIL/alias"
PASSWD='' listed qmail
is "$code" 0 'without PASSWD: getent'
: >"$work/home/joe/.qmail-default"
: >"$QMAIL/alias/.qmail-default"
listed qmail
like "$out" '(^| )joe-\*@q\.test ' '.qmail-default: all extensions'
like "$out" '(^| )@q\.test ' 'of alias: everybody'
rm "$QMAIL/alias/.qmail-default" "$work/home/joe/.qmail-default"
printf '%s\n' 'v.test:joe-shop' 'w.test:joe' 'sub@x.test:joe' '.y.test:joe' 'z.test:' 'alias.test:alias-dom' >"$QMAIL/control/virtualdomains"
: >"$QMAIL/alias/.qmail-alias-dom-info"
listed qmail
like "$out" '(^| )@v\.test .*=v\.test|=v\.test .*@v\.test' 'a virtual domain behind a default file: a catch-all'
like "$out" 'list@w\.test ' 'one with files: their names'
like "$out" 'shop-\*@w\.test ' 'and a default one behind a name'
like "$out" 'first\.last@w\.test ' 'a colon is a dot'
like "$out" 'sub@x\.test ' 'a single address'
like "$out" 'info@alias\.test ' 'a virtual domain of alias'
unlike "$out" 'y\.test|z\.test' 'no patterns, no exceptions'
: >"$QMAIL/alias/.qmail-default"
listed qmail
unlike "$out" ' @w\.test ' "alias has no say over a user's virtual domain"
like "$out" ' @alias\.test ' 'but over its own'
rm "$QMAIL/alias/.qmail-default"
mkdir -p "$work/home/shop" "$VPOPMAIL/domains/vp.test"
: >"$work/home/shop/.qmail-sales"
echo "| $VPOPMAIL/bin/vdelivermail '' bounce-no-mailbox" >"$VPOPMAIL/domains/vp.test/.qmail-default"
{
	echo "=info:joe:$me:1:$work/home/joe:::"
	echo "+shop-:shop:$me:1:$work/home/shop:-::"
	echo "+vp.test-:vp.test:89:89:$VPOPMAIL/domains/vp.test:-::"
	echo "+alias.vp.test-:vp.test:89:89:$VPOPMAIL/domains/vp.test:-::"
	echo .
	echo '=behind:joe:1:1:/:::'
} >"$QMAIL/users/assign"
echo 'vp.test:vp.test' >>"$QMAIL/control/virtualdomains"
listed qmail
like "$out" 'info@q\.test ' 'users/assign: an exact one'
like "$out" 'shop-sales@q\.test ' 'and a wildcard, by its files'
unlike "$out" 'vp\.test' 'domains of vpopmail are left to the other script'
unlike "$out" 'behind' 'nothing behind the end'
store qmail
is "$code" 0 'rcptbuild takes it' || diag "$err"
verdict joe-list@q.test '0 local' 'an extension'
verdict joe-nolist@q.test '100 local' 'no extension'
verdict joe-shop-x@q.test '0 local' 'a default one'
verdict nobody@w.test '100 local' 'no user of a virtual domain'
verdict whoever@v.test '0 local' 'a catch-all'
long=$(printf 'x%.0s' $(seq 70))
for name in "long-$long" "$(printf 'odd-\001')" "$(printf 'eight-\377')"; do
	: >"$work/home/joe/.qmail-$name"
done
store qmail
is "$code" 0 'files whose names no list can have' || diag "$err"
verdict "joe-long-$long@q.test" '0 local' 'stand for all that begin like them'
verdict joe-odd-x@q.test '0 local' 'up to there'
verdict joe-nolist@q.test '100 local' 'and no others'
rm "$work/home/joe/.qmail-"long-* "$work/home/joe/.qmail-"odd* "$work/home/joe/.qmail-"eight*
if [ "$(id -u)" -eq 0 ]; then
	chmod 600 "$QMAIL/control/virtualdomains"
	chmod -R go+rX "$QMAIL" "$VPOPMAIL" "$work/home"
	chmod 600 "$QMAIL/control/virtualdomains"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$lists/qmail" >"$work/list" 2>"$work/err"
	like "$(tail -n 1 "$work/list")" '^FAILED: .*virtualdomains cannot be read' 'virtualdomains that cannot be read: fails'
	chmod 644 "$QMAIL/control/virtualdomains"
	if unshare -m true 2>/dev/null; then
		mkdir "$work/small"
		"$lists/qmail" >"$work/list.whole" 2>/dev/null
		whole=$(grep -c . "$work/list.whole")
		for size in 4 8 12 16 20 24; do
			SIZE=$size TMPDIR=$work/small unshare -m sh -c 'mount -t tmpfs -o size="$SIZE"k none "$TMPDIR" && exec "$0"' "$lists/qmail" \
			    >"$work/list" 2>/dev/null
			if ! tail -n 1 "$work/list" | grep -q '^FAILED'; then
				[ "$(grep -c . "$work/list")" -eq "$whole" ] || echo "$size" >>"$work/half"
			else
				echo "$size" >>"$work/failed"
			fi
		done
		ok 'no room for temporary files: fails' test -s "$work/failed"
		ok 'and never prints half a list' test ! -s "$work/half"
	else
		skip 2 'no file systems can be mounted here'
	fi
else
	skip 3 'needs root'
fi
QMAIL=$work/nowhere
listed qmail
is "$code" 1 'no qmail: fails'
run "$bin/rcptbuild" -f -u qmail <"$work/list"
is "$code" 100 'and even with -f nothing is stored'
verdict joe-list@q.test '0 local' 'who was there stays'
QMAIL=$work/qmail

# --- vpopmail

printf 'carol:$1$x:1:0::/x:NOQUOTA\ndave:$1$x:1:0::/x:NOQUOTA\n' >"$VPOPMAIL/domains/vp.test/vpasswd"
: >"$VPOPMAIL/domains/vp.test/.qmail-info"
: >"$VPOPMAIL/domains/vp.test/.qmail-list-default"
listed vpopmail
is "$code $out" "0 =alias.vp.test =vp.test carol@alias.vp.test carol@vp.test dave@alias.vp.test dave@vp.test \
info@alias.vp.test info@vp.test list-*@alias.vp.test list-*@vp.test " 'users, aliases, and an alias of the domain'
store vpopmail
is "$code" 0 'rcptbuild takes it' || diag "$err"
verdict carol@vp.test '0 local' 'a user'
verdict erin@vp.test '100 local' 'no user'
echo "| $VPOPMAIL/bin/vdelivermail '' $VPOPMAIL/domains/vp.test/carol" >"$VPOPMAIL/domains/vp.test/.qmail-default"
listed vpopmail
like "$out" '(^| )@vp\.test ' 'unknown users go to somebody: a catch-all'
mv "$VPOPMAIL/domains/vp.test/vpasswd" "$work/vpasswd"
listed vpopmail
like "$(tail -n 1 "$work/list")" '^FAILED' 'no users to be had: fails'
run "$bin/rcptbuild" -f -u vpopmail <"$work/list"
is "$code" 100 'and nothing is stored'
mkdir -p "$VPOPMAIL/bin"
printf '#!/bin/sh\n[ "$1 $2 $3" = "-n -D vp.test" ] && printf "carol\\nfrank\\n"\n' >"$VPOPMAIL/bin/vuserinfo"
printf '#!/bin/sh\n[ "$1 $2" = "-s vp.test" ] && echo "sales@vp.test -> carol@vp.test"\n' >"$VPOPMAIL/bin/valias"
chmod +x "$VPOPMAIL/bin/vuserinfo" "$VPOPMAIL/bin/valias"
listed vpopmail
like "$out" 'frank@vp\.test .*sales@vp\.test' 'users and aliases in SQL: its programs are asked'
echo 'dave:$1$x:1:0::/x:NOQUOTA' >"$VPOPMAIL/domains/vp.test/vpasswd"
listed vpopmail
like "$out" 'dave@vp\.test .*frank@vp\.test .*sales@vp\.test' 'and a vpasswd from before that: all of them'
for program in vuserinfo valias; do
	mv "$VPOPMAIL/bin/$program" "$work/program"
	printf '#!/bin/sh\necho could not connect to mysql\nexit 1\n' >"$VPOPMAIL/bin/$program"
	chmod +x "$VPOPMAIL/bin/$program"
	listed vpopmail
	like "$code $(tail -n 1 "$work/list")" '^1 FAILED' "$program fails: fails"
	mv "$work/program" "$VPOPMAIL/bin/$program"
done

# --- /etc/passwd

printf '%s\n' 'root:x:0:0::/:/' 'mail:x:8:8::/:/' 'gina:x:1000:1000::/:/' 'hans:x:60000:1::/:/' 'nobody:x:65534:1::/:/' >"$PASSWD"
printf '%s\n' '# aliases' 'postmaster: gina' '  , hans' 'info : gina' '"sales team": hans' ':include:/x' >"$ALIASES"
listed passwd p.test
is "$code $out" '0 "sales team"@p.test =p.test gina@p.test hans@p.test info@p.test postmaster@p.test root@p.test ' 'people and aliases'
echo 'odd\ name: gina' >>"$ALIASES"
listed passwd p.test
like "$err" 'not understood, add it .*: odd' 'an alias that is not understood is told of'
sed -i '$d' "$ALIASES"
store passwd p.test p2.test
is "$code" 0 'rcptbuild takes it' || diag "$err"
verdict gina@p.test '0 local' 'a user'
verdict 'sales team@p2.test' '0 local' 'an alias, of the other domain'
verdict mail@p.test '100 local' 'no person'
export UID_MIN=70000
listed passwd p.test
unset UID_MIN
is "$code" 1 'nobody: fails'
listed passwd
is "$code" 1 'no domain: fails'

done_testing
