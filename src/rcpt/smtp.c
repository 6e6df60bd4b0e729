#include "smtp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "classify.h"

static void
await(struct smtp *smtp, enum smtp_stage stage)
{
	smtp->stage = stage;
	reply_start(&smtp->reply);
}

void
smtp_start(struct smtp *smtp, const struct smtp_terms *terms)
{
	smtp->terms = *terms;
	smtp->state = SMTP_OPENING;
	smtp->extended = false;
	smtp->pipelining = false;
	smtp->utf8 = false;
	smtp->secured = false;
	smtp->offers_more = false;
	smtp->greeting[0] = '\0';
	smtp->asked = 0;
	smtp->mails = 0;
	smtp->asks = NULL;
	smtp->count = 0;
	smtp->current = 0;
	smtp->refused = false;
	smtp->outstanding = 1; /* the greeting */
	smtp->out_len = 0;
	await(smtp, SMTP_GREETING);
}

/* Every argument is bounded by what address.h and settings.h let through: it fits. */
static void
say(struct smtp *smtp, const char *verb, const char *argument, const char *end)
{
	int len = snprintf(smtp->out + smtp->out_len, sizeof(smtp->out) - smtp->out_len,
	    "%s%s%s\r\n", verb, argument, end);

	smtp->out_len += (size_t)len;
	smtp->outstanding++;
}

/* The reply just taken is the answer. */
static void
answer_reply(
    const struct smtp *smtp, struct smtp_answer *answer, enum finding finding, const char *note)
{
	smtpanswer_reply(answer, smtp->stage, finding, note, &smtp->reply);
}

/*
 * The conversation is over, and smtp->answer says why. It is the answer to each question of a
 * flight that is under way: if there are several, even to those that had a reply. Which question
 * the replies belonged to cannot be told any more if one is missing.
 */
static void
close_down(struct smtp *smtp)
{
	if (smtp->state == SMTP_ASKING && !(smtp->count == 1 && smtp->refused))
		for (size_t i = 0; i < smtp->count; i++)
			smtp->asks[i].answer = smtp->answer;
	smtp->state = SMTP_CLOSED;
}

void
smtp_lost(struct smtp *smtp, const char *note)
{
	if (smtp->state == SMTP_CLOSED)
		return;
	smtp->out_len = 0;
	smtpanswer_note(&smtp->answer, smtp->stage, FINDING_TEMPORARY, note);
	close_down(smtp);
}

/* The server will not have us, or not like this: closed with its reply, and a QUIT. */
static void
turn_away(struct smtp *smtp, enum finding finding, const char *note)
{
	answer_reply(smtp, &smtp->answer, finding, note);
	close_down(smtp);
	say(smtp, "QUIT", "", "");
}

/* Is the first word of the greeting our own name? */
static bool
greets_as_us(const struct smtp *smtp)
{
	const char *helo = smtp->terms.helo;
	size_t len = strlen(helo);

	return smtp->terms.guard_loop && smtp->reply.text_len >= len &&
	    strncasecmp(smtp->reply.text, helo, len) == 0 &&
	    strchr(" \n", smtp->reply.text[len]) != NULL; /* or NUL: the end */
}

static void
say_ehlo(struct smtp *smtp)
{
	say(smtp, "EHLO ", smtp->terms.helo, "");
	await(smtp, SMTP_EHLO);
}

/* Nothing is left to be done before questions. */
static void
get_ready(struct smtp *smtp)
{
	if (smtp->terms.tls == SMTP_TLS_MUST && !smtp->secured)
		turn_away(smtp, FINDING_POLICY, "no-tls");
	else
		smtp->state = SMTP_READY;
	if (smtp->state == SMTP_READY && smtp->stage == SMTP_STARTTLS)
		smtp->stage = SMTP_EHLO; /* refused, and over */
}

static void
take_ehlo(struct smtp *smtp, bool good)
{
	const struct reply *reply = &smtp->reply;
	bool may_secure;

	if (good) {
		smtp->extended = true;
		smtp->pipelining = reply_offers(reply, "PIPELINING");
		smtp->utf8 = reply_offers(reply, "SMTPUTF8");
		may_secure = !smtp->secured && reply_offers(reply, "STARTTLS");
		smtp->offers_more = may_secure || reply->text_cut;
		if (smtp->terms.tls == SMTP_TLS_NONE || !may_secure) {
			get_ready(smtp);
			return;
		}
		say(smtp, "STARTTLS", "", "");
		await(smtp, SMTP_STARTTLS);
	} else if (reply->code == 500 || reply->code == 502 || reply->code == 504 ||
	    reply->code == 550) {
		say(smtp, "HELO ", smtp->terms.helo, "");
		await(smtp, SMTP_HELO);
	} else {
		turn_away(smtp, classify_before_rcpt(reply), NULL);
	}
}

/* A server that offers TLS and then refuses it (RFC 3207 4) is as one that does not offer it. */
static void
take_starttls(struct smtp *smtp)
{
	if (smtp->reply.code == 220)
		smtp->state = SMTP_SECURING;
	else if (smtp->reply.code == 421)
		turn_away(smtp, FINDING_TEMPORARY, NULL);
	else
		get_ready(smtp);
}

