/*
 * Who has logged in, by the environment of each chain; and LOGINDB, which must be ours.
 */
#include "relay/login.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/logindb.h"
#include "tap.h"

#define VARIABLES 9

static const char *const names[VARIABLES] = {"TCPREMOTEIP", "TCP6REMOTEIP", "IP", "REMOTE_HOST",
    "USER", "DOMAIN", "AUTHENTICATED", "AUTHUSER", "AUTH_MECH"};

static const struct {
	const char *name;
	const char *values[VARIABLES];       /* of the names above; NULL: not set */
	const char *address, *user, *source; /* NULL: nobody has logged in */
} table[] = {
    {"qmail-popup", {"192.0.2.1", NULL, NULL, NULL, "joe"}, "192.0.2.1", "joe",
	"checkpassword"},
    {"mailfront", {"192.0.2.1", NULL, NULL, NULL, "joe", "here.test"}, "192.0.2.1",
	"joe@here.test", "checkpassword"},
    {"vpopmail", {"192.0.2.1", NULL, NULL, NULL, "joe@a.test", "here.test"}, "192.0.2.1",
	"joe@a.test", "checkpassword"},
    {"fefe's tcpserver", {NULL, "2001:db8::1", NULL, NULL, "joe"}, "2001:db8::1", "joe",
	"checkpassword"},
    {"stunnel", {NULL, NULL, NULL, "192.0.2.1", "joe"}, "192.0.2.1", "joe", "checkpassword"},
    {"Dovecot", {NULL, NULL, "192.0.2.1", NULL, "joe"}, "192.0.2.1", "joe", "dovecot"},
    {"Dovecot, and how", {NULL, NULL, "192.0.2.1", NULL, "joe", NULL, NULL, NULL, "PLAIN"},
	"192.0.2.1", "joe", "dovecot"},
    {"Dovecot, anybody",
	{NULL, NULL, "192.0.2.1", NULL, "anonymous", NULL, NULL, NULL, "ANONYMOUS"}, NULL, NULL,
	NULL},
    {"in small letters",
	{NULL, NULL, "192.0.2.1", NULL, "guest", NULL, NULL, NULL, "anonymous"}, NULL, NULL,
	NULL},
    {"an IP that is something else", {"192.0.2.1", NULL, "192.0.2.9", NULL, "joe"}, "192.0.2.1",
	"joe", "checkpassword"},
    {"Courier", {"::ffff:192.0.2.1", NULL, NULL, NULL, "vmail", NULL, "joe@here.test"},
	"::ffff:192.0.2.1", "joe@here.test", "courier"},
    {"Courier, nobody yet", {"192.0.2.1", NULL, NULL, NULL, "root", NULL, "", "/login"}, NULL,
	NULL, NULL},
    {"old Courier, nobody yet", {"192.0.2.1", NULL, NULL, NULL, "root", NULL, NULL, "/login"},
	NULL, NULL, NULL},
    {"the misprint of the manual", {":ffff::192.0.2.1", NULL, NULL, NULL, NULL, NULL, "joe"},
	"192.0.2.1", "joe", "courier"},
    {"no client at all", {NULL, NULL, NULL, NULL, "joe"}, "", "joe", "checkpassword"},
};

static void
test_login(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct login login;
		int result;

		for (size_t n = 0; n < VARIABLES; n++) {
			if (table[i].values[n] != NULL)
				setenv(names[n], table[i].values[n], 1);
			else
				unsetenv(names[n]);
		}
		if (table[i].values[7] != NULL)
			setenv("AUTHARGV0", "x", 1);
		else
			unsetenv("AUTHARGV0");
		result = login_read(&login);
		if (table[i].address == NULL) {
			is_int(result, 0, table[i].name);
			continue;
		}
		is_int(result, 1, table[i].name);
		is_str(login.address, table[i].address, "address");
		is_str(login.user, table[i].user, "user");
		is_str(login.source, table[i].source, "source");
	}
}

static bool
ours(const char *format, const char *path, const char *home)
{
	char value[PATH_MAX];

	snprintf(value, sizeof(value), "%s%s", format, path);
	return logindb_is_ours(value, home);
}

static void
test_logindb(void)
{
	char home[] = "/tmp/logindb.XXXXXX", path[PATH_MAX], config[PATH_MAX];
	FILE *file;

	if (!ok(mkdtemp(home) != NULL, "a home"))
		return;
	snprintf(path, sizeof(path), "%s/relay/relay.db", home);
	ok(logindb_is_ours(NULL, home) && logindb_is_ours("", home), "none is ours");
	ok(ours("sqlite:", path, home) && ours("proxy:sqlite:", path, home),
	    "relay.db, also before it is made");
	snprintf(path, sizeof(path), "%s/relay/relay.cdb", home);
	ok(ours("cdb:", path, home), "relay.cdb");
	snprintf(path, sizeof(path), "%s/relay/relay", home);
	ok(ours("cdb:", path, home), "as Postfix says it");
	ok(!ours("hash:", path, home) && !ours("mysql:", path, home) && !ours("", path, home),
	    "other types are not");
	ok(!ours("sqlite:", "/nowhere/relay.db", home) && !ours("cdb:", "/nowhere", home) &&
		!ours("sqlite:", "", home),
	    "nor other files");
	snprintf(config, sizeof(config), "%s/config", home);
	file = fopen(config, "w");
	if (ok(file != NULL, "a file for Postfix")) {
		fprintf(file,
		    "# dbpath = /other\n dbpathology = x\ndbpath = %s/relay/relay.db\n", home);
		fclose(file);
		ok(ours("sqlite:", config, home), "with our dbpath");
		file = fopen(config, "w");
		fprintf(file, "dbpath = %s/relay/relay.dbx\nquery = a\n", home);
		fclose(file);
		ok(!ours("sqlite:", config, home), "and with another");
	}
	unlink(config);
	rmdir(home);
}

int
main(void)
{
	test_login();
	test_logindb();
	return tap_done();
}
