#!/bin/sh
# The files that deliver what was accepted: made of the same tables, around what the administrator has, and
# understood by a real Postfix.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/mailproxy.sh

control=$work/control
mkdir "$control"

block() { # FILE: what stands between the marks
	sed -n '/^# BEGIN rcptbuild/,/^# END rcptbuild/p' "$1" | sed '/^#/d' | sort | tr '\n' ' '
}
records() { # FILE: what a cdb says, without our mark
	cdb -d -m "$1" | sed '/^@ made by rcptbuild/d' | sort
}
rebuild() { # [option...]: leaves $code and $err
	run "$bin/rcptbuild" "$@"
}

sql "INSERT INTO domain_ips VALUES ('one.test', '192.0.2.1', NULL, 1), ('port.test', '192.0.2.2', 2525, NULL),
	('two.test', '2001:db8::1', NULL, 1), ('two.test', '192.0.2.4', 26, 3), ('two.test', '192.0.2.3', NULL, 2),
	('six.test', '2001:db8::6', 2525, NULL), ('MÜNCHEN.test', '192.0.2.5', NULL, NULL),
	('named.test', 'mail.invalid', 27, NULL), ('main', '192.0.2.7', NULL, NULL);
    INSERT INTO domain_aliases VALUES ('alias.test', 'one.test'), ('other.test', 'main'), ('lost.test', 'gone.test');
    INSERT INTO local_domains VALUES ('local.test'); INSERT INTO local_users VALUES ('joe@local.test')"
build
is "$(ls -A "$control")" '' 'nothing is written that no setting names'

sql "INSERT INTO settings VALUES ('write_smtproutes', NULL, '$control/smtproutes'),
	('write_rcpthosts', '', '$control/rcpthosts'), ('write_morercpthosts', NULL, '$control/morercpthosts.cdb'),
	('write_transport', NULL, '$control/transport.cdb'), ('write_relay_domains', NULL, '$control/relay_domains.cdb')"
rebuild -n
is "$code $(ls -A "$control")" '0 ' 'nor by -n'
printf '# mine\nPort.Test:192.0.2.99\n:smarthost.test' >"$control/smtproutes"
chmod 640 "$control/smtproutes"
rebuild
is "$code" 0 'they are built'
is "$(block "$control/smtproutes")" \
	'alias.test:192.0.2.1 lost.test:127.0.0.1:0 named.test:mail.invalid:27 one.test:192.0.2.1 other.test:192.0.2.7 two.test:192.0.2.3 xn--mnchen-3ya.test:192.0.2.5 ' \
	'smtproutes: the first IPv4 server that is asked'
: | perl -MSocket -e 'socket my $s, PF_INET, SOCK_STREAM, 0 or exit 2;
	exit(connect($s, sockaddr_in(0, inet_aton "127.0.0.1")) ? 1 : 0)'
is "$?" 0 '... and an alias of nothing waits: port 0 takes no connection'
is "$(sed '/^# BEGIN/,/^# END/d' "$control/smtproutes" | tr '\n' ' ')" '# mine Port.Test:192.0.2.99 :smarthost.test ' \
	'what the administrator has in it stays, and wins'
is "$(stat -c %a "$control/smtproutes")" 640 'so does its mode'
like "$err" 'smtproutes: has no line for 1 domains, such as six.test: .*IPv4' 'what qmail cannot be told is said'
is "$(block "$control/rcpthosts")" \
	'alias.test local.test lost.test named.test one.test other.test port.test six.test two.test xn--mnchen-3ya.test ' \
	'rcpthosts: all that mail is taken for'
is "$(records "$control/morercpthosts.cdb" | tr -d ' ' | tr '\n' ' ')" "$(block "$control/rcpthosts")" 'morercpthosts.cdb: the same'
is "$(records "$control/transport.cdb")" "$(cat <<-'TABLE' | sort
	alias.test smtp:[192.0.2.1]:25
	lost.test retry:4.3.5 no server is known for this domain yet
	münchen.test smtp:[192.0.2.5]:25
	named.test smtp:[mail.invalid]:27
	one.test smtp:[192.0.2.1]:25
	other.test smtp:[192.0.2.7]:25
	port.test smtp:[192.0.2.2]:2525
	six.test smtp:[ipv6:2001:db8::6]:2525
	two.test smtp:[ipv6:2001:db8::1]:25, [192.0.2.3]:25, [192.0.2.4]:26
	xn--mnchen-3ya.test smtp:[192.0.2.5]:25