static void
say_mail(struct smtp *smtp, const struct smtp_ask *ask)
{
	say(smtp, "MAIL FROM:<", ask->sender, ask->needs_utf8 ? "> SMTPUTF8" : ">");
}

static void
say_rcpt(struct smtp *smtp, const struct smtp_ask *ask)
{
	say(smtp, "RCPT TO:<", ask->path, ">");
}

/* May a reply of the flight be that to another question? Those that name theirs are not. */
static bool
is_unsure(const struct smtp *smtp)
{
	bool unsure = false;

	for (size_t i = 0; i < smtp->count && smtp->count > 1; i++)
		unsure =
		    unsure || (smtp->asks[i].answer.code >= 500 && !smtp->asks[i].answer.names);
	return unsure;
}

/* The current question has its answer, and each of its commands a reply. */
static void
next_ask(struct smtp *smtp)
{
	const struct smtp_ask *ask = &smtp->asks[smtp->current], *next = ask + 1;

	smtp->current++;
	if (smtp->current == smtp->count) {
		smtp->refused = false;
		if (smtp->reply.code == 421) {
			answer_reply(smtp, &smtp->answer, FINDING_TEMPORARY, NULL);
			smtp->state = SMTP_CLOSED;
		} else {
			smtp->state = is_unsure(smtp) ? SMTP_LISTENING : SMTP_READY;
		}
	} else if (next->joins) {
		if (smtp->refused)
			smtp->asks[smtp->current].answer = ask->answer;
		await(smtp, SMTP_RCPT);
	} else {
		smtp->refused = false;
		await(smtp, SMTP_RSET);
	}
}

static void
take_rset(struct smtp *smtp, bool good)
{
	const struct smtp_ask *ask = &smtp->asks[smtp->current];

	if (!good) {
		turn_away(smtp, FINDING_TEMPORARY, NULL);
		return;
	}
	if (!smtp->pipelining)
		say_mail(smtp, ask);
	await(smtp, SMTP_MAIL);
}

static void
take_mail(struct smtp *smtp, bool good)
{
	struct smtp_ask *ask = &smtp->asks[smtp->current];

	if (good && !smtp->pipelining)
		say_rcpt(smtp, ask);
	if (!good) {
		answer_reply(smtp, &ask->answer, classify_before_rcpt(&smtp->reply), NULL);
		/* What is then said to a pipelined RCPT means nothing. */
		smtp->refused = smtp->pipelining;
		if (!smtp->pipelining) {
			next_ask(smtp);
			return;
		}
	}
	await(smtp, SMTP_RCPT);
}

/* Does the reply speak of the mailbox of this question? */
static bool
names(const struct reply *reply, const struct smtp_ask *ask)
{
	char echo[ADDRESS_PATH_SIZE + 2];

	snprintf(echo, sizeof(echo), "<%s>", ask->path);
	return strcasestr(reply->text, echo) != NULL;
}

/* Many servers name the mailbox that they speak of. It should not be that of another question. */
static bool
names_another(const struct smtp *smtp)
{
	const struct smtp_ask *ask = &smtp->asks[smtp->current];
	bool found = false;

	for (size_t i = 0; i < smtp->count; i++)
		if (strcasecmp(smtp->asks[i].path, ask->path) != 0)
			found = found || names(&smtp->reply, &smtp->asks[i]);
	return found && !names(&smtp->reply, ask);
}

static void
take_rcpt(struct smtp *smtp)
{
	struct smtp_ask *ask = &smtp->asks[smtp->current];
	struct classify_question question = {
	    .path = ask->path,
	    .own_ip = smtp->terms.own_ip,
	    .needs_utf8 = ask->needs_utf8,
	};

	if (smtp->count > 1 && names_another(smtp)) {
		smtp_lost(smtp, "out-of-step");
		return;
	}
	if (!smtp->refused) {
		answer_reply(smtp, &ask->answer, classify_rcpt(&smtp->reply, &question), NULL);
		ask->answer.names = names(&smtp->reply, ask);
		ask->answer.may_be_policy = ask->answer.finding == FINDING_AMBIGUOUS &&
		    classify_may_be_policy(&smtp->reply, &question);
	}
	next_ask(smtp);
}

static void
take_reply(struct smtp *smtp)
{
	const struct reply *reply = &smtp->reply;
	/* These and no others (RFC 5321 4.3.2): another 2yz means that we are out of step. */
	bool good = reply->code == (smtp->stage == SMTP_GREETING ? 220 : 250);

	switch (smtp->stage) {
	case SMTP_GREETING:
		smtpanswer_text(smtp->greeting, sizeof(smtp->greeting), reply);
		if (good && greets_as_us(smtp))
			turn_away(smtp, FINDING_POLICY, "loop");
		else if (good)
			say_ehlo(smtp);
		else
			turn_away(smtp, classify_before_rcpt(reply), NULL);
		return;
	case SMTP_EHLO:
		take_ehlo(smtp, good);
		return;
	case SMTP_HELO:
		if (good)
			get_ready(smtp);
		else
			turn_away(smtp, classify_before_rcpt(reply), NULL);
		return;
	case SMTP_STARTTLS:
		take_starttls(smtp);
		return;
	case SMTP_RSET:
		take_rset(smtp, good);
		return;
	case SMTP_MAIL:
		take_mail(smtp, good);
		return;
	case SMTP_RCPT:
		take_rcpt(smtp);
		return;
	case SMTP_CONNECT:
		return;
	}
}

