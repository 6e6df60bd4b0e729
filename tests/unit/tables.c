/* Which rows are bad, and how that is said. */
#include "door/tables.h"

#include <stdlib.h>

#include "door/judge.h"
#include "tap.h"

static const char schema[] =
#include "schema.h"
    ;

static struct source source;
static struct report report;

/* Loads a database of these rows. */
static void
load(const char *rows)
{
	struct record_server own = {.family = 4, .address = {198, 51, 100, 99}};
	struct host_self self = {&own, 1};
	char *error = NULL;
	sqlite3 *db;

	source_free(&source);
	report_free(&report);
	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, rows, NULL, NULL, &error) != SQLITE_OK ||
	    source_start(&source) == -1 || tables_load(&source, db, &report) == -1 ||
	    judge_servers(&source, &self, &report) == -1) {
		printf("Bail out! %s %s\n", error == NULL ? "" : error, report.trouble);
		exit(1);
	}
	judge_rest(&source, "mx.example.com", &report);
	sqlite3_close(db);
}

static void
said(enum report_kind kind, const char *rows, const char *want)
{
	const struct report_list *list;
	char got[LINE_SIZE];

	load(rows);
	list = &report.lists[kind];
	snprintf(
	    got, sizeof(got), "%.*s", (int)list->len, list->text == NULL ? "" : list->text);
	is_str(got, want, rows);
}

static void
bad(const char *rows, const char *want)
{
	said(REPORT_BAD, rows, want);
}

static void
good(const char *rows)
{
	bad(rows, "");
}

static void
warns(const char *rows, const char *want)
{
	bad(rows, "");
	said(REPORT_WARNING, rows, want);
}

#define SERVER(values) "INSERT INTO domain_ips VALUES " values ";"
#define ALIAS(values)  "INSERT INTO domain_aliases VALUES " values ";"
#define ACCEPT(values) "INSERT INTO always_accept VALUES " values ";"
#define SET(values)    "INSERT INTO settings VALUES " values ";"
#define A              "'198.51.100.1'"

static void
test_servers(void)
{
	good(SERVER("('a.example'," A ",NULL,NULL), ('A.Example'," A ",'',''), ('main'," A
		    ",'26','-1')"));
	bad(SERVER("(NULL," A ",25,1)"), "domain_ips: rowid 1: domain: NULL: is empty\n");
	bad(SERVER("(''," A ",25,1)"), "domain_ips: rowid 1: domain: '': is empty\n");
	bad(SERVER("(x'612e6578616d706c65'," A ",25,1)"),
	    "domain_ips: rowid 1: domain: 'a.example': is a blob, must be text\n");
	bad("DROP TABLE domain_ips; CREATE TABLE domain_ips (domain, ip, port, "
	    "[order]);" SERVER("(1.5," A ",25,1)"),
	    "domain_ips: rowid 1: domain: '1.5': is a floating point number, must be text\n");
	bad(SERVER("('a' || char(0) || 'b'," A ",25,1)"),
	    "domain_ips: rowid 1: domain: 'a\\x00b': has a NUL byte in it\n");
	bad(SERVER("('a b'," A ",25,1)"),
	    "domain_ips: rowid 1: domain: 'a b': must be a "
	    "domain, or a name without blanks, control "
	    "bytes and @\n");
	bad(SERVER("('a.example', NULL, 25, 1)"), "domain_ips: rowid 1: ip: NULL: is empty\n");
	bad(SERVER("('a.example', '300.1.1.1', 25, 1), ('b.example', " A
		   ",1,1), ('c.example',7,1,1)"),
	    "domain_ips: rowid 1: ip: '300.1.1.1': neither an address nor a host name\n"
	    "domain_ips: rowid 3: ip: '7': neither an address nor a host name\n");
	bad(SERVER("('a.example', 'x' || char(27) || '[2J', 25, 1)"),
	    "domain_ips: rowid 1: ip: 'x\\x1b[2J': neither an address nor a host name\n");
	bad(SERVER("('a.example'," A ",0,1)"),
	    "domain_ips: rowid 1: port: '0': must be a port from 1 to 65535, or NULL\n");
	good(SERVER("('a.example'," A ",1,1), ('a.example'," A ",65535,1)"));
	bad(SERVER("('a.example'," A ",65536,1)"),
	    "domain_ips: rowid 1: port: '65536': must be a port from 1 to 65535, or NULL\n");
	bad(SERVER("('a.example'," A ",' 25x',1)"),
	    "domain_ips: rowid 1: port: ' 25x': must be a port from 1 to 65535, or NULL\n");
	bad(SERVER("('a.example'," A ",25.5,1)"),
	    "domain_ips: rowid 1: port: '25.5': must be a port from 1 to 65535, or NULL\n");
	bad(SERVER("('a.example'," A ",x'3235',1)"),
	    "domain_ips: rowid 1: port: '25': must be a port from 1 to 65535, or NULL\n");
	bad(SERVER("('a.example'," A ",25,'first')"),
	    "domain_ips: rowid 1: order: 'first': must be a whole number, or NULL\n");
	bad(SERVER("('a b','nowhere!',0,'x')"),
	    "domain_ips: rowid 1: domain: 'a b': must be a "
	    "domain, or a name without blanks, control "
	    "bytes and @\n"); /* one line for each row */
}

