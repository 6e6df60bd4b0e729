#include "callout.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "catchall.h"
#include "servers.h"

#define PATIENCE 3 /* failures of a server that is there until it counts as down */

/* The cache, or NULL when there is none to use. */
static struct cache *
memory_of(struct callout *callout, int busy_ms)
{
	struct checker *checker = callout->checker;

	if (!checker_use_cache(checker, busy_ms, &callout->cache))
		return NULL;
	return &checker->cache;
}

/* The result of a call on the cache; trouble counts as 0. */
static int
use(struct callout *callout, int result)
{
	if (result != -1)
		return result;
	checker_lose_cache(callout->checker, &callout->cache);
	return 0;
}

/*
 * Keeps an answer if it says more than what is there: a statement about the address ends the
 * callout, and "policy" is better known than "temporary". Returns whether it did.
 */
static bool
keep_answer(struct callout *callout, const struct smtp_answer *answer)
{
	bool better = answer->finding != FINDING_TEMPORARY &&
	    callout->outcome.answer.finding == FINDING_TEMPORARY;

	if (callout->outcome.host[0] != '\0' && !better && !finding_is_verdict(answer->finding))
		return false;
	callout->outcome.answer = *answer;
	strcpy(callout->outcome.host, callout->server);
	callout->outcome.control = CONTROL_NOT_ASKED;
	callout->outcome.catch_all = CATCH_ALL_NOT_ASKED;
	callout->outcome.busy = false;
	callout->done = finding_is_verdict(answer->finding);
	return true;
}

/* The same for an answer that no conversation gave. */
static void
keep_note(struct callout *callout, enum finding finding, const char *note)
{
	struct smtp_answer answer = {.finding = finding, .stage = SMTP_CONNECT, .note = note};

	checker_tell(callout->checker, note);
	keep_answer(callout, &answer);
}

/* What its answer means for the next ones. Returns false when it means nothing. */
static bool
judge_server(const struct callout *callout, const struct smtp_answer *answer, bool timed_out,
    struct servers_failure *failure)
{
	bool timeout = answer->note != NULL && strcmp(answer->note, "timeout") == 0;

	if (finding_is_verdict(answer->finding))
		return false;
	failure->claimed = callout->claimed;
	failure->patience = 1;
	failure->hold = 0;
	failure->text = answer->code != 0 ? answer->text : answer->note;
	if (answer->finding == FINDING_POLICY) {
		if (answer->note != NULL) /* a loop, no SMTPUTF8, no TLS, a control recipient */
			return false;
		failure->state = MEMORY_REFUSES;
		failure->hold =
		    answer->stage == SMTP_GREETING ? SERVERS_REFUSE_HOLD : SERVERS_NO_HOLD;
		return answer->stage < SMTP_RCPT;
	}
	failure->state = MEMORY_DOWN;
	/* Something before it has used up the time. */
	if (timeout && !timed_out &&
	    (callout->hurried || (callout->asked > 1 && answer->stage < SMTP_RSET)))
		return false;
	/*
	 * A server that says "not now" may have too many connections of ours; one that greets
	 * may be slow about this user only.
	 */
	if (answer->code != 0 || answer->stage >= SMTP_RSET)
		failure->patience = PATIENCE;
	return timeout || answer->stage < SMTP_RSET;
}

/* Remembers for the next ones how it went with a server. */
static void
note_server(struct callout *callout, const struct smtp_answer *answer, bool timed_out)
{
	struct servers_failure failure;
	bool failed = judge_server(callout, answer, timed_out, &failure);
	/* It was left alone, and answers: that no statement came of it is no reason to go on. */
	bool back = callout->claimed && answer->code != 0;
	struct cache *cache;

	if (finding_is_verdict(answer->finding) || (!failed && !back))
		return;
	cache = memory_of(callout, callout->checker->write_wait);
	if (cache != NULL && failed)
		use(callout, servers_failed(cache, callout->server, &failure, time(NULL)));
	else if (cache != NULL)
		use(callout, servers_back(cache, callout->server));
}

