#!/bin/sh
# proxyread behind tcpserver: headers as real proxies send them, and as nobody should.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

proxyread=$bin/proxyread
log=$work/edge.log

# Says what it was given, then what the client says first
cat >"$work/show" <<'SCRIPT'
#!/bin/sh
printf '%s|' "$PROTO" "$TCPREMOTEIP" "$TCPREMOTEPORT" "$TCPLOCALIP" "$TCPLOCALPORT" "${TCPREMOTEHOST-none}" \
    "${TCPREMOTEINFO-none}" "${TCPLOCALHOST-none}" "${TCP6REMOTEIP-none}" "${RELAYCLIENT-none}" "${RBLSMTPD-none}" "${OWN-none}"
printf '\r\n'
IFS= read -r line
printf 'heard %s\r\n' "$line"
SCRIPT
chmod 755 "$work/show"

# tcpserver on the loopback, which has names and rules for its client: the proxy
edge() { # proxyread's arguments
	stop_server edge
	rm -f "$work/edge.port"
	cp /dev/null "$log"
	TCPREMOTEINFO=ident TCPREMOTEHOST=proxy.test OWN=mine RELAYCLIENT='' RBLSMTPD='' TCP6REMOTEIP=::9 \
	    tcpserver -1HRl edge.test -c 100 127.0.0.1 0 env TCPREMOTEINFO=ident TCPREMOTEHOST=proxy.test TCPLOCALHOST=edge \
	    "$proxyread" "$@" </dev/null >"$work/edge.port" 2>"$log" &
	echo $! >"$work/edge.pid"
	await test -s "$work/edge.port" || server_fails edge "$log"
	read -r edge <"$work/edge.port"
}

