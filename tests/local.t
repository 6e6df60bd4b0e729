#!/bin/sh
# Local domains: the lists of users from their sources to the verdict.
# shellcheck disable=SC2016,SC2317,SC2034 # functions and texts that eval runs
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/home.sh
. tests/lib/home.sh

rcptbuild() {
	run "$bin/rcptbuild" "$@"
}

# A list on standard input of rcptbuild.
feed() { # NAME TEXT [option...], the text as for printf
	feed_name=$1 feed_text=$2
	shift 2
	# shellcheck disable=SC2059
	printf "$feed_text" >"$work/list"
	run "$bin/rcptbuild" "$@" -u "$feed_name" <"$work/list"
}

settle() {
	sleep 2.1
	rcptbuild
	rcptbuild -v
}

users() { # COUNT DOMAIN [FIRST]: so many addresses
	awk -v n="$1" -v domain="$2" -v first="${3-1}" 'BEGIN { for (i = first; i < first + n; i++) print "user" i "@" domain }'
}

# --- tables

sql "INSERT INTO local_domains VALUES ('a.test'), ('B.Test.'), ('empty.test'), ('münchen.test')"
sql "INSERT INTO local_users VALUES ('Alice@a.test'), ('joe-*@A.TEST'), ('\"q u\"@a.test'), ('@b.test'),
    ('ü@münchen.test'), ('nobody@elsewhere.test'), ('alice@a.test')"
rcptbuild
is "$code" 0 'local_users is compiled'
like "$out" '^rcptbuild: 4 domains, 0 aliases, 0 servers, 6 users, ' 'users are counted'
like "$err" 'local_users: 1 of its addresses are not in a local domain: no effect' 'those of other domains are told of'
like "$err" "local_domains: 'empty\\.test': has no users" 'and a domain without users'
verdict alice@a.test '0 local' 'a user'
is "$(field note)" "Local address 'alice@a.test'" "the words of check_user"
verdict ALICE@A.Test '0 local' 'in another case'
verdict bob@a.test '100 local' 'no user'
is "$(field note)" "Address 'bob@a.test' doesn't exist on this server" "the words of check_user"
verdict 'q u@a.test' '0 local' 'a user who needs quotes'
verdict '"q u"@a.test' '0 local' 'and with them'
verdict joe-list@a.test '0 local' 'a wildcard'
verdict joe@a.test '100 local' 'is not for who has no extension'
verdict anybody@b.test '0 local' 'a catch-all'
verdict anybody@empty.test '111 local' 'no users at all: temporary failure'
is "$(field note)" incomplete 'and why'
verdict nobody@elsewhere.test '0 foreign' 'a user of a domain that is not local'
verdict ü@xn--mnchen-3ya.test '0 local' 'a domain as A-label'
verdict ü@münchen.test '0 local' 'and as U-label'
verdict u@münchen.test '100 local' 'and no user there'
verdict postmaster@a.test '0 postmaster' 'postmaster'
run env RECIPIENT=bob@a.test RELAYCLIENT= "$bin/rcptcheck"
is "$code" 0 'RELAYCLIENT: no check'
run "$bin/rcptstatus"
like "$out" 'CRITICAL - mail for empty\.test is deferred for all who are not listed: a local domain of which no list has users' 'rcptstatus: a list without users'
unlike "$out" 'does not resolve|accepted unchecked' 'and nothing about servers, where there need be none'
check bob@a.test -s
like "$out" '^550 5\.1\.1 ' 'the reply'
run env RECIPIENT=bob@a.test USE_FD4=1 sh -c '{ { "$0" >/dev/null; echo $? >&3; } 4>&1 | cat; } 3>&1' "$bin/rcptcheck"
like "$out" '^550 5\.1\.1 ' 'and on descriptor 4'

# --- settings