/* The server is to be asked. */
static void
ask_now(struct callout *callout, size_t number)
{
	callout->asked++;
	callout->hurried = deadline_left(callout->deadline) <
	    (int)callout->record->settings.connect_timeout * 1000 / 2;
	callout->number = number;
	callout->wanted = true;
	checker_tell(callout->checker, callout->server);
}

bool
callout_slow(struct callout *callout, bool greeted)
{
	struct cache *cache;

	if (callout->claimed)
		return true;
	cache = memory_of(callout, callout->checker->write_wait);
	if (cache == NULL)
		return true;
	/* Is another process waiting already? Then we need not. */
	switch (servers_suspect(cache, callout->server, greeted ? PATIENCE : 1, time(NULL))) {
	case 1:
		callout->claimed = true;
		return true;
	case 0:
		return false;
	default:
		checker_lose_cache(callout->checker, &callout->cache);
		return true;
	}
}

/*
 * May this process try the server despite its mark? -1: nobody can tell the others, as the cache
 * cannot be written.
 */
static int
claim(struct callout *callout, const struct memory *mark, int64_t now)
{
	struct cache *cache = memory_of(callout, callout->checker->write_wait);
	int result = -1;

	if (cache != NULL)
		result = servers_claim(cache, callout->server, mark, now);
	use(callout, cache != NULL ? result : 0);
	return result;
}

/* A server that is left alone: the answer is what is known of it. */
static void
pass_over(struct callout *callout, size_t number, const struct memory *mark)
{
	bool refuses = strcmp(mark->state, MEMORY_REFUSES) == 0;

	keep_note(callout, refuses ? FINDING_POLICY : FINDING_TEMPORARY,
	    refuses ? "refuses-us" : "down");
	if (!callout->have_spare || mark->tried < callout->spare_mark.tried) {
		callout->have_spare = true;
		callout->spare = number;
		callout->spare_mark = *mark;
	}
}

/* Asks a server, unless what is remembered makes that needless. */
static void
ask_server(struct callout *callout, size_t number)
{
	struct cache *cache = memory_of(callout, callout->checker->read_wait);
	struct catchall known = {CATCH_ALL_NOT_ASKED, 0};
	struct memory mark;
	int64_t now = time(NULL);
	bool marked = false;

	callout->claimed = false;
	if (cache != NULL) {
		use(callout,
		    catchall_find(cache, callout->server, callout->domain, now, &known));
		marked = use(callout, servers_find(cache, callout->server, now, &mark)) == 1;
	}
	if (known.since > callout->outcome.catch_all_since)
		callout->outcome.catch_all_since = known.since;
	if (marked && mark.until <= now) {
		int claimed = claim(callout, &mark, now);

		callout->claimed = claimed == 1;
		marked = claimed == 0;
	}
	if (marked) {
		pass_over(callout, number, &mark);
		return;
	}
	/* A server may accept any address and have no SMTPUTF8. */
	if (known.answer == CATCH_ALL_YES && !callout->claimed &&
	    !callout->question.needs_utf8) {
		keep_note(callout, FINDING_EXISTS, "catch-all");
		callout->outcome.remembered = true;
		return;
	}
	callout->question.nobody = "";
	if ((known.answer == CATCH_ALL_NOT_ASKED || known.answer == CATCH_ALL_YES) &&
	    callout->cache == NULL) {
		catchall_nobody(callout->nobody, strrchr(callout->question.path, '@') + 1);
		callout->question.nobody = callout->nobody;
	}
	ask_now(callout, number);
}

/*
 * All servers are left alone. Every now and then one process tries one of them all the same,
 * so that a primary that is back is not missed for minutes.
 */
