/* Lines of lists of mailboxes, and rows of the table: which are bad, and how that is said. */
#include <stdlib.h>

#include "door/mailboxes.h"
#include "door/mailread.h"
#include "tap.h"

static const char schema[] =
#include "schema.h"
    ;

static void
reads(const char *text, const char *want)
{
	struct mailbox box;
	enum mailbox_field field;
	const char *why = mailline_parse(&box, &field, text, strlen(text));
	char got[512];

	if (why != NULL)
		snprintf(got, sizeof(got), "%s: %s", mailline_field(field), why);
	else
		snprintf(got, sizeof(got), "%.*s|%.*s|%u|%.*s|%.*s", (int)box.user.len,
		    box.user.text, (int)box.server.len, box.server.text, box.port,
		    (int)box.login.len, box.login.len > 0 ? box.login.text : "",
		    (int)box.secret.len, box.secret.len > 0 ? box.secret.text : "");
	is_str(got, want, text);
}

static void
test_lines(void)
{
	static const char port[] = "server: has no port from 1 to 65535 behind the colon";
	static const char form[] =
	    "server: must be user, tab, server[:port], and maybe tab, login, tab, secret";

	reads("joe\timap1", "joe|imap1|0||");
	reads("joe\timap1:143", "joe|imap1|143||");
	reads("joe\t192.0.2.1:143\tj\ts", "joe|192.0.2.1|143|j|s");
	reads("joe\t[2001:db8::1]:143\t\ts", "joe|[2001:db8::1]|143||s");
	reads("joe\t[2001:db8::1]", "joe|[2001:db8::1]|0||");
	reads("joe\t2001:db8::1", "joe|2001:db8::1|0||");
	reads("joe\th\tlog in\tse cret ", "joe|h|0|log in|se cret ");
	reads("joe\th:0", port);
	reads("joe\th:65536", port);
	reads("joe\th:", port);
	reads("joe\th:1x", port);
	reads("joe\th:0000143", port);
	reads("joe\t:143", "server: has no server in front of the colon");
	reads("joe h", form);
	reads("joe", form);
	reads("joe\t", form);
	reads("\th", "|h|0||");
	reads("joe\th\ta\tb\tc", "user: has more than four fields");
}

static void
rows(const char *values, const char *want)
{
	static struct mailboxes mailboxes;
	struct report report = {{{0}}, 0, ""};
	const struct report_list *bad = &report.lists[REPORT_BAD];
	char got[LINE_SIZE], *sql = NULL;
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    (sql = sqlite3_mprintf("INSERT INTO mailboxes VALUES %s", values)) == NULL ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
	    mailboxes_start(&mailboxes, &report) == -1 ||
	    mailread_table(&mailboxes, db) == -1) {
		printf("Bail out! %s\n", report.trouble);
		exit(1);
	}
	snprintf(got, sizeof(got), "%.*s", (int)bad->len, bad->text == NULL ? "" : bad->text);
	is_str(got, want, values);
	sqlite3_free(sql);
	sqlite3_close(db);
	mailboxes_free(&mailboxes);
	report_free(&report);
}

static void
test_rows(void)
{
	rows("('joe','imap.example.com',143,1,'x','y')", "");
	rows("('joe','[::1]',NULL,NULL,NULL,NULL), ('joe','::1','143','2','','')", "");
	rows("('',  'h',1,1,'',''), ('joe','a b',1,1,'',''), ('joe','h',0,1,'',''), "
	     "('joe','h',1,'x','','')",
	    "mailboxes: rowid 1: user: '': is empty\n"
	    "mailboxes: rowid 2: server: 'a b': neither an address nor a host name\n"
	    "mailboxes: rowid 3: port: '0': must be a port from 1 to 65535, or NULL\n"
	    "mailboxes: rowid 4: order: 'x': must be a whole number, or NULL\n");
	rows("('joe','h',1,1,'a',NULL), ('joe','i',1,2,'b',NULL)",
	    "mailboxes: rowid 2: login: 'b': another row has the same user with another "
	    "login\n");
	rows("('joe','h',1,1,NULL,'geheim'), ('joe','i',1,2,NULL,'anders')",
	    "mailboxes: rowid 2: secret: '(not shown)': another row has the same user with "
	    "another secret\n");
	rows("('joe','h',1,1,'a','s'), ('joe','i',1,2,NULL,NULL)", "");
	rows("('joe','h',1,1,NULL,x'00'), ('jim','h',1,1,NULL,'a' || char(10))",
	    "mailboxes: rowid 1: secret: '(not shown)': must be text\n"
	    "mailboxes: rowid 2: secret: '(not shown)': has control bytes in it\n");
	rows("('jim','h',1,1,NULL,'a' || char(0) || 'b')",
	    "mailboxes: rowid 1: secret: '(not shown)': has a NUL byte in it\n");
	rows("('a-f','h',1,1,'x',NULL), ('@x.test','h',1,1,'%d',NULL), ('*','h',1,1,'%n',NULL)",
	    "mailboxes: rowid 1: login: 'x': would log many users in as one: it needs %u or "
	    "%n\n"
	    "mailboxes: rowid 2: login: '%d': would log many users in as one: it needs %u or "
	    "%n\n");
	rows("('joe','h',1,1,'%x',NULL)",
	    "mailboxes: rowid 1: login: '%x': has a % without u, n, d or % behind it\n");
	rows("('joe@a..b','h',1,1,NULL,NULL)",
	    "mailboxes: rowid 1: user: 'joe@a..b': has no domain behind the @ that can be "
	    "one\n");
	rows("('joe@x.test','h',1,1,NULL,12), ('joe@X.TEST','i',1,1,NULL,12)", "");
}

int
main(void)
{
	test_lines();
	test_rows();
	return tap_done();
}
