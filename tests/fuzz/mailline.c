/*
 * Any bytes as a line of a list of mailboxes, and its user as an entry of the map: what is one user
 * is found by his own name, and what is none has a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "door/mailboxes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static bool
inside(const char *text, size_t len, const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;

	return len == 0 || (text >= bytes && text + len <= bytes + size);
}

static void
check_entry(const struct entry *entry)
{
	char name[3 * ROUTE_TEXT_SIZE], key[MAILBOXES_KEY_SIZE];
	struct wanted wanted;
	size_t len;

	check(mailboxes_key(key, entry) < sizeof(key));
	check(
	    strlen(entry->local) < ROUTE_TEXT_SIZE && strlen(entry->domain) < ROUTE_TEXT_SIZE);
	if (entry->match == ROUTE_RANGE)
		check(strlen(entry->local) == strlen(entry->last) &&
		    strcmp(entry->local, entry->last) <= 0 && entry->local[0] != '\0');
	if (entry->match == ROUTE_DOMAIN || entry->match == ROUTE_ALL)
		return;
	len = (size_t)snprintf(name, sizeof(name), "%s%s%s", entry->local,
	    entry->domain[0] == '\0' ? "@x" : "@",
	    entry->domain[0] == '\0' ? "" : entry->domain);
	if (wanted_parse(&wanted, name, len))
		check(entry_fits(entry, &wanted) > 0);
	else
		check(len > ROUTE_USER_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1); /* of its own, so that reading past its end is seen */
	enum mailbox_field field;
	struct mailbox mailbox;
	struct entry entry;
	struct wanted wanted;

	check(copy != NULL);
	memcpy(copy, data, size);
	if (mailline_parse(&mailbox, &field, (const char *)copy, size) == NULL) {
		check(inside(mailbox.user.text, mailbox.user.len, copy, size));
		check(inside(mailbox.server.text, mailbox.server.len, copy, size));
		check(inside(mailbox.login.text, mailbox.login.len, copy, size));
		check(inside(mailbox.secret.text, mailbox.secret.len, copy, size));
		check(mailbox.port <= 65535 && mailbox.server.len > 0);
		if (entry_parse(&entry, mailbox.user.text, mailbox.user.len) == NULL)
			check_entry(&entry);
		(void)wanted_parse(&wanted, mailbox.user.text, mailbox.user.len);
	} else {
		check(mailline_field(field) != NULL);
	}
	free(copy);
	return 0;
}
