#!/bin/sh
# Answers in the cache that do not count by themselves any more, while the primary cannot be asked: a stale
# "yes", a stale "no", and an old "no" that was due for a new question. outage.t has the primary that dies.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

unset RCPTCHECK_CANDEFER
HOUR=3600
DAY=$((24 * HOUR))
closed=$(free_port)

# Ways to be unreachable, each with a domain and a server of its own
while IFS='	' read -r name script; do
	printf '%b\n' "$script" >"$work/script"
	peer "$name" <"$work/script"
	primary "$name.test" "$port"
done <<'TABLE'
silent	greeting: {silence}
busy	greeting: 421 4.3.2 busy
refuses	greeting: 554 5.7.1 go away
mail	mail: 451 4.3.0 later
later	rcpt: 451 4.7.1 later
mute	rcpt: {silence}
lost	rcpt: {close}
knows	rcpt nobody*: 550 5.1.1 no such user
any	rcpt: 250 ok
TABLE
peer deaf -d </dev/null
primary deaf.test "$port"
port_of() { # NAME
	cat "$work/$1.port"
}
for name in refused strict warn off; do
	primary $name.test "$closed"
done
primary strictpolicy.test "$(port_of refuses)"
primary require.test "$(port_of knows)"
primary anyneighbour.test "$(port_of any)"
primary moves.test "$closed"
servers() { # DOMAIN PORT...
	servers_domain=$1
	shift
	for servers_port; do
		sql "INSERT INTO domain_ips SELECT '$servers_domain', '127.0.0.1', $servers_port, count(*)
		    FROM domain_ips WHERE domain = '$servers_domain'"
	done
}
servers closedlater.test "$closed" "$(port_of later)"
servers laterclosed.test "$(port_of later)" "$closed"
servers laterrefuses.test "$(port_of later)" "$(port_of refuses)"
servers closedrefuses.test "$closed" "$(port_of refuses)"
servers closedknows.test "$closed" "$(port_of knows)"
sql "INSERT INTO settings VALUES ('command_timeout', NULL, '1s');
    INSERT INTO settings VALUES ('connect_timeout', NULL, '1s');
    INSERT INTO settings VALUES ('budget', NULL, '3s');
    INSERT INTO settings VALUES ('on_unreachable', 'strict.test', 'tempfail');
    INSERT INTO settings VALUES ('on_policy', 'strictpolicy.test', 'tempfail');
    INSERT INTO settings VALUES ('mode', 'warn.test', 'warn');
    INSERT INTO settings VALUES ('mode', 'off.test', 'off');
    INSERT INTO settings VALUES ('tls', 'require.test', 'require')"
build

put() { # ADDRESS CLASS AGE LEFT: a row that was asked AGE seconds ago and expires in LEFT seconds
	case $2 in
	exists) put_reply='250 2.1.5' ;;
	unknown) put_reply='550 5.1.1' ;;
	refused) put_reply='550 5.2.1' ;;
	esac
	put_now=$(date +%s)
	sqlite3 "$verdicts" "DELETE FROM account_cache WHERE address = '$1'"
	perl tests/lib/cacherow.pl "$1" "$2" "${put_reply% *}" "${put_reply#* }" 192.0.2.1:25 'as it was' \
	    $((put_now - $3)) $((put_now + $4)) | sqlite3 "$verdicts"
}

age() { # ADDRESS AGE LEFT: the row that is there becomes so old
	sqlite3 -batch -separator '|' "$verdicts" \
	    "SELECT class, code, enhanced, host, text FROM account_cache WHERE address = '$1'" >"$work/row"
	IFS='|' read -r age_class age_code age_enhanced age_host age_text <"$work/row" || return 1
	age_now=$(date +%s)
	sqlite3 "$verdicts" "DELETE FROM account_cache WHERE address = '$1'"
	perl tests/lib/cacherow.pl "$1" "$age_class" "$age_code" "$age_enhanced" "$age_host" "$age_text" \
	    $((age_now - $2)) $((age_now + $3)) | sqlite3 "$verdicts"
}

remember() { # SUBJECT STATE COUNT SINCE TRIED UNTIL TEXT: a row of memory, times relative to now
	remember_now=$(date +%s)
	sqlite3 "$verdicts" "DELETE FROM memory WHERE subject = '$1'"
	perl tests/lib/cacherow.pl -m "$1" "$2" "$3" $((remember_now + $4)) $((remember_now + $5)) \
	    $((remember_now + $6)) "$7" | sqlite3 "$verdicts"
}

