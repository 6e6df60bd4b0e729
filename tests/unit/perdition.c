/*
 * The map library as Perdition loads it: what it answers, what it leaves behind, and that none of it
 * goes to a descriptor of the client. The library is the one that was built.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cdbwriter.h"
#include "route/route.h"
#include "route/routesettings.h"
#include "tap.h"

static int (*get)(const char *, const char *, char **, size_t *);
static int (*get2)(const char *, const char *, char **, char **, char **);

static char home[] = "/tmp/perdition.XXXXXX", map[64], other[64];

static void
die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

static void
add(struct cdbwriter *writer, const char *user, const char *login, const char *host,
    struct record_server address)
{
	unsigned char value[CDBFILE_VALUE_MAX];
	struct route route;
	char key[ROUTE_TEXT_SIZE];

	memset(&route, 0, sizeof(route));
	strcpy(route.entry, user);
	strcpy(route.login, login);
	strcpy(route.secret, "geheim");
	strcpy(route.servers[0].host, host);
	route.servers[0].address = address;
	route.count = 1;
	snprintf(key, sizeof(key), "u%s", user);
	if (cdbwriter_add(writer, key, strlen(key), value,
		route_make(value, sizeof(value), &route)) == -1)
		die("no record");
}

static void
make_map(void)
{
	static const unsigned char note[CDBFILE_NOTE] = ROUTE_NOTE;
	const struct record_server v4 = {4, {192, 0, 2, 1}, 0},
				   v4_port = {4, {192, 0, 2, 2}, 1143};
	const struct record_server v6 = {6, {0x20, 1, 0xd, 0xb8, [15] = 1}, 143},
				   none = {0, {0}, 0};
	struct routesettings settings;
	unsigned char value[64];
	struct cdbwriter writer;
	int fd = open(map, O_RDWR | O_CREAT | O_EXCL, 0600);

	routesettings_default(&settings);
	if (fd == -1 || cdbwriter_start(&writer, fd, CDBWRITER_LIMIT) == -1 ||
	    cdbwriter_add(&writer, "s", 1, value,
		routesettings_make(value, sizeof(value), &settings)) == -1)
		die(map);
	add(&writer, "joe", "", "imap1.test", v4);
	add(&writer, "ann@x.test", "%n*m", "192.0.2.2", v4_port);
	add(&writer, "six", "", "2001:db8::1", v6);
	add(&writer, "name6", "", "imap6.test", v6);
	add(&writer, "gone", "", "gone.test", none);
	if (cdbwriter_finish(&writer, 1, note) == -1)
		die(map);
	close(fd);
}

/* "result value" and "result user server port" */
static void
answers(const char *option, const char *user, const char *want, const char *want2)
{
	char *value, *login, *server, *port, got[512], name[300];
	size_t len;
	int result = get(user, option, &value, &len);

	snprintf(got, sizeof(got), "%d %s", result, value == NULL ? "-" : value);
	snprintf(name, sizeof(name), "%s at '%s'", user, option == NULL ? "(null)" : option);
	is_str(got, want, name);
	if (len != (value == NULL ? 0 : strlen(value)))
		ok(false, "the length is %zu", len);
	free(value);
	result = get2(user, option, &login, &server, &port);
	snprintf(got, sizeof(got), "%d %s %s %s", result, login == NULL ? "-" : login,
	    server == NULL ? "-" : server, port == NULL ? "-" : port);
	is_str(got, want2, name);
	free(login);
	free(server);
	free(port);
}

static int
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir != NULL && readdir(dir) != NULL)
		count++;
	if (dir != NULL)
		closedir(dir);
	return count;
}

static void
test_answers(void)
{
	char option[128];

	answers(map, "joe", "0 192.0.2.1", "0 - 192.0.2.1 -");
	answers(map, "JOE@y.test", "0 192.0.2.1", "0 - 192.0.2.1 -");
	answers(map, "ann@x.test", "0 ann*m@192.0.2.2:1143", "0 ann*m 192.0.2.2 1143");
	answers(map, "six", "0 [2001:db8::1]:143", "0 - 2001:db8::1 143");
	answers(map, "name6", "0 imap6.test:143", "0 - 2001:db8::1 143");
	answers(map, "gone", "0 gone.test", "0 - gone.test -");
	answers(map, "nobody", "-2 -", "-2 - - -");
	answers(map, "", "-2 -", "-2 - - -");
	answers(map, "jo\re", "-2 -", "-2 - - -");
	snprintf(option, sizeof(option), "%s:4190", map);
	answers(option, "joe", "0 192.0.2.1:4190", "0 - 192.0.2.1 4190");
	answers(option, "ann@x.test", "0 ann*m@192.0.2.2:1143", "0 ann*m 192.0.2.2 1143");
	snprintf(option, sizeof(option), "%s,names", map);
	answers(option, "joe", "0 imap1.test", "0 - imap1.test -");
	answers(",names", "joe", "0 imap1.test", "0 - imap1.test -");
	answers(":143", "joe", "0 192.0.2.1:143", "0 - 192.0.2.1 143");
	answers("", "joe", "0 192.0.2.1", "0 - 192.0.2.1 -");
	answers(NULL, "joe", "0 192.0.2.1", "0 - 192.0.2.1 -");
}

