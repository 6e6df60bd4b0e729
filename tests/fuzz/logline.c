/*
 * Any line against the shipped patterns, all of them in use: what is taken for a login has one
 * address that may be marked, and the address and the user are where the line has them.
 *
 * And forged lines: the first byte chooses a line that each daemon writes for a login that failed,
 * and the rest is what a stranger gave for a user name, without line feeds. None may be a login.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/loglines.h"
#include "relay/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PATTERNS "data/relaylog.patterns"

/* "%s" is the stranger's text. */
static const char *const failed[] = {
    "Nov 21 04:28:41 mx pop3d: LOGIN FAILED, user=%s, ip=[::ffff:192.0.2.44], port=[50380]",
    "Nov 21 04:28:41 mx imapd: LOGIN FAILED, method=PLAIN, ip=[::ffff:192.0.2.44]%s",
    "Nov 21 04:28:41 mx dovecot: imap-login: Disconnected: Aborted login by logging out (auth "
    "failed, 1 attempts in 2 secs): user=<%s>, method=PLAIN, rip=192.0.2.46, lip=192.0.2.1, "
    "session=<jW9xzMFgHO1/AAAB>",
    "Nov 21 04:28:41 mx dovecot: auth: passwd-file(%s,192.0.2.46,<jW9xzMFgHO1/AAAB>): unknown "
    "user",
    "Nov 21 04:28:41 mx ipop3d[321]: Login failed user=%s auth=x host=pc [192.0.2.44]",
    "Nov 21 04:28:41 mx imapd[321]: Login failed user=x auth=x host=%s [192.0.2.44]",
    "Nov 21 04:28:41 mx vpopmail[7]: vchkpw-pop3: vpopmail user not found %s:192.0.2.45",
    "Nov 21 04:28:41 mx vpopmail[7]: vchkpw-pop3: password fail (pass: '%s') "
    "joe@x.org:192.0.2.45",
    "Nov 21 04:28:41 mx cyrus/imap[9]: badlogin: pc [192.0.2.44] plaintext %s SASL(-13): no",
    "Nov 21 04:28:41 mx cyrus/imap[9]: login: pc [192.0.2.44] anonymous %s",
    "Nov 21 04:28:41 mx popper[9]: %s at pc.example.net (192.0.2.44): -ERR [AUTH] failed",
    "Nov 21 04:28:41 mx popper[9]: [AUTH] Failed attempted login to %s from host (pc) "
    "192.0.2.4",
    "Nov 21 04:28:41 mx perdition[24930]: Auth: 192.0.2.44:52426->127.0.0.1:15210 "
    "client-secure=plaintext authorisation_id=NONE authentication_id=\"%s\" "
    "server=\"127.0.0.1:15110\" protocol=POP3 server-secure=plaintext "
    "status=\"failed: Re-Authentication Failure\"",
    "Nov 21 04:28:41 mx nginx: 2026/11/21 04:28:41 [info] 1#1: *1 client login failed: "
    "\"Invalid\" while in http auth "
    "state, client: 192.0.2.44, server: 127.0.0.1:143, login: \"%s\"",
    "Nov 21 04:28:41 mx nginx: 2026/11/21 04:28:41 [info] 1#1: *1 client logged in, client: "
    "192.0.2.44, server: 0.0.0.0:25, login: \"%s\", upstream: 127.0.0.1:2525",
    "Nov 21 04:28:41 mx sshd[5]: Invalid user %s from 192.0.2.44 port 5",
    "Nov 21 04:28:41 mx %s",
};

static struct patterns *patterns;

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
trouble(const char *file, unsigned line, const char *reason)
{
	fprintf(stderr, "%s:%u: %s\n", file, line, reason);
	abort();
}

static void
test_line(const char *tag, const char *line, size_t len)
{
	struct match_terms terms = {.patterns = patterns, .tag = tag, .loopback = true};
	struct match match;
	char again[RELAYADDRESS_SIZE];
	char *copy = malloc(len == 0 ? 1 : len);
	enum match_result result;

	if (len > 0)
		memcpy(copy, line, len);
	result = match_line(&match, &terms, copy, len, true);
	check(result == MATCH_NONE || result == MATCH_UNSAFE);
	result = match_line(&match, &terms, copy, len, false);
	if (result == MATCH_LOGIN || result == MATCH_REFUSED) {
		check(match.by.ip >= copy && match.by.ip + match.by.ip_len <= copy + len);
		check(match.by.user >= copy && match.by.user + match.by.user_len <= copy + len);
	}
	if (result == MATCH_LOGIN) {
		check(relayaddress_normalise(again, match.address, strlen(match.address)) ==
		    NULL);
		check(strcmp(again, match.address) == 0);
		for (size_t i = 0; i < match.by.user_len; i++)
			check((unsigned char)match.by.user[i] > ' ');
	}
	free(copy);
}

static void
test_forged(unsigned which, const char *text, size_t len)
{
	struct match_terms terms = {.patterns = patterns, .loopback = true};
	const char *form = failed[which % (sizeof(failed) / sizeof(failed[0]))];
	const char *place = strstr(form, "%s");
	size_t before = (size_t)(place - form), after = strlen(place + 2);
	char *line = malloc(before + len + after + 1);
	struct match match;
	bool host_alone = before > 0 && place[2] == '\0' && strncmp(place - 3, "mx ", 3) == 0;

	memcpy(line, form, before);
	memcpy(line + before, text, len);
	memcpy(line + before + len, place + 2, after);
	/* Whoever chooses the tag is the daemon itself. */
	if (!host_alone)
		check(match_line(&match, &terms, line, before + len + after, false) !=
		    MATCH_LOGIN);
	free(line);
}

/* The text some times over, and the end of a line: cut or whole, it is what was fed. */
static void
test_stream(unsigned times, const char *text, size_t len)
{
	struct match_terms terms = {.patterns = patterns, .loopback = true};
	static struct loglines lines;
	struct loglines_line line;
	struct match match;
	size_t total = 0, at = 0;

	for (unsigned i = 0; i <= times; i++) {
		loglines_feed(&lines, i < times ? text : "\n", i < times ? len : 1);
		total += i < times ? len : 1;
		while (loglines_next(&lines, &line)) {
			check(line.cut ? line.len == LOGLINES_MAX : line.len <= LOGLINES_MAX);
			for (size_t n = 0; n < line.len; n++)
				check(line.text[n] == text[(at + n) % len]);
			(void)match_line(&match, &terms, line.text, line.len, line.cut);
			for (at += line.len;
			     line.cut && text[at % len] != '\n' && at + 1 < total;)
				at++;
			at++;
		}
	}
	check(at == total);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (patterns == NULL) {
		patterns = patterns_new();
		check(patterns != NULL && patterns_read(patterns, PATTERNS, trouble) == 0);
	}
	/* The lines of doubtful daemons are not in it: they are off because they can be forged. */
	if (size == 0)
		return 0;
	if (memchr(text, '\n', size - 1) == NULL)
		test_forged(data[0], text, size - 1);
	if (size > 1)
		test_stream(data[0] % 7, text, size - 1);
	patterns_choose_everything(patterns);
	test_line(NULL, text, size - 1);
	test_line(data[0] & 1 ? "dovecot" : "imapd", text, size - 1);
	check(patterns_choose(
		  patterns, "-qpopper2,-teapop,-solid-pop3d,-gnu-pop3d,-vm-pop3d") == NULL);
	return 0;
}
