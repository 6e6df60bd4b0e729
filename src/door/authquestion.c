#include "authquestion.h"

#include <arpa/inet.h>
#include <string.h>

#include "wrapcommand.h"

_Static_assert(sizeof(((struct authquestion *)0)->recipient) >= WRAPCOMMAND_PATH_SIZE,
    "a path of a command must fit");

static const char *const protocols[] = {
    [AUTHQUESTION_IMAP] = "imap",
    [AUTHQUESTION_POP3] = "pop3",
    [AUTHQUESTION_SMTP] = "smtp",
};

static const char *const methods[] = {
    [AUTHQUESTION_PLAIN] = "plain",
    [AUTHQUESTION_APOP] = "apop",
    [AUTHQUESTION_CRAM_MD5] = "cram-md5",
    [AUTHQUESTION_EXTERNAL] = "external",
    [AUTHQUESTION_NONE] = "none",
};

const char *
authquestion_protocol_name(enum authquestion_protocol protocol)
{
	return protocols[protocol];
}

const char *
authquestion_method_name(enum authquestion_method method)
{
	return methods[method];
}

/* The number of a header's value in a list; -1: none of them, or no such header. */
static int
choice(
    const struct httprequest *request, const char *name, const char *const *list, size_t count)
{
	const struct httpheader *header = httprequest_find(request, name);

	for (size_t i = 0; header != NULL && i < count; i++)
		if (bytes_match(header->value, header->len, list[i]))
			return (int)i;
	return -1;
}

/* An unescaped value without NUL; that of no header is "". */
static bool
text(char *out, size_t size, const struct httprequest *request, const char *name)
{
	const struct httpheader *header = httprequest_find(request, name);
	long len = header != NULL ? httprequest_unescape(out, size - 1, header) : 0;

	if (len == -1 || memchr(out, '\0', (size_t)len) != NULL)
		return false;
	out[len] = '\0';
	return true;
}

static unsigned
number(const struct httpheader *header)
{
	unsigned value = 0;

	for (size_t i = 0; header != NULL && i < header->len; i++) {
		if (header->value[i] < '0' || header->value[i] > '9' || value > 100000)
			return 0;
		value = value * 10 + (unsigned)(header->value[i] - '0');
	}
	return value;
}

static void
read_client(struct authquestion *question, const struct httprequest *request)
{
	const struct httpheader *header = httprequest_find(request, "Client-IP");
	unsigned char address[16];

	if (header == NULL || header->len > AUTHQUESTION_ADDRESS_MAX)
		return;
	memcpy(question->client, header->value, header->len);
	if (inet_pton(AF_INET, question->client, address) != 1 &&
	    inet_pton(AF_INET6, question->client, address) != 1)
		memset(question->client, 0, sizeof(question->client));
}

static bool
printable(const char *user)
{
	for (; *user != '\0'; user++)
		if ((unsigned char)*user < ' ' || *user == 0x7f)
			return false;
	return true;
}

/* The commands of the client are there as it sent them. */
static void
read_envelope(struct authquestion *question, const struct httprequest *request)
{
	const struct httpheader *from = httprequest_find(request, "Auth-SMTP-From");
	const struct httpheader *to = httprequest_find(request, "Auth-SMTP-To");

	question->has_recipient = to != NULL &&
	    wrapcommand_parse(to->value, to->len) == WRAPCOMMAND_RCPT &&
	    wrapcommand_path(question->recipient, to->value, to->len, "TO") &&
	    question->recipient[0] != '\0';
	question->has_sender = from != NULL &&
	    wrapcommand_parse(from->value, from->len) == WRAPCOMMAND_MAIL &&
	    wrapcommand_path(question->sender, from->value, from->len, "FROM");
}

const char *
authquestion_read(struct authquestion *question, const struct httprequest *request)
{
	static const char verified[] = "SUCCESS";
	const struct httpheader *verify = httprequest_find(request, "Auth-SSL-Verify");
	int protocol =
	    choice(request, "Auth-Protocol", protocols, sizeof(protocols) / sizeof(*protocols));
	int method =
	    choice(request, "Auth-Method", methods, sizeof(methods) / sizeof(*methods));
	const struct httpheader *attempt = httprequest_find(request, "Auth-Login-Attempt");

	memset(question, 0, sizeof(*question));
	question->key = httprequest_find(request, "X-Auth-Key");
	question->attempt = number(attempt);
	read_client(question, request);
	if (protocol == -1)
		return "no Auth-Protocol of imap, pop3 or smtp";
	question->protocol = (enum authquestion_protocol)protocol;
	if (method == -1) {
		const struct httpheader *header = httprequest_find(request, "Auth-Method");

		if (header == NULL || !bytes_match(header->value, header->len, "login"))
			return "an Auth-Method that is not known";
		method = AUTHQUESTION_PLAIN;
	}
	question->method = (enum authquestion_method)method;
	if (question->method == AUTHQUESTION_NONE && question->protocol != AUTHQUESTION_SMTP)
		return "Auth-Method none for what is not smtp";
	if (question->method == AUTHQUESTION_APOP && question->protocol != AUTHQUESTION_POP3)
		return "Auth-Method apop for what is not pop3";
	if (!text(question->user, sizeof(question->user), request, "Auth-User") ||
	    !printable(question->user))
		return "an Auth-User that no user has";
	if (!text(question->pass, sizeof(question->pass), request, "Auth-Pass"))
		return "an Auth-Pass that is too long, or has a NUL";
	if (!text(question->salt, sizeof(question->salt), request, "Auth-Salt"))
		return "an Auth-Salt that is too long, or has a NUL";
	question->verified =
	    verify != NULL && bytes_match(verify->value, verify->len, verified);
	question->subject = httprequest_find(request, "Auth-SSL-Subject");
	if (question->method == AUTHQUESTION_NONE)
		read_envelope(question, request);
	else if (question->user[0] == '\0')
		return "no Auth-User";
	return NULL;
}
