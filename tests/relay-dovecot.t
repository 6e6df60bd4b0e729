#!/bin/sh
# relaymark in the post-login service of a real Dovecot, POP3 and IMAP, IPv4 and IPv6.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/relay.sh

for package in dovecot-core dovecot-pop3d dovecot-imapd; do
	[ -e "$top/build/root-$package/.unpacked" ] || skip_all "tests/unpack $package was not run"
done
[ "$(id -u)" -eq 0 ] || skip_all 'only root can run this Dovecot with its users'
[ "${BUILD:-build}" = build ] || skip_all 'the post-login service has no environment for the sanitizers'

unshare -m mount -t overlay overlay -o "lowerdir=$top/build/root-dovecot-core/usr:/usr" /usr 2>/dev/null ||
	skip_all 'no mount namespace here, in which this Dovecot could have its files in /usr'

mkdir -p "$work/base" "$work/mail/joe"
chown -R nobody:nogroup "$work/mail"
pop_port=$(free_port)
imap_port=$(free_port)
cat >"$work/dovecot.conf" <<CONFIG
base_dir = $work/base
log_path = $work/dovecot.log
default_login_user = daemon
default_internal_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
protocols = pop3 imap
listen = 127.0.0.1, ::1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain anonymous
mail_location = maildir:$work/mail/%u
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$work/mail/%u
}
service pop3-login {
  inet_listener pop3 {
    port = $pop_port
  }
  inet_listener pop3s {
    port = 0
  }
}
service imap-login {
  inet_listener imap {
    port = $imap_port
  }
  inet_listener imaps {
    port = 0
  }
}
service pop3 {
  executable = pop3 pop3-postlogin
}
service imap {
  executable = imap imap-postlogin
}
service pop3-postlogin {
  executable = script-login /usr/bin/env RCPTCHECK_HOME=$RCPTCHECK_HOME $bin/relaymark -s dovecot-pop3
  user = nobody
  unix_listener pop3-postlogin {
  }
}
service imap-postlogin {
  executable = script-login /usr/bin/env RCPTCHECK_HOME=$RCPTCHECK_HOME $bin/relaymark
  user = nobody
  unix_listener imap-postlogin {
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
CONFIG
# Its paths are built in: its files lie over those of /usr, where nobody else sees it
lower=$top/build/root-dovecot-core/usr:$top/build/root-dovecot-pop3d/usr:$top/build/root-dovecot-imapd/usr:/usr
setsid unshare -m sh -c 'mount -t overlay overlay -o "lowerdir=$1" /usr && exec dovecot -F -c "$2"' sh "$lower" "$work/dovecot.conf" \
    </dev/null >"$work/dovecot.err" 2>&1 &
echo $! >"$work/dovecot.pid"

# What the server says to these lines, each sent when the last was answered
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
	talk 127.0.0.1 "$pop_port" QUIT | grep -q '^+OK'
}

start_relayd -l -u nobody
await listens || {
	echo "Bail out! Dovecot does not start: $(tail -n 5 "$work/dovecot.err" "$work/dovecot.log" 2>&1)"
	exit 2
}
ip6=
has_ipv6 && ip6=::1

is "$(wrap 127.0.0.1)" unset 'before a login'
talk 127.0.0.1 "$pop_port" 'USER joe' 'PASS wrong' >"$work/talk"
like "$(cat "$work/talk")" '^-ERR' 'a wrong password'
is "$(wrap 127.0.0.1)$(row 127.0.0.1)" unset 'is no login'
talk 127.0.0.1 "$imap_port" 'a1 AUTHENTICATE ANONYMOUS cmV2' 'a2 LOGOUT' >"$work/talk"
like "$(cat "$work/talk")" '^a1 OK ' 'a guest, whom anybody can be, reads what there is'
is "$(wrap 127.0.0.1)$(row 127.0.0.1)" unset 'but has not logged in'
talk 127.0.0.1 "$pop_port" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
is "$(sed -n 's/\r$//; 3,$p' "$work/talk" | tr '\n' ' ')" '+OK Logged in. +OK 0 0 +OK Logging out. ' 'POP3: the session is as without us'
is "$(row 127.0.0.1)" '1|1800|joe|dovecot-pop3' 'its row'
is "$(wrap 127.0.0.1)" "set to ''" 'and the client may relay'
"$bin/relayage" 0
is "$(wrap 127.0.0.1)" unset 'no more'
talk 127.0.0.1 "$imap_port" 'a1 LOGIN joe secret' 'a2 SELECT INBOX' 'a3 LOGOUT' >"$work/talk"
like "$(cat "$work/talk")" '^a1 OK .*Logged in' 'IMAP'
like "$(cat "$work/talk")" '^a2 OK ' 'the session goes on'
like "$(cat "$work/talk")" '^a3 OK ' 'to its end'
is "$(row 127.0.0.1) $(wrap 127.0.0.1)" "1|1800|joe|dovecot set to ''" 'its row; the client may relay'
if [ -n "$ip6" ]; then
	talk ::1 "$pop_port" 'USER joe' 'PASS secret' QUIT >"$work/talk"
	is "$(row ::1) $(wrap ::1) $(in_cdb ::1)" "1|1800|joe|dovecot-pop3 set to '' OK" 'IPv6'
else
	skip 1 'no IPv6 here'
fi

# A second instance beside it, as INSTALL has it
side_port=$(free_port)
cat >"$work/side.conf" <<CONFIG
!include dovecot.conf
base_dir = $work/side
instance_name = side
protocols = imap
service imap-login {
  inet_listener imap {
    port = $side_port
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  executable = imap imap-postlogin
}
service imap-postlogin {
  executable = script-login /usr/bin/env RCPTCHECK_HOME=$RCPTCHECK_HOME $bin/relaymark -s side
  user = nobody
  unix_listener imap-postlogin {
  }
}
CONFIG
setsid unshare -m sh -c 'mount -t overlay overlay -o "lowerdir=$1" /usr && exec dovecot -F -c "$2"' sh "$lower" "$work/side.conf" \
    </dev/null >"$work/side.err" 2>&1 &
echo $! >"$work/side.pid"
side_listens() {
	talk 127.0.0.1 "$side_port" 'a1 LOGOUT' | grep -q '^[*] OK'
}
await side_listens || diag "$(cat "$work/side.err" "$work/dovecot.log")"
"$bin/relayage" 0
talk 127.0.0.1 "$side_port" 'a1 LOGIN joe secret' 'a2 LOGOUT' >"$work/talk"
is "$(row 127.0.0.1) $(wrap 127.0.0.1)" "1|1800|joe|side set to ''" 'a side port' || diag "$(cat "$work/talk" "$work/side.err")"
ok 'beside it the first goes on' listens

# relayd is gone: the login is the same
kill_relayd
talk 127.0.0.1 "$pop_port" 'USER joe' 'PASS secret' STAT QUIT >"$work/talk"
is "$(sed -n 's/\r$//; 3,$p' "$work/talk" | tr '\n' ' ')" '+OK Logged in. +OK 0 0 +OK Logging out. ' 'without relayd the user gets his mail'
like "$(cat "$work/dovecot.log")" 'relaymark: no mark: .*relayd does not run' "and Dovecot's log says why there is no mark"

done_testing
