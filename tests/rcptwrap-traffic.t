#!/bin/sh
# The same traffic with and without rcptwrap: what the server reads, and what the client reads, is the same,
# byte by byte.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh
. tests/lib/wrap.sh

# mailfront, which takes everything (and logs all of it); what it reads is in $heard
heard=$work/heard
cat >"$work/server" <<'SCRIPT'
#!/bin/sh
tee "$HEARD" | mailfront smtp echo accept 2>/dev/null
SCRIPT
chmod 755 "$work/server"
talk=$top/tests/tools/wraptalk

direct() {
	edge HEARD="$heard" "$work/server"
}

wrapped() {
	edge RCPTCHECK=/bin/true HEARD="$heard" "$bin/rcptwrap" "$work/server"
}

# Says $work/in to both
same() { # NAME [wraptalk options]
	name=$1
	shift
	for way in direct wrapped; do
		$way
		: >"$heard"
		"$talk" "$@" "$edge" <"$work/in" >"$work/$way.said"
		await is_alone
		mv "$heard" "$work/$way.heard"
	done
	ok "$name: the client reads the same" cmp "$work/direct.said" "$work/wrapped.said"
	ok 'the server too' cmp "$work/direct.heard" "$work/wrapped.heard"
	ok 'and that is what the client said' cmp "$work/direct.heard" "$work/in"
}

cat >"$work/lines" <<'LINES'
EHLO client
MAIL FROM:<sender@client.test> SIZE=1000
RCPT TO:<"a b"@main.test> NOTIFY=NEVER
RCPT TO:<user@main.test>
NOOP with words
VRFY somebody
RSET
MAIL FROM:<>
rcpt to:<user@main.test>
DATA
Subject: x

..dots
. dot
.
MAIL FROM:<>
RCPT TO:<user@main.test>
DATA
.
HELP
QUIT
LINES
sed 's/$/\r/' "$work/lines" >"$work/in"
same 'a pipelining client'
like "$(tail -n 1 "$work/wrapped.said")" '^221 ' 'to the end'
is "$(grep -c '^354' "$work/wrapped.said")" 2 'with its messages'
same 'that closes its half' -h

# All bytes but NUL (mailfront's echo crashes) in lines that are too long, and single LF
{
	printf 'EHLO client\r\nMAIL FROM:<>\r\nRCPT TO:<user@main.test>\r\nDATA\r\n'
	perl -e 'my $all = join "", map { $_ == 10 || $_ == 13 ? () : chr } 1 .. 255;
	    print $all x 10, "\n" x 3, "\r\n" for 1 .. 100; print "\r\n.\r\nQUIT\r\n"'
} >"$work/in"
same 'binary data, and stray LF'

{
	printf 'EHLO client\r\nMAIL FROM:<>\r\nRCPT TO:<user@main.test>\r\nDATA\r\n'
	perl -e 'srand 1; my $line = join "", map { chr 33 + int rand 90 } 1 .. 998;
	    print ".$line\r\n.\n" =~ s/\.\n$//r, "$line\r\n" for 1 .. 52_500;
	    print ".\r\nQUIT\r\n"'
} >"$work/in"
same "a message of $(($(wc -c <"$work/in") / 1000000)) MB"
like "$(cat "$work/wrapped.said")" '^250 .*Received' 'which is taken'

# 10,000 recipients, a tenth of them unknown: without the wrapper nobody knows that
{
	printf 'EHLO client\r\nMAIL FROM:<>\r\n'
	perl -e 'printf "RCPT TO:<%s%d\@main.test>\r\n", $_ % 10 ? "user" : "bad", $_ for 1 .. 10_000'
	printf 'QUIT\r\n'
} >"$work/in"
edge RCPTCHECK="$top/tests/tools/wrapkept" HEARD="$heard" "$bin/rcptwrap" -k -l 0 "$work/server"
: >"$heard"
"$talk" "$edge" <"$work/in" >"$work/said"
await is_alone
is "$(grep -c '^250 .*user' "$work/said") $(grep -c '^550 5.1.1 ' "$work/said")" '9000 1000' '10,000 recipients: each has its reply' ||
    diag "$(head -n 20 "$work/said")"
is "$(sed -n '/^550/=' "$work/said" | awk 'NR > 1 && $1 - last != 10 { bad++ } { last = $1 } END { print bad + 0 }')" 0 'in its place'
grep -v bad "$work/in" >"$work/want"
ok 'and the server heard of the good ones, in order' cmp "$work/want" "$heard"

# A client that never reads, and says more than anybody holds: nobody grows
perl -e 'print "EHLO client\r\n"; print "NOOP\r\n" x 3_000_000' >"$work/in"
wrapped
perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die;
	$s->blocking(0);
	open my $in, "<", $ARGV[1] or die;
	read $in, my $text, 20_000_000;
	my ($sent, $idle) = (0, 0);
	while ($idle < 20) {
		my $n = syswrite $s, $text, 65536, $sent;
		if ($n) { $sent += $n; $idle = 0 } else { $idle++; select undef, undef, undef, 0.05 }
	}
	my $most = 0;
	for my $status (glob "/proc/[0-9]*/status") {
		open my $file, "<", $status or next;
		my $all = join "", <$file>;
		my ($size) = $all =~ /^VmData:\s+(\d+)/m;
		$most = $size if $all =~ /^Name:\s+rcptwrap$/m && $size > $most;
	}
	print "$sent $most\n"' "$edge" "$work/in" >"$work/sizes"
read -r sent most <"$work/sizes"
ok "a client that does not read gets no further than $sent bytes" test "$sent" -lt 17000000
if [ "${BUILD:-build}" != build/asan ]; then
	ok "and the relay holds $most KB" test "$most" -gt 0 -a "$most" -lt 2000
else
	skip 1 'sanitizers have memory of their own'
fi
nothing_left 'it goes, and no process is left'

if command -v swaks >/dev/null; then
	for way in direct wrapped; do
		$way
		: >"$heard"
		swaks --server 127.0.0.1 --port "$edge" --ehlo client.test --from a@client.test --to user@main.test,other@main.test \
		    --data "Date: x\nSubject: swaks\n\nbody\n" --pipeline 2>&1 | grep -v '^===' >"$work/$way.said"
		await is_alone
		mv "$heard" "$work/$way.heard"
	done
	ok 'swaks: it reads the same' cmp "$work/direct.said" "$work/wrapped.said"
	ok 'and says the same' cmp "$work/direct.heard" "$work/wrapped.heard"
	like "$(cat "$work/wrapped.said")" '250 .*Received' 'its message is taken'
else
	skip 3 'swaks is not there'
fi

done_testing