no_memory() {
	sqlite3 "$verdicts" 'DELETE FROM memory'
}

deferring() { # ADDRESS WANT NAME: verdict, for a caller that can put off one recipient
	RCPTCHECK_CANDEFER=1
	export RCPTCHECK_CANDEFER
	verdict "$@"
	unset RCPTCHECK_CANDEFER
}

rows() {
	sqlite3 "$verdicts" 'SELECT * FROM account_cache ORDER BY address'
}

# A stale yes counts, whatever keeps us from a new one; a stale no is put off where that is possible, while
# nobody can be reached. First the server is asked; then what is remembered of it says the same.
while IFS='	' read -r domain yes no deferred; do
	put "user@$domain.test" exists $((20 * DAY)) $((-13 * DAY))
	put "gone@$domain.test" unknown $((2 * DAY)) $((-DAY))
	put "full@$domain.test" refused $((2 * DAY)) $((-2 * DAY + HOUR))
	rows >"$work/before"
	for round in asked remembered; do
		[ $round = remembered ] || no_memory
		verdict "user@$domain.test" "0 $yes" "$domain, $round: a stale yes is accepted"
		[ $round = remembered ] || no_memory
		deferring "gone@$domain.test" "$deferred" "$domain, $round: a stale no, and one recipient can be put off"
		[ $round = remembered ] || no_memory
		verdict "gone@$domain.test" "$no" "$domain, $round: a stale no, and only the session could be dropped"
	done
	deferring "full@$domain.test" "$deferred" "$domain: the same for a user who was refused"
	deferring "user@$domain.test" "0 $yes" "$domain: for a yes it is no matter who asks"
	is "$(rows)" "$(cat "$work/before")" "$domain: the rows in the cache stay as they are"
done <<'TABLE'
refused	stale	0 stale	111 stale
deaf	stale	0 stale	111 stale
silent	stale	0 stale	111 stale
busy	stale	0 stale	111 stale
mail	stale	0 stale	111 stale
mute	stale	0 stale	111 stale
lost	stale	0 stale	111 stale
refuses	stale	0 policy	0 policy
later	stale	0 unreachable	0 unreachable
strict	stale	111 stale	111 stale
strictpolicy	stale	111 policy	111 policy
warn	stale	0 stale	0 stale
off	off	0 off	0 off
require	stale	0 policy	0 policy
TABLE

# What the log says
no_memory
for note in refused down; do
	verdict gone@refused.test '0 stale' "a stale no, $note"
	like "$err" "^rcptcheck: address=gone@refused.test verdict=accept why=stale host=192.0.2.1:25 reply=\"550 as it was\" class=unknown age=17[23][0-9]{3} note=$note recheck=failed ms=[0-9]+$" \
	    'the line says all of it'
done
verdict user@refused.test '0 stale' 'a stale yes'
like "$err" ' verdict=accept why=stale host=192.0.2.1:25 reply="250 as it was" class=exists age=172[89][0-9]{3} note=down recheck=failed ' \
    'the line says all of it'
deferring gone@warn.test '0 stale' 'mode=warn defers nobody'
like "$err" ' verdict=accept why=stale .* note=would-tempfail recheck=failed ' 'and says what would have been'
for level in trouble reject all; do
	run env RCPTCHECK_LOG=$level RECIPIENT=user@refused.test "$bin/rcptcheck"
	like "$err" ' why=stale ' "RCPTCHECK_LOG=$level logs an answer that is stale"
done

