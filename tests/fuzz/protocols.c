/*
 * Any bytes as what a mail server says to rcptserve. The first byte names the protocol (c, p, s, v, o, r), the
 * second the verdict of all questions and the size of the pieces in which the rest comes; a byte 1 in
 * it stands for 1,500 letters. Whatever comes:
 *
 *	the pieces make no difference
 *	each question gets one answer, and the answers are whole and of the protocol's form
 *	nobody is refused who was not asked about, or was accepted
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/feed.h"
#include "door/cgp.h"
#include "door/cvm.h"
#include "door/opensmtpd.h"
#include "door/policy.h"
#include "door/relayask.h"
#include "door/relaypolicy.h"
#include "door/socketmap.h"

#define LETTERS 1500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct feed feed;

static void
check(bool good)
{
	if (!good)
		abort();
}

static bool
begins(const char *bytes, size_t len, const char *text)
{
	return len >= strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

/* The next line of what was said, without its end; NULL behind the last. */
static const char *
next_line(size_t *at, size_t *len)
{
	const char *line = feed.out + *at, *end;

	if (*at == feed.out_len)
		return NULL;
	end = memchr(line, '\n', feed.out_len - *at);
	check(end != NULL);
	*len = (size_t)(end - line);
	*at += *len + 1;
	for (size_t i = 0; i < *len; i++)
		check(((unsigned char)line[i] >= ' ' && line[i] != 0x7f));
	return line;
}

static size_t
check_cgp(bool refusing)
{
	size_t at = 0, len, count = 0, refused = 0;
	const char *line, *word;

	while ((line = next_line(&at, &len)) != NULL) {
		word = memchr(line, ' ', len);
		check(word != NULL && word > line && word - line < PROTOCOL_TOKEN_SIZE);
		word++;
		len -= (size_t)(word - line);
		check(begins(word, len, "ROUTED ") || begins(word, len, "FAILURE ") ||
		    begins(word, len, "ERROR ") || begins(word, len, "INTF 3") ||
		    begins(word, len, "OK"));
		refused += begins(word, len, "ERROR no such user");
		count++;
	}
	check(refusing ? refused <= feed.questions : refused == 0);
	return count;
}

static size_t
check_policy(bool refusing)
{
	size_t at = 0, len, count = 0, refused = 0;
	const char *line;

	while ((line = next_line(&at, &len)) != NULL) {
		check(begins(line, len, "action=DUNNO") || begins(line, len, "action=550 ") ||
		    begins(line, len, "action=450 "));
		refused += begins(line, len, "action=550");
		count++;
		line = next_line(&at, &len);
		check(line != NULL && len == 0);
	}
	check(refused == (refusing ? feed.questions : 0));
	return count;
}

/* Of all clients one may relay, and only a request that names it once is answered so. */
static bool
look(const char *address)
{
	return strcmp(address, "192.0.2.1") == 0;
}

static size_t
check_relay(bool refusing)
{
	size_t at = 0, len, count = 0, good = 0;
	const char *line;

	(void)refusing;
	while ((line = next_line(&at, &len)) != NULL) {
		check((len == 9 && begins(line, len, "action=OK")) ||
		    (len == 12 && begins(line, len, "action=DUNNO")));
		good += len == 9;
		count++;
		line = next_line(&at, &len);
		check(line != NULL && len == 0);
	}
	check(feed.questions == 0 && good + feed.troubles <= count);
	return count;
}

static size_t
check_opensmtpd(bool refusing)
{
	size_t at = 0, len, count = 0, refused = 0;
	const char *line;

	while ((line = next_line(&at, &len)) != NULL) {
		if (begins(line, len, "register|")) {
			count += begins(line, len, "register|ready");
			continue;
		}
		check(begins(line, len, "filter-result|"));
		for (int i = 0; i < 3; i++) {
			const char *bar = memchr(line, '|', len);

			check(bar != NULL && bar > line);
			len -= (size_t)(bar + 1 - line);
			line = bar + 1;
		}
		check(begins(line, len, "proceed") || begins(line, len, "reject|550 ") ||
		    begins(line, len, "reject|451 "));
		refused += begins(line, len, "reject|550");
		count++;
	}
	check(refused == (refusing ? feed.questions : 0));
	return count;
}

