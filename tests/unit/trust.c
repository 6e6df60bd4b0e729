/*
 * How far the "no" of a domain is trusted: which good address is the control, when twenty are
 * too many, what ends a doubt, and which verdicts go with it.
 */
#include "rcpt/trust.h"

#include <stdlib.h>

#include "cachetest.h"
#include "tap.h"

#define NOW   1700000000
#define WEEK  (7 * 86400)
#define LIMIT 1000

static char path[CACHETEST_PATH];
static struct cache cache;
static bool no_control; /* the setting is none */

/* What is known of a domain now, as any process sees it. */
static struct trust
recall(const char *domain)
{
	struct trust trust;

	memset(&trust, 0x5a, sizeof(trust));
	trust_begin(&trust, domain);
	if (trust_recall(&trust, &cache) == -1)
		ok(false, "recall %s: %s", domain, cache_reason(&cache));
	return trust;
}

/* As learn.c does: what others learned meanwhile counts too. */
static void
learn(struct trust *trust, const struct trust_lesson *lesson, int64_t now)
{
	struct trust_lesson this = *lesson;
	bool good;

	this.broken = trust_is_broken(trust, now);
	if (this.key_domain == NULL)
		this.key_domain = trust->domain;
	if (cachewrite_begin(&cache) == -1) {
		ok(false, "begin: %s", cache_reason(&cache));
		return;
	}
	good = trust_recall(trust, &cache) == 0;
	this.broken |= trust_is_broken(trust, now);
	good = good && trust_learn(trust, &cache, &this, now) == 0;
	if (cachewrite_end(&cache, good) == -1)
		ok(false, "learn: %s", cache_reason(&cache));
}

static void
learn_yes(const char *domain, const char *good, int64_t now)
{
	struct trust_lesson lesson = {
	    .finding = FINDING_EXISTS, .control_path = "", .good = good, .good_for = WEEK};
	struct trust trust = recall(domain);

	learn(&trust, &lesson, now);
}

static void
learn_no(const char *domain, enum finding finding, enum inquiry_control control, int64_t now)
{
	struct trust_lesson lesson = {
	    .finding = finding,
	    .control = control,
	    .control_path = no_control ? "" : "control@a.test",
	    .good = "nobody@a.test",
	    .good_for = WEEK,
	};
	struct trust trust = recall(domain);

	learn(&trust, &lesson, now);
}

static void
learn_noes(const char *domain, int count, int64_t now)
{
	for (int i = 0; i < count; i++)
		learn_no(domain, i % 5 == 4 ? FINDING_REFUSED : FINDING_UNKNOWN,
		    CONTROL_NOT_ASKED, now);
}

/* "trusted", "doubted" or "broken". */
static const char *
state(const char *domain, int64_t now)
{
	struct trust trust = recall(domain);

	if (trust_is_broken(&trust, now))
		return trust_doubts(&trust, now) ? "broken" : "broken, and not in doubt";
	return trust_doubts(&trust, now) ? "doubted" : "trusted";
}

/* The control of a domain; the setting NULL is the default. */
static const char *
control(const char *domain, const char *setting, int64_t now)
{
	static char mailbox[ADDRESS_PATH_SIZE];
	struct settings settings;
	struct trust trust = recall(domain);

	settings_default(&settings);
	if (setting != NULL)
		strcpy(settings.control_recipient, setting);
	memset(mailbox, 0x5a, sizeof(mailbox));
	trust_control(&trust, &settings, now, mailbox);
	return mailbox;
}

static void
forget_all(void)
{
	if (sqlite3_exec(cache.db,
		"DELETE FROM memory; DELETE FROM account_cache;"
		"UPDATE account_cache_count SET rows = 0",
		NULL, NULL, NULL) != SQLITE_OK)
		ok(false, "forget: %s", sqlite3_errmsg(cache.db));
}