sql "INSERT INTO settings VALUES ('delimiter', 'a.test', '+'), ('mode', 'b.test', 'off')"
sql "INSERT INTO domain_aliases VALUES ('alias.test', 'a.test'), ('dangling.test', 'nowhere.test')"
sql "INSERT INTO always_accept VALUES ('extra@a.test')"
build
verdict alice+x+y@a.test '0 local' 'a delimiter'
verdict bob+x@a.test '100 local' 'behind who is no user'
verdict alice-x@a.test '100 local' 'another sign is none'
verdict extra@a.test '0 listed' 'always_accept'
verdict alice@alias.test '0 local' 'an alias of a local domain has its users'
verdict bob@alias.test '100 local' 'and no others'
verdict x@dangling.test '111 alias' 'an alias of no domain'
sql "INSERT INTO settings VALUES ('mode', 'a.test', 'warn'), ('mode', 'empty.test', 'warn')"
build
verdict bob@a.test '0 local' 'mode = warn'
is "$(field note)" would-reject 'says what would have been'
verdict bob@empty.test '0 local' 'mode = warn, no users'
is "$(field note)" would-tempfail 'says so as well'
sql "UPDATE settings SET value = 'off' WHERE name = 'mode'"
build
verdict bob@a.test '0 off' 'mode = off'
sql "DELETE FROM settings WHERE name = 'mode'"

# --- a domain that has servers too: nobody listens there, so to ask is to be told unreachable

port=$(free_port)
primary a.test "$port"
primary empty.test "$port"
build
verdict alice@a.test '0 local' 'who is in the list is not asked about'
verdict bob@a.test '0 unreachable' 'who is not is asked about'
verdict bob@empty.test '0 unreachable' 'so is everybody where the list is empty'
verdict bob@alias.test '0 unreachable' 'and of an alias'
sql "INSERT INTO settings VALUES ('local_then_callout', NULL, 'no')"
build
verdict bob@a.test '100 local' 'local_then_callout = no: the list alone'
verdict bob@empty.test '111 local' 'which must not be empty'
sql "DELETE FROM settings WHERE name = 'local_then_callout'; DELETE FROM domain_ips"
build

# --- servers whose name does not resolve are servers all the same

sql "INSERT INTO domain_ips VALUES ('a.test', 'nowhere.invalid', 25, 1)"
build
verdict alice@a.test '0 local' 'a server that does not resolve: who is listed'
verdict bob@a.test '0 unreachable' 'who is not is not refused'
verdict bob@alias.test '0 unreachable' 'nor at an alias'
sql "DELETE FROM domain_ips"
build

# --- aliases and lists

sql "INSERT INTO local_users VALUES ('own@alias.test'), ('ext-*@alias.test')"
build
verdict own@alias.test '0 local' 'a user that is listed under an alias'
verdict own@a.test '100 local' 'is none of its target'
verdict ext-x@alias.test '0 local' 'and a wildcard'
verdict alice@alias.test '0 local' 'who also has those of its target'
verdict bob@alias.test '100 local' 'and no others'
sql "INSERT INTO local_users VALUES ('@alias.test')"
build
verdict bob@alias.test '0 local' 'a catch-all of an alias'
verdict bob@a.test '100 local' 'is none of its target'
sql "DELETE FROM local_users WHERE address LIKE '%alias.test'; INSERT INTO local_domains VALUES ('alias.test')"
rcptbuild -f
is "$code" 0 'an alias that is a local domain too'
unlike "$err" 'alias.test' 'nothing is wrong with that'
verdict alice@alias.test '0 local' 'has the users of its target'
verdict bob@alias.test '100 local' 'and no others'
sql "INSERT INTO local_users VALUES ('own@alias.test')"
build
verdict own@alias.test '0 local' 'and its own'
verdict bob@alias.test '100 local' 'and no others'
primary far.test "$port"
sql "UPDATE domain_aliases SET domain = 'far.test' WHERE alias = 'alias.test'"
build
verdict own@alias.test '0 local' 'an alias of a domain with servers, with a list of its own'
verdict bob@alias.test '0 unreachable' 'who is not in it is asked about there'
sql "UPDATE domain_aliases SET domain = 'nowhere.test' WHERE alias = 'alias.test'"
rcptbuild
like "$err" 'mail for the alias is deferred' 'an alias of nothing, with a list of its own'
verdict own@alias.test '0 local' 'who is in it'
verdict bob@alias.test '111 local' 'who is not'
is "$(field note)" incomplete 'is deferred'
sql "UPDATE domain_aliases SET domain = 'a.test' WHERE alias = 'alias.test'; DELETE FROM local_domains WHERE domain = 'alias.test';
    DELETE FROM local_users WHERE address = 'own@alias.test'; DELETE FROM domain_ips"
