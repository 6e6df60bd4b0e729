#!/bin/sh
# Something else than rcptprobe is on its socket, or at its path: rcptcheck asks by itself then, within its time,
# and says in its log why. Its verdicts, exit codes and descriptors are as ever. probe-trouble-real.t has the
# troubles of the real one.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/probe.sh

peer knows <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
primary knows.test "$port"
build
sock=$RCPTCHECK_HOME/run/probe.sock

# Something else on its socket. The controls: a good answer is taken, so all the others could have been.
answer() { # FLAGS FINDING STAGE CONTROL CODE SINCE AGE ENHANCED TEXT NOTE HOST TROUBLE [MORE]
	perl -e 'my @v = @ARGV; my $more = pop @v; $v[4] &= 65535;
		print unpack "H*", pack("CACCCCnq>q>C/aC/aC/aC/aC/a", 1, "A", @v) . $more' "$@"
}
good="$(answer 1 1 7 0 250 0 -1 2.1.5 ok '' 192.0.2.9:25 '' '')"
for how in yes "$good"; do
	fake_probe "$how"
	check3 nobody.good@knows.test
	is "$code $(field why) $(field host) $(field probe)" '0 callout 192.0.2.9:25 ' 'a good answer is taken'
	stop_fake
done
fake_probe no
check3 user.good@knows.test
is "$code $(field why) $(field reply)" '100 callout 550 no, says the fake' 'and so is a no'
like "$(cat "$work/fake.log")" "^01510000[0-9a-f]{6}00$(printf user.good@knows.test | od -An -tx1 | tr -d ' \n')\$" \
    'which is the answer to the question that we describe'
stop_fake

