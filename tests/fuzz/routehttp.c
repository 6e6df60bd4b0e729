/*
 * Any bytes as a request to routehttp. The first byte is the size of the pieces in which the rest comes, and
 * says what the user's secret is; a byte 1 stands for 1,500 letters. Whatever comes:
 *
 *	the pieces make no difference
 *	no value of a header has bytes that could end it
 *	each answer is whole, of one form, and of 1,024 bytes at most
 *	nobody is let in without the password, the digest or a trusted certificate, and none who was is denied
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "door/authdigest.h"
#include "door/authmail.h"
#include "door/authreply.h"
#include "route/entry.h"

#define LETTERS 1500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct httprequest request, other;
static struct authquestion question;

static void
check(bool good)
{
	if (!good)
		abort();
}

/* Feeds all of it, and then its end. */
static void
feed(struct httprequest *to, const char *bytes, size_t len, size_t piece)
{
	httprequest_clear(to);
	while (to->state == HTTPREQUEST_MORE && len > 0) {
		size_t room, n = len < piece ? len : piece;
		char *at = httprequest_room(to, &room);

		check(room > 0);
		n = n < room ? n : room;
		memcpy(at, bytes, n);
		(void)httprequest_take(to, n);
		bytes += n;
		len -= n;
	}
	if (to->state == HTTPREQUEST_MORE)
		(void)httprequest_take(to, 0);
	check(to->state != HTTPREQUEST_MORE);
	check((to->state == HTTPREQUEST_BAD) == (to->trouble != NULL));
}

static void
check_headers(void)
{
	for (size_t i = 0; i < request.count; i++) {
		const struct httpheader *header = &request.headers[i];

		check(header->name_len > 0 &&
		    memchr(header->name, ':', header->name_len) == NULL);
		for (size_t j = 0; j < header->len; j++)
			check(header->value[j] != '\r' && header->value[j] != '\n' &&
			    header->value[j] != '\0');
	}
}

/* Lines of printable bytes that end in CR LF, an empty one last and nowhere else. */
static void
check_reply(const char *reply, size_t len, bool ok)
{
	size_t at = 0, lines = 0;

	check(len <= AUTHREPLY_MAX && memmem(reply, len, "\r\nAuth-Status: ", 15) != NULL);
	check((memmem(reply, len, "\r\nAuth-Status: OK\r\n", 19) != NULL) == ok);
	while (at < len) {
		const char *end = memmem(reply + at, len - at, "\r\n", 2);

		check(end != NULL);
		for (const char *c = reply + at; c < end; c++)
			check((unsigned char)*c >= ' ' && *c != 0x7f);
		check((end == reply + at) == (end + 2 == reply + len));
		at = (size_t)(end - reply) + 2;
		lines++;
	}
	check(lines >= 3);
}

static void
check_decision(const struct authmail_decision *decision, const char *secret, bool checkpw)
{
	char hex[AUTHDIGEST_HEX_SIZE];
	bool right = false;

	switch (question.method) {
	case AUTHQUESTION_PLAIN:
		check(decision->step != AUTHMAIL_CHECKPW || checkpw);
		right = secret[0] == '\0' ? question.protocol != AUTHQUESTION_SMTP
					  : strcmp(question.pass, secret) == 0;
		right = right && question.pass[0] != '\0' && !checkpw;
		break;
	case AUTHQUESTION_APOP:
		authdigest_apop(hex, secret, question.salt);
		right = secret[0] != '\0' && question.salt[0] != '\0' &&
		    strcasecmp(hex, question.pass) == 0;
		break;
	case AUTHQUESTION_CRAM_MD5:
		authdigest_cram_md5(hex, secret, question.salt);
		right = secret[0] != '\0' && question.salt[0] != '\0' &&
		    strcasecmp(hex, question.pass) == 0;
		break;
	case AUTHQUESTION_EXTERNAL:
		right = secret[0] != '\0' && question.verified && question.subject != NULL &&
		    memmem(question.subject->value, question.subject->len, question.user,
			strlen(question.user)) != NULL;
		/* Its name may be there and be no attribute's whole value. */
		check(decision->step != AUTHMAIL_ACCEPT || right);
		return;
	case AUTHQUESTION_NONE:
		abort();
	}
	check((decision->step == AUTHMAIL_ACCEPT) == right);
}

