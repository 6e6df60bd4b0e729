/*
 * rcptwrap's machine between any client and a server that answers anything, with recipients
 * accepted and refused at any time. A model that knows nothing of the machine but what went in then
 * says what must have come out: which bytes reached the server, and which the client.
 *
 * The first byte is a set of conditions; then each operation is one byte, most with one more.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "door/wrapsession.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STARTTLS = 1, LIMIT = 2, FINE = 4, LAZY = 8 };
enum mode { COMMANDS, MESSAGE, RESPONSE, BLIND };

#define STREAM  (1 << 20)
#define REPLIES 8192
#define ASKED   8192

static const char *const says[] = {"EHLO me\r\n", "HELO me\r\n", "MAIL FROM:<a@b>\r\n",
    "MAIL FROM:<>\r\n", "RCPT TO:<u@d>\r\n", "RCPT TO:<v@d>\r\n", "RCPT TO:<\"x y\"@d>\r\n",
    "RCPT TO:<u@d> <v@d>\r\n", "DATA\r\n", "RSET\r\n", "QUIT\r\n", "NOOP\r\n", "AUTH PLAIN\r\n",
    "STARTTLS\r\n", "BDAT 5 LAST\r\n", "XCLIENT A=B\r\n", "text\r\n", "\r\n.\r\n", ".\r\n",
    "\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "..\r\n", ".", "\r", "\n",
    "rcpt to: w@d\n", "RCPT TO:<@r,@s:z@d> NOTIFY=NEVER\r\n", "RCPT TO:<a\rRSET>\r\n",
    "MAIL FROM:<x> y\r\n", "AUTH LOGIN eHg=\r\n", "eHg=\r\n", "*\r\n", "VRFY u\r\n",
    "mail from:c@d SIZE=1\n", "\r\n",
    "RCPT TO:<p@d>\r\nRCPT TO:<q@d>\r\nRCPT TO:<r@d>\r\nDATA\r\n",
    "Subject: x\r\n\r\nRCPT TO:<smuggled@d>\r\n", "RCPT TO:u\tv@d\r\n", "RCPT TO:\tu@d\r\n",
    "RCPT TO:<@[a:b]:u@d>\r\n", "RCPT TO:<u@[1.2.3.4]>\r\n", "MAIL FROM:<a:b@d> PRDR\r\n",
    "MAIL FROM:<a:b@d>\r\n", "eHg=\r\nMAIL FROM:<a@b>\r\nRCPT TO:<w@d>\r\n"};

/* Replies, by what they answer. Of EHLO: what the server says, and what of it may pass. */
static const char *const greetings[] = {"220 mx\r\n", "220-mx\r\n220 hi\r\n", "554 no\r\n"};
static const char *const plain[] = {"250 ok\r\n", "250 ok\r\n", "550 5.1.1 no\r\n",
    "451 later\r\n", "250-two\r\n250 lines\r\n", "250\n", "503 order\n"};
static const char *const data_replies[] = {
    "354 go\r\n", "354 go\r\n", "503 no\r\n", "250 what\r\n"};
static const char *const auth_replies[] = {"334 \r\n", "235 ok\r\n", "535 no\r\n"};
static const char *const tls_replies[] = {"220 go\r\n", "454 no\r\n"};
static const char *const ehlo_replies[][2] = {
    {"250-mx\r\n250-SIZE 5\r\n250 PIPELINING\r\n",
	"250-mx\r\n250-SIZE 5\r\n250 PIPELINING\r\n"},
    {"250-mx\r\n250-CHUNKING\r\n250-DSN\r\n250 XCLIENT NAME\r\n", "250-mx\r\n250 DSN\r\n"},
    {"250-mx\r\n250 BINARYMIME\r\n", "250 mx\r\n"},
    {"250 mx\r\n", "250 mx\r\n"},
    {"250\r\n", "250\r\n"},
    {"502-no\r\n502 CHUNKING\r\n", "502-no\r\n502 CHUNKING\r\n"},
    {"250-mx\n250-AUTH=LOGIN\n250-PRDR\n250 8bitmime\n",
	"250-mx\n250-AUTH=LOGIN\n250 8bitmime\n"},
};

struct stream {
	char bytes[STREAM];
	size_t len, used; /* used: taken by the other side */
};

static struct stream sent, heard, spoke, said; /* by the client, the server, and to them */

/* What the server answered, in order. */
static struct answered {
	enum wrapcommand command;
	size_t at, len; /* the command, or the message, in heard, without its end */
	const char *reply, *passes;
} answered[REPLIES];
static size_t answers;

