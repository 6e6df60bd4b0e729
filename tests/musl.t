#!/bin/sh
# When tests/musl makes the libraries anew, and what it leaves alone. Debian's tools are played: they are found first
# in $PATH, and note what they were asked for.
. tests/lib/tap.sh

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
mkdir -p "$work/top/tests" "$work/bin"
cp tests/musl "$work/top/tests"
to=$work/top/build/musl

tool() { # NAME: a script on standard input
	{
		echo '#!/bin/sh'
		cat
	} >"$work/bin/$1"
	chmod 755 "$work/bin/$1"
}

printf '#!/bin/sh\n' >"$work/top/tests/need"
chmod 755 "$work/top/tests/need"
tool dpkg-query <<E2
cat "$work/versions"
E2
tool apt-get <<E2
case " \$* " in
*' indextargets '*) echo 'Debian|http://deb.debian.org/debian bookworm main' ;;
*' source '*) echo fetched >>"$work/fetched"; [ -e "$work/offline" ] && exit 100; touch sqlite3_1.dsc tinycdb_1.dsc ;;
esac
E2
tool dpkg-source <<'E2'
for name; do :; done
mkdir -p "$name"
E2
tool make <<'E2'
touch cdb.h libcdb.a sqlite3.c sqlite3.h
E2
tool musl-gcc <<'E2'
touch sqlite3.o
E2
tool ar <<'E2'
touch "$2"
E2

versions() { # VERSION-OF-SQLITE
	printf 'sqlite3 %s\ntinycdb 0.78\nmusl 1.2.3-1\n' "$1" >"$work/versions"
}

musl() {
	: >"$work/fetched"
	PATH=$work/bin:$PATH "$work/top/tests/musl" >"$work/out" 2>"$work/err"
	code=$?
	fetched=$(wc -l <"$work/fetched")
}

versions 3.40.1-2
mkdir -p "$to/obj" "$to/lib"
touch "$to/obj/main.o" "$to/lib/libperditiondb_rcptcheck.so.0"
musl
is "$code $fetched" '0 1' 'the sources are fetched' || diag "$(cat "$work/err")"
ok 'the libraries are made' test -e "$to/lib/libsqlite3.a" -a -e "$to/lib/libcdb.a" -a -e "$to/include/sqlite3.h"
ok 'what others make there meanwhile stays' test -e "$to/obj/main.o" -a -e "$to/lib/libperditiondb_rcptcheck.so.0"
musl
is "$code $fetched" '0 0' 'once'
versions 3.40.1-2+deb12u2
musl
is "$code $fetched" '0 1' 'and again after a security update'
ok 'where the objects stay as well' test -e "$to/obj/main.o"
musl
is "$code $fetched" '0 0' 'once'
versions 3.40.1-2+deb12u3
touch "$work/offline"
musl
is "$code" 1 'one whose source cannot be fetched is no success'
like "$(cat "$work/err")" 'could not be fetched' 'it says so'
like "$(cat "$work/err")" 'second line of conf-cc' 'and how to do without'
ok 'what there was is not removed' test -e "$to/lib/libsqlite3.a" -a -e "$to/lib/libcdb.a" -a -e "$to/include/sqlite3.h"
musl
is "$code" 1 'and stays none'
rm "$work/offline"
musl
is "$code" 0 'until it can'

done_testing
