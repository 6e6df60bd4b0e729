#!/bin/sh
# routes.cdb, from the table and from lists, and routequery, which looks into it: who is where, which server
# lives, and that a mistake in the one file does not hold up the other.
# shellcheck disable=SC2317 # functions that await calls
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/home.sh
. tests/lib/home.sh

routes=$RCPTCHECK_HOME/data/routes.cdb
live=$RCPTCHECK_HOME/route/live

rcptbuild() {
	run "$bin/rcptbuild" "$@"
}

query() {
	run "$bin/routequery" "$@"
}

mailbox() { # VALUES...: rows of user, server, port, order, login, secret
	for values; do
		sql "INSERT INTO mailboxes VALUES ($values)"
	done
}

pair() { # KEY: of the last answer
	printf '%s\n' "$out" | sed -n "s/^\(.* \)\{0,1\}$1=\([^ ]*\).*/\2/p"
}

# USER WANT: "login server port match", without connecting
goes() {
	query -n "$1"
	is "$(pair login) $(pair server) $(pair port) $(pair match)" "$2" "$1"
}

inode() {
	stat -c %i "$1"
}

# Something that takes connections there
listen_at() { # NAME IP PORT
	tcpserver -H -R -l0 -c 100 "$2" "$3" true </dev/null >"$work/$1.log" 2>&1 &
	echo $! >"$work/$1.pid"
	await connects "$2" "$3" || diag "$1 does not listen: $(cat "$work/$1.log")"
}

connects() {
	perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5)' "$1" "$2"
}

# --- without mailboxes

ok 'without mailboxes there is no routes.cdb' test ! -e "$routes"
ok 'and no folder route' test ! -e "$RCPTCHECK_HOME/route"
query joe
is "$code" 111 'routequery without a map: 111'
like "$err" 'routes.cdb: No such file' 'and says so'
mkdir "$RCPTCHECK_HOME/route"
mv "$RCPTCHECK_HOME/data/rcptcheck.cdb" "$work/away.cdb" 2>/dev/null
query -d 127.0.0.7
is "$code" 111 'routequery -d without any file: 111'
like "$err" 'routes.cdb: No such file' 'and says so'
sql "INSERT INTO domain_ips VALUES ('down.test', '127.0.0.7', 2525, NULL)"
rcptbuild
query -d 127.0.0.7
is "$code" 0 'routequery -d without a map marks the servers of domains'
query -d 127.0.0.8
is "$code" 100 '... and says who is none: 100'
query -u 127.0.0.7
is "$code" 0 'routequery -u, too'
sql "DELETE FROM domain_ips WHERE domain = 'down.test'"
rcptbuild -f
rm -r "$RCPTCHECK_HOME/route"
run env RCPTCHECK_HOME="$work/nowhere" "$bin/routequery" joe
is "$code" 111 'no home: 111'
for arguments in '' '-x' '-b joe' '-c -d h:1' '-p smtp joe' '-d' 'joe jim' '-c joe'; do
	# shellcheck disable=SC2086 # words
	query $arguments
	is "$code $(printf '%s' "$err" | grep -c '^usage: routequery')" '111 1' "usage: routequery $arguments"
done

# --- who is where

sql "INSERT INTO settings VALUES ('route_connect_timeout', NULL, '2s')"
mailbox "'joe','127.0.0.1',143,1,NULL,NULL" "'joe@one.test','127.0.0.2',NULL,1,NULL,NULL" \
    "'ann@One.Test','127.0.0.3',NULL,NULL,'s009','geheim1'" "'UPPER','127.0.0.4',NULL,NULL,NULL,NULL" \
    "'upper','127.0.0.5',NULL,NULL,NULL,NULL" "'a-f','127.0.0.6',NULL,NULL,NULL,NULL" \
    "'g-m@one.test','127.0.0.7',NULL,NULL,'%n',NULL" "'g-z','127.0.0.8',NULL,NULL,NULL,NULL" \
    "'jim*@one.test','127.0.0.9',NULL,NULL,NULL,NULL" "'@one.test','127.0.0.10',NULL,NULL,'%n*master','geheim2'" \
    "'*@b' || char(252) || 'cher.test','127.0.0.11',NULL,NULL,NULL,NULL" "'\"a-f\"','127.0.0.12',NULL,NULL,NULL,NULL"
