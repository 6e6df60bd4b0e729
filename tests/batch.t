#!/bin/sh
# shellcheck disable=SC2317 # await calls functions
# rcptcheck -b: many addresses, one a line, side by side and in order.
. tests/lib/tap.sh
. tests/lib/home.sh
. tests/lib/peer.sh

peer known <<'SCRIPT'
rcpt nobody*: 550 5.1.1 no such user
rcpt slow*: {wait 0.5}250 ok
SCRIPT
primary main.test "$port"
closed=$(free_port)
primary down.test "$closed"
sql "INSERT INTO domain_aliases VALUES ('dangling.test', 'nowhere.test')"
build

tab=$(printf '\t')
printf '%s\n' user@main.test nobody@main.test user@down.test user@elsewhere.test nodomain '' |
    "$bin/rcptcheck" -b >"$work/out" 2>"$work/err"
is $? 0 'exit 0: all were answered'
like "$(sed -n 1p "$work/out")" "^user@main.test${tab}accept${tab}callout${tab}250 ok\$" 'address, verdict, why and reply'
like "$(sed -n 2p "$work/out")" "^nobody@main.test${tab}reject${tab}callout${tab}550 5.1.1 no such user\$" 'a reject'
like "$(sed -n 3p "$work/out")" "^user@down.test${tab}accept${tab}unreachable${tab}\$" 'no reply, but the TAB before it'
like "$(sed -n 4p "$work/out")" "^user@elsewhere.test${tab}accept${tab}foreign${tab}\$" 'a foreign domain'
like "$(sed -n 5p "$work/out")" "^nodomain${tab}accept${tab}no-domain${tab}\$" 'no domain'
like "$(sed -n 6p "$work/out")" "^${tab}accept${tab}no-domain${tab}\$" 'an empty line is an empty address'
is "$(wc -l <"$work/out")" 6 'one line for each'
is "$(grep -v 'address=user@down.test .* why=unreachable' "$work/err")" '' 'nothing but trouble on descriptor 2, which is no terminal'

printf 'nobody@main.test\r\nuser@main.test' | "$bin/rcptcheck" -b >"$work/out" 2>"$work/err"
like "$(cat "$work/out")" "^nobody@main.test${tab}reject${tab}cache" 'a line may end in CR LF'
like "$(cat "$work/out")" "^user@main.test${tab}accept${tab}cache" 'and the last one in nothing'

"$bin/rcptcheck" -b </dev/null >"$work/out" 2>"$work/err"
is "$? $(wc -c <"$work/out")" '0 0' 'nothing in, nothing out'

printf 'a\033[2J\rb@main.test\nnobody\tx@main.test\n' | "$bin/rcptcheck" -b >"$work/out" 2>"$work/err"
is "$(LC_ALL=C tr -d '\011\012\040-\176' <"$work/out" | wc -c) $(awk -F '\t' 'NF != 4' "$work/out" | wc -l)" '0 0' \
    'unclean addresses come out clean, in four fields'

printf 'user@dangling.test\nuser@main.test\n' | "$bin/rcptcheck" -b >"$work/out" 2>"$work/err"
like "$(cat "$work/out")" "^user@dangling.test${tab}tempfail${tab}alias" 'a temporary failure is one answer of many'
like "$(cat "$work/out")" "^user@main.test${tab}accept" 'and the rest goes on'

# Input order, side by side: 60 answers that take half a second each
awk 'BEGIN { for (i = 1; i <= 60; i++) print (i % 2 ? "slow" i "@main.test" : "nobody" i "@main.test") }' >"$work/in"
run "$bin/rcptcheck" -b <"$work/in"
cut -f 1 "$work/out" >"$work/order"
ok 'answers come in input order' cmp "$work/in" "$work/order"
is "$(awk -F '\t' '$1 ~ /^slow/ && $2 == "accept" || $1 ~ /^nobody/ && $2 == "reject"' "$work/out" | wc -l)" 60 'and are right'
ok 'asked side by side' test "$ms" -lt 12000

# Many, and far more than the window
awk 'BEGIN { for (i = 1; i <= 20000; i++) print "user" i "@elsewhere" i % 7 ".test" }' >"$work/in"
run "$bin/rcptcheck" -b <"$work/in"
cut -f 1 "$work/out" >"$work/order"
ok '20,000 addresses in order' cmp "$work/in" "$work/order"
head -c 3000000 /dev/zero | tr '\0' x >"$work/in"
printf '@main.test\nuser@main.test\n' >>"$work/in"
run "$bin/rcptcheck" -b <"$work/in"
is "$code $(wc -l <"$work/out")" '0 2' 'a line of 3 MB is one address'
like "$(tail -n 1 "$work/out")" "^user@main.test${tab}accept" 'and the next line is whole'
head -c 100000 /dev/urandom >"$work/in"
run "$bin/rcptcheck" -b <"$work/in"
is "$code $(wc -l <"$work/out")" "0 $(awk 'END { print NR }' RS='\n' "$work/in")" 'noise: a line out for each line in'

# A window full of answers, again and again, and the end of the input
peer waits <<'SCRIPT'
rcpt: {wait 0.2}250 ok
SCRIPT
primary waits.test "$port"
build
for i in 1 2 3; do
	echo "slow$i@waits.test"
	yes user@elsewhere.test | head -n 63
done >"$work/in"
run timeout 20 "$bin/rcptcheck" -b <"$work/in"
is "$code $(wc -l <"$work/out")" '0 192' 'answers behind a slow one are not waited for twice'

# Slow input: each answer comes when it is known, not with the next
mkfifo "$work/questions" "$work/answers"
"$bin/rcptcheck" -b <"$work/questions" >"$work/answers" 2>"$work/err" &
pid=$!
exec 8>"$work/questions" 9<"$work/answers"
echo nobody@main.test >&8
read -r answer <&9
like "$answer" '^nobody@main.test	reject' 'an answer to a single question, while the input is open'
echo user@elsewhere.test >&8
read -r answer <&9
like "$answer" '^user@elsewhere.test	accept' 'and one to the next'

# A new CDB is noticed
sql "INSERT INTO always_accept VALUES ('nobody@main.test')"
build
answered_by() {
	echo nobody@main.test >&8
	read -r answer <&9
	case $answer in
	*"	$1"*) true ;;
	*) false ;;
	esac
}
ok 'a new CDB is used within some seconds' await answered_by listed
cp "$cdb" "$work/whole.cdb"
head -c $(($(wc -c <"$cdb") - 100)) "$work/whole.cdb" >"$cdb.new"
mv "$cdb.new" "$cdb"
sleep 1.5
ok 'a bad new CDB is not: the old one stays in use' answered_by listed
cp "$work/whole.cdb" "$cdb.new"
mv "$cdb.new" "$cdb"
exec 8>&-
wait $pid
is $? 0 'no answer was trouble, so neither is the exit code'
like "$(cat "$work/err")" 'cdb=' 'the bad CDB is in the log'
exec 9<&-

echo user@main.test | "$bin/rcptcheck" -b >/dev/full 2>"$work/err"
is $? 111 'no place for the answers: 111'
yes user@elsewhere.test | "$bin/rcptcheck" -b 2>"$work/err" | head -n 1 >"$work/out"
like "$(cat "$work/out")" '^user@elsewhere' 'a reader that leaves is no crash'
rm -f "$cdb"
echo user@main.test | "$bin/rcptcheck" -b >"$work/out" 2>"$work/err"
is $? 111 'no CDB: 111'
like "$(cat "$work/out")" "^user@main.test${tab}tempfail${tab}cdb" 'and tempfail for each'

done_testing