build

sql "INSERT INTO domain_aliases VALUES ('a.test', 'a.test')"
build
verdict alice@a.test '0 local' 'a local domain that is an alias of itself'
verdict bob@a.test '100 local' 'is judged by its list'
sql "DELETE FROM domain_aliases WHERE alias = 'a.test'"
build

# --- bad rows

sql "INSERT INTO local_users VALUES ('bob'), (x'00'), (NULL), ('a' || char(0) || 'b@a.test'), ('joe*@a.test')"
rcptbuild -v
is "$code" 100 'bad rows: 100'
like "$err" "local_users: rowid 8: address: 'bob': must be user@domain" 'no address'
like "$err" 'local_users: rowid 9: address: .*is a blob' 'a blob'
like "$err" 'local_users: rowid 10: address: NULL: is empty' 'NULL'
like "$err" 'local_users: rowid 11: address: .*NUL byte' 'a NUL byte'
like "$err" 'local_users: rowid 12: .*must have a sign' 'a * behind a letter'
verdict alice@a.test '0 local' 'the old CDB stays'
ok 'nothing is left behind' test ! -e "$cdb.tmp"
sql 'DELETE FROM local_users WHERE rowid > 7'
build

# --- feeds

feed one '=c.test\n# people\ncarol@c.test\r\n\n  Dave@c.test\ncarol@c.test\nbob@a.test\n'
is "$code" 0 'a feed'
like "$out" ', 10 users, ' 'its users are counted'
is "$(stat -c %a "$RCPTCHECK_HOME/data/feeds/one")" 640 'its mode'
verdict carol@c.test '0 local' 'a user of a domain that it brings'
verdict dave@c.test '0 local' 'another'
verdict erin@c.test '100 local' 'and no user'
verdict bob@a.test '0 local' 'a user of a domain of local_domains'
feed two "=d.test\n\"'; DROP TABLE local_users; --\"@d.test\n"
is "$code" 0 'a second one'
verdict "'; DROP TABLE local_users; --@d.test" '0 local' 'with an odd user'
verdict carol@c.test '0 local' 'the first is not forgotten'
rcptbuild -f
verdict carol@c.test '0 local' 'nor by a build without'
feed one '=c.test\nerin@c.test\ncarol@c.test\nbob@a.test\n'
is "$code" 0 'replaced'
verdict dave@c.test '100 local' 'who is gone is gone'
verdict erin@c.test '0 local' 'who came is there'
feed one '\357\273\277=c.test\r\nerin@c.test\r\ncarol@c.test\r\nbob@a.test' -f
is "$code" 0 'a byte order mark, CRs, and -f for a last line without an end'
verdict erin@c.test '0 local' 'the domain that the mark stood before'
verdict bob@a.test '0 local' 'the user without an end'