static struct {
	enum { UNDECIDED, ACCEPTED, REFUSED } verdict;
	char recipient[64], sender[64];
	const char *reply;
	int number;
} asked[ASKED];
static size_t asks;

static struct wrapsession session;
static enum mode server_mode;
static const char *uncalled; /* what the server said when nobody asked */
static bool wild;            /* it said garbage, so that only its bounds are looked at */
static int flags;

static void
check(bool good)
{
	if (!good)
		abort();
}

static bool
add(struct stream *stream, const char *bytes, size_t len)
{
	if (len > STREAM - stream->len)
		return false;
	memcpy(stream->bytes + stream->len, bytes, len);
	stream->len += len;
	return true;
}

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/*
 * Looks for the end of a message, position by position. Returns 1 with the length up to behind it, 0
 * when there is none, -1 with the length before the dot when it is ambiguous.
 */
static int
find_end(const char *bytes, size_t len, size_t *end)
{
	for (size_t i = 0; i + 1 < len; i++) {
		bool begins = i == 0 || is_line_end(bytes[i - 1]);
		bool exact = i == 0 || (i >= 2 && bytes[i - 1] == '\n' && bytes[i - 2] == '\r');

		if (bytes[i] != '.' || !begins || !is_line_end(bytes[i + 1]))
			continue;
		*end = i;
		if (bytes[i + 1] == '\r' && i + 2 == len)
			return exact ? 0 : -1;
		if (!exact || bytes[i + 1] != '\r' || bytes[i + 2] != '\n')
			return -1;
		*end = i + 3;
		return 1;
	}
	return 0;
}

static enum wrapcommand
classify(const char *line, size_t len)
{
	static const struct {
		const char *word;
		enum wrapcommand command;
	} words[] = {{"helo", WRAPCOMMAND_HELO}, {"ehlo", WRAPCOMMAND_EHLO},
	    {"mail", WRAPCOMMAND_MAIL}, {"rcpt", WRAPCOMMAND_RCPT}, {"data", WRAPCOMMAND_DATA},
	    {"rset", WRAPCOMMAND_RSET}, {"noop", WRAPCOMMAND_NOOP}, {"quit", WRAPCOMMAND_QUIT},
	    {"vrfy", WRAPCOMMAND_VRFY}, {"expn", WRAPCOMMAND_EXPN}, {"help", WRAPCOMMAND_HELP},
	    {"etrn", WRAPCOMMAND_ETRN}, {"auth", WRAPCOMMAND_AUTH},
	    {"starttls", WRAPCOMMAND_STARTTLS}};

	for (size_t i = 0; i < len; i++)
		if (line[i] == '\0' || line[i] == '\r' || line[i] == '\n')
			return WRAPCOMMAND_BAD;
	if (len == 0 || !((line[0] | 32) >= 'a' && (line[0] | 32) <= 'z'))
		return WRAPCOMMAND_BAD;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);

		if (len >= n && strncasecmp(line, words[i].word, n) == 0 &&
		    (len == n || line[n] == ' ' || line[n] == '\t'))
			return words[i].command == WRAPCOMMAND_STARTTLS && !(flags & STARTTLS)
			    ? WRAPCOMMAND_UNKNOWN
			    : words[i].command;
	}
	return WRAPCOMMAND_UNKNOWN;
}

/* How qmail finds the address. */
static bool
qmail_finds(const char *line, size_t len, const char *address)
{
	const char *at = memchr(line, '<', len), *end = line + len;
	char terminator = '>', found[1024];
	size_t used = 0;
	bool quoted = false;

	if (at == NULL) {
		at = memchr(line, ':', len);
		terminator = ' ';
		if (at == NULL)
			return false;
		at++;
		while (at < end && *at == ' ')
			at++;
	} else {
		at++;
	}
	if (at < end && *at == '@')
		while (at < end && *at++ != ':')
			;
	for (; at < end && (quoted || *at != terminator); at++) {
		if (*at == '"') {
			quoted = !quoted;
		} else {
			if (*at == '\\' && at + 1 < end)
				at++;
			check(used < sizeof(found));
			found[used++] = *at;
		}
	}
	return used == strlen(address) && memcmp(found, address, used) == 0;
}

static void
speak(enum wrapcommand command, size_t at, size_t len, const char *reply, const char *passes)
{
	if (answers == REPLIES || !add(&spoke, reply, strlen(reply))) {
		wild = true;
		return;
	}
	answered[answers++] = (struct answered){command, at, len, reply, passes};
}

