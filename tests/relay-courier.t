#!/bin/sh
# relaymark behind the logins of a real Courier of today, POP3 and IMAP, where a program has a name and no arguments.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/relay.sh

for package in courier-base courier-authlib courier-authdaemon courier-pop courier-imap; do
	[ -e "$top/build/root-$package/.unpacked" ] || skip_all "tests/unpack $package was not run"
done
[ "$(id -u)" -eq 0 ] || skip_all 'only root can run this Courier with its users'
unshare -m mount -t overlay overlay -o "lowerdir=$top/build/root-courier-base/usr:/usr" /usr 2>/dev/null ||
	skip_all 'no mount namespace here, in which this Courier could have its files in /usr'

# Its paths and users are built in: all of them lie over those of this host, where nobody else sees it
mkdir -p "$work/etc/courier" "$work/etc/pam.d" "$work/run/courier/authdaemon" "$work/mail/joe"
for folder in cur new tmp; do
	mkdir -p "$work/mail/joe/Maildir/$folder"
done
chown -R daemon:daemon "$work/mail"
{ cat /etc/passwd; echo "joe:$(openssl passwd -6 secret):$(id -u daemon):$(id -g daemon)::$work/mail/joe:/bin/sh"; } >"$work/etc/passwd"
cat >"$work/etc/courier/authdaemonrc" <<-'CONFIG'
	authmodulelist="authpam"
	daemons=2
	authdaemonvar=/run/courier/authdaemon
	DEBUG_LOGIN=0
	DEFAULTOPTIONS=""
	LOGGEROPTS=""
CONFIG
for service in pop3 imap; do
	printf 'auth required pam_unix.so nodelay\naccount required pam_permit.so\nsession required pam_permit.so\n' >"$work/etc/pam.d/$service"
done
ln -s "$bin/relaymark" "$work/relaymark-pop3d"
ln -s "$bin/relaymark" "$work/relaymark-imapd"
lower=/usr
for package in base authlib authdaemon pop imap; do
	lower=$top/build/root-courier-$package/usr:$lower
done
pop_port=$(free_port)
imap_port=$(free_port)
side_port=$(free_port)
cp "$top"/build/root-courier-pop/etc/courier/pop3d* "$work/etc/courier"
address=127.0.0.1
has_ipv6 && address=0 # all of this host, IPv6 and mapped IPv4
cat >"$work/courier" <<SCRIPT
#!/bin/sh
mount -t overlay overlay -o lowerdir=$lower /usr || exit 1
mount -t overlay overlay -o lowerdir=$work/etc:/etc /etc || exit 1
mount --bind $work/run /run || exit 1
/usr/lib/courier/courier-authlib/authdaemond 2>>$work/authdaemond.log &
ids=\$!
PATH=/usr/sbin:/usr/bin:/bin POP3AUTH= MAILDIRPATH=Maildir RELAYMARK_WAIT=10000 RCPTCHECK_HOME=$RCPTCHECK_HOME ASAN_OPTIONS=\$ASAN_OPTIONS
IMAP_CAPABILITY=IMAP4rev1 IMAP_EMPTYTRASH= IMAP_CHECK_ALL_FOLDERS=0
export PATH POP3AUTH MAILDIRPATH RELAYMARK_WAIT RCPTCHECK_HOME ASAN_OPTIONS IMAP_CAPABILITY IMAP_EMPTYTRASH IMAP_CHECK_ALL_FOLDERS
couriertcpd -address=$address -maxprocs=40 -maxperip=40 -nodnslookup -noidentlookup $pop_port \\
    /usr/lib/courier/courier/courierpop3login $work/relaymark-pop3d Maildir 2>>$work/pop3d.log &
ids="\$ids \$!"
couriertcpd -address=$address -maxprocs=40 -maxperip=40 -nodnslookup -noidentlookup $imap_port \\
    /usr/lib/courier/courier/imaplogin $work/relaymark-imapd Maildir 2>>$work/imapd.log &
ids="\$ids \$!"
# As INSTALL has it, beside what runs
sh -c 'set -a; . /etc/courier/pop3d-ssl; . /etc/courier/pop3d; exec couriertcpd -address=$address \$TCPDOPTS \\
    $side_port /usr/lib/courier/courier/courierpop3login $work/relaymark-pop3d \$MAILDIRPATH' 2>>$work/side.log &
ids="\$ids \$!"
trap 'kill \$ids; wait; exit' TERM
wait
SCRIPT
chmod 755 "$work/courier"
setsid unshare -m "$work/courier" </dev/null >"$work/courier.err" 2>&1 &
echo $! >"$work/courier.pid"

