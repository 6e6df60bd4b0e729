#!/bin/sh
# data/hooks/mailfront.run: Debian's mailfront, which asks through cvm.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/hooks.sh

make_stubs
# As Debian's script of this name, but for the end of the chain: mail goes nowhere.
stub smtpfront-qmail <<'SCRIPT'
#!/bin/sh
exec mailfront smtp echo cvm-authenticate check-fqdn counters mailrules relayclient cvm-validate qmail-validate \
    add-received patterns
SCRIPT
mkdir -p "$work/qmail/control"
printf '%s\n' main.test strict.test >"$work/qmail/control/rcpthosts"
hook_file mailfront.run >"$work/run"
start() { # [NAME=value...]
	stop_server mailfront
	edge=$(free_port)
	listener mailfront env PATH="$work/stubs:$PATH" EDGE="$edge" QMAILHOME="$work/qmail" "$@" sh "$work/run"
}

start
replied alice@main.test '^250 ' 'a known user'
replied nobody@main.test '^553 5\.1\.1 Sorry, that recipient does not exist' 'an unknown one'
replied nobody@foreign.test '^550 5\.1\.0 Mail system is not configured' 'a foreign domain is for mailfront to refuse'
replied alice@strict.test '^451 4\.1\.0 Sorry, I could not verify that recipient' 'a temporary failure'
replied '"nobody x"@main.test' '^553 5\.1\.1' 'with a blank'
like "$(heard primary)" 'RCPT TO:<"nobody x"@main.test>' 'is asked for as it is'
replied postmaster@main.test '^250 ' 'postmaster'
like "$(reply "$edge" alice@main.test '')" '^250 ' 'the null sender'
is "$("$top/tests/lib/smtp" "$edge" - 'EHLO client.test' 'MAIL FROM:<me@client.test>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' \
    'RCPT TO:<alice@strict.test>' 'RCPT TO:<bob@main.test>' QUIT | grep -v '^250-' | cut -c 1-3 | tr '\n' ' ')" \
    '220 250 250 250 553 451 250 221 ' 'pipelined'
like "$(cat "$log")" 'address=nobody@main.test verdict=reject .*client=127.0.0.1' 'its log has our line'
break_program rcptcheck-cvm killed
replied alice@main.test '^451 4\.1\.0' 'the check is killed: later'
break_program rcptcheck-cvm gone
replied alice@main.test '^451 4\.1\.0' 'it is gone: later'
mend_program rcptcheck-cvm
replied alice@main.test '^250' 'and it is back'
mv "$cdb" "$cdb.away"
replied nobody@main.test '^451 4\.1\.0' 'no CDB: later'
mv "$cdb.away" "$cdb"
start RELAYCLIENT=
replied nobody@main.test '^250' 'a relay client'
replied nobody@foreign.test '^250' 'may send anywhere'

done_testing
