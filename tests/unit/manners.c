/*
 * What a server is found to put up with, flight by flight, and for how long it is believed.
 */
#include "rcpt/manners.h"

#include "tap.h"

#define THEN    1000000 /* ms: some time of deadline.h */
#define MINUTE  60000
#define MINUTES (10 * (int64_t)MINUTE) /* of being wary */

static struct manners manners;
static struct smtp_ask asks[SMTP_FLIGHT_MAX];

/* A flight of so many, all answered with yes, on a connection that stays open. */
static struct manners_flight
flight_of(size_t count, int64_t took)
{
	for (size_t i = 0; i < SMTP_FLIGHT_MAX; i++)
		asks[i] = (struct smtp_ask){.sender = "",
		    .path = "user@example.com",
		    .answer = {.finding = FINDING_EXISTS, .stage = SMTP_RCPT, .code = 250}};
	return (struct manners_flight){.count = count,
	    .answered = count,
	    .used = true,
	    .open = true,
	    .asks = asks,
	    .took = took};
}

static bool
learn(size_t count, int64_t took, int64_t now)
{
	struct manners_flight flight = flight_of(count, took);

	return manners_learn(&manners, &flight, now);
}

static void
answer(size_t i, enum finding finding, int code)
{
	asks[i].answer.finding = finding;
	asks[i].answer.code = code;
}

static void
test_begin(void)
{
	memset(&manners, 0x5a, sizeof(manners));
	manners_begin(&manners);
	ok(manners.window == 2 && manners.transactions == MANNERS_TRANSACTIONS &&
		manners.connections == 0 && !manners.joins && manners.fastest == 0,
	    "it begins with two at a time, and knows of no limits");
	ok(manners.clear_until == 0 && manners.tls_bad_until == 0 && manners.code == 0,
	    "nor of other troubles");
	is_int((long long)manners_joining(&manners, 5, THEN), 0,
	    "nor of how it says no: each question has a transaction");
	is_int(manners_silence(&manners), 3000, "3 s without a word are much");
	manners.fastest = 2000;
	is_int(manners_silence(&manners), 8000, "but not for one that always takes 2");
}

static void
test_window(void)
{
	static const size_t wanted[] = {4, 8, SMTP_FLIGHT_MAX, SMTP_FLIGHT_MAX};

	manners_begin(&manners);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		ok(!learn(manners.window, 10, THEN), "a flight of %zu in 10 ms is not slow",
		    manners.window);
		is_int((long long)manners.window, (long long)wanted[i],
		    "then there may be twice as many");
	}
	manners_begin(&manners);
	learn(1, 10, THEN);
	is_int((long long)manners.window, 2, "one that was not full says nothing about more");
	learn(2, 1200, THEN);
	is_int((long long)manners.window, 4, "1200 ms are not long");
	learn(4, 1201, THEN);
	is_int((long long)manners.window, 3, "1201 ms are: as many as would have taken 1200");
	learn(3, 10, THEN + MINUTES - 1);
	is_int((long long)manners.window, 3, "for ten minutes it grows no more");
	learn(3, 10, THEN + MINUTES);
	is_int((long long)manners.window, 6, "then it does");
	learn(6, 2400, THEN);
	is_int((long long)manners.window, 3, "twice as long: half as many");
	learn(3, 60000, THEN);
	is_int((long long)manners.window, 1, "a minute: one at a time, but not none");
	manners_forget(&manners, THEN + MINUTES - 1);
	is_int((long long)manners.window, 1, "for ten minutes");
	manners_forget(&manners, THEN + MINUTES);
	is_int((long long)manners.window, 2, "then two again");
	learn(1, INT64_C(1) << 40, THEN);
	is_int((long long)manners.window, 1, "nor does half a century make it none");
}

/* Slow is what takes longer than 500 ms above four times the fastest. */
static void
test_slow(void)
{
	manners_begin(&manners);
	ok(!learn(1, 700, THEN), "the first is not slow");
	is_int(manners.fastest, 700, "but the fastest");
	ok(!learn(1, 3300, THEN), "500 ms above four times as long is not yet slow");
	ok(learn(1, 3301, THEN), "more is");
	ok(!learn(1, 0, THEN), "one that takes no time");
	is_int(manners.fastest, 1, "takes a millisecond");
	ok(!learn(1, 504, THEN) && learn(1, 505, THEN), "by which the others are judged");
	is_int(manners.fastest, 1, "the fastest stays");
}