# Sends the pieces, each a format of printf, with a pause between; prints what comes until the end
cat >"$work/say" <<'SCRIPT'
use strict; use warnings; use IO::Socket::IP; use IO::Socket::UNIX; use Socket;
my ($where, @pieces) = @ARGV;
my $s = $where =~ m{/} ? IO::Socket::UNIX->new(Peer => $where) : IO::Socket::IP->new(PeerHost => $where =~ s/^6:// ? '::1' : '127.0.0.1', PeerPort => $where);
$s or die "$where: $!\n";
$SIG{PIPE} = 'IGNORE';
alarm 20;
my $fin = @pieces && $pieces[-1] eq 'fin' && pop @pieces;
my $hang_up = @pieces && $pieces[-1] eq 'reset' && pop @pieces;
for my $i (0 .. $#pieces) {
	my $bytes = $pieces[$i] =~ s/\\x([0-9a-f]{2})|\\([rn])/defined $1 ? chr hex $1 : $2 eq 'r' ? "\r" : "\n"/ger;
	syswrite $s, $bytes;
	select undef, undef, undef, 0.05 if $i < $#pieces;
}
exit 0 if $fin;
if ($hang_up) { select undef, undef, undef, 0.3 if @pieces; setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0; exit 0 }
while (sysread $s, my $got, 4096) { print $got }
SCRIPT
say_to() {
	said=$(perl "$work/say" "$@" | tr -d '\r')
}
first() {
	printf '%s\n' "$said" | head -n 1
}

v2='\r\n\r\n\x00\r\nQUIT\n'
edge -t 127.0.0.1,2001:db8::/32 "$work/show"

say_to "$edge" 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nhello\r\n'
is "$(first)" 'TCP|192.0.2.1|51602|198.51.100.2|25|none|none|none|none|none|none|mine|' 'version 1: the client, and nothing of the proxy'
like "$said" '^heard hello$' 'what follows the header is for the program'
say_to "$edge" P ROX 'Y TCP4 192.0.2.1 198.51' '.100.2 51602 25\r' '\nhel' 'lo\r\n'
is "$(printf '%s\n' "$said" | cut -d '|' -f 2)" '192.0.2.1
heard hello' 'the same in pieces'
say_to "$edge" 'PROXY TCP6 2001:db8::1 2001:db8:0:0:0:0:0:2 51602 25\r\nx\r\n'
is "$(first)" 'TCP6|2001:db8::1|51602|2001:db8::2|25|none|none|none|2001:db8::1|none|none|mine|' 'IPv6'
say_to "$edge" 'PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 51602 25\r\nx\r\n'
is "$(first)" 'TCP|192.0.2.1|51602|198.51.100.2|25|none|none|none|none|none|none|mine|' 'IPv4-mapped IPv6 is IPv4'
# The proxy speaks for itself, with a check that wants to hear the program
say_to "$edge" "$v2"'\x20\x00\x00\x00x\r\n'
is "$(printf '%s\n' "$said" | sed 's/|[0-9]*|none/|*|none/' | tr '\n' ' ')" 'TCP|||127.0.0.1|*|none|none|none|none|none|none|mine| heard x ' \
    'LOCAL: nobody is the client'
is "$(cat "$log")" '' 'and that is no trouble'
for unknown in 'PROXY UNKNOWN\r\nx\r\n' 'PROXY UNKNOWN fe80::1 fe80::2 1 2\r\nx\r\n' "$v2"'\x21\x00\x00\x00x\r\n' 'PROXY UNKNOWN\r\n'; do
	cp /dev/null "$log"
	say_to "$edge" "$unknown"
	await test -s "$log"
	is "$said $(cat "$log")" ' proxyread: peer=127.0.0.1 trouble="the proxy does not know its client" reason="UNKNOWN; -u would serve it"' \
	    "no session: $unknown"
done
cp /dev/null "$log"
edge -u -t 127.0.0.1,2001:db8::/32 "$work/show"
for unknown in 'PROXY UNKNOWN\r\nx\r\n' 'PROXY UNKNOWN fe80::1 fe80::2 1 2\r\nx\r\n' "$v2"'\x21\x00\x00\x00x\r\n' "$v2"'\x20\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\xc9\x92\x00\x19x\r\n'; do
	say_to "$edge" "$unknown"
	is "$(printf '%s\n' "$said" | sed 's/|[0-9]*|127.0.0.1|[0-9]*|/|*|127.0.0.1|*|/' | tr '\n' ' ')" 'TCP|127.0.0.1|*|127.0.0.1|*|proxy.test|ident|edge|::9|none|none|mine| heard x ' \
	    "-u: the real peer stays, but no rule for it: $unknown"
done
edge -t 127.0.0.1,2001:db8::/32 "$work/show"
say_to "$edge" "$v2"'\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\xc9\x92\x00\x19hello\r\n'
is "$said" 'TCP|192.0.2.1|51602|198.51.100.2|25|none|none|none|none|none|none|mine|
heard hello' 'version 2'
say_to "$edge" "$v2"'\x21\x21\x00\x28\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\xc9\x92\x00\x19\x04\x00\x01zhello\r\n'
is "$said" 'TCP6|2001:db8::1|51602|2001:db8::2|25|none|none|none|2001:db8::1|none|none|mine|
heard hello' 'version 2, IPv6, with a TLV'
say_to "$edge" "$v2"'\x21\x11\xff\xff\xc0\x00\x02\x01\xc6\x33\x64\x02\xc9\x92\x00\x19' "$(head -c 65523 /dev/zero | tr '\0' x)"'hello\r\n'
like "$said" '^heard hello$' 'version 2, as long as can be'
is "$(cat "$log")" '' 'nothing of this is worth a line in the log'

bad() { # NAME PIECE...
	bad_name=$1
	shift
	cp /dev/null "$log"
	say_to "$edge" "$@"
	is "$said" '' "$bad_name: no byte to the client"
	await test -s "$log"
	is "$(grep -c '^proxyread: peer=127.0.0.1 trouble="bad header" reason=' "$log") $(wc -l <"$log")" '1 1' "$bad_name: one line in the log" || diag "$(cat "$log")"
}
bad 'no header' 'EHLO client\r\n'
bad 'LF alone' 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\n'
bad 'a leading zero' 'PROXY TCP4 192.0.2.1 198.51.100.2 051602 25\r\n'
bad 'a zero in an address' 'PROXY TCP4 192.0.2.01 198.51.100.2 51602 25\r\n'
bad 'two blanks' 'PROXY TCP4  192.0.2.1 198.51.100.2 51602 25\r\n'
bad 'IPv6 as TCP4' 'PROXY TCP4 2001:db8::1 2001:db8::2 51602 25\r\n'
bad 'a port too great' 'PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n'
bad 'small letters' 'proxy TCP4 192.0.2.1 198.51.100.2 51602 25\r\n'
bad '108 bytes' "PROXY UNKNOWN $(head -c 92 /dev/zero | tr '\0' x)\r\n"
bad 'version 3' "$v2"'\x31\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\xc9\x92\x00\x19'
bad 'too short' "$v2"'\x21\x21\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\xc9\x92\x00\x19'
say_to "$edge" "PROXY UNKNOWN $(head -c 91 /dev/zero | tr '\0' x)\r\nhello\r\n"
await grep -q 'the proxy does not know' "$log"
like "$(tail -n 1 "$log")" 'the proxy does not know its client' '107 bytes are a header'
cp /dev/null "$log"
perl "$work/say" "$edge" 'PROXY TCP4 192.0' reset
await test -s "$log"
like "$(cat "$log")" 'trouble="bad header" reason="the peer hung up in the middle"' 'a header that is cut'

# Probes: nothing, and a header of version 2 that is for nobody, then a reset
cp /dev/null "$log"
perl "$work/say" "$edge" reset
perl "$work/say" "$edge" "$v2"'\x20\x00\x00\x00' reset
perl "$work/say" "$edge" 'PROXY UNKNOWN\r\n' fin
say_to "$edge" "$v2"'\x20\x00\x00\x00hello\r\n'
like "$said" '^heard hello$' 'a LOCAL header with a session behind it'
is "$(cat "$log")" '' 'probes that hang up are quiet'

edge -w 1 -t 127.0.0.1 "$work/show"
say_to "$edge" 'PROXY TCP4 192.0'
is "$said $(cat "$log")" ' proxyread: peer=127.0.0.1 trouble="no header in time"' 'who is slow is let go'

edge -t 127.0.0.2 "$work/show"
say_to "$edge" 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nhello\r\n'
is "$said $(cat "$log")" ' proxyread: peer=127.0.0.1 trouble="the peer is not trusted"' 'a header from somebody else'

edge -k -e OWN -t 127.0.0.0/8 "$work/show"
say_to "$edge" 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nhello\r\n'
is "$(first)" 'TCP|192.0.2.1|51602|198.51.100.2|25|none|none|none|none|||none|' '-k keeps the rules, -e takes another variable away'

printf '# the proxies\n\n127.0.0.2 # one\n127.0.0.1\n' >"$work/proxies"
edge -f "$work/proxies" "$work/show"
say_to "$edge" 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nhello\r\n'
like "$said" '192.0.2.1' 'a file names the proxies'

# Wrong arguments and programs
refuses() { # WANT NAME ARGUMENT...
	want=$1 name=$2
	shift 2
	run "$proxyread" "$@" </dev/null
	is "$code $out" '111 ' "$name"
	like "$err" "$want" "$name: why" || diag "$err"
}
refuses 'nobody is trusted' 'nobody named' "$work/show"
refuses 'a network of all addresses' 'a network of all' -t 0.0.0.0/0 "$work/show"
refuses 'a network of all addresses' 'the same of IPv6' -t ::/0 "$work/show"
refuses 'bits behind its prefix' 'a network that is none' -t 192.0.2.1/24 "$work/show"
refuses 'neither an address nor' 'a name' -t localhost "$work/show"
refuses 'no number of a user' 'a name of a user' -U haproxy "$work/show"
refuses 'usage:' 'no program' -t 127.0.0.1
refuses "it can't be opened" 'no file' -f "$work/none" "$work/show"
refuses 'the peer is not trusted' 'no socket, and no word who is there' -t 127.0.0.1 "$work/show"
printf 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nhello\n' >"$work/in"
run env PROTO=TCP TCPREMOTEIP=127.0.0.1 "$proxyread" -t 127.0.0.1 "$work/show" <"$work/in"
is "$code $(printf '%s' "$out" | tail -n 1 | tr -d '\r')" '0 heard hello' 'a pipe or file, of which the environment says who is there'
run env PROTO=TCP TCPREMOTEIP=127.0.0.1 "$proxyread" -t 127.0.0.1 "$work/none" <"$work/in"
is "$code $out" '111 ' 'a program that is not there'
run env PROTO=TCP TCPREMOTEIP=127.0.0.1 "$proxyread" -t 127.0.0.1 "$work/show" </dev/null
is "$code $out$err" '0 ' 'nothing at all'

# A Unix socket, where the kernel says whose process is there
cat >"$work/listen" <<'SCRIPT'
use strict; use warnings; use IO::Socket::UNIX; use POSIX;
my ($path, @program) = @ARGV;
my $l = IO::Socket::UNIX->new(Local => $path, Listen => 10) or die "$path: $!\n";
chmod 0777, $path;
$SIG{CHLD} = 'IGNORE';
while (my $s = $l->accept) {
	next if fork;
	POSIX::dup2(fileno $s, 0); POSIX::dup2(fileno $s, 1);
	exec @program;
}
SCRIPT
unix_edge() { # NAME proxyread's arguments
	listener=$work/$1.sock
	log=$work/$1.log
	name=$1
	shift
	PROTO=UNIX perl "$work/listen" "$listener" env PROTO=UNIX "$proxyread" "$@" </dev/null 2>"$log" &
	echo $! >"$work/$name.pid"
	await test -S "$listener"
}
unix_edge ours -U "$(id -u)" "$work/show"
say_to "$listener" 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nhello\r\n'
like "$(first)" '^TCP\|192.0.2.1\|51602\|198.51.100.2\|25\|' 'a Unix socket, and a user who is trusted'
unix_edge theirs -U 65533 -t 127.0.0.1 "$work/show"
say_to "$listener" 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nhello\r\n'
is "$said $(cat "$log")" " proxyread: peer=\"uid $(id -u)\" trouble=\"the peer is not trusted\"" 'another user'

# The real proxies
unpacked() {
	root=$top/build/root-$1
	[ -e "$root/.unpacked" ] && libs=$root/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)
}
log=$work/edge.log
edge -t 127.0.0.1 "$work/show"
if unpacked haproxy; then
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=proxy.test -keyout "$work/key" -out "$work/cert" 2>/dev/null
	cat "$work/cert" "$work/key" >"$work/pem"
	unix_edge ha -U "$(id -u)" "$work/show"
	log=$work/edge.log
	ha1=
	{
		printf 'defaults\n\tmode tcp\n\ttimeout connect 5s\n\ttimeout client 30s\n\ttimeout server 30s\n'
		n=0
		for way in "127.0.0.1:$edge send-proxy" "127.0.0.1:$edge send-proxy-v2" "127.0.0.1:$edge send-proxy-v2-ssl-cn" \
		    "unix@$work/ha.sock send-proxy-v2" "127.0.0.1:$edge send-proxy-v2 check inter 100" "127.0.0.1:$edge send-proxy check inter 100"; do
			n=$((n + 1))
			eval "ha$n=\$(free_port)"
			tls=
			[ $n -ne 3 ] || tls="ssl crt $work/pem"
			eval "echo \"listen l$n\""
			eval "printf '\tbind 127.0.0.1:%s %s\n' \$ha$n '$tls'"
			[ $n -ne 1 ] || ! has_ipv6 || printf '\tbind [::1]:%s\n' "$ha1"
			printf '\tserver s %s\n' "$way"
		done
	} >"$work/haproxy.cfg"
	LD_LIBRARY_PATH=$libs "$root/usr/sbin/haproxy" -db -f "$work/haproxy.cfg" >"$work/haproxy.log" 2>&1 &
	echo $! >"$work/haproxy.pid"
	# shellcheck disable=SC2154 # set above
	await perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or exit 1' "$ha5" || diag "$(cat "$work/haproxy.log")"
	cp /dev/null "$log"
	for n in 1 2 4; do
		there=
		eval "there=\$ha$n"
		say_to "$there" 'hello\r\n'
		is "$(printf '%s\n' "$said" | cut -d '|' -f 1,2,4,5 | tr '\n' ' ')" "TCP|127.0.0.1|127.0.0.1|$there heard hello " \
		    "haproxy: $(sed -n "/^listen l$n\$/,/server/s/.*server s //p" "$work/haproxy.cfg" | sed 's/:[0-9]*//; s/@[^ ]*//')"
	done
	if has_ipv6; then
		say_to "6:$ha1" 'hello\r\n'
		is "$(printf '%s\n' "$said" | cut -d '|' -f 1,2,4,5,9 | tr '\n' ' ')" "TCP6|::1|::1|$ha1|::1 heard hello " 'haproxy: a client with IPv6'
	else
		skip 1 'no IPv6 here'
	fi
	# shellcheck disable=SC2154
	tls=$( (printf 'hello\r\n'; sleep 1) | timeout 20 openssl s_client -quiet -connect "127.0.0.1:$ha3" 2>/dev/null | tr -d '\r')
	is "$(printf '%s\n' "$tls" | cut -d '|' -f 1,2,4,5 | tr '\n' ' ')" "TCP|127.0.0.1|127.0.0.1|$ha3 heard hello " 'haproxy: send-proxy-v2-ssl-cn, with TLVs'
	sleep 1
	is "$(cat "$log" "$work/ha.log")" '' 'haproxy: its checks leave no line in the log'
	stop_server haproxy
