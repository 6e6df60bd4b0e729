#include "mailboxes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "database.h"
#include "route/loginpattern.h"
#include "row.h"

#define TABLE "mailboxes"

static const char hidden[] = "(not shown)"; /* whatever may be a secret */

int
mailboxes_start(struct mailboxes *mailboxes, struct report *report)
{
	memset(mailboxes, 0, sizeof(*mailboxes));
	mailboxes->report = report;
	mailboxes->digest = CHECKSUM_START;
	return source_start(&mailboxes->hosts) == -1
	    ? report_trouble(report, "out of memory for mailboxes")
	    : 0;
}

void
mailboxes_free(struct mailboxes *mailboxes)
{
	intern_free(&mailboxes->users);
	intern_free(&mailboxes->texts);
	free(mailboxes->of_user);
	free(mailboxes->rows);
	source_free(&mailboxes->hosts);
	census_free(&mailboxes->census);
	memset(mailboxes, 0, sizeof(*mailboxes));
}

size_t
mailboxes_key(char key[MAILBOXES_KEY_SIZE], const struct entry *entry)
{
	return (size_t)snprintf(key, MAILBOXES_KEY_SIZE, "%c%s\n%s@%s", 'a' + (int)entry->match,
	    entry->local, entry->last, entry->domain);
}

void
mailboxes_entry(const struct mailboxes *mailboxes, uint32_t user, struct entry *entry)
{
	const char *key = intern_text(&mailboxes->users, user), *line = strchr(key, '\n');
	const char *at = strrchr(line, '@');

	memset(entry, 0, sizeof(*entry));
	entry->match = (enum route_match)(key[0] - 'a');
	memcpy(entry->local, key + 1, (size_t)(line - key) - 1);
	memcpy(entry->last, line + 1, (size_t)(at - line) - 1);
	strcpy(entry->domain, at + 1);
}

static bool
has_controls(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return true;
	return false;
}

/* A login or a secret. */
static const char *
check_text(const char *text, size_t len)
{
	if (len >= ROUTE_TEXT_SIZE)
		return "is longer than 255 bytes";
	return has_controls(text, len) ? "has control bytes in it" : NULL;
}

/* All of a domain get the same, or each gets his own. */
static const char *
check_login(const struct mailbox *mailbox, const struct entry *entry)
{
	char login[ROUTE_TEXT_SIZE];
	const char *why = check_text(mailbox->login.text, mailbox->login.len);
	bool various;

	if (why != NULL || mailbox->login.len == 0)
		return why;
	memcpy(login, mailbox->login.text, mailbox->login.len);
	login[mailbox->login.len] = '\0';
	if (!loginpattern_good(login, &various))
		return "has a % without u, n, d or % behind it";
	if (!various && entry->match >= ROUTE_RANGE)
		return "would log many users in as one: it needs %u or %n";
	return NULL;
}

static const char *
check(const struct mailbox *mailbox, struct entry *entry, enum mailbox_field *field)
{
	char domain[DOMAIN_SIZE];
	const char *why;

	*field = MAILBOX_USER;
	if ((why = entry_parse(entry, mailbox->user.text, mailbox->user.len)) != NULL)
		return why;
	if (entry->domain[0] != '\0') {
		if (domain_normalise(domain, entry->domain, strlen(entry->domain)) != NULL)
			return "has no domain behind the @ that can be one";
		strcpy(entry->domain, domain);
	}
	*field = MAILBOX_LOGIN;
	if ((why = check_login(mailbox, entry)) != NULL)
		return why;
	*field = MAILBOX_SECRET;
	return check_text(mailbox->secret.text, mailbox->secret.len);
}

/* What two rows of a user say of the same has to be the same. Returns false for another text. */
static bool
agree(struct mailboxes *mailboxes, uint32_t *text, const char *bytes, size_t len, bool *failed)
{
	uint32_t number;

	if (len == 0)
		return true;
	if ((number = intern_add(&mailboxes->texts, bytes, len)) == INTERN_NONE)
		*failed = true;
	if (*text == INTERN_NONE)
		*text = number;
	return *text == number;
}

static struct mailboxes_user *
find_user(struct mailboxes *mailboxes, const struct entry *entry)
{
	struct mailboxes_user *of_user = array_room(mailboxes->of_user, mailboxes->users.count,
	    &mailboxes->of_user_room, sizeof(*of_user));
	uint32_t count = mailboxes->users.count, number;
	char key[MAILBOXES_KEY_SIZE];

	if (of_user == NULL)
		return NULL;
	mailboxes->of_user = of_user;
	number = intern_add(&mailboxes->users, key, mailboxes_key(key, entry));
	if (number == INTERN_NONE)
		return NULL;
	if (mailboxes->users.count > count)
		of_user[number] = (struct mailboxes_user){
		    INTERN_NONE, INTERN_NONE, INTERN_NONE, INTERN_NONE, INTERN_NONE};
	return &of_user[number];
}

