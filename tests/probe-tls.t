#!/bin/sh
# rcptprobe and STARTTLS, by the setting tls: with real servers whose certificates are good, expired, of a stranger
# or for somebody else, and with scripted ones whose STARTTLS goes wrong. A relay in front of the real ones sees
# each question that is not encrypted.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/primary.sh
. tests/lib/probe.sh

command -v openssl >/dev/null || skip_all 'there is no openssl(1)'

run_openssl() {
	openssl "$@" 2>"$work/openssl.err" || {
		echo "Bail out! openssl $1: $(cat "$work/openssl.err")"
		exit 2
	}
}

authority() { # NAME: $work/NAME.pem and its key
	run_openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
	    -keyout "$work/$1.key" -out "$work/$1.pem"
}

# A certificate for mail.test and 192.0.2.1, which is $cert, with $key; 0 days are over at once
certificate() { # NAME AUTHORITY DAYS
	cert=$work/$1.pem
	key=$work/$1.key
	run_openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mail.test \
	    -keyout "$key" -out "$work/$1.csr"
	echo 'subjectAltName = DNS:mail.test, IP:192.0.2.1' >"$work/extensions"
	run_openssl x509 -req -in "$work/$1.csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" -set_serial 1 \
	    -days "$3" -extfile "$work/extensions" -out "$cert"
	chmod 600 "$key"
}

authority trusted
authority stranger
certificate good trusted 30
certificate expired trusted 0
certificate strange stranger 30

