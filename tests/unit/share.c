/*
 * Shares: one for each name, as long as somebody uses it, and none of its figures lost when others
 * come and go.
 */
#include "rcpt/share.h"

#include <stdint.h>
#include <stdlib.h>

#include "tap.h"

#define NAMES 5000 /* several in each bucket */

static struct shares shares;

static bool
is_empty(void)
{
	for (size_t i = 0; i < SHARE_BUCKETS; i++)
		if (shares.buckets[i] != NULL)
			return false;
	return true;
}

static void
test_one(void)
{
	struct share *first = share_take(&shares, "192.0.2.1"), *second, *other;

	if (!ok(first != NULL && first->waiting == 0 && first->asking == 0,
		"nothing is under way for a new one"))
		return;
	first->waiting = 3;
	first->asking = 4;
	second = share_take(&shares, "192.0.2.1");
	ok(second == first, "the same name has the same share");
	other = share_take(&shares, "192.0.2.10");
	ok(other != NULL && other != first && other->waiting == 0, "another has another");
	share_drop(&shares, second);
	second = share_take(&shares, "192.0.2.1");
	ok(second == first && second->waiting == 3 && second->asking == 4,
	    "it stays as long as one uses it");
	share_drop(&shares, second);
	share_drop(&shares, first);
	ok(other->waiting == 0 && share_take(&shares, "192.0.2.10") == other,
	    "the others stay when it goes");
	share_drop(&shares, other);
	share_drop(&shares, other);
	first = share_take(&shares, "192.0.2.1");
	ok(first != NULL && first->waiting == 0 && first->asking == 0,
	    "when it comes again, it is new");
	share_drop(&shares, first);
	ok(is_empty(), "nothing is kept of who is gone");
}

/* Of which clients a share is. */
static void
test_clients(void)
{
	static const struct {
		const char *address, *name;
	} rows[] = {
	    {"192.0.2.1", "192.0.2.1"},
	    {"192.0.2.10", "192.0.2.10"},
	    {"::ffff:192.0.2.1", "192.0.2.1"},
	    {"::FFFF:c000:201", "192.0.2.1"},
	    {"2001:db8::1", "2001:db8::/64"},
	    {"2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"},
	    {"2001:0DB8:0:0:1::", "2001:db8::/64"},
	    {"2001:db8:0:1::1", "2001:db8:0:1::/64"},
	    {"::1", "::/64"},
	    {"fe80::1%eth0", "fe80::1%eth0"},
	    {"", ""},
	    {"192.0.2.1.", "192.0.2.1."},
	};
	char name[SHARE_CLIENT_SIZE], address[100], text[120];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "'%s' has a share", rows[i].address);
		share_client(name, rows[i].address);
		is_str(name, rows[i].name, text);
	}
	memset(address, 'x', sizeof(address));
	address[sizeof(address) - 1] = '\0';
	share_client(name, address);
	is_int((long long)strlen(name), SHARE_CLIENT_SIZE - 1, "what is too long is cut");
}

static void
test_names(void)
{
	static const char *const names[] = {"", "a", "A", "a ", "::1", "\xff", "a.b", "a.b."};
	struct share *taken[sizeof(names) / sizeof(names[0])];
	size_t count = sizeof(names) / sizeof(names[0]);
	long bad = 0;
	char *name = malloc(1000);

	for (size_t i = 0; i < count; i++)
		taken[i] = share_take(&shares, names[i]);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			bad += taken[i] == taken[j];
	ok(bad == 0, "no two names are one");
	for (size_t i = 0; i < count; i++)
		share_drop(&shares, taken[i]);
	memset(name, 'x', 999);
	name[999] = '\0';
	taken[0] = share_take(&shares, name);
	memset(name, 'y', 999);
	taken[1] = share_take(&shares, name);
	free(name);
	ok(taken[0] != NULL && taken[0] != taken[1] && strlen(taken[0]->name) == 999 &&
		taken[0]->name[998] == 'x',
	    "a long name is kept, and is its own");
	share_drop(&shares, taken[0]);
	share_drop(&shares, taken[1]);
	ok(is_empty(), "all are gone");
}

/* Many, taken and dropped in changing order. */
static void
test_many(void)
{
	static struct share *taken[NAMES];
	uint32_t random = 1;
	long bad = 0, held = 0;
	char name[32];

	for (long n = 0; n < 200000; n++) {
		size_t i;

		random = random * 1664525u + 1013904223u;
		i = (random >> 8) % NAMES;
		snprintf(name, sizeof(name), "198.51.%zu.%zu", i / 256, i % 256);
		if (taken[i] == NULL) {
			taken[i] = share_take(&shares, name);
			if (taken[i] == NULL)
				break;
			bad += taken[i]->waiting != 0;
			taken[i]->waiting = i + 1;
			held++;
		} else {
			bad += taken[i]->waiting != i + 1 || strcmp(taken[i]->name, name) != 0;
			if (random >> 31) {
				struct share *again = share_take(&shares, name);

				bad += again != taken[i];
				share_drop(&shares, again);
			} else {
				share_drop(&shares, taken[i]);
				taken[i] = NULL;
				held--;
			}
		}
	}
	ok(bad == 0 && held > NAMES / 4, "each of many keeps its own figures (%ld)", held);
	for (size_t i = 0; i < NAMES; i++)
		if (taken[i] != NULL)
			share_drop(&shares, taken[i]);
	ok(is_empty(), "and all can go");
}

int
main(void)
{
	test_one();
	test_clients();
	test_names();
	test_many();
	return tap_done();
}
