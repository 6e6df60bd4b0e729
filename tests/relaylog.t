#!/bin/sh
# relaylog: the lines pass as they are, the logins among them reach relayd, and nobody waits for anybody.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/relay.sh

relaylog=$bin/relaylog
patterns=$top/data/relaylog.patterns
cp "$patterns" "$RCPTCHECK_HOME/data/relaylog.patterns"

login() { # IP [USER]
	echo "Nov 21 04:28:41 mx pop3d: LOGIN, user=${2-bob}, ip=[::ffff:$1], port=[50380]"
}
marked() { # IP
	[ "$(rows "SELECT count(*) FROM relay WHERE ip = '$1'")" = 1 ]
}
all() {
	rows 'SELECT ip FROM relay ORDER BY ip' | tr '\n' ' ' | sed 's/ $//'
}

# Patterns
run "$relaylog" -c -f "$patterns"
is "$code $err" '0 ' 'the samples of the shipped patterns hold'
like "$out" '^[5-9][0-9] samples, 16 patterns, 0 of them wrong' 'and there are some'
cat >"$work/bad.patterns" <<'PATTERNS'
line before any
pattern UPPER
pattern mine
line no tag
tag *
tag a*b
tag mine
line (?<ip>[0-9.]+
line no group
line (\C)(?<ip>x)
what is this
line in from (?<ip>\S+) as (?<user>\S+)
yes 192.0.2.9 me Nov 21 04:28:41 mx mine: in from 192.0.2.9 as me
yes 192.0.2.8 me Nov 21 04:28:41 mx mine: in from 192.0.2.9 as me
yes 192.0.2.9 you Nov 21 04:28:41 mx mine: in from 192.0.2.9 as me
yes 192.0.2.9 me Nov 21 04:28:41 mx other: in from 192.0.2.9 as me
no Nov 21 04:28:41 mx mine: in from 192.0.2.9 as me
yes 0.0.0.0 me Nov 21 04:28:41 mx mine: in from 0.0.0.0 as me
pattern mine
PATTERNS
run "$relaylog" -c -f "$work/bad.patterns"
is "$code" 100 'bad patterns'
is "$(printf '%s\n' "$err" | sed "s|^relaylog: $work/||")" 'bad.patterns:1: there is no line "pattern NAME" above it
bad.patterns:2: a name has 1 to 31 small letters, digits, and -_.
bad.patterns:4: there is no line "tag WORD" above it
bad.patterns:5: "*" alone would be any program
bad.patterns:6: "*" can only be the end of a tag
bad.patterns:8: missing closing parenthesis, at byte 13 of the regular expression
bad.patterns:9: it has no group (?<ip>...)
bad.patterns:10: using \x5cC is disabled by the application, at byte 3 of the regular expression
bad.patterns:11: it begins with none of: pattern off bare tag line yes no
bad.patterns:19: this file has that pattern already
bad.patterns:14: this is recognised with another address
bad.patterns:15: this is recognised with another user
bad.patterns:16: this is not recognised
bad.patterns:17: this is taken for a login
bad.patterns:18: no client can have this address' 'each with its line and reason'
run "$relaylog" -t -f "$work/bad.patterns" </dev/null
is "$code" 111 '-t takes no bad patterns'
run "$relaylog" -t -f "$work/none" </dev/null
is "$code $err" "111 relaylog: $work/none:0: No such file or directory" 'nor none'
run "$relaylog" -t -p courier,nonsense </dev/null
is "$code $err" '111 relaylog: trouble="there is no such pattern" reason=nonsense' 'nor a name that is none'

# What would be recorded
{
	login 192.0.2.1
	echo 'Nov 21 04:28:41 mx postfix/smtpd[1]: connect from unknown[192.0.2.7]'
	echo '@400000006740a1b912345678 INFO: LOGIN, user=raw, ip=[::ffff:192.0.2.2], port=[50380]'
	echo 'Nov 21 04:28:41 mx dovecot: pop3-login: Login: user=<alice>, method=PLAIN, rip=127.0.0.1, lip=127.0.0.1, mpid=1'
	echo 'Nov 21 04:28:41 mx rptest2: pop3-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.3, lip=192.0.2.9, mpid=1'
	printf 'Nov 21 04:28:41 mx pop3d: LOGIN, user=a\0b, ip=[::ffff:192.0.2.4], port=[50380]\n'
	printf 'Nov 21 04:28:41 mx pop3d: LOGIN, user=\033[2J, ip=[::ffff:192.0.2.4], port=[50380]\n'
	printf 'Nov 21 04:28:41 mx pop3d: LOGIN, user=\303\244, ip=[::ffff:192.0.2.5], port=[50380]\n'
	echo "Nov 21 04:28:41 mx pop3d: LOGIN, user=$(head -c 600 /dev/zero | tr '\0' x), ip=[::ffff:192.0.2.6], port=[50380]"
	echo 'Nov 21 04:28:41 mx popper[9]: Stats: fred 0 0 0 0 pc.example.net 192.0.2.8'
	printf '%s' "$(login 192.0.2.10)"
} >"$work/log"
tab=$(printf '\t')
courier=$(grep -n '^line.*LOGIN, user' "$patterns" | cut -d : -f 1)
run "$relaylog" -t "$work/log"
is "$code $out" "0 192.0.2.1${tab}bob${tab}courier${tab}$courier${tab}1
127.0.0.1${tab}alice${tab}dovecot${tab}$(grep -n '^line.*Info' "$patterns" | head -n 1 | cut -d : -f 1)${tab}4${tab}ignored: this host itself: all that comes through a proxy could relay
192.0.2.5${tab}\\xc3\\xa4${tab}courier${tab}$courier${tab}8" '-t says what would be recorded, and by which line'
found() { # WANT NAME ARGUMENT...
	want=$1 name=$2
	shift 2
	is "$("$relaylog" -t "$@" <"$work/log" | cut -f 1 | tr '\n' ' ')" "$want" "$name"
}
found '192.0.2.1 192.0.2.2 127.0.0.1 192.0.2.5 ' '-T: lines without a tag, behind tai64n' -T pop3d
found '192.0.2.1 192.0.2.5 ' '-p: a list' -p courier
found '192.0.2.1 192.0.2.5 ' '-p: all but one' -p -dovecot
found '127.0.0.1 192.0.2.3 ' '-p: a tag of your own' -p dovecot=rptest2
found '192.0.2.1 127.0.0.1 192.0.2.5 192.0.2.8 ' '-p: one that is off' -p all,qpopper2
run "$relaylog" -t </dev/null
is "$code $out" '100 ' 'nothing found'
# What Perdition writes itself: a host of the same name is none, and a long line is one
printf '%s\n' 'Nov 21 04:28:41 perdition1 pop3d: LOGIN, user=bob, ip=[::ffff:192.0.2.44], port=[50380]' >"$work/own"
run "$relaylog" -t "$work/own"
is "$code $(printf '%s' "$out" | cut -f 1) $err" '0 192.0.2.44 ' 'a mail host called perdition1'
for length in 60 4090 4200 100000; do
	{
		printf 'Nov 21 04:28:41 mx pop3d: LOGIN, user=%0*d, ip=[7.7.7.7], port=[1]\n' "$length" 1
		printf 'Nov 21 04:28:41 perdition.imap4[77]: Auth: %0*d\n' "$length" 1
		login 6.6.6.6
	} >"$work/own"
	run "$relaylog" -t "$work/own"
	[ "$length" -eq 60 ] && want='0 7.7.7.7' || want='100 '
	is "$code $(printf '%s' "$out" | cut -f 1)" "$want" "Perdition's own line of $length bytes: nothing from there on is a login"
done
cat >"$RCPTCHECK_HOME/data/relaylog.local" <<'PATTERNS'
# ours
pattern courier
tag pop3d
line LOGIN, user=bob, ip=\[::ffff:(?<ip>192\.0\.2\.\d+)\], port=\[\d+\]
PATTERNS
is "$("$relaylog" -t "$work/log" | cut -f 1,3,4 | tr '\t\n' '  ')" "192.0.2.1 courier 4 127.0.0.1 dovecot $(grep -n '^line.*Info' "$patterns" | head -n 1 | cut -d : -f 1) " 'relaylog.local wins'
rm "$RCPTCHECK_HOME/data/relaylog.local"

# In its sandbox the sanitizers cannot look for leaks
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS

# The copy
copies() { # NAME: $work/in
	"$relaylog" <"$work/in" >"$work/copied" 2>"$work/err"
	is "$? $(cmp "$work/in" "$work/copied")" '0 ' "copied byte for byte: $1"
}
: >"$work/in"
copies 'nothing'
printf 'x' >"$work/in"
copies 'one byte'
head -c 3000000 /dev/urandom >"$work/in"
copies 'noise'
{ head -c 1000000 /dev/zero; echo; echo end; printf '\r\n\n\n'; head -c 5000 /dev/zero | tr '\0' y; } >"$work/in"
copies 'long lines'
# shellcheck disable=SC2002
cat "$work/in" | "$relaylog" | cat >"$work/copied"
ok 'through pipes' cmp "$work/in" "$work/copied"
is "$("$relaylog" -q <"$work/in" | wc -c)" 0 '-q copies nothing'
run "$relaylog" -f "$work/bad.patterns" <"$work/in"
cmp -s "$work/in" "$work/out"
is "$? $code" '0 0' 'bad patterns do not stop the log'
like "$err" 'bad.patterns:8: missing closing parenthesis' 'but are complained about'
{ sleep 0.3; echo line; } | "$relaylog" >&- 2>"$work/err"
like "$(cat "$work/err")" '^$' 'standard output closed: nothing to complain about'
(trap '' PIPE; yes 2>/dev/null | { "$relaylog" 2>"$work/err"; echo $? >"$work/code"; } | head -n 1) >/dev/null
is "$(cat "$work/code") $(cat "$work/err")" '111 relaylog: trouble="nobody takes the lines any more" reason="Broken pipe"' 'a reader that goes: the service is to be started again'
if [ -e /dev/full ]; then
	login 192.0.2.1 | "$relaylog" >/dev/full 2>"$work/err"
	is "$? $(grep copied "$work/err")" '0 relaylog: trouble="lines could not be copied" reason="No space left on device"' 'a full disk costs lines only'
else
	skip 1 'no /dev/full'
fi

# relayd is away
i=0
while [ $i -lt 5000 ]; do
	i=$((i + 1))
	login "198.51.$((i / 250)).$((i % 250 + 1))"
done >"$work/in"
copies 'without relayd'
like "$(cat "$work/err")" 'trouble="marks are not taken" reason=".*relayd does not run"' 'the log says why'
like "$(cat "$work/err")" 'trouble="no room for more marks: the oldest are lost" reason="904 so far"' 'and how many marks were lost'

# And there
start_relayd
{
	login 192.0.2.1
	echo '2026-11-21T04:28:41.015568+00:00 mx dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=2001:DB8:0::2, lip=2001:db8::1, mpid=20578, TLS, session=<jW9xzMFgHO1/AAAB>'
	echo 'Nov 21 04:28:41 mx pop3d: LOGIN FAILED, user=bob, ip=[::ffff:192.0.2.2], port=[50380]'
	echo 'Nov 21 04:28:41 mx pop3d: LOGIN, user=bob, ip=[127.0.0.1], port=[50380]'
	echo 'Nov 21 04:28:41 mx pop3d: LOGIN, user=bob, ip=[0.0.0.0], port=[50380]'
	printf '%s' "$(login 192.0.2.3)"
} >"$work/in"
copies 'with relayd'
is "$(all)" '192.0.2.1 2001:db8::2' 'the addresses are marked: no failed login, no loopback, no half a line'
is "$(row 192.0.2.1) $(row 2001:db8::2)" '1|1800|bob|courier 1|1800|alice|dovecot' 'with the user, and by which pattern'
is "$(in_cdb 192.0.2.1)" OK 'and Postfix would find it'
run "$relaylog" -v <"$work/in"
like "$err" 'relaylog: address=::ffff:192.0.2.1 user=bob source=courier$' '-v: what is marked'
like "$err" 'relaylog: address=127.0.0.1 user=bob source=courier ignored=' '-v: and what is not'

# relayd is killed again and again; what was not acknowledged is sent again
mkfifo "$work/lines"
"$relaylog" -q <"$work/lines" 2>"$work/err" &
echo $! >"$work/relaylog.pid"
exec 9>"$work/lines"
for i in 1 2 3 4 5 6; do
	kill_relayd
	login "203.0.113.$i" >&9
	start_relayd 9>&- # else it holds the FIFO open
	j=0
	while [ $j -lt 40 ]; do
		j=$((j + 1))
		login "203.0.$i.$j"
	done >&9
done
ok 'killed relayd: no mark is lost' await 60 eval '[ "$(rows "SELECT count(*) FROM relay WHERE ip LIKE '\''203.0.%'\''")" = 246 ]' ||
    diag "$(rows "SELECT count(*) FROM relay WHERE ip LIKE '203.0.%'")" "$(cat "$work/err")"
