/* From rows to records, with a resolver of our own. */
#include "door/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cdbfile.h"
#include "base/cdbwriter.h"
#include "base/deadline.h"
#include "door/judge.h"
#include "door/resolve.h"
#include "door/tables.h"
#include "tap.h"

static const char schema[] =
#include "schema.h"
    ;

static char path[] = "/tmp/rcptcheck-compile.XXXXXX";
static struct source source;
static struct report report;
static struct compile_counts counts;
static struct cdbfile file; /* the CDB last made, when it is open */
static bool have_file;
static int lookups;
static bool dns_down;

/* two.test has two addresses in turn, big.test too many, anything else none. */
static int
fake_lookup(const char *name, struct record_server servers[RESOLVE_MAX], size_t *count,
    const char **why)
{
	static uint8_t turn;

	lookups++;
	*count = 0;
	*why = "the test says so";
	if (dns_down)
		return -1;
	if (strcmp(name, "two.test") == 0) {
		static const struct record_server six = {6, {0x20, 1, 0xd, 0xb8, [15] = 1}, 0};

		*count = 4;
		turn ^= 1;
		servers[turn] = six;
		servers[1 - turn] = (struct record_server){4, {203, 0, 113, 200}, 0};
		servers[2 + turn] = (struct record_server){4, {203, 0, 113, 9}, 0};
		servers[3 - turn] = six;
		return 0;
	}
	if (strcmp(name, "big.test") == 0) {
		for (; *count < RESOLVE_MAX; ++*count)
			servers[*count] =
			    (struct record_server){4, {203, 0, 113, (uint8_t)*count}, 0};
		return 0;
	}
	return -1;
}

/* Compiles a database of these rows; the CDB before is there for the resolver. */
static int
compile(const char *rows, bool keep, uint64_t limit)
{
	struct host_self self = {NULL, 0};
	struct resolve_result resolved;
	int64_t deadline = deadline_now() + 1000;
	struct compile compiling;
	sqlite3 *db;
	int fd, result;

	source_free(&source);
	report_free(&report);
	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, rows, NULL, NULL, NULL) != SQLITE_OK ||
	    source_start(&source) == -1 || tables_load(&source, db, &report) == -1 ||
	    resolve_names(&source, have_file ? &file : NULL, keep, fake_lookup, deadline,
		&report, &resolved) == -1 ||
	    judge_servers(&source, &self, &report) == -1) {
		printf("Bail out! %s %s\n", sqlite3_errmsg(db), report.trouble);
		exit(1);
	}
	sqlite3_close(db);
	if (report.lists[REPORT_BAD].count > 0)
		return -1;
	if (have_file)
		cdbfile_close(&file);
	have_file = false;
	unlink(path);
	if ((fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600)) == -1)
		exit(1);
	result = compile_start(&compiling, &source, fd, limit, &report);
	if (result == 0)
		result = compile_user(&compiling, "ujoe@a.example", 14);
	if (result == 0)
		result = compile_finish(&compiling, 12345, &report, &counts);
	if (result == -1)
		compile_abandon(&compiling);
	close(fd);
	if (result == 0)
		have_file = cdbfile_open(&file, path) == 0;
	return result;
}

static int
build(const char *rows)
{
	return compile(rows, false, CDBWRITER_LIMIT);
}

/* The record of a domain as text. */
static const char *
record_of(const char *domain)
{
	static char text[2048];
	unsigned char value[RECORD_SIZE_MAX];
	char key[512], server[RECORD_SERVER_TEXT];
	struct record record;
	size_t len;

	snprintf(key, sizeof(key), "d%s", domain);
	if (!have_file)
		return "no file";
	switch (cdbfile_find(&file, key, strlen(key), value, sizeof(value), &len)) {
	case -1:
		return strerror(errno);
	case 0:
		return "none";
	}
	if (record_parse(&record, value, len) == -1)
		return "bad";
	snprintf(text, sizeof(text), "flags=%u ask=%s main=%s mode=%u", record.flags,
	    record.ask_domain, record.main_name, record.settings.mode);
	for (size_t i = 0; i < record.server_count; i++) {
		record_server_text(server, &record.servers[i]);
		len = strlen(text);
		snprintf(text + len, sizeof(text) - len, " %s", server);
	}
	return text;
}

static bool
has_key(const char *key)
{
	unsigned char value[RECORD_SIZE_MAX];
	size_t len;

	return have_file &&
	    cdbfile_find(&file, key, strlen(key), value, sizeof(value), &len) == 1;
}

