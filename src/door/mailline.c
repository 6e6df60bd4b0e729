#include "mailline.h"

#include <string.h>

#define PORT_DIGITS 5

static const char not_a_port[] = "has no port from 1 to 65535 behind the colon";

const char *
mailline_field(enum mailbox_field field)
{
	static const char *const names[] = {"user", "server", "login", "secret"};

	return names[field];
}

/* Takes a port off the end of the server: behind "]", or behind the only colon. */
static const char *
split_port(struct mailbox *mailbox)
{
	const char *text = mailbox->server.text, *digits;
	size_t len = mailbox->server.len;
	const char *colon = memrchr(text, ':', len);

	mailbox->port = 0;
	if (colon == NULL)
		return NULL;
	if (text[0] == '[' ? colon[-1] != ']' : memchr(text, ':', len) != colon)
		return NULL; /* an IPv6 address */
	digits = colon + 1;
	len -= (size_t)(digits - text);
	for (size_t i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9' || i == PORT_DIGITS)
			return not_a_port;
		mailbox->port = mailbox->port * 10 + (uint32_t)(digits[i] - '0');
	}
	if (mailbox->port < 1 || mailbox->port > 65535)
		return not_a_port;
	if (colon == text)
		return "has no server in front of the colon";
	mailbox->server.len = (size_t)(colon - text);
	return NULL;
}

const char *
mailline_parse(struct mailbox *mailbox, enum mailbox_field *field, const char *text, size_t len)
{
	const char *tab, *why;
	size_t count = 0;

	memset(mailbox, 0, sizeof(*mailbox));
	*field = MAILBOX_USER;
	do {
		size_t part;

		tab = memchr(text, '\t', len);
		part = tab == NULL ? len : (size_t)(tab - text);
		switch (count++) {
		case 0:
			mailbox->user.text = text;
			mailbox->user.len = part;
			break;
		case 1:
			mailbox->server.text = text;
			mailbox->server.len = part;
			break;
		case 2:
			mailbox->login.text = text;
			mailbox->login.len = part;
			break;
		case 3:
			mailbox->secret.text = text;
			mailbox->secret.len = part;
			break;
		default:
			return "has more than four fields";
		}
		if (tab != NULL) {
			len -= part + 1;
			text = tab + 1;
		}
	} while (tab != NULL);
	if (count < 2 || mailbox->server.len == 0) {
		*field = MAILBOX_SERVER;
		return "must be user, tab, server[:port], and maybe tab, login, tab, secret";
	}
	*field = MAILBOX_SERVER;
	if ((why = split_port(mailbox)) != NULL)
		return why;
	*field = MAILBOX_USER;
	return NULL;
}