static void
test_control(void)
{
	char longest[RECORD_NAME_SIZE];

	is_str(state("a.test", NOW), "doubted",
	    "of a domain without a good address a no is "
	    "in doubt");
	is_str(control("a.test", NULL, NOW), "postmaster@a.test", "its control is postmaster");
	is_str(control("a.test", "none", NOW), "", "or none, by the setting");
	is_str(control("a.test", "x@y.test", NOW), "x@y.test", "or what the setting says");
	learn_yes("a.test", "alice@a.test", NOW);
	is_str(state("a.test", NOW), "trusted", "a good address ends that");
	is_str(control("a.test", NULL, NOW), "alice@a.test", "and is the control");
	is_str(control("a.test", "none", NOW), "", "unless the setting says none");
	is_str(control("a.test", "x@y.test", NOW), "x@y.test", "or another");
	learn_yes("a.test", "bob@a.test", NOW + 10);
	is_str(control("a.test", NULL, NOW + 10), "bob@a.test", "the newest is");
	is_str(control("a.test", NULL, NOW + 10 + WEEK - 1), "bob@a.test",
	    "as long as its yes holds");
	is_str(control("a.test", NULL, NOW + 10 + WEEK), "postmaster@a.test", "and no longer");
	is_str(state("a.test", NOW + 10 + WEEK), "doubted", "then each no is in doubt again");
	is_str(control("a.test", NULL, NOW), "postmaster@a.test",
	    "one that is of tomorrow is none: the clock was set back");
	is_str(state("a.test", NOW), "doubted", "and proves nothing");
	is_str(state("b.test", NOW), "doubted", "nothing of it counts for another domain");
	learn_yes("a.test", "j\xc3\xb6@a.test", NOW + 20);
	is_str(control("a.test", NULL, NOW + 20), "bob@a.test",
	    "an address that needs SMTPUTF8 is no control");
	learn_yes("a.test", NULL, NOW + 30);
	is_str(control("a.test", NULL, NOW + 30), "bob@a.test",
	    "nor one of a server that accepts any");
	learn_yes("a.test", "abuse@a.test", NOW + 40);
	is_str(control("a.test", NULL, NOW + 40), "bob@a.test", "nor a role's");
	learn_yes("r.test", "WebMaster@r.test", NOW);
	is_str(state("r.test", NOW), "doubted", "which proves nothing of its domain");
	learn_yes("r.test", "j\xc3\xb6@r.test", NOW);
	is_str(state("r.test", NOW), "trusted", "as one that needs SMTPUTF8 does");
	is_str(control("r.test", NULL, NOW), "postmaster@r.test", "with postmaster as control");
	memset(longest, 'd', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	learn_yes(longest, "\"x y\"@d.test", NOW);
	is_str(
	    control(longest, NULL, NOW), "\"x y\"@d.test", "the longest domain has its place");
	forget_all();
	is_int((int)strlen(control(longest, NULL, NOW)), (int)strlen("postmaster@") + 253,
	    "and its postmaster");
}

static void
test_breaker(void)
{
	forget_all();
	learn_yes("a.test", "alice@a.test", NOW);
	learn_noes("a.test", 18, NOW);
	is_str(state("a.test", NOW), "trusted", "18 new no in a row are believed");
	learn_noes("a.test", 1, NOW + 1);
	is_str(state("a.test", NOW + 1), "broken", "behind the 19th each other is in doubt");
	is_str(state("b.test", NOW + 1), "doubted", "that is no other domain's");
	is_str(state("a.test", NOW + 599), "broken", "for ten minutes");
	is_str(state("a.test", NOW + 600), "trusted", "and no longer, if it stops there");
	is_str(state("a.test", NOW - 1), "doubted", "a clock set back: neither counts");
	learn_noes("a.test", 1, NOW + 700);
	is_str(state("a.test", NOW + 700), "trusted", "the next begins another ten minutes");
	learn_noes("a.test", 17, NOW + 700);
	is_str(state("a.test", NOW + 700), "trusted", "with a count of its own");
	learn_yes("a.test", "bob@a.test", NOW + 700);
	learn_noes("a.test", 18, NOW + 701);
	is_str(state("a.test", NOW + 701), "trusted", "a yes between them begins anew");
	for (int i = 0; i < 40; i++) {
		struct trust_lesson lesson = {
		    .finding = FINDING_UNKNOWN, .control_path = "", .repeated = true};
		struct trust trust = recall("a.test");

		learn(&trust, &lesson, NOW + 702);
	}
	is_str(state("a.test", NOW + 702), "trusted", "a no that was one before is no new one");
	for (int i = 0; i < 40; i++) {
		learn_no("a.test", FINDING_TEMPORARY, CONTROL_NOT_ASKED, NOW + 702);
		learn_no("a.test", FINDING_POLICY, CONTROL_NOT_ASKED, NOW + 702);
		learn_no("a.test", FINDING_AMBIGUOUS, CONTROL_NOT_ASKED, NOW + 702);
		learn_no("a.test", FINDING_TEMPORARY, CONTROL_FAILED, NOW + 702);
	}
	is_str(state("a.test", NOW + 702), "trusted", "what is no no does not count");
	learn_no("a.test", FINDING_UNKNOWN, CONTROL_ACCEPTED, NOW + 703);
	learn_noes("a.test", 18, NOW + 704);
	is_str(state("a.test", NOW + 704), "trusted", "a control that is accepted begins anew");
}

/* Two processes that began with the same knowledge. */
static void
test_together(void)
{
	struct trust_lesson no = {.finding = FINDING_UNKNOWN, .control_path = ""};
	struct trust_lesson yes = {.finding = FINDING_EXISTS,
	    .control_path = "",
	    .good = "carol@a.test",
	    .good_for = WEEK};
	struct trust one, other;

	forget_all();
	learn_yes("a.test", "alice@a.test", NOW);
	learn_noes("a.test", 17, NOW);
	one = recall("a.test");
	other = recall("a.test");
	learn(&one, &no, NOW);
	learn(&other, &no, NOW);
	is_str(state("a.test", NOW), "broken", "what two processes learn adds up");
	one = recall("a.test");
	learn(&other, &yes, NOW);
	learn(&one, &no, NOW);
	is_str(state("a.test", NOW), "broken",
	    "a no that was in doubt when it was said stays so, whoever else has a yes");
	is_str(control("a.test", NULL, NOW), "carol@a.test", "but the control is the new one");
	forget_all();
	learn_yes("a.test", "alice@a.test", NOW);
	learn_noes("a.test", 18, NOW);
	one = other = recall("a.test");
	learn(&one, &no, NOW);
	learn(&other, &no, NOW);
	is_str(state("a.test", NOW), "broken", "the 20th is one too many whoever says it");
}

/* The state after a doubt that began with this lesson, and the one after another. */
static void
test_doubt(void)
{
	static const struct {
		const char *name;
		int noes;
		enum finding finding;
		enum inquiry_control control;
		const char *state;
		bool no_control;
	} begins[] = {
	    {"too many, no control", 19, FINDING_UNKNOWN, CONTROL_NOT_ASKED, "broken", true},
	    {"too many, disabled", 19, FINDING_REFUSED, CONTROL_NOT_ASKED, "broken", true},
	    {"too many, too late", 19, FINDING_UNKNOWN, CONTROL_NOT_ASKED, "trusted", false},
	    {"too many, control refused", 19, FINDING_POLICY, CONTROL_REFUSED, "broken", false},
	    {"too many, control failed", 19, FINDING_TEMPORARY, CONTROL_FAILED, "broken",
		false},
	    {"too many, accepted", 19, FINDING_UNKNOWN, CONTROL_ACCEPTED, "trusted", false},
	    {"one, no control", 0, FINDING_UNKNOWN, CONTROL_NOT_ASKED, "trusted", true},
	    {"one, control refused", 0, FINDING_POLICY, CONTROL_REFUSED, "broken", false},
	    {"one, control failed", 0, FINDING_TEMPORARY, CONTROL_FAILED, "trusted", false},
	    {"one, control accepted", 0, FINDING_UNKNOWN, CONTROL_ACCEPTED, "trusted", false},
	};
	const int64_t later = NOW + 86400;

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		forget_all();
		learn_yes("a.test", "alice@a.test", NOW);
		learn_noes("a.test", begins[i].noes, NOW);
		no_control = begins[i].no_control;
		learn_no("a.test", begins[i].finding, begins[i].control, NOW + 5);
		no_control = false;
		ok(strcmp(state("a.test", later), begins[i].state) == 0,
		    "%s: a day later it is %s", begins[i].name, begins[i].state);
	}
	is_str(control("a.test", NULL, later), "control@a.test",
	    "a control that was accepted is the newest good address");

	learn_no("a.test", FINDING_POLICY, CONTROL_REFUSED, later);
	learn_no("a.test", FINDING_TEMPORARY, CONTROL_NOT_ASKED, later);
	learn_no("a.test", FINDING_TEMPORARY, CONTROL_FAILED, later);
	learn_no("a.test", FINDING_UNKNOWN, CONTROL_NOT_ASKED, later);
	learn_no("a.test", FINDING_POLICY, CONTROL_REFUSED, later);
	is_str(state("a.test", later), "broken", "nothing but a yes ends a doubt");
	is_str(control("a.test", NULL, later), "control@a.test", "the control stays");
	learn_no("a.test", FINDING_UNKNOWN, CONTROL_ACCEPTED, later);
	is_str(state("a.test", later), "trusted", "a control that is accepted does");
	learn_no("a.test", FINDING_POLICY, CONTROL_REFUSED, later);
	learn_yes("a.test", "dora@a.test", later);
	is_str(state("a.test", later), "trusted", "and any good address");
	learn_no("a.test", FINDING_POLICY, CONTROL_REFUSED, later);
	learn_yes("a.test", NULL, later);
	is_str(state("a.test", later), "trusted", "even of a server that accepts any");
	learn_no("a.test", FINDING_POLICY, CONTROL_REFUSED, later);
	learn_yes("a.test", "postmaster@a.test", later);
	is_str(state("a.test", later), "broken", "but no role's");
}