hostile() { # NAME TEXT REGEX: is refused, and why
	before=$(cksum "$cdb" "$RCPTCHECK_HOME/data/feeds/one")
	feed one "$2"
	is "$code" 100 "$1: refused"
	like "$err" "$3" '... with the reason'
	is "$(cksum "$cdb" "$RCPTCHECK_HOME/data/feeds/one")" "$before" '... and nothing has changed'
}
hostile 'SQL' "carol@c.test\n'; DROP TABLE local_users; --@c.test\n" 'line 2: .*without quotes around it'
hostile 'a mail header' 'To: carol@c.test\n' 'line 1: .*without quotes around it'
hostile 'a cut list' 'carol@c.test\nerin@c.te' 'the last line of the list has no end'
hostile 'a byte order mark in the middle' 'carol@c.test\n=c.test\n\357\273\277=d.test\n' 'line 3'
hostile 'an empty list' '' 'the list is empty'
hostile 'a NUL byte' 'carol@c.test\nx\0y@c.test\n' "feeds/one: line 2: 'x.x00y@c.test': has a NUL byte"
hostile 'no UTF-8' 'carol@c.test\nj\374rgen@c.test\n' "feeds/one: line 2: 'j.xfcrgen@c.test': has no user"
hostile 'an error message' 'ERROR 1045 (28000): Access denied\n' 'feeds/one: line 1: .*must be user@domain'
hostile 'control bytes' 'a\033[2J@c.test\n' "feeds/one: line 1: 'a.x1b.2J@c.test'"
hostile 'names without domains' 'carol\ndave\n' 'line 2: .dave.: must be'
hostile 'no domain' '=c test\n' 'feeds/one: line 1: .=c test.: is no domain name'
hostile 'remarks only' '# nobody\n' 'feeds/one: has 0 users, had 3'
before=$(cksum "$cdb" "$RCPTCHECK_HOME/data/feeds/one")
perl -e 'print "a" x 1048576, "\@c.test\ncarol\@c.test\n"' >"$work/long"
run "$bin/rcptbuild" -u one <"$work/long"
is "$code" 100 'a line of 1 MB: refused'
like "$err" "feeds/one: line 1: 'a+...': is longer than 1000 bytes" '... with the reason, cut'
ok '... which is short' test "$(wc -c <"$work/err")" -lt 1000
run env - RCPTCHECK_HOME="$RCPTCHECK_HOME" "$bin/rcptbuild" -u one <"$work"
is "$code" 111 'what cannot be read: 111'
is "$(cksum "$cdb" "$RCPTCHECK_HOME/data/feeds/one")" "$before" '... and nothing has changed'
perl -e 'print "=c.test\n", "carol\@c.test\n" x 200000, "erin\@c.test\nbob\@a.test\n"' >"$work/long"
run "$bin/rcptbuild" -u one <"$work/long"
is "$code" 0 'the same row 200,000 times'
ok '... is there once' test "$(stat -c %s "$cdb")" -lt 20000
for name in '' . .. a/b ../x .x x.tmp -x 'a b' "$(printf %065d 0)"; do
	feed "$name" 'carol@c.test\n'
	is "$code" 111 "no name of a feed: '$name'"
done
feed new 'frank@c.test\n' -n
is "$code" 0 '-n: a list is only looked at'
ok 'it is not stored' test ! -e "$RCPTCHECK_HOME/data/feeds/new"
verdict frank@c.test '100 local' 'nor compiled'
feed new 'frank\n' -n
is "$code" 100 '-n: a bad one'
is "$(cd "$RCPTCHECK_HOME/data/feeds" && echo *)" 'one two' 'nothing is left behind'
echo x >"$RCPTCHECK_HOME/data/feeds/one.old"
echo x >"$RCPTCHECK_HOME/data/feeds/one~"
rcptbuild -v
is "$code" 0 'other files in the folder'
like "$err" "feeds: 'one~': no feed can have this name" 'are not read'
like "$err" "feeds: 'one.old': no feed can have this name" 'of which it warns'
rm "$RCPTCHECK_HOME/data/feeds/one~" "$RCPTCHECK_HOME/data/feeds/one.old"

# A slow program in front of us
mkfifo "$work/slow"
"$bin/rcptbuild" -u slow <"$work/slow" >/dev/null 2>&1 &
echo $! >"$work/slow.pid"
exec 7>"$work/slow"
echo carol@c.test >&7
rcptbuild -f
is "$code" 0 'a slow list holds up no other run'
kill -9 "$(cat "$work/slow.pid")"
rm "$work/slow.pid"
exec 7>&-
is "$(cd "$RCPTCHECK_HOME/data/feeds" && echo *)" 'one two' 'a run that was killed has stored nothing'
is "$(find "$RCPTCHECK_HOME/data" -name '*.tmp')" '' 'and left nothing behind'

# --- a CDB that is away for a while

