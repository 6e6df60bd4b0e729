#!/bin/sh
# data/hooks/qpsmtpd.plugin in the qpsmtpd of Debian.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/hooks.sh

root=$top/build/root-qpsmtpd
[ -e "$root" ] || skip_all 'tests/unpack qpsmtpd was not run'
perl -MNet::DNS -MMail::Header -MDigest::HMAC -e 1 2>/dev/null || skip_all 'perl has not the modules that qpsmtpd needs'

mkdir -p "$work/qp/config" "$work/qp/plugins" "$work/qp/spool"
chmod 700 "$work/qp/spool"
[ "$(id -u)" -ne 0 ] || chown "$nobody" "$work/qp/spool"
hook_file qpsmtpd.plugin >"$work/qp/plugins/rcptcheck"
(
	cd "$work/qp/config" || exit 2
	printf '%s\n' "$work/qp/plugins" "$root/usr/share/qpsmtpd/plugins" >plugin_dirs
	printf '%s\n' rcptcheck rcpt_ok >plugins
	printf '%s\n' main.test strict.test >rcpthosts
	echo "$work/qp/spool" >spool_dir
	echo edge.test >me
	echo 6 >loglevel
)
edge=$(free_port)
listener qpsmtpd env QPSMTPD_CONFIG="$work/qp/config" perl -T -I"$root/usr/share/perl5" \
    "$root/usr/bin/qpsmtpd-forkserver" -H -l 127.0.0.1 -p "$edge" -u "$nobody" -m 100

replied alice@main.test '^250 <alice@main\.test>, recipient ok' 'a known user'
replied nobody@main.test '^550 5\.1\.1 sorry, no mailbox here by that name' 'an unknown one'
replied nobody@foreign.test '^550 Relaying denied' 'a foreign domain is for rcpt_ok to refuse'
replied alice@strict.test "^450 4\.4\.3 sorry, this recipient can't be verified" 'a temporary failure'
replied '"nobody x"@main.test' '^501' 'qpsmtpd takes no blanks'
replied '"nobody\\\x"@main.test' '^550 5\.1\.1' 'with a backslash'
replied postmaster '^250' 'postmaster'
like "$(reply "$edge" alice@main.test '')" '^250 ' 'the null sender'
is "$("$top/tests/lib/smtp" "$edge" - 'EHLO client' 'MAIL FROM:<me@client.test>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' \
    'RCPT TO:<bob@main.test>' QUIT | grep -v '^250-' | cut -c 1-3 | tr '\n' ' ')" '220 250 250 250 550 250 221 ' 'pipelined: no byte is lost, none too many comes'
like "$(cat "$log")" 'rcptcheck: address=alice@main.test verdict=accept .*client=127.0.0.1 sender=sender@client.test' 'its log has our line'
break_program rcptcheck killed
replied alice@main.test '^450 4\.4\.3 sorry' 'the check is killed: later'
like "$(cat "$log")" 'the check ended with 9' 'and the log says so'
break_program rcptcheck gone
replied alice@main.test '^450 4\.4\.3 sorry' 'it is gone: later'
like "$(cat "$log")" 'rcptcheck: .*/bin/rcptcheck: No such file' 'and the log says so'
mend_program rcptcheck
replied alice@main.test '^250' 'and it is back'

done_testing
