/*
 * What replies say: those of tests/data/replies.tsv, and the rules that hold for all of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "rcpt/classify.h"
#include "tap.h"

#define OWN_IP "192.0.2.9"

/* The finding for the bytes of a reply to RCPT TO:<path>; garbage and what is not whole is
 * temporary. */
static enum finding
classify(const char *bytes, size_t len, const char *path, const char *own_ip, bool needs_utf8)
{
	struct classify_question question = {path, own_ip, needs_utf8};
	static struct reply reply;
	size_t used;

	reply_start(&reply);
	if (reply_feed(&reply, bytes, len, &used) != REPLY_WHOLE || used != len)
		return FINDING_TEMPORARY;
	return classify_rcpt(&reply, &question);
}

static enum finding
classify_text(const char *text, const char *own_ip)
{
	char bytes[8192];
	int len = snprintf(bytes, sizeof(bytes), "%s\r\n", text);

	return classify(bytes, (size_t)len, "nobody@example.com", own_ip, false);
}

/* Replaces \n, \t and \xHH in place; returns the length. */
static size_t
unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p != '\0';) {
		unsigned byte;

		if (p[0] == '\\' && p[1] == 'n') {
			*out++ = '\r';
			*out++ = '\n';
			p += 2;
		} else if (p[0] == '\\' && p[1] == 't') {
			*out++ = '\t';
			p += 2;
		} else if (p[0] == '\\' && p[1] == 'x' && sscanf(p + 2, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			p += 4;
		} else {
			*out++ = *p++;
		}
	}
	*out = '\0';
	return (size_t)(out - text);
}

static void
test_file(const char *name)
{
	FILE *file = fopen(name, "r");
	char line[4096];
	int number = 0, rows = 0;

	if (!ok(file != NULL, "%s is there", name))
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		char *column[4], *rest = line, shown[80];
		enum finding want, got;
		size_t len;
		int count = 0;

		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		while (count < 4 && rest != NULL)
			column[count++] = strsep(&rest, "\t");
		if (count != 4 || rest != NULL || !finding_parse(&want, column[0])) {
			ok(false, "line %d has four columns", number);
			continue;
		}
		rows++;
		snprintf(shown, sizeof(shown), "%.75s", column[3]);
		for (char *p = shown; *p != '\0'; p++)
			if (*p == '#')
				*p = '*'; /* TAP knows directives behind a sharp */
		unescape(column[2]);
		len = unescape(column[3]);
		memcpy(column[3] + len, "\r\n", 2);
		got = classify(
		    column[3], len + 2, column[2], OWN_IP, strcmp(column[1], "utf8") == 0);
		if (!ok(got == want, "%d: %s: %s", number, finding_name(want), shown))
			printf("#   got %s\n", finding_name(got));
	}
	fclose(file);
	ok(rows > 300, "%d replies were read", rows);
}

/*
 * The table again, as rules in the order in which the first that fits decides. Details are
 * compared from "from" to "to".
 */
struct rule {
	const char *codes; /* "" is any */
	int class, subject, from, to;
	enum finding finding;
};

#define ANY  -1, -1, 0, 0
#define NONE 0, -1, 0, 0

static const struct rule rules[] = {
    {"552", ANY, FINDING_TEMPORARY},
    {"500 502 503 504 555 521 523 530 534 535 538 556", ANY, FINDING_POLICY},
    {"550 551 553", NONE, FINDING_UNKNOWN},
    {"554", NONE, FINDING_AMBIGUOUS},
    {"", NONE, FINDING_POLICY},
    {"", 2, -1, 0, 999, FINDING_TEMPORARY},
    {"", 4, -1, 0, 999, FINDING_TEMPORARY},
    {"550 551 553", 5, 0, 0, 0, FINDING_UNKNOWN},
    {"554", 5, 0, 0, 0, FINDING_AMBIGUOUS},
    {"550 551 553", 5, 1, 0, 0, FINDING_UNKNOWN},
    {"", 5, 1, 0, 0, FINDING_AMBIGUOUS},
    {"", 5, 1, 1, 1, FINDING_UNKNOWN},
    {"", 5, 1, 3, 3, FINDING_UNKNOWN},
    {"", 5, 1, 6, 6, FINDING_UNKNOWN},
    {"", 5, 1, 10, 10, FINDING_UNKNOWN},
    {"", 5, 2, 0, 1, FINDING_REFUSED},
    {"", 5, 2, 2, 999, FINDING_TEMPORARY},
    {"", 5, 3, 0, 0, FINDING_AMBIGUOUS},
    {"", 5, 4, 1, 1, FINDING_AMBIGUOUS},
    {"550 551 553", 5, 5, 0, 0, FINDING_UNKNOWN},
    {"", 5, 5, 3, 3, FINDING_TEMPORARY},
    {"", 5, 7, 1, 1, FINDING_AMBIGUOUS},
    {"", ANY, FINDING_POLICY},
};

static enum finding
by_rules(int code, int class, int subject, int detail)
{
	char text[8];

	snprintf(text, sizeof(text), "%d", code);
	for (const struct rule *rule = rules;; rule++) {
		if (rule->codes[0] != '\0' && strstr(rule->codes, text) == NULL)
			continue;
		if (rule->class == -1)
			return rule->finding;
		if (rule->class != class)
			continue;
		if (class == 0 ||
		    ((rule->subject == -1 || rule->subject == subject) &&
			detail >= rule->from && detail <= rule->to))
			return rule->finding;
	}
}