static void
test_loops(void)
{
	const char *why = "': is this very host at port 25: it would ask itself\n";
	char want[2 * LINE_SIZE];

	good(SERVER("('a.example','127.0.0.1',2525,1), ('a.example','198.51.100.99',26,1)"));
	snprintf(want, sizeof(want),
	    "domain_ips: rowid 1: ip: '127.0.0.1%sdomain_ips: rowid 2: ip: '[::1]%s"
	    "domain_ips: rowid 4: ip: '198.51.100.99%s",
	    why, why, why);
	bad(SERVER(
		"('a.example','127.0.0.1',NULL,1), ('b.example','[::1]',25,1), ('c.example'," A
		",25,1), ('d.example','198.51.100.99','',1)"),
	    want);
}

static void
test_counts(void)
{
	good("WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 32) "
	     "INSERT INTO domain_ips SELECT 'a.example', '198.51.100.' || i, 25, 1 FROM c;"
	     "INSERT INTO domain_ips SELECT * FROM domain_ips");
	bad("WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 40) "
	    "INSERT INTO domain_ips SELECT 'a.example', '198.51.100.' || i, 25, 1 FROM c",
	    "domain_ips: rowid 33: domain: 'a.example': has more than 32 addresses of servers "
	    "with "
	    "this row\n");
}

static void
test_aliases(void)
{
	good(SERVER("('main'," A ",25,1)") ALIAS("('a.example','main'), ('A.example','MAIN')"));
	bad(ALIAS("('alias','main')"),
	    "domain_aliases: rowid 1: alias: 'alias': is no domain that mail can be sent to\n");
	bad(ALIAS("('1.2.3.4','main')"),
	    "domain_aliases: rowid 1: alias: '1.2.3.4': is no "
	    "domain that mail can be sent to\n");
	bad(ALIAS("('a.example',NULL)"), "domain_aliases: rowid 1: domain: NULL: is empty\n");
	bad(ALIAS("('a.example','b'), ('A.EXAMPLE','c')"),
	    "domain_aliases: rowid 2: alias: 'A.EXAMPLE': another row has the same alias with "
	    "another "
	    "domain\n");
	warns(ALIAS("('a.example','b')"),
	    "domain_aliases: rowid 1: domain: 'b': has no row in "
	    "domain_ips: mail for the alias is "
	    "deferred until it has\n");
	warns(SERVER("('main'," A ",25,1), ('a.example'," A ",25,1)")
		  ALIAS("('a.example','main')"),
	    "domain_aliases: rowid 1: alias: 'a.example': is in domain_ips too: it counts as a "
	    "domain, "
	    "not as an alias\n");
	warns(SERVER("('example,com'," A ",25,1)"),
	    "domain_ips: rowid 1: domain: 'example,com': is no mail domain, and no row in "
	    "domain_aliases refers to it: no effect\n");
}

static void
test_lists(void)
{
	good(SERVER("('a.example'," A ",25,1)") ACCEPT(
	    "('joe@a.example'), ('@A.example'), ('j@e@a.example'), ('j\303\266@a.example')"));
	bad(ACCEPT("('joe'), ('joe@'), ('@'), ('joe@host'), ('joe@a b.example'), (NULL)"),
	    "always_accept: rowid 1: address: 'joe': must be user@domain or @domain\n"
	    "always_accept: rowid 2: address: 'joe@': must be user@domain or @domain\n"
	    "always_accept: rowid 3: address: '@': must be user@domain or @domain\n"
	    "always_accept: rowid 4: address: 'joe@host': must be user@domain or @domain\n"
	    "always_accept: rowid 5: address: 'joe@a b.example': must be user@domain or "
	    "@domain\n"
	    "always_accept: rowid 6: address: NULL: is empty\n");
	bad(ACCEPT("('a' || char(10) || '@a.example'), ('\"a b\"@a.example')"),
	    "always_accept: rowid 1: address: 'a\\x0a@a.example': has no user that mail can be "
	    "sent to "
	    "in front of the @\n"
	    "always_accept: rowid 2: address: '\"a b\"@a.example': must be written without the "
	    "quotes "
	    "around the user\n");
	warns(ACCEPT("('joe@a.example')"),
	    "always_accept: rowid 1: address: 'a.example': is "
	    "the domain, and it is in no other table: "
	    "no effect\n");
	bad("INSERT INTO local_domains VALUES ('host'), ('L.Example')",
	    "local_domains: rowid 1: domain: 'host': is no domain that mail can be sent to\n");
	warns("INSERT INTO local_domains VALUES ('l.example');" ACCEPT("('joe@l.example')")
		  SET("('mode','l.example','off')") ALIAS("('al.example','L.EXAMPLE')"),
	    "");
	warns("INSERT INTO local_domains VALUES ('l.example');" ALIAS(
		  "('l.example','l.example')"),
	    "");
}

