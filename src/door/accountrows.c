#include "accountrows.h"

#include <string.h>

#define TEXT_MAX (ADDRESS_LOCAL_MAX * 2 + 2 + 1 + ADDRESS_DOMAIN_MAX)

/* Prepares a query for one column, or two, of a table: their names are proven to be there. */
static int
prepare(struct accounts *accounts, sqlite3_stmt **stmt, const char *first, const char *second,
    const char *table, struct report *report)
{
	char *query = second == NULL
	    ? sqlite3_mprintf("SELECT \"%w\" FROM \"%w\"", first, table)
	    : sqlite3_mprintf("SELECT \"%w\", \"%w\" FROM \"%w\"", first, second, table);
	int rc = query == NULL ? SQLITE_NOMEM
			       : sqlite3_prepare_v2(accounts->db, query, -1, stmt, NULL);

	sqlite3_free(query);
	return rc == SQLITE_OK ? 0 : accounts_trouble(accounts, report);
}

/* A warning: the others use this database every minute, and no row of it must stop all builds. */
static void
odd_row(struct report *report, const char *table, uint64_t number, const char *column,
    const char *text, size_t len, const char *why)
{
	struct line line, same;

	line_start(&line);
	line_start(&same);
	line_add(&line, "users_database: ");
	line_add_foreign(&line, table, strlen(table), 128);
	line_add(&line, ": row ");
	line_add_number(&line, (int64_t)number);
	line_add(&line, ": ");
	line_add_foreign(&line, column, strlen(column), 128);
	line_add(&line, ": '");
	line_add_foreign(&line, text, len, 120);
	line_add_foreign(&same, text, len, 120);
	line_add(&line, "': ");
	line_add(&line, why);
	/* Its place changes with what comes and goes in front of it; cron mails what is new. */
	report_add_as(report, REPORT_WARNING, line.text, same.text);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * The text of a column, without blanks and line ends around it, as many databases compare; bytes
 * count as text. Returns NULL, or why it is none; NULL as text where the
 * value is NULL.
 */
static const char *
fetch(sqlite3_stmt *stmt, int column, const char **text, size_t *len)
{
	bool is_null = sqlite3_column_type(stmt, column) == SQLITE_NULL;

	*text = (const char *)sqlite3_column_text(stmt, column);
	*len = (size_t)sqlite3_column_bytes(stmt, column);
	if (is_null)
		return NULL;
	if (*text == NULL) {
		*text = "";
		return "is empty";
	}
	for (; *len > 0 && is_blank((*text)[*len - 1]); --*len)
		;
	for (; *len > 0 && is_blank((*text)[0]); --*len)
		++*text;
	return memchr(*text, '\0', *len) == NULL ? NULL : "has a NUL byte in it";
}

/* Names without a dot are of those who use the table (PostfixAdmin's ALL), no mail comes to them. */
static bool
is_label(const char *text, size_t len)
{
	return len > 0 && len < 64 && memchr(text, '.', len) == NULL &&
	    memchr(text, '@', len) == NULL && memchr(text, ' ', len) == NULL;
}

static int
take_domain(struct accounts *accounts, sqlite3_stmt *stmt, uint64_t number,
    struct source *source, struct report *report)
{
	const char *text, *why;
	bool failed = false;
	size_t len;

	why = fetch(stmt, 0, &text, &len);
	if (why == NULL && text != NULL && !is_label(text, len))
		why = source_add_local(source, text, len, &failed);
	if (failed || (why != NULL && sqlite3_errcode(accounts->db) == SQLITE_NOMEM))
		return report_trouble(report, "out of memory for users_database");
	if (why != NULL)
		odd_row(report, accounts->domain_table, number, accounts->domain_domain, text,
		    len, why);
	return 0;
}

int
accountrows_domains(struct accounts *accounts, struct source *source, struct report *report)
{
	sqlite3_stmt *stmt = NULL;
	int rc, result = 0;

	if (prepare(accounts, &stmt, accounts->domain_domain, NULL, accounts->domain_table,
		report) == -1)
		return -1;
	for (uint64_t i = 1; result == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE; i++)
		result = rc == SQLITE_ROW ? take_domain(accounts, stmt, i, source, report)
					  : accounts_trouble(accounts, report);
	sqlite3_finalize(stmt);
	return result;
}

/* What check_user compared: an address, or a user and a domain. NULL is equal to nothing. */
static const char *
fetch_address(const struct accounts *accounts, sqlite3_stmt *stmt, char joined[TEXT_MAX + 1],
    const char **text, size_t *len)
{
	const char *why = fetch(stmt, 0, text, len), *domain;
	size_t domain_len;

	if (why != NULL || *text == NULL || accounts->email_address != NULL)
		return why;
	if (*len == 0)
		return "is empty";
	if ((why = fetch(stmt, 1, &domain, &domain_len)) != NULL || domain == NULL) {
		*text = domain;
		*len = domain_len;
		return why;
	}
	if (*len + 1 + domain_len > TEXT_MAX)
		return "is longer than an address can be";
	memcpy(joined, *text, *len);
	joined[*len] = '@';
	memcpy(joined + *len + 1, domain, domain_len);
	*text = joined;
	*len += 1 + domain_len;
	return NULL;
}

static bool
is_of_domain(char c)
{
	return strchr("<>()[]:;@\\,\"", c) == NULL && c != 0x7f && (c < 0 || c > ' ');
}

/*
 * A row that is odd: whom it means may be a user of its domain, if that can be seen: it is what
 * stands behind the @, up to something that cannot be in one.
 */
static void
miss(const struct accounts *accounts, sqlite3_stmt *stmt, const char *text, size_t len,
    struct users *users)
{
	const char *domain = text;
	size_t domain_len = len;

	if (accounts->email_address != NULL) {
		if ((domain = memrchr(text, '@', len)) == NULL)
			return;
		domain++;
		domain_len = (size_t)(text + len - domain);
	} else {
		(void)fetch(stmt, 1, &domain, &domain_len);
	}
	for (len = 0; len < domain_len && is_of_domain(domain[len]); len++)
		;
	users_miss(users, domain, len);
}

static int
take_user(struct accounts *accounts, sqlite3_stmt *stmt, uint64_t number, struct users *users)
{
	char joined[TEXT_MAX + 1];
	struct listing listing;
	const char *text, *why;
	size_t len;

	why = fetch_address(accounts, stmt, joined, &text, &len);
	if (why == NULL && text == NULL)
		return 0;
	if (why == NULL)
		why = listing_parse(&listing, text, len, true);
	if (why == NULL && users_take(users, &listing, &why) == -1)
		return -1;
	if (why == NULL)
		return 0;
	if (sqlite3_errcode(accounts->db) == SQLITE_NOMEM)
		return accounts_trouble(accounts, users->report);
	odd_row(users->report, accounts->email_table, number,
	    accounts->email_address != NULL ? accounts->email_address : accounts->email_user,
	    text, len, why);
	miss(accounts, stmt, text, len, users);
	return 0;
}

int
accountrows_users(struct accounts *accounts, struct users *users)
{
	bool whole = accounts->email_address != NULL;
	sqlite3_stmt *stmt = NULL;
	int rc, result = 0;

	if (prepare(accounts, &stmt, whole ? accounts->email_address : accounts->email_user,
		whole ? NULL : accounts->email_domain, accounts->email_table,
		users->report) == -1)
		return -1;
	for (uint64_t i = 1; result == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE; i++)
		result = rc == SQLITE_ROW ? take_user(accounts, stmt, i, users)
					  : accounts_trouble(accounts, users->report);
	sqlite3_finalize(stmt);
	return result;
}