static void
test_domains(void)
{
	is_int(
	    build("INSERT INTO domain_ips VALUES ('Example.COM','198.51.100.3',NULL,NULL),"
		  "('example.com','198.51.100.2',26,2),('example.com','[2001:db8::2]',NULL,2),"
		  "('example.com','198.51.100.1',NULL,-1),('example.com','::ffff:198.51.100.1',"
		  "25,3),"
		  "('plain.example','198.51.100.1',NULL,NULL),('plain2.example','198.51.100.1',"
		  "25,NULL),"
		  "('main','198.51.100.9',NULL,NULL)"),
	    0, "compiles");
	is_str(record_of("example.com"),
	    "flags=0 ask= main= mode=0 198.51.100.1:25 198.51.100.2:26 [2001:db8::2]:25 "
	    "198.51.100.3:25",
	    "by order, then rowid, NULL last, each server once");
	is_str(
	    record_of("plain.example"), "flags=0 ask= main= mode=0 198.51.100.1:25", "plain");
	is_str(record_of("plain2.example"), "flags=0 ask= main= mode=0 198.51.100.1:25",
	    "the same server again");
	is_str(record_of("main"), "none", "a main name is no domain");
	is_str(record_of("other.example"), "none", "others are not there");
	is_int(counts.domains, 3, "domains are counted");
	is_int(counts.servers, 5, "servers are counted, each once");
	is_int(file.built, 12345, "the time of the build is in it");
}

static void
test_same_server(void)
{
	build("INSERT INTO domain_ips VALUES ('a.example','198.51.100.1',25,1),"
	      "('b.example','198.51.100.1',25,1),('c.example','198.51.100.1',25,1);"
	      "INSERT INTO settings VALUES ('mode','b.example','warn')");
	is_str(
	    record_of("a.example"), "flags=0 ask= main= mode=0 198.51.100.1:25", "no settings");
	is_str(record_of("b.example"), "flags=0 ask= main= mode=1 198.51.100.1:25",
	    "settings of its own, though its server was there before");
	is_str(record_of("c.example"), "flags=0 ask= main= mode=0 198.51.100.1:25",
	    "which the next one has not");
}

static void
test_aliases(void)
{
	build("INSERT INTO domain_ips VALUES ('main','198.51.100.9',NULL,NULL),"
	      "('both.example','198.51.100.8',NULL,NULL);"
	      "INSERT INTO domain_aliases VALUES ('a.example','MAIN'),('b.example','main'),"
	      "('both.example','main'),('d.example','nothing');"
	      "INSERT INTO settings VALUES ('mode',NULL,'off'),('mode','main','warn'),"
	      "('mode','b.example','enforce'),('log',NULL,'all')");
	is_str(record_of("a.example"), "flags=0 ask= main=main mode=1 198.51.100.9:25",
	    "an alias has the servers and the settings of its main name");
	is_str(record_of("b.example"), "flags=0 ask= main=main mode=0 198.51.100.9:25",
	    "and its own settings on top");
	is_str(record_of("both.example"), "flags=0 ask= main= mode=2 198.51.100.8:25",
	    "in both tables: a domain, with the settings for all");
	is_str(record_of("d.example"), "flags=1 ask= main=nothing mode=2", "dangling");
	is_int(counts.aliases, 3, "aliases are counted");
	is_int(file.note[0], LOG_LEVEL_ALL, "the log level is in the note");
	build("INSERT INTO local_domains VALUES ('l.example'), ('both.example');"
	      "INSERT INTO domain_ips VALUES ('both.example', '198.51.100.8', 25, 1);"
	      "INSERT INTO domain_aliases VALUES ('a.example', 'l.example'), ('l.example', "
	      "'both.example')");
	is_str(record_of("l.example"),
	    "flags=168 ask= main=both.example mode=0 198.51.100.8:25",
	    "a local domain that is an alias too, of which no list has users");
	is_str(record_of("both.example"), "flags=168 ask= main= mode=0 198.51.100.8:25",
	    "one with servers");
	is_str(record_of("a.example"), "flags=40 ask= main=l.example mode=0",
	    "an alias of a local domain does not dangle");
	build("INSERT INTO local_domains VALUES ('l.example');"
	      "INSERT INTO domain_ips VALUES ('l.example', 'nowhere.invalid', 25, 1);"
	      "INSERT INTO domain_aliases VALUES ('a.example', 'l.example')");
	is_str(record_of("l.example"), "flags=168 ask= main= mode=0",
	    "servers without an address are servers");
	is_str(
	    record_of("a.example"), "flags=168 ask= main=l.example mode=0", "of an alias too");
}

