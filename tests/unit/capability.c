/* What servers say they can do, in pieces of any size, and what of that is common. */
#include "route/common.h"

#include <stdlib.h>

#include "tap.h"

static struct capability capability;

/* Pushes it in pieces and notes what is sent meanwhile. */
static const char *
hear(const char *bytes, size_t piece)
{
	static char got[8192];
	size_t len = strlen(bytes);

	got[0] = '\0';
	capability_start(&capability);
	for (size_t at = 0, part; at < len; at += part) {
		const char *end = memchr(bytes + at, '\n', len - at);

		/* A server answers line by line. */
		part = end == NULL ? len - at : (size_t)(end - bytes) + 1 - at;
		part = part < piece ? part : piece;
		capability_push(&capability, bytes + at, part);
		if (capability.send != NULL) {
			strcat(got, capability.send);
			capability.send = NULL;
		}
	}
	strcat(got,
	    capability.state == CAPABILITY_DONE         ? "done:"
		: capability.state == CAPABILITY_FAILED ? capability.why
							: "more");
	for (size_t i = 0; capability.state == CAPABILITY_DONE && i < capability.set.count;
	     i++) {
		strcat(got, i == 0 ? " " : ",");
		strcat(got, capability.set.names[i]);
	}
	return got;
}

static void
says(const char *bytes, const char *want, const char *name)
{
	is_str(hear(bytes, 8192), want, name);
	is_str(hear(bytes, 1), want, name);
}

#define ASKED_IMAP "a CAPABILITY\r\n"

static void
test_servers(void)
{
	says("* OK hello\r\n* CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN\r\na OK done\r\n",
	    ASKED_IMAP "b LOGOUT\r\ndone: IMAP4rev1,IDLE,AUTH=PLAIN", "IMAP");
	says("* OK\n* capability IMAP4rev1  IDLE idle\n* 3 EXISTS\na ok\n",
	    ASKED_IMAP "b LOGOUT\r\ndone: IMAP4rev1,IDLE", "LF alone, case, twice");
	says("+OK hi\r\n+OK list\r\nTOP\r\nSASL PLAIN LOGIN\r\nEXPIRE 60\r\n.\r\n",
	    "CAPA\r\nQUIT\r\ndone: TOP,SASL PLAIN LOGIN,EXPIRE 60", "POP3");
	says("+OK hi\r\n-ERR what\r\n", "CAPA\r\ndoes not know CAPA", "POP3 without CAPA");
	says("* OK hi\r\na BAD what\r\n", ASKED_IMAP "refuses CAPABILITY", "IMAP without");
	says("* OK hi\r\na OK\r\n", ASKED_IMAP "names no capabilities", "none");
	says("* OK hi\r\n* BYE full\r\n", ASKED_IMAP "says BYE", "BYE");
	says("220 mx ESMTP\r\n", "greets neither as IMAP nor as POP3 server", "SMTP");
	says("* BYE go away\r\n", "greets neither as IMAP nor as POP3 server", "BYE at once");
	says("* OK hi\r\n* CAPABILITY A\r\n", ASKED_IMAP "more", "not yet");
	says("* OK hi\r\n* CAPABILITY A \"q\" B;x {3} C\x01 \xc3\xbc D\r\na OK\r\n",
	    ASKED_IMAP "b LOGOUT\r\ndone: A,D", "what has no place in a configuration");
}

static void
test_limits(void)
{
	char *bytes = malloc(200000);
	size_t len;

	if (bytes == NULL)
		exit(1);
	len = (size_t)sprintf(bytes, "* OK ");
	memset(bytes + len, 'x', 5000);
	bytes[len + 5000] = '\0';
	is_str(hear(bytes, 8192), "sends a line that is too long", "a line without end");
	len = (size_t)sprintf(bytes, "+OK\r\n+OK\r\n");
	while (len < 100000)
		len += (size_t)sprintf(bytes + len, "C%zu\r\n", len);
	is_str(hear(bytes, 8192), "CAPA\r\nsays too much", "a list without end");
	is_int((long long)capability.set.count, CAPABILITY_MAX, "so many are kept");
	free(bytes);
}

static void
common_is(const char *const *servers, const char *want, const char *name)
{
	struct common common = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (; *servers != NULL; servers++) {
		hear(*servers, 8192);
		common_add(&common, &capability);
	}
	common_print(&common, out);
	fclose(out);
	is_str(text, want, name);
	free(text);
}

static void
test_common(void)
{
	static const char *const imap[] = {"* OK\r\n* CAPABILITY IMAP4rev1 IDLE STARTTLS "
					   "AUTH=PLAIN QUOTA ID LITERAL+\r\na OK\r\n",
	    "* OK\r\n* CAPABILITY QUOTA imap4rev1 NAMESPACE ID AUTH=PLAIN LITERAL+\r\na OK\r\n",
	    NULL};
	static const char *const pop3[] = {"+OK\r\n+OK\r\nTOP\r\nUIDL\r\nSTLS\r\nUSER\r\n.\r\n",
	    "+OK\r\n+OK\r\nUIDL\r\nPIPELINING\r\nTOP\r\nSASL\r\n.\r\n", NULL};
	static const char *const none[] = {NULL};

	common_is(imap,
	    "# IMAP: what all of 2 servers can do\n# nginx, mail { }:\n"
	    "imap_capabilities \"IMAP4rev1\" \"QUOTA\";\n"
	    "# Perdition, perdition.conf:\nimap_capability \"IMAP4rev1 QUOTA\"\n",
	    "common to two of IMAP");
	common_is(pop3,
	    "# POP3: what all of 2 servers can do\n# nginx, mail { }:\n"
	    "pop3_capabilities \"USER\" \"TOP\" \"UIDL\";\n"
	    "# Perdition, perdition.conf:\npop_capability \"USER.TOP.UIDL\"\n",
	    "common to two of POP3");
	common_is(none, "", "nobody has answered");
}

int
main(void)
{
	test_servers();
	test_limits();
	test_common();
	return tap_done();
}