#define PICK(list) list[choice % (sizeof(list) / sizeof(list[0]))]

/* The server takes its next command, if that is there, and answers. */
static bool
serve(unsigned choice)
{
	const char *bytes = heard.bytes + heard.used, *reply;
	size_t left = heard.len - heard.used, at = heard.used, len, end = 0;
	const char *lf = memchr(bytes, '\n', left);
	enum wrapcommand command;

	if (answers == 0) {
		reply = PICK(greetings);
		speak(WRAPCOMMAND_GREETING, 0, 0, reply, reply);
		return true;
	}
	if (server_mode == BLIND)
		return false;
	if (server_mode == MESSAGE) {
		int found = find_end(bytes, left, &end);

		check(found != -1);
		if (found == 0)
			return false;
		heard.used += end;
		server_mode = COMMANDS;
		speak(WRAPCOMMAND_END, at, end, PICK(plain), NULL);
		return true;
	}
	if (lf == NULL)
		return false;
	len = (size_t)(lf - bytes);
	check(len > 0 && bytes[len - 1] == '\r');
	heard.used += len + 1;
	len--;
	if (server_mode == RESPONSE) {
		check(memchr(bytes, '\r', len) == NULL);
		command = WRAPCOMMAND_AUTH;
	} else {
		command = classify(bytes, len);
	}
	check(command != WRAPCOMMAND_BAD && command != WRAPCOMMAND_UNKNOWN);
	switch (command) {
	case WRAPCOMMAND_EHLO:
		choice %= sizeof(ehlo_replies) / sizeof(ehlo_replies[0]);
		speak(command, at, len, ehlo_replies[choice][0], ehlo_replies[choice][1]);
		return true;
	case WRAPCOMMAND_DATA:
		reply = PICK(data_replies);
		server_mode = reply[0] == '3' ? MESSAGE : COMMANDS;
		break;
	case WRAPCOMMAND_AUTH:
		reply = PICK(auth_replies);
		server_mode = reply[0] == '3' ? RESPONSE : COMMANDS;
		break;
	case WRAPCOMMAND_STARTTLS:
		reply = PICK(tls_replies);
		server_mode = reply[0] == '2' ? BLIND : COMMANDS;
		break;
	default:
		reply = PICK(plain);
	}
	speak(command, at, len, reply, NULL);
	return true;
}

static void
take_questions(void)
{
	int number;

	while ((number = wrapsession_next_question(&session)) != -1) {
		check(number < WRAPSESSION_QUESTIONS && asks < ASKED);
		asked[asks].verdict = UNDECIDED;
		asked[asks].number = number;
		snprintf(asked[asks].recipient, 64, "%s", session.questions[number].recipient);
		snprintf(asked[asks].sender, 64, "%s", session.sender);
		asks++;
	}
}

/* Answers the nth question of those that wait. */
static bool
answer(size_t n, unsigned verdict)
{
	static const char *const replies[] = {NULL, "550 5.1.1 refused", "451 4.4.3 put off"};

	for (size_t i = 0; i < asks; i++) {
		if (asked[i].verdict != UNDECIDED || n-- > 0)
			continue;
		asked[i].verdict = verdict % 3 == 0 ? ACCEPTED : REFUSED;
		asked[i].reply = replies[verdict % 3];
		wrapsession_decide(&session, asked[i].number, verdict % 3 == 0,
		    verdict % 3 == 0 ? "" : asked[i].reply);
		return true;
	}
	return false;
}

static void
check_bounds(void)
{
	check(session.from_client.len <= session.from_client.size);
	check(session.to_server.len <= session.to_server.size);
	check(session.from_server.len <= session.from_server.size);
	check(session.to_client.len <= session.to_client.size);
	check(session.count <= WRAPSESSION_OWED && session.servers <= session.count);
}

/* What was said goes in, as far as there is room. Returns whether anything did. */
static bool
feed(struct stream *from, struct wrapbuffer *to)
{
	size_t len = from->len - from->used, room = wrapbuffer_room(to);

	if (len > room)
		len = room;
	if (flags & FINE && from->len < 1000 && len > 1)
		len = 1;
	wrapbuffer_add(to, from->bytes + from->used, len);
	from->used += len;
	return len > 0;
}

