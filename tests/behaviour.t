#!/bin/sh
# Ways a primary can behave, and what a user it knows gets then: from rcptcheck, from Exim's callout and
# from Postfix's address verification. Prints a table. A permanent "no" to such a user is what must never
# be: it loses mail for good. Of the other two only that they were asked is tested, not what they say.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/rivals.sh

sql "INSERT INTO settings VALUES ('connect_timeout', NULL, '1s');
    INSERT INTO settings VALUES ('command_timeout', NULL, '2s');
    INSERT INTO settings VALUES ('budget', NULL, '5s')"

# Each line: the behaviour, who is asked for, what rcptcheck exits with, the rules of the peer (- is no
# peer at all). Behind them stand those of a primary that is well: it knows user* and postmaster. Row 1
# is the domain row1.test, and each system asks for a user of its own there, such as user.exim. A
# stranger is somebody whom this primary does not know, or never takes mail for: "no" is right.
#
# rcptcheck and Exim ask with the null sender; Postfix with one of its own, as it does by default.
cat >"$work/rows" <<'ROWS'
exists	user	0	
550 5.1.1 for this address	stranger	100	
450 for this address	user	0	rcpt user*: 450 4.2.1 try later
552 5.2.2 for this address	user	0	rcpt user*: 552 5.2.2 mailbox full
550 5.7.1 for this address alone	stranger	100	rcpt stranger*: 550 5.7.1 not this one
550 5.7.1 to all but postmaster	user	0	rcpt user*: 550 5.7.1 rejected by policy
connection refused	user	0	-
451 to every RCPT	user	0	rcpt: 451 4.3.0 try later
greylisting	user	0	once rcpt: 451 4.7.1 greylisted
550 to MAIL FROM:<>	user	0	mail from <>: 550 5.7.1 no null sender
550 5.7.1 to RCPT after MAIL FROM:<>	user	0	rcpt from <>: 550 5.7.1 no bounces here
550 rejected to every RCPT	user	0	rcpt: 550 rejected
550 no such user to every RCPT	user	0	rcpt: 550 no such user
550 5.1.1 to every RCPT	user	0	rcpt: 550 5.1.1 no such user
451 to MAIL	user	0	mail: 451 4.3.0 try later
550 to every MAIL	user	0	mail: 550 5.7.1 go away
421 greeting	user	0	greeting: 421 4.3.2 busy{close}
554 greeting	user	0	greeting: 554 5.7.1 go away
silence at the greeting	user	0	greeting: {silence}
silence at RCPT	user	0	rcpt: {silence}
close at RCPT	user	0	rcpt: {close}
502 to EHLO	user	0	ehlo: 502 5.5.1 what?
550 to EHLO and HELO	user	0	ehlo: 550 5.7.1 go away\nhelo: 550 5.7.1 go away
garbage at RCPT	user	0	rcpt: moin
accepts everything	stranger	0	rcpt: 250 ok
ROWS
cat >"$work/well" <<'SCRIPT'
rcpt user*: 250 ok
rcpt postmaster@*: 250 ok
rcpt: 550 5.1.1 no such user
SCRIPT
rows=$(seq "$(awk 'END { print NR }' "$work/rows")")

row() { # ROW: $behaviour, $who, $want, $rules
	IFS='	' read -r behaviour who want rules <<-LINE
		$(sed -n "$1p" "$work/rows")
	LINE
}

# Leaves the answer in a file: ours is the exit code, theirs the reply to RCPT.
ask() { # SYSTEM ROW PHASE [USER]
	row "$2"
	address=${4-$who}.$1@row$2.test
	case $1 in
	rcptcheck)
		RECIPIENT=$address "$bin/rcptcheck" -v </dev/null 2>>"$work/checks.$2"
		echo $? ;;
	exim) ask_rival "$exim" "$address" ;;
	postfix) ask_rival "$postfix" "$address" ;;
	esac >"$work/answer.$1.$2.$3"
}

codes() { # SYSTEM ROW
	for phase in first again recovered; do
		cut -c 1-3 "$work/answer.$1.$2.$phase"
	done | paste -sd ' ' -
}