exec 9>&-
wait "$(cat "$work/relaylog.pid")"
is $? 0 'end of file'
rm "$work/relaylog.pid"

# Root is laid down
"$relaylog" -q <"$work/lines" 2>"$work/err" &
echo $! >"$work/relaylog.pid"
exec 9>"$work/lines"
# shellcheck disable=SC2034 # eval uses it
who=$(id -u "$relay_user")
ok 'it runs as the owner of relay/' await eval '[ "$(sed -n "s/^Uid:.//p" /proc/$(cat "$work/relaylog.pid")/status | tr "\\t" " ")" = "$who $who $who $who" ]'
exec 9>&-
wait "$(cat "$work/relaylog.pid")"
rm "$work/relaylog.pid"

# SIGTERM: what was read is copied, up to the end of a line
"$relaylog" <"$work/lines" >"$work/copied" 2>"$work/err" &
term=$!
exec 9>"$work/lines"
printf 'one\ntw' >&9
await test "$(wc -c <"$work/copied")" = 6
kill "$term"
printf 'o\nthree\n' >&9
wait "$term"
is "$? $(head -c 8 "$work/copied" | tr '\n' ' ')" '0 one two ' 'SIGTERM'
exec 9>&-

# FIFO
start_fifo() {
	"$relaylog" -v "$work/fifo" >"$work/out" 2>"$work/fifo.err" &
	echo $! >"$work/fifo.pid"
}
start_fifo
ok 'a FIFO that is not there yet' await grep -q 'fifo=.*reason="No such file or directory"' "$work/fifo.err"
mkfifo -m 600 "$work/fifo"
login 192.0.2.31 >"$work/fifo"
ok 'the first who writes' await marked 192.0.2.31
login 192.0.2.32 >"$work/fifo"
ok 'the next' await marked 192.0.2.32
rm "$work/fifo"
mkfifo -m 600 "$work/fifo"
login 192.0.2.33 >"$work/fifo"
ok 'the FIFO is another' await marked 192.0.2.33
stop_server fifo
login 192.0.2.34 >"$work/fifo" &
writer=$!
start_fifo
ok 'what was written before' await marked 192.0.2.34
wait "$writer"
is "$(wc -c <"$work/out")" 0 'a FIFO is not copied'
stop_server fifo
run "$relaylog" "$work/in"
is "$code" 111 'a file is no FIFO'
like "$err" 'it is no FIFO: mkfifo makes one' 'and is said so'