feed one '=c.test\ncarol@c.test\n'
build
mkfifo "$work/questions"
"$bin/rcptcheck" -b <"$work/questions" >"$work/answers" 2>/dev/null &
echo $! >"$work/batch.pid"
exec 7>"$work/questions"
answered() { # COUNT
	test "$(grep -c . "$work/answers")" -ge "$1"
}
echo erin@c.test >&7
await answered 1
mv "$cdb" "$work/cdb"
sleep 1.1
echo erin@c.test >&7
echo carol@c.test >&7
await answered 3
mv "$work/cdb" "$cdb"
sleep 1.1
echo erin@c.test >&7
await answered 4
exec 7>&-
wait "$(cat "$work/batch.pid")"
rm "$work/batch.pid"
is "$(cut -f 2,3 "$work/answers" | tr '\t\n' '  ')" 'reject local tempfail local accept local reject local ' \
    'a CDB that is gone and back: whoever is not listed is deferred meanwhile'

# --- nothing to do, and what must be seen

make_home quiet
build
sql "INSERT INTO settings VALUES ('helo', NULL, 'backup.example.net'), ('log', NULL, 'all')"
feed one '=c.test\ncarol@c.test\ndave@c.test\n'
is "$code" 0 'a home with a feed'
settle
like "$err" 'nothing to do' 'nothing to do when nothing has changed'
printf '=c.test\ncarol@c.test\nerin@c.test\n' >"$RCPTCHECK_HOME/data/feeds/one"
rcptbuild
verdict erin@c.test '0 local' 'a feed that was written by hand is seen'
settle
cp "$RCPTCHECK_HOME/data/feeds/one" "$work/copy"
mv "$work/copy" "$RCPTCHECK_HOME/data/feeds/two"
rcptbuild -v
like "$err$out" 'users' 'a new feed is seen'
settle
inode=$(stat -c %i "$cdb")
touch "$RCPTCHECK_HOME/data/feeds/one"
rcptbuild -v
like "$err" 'nothing has changed' 'a new time stamp alone'
is "$(stat -c %i "$cdb")" "$inode" 'the CDB stays'
sql "INSERT INTO domain_ips VALUES ('named.test', 'localhost', 2525, 1); INSERT INTO settings VALUES ('resolve_every', NULL, '1s')"
settle
sleep 1.1
rcptbuild -v
like "$err" 'nothing has changed' 'host names that are due, and have the addresses they had'
if [ "${BUILD:-build}" != build/asan ] && command -v strace >/dev/null; then
	sleep 1.1
	strace -f -e trace=openat -o "$work/trace" "$bin/rcptbuild"
	is "$(grep -c -e 'hosts"' "$work/trace") $(grep -c 'feeds/one' "$work/trace")" '1 0' 'no list is read for that'
else
	skip 1 "strace is not installed, or does not go with the sanitizers"
fi
echo frank@c.test >>"$RCPTCHECK_HOME/data/feeds/one"
rcptbuild
verdict frank@c.test '0 local' 'but when it has changed it is'
rm "$RCPTCHECK_HOME/data/feeds/two"
rcptbuild
is "$code" 100 'a feed that is gone: an accident'
like "$err" 'feeds/two: has 0 users, had 2: taken for an accident; if it is right, run rcptbuild -f' 'it says so'
rcptbuild -f
is "$code" 0 'unless -f'
rcptbuild
is "$code" 0 'from then on'

# --- accidents

