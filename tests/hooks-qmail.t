#!/bin/sh
# The files of data/hooks for qmail: run scripts, the files of its control folder, spamdyke's configuration, units of
# systemd. qmail itself is not in Debian: tests/lib/hook plays it where it has a hook, mailfront where it has none.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/hooks.sh

make_stubs
mkdir -p "$work/qmail/control"
printf '%s\n' main.test strict.test >"$work/qmail/control/rcpthosts"
patched() { # FORM
	printf '#!/bin/sh\nexec %s %s\n' "$top/tests/lib/hook" "$1" >"$work/qmail-smtpd"
	chmod 755 "$work/qmail-smtpd"
}
unpatched() {
	printf '#!/bin/sh\nexec mailfront smtp echo qmail-validate\n' >"$work/qmail-smtpd"
	chmod 755 "$work/qmail-smtpd"
}
start() { # FILE [NAME=value...]
	file=$1
	shift
	stop_server qmail
	edge=$(free_port)
	listener qmail env PATH="$work/stubs:$PATH" EDGE="$edge" QMAILHOME="$work/qmail" RCPTHOSTS='main.test strict.test' "$@" sh "$file"
}
script() { # NAME [NAME=value...]
	script_name=$1
	shift
	hook_file "$script_name" | sed "s|/var/qmail/bin/qmail-smtpd|$work/qmail-smtpd|" >"$work/run"
	start "$work/run" "$@"
	is "$(tr '\n' ';' <"$work/given")" 'v ;R ;H ;l 0;c 40;x /etc/tcp.smtp.cdb;u 1234;g 1234;' "$script_name: what tcpserver is told"
}
line() { # FILE REGEX: the rest of its first such line
	hook_file "$1" | sed -n "s/$2//p" | head -n 1
}
program() { # FORM COMMAND: played by tests/lib/hook
	patched "$1"
	printf '#!/bin/sh\nRCPTCHECK="%s" exec tcpserver -vRHl0 -c40 -x /etc/tcp.smtp.cdb -u 1234 -g 1234 0 25 %s\n' \
	    "$2" "$work/qmail-smtpd" >"$work/run"
	start "$work/run"
}

# A patched qmail

for run in qmail-rcptcheck.run qmail-rcptcheck.runit; do
	for form in rcptcheck sagredo; do
		patched $form
		script $run
		replied alice@main.test '^250 ' "$form: a known user"
		case $form in
		sagredo)
			replied nobody@main.test '^550 5\.1\.1 sorry' 'an unknown one'
			replied alice@strict.test '^451 4\.4\.3 sorry' 'a temporary failure' ;;
		*)
			replied nobody@main.test '^553 sorry' 'an unknown one'
			replied alice@strict.test '^421 ' 'a temporary failure' ;;
		esac
		replied nobody@foreign.test '^553 .*rcpthosts' 'a foreign domain is for qmail to refuse'
		break_program rcptcheck killed
		replied alice@main.test '^421 unable to execute' 'the check is killed: later'
		break_program rcptcheck gone
		replied alice@main.test '^421 unable to execute' 'it is gone: later'
		mend_program rcptcheck
	done
done

# An unpatched one

for run in qmail-rcptwrap.run qmail-rcptwrap.runit; do
	unpatched
	script $run
	replied alice@main.test '^250 ' 'a known user'
	replied nobody@main.test '^550 5\.1\.1 sorry' 'an unknown one'
	replied alice@strict.test '^451 4\.4\.3 sorry' 'a temporary failure'
	replied nobody@foreign.test '^550 5\.1\.0 Mail system is not configured' 'a foreign domain is for qmail to refuse'
	break_program rcptcheck killed
	replied alice@main.test '^451 4\.' 'the check is killed: later'
	break_program rcptcheck gone
	replied alice@main.test '^451 4\.' 'it is gone: later'
	mend_program rcptcheck
done
script qmail-rcptwrap.run RELAYCLIENT=
replied nobody@main.test '^250 ' 'a relay client is not checked'

# systemd: one session, as its service starts it

