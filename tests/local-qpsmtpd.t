#!/bin/sh
# check_user's own place: qpsmtpd with our plug-in, and users in a list.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/hooks.sh

root=$top/build/root-qpsmtpd
[ -e "$root" ] || skip_all 'tests/unpack qpsmtpd was not run'
perl -MNet::DNS -MMail::Header -MDigest::HMAC -e 1 2>/dev/null || skip_all 'perl has not the modules that qpsmtpd needs'

sql "INSERT INTO local_domains VALUES ('local.test'), ('empty.test'), ('norelay.test')"
sql "INSERT INTO local_users VALUES ('alice@local.test'), ('o''brien@local.test'), ('\"a\\\\b\"@local.test'), ('alice@norelay.test')"
build
mkdir -p "$work/qp/config" "$work/qp/plugins" "$work/qp/spool"
chmod 700 "$work/qp/spool"
[ "$(id -u)" -ne 0 ] || chown "$nobody" "$work/qp/spool"
hook_file qpsmtpd.plugin >"$work/qp/plugins/rcptcheck"
(
	cd "$work/qp/config" || exit 2
	printf '%s\n' "$work/qp/plugins" "$root/usr/share/qpsmtpd/plugins" >plugin_dirs
	printf '%s\n' rcptcheck rcpt_ok >plugins
	printf '%s\n' local.test empty.test >rcpthosts
	echo "$work/qp/spool" >spool_dir
	echo edge.test >me
	echo 6 >loglevel
)
edge=$(free_port)
listener qpsmtpd env QPSMTPD_CONFIG="$work/qp/config" perl -T -I"$root/usr/share/perl5" \
    "$root/usr/bin/qpsmtpd-forkserver" -H -l 127.0.0.1 -p "$edge" -u "$nobody" -m 100

replied alice@local.test '^250 <alice@local\.test>, recipient ok' 'DECLINED: a user'
replied Alice@LOCAL.test '^250' 'in another case'
replied "o'brien@local.test" '^250' 'with an apostrophe'
replied '"a\\b"@local.test' '^250' 'in quotes'
replied bob@local.test '^550 5\.1\.1 sorry, no mailbox here by that name' 'DENY: no user'
replied "x'or'1'='1@local.test" '^550 5\.1\.1' 'nor is that'
replied bob@empty.test '^450 4\.4\.3' 'DENYSOFT: a list without anybody'
replied alice@foreign.test '^550 Relaying denied' 'DECLINED: a foreign domain is for rcpt_ok to refuse'
replied alice@norelay.test '^550 Relaying denied' 'never OK: so is a user whose domain rcpt_ok does not know'
like "$(cat "$log")" "note=\"Local address 'alice@local\.test'\"" 'the log has the words of check_user'
like "$(cat "$log")" "note=\"Address 'bob@local\.test' doesn't exist on this server\"" 'for both answers'
mv "$cdb" "$cdb.away"
replied alice@local.test '^450 4\.4\.3' 'DENYSOFT: no CDB'
mv "$cdb.away" "$cdb"
replied alice@local.test '^250' 'and it is back'

done_testing