rcptbuild
is "$code $err" '0 rcptbuild: route: made this folder' 'compiled'
like "$out" '^rcptbuild: routes: 6 users, 4 ranges, 2 domains, [0-9]+ bytes$' 'and counted'
is "$(stat -c %a "$routes") $(stat -c %a "$RCPTCHECK_HOME/route")" '640 2770' 'modes of the map and of the folder'
goes joe 'joe 127.0.0.1 143 user'
goes joe@one.test 'joe@one.test 127.0.0.2 143 address'
goes joe@two.test 'joe@two.test 127.0.0.1 143 user'
goes JOE@ONE.test 'JOE@ONE.test 127.0.0.2 143 address'
goes ann@one.test 's009 127.0.0.3 143 address'
goes Ann@one.test 's009 127.0.0.3 143 address'
goes UPPER 'UPPER 127.0.0.4 143 user'
goes Upper 'Upper 127.0.0.5 143 user'
goes bob 'bob 127.0.0.6 143 range'
goes Fritz 'Fritz 127.0.0.6 143 range'
goes bob@two.test 'bob@two.test 127.0.0.6 143 range'
goes hugo@one.test 'hugo 127.0.0.7 143 range'
goes jimmy@one.test 'jimmy@one.test 127.0.0.9 143 range'
goes hugo 'hugo 127.0.0.8 143 range'
goes zed@one.test 'zed@one.test 127.0.0.8 143 range'
goes 0815@one.test '0815*master 127.0.0.10 143 domain'
goes 1@xn--bcher-kva.test '1@xn--bcher-kva.test 127.0.0.11 143 domain'
goes a-f 'a-f 127.0.0.12 143 user'
for nobody in 0815 1@two.test '' @one.test joe@ "$(printf 'jo\ne')" "$(printf '%0256d' 1)"; do
	query -n "$nobody"
	is "$code $out" '100 ' "nobody: '$(printf '%s' "$nobody" | tr '\n' '?' | cut -c 1-20)'"
done
query -n -p pop3 ann@one.test
is "$(pair port) $(pair secret) $(pair source)" '110 yes mailboxes:3' 'POP3, a secret, the source'

# --- secrets