refused() { # NAME
	run timeout 20 "$relaylog" "$work/fifo"
	is "$code $err" "111 relaylog: trouble=$work/fifo reason=\"it must belong to root or to relaylog's user, and nobody else may write to it: chown, chmod 600\"" "$1" ||
	    diag "$code $err"
}
rm -f "$work/fifo"
mkfifo -m 622 "$work/fifo"
refused 'a FIFO that others may write'
chmod 620 "$work/fifo"
refused 'or its group'
chmod 600 "$work/fifo"
start_fifo
login 192.0.2.81 >"$work/fifo"
await marked 192.0.2.81
# Another that takes its name; the one that is open stays
exec 9>"$work/fifo"
mkfifo -m 622 "$work/fifo.new"
mv "$work/fifo.new" "$work/fifo"
ok 'another takes its name that others may write' await grep -q 'fifo=.*reason="it must belong to' "$work/fifo.err"
login 192.0.2.82 >&9
ok 'the first is still read' await marked 192.0.2.82
exec 9>&-
chmod 600 "$work/fifo"
login 192.0.2.83 >"$work/fifo"
ok 'the other is read when it is mended' await marked 192.0.2.83
is "$(grep -c 'it must belong to' "$work/fifo.err")" 1 'and that was said once'
stop_server fifo
if [ "$(id -u)" -eq 0 ]; then
	chown daemon "$work/fifo"
	refused "another user's"
	chown 0 "$work/fifo"
