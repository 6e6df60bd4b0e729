/*
 * The SMTP client: the conversations of tests/data/conversations.txt, each as it is written
 * and, as long as the server waits for its turn, byte by byte.
 */
#include <stdlib.h>

#include "rcpt/smtp.h"
#include "tap.h"

#define LINES_MAX 60

struct conversation {
	char name[120];
	char helo[256], sender[256], path[400], own_ip[64];
	bool needs_utf8, guard, whole, hold;
	size_t count;
	char lines[LINES_MAX][300]; /* S, s, -, C, L, =, A, Q, ! */
	int number;                 /* of its first line in the file */
};

static struct smtp smtp;

/* Reads the next conversation. Returns false at the end of the file. */
static bool
next(FILE *file, struct conversation *c)
{
	static char line[600];
	static int number = 1;
	bool begun = false;

	memset(c, 0, sizeof(*c));
	strcpy(c->helo, "mx2.example");
	strcpy(c->path, "user@example.com");
	for (; line[0] != '\0' || fgets(line, sizeof(line), file) != NULL;
	     line[0] = '\0', number++) {
		char *value = line + 2;

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "# ", 2) == 0) {
			if (begun && c->count > 0)
				return true;
			begun = true;
			c->number = number;
			snprintf(c->name, sizeof(c->name), "%.100s", value);
		} else if (strncmp(line, "? ", 2) == 0) {
			if (strcmp(value, "utf8") == 0)
				c->needs_utf8 = true;
			else if (strcmp(value, "guard") == 0)
				c->guard = true;
			else if (strcmp(value, "whole") == 0)
				c->whole = true;
			else if (strcmp(value, "hold") == 0)
				c->hold = true;
			else if (sscanf(value, "helo %255s", c->helo) != 1 &&
			    sscanf(value, "sender %255s", c->sender) != 1 &&
			    sscanf(value, "path %399[^\n]", c->path) != 1 &&
			    sscanf(value, "own %63s", c->own_ip) != 1)
				ok(false, "%s: '%s' is a condition", c->name, line);
		} else if (line[0] != '\0' && strchr("Ss-CL=AQ!", line[0]) != NULL &&
		    c->count < LINES_MAX) {
			snprintf(c->lines[c->count++], sizeof(c->lines[0]), "%.290s", line);
		} else if (line[0] != '\0' && line[0] != '#') {
			ok(false, "%s: '%s' is a line", c->name, line);
		}
	}
	return c->count > 0;
}

/* Is what the client says now this, and nothing else? */
static bool
says(const char *wanted)
{
	bool good =
	    smtp.out_len == strlen(wanted) && memcmp(smtp.out, wanted, smtp.out_len) == 0;

	if (!good)
		printf("#   said '%.*s'\n#   want '%s'\n", (int)smtp.out_len, smtp.out, wanted);
	smtp.out_len = 0;
	return good;
}

static bool
finds(const char *line)
{
	char finding[32], stage[32], note[32], enhanced[32], got[200];
	const struct smtp_answer *answer = &smtp.answer;
	int code;

	if (!smtp.done ||
	    sscanf(line, "= %31s %31s %31s %d %31s", finding, stage, note, &code, enhanced) !=
		5)
		return false;
	snprintf(got, sizeof(got), "= %s %s %s %d %s", finding_name(answer->finding),
	    smtp_stage_name(answer->stage), answer->note == NULL ? "-" : answer->note,
	    answer->code, answer->enhanced[0] == '\0' ? "-" : answer->enhanced);
	if (strcmp(got, line) == 0)
		return true;
	printf("#   got  %s\n#   want %s\n", got, line);
	return false;
}

/* Is the conversation in that state? */
static bool
is_in_state(const char *state)
{
	bool good = strcmp(state, "open") == 0 ? smtp.done && smtp.open
	    : strcmp(state, "closed") == 0     ? smtp.done && !smtp.open
	    : strcmp(state, "waiting") == 0    ? !smtp.done && !smtp.open
					       : false;

	if (!good)
		printf("#   it is not %s: done %d, open %d\n", state, smtp.done, smtp.open);
	return good;
}

/* Asks again, about "sender path". */
static bool
ask_again(struct smtp_question *question, const char *text)
{
	static char sender[256], path[400];

	if (!smtp.open || sscanf(text, "%255s %399[^\n]", sender, path) != 2) {
		printf("#   it cannot be asked again\n");
		return false;
	}
	question->sender = strcmp(sender, "<>") == 0 ? "" : sender;
	question->path = path;
	smtp_again(&smtp, question);
	return true;
}

