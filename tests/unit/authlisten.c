/*
 * Addresses with ports as arguments, and the socket that takes the place of an old one.
 */
#include "door/authlisten.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static void
parsed(const char *text, unsigned port, bool alone, const char *want)
{
	struct record_server server;
	char got[RECORD_SERVER_TEXT] = "none";

	if (authlisten_parse(&server, text, port, alone))
		record_server_text(got, &server);
	is_str(got, want, text);
}

static void
test_sockets(void)
{
	char folder[] = "/tmp/authlisten.XXXXXX", path[64], file[64];
	struct stat first, second;
	int a, b;

	if (!ok(mkdtemp(folder) != NULL, "a folder"))
		return;
	snprintf(path, sizeof(path), "%s/socket", folder);
	snprintf(file, sizeof(file), "%s/file", folder);
	a = authlisten_unix(path);
	ok(a != -1 && stat(path, &first) == 0 && S_ISSOCK(first.st_mode), "a socket");
	is_int(first.st_mode & 0777, 0660, "its mode");
	b = authlisten_unix(path);
	ok(b != -1 && stat(path, &second) == 0 && second.st_ino != first.st_ino,
	    "another in its place");
	close(a);
	close(b);
	close(creat(file, 0600));
	ok(authlisten_unix(file) == -1 && errno == EEXIST, "never in the place of a file");
	unlink(file);
	unlink(path);
	is_int(rmdir(folder), 0, "nothing is left");
}

int
main(void)
{
	struct record_server server;

	parsed("192.0.2.1:25", 0, false, "192.0.2.1:25");
	parsed("192.0.2.1", 25, false, "192.0.2.1:25");
	parsed("192.0.2.1", 0, true, "none");
	parsed("[2001:db8::1]:25", 0, false, "[2001:db8::1]:25");
	parsed("[2001:db8::1]", 26, false, "[2001:db8::1]:26");
	parsed("2001:db8::1", 26, false, "[2001:db8::1]:26");
	parsed("8080", 0, true, "127.0.0.1:8080");
	parsed("8080", 25, false, "none");
	parsed("192.0.2.1:0", 0, false, "none");
	parsed("192.0.2.1:65536", 0, false, "none");
	parsed("192.0.2.1:25x", 0, false, "none");
	parsed("[192.0.2.1]:25", 0, false, "none");
	parsed("localhost:25", 25, true, "none");
	parsed("[2001:db8::1", 25, true, "none");
	parsed("", 25, true, "none");
	ok(authlisten_parse(&server, "127.9.9.9:1", 0, false) &&
		authlisten_is_loopback(&server),
	    "the loopback address");
	ok(authlisten_parse(&server, "[::1]:1", 0, false) && authlisten_is_loopback(&server),
	    "of IPv6");
	ok(authlisten_parse(&server, "[::2]:1", 0, false) && !authlisten_is_loopback(&server),
	    "and no other");
	test_sockets();
	return tap_done();
}