/* Where the row is for users of any domain, who was proven to be one of some domain gets no secret. */
static void
check_stranger(const struct authmail_policy *policy, struct route *found)
{
	struct authmail_decision decision;

	found->of_domain = false;
	decision = authmail_login(policy, &question, found);
	if (decision.step == AUTHMAIL_CHECKPW)
		check(decision.withheld != NULL || found->secret[0] == '\0');
	if (question.method == AUTHQUESTION_EXTERNAL)
		check(decision.step != AUTHMAIL_ACCEPT);
}

/* Without a key, and where others than nginx can ask, a certificate opens nothing. */
static void
check_crowd(struct authmail_policy policy, const struct route *found)
{
	struct authmail_decision decision;

	policy.alone = false;
	decision = authmail_login(&policy, &question, found);
	if (question.method == AUTHQUESTION_EXTERNAL)
		check(decision.step == AUTHMAIL_TEMPORARY && !decision.gives_secret);
}

/* Whom the map looks for is the one who asked, but for case and a dot. */
static void
check_wanted(void)
{
	size_t len = strlen(question.user);
	struct wanted wanted;

	if (!wanted_parse(&wanted, question.user, len))
		return;
	check(wanted.len == len || (wanted.len + 1 == len && question.user[wanted.len] == '.'));
	check(wanted.local_len > 0 && strlen(wanted.exact) == wanted.len &&
	    strncasecmp(wanted.exact, question.user, wanted.len) == 0 &&
	    strcasecmp(wanted.exact, wanted.folded) == 0);
	check(wanted.domain == NULL ||
	    (wanted.domain[-1] == '@' && *wanted.domain != '\0' &&
		strchr(wanted.domain, '@') == NULL));
}

static void
decide(const char *secret, bool checkpw)
{
	static struct route found = {
	    .match = ROUTE_ADDRESS, .qualified = true, .of_domain = true, .spelled = true};
	struct authmail_policy policy = {.trusted = true, .alone = true, .checkpw = checkpw};
	struct authmail_decision decision;
	struct authreply_route route = {.server = "2001:db8::1", .port = 143, .pass = secret};
	char reply[AUTHREPLY_MAX];
	size_t len;

	decision = authmail_begin(&policy, &question);
	if (decision.step == AUTHMAIL_LOGIN) {
		check(question.method != AUTHQUESTION_NONE && question.user[0] != '\0');
		strcpy(found.secret, secret);
		found.of_domain = true;
		decision = authmail_login(&policy, &question, &found);
		check_decision(&decision, secret, checkpw);
		check_crowd(policy, &found);
		check_stranger(&policy, &found);
		check_wanted();
		route.user = question.user;
		len = authreply_route(reply, &route);
		if (len > 0)
			check_reply(reply, len, true);
	} else {
		check(question.method == AUTHQUESTION_NONE);
		check((decision.step == AUTHMAIL_RECIPIENT) == question.has_recipient);
	}
	for (int kind = 0; kind <= AUTHREPLY_FOREIGN; kind++) {
		len = authreply_deny(reply, (enum authreply_kind)kind, &question);
		check_reply(reply, len, false);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const secrets[] = {"", "secret", "tanstaaftanstaaf", "%25 x"};
	static char bytes[2 * HTTPREQUEST_SIZE];
	size_t len = 0;

	if (size == 0)
		return 0;
	for (size_t i = 1; i < size && len < sizeof(bytes) - LETTERS; i++) {
		if (data[i] != 1) {
			bytes[len++] = (char)data[i];
			continue;
		}
		memset(bytes + len, 'x', LETTERS);
		len += LETTERS;
	}
	feed(&request, bytes, len, sizeof(bytes));
	feed(&other, bytes, len, 1 + data[0] / 8);
	check(request.state == other.state && request.trouble == other.trouble &&
	    request.count == other.count);
	check_headers();
	if (request.state == HTTPREQUEST_WHOLE &&
	    authquestion_read(&question, &request) == NULL)
		decide(secrets[data[0] % 4], data[0] / 4 % 2 != 0);
	return 0;
}