{ echo '=big.test' && users 100 big.test && echo '=small.test' && users 20 small.test; } >"$work/full"
run "$bin/rcptbuild" -u many <"$work/full"
is "$code" 0 '120 users of two domains'
{ echo '=big.test' && users 100 big.test && echo '=small.test' && users 9 small.test; } >"$work/less"
run "$bin/rcptbuild" -u many <"$work/less"
is "$code" 100 'less than half of one domain: refused'
like "$err" 'feeds/many: has 9 users of small.test, had 20' 'which'
unlike "$err" 'big.test' 'and no other'
verdict user20@small.test '0 local' 'who is missing is not refused'
run "$bin/rcptbuild" -u many <"$work/full"
is "$code" 0 'the list of before is still good'
{ echo '=big.test' && users 50 big.test && echo '=small.test' && users 10 small.test; } >"$work/less"
run "$bin/rcptbuild" -u many <"$work/less"
is "$code" 0 'just half: no accident'
{ echo '=big.test' && users 50 big.test; } >"$work/less"
run "$bin/rcptbuild" -u many <"$work/less"
is "$code" 0 'a domain that is local no more'
verdict user1@small.test '0 foreign' 'it is foreign now'
head -n 20 "$work/less" >"$work/cut"
run "$bin/rcptbuild" -u many <"$work/cut"
is "$code" 100 'cut in the middle: refused'
like "$err" 'feeds/many: has 19 users, had 50: .*run rcptbuild -f -u many < list' 'over all'
run "$bin/rcptbuild" -f -u many <"$work/cut"
is "$code" 0 'unless -f'
verdict user40@big.test '100 local' 'and so it is done'
printf 'user%d@split.test\n' 1 2 3 >"$work/split"
sql "INSERT INTO local_domains VALUES ('split.test')"
{ cat "$work/split" && echo user9@other.test; } >"$work/split.list"
run "$bin/rcptbuild" -u split <"$work/split.list"
printf 'user9@split.test\nuser8@split.test\n' >"$work/split.list2"
run "$bin/rcptbuild" -u split2 <"$work/split.list2"
is "$code" 0 'a small domain with users in two lists'
sed -i /other/d "$work/split.list"
sed 's/split/other/' "$work/split.list" >"$work/split.list3"
run "$bin/rcptbuild" -u split <"$work/split.list3"
is "$code" 100 'one of the lists loses it'
like "$err" 'feeds/split: has 0 users(, had| of split.test, had 3)' 'it says so'
verdict user1@split.test '0 local' 'who is missing is not refused'
printf 'user9@split.test\n' >"$work/split.list2"
run "$bin/rcptbuild" -u split2 <"$work/split.list2"
is "$code" 0 'one user less is no accident'
run "$bin/rcptbuild" -f -u split <"$work/split.list3"
is "$code" 0 'unless -f, for this list'
seq 1 9 | sed 's/.*/user&@alias.test/' >"$work/alias.list"
sql "INSERT INTO domain_aliases VALUES ('alias.test', 'other.test'); INSERT INTO local_domains VALUES ('other.test')"
{ cat "$work/split.list3" "$work/alias.list"; } >"$work/split.list4"
run "$bin/rcptbuild" -u split <"$work/split.list4"
is "$code" 0 'users of an alias'
run "$bin/rcptbuild" -u split <"$work/split.list3"
is "$code" 100 'which lose all of them: an accident, for there are those of its target'
like "$err" 'feeds/split: has 0 users of alias.test, had 9' 'it says so'
run "$bin/rcptbuild" -u split <"$work/split.list4"
sql "INSERT INTO local_domains VALUES ('table.test')"
users 30 table.test | sed "s/.*/INSERT INTO local_users VALUES ('&');/" | sqlite3 "$db"
build
sql "DELETE FROM local_users WHERE rowid > 3"
rcptbuild
is "$code" 100 'local_users: the same'
like "$err" 'local_users: has 3 users, had 30' 'it says so'
run "$bin/rcptbuild" -f -u split <"$work/split.list4"
is "$code" 100 'and -f for another list does not forgive it'
sql "DELETE FROM local_domains; DELETE FROM local_users"
rcptbuild
is "$code" 100 'a table that was emptied'
verdict user30@table.test '0 local' 'who was in it is not refused'
rcptbuild -f
is "$code" 0 'unless -f'
printf x >>"$RCPTCHECK_HOME/data/rcptbuild.counts"
{ cat "$work/cut" && echo new@big.test; } >"$work/more"
run "$bin/rcptbuild" -u many <"$work/more"
is "$code" 111 'counts that are damaged: 111'
like "$err" 'rcptbuild.counts: damaged, .* run rcptbuild -f' 'and what to do'
run "$bin/rcptbuild" -f -u many <"$work/more"
is "$code" 0 '-f makes them anew'
rcptbuild
is "$code" 0 'for good'
rm "$RCPTCHECK_HOME/data/rcptbuild.counts"
settle
ok 'lost counts are made anew, though nothing has changed' test -s "$RCPTCHECK_HOME/data/rcptbuild.counts"

done_testing