static void
test_trouble(void)
{
	char option[128];

	answers("/nowhere/routes.cdb", "joe", "-1 -", "-1 - - -");
	answers("/", "joe", "-1 -", "-1 - - -");
	snprintf(option, sizeof(option), "%s:0", map);
	answers(option, "joe", "-3 -", "-3 - - -");
	snprintf(option, sizeof(option), "%s:70000", map);
	answers(option, "joe", "-3 -", "-3 - - -");
	answers(other, "joe", "-1 -", "-1 - - -");
	if (symlink("/etc/passwd", other) == -1)
		die(other);
	answers(other, "joe", "-1 -", "-1 - - -");
	if (truncate(map, 2500) == -1)
		die(map);
	answers(map, "joe", "-1 -", "-1 - - -");
}

/* Rows that rcptbuild has not seen: one that is none, and what is not to be handed on. */
static void
test_database(void)
{
	static const char make[] =
	    "CREATE TABLE mailboxes (user, server, port, [order], login, secret);"
	    "CREATE TABLE settings (name, domain, value);"
	    "INSERT INTO mailboxes VALUES ('a-f' || CAST(zeroblob(20000000) AS TEXT), "
	    "'192.0.2.7',"
	    " NULL, NULL, NULL, NULL), ('joe', '192.0.2.1', NULL, NULL, 'x' || char(0) || 'y', "
	    "NULL),"
	    " ('jim', '192.0.2.1' || char(0) || '2', NULL, NULL, NULL, NULL),"
	    " ('colon', '192.0.2.1:2143', NULL, NULL, NULL, NULL),"
	    " ('colon', ':::', NULL, NULL, NULL, NULL),"
	    " ('colon', '[::1]:143', NULL, NULL, NULL, NULL),"
	    " ('six', '[2001:db8::1]', NULL, NULL, NULL, NULL),"
	    " ('ann', '192.0.2.3', NULL, NULL, NULL, NULL),"
	    " ('ann@dot.test.', '192.0.2.4', NULL, NULL, NULL, NULL),"
	    " ('ann@own.test', '192.0.2.5', NULL, NULL, NULL, NULL)";
	char path[80];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/db", home);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, make, NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	sqlite3_close(db);
	answers(path, "bob", "-2 -", "-2 - - -");
	answers(path, "joe", "0 192.0.2.1", "0 - 192.0.2.1 -");
	answers(path, "jim", "-2 -", "-2 - - -");
	answers(path, "colon", "-2 -", "-2 - - -");
	answers(path, "six", "0 [2001:db8::1]", "0 - 2001:db8::1 -");
	answers(path, "ann@dot.test", "0 192.0.2.4", "0 - 192.0.2.4 -");
	answers(
	    path, "ann@DOT.test.", "0 ann@DOT.test@192.0.2.4", "0 ann@DOT.test 192.0.2.4 -");
	answers(
	    path, "ann@own.test.", "0 ann@own.test@192.0.2.5", "0 ann@own.test 192.0.2.5 -");
	unlink(path);
}

/* All of it with descriptors 1 and 2 on a file, which must stay empty. */
static void
test_silence(void)
{
	int saved[2] = {dup(1), dup(2)}, file = open(".", O_TMPFILE | O_RDWR, 0600);
	int before, after;
	struct stat st = {0};
	char *value;
	size_t len;

	if (file == -1 && (file = open(home, O_TMPFILE | O_RDWR, 0600)) == -1) {
		ok(true, "silence # SKIP no file without a name here");
		return;
	}
	fflush(stdout);
	dup2(file, 1);
	dup2(file, 2);
	before = count_descriptors();
	for (int i = 0; i < 100; i++) {
		if (get(i % 2 == 0 ? "joe" : "nobody", i % 3 == 0 ? "/nowhere" : map, &value,
			&len) == 0)
			free(value);
	}
	after = count_descriptors();
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	fstat(file, &st);
	is_int((long long)st.st_size, 0, "nothing is written to descriptors 1 and 2");
	is_int(after, before, "and no descriptor stays open");
}

int
main(void)
{
	const char *build = getenv("BUILD");
	char path[256];
	int (*init)(char *), (*fini)(void);
	void *library;

	snprintf(path, sizeof(path), "%s/lib/libperditiondb_rcptcheck.so.0",
	    build == NULL ? "build" : build);
	if ((library = dlopen(path, RTLD_LAZY)) == NULL)
		die(dlerror());
	*(void **)&get = dlsym(library, "dbserver_get");
	*(void **)&get2 = dlsym(library, "dbserver_get2");
	*(void **)&init = dlsym(library, "dbserver_init");
	*(void **)&fini = dlsym(library, "dbserver_fini");
	if (get == NULL || get2 == NULL || init == NULL || fini == NULL)
		die("a name is missing");
	ok(dlsym(library, "map_find") == NULL, "no other name of ours is to be seen");
	if (mkdtemp(home) == NULL || setenv("RCPTCHECK_HOME", home, 1) == -1)
		die(home);
	snprintf(path, sizeof(path), "%s/data", home);
	snprintf(map, sizeof(map), "%s/data/routes.cdb", home);
	snprintf(other, sizeof(other), "%s/data/other", home);
	if (mkdir(path, 0700) == -1)
		die(path);
	make_map();
	is_int(init(map), 0, "dbserver_init");
	is_int(init(strcpy(path, "x:0")), -3, "with an option that makes no sense");
	test_answers();
	test_database();
	test_silence();
	test_trouble();
	is_int(fini(), 0, "dbserver_fini");
	unlink(other);
	unlink(map);
	snprintf(path, sizeof(path), "%s/data", home);
	rmdir(path);
	rmdir(home);
	dlclose(library);
	return tap_done();
}