line qmail-rcptwrap@.service '^ExecStart=-' | sed "s|/var/qmail/bin/qmail-smtpd|$work/qmail-smtpd|; s/\\\$\\\$/\$/g" >"$work/exec"
cat >"$work/session" <<SCRIPT
#!/bin/sh
REMOTE_ADDR=\$TCPREMOTEIP REMOTE_PORT=\$TCPREMOTEPORT
export REMOTE_ADDR REMOTE_PORT
unset TCPREMOTEIP TCPREMOTEPORT TCPLOCALPORT PROTO
$(cat "$work/exec")
SCRIPT
chmod 755 "$work/session"
stop_server qmail
edge=$(free_port)
listener qmail env QMAILHOME="$work/qmail" tcpserver -RHl edge.test 127.0.0.1 "$edge" "$work/session"
replied alice@main.test '^250 ' 'systemd: a known user'
replied nobody@main.test '^550 5\.1\.1 sorry' 'an unknown one'
like "$(cat "$log")" 'address=nobody@main.test .*client=127.0.0.1' 'with the address of the client'
if command -v systemd-analyze >/dev/null; then
	mkdir "$work/units"
	for unit in qmail-rcptwrap.socket qmail-rcptwrap@.service; do
		hook_file $unit | sed "s/^User=.*/User=daemon/; s/^Group=.*/Group=daemon/" >"$work/units/$unit"
	done
	SYSTEMD_UNIT_PATH=$work/units: systemd-analyze verify --man=no "$work/units/qmail-rcptwrap.socket" \
	    "$work/units/qmail-rcptwrap@.service" >"$work/verify" 2>&1
	unlike "$(cat "$work/verify")" 'qmail-rcptwrap' 'systemd has nothing to say against the units'
else
	skip 1 'there is no systemd-analyze'
fi

# The hooks that are lines of a file

program spp "$(hook_file qmail-spp.smtpplugins | tail -n 1)"
is "$(hook_file qmail-spp.smtpplugins | head -n 1)" '[rcpt]' 'qmail-spp.smtpplugins: at RCPT'
replied alice@main.test '^250 ' 'qmail-spp: a known user'
replied nobody@main.test '^550 5\.1\.1 sorry' 'an unknown one'
replied alice@strict.test '^451 4\.4\.3 sorry' 'a temporary failure'
replied nobody@foreign.test '^553 .*rcpthosts' 'a foreign domain is for qmail to refuse'
break_program rcptcheck killed
replied alice@main.test '^451 .*child crashed' 'the check is killed: later'
break_program rcptcheck gone
replied alice@main.test "^451 .*can't execute" 'it is gone: later'
mend_program rcptcheck

for form in sqmail indimail; do
	program $form "$(line sqmail.recipients '^\*|')"
	replied alice@main.test '^250 ' "$form: a known user"
	replied nobody@main.test '^550 ' 'an unknown one'
	replied alice@strict.test '^4[25]1 unable to check' 'a temporary failure'
	replied nobody@foreign.test '^553 .*rcpthosts' 'a foreign domain is for qmail to refuse'
done

program spamdyke "$(line spamdyke.conf '^recipient-validation-command=')"
is "$(line spamdyke.conf '^reject-recipient=')" invalid 'spamdyke.conf: the answer counts'
replied alice@main.test '^250 ' 'spamdyke: a known user'
replied nobody@main.test '^554 ' 'an unknown one'
replied alice@strict.test '^250 ' 'a temporary failure is none'
replied nobody@foreign.test '^553 .*rcpthosts' 'a foreign domain is for qmail to refuse'
break_program rcptcheck killed
replied alice@main.test '^250 ' 'the check is killed: accepted'
break_program rcptcheck gone
replied alice@main.test '^250 ' 'it is gone: accepted'

# All of them are installed, with the paths of the home

make -s -o all B="${BUILD:-build}" DESTDIR="$work/dest" HOME_DIR=/opt/rc install >"$work/install" 2>&1
is "$(ls "$work/dest/opt/rc/hooks")" "$(ls data/hooks)" 'make install puts them into hooks/' || diag "$(cat "$work/install")"
is "$(grep -l /var/rcptcheck "$work"/dest/opt/rc/hooks/*)" '' 'with no other path'
like "$(cat "$work"/dest/opt/rc/hooks/spamdyke.conf)" '/opt/rc/bin/rcptcheck -y$' 'but that of the home'
ok 'what is to be run can be' test -x "$work/dest/opt/rc/hooks/qmail-rcptwrap.run"

done_testing
