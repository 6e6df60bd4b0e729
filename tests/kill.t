#!/bin/sh
# kill -9 at any moment, of rcptbuild and of a hundred rcptchecks at once: the CDB stays readable and the cache
# usable. KILL_ROUNDS makes it longer.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

rounds=${KILL_ROUNDS-40}
peer known <<'SCRIPT'
ehlo: 250-peer.test|250 PIPELINING
rcpt nobody*: 550 5.1.1 no such user
SCRIPT
sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO domain_ips (domain, ip, port) SELECT 'domain' || i || '.test', '127.0.0.1', $port FROM n"
build
started=$(now_ms)
"$bin/rcptbuild" -f >"$work/build.out" 2>&1
took=$(($(now_ms) - started))
diag "rcptbuild takes $took ms undisturbed"

# Starts COUNT programs, and kills each within MS milliseconds
massacre() { # COUNT MS command...
	perl -MTime::HiRes=usleep,time -e '
		my ($count, $ms, @command) = @ARGV;
		my @pids;
		for my $n (1 .. $count) {
			my $pid = fork // next;
			if ($pid == 0) {
				$ENV{RECIPIENT} = ($n % 2 ? "nobody" : "user") . "$n.$$\@domain$n.test";
				open STDIN, "<", "/dev/null";
				open STDOUT, ">", "/dev/null";
				open STDERR, ">", "/dev/null";
				exec @command;
			}
			push @pids, $pid;
		}
		my $killed = 0;
		for my $pid (sort { rand() <=> 0.5 } @pids) {
			usleep(rand($ms * 1000 / $count));
			kill KILL => $pid;
			waitpid $pid, 0;
			$killed++ if $? == 9;
		}
		print "$killed\n"' "$@"
}

well() { # the CDB answers, a hit and a miss
	check "nobody.well@domain$1.test"
	[ "$code" -eq 100 ] || return 1
	check user@elsewhere.test
	[ "$code $(field why)" = '0 foreign' ]
}

killed=0
bad=0
round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	sql "UPDATE domain_ips SET \"order\" = $round WHERE rowid % 1000 = 1"
	died=$(massacre 1 $((took * 5 / 4)) "$bin/rcptbuild" -f)
	killed=$((killed + died))
	well $round || { bad=$((bad + 1)); diag "round $round: $code $err"; }
done
is $bad 0 "rcptbuild killed $killed times in $rounds: the CDB always answers"
ok 'and it was killed while at work' test $killed -gt $((rounds / 4))
bad=0
round=0
while [ $round -lt $((rounds / 4)) ]; do
	round=$((round + 1))
	massacre 4 $((took * 3)) "$bin/rcptbuild" -f >/dev/null
	well $round || { bad=$((bad + 1)); diag "round $round: $code $err"; }
done
is $bad 0 'four at once, killed one after the other: the CDB always answers'
"$bin/rcptbuild" -f >"$work/build.out" 2>&1
is $? 0 'rcptbuild goes on where it was killed'
is "$(sqlite3 "$db" 'PRAGMA integrity_check')" ok 'rcptcheck.db is sound'
before=$(find "$RCPTCHECK_HOME" -type f | wc -l)
ok "and no heap of leftovers stays ($before files)" test "$before" -le 12

killed=0
bad=0
round=0
while [ $round -lt $((rounds / 2)) ]; do
	round=$((round + 1))
	died=$(massacre 100 40 "$bin/rcptcheck")
	killed=$((killed + died))
	check "nobody.cache$round@domain1.test"
	if [ "$code" -ne 100 ] || [ -n "$(field cache)" ]; then
		bad=$((bad + 1))
		diag "round $round: $code $err"
	fi
	check "nobody.cache$round@domain1.test"
	if [ "$code $(field why)" != '100 cache' ]; then
		bad=$((bad + 1))
		diag "round $round, again: $code $err"
	fi
done
is $bad 0 "a hundred rcptchecks $round times, $killed killed: the cache stays in use"
ok 'and they were killed while at work' test $killed -gt "$rounds"
is "$(sqlite3 "$verdicts" 'PRAGMA integrity_check')" ok 'and is sound'
"$bin/rcptbuild" -f >"$work/build.out" 2>&1
verdict "nobody.cache1@domain1.test" '100 cache' 'rcptbuild found nothing to replace'
ok 'a row for those that had time for it' test "$(sqlite3 "$verdicts" 'SELECT count(*) FROM account_cache')" -gt "$rounds"

done_testing
