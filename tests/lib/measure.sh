# Measuring processes from outside, with tests/tools/spawn. For the parts of tests/bench, which have $dir, a folder
# for what is in between.
# shellcheck shell=sh disable=SC2034,SC2154 # variables of both sides

say() {
	echo "bench: $*" >&2
}

fail() {
	say "$*"
	exit 1
}

# The small static one if it can be had: a process that vforks leaves its own memory in the child's account.
make_spawn() {
	spawn=$dir/spawn
	{ [ -e build/musl/.made ] && musl-gcc -O2 -static -D_GNU_SOURCE -o "$spawn" tests/tools/spawn.c 2>/dev/null; } ||
	    $(head -n 1 conf-cc) -D_GNU_SOURCE -o "$spawn" tests/tools/spawn.c || fail "tests/tools/spawn.c"
	# Root's checks go into a confinement, and no hook runs as root.
	as_user=
	ordinary='setpriv --reuid=65534 --regid=65534 --clear-groups'
	if [ "$(id -u)" -eq 0 ]; then
		chmod 777 "$dir"
		if $ordinary test -x "$spawn" -a -w "$dir" 2>/dev/null; then
			as_user=$ordinary
		else
			say "not even root's folders let others in: checks are measured as root's, which cost more"
		fi
	fi
}

# One line of a plan for spawn.
candidate() {
	first=$1
	shift
	printf '%s' "$first"
	printf '\t%s' "$@"
	echo
}

# The last line of rcptcheck -v must say why: an exit code alone doesn't tell a cached "yes" from a
# server that can't be reached.
must_say() { # home address exit-code why
	code=0
	line=$($as_user env -i RCPTCHECK_HOME="$1" RECIPIENT="$2" "$bin/rcptcheck" -v 2>&1 </dev/null) || code=$?
	case "$code $line" in
	"$3 "*" why=$4"*) ;;
	*) fail "$2: wanted exit code $3 and why=$4, got $code: $line" ;;
	esac
}

once=0
# A plan with a tool in front of each program, so that it counts that and nothing else. "%n" in the tool's
# words becomes the number of the line; they hold no blanks.
under() { # plan tool [word ...]
	plan=$1
	shift
	once=$((once + 1))
	awk -F '\t' -v tool="$*" -v once="-once-$once" '{
		words = tool
		gsub(/%n/, NR, words)
		gsub(/ /, "\t", words)
		gsub(/%d/, once)
		for (i = 3; $i ~ /=/; i++)
			;
		$i = words "\t" $i
		print
	}' OFS='\t' "$plan"
}

# For each line of a plan: system calls (all lines of strace but those for signals and ends).
system_calls() {
	rm -f "$dir"/strace.*
	under "$1" "$(command -v strace)" -f -qq -o "$dir/strace.%n" > "$dir/under"
	$as_user "$spawn" -n 1 "$dir/under" > "$dir/figures.under" || fail "strace changes the answer"
	for line in $(seq "$(wc -l < "$1")"); do
		grep -c '^[0-9]* *[a-z]' "$dir/strace.$line"
	done
}

# For each line of a plan: instructions in user space, by the processor's count or else by valgrind's.
instructions() {
	rm -f "$dir"/count.*
	case $counter in
	perf)
		under "$1" "$(command -v perf)" stat -x , -e instructions:u -o "$dir/count.%n" ;;
	valgrind)
		under "$1" "$(command -v valgrind)" --tool=callgrind --callgrind-out-file="$dir/callgrind.out" \
		    --log-file="$dir/count.%n" ;;
	*)
		sed 's/.*/-/' "$1"
		return ;;
	esac > "$dir/under"
	$as_user "$spawn" -n 1 "$dir/under" > "$dir/figures.under" || fail "$counter changes the answer"
	for line in $(seq "$(wc -l < "$1")"); do
		awk '/instructions/ { sub(/,.*/, ""); print } /Collected/ { print $NF }' \
		    "$dir/count.$line"
	done
}

find_counter() {
	counter=
	if perf stat -x , -e instructions:u -o "$dir/perf" true 2>/dev/null && grep -q '^[0-9]' "$dir/perf"; then
		counter=perf
	elif command -v valgrind >/dev/null; then
		counter=valgrind
	fi
}

# A row for each line of a plan. Times and faults are medians.
measure_checks() { # runs plan
	$as_user "$spawn" -n "$1" "$2" > "$dir/figures" || fail "an answer is wrong"
	system_calls "$2" > "$dir/calls"
	instructions "$2" > "$dir/instructions"
	echo "| | median, us | 99th percentile, us | ratio | system calls | page faults | instructions | memory, KB |"
	echo "|---|---|---|---|---|---|---|---|"
	paste "$dir/figures" "$dir/calls" "$dir/instructions" | awk -F '\t' '{
		printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $7, $5, $8, $6
	}'
	echo
}
