#!/bin/sh
# data/hooks/postfix.main.cf and postfix.master.cf in Debian's Postfix: all three ways.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/hooks.sh

[ -e "$top/build/root-postfix" ] || skip_all 'tests/unpack postfix was not run'

postfix() { # NAME NUMBER: with that way of the file
	more_main=$(
		echo 'relay_recipient_maps ='
		echo 'mynetworks = 127.0.0.2/32'
		echo 'in_flow_delay = 0'
		hook_file postfix.main.cf | awk -v way="$2" '
			/^# [0-9]\./ { here = substr($2, 1, 1) == way }
			here { sub(/^#/, ""); if (/^[a-z]|^    c/) print }'
	)
	more_master=$(hook_file postfix.master.cf; echo 'spawn unix - - n - - spawn')
	primary_postfix "$1" x@main.test x@strict.test
	edge=$port
	unset more_main more_master
}
each() {
	is "$("$top/tests/lib/smtp" "$edge" - 'EHLO client.test' 'MAIL FROM:<me@client.test>' 'RCPT TO:<alice@main.test>' \
	    'RCPT TO:<nobody@main.test>' 'RCPT TO:<alice@strict.test>' 'RCPT TO:<bob@main.test>' QUIT | grep -v '^250-' |
	    cut -c 1-3 | tr '\n' ' ')" "220 250 250 250 550 ${1} 250 221 " 'pipelined'
}

postfix policy 1
replied alice@main.test '^250 2\.1\.5 Ok' 'policy: a known user'
replied nobody@main.test '^550 5\.1\.1 <nobody@main.test>: Recipient address rejected: sorry, no mailbox here by that name' 'an unknown one'
replied nobody@foreign.test '^454 4\.7\.1 .*Relay access denied' 'a foreign domain is for Postfix to refuse'
replied alice@strict.test "^450 4\.4\.3 <alice@strict.test>: Recipient address rejected: sorry, this recipient can't be verified" 'a temporary failure'
replied '"nobody x"@main.test' '^550 5\.1\.1' 'with a blank'
like "$(heard primary)" 'RCPT TO:<"nobody x"@main.test>' 'is asked for as it is'
replied Nobody@MAIN.Test '^550 5\.1\.1' 'in upper case'
like "$(heard primary)" 'RCPT TO:<Nobody@MAIN.Test>' 'is asked for as it is'
like "$(reply "$edge" alice@main.test '')" '^250 ' 'the null sender'
each 450
unlike "$(grep -Ev ': overriding earlier entry|writable by non-root users' "$log")" 'warning:|fatal:|panic:' 'Postfix has nothing to complain about'
break_program rcptserve killed
replied alice@main.test '^451 4\.3\.5 .*Server configuration problem' 'the server is killed: later'
break_program rcptserve gone
replied alice@main.test '^451 4\.3\.5 ' 'it is gone: later'
mend_program rcptserve
replied alice@main.test '^250' 'and it is back'
mv "$cdb" "$cdb.away"
break_program rcptserve killed
mend_program rcptserve
replied nobody@main.test '^450 4\.4\.3' 'no CDB: later'
mv "$cdb.away" "$cdb"
stop_server policy

postfix table 2
replied alice@main.test '^250 2\.1\.5 Ok' 'relay_recipient_maps: a known user'
replied nobody@main.test '^550 5\.1\.1 <nobody@main.test>: .*User unknown in relay recipient table' 'an unknown one'
replied nobody@foreign.test '^454 4\.7\.1 .*Relay access denied' 'a foreign domain is for Postfix to refuse'
replied alice@strict.test '^451 4\.3\.0 <alice@strict.test>: Temporary lookup failure' 'a temporary failure'
each 451
break_program rcptserve killed
replied alice@main.test '^451 4\.3\.0 ' 'the server is killed: later'
break_program rcptserve gone
replied alice@main.test '^451 4\.3\.0 ' 'it is gone: later'
mend_program rcptserve
replied alice@main.test '^250' 'and it is back'
stop_server table

postfix access 3
replied alice@main.test '^250 2\.1\.5 Ok' 'check_recipient_access: a known user'
replied nobody@main.test '^550 5\.1\.1 <nobody@main.test>: Recipient address rejected: sorry, no mailbox here by that name' 'an unknown one'
replied nobody@foreign.test '^454 4\.7\.1 .*Relay access denied' 'a foreign domain is for Postfix to refuse'
replied alice@strict.test "^450 4\.4\.3 <alice@strict.test>: Recipient address rejected: sorry, this recipient can't be verified" 'a temporary failure'
each 450
break_program rcptserve killed
replied alice@main.test '^451 4\.3\.5 ' 'the server is killed: later'
mend_program rcptserve
replied alice@main.test '^250' 'and it is back'

done_testing
