#include "mailread.h"

#include <string.h>

#include "base/checksum.h"
#include "database.h"
#include "row.h"

#define TABLE "mailboxes"

static const char hidden[] = "(not shown)"; /* whatever may be a secret */
static const char blank_end[] =
    "has a blank at an end: no header can carry that, so nginx can't log in with it";

static int
no_memory(struct mailboxes *mailboxes)
{
	return report_trouble(mailboxes->report, "out of memory for mailboxes");
}

static int
end_list(struct mailboxes *mailboxes, const char *list)
{
	return mailboxes_end_list(mailboxes, list) == -1 ? no_memory(mailboxes) : 0;
}

/* Text of a column that may be NULL. */
static bool
get_text(struct row *row, int column, const char **text, size_t *len)
{
	*text = "";
	*len = 0;
	if (row_is_empty(row, column))
		return true;
	if (!row_is_text(row, column))
		return false;
	*text = row->values[column].text;
	*len = row->values[column].len;
	return true;
}

static bool
has_blank_end(const char *text, size_t len)
{
	return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

static void
report_field(struct mailboxes *mailboxes, enum report_kind kind, const struct row *row,
    enum mailbox_field field, const char *why)
{
	static const int columns[] = {1, 2, 5, 6}; /* of the fields */
	const struct row_value *value = &row->values[columns[field]];
	const char *text = field == MAILBOX_SECRET ? hidden : value->text;

	report_row(mailboxes->report, kind, TABLE, row->rowid, mailline_field(field),
	    text == NULL ? "" : text, field == MAILBOX_SECRET ? strlen(hidden) : value->len,
	    why);
}

/* What row_is_text would complain of, with the value. */
static const char *
check_secret(const struct row *row)
{
	const struct row_value *value = &row->values[6];

	if (value->type == SQLITE_BLOB || value->type == SQLITE_FLOAT)
		return "must be text";
	if (value->type == SQLITE_TEXT &&
	    (value->text == NULL || memchr(value->text, '\0', value->len) != NULL))
		return "has a NUL byte in it";
	return NULL;
}

static int
take_row(struct mailboxes *mailboxes, struct row *row)
{
	struct mailbox mailbox;
	enum mailbox_field field;
	const char *why;
	int taken;

	if (!row_is_text(row, 1) || !row_is_text(row, 2) || !row_port(row, 3, &mailbox.port, 0))
		return 0;
	mailbox.user.text = row->values[1].text;
	mailbox.user.len = row->values[1].len;
	mailbox.server.text = row->values[2].text;
	mailbox.server.len = row->values[2].len;
	mailbox.order = SOURCE_ORDER_LAST;
	if (!row_is_empty(row, 4) && !row_number(row, 4, &mailbox.order)) {
		row_bad(row, 4, "must be a whole number, or NULL");
		return 0;
	}
	if (!get_text(row, 5, &mailbox.login.text, &mailbox.login.len))
		return 0;
	if ((why = check_secret(row)) != NULL) {
		report_field(mailboxes, REPORT_BAD, row, MAILBOX_SECRET, why);
		return 0;
	}
	if (!get_text(row, 6, &mailbox.secret.text, &mailbox.secret.len))
		return 0;
	taken = mailboxes_take(mailboxes, &mailbox, TABLE, row->rowid, &why, &field);
	if (taken == 1)
		report_field(mailboxes, REPORT_BAD, row, field, why);
	if (has_blank_end(mailbox.login.text, mailbox.login.len))
		report_field(mailboxes, REPORT_WARNING, row, MAILBOX_LOGIN, blank_end);
	if (has_blank_end(mailbox.secret.text, mailbox.secret.len))
		report_field(mailboxes, REPORT_WARNING, row, MAILBOX_SECRET, blank_end);
	return taken == -1 ? no_memory(mailboxes) : 0;
}

int
mailread_table(struct mailboxes *mailboxes, sqlite3 *db)
{
	static const char select[] = "SELECT rowid, user, server, port, [order], login, secret"
				     " FROM mailboxes ORDER BY rowid";
	struct row row = {.table = TABLE, .report = mailboxes->report};
	int has = database_has(db, TABLE), result = 0, rc = SQLITE_DONE;

	if (has == 0)
		return 0;
	if (has == -1 || sqlite3_prepare_v2(db, select, -1, &row.stmt, NULL) != SQLITE_OK)
		return database_trouble(db, mailboxes->report);
	while (result == 0 && (rc = sqlite3_step(row.stmt)) == SQLITE_ROW) {
		row_fetch(&row, &mailboxes->digest);
		result = take_row(mailboxes, &row);
	}
	if (result == 0 && rc != SQLITE_DONE)
		result = database_trouble(db, mailboxes->report);
	sqlite3_finalize(row.stmt);
	return result == 0 ? end_list(mailboxes, TABLE) : result;
}

/* What is read of a stored list. */
struct taker {
	struct mailboxes *mailboxes;
	const char *list;
};

/*
 * "feeds/staff.mailboxes: line 3: server: ...", without what stands there: where a tab is missing it
 * could be the secret.
 */
static void
report_line(const struct taker *taker, enum report_kind kind, const struct feed_line *line,
    enum mailbox_field field, const char *why)
{
	struct line text;

	line_start(&text);
	line_add(&text, taker->list);
	line_add(&text, ": line ");
	line_add_number(&text, (int64_t)line->number);
	line_add(&text, ": ");
	line_add(&text, mailline_field(field));
	line_add(&text, ": ");
	line_add(&text, why);
	report_add(taker->mailboxes->report, kind, text.text);
}

static int
take_line(void *context, const struct feed_line *line)
{
	struct taker *taker = context;
	struct mailboxes *mailboxes = taker->mailboxes;
	struct mailbox mailbox = {.user = {"", 0}};
	enum mailbox_field field = MAILBOX_USER;
	const char *why = line->why;
	int taken = 1;

	if (line->kind == FEED_NOTHING)
		return 0;
	mailboxes->digest = checksum_add(mailboxes->digest, line->text, line->len);
	if (line->kind == FEED_TEXT) {
		why = mailline_parse(&mailbox, &field, line->text, line->len);
		/* Their order is that of the lines. */
		mailbox.order = 0;
		if (why == NULL)
			taken = mailboxes_take(mailboxes, &mailbox, taker->list,
			    (int64_t)line->number, &why, &field);
	}
	if (taken == 1)
		report_line(taker, REPORT_BAD, line, field, why);
	if (has_blank_end(mailbox.login.text, mailbox.login.len))
		report_line(taker, REPORT_WARNING, line, MAILBOX_LOGIN, blank_end);
	if (has_blank_end(mailbox.secret.text, mailbox.secret.len))
		report_line(taker, REPORT_WARNING, line, MAILBOX_SECRET, blank_end);
	return taken == -1 ? no_memory(mailboxes) : 0;
}

int
mailread_feeds(struct mailboxes *mailboxes, struct feeds *feeds)
{
	for (size_t i = 0; i < feeds->count; i++) {
		struct taker taker = {mailboxes, feeds->lists[i]};
		struct feed feed;

		mailboxes->digest =
		    checksum_add(mailboxes->digest, taker.list, strlen(taker.list));
		feed_start(&feed, take_line, &taker);
		feed.as_text = true;
		if (feeds_read(feeds, taker.list, &feed, mailboxes->report) == -1 ||
		    end_list(mailboxes, taker.list) == -1)
			return -1;
	}
	return 0;
}
