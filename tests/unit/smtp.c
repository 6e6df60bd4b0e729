/*
 * The SMTP client: the conversations of tests/data/conversations.txt, each as it is written
 * and, as long as the server waits for its turn, byte by byte; then flights of all sizes with
 * something going wrong at each point.
 */
#include <stdlib.h>

#include "rcpt/smtp.h"
#include "tap.h"

#define LINES_MAX 90
#define KINDS     "Ss-CL=~ATQ!"

struct conversation {
	char name[120];
	char helo[256], sender[256], path[400], own_ip[46];
	enum smtp_tls tls;
	bool needs_utf8, guard, whole, hold, wait;
	size_t count;
	char lines[LINES_MAX][300]; /* of the kinds above */
	int number;                 /* of its first line in the file */
};

static struct smtp smtp;

/* The flight of a conversation, and the texts of its questions. */
static struct smtp_ask asks[SMTP_FLIGHT_MAX];
static char senders[SMTP_FLIGHT_MAX][256], paths[SMTP_FLIGHT_MAX][400];
static size_t count;

static bool
take_condition(struct conversation *c, const char *value)
{
	if (strcmp(value, "utf8") == 0)
		c->needs_utf8 = true;
	else if (strcmp(value, "guard") == 0)
		c->guard = true;
	else if (strcmp(value, "whole") == 0)
		c->whole = true;
	else if (strcmp(value, "hold") == 0)
		c->hold = true;
	else if (strcmp(value, "wait") == 0)
		c->hold = c->wait = true;
	else if (strcmp(value, "tls may") == 0)
		c->tls = SMTP_TLS_MAY;
	else if (strcmp(value, "tls must") == 0)
		c->tls = SMTP_TLS_MUST;
	else
		return sscanf(value, "helo %255s", c->helo) == 1 ||
		    sscanf(value, "sender %255s", c->sender) == 1 ||
		    sscanf(value, "path %399[^\n]", c->path) == 1 ||
		    sscanf(value, "own %45s", c->own_ip) == 1;
	return true;
}

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
			if (!take_condition(c, value))
				ok(false, "%s: '%s' is a condition", c->name, line);
		} else if (line[0] != '\0' && strchr(KINDS, line[0]) != NULL &&
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

/* Is the answer as it stands in the line? */
static bool
finds(const struct smtp_answer *answer, const char *line)
{
	char got[200];

	snprintf(got, sizeof(got), "%s %s %s %d %s", finding_name(answer->finding),
	    smtp_stage_name(answer->stage), answer->note == NULL ? "-" : answer->note,
	    answer->code, answer->enhanced[0] == '\0' ? "-" : answer->enhanced);
	if (strcmp(got, line + 2) == 0)
		return true;
	printf("#   got  %c %s\n#   want %s\n", line[0], got, line);
	return false;
}

static bool
is_over(void)
{
	return smtp.state == SMTP_READY || smtp.state == SMTP_LISTENING ||
	    smtp.state == SMTP_CLOSED;
}

/* One line for each question of the flight; where nothing was asked, why that is so. */
static bool
finds_all(char (*lines)[300], size_t left, size_t *i)
{
	size_t found = 0;

	if (!is_over() || (count == 0 && smtp.state != SMTP_CLOSED)) {
		printf("#   it is not over\n");
		return false;
	}
	for (; *i < left && lines[*i][0] == '='; (*i)++, found++)
		if (found > 0 && found >= count)
			break;
		else if (!finds(count == 0 ? &smtp.answer : &asks[found].answer, lines[*i]))
			return false;
	if (found != (count == 0 ? 1 : count))
		printf("#   there are %zu answers, and not %zu\n", count, found);
	return found == (count == 0 ? 1 : count);
}

/* Is the conversation in that state? */
static bool
is_in_state(const char *state)
{
	bool good = strcmp(state, "open") == 0 ? smtp.state == SMTP_READY
	    : strcmp(state, "closed") == 0     ? smtp.state == SMTP_CLOSED
	    : strcmp(state, "securing") == 0   ? smtp.state == SMTP_SECURING
	    : strcmp(state, "secured") == 0    ? smtp.secured
	    : strcmp(state, "in clear") == 0   ? !smtp.secured
	    : strcmp(state, "room 0") == 0     ? smtp_room(&smtp) == 0
	    : strcmp(state, "room 1") == 0     ? smtp_room(&smtp) == 1
	    : strcmp(state, "room 9") == 0     ? smtp_room(&smtp) == 9
	    : strcmp(state, "waiting") == 0
	    ? smtp.state == SMTP_OPENING || smtp.state == SMTP_ASKING
	    : false;

	if (!good)
		printf("#   it is not %s: state %d, room %zu\n", state, (int)smtp.state,
		    smtp_room(&smtp));
	return good;
}

/* Asks about each "sender path" of the lines, in one flight. */
static bool
ask(char (*lines)[300], size_t left, size_t *i)
{
	for (count = 0; *i < left && lines[*i][0] == 'A' && count < SMTP_FLIGHT_MAX;
	     (*i)++, count++) {
		struct smtp_ask *this = &asks[count];

		if (sscanf(lines[*i] + 2, "%255s %399[^\n]", senders[count], paths[count]) != 2)
			return false;
		if (strcmp(senders[count], "<>") == 0)
			senders[count][0] = '\0';
		*this = (struct smtp_ask){.sender = senders[count], .path = paths[count]};
		for (const char *p = this->path; *p != '\0'; p++)
			this->needs_utf8 |= (unsigned char)*p >= 0x80;
		if (smtp_lacks(&smtp, this)) {
			printf("#   the server has no SMTPUTF8\n");
			return false;
		}
	}
	smtp_listened(&smtp);
	if (smtp_room(&smtp) < count) {
		printf("#   %zu cannot be asked\n", count);
		return false;
	}
	smtp_ask(&smtp, asks, count);
	return true;
}

/* Asks the first question as soon as there can be one, and lets go when it is answered. */
static void
go_on(const struct conversation *c)
{
	if (smtp.state == SMTP_READY && count == 0 && !c->wait) {
		asks[0] = (struct smtp_ask){
		    .sender = c->sender, .path = c->path, .needs_utf8 = c->needs_utf8};
		count = 1;
		if (smtp_lacks(&smtp, &asks[0]))
			smtp_quit(&smtp);
		else
			smtp_ask(&smtp, asks, 1);
	} else if (smtp.state == SMTP_READY && !c->hold) {
		smtp_quit(&smtp);
	}
}

static void
hear(const struct conversation *c, const char *text, bool byte_by_byte)
{
	size_t len = strlen(text), piece = byte_by_byte ? 1 : len;

	for (size_t i = 0; i < len; i += piece) {
		smtp_input(&smtp, text + i, piece);
		go_on(c);
	}
}

static void
start(const struct conversation *c)
{
	struct smtp_terms terms = {.helo = c->helo, .guard_loop = c->guard, .tls = c->tls};

	/* What the machine does not set itself must not matter. */
	memset(&smtp, 0x5a, sizeof(smtp));
	memset(asks, 0x5a, sizeof(asks));
	count = 0;
	strcpy(terms.own_ip, c->own_ip);
	smtp_start(&smtp, &terms);
}

static bool
hold(struct conversation *c, bool byte_by_byte)
{
	bool good = true, found = false;

	start(c);
	for (size_t i = 0; good && i < c->count;) {
		char text[8000] = "", kind = c->lines[i][0];

		switch (kind) {
		case 'S':
		case 's':
			for (; c->lines[i][0] == 'S' || c->lines[i][0] == 's'; i++) {
				strcat(text, c->lines[i] + 2);
				strcat(text, c->lines[i][0] == 'S' ? "\r\n" : "");
			}
			hear(c, text, byte_by_byte);
			break;
		case 'C':
			for (; c->lines[i][0] == 'C'; i++) {
				strcat(text, c->lines[i] + 2);
				strcat(text, "\r\n");
			}
			good = says(text);
			continue;
		case 'L':
			smtp_lost(&smtp, c->lines[i++] + 2);
			break;
		case '=':
			good = found = finds_all(c->lines, c->count, &i);
			break;
		case '~':
			good = found =
			    smtp.state == SMTP_CLOSED && finds(&smtp.answer, c->lines[i++]);
			break;
		case 'A':
			good = ask(c->lines, c->count, &i);
			break;
		case 'T':
			good = smtp.state == SMTP_SECURING;
			smtp_secured(&smtp);
			i++;
			break;
		case 'Q':
			smtp_listened(&smtp);
			smtp_quit(&smtp);
			i++;
			break;
		case '!':
			smtp_listened(&smtp);
			good = found = is_in_state(c->lines[i++] + 2);
			break;
		default:
			i++;
			break;
		}
		if (good && c->lines[i][0] != 'C')
			good = says("");
	}
	return good && found;
}

static void
test_file(const char *name)
{
	static struct conversation c;
	FILE *file = fopen(name, "r");
	int held = 0;

	if (!ok(file != NULL, "%s is there", name))
		return;
	while (next(file, &c)) {
		held++;
		ok(hold(&c, false), "%d: %s", c.number, c.name);
		if (!c.whole)
			ok(hold(&c, true), "%d: %s, byte by byte", c.number, c.name);
	}
	fclose(file);
	ok(held > 120, "%d conversations were held", held);
}

static void
input(const char *text)
{
	smtp_input(&smtp, text, strlen(text));
}

/* The longest of everything, and a caller that takes no output until the end. */
static void
test_longest(void)
{
	static char helo[SETTINGS_HOST_SIZE], sender[SETTINGS_ADDRESS_SIZE];
	static char path[ADDRESS_PATH_SIZE];
	const struct smtp_terms terms = {.helo = helo, .guard_loop = true};
	size_t one;

	memset(helo, 'h', sizeof(helo) - 1);
	memset(sender, 's', sizeof(sender) - 1);
	memset(path, 'p', sizeof(path) - 1);
	for (size_t i = 0; i < SMTP_FLIGHT_MAX; i++)
		asks[i] = (struct smtp_ask){.sender = sender, .path = path, .needs_utf8 = true};
	one = strlen("RSET\r\nMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<>\r\n") + strlen(sender) +
	    strlen(path);

	smtp_start(&smtp, &terms);
	input("220 x\r\n");
	input("250-x\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n");
	smtp_ask(&smtp, asks, SMTP_FLIGHT_MAX);
	is_int((long long)smtp.out_len,
	    (long long)(strlen("EHLO \r\n") + strlen(helo) + SMTP_FLIGHT_MAX * one - 6),
	    "the longest flight that is the first fits, with the greeting before it");
	ok(smtp.out_len < SMTP_OUT_SIZE && smtp.out[smtp.out_len] == '\0' &&
		memcmp(smtp.out + smtp.out_len - 4, "p>\r\n", 4) == 0,
	    "to its end, %zu bytes", smtp.out_len);
	smtp.out_len = 0;
	for (size_t i = 0; i < 3 * SMTP_FLIGHT_MAX - 1; i++)
		input("250 x\r\n");
	is_int(smtp.state, SMTP_READY, "and is answered");
	smtp_ask(&smtp, asks, SMTP_FLIGHT_MAX);
	is_int(
	    (long long)smtp.out_len, (long long)(SMTP_FLIGHT_MAX * one), "so does any other");
	input("250 x\r\n");
	input("500 x\r\n");
	for (size_t i = 0; i < 3 * SMTP_FLIGHT_MAX - 2; i++)
		input("250 x\r\n");
	smtp_listened(&smtp);
	smtp_quit(&smtp);
	ok(smtp.state == SMTP_CLOSED && smtp.out_len < SMTP_OUT_SIZE &&
		memcmp(smtp.out + smtp.out_len - 6, "QUIT\r\n", 6) == 0,
	    "and goodbye behind it, %zu bytes", smtp.out_len);

	smtp_start(&smtp, &terms);
	input("220 x\r\n");
	input("500 x\r\n");
	input("250 x\r\n");
	asks[0].needs_utf8 = false;
	smtp_ask(&smtp, asks, 1);
	input("250 x\r\n");
	input("250 x\r\n");
	smtp_quit(&smtp);
	ok(asks[0].answer.finding == FINDING_EXISTS && smtp.out_len < SMTP_OUT_SIZE &&
		memcmp(smtp.out + smtp.out_len - 6, "QUIT\r\n", 6) == 0,
	    "and a conversation with HELO, %zu bytes", smtp.out_len);
}

static void
test_text(void)
{
	static const struct smtp_terms terms = {.helo = "h"};
	char big[3000];

	smtp_start(&smtp, &terms);
	smtp_input(&smtp, "554-a\x1b[2J\tb\r\n554 \x80\rc\0d\r\n", 24);
	is_str(smtp.answer.text, "a?[2J b ??c d",
	    "the text of an answer is printable, in one line");
	memset(big, 'x', sizeof(big));
	memcpy(big, "554 ", 4);
	big[sizeof(big) - 1] = '\n';
	smtp_start(&smtp, &terms);
	smtp_input(&smtp, big, sizeof(big));
	is_int((int)strlen(smtp.answer.text), (int)sizeof(smtp.answer.text) - 1, "and cut");
	input("250 ok\r\n");
	smtp_lost(&smtp, "lost");
	ok(smtp.answer.finding == FINDING_POLICY && smtp.answer.note == NULL,
	    "nothing that comes later changes it");
}

static void
get_ready(const char *ehlo)
{
	static const struct smtp_terms terms = {.helo = "h"};

	memset(&smtp, 0x5a, sizeof(smtp));
	smtp_start(&smtp, &terms);
	input("220 x\r\n");
	input(ehlo);
	smtp.out_len = 0;
}

static void
test_lacks(void)
{
	struct smtp_ask plain = {.sender = "", .path = "a@b"};
	struct smtp_ask far = {.sender = "", .path = "\xc3\xb6@b", .needs_utf8 = true};
	static char ehlo[8192];
	char *p = ehlo;

	get_ready("250-x\r\n250 SMTPUTF8\r\n");
	ok(!smtp_lacks(&smtp, &plain) && !smtp_lacks(&smtp, &far),
	    "a server with SMTPUTF8 lacks nothing");
	get_ready("250-x\r\n250 PIPELINING\r\n");
	ok(!smtp_lacks(&smtp, &plain), "without it, it still takes ASCII");
	memset(&far.answer, 0x5a, sizeof(far.answer));
	ok(smtp_lacks(&smtp, &far) && far.answer.lacks_utf8 &&
		far.answer.finding == FINDING_POLICY && far.answer.code == 250 &&
		far.answer.enhanced[0] == '\0' && far.answer.text[0] == '\0',
	    "but nothing else, and says so itself");
	ok(smtp.state == SMTP_READY && smtp.out_len == 0 && smtp.asked == 0,
	    "which is no question");
	get_ready("250-x\r\n250 STARTTLS\r\n");
	ok(smtp_lacks(&smtp, &far) && !far.answer.lacks_utf8 &&
		far.answer.finding == FINDING_POLICY && far.answer.stage == SMTP_EHLO,
	    "it may have it behind a STARTTLS that is not used");
	p += sprintf(p, "250-x\r\n");
	for (int i = 0; i < 60; i++)
		p += sprintf(p, "250-X-%02d %070d\r\n", i, 0);
	strcpy(p, "250 SMTPUTF8\r\n");
	get_ready(ehlo);
	ok(smtp_lacks(&smtp, &far) && !far.answer.lacks_utf8,
	    "or at the end of a reply too long to be kept");
	get_ready("250-x\r\n250 8BITMIME\r\n");
	ok(smtp_lacks(&smtp, &far) && far.answer.lacks_utf8, "which another does not inherit");
	get_ready("502 what?\r\n");
	input("250-x\r\n250 SMTPUTF8\r\n");
	smtp.out_len = 0;
	ok(smtp_lacks(&smtp, &far) && !far.answer.lacks_utf8 && far.answer.stage == SMTP_HELO,
	    "after HELO nobody knows what it has");
}

/*
 * Flights. A server's reply to each command is one of "yes", "no" and so on by a pattern with
 * one digit a question in base 4.
 */
enum { YES, NO, LATER, NO_MAIL };

#define PATTERNS 4

static const struct {
	const char *mail, *rcpt;
	enum finding finding;
	int code;
} kinds[PATTERNS] = {
    [YES] = {"250 2.1.0 ok\r\n", "250 2.1.5 ok\r\n", FINDING_EXISTS, 250},
    [NO] = {"250 2.1.0 ok\r\n", "550 5.1.1 no such user\r\n", FINDING_UNKNOWN, 550},
    [LATER] = {"250 ok\r\n", "451-4.3.0 not\r\n451 4.3.0 now\r\n", FINDING_TEMPORARY, 451},
    [NO_MAIL] = {"550 5.7.1 not you\r\n", "550 5.1.1 MAIL first\r\n", FINDING_POLICY, 550},
};

#define REPLIES_MAX (3 * SMTP_FLIGHT_MAX)

/*
 * One flight: what is asked, and what the server says to each command. joined is a bit for each
 * question that is in the transaction of the one before.
 */
static struct flight {
	size_t count;
	unsigned joined;
	unsigned kind[SMTP_FLIGHT_MAX];
	size_t replies;
	const char *reply[REPLIES_MAX];
	struct smtp_ask asks[SMTP_FLIGHT_MAX];
} flight;

/* later: it is not the first of its conversation, and begins with RSET. */
static void
make_flight(size_t questions, unsigned pattern, bool later)
{
	flight.count = questions;
	flight.replies = 0;
	for (size_t i = 0; i < questions; i++, pattern /= PATTERNS) {
		unsigned kind = pattern % PATTERNS;
		bool joins = i > 0 && flight.joined >> i & 1;

		/* They have one MAIL, and its refusal is that of all. */
		if (joins && (kind == NO_MAIL) != (flight.kind[i - 1] == NO_MAIL))
			kind = kind == NO_MAIL ? NO : NO_MAIL;
		flight.kind[i] = kind;
		if (!joins && (i > 0 || later))
			flight.reply[flight.replies++] = "250 2.0.0 ok\r\n";
		if (!joins)
			flight.reply[flight.replies++] = kinds[kind].mail;
		flight.reply[flight.replies++] = kinds[kind].rcpt;
	}
}

/* Brings a conversation to where the flight has just begun. */
static void
begin_flight(bool later)
{
	static const char *const names[SMTP_FLIGHT_MAX] = {
	    "a@b", "c@d", "e@f", "g@h", "i@j", "k@l", "m@n", "o@p", "q@r"};

	get_ready("250-x\r\n250 PIPELINING\r\n");
	memset(flight.asks, 0x5a, sizeof(flight.asks));
	for (size_t i = 0; i < SMTP_FLIGHT_MAX; i++) {
		flight.asks[i].sender = "";
		flight.asks[i].path = names[i];
		flight.asks[i].needs_utf8 = false;
		flight.asks[i].joins = flight.joined >> i & 1;
	}
	if (later) {
		smtp_ask(&smtp, flight.asks, 1);
		input("250 ok\r\n250 ok\r\n");
		smtp.out_len = 0;
	}
	smtp_ask(&smtp, flight.asks, flight.count);
	smtp.out_len = 0;
}

/* Are the answers those of the pattern? */
static bool
is_answered(void)
{
	for (size_t i = 0; i < flight.count; i++) {
		const struct smtp_answer *answer = &flight.asks[i].answer;
		unsigned kind = flight.kind[i];

		if (answer->finding != kinds[kind].finding ||
		    answer->code != kinds[kind].code || answer->note != NULL ||
		    answer->stage != (kind == NO_MAIL ? SMTP_MAIL : SMTP_RCPT))
			return false;
	}
	return true;
}

/* Has no question of the flight an answer? */
static bool
is_spoilt(void)
{
	for (size_t i = 0; i < flight.count; i++)
		if (flight.asks[i].answer.finding != FINDING_TEMPORARY)
			return false;
	return smtp.state == SMTP_CLOSED;
}

/* All replies in a row, but for skip of them from number at on; more comes before that. */
static size_t
join(char *text, size_t at, size_t skip, const char *more)
{
	text[0] = '\0';
	for (size_t i = 0; i <= flight.replies; i++) {
		if (i == at)
			strcat(text, more);
		if (i < flight.replies && (i < at || i >= at + skip))
			strcat(text, flight.reply[i]);
	}
	return strlen(text);
}

static void
feed(const char *text, size_t len, size_t piece)
{
	for (size_t i = 0; i < len; i += piece)
		smtp_input(&smtp, text + i, len - i < piece ? len - i : piece);
}

/* Each flight: whole, in two pieces at each point, byte by byte, and with more behind it. */
static void
test_flights(void)
{
	long held = 0, bad = 0;
	char text[4000];

	for (size_t n = 1; n <= SMTP_FLIGHT_MAX; n++)
		for (unsigned pattern = 0; pattern < (n <= 4 ? 1u << 2 * n : 600); pattern++) {
			/* Of the long ones some, in which each question has each kind. */
			bool later = pattern % 3 == 1;
			size_t len;

			make_flight(n, n <= 4 ? pattern : pattern * 437u, later);
			len = join(text, 0, 0, "");
			for (size_t split = 0; split < len; split += n <= 3 ? 1 : 29, held++) {
				begin_flight(later);
				feed(text, split, split == 0 ? 1 : split);
				bad += split > 0 &&
				    (smtp.state != SMTP_ASKING || smtp_room(&smtp) != 0);
				feed(text + split, len - split, split == 0 ? 1 : len);
				smtp_listened(&smtp);
				bad += smtp.state != SMTP_READY || smtp.out_len != 0 ||
				    !is_answered() || smtp_room(&smtp) != SMTP_FLIGHT_MAX;
			}
		}
	ok(bad == 0, "each answer of a flight is that to its own question, joined %x (%ld)",
	    flight.joined, held);
}

/*
 * The server does something else at each point. Then no answer of a flight of several counts,
 * and of a flight of one no word about the address.
 */
static void
test_spoilt(const char *name, size_t skip, const char *more, bool in_one_piece)
{
	long held = 0, bad = 0;
	char text[4000];

	for (size_t n = 1; n <= SMTP_FLIGHT_MAX; n++)
		for (unsigned pattern = 0; pattern < (n <= 3 ? 1u << 2 * n : 200); pattern++)
			for (unsigned m = 0; m < 2; m++) {
				bool later = m % 2;

				make_flight(n, n <= 3 ? pattern : pattern * 1223u, later);
				for (size_t at = 0; at < flight.replies; at++, held++) {
					size_t len = join(text, at, skip, more);

					begin_flight(later);
					feed(text, len, in_one_piece || held % 2 ? len : 1);
					smtp_lost(&smtp, "timeout");
					if (n == 1) /* a refused MAIL stands */
						bad += finding_is_verdict(
						    flight.asks[0].answer.finding);
					else
						bad += !is_spoilt();
				}
			}
	ok(bad == 0, "%s at any point: no answer counts, joined %x (%ld)", name, flight.joined,
	    held);
}

/* The connection is lost behind each byte but the last. */
static void
test_lost(void)
{
	long held = 0, bad = 0;
	char text[4000];

	for (size_t n = 2; n <= 3; n++)
		for (unsigned pattern = 0; pattern < 1u << 2 * n; pattern++) {
			size_t len;

			make_flight(n, pattern, false);
			len = join(text, 0, 0, "");
			for (size_t i = 0; i < len; i++, held++) {
				begin_flight(false);
				smtp_input(&smtp, text, i);
				smtp_lost(&smtp, "lost");
				bad += !is_spoilt() || smtp.out_len != 0;
			}
		}
	ok(bad == 0, "lost in the middle of a flight, no answer counts (%ld)", held);
}

/* What comes when all is answered changes no answer. */
static void
test_behind(const char *name, const char *more)
{
	struct smtp_answer before[SMTP_FLIGHT_MAX];
	long held = 0, bad = 0;
	char text[4000];

	for (size_t n = 1; n <= 3; n++)
		for (unsigned pattern = 0; pattern < 1u << 2 * n; pattern++, held++) {
			make_flight(n, pattern, false);
			begin_flight(false);
			smtp_input(&smtp, text, join(text, 0, 0, ""));
			smtp_listened(&smtp);
			for (size_t i = 0; i < n; i++)
				before[i] = flight.asks[i].answer;
			input(more);
			bad += smtp.state != SMTP_CLOSED || smtp_room(&smtp) != 0 ||
			    smtp.answer.finding != FINDING_TEMPORARY || !is_answered();
			for (size_t i = 0; i < n; i++)
				bad += memcmp(&before[i], &flight.asks[i].answer,
					   sizeof(before[i])) != 0;
			smtp_quit(&smtp);
			bad += smtp.out_len != 0;
		}
	ok(bad == 0, "%s behind a flight: closed, and its answers stay (%ld)", name, held);
}

/* A 421 in one piece with the last reply, too, is a goodbye and no doubt. */
static void
test_goodbye(void)
{
	long held = 0, bad = 0;
	char text[4000];

	for (size_t n = 1; n <= 4; n++)
		for (unsigned pattern = 0; pattern < 1u << 2 * n; pattern++, held++) {
			make_flight(n, pattern, pattern % 2);
			begin_flight(pattern % 2);
			smtp_input(
			    &smtp, text, join(text, flight.replies, 0, "421 4.7.0 bye\r\n"));
			bad += smtp.state != SMTP_CLOSED || !is_answered() || smtp.out_len != 0;
		}
	ok(bad == 0, "a 421 in one piece with the last reply leaves the answers (%ld)", held);
}

/* In SECURING nothing may be said, asked or taken for a reply. */
static void
test_joined_commands(void)
{
	static const char two[] = "RSET\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\n"
				  "RSET\r\nMAIL FROM:<>\r\nRCPT TO:<e@f>\r\nRCPT TO:<g@h>\r\n";

	flight.joined = 0xa; /* the second and the fourth */
	flight.count = 4;
	begin_flight(false);
	smtp_lost(&smtp, "lost");
	ok(smtp.asked == 4 && smtp.mails == 2, "two and two joined are two transactions");
	flight.count = 1;
	begin_flight(false);
	input("250 ok\r\n250 ok\r\n");
	flight.count = 4;
	for (size_t i = 0; i < flight.count; i++)
		flight.asks[i].joins = i % 2;
	smtp_ask(&smtp, flight.asks, flight.count);
	ok(says(two), "each with one MAIL, and RSET between them");

	/* The first of a flight joins nothing, whatever it says. */
	flight.joined = 1;
	flight.count = 1;
	begin_flight(true);
	ok(smtp.mails == 2, "the first of a flight begins a transaction");
	get_ready("250 x\r\n");
	smtp_ask(&smtp, flight.asks, 1);
	ok(says("MAIL FROM:<>\r\n"), "without PIPELINING, too");
	flight.joined = 0;
}

/* Servers that name the mailbox they speak of. What is wrong with it spoils a joined flight. */
static void
test_names(void)
{
	static const struct {
		const char *replies;
		bool good;
	} rows[] = {
	    {"250 <a@b> ok\r\n550 5.1.1 <c@d> no\r\n550 5.1.1 <e@f> no\r\n", true},
	    {"250 <a@b> ok\r\n550 5.1.1 <C@D> no\r\n550 5.1.1 who?\r\n", true},
	    {"250 ok\r\n550-5.1.1 not <a@b>,\r\n550 5.1.1 but <c@d>\r\n550 5.1.1 no\r\n", true},
	    /* Of the first there is no reply, and one too many behind it. */
	    {"550 5.1.1 <c@d> no\r\n550 5.1.1 <e@f> no\r\n250 ok\r\n", false},
	    {"250 ok\r\n550 5.1.1 <a@b> no\r\n550 5.1.1 no\r\n", false},
	    {"250 ok\r\n550 5.1.1 no\r\n550 5.1.1 <C@D> no\r\n", false},
	    {"250 ok\r\n452 4.2.2 <e@f> full\r\n550 5.1.1 no\r\n", false},
	};
	static const char *const masks[] = {"on their own", "joined"};

	for (unsigned joined = 0; joined < 2; joined++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const char *p = rows[i].replies;

			flight.joined = joined * 6;
			flight.count = 3;
			begin_flight(false);
			for (size_t n = 0; n < 3; n++) {
				const char *end = strchr(p, '\n') + 1;

				if (end[-2] != '\r' || strncmp(p + 3, "-", 1) == 0)
					end = strchr(end, '\n') + 1;
				if (n == 0)
					input("250 ok\r\n");
				else if (joined == 0)
					input("250 ok\r\n250 ok\r\n");
				smtp_input(&smtp, p, (size_t)(end - p));
				p = end;
			}
			if (rows[i].good)
				ok(smtp.state == (i == 0 ? SMTP_READY : SMTP_LISTENING) &&
					flight.asks[0].answer.finding == FINDING_EXISTS &&
					flight.asks[1].answer.finding == FINDING_UNKNOWN &&
					flight.asks[2].answer.finding == FINDING_UNKNOWN,
				    "names, %s: row %zu has its answers", masks[joined], i);
			else
				ok(is_spoilt() && strcmp(smtp.answer.note, "out-of-step") == 0,
				    "names, %s: row %zu is about others", masks[joined], i);
		}
	flight.joined = 0;
}

/* A "no" that names nobody, in a flight of several, waits for what may still come. */
static void
test_listening(void)
{
	static const char replies[] =
	    "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n550 5.1.1 no\r\n";

	flight.joined = 0;
	flight.count = 2;
	begin_flight(false);
	input(replies);
	ok(smtp.state == SMTP_LISTENING && smtp_room(&smtp) == 0 && smtp.out_len == 0,
	    "a no without its mailbox: nothing can be asked yet");
	smtp_quit(&smtp);
	ok(smtp.state == SMTP_LISTENING && smtp.out_len == 0, "nor is anything said");
	smtp_listened(&smtp);
	ok(smtp.state == SMTP_READY && flight.asks[1].answer.finding == FINDING_UNKNOWN,
	    "nothing more comes: it counts");
	begin_flight(false);
	input(replies);
	input("250 ok\r\n");
	ok(is_spoilt() && smtp.state == SMTP_CLOSED &&
		strcmp(smtp.answer.note, "out-of-step") == 0,
	    "a reply too many: none of the flight counts");
	begin_flight(false);
	input(replies);
	input("421 4.4.2 bye\r\n");
	ok(smtp.state == SMTP_CLOSED && flight.asks[1].answer.finding == FINDING_UNKNOWN,
	    "a goodbye is none");
	begin_flight(false);
	input(replies);
	smtp_lost(&smtp, "lost");
	ok(smtp.state == SMTP_CLOSED && flight.asks[1].answer.finding == FINDING_UNKNOWN,
	    "nor is the end of the connection");
	flight.count = 1;
	begin_flight(false);
	input("250 ok\r\n550 5.1.1 no\r\n");
	ok(smtp.state == SMTP_READY, "one question alone waits for nothing");
	smtp_listened(&smtp);
	ok(smtp.state == SMTP_READY, "and need not have");
}

static void
test_securing(void)
{
	static const struct smtp_terms terms = {.helo = "h", .tls = SMTP_TLS_MAY};

	memset(&smtp, 0x5a, sizeof(smtp));
	smtp_start(&smtp, &terms);
	input("220 x\r\n");
	input("250-x\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 STARTTLS\r\n");
	smtp.out_len = 0;
	ok(smtp.state == SMTP_OPENING && smtp.stage == SMTP_STARTTLS && !smtp.secured,
	    "STARTTLS is not yet TLS");
	input("220 go\r\n");
	ok(smtp.state == SMTP_SECURING && smtp_room(&smtp) == 0 && smtp.out_len == 0,
	    "while TLS is made nothing is said");
	smtp_quit(&smtp);
	ok(smtp.state == SMTP_SECURING && smtp.out_len == 0, "not even goodbye");
	smtp_lost(&smtp, "tls");
	ok(smtp.state == SMTP_CLOSED && smtp.answer.stage == SMTP_STARTTLS &&
		smtp.answer.finding == FINDING_TEMPORARY &&
		strcmp(smtp.answer.note, "tls") == 0 && smtp.out_len == 0,
	    "without TLS the conversation is over");
}

int
main(int argc, char **argv)
{
	/* Nobody joins, all do, some */
	static const unsigned masks[] = {0, 0x1fe, 0x0d6};

	test_file(argc > 1 ? argv[1] : "tests/data/conversations.txt");
	test_longest();
	test_text();
	test_lacks();
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		flight.joined = masks[i];
		test_flights();
		test_spoilt("a reply missing", 1, "", false);
		test_spoilt("a question swallowed", 3, "", false);
		test_spoilt("garbage", 0, "moin\r\n", false);
		test_spoilt("garbage instead", 1, "moin\r\n", false);
		test_spoilt("a yes too many", 0, "250 ok\r\n", true);
		test_spoilt("a no too many", 0, "550 5.1.1 no such user\r\n", true);
		test_spoilt("a 421 too many", 0, "421 bye\r\n", true);
		test_lost();
		test_behind("a yes", "250 ok\r\n");
		test_behind("a no", "550 5.1.1 no such user\r\n");
		test_behind("half a line", "5");
		test_behind("a 421", "421 bye\r\n");
		test_goodbye();
	}
	flight.joined = 0;
	test_joined_commands();
	test_names();
	test_listening();
	test_securing();
	return tap_done();
}