static size_t
fetch(struct wrapbuffer *from, struct stream *to, size_t max)
{
	size_t len = from->len < max ? from->len : max;

	if (!add(to, wrapbuffer_head(from), len))
		wild = true;
	wrapbuffer_drop(from, len);
	return len;
}

static void
step(void)
{
	bool more;

	do {
		more = wrapsession_reads_client(&session) && feed(&sent, &session.from_client);
		if (wrapsession_reads_server(&session))
			more = feed(&spoke, &session.from_server) || more;
		wrapsession_step(&session);
		take_questions();
		check_bounds();
	} while (more);
}

/* What must have come out. */
static struct {
	size_t at;      /* in sent */
	size_t answers; /* of the server's */
	size_t asks, refused;
	enum mode mode;
	bool mail_taken, authenticated;
	bool last; /* the session ends with this reply */
	char sender[WRAPCOMMAND_PATH_SIZE];
	size_t said;
} model;

static void
expect(const char *bytes, size_t len)
{
	size_t left = said.len - model.said;

	if (uncalled != NULL && left == strlen(uncalled) &&
	    memcmp(said.bytes + model.said, uncalled, left) == 0)
		return; /* the server's last word; and the next expectation finds the same */
	check(memcmp(said.bytes + model.said, bytes, left < len ? left : len) == 0);
	model.said += left < len ? left : len;
}

static void
expect_own(const char *text, bool last)
{
	expect(text, strlen(text));
	expect("\r\n", 2);
	model.last = last;
}

static void
understand(const struct answered *this)
{
	char class = this->reply[0];

	switch (this->command) {
	case WRAPCOMMAND_MAIL:
		model.mail_taken = model.mail_taken || class == '2';
		break;
	case WRAPCOMMAND_DATA:
		model.mode = class == '3' ? MESSAGE : COMMANDS;
		break;
	case WRAPCOMMAND_AUTH:
		model.mode = class == '3' ? RESPONSE : COMMANDS;
		if (class == '2')
			model.authenticated = true;
		break;
	case WRAPCOMMAND_STARTTLS:
		model.mode = class == '2' ? BLIND : COMMANDS;
		break;
	default:
		break;
	}
}

/* The server got this, and its reply went to the client. Returns false if it did not yet. */
static bool
expect_servers(enum wrapcommand command, const char *bytes, size_t len)
{
	const struct answered *this = &answered[model.answers];

	if (model.answers == answers)
		return false;
	check(this->command == command && this->len == len);
	check(memcmp(heard.bytes + this->at, bytes, len) == 0);
	model.answers++;
	expect(this->passes != NULL ? this->passes : this->reply,
	    strlen(this->passes != NULL ? this->passes : this->reply));
	understand(this);
	return true;
}

/* The same for a recipient. */
static bool
expect_recipient(const char *line, size_t len)
{
	char path[WRAPCOMMAND_PATH_SIZE];

	if (model.authenticated)
		return expect_servers(WRAPCOMMAND_RCPT, line, len);
	if (!wrapcommand_path(path, line, len, "TO")) {
		expect_own(wrapreply_recipient, false);
		return true;
	}
	check(qmail_finds(line, len, path));
	if (path[0] != '\0' && path[strlen(path) - 1] == ']' && strstr(path, "@[") != NULL &&
	    strncasecmp(path, "postmaster@[", 12) != 0) {
		expect_own(wrapreply_literal, false);
		return true;
	}
	if (!model.mail_taken)
		return expect_servers(WRAPCOMMAND_RCPT, line, len);
	if (model.asks == asks)
		return false;
	check(strncmp(asked[model.asks].recipient, path, 63) == 0);
	check(strncmp(asked[model.asks].sender, model.sender, 63) == 0);
	if (asked[model.asks].verdict == UNDECIDED)
		return false;
	if (session.limit > 0 && model.refused >= 2 * session.limit) {
		expect_own(wrapreply_limit, true);
		return true;
	}
	if (asked[model.asks].verdict == REFUSED) {
		model.refused += asked[model.asks].reply[0] == '5';
		expect_own(asked[model.asks++].reply, false);
		return true;
	}
	if (!expect_servers(WRAPCOMMAND_RCPT, line, len))
		return false;
	model.asks++;
	return true;
}

