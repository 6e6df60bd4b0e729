#!/bin/sh
# The chain of qmail with real programs: tcpserver, mailfront's POP3 and IMAP with cvm in front of relaymark, and behind
# relaywrap an SMTP server that knows no recipient of its own. With the strict door, and without.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/relay.sh

[ "$(id -u)" -eq 0 ] || skip_all 'only root can log users in'
command -v pop3front-auth >/dev/null || skip_all 'there is no mailfront here'

uid=$(id -u daemon)
gid=$(id -g daemon)
mkdir -p "$work/mail/joe/Maildir"
for folder in cur new tmp; do
	mkdir "$work/mail/joe/Maildir/$folder"
done
chown -R "$uid:$gid" "$work/mail"
echo "joe:secret:$uid:$gid:Joe:$work/mail/joe:/bin/sh" >"$work/users"
export CVM_PWFILE_PATH="$work/users" CVM_SASL_PLAIN=cvm-pwfile RELAYMARK_WAIT=10000

# NAME command...: tcpserver on a free port of 127.0.0.1, which is left in $port
listen() {
	listen_name=$1
	listen_first=$2
	shift 2
	# shellcheck disable=SC2086 # a word or more, or none
	$listen_first tcpserver -1HRl server.test 127.0.0.1 0 "$@" </dev/null >"$work/$listen_name.port" 2>"$work/$listen_name.log" &
	echo $! >"$work/$listen_name.pid"
	await test -s "$work/$listen_name.port" || {
		echo "Bail out! $listen_name does not start: $(cat "$work/$listen_name.log")"
		exit 2
	}
	read -r port <"$work/$listen_name.port"
}

talk() { # PORT LINE...
	timeout 30 perl -MIO::Socket::INET -e '
		my ($port, @lines) = @ARGV;
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 5) or die "connect: $@";
		for my $line ("", @lines) {
			print $s "$line\r\n" if $line ne "";
			my ($tag) = $line =~ /^(a\d) /;
			while (defined(my $in = <$s>)) {
				print $in;
				last if defined $tag ? $in =~ /^$tag / : $in !~ /^\d\d\d-/;
			}
		}' "$@" 2>&1 | tr -d '\r'
}

# What is said to a recipient elsewhere
relayed() {
	talk "$smtp" 'HELO client.test' 'MAIL FROM:<joe@here.test>' 'RCPT TO:<friend@elsewhere.test>' QUIT | sed -n '4s/^\(...\).*/\1/p'
}

start_relayd -l
cvm=$(command -v cvm-pwfile)
listen pop "$bin/relaymark -o" pop3front-auth "$cvm" "$bin/relaymark" pop3front-maildir Maildir
pop=$port
listen popsimple '' pop3front-auth "$cvm" "$bin/relaymark" pop3front-maildir Maildir
popsimple=$port
listen imap "$bin/relaymark -o" imapfront-auth "$bin/relaymark" sh -c 'printf "* OK here\r\n$IMAPLOGINTAG OK in\r\n"'
imap=$port
listen smtp '' "$bin/relaywrap" mailfront smtp echo accept-sender relayclient
smtp=$port

like "$(relayed)" '^[45]' 'before a login there is no relaying'
talk "$pop" 'USER joe' 'PASS wrong' >"$work/talk"
like "$(cat "$work/talk")" '^-ERR' 'a wrong password'
is "$(row 127.0.0.1)" '' 'is no login'
talk "$pop" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
like "$(tr '\n' ' ' <"$work/talk")" '^\+OK.* \+OK.* \+OK.* \+OK 0 0 \+OK' 'POP3: the session is as without us'
is "$(row 127.0.0.1)" '1|1800|joe|checkpassword' 'by the strict door, the mail user may mark'
is "$(relayed)" 250 'and the client may relay: the next connection knows'
"$bin/relayage" 0
like "$(relayed)" '^[45]' 'relayage 0: no more'
talk "$imap" 'a1 LOGIN joe secret' >"$work/talk"
like "$(cat "$work/talk")" '^a1 OK in' 'IMAP'
is "$(row 127.0.0.1) $(relayed)" '1|1800|joe|courier 250' 'the same'
"$bin/relayage" 0

# The simple form: relayd must know the user
talk "$popsimple" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
like "$(tr '\n' ' ' <"$work/talk")" '^\+OK.* \+OK.* \+OK.* \+OK 0 0 \+OK' 'without the door: the user gets his mail'
like "$(relayed)" '^[45]' 'but may not mark'
like "$(cat "$work/popsimple.log")" '^relaymark: no mark: relayd: this user may not say who has logged in' 'and the log says why'
# The door stays good when relayd is started anew, however that came
kill_relayd
start_relayd -l -u daemon
talk "$pop" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
is "$(row 127.0.0.1) $(relayed)" '1|1800|joe|checkpassword 250' 'the door of before leads to the relayd of now'
"$bin/relayage" 0
talk "$popsimple" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
is "$(row 127.0.0.1) $(relayed)" '1|1800|joe|checkpassword 250' 'relayd -u: this user may mark'
is "$(cat "$work/pop.log" "$work/imap.log" "$work/smtp.log" | grep relay)" '' 'nothing is complained about'

# What the mail user could do without the door, and with it
like "$(setpriv --reuid=daemon --clear-groups ls "$relay/private" 2>&1)" 'Permission denied' 'nobody else gets at the strict door'
cat >"$work/see" <<SCRIPT
#!/bin/sh
{ env; ls -l /proc/\$\$/fd; } >$work/seen
SCRIPT
chmod 755 "$work/see"
touch "$work/seen"
chmod 666 "$work/seen"
listen see "$bin/relaymark -o" pop3front-auth "$cvm" "$bin/relaymark" "$work/see"
talk "$port" 'USER joe' 'PASS secret' >/dev/null
await grep -q '^USER=joe' "$work/seen"
unlike "$(cat "$work/seen")" 'private/in|RELAYMARK_FD' 'what runs behind relaymark has nothing of it'

# Expiry, and relayd gone for good
before=$(stat -c %i "$relay/relay.cdb")
rows "UPDATE relay SET expires = strftime('%s', 'now') + 4"
made_anew() {
	[ "$(stat -c %i "$relay/relay.cdb")" != "$before" ]
}
await made_anew
kill_relayd
await eval 'relayed | grep -q "^[45]"'
like "$(relayed)" '^[45]' 'expired: no relaying, though nobody cleans up'

done_testing
