#!/bin/sh
# data/hooks/exim.acl in Debian's Exim.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/hooks.sh

root=$top/build/root-exim4-daemon-light
[ -e "$root" ] || skip_all 'tests/unpack exim4-daemon-light was not run'

home=$work/exim
mkdir -p "$home/spool"
[ "$(id -u)" -ne 0 ] || chown nobody "$home" "$home/spool"
uid=$(id -u "$nobody") gid=$(id -g "$nobody")
{ cat /etc/passwd; echo "Debian-exim:x:$uid:$gid::/:/bin/false"; } >"$work/exim.passwd"
{ cat /etc/group; echo "Debian-exim:x:$gid:"; } >"$work/exim.group"
edge=$(free_port)
{
	cat <<-CONFIG
		exim_user = $uid
		exim_group = $gid
		primary_hostname = edge.test
		spool_directory = $home/spool
		log_file_path = $home/%slog
		disable_ipv6 = true
		local_interfaces = 127.0.0.1
		daemon_smtp_ports = $edge
		host_lookup =
		rfc1413_hosts =
		tls_advertise_hosts =
		domainlist relay_to_domains = main.test : strict.test
		hostlist relay_from_hosts = 127.0.0.2
		acl_smtp_rcpt = acl_check_rcpt
		begin acl
		acl_check_rcpt:
		  accept hosts = +relay_from_hosts
		  require message = relay not permitted
		          domains = +relay_to_domains
	CONFIG
	hook_file exim.acl
	cat <<-CONFIG
		  accept
		begin routers
		gone:
		  driver = accept
		  transport = gone
		begin transports
		gone:
		  driver = appendfile
		  file = /dev/null
	CONFIG
} >"$home/exim.conf"
listener exim env LD_LIBRARY_PATH="$(echo "$root"/usr/lib/*-linux-*)" LD_PRELOAD=libnss_wrapper.so \
    NSS_WRAPPER_PASSWD="$work/exim.passwd" NSS_WRAPPER_GROUP="$work/exim.group" \
    "$root/usr/sbin/exim4" -C "$home/exim.conf" -bdf
eximlog() {
	cat "$home/mainlog" "$home/paniclog" 2>/dev/null
}

replied alice@main.test '^250 Accepted' 'a known user'
replied nobody@main.test '^550 5\.1\.1 sorry, no mailbox here by that name' 'an unknown one'
like "$(eximlog)" '100:rcptcheck: address=nobody@main.test verdict=reject .*client=127.0.0.1 sender=sender@client.test' \
    'the log has our line, with client and sender'
replied nobody@foreign.test '^550 relay not permitted' 'a foreign domain is for Exim to refuse'
replied alice@strict.test "^451 4\.4\.3 sorry, this recipient can't be verified" 'a temporary failure'
like "$(eximlog)" '111:rcptcheck: address=alice@strict.test verdict=tempfail why=unreachable' 'the log says why'
replied '"nobody x;$y`id`"@main.test' '^550 5\.1\.1' 'a local part for a shell, if there was one'
like "$(heard primary)" 'RCPT TO:<"nobody x;\$y`id`"@main.test>' 'is asked for as it is'
replied '"-nobody"@main.test' '^550 5\.1\.1' 'and one like an option'
replied 'nobody${run{/bin/false}}@main.test' '^550 5\.1\.1' 'and one for Exim'
like "$(reply "$edge" alice@main.test '')" '^250 ' 'the null sender'
like "$(reply "$edge" nobody@main.test '"a b\\\" c"@client.test')" '^550 5\.1\.1 ' 'a sender with blanks and quotes'
is "$("$top/tests/lib/smtp" "$edge" 'EHLO client' 'MAIL FROM:<me@client.test>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' \
    'RCPT TO:<alice@strict.test>' 'RCPT TO:<alice@main.test>' QUIT | grep -v '^250-' | cut -c 1-3 | tr '\n' ' ')" \
    '220 250 250 250 550 451 250 221 ' 'several in one message: each has its own answer'
break_program rcptcheck killed
replied alice@main.test '^451 ' 'the check is killed: later'
break_program rcptcheck gone
replied alice@main.test "^451 4\.4\.3 sorry" 'it is gone: later'
mend_program rcptcheck
replied alice@main.test '^250' 'and it is back'
mv "$cdb" "$cdb.away"
replied nobody@main.test "^451 4\.4\.3 sorry" 'no CDB: later'

done_testing
