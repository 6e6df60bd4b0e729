# shellcheck shell=sh disable=SC2034,SC2154 # home.sh and the tests share these
# Servers to ask, for a test that has sourced home.sh. Each call starts one on a free loopback port,
# waits until it listens, and leaves $port, and in $log the path of its log. They end with the test, or
# with stop_server NAME.
#
#	peer NAME [-6] [-d] <SCRIPT		the scripted peer (tests/lib/peer)
#	peer_again NAME <SCRIPT			it ends, and another begins on the same port
#	peer_turn NAME <SCRIPT			it goes on by another script; "deaf" makes it deaf
#	primary_mailfront NAME USER...		tcpserver with mailfront, users at any domain
#	primary_postfix NAME USER@DOMAIN...	tests/unpack postfix
#	primary_exim NAME USER@DOMAIN...	tests/unpack exim4-daemon-light
#	stop_server NAME

peer() {
	name=$1
	shift
	log=$work/$name.log
	rm -f "$work/$name.port" "$log" "$log".once.*
	cat >"$work/$name.script"
	"$top/tests/lib/peer" "$@" -u "$work/$name.next" -l "$log" -p "$work/$name.port" <"$work/$name.script" 2>"$work/$name.err" &
	echo $! >"$work/$name.pid"
	await test -s "$work/$name.port" || server_fails "$name" "$work/$name.err"
	read -r port <"$work/$name.port"
}

peer_again() {
	stop_server "$1"
	read -r port <"$work/$1.port"
	peer "$1" -P "$port"
}

peer_turn() {
	cat >"$work/$1.turn"
	mv "$work/$1.turn" "$work/$1.next"
	read -r turn_id <"$work/$1.pid"
	kill -USR1 "$turn_id"
	await test ! -e "$work/$1.next" || server_fails "$1" "$work/$1.err"
}

stop_server() {
	stop_pid "$work/$1.pid"
}

# What the peer logged, without the seconds and the connection
heard() { # NAME
	sed 's/^[^ ]* [^ ]* //' "$work/$1.log" 2>/dev/null
}

# How many connections it had
connections() { # NAME
	heard "$1" | grep -c '^connected$'
}

server_fails() { # NAME LOG
	echo "Bail out! $1 does not start: $(tail -n 5 "$2" 2>/dev/null)"
	exit 2
}

# Greets: it listens, and it is at work
greeting() { # PORT
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Timeout => 5) or exit 1;
		alarm 10;
		my $line = <$s>;
		print $s "QUIT\r\n";
		1 while <$s>;
		exit($line !~ /^220/)' "$1"
}

primary_mailfront() {
	name=$1
	shift
	log=$work/$name.log
	for user; do
		echo "$user:x:65534:65534:$user:/nonexistent:/bin/false"
	done >"$work/$name.users"
	env CVM_LOOKUP=cvm-command:/usr/bin/cvm-pwfile CVM_PWFILE_PATH="$work/$name.users" \
	    LOOKUP_SECRET=none CVM_LOOKUP_SECRET=none \
	    tcpserver -1HRl primary.test -c 200 127.0.0.1 0 mailfront smtp echo cvm-validate accept \
	    </dev/null >"$work/$name.port" 2>"$log" &
	echo $! >"$work/$name.pid"
	await test -s "$work/$name.port" || server_fails "$name" "$log"
	read -r port <"$work/$name.port"
}