static bool
expect_command(void)
{
	const char *line = sent.bytes + model.at, *lf = memchr(line, '\n', sent.len - model.at);
	size_t len = lf != NULL ? (size_t)(lf - line) : sent.len - model.at, used = len + 1;
	char path[WRAPCOMMAND_PATH_SIZE];
	enum wrapcommand command;
	bool done = true;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len > (len >= 5 && strncasecmp(line, "auth", 4) == 0 &&
			      (line[4] == ' ' || line[4] == '\t')
			  ? 12284
			  : 2040)) {
		expect_own(wrapreply_long, false);
		model.at += lf != NULL ? used : sent.len - model.at;
		return lf != NULL;
	}
	if (lf == NULL)
		return false;
	command = classify(line, len);
	if (command == WRAPCOMMAND_BAD)
		expect_own(wrapreply_bad, false);
	else if (command == WRAPCOMMAND_UNKNOWN)
		expect_own(wrapreply_unknown, false);
	else if (command == WRAPCOMMAND_RCPT)
		done = expect_recipient(line, len);
	else if (command == WRAPCOMMAND_MAIL && wrapcommand_has_parameter(line, len, "PRDR"))
		expect_own(wrapreply_parameter, false);
	else {
		if (command == WRAPCOMMAND_MAIL && !wrapcommand_path(path, line, len, "FROM"))
			path[0] = '\0';
		done = expect_servers(command, line, len);
		if (done && command == WRAPCOMMAND_MAIL &&
		    answered[model.answers - 1].reply[0] == '2')
			strcpy(model.sender, path);
	}
	if (done)
		model.at += used;
	return done;
}

static bool
expect_message(void)
{
	const char *bytes = sent.bytes + model.at;
	size_t left = sent.len - model.at, end = 0, got = heard.len - heard.used;
	int found = find_end(bytes, left, &end);

	if (found == 1 && model.answers < answers) {
		model.mode = COMMANDS;
		model.at += end;
		return expect_servers(WRAPCOMMAND_END, bytes, end);
	}
	/* As far as it came, it is the same; before a dot that may end it, it stops. */
	check(model.answers == answers && got <= left);
	check(memcmp(heard.bytes + heard.used, bytes, got) == 0);
	if (found == -1) {
		check(got <= end);
		if (session.events & WRAPSESSION_AMBIGUOUS)
			expect_own(wrapreply_ambiguous, true);
	}
	return false;
}

static bool
expect_response(void)
{
	const char *line = sent.bytes + model.at, *lf = memchr(line, '\n', sent.len - model.at);
	size_t len = lf != NULL ? (size_t)(lf - line) : sent.len - model.at, used = len + 1;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	for (size_t i = 0; i < len; i++) {
		if (i == 12285 || line[i] == '\0' ||
		    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=*",
			line[i]) == NULL) {
			expect_own(wrapreply_response, true);
			return false;
		}
	}
	if (lf == NULL || !expect_servers(WRAPCOMMAND_AUTH, line, len))
		return false;
	model.at += used;
	return true;
}

/*
 * Whatever the machine and the model make of transactions: behind the first MAIL that the server took,
 * and before an AUTH that it took, no recipient reached it, as qmail reads the line, that was not asked
 * about and accepted.
 */
static void
judge_recipients(void)
{
	bool mail = false;
	size_t next = 0;

	for (size_t i = 0; i < answers; i++) {
		const struct answered *this = &answered[i];
		const char *line = heard.bytes + this->at;

		if (this->command == WRAPCOMMAND_AUTH && this->reply[0] == '2')
			return;
		if (this->command == WRAPCOMMAND_MAIL && this->reply[0] == '2')
			mail = true;
		if (this->command != WRAPCOMMAND_RCPT || !mail)
			continue;
		while (next < asks && asked[next].verdict != ACCEPTED)
			next++;
		check(next < asks && qmail_finds(line, this->len, asked[next].recipient));
		next++;
	}
}

/* Plays the session again, from what the client said and what was answered. */
static void
judge(void)
{
	bool more = true;
	const char *rest;

	memset(&model, 0, sizeof(model));
	if (answers > 0) {
		model.answers = 1;
		expect(answered[0].reply, strlen(answered[0].reply));
		while (more && !model.last) {
			switch (model.mode) {
			case COMMANDS:
				more = expect_command();
				break;
			case MESSAGE:
				more = expect_message();
				break;
			case RESPONSE:
				more = expect_response();
				break;
			case BLIND:
				rest = sent.bytes + model.at;
				check(heard.len - heard.used <= sent.len - model.at);
				check(memcmp(heard.bytes + heard.used, rest,
					  heard.len - heard.used) == 0);
				more = false;
				break;
			}
		}
	}
	if (uncalled != NULL && model.said < said.len) {
		check(said.len - model.said == strlen(uncalled));
		check(memcmp(said.bytes + model.said, uncalled, strlen(uncalled)) == 0);
		model.said = said.len;
	}
	if (model.mode != BLIND)
		check(model.said == said.len); /* no byte more */
}

