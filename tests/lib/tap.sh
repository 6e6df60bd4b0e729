# shellcheck shell=sh
# TAP for tests in sh: source it, call these, end with done_testing.
#
#	ok NAME command...		the command succeeds
#	is GOT WANT NAME		the same text
#	like TEXT REGEX NAME		an extended regular expression is found in it
#	unlike TEXT REGEX NAME
#	diag TEXT			a comment, many lines if need be
#	skip COUNT REASON		COUNT tests are passed over
#	skip_all REASON			the whole file is; ends it

tap_number=0
tap_failed=0

tap_result() { # STATUS NAME
	tap_number=$((tap_number + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$tap_number" "$2"
	else
		printf 'not ok %d - %s\n' "$tap_number" "$2"
		tap_failed=$((tap_failed + 1))
	fi
	return "$1"
}

diag() {
	printf '%s\n' "$*" | cut -c 1-2000 | sed 's/^/#   /'
}

ok() {
	tap_name=$1
	shift
	if "$@"; then
		tap_result 0 "$tap_name"
	else
		tap_result 1 "$tap_name"
		diag "failed: $*"
	fi
}

is() {
	if [ "$1" = "$2" ]; then
		tap_result 0 "$3"
	else
		tap_result 1 "$3"
		diag "got:  $1"
		diag "want: $2"
	fi
}

like() {
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		tap_result 0 "$3"
	else
		tap_result 1 "$3"
		diag "got:  $1"
		diag "want: /$2/"
	fi
}

unlike() {
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		tap_result 1 "$3"
		diag "got:    $1"
		diag "unwanted: /$2/"
	else
		tap_result 0 "$3"
	fi
}

skip() {
	tap_left=$1
	while [ "$tap_left" -gt 0 ]; do
		tap_number=$((tap_number + 1))
		tap_left=$((tap_left - 1))
		printf 'ok %d # SKIP %s\n' "$tap_number" "$2"
	done
}

skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

done_testing() {
	printf '1..%d\n' "$tap_number"
	[ "$tap_failed" -eq 0 ]
	exit
}
