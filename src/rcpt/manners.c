#include "manners.h"

#include <string.h>

#define WARY         (600 * 1000) /* ms until more is tried again after it was too much */
#define BRIEF        (60 * 1000)  /* ms, for what may pass sooner */
#define WINDOW_FIRST 2
#define SILENCE      3000 /* ms, at least */
#define SLOW_FLIGHT  500  /* ms longer than four times the fastest: a slow-down, or a tarpit */

/*
 * ms that nobody should wait with others. A server that takes its time for each transaction, as
 * Postfix does when it takes mail faster than it passes it on (in_flow_delay), stays below.
 */
#define LONG_FLIGHT 1200

void
manners_begin(struct manners *manners)
{
	memset(manners, 0, sizeof(*manners));
	manners->window = WINDOW_FIRST;
	manners->transactions = MANNERS_TRANSACTIONS;
}

void
manners_forget(struct manners *manners, int64_t now)
{
	if (manners->window < WINDOW_FIRST && manners->window_until <= now)
		manners->window = WINDOW_FIRST;
	if (manners->transactions_until <= now)
		manners->transactions = MANNERS_TRANSACTIONS;
	if (manners->connections_until <= now)
		manners->connections = 0;
}

static void
be_wary(struct manners *manners, size_t window, int64_t now)
{
	manners->window = window > 1 ? window : 1;
	manners->window_until = now + WARY;
}

/* The connection has ended with the flight. */
static void
learn_end(struct manners *manners, const struct manners_flight *flight, int64_t now)
{
	if (!flight->used)
		return;
	if (flight->note == NULL || strcmp(flight->note, "lost") == 0) {
		/* It has had enough, or is gone: that many it lets us have. */
		manners->transactions = flight->mails + (manners->joins ? 0 : flight->answered);
		if (manners->transactions == 0)
			manners->transactions = 1;
		manners->transactions_until = now + WARY;
	} else if (flight->count > 1 && strcmp(flight->note, "silent") != 0) {
		be_wary(manners, 1, now);
	}
}

bool
manners_is_certain(const struct smtp_answer *answer)
{
	return answer->finding == FINDING_EXISTS ||
	    (finding_is_no(answer->finding) && answer->names &&
		strncmp(answer->enhanced, "5.1.1", 5) == 0);
}

/*
 * Does it take more than one recipient from <>? It does when an address was accepted in the second
 * place. Any word there that is not about the mailbox alone ends it.
 */
static void
learn_joining(struct manners *manners, const struct manners_flight *flight, int64_t now)
{
	for (size_t i = 0; i < flight->count; i++) {
		const struct smtp_ask *ask = &flight->asks[i];

		if (ask->answer.code == 0)
			continue;
		if (finding_is_no(ask->answer.finding))
			manners->names = manners_is_certain(&ask->answer);
		if (ask->answer.finding == FINDING_AMBIGUOUS)
			manners->vague = true;
		else if (finding_is_no(ask->answer.finding))
			manners->vague = false;
		if (!ask->joins)
			continue;
		if (ask->answer.finding == FINDING_EXISTS) {
			manners->joins = true;
		} else if (!manners_is_certain(&ask->answer)) {
			manners->joins = false;
			manners->apart_until = now + WARY;
		}
	}
}

bool
manners_learn(struct manners *manners, const struct manners_flight *flight, int64_t now)
{
	int64_t took = flight->took;

	if (!flight->open)
		learn_end(manners, flight, now);
	learn_joining(manners, flight, now);
	if (manners->fastest == 0 || took < manners->fastest)
		manners->fastest = took > 0 ? took : 1;
	if (took > LONG_FLIGHT) {
		be_wary(manners, flight->count * LONG_FLIGHT / (size_t)took, now);
	} else if (flight->open && flight->count >= manners->window &&
	    manners->window_until <= now) {
		manners->window *= 2;
		if (manners->window > SMTP_FLIGHT_MAX)
			manners->window = SMTP_FLIGHT_MAX;
	}
	return took > SLOW_FLIGHT + 4 * manners->fastest;
}

size_t
manners_transactions(const struct manners *manners, const char *greeting)
{
	bool exim = strstr(greeting, "Exim") != NULL;

	return exim && manners->transactions > MANNERS_EXIM ? MANNERS_EXIM
							    : manners->transactions;
}

size_t
manners_joining(const struct manners *manners, size_t count, int64_t now)
{
	if (!manners->names || manners->apart_until > now || count < 2)
		return 0;
	return manners->joins ? count - 1 : 1;
}

int64_t
manners_silence(const struct manners *manners)
{
	int64_t silence = 4 * manners->fastest;

	return silence > SILENCE ? silence : SILENCE;
}

void
manners_full(struct manners *manners, size_t connections, int64_t now)
{
	manners->connections = connections;
	manners->connections_until = now + BRIEF;
}

bool
manners_means_it(const struct manners *manners, const struct smtp_answer *answer, int64_t now)
{
	return answer->stage == SMTP_RCPT && answer->code != 0 &&
	    answer->code == manners->code && manners->code_until > now;
}

void
manners_learn_code(struct manners *manners, const struct smtp_answer *answer, int64_t now)
{
	if (answer->stage != SMTP_RCPT || answer->code == 421)
		return;
	if (finding_is_verdict(answer->finding)) {
		manners->code = 0;
	} else if (answer->code != 0) {
		manners->code = answer->code;
		manners->code_until = now + BRIEF;
	}
}