else
	skip 1 'only root can give a FIFO away'
fi

# A log of its own that nobody drains
mkfifo "$work/log.fifo"
i=0
while [ $i -lt 3000 ]; do
	i=$((i + 1))
	login 192.0.2.84
done >"$work/in"
login 192.0.2.85 >>"$work/in"
exec 8<>"$work/log.fifo"
{ cat "$work/in"; login 192.0.2.86; } | timeout 100 "$relaylog" -q -v 2>&8
is $? 0 '-v, and nobody reads the log: all is read' # 100 ms for each would be five minutes
ok 'and marked' await marked 192.0.2.86
mkfifo "$work/go"
{ cat "$work/in"; cat "$work/go"; } | "$relaylog" -v 2>&8 | tee "$work/copied" >/dev/null &
copying=$!
await 60 cmp -s "$work/in" "$work/copied"
cat <&8 >"$work/log" &
echo $! >"$work/drain.pid"
await test -s "$work/log"
login 192.0.2.87 >"$work/go"
wait $copying
ok 'how many lines are missing is said later' await grep -q 'relaylog: trouble="this log was not read: lines are missing" reason=[1-9][0-9]*$' "$work/log"
ok 'and what comes then is there' await grep -q 'address=::ffff:192.0.2.87' "$work/log"
stop_server drain
exec 8<&-