/* Every reply code with every status code: nothing outside the rules is a "no". */
static void
test_sweep(void)
{
	long wrong = 0, replies = 0;
	char text[64];

	for (int code = 500; code < 600; code++) {
		snprintf(text, sizeof(text), "%d", code);
		wrong += classify_text(text, "") != by_rules(code, 0, 0, 0);
		for (int class = 2; class <= 5; class += 1 + (class == 2)) {
			for (int subject = 0; subject < 12; subject++) {
				for (int detail = 0; detail < 130; detail++, replies++) {
					snprintf(text, sizeof(text), "%d %d.%d.%d user", code,
					    class, subject, detail);
					if (classify_text(text, "") !=
						by_rules(code, class, subject, detail) &&
					    wrong++ < 5)
						printf("#   %s\n", text);
				}
			}
		}
	}
	ok(wrong == 0, "%ld pairs of codes are classified by the rules", replies);
	wrong = 0;
	for (int code = 200; code < 500; code++) {
		enum finding want =
		    code < 300 && code != 252 ? FINDING_EXISTS : FINDING_TEMPORARY;

		snprintf(text, sizeof(text), "%d 5.1.1 no such user", code);
		wrong += classify_text(text, "") != want;
	}
	is_int(wrong, 0, "no code below 500 is a no, whatever is behind it");
}

static void
test_before_rcpt(void)
{
	struct reply reply;
	bool good = true;

	reply_start(&reply);
	strcpy(reply.enhanced, "5.1.1");
	for (reply.code = 300; reply.code < 600; reply.code++)
		good = good &&
		    classify_before_rcpt(&reply) ==
			(reply.code < 500 ? FINDING_TEMPORARY : FINDING_POLICY);
	ok(good, "before RCPT no code is about the user");
}

static void
test_text(void)
{
	char text[4000], *p = text;

	is_int(classify_text("550 no such user at 2001:db8::9", "2001:db8::9"), FINDING_POLICY,
	    "our own IPv6 address is a word about us");
	p += sprintf(p, "550 no such user");
	memset(p, '.', 2000);
	strcpy(p + 2000, " blocked");
	is_int(
	    classify_text(text, ""), FINDING_POLICY, "a text too long to be kept is no proof");
	p = text;
	for (int i = 0; i < 60; i++)
		p += sprintf(p, "550-....................................................\r\n");
	strcpy(p, "550 no such user");
	is_int(classify_text(text, ""), FINDING_UNKNOWN, "a long one of many lines is read");
	memset(text, 0, sizeof(text));
	strcpy(text, "550 nobody@example.com");
	for (int i = 0; i < 40; i++)
		strcat(text, "nobody@example.com");
	is_int(classify_text(text, ""), FINDING_UNKNOWN, "every echo is taken out");
	strcat(text, "blocked");
	is_int(classify_text(text, ""), FINDING_POLICY, "and nothing else");
}

/* What is ambiguous and may be about all users but a role, and what may not. */
static void
test_may_be_policy(void)
{
	static const struct {
		const char *text;
		bool may;
	} rows[] = {
	    {"550 5.7.1 Message rejected by policy", true},
	    {"554 5.7.1 <nobody@example.com>: Recipient address rejected: Access denied", true},
	    {"550 5.7.1 Access denied", true},
	    {"550 5.7.1 Rejected due to content restrictions", true},
	    {"554 5.7.1 Rejected by policy", true},
	    {"550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", true},
	    {"550 5.1.0 Denied by policy", true},
	    {"550 5.1.0 you are blocked", true},
	    {"550-5.7.1 rejected\r\n550 5.7.1 not permitted", true},
	    {"550 5.7.1 no", false},
	    {"550 5.7.1 no such user", false},
	    {"550 5.7.1 <nobody@example.com>: no", false},
	    {"554 transaction failed", false},
	    {"550 rejected", false},
	};
	struct classify_question denied = {"access-denied@policy.example", "", false};
	struct classify_question question = {"nobody@example.com", "", false};
	static struct reply reply;
	char bytes[200];
	size_t used;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int len = snprintf(bytes, sizeof(bytes), "%s\r\n", rows[i].text);

		reply_start(&reply);
		ok(reply_feed(&reply, bytes, (size_t)len, &used) == REPLY_WHOLE &&
			classify_rcpt(&reply, &question) == FINDING_AMBIGUOUS &&
			classify_may_be_policy(&reply, &question) == rows[i].may,
		    "%.*s is %sproven by a role", (int)strcspn(rows[i].text, "\r"),
		    rows[i].text, rows[i].may ? "not " : "");
	}
	strcpy(bytes, "550 5.7.1 <access-denied@policy.example> no, not at policy.example\r\n");
	reply_start(&reply);
	ok(reply_feed(&reply, bytes, strlen(bytes), &used) == REPLY_WHOLE &&
		!classify_may_be_policy(&reply, &denied),
	    "the echo of an address is no word about policy");
}

int
main(int argc, char **argv)
{
	test_file(argc > 1 ? argv[1] : "tests/data/replies.tsv");
	test_sweep();
	test_before_rcpt();
	test_text();
	test_may_be_policy();
	return tap_done();
}