/*
 * Takes a row. Returns 0; 1 when it is bad, with why and the field; -1 for want of memory.
 */
static int
take(struct mailboxes *mailboxes, const struct mailbox *mailbox, const char *list,
    int64_t number, const char **why, enum mailbox_field *field)
{
	struct mailboxes_row *rows;
	struct mailboxes_row row = {.next = INTERN_NONE,
	    .port = (uint16_t)mailbox->port,
	    .order = mailbox->order,
	    .number = number};
	struct mailboxes_user *user;
	struct entry entry;
	bool failed = false;

	if ((*why = check(mailbox, &entry, field)) != NULL)
		return 1;
	*field = MAILBOX_SERVER;
	row.host = source_host(&mailboxes->hosts, mailbox->server.text, mailbox->server.len);
	if (row.host == INTERN_NONE)
		return -1;
	if ((*why = mailboxes->hosts.of_host[row.host].refused) != NULL)
		return 1;
	rows = array_room(
	    mailboxes->rows, mailboxes->row_count, &mailboxes->row_room, sizeof(*rows));
	if (rows == NULL)
		return -1;
	mailboxes->rows = rows;
	row.list = intern_add(&mailboxes->texts, list, strlen(list));
	if (row.list == INTERN_NONE || (user = find_user(mailboxes, &entry)) == NULL)
		return -1;
	if (user->entry == INTERN_NONE)
		user->entry =
		    intern_add(&mailboxes->texts, mailbox->user.text, mailbox->user.len);
	*field = MAILBOX_LOGIN;
	*why = "another row has the same user with another login";
	if (!agree(mailboxes, &user->login, mailbox->login.text, mailbox->login.len, &failed))
		return failed ? -1 : 1;
	*field = MAILBOX_SECRET;
	*why = "another row has the same user with another secret";
	if (!agree(
		mailboxes, &user->secret, mailbox->secret.text, mailbox->secret.len, &failed))
		return failed ? -1 : 1;
	if (failed || user->entry == INTERN_NONE)
		return -1;
	if (user->last == INTERN_NONE)
		user->first = (uint32_t)mailboxes->row_count;
	else
		rows[user->last].next = (uint32_t)mailboxes->row_count;
	user->last = (uint32_t)mailboxes->row_count;
	rows[mailboxes->row_count++] = row;
	mailboxes->listed++;
	return 0;
}

static int
no_memory(struct mailboxes *mailboxes)
{
	return report_trouble(mailboxes->report, "out of memory for mailboxes");
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

static void
bad_row(struct mailboxes *mailboxes, const struct row *row, enum mailbox_field field,
    const char *why)
{
	static const int columns[] = {1, 2, 5, 6}; /* of the fields */
	const struct row_value *value = &row->values[columns[field]];
	const char *text = field == MAILBOX_SECRET ? hidden : value->text;

	report_row(mailboxes->report, REPORT_BAD, TABLE, row->rowid, mailline_field(field),
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
		bad_row(mailboxes, row, MAILBOX_SECRET, why);
		return 0;
	}
	if (!get_text(row, 6, &mailbox.secret.text, &mailbox.secret.len))
		return 0;
	taken = take(mailboxes, &mailbox, TABLE, row->rowid, &why, &field);
	if (taken == 1)
		bad_row(mailboxes, row, field, why);
	return taken == -1 ? no_memory(mailboxes) : 0;
}

/* Ends a list: how many it had. */
static int
count_list(struct mailboxes *mailboxes, const char *list)
{
	if (mailboxes->listed > 0 &&
	    census_set(&mailboxes->census, list, "*", mailboxes->listed) == -1)
		return no_memory(mailboxes);
	mailboxes->listed = 0;
	return 0;
}

int
mailboxes_of_table(struct mailboxes *mailboxes, sqlite3 *db)
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
	return result == 0 ? count_list(mailboxes, TABLE) : result;
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
bad_line(const struct taker *taker, const struct feed_line *line, enum mailbox_field field,
    const char *why)
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
	report_add(taker->mailboxes->report, REPORT_BAD, text.text);
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
			taken = take(mailboxes, &mailbox, taker->list, (int64_t)line->number,
			    &why, &field);
	}
	if (taken == 1)
		bad_line(taker, line, field, why);
	return taken == -1 ? no_memory(mailboxes) : 0;
}

int
mailboxes_of_feeds(struct mailboxes *mailboxes, struct feeds *feeds)
{
	for (size_t i = 0; i < feeds->count; i++) {
		struct taker taker = {mailboxes, feeds->lists[i]};
		struct feed feed;

		mailboxes->digest =
		    checksum_add(mailboxes->digest, taker.list, strlen(taker.list));
		feed_start(&feed, take_line, &taker);
		feed.as_text = true;
		if (feeds_read(feeds, taker.list, &feed, mailboxes->report) == -1 ||
		    count_list(mailboxes, taker.list) == -1)
			return -1;
	}
	return 0;
}
