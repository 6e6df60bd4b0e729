/* For whom a line of the map is: what is written, and whom it fits. */
#include "route/entry.h"
#include "tap.h"

static void
reads(const char *text, const char *want)
{
	static const char *const names[] = {"address", "user", "range", "domain", "all"};
	struct entry entry;
	const char *why = entry_parse(&entry, text, strlen(text));
	char got[1024];

	if (why != NULL)
		snprintf(got, sizeof(got), "%s", why);
	else
		snprintf(got, sizeof(got), "%s <%s> <%s> <%s>", names[entry.match], entry.local,
		    entry.last, entry.domain);
	is_str(got, want, text);
}

/* The numbers of the entries that fit, the best first; those that do not fit are not there. */
static void
order(const char *user, const char *want, const char *const *entries)
{
	unsigned fits[16];
	char got[64] = "";
	struct wanted wanted;
	struct entry entry;
	size_t count = 0;

	if (!wanted_parse(&wanted, user, strlen(user))) {
		is_str("no user", want, user);
		return;
	}
	for (; entries[count] != NULL; count++) {
		entry_parse(&entry, entries[count], strlen(entries[count]));
		fits[count] = entry_fits(&entry, &wanted);
	}
	for (;;) {
		size_t best = 0;

		for (size_t i = 1; i < count; i++)
			if (fits[i] > fits[best])
				best = i;
		if (fits[best] == 0)
			break;
		fits[best] = 0;
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%zu", best);
	}
	is_str(got, want, user);
}

static void
test_parse(void)
{
	struct entry entry;
	char long_user[300];

	reads("joe", "user <joe> <> <>");
	reads("Joe@Example.ORG", "address <Joe> <> <example.org>");
	reads("jean-luc", "user <jean-luc> <> <>");
	reads("li-wu@x.test", "address <li-wu> <> <x.test>");
	reads("joe@x.test.", "address <joe> <> <x.test>");
	reads("joe@x.test..", "address <joe> <> <x.test.>");
	reads("joe.", "user <joe.> <> <>");
	reads("joe@.", "address <joe> <> <.>");
	reads("@X.test", "domain <> <> <x.test>");
	reads("*@x.test", "domain <> <> <x.test>");
	reads("*", "all <> <> <>");
	reads("a-f", "range <a> <f> <>");
	reads("A-F@x.test", "range <a> <f> <x.test>");
	reads("0-9", "range <0> <9> <>");
	reads("a-a", "range <a> <a> <>");
	reads("\"a-f\"", "user <a-f> <> <>");
	reads("\"a-f\"@x.test", "address <a-f> <> <x.test>");
	reads("\"*\"", "user <*> <> <>");
	reads("aa-cz*", "range <aa> <cz> <>");
	reads("aa-cz", "user <aa-cz> <> <>");
	reads("pop*@x.test", "range <pop> <pop> <x.test>");
	reads("jean-luc*", "range <jean-luc> <jean-luc> <>");
	reads("a-b-c*", "range <a-b-c> <a-b-c> <>");
	reads("a@b@x.test", "address <a@b> <> <x.test>");
	reads("f-a", "ends before it begins");
	reads("cz-aa*", "ends before it begins");
	reads("", "is empty");
	reads("joe@", "has no domain behind the @");
	reads("@", "has no domain behind the @");
	reads(" joe", "has a blank at an end");
	reads("jo\te", "has control bytes in it");
	reads("\"\"", "has no user between the quotes");
	memset(long_user, 'x', sizeof(long_user));
	ok(entry_parse(&entry, "", (size_t)1 << 40) != NULL,
	    "one that is too long is not looked at");
	long_user[256] = '\0';
	reads(long_user, "is longer than 255 bytes");
	long_user[65] = '*';
	long_user[66] = '\0';
	reads(long_user, "begins with more than 64 bytes");
}

static void
test_order(void)
{
	static const char *const all[] = {"*", "@x.test", "a-f", "a-f@x.test", "bo*", "bob",
	    "bob@x.test", "Bob@x.test", "BOB", NULL};
	static const char *const cases[] = {"Bob", "bOB", NULL};

	order("bob@x.test", "675834210", all);
	order("Bob@x.test", "765834210", all);
	order("bob@x.test.", "675834210", all);
	order("bob@X.TEST.", "675834210", all);
	order("bob@x.test..", "58420", all);
	order("bob@.", "58420", all);
	order("bob.", "420", all);
	order("bob@y.test", "58420", all);
	order("bob", "58420", all);
	order("BOB", "85420", all);
	order("bo", "420", all);
	order("b", "20", all);
	order("g", "0", all);
	order("g@x.test", "10", all);
	order("BOB", "01", cases);
	order("", "no user", all);
	order("@x.test", "no user", all);
	order("joe@", "no user", all);
	order("jo\ne", "no user", all);
}

static void
spells(const char *user, const char *text, const char *want)
{
	char got[64];

	snprintf(got, sizeof(got), "%s", user);
	if (!entry_spell(got, strlen(got), text))
		ok(strcmp(got, user) == 0, "nothing is changed where it does not fit");
	is_str(got, want, text);
}

static void
test_spelling(void)
{
	spells("fred", "Fred", "Fred");
	spells("FRED@X.test", "Fred@x.Test", "Fred@X.test");
	spells("fred@x.test.", "Fred@x.test", "Fred@x.test.");
	spells("fred@x.test", "Fred", "Fred@x.test");
	spells("a-f", "\"A-F\"", "A-F");
	spells("fred", "Freddy", "fred");
	spells("freddy", "Fred", "freddy");
	spells("fred", "Frad", "fred");
	spells("b", "A-F", "b");
	spells("fred", "FRED*", "fred");
	spells("fred@x.test", "@X.test", "fred@x.test");
	spells("fred", "*", "fred");
	spells("fred", "", "fred");
}

int
main(void)
{
	test_parse();
	test_order();
	test_spelling();
	return tap_done();
}
