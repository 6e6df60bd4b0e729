#!/bin/sh
# relayd, relaymark, relaywrap and relayage by themselves: who has logged in may relay until that is over, and nobody
# else; no mail user is kept from his mail, whatever is broken.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/relay.sh

# What the next program sees: its environment and arguments go to a file
seen=$work/seen
cat >"$work/next" <<SCRIPT
#!/bin/sh
{ echo "\$# \$*"; env; ls -l /proc/\$\$/fd; } >$seen
exit \${NEXT_CODE:-0}
SCRIPT
chmod 755 "$work/next"

mark 192.0.2.99
is "$code" 0 'without relayd the next program runs'
like "$err" '^relaymark: no mark: .*relay.sock: relayd does not run$' 'and the log says why'
run env TCPREMOTEIP=192.0.2.1 "$bin/relaywrap" env
is "$code" 0 'without relay.cdb and relay.db, too'
unlike "$out" '^RELAYCLIENT' 'but not as a relay client'
like "$err" 'relaywrap: no relaying: relay.cdb: No such file.*; relay.db: unable to open' 'and the log says why'
[ "$(id -u)" -ne 0 ] || chown root "$relay"
run timeout 10 "$bin/relayd"
if [ "$(id -u)" -eq 0 ]; then
	is "$code" 111 'root starts no relayd in a folder of root'
	like "$err" 'belongs to root' 'and says so'
	chown nobody "$relay"
else
	skip 2 'only root can become somebody else'
