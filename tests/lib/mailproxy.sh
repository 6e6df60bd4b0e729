# shellcheck shell=sh disable=SC2034,SC2154 # shared with home.sh, peer.sh and the tests
# nginx's mail proxy, and the servers behind it. Source it behind peer.sh.
#
#	can_dovecot			only root can run it, and with tests/unpack dovecot-core dovecot-imapd dovecot-pop3d
#	dovecot NAME ADDRESS USER:PASSWORD...	a server of IMAP and POP3 at ports $imap and $pop3, the same for all
#	dovecot_again NAME		it was stopped, and comes back on the same ports
#	logins NAME			who has logged in there, one a line
#	nginx NAME AUTH_HTTP [LINE]	in front; AUTH_HTTP as in its auth_http, LINE more for its block "mail". Leaves $front_imap,
#					$front_pop3, $front_smtp and $front_submission, its ports
#	maillogin imap|pop3|smtp PORT METHOD USER PASSWORD	what is said last, by tests/tools/maillogin
#	routehttp NAME [argument...]	in the background, as who owns run/ if root starts it; its log is $work/NAME.log

imap=$(free_port)
pop3=$(free_port)

can_dovecot() {
	[ "$(id -u)" -eq 0 ] && [ -e "$top/build/root-dovecot-pop3d/.unpacked" ] &&
	    [ -e "$top/build/root-dovecot-imapd/.unpacked" ] && [ -e "$top/build/root-dovecot-core/.unpacked" ] &&
	    unshare -m mount -t overlay overlay -o "lowerdir=$top/build/root-dovecot-core/usr:/usr" /usr 2>/dev/null
}

can_nginx() {
	[ -e "$top/build/root-nginx/.unpacked" ] && [ -e "$top/build/root-libnginx-mod-mail/.unpacked" ]
}

# Its paths and its users are built in: it gets its files over those of /usr, and accounts, in a mount
# namespace that ends with it.
dovecot() {
	name=$1
	address=$2
	shift 2
	home=$work/$name
	mkdir -p "$home/mail" || exit 2
	chmod 755 "$home"
	chown nobody "$home/mail"
	for user; do
		echo "${user%%:*}:{PLAIN}${user#*:}"
	done >"$home/users"
	{ cat /etc/passwd; printf '%s:x:%d:64003::/:/bin/false\n' dovecot 64003 dovenull 64004; } >"$home/passwd"
	{ cat /etc/group; echo 'dovecot:x:64003:'; } >"$home/group"
	cat >"$home/dovecot.conf" <<-CONFIG
		base_dir = $home/run
		state_dir = $home/run
		instance_name = $name
		log_path = $home/log
		protocols = imap pop3
		listen = $address
		ssl = no
		disable_plaintext_auth = no
		auth_failure_delay = 0
		auth_username_chars =
		first_valid_uid = 1
		mail_location = maildir:$home/mail/%u
		passdb {
		  driver = passwd-file
		  args = scheme=PLAIN $home/users
		}
		userdb {
		  driver = static
		  args = uid=$(id -u nobody) gid=$(id -g nobody) home=$home/mail/%u
		}
		service imap-login {
		  inet_listener imap {
		    port = $imap
		  }
		  inet_listener imaps {
		    port = 0
		  }
		}
		service pop3-login {
		  inet_listener pop3 {
		    port = $pop3
		  }
		  inet_listener pop3s {
		    port = 0
		  }
		}
	CONFIG
	echo "$address" >"$home/address"
	dovecot_again "$name"
}

dovecot_again() {
	name=$1
	home=$work/$name
	read -r address <"$home/address"
	build_root=$top/build/root-dovecot
	unshare -m sh -c '
		home=$1 root=$2
		mount --bind "$home/passwd" /etc/passwd && mount --bind "$home/group" /etc/group &&
		    mount -t overlay overlay \
		    -o "lowerdir=$root-pop3d/usr:$root-imapd/usr:$root-core/usr:/usr" /usr || exit 1
		exec dovecot -F -c "$home/dovecot.conf"' sh "$home" "$build_root" </dev/null >"$work/$name.err" 2>&1 &
	echo $! >"$work/$name.pid"
	await answers "$imap" "$address" || server_fails "$name" "$work/$name.err"
	await answers "$pop3" "$address" || server_fails "$name" "$work/$name.err"
}

# Somebody greets there
answers() { # PORT [ADDRESS]
	perl -MIO::Socket::IP -e '
		my $s = IO::Socket::IP->new(PeerAddr => $ARGV[1], PeerPort => $ARGV[0], Timeout => 5) or exit 1;
		alarm 10;
		exit(!defined <$s>)' "$1" "${2-127.0.0.1}"
}

logins() { # NAME
	sed -n 's/.*-login: Info: Login: user=<\([^>]*\)>.*/\1/p' "$work/$1/log"
}

nginx() {
	name=$1
	front_imap=$(free_port)
	front_pop3=$(free_port)
	front_smtp=$(free_port)
	front_submission=$(free_port)
	home=$work/$name
	mkdir -p "$home"
	{
		[ "$(id -u)" -ne 0 ] || echo "user nobody $(id -gn nobody);"
		cat <<-CONFIG
			daemon off;
			load_module $top/build/root-libnginx-mod-mail/usr/lib/nginx/modules/ngx_mail_module.so;
			pid $home/pid;
			error_log $home/log info;
			events { }
			mail {
			    server_name proxy.test;
			    auth_http $2;
			    ${3-}
			    server { listen 127.0.0.1:$front_imap; protocol imap; imap_auth plain login cram-md5 external; }
			    server { listen 127.0.0.1:$front_pop3; protocol pop3; pop3_auth plain apop cram-md5; }
			    server { listen 127.0.0.1:$front_smtp; protocol smtp; smtp_auth none; xclient off; }
			    server { listen 127.0.0.1:$front_submission; protocol smtp; smtp_auth plain login cram-md5; xclient off; }
			}
		CONFIG
	} >"$home/nginx.conf"
	"$top/build/root-nginx/usr/sbin/nginx" -p "$home" -c "$home/nginx.conf" -e "$home/log" </dev/null >"$work/$name.err" 2>&1 &
	echo $! >"$work/$name.pid"
	await answers "$front_imap" || server_fails "$name" "$home/log"
}

maillogin() {
	"$top/tests/tools/maillogin" "$@"
}

routehttp() {
	name=$1
	shift
	"$bin/routehttp" "$@" </dev/null >>"$work/$name.out" 2>>"$work/$name.log" &
	echo $! >"$work/$name.pid"
}
