# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # shared with home.sh, peer.sh and the tests
# Real servers as primaries for many questions, with the limits they come with. Source it behind peer.sh.
# Any user of their domains exists whose name begins with "known", and postmaster, whom rcptcheck asks for
# before it believes a refusal; all others are refused at RCPT.
#
#	real_postfix NAME DOMAIN...	tests/unpack postfix
#	real_exim NAME DOMAIN...	tests/unpack exim4-daemon-light
#	real_opensmtpd NAME DOMAIN...	tests/unpack opensmtpd; only root can run it, see can_opensmtpd
#		each leaves $port and $log; with $cert, made by make_cert, it offers STARTTLS.
#		$more_postfix, $more_exim and $more_opensmtpd are lines for its settings.
#	relay NAME [-d MS]		tests/lib/relay before $port: $port is its own now, $ip its address.
#					With -d, or in tests/lib/netdelay, it is so far away, one way
#	counts NAME			what the relay NAME counted up to now, see there
#	counted NAME KEY		one figure of it, as in: counted near 'connections max'
#	asked NAME			"COUNT ADDRESS" for each that was asked for there
#	make_cert			a certificate for 127.0.0.1, primary.test; its files are $cert and $key
#	crowd [-j PROCESSES] <LIST	tests/tools/crowd.c: a rcptcheck for each address. Leaves $records and
#					$log_lines, the paths of its table and of what was logged, and $summary
#	summed KEY			one figure of $summary, as in: summed p99

ip=127.0.0.1
known='known'

make_cert() {
	cert=$work/cert.pem
	key=$work/key.pem
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=primary.test \
	    -addext subjectAltName=DNS:primary.test,IP:127.0.0.1 -keyout "$key" -out "$cert" 2>"$work/cert.err" || {
		echo "Bail out! openssl makes no certificate: $(cat "$work/cert.err")"
		exit 2
	}
	chmod 600 "$key"
}

# primary_postfix does most of it. A later line in main.cf wins. The queue manager is there because without it
# each accepted recipient waits for in_flow_delay (1 s). With it, as anywhere, the first 100 do not, until mail
# arrives or 300 s are over: more_postfix='in_flow_delay = 0' where that is not what is tested.
real_postfix() {
	real_name=$1
	shift
	more_main=$(
		echo "relay_recipient_maps = regexp:{ {/^$known/ ok}, {/^postmaster@/ ok} }"
		echo "relay_domains = $*"
		echo "smtpd_peername_lookup = yes"
		[ -z "${cert-}" ] || printf '%s\n' 'smtpd_tls_security_level = may' \
		    "smtpd_tls_chain_files = $key $cert" 'tls_random_source = dev:/dev/urandom'
		echo "${more_postfix-}"
	)
	more_master=$(
		echo 'qmgr unix n - n 300 1 qmgr'
		[ -z "${cert-}" ] || echo 'tlsmgr unix - - n 1000? 1 tlsmgr'
	)
	primary_postfix "$real_name"
	unset more_main more_master
}