/* The connection has ended with a flight of count, of which answered had their replies. */
static void
end(size_t count, size_t mails, size_t answered, bool used, const char *note)
{
	struct manners_flight flight = flight_of(count, 10);

	flight.mails = mails;
	flight.answered = answered;
	flight.used = used;
	flight.open = false;
	flight.note = note;
	for (size_t i = 0; i < count; i++)
		answer(i, FINDING_TEMPORARY, note == NULL ? 421 : 0);
	manners_learn(&manners, &flight, THEN);
}

static void
test_end(void)
{
	manners_begin(&manners);
	end(1, 0, 0, false, "lost");
	ok(manners.transactions == MANNERS_TRANSACTIONS && manners.window == 2,
	    "a new connection that is lost says nothing about how many");
	end(1, 20, 0, true, "lost");
	is_int((long long)manners.transactions, 20,
	    "one that is lost behind 20 transactions may have 20");
	is_int((long long)manners.window, 2, "which has nothing to do with flights");
	end(4, 6, 3, true, NULL);
	is_int((long long)manners.transactions, 9, "a 421 in the tenth: nine");
	end(2, 0, 0, true, "lost");
	is_int((long long)manners.transactions, 1, "at the first: one, not none");
	manners_forget(&manners, THEN + MINUTES - 1);
	is_int((long long)manners.transactions, 1, "for ten minutes");
	manners_forget(&manners, THEN + MINUTES);
	is_int((long long)manners.transactions, MANNERS_TRANSACTIONS, "then as ever");
	manners.joins = true;
	end(4, 6, 3, true, "lost");
	is_int((long long)manners.transactions, 6,
	    "where recipients are joined the flight had one that did not end");
	for (size_t i = 0; i < 3; i++) {
		static const char *const notes[] = {"timeout", "garbage", "out-of-step"};

		manners_begin(&manners);
		manners.window = 8;
		end(1, 3, 0, true, notes[i]);
		is_int((long long)manners.window, 8, "a question alone that ends otherwise");
		end(2, 3, 0, true, notes[i]);
		ok(manners.window == 1 && manners.transactions == MANNERS_TRANSACTIONS,
		    "several with %s: one at a time from now on", notes[i]);
	}
	manners_begin(&manners);
	manners.window = 8;
	end(2, 3, 0, true, "silent");
	ok(manners.window == 8 && manners.transactions == MANNERS_TRANSACTIONS,
	    "one that is gone says nothing about the server");
}

static void
test_transactions(void)
{
	static const char exim[] = "mail.example.com ESMTP Exim 4.96 Sat, 21 Nov 2026";

	manners_begin(&manners);
	is_int((long long)manners_transactions(&manners, "mail.example.com ESMTP Postfix"), 50,
	    "50 transactions");
	is_int((long long)manners_transactions(&manners, exim), 11, "11 with Exim");
	manners.transactions = 5;
	ok(manners_transactions(&manners, exim) == 5 && manners_transactions(&manners, "") == 5,
	    "fewer, if it wants so");
}

/* A flight of two, the second in the transaction of the first if joins. */
static void
ask_two(bool joins, enum finding second, int code, const char *enhanced, bool names)
{
	struct manners_flight flight = flight_of(2, 10);

	answer(1, second, code);
	strcpy(asks[1].answer.enhanced, enhanced);
	asks[1].answer.names = names;
	asks[1].joins = joins;
	manners_learn(&manners, &flight, THEN);
}

static size_t
joining(size_t count, int64_t now)
{
	return manners_joining(&manners, count, now);
}

