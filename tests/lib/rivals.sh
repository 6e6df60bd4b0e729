# shellcheck shell=sh disable=SC2034,SC2046,SC2154 # peer.sh and the tests share these; words
# Two mail servers that ask a primary by themselves, to compare with: Exim's callout and Postfix's address
# verification. Source it behind peer.sh. Both take mail for the domains in $work/ports (lines "DOMAIN
# PORT") and ask 127.0.0.1 at that port. Each call starts one and leaves $port.
#
#	rival_exim NAME			tests/unpack exim4-daemon-light
#	rival_postfix NAME		tests/unpack postfix
#	ask_rival PORT ADDRESS		prints its reply to RCPT, in one line
#
# $more_rival are lines for the settings of Postfix.
#
# They wait 2 s for a reply, as we do in the same test, and speak no TLS. All else, above all what they
# remember and for how long, is their default.

rival() { # KIND NAME PACKAGE
	[ -e "$top/build/root-$3/.unpacked" ] || {
		echo "Bail out! There is no build/root-$3: tests/unpack $3"
		exit 2
	}
	"primary_$1" "$2" $(sed 's/\(.*\) .*/user@\1/' "$work/ports")
}

# It asks with the null sender by default, and a "no" is 550.
rival_exim() {
	sed 's/ /: /' "$work/ports" >"$work/$1.ports"
	more_verify=/callout=2s,maxwait=5s
	more_routers=$(cat <<-CONFIG
		ask:
		  driver = manualroute
		  domains = +ours
		  route_data = 127.0.0.1
		  self = send
		  transport = ask
	CONFIG
	)
	more_transports=$(cat <<-CONFIG
		ask:
		  driver = smtp
		  port = \${lookup{\$domain}lsearch{$work/$1.ports}}
		  allow_localhost
		  hosts_avoid_tls = *
	CONFIG
	)
	rival exim "$1" exim4-daemon-light
	unset more_verify more_routers more_transports
}

# Besides the timeouts two settings are not the default. A "no" is 450 unless it is told otherwise: every
# "no", so that none would be wrong, and none right either. And it would tell its client 450 when there
# is no verdict after 6 s, where the others wait longer. It asks as double-bounce@primary.test.
rival_postfix() {
	sed 's/ / smtp:[127.0.0.1]:/' "$work/ports" >"$work/$1.transport"
	more_main=$(cat <<-CONFIG
		smtpd_relay_restrictions = reject_unauth_destination, reject_unverified_recipient
		smtpd_reject_unlisted_recipient = no
		unverified_recipient_reject_code = 550
		address_verify_poll_count = 8
		address_verify_poll_delay = 1s
		transport_maps = texthash:$work/$1.transport
		smtp_connect_timeout = 2s
		smtp_helo_timeout = 2s
		smtp_mail_timeout = 2s
		smtp_rcpt_timeout = 2s
		smtp_quit_timeout = 2s
		${more_rival-}
	CONFIG
	)
	more_master=$(cat <<-CONFIG
		verify unix - - n - 1 verify
		qmgr unix n - n 300 1 qmgr
		smtp unix - - n - - smtp
		error unix - - n - - error
		retry unix - - n - - error
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
	CONFIG
	)
	rival postfix "$1" postfix
	unset more_main more_master
}

ask_rival() {
	"$top/tests/lib/smtp" "$1" 'HELO client.test' 'MAIL FROM:<sender@client.test>' "RCPT TO:<$2>" QUIT |
	    awk '{ reply = reply $0 " " } !/^[0-9]+-/ && ++n == 4 { print reply } !/^[0-9]+-/ { reply = "" }'
}