# There was no room to ask. An old "no", by itself a reject while no server can be asked, and an expired one: the
# mailbox may have been made since, and whoever fills the room up must not make us refuse it.
put() { # ADDRESS CLASS CODE AGE LEFT
	now=$(date +%s)
	perl tests/lib/cacherow.pl "$1" "$2" "$3" '' 192.0.2.1:25 'as it was' $((now - $4)) $((now + $5)) |
	    sqlite3 "$verdicts"
}
HOUR=3600
put nobody.old@knows.test unknown 550 $((2 * HOUR)) $((20 * HOUR))
put nobody.stale@knows.test unknown 550 $((48 * HOUR)) $((-24 * HOUR))
put user.stale@knows.test exists 250 $((480 * HOUR)) $((-24 * HOUR))
for on_busy in accept tempfail; do
	sql "DELETE FROM settings WHERE name = 'on_busy'; INSERT INTO settings VALUES ('on_busy', NULL, '$on_busy')"
	build
	while read -r user defers want; do
		[ "$on_busy" = accept ] || want=${want#*/}
		fake_probe "$(answer 4 0 0 0 0 0 -1 '' '' busy '' '')"
		if [ "$defers" = yes ]; then
			RCPTCHECK_CANDEFER=1 check3 "$user@knows.test"
		else
			check3 "$user@knows.test"
		fi
		is "$code $(field why) $(field note)" "$(echo "${want%/*}" | tr : ' ') busy" \
		    "no room to ask: $user, on_busy = $on_busy, one can be put off: $defers" || diag "log: $err"
		stop_fake
	done <<-'TABLE'
		nobody.old no 0:busy/111:busy
		nobody.old yes 111:busy/111:busy
		nobody.stale no 0:busy/111:busy
		nobody.stale yes 111:busy/111:busy
		nobody.new no 0:busy/111:busy
		nobody.new yes 0:busy/111:busy
		user.stale no 0:stale/0:stale
		user.stale yes 0:stale/0:stale
	TABLE
done
sql "DELETE FROM settings WHERE name = 'on_busy'"
build

while IFS='	' read -r name how what; do
	case $how in
	answer*) how=$(eval "$how") ;;
	esac
	fake_probe "$how"
	right "$name" "$what" 6000
	case $name in
	mute | garbage | 'it hangs up' | 'ask yourself') right "$name, under softlimit" "$what" 6000 "$limited" ;;
	esac
	stop_fake
done <<'TABLE'
mute	mute	it does not answer
nobody takes the connection	asleep	it does not answer
it hangs up	hangup	it hung up
it says wait and hangs up	waits-hangup	it hung up
it says wait and falls silent	waits-mute	it does not answer
an empty message	empty	it hung up
ask yourself	directly	
garbage	47455420	its answer makes no sense
one byte	01	its answer makes no sense
another version	answer 1 1 7 0 250 0 -1 2.1.5 ok '' 192.0.2.9:25 '' '' | sed s/^01/02/	its answer makes no sense
version 0	answer 1 1 7 0 250 0 -1 2.1.5 ok '' 192.0.2.9:25 '' '' | sed s/^01/00/	its answer makes no sense
a word of another version	0257	its answer makes no sense
a question	0151000000271000	its answer makes no sense
a status	0153	its answer makes no sense
a text	015431	its answer makes no sense
wait with more behind it	015700	its answer makes no sense
an answer that is cut	answer 0 2 7 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' '' | sed s/..$//	its answer makes no sense
an answer with more behind it	answer 0 2 7 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' x	its answer makes no sense
only its beginning	0141	its answer makes no sense
a no without a code	answer 0 2 7 0 0 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a no with 250	answer 0 2 7 0 250 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a no with 450	answer 0 2 7 0 450 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a no with 650	answer 0 2 7 0 650 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a yes with 550	answer 1 1 7 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a no of nobody	answer 0 2 7 0 550 0 -1 5.1.1 no '' '' '' ''	its answer makes no sense
a no at MAIL	answer 0 2 6 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a no that is busy	answer 4 2 7 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a no that nobody was asked for	answer 2 2 7 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a class that there is not	answer 0 6 7 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a stage that there is not	answer 0 2 8 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a control that there is not	answer 0 2 7 4 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
flags that there are not	answer 32 2 7 0 550 0 -1 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
an age below -1	answer 0 2 7 0 550 0 -2 5.1.1 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a text that is not printable	answer 0 2 7 0 550 0 -1 5.1.1 "$(printf 'a\nb')" '' 192.0.2.9:25 '' ''	its answer makes no sense
a status code that is too long	answer 0 2 7 0 550 0 -1 5.111.11111111111111 no '' 192.0.2.9:25 '' ''	its answer makes no sense
a host that is too long	answer 0 2 7 0 550 0 -1 5.1.1 no '' "$(printf '9%.0s' $(seq 1 200))" '' ''	its answer makes no sense
TABLE
fake_probe early
for n in 1 2 3 4 5; do
	check3 nobody.early$n@knows.test
	is "$code $(field why)" '100 callout' 'it hangs up before it has the question'
done
stop_fake

# Other things at its path
: >"$sock"
right 'a file at its path' '' 2800
rm -f "$sock"
mkdir "$sock"
right 'a folder at its path' '' 2800
rmdir "$sock"
mkfifo "$sock"
right 'a fifo at its path' '' 2800
rm -f "$sock"
ln -s nowhere "$sock"
right 'a symbolic link to nowhere' '' 2800
rm -f "$sock"
perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_STREAM, 0; umask 0; bind $s, pack_sockaddr_un($ARGV[0]); listen $s, 5; sleep 60' "$sock" &
echo $! >"$work/stream.pid"
await test -S "$sock"
right 'a socket of another kind' '' 2800
stop_pid "$work/stream.pid"
rm -f "$sock"
mv "$RCPTCHECK_HOME/run" "$RCPTCHECK_HOME/gone"
right 'no folder run' '' 2800
mv "$RCPTCHECK_HOME/gone" "$RCPTCHECK_HOME/run"

done_testing