require() { # DOMAIN [TLS_NAME]
	sql "INSERT INTO settings VALUES ('tls', '$1', 'require');
	    INSERT INTO settings VALUES ('on_policy', '$1', 'tempfail')"
	[ $# -eq 1 ] || sql "INSERT INTO settings VALUES ('tls_name', '$1', '$2')"
}

# All servers are behind relays of the same names
cert=$work/good.pem
key=$work/good.key
real_postfix postfix may.test right.test address.test wrong.test part.test noname.test off.test second.test
relay good
for domain in may right address wrong part noname off; do
	primary $domain.test "$port"
done
good_port=$port
require right.test mail.test
require address.test 192.0.2.1
require wrong.test other.test
require part.test test
require noname.test
sql "INSERT INTO settings VALUES ('tls', 'off.test', 'off')"
cert=$work/expired.pem
key=$work/expired.key
real_postfix postfix2 old.test oldmay.test
relay expired
primary old.test "$port"
primary oldmay.test "$port"
require old.test mail.test
cert=$work/strange.pem
key=$work/strange.key
more_postfix='smtpd_tls_security_level = encrypt'
real_postfix postfix3 must.test mustoff.test strange.test second.test
unset more_postfix
relay encrypt
for domain in must mustoff strange second; do
	primary $domain.test "$port"
done
sql "INSERT INTO settings VALUES ('tls', 'mustoff.test', 'off')
    ; UPDATE domain_ips SET \"order\" = 1 WHERE domain = 'second.test'
    ; INSERT INTO domain_ips VALUES ('second.test', '127.0.0.1', $good_port, 2)"
require strange.test mail.test
require second.test mail.test
cert=$work/good.pem
key=$work/good.key
real_exim exim exim.test
relay exim4
primary exim.test "$port"
require exim.test mail.test
unset cert key

# Each a domain and a server of its own; what is no command of SMTP's that it knows is STARTTLS, or a part of TLS
while IFS='	' read -r name script; do
	printf '%b\n' "$script" >"$work/script"
	peer "$name" <"$work/script"
	primary "$name.test" "$port"
done <<'TABLE'
plain	ehlo: 250-peer.test|250 PIPELINING\nrcpt nobody*: 550 5.1.1 no such user
plainmust	ehlo: 250-peer.test|250 PIPELINING
offers	ehlo: 250-peer.test|250-PIPELINING|250 STARTTLS\nrcpt nobody*: 550 5.1.1 no such user
closes	ehlo: 250-peer.test|250 STARTTLS\nrcpt nobody*: 550 5.1.1 no such user\nother: 220 go{close}
hangs	ehlo: 250-peer.test|250 STARTTLS\nrcpt nobody*: 550 5.1.1 no such user\nother: 220 go{silence}
garbage	ehlo: 250-peer.test|250 STARTTLS\nrcpt nobody*: 550 5.1.1 no such user\nonce other: 220 go\nother: moin
refuses	ehlo: 250-peer.test|250 STARTTLS\nrcpt nobody*: 550 5.1.1 no such user\nother: 454 4.7.0 not now
refusesmust	ehlo: 250-peer.test|250 STARTTLS\nother: 454 4.7.0 not now
injects	ehlo: 250-peer.test|250 STARTTLS\nother: 220 go|250 peer.test|250 ok|550 5.1.1 no such user{wait 2}
injectslate	ehlo: 250-peer.test|250 STARTTLS\nrcpt nobody*: 550 5.1.1 no such user\nother: 220 go|{wait 0.2}250 peer.test|250 ok|550 5.1.1 no such user{wait 2}
closesmust	ehlo: 250-peer.test|250 STARTTLS\nother: 220 go{close}
injectsmust	ehlo: 250-peer.test|250 STARTTLS\nother: 220 go|250 peer.test|250 ok|550 5.1.1 no such user{wait 2}
TABLE
sql "INSERT INTO settings VALUES ('tls', 'offers.test', 'off');
    INSERT INTO settings VALUES ('command_timeout', 'hangs.test', '3s')"
for name in plain refuses closes injects; do
	require ${name}must.test mail.test
done
build
SSL_CERT_FILE=$work/trusted.pem
export SSL_CERT_FILE
unset SSL_CERT_DIR
start_probe

served() { # DOMAIN NAME: it is asked, and answers
	check "known1@$1"
	is "$code $(field why) $(field note)" '0 callout ' "$2: a yes"
	check "nobody@$1"
	is "$code $(field why) $(field note)" '100 callout ' 'and a no'
}

not_served() { # DOMAIN NOTE REASON NAME: REASON is an extended regular expression; no verdict about the user, who does not exist, and nothing remembered of him
	check "nobody@$1"
	is "$code $(field verdict) $(field why) $(field note)" "111 tempfail policy $2" "$4: on_policy decides"
	like "$(probe_says class "nobody@$1") $(probe_says note "nobody@$1") $(probe_says reason "nobody@$1")" \
	    "^policy $2 $3\$" 'the log says why'
	ok 'the address is not in the cache' eval "! has_row nobody@$1"
}

# may
served may.test 'may, with a good certificate'
served oldmay.test 'may, with one that has expired'
served must.test 'may, with that of a stranger, at a server that answers 530 to all else'
served plain.test 'may, at a server without TLS'
is "$(heard plain | grep -c 'C: STARTTLS')" 0 'which is not asked for it'
is "$(asked good)$(asked expired)$(asked encrypt)" '' 'the real ones were not asked in the clear'

# require
served right.test 'require, with a certificate for tls_name'
served address.test 'require, with one for an address'
served exim.test 'require, with Exim'
is "$(asked good)$(asked exim4)" '' 'none of them was asked in the clear'
not_served wrong.test tls-failed 'certificate is not for other.test' 'require, and it is for another'
not_served part.test tls-failed 'certificate is not for test' 'require, and it is for a part of it'
not_served old.test tls-failed 'certificate: certificate has expired' 'require, and it has expired'
not_served strange.test tls-failed 'certificate: unable to get local issuer certificate' \
    'require, and it is of an authority that nobody knows'
not_served noname.test tls-failed 'no name to verify: set tls_name' 'require, and no name is set'
not_served plainmust.test no-tls '' 'require, and there is no TLS'
not_served refusesmust.test no-tls '' 'require, and it is offered, but refused'
not_served closesmust.test tls-failed 'TLS: (the server closed the connection|Connection reset by peer)' \
    'require, and it hangs up'
is "$(asked good)$(asked expired)$(asked encrypt)" '' 'none of them was asked in the clear'
is "$(cat "$work"/*must.log | grep -Ec 'C: (MAIL|RCPT)')" 0 'nor the scripted ones'
before=$(counted good 'connections total')
check nobody.again@wrong.test
is "$code $(field why) $(field note)" '111 policy tls-failed' 'a certificate that will not do'
is "$(counted good 'connections total')" "$before" 'is not looked at again at once'
served second.test 'require, and the second server has what the first has not'
is "$(asked good)$(asked encrypt)" '' 'not in the clear'

# off
served off.test 'off'
is "$(asked good | grep -v ' rcptcheck\.test' | sort)" "$(printf '%s\n' '1 known1@off.test' '1 nobody@off.test')" 'they are asked in the clear'
served offers.test 'off, at one that offers it'
is "$(heard offers | grep -c 'C: STARTTLS')" 0 'it has not heard STARTTLS'
check nobody@mustoff.test
is "$code $(field why)" '0 policy' 'off, at a server that answers 530: on_policy decides'
ok 'the address is not in the cache' eval '! has_row nobody@mustoff.test'

# may, and it goes wrong: in the clear then, over a new connection
for name in closes garbage hangs injectslate; do
	served $name.test "may: $name"
	is "$(sed -n 's/^[^ ]* \([0-9]*\) C: \(STARTTLS\|RCPT TO:<nobody@.*\)$/\1 \2/p' "$work/$name.log")" \
	    "$(printf '%s\n' '1 STARTTLS' "2 RCPT TO:<nobody@$name.test>")" \
	    'it was asked over a new connection, and not for TLS again'
done
served refuses.test 'may: refused'
is "$(connections refuses)" 1 'it goes on over the same connection'

# What comes in one piece with the 220 can be from anybody: it is no answer. These servers refuse nobody.
for name in injects injectsmust; do
	for user in known1 nobody; do
		check $user@$name.test
		ok "more behind 220, $name: $user is not rejected" test "$code" -ne 100 -a "$(field verdict)" != reject
	done
done
is "$(sqlite3 "$verdicts" "SELECT count(*) FROM account_cache WHERE address LIKE '%@injects.test' AND class <> 'exists'")" 0 \
    'and what was injected is not in the cache'
is "$(grep -Ec 'C: (MAIL|RCPT)' "$work/injectsmust.log")" 0 'where TLS is required, no question was in the clear'

# rcptprobe without any authority
stop_probe
is "$probe_code" 0 'it ends as it should'
forget
SSL_CERT_FILE=$work/nowhere.pem start_probe
not_served right.test tls-failed "certificate: no authorities in $work/nowhere.pem \(SSL_CERT_FILE\)" 'no authorities'
served may.test 'which may does not need'
stop_probe

# And rcptcheck by itself
forget
check nobody@right.test
is "$code $(field why) $(field note)" '111 policy no-tls' 'without rcptprobe: require asks nobody'
check nobody@may.test
is "$code $(field why)" '100 callout' 'may asks in the clear'
check nobody@must.test
is "$code $(field why)" '0 policy' 'of whom must have TLS nothing can be known'

done_testing
