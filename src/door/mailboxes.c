#include "mailboxes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "route/loginpattern.h"

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

int
mailboxes_take(struct mailboxes *mailboxes, const struct mailbox *mailbox, const char *list,
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

int
mailboxes_end_list(struct mailboxes *mailboxes, const char *list)
{
	uint64_t listed = mailboxes->listed;

	mailboxes->listed = 0;
	return listed == 0 ? 0 : census_set(&mailboxes->census, list, "*", listed);
}