static void
test_unicode(void)
{
	build(
	    "INSERT INTO domain_ips VALUES ('M\303\274nchen.example','198.51.100.9',NULL,NULL),"
	    "('main','198.51.100.8',1,1);"
	    "INSERT INTO domain_aliases VALUES ('xn--bcher-kva.example','main')");
	is_str(record_of("xn--mnchen-3ya.example"), "flags=0 ask= main= mode=0 198.51.100.9:25",
	    "the A-label");
	is_str(record_of("m\303\274nchen.example"),
	    "flags=0 ask=xn--mnchen-3ya.example main=xn--mnchen-3ya.example mode=0 "
	    "198.51.100.9:25",
	    "the U-label, with the A-label to ask with");
	is_str(record_of("b\303\274cher.example"),
	    "flags=0 ask=xn--bcher-kva.example main=main mode=0 198.51.100.8:1",
	    "of an alias, which was given as A-label");
}

static void
test_accept(void)
{
	build("INSERT INTO domain_ips VALUES ('a.example','198.51.100.9',NULL,NULL),"
	      "('b.example','198.51.100.9',NULL,NULL),('m\303\274.example','198.51.100.9',NULL,"
	      "NULL);"
	      "INSERT INTO always_accept VALUES "
	      "('Joe@A.example'),('Joe@a.example'),('@b.example'),"
	      "('@b.example'),('x@m\303\274.example')");
	ok(strncmp(record_of("a.example"), "flags=4 ", 8) == 0, "has listed addresses");
	ok(strncmp(record_of("b.example"), "flags=2 ", 8) == 0, "is accepted as a whole");
	ok(strncmp(record_of("m\303\274.example"), "flags=4 ", 8) == 0, "has, as U-label");
	ok(has_key("ljoe@a.example"), "the local part is in lower case");
	ok(!has_key("lJoe@a.example"), "and not as it was written");
	ok(!has_key("l@b.example"), "@domain is a flag alone");
	ok(has_key("lx@xn--m-eha.example") && has_key("lx@m\303\274.example"), "both labels");
}

static void
test_names(void)
{
	static const char rows[] =
	    "INSERT INTO domain_ips VALUES ('a.example','198.51.100.1',NULL,1),"
	    "('a.example','Two.TEST',26,2),('a.example','198.51.100.2',NULL,3)";
	static const char want[] =
	    "flags=0 ask= main= mode=0 198.51.100.1:25 203.0.113.9:26 203.0.113.200:26 "
	    "[2001:db8::1]:26 198.51.100.2:25";
	struct stat before, after;

	build(rows);
	is_str(record_of("a.example"), want, "a name stands for its addresses, IPv4 first");
	stat(path, &before);
	build(rows);
	stat(path, &after);
	is_str(record_of("a.example"), want, "in the same order when DNS rotates them");
	lookups = 0;
	compile(rows, true, CDBWRITER_LIMIT);
	is_int(lookups, 0, "fresh names are not looked up");
	is_str(record_of("a.example"), want, "but taken from the CDB before");
	dns_down = true;
	build(rows);
	is_str(
	    record_of("a.example"), want, "a name that does not resolve keeps its addresses");
	ok(report.lists[REPORT_WARNING].count == 1 &&
		strstr(report.lists[REPORT_WARNING].text,
		    "'two.test' does not resolve: the test says so: keeping 203.0.113.9 "
		    "203.0.113.200 "
		    "[2001:db8::1]") != NULL,
	    "with a warning");
	build("");
	build(rows);
	is_str(record_of("a.example"),
	    "flags=0 ask= main= mode=0 198.51.100.1:25 198.51.100.2:25",
	    "where it has none, the server is left out");
	is_int((long long)report.lists[REPORT_WARNING].count, 1, "with a warning");
	lookups = 0;
	dns_down = false;
	compile(rows, true, CDBWRITER_LIMIT);
	is_int(lookups, 1, "a name without addresses is looked up, fresh or not");
	is_str(record_of("a.example"), want, "and is back");
	is_int(build("INSERT INTO domain_ips VALUES ('a.example','big.test',NULL,1)"), -1,
	    "a name with too many addresses");
	ok(report.lists[REPORT_BAD].count == 1 &&
		strstr(report.lists[REPORT_BAD].text, "has more than 32 addresses") != NULL,
	    "is a bad row");
}

static void
test_limit(void)
{
	static const char rows[] =
	    "WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 1000) "
	    "INSERT INTO domain_ips SELECT 'a' || i || '.example', '198.51.100.1', 25, 1 FROM "
	    "c";

	is_int(compile(rows, true, 200000), 0, "below the limit");
	ok(counts.bytes <= 200000 && counts.bytes > 60000, "the size is told");
	is_int(compile(rows, true, 50000), -1, "above the limit");
	ok(strstr(report.trouble, "larger than 4 GB") != NULL, "is told in clear words");
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	test_domains();
	test_same_server();
	test_aliases();
	test_unicode();
	test_accept();
	test_names();
	test_limit();
	if (have_file)
		cdbfile_close(&file);
	source_free(&source);
	report_free(&report);
	unlink(path);
	return tap_done();
}