# The ACL is what Debian's own comes down to for a domain one relays for. primary_exim has other limits.
real_exim() {
	name=$1
	shift
	root=$top/build/root-exim4-daemon-light
	port=$(free_port)
	home=$work/$name
	log=$home/mainlog
	mkdir -p "$home/spool" || exit 2
	user=$(id -un)
	if [ "$(id -u)" -eq 0 ]; then
		user=nobody
		chown nobody "$home" "$home/spool"
	fi
	{ cat /etc/passwd; echo "Debian-exim:x:$(id -u "$user"):$(id -g "$user")::/:/bin/false"; } >"$work/$name.passwd"
	{ cat /etc/group; echo "Debian-exim:x:$(id -g "$user"):"; } >"$work/$name.group"
	{
		cat <<-CONFIG
			exim_user = $(id -u "$user")
			exim_group = $(id -g "$user")
			primary_hostname = primary.test
			spool_directory = $home/spool
			log_file_path = $home/%slog
			keep_environment = *
			add_environment = PATH=/usr/bin:/bin
			disable_ipv6 = true
			local_interfaces = 127.0.0.1
			daemon_smtp_ports = $port
			tls_advertise_hosts = ${cert:+*}
			acl_smtp_rcpt = rcpt
			${more_exim-}
		CONFIG
		[ -z "${cert-}" ] || printf 'tls_certificate = %s\ntls_privatekey = %s\n' "$home/cert.pem" "$home/key.pem"
		cat <<-CONFIG
			domainlist ours = $(echo "$*" | sed 's/ / : /g')
			begin acl
			rcpt:
			  require domains = +ours
			          verify = recipient
			  accept
			begin routers
			known:
			  driver = accept
			  local_parts = ^$known : postmaster
			  transport = gone
			begin transports
			gone:
			  driver = appendfile
			  file = /dev/null
		CONFIG
	} >"$home/exim.conf"
	if [ -n "${cert-}" ]; then
		cp "$cert" "$home/cert.pem"
		cp "$key" "$home/key.pem"
		[ "$user" != nobody ] || chown nobody "$home"/*.pem
	fi
	env LD_LIBRARY_PATH="$(echo "$root"/usr/lib/*-linux-*)" LD_PRELOAD=libnss_wrapper.so \
	    NSS_WRAPPER_PASSWD="$work/$name.passwd" NSS_WRAPPER_GROUP="$work/$name.group" \
	    "$root/usr/sbin/exim4" -C "$home/exim.conf" -bdf \
	    </dev/null >"$work/$name.err" 2>&1 &
	echo $! >"$work/$name.pid"
	await greeting "$port" || server_fails "$name" "$work/$name.err"
}

# Its paths and its users are built in: it gets folders of its own there, and accounts, in a mount
# namespace that ends with it. STARTTLS is offered and fails: Debian 12 has 6.8.0p2 built with OpenSSL 3,
# which it is not made for (OpenSMTPD's issue 1171).
can_opensmtpd() {
	[ -e "$top/build/root-opensmtpd" ] && [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null
}

real_opensmtpd() {
	name=$1
	shift
	root=$top/build/root-opensmtpd
	port=$(free_port)
	home=$work/$name
	log=$home/log
	mkdir -p "$home/spool" "$home/lib/opensmtpd/empty" "$home/run" "$home/libexec" || exit 2
	mkdir -p /usr/libexec
	chmod 711 "$home" "$home/spool" "$home/run"
	{
		cat /etc/passwd
		echo 'opensmtpd:x:64001:64001::/var/lib/opensmtpd/empty:/bin/false'
		echo 'opensmtpq:x:64002:64002::/var/lib/opensmtpd/empty:/bin/false'
	} >"$home/passwd"
	# It looks up who connects, which is in /etc/hosts
	echo 'lookup file' >"$home/resolv.conf"
	{ cat /etc/group; echo 'opensmtpd:x:64001:'; echo 'opensmtpq:x:64002:'; } >"$home/group"
	{
		[ -z "${cert-}" ] || printf 'pki primary.test cert "%s"\npki primary.test key "%s"\n' "$cert" "$key"
		cat <<-CONFIG
			${more_opensmtpd-}
			listen on 127.0.0.1 port $port hostname primary.test ${cert:+tls pki primary.test}
			action gone relay host "smtp://127.0.0.1:9"
			match from any for rcpt-to regex "^($known.*|postmaster)@($(echo "$*" | sed 's/\./\\./g; s/ /|/g'))\$" action gone
		CONFIG
	} >"$home/smtpd.conf"
	chmod 600 "$home/smtpd.conf"
	env LD_LIBRARY_PATH="$(echo "$root"/usr/lib/*-linux-*)" unshare -m sh -c '
		home=$1 root=$2
		mount --bind "$home/spool" /var/spool && mount --bind "$home/lib" /var/lib &&
		    mount --bind "$home/run" "$(realpath /var/run)" &&
		    mount --bind "$home/passwd" /etc/passwd && mount --bind "$home/group" /etc/group &&
		    mount --bind "$home/resolv.conf" /etc/resolv.conf &&
		    mount --bind "$root/usr/libexec" /usr/libexec || exit 1
		mkdir -p /var/spool/smtpd
		chmod 711 /var/spool/smtpd
		PATH=$root/usr/sbin:$PATH
		exec "$root/usr/sbin/smtpd" -d -v -f "$home/smtpd.conf"' sh "$home" "$root" </dev/null >"$log" 2>&1 &
	echo $! >"$work/$name.pid"
	await greeting "$port" || server_fails "$name" "$log"
}

# In tests/lib/netdelay the delay is the network's
relay() {
	name=$1
	shift
	rm -f "$work/$name.port" "$work/$name.counts"
	if [ -n "${RCPTCHECK_FAR-}" ]; then
		ip=$RCPTCHECK_FAR
		set -- -a "$RCPTCHECK_NEAR"
	else
		ip=127.0.0.1
	fi
	"$top/tests/lib/relay" "$@" -p "$work/$name.port" -c "$work/$name.counts" "$port" 2>"$work/$name.err" &
	echo $! >"$work/$name.pid"
	await test -s "$work/$name.port" || server_fails "$name" "$work/$name.err"
	read -r port <"$work/$name.port"
}

counts() {
	if [ -s "$work/$1.pid" ]; then
		rm -f "$work/$1.counts"
		read -r counts_id <"$work/$1.pid"
		kill -USR1 "$counts_id"
		await test -e "$work/$1.counts" || return 1
	fi
	cat "$work/$1.counts"
}

counted() { # NAME KEY
	counts "$1" | sed -n "s/^$2 //p"
}

asked() { # NAME
	counts "$1" | sed -n 's/^rcpt \([0-9].*\)/\1/p'
}

crowd() {
	crowd_program=$top/${BUILD:-build}/tests/tools/crowd
	records=$work/crowd.records
	log_lines=$work/crowd.log
	rm -f "$log_lines"
	(cd "$top" && make -s ${BUILD:+B="$BUILD"} "${crowd_program#"$top"/}") >"$work/crowd.make" 2>&1 || {
		echo "Bail out! tests/tools/crowd.c: $(tail -n 5 "$work/crowd.make")"
		exit 2
	}
	"$crowd_program" "$@" -o "$log_lines" "$bin/rcptcheck" -v >"$records" 2>"$work/crowd.summary"
	summary=$(cat "$work/crowd.summary")
}

summed() { # KEY
	printf '%s\n' "$summary" | sed -n "s/^$1 //p"
}