/* Postmaster as the control: it proves the "no" it was asked for, and is no good address. */
static void
test_postmaster(void)
{
	struct trust_lesson lesson = {
	    .finding = FINDING_UNKNOWN,
	    .control = CONTROL_ACCEPTED,
	    .control_path = "postmaster@a.test",
	    .good_for = WEEK,
	};
	struct trust trust;

	forget_all();
	trust = recall("a.test");
	learn(&trust, &lesson, NOW);
	is_str(state("a.test", NOW), "trusted", "postmaster, accepted, ends the doubt");
	is_str(control("a.test", NULL, NOW), "postmaster@a.test", "and remains the control");
	is_str(trust.memory.text, "", "but is not remembered as good");
	is_str(state("a.test", NOW + WEEK), "doubted", "nor for ever");
	learn_yes("a.test", "alice@a.test", NOW + 1);
	trust = recall("a.test");
	learn(&trust, &lesson, NOW + 2);
	is_str(control("a.test", NULL, NOW + 2), "alice@a.test", "a good address stays so");
	forget_all();
	learn_yes("a.test", "alice@a.test", NOW);
	learn_yes("a.test", "j\xc3\xb6@a.test", NOW + WEEK - 10);
	is_str(control("a.test", NULL, NOW + WEEK), "postmaster@a.test", "alice has expired");
}

