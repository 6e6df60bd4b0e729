#!/bin/sh
# users_database: somebody else's SQLite file as the list of users, with what check_user meant by its settings.
# shellcheck disable=SC2016,SC2317,SC2034 # functions and texts that eval runs
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/home.sh
. tests/lib/home.sh

rcptbuild() {
	run "$bin/rcptbuild" "$@"
}

set_to() { # NAME VALUE; without a value: not set
	sql "DELETE FROM settings WHERE name = '$1'"
	[ $# -lt 2 ] || sql "INSERT INTO settings VALUES ('$1', NULL, '$2')"
}

settle() {
	sleep 2.1
	rcptbuild
	rcptbuild -v
}

accounts=$work/accounts.db
account_sql() {
	sqlite3 -batch -cmd '.timeout 5000' "$accounts" "$1"
}
account_sql "CREATE TABLE mail (id INTEGER PRIMARY KEY, address TEXT, name TEXT, host TEXT, [odd name] TEXT);
    CREATE TABLE hosts (host TEXT);
    INSERT INTO hosts VALUES ('a.test'), ('B.test'), ('ALL'), (NULL);
    INSERT INTO mail (address, name, host, [odd name]) VALUES ('alice@a.test', 'anna', 'a.test', 'alice@a.test'),
	('Bob@B.TEST', 'bert', 'b.test', 'bob@b.test'), (NULL, NULL, 'a.test', NULL), (NULL, 'x', NULL, NULL),
	('joe-*@a.test', 12345, 'a.test', 'carol@a.test'), ('zoe@c.test', 'zoe', 'c.test', 'zoe@c.test')"

# --- names

set_to users_database "$accounts"
bad() { # REGEX NAME
	rcptbuild -v
	is "$code" 100 "$2: 100"
	like "$err" "$1" '... with the name'
}
bad 'settings: email_table: users_database needs it' 'no email_table'
set_to email_table mails
bad "settings: email_table: 'mails': users_database has no table of this name" 'a wrong email_table'
like "$err" 'settings: domain_table: users_database needs it' 'all at once'
set_to email_table mail
set_to domain_table hosts
set_to domain_domain domain
bad 'settings: email_user: users_database needs it' 'neither email_address nor email_user'
like "$err" "settings: domain_domain: 'domain': the table hosts has no column of this name" 'a wrong domain_domain'
set_to domain_domain host
set_to email_address adress
bad "settings: email_address: 'adress': the table mail has no column of this name" 'a wrong email_address'
set_to email_address "address\" FROM mail; DROP TABLE mail; --"
bad 'settings: email_address: .address" FROM mail; DROP TABLE mail; --.: the table mail has no column' 'a hostile one'
set_to email_address address
sql "INSERT INTO settings VALUES ('email_table', 'a.test', 'mail')"
bad 'can only be set for all domains' 'set for one domain'
sql "DELETE FROM settings WHERE domain = 'a.test'"
set_to users_database accounts.db
bad "settings: rowid [0-9]+: value: 'accounts.db': must be the full path" 'no full path'
set_to users_database "$work/nowhere.db"
rcptbuild
is "$code" 111 'a database that is not there: 111'
like "$err" 'users_database: .*/nowhere.db: No such file' '... with its name'
echo 'this is no database, whatever it may be called' >"$work/text.db"
set_to users_database "$work/text.db"
rcptbuild
is "$code" 111 'no database: 111'
like "$err" 'users_database: .*/text.db: file is not a database' '... with its name'
set_to users_database "$accounts"

# --- meaning

rcptbuild -v
is "$code" 0 'a good one'
like "$out" '^rcptbuild: 2 domains, .* 3 users' 'its users are counted'
verdict alice@a.test '0 local' 'email_address: a user'
verdict bob@b.test '0 local' 'without case'
verdict anna@a.test '100 local' 'who is in another column is none'
verdict 'joe-*@a.test' '0 local' 'a * is one'
verdict joe-x@a.test '100 local' 'and no wildcard'
verdict zoe@c.test '0 foreign' 'the domain is not in domain_table'
verdict x@all '0 foreign' 'nor is what has no dot'
set_to email_user name
set_to email_domain nonsense
rcptbuild
is "$code" 0 'email_address set: email_user and email_domain are ignored'
set_to email_address
bad "settings: email_domain: 'nonsense': the table mail has no column" 'without it they count'
set_to email_domain host
rcptbuild -f
verdict anna@a.test '0 local' 'email_user and email_domain: a user'
verdict 12345@a.test '0 local' 'whose name is a number'
verdict alice@a.test '100 local' 'who is in another column is none'
verdict anna@b.test '100 local' 'nor is one at another domain'
set_to email_address 'odd name'
rcptbuild -f
verdict carol@a.test '0 local' 'a column with a blank in its name'
account_sql "CREATE VIEW active AS SELECT address AS who FROM mail WHERE id <> 2"
set_to email_table active
set_to email_address who
rcptbuild -f
verdict alice@a.test '0 local' 'a view'
verdict bob@b.test '111 local' 'and who is not in it; the only one'
set_to email_table mail
set_to email_address address
rcptbuild -f
account_sql "INSERT INTO mail (address) VALUES ('@b.test'), ('j' || char(252) || 'a@a.test')"
build
verdict whoever@b.test '0 local' '@domain is a catch-all'
# What is odd in a row stops nothing, and nobody is refused for want of it
odd() { # REGEX NAME
	rcptbuild -v
	is "$code" 0 "$2: a warning"
	like "$err" "$1" '... with the row'
	verdict alice@a.test '0 local' '... and all others count'
}
for value in "x'00ff'" "'a b'" "''"; do
	account_sql "INSERT INTO mail (id, address) VALUES (99, $value)"
	odd 'users_database: mail: row [0-9]+: address: ' "an odd row: $value"
	verdict nobody@a.test '100 local' '... that can be nobody here'
	account_sql 'DELETE FROM mail WHERE id = 99'
done
for value in "'j' || CAST(x'fc' AS TEXT) || 'rgen@a.test'" "'a' || char(0) || '@a.test'" "'a' || char(13) || '@A.TEST'"; do
	account_sql "INSERT INTO mail (id, address) VALUES (99, $value)"
	odd 'users_database: mail: row [0-9]+: address: ' "an odd row: $value"
	verdict nobody@a.test '111 local' '... but may be who is asked for'
	is "$(field note)" incomplete '... as the log says'
	verdict nobody@b.test '0 local' '... and other domains are as before'
	account_sql 'DELETE FROM mail WHERE id = 99'
done
for value in "'zed@a.test '" "'zed@a.test' || char(13)" "'  zed@a.test' || char(10)"; do
	account_sql "INSERT INTO mail (id, address) VALUES (99, $value)"
	build
	verdict zed@a.test '0 local' "blanks and line ends do not count: $value"
	account_sql 'DELETE FROM mail WHERE id = 99'
	build
done
for value in "'<zed@a.test>'" "'Zed <zed@a.test>'" "'zed@a.test' || char(0)" "'zed@a.test, x'" "'zed@a.test x'"; do
	account_sql "INSERT INTO mail (id, address) VALUES (99, $value)"
	odd 'users_database: mail: row [0-9]+: address: ' "an odd row: $value"
	verdict zed@a.test '111 local' '... of which the domain can be seen'
	account_sql 'DELETE FROM mail WHERE id = 99'
done
account_sql "INSERT INTO mail (id, address) VALUES (99, CAST('bytes@a.test' AS BLOB))"
build
verdict bytes@a.test '0 local' 'an address that was stored as bytes counts'
account_sql 'DELETE FROM mail WHERE id = 99'
set_to email_address
account_sql "INSERT INTO mail (id, name, host) VALUES (99, 'a' || char(0), 'a.test')"
rcptbuild -f
like "$err" 'users_database: mail: row [0-9]+: name: .*NUL byte' 'user and domain: an odd user'
verdict nobody@a.test '111 local' '... may be who is asked for'
account_sql "UPDATE mail SET name = 'a', host = 'a.test ' || char(13) WHERE id = 99"
rcptbuild -f
verdict a@a.test '0 local' 'blanks and line ends do not count here either'
account_sql "UPDATE mail SET name = 'a', host = 'a.' || char(0) || 'test' WHERE id = 99"
rcptbuild -f
verdict nobody@a.test '100 local' 'an odd domain is none of ours'
account_sql "UPDATE mail SET name = 'a', host = 'a.test' || char(0) WHERE id = 99"
rcptbuild -f
verdict a@a.test '111 local' 'one that may be is'
account_sql 'DELETE FROM mail WHERE id = 99'
set_to email_address address
rcptbuild -f
account_sql "INSERT INTO hosts VALUES ('not a domain')"
odd "users_database: hosts: row 5: host: 'not a domain': is no domain" 'an odd domain'
account_sql "DELETE FROM hosts WHERE host LIKE 'not%'"
account_sql 'CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS address FROM n WHERE i < 0'
set_to email_table endless
"$bin/rcptbuild" >"$work/endless.out" 2>&1 &
sleep 0.5
kill $!
wait $!
set_to email_table mail
build
verdict alice@a.test '0 local' 'a view without an end, until it is stopped: the old CDB stays'

# --- what is noticed

account_sql "DELETE FROM mail WHERE address = 'zoe@c.test'" # nothing to warn of
build
settle
like "$err" 'nothing to do' 'nothing to do when nothing has changed'
account_sql "INSERT INTO mail (address) VALUES ('new@a.test')"
rcptbuild
verdict new@a.test '0 local' 'a new user'
account_sql 'PRAGMA journal_mode = WAL' >/dev/null
mkfifo "$work/editor"
sqlite3 "$accounts" <"$work/editor" >/dev/null 2>&1 &
echo $! >"$work/editor.pid"
exec 7>"$work/editor"
echo "PRAGMA wal_autocheckpoint = 0; INSERT INTO mail (address) VALUES ('wal1@a.test');" >&7
await eval 'test "$(account_sql "SELECT count(*) FROM mail WHERE address GLOB '\''wal*'\''")" = 1'
rcptbuild
verdict wal1@a.test '0 local' 'a user who is in the write-ahead log alone'
settle
like "$err" 'nothing to do' 'with one there may be nothing to do'
touch -r "$accounts-wal" "$work/stamp"
touch -r "$accounts" "$work/stamp2"
echo "INSERT INTO mail (address) VALUES ('wal2@a.test');" >&7
await eval 'test "$(account_sql "SELECT count(*) FROM mail WHERE address GLOB '\''wal*'\''")" = 2'
touch -r "$work/stamp" "$accounts-wal"
rcptbuild
verdict wal2@a.test '0 local' 'another, under the time stamp of before'
echo "BEGIN IMMEDIATE; INSERT INTO mail (address) VALUES ('later@a.test');" >&7
await eval '! sqlite3 "$accounts" "BEGIN IMMEDIATE" 2>/dev/null'
rcptbuild -f
is "$code" 0 'a writer does not hold us up'
verdict later@a.test '100 local' 'who is not committed is not there'
echo 'COMMIT;' >&7
exec 7>&-
wait "$(cat "$work/editor.pid")"
rm "$work/editor.pid"
rcptbuild
verdict later@a.test '0 local' 'and then is'
mv "$accounts" "$work/away"
rcptbuild
is "$code" 111 'the database is gone: 111'
verdict alice@a.test '0 local' 'the old CDB stays'
mv "$work/away" "$accounts"
rcptbuild
is "$code" 0 'and it is back'
awk 'BEGIN { print "BEGIN;"; for (i = 0; i < 50; i++) print "INSERT INTO mail (address) VALUES (\x27u" i "@a.test\x27);"; print "COMMIT;" }' | sqlite3 "$accounts"
build
account_sql 'DELETE FROM mail WHERE id > 5'
bad 'users_database: has [0-9]+ users, had [0-9]+: taken for an accident' 'a database that lost its users'
rcptbuild -f
account_sql "DELETE FROM hosts"
bad 'users_database: has 0 users, had' 'one that lost its domains'
verdict alice@a.test '0 local' 'nobody is let in or refused by that'
account_sql "INSERT INTO hosts VALUES ('a.test'), ('b.test')"
build
if [ "$(id -u)" -eq 0 ]; then
	# An account database of somebody else, in a folder of his
	mkdir "$work/theirs"
	echo keep >"$work/precious"
	sqlite3 "$work/theirs/db" ".restore $accounts"
	chown -R nobody "$work/theirs"
	ln -s "$work/precious" "$work/theirs/db-wal"
	set_to users_database "$work/theirs/db"
	rcptbuild -f
	is "$(stat -c %U "$work/precious") $(cat "$work/precious")" 'root keep' "no file of ours becomes his through a link of his"
	rm "$work/theirs/db-wal"
	rcptbuild -f
	is "$code" 0 'his database is read'
	verdict alice@a.test '0 local' 'with its users'
	ln -s /dev/zero "$work/theirs/db-wal"
	timeout 20 "$bin/rcptbuild" >/dev/null 2>&1
	ok 'a device in the place of his write-ahead log holds nobody up' test $? -ne 124
	rm "$work/theirs/db-wal"
	chown root "$work/theirs/db"
	chmod 600 "$work/theirs/db"
	rcptbuild -f
	is "$code" 111 'a file of root in his folder is not read as root'
	like "$err" 'by the rights of its owner, user [0-9]+' 'which it says'
	chown nobody "$work/theirs/db"
	chmod 000 "$work/theirs/db"
	rcptbuild -f
	is "$code" 111 'by his own rights'
else
	skip 7 'only root becomes others'
fi

# --- the same answers as check_user

for round in 1 2 3; do
	make_home "random$round"
	"$bin/rcptbuild" >"$work/out" 2>&1
	accounts=$work/random$round.db
	tests/lib/checkuser.pl rows "$round" 3000 | sqlite3 "$accounts"
	tests/lib/checkuser.pl asks "$round$round" 20000 >"$work/asks"
	set_to users_database "$accounts"
	set_to email_table users
	set_to domain_table domains
	set_to domain_domain name
	set_to email_user user
	set_to email_domain domain
	for parts in parts address; do
		[ $parts = parts ] || set_to email_address address
		rcptbuild -f
		is "$code" 0 "random users $round, by $parts" || diag "$err"
		"$bin/rcptcheck" -b <"$work/asks" >"$work/answers" 2>/dev/null
		ok "20,000 random recipients: the answers of check_user" \
		    tests/lib/checkuser.pl compare $parts "$accounts" "$work/asks" "$work/answers"
	done
done

# --- PostfixAdmin's SQLite schema, as its own upgrade.php has it

admin=$top/build/root-postfixadmin/usr/share/postfixadmin/public/upgrade.php
if [ -e "$admin" ]; then
	make_home postfixadmin
	build
	accounts=$work/postfixadmin.db
	perl -0777 -ne '
		my %to = (IF_NOT_EXISTS => "IF NOT EXISTS", AUTOINCREMENT => "integer PRIMARY KEY AUTOINCREMENT NOT NULL",
		    PRIMARY => "PRIMARY KEY", FULLTEXT => "text", INT => "int(11) NOT NULL DEFAULT 0",
		    BIGINT => "bigint(20) NOT NULL DEFAULT 0", BOOLEAN => "tinyint(1) NOT NULL DEFAULT 0",
		    BOOLEAN_TRUE => "tinyint(1) NOT NULL DEFAULT 1", DATE => "datetime NOT NULL default \x272000-01-01\x27",
		    DATEFUTURE => "datetime NOT NULL default \x272038-01-18\x27",
		    DATECURRENT => "datetime NOT NULL default CURRENT_TIMESTAMP");
		my ($all) = /function upgrade_1824_sqlite\(\) \{(.*?)\n\}/s or die;
		while ($all =~ /db_query_parsed\("(.*?)"\)/gs) {
			my $sql = $1;
			next unless $sql =~ /CREATE TABLE/;
			$sql =~ s/\$(\w+)_table/$1/g;
			$sql =~ s/\{(\w+)\}/$to{$1} \/\/ die $1/ge;
			print "$sql\n";
		}' "$admin" | sqlite3 "$accounts"
	is "$(account_sql "SELECT count(*) FROM sqlite_schema WHERE name IN ('domain', 'alias', 'mailbox', 'alias_domain')")" 4 \
	    "PostfixAdmin's tables"
	account_sql "INSERT INTO domain (domain, description, transport, backupmx) VALUES ('ALL', '', '', 0), ('shop.test', '', 'virtual', 0),
	    ('all.test', '', '', 0), ('backup.test', '', '', 1), ('also.test', '', '', 0);
	    INSERT INTO alias_domain (alias_domain, target_domain) VALUES ('also.test', 'shop.test');
	    INSERT INTO mailbox (username, password, name, maildir, local_part, domain) VALUES ('ann@shop.test', 'x', '', '', 'ann', 'shop.test');
	    INSERT INTO alias (address, goto, domain) VALUES ('ann@shop.test', 'ann@shop.test', 'shop.test'),
		('info@shop.test', 'ann@shop.test,x@elsewhere.test', 'shop.test'), ('@all.test', 'ann@shop.test', 'all.test')" ||
	    diag "$(account_sql .schema)"
	# The views and settings that INSTALL has
	sed -n '/CREATE VIEW rcptcheck_domains/,/;$/p; /CREATE VIEW rcptcheck_users/,/;$/p' INSTALL | sed 's/^.*> *//' | sqlite3 "$accounts"
	set_to users_database "$accounts"
	set_to email_table rcptcheck_users
	set_to email_address address
	set_to domain_table rcptcheck_domains
	set_to domain_domain domain
	rcptbuild
	is "$code $err" '0 ' 'its aliases, among which all mailboxes are' || diag "$err"
	verdict ann@also.test '0 local' 'an alias domain has the users of its target'
	verdict nobody@also.test '100 local' 'and no others'
	verdict anybody@backup.test '0 foreign' 'a domain for which it is the backup is not judged by its aliases'
	set_to domain_table domain
	set_to email_table alias
	rcptbuild -f
	verdict nobody@also.test '111 local' 'the tables themselves: an alias domain has no users, which is no proof'
	verdict ann@shop.test '0 local' 'a mailbox'
	verdict Info@shop.test '0 local' 'an alias'
	verdict nobody@shop.test '100 local' 'no user'
	verdict whoever@all.test '0 local' 'a catch-all'
	set_to email_address
	set_to email_table mailbox
	set_to email_user local_part
	set_to email_domain domain
	rcptbuild -f
	verdict ann@shop.test '0 local' 'its mailboxes, by user and domain'
	verdict info@shop.test '100 local' 'an alias is none'
	set_to email_user
	set_to email_domain
	set_to email_address username
	rcptbuild -f
	verdict ann@shop.test '0 local' 'its mailboxes, by address'
else
	skip 13 'tests/unpack postfixadmin was not run'
fi

done_testing