everything=$("$bin/routequery" ann@one.test 2>&1; echo ann@one.test | "$bin/routequery" -b 2>&1; "$bin/rcptbuild" -v 2>&1
    cat "$RCPTCHECK_HOME"/data/*.state "$RCPTCHECK_HOME"/data/*.counts; strings "$cdb" 2>/dev/null || cat -v "$cdb")
unlike "$everything" geheim 'no secret is printed, or in another file'
like "$(cdb -d "$routes" | cat -v)" geheim1 'it is in routes.cdb'
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$RCPTCHECK_HOME" "$RCPTCHECK_HOME/data"
	sql "INSERT INTO settings VALUES ('route_group', NULL, 'nogroup')"
	rcptbuild
	is "$(stat -c '%G %a' "$routes")" 'nogroup 640' 'the setting route_group'
	run setpriv --reuid=65534 --regid=65533 --clear-groups "$bin/routequery" -n joe
	is "$code" 111 'others cannot read it'
	run setpriv --reuid=65534 --regid=65533 --groups=65534 "$bin/routequery" -n joe
	is "$code $(pair server)" '0 127.0.0.1' 'the group can'
	sql "DELETE FROM settings WHERE name = 'route_group'"
	rcptbuild -f
	keeps=nogroup
	! getent group route >/dev/null || keeps=route
	is "$(stat -c '%G' "$routes") $(stat -c '%G %a' "$RCPTCHECK_HOME/route")" "$keeps $keeps 2770" \
	    'else a new file keeps the group of the old one, and the folder has it'
	sql "INSERT INTO settings VALUES ('route_group', NULL, 'no-such')"
	rcptbuild
	like "$code $err" "^0 .*there is no group 'no-such' here" 'a group that is not there: a warning'
	sql "DELETE FROM settings WHERE name = 'route_group'"
	rcptbuild
else
	skip 5 'only root can give files to a group'
fi

# --- what is bad stays with its own file

was=$(inode "$routes")
sql "INSERT INTO mailboxes VALUES ('zoe','300.1.1.1',NULL,NULL,NULL,'geheim3')"
primary new.test 2525
sql "INSERT INTO settings VALUES ('mode', 'new.test', 'off')"
rcptbuild
is "$code $(inode "$routes")" "100 $was" 'a bad row: 100, and the old map stays'
is "$err" "rcptbuild: mailboxes: rowid 13: server: '300.1.1.1': neither an address nor a host name" 'it is named'
check joe@new.test
is "$code $(field why)" '0 off' 'rcptcheck.cdb was built all the same'
rcptbuild
is "$code $err" '100 ' 'cron hears of it once, and the exit code stays'
sql "UPDATE mailboxes SET server = '127.0.0.13' WHERE rowid = 13;
    INSERT INTO domain_ips VALUES ('bad.test', '300.1.1.1', NULL, NULL)"
rcptbuild
is "$code" 100 'a bad row of domain_ips: 100'
goes zoe 'zoe 127.0.0.13 143 user'
sql "DELETE FROM domain_ips WHERE domain = 'bad.test'"
rcptbuild
is "$code $err" '0 ' 'all is well'
sql "INSERT INTO settings VALUES ('route_retry', NULL, '0s')"
was=$(inode "$routes")
rcptbuild
is "$code $(inode "$routes") $(printf '%s\n' "$err" | grep -c "value: '0s'")" "100 $was 1" 'a bad setting: 100, named once'
sql "DELETE FROM settings WHERE name = 'route_retry'"
mailbox "'b-d','127.0.0.1',NULL,NULL,NULL,NULL"
rcptbuild
like "$code $err" "^100 .*user: 'b-d': overlaps another range" 'ranges that overlap'
sql "DELETE FROM mailboxes WHERE user = 'b-d'"
rcptbuild
was=$(inode "$routes")
sql "INSERT INTO always_accept VALUES ('x@new.test')"
rcptbuild
is "$code $(inode "$routes")" "0 $was" 'what is no change of mailboxes makes no new map'
mv "$RCPTCHECK_HOME/data/rcptcheck.db" "$work/away.db"
rcptbuild
is "$code $(inode "$routes")" "111 $was" 'a database that is lost takes no map along'
mv "$work/away.db" "$RCPTCHECK_HOME/data/rcptcheck.db"

# --- several users who differ in case alone, and none in lower case

mailbox "'FRED','127.0.0.51',NULL,NULL,NULL,NULL" "'Fred','127.0.0.52',NULL,NULL,NULL,NULL"
rcptbuild
goes FRED 'FRED 127.0.0.51 143 user'
goes Fred 'Fred 127.0.0.52 143 user'
goes fred 'fred 127.0.0.51 143 user'
mailbox "'fred','127.0.0.53',NULL,NULL,NULL,NULL"
rcptbuild
goes fReD 'fReD 127.0.0.53 143 user'
goes FRED 'FRED 127.0.0.51 143 user'
unlike "$err" 'in lower case' 'without secrets nothing is said of that'
sql "UPDATE mailboxes SET secret = 'geheim9' WHERE lower(user) = 'fred'"
rcptbuild
like "$err" "warning: mailboxes: 2 users with a secret are not in lower case, such as 'FRED': " 'with them it is'
is "$(printf '%s\n' "$err" | grep -c 'in lower case')" 1 '... once'
unlike "$err" geheim '... and no secret is shown'
sql "DELETE FROM mailboxes WHERE lower(user) = 'fred'"
rcptbuild
unlike "$err" 'in lower case' '... until they are gone'

# --- lists

printf 'kim@list.test\t127.0.0.21:143\tk\tgeheim4\n# a remark\n\nkim@list.test\t127.0.0.22:143\r\nlea@list.test\t[::1]:993\n' >"$work/list"
rcptbuild -m staff <"$work/list"
is "$code $err" '0 ' 'a list'
is "$(stat -c %a "$RCPTCHECK_HOME/data/feeds/staff.mailboxes")" 640 'is stored'
goes kim@list.test 'k 127.0.0.21 143 address'
query -n kim@list.test
is "$(pair servers) $(pair source)" '2 feeds/staff.mailboxes:1' 'its servers, and where that stands'
goes lea@list.test 'lea@list.test ::1 993 address'
goes joe 'joe 127.0.0.1 143 user'
rcptbuild -u staff <<-'LIST'
	=users.test
	joe@users.test
LIST
is "$code $err" '0 ' 'a list of users of the same name is another'
goes kim@list.test 'k 127.0.0.21 143 address'
printf 'kim@list.test\t127.0.0.99\nmax 127.0.0.1\nmia\th:0\nmo\th\tx\tgeh\001eim5\n' >"$work/bad"
rcptbuild -m staff <"$work/bad"
is "$code" 100 'a bad list: 100'
is "$err" "$(cat <<-'SAID'
	rcptbuild: feeds/staff.mailboxes: line 2: server: must be user, tab, server[:port], and maybe tab, login, tab, secret
	rcptbuild: feeds/staff.mailboxes: line 3: server: has no port from 1 to 65535 behind the colon
	rcptbuild: feeds/staff.mailboxes: line 4: secret: has control bytes in it
	rcptbuild: the list is not stored: what is bad, there or elsewhere, stands above
	rcptbuild: routes: something is bad, so data/routes.cdb stays as it is until that is corrected
SAID
)" 'each bad line is named, no secret shown'
goes kim@list.test 'k 127.0.0.21 143 address'
printf 'kim@list.test\t\tgeheim6 x\nlea@list.test\tgeheim7 x:143\nmo@list.test\tbad host\tx\tgeheim8\n' >"$work/bad"
rcptbuild -m staff <"$work/bad"
unlike "$code $err" 'geheim|^0' 'nor what stands where the secret does not belong'
sql "INSERT INTO domain_ips VALUES ('late.test', '127.0.0.1', 2525, NULL); INSERT INTO always_accept VALUES ('y@late.test')"
was=$(cksum "$RCPTCHECK_HOME/data/feeds/staff.mailboxes" "$routes")
list_stays() { # CODE WHY NAME
	like "$code $err" "^$1 .*$2" "$3"
	is "$(cksum "$RCPTCHECK_HOME/data/feeds/staff.mailboxes" "$routes")" "$was" '... neither stored nor used'
}
rcptbuild -m staff </dev/null
list_stays 100 'the list is empty' 'an empty list: 100'
check y@late.test
is "$code $(field why)" '0 listed' '... but rcptcheck.cdb is built: nothing there is bad'
printf 'kim@list.test\t127.0.0.66\nlea@list.test\t127.0.0.66\nmax@list.test\t127.0.0.6' | "$bin/rcptbuild" -m staff >"$work/out" 2>"$work/err"
code=$? err=$(cat "$work/err")
list_stays 100 'was the list cut off' 'a list that was cut off: 100'
rcptbuild -nm staff </dev/null
list_stays 100 'the list is empty' 'the same with -n'
cp "$work/list" "$work/cut"
printf 'max@list.test\t127.0.0.66' >>"$work/cut"
rcptbuild -fm staff <"$work/cut"
is "$code" 0 '-f takes it'
goes max@list.test 'max@list.test 127.0.0.66 143 address'
rcptbuild -m staff <"$work/list"
for number in $(seq 1 100); do printf '0u%s@many.test\t127.0.0.31\n' "$number"; done >"$work/many"
rcptbuild -m many <"$work/many"
is "$code" 0 'a hundred'
head -n 40 "$work/many" | "$bin/rcptbuild" -m many >"$work/out" 2>"$work/err"
is "$? $(cut -d : -f 2-3 "$work/err" | head -n 1)" '100  feeds/many.mailboxes: has 40 users, had 100' 'less than half of them: taken for an accident'
advice=$(sed -n '1s/.*run rcptbuild \(.*\) < list$/\1/p' "$work/err")
like "$(head -n 1 "$work/err")" 'if it is right, run rcptbuild -f -m many < list$' '... and what to do if it is none'
goes 0u100@many.test '0u100@many.test 127.0.0.31 143 address'
# shellcheck disable=SC2086 # words
head -n 40 "$work/many" | "$bin/rcptbuild" $advice >"$work/out" 2>"$work/err"
is "$?" 0 '... that takes it'
query -n 0u100@many.test
is "$(pair match)" '' 'and who is not in it is gone'
rcptbuild -m shrinks <"$work/list"
rm "$RCPTCHECK_HOME/data/feeds/shrinks.mailboxes"
head -n 10 "$work/many" | "$bin/rcptbuild" -fm many >"$work/out" 2>"$work/err"
is "$? $(cut -d : -f 2-3 "$work/err" | head -n 1)" '100  feeds/shrinks.mailboxes: has 0 users, had 3' '-f with a list forgives that list alone'
rcptbuild -fu staff </dev/null
is "$code" 100 'and with a list of users no list of mailboxes'
printf '=users.test\njoe@users.test\n' | "$bin/rcptbuild" -fu staff >/dev/null 2>&1
rcptbuild -f
is "$code" 0 'alone it forgives all'
rcptbuild -nm many </dev/null
is "$code" 100 '-n only checks'
goes 0u40@many.test '0u40@many.test 127.0.0.31 143 address'
printf 'first@blank.test\t127.0.0.21\tkim \tx\nsecond@blank.test\t127.0.0.21\t\t geheim9\n' >"$work/blanks"
rcptbuild -m blanks <"$work/blanks"
is "$code $(printf '%s\n' "$err" | grep -c 'feeds/blanks.mailboxes: line [12]: \(login\|secret\): has a blank at an end: no header')" '0 2' \
    'a login and a secret that nginx cannot be told: warnings'
unlike "$err" geheim '... which show no secret'
rm "$RCPTCHECK_HOME/data/feeds/blanks.mailboxes"
mailbox "'blank','127.0.0.1',NULL,NULL,' blank','geheim10 '"
rcptbuild -f
is "$code $(printf '%s\n' "$err" | grep -c "mailboxes: rowid [0-9]*: \(login: ' blank'\|secret: '(not shown)'\): has a blank at an end")" '0 2' \
    'the same in the table'
sql "DELETE FROM mailboxes WHERE user = 'blank'"
rm "$RCPTCHECK_HOME/data/feeds/many.mailboxes"
rcptbuild
is "$code" 100 'a list that is gone: taken for an accident'
rcptbuild -f
query -n 0u40@many.test
is "$code" 100 'unless -f is given'
for name in '' a.b ../x -x "$(printf '%065d' 1)"; do
	rcptbuild -m "$name" </dev/null
	is "$code" 111 "no name of a list: '$name'"
done
rcptbuild -u a -m b </dev/null
is "$code" 111 '-u and -m'

# --- host names

mailbox "'host','localhost',NULL,NULL,NULL,NULL" "'nohost','nosuch.invalid',NULL,1,NULL,NULL"
rcptbuild
like "$code $err" "^0 .*mailboxes: host name 'nosuch.invalid' does not resolve" 'a name that does not resolve: a warning'
query -n host
like "$(pair server) $(pair address)" '^localhost (127.0.0.1|::1)$' 'a name and its address'
query nohost
is "$code $(pair server) $(pair address) $(pair live)" '0 nosuch.invalid "" unknown' 'one without an address'
sql "DELETE FROM mailboxes WHERE user LIKE '%host'"

# --- which lives

first=$(free_port)
second=$(free_port)
mailbox "'two','127.0.0.1',$second,2,NULL,NULL" "'two','127.0.0.1',$first,1,NULL,NULL" "'single','127.0.0.1',$first,NULL,NULL,NULL"
rcptbuild
listen_at first 127.0.0.1 "$first"
listen_at second 127.0.0.1 "$second"
lives() { # WANT NAME: "port live" of two
	query two
	is "$(pair port) $(pair live)" "$1" "$2"
}
lives "$first yes" 'both live: the first'
ok 'nothing is remembered of that' test ! -s "$live" -o "$(tr -d '\0' <"$live" | wc -c)" -eq 0
stop_pid "$work/first.pid"
lives "$second yes" 'the first is dead: the second'
is "$(stat -c %a "$live")" 660 'that is remembered'
query -n two
is "$(pair port)" "$second" 'for those who do not ask'
query single
is "$(pair port) $(pair live)" "$first no" 'who has one server is sent there'
listen_at first 127.0.0.1 "$first"
lives "$second yes" 'it is back, and left alone for a while'
query -u "127.0.0.1:$first"
is "$code" 0 'routequery -u'
lives "$first yes" 'it is back'
query -d "127.0.0.1:$first"
is "$code" 0 'routequery -d'
lives "$second yes" 'it is down although it answers'
stop_pid "$work/second.pid"
lives "$first down" 'all are dead or down: the first'
query -u "localhost:$first"
is "$code" 0 'routequery -u, by name'
lives "$first yes" 'it is up'
stop_pid "$work/first.pid"
lives "$first no" 'all are dead: the first'
listen_at second 127.0.0.1 "$second"
lives "$second yes" 'one comes back while both are remembered: it is given'
query -d 127.0.0.99
is "$code" 100 'a host that is in no route: 100'
query -d 127.0.0.99:143
is "$code" 0 'with a port it is marked all the same'
like "$err" 'no route has the server 127.0.0.99:143; it is marked all the same' '... and that is said'
query -u 127.0.0.99:143
query -d 127.0.0.1:99999
is "$code" 111 'no port: 111'

# --- all ports of a host: -d takes it out of all of them
primary ports.test 2526 127.0.0.81
mailbox "'ports','127.0.0.81',NULL,1,NULL,NULL" "'ports','127.0.0.82',NULL,2,NULL,NULL" \
    "'port','127.0.0.81',2143,1,NULL,NULL" "'port','127.0.0.82',2143,2,NULL,NULL"
rcptbuild
marked() { # prints the ports of 127.0.0.81 that are down
	perl -e 'undef $/; open my $f, "<", $ARGV[0]; my $all = <$f>;
		print join " ", sort { $a <=> $b } map { my ($kind, $family, $port, $n, @ip) = unpack "CCvVC4", $_;
		    $kind == 2 && "@ip" eq "127 0 0 81" ? $port : () } unpack "(a48)*", $all' "$live"
}
query -d 127.0.0.81
is "$code $(marked)" '0 25 110 143 2143 2526' 'those of routes, of the protocols, of SMTP and of domains'
query -n port
is "$(pair server)" 127.0.0.82 'it is out of a route with a port'
query -u 127.0.0.81
is "$code $(marked)" '0 ' 'up: all of them'
query -d 127.0.0.81:2500
is "$code $(marked)" '0 2500' 'the port that Perdition has from -m alone'
query -u 127.0.0.81:2500
is "$code $(marked)" '0 ' 'up'
mv "$cdb" "$work/cdb.away"
query -d 127.0.0.81
is "$code $(marked) $err" '0 25 110 143 2143 ' 'without rcptcheck.cdb'
query -u 127.0.0.81
echo damage >"$cdb"
query -d 127.0.0.81
like "$code $(marked) $err" '^0 25 110 143 2143 .*rcptcheck.cdb: ' 'one that is damaged is said'
query -u 127.0.0.81
mv "$work/cdb.away" "$cdb"
mv "$routes" "$work/routes.away"
query -d 127.0.0.81
is "$code" 0 'no map: those of domains'
like "$err" 'routes.cdb: No such file' '... and what is missing is said'
query -d 127.0.0.81:2143
is "$code" 0 '... but a port can be marked'
mv "$work/routes.away" "$routes"
query -u 127.0.0.81:2143
sql "DELETE FROM mailboxes WHERE user IN ('ports', 'port')"
rcptbuild

# --- what others do to the memory
query -d "127.0.0.1:$second"
listen_at first 127.0.0.1 "$first"
query -u "127.0.0.1:$first"
head -c 98304 /dev/urandom >"$live"
lives "$first yes" 'noise in it'
head -c 1000 /dev/zero >"$live"
lives "$first yes" 'it is cut'
query -d "127.0.0.1:$first"
is "$code" 111 'and cannot be marked in'
rm -f "$live"
mkdir "$live"
lives "$first yes" 'it is a folder'
rmdir "$live"
ln -s "$work/elsewhere" "$live"
lives "$first yes" 'it is a link'
ok 'which is not followed' test ! -e "$work/elsewhere"
rm -f "$live"
mkfifo "$live"
lives "$first yes" 'it is a FIFO'
rm -f "$live"
mv "$RCPTCHECK_HOME/route" "$work/route.away"
lives "$first yes" 'there is no folder for it'
mv "$work/route.away" "$RCPTCHECK_HOME/route"

# --- many, and while it is replaced

printf 'single\r\n\njoe@nowhere\nnobody@\n' >"$work/users"
run "$bin/routequery" -b <"$work/users"
is "$code $out" "100 $(printf 'single\tsingle\t127.0.0.1\t%s\tyes\tmailboxes:16\njoe@nowhere\tjoe@nowhere\t127.0.0.1\t143\tno\tmailboxes:1\nnobody@\t-\t-\t-\tnone\t-' "$first")" \
    'routequery -b'
mkfifo "$work/in" "$work/answers"
"$bin/routequery" -b -n <"$work/in" >"$work/answers" 2>"$work/batch.err" &
echo $! >"$work/batch.pid"
exec 5>"$work/in" 6<"$work/answers"
asked() { # prints the server of joe
	echo joe >&5
	read -r answer <&6
	printf '%s' "$answer" | cut -f 3
}
is "$(asked)" 127.0.0.1 'a batch that goes on'
sql "UPDATE mailboxes SET server = '127.0.0.77' WHERE user = 'joe'"
rcptbuild
is "$(asked)" 127.0.0.77 'a new map is in use at once'
cp "$routes" "$work/good.cdb"
head -c 3000 "$work/good.cdb" >"$routes.new"
mv "$routes.new" "$routes"
is "$(asked)" 127.0.0.77 'one that is cut leaves the old one in use'
is "$(asked)" 127.0.0.77 'and is not read again'
like "$(cat "$work/batch.err")" 'data/routes.cdb: damaged.*: that of before stays in use' 'it is said'
is "$(wc -l <"$work/batch.err")" 1 'once'
query joe
is "$code" 111 'who starts then has none: 111'
rm "$routes"
is "$(asked)" 127.0.0.77 'it is removed: the old one is in use'
rcptbuild
is "$code $(asked)" '0 127.0.0.77' 'rcptbuild makes it anew'
exec 5>&- 6<&-
for byte in $(seq 2048 97 "$(stat -c %s "$work/good.cdb")"); do
	cp "$work/good.cdb" "$routes"
	printf '\377' | dd of="$routes" bs=1 seek="$byte" conv=notrunc 2>/dev/null
	query -n joe
	case "$code $(pair server)" in
	'0 127.0.0.77' | '111 ') ;;
	*) wrong="$wrong $byte:$code:$(pair server)" ;;
	esac
done
is "${wrong-}" '' 'a damaged byte: the right answer, or 111'
rm -f "$routes"

for number in $(seq 1 3000); do printf 'user%s@big.test\t127.0.0.%s\n' "$number" $((number % 200 + 1)); done >"$work/big"
for number in $(seq 10 99); do printf '%s0-%s9*@big.test\t127.1.0.%s\n' "$number" "$number" "$number"; done >>"$work/big"
rcptbuild -m big <"$work/big"
is "$code" 0 'three thousand users and ninety ranges'
goes user1999@big.test 'user1999@big.test 127.0.0.200 143 address'
goes 427xyz@big.test '427xyz@big.test 127.1.0.42 143 range'
goes 999@big.test '999@big.test 127.1.0.99 143 range'
query -n 42@big.test
is "$code" 100 'shorter than a range'

done_testing