static void
test_settings(void)
{
	good(SERVER("('a.example'," A ",25,1)")
		SET("('mode',NULL,'warn'), ('mode','','warn'), ('mode','a.example','off'), "
		    "('mode','A.EXAMPLE','off')"));
	bad(SET("('moed',NULL,'warn'), (NULL,NULL,'warn')"),
	    "settings: rowid 1: name: 'moed': no setting has this name, see "
	    "rcptcheck-settings(5)\n"
	    "settings: rowid 2: name: NULL: is empty\n");
	bad(SET("('mode',NULL,'maybe'), ('mode',NULL,NULL), ('budget',NULL,0)"),
	    "settings: rowid 1: value: 'maybe': must be enforce, warn or off\n"
	    "settings: rowid 2: value: NULL: is empty\n"
	    "settings: rowid 3: value: '0': must be a whole number and s or m, from 1s to "
	    "5m\n");
	bad(SET("('budget','a.example','9s')"),
	    "settings: rowid 1: domain: 'a.example': this "
	    "setting can only be set for all domains "
	    "(domain NULL)\n");
	bad(SET("('mode','a b','off')"),
	    "settings: rowid 1: domain: 'a b': must be a domain, "
	    "or a name without blanks, control "
	    "bytes and @\n");
	bad(SET("('mode',NULL,'off'), ('mode','','warn'), ('mode','m','off'), "
		"('mode','M','warn')"),
	    "settings: rowid 2: value: 'warn': another row has another value for the same "
	    "setting and "
	    "domain\n"
	    "settings: rowid 4: value: 'warn': another row has another value for the same "
	    "setting and "
	    "domain\n");
	warns(SET("('mode','a.example','off')"),
	    "settings: rowid 1: domain: 'a.example': is in no other table: no effect\n");
	load(SET("('log','','all')"));
	is_int(source.global.log, LOG_LEVEL_ALL, "settings for all domains are applied");
}

static void
test_digest(void)
{
	static const char *const rows[] = {
	    "",
	    SERVER("('a.example'," A ",25,1)"),
	    SERVER("('a.example'," A ",25,NULL)"),
	    SERVER("('a.example'," A ",NULL,1)"),
	    SERVER("('a.example'," A ",25,2)"),
	    SERVER("('a.example1','98.51.100.1',25,1)"),
	    SERVER("('a.example'," A ",25,1)") "UPDATE domain_ips SET rowid = 2",
	    ALIAS("('a.example','b.example')"),
	    "INSERT INTO local_domains VALUES ('a.example')",
	    ACCEPT("('@a.example')"),
	    SET("('mode','','off')"),
	    SET("('mode',NULL,'off')"),
	};
	enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
	uint64_t digests[COUNT];
	int same = 0;

	for (int i = 0; i < COUNT; i++) {
		load(rows[i]);
		digests[i] = source.digest;
		for (int j = 0; j < i; j++)
			same += digests[i] == digests[j];
	}
	is_int(same, 0, "each different content has another digest");
	load(rows[1]);
	ok(source.digest == digests[1], "the same content has the same");
}

static void
test_report(void)
{
	uint64_t digest;
	FILE *out;
	char *text = NULL;
	size_t len = 0, lines = 0;

	load("WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 1500) "
	     "INSERT INTO domain_ips SELECT 'a.example', 'x!', 25, 1 FROM c");
	is_int((long long)report.lists[REPORT_BAD].count, 1500, "all bad rows are counted");
	if ((out = open_memstream(&text, &len)) == NULL)
		return;
	report_print(&report, out);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	is_int(
	    (long long)lines, REPORT_LINES + 1, "a thousand lines are printed, and one more");
	ok(text != NULL && strstr(text, "\nrcptbuild: and 500 more\n") != NULL,
	    "... that tells how many are not");
	free(text);
	digest = report.digest;
	load("WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 1501) "
	     "INSERT INTO domain_ips SELECT 'a.example', 'x!', 25, 1 FROM c");
	ok(report.digest != digest, "the digest covers those too");
	load("");
	is_int((long long)report.digest, 0, "nothing said is digest 0");
}

int
main(void)
{
	test_servers();
	test_loops();
	test_counts();
	test_aliases();
	test_lists();
	test_settings();
	test_digest();
	test_report();
	source_free(&source);
	report_free(&report);
	return tap_done();
}