static void
test_joining(void)
{
	static const struct {
		enum finding finding;
		int code;
		const char *enhanced;
		bool names;
		const char *what;
	} unclear[] = {
	    {FINDING_TEMPORARY, 452, "4.5.3", true, "452 4.5.3"},
	    {FINDING_POLICY, 550, "5.5.3", true, "550 5.5.3"},
	    {FINDING_AMBIGUOUS, 550, "", true, "550"},
	    {FINDING_UNKNOWN, 550, "5.1.1", false, "550 5.1.1 without the mailbox"},
	    {FINDING_UNKNOWN, 550, "", true, "550 with the mailbox, without 5.1.1"},
	    {FINDING_REFUSED, 552, "5.2.2", true, "552 5.2.2"},
	};

	manners_begin(&manners);
	learn(2, 10, THEN);
	is_int((long long)joining(5, THEN), 0, "a yes says nothing about how it says no");
	ask_two(false, FINDING_UNKNOWN, 550, "5.1.1", false);
	is_int((long long)joining(5, THEN), 0, "a no without its mailbox: each by itself");
	ask_two(false, FINDING_UNKNOWN, 550, "5.1.1", true);
	is_int((long long)joining(5, THEN), 1, "one that names it: the last may be tried");
	is_int((long long)joining(1, THEN), 0, "if there is one before it");
	ask_two(true, FINDING_UNKNOWN, 550, "5.1.1", true);
	is_int((long long)joining(5, THEN), 1, "which shows nothing if it is refused");
	ask_two(true, FINDING_EXISTS, 250, "2.1.5", false);
	is_int(
	    (long long)joining(5, THEN), 4, "a yes there: all behind the first can be joined");
	ask_two(true, FINDING_UNKNOWN, 550, "5.1.10", true);
	is_int((long long)joining(5, THEN), 4, "and a no that names its mailbox is about that");
	ask_two(true, FINDING_TEMPORARY, 0, "", false);
	is_int((long long)joining(5, THEN), 4, "a lost connection refuses nobody's place");
	ask_two(false, FINDING_UNKNOWN, 550, "", false);
	is_int((long long)joining(5, THEN), 0, "until a no names nobody");
	for (size_t i = 0; i < sizeof(unclear) / sizeof(unclear[0]); i++) {
		manners_begin(&manners);
		manners.names = manners.joins = true;
		ask_two(true, unclear[i].finding, unclear[i].code, unclear[i].enhanced,
		    unclear[i].names);
		ok(!manners_is_certain(&asks[1].answer), "%s may be about the place",
		    unclear[i].what);
		manners.names = true;
		ok(joining(5, THEN + MINUTES - 1) == 0 && joining(5, THEN + MINUTES) == 1,
		    "which is not tried for ten minutes");
	}
}

static void
test_full(void)
{
	manners_begin(&manners);
	manners_full(&manners, 2, THEN);
	is_int((long long)manners.connections, 2, "no more than two connections");
	manners_forget(&manners, THEN + MINUTE - 1);
	is_int((long long)manners.connections, 2, "for a minute");
	manners_forget(&manners, THEN + MINUTE);
	is_int((long long)manners.connections, 0, "then there may be more");
}

/* Does that reply to RCPT mean what it says, on a connection that was used? */
static bool
means_it(enum smtp_stage stage, int code, int64_t now)
{
	struct smtp_answer got = {.finding = FINDING_POLICY, .stage = stage, .code = code};

	return manners_means_it(&manners, &got, now);
}

static void
learn_code(enum finding finding, enum smtp_stage stage, int code)
{
	struct smtp_answer got = {.finding = finding, .stage = stage, .code = code};

	manners_learn_code(&manners, &got, THEN);
}

static void
test_codes(void)
{
	manners_begin(&manners);
	ok(!means_it(SMTP_RCPT, 450, THEN) && !means_it(SMTP_RCPT, 0, THEN),
	    "of no code it is known that it means what it says");
	learn_code(FINDING_TEMPORARY, SMTP_RCPT, 450);
	ok(means_it(SMTP_RCPT, 450, THEN), "one that a new connection had as well does");
	ok(!means_it(SMTP_RCPT, 451, THEN) && !means_it(SMTP_MAIL, 450, THEN),
	    "but no other, and at RCPT alone");
	ok(means_it(SMTP_RCPT, 450, THEN + MINUTE - 1) &&
		!means_it(SMTP_RCPT, 450, THEN + MINUTE),
	    "for a minute");
	learn_code(FINDING_TEMPORARY, SMTP_MAIL, 451);
	learn_code(FINDING_TEMPORARY, SMTP_RCPT, 421);
	learn_code(FINDING_TEMPORARY, SMTP_RCPT, 0);
	ok(means_it(SMTP_RCPT, 450, THEN), "MAIL, a goodbye and silence change nothing");
	ok(!means_it(SMTP_RCPT, 421, THEN) && !means_it(SMTP_RCPT, 0, THEN),
	    "and are never taken for that");
	learn_code(FINDING_POLICY, SMTP_RCPT, 554);
	ok(means_it(SMTP_RCPT, 554, THEN) && !means_it(SMTP_RCPT, 450, THEN),
	    "another takes its place");
	learn_code(FINDING_UNKNOWN, SMTP_RCPT, 550);
	ok(!means_it(SMTP_RCPT, 554, THEN) && !means_it(SMTP_RCPT, 550, THEN),
	    "a statement ends it");
}

int
main(void)
{
	test_begin();
	test_window();
	test_slow();
	test_end();
	test_transactions();
	test_joining();
	test_full();
	test_codes();
	return tap_done();
}
