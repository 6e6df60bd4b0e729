#include "accounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accountrows.h"
#include "base/deadline.h"
#include "database.h"

static const char is_missing[] = "users_database needs it: see rcptcheck-settings(5)";

/* Becomes the owner of the file for a while, and root again. Returns 0, or -1 with errno. */
static int
become(const struct accounts *accounts)
{
	if (getuid() != 0 || accounts->owner == 0)
		return 0;
	return setegid(accounts->group) == -1 || seteuid(accounts->owner) == -1 ? -1 : 0;
}

static int
become_root(const struct accounts *accounts)
{
	if (getuid() != 0 || accounts->owner == 0)
		return 0;
	return seteuid(0) == -1 || setegid(getgid()) == -1 ? -1 : 0;
}

int
accounts_trouble(const struct accounts *accounts, struct report *report)
{
	int code = accounts->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(accounts->db);
	const char *advice = "";
	char as[80] = "";

	if (code == SQLITE_BUSY)
		advice = ": another program keeps it locked";
	else if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN)
		advice =
		    ": if it has a write-ahead log, a program that may write there must have "
		    "it open, or have closed it well";
	else if (code == SQLITE_INTERRUPT)
		advice = ": a view in it needs longer than 10 minutes";
	if (getuid() == 0 && accounts->owner != 0)
		snprintf(as, sizeof(as), " (read by the rights of its owner, user %u)",
		    (unsigned)accounts->owner);
	return report_trouble(report, "users_database: %s: %s%s%s", accounts->path,
	    accounts->db == NULL ? "out of memory" : sqlite3_errmsg(accounts->db), as, advice);
}

static int
no_rights(const struct accounts *accounts, struct report *report)
{
	return report_trouble(report, "users_database: %s: cannot be read as its owner: %s",
	    accounts->path, strerror(errno));
}

static void
complain(struct report *report, const char *setting, const char *value, const char *why)
{
	struct line line;

	line_start(&line);
	line_add(&line, "settings: ");
	line_add(&line, setting);
	if (value != NULL) {
		line_add(&line, ": '");
		line_add_foreign(&line, value, strlen(value), 128);
		line_add(&line, "'");
	}
	line_add(&line, ": ");
	line_add(&line, why);
	report_add(report, REPORT_BAD, line.text);
}

/* Is the column that a setting names there? Returns 0, or -1 with report->trouble. */
static int
check_column(struct accounts *accounts, const char *table, const char *setting,
    const char *column, struct report *report)
{
	char why[200];

	if (column == NULL) {
		complain(report, setting, NULL, is_missing);
		return 0;
	}
	switch (database_has_column(accounts->db, table, column)) {
	case -1:
		return accounts_trouble(accounts, report);
	case 0:
		snprintf(
		    why, sizeof(why), "the table %.128s has no column of this name", table);
		complain(report, setting, column, why);
		break;
	}
	return 0;
}

/* The same for a table. Returns 1 when it is there. */
static int
check_table(
    struct accounts *accounts, const char *setting, const char *table, struct report *report)
{
	int has;

	if (table == NULL) {
		complain(report, setting, NULL, is_missing);
		return 0;
	}
	if ((has = database_has(accounts->db, table)) == -1)
		return accounts_trouble(accounts, report);
	if (has == 0)
		complain(report, setting, table, "users_database has no table of this name");
	return has;
}

static int
check_names(struct accounts *accounts, struct report *report)
{
	int has = check_table(accounts, "email_table", accounts->email_table, report);

	if (has == -1)
		return -1;
	if (has == 1 && accounts->email_address != NULL) {
		if (check_column(accounts, accounts->email_table, "email_address",
			accounts->email_address, report) == -1)
			return -1;
	} else if (has == 1) {
		if (check_column(accounts, accounts->email_table, "email_user",
			accounts->email_user, report) == -1 ||
		    check_column(accounts, accounts->email_table, "email_domain",
			accounts->email_domain, report) == -1)
			return -1;
	}
	has = check_table(accounts, "domain_table", accounts->domain_table, report);
	if (has == 1)
		return check_column(accounts, accounts->domain_table, "domain_domain",
		    accounts->domain_domain, report);
	return has;
}

