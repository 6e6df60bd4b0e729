#include "tables.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/checksum.h"
#include "database.h"
#include "row.h"

#define GUESS_MAX 1000000

static const char not_an_address[] = "must be user@domain or @domain";

/* Each loader returns 0 for good and bad rows, -1 for want of memory. */

static int
load_server(struct source *source, struct row *row)
{
	struct source_server server = {.order = SOURCE_ORDER_LAST};
	char domain[DOMAIN_SIZE];
	const char *why;

	if (row_is_text(row, 1) &&
	    (why = domain_normalise_label(domain, row->values[1].text, row->values[1].len)) !=
		NULL)
		row_bad(row, 1, why);
	if (row_is_text(row, 2)) {
		server.host = source_host(source, row->values[2].text, row->values[2].len);
		if (server.host == INTERN_NONE)
			return -1;
		if ((why = source->of_host[server.host].refused) != NULL)
			row_bad(row, 2, why);
	}
	row_port(row, 3, &server.port, SOURCE_PORT);
	if (!row_is_empty(row, 4) && !row_number(row, 4, &server.order))
		row_bad(row, 4, "must be a whole number, or NULL");
	if (row->bad)
		return 0;
	return source_add_row(source, row->rowid, domain, &server);
}

static int
load_alias(struct source *source, struct row *row)
{
	char alias[DOMAIN_SIZE], domain[DOMAIN_SIZE];
	uint32_t name, target;
	const char *why;

	if (row_is_text(row, 1) &&
	    (why = domain_normalise_recipient(
		 alias, row->values[1].text, row->values[1].len)) != NULL)
		row_bad(row, 1, why);
	if (row_is_text(row, 2) &&
	    (why = domain_normalise_label(domain, row->values[2].text, row->values[2].len)) !=
		NULL)
		row_bad(row, 2, why);
	if (row->bad)
		return 0;
	if ((name = source_name(source, alias)) == INTERN_NONE ||
	    (target = source_name(source, domain)) == INTERN_NONE)
		return -1;
	switch (source_add_alias(source, row->rowid, name, target)) {
	case -1:
		return -1;
	case 1:
		row_bad(row, 1, "another row has the same alias with another domain");
		break;
	}
	return 0;
}

static int
load_local_domain(struct source *source, struct row *row)
{
	const char *why;
	bool failed;

	if (!row_is_text(row, 1))
		return 0;
	why = source_add_local(source, row->values[1].text, row->values[1].len, &failed);
	if (why != NULL)
		row_bad(row, 1, why);
	return failed ? -1 : 0;
}

/* user@domain or @domain; false when the row is bad. */
static bool
parse_address(struct row *row, struct address *address, char domain[DOMAIN_SIZE])
{
	const struct row_value *value = &row->values[1];

	if (!row_is_text(row, 1))
		return false;
	if (memchr(value->text, ' ', value->len) != NULL &&
	    (value->text[0] == ' ' || value->text[value->len - 1] == ' ' ||
		memmem(value->text, value->len, " @", 2) != NULL)) {
		row_bad(row, 1, "has a blank at an end of the user or of the domain");
		return false;
	}
	if (value->len >= 2 && strchr("*%", value->text[0]) != NULL && value->text[1] == '@')
		row_warn(row, 1, "is no pattern: all users of a domain are written @domain");
	switch (address_parse(address, value->text, value->len)) {
	case ADDRESS_NO_DOMAIN:
		row_bad(row, 1, not_an_address);
		return false;
	case ADDRESS_UNSAFE:
		if (address->local_len > 0) {
			row_bad(
			    row, 1, "has no user that mail can be sent to in front of the @");
			return false;
		}
		break;
	case ADDRESS_FINE:
		/* Mail servers hand us the local part without its quotes. */
		if (address->local_len >= 2 && address->local[0] == '"' &&
		    address->local[address->local_len - 1] == '"') {
			row_bad(row, 1, "must be written without the quotes around the user");
			return false;
		}
		break;
	}
	if (domain_normalise_recipient(domain, address->domain, address->domain_len) != NULL) {
		row_bad(row, 1, not_an_address);
		return false;
	}
	return true;
}

static int
load_always_accept(struct source *source, struct row *row)
{
	struct address address;
	char domain[DOMAIN_SIZE];
	uint32_t name;

	if (!parse_address(row, &address, domain))
		return 0;
	if ((name = source_name(source, domain)) == INTERN_NONE)
		return -1;
	return source_add_accept(source, row->rowid, name, address.local, address.local_len);
}

