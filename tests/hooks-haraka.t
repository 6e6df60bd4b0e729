#!/bin/sh
# data/hooks/haraka.js in Haraka.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/hooks.sh

[ -e "$top/build/haraka/.ready" ] || skip_all 'there is no Haraka: tests/haraka says why'
root=$top/build/haraka/node_modules/Haraka

home=$work/haraka
mkdir -p "$home/config" "$home/plugins" "$home/queue"
[ "$(id -u)" -ne 0 ] || chown -R "$nobody" "$home"
hook_file haraka.js >"$home/plugins/rcptcheck.js"
edge=$(free_port)
(
	cd "$home/config" || exit 2
	printf '%s\n' rcptcheck rcpt_to.in_host_list >plugins
	printf '%s\n' main.test strict.test >host_list
	printf '%s\n' "listen=127.0.0.1:$edge" "user=$nobody" nodes=0 >smtp.ini
	echo edge.test >me
	printf '%s\n' '[main]' level=info >log.ini
)
[ "$(id -u)" -eq 0 ] || sed -i '/^user=/d' "$home/config/smtp.ini"
listener haraka env HARAKA="$home" node "$root/bin/haraka" -c "$home"
replied alice@main.test '^250 ' 'a known user'
replied nobody@main.test '^550 5\.1\.1 sorry, no mailbox here by that name' 'an unknown one'
replied nobody@foreign.test '^550 I cannot deliver mail for' 'a foreign domain is for Haraka to refuse'
replied alice@strict.test "^450 4\.4\.3 sorry, this recipient can't be verified" 'a temporary failure'
replied '"nobody x"@main.test' '^501' 'Haraka takes no blanks'
replied '"nobody,x"@main.test' '^550 5\.1\.1' 'in quotes'
like "$(heard primary)" 'RCPT TO:<"nobody,x"@main.test>' 'is asked for as it is'
replied '"nobody"@main.test' '^550 5\.1\.1' 'in quotes that it does not need'
unlike "$(heard primary)" 'RCPT TO:<"[^,]*"@main.test>' 'is asked for without'
replied '"alice\,\"x"@main.test' '^250' 'with backslashes'
like "$(heard primary)" 'RCPT TO:<"alice,[^,]*"x"@main.test>' 'is asked for with those it needs'
like "$(reply "$edge" alice@main.test '')" '^250 ' 'the null sender'
like "$(cat "$log")" 'rcptcheck: address=nobody@main.test verdict=reject .*client=127.0.0.1 sender=sender@client.test' 'its log has our line'
is "$("$top/tests/lib/smtp" "$edge" - 'EHLO client' 'MAIL FROM:<me@client.test>' 'RCPT TO:<alice@main.test>' 'RCPT TO:<nobody@main.test>' \
    'RCPT TO:<alice@strict.test>' 'RCPT TO:<bob@main.test>' QUIT | grep -v '^250-' | cut -c 1-3 | tr '\n' ' ')" \
    '220 250 250 250 550 450 250 221 ' 'pipelined: answers in order'
break_program rcptcheck killed
replied alice@main.test '^450 4\.4\.3 sorry' 'the check is killed: later'
like "$(cat "$log")" 'the check ended with SIGKILL' 'and the log says so'
break_program rcptcheck gone
replied alice@main.test '^450 4\.4\.3 sorry' 'it is gone: later'
like "$(cat "$log")" 'the check ended with .*ENOENT' 'and the log says so'
mend_program rcptcheck
replied alice@main.test '^250' 'and it is back'

done_testing