static bool
ask_spare(struct callout *callout)
{
	int64_t now = time(NULL);

	if (callout->asked > 0 || !callout->have_spare)
		return false;
	callout->have_spare = false;
	if (now - callout->spare_mark.tried < SERVERS_RETRY_EVERY)
		return false;
	record_server_text(callout->server, &callout->record->servers[callout->spare]);
	if (claim(callout, &callout->spare_mark, now) != 1)
		return false;
	callout->claimed = true;
	callout->outcome.host[0] = '\0'; /* what it says now counts, not what was known */
	callout->question.nobody = "";
	ask_now(callout, callout->spare);
	return true;
}

/*
 * No server of the domain takes an address with bytes above 127: it cannot be delivered (RFC
 * 6531 3.5), whoever sends it. The code is the one that a server would have given.
 */
static void
refuse_utf8(struct callout *callout)
{
	struct smtp_answer *answer = &callout->outcome.answer;

	answer->finding = FINDING_REFUSED;
	answer->code = 553;
	strcpy(answer->enhanced, "5.6.7");
	strcpy(answer->text, "5.6.7 SMTPUTF8 is not offered");
}

/* Goes to the next server, or ends the callout. */
static void
next_server(struct callout *callout)
{
	const struct record *record = callout->record;
	size_t number = callout->next;

	if (number < record->server_count &&
	    (callout->asked == 0 || deadline_left(callout->deadline) > 0)) {
		callout->next++;
		record_server_text(callout->server, &record->servers[number]);
		if (strcmp(callout->server, callout->checker->self) == 0)
			keep_note(callout, FINDING_TEMPORARY, "loop");
		else
			ask_server(callout, number);
	} else if (!ask_spare(callout)) {
		callout->done = true;
		if (callout->lacking_utf8 > 0 && callout->lacking_utf8 == record->server_count)
			refuse_utf8(callout);
	}
}

/* Goes on to the next server that is to be asked. */
static void
go_on(struct callout *callout)
{
	callout->wanted = false;
	while (!callout->done && !callout->wanted)
		next_server(callout);
}

void
callout_take(struct callout *callout, const struct inquiry *inquiry, bool timed_out)
{
	const struct smtp_answer *answer = &inquiry->answer;
	/* Again a "no", of which only the confirmation or the control failed, is none of those. */
	bool unproven = answer->finding == FINDING_TEMPORARY &&
	    (answer->note != NULL || inquiry->control == CONTROL_FAILED);

	if (answer->lacks_utf8)
		callout->lacking_utf8++;
	if (answer->stage == SMTP_RCPT && answer->code != 0 &&
	    !finding_is_no(answer->finding) && !unproven)
		callout->outcome.answered = true;
	/* Nor is the next one's "no" believed at once. */
	if (inquiry->control == CONTROL_REFUSED)
		callout->question.doubt = true;
	note_server(callout, answer, timed_out);
	if (keep_answer(callout, answer)) {
		callout->outcome.control = inquiry->control;
		callout->outcome.catch_all = inquiry->catch_all;
	}
	go_on(callout);
}

void
callout_skip(struct callout *callout)
{
	/* That of the others which did not answer either is better known. */
	if (callout->outcome.answer.finding == FINDING_TEMPORARY) {
		callout->outcome.host[0] = '\0';
		keep_note(callout, FINDING_TEMPORARY, "busy");
		callout->outcome.busy = true;
	}
	go_on(callout);
}

void
callout_start(struct callout *callout, struct checker *checker, const struct record *record,
    const char *domain, const struct inquiry_question *question, int64_t deadline)
{
	callout->done = false;
	outcome_clear(&callout->outcome);
	callout->cache = NULL;
	callout->checker = checker;
	callout->record = record;
	callout->domain = domain;
	callout->question = *question;
	callout->deadline = deadline;
	callout->next = 0;
	callout->asked = 0;
	callout->lacking_utf8 = 0;
	callout->have_spare = false;
	go_on(callout);
}

void
callout_stop(struct callout *callout)
{
	callout->done = true;
}