TABLE
)" 'transport: all servers in their order'
is "$(records "$control/relay_domains.cdb" | tr '\n' ' ')" \
	'alias.test relay lost.test relay münchen.test relay named.test relay one.test relay other.test relay port.test relay six.test relay two.test relay xn--mnchen-3ya.test relay ' \
	'relay_domains: those with servers'
is "$(find "$control" -name '.*' -type f)" '' 'nothing is left beside them'

# Only what differs is replaced

stat -c '%n %i' "$control"/* >"$work/before"
rebuild -f
stat -c '%n %i' "$control"/* >"$work/after"
ok 'the same again replaces nothing' cmp -s "$work/before" "$work/after"
sql "DELETE FROM domain_ips WHERE domain = 'port.test'; INSERT INTO domain_ips VALUES ('new.test', '192.0.2.8', NULL, NULL)"
rebuild
like "$(block "$control/rcpthosts")" 'new.test .*one.test' 'a new domain is in'
unlike "$(records "$control/transport.cdb")" 'port.test' 'one that went is out'
like "$(cat "$control/smtproutes")" 'Port.Test:192.0.2.99' 'but for what is not ours'

# What is not to be replaced

rm "$control/relay_domains.cdb"
echo "hand.made relay" | cdb -c -m "$control/relay_domains.cdb"
cp "$control/relay_domains.cdb" "$work/hand.cdb"
mv "$control/rcpthosts" "$control/hosts"
ln -s hosts "$control/rcpthosts"
sed -i '/^# END/d' "$control/smtproutes"
cp "$control/smtproutes" "$work/smtproutes"
sql "INSERT INTO domain_ips VALUES ('newer.test', '192.0.2.9', NULL, NULL)"
rebuild
is "$code" 0 'trouble with these is not trouble of the build'
check x@newer.test
unlike "$err" 'why=foreign' 'which is done'
rebuild -f
like "$err" 'write_relay_domains: .*was not made by rcptbuild' 'a cdb of somebody else is refused'
ok '... and stays' cmp -s "$control/relay_domains.cdb" "$work/hand.cdb"
like "$err" 'write_rcpthosts: .*is a symbolic link' 'so is a link'
like "$err" 'write_smtproutes: .*without its end' 'and a block without its end'
ok '... which stays too' cmp -s "$control/smtproutes" "$work/smtproutes"
like "$(records "$control/transport.cdb")" '^newer.test ' 'the others are written all the same'
rm "$control/relay_domains.cdb" "$control/rcpthosts"
echo '# END rcptbuild' >>"$control/smtproutes"
rebuild
like "$(records "$control/relay_domains.cdb")" '^newer.test ' 'the next run tries again'
like "$(block "$control/rcpthosts")" 'newer.test' '... all of them'
head -c 100 /dev/urandom >"$control/transport.cdb"
rebuild -f
like "$err" 'write_transport: .*was not made by rcptbuild' 'what is no cdb was not made by us'
rm "$control/transport.cdb"

sql "INSERT INTO settings VALUES ('write_transport', 'one.test', '/x')"
rebuild
is "$code" 100 'not for one domain alone'
sql "DELETE FROM settings WHERE domain = 'one.test'; UPDATE settings SET value = 'transport' WHERE name = 'write_transport'"
rebuild
is "$code" 100 'nor at half a path'
sql "UPDATE settings SET value = '$work/none/transport.cdb' WHERE name = 'write_transport'"
rebuild
like "$err" 'write_transport: .*No such file' 'a folder that is not there'
sql "UPDATE settings SET value = 'none' WHERE name = 'write_transport'"
rebuild
unlike "$err" 'write_transport' 'none'

# Mail is taken only where it can go

other=$work/other
mkdir "$other"
sql "DELETE FROM settings WHERE name LIKE 'write_%';
    INSERT INTO settings VALUES ('write_smtproutes', NULL, '$other/smtproutes'),
	('write_rcpthosts', NULL, '$other/rcpthosts'), ('write_morercpthosts', NULL, '$other/morercpthosts.cdb')"
rebuild
is "$(block "$other/rcpthosts")" \
	'alias.test local.test lost.test named.test new.test newer.test one.test other.test two.test xn--mnchen-3ya.test ' \
	'rcpthosts: no IPv6 alone; an alias of nothing, which is put off, not refused'
is "$(records "$other/morercpthosts.cdb" | tr -d ' ' | tr '\n' ' ')" "$(block "$other/rcpthosts")" 'nor in morercpthosts.cdb'
like "$err" "rcpthosts: has no line for 1 domains, such as [a-z.]*: write_smtproutes has no route" 'they are named'
printf 'six.test:relay.test\n' >>"$other/smtproutes"
rebuild
like "$(block "$other/rcpthosts")" ' six.test ' 'one that the administrator has a route for is in'
sed -i 's/^six.test/.test/' "$other/smtproutes"
rebuild
like "$(block "$other/rcpthosts")" 'lost.test .*six.test ' 'one that a line of his fits too'
mv "$other/smtproutes" "$other/routes"
ln -s routes "$other/smtproutes"
cp "$other/rcpthosts" "$work/rcpthosts"
sql "INSERT INTO domain_ips VALUES ('newest.test', '192.0.2.10', NULL, NULL)"
rebuild
is "$code" 0 'no way to write smtproutes'
like "$err" 'write_rcpthosts: .*stays as it is' 'no new domains in rcpthosts'
ok '... which is as it was' cmp -s "$other/rcpthosts" "$work/rcpthosts"
unlike "$(records "$other/morercpthosts.cdb")" newest.test 'nor in morercpthosts.cdb'
rm "$other/rcpthosts" "$other/morercpthosts.cdb"
rebuild
like "$(block "$other/rcpthosts")" 'newest.test' 'but qmail is never left without rcpthosts'
ok '... morercpthosts.cdb can wait' test ! -e "$other/morercpthosts.cdb"
rm "$other/smtproutes"
mv "$other/routes" "$other/smtproutes"
rebuild
like "$(records "$other/morercpthosts.cdb")" newest.test 'until that is mended'

# A file that is gone, or was changed, is written by the next run of cron

older() { # all is settled: what changed less than two seconds before it was read is read again
	sleep 3
	rebuild
}
older
for file in smtproutes rcpthosts morercpthosts.cdb; do
	rm "$other/$file"
	run "$bin/rcptbuild"
	is "$code $(test -e "$other/$file" && echo there)" '0 there' "$file was removed: there again"
done
sed -i '/^one.test/d' "$other/rcpthosts"
rebuild
like "$(block "$other/rcpthosts")" 'one.test' 'a line of ours was taken out: there again'

# Without rcpthosts qmail relays for everybody, which can't wait until a bad row is corrected

printf '.test:relay.test\n' >>"$other/smtproutes"
rebuild
sql "INSERT INTO domain_ips VALUES ('bad.test', '300.1.1.1', NULL, NULL)"
cp "$other/rcpthosts" "$work/rcpthosts"
rebuild
is "$code" 100 'a bad row'
ok '... and nothing is touched' cmp -s "$other/rcpthosts" "$work/rcpthosts"
like "$(block "$other/rcpthosts")" 'one.test.*six.test ' 'one has a route by a line of the administrator alone'
rm "$other/rcpthosts" "$other/morercpthosts.cdb"
rebuild -n
ok '-n writes nothing' test ! -e "$other/rcpthosts"
rebuild
is "$code $(block "$other/rcpthosts")" "100 $(block "$work/rcpthosts")" 'rcpthosts is made of the CDB in use'
like "$err" 'write_rcpthosts: the file was gone, and is made of data/rcptcheck.cdb as it is' '... which is said'
rebuild
unlike "$err" 'the file was gone' '... once'
rm "$other/rcpthosts"
mv "$db" "$work/away.db"
rebuild
is "$code $(block "$other/rcpthosts")" "111 $(block "$work/rcpthosts")" 'the same without the database'
mv "$work/away.db" "$db"
sql "DELETE FROM domain_ips WHERE domain = 'bad.test'"
rebuild
is "$code $(block "$other/rcpthosts")" "0 $(block "$work/rcpthosts")" 'all is well'

# Whoever looks host names up again needs no users, but the domains of their lists stay

sql "INSERT INTO settings VALUES ('resolve_every', NULL, '1s'); DELETE FROM domain_ips WHERE domain = 'named.test';
    INSERT INTO domain_ips VALUES ('host.test', 'localhost', 2525, NULL); DELETE FROM domain_aliases WHERE alias = 'lost.test'"
printf '=listed.test\njoe@listed.test\n' | "$bin/rcptbuild" -u list >/dev/null 2>&1
older
older
like "$(block "$other/rcpthosts")" 'listed.test' 'the domain of a list stays when names are looked up again'

# What was emptied by accident

for setting in transport relay_domains; do
	sql "INSERT INTO settings VALUES ('write_$setting', NULL, '$other/$setting.cdb')"
done
rebuild
cksum "$other"/* >"$work/before"
sqlite3 -batch "$db" ".backup '$work/whole.db'"
sql 'DELETE FROM domain_ips; DELETE FROM domain_aliases'
rebuild
is "$code" 0 'most domains are gone'
for setting in smtproutes rcpthosts morercpthosts transport relay_domains; do
	like "$err" "write_$setting: .*(stays as it is)" "... but not from $setting"
done
cksum "$other"/* >"$work/after"
ok '... all are as they were' cmp -s "$work/before" "$work/after"
like "$err" 'smtproutes: .*has [0-9]+ domains and would have 0, .*rcptbuild -f' 'how to take that'
rebuild -f
is "$(block "$other/rcpthosts")$(records "$other/transport.cdb")" 'listed.test local.test ' '-f takes it'
cp "$work/whole.db" "$db"
rebuild
cksum "$other"/* >"$work/after"
ok 'all is back' cmp -s "$work/before" "$work/after"

# A route stays as long as a file that takes mail has the domain

sql "INSERT INTO domain_ips VALUES ('leaves.test', '192.0.2.11', 2525, NULL), ('börse.test', '192.0.2.12', NULL, NULL)"
rebuild
cp "$other/rcpthosts" "$work/rcpthosts"
printf 'a\0b\n' >>"$other/rcpthosts"
mv "$other/relay_domains.cdb" "$work/relay_domains.cdb"
for name in leaves.test börse.test xn--brse-5qa.test; do echo "$name relay"; done | cdb -c -m "$other/relay_domains.cdb"
sql "DELETE FROM domain_ips WHERE domain IN ('leaves.test', 'börse.test')"
rebuild
like "$err" 'write_rcpthosts: .*NUL byte' 'rcpthosts cannot be written: it takes mail for domains that went'
like "$(block "$other/smtproutes")" 'leaves.test:192.0.2.11:2525 .*xn--brse-5qa.test:192.0.2.12 ' '... so their routes stay'
like "$err" 'write_smtproutes: .*keeps the routes of 2 domains .*, such as (leaves|xn--brse-5qa).test: ' '... that is said'
unlike "$(records "$other/morercpthosts.cdb")" leaves.test '... the other file has them no more'
is "$(records "$other/transport.cdb" | grep 'leaves\|rse' | tr '\n' ' ')" \
	'börse.test smtp:[192.0.2.12]:25 leaves.test smtp:[192.0.2.11]:2525 xn--brse-5qa.test smtp:[192.0.2.12]:25 ' \
	'the same with a relay_domains.cdb that is not ours'
rebuild
like "$(block "$other/smtproutes")$(records "$other/transport.cdb" | tr '\n' ' ')" 'leaves.test:.*leaves.test smtp' 'nor does the next run drop them'
cp "$work/rcpthosts" "$other/rcpthosts"
mv "$work/relay_domains.cdb" "$other/relay_domains.cdb"
rebuild
unlike "$(cat "$other/rcpthosts" "$other/smtproutes"; records "$other/transport.cdb"; records "$other/relay_domains.cdb")" 'leaves|rse' \
	'that is mended: they are gone everywhere'
unlike "$err" 'keeps the routes' '... and nothing is said'
echo Hand.test >>"$other/rcpthosts"
sql "INSERT INTO domain_ips VALUES ('hand.test', '192.0.2.13', NULL, NULL)"
rebuild
sql "DELETE FROM domain_ips WHERE domain = 'hand.test'"
rebuild
like "$(block "$other/smtproutes")" 'hand.test:192.0.2.13 ' 'a domain that a line of the administrator takes'
like "$err" "keeps the routes of 1 domains .*such as hand.test: .*a line of your own, such as 'domain:'" '... that is said, and what ends it'
sed -i 's/^Hand.test/.below.test/' "$other/rcpthosts"
sql "INSERT INTO domain_ips VALUES ('w.x.below.test', '192.0.2.14', NULL, NULL), ('wbelow.test', '192.0.2.15', NULL, NULL)"
rebuild
unlike "$(cat "$other/smtproutes")" hand.test '... until it is out'
sql "DELETE FROM domain_ips WHERE domain LIKE '%below.test'"
rebuild
like "$(block "$other/smtproutes")" 'w.x.below.test:192.0.2.14 ' 'a domain that a suffix of the administrator takes'
unlike "$(cat "$other/smtproutes")" wbelow.test '... not one that only looks like it'
cp "$other/smtproutes" "$work/smtproutes"
sed -i /below/d "$other/rcpthosts"
mv "$other/morercpthosts.cdb" "$work/morercpthosts.cdb"
echo .x.below.test x | cdb -c -m "$other/morercpthosts.cdb"
rebuild
like "$(block "$other/smtproutes")" 'w.x.below.test:192.0.2.14 ' '... by a cdb, too'
mv "$work/morercpthosts.cdb" "$other/morercpthosts.cdb"
echo .below.test >>"$other/rcpthosts"
cp "$work/smtproutes" "$other/smtproutes"
echo w.x.below.test: >>"$other/smtproutes"
rebuild
is "$(grep below "$other/smtproutes")" 'w.x.below.test:' 'a route of his own ends ours'
unlike "$err" 'keeps the routes' '... and nothing is said'
sed -i /below/d "$other/rcpthosts" "$other/smtproutes"
rebuild

# What is no file of ours

printf 'a\0b\n' >>"$other/smtproutes"
rebuild -f
like "$err" 'write_smtproutes: .*NUL byte' 'a text with a NUL byte'
rm "$other/smtproutes"
sql "UPDATE settings SET value = '$other/transport.cdb' WHERE name = 'write_morercpthosts'"
cp "$other/transport.cdb" "$work/transport.cdb"
rebuild
is "$(printf '%s\n' "$err" | grep -c 'another setting has the same file')" 2 'two settings with one file'
ok '... which neither writes' cmp -s "$other/transport.cdb" "$work/transport.cdb"
sql "DELETE FROM settings WHERE name LIKE 'write_%' OR name = 'resolve_every'; DELETE FROM local_domains; DELETE FROM local_users"
rm "$RCPTCHECK_HOME/data/feeds/list"
rebuild -f

# A real Postfix, as a backup MX

root=$top/build/root-postfix-cdb
if [ ! -e "$root/.unpacked" ] || [ ! -e "$top/build/root-postfix/.unpacked" ]; then
	skip 10 'tests/unpack postfix postfix-cdb has not been run'
	done_testing
fi
if [ "$(id -u)" -ne 0 ]; then
	skip 10 'needs root: Postfix loads no map for cdb that belongs to others'
	done_testing
fi
primary_mailfront first known postmaster
first=$port
primary_mailfront second known postmaster
second=$port
six=
if has_ipv6; then
	peer third -6 <<-'SCRIPT'
		other: 250 taken
	SCRIPT
	six="('v6.test', '::1', $port, NULL),"
fi
sql "DELETE FROM domain_ips; DELETE FROM domain_aliases; DELETE FROM settings WHERE name LIKE 'write_%';
    INSERT INTO domain_ips VALUES $six ('one.test', '127.0.0.1', $first, NULL), ('two.test', '127.0.0.1', 1, 1),
	('two.test', '127.0.0.1', $second, 2);
    INSERT INTO domain_aliases VALUES ('alias.test', 'one.test'), ('lost.test', 'gone.test');
    INSERT INTO settings VALUES ('write_transport', NULL, '$control/pf_transport.cdb'),
	('write_relay_domains', NULL, '$control/pf_domains.cdb')"
build
chmod 755 "$work" "$control"
more_main=$(
	cat <<-CONFIG
		relay_domains = cdb:$control/pf_domains
		transport_maps = cdb:$control/pf_transport
		parent_domain_matches_subdomains =
		relay_recipient_maps =
		relay_transport = relay
		virtual_alias_maps = inline:{moved@one.test=joe@lost.test}
		inet_protocols = all
		smtp_bind_address6 =
		in_flow_delay = 0
		smtp_tls_security_level = none
	CONFIG
)
more_master=$(
	cat <<-CONFIG
		qmgr unix n - n 300 1 qmgr
		smtp unix - - n - - smtp
		relay unix - - n - - smtp
		retry unix - - n - - error
		error unix - - n - - error
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
	CONFIG
)
# Its dynamic map: known before main.cf names one
primary_postfix_with_cdb() {
	mkdir -p "$work/backup/etc"
	echo "cdb $root/usr/lib/postfix/postfix-cdb.so dict_cdb_open mkmap_cdb_open" >"$work/cdb.cf"
	mkdir -p "$work/backup/etc/dynamicmaps.cf.d"
	cp "$work/cdb.cf" "$work/backup/etc/dynamicmaps.cf.d/cdb"
	primary_postfix backup
}
primary_postfix_with_cdb
sent() { # RECIPIENT
	"$top/tests/lib/smtp" "$port" 'EHLO client.test' 'MAIL FROM:<>' "RCPT TO:<$1>" DATA 'Subject: x

.' QUIT | sed -n '4,$p' >"$work/replies"
	grep -o "to=<$1>.*status=[a-z]*" "$log"
}
delivered() { # RECIPIENT REGEX NAME
	sent "$1" >/dev/null
	await eval "grep -q 'to=<$1>.*status=' '$log'"
	like "$(grep "to=<$1>.*status=" "$log")" "$2" "$3" || tail -n 5 "$log"
}
delivered known@one.test "relay=127.0.0.1\[127.0.0.1\]:$first,.*status=sent" 'Postfix: to the server that was asked'
delivered known@alias.test "relay=127.0.0.1\[127.0.0.1\]:$first,.*status=sent" 'an alias: to that of its domain'
delivered known@two.test "relay=127.0.0.1\[127.0.0.1\]:$second,.*status=sent" 'the first is down: to the second'
sent known@lost.test >/dev/null
like "$(cat "$work/replies")" '^450 4\.3\.5 .*no server is known' 'an alias of nothing is put off'
sent moved@one.test >/dev/null
await eval "grep -q 'to=<joe@lost.test>.*status=' '$log'"
like "$(grep 'to=<joe@lost.test>' "$log")" 'dsn=4.3.5, status=deferred .*no server is known' \
	'what was accepted for it, by another address or from within,'
is "$(sed -n 's/.*postfix.*: \([0-9A-F]*\): to=<joe@lost.test>.*/\1/p' "$log" | head -n 1 | xargs -I ID find "$work/backup" -path '*/deferred/*' -name ID | wc -l)" 1 \
	'... waits in the queue'
if [ -n "$six" ]; then
	delivered known@v6.test 'relay=::1\[::1\]:.*status=sent' 'IPv6'
else
	skip 1 'no IPv6 here'
fi
sent x@foreign.test >/dev/null
like "$(cat "$work/replies")" '^[45]54 .*Relay access denied' 'no relay for others'
sent x@sub.one.test >/dev/null
like "$(cat "$work/replies")" '^[45]54 .*Relay access denied' 'nor for what is below'
sql "INSERT INTO domain_ips VALUES ('late.test', '127.0.0.1', $second, NULL)"
build
late() {
	sent known@late.test | grep -q "status=sent"
}
ok 'a new domain without a reload' await late
done_testing