static int
load_setting(struct source *source, struct row *row)
{
	const char *setting, *value, *why;
	struct settings tried;
	char domain[DOMAIN_SIZE] = "";
	uint32_t name;

	settings_default(&tried);
	if (!row_is_text(row, 1))
		return 0;
	setting = row->values[1].text;
	if (!settings_known(setting)) {
		row_bad(row, 1, "no setting has this name, see rcptcheck-settings(5)");
		return 0;
	}
	if (row_is_text(row, 3) &&
	    (why = settings_set(&tried, setting, row->values[3].text)) != NULL)
		row_bad(row, 3, why);
	value = row->values[3].text;
	if (!row_is_empty(row, 2) && row_is_text(row, 2)) {
		why = domain_normalise_label(domain, row->values[2].text, row->values[2].len);
		if (why != NULL)
			row_bad(row, 2, why);
		else if (settings_global(setting))
			row_bad(row, 2,
			    "this setting can only be set for all domains (domain NULL)");
	}
	if (row->bad)
		return 0;
	if ((name = source_name(source, domain)) == INTERN_NONE)
		return -1;
	switch (source_add_setting(source, row->rowid, name, setting, value)) {
	case -1:
		return -1;
	case 1:
		row_bad(
		    row, 3, "another row has another value for the same setting and domain");
		break;
	}
	return 0;
}

/*
 * ORDER BY rowid sorts nothing, it only keeps SQLite from walking through an index. The table
 * mailboxes is read for routes.cdb (mailread.h).
 */
static const struct table {
	const char *name, *select;
	const char *last; /* asks for the last rowid, where most rows bring a new name */
	int (*load)(struct source *source, struct row *row);
} tables[] = {
    {"domain_ips", "SELECT rowid, domain, ip, port, [order] FROM domain_ips ORDER BY rowid",
	"SELECT max(rowid) FROM domain_ips", load_server},
    {"domain_aliases", "SELECT rowid, alias, domain FROM domain_aliases ORDER BY rowid",
	"SELECT max(rowid) FROM domain_aliases", load_alias},
    {"local_domains", "SELECT rowid, domain FROM local_domains ORDER BY rowid", NULL,
	load_local_domain},
    {"always_accept", "SELECT rowid, address FROM always_accept ORDER BY rowid", NULL,
	load_always_accept},
    {"settings", "SELECT rowid, name, domain, value FROM settings ORDER BY rowid", NULL,
	load_setting},
};

/* A guess at the number of rows, as good as the rowids are dense. To count them is to read
 * them. */
static uint64_t
guess_rows(sqlite3 *db, const char *last)
{
	sqlite3_stmt *stmt;
	int64_t guess = 0;

	if (last != NULL && sqlite3_prepare_v2(db, last, -1, &stmt, NULL) == SQLITE_OK) {
		if (sqlite3_step(stmt) == SQLITE_ROW)
			guess = sqlite3_column_int64(stmt, 0);
		sqlite3_finalize(stmt);
	}
	if (guess < 0)
		return 0;
	return guess > GUESS_MAX ? GUESS_MAX : (uint64_t)guess;
}

static int
load_table(struct source *source, sqlite3 *db, const struct table *table, struct report *report)
{
	struct row row = {.table = table->name, .report = report};
	int has = database_has(db, table->name), result = 0, rc = SQLITE_DONE;

	if (has == 0)
		return 0;
	if (has == -1 ||
	    sqlite3_prepare_v2(db, table->select, -1, &row.stmt, NULL) != SQLITE_OK)
		return database_trouble(db, report);
	intern_expect(&source->names, source->names.count + guess_rows(db, table->last));
	source->digest = checksum_add(source->digest, table->name, strlen(table->name));
	while (result == 0 && (rc = sqlite3_step(row.stmt)) == SQLITE_ROW) {
		row_fetch(&row, &source->digest);
		if (table->load(source, &row) == -1)
			result = report_trouble(report, "out of memory for %s", table->name);
	}
	if (result == 0 && rc != SQLITE_DONE)
		result = database_trouble(db, report);
	if (result == 0 && source_settle(source) == -1)
		result = report_trouble(report, "out of memory for %s", table->name);
	sqlite3_finalize(row.stmt);
	return result;
}

int
tables_load(struct source *source, sqlite3 *db, struct report *report)
{
	source->digest = CHECKSUM_START;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (load_table(source, db, &tables[i], report) == -1)
			return -1;
	source_apply_settings(source, SOURCE_FOR_ALL, &source->global);
	return 0;
}