# Who can put off one recipient, and how he is told, while a stale no is less than a week old
form() { # NAME=value... : asks for $who in this form; leaves $code, $out and $err
	run env "$@" "$bin/rcptcheck" -v </dev/null
}
form_fd4() {
	out=$(env USE_FD4=1 RECIPIENT="$who" "$bin/rcptcheck" -v 4>&1 >/dev/null 2>"$work/err" </dev/null)
	code=$?
	err=$(cat "$work/err")
}
forms() { # NAME CODE-AND-WHY-IF-DEFERRED CODE-AND-WHY-IF-NOT REPLY
	form_fd4
	case $2 in
	111*) is "$code $out" "100 $4" "$1: descriptor 4" ;;
	*) is "$code $out" '0 ' "$1: descriptor 4" ;;
	esac
	is "$(field why)" "${2#* }" 'the log says so'
	form SMTPRCPTTO="$who" SMTPMAILFROM=me@client.test SMTPRCPTHOSTSOK=1
	case $2 in
	111*) is "$code $out" "0 E$4" "$1: qmail-spp" ;;
	*) is "$code $out" '0 ' "$1: qmail-spp" ;;
	esac
	run "$bin/rcptcheck" -s "$who"
	case $2 in
	111*) is "$code $out" "111 $4" "$1: -s" ;;
	*) is "$code $out" '0 250 2.1.5 ok' "$1: -s" ;;
	esac
	printf '%s\nuser@refused.test\n' "$who" >"$work/addresses"
	"$bin/rcptcheck" -b <"$work/addresses" >"$work/out" 2>"$work/err"
	is "$? $(cut -f 1-3 "$work/out" | tr '\t\n' ' ;')" \
	    "0 $who $([ "${2%% *}" = 111 ] && echo tempfail || echo accept) ${2#* };user@refused.test accept stale;" "$1: -b"
	form RECIPIENT="$who" RCPTCHECK_CANDEFER=1
	is "$code $(field why)" "$2" "$1: RCPTCHECK_CANDEFER=1"
	for value in 0 '' yes 11 '1 ' 01; do
		form RECIPIENT="$who" RCPTCHECK_CANDEFER="$value"
		is "$code $(field why)" "$3" "$1: RCPTCHECK_CANDEFER='$value' is not 1"
	done
	form RECIPIENT="$who" USE_FD4=1
	is "$code $(field why)" "$3" "$1: USE_FD4=1 without a pipe on 4"
	is "$out" '' 'and nothing on descriptor 1'
}
reply="451 4.4.3 sorry, this recipient can't be verified right now, try again later (#4.4.3)"
who=almost@refused.test
put $who unknown $((7 * DAY - HOUR)) $((-6 * DAY))
forms '6 days and 23 hours' '111 stale' '0 stale' "$reply"
who=over@refused.test
put $who unknown $((7 * DAY + HOUR)) $((-6 * DAY))
forms '7 days and 1 hour' '0 unreachable' '0 unreachable' "$reply"
who=strictly@strict.test
put $who unknown $((7 * DAY - HOUR)) $((-6 * DAY))
forms 'on_unreachable=tempfail' '111 stale' '111 stale' "$reply"
put over@strict.test unknown $((7 * DAY + HOUR)) $((-6 * DAY))
verdict over@strict.test '111 unreachable' 'a no that is too old leaves it to on_unreachable'

# An old no: due for a new question, not expired
while IFS='	' read -r domain want; do
	put "old@$domain.test" unknown $((2 * HOUR)) $((20 * HOUR))
	verdict "old@$domain.test" "$want" "$domain: a no older than negative_recheck"
	recheck=$(field recheck)
	deferring "old@$domain.test" "$want" 'it is no matter who asks'
	case $want in
	*cache) is "$recheck" failed 'and the log says that it was due' ;;
	*) is "$recheck" '' 'it does not count' ;;
	esac
done <<'TABLE'
refused	100 cache
deaf	100 cache
silent	100 cache
busy	100 cache
mail	100 cache
mute	100 cache
lost	100 cache
refuses	100 cache
strict	100 cache
strictpolicy	100 cache
require	100 cache
warn	0 cache
later	0 unreachable
TABLE
put young@refused.test unknown $((HOUR / 2)) $((20 * HOUR))
verdict young@refused.test '100 cache' 'a younger one'
is "$(field recheck)" '' 'is not due'
verdict old@warn.test '0 cache' 'mode=warn refuses nobody'
is "$(field note) $(field recheck)" 'would-reject failed' 'and says what would have been'

# Taken back: by a server that answers RCPT, and not with a no, whichever it is
while IFS='	' read -r domain old stale; do
	no_memory
	put "old@$domain.test" unknown $((2 * HOUR)) $((20 * HOUR))
	put "stale@$domain.test" unknown $((2 * DAY)) $((-DAY))
	verdict "old@$domain.test" "$old" "$domain: an old no"
	deferring "stale@$domain.test" "$stale" "$domain: a stale no"