/* Both read, the server answers, all questions are decided: nothing may be stuck. */
static void
finish(void)
{
	bool more;

	do {
		step();
		more = fetch(&session.to_server, &heard, SIZE_MAX) > 0;
		more = fetch(&session.to_client, &said, SIZE_MAX) > 0 || more;
		more = answer(0, 0) || more;
		more = (!session.over && serve(0)) || more;
	} while (more && !wild);
	judge_recipients();
	if (wild)
		return;
	judge();
	if (!session.over) {
		/* Everything whole was answered. */
		check(session.count == 0 && model.answers == answers && model.asks == asks);
		check(session.mode != WRAPSESSION_HELD && sent.used == sent.len);
		check(session.from_client.len <= 12285);
	}
	wrapsession_client_ended(&session);
	step();
	check(wrapsession_server_input_over(&session));
	wrapsession_server_ended(&session);
	step();
	check(wrapsession_over(&session));
	fetch(&session.to_client, &said, SIZE_MAX);
	judge();
}

/* The server says something though it owes nothing: only if nothing else is under way. */
static void
speak_uncalled(void)
{
	if (answers == 0 || session.over || uncalled != NULL || session.to_server.len > 0 ||
	    session.from_server.len > 0 || spoke.used < spoke.len || session.servers > 0 ||
	    server_mode == BLIND || sent.used < sent.len || session.from_client.len > 0 ||
	    session.to_client.len > 0)
		return;
	uncalled = "421 4.4.2 time-out\r\n";
	add(&spoke, uncalled, strlen(uncalled));
}

static void
operate(const uint8_t **data, size_t *size)
{
	static char x[13000];
	uint8_t operation = *(*data)++, more;
	size_t len;

	--*size;
	more = *size > 0 ? **data : 0;
	if (operation < 0x80) {
		add(&sent, says[operation % (sizeof(says) / sizeof(says[0]))],
		    strlen(says[operation % (sizeof(says) / sizeof(says[0]))]));
		return;
	}
	if (*size > 0) {
		++*data;
		--*size;
	}
	switch (operation % 16) {
	case 13: /* the server says one reply too many, whatever is under way */
		if (more > 240) {
			wild = true;
			add(&spoke, "250 ok\r\n", 8);
		}
		break;
	case 0: /* the client says bytes */
		len = more % 16 < *size ? more % 16 : *size;
		add(&sent, (const char *)*data, len);
		*data += len;
		*size -= len;
		break;
	case 1: /* much */
		memset(x, more, sizeof(x));
		add(&sent, x, (size_t)(more & 3 ? 4100 : 13000));
		break;
	case 2:
	case 3:
	case 4:
		while (!session.over && uncalled == NULL && serve(more) && operation & 16)
			;
		break;
	case 5:
	case 6:
	case 7:
		answer(more >> 4, more);
		break;
	case 8:
		fetch(&session.to_server, &heard, operation & 16 ? SIZE_MAX : more);
		break;
	case 9:
		fetch(&session.to_client, &said, operation & 16 ? SIZE_MAX : more);
		break;
	case 10:
		if (more > 250)
			speak_uncalled();
		break;
	case 11: /* garbage */
		if (more > 250) {
			wild = true;
			len = *size < 16 ? *size : 16;
			add(&spoke, (const char *)*data, len);
		}
		break;
	case 12:
		if (more > 250 && !wild && session.over)
			wrapsession_server_ended(&session);
		break;
	default:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 4096)
		return 0;
	flags = *data++;
	size--;
	sent.len = sent.used = heard.len = heard.used = 0;
	spoke.len = spoke.used = said.len = said.used = 0;
	answers = asks = 0;
	server_mode = COMMANDS;
	uncalled = NULL;
	wild = false;
	memset(&session, 0x5a, offsetof(struct wrapsession, room_from_client));
	wrapsession_start(&session, flags & STARTTLS, flags & LIMIT ? 2 : 0);
	if (!(flags & LAZY))
		serve(0);
	while (size > 0 && !wild) {
		operate(&data, &size);
		step();
		if (!(flags & LAZY)) {
			fetch(&session.to_server, &heard, SIZE_MAX);
			fetch(&session.to_client, &said, SIZE_MAX);
		}
	}
	finish();
	return 0;
}
