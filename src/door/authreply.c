#include "authreply.h"

#include <stdio.h>
#include <string.h>

#define LOGIN_ATTEMPTS     10
#define RECIPIENT_ATTEMPTS 20

static const char head_ok[] = "HTTP/1.0 200 OK\r\n";
static const char head_bad[] = "HTTP/1.0 400 Bad Request\r\n";

/* The codes are those of RFC 5530 (IMAP), RFC 3206 (POP3), RFC 4954 and RFC 3463 (SMTP). */
static const char wrong[] = "Invalid login or password";
static const char later[] = "Temporary failure, please try again later";
static const char unknown[] = "sorry, no mailbox here by that name (#5.1.1)";
static const char foreign[] = "sorry, this server does not relay to that domain (#5.7.1)";
static const char recipient_later[] =
    "sorry, this recipient can't be verified right now, try again later (#4.3.0)";

static const struct {
	const char *prefix[3], *code; /* of IMAP, POP3, SMTP; for Auth-Error-Code */
	const char *text;
} logins[] = {
    [AUTHREPLY_TEMPORARY] = {{"[UNAVAILABLE] ", "[SYS/TEMP] ", ""}, "454 4.7.0", later},
    [AUTHREPLY_WRONG] = {{"[AUTHENTICATIONFAILED] ", "[AUTH] ", ""}, "535 5.7.8", wrong},
};

static const struct {
	const char *code, *text;
} recipients[] = {
    [AUTHREPLY_TEMPORARY] = {"451 4.3.0", recipient_later},
    [AUTHREPLY_WRONG] = {"451 4.3.0", recipient_later}, /* nobody has logged in */
    [AUTHREPLY_UNKNOWN] = {"550 5.1.1", unknown},
    [AUTHREPLY_FOREIGN] = {"550 5.7.1", foreign},
};

unsigned
authreply_wait(const struct authquestion *question)
{
	static const unsigned waits[] = {1, 1, 2, 4, 8};
	unsigned attempt = question->attempt;

	/*
	 * nginx keeps what each attempt took until the session ends, so there must be an end. Who gives
	 * recipients is a server and may have many that are unknown, one behind the other.
	 */
	if (question->method == AUTHQUESTION_NONE)
		return attempt < RECIPIENT_ATTEMPTS ? 1 : 0;
	if (attempt >= LOGIN_ATTEMPTS)
		return 0;
	return attempt < sizeof(waits) / sizeof(waits[0]) ? waits[attempt] : 15;
}

size_t
authreply_deny(
    char out[AUTHREPLY_MAX], enum authreply_kind kind, const struct authquestion *question)
{
	const char *prefix = "", *code, *text;
	unsigned wait = authreply_wait(question);
	int len;

	if (question->method == AUTHQUESTION_NONE) {
		code = recipients[kind].code;
		text = recipients[kind].text;
	} else {
		if (kind != AUTHREPLY_WRONG)
			kind = AUTHREPLY_TEMPORARY;
		prefix = logins[kind].prefix[question->protocol];
		code = logins[kind].code;
		text = logins[kind].text;
	}
	len = snprintf(out, AUTHREPLY_MAX, "%sAuth-Status: %s%s\r\n", head_ok, prefix, text);
	if (question->protocol == AUTHQUESTION_SMTP)
		len += snprintf(
		    out + len, AUTHREPLY_MAX - (size_t)len, "Auth-Error-Code: %s\r\n", code);
	if (wait > 0)
		len +=
		    snprintf(out + len, AUTHREPLY_MAX - (size_t)len, "Auth-Wait: %u\r\n", wait);
	len += snprintf(out + len, AUTHREPLY_MAX - (size_t)len, "\r\n");
	return (size_t)len;
}

size_t
authreply_bad(char out[AUTHREPLY_MAX])
{
	return (size_t)snprintf(out, AUTHREPLY_MAX,
	    "%sAuth-Status: %s\r\nAuth-Error-Code: 451 4.3.0\r\n\r\n", head_bad, later);
}

bool
authreply_is_value(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return 0;
	return len > 0 && value[0] != ' ' && value[len - 1] != ' ';
}

size_t
authreply_route(char out[AUTHREPLY_MAX], const struct authreply_route *route)
{
	const struct {
		const char *name, *value;
	} optional[] = {{"Auth-User", route->user}, {"Auth-Pass", route->pass}};
	int len = snprintf(out, AUTHREPLY_MAX,
	    "%sAuth-Status: OK\r\nAuth-Server: %s\r\nAuth-Port: %u\r\n", head_ok, route->server,
	    (unsigned)route->port);

	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]) && len < AUTHREPLY_MAX;
	     i++) {
		if (optional[i].value == NULL || optional[i].value[0] == '\0')
			continue;
		if (!authreply_is_value(optional[i].value))
			return 0;
		len += snprintf(out + len, AUTHREPLY_MAX - (size_t)len, "%s: %s\r\n",
		    optional[i].name, optional[i].value);
	}
	if (len < AUTHREPLY_MAX)
		len += snprintf(out + len, AUTHREPLY_MAX - (size_t)len, "\r\n");
	/* snprintf needs room for a NUL, so that the longest answer is one byte short of nginx's. */
	return len < AUTHREPLY_MAX ? (size_t)len : 0;
}