done <<'TABLE'
laterclosed	0 unreachable	0 unreachable
closedlater	0 unreachable	0 unreachable
laterrefuses	0 policy	0 policy
closedrefuses	100 cache	0 policy
closedknows	0 callout	0 callout
TABLE
put nobody.stale@knows.test unknown $((2 * DAY)) $((-DAY))
verdict nobody.stale@knows.test '100 callout' 'a stale no is asked again'
verdict nobody.stale@knows.test '100 cache' 'and is fresh then'
put user.stale@knows.test exists $((20 * DAY)) $((-13 * DAY))
verdict user.stale@knows.test '0 callout' 'a stale yes too'
put nobody.deleted@knows.test exists $((20 * DAY)) $((-13 * DAY))
verdict nobody.deleted@knows.test '100 callout' 'and a no takes it back'

# From an answer to an outage and back
moves() { # PORT
	sql "UPDATE domain_ips SET port = $1 WHERE domain = 'moves.test'"
	build
}
moves "$(port_of knows)"
verdict nobody@moves.test '100 callout' 'a no'
age nobody@moves.test $((2 * DAY)) $((-DAY))
moves "$closed"
deferring nobody@moves.test '111 stale' 'in an outage two days later it is put off'
moves "$(port_of any)"
verdict nobody@moves.test '0 callout' 'the mailbox has been made meanwhile'
moves "$closed"
deferring nobody@moves.test '0 cache' 'which holds in the next outage'
age nobody@moves.test $((8 * DAY)) $((-DAY))
deferring nobody@moves.test '0 stale' 'for as long as that takes'
run "$bin/rcptcache" forget nobody@moves.test
verdict nobody@moves.test '0 unreachable' 'rcptcache forget ends it'
put nobody@moves.test unknown $((2 * DAY)) $((-DAY))
run "$bin/rcptcache" forget nobody@moves.test
deferring nobody@moves.test '0 unreachable' 'and a stale no'
put nobody@moves.test unknown $((2 * HOUR)) $((20 * HOUR))
run "$bin/rcptcache" forget @moves.test
verdict nobody@moves.test '0 unreachable' 'and an old one'

# Taken back by a catch-all that was found later
no_memory
verdict one@any.test '0 callout' 'a server that accepts any address'
verdict two@any.test '0 callout' 'is found out by two'
verdict three@any.test '0 catch-all' 'and asked no more'
catchall="catch-all 127.0.0.1:$(port_of any) any.test"
put old@any.test unknown $((2 * HOUR)) $((20 * HOUR))
put stale@any.test unknown $((2 * DAY)) $((-DAY))
verdict old@any.test '0 catch-all' 'an old no counts no more then'
deferring stale@any.test '0 catch-all' 'nor does a stale one'
stop_server any
remember "$catchall" yes 0 $((-DAY - HOUR)) 0 $((-HOUR)) ''
verdict old@any.test '100 cache' 'but a no that is newer than that does, in an outage'
remember "$catchall" yes 0 $((-HOUR)) 0 $((-1)) ''
verdict old@any.test '0 unreachable' 'an older one does not'
deferring stale@any.test '0 unreachable' 'nor when it is stale'
remember "$catchall" no 0 $((-HOUR)) 0 $((7 * DAY)) ''
verdict old@any.test '100 cache' 'a server that has a directory takes nothing back'
deferring stale@any.test '111 stale' 'stale or not'

# A clock that was set back proves nothing
put future@refused.test unknown -$HOUR $((2 * DAY))
verdict future@refused.test '0 unreachable' 'a no from the future'
put future@refused.test unknown -$HOUR $((-2 * HOUR))
deferring future@refused.test '0 unreachable' 'that has expired'
put future@strict.test exists -$HOUR $((2 * DAY))
verdict future@strict.test '111 unreachable' 'a yes from the future'
put future@strict.test exists -$HOUR $((-2 * HOUR))
verdict future@strict.test '111 unreachable' 'that has expired'

# Damage proves nothing either
put gone@refused.test unknown $((2 * DAY)) $((-DAY))
sqlite3 "$verdicts" "UPDATE account_cache SET probed = probed + 1 WHERE address = 'gone@refused.test'"
deferring gone@refused.test '0 unreachable' 'a stale no with a wrong checksum'
like "$err" ' cache=' 'and the log says so'

done_testing