# The answers that omprog wants
{ login 192.0.2.35; echo; echo 'BEGIN TRANSACTION'; head -c 20000 /dev/zero; echo; } | "$relaylog" -o >"$work/out" 2>"$work/err"
is "$? $(tr '\n' ' ' <"$work/out")" '0 OK OK OK OK OK ' '-o: OK at the start and to everything'
ok '-o: and a login is marked' await marked 192.0.2.35
head -c 100000 /dev/zero | tr '\0' '\n' | "$relaylog" -o | wc -l >"$work/count"
is "$(cat "$work/count")" 100001 '-o: to each line'

# multilog and splogger's form
mkdir "$work/main"
{ login 192.0.2.36; echo 'x'; } | "$relaylog" | multilog t "$work/main"
ok '| multilog: marked' await marked 192.0.2.36
is "$(cut -c 27- "$work/main/current" | tail -n 1)" x '| multilog: and logged'
"$relaylog" -t -T nothing "$work/main/current" >"$work/out"
is "$(cut -f 1 "$work/out")" 192.0.2.36 'what multilog wrote can be tested'
is "$("$relaylog" -t <<-LOG | cut -f 1 | tr '\n' ' '
	Nov  1 04:28:41 mx qmail-pop3d: 1700000000.123456 login ip=192.0.2.37 user=fred
	<22>Nov 21 04:28:41 mx qmail-pop3d[3]: login ip=192.0.2.38 user=fred
	2026-11-21T04:28:41+0000 mx qmail-pop3d[3]: login ip=192.0.2.39 user=fred
	Nov 21 04:28:41.015568 mx qmail-pop3d[3]: login ip=192.0.2.40 user=fred
	Nov 21 04:28:41 mx other: qmail-pop3d[3]: login ip=192.0.2.41 user=fred
	qmail-pop3d[3]: login ip=192.0.2.42 user=fred
LOG
)" '192.0.2.37 192.0.2.38 192.0.2.39 192.0.2.40 ' 'times of splogger, syslogd, rsyslog and journalctl'