/*
 * Bytes have come behind the reply just taken that answer nothing we had said. The server is
 * not in step with us, and no "no" of it can be trusted; only a 421 that closes the connection
 * may follow an answer (RFC 5321 3.8). was: the state before that reply.
 */
static void
distrust(struct smtp *smtp, enum smtp_state was, const char *bytes, size_t len)
{
	bool closing = len >= 3 && memcmp(bytes, "421", 3) == 0;
	bool answered =
	    was == SMTP_LISTENING || (was == SMTP_ASKING && smtp->state != SMTP_ASKING);

	if (smtp->state == SMTP_CLOSED && !answered)
		return; /* turned away already */
	smtp->out_len = 0;
	smtpanswer_note(&smtp->answer, smtp->stage, FINDING_TEMPORARY, "out-of-step");
	/* What a flight of one says without a word from RCPT stands. */
	if (answered && !closing &&
	    (smtp->count > 1 || smtp->asks[0].answer.stage == SMTP_RCPT))
		smtp->state = SMTP_ASKING; /* the flight is spoilt */
	close_down(smtp);
}

void
smtp_input(struct smtp *smtp, const char *bytes, size_t len)
{
	if ((smtp->state == SMTP_READY || smtp->state == SMTP_SECURING ||
		smtp->state == SMTP_LISTENING) &&
	    len > 0)
		distrust(smtp, smtp->state, bytes, len);
	while (len > 0 && smtp->state != SMTP_CLOSED) {
		enum smtp_state was = smtp->state;
		enum reply_state state;
		size_t used;
		bool unasked;

		state = reply_feed(&smtp->reply, bytes, len, &used);
		bytes += used;
		len -= used;
		if (state == REPLY_GARBAGE) {
			smtp_lost(smtp, "garbage");
			return;
		}
		if (state != REPLY_WHOLE)
			continue;
		smtp->outstanding--;
		unasked = smtp->outstanding == 0 && len > 0;
		take_reply(smtp);
		if (unasked) {
			distrust(smtp, was, bytes, len);
			return;
		}
	}
}

void
smtp_secured(struct smtp *smtp)
{
	smtp->secured = true;
	smtp->state = SMTP_OPENING;
	/* What was offered before is forgotten (RFC 3207 4.2). */
	smtp->extended = smtp->pipelining = smtp->utf8 = false;
	say_ehlo(smtp);
}

size_t
smtp_room(const struct smtp *smtp)
{
	if (smtp->state != SMTP_READY)
		return 0;
	return smtp->pipelining ? SMTP_FLIGHT_MAX : 1;
}

bool
smtp_lacks(const struct smtp *smtp, struct smtp_ask *ask)
{
	if (!ask->needs_utf8 || smtp->utf8)
		return false;
	smtpanswer_note(&ask->answer, smtp->stage, FINDING_POLICY, "no-smtputf8");
	ask->answer.stage = smtp->extended ? SMTP_EHLO : SMTP_HELO;
	ask->answer.code = 250;
	/* HELO came after a refused EHLO, which may be about us. */
	ask->answer.lacks_utf8 = smtp->extended && !smtp->offers_more;
	return true;
}

void
smtp_ask(struct smtp *smtp, struct smtp_ask *asks, size_t count)
{
	smtp->asks = asks;
	smtp->count = count;
	smtp->current = 0;
	smtp->refused = false;
	smtp->state = SMTP_ASKING;
	for (size_t i = 0; i < count; i++) {
		bool first = smtp->asked++ == 0;
		bool joins = i > 0 && asks[i].joins;

		if (!joins)
			smtp->mails++;
		if (!first && !joins)
			say(smtp, "RSET", "", "");
		if (i == 0)
			await(smtp, first ? SMTP_MAIL : SMTP_RSET);
		if (!joins && (first || smtp->pipelining))
			say_mail(smtp, &asks[i]);
		if (smtp->pipelining)
			say_rcpt(smtp, &asks[i]);
	}
}

void
smtp_listened(struct smtp *smtp)
{
	if (smtp->state == SMTP_LISTENING)
		smtp->state = SMTP_READY;
}

void
smtp_quit(struct smtp *smtp)
{
	if (smtp->state != SMTP_READY)
		return;
	smtpanswer_note(&smtp->answer, smtp->stage, FINDING_TEMPORARY, "quit");
	say(smtp, "QUIT", "", "");
	smtp->state = SMTP_CLOSED;
}
