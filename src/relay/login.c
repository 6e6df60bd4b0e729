#include "login.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *
text_of(const char *name)
{
	const char *text = getenv(name);

	return text == NULL ? "" : text;
}

static bool
is_set(const char *name)
{
	return getenv(name) != NULL;
}

/* The manual of courier-auth-postfix has ":ffff::127.0.0.1" (6.1) and means "::ffff:127.0.0.1". */
static const char *
without_misprint(const char *address)
{
	static const char misprint[] = ":ffff::";
	size_t len = sizeof(misprint) - 1;

	return strncmp(address, misprint, len) == 0 && strchr(address + len, ':') == NULL
	    ? address + len
	    : address;
}

static void
set_address(struct login *login)
{
	static const char *const names[] = {"TCPREMOTEIP", "TCP6REMOTEIP", "IP", "REMOTE_HOST"};

	login->address = "";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!is_set(names[i]))
			continue;
		login->address = without_misprint(text_of(names[i]));
		if (strcmp(names[i], "IP") == 0)
			login->source = "dovecot";
		return;
	}
}

int
login_read(struct login *login)
{
	const char *user = text_of("USER"), *domain = text_of("DOMAIN");

	login->source = "checkpassword";
	set_address(login);
	if (strcasecmp(text_of("AUTH_MECH"), "ANONYMOUS") == 0)
		return 0; /* Dovecot: SASL ANONYMOUS, by which anybody is let in */
	if (is_set("AUTHENTICATED")) {
		login->source = "courier";
		user = text_of("AUTHENTICATED");
		domain = "";
		if (user[0] == '\0')
			return 0;
	} else if (is_set("AUTHUSER") && is_set("AUTHARGV0")) {
		return 0; /* old Courier, and nobody has */
	}
	if (strchr(user, '@') != NULL || domain[0] == '\0')
		snprintf(login->user, sizeof(login->user), "%s", user);
	else
		snprintf(login->user, sizeof(login->user), "%.128s@%.120s", user, domain);
	return 1;
}