static bool
hold(const struct conversation *c, bool byte_by_byte)
{
	struct smtp_question question = {c->helo, c->sender, c->path, c->needs_utf8};
	bool good = true, found = false;

	/* What the machine does not set itself must not matter. */
	memset(&smtp, 0x5a, sizeof(smtp));
	smtp_start(&smtp, &question, c->own_ip, c->guard);
	smtp.hold = c->hold;
	for (size_t i = 0; good && i < c->count;) {
		char text[4000] = "", kind = c->lines[i][0];

		switch (kind) {
		case 'S':
		case 's':
			for (; c->lines[i][0] == 'S' || c->lines[i][0] == 's'; i++) {
				strcat(text, c->lines[i] + 2);
				strcat(text, c->lines[i][0] == 'S' ? "\r\n" : "");
			}
			if (!byte_by_byte)
				smtp_input(&smtp, text, strlen(text));
			else
				for (const char *p = text; *p != '\0'; p++)
					smtp_input(&smtp, p, 1);
			if (c->lines[i][0] != 'C')
				good = says("");
			break;
		case 'C':
			for (; c->lines[i][0] == 'C'; i++) {
				strcat(text, c->lines[i] + 2);
				strcat(text, "\r\n");
			}
			good = says(text);
			break;
		case 'L':
			smtp_lost(&smtp, c->lines[i++] + 2);
			break;
		case '=':
			good = found = finds(c->lines[i++]);
			break;
		case 'A':
			good = ask_again(&question, c->lines[i++] + 2);
			break;
		case 'Q':
			smtp_quit(&smtp);
			if (c->lines[++i][0] != 'C')
				good = says("");
			break;
		case '!':
			good = is_in_state(c->lines[i++] + 2);
			break;
		default:
			i++;
			break;
		}
	}
	return good && found;
}

static void
test_file(const char *name)
{
	static struct conversation c;
	FILE *file = fopen(name, "r");
	int count = 0;

	if (!ok(file != NULL, "%s is there", name))
		return;
	while (next(file, &c)) {
		count++;
		ok(hold(&c, false), "%d: %s", c.number, c.name);
		if (!c.whole)
			ok(hold(&c, true), "%d: %s, byte by byte", c.number, c.name);
	}
	fclose(file);
	ok(count > 40, "%d conversations were held", count);
}

/* The longest of everything, and a caller that takes no output until the end. */
static void
test_longest(void)
{
	char helo[256], sender[256], path[ADDRESS_PATH_SIZE];
	struct smtp_question question = {helo, sender, path, true};
	static const char script[][80] = {"220 x\r\n", "500 x\r\n", "250 x\r\n"};

	memset(helo, 'h', 255);
	memset(sender, 's', 255);
	memset(path, 'p', sizeof(path) - 1);
	helo[255] = sender[255] = path[sizeof(path) - 1] = '\0';
	for (int pipelining = 0; pipelining < 2; pipelining++) {
		smtp_start(&smtp, &question, "", true);
		smtp_input(&smtp, script[0], strlen(script[0]));
		smtp_input(&smtp, "250-x\r\n", 7);
		if (pipelining)
			smtp_input(&smtp, "250-PIPELINING\r\n", 16);
		smtp_input(&smtp, "250 SMTPUTF8\r\n", 14);
		smtp_input(&smtp, "250 x\r\n", 7);
		smtp_input(&smtp, "250 x\r\n", 7);
		ok(smtp.done && smtp.answer.finding == FINDING_EXISTS &&
			smtp.out_len < SMTP_OUT_SIZE &&
			memcmp(smtp.out + smtp.out_len - 6, "QUIT\r\n", 6) == 0,
		    "the longest conversation fits, %zu bytes", smtp.out_len);
	}
	question.needs_utf8 = false;
	smtp_start(&smtp, &question, "", true);
	for (size_t i = 0; i < 3; i++)
		smtp_input(&smtp, script[i], strlen(script[i]));
	smtp_input(&smtp, "250 x\r\n", 7);
	smtp_input(&smtp, "250 x\r\n", 7);
	ok(smtp.done && smtp.out_len < SMTP_OUT_SIZE, "so does that with HELO, %zu bytes",
	    smtp.out_len);

	question.needs_utf8 = true;
	smtp_start(&smtp, &question, "", true);
	smtp.hold = true;
	smtp_input(&smtp, script[0], strlen(script[0]));
	smtp_input(&smtp, "250-x\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n", 37);
	smtp_input(&smtp, "250 x\r\n250 x\r\n", 14);
	smtp.out_len = 0;
	ok(smtp.open, "a held one is open");
	smtp_again(&smtp, &question);
	smtp_input(&smtp, "250 x\r\n250 x\r\n250 x\r\n", 21);
	smtp_quit(&smtp);
	ok(smtp.done && smtp.answer.finding == FINDING_EXISTS && smtp.out_len < SMTP_OUT_SIZE &&
		memcmp(smtp.out, "RSET\r\n", 6) == 0 &&
		memcmp(smtp.out + smtp.out_len - 6, "QUIT\r\n", 6) == 0,
	    "and its next question fits, %zu bytes", smtp.out_len);
}

static void
test_text(void)
{
	static const struct smtp_question question = {"h", "", "a@b", false};
	char big[3000];

	smtp_start(&smtp, &question, "", false);
	smtp_input(&smtp, "554-a\x1b[2J\tb\r\n554 \x80\rc\0d\r\n", 24);
	is_str(smtp.answer.text, "a?[2J b ??c d",
	    "the text of an answer is printable, in one line");
	memset(big, 'x', sizeof(big));
	memcpy(big, "554 ", 4);
	big[sizeof(big) - 1] = '\n';
	smtp_start(&smtp, &question, "", false);
	smtp_input(&smtp, big, sizeof(big));
	is_int((int)strlen(smtp.answer.text), (int)sizeof(smtp.answer.text) - 1, "and cut");
	smtp_input(&smtp, "250 ok\r\n", 8);
	smtp_lost(&smtp, "lost");
	ok(smtp.answer.finding == FINDING_POLICY && smtp.answer.note == NULL,
	    "nothing that comes later changes it");
}

int
main(int argc, char **argv)
{
	test_file(argc > 1 ? argv[1] : "tests/data/conversations.txt");
	test_longest();
	test_text();
	return tap_done();
}