else
	skip 6 'tests/unpack haproxy was not run'
fi
if unpacked stunnel4; then
	[ -s "$work/pem" ] || {
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=proxy.test -keyout "$work/key" -out "$work/cert" 2>/dev/null
		cat "$work/cert" "$work/key" >"$work/pem"
	}
	chmod 600 "$work/pem"
	tls_port=$(free_port)
	printf 'foreground = yes\npid =\ncert = %s\n[pop3s]\naccept = 127.0.0.1:%s\nconnect = 127.0.0.1:%s\nprotocol = proxy\n' \
	    "$work/pem" "$tls_port" "$edge" >"$work/stunnel.conf"
	LD_LIBRARY_PATH=$libs "$root/usr/bin/stunnel4" "$work/stunnel.conf" >"$work/stunnel.log" 2>&1 </dev/null &
	echo $! >"$work/stunnel.pid"
	await perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or exit 1' "$tls_port" || diag "$(cat "$work/stunnel.log")"
	sleep 0.2
	tls=$( (printf 'hello\r\n'; sleep 1) | timeout 20 openssl s_client -quiet -connect "127.0.0.1:$tls_port" 2>/dev/null | tr -d '\r')
	is "$(printf '%s\n' "$tls" | cut -d '|' -f 1,2,4,5 | tr '\n' ' ')" "TCP|127.0.0.1|127.0.0.1|$tls_port heard hello " 'stunnel: protocol = proxy' || diag "$(cat "$work/stunnel.log" "$log")"
	stop_server stunnel
else
	skip 1 'tests/unpack stunnel4 was not run'
fi

# A real server behind it: mailfront takes mail for others only where RELAYCLIENT is set
printf 'local.test\n' >"$work/rcpthosts"
edge -t 127.0.0.1 env CVM_LOOKUP='' mailfront smtp echo relayclient patterns accept-sender
say_to "$edge" 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nEHLO client.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<x@foreign.test>\r\nQUIT\r\n'
unlike "$(printf '%s\n' "$said" | sed -n '/^250 .*[Ss]ender/,$p' | sed 1d)" '^250' 'mailfront: the rule for the proxy opens no relay for its clients' || diag "$said"
edge -k -t 127.0.0.1 env CVM_LOOKUP='' mailfront smtp echo relayclient patterns accept-sender
say_to "$edge" 'PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\nEHLO client.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<x@foreign.test>\r\nQUIT\r\n'
like "$(printf '%s\n' "$said" | sed -n '/^250 .*[Ss]ender/,$p' | sed 1d)" '^250' 'mailfront: with -k it would' || diag "$said"
done_testing