fi
rm -rf "${relay:?}"/* "${RCPTCHECK_HOME:?}"/run/*

start_relayd -v
if [ "$(id -u)" -eq 0 ]; then
	is "$(ps -o user= -o group= -p "$(relayd_id)" | tr -s ' ')" 'nobody nogroup' 'started by root, it runs as the owner of relay'
else
	skip 1 'only root can become somebody else'
fi
is "$(stat -c '%a' "$relay" "$relay/relay.db" "$relay/relay.db-wal" "$relay/relay.db-shm" "$relay/relay.cdb" | tr '\n' ' ')" \
    '755 644 644 644 644 ' 'all may read what it writes'
is "$(stat -c '%a' "$relay/private")" 700 'but for the strict door'
is "$(rows 'PRAGMA journal_mode')" wal 'relay.db has a write-ahead log'
is "$(rows "SELECT group_concat(name || ' ' || type, ', ') FROM pragma_table_info('relay')")" \
    'ip VARCHAR, logintime INTEGER, expires INTEGER, user VARCHAR, source VARCHAR' 'the table'

# A login, and who may relay by it
is "$(wrap 192.0.2.1)" unset 'before a login'
is "$(cat "$work/wrap.err")" '' 'which is nothing to complain about'
mark 192.0.2.1 joe@example.org
is "$code $out$err" '0 ' 'a login: nothing is said'
is "$(row 192.0.2.1)" '1|1800|joe@example.org|checkpassword' 'its row, for 30 minutes'
is "$(wrap 192.0.2.1)" "set to ''" 'the next connection may relay'
is "$(in_cdb 192.0.2.1)" OK 'for Postfix, too'
is "$(wrap ::ffff:192.0.2.1)" "set to ''" 'the same client in IPv6'
is "$(wrap 192.0.2.2)$(in_cdb 192.0.2.2)$(in_cdb 192.0.2)$(in_cdb '')" unset 'nobody else'
like "$(cat "$relayd_log")" 'mark ip=192.0.2.1 user=joe@example.org source=checkpassword uid=' 'relayd -v says who'
mark 2001:DB8:0:0::00AA:1
is "$(rows "SELECT ip FROM relay WHERE ip LIKE '%:%'")" '2001:db8::aa:1' 'IPv6 in the form that Postfix asks for'
is "$(in_cdb 2001:db8::aa:1) $(wrap 2001:db8::aa:1)" "OK set to ''" 'may relay'
mark ::ffff:198.51.100.7
is "$(in_cdb 198.51.100.7) $(wrap 198.51.100.7)" "OK set to ''" 'a mapped address is the IPv4 it is'

# Never an open relay by accident
before=$(rows 'SELECT count(*) FROM relay')
for odd in '' 0.0.0.0 :: ::ffff:0.0.0.0 ::ffff:0:192.0.2.1 ::192.0.2.1 0.0.0.0/0 ::/0 192.0.2.0/24 fe80::1%eth0 fe80::1 \
    255.255.255.255 224.0.0.1 192.0.2 unknown localhost 192.0.2.01 ' 192.0.2.1' '192.0.2.1
192.0.2.9' '[192.0.2.1]' "' OR 1=1 --"; do
	mark "$odd"
	is "$code $(wrap "$odd")" '0 unset' "'$(echo "$odd" | tr '\n' ' ')' is marked by nobody, and never relays"
	like "$err$(cat "$work/wrap.err")" "^relaymark: no mark for the client's address: .*relaywrap: no relaying: client address " 'both say so'
done
is "$(rows 'SELECT count(*) FROM relay')" "$before" 'no row came of them'
run env -u TCPREMOTEIP "$bin/relaywrap" env
unlike "$out" '^RELAYCLIENT' 'nor does a client without an address'
mark 127.0.0.1
is "$(row 127.0.0.1)" '1|0|joe|checkpassword' "a login from this host's own address is noted"
is "$(wrap 127.0.0.1)$(in_cdb 127.0.0.1)$(rows "SELECT * FROM relay_ok WHERE ip = '127.0.0.1'")" unset \
    'but opens nothing: it may be a proxy'

mark 127.3.2.1
is "$(row 127.3.2.1)" '' 'but not each of its 16 million addresses'
like "$(cat "$relayd_log")" 'a login from this host itself is noted, but lets nobody relay: .*: 127.0.0.1$' 'relayd says so'

# relaywrap
run env TCPREMOTEIP=192.0.2.1 RELAYCLIENT=@other "$bin/relaywrap" env
like "$out" '^RELAYCLIENT=@other$' 'a RELAYCLIENT that is there stays'
run env TCPREMOTEIP=192.0.2.1 "$bin/relaywrap" -c @pop env
like "$out" '^RELAYCLIENT=@pop$' 'the value can be another'
run env TCPREMOTEIP=192.0.2.1 RELAYWRAP_VALUE=@env "$bin/relaywrap" env
like "$out" '^RELAYCLIENT=@env$' 'by the environment, too'
run env TCPREMOTEIP=192.0.2.1 "$bin/relaywrap"
is "$code" 111 'no program'
like "$err" '^relaywrap: usage' 'and it says so'
run env TCPREMOTEIP=192.0.2.1 "$bin/relaywrap" "$work/nowhere"
is "$code" 111 'a program that there is not'
run env TCPREMOTEIP=192.0.2.1 "$bin/relaywrap" sh -c 'exit 42'
is "$code" 42 'the exit code is that of the program'
mkdir "$work/qmail"
ln -s "$bin/relaywrap" "$work/qmail/qmail-smtpd"
ln -s "$work/next" "$work/qmail/qmail-smtpd.noauth"
run env TCPREMOTEIP=192.0.2.1 "$work/qmail/qmail-smtpd" -x y
is "$code $(head -n 1 "$seen") $(grep ^RELAYCLIENT "$seen")" '0 2 -x y RELAYCLIENT=' \
    'called qmail-smtpd, it runs qmail-smtpd.noauth beside it'
run env TCPREMOTEIP=192.0.2.1 PATH="$work/qmail:$PATH" qmail-smtpd here
is "$code $(head -n 1 "$seen") $(grep ^RELAYCLIENT "$seen")" '0 1 here RELAYCLIENT=' 'where PATH has it, too'
rm "$work/qmail/qmail-smtpd.noauth"
run env TCPREMOTEIP=192.0.2.1 "$work/qmail/qmail-smtpd"
is "$code" 111 'without that there is nothing to run'

# relaymark: in which chain is it?
run env -i HOME=/ RCPTCHECK_HOME="$RCPTCHECK_HOME" PATH="$PATH" IP=192.0.2.11 USER=dora "$bin/relaymark" -s imap "$work/next" a b
is "$code $(head -n 1 "$seen") $(row 192.0.2.11)" '0 2 a b 1|1800|dora|imap' 'Dovecot: IP and USER, a source of its own'
run env TCPREMOTEIP=::ffff:192.0.2.12 AUTHENTICATED=cora@example.org USER=vmail "$bin/relaymark" "$work/next" Maildir
is "$code $(head -n 1 "$seen") $(row 192.0.2.12)" '0 1 Maildir 1|1800|cora@example.org|courier' 'Courier: AUTHENTICATED'
run env TCPREMOTEIP=192.0.2.13 AUTHENTICATED= USER=root AUTHUSER=/login AUTHARGV0=x "$bin/relaymark" "$work/next"
is "$code $(row 192.0.2.13)" '0 ' 'old Courier, and nobody has logged in'
run env -u AUTHENTICATED TCPREMOTEIP=192.0.2.13 USER=root AUTHUSER=/login AUTHARGV0=x "$bin/relaymark" "$work/next"
is "$code $(row 192.0.2.13)" '0 ' 'nor without AUTHENTICATED'
run env TCPREMOTEIP=192.0.2.14 USER=mia DOMAIN=example.org "$bin/relaymark" "$work/next"
is "$code $(row 192.0.2.14)" '0 1|1800|mia@example.org|checkpassword' 'mailfront: USER and DOMAIN'
run env TCPREMOTEIP=192.0.2.15 USER="$(printf 'a\nb\001c')" "$bin/relaymark" "$work/next"
is "$(row 192.0.2.15)" '1|1800|a\x0ab\x01c|checkpassword' 'what is foreign in a name is printable'
run env TCPREMOTEIP=192.0.2.16 NEXT_CODE=7 "$bin/relaymark" "$work/next"
is "$code" 7 'the exit code is that of the program'
run env TCPREMOTEIP=192.0.2.16 "$bin/relaymark" -x -t fast "$work/next"
is "$code" 0 'wrong options keep nobody from his mail'
ln -s "$bin/relaymark" "$work/relaymark-pop3d"
run env RELAYMARK_PROG="$work/next" TCPREMOTEIP=192.0.2.17 AUTHENTICATED=cora "$work/relaymark-pop3d" ./Maildir
is "$code $(head -n 1 "$seen") $(row 192.0.2.17)" '0 1 ./Maildir 1|1800|cora|courier' 'by the name relaymark-pop3d: the program that is set'
ln -s "$bin/relaymark" "$work/courierpop3d"
ln -s "$work/next" "$work/courierpop3d.noauth"
run env TCPREMOTEIP=192.0.2.18 AUTHENTICATED=cora "$work/courierpop3d" ./Maildir
is "$code $(head -n 1 "$seen") $(row 192.0.2.18)" '0 1 ./Maildir 1|1800|cora|courier' 'in the place of another: that with .noauth'
run env TCPREMOTEIP=192.0.2.16 "$bin/relaymark" "$work/next" 3</etc/passwd
like "$(cat "$seen")" ' 3 -> /etc/passwd$' 'descriptor 3 is as it was'
unlike "$(cat "$seen")" 'socket:' 'and none of ours is left'

# The test of courier-auth-postfix's manual, 6.1, with the address as it is printed there, and as it is meant
ln -s "$bin/relaymark" "$work/authpostfix"
ln -s "$bin/relayage" "$work/authcleanup"
for address in :ffff::127.0.0.1 ::ffff:127.0.0.1; do
	rows 'DELETE FROM relay'
	run env AUTHENTICATED=someuser@domain TCPREMOTEIP="$address" LOGINDB="sqlite:$relay/relay.db" "$work/authpostfix"
	is "$code $out$err" '0 ' "authpostfix with $address: nothing on the screen"
	is "$(rows "SELECT ip, user FROM relay")" '127.0.0.1|someuser@domain' 'an entry for 127.0.0.1'
done
rows "UPDATE relay SET logintime = logintime - 30; INSERT INTO relay (ip, logintime) VALUES ('192.0.2.200', 0)"
run "$work/authcleanup" 1 "sqlite:$relay/relay.db"
is "$code $out$err $(rows 'SELECT count(*) FROM relay')" '0  2' 'authcleanup 1: half a minute is not a minute'
rows "UPDATE relay SET logintime = logintime - 60 WHERE logintime > 0"
run "$work/authcleanup" 1 "sqlite:$relay/relay.db"
is "$code $out$err $(rows 'SELECT ip FROM relay')" '0  192.0.2.200' 'but a minute and a half is'
mark 192.0.2.1
run "$work/authcleanup" 0 "cdb:$relay/relay"
is "$code $out$err $(rows 'SELECT ip FROM relay')" '0  192.0.2.200' 'authcleanup 0: all but persistent entries'
is "$(wrap 192.0.2.1) $(wrap 192.0.2.200)" "unset set to ''" 'relay.cdb has the same'
for type in mysql:/etc/postfix/mysql.cf hash:/etc/relay "sqlite:$work/other.db"; do
	run env AUTHENTICATED=someuser@domain TCPREMOTEIP=192.0.2.1 LOGINDB="$type" "$work/authpostfix"
	is "$code $(row 192.0.2.1)" '111 ' "LOGINDB=$type: no mark"
	like "$err" "^authpostfix: LOGINDB: no mark: $type is not a database of this program.*relay.db: unset LOGINDB" 'and a clear error'
	run env AUTHENTICATED=someuser@domain TCPREMOTEIP=192.0.2.1 LOGINDB="$type" "$work/authpostfix" "$work/next" Maildir
	is "$code $(row 192.0.2.1)" '0 ' 'in a chain the next program runs'
	run "$work/authcleanup" 1 "$type"
	like "$code $err" "^111 relayage: LOGINDB: $type is not a database" 'authcleanup says so, too'
done
printf 'dbpath = %s\nquery = SELECT 1\n' "$relay/relay.db" >"$work/relay.cf"
run env AUTHENTICATED=someuser@domain TCPREMOTEIP=192.0.2.1 LOGINDB="proxy:sqlite:$work/relay.cf" "$work/authpostfix"
is "$code $err$(row 192.0.2.1)" '0 1|1800|someuser@domain|courier' "a file for Postfix that has relay.db is ours"

# What an administrator writes
rows "INSERT INTO relay VALUES ('192.0.2.50', 0, 0, 'admin', 'by hand'), ('192.0.2.51', 0, strftime('%s', 'now') + 3600, 'admin', 'by hand'),
    ('192.0.2.52', 0, strftime('%s', 'now') - 5, 'admin', 'by hand'), ('192.0.2.53', strftime('%s', 'now'), 0, '', ''),
    ('192.0.2.54', strftime('%s', 'now'), 'for ever', '', ''), ('192.0.2.55', 'long ago', NULL, '', ''), ('192.0.2.56', NULL, NULL, '', ''),
    ('0.0.0.0', 0, 0, '', ''), ('unknown', 0, 0, '', ''), ('net', 0, 0, '', ''), ('192.0.2', 0, 0, '', ''), ('', 0, 0, '', ''),
    ('192.0.2.0/24', 0, 0, '', ''), ('2001:DB8::1', 0, 0, '', ''), ('127.0.0.2', 0, 0, 'admin', 'by hand')"
await eval '[ "$(wrap 192.0.2.50)" != unset ]'
is "$(for n in 50 51 52 53 54 55 56; do wrap 192.0.2.$n; done | tr '\n' ' ')" "set to '' set to '' unset set to '' unset unset unset " \
    'rows by hand are noticed: for ever, and until then; what makes no sense does not count'
is "$(for n in 50 51 52 53 54 55 56; do in_cdb 192.0.2.$n; done)" 'OKOKOK' 'the same in relay.cdb'
is "$(rows "SELECT ip FROM relay_ok WHERE ip LIKE '192.0.2.5_' ORDER BY ip" | tr '\n' ' ')" '192.0.2.50 192.0.2.51 192.0.2.53 ' 'and in the view'
is "$(rows "SELECT ip FROM relay_ok WHERE ip IN ('0.0.0.0', 'unknown', 'net', '192.0.2', '', '192.0.2.0/24', '2001:DB8::1')")" '' \
    'the view has whole addresses alone'
is "$(for odd in 0.0.0.0 unknown net 192.0.2 '' 192.0.2.0/24 2001:db8::1 2001:DB8::1; do in_cdb "$odd"; done)" '' 'and so has relay.cdb'
like "$(cat "$relayd_log")" "a row is left out: ip '2001:DB8::1': not in the form in which it is asked for" 'relayd says which it leaves out'
is "$(wrap 127.0.0.2)" "set to ''" "this host's own address may relay if somebody wrote so"
mark 192.0.2.50; mark 192.0.2.51; mark 192.0.2.52; mark 192.0.2.53
is "$(rows "SELECT ip, logintime = 0, expires = 0, expires > strftime('%s', 'now') + 3000, user FROM relay WHERE ip LIKE '192.0.2.5_' AND ip < '192.0.2.54'" | tr '\n' ' ')" \
    '192.0.2.50|1|1|0|admin 192.0.2.51|1|0|1|admin 192.0.2.52|1|0|0|admin 192.0.2.53|0|1|0| ' 'a login shortens no row, and takes none over'
is "$(wrap 192.0.2.52)" "set to ''" 'and where it is over, it counts'
"$bin/relayage" 0
is "$(rows "SELECT count(*) FROM relay WHERE ip IN ('192.0.2.50', '192.0.2.51', '192.0.2.52', '192.0.2.53')")" 4 'relayage 0 leaves what is persistent'

# It is over
rows "UPDATE relay SET expires = strftime('%s', 'now') - 1 WHERE ip = '192.0.2.51'"
await eval '[ "$(in_cdb 192.0.2.51)" = "" ]'
is "$(wrap 192.0.2.51)$(in_cdb 192.0.2.51)" unset 'what has expired is gone from relay.cdb'
sql "INSERT INTO settings VALUES ('relay_expire', NULL, '3s')"
build
await grep -q 'relay_expire has changed' "$relayd_log"
mark 192.0.2.60
is "$(row 192.0.2.60)" '1|3|joe|checkpassword' 'the setting relay_expire holds for the next login'
expires=$(rows "SELECT expires FROM relay WHERE ip = '192.0.2.60'")
await eval '[ "$(wrap 192.0.2.60)$(in_cdb 192.0.2.60)" = unset ]'
ok 'after three seconds that is over' test "$(date +%s)" -ge "$expires"
ok 'by itself' test "$(date +%s)" -le $((expires + 15))
# A session that goes on
run env TCPREMOTEIP=192.0.2.61 USER=long "$bin/relaymark" -r sh -c 'sleep 6; exit 9'
is "$code" 9 'relaymark -r gives the exit code of the program on'
is "$(row 192.0.2.61)" '1|3|long|checkpassword' 'its row'
ok 'was renewed until it ended' test "$(rows "SELECT logintime FROM relay WHERE ip = '192.0.2.61'")" -ge $(($(date +%s) - 4))
run env TCPREMOTEIP=192.0.2.61 "$bin/relaymark" -r sh -c 'kill -9 $$'
is "$code" 137 'it ends by the signal that ended the program'
env TCPREMOTEIP=192.0.2.61 "$bin/relaymark" -r sh -c 'trap "echo term >$0; exit 5" TERM; touch $0; while :; do sleep 0.1; done' "$work/signal" &
child=$!
await test -e "$work/signal"
kill -TERM $child
wait $child
is "$? $(cat "$work/signal")" '5 term' 'a signal for it is for the program'
mkfifo "$work/fifo"
env TCPREMOTEIP=192.0.2.61 "$bin/relaymark" -r sh -c 'exec >&-; sleep 30' >"$work/fifo" &
child=$!
is "$(timeout 20 cat "$work/fifo")" '' 'it holds no descriptor of the client'
kill $child
wait $child
sql "DELETE FROM settings WHERE name = 'relay_expire'"
build
await eval 'mark 192.0.2.62; row 192.0.2.62 | grep -q 1800'

# relayd is gone, an old relay.cdb stays
rows "INSERT INTO relay VALUES ('192.0.2.70', strftime('%s', 'now'), strftime('%s', 'now') + 4, '', '')"
await eval '[ "$(in_cdb 192.0.2.70)" = OK ]'
kill_relayd
await eval '[ "$(wrap 192.0.2.70)" = unset ]'
is "$(in_cdb 192.0.2.70) $(wrap 192.0.2.70) $(wrap 192.0.2.62)" "OK unset set to ''" \
    'without relayd an old relay.cdb lets nobody relay by relaywrap whose time is over'
run "$bin/relayage" 0
is "$code $out$err$(wrap 192.0.2.62) $(wrap 192.0.2.50)" "0 unset set to ''" 'relayage does without relayd'
ok 'as the owner of relay' test "$(stat -c %U "$relay/relay.cdb")" = "$relay_user"

# Damage
start_relayd
mark 192.0.2.80
cp "$relay/relay.cdb" "$work/whole.cdb"
kill_relayd
size=$(stat -c %s "$work/whole.cdb")
wrong=0
for at in $(seq 0 7 "$((size - 1))"); do
	perl -e 'open F, "+<", $ARGV[0] or die; seek F, $ARGV[1], 0; read F, $b, 1; seek F, $ARGV[1], 0; print F chr(ord($b) ^ 0x10)' "$relay/relay.cdb" "$at"
	[ "$(wrap 192.0.2.81)" = unset ] || wrong=$((wrong + 1))
	[ $((at % 70)) -ne 0 ] || [ "$(wrap 192.0.2.80)" != unset ] || wrong=$((wrong + 1))
	cat "$work/whole.cdb" >"$relay/relay.cdb"
done
is "$wrong" 0 'a bit that flips in relay.cdb: nobody relays by it, and relay.db has who may'
: >"$relay/relay.cdb"
is "$(wrap 192.0.2.80) $(wrap 192.0.2.81)" "set to '' unset" 'an empty relay.cdb: relay.db has who may'
like "$(cat "$work/wrap.err")" '^relaywrap: no relaying: relay.cdb: cut or empty' 'and the log says so'
rm "$relay/relay.cdb"
echo 'not a database, but long enough for one that is damaged' >"$relay/relay.db"
rm -f "$relay"/relay.db-*
is "$(wrap 192.0.2.80)" unset 'neither is whole: nobody relays'
like "$(cat "$work/wrap.err")" 'relay.db: file is not a database' 'and the log says so'
start_relayd
is "$(rows 'SELECT count(*) FROM relay') $(cd "$relay" && echo *.damaged)" '0 relay.db.damaged' 'relayd puts a damaged relay.db aside'
like "$(cat "$relayd_log")" 'relay.db was damaged: it is now relay.db.damaged' 'and says so'
mark 192.0.2.82
is "$(wrap 192.0.2.82)" "set to ''" 'and goes on'
: >"$relay/relay.cdb"
await eval '[ "$(in_cdb 192.0.2.82)" = OK ]'
is "$(in_cdb 192.0.2.82)" OK 'it makes a damaged relay.cdb anew'

# Locked
hold "$relay/relay.db" 'BEGIN IMMEDIATE'
run env TCPREMOTEIP=192.0.2.83 RELAYMARK_WAIT=300 "$bin/relaymark" "$work/next"
is "$code" 0 'relay.db is locked: the next program runs'
like "$err" 'no mark: relayd did not answer in time' 'and the log says why'
is "$(wrap 192.0.2.82)" "set to ''" 'who may relay still may'
await grep -q 'relay.db is locked by another program; marks wait' "$relayd_log"
(exec 8>&-; exec env TCPREMOTEIP=192.0.2.84 USER=waits RELAYMARK_WAIT=10000 "$bin/relaymark" true) &
waiting=$!
sleep 0.5
release
wait $waiting
is "$(row 192.0.2.84)" '1|1800|waits|checkpassword' 'a mark that waits is there afterwards'

# The clock as it would be if somebody had set it: these rows are of another time
stop_relayd
is "$relayd_code" 0 'it ends when it is told to'
rows "INSERT INTO relay VALUES ('192.0.2.90', strftime('%s', 'now') + 300000000, strftime('%s', 'now') + 300001800, '', 'future')"
is "$(rows "SELECT * FROM relay_ok WHERE ip = '192.0.2.90'")" '' 'a login in ten years does not count'
start_relayd
is "$(rows "SELECT logintime <= strftime('%s', 'now'), expires - logintime FROM relay WHERE ip = '192.0.2.90'")" '1|1800' \
    'until relayd has made it one of now, for as long as it was to hold'
is "$(wrap 192.0.2.90)" "set to ''" 'so that nobody is dropped who logged in before the clock was set'

# Two, and usage
run timeout 10 "$bin/relayd"
is "$code" 111 'a second relayd ends'
like "$err" 'another relayd, or relayage, is at work' 'and says why'
run "$bin/relayd" -z
like "$code $err" '^111 relayd: usage' 'an option that there is not'
run "$bin/relayage" -5
is "$code" 111 'minutes below 0'
run "$bin/relayage" x
is "$code" 111 'and no minutes'
"$bin/relayage"
is "$?" 0 'relayage by itself: those of relay_expire'

done_testing