talk() { # ADDRESS PORT LINE...
	timeout 30 perl -MIO::Socket::IP -e '
		my ($address, $port, @lines) = @ARGV;
		my $s = IO::Socket::IP->new(PeerHost => $address, PeerPort => $port, Timeout => 5) or die "connect: $@";
		for my $line ("", @lines) {
			print $s "$line\r\n" if $line ne "";
			my ($tag) = $line =~ /^(a\d) /;
			while (defined(my $in = <$s>)) {
				print $in;
				last if !defined $tag || $in =~ /^$tag /;
			}
		}' "$@" 2>&1
}

listens() {
	talk 127.0.0.1 "$1" QUIT | grep -Eq '^(\+|\*) ?OK'
}

start_relayd -l -u daemon
for port in "$pop_port" "$imap_port" "$side_port"; do
	await listens "$port" || {
		echo "Bail out! Courier does not start: $(tail -n 5 "$work/courier.err" "$work"/*d.log 2>&1)"
		exit 2
	}
done

is "$(wrap 127.0.0.1)" unset 'before a login'
talk 127.0.0.1 "$pop_port" 'USER joe' 'PASS wrong' >"$work/talk"
like "$(cat "$work/talk")" '^-ERR' 'a wrong password'
is "$(wrap 127.0.0.1)$(row 127.0.0.1)" unset 'is no login'
talk 127.0.0.1 "$pop_port" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
is "$(sed -n 's/\r$//; 3,$p' "$work/talk" | tr '\n' ' ')" '+OK logged in. +OK 0 0 +OK Bye-bye. ' 'POP3: the session is as without us'
is "$(row 127.0.0.1)" '1|1800|joe|courier' 'its row'
is "$(wrap 127.0.0.1)" "set to ''" 'and the client may relay'
"$bin/relayage" 0
talk 127.0.0.1 "$imap_port" 'a1 LOGIN joe secret' 'a2 SELECT INBOX' 'a3 LOGOUT' >"$work/talk"
like "$(cat "$work/talk")" '^a1 OK LOGIN' 'IMAP'
like "$(cat "$work/talk")" '^a2 OK ' 'the session goes on'
like "$(cat "$work/talk")" '^a3 OK ' 'to its end'
is "$(row 127.0.0.1) $(wrap 127.0.0.1)" "1|1800|joe|courier set to ''" 'its row; the client may relay'
"$bin/relayage" 0
talk 127.0.0.1 "$side_port" 'USER joe' 'PASS secret' QUIT >"$work/talk"
is "$(row 127.0.0.1) $(wrap 127.0.0.1)" "1|1800|joe|courier set to ''" 'a side port, with the configuration of Debian' || diag "$(cat "$work/talk" "$work/side.log")"
if [ "$address" = 0 ]; then
	talk ::1 "$pop_port" 'USER joe' 'PASS secret' QUIT >"$work/talk"
	is "$(row ::1) $(wrap ::1) $(in_cdb ::1)" "1|1800|joe|courier set to '' OK" 'IPv6'
else
	skip 1 'no IPv6 here'
fi

# relayd turns this user away: so is a mark, but not the user
stop_relayd
"$bin/relayage" 0
start_relayd -l
talk 127.0.0.1 "$pop_port" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
is "$(sed -n 's/\r$//; 3,$p' "$work/talk" | tr '\n' ' ')" '+OK logged in. +OK 0 0 +OK Bye-bye. ' 'a user who may not mark gets his mail'
is "$(wrap 127.0.0.1)" unset 'and may not relay'
says_why() { # relayd may have been late for the mail user, who was not kept waiting
	talk 127.0.0.1 "$pop_port" 'USER joe' 'PASS secret' QUIT >"$work/talk"
	grep -q 'no mark: relayd: this user may not say who has logged in: see relayd.8., -a and -u' "$work/pop3d.log"
}
ok "as Courier's log says" await says_why
like "$(cat "$relayd_log")" "a user was turned away who may not mark .-a, -u.; user id: $(id -u daemon)" "and relayd's"
# relayd is gone
kill_relayd
talk 127.0.0.1 "$pop_port" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
is "$(sed -n 's/\r$//; 3,$p' "$work/talk" | tr '\n' ' ')" '+OK logged in. +OK 0 0 +OK Bye-bye. ' 'without relayd, too'
like "$(cat "$work/pop3d.log")" 'relaymark-pop3d: no mark: .*relayd does not run' "and Courier's log says why there is no mark"

done_testing
