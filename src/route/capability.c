#include "capability.h"

#include <string.h>
#include <strings.h>

/* What is sent: the tag is ours, the second command is not waited for. */
static const char ask_imap[] = "a CAPABILITY\r\n";
static const char end_imap[] = "b LOGOUT\r\n";
static const char ask_pop3[] = "CAPA\r\n";
static const char end_pop3[] = "QUIT\r\n";

/*
 * Of what comes before or with the login: it is the proxy that the client talks to then. TLS and
 * SASL the proxies announce by themselves, from their own settings; nginx 1.22 knows no ID, no
 * initial response and no literals without a pause. A set of names ends in NULL; one that ends in
 * "=" stands for all that begin like this.
 */
static const char *const imap_of_proxy[] = {"STARTTLS", "LOGINDISABLED", "AUTH=", "SASL-IR",
    "LOGIN-REFERRALS", "LITERAL+", "LITERAL-", "ID", "PREAUTH", NULL};
static const char *const pop3_of_proxy[] = {"STLS", "SASL", "APOP", "IMPLEMENTATION", NULL};

void
capability_start(struct capability *capability)
{
	memset(capability, 0, sizeof(*capability));
}

static void
fail(struct capability *capability, const char *why)
{
	capability->state = CAPABILITY_FAILED;
	capability->why = why;
	capability->send = NULL;
}

/* One name goes into the set once; with bytes that have no place in a configuration it does not. */
static void
add(struct capability_set *set, const char *name, size_t len)
{
	if (len == 0 || len >= CAPABILITY_SIZE || set->count == CAPABILITY_MAX)
		return;
	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~' || strchr("\"\\;{}$#", name[i]) != NULL)
			return;
	for (size_t i = 0; i < set->count; i++)
		if (strlen(set->names[i]) == len && strncasecmp(set->names[i], name, len) == 0)
			return;
	memcpy(set->names[set->count], name, len);
	set->names[set->count++][len] = '\0';
}

/* Does the line begin with this word, in whatever case? Returns what follows it, or NULL. */
static const char *
after(const char *line, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	if (len < word_len || strncasecmp(line, word, word_len) != 0 ||
	    (len > word_len && line[word_len] != ' '))
		return NULL;
	return line + word_len;
}

static void
add_words(struct capability_set *set, const char *text, const char *end)
{
	while (text < end) {
		const char *space = memchr(text, ' ', (size_t)(end - text));
		const char *stop = space == NULL ? end : space;

		add(set, text, (size_t)(stop - text));
		text = stop + 1;
	}
}

static void
take_greeting(struct capability *capability, const char *line, size_t len)
{
	if (after(line, len, "* OK") != NULL) {
		capability->protocol = CAPABILITY_IMAP;
		capability->send = ask_imap;
	} else if (after(line, len, "+OK") != NULL) {
		capability->protocol = CAPABILITY_POP3;
		capability->send = ask_pop3;
	} else {
		fail(capability, "greets neither as IMAP nor as POP3 server");
		return;
	}
	capability->state = CAPABILITY_ANSWER;
}

static void
done(struct capability *capability, const char *send)
{
	if (capability->set.count == 0) {
		fail(capability, "names no capabilities");
		return;
	}
	capability->state = CAPABILITY_DONE;
	capability->send = send;
}

static void
take_answer(struct capability *capability, const char *line, size_t len)
{
	const char *rest;

	if (capability->protocol == CAPABILITY_POP3) {
		if (after(line, len, "+OK") != NULL)
			capability->state = CAPABILITY_LIST;
		else
			fail(capability, "does not know CAPA");
	} else if ((rest = after(line, len, "* CAPABILITY")) != NULL) {
		add_words(&capability->set, rest, line + len);
	} else if (after(line, len, "a OK") != NULL) {
		done(capability, end_imap);
	} else if (len >= 2 && line[0] == 'a' && line[1] == ' ') {
		fail(capability, "refuses CAPABILITY");
	} else if (after(line, len, "* BYE") != NULL) {
		fail(capability, "says BYE");
	}
}

static void
take_line(struct capability *capability, const char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	switch (capability->state) {
	case CAPABILITY_GREETING:
		take_greeting(capability, line, len);
		break;
	case CAPABILITY_ANSWER:
		take_answer(capability, line, len);
		break;
	case CAPABILITY_LIST:
		/* RFC 2449 5: one a line, maybe with parameters. */
		if (len == 1 && line[0] == '.')
			done(capability, end_pop3);
		else
			add(&capability->set, line, len);
		break;
	case CAPABILITY_DONE:
	case CAPABILITY_FAILED:
		break;
	}
}

void
capability_push(struct capability *capability, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len && capability->state < CAPABILITY_DONE; i++) {
		if (++capability->total > CAPABILITY_BYTES_MAX) {
			fail(capability, "says too much");
		} else if (bytes[i] == '\n') {
			take_line(capability, capability->line, capability->used);
			capability->used = 0;
		} else if (capability->used == sizeof(capability->line)) {
			fail(capability, "sends a line that is too long");
		} else {
			capability->line[capability->used++] = bytes[i];
		}
	}
}

bool
capability_is_of_proxy(enum capability_protocol protocol, const char *name)
{
	const char *const *set = protocol == CAPABILITY_IMAP ? imap_of_proxy : pop3_of_proxy;

	for (; *set != NULL; set++) {
		size_t len = strlen(*set);

		if (strncasecmp(name, *set, len) == 0 &&
		    ((*set)[len - 1] == '=' || name[len] == '\0' || name[len] == ' '))
			return true;
	}
	return false;
}

static bool
has(const struct capability_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcasecmp(set->names[i], name) == 0)
			return true;
	return false;
}

void
capability_intersect(struct capability_set *common, const struct capability_set *other)
{
	size_t kept = 0;

	for (size_t i = 0; i < common->count; i++) {
		if (!has(other, common->names[i]))
			continue;
		if (kept != i)
			memcpy(common->names[kept], common->names[i], CAPABILITY_SIZE);
		kept++;
	}
	common->count = kept;
}
