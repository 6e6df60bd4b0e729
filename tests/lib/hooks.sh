# shellcheck shell=sh disable=SC2034,SC2154 # home.sh, peer.sh and the tests share these
# The files of data/hooks, as installed, in front of a primary. Source it behind peer.sh.
#
# main.test has a primary that knows all but nobody*; strict.test has none that runs, and on_unreachable =
# tempfail there; all other domains are foreign. $inst stands for /var/rcptcheck: its programs are started
# with the home of this test, since most mail servers pass no environment on. They may run as $nobody.
#
#	hook_file NAME			the file, with $inst in the paths and $nobody for rcptcheck's user
#	break_program NAME killed	it is killed, and from now on kills itself
#	break_program NAME gone		it is killed, and not there any more
#	mend_program NAME
#	reply PORT ADDRESS [MAIL [EHLO]]	what is answered to RCPT, in one line
#	replied ADDRESS REGEX NAME	the reply at $edge fits
#	listener NAME command...	starts the mail server that is to greet at port $edge; its log is $log

inst=$work/inst
nobody=nobody
[ "$(id -u)" -eq 0 ] || nobody=$(id -un)

peer primary <<'SCRIPT'
rcpt *nobody*: 550 5.1.1 no such user
SCRIPT
primary main.test "$port"
primary strict.test "$(free_port)"
sql "INSERT INTO settings VALUES ('on_unreachable', 'strict.test', 'tempfail')"
build
if [ "$(id -u)" -eq 0 ]; then
	chgrp -R "$(id -gn nobody)" "$RCPTCHECK_HOME/cache"
	chmod g+s "$RCPTCHECK_HOME/cache"
fi

mend_program() {
	rm -f "$inst/bin/$1"
	cat >"$inst/bin/$1" <<-SCRIPT
		#!/bin/sh
		RCPTCHECK_HOME=$RCPTCHECK_HOME
		export RCPTCHECK_HOME
		echo \$\$ >>$inst/run/$1
		exec $inst/real/$1 "\$@"
	SCRIPT
	chmod 755 "$inst/bin/$1"
}

break_program() {
	rm -f "$inst/bin/$1"
	while read -r running; do
		[ "$(readlink "/proc/$running/exe")" != "$(readlink -f "$inst/real/$1")" ] || kill -9 "$running"
	done <"$inst/run/$1"
	[ "$2" != gone ] || return 0
	# shellcheck disable=SC2016 # for the script itself
	printf '#!/bin/sh\nkill -9 $$\n' >"$inst/bin/$1"
	chmod 755 "$inst/bin/$1"
}

mkdir -p "$inst/bin" "$inst/real" "$inst/run"
for program in rcptcheck rcptserve rcptwrap; do
	ln -s "$bin/$program" "$inst/real/$program"
done
ln -s "$bin/rcptserve" "$inst/real/rcptcheck-cvm"
ln -s "$inst/bin" "$RCPTCHECK_HOME/bin" # where rcptwrap looks for the check
for program in "$inst"/real/*; do
	: >"$inst/run/${program##*/}"
	chmod 666 "$inst/run/${program##*/}"
	mend_program "${program##*/}"
done

hook_file() {
	sed -e "s|/var/rcptcheck|$inst|g" -e "s/\(user[= ]\)rcptcheck\b/\1$nobody/" "$top/data/hooks/$1"
}

reply() {
	"$top/tests/lib/smtp" "$1" "${4-EHLO client.test}" "MAIL FROM:<${3-sender@client.test}>" "RCPT TO:<$2>" QUIT |
	    awk '{ reply = reply $0 " " } !/^[0-9]+-/ && ++n == 4 { print reply } !/^[0-9]+-/ { reply = "" }'
}

replied() {
	like "$(reply "$edge" "$1")" "$2" "$3"
}

listener() {
	name=$1
	shift
	log=$work/$name.log
	"$@" </dev/null >"$log" 2>&1 &
	echo $! >"$work/$name.pid"
	await greeting "$edge" || server_fails "$name" "$log"
}

# For run scripts: $PATH has a tcpserver that listens at $edge in place of port 25, and what else this host
# has not, or not with such users. What they were given is in $work/given.
stub() { # NAME <SCRIPT
	mkdir -p "$work/stubs"
	cat >"$work/stubs/$1"
	chmod 755 "$work/stubs/$1"
}

make_stubs() {
	stub tcpserver <<-SCRIPT
		#!/bin/sh
		while getopts vRHl:c:x:u:g: option; do
			echo "\$option \$OPTARG"
		done >$work/given
		shift \$((OPTIND - 1))
		[ "\$1 \$2" = '0 25' ] || exit 99
		shift 2
		exec $(command -v tcpserver) -vRHl edge.test 127.0.0.1 \$EDGE "\$@"
	SCRIPT
	stub id <<-SCRIPT
		#!/bin/sh
		echo 1234
	SCRIPT
	# The sanitizers reserve more than any limit
	[ "${BUILD:-build}" != build/asan ] || stub softlimit <<-SCRIPT
		#!/bin/sh
		[ "\$1" = -m ] && shift 2 && exec "\$@"
	SCRIPT
	stub chpst <<-SCRIPT
		#!/bin/sh
		[ "\$1" = -m ] && shift 2 && exec softlimit -m 64000000 "\$@"
	SCRIPT
}
