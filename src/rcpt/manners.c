#include "manners.h"

#include <string.h>

#define WARY         (600 * 1000) /* ms until more is tried again after it was too much */
#define BRIEF        (60 * 1000)  /* ms, for what may pass sooner */
#define WINDOW_FIRST 2
#define SLOW_FLIGHT  500 /* ms longer than four times the fastest: a slow-down, or a tarpit */

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
	} else if (flight->count > 1) {
		be_wary(manners, 1, now);
	}
}

/*
 * Does it take more than one recipient from <>? The last two of a flight may have been asked to
 * find that out, and later flights may show that it does not any more.
 */
static void
learn_joining(struct manners *manners, const struct manners_flight *flight, int64_t now)
{
	const struct smtp_ask *last = &flight->asks[flight->count - 1];
	bool good = true;

	if (flight->count < 2)
		return;
	if (!manners->joins && last->joins && last[-1].answer.finding == FINDING_EXISTS) {
		manners->joins = last->answer.finding == FINDING_EXISTS;
		good = manners->joins;
	}
	for (size_t i = 1; i < flight->count && manners->joins; i++)
		if (flight->asks[i].joins && flight->asks[i].answer.code >= 400 &&
		    !finding_is_verdict(flight->asks[i].answer.finding))
			good = false;
	if (!good) {
		manners->joins = false;
		manners->apart_until = now + WARY;
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

bool
manners_may_try(const struct manners *manners, int64_t now)
{
	return !manners->joins && manners->apart_until <= now;
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
	return answer->stage == SMTP_RCPT && answer->code != 0 && answer->code != 421 &&
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