# systemd's journal, one of our own
journald=/lib/systemd/systemd-journald
if [ "$(id -u)" -eq 0 ] && [ -x $journald ] && [ -s /etc/machine-id ] && command -v journalctl >/dev/null &&
    unshare -m mount -t tmpfs tmpfs /run 2>/dev/null; then
	cat >"$work/journal" <<-SCRIPT
		mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log && mkdir -p /run/systemd/journal /run/log/journal || exit 1
		$journald &
		ids=\$!
		until [ -S /run/systemd/journal/dev-log ]; do sleep 0.1; done
		for form in short short-iso short-precise; do
			mkfifo "$work/journal.\$form"
			journalctl -f -n 0 -o \$form >"$work/journal.\$form" &
			ids="\$ids \$!"
		done
		trap 'kill \$ids; exit' TERM
		n=0
		while :; do
			n=\$((n + 1))
			perl -MSocket -e 'socket my \$s, AF_UNIX, SOCK_DGRAM, 0;
			    for (@ARGV) { s/~/\n/; send(\$s, \$_, 0, pack_sockaddr_un("/run/systemd/journal/dev-log")) or exit 1 }' \\
			    "<22>Nov 21 04:28:41 pop3d[55]: LOGIN FAILED, user=x~Nov 21 04:28:41 mx pop3d: LOGIN, user=bob, ip=[192.0.2.66], port=[1], ip=[192.0.2.65]" \\
			    "<22>Nov 21 04:28:41 pop3d[55]: LOGIN FAILED, user=x~Nov 21 04:28:41 mx pop3d: LOGIN, user=bob, ip=[192.0.2.66], port=[1]" \\
			    "<22>Nov 21 04:28:41 pop3d[55]: LOGIN, user=bob, ip=[::ffff:192.0.2.67], port=[50380]"
			sleep 0.5
		done
	SCRIPT
	setsid unshare -m sh "$work/journal" >"$work/journal.err" 2>&1 </dev/null &
	echo $! >"$work/journal.pid"
	for form in short short-iso short-precise; do
		"$bin/relayage" 0
		await test -p "$work/journal.$form"
		"$relaylog" -q <"$work/journal.$form" 2>"$work/err" &
		echo $! >"$work/relaylog.pid"
		ok "journalctl -f -o $form: a login" await marked 192.0.2.67 || diag "$(cat "$work/journal.err" "$work/err")"
		is "$(all)" 192.0.2.67 "journalctl -f -o $form: a line feed inside a message forges no line"
		stop_server relaylog
	done
	stop_server journal
else
	skip 6 'no journald that could be started here'
fi

# rsyslog
rsyslog=$top/build/root-rsyslog
if [ -e "$rsyslog/.unpacked" ]; then
	libs=$rsyslog/usr/lib/$(gcc -print-multiarch)
	cat >"$work/omprog" <<-SCRIPT
		#!/bin/sh
		RCPTCHECK_HOME=$RCPTCHECK_HOME ASAN_OPTIONS=$ASAN_OPTIONS exec "$relaylog" -o 2>>"$work/omprog.err"
	SCRIPT
	chmod 755 "$work/omprog"
	cat >"$work/rsyslog.conf" <<-CONF
		module(load="imuxsock" SysSock.Use="off")
		module(load="omprog")
		input(type="imuxsock" Socket="$work/dev-log" CreatePath="off" RateLimit.Interval="0")
		template(name="old" type="string" string="%TIMESTAMP% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%\n")
		:programname, isequal, "pop3d" {
			action(type="omprog" binary="$work/omprog" template="RSYSLOG_TraditionalFileFormat" confirmMessages="on"
			    confirmTimeout="20000")
		}
		:programname, isequal, "dovecot" |$work/fifo;RSYSLOG_FileFormat
		*.* action(type="omfile" file="$work/all.log" template="RSYSLOG_FileFormat")
	CONF
	start_rsyslog() {
		rm -f "$work/dev-log"
		LD_LIBRARY_PATH=$libs "$rsyslog/usr/sbin/rsyslogd" -n -f "$work/rsyslog.conf" -i "$work/rsyslogd.id" \
		    -M "$libs/rsyslog" >"$work/rsyslog.out" 2>&1 &
		echo $! >"$work/rsyslog.pid"
		await test -S "$work/dev-log" || diag "$(cat "$work/rsyslog.out")"
	}
	say() { # TAG MESSAGE
		perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_DGRAM, 0; my ($where, $tag, $text) = @ARGV;
		    send($s, "<22>Nov 21 04:28:41 $tag: $text", 0, pack_sockaddr_un($where)) or die "$!\n"' "$work/dev-log" "$@"
	}
	start_fifo
	start_rsyslog
	say pop3d 'LOGIN, user=bob, ip=[::ffff:192.0.2.51], port=[50380]'
	ok 'rsyslog, omprog: a login' await 60 marked 192.0.2.51 || diag "$(cat "$work/rsyslog.out" "$work/omprog.err" "$work/all.log")"
	say pop3d "junk $(printf '\001\377')"
	say pop3d 'LOGIN FAILED, user=x