# Calls a function for all rows at the same time, the row behind its other arguments.
each_row() {
	jobs=
	for number in $rows; do
		"$@" "$number" &
		jobs="$jobs $!"
	done
	# shellcheck disable=SC2086 # words; and a bare wait would wait for the servers
	wait $jobs
}

first_and_again() { # SYSTEM ROW
	ask "$1" "$2" first
	ask "$1" "$2" again
}

recovered() { # SYSTEM ROW
	ask "$1" "$2" recovered
}

stranger() { # ROW
	ask rcptcheck "$1" stranger stranger
}

for number in $rows; do
	row "$number"
	if [ "$rules" = - ]; then
		free_port >"$work/row$number.port"
		read -r port <"$work/row$number.port"
	else
		printf '%b\n' "$rules" | cat - "$work/well" >"$work/rules"
		peer "row$number" <"$work/rules"
	fi
	echo "row$number.test $port" >>"$work/ports"
done
sql "$(sed "s/\(.*\) \(.*\)/INSERT INTO domain_ips (domain, ip, port) VALUES ('\1', '127.0.0.1', \2);/" "$work/ports")"
build
rival_exim exim
exim=$port
rival_postfix postfix
postfix=$port

each_row first_and_again rcptcheck
rested=$(($(now_ms) + 11000))
each_row first_and_again exim
each_row first_and_again postfix

for number in $rows; do
	row "$number"
	case $behaviour in
	'accepts everything') ;; # there is nothing to recover from
	*) peer_again "row$number" <"$work/well" ;;
	esac
done
# We leave a server that was down alone for 10 s
await eval "[ \$(now_ms) -ge $rested ]"
each_row recovered rcptcheck
each_row recovered exim
each_row recovered postfix
each_row stranger

for number in $rows; do
	row "$number"
	ours=$(codes rcptcheck "$number")
	exims=$(codes exim "$number")
	postfixes=$(codes postfix "$number")
	is "$ours" "$want $want $want" "$behaviour: rcptcheck exits $want" || diag "log:  $(cat "$work/checks.$number")"
	case $behaviour in
	'exists' | 'accepts everything') known=250 ;;
	'550 5.1.1 for this address') known=550 ;;
	*) known='[245][0-9][0-9]' ;;
	esac
	if [ "$behaviour" != 'accepts everything' ]; then
		is "$(cat "$work/answer.rcptcheck.$number.stranger")" 100 'a user who does not exist is refused when it has recovered' ||
		    diag "log:  $(tail -n 1 "$work/checks.$number")"
	fi
	like "$exims" "^$known $known $known$" 'Exim answers'
	like "$(cat "$work/answer.exim.$number.first")" '^250 |[Cc]allout' 'because it asked'
	like "$postfixes" "^$known $known $known$" 'Postfix answers'
	like "$(cat "$work/answer.postfix.$number.first")" '^250 |(host|connect to|conversation with|lost connection with) 127' \
	    'because it asked'
	printf '%s\t%s\t%s\t%s\t%s\n' "$behaviour" "$who" "$ours" "$exims" "$postfixes" >>"$work/table"
done

awk -F '\t' '
function line(a, b, c, d) { printf "%-38s%-13s%-13s%s\n", a, b, c, d }
BEGIN { line("first, again, recovered", "rcptcheck", "Exim", "Postfix") }
{
	line($1, $3, $4, $5)
	for (i = 3; i <= 5 && $2 == "user"; i++) {
		wrong[i] += $i ~ /100|5[0-9][0-9]/
		late[i] += $i !~ / (0|250)$/
	}
}
END {
	line("still not accepted when recovered", late[3] + 0, late[4] + 0, late[5] + 0)
	line("wrong permanent rejects", wrong[3] + 0, wrong[4] + 0, wrong[5] + 0)
}' "$work/table" >"$work/result"
is "$(sed -n '$s/[^0-9]*\([0-9]*\).*/\1/p' "$work/result")" 0 'rcptcheck refuses no valid user for good'
# On descriptor 2, or prove would not show it
{
	diag 'Exit codes of rcptcheck (0 accept, 100 reject), replies of the others.'
	diag "$(cat "$work/result")"
} >&2

done_testing