# Postfix wants to be root, and its users to exist. As anybody else it gets both by libraries that
# make believe (libuid-wrapper, libnss-wrapper). What is in $more_main, $more_master and $more_dynamicmaps is added
# to its files.
primary_postfix() {
	name=$1
	shift
	root=$top/build/root-postfix
	port=$(free_port)
	home=$work/$name
	log=$home/log
	mkdir -p "$home/etc" "$home/data" || exit 2
	(cd "$home" && for dir in pid public private incoming active deferred defer bounce hold saved \
	    corrupt maildrop flush trace; do mkdir -p "queue/$dir"; done)
	libraries=$root/usr/lib/postfix:$(echo "$root"/usr/lib/*-linux-*)
	if [ "$(id -u)" -eq 0 ]; then
		chown daemon "$home/data" "$home"/queue/*
		chown root "$home/queue/pid"
		wrapper=
	else
		wrapper='LD_PRELOAD=libnss_wrapper.so:libuid_wrapper.so UID_WRAPPER=1 UID_WRAPPER_ROOT=1
		    NSS_WRAPPER_PASSWD=/etc/passwd NSS_WRAPPER_GROUP=/etc/group'
	fi
	for address; do
		echo "$address ok"
	done >"$home/etc/users"
	printf '%s\n' "${more_dynamicmaps-}" >"$home/etc/dynamicmaps.cf"
	cat >"$home/etc/main.cf" <<-CONFIG
		compatibility_level = 3.6
		queue_directory = $home/queue
		data_directory = $home/data
		command_directory = $root/usr/sbin
		daemon_directory = $root/usr/lib/postfix/sbin
		meta_directory = $home/etc
		shlib_directory = no
		mail_owner = daemon
		setgid_group = mail
		default_privs = nobody
		import_environment = MAIL_CONFIG MAIL_LOGTAG LANG=C LD_LIBRARY_PATH LD_PRELOAD UID_WRAPPER
		    UID_WRAPPER_ROOT NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
		maillog_file = $log
		maillog_file_prefixes = $work
		myhostname = primary.test
		mydestination =
		mynetworks = 127.0.0.2/32
		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		alias_maps =
		alias_database =
		local_recipient_maps =
		relay_domains = $(for address; do echo "${address#*@}"; done | sort -u | tr '\n' ' ')
		relay_recipient_maps = texthash:$home/etc/users
		relay_transport = discard:
		smtpd_recipient_restrictions = reject_unauth_destination
		smtpd_client_connection_rate_limit = 0
		smtpd_peername_lookup = no
		smtpd_tls_security_level = none
		${more_main-}
	CONFIG
	cat >"$home/etc/master.cf" <<-CONFIG
		127.0.0.1:$port inet n - n - - smtpd
		cleanup unix n - n - 0 cleanup
		rewrite unix - - n - - trivial-rewrite
		proxymap unix - - n - - proxymap
		anvil unix - - n - 1 anvil
		postlog unix-dgram n - n - 1 postlogd
		${more_master-}
	CONFIG
	# It waits for files that changed just now to settle
	touch -d 2020-01-01 "$home"/etc/*
	# Its children keep the port open unless they get its signals: they need a process group
	# shellcheck disable=SC2086 # words
	setsid env LD_LIBRARY_PATH="$libraries" $wrapper "$root/usr/lib/postfix/sbin/master" -c "$home/etc" -d \
	    </dev/null >"$work/$name.err" 2>&1 &
	echo $! >"$work/$name.pid"
	await greeting "$port" || server_fails "$name" "$log"
}

# Its words for an unknown user are those of a fresh Exim: 550 Unrouteable address, no enhanced code.
# Exim wants a user Debian-exim: libnss-wrapper tells it that this is nobody, or us. $more_verify goes
# behind its "verify = recipient"; $more_routers and $more_transports come before its own.
primary_exim() {
	name=$1
	shift
	root=$top/build/root-exim4-daemon-light
	port=$(free_port)
	home=$work/$name
	log=$home/mainlog
	mkdir -p "$home/spool" || exit 2
	user=nobody
	if [ "$(id -u)" -eq 0 ]; then
		chown nobody "$home" "$home/spool"
	else
		user=$(id -un)
	fi
	uid=$(id -u "$user")
	gid=$(id -g "$user")
	{ cat /etc/passwd; echo "Debian-exim:x:$uid:$gid::/:/bin/false"; } >"$work/$name.passwd"
	{ cat /etc/group; echo "Debian-exim:x:$gid:"; } >"$work/$name.group"
	cat >"$home/exim.conf" <<-CONFIG
		exim_user = $uid
		exim_group = $gid
		primary_hostname = primary.test
		spool_directory = $home/spool
		log_file_path = $home/%slog
		keep_environment = *
		add_environment = PATH=/usr/bin:/bin
		disable_ipv6 = true
		local_interfaces = 127.0.0.1
		daemon_smtp_ports = $port
		host_lookup =
		rfc1413_hosts =
		tls_advertise_hosts =
		smtp_accept_max = 200
		smtp_accept_queue_per_connection = 0
		domainlist ours = $(for address; do echo "${address#*@}"; done | sort -u | tr '\n' ':' | sed 's/:$//')
		acl_smtp_rcpt = rcpt
		begin acl
		rcpt:
		  require domains = +ours
		          verify = recipient${more_verify-}
		  accept
		begin routers
		${more_routers-}
		known:
		  driver = accept
		  condition = \${lookup{\$local_part@\$domain}lsearch{$home/users}{yes}{no}}
		  transport = gone
		begin transports
		${more_transports-}
		gone:
		  driver = appendfile
		  file = /dev/null
	CONFIG
	for address; do
		echo "$address: ok"
	done >"$home/users"
	env LD_LIBRARY_PATH="$(echo "$root"/usr/lib/*-linux-*)" LD_PRELOAD=libnss_wrapper.so \
	    NSS_WRAPPER_PASSWD="$work/$name.passwd" NSS_WRAPPER_GROUP="$work/$name.group" \
	    "$root/usr/sbin/exim4" -C "$home/exim.conf" -bdf \
	    </dev/null >"$work/$name.err" 2>&1 &
	echo $! >"$work/$name.pid"
	await greeting "$port" || server_fails "$name" "$work/$name.err"
}
