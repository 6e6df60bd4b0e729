/*
 * One line of a list of mailboxes, as rcptbuild -m takes it: fields with a tab between.
 *
 *	user	server[:port]	[login	[secret]]
 *
 * What a user may be, entry.h says; a field that is empty is none.
 */
#ifndef DOOR_MAILLINE_H
#define DOOR_MAILLINE_H

#include <stddef.h>
#include <stdint.h>

enum mailbox_field { MAILBOX_USER, MAILBOX_SERVER, MAILBOX_LOGIN, MAILBOX_SECRET };

/* A row or line; the texts are not the owner's of this. */
struct mailbox {
	struct {
		const char *text;
		size_t len;
	} user, server, login, secret;
	uint32_t port; /* 0: that of the protocol */
	int64_t order;
};

/* Returns NULL, or why it is none: a constant text; *field is the one it is about. */
const char *mailline_parse(
    struct mailbox *mailbox, enum mailbox_field *field, const char *text, size_t len);

/* The name of a field, which is that of its column. */
const char *mailline_field(enum mailbox_field field);

#endif