static size_t
check_socketmap(bool refusing)
{
	size_t at = 0, count = 0, refused = 0;

	while (at < feed.out_len) {
		char *end;
		size_t len = strtoul(feed.out + at, &end, 10);
		const char *text = end + 1;

		check(*end == ':' && len < PROTOCOL_ANSWER_SIZE);
		at = (size_t)(text - feed.out) + len + 1;
		check(at <= feed.out_len && text[len] == ',');
		check(begins(text, len, "OK ") || begins(text, len, "NOTFOUND ") ||
		    begins(text, len, "TEMP ") || begins(text, len, "PERM "));
		refused += begins(text, len, "OK 550");
		count++;
	}
	check(refusing ? refused <= feed.questions : refused == 0);
	return count;
}

static size_t
check_cvm(bool refusing)
{
	size_t len = feed.out_len;
	bool scope;

	if (len == 0) {
		check(feed.taken == TAKEN_GARBAGE && feed.ends == VERDICT_ACCEPT);
		return 0;
	}
	check(len >= 3 && feed.out[len - 1] == 0);
	check((unsigned char)feed.out[0] == verdict_exit_code(feed.ends));
	scope = len > 5 && memcmp(feed.out + len - 4, "\x10\0011", 4) == 0;
	check(feed.ends != VERDICT_REJECT || scope || (refusing && feed.questions == 1));
	return 1;
}

/* Returns false when there was more to say than the feed holds. */
static bool
serve(const char *bytes, size_t len, size_t piece, char kind, int mood)
{
	static const struct protocol *const protocols[] = {&cgp_protocol, &policy_protocol,
	    &socketmap_protocol, &cvm_protocol, &opensmtpd_protocol, &relaypolicy_protocol};
	static size_t (*const checks[])(bool refusing) = {
	    check_cgp, check_policy, check_socketmap, check_cvm, check_opensmtpd, check_relay};
	static const char names[] = "cpsvor";
	const char *name = memchr(names, kind, sizeof(names) - 1);
	size_t number = name != NULL ? (size_t)(name - names) : 0, count;

	relayask_look = look;
	feed_start(&feed, protocols[number]);
	feed.verdict = (enum verdict)(mood % 3);
	feed.why = feed.verdict == VERDICT_ACCEPT && mood % 2 == 0 ? "foreign" : "callout";
	feed.check.record.server_count = 1;
	feed.check.record.servers[0].family = 4;
	(void)feed_bytes(&feed, bytes, len, piece, true);
	if (!feed.overflow) {
		count = checks[number](feed.verdict == VERDICT_REJECT);
		check(count == feed.answers && feed.questions <= feed.answers);
	}
	feed_end(&feed);
	return !feed.overflow;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char bytes[1 << 17], once[sizeof(feed.out)];
	size_t len = 0, once_len, piece;

	if (size < 2)
		return 0;
	for (size_t i = 2; i < size && len + LETTERS < sizeof(bytes); i++) {
		if (data[i] == 1) {
			memset(bytes + len, 'x', LETTERS);
			len += LETTERS;
		} else {
			bytes[len++] = (char)data[i];
		}
	}
	if (!serve(bytes, len, sizeof(bytes), (char)data[0], data[1]))
		return 0;
	once_len = feed.out_len;
	memcpy(once, feed.out, once_len);
	piece = 1 + (size_t)data[1] * 7 % 1000;
	(void)serve(bytes, len, len > 20000 ? 1000 + piece : piece, (char)data[0], data[1]);
	check(once_len == feed.out_len && memcmp(once, feed.out, once_len) == 0);
	return 0;
}