static void
take_settings(struct accounts *accounts, const struct source *source)
{
	accounts->path = source_setting(source, "users_database");
	accounts->email_table = source_setting(source, "email_table");
	accounts->email_address = source_setting(source, "email_address");
	accounts->email_user = source_setting(source, "email_user");
	accounts->email_domain = source_setting(source, "email_domain");
	accounts->domain_table = source_setting(source, "domain_table");
	accounts->domain_domain = source_setting(source, "domain_domain");
}

static int
is_late(void *until)
{
	return deadline_now() > *(int64_t *)until;
}

/* SQLite looks at the file, and for a write-ahead log, with the first statement. */
static int
begin(struct accounts *accounts, struct report *report)
{
	if (sqlite3_open_v2(accounts->path, &accounts->db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return accounts_trouble(accounts, report);
	sqlite3_busy_timeout(accounts->db, DATABASE_WAIT);
	/* A view may be anything. */
	accounts->until = deadline_now() + ACCOUNTS_TIME;
	sqlite3_progress_handler(accounts->db, 100000, is_late, &accounts->until);
	sqlite3_db_config(accounts->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* A name that is no column must not become a text. */
	sqlite3_db_config(accounts->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	if (sqlite3_exec(accounts->db, "BEGIN; SELECT 1 FROM sqlite_schema", NULL, NULL,
		NULL) != SQLITE_OK)
		return accounts_trouble(accounts, report);
	return check_names(accounts, report);
}

/* The folder that it is in. Returns 0, or -1 with errno. */
static int
look_at_folder(const struct accounts *accounts, struct stat *folder)
{
	char *path = realpath(accounts->path, NULL);
	int result;

	if (path == NULL)
		return -1;
	*strrchr(path, '/') = '\0';
	result = stat(path[0] == '\0' ? "/" : path, folder);
	free(path);
	return result;
}

int
accounts_open(struct accounts *accounts, const struct source *source, struct report *report)
{
	struct stat st, folder;
	int result;

	memset(accounts, 0, sizeof(*accounts));
	take_settings(accounts, source);
	if (accounts->path == NULL)
		return 0;
	if (stat(accounts->path, &st) == -1 || look_at_folder(accounts, &folder) == -1)
		return report_trouble(
		    report, "users_database: %s: %s", accounts->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return report_trouble(report, "users_database: %s: is no file", accounts->path);
	/* A file of root where another may put any file in its place is that other's. */
	if (st.st_uid == 0)
		st = folder;
	accounts->owner = st.st_uid;
	accounts->group = st.st_gid;
	if (become(accounts) == -1) {
		(void)become_root(accounts);
		return no_rights(accounts, report);
	}
	result = begin(accounts, report);
	return become_root(accounts) == -1 ? no_rights(accounts, report) : result;
}

int
accounts_domains(struct accounts *accounts, struct source *source, struct report *report)
{
	int result;

	if (accounts->db == NULL)
		return 0;
	if (become(accounts) == -1)
		return no_rights(accounts, report);
	result = accountrows_domains(accounts, source, report);
	return become_root(accounts) == -1 ? no_rights(accounts, report) : result;
}

int
accounts_users(struct accounts *accounts, struct users *users)
{
	int result;

	if (accounts->db == NULL)
		return 0;
	if (become(accounts) == -1)
		return no_rights(accounts, users->report);
	result = users_begin(users, ACCOUNTS_LIST);
	if (result == 0)
		result = accountrows_users(accounts, users);
	if (result == 0)
		result = users_end(users);
	return become_root(accounts) == -1 ? no_rights(accounts, users->report) : result;
}

void
accounts_close(struct accounts *accounts)
{
	if (accounts->db == NULL)
		return;
	/* What it removes when it goes, it removes as the owner, or not at all. */
	if (become(accounts) == 0)
		sqlite3_close(accounts->db);
	(void)become_root(accounts);
	accounts->db = NULL;
}