static void
store(const char *key, enum finding finding, int64_t probed)
{
	struct cache_entry entry = sample(finding, probed);

	if (put(&cache, key, strlen(key), &entry, LIMIT) == -1)
		ok(false, "store %s: %s", key, cache_reason(&cache));
}

static bool
has(const char *key)
{
	struct cache_entry entry;

	return cache_find(&cache, key, strlen(key), &entry) == 1;
}

/* Which verdicts are forgotten when a doubt begins. */
static void
test_forgotten(void)
{
	struct trust_lesson lesson = {.finding = FINDING_UNKNOWN,
	    .control_path = "",
	    .key_domain = "m\xc3\xbcnchen.test"};
	struct trust trust;

	forget_all();
	learn_yes("a.test", "alice@a.test", NOW);
	store("alice@a.test", FINDING_EXISTS, NOW);
	store("before@a.test", FINDING_UNKNOWN, NOW + 9);
	store("first@a.test", FINDING_UNKNOWN, NOW + 10);
	store("last@a.test", FINDING_REFUSED, NOW + 11);
	store("good@a.test", FINDING_EXISTS, NOW + 11);
	store("other@b.a.test", FINDING_UNKNOWN, NOW + 11);
	store("other@ba.test", FINDING_UNKNOWN, NOW + 11);
	store("a.test@b.test", FINDING_UNKNOWN, NOW + 11);
	learn_noes("a.test", 19, NOW + 10);
	ok(has("first@a.test") && has("last@a.test"), "19 are believed, and stay");
	learn_no("a.test", FINDING_POLICY, CONTROL_REFUSED, NOW + 12);
	ok(!has("first@a.test") && !has("last@a.test"), "with the 20th those are forgotten");
	ok(has("before@a.test"), "the one from before them is not");
	ok(has("alice@a.test") && has("good@a.test"), "nor a good address");
	ok(has("other@b.a.test") && has("other@ba.test") && has("a.test@b.test"),
	    "nor one of another domain");
	store("first@a.test", FINDING_UNKNOWN, NOW + 13);
	learn_no("a.test", FINDING_POLICY, CONTROL_REFUSED, NOW + 14);
	ok(has("first@a.test"), "nothing is, while it is in doubt already");

	learn_yes("xn--mnchen-3ya.test", "alice@xn--mnchen-3ya.test", NOW);
	learn_noes("xn--mnchen-3ya.test", 19, NOW + 10);
	store("one@xn--mnchen-3ya.test", FINDING_UNKNOWN, NOW + 11);
	store("two@m\xc3\xbcnchen.test", FINDING_UNKNOWN, NOW + 11);
	trust = recall("xn--mnchen-3ya.test");
	learn(&trust, &lesson, NOW + 12);
	ok(!has("one@xn--mnchen-3ya.test") && !has("two@m\xc3\xbcnchen.test"),
	    "they go under both names of a domain");
}

static void
test_no_cache(void)
{
	struct trust trust;

	trust_begin(&trust, "a.test");
	is_int(trust_recall(&trust, &cache), -1, "a closed cache is trouble");
	ok(trust_doubts(&trust, NOW) && !trust_is_broken(&trust, NOW),
	    "without a cache each no is in doubt");
}

int
main(void)
{
	char folder[] = "/tmp/rcptcheck-trust.XXXXXX";

	begin_cache(&cache, folder, path);
	test_control();
	test_breaker();
	test_together();
	test_doubt();
	test_postmaster();
	test_forgotten();
	end_cache(&cache, folder, path);
	test_no_cache();
	return tap_done();
}
