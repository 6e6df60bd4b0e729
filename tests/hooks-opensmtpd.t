#!/bin/sh
# data/hooks/opensmtpd.conf in Debian's OpenSMTPD.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/primary.sh
. tests/lib/hooks.sh

can_opensmtpd || skip_all 'only root, with namespaces, and with tests/unpack opensmtpd, can run OpenSMTPD'

edge=$(free_port)
more_opensmtpd=$(hook_file opensmtpd.conf | sed "s/^listen on eth0 port 25/listen on 127.0.0.1 port $edge/")
known='[a-z]' # whom OpenSMTPD itself would take
real_opensmtpd edge main.test strict.test

replied alice@main.test '^250 2\.1\.5 Destination address valid' 'a known user'
replied nobody@main.test '^550 5\.1\.1 sorry, no mailbox here by that name' 'an unknown one'
replied nobody@foreign.test '^550 Invalid recipient' 'a foreign domain is for OpenSMTPD to refuse'
replied alice@strict.test "^451 4\.4\.3 sorry, this recipient can't be verified" 'a temporary failure'
replied 'nobody|x@main.test' '^550 5\.1\.1 ' 'a bar in the address'
like "$(reply "$edge" alice@main.test '')" '^250 ' 'the null sender'
is "$("$top/tests/lib/smtp" "$edge" 'EHLO client.test' 'MAIL FROM:<me@client.test>' 'RCPT TO:<alice@main.test>' \
    'RCPT TO:<nobody@main.test>' 'RCPT TO:<alice@strict.test>' 'RCPT TO:<bob@main.test>' QUIT | grep -v '^250-' |
    cut -c 1-3 | tr '\n' ' ')" '220 250 250 250 550 451 250 221 ' 'one after the other'
break_program rcptserve killed
await eval "! kill -0 $(cat "$work/edge.pid") 2>/dev/null"
is "$(reply "$edge" alice@main.test 2>/dev/null)" '' 'the filter is killed: smtpd ends with it, so that nobody is refused'

done_testing