Nov 21 04:28:41 mx pop3d: LOGIN, user=bob, ip=[::ffff:192.0.2.66], port=[50380], ip=[::ffff:192.0.2.9]'
	say pop3d "$(head -c 7000 /dev/zero | tr '\0' x)"
	say pop3d 'LOGIN, user=bob, ip=[::ffff:192.0.2.52], port=[50380]'
	ok 'omprog: whatever came between, the next one too' await 60 marked 192.0.2.52
	say dovecot 'imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.53, lip=192.0.2.1, mpid=20578, TLS, session=<jW9xzMFgHO1/AAAB>'
	ok 'rsyslog, FIFO: a login, with ISO times' await 60 marked 192.0.2.53 || diag "$(cat "$work/fifo.err")"
	stop_server fifo
	say dovecot 'imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.54, lip=192.0.2.1, mpid=20578, TLS, session=<jW9xzMFgHO1/AAAB>'
	start_fifo
	ok 'relaylog was away: the FIFO kept it' await 60 marked 192.0.2.54
	stop_server rsyslog
	start_rsyslog
	say dovecot 'imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.55, lip=192.0.2.1, mpid=20578, TLS, session=<jW9xzMFgHO1/AAAB>'
	say pop3d 'LOGIN, user=bob, ip=[::ffff:192.0.2.56], port=[50380]'
	ok 'rsyslog was started anew: FIFO' await 60 marked 192.0.2.55
	ok 'and omprog' await 60 marked 192.0.2.56
	stop_relayd
	# 40 KB at a time: rsyslog loses what does not fit into the FIFO
	i=0
	while [ $i -lt 2500 ]; do
		i=$((i + 1))
		echo "imap-login: Login: user=<alice>, method=PLAIN, rip=10.9.$((i / 250)).$((i % 250 + 1)), lip=192.0.2.1, mpid=20578, TLS, session=<jW9xzMFgHO1/AAAB>"
	done | perl -MSocket -ne 'BEGIN { socket $s, AF_UNIX, SOCK_DGRAM, 0; $to = pack_sockaddr_un(shift) } chomp; send($s, "<22>Nov 21 04:28:41 dovecot: $_", 0, $to) or die;
		select undef, undef, undef, 0.5 unless $. % 250' "$work/dev-log"
	ok 'relayd is away: the logger does not wait' await 60 eval '[ "$(grep -c "rip=10[.]9[.]" "$work/all.log")" = 2500 ]'
	start_relayd
	ok 'and the marks follow' await 60 eval '[ "$(rows "SELECT count(*) FROM relay WHERE ip LIKE '\''10.9.%'\''")" = 2500 ]' ||
	    diag "$(rows "SELECT count(*) FROM relay WHERE ip LIKE '10.9.%'")" "$(cat "$work/fifo.err")"
	is "$(rows "SELECT count(*) FROM relay WHERE ip = '192.0.2.66'")" 0 'a line feed inside a message forges no line'
	stop_server rsyslog
	stop_server fifo
else
	skip 10 'tests/unpack rsyslog was not run'
fi
done_testing
