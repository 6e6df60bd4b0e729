/*
 * What an entry of the cache is good for, second by second around each boundary.
 */
#include "rcpt/freshness.h"

#include "tap.h"

#define THEN 1700000000
#define DAY  86400
#define WEEK (7 * DAY)

static const char *const names[] = {
    [FRESHNESS_NONE] = "nothing",
    [FRESHNESS_FRESH] = "fresh",
    [FRESHNESS_LATE] = "late",
    [FRESHNESS_OLD_NO] = "an old no",
    [FRESHNESS_STALE_YES] = "a stale yes",
    [FRESHNESS_STALE_NO] = "a stale no",
};

/* Of each kind of entry: what it is at an age, up to the next row of the same kind. */
static const struct row {
	enum finding finding;
	int64_t life;     /* until it expires */
	uint32_t recheck; /* the setting negative_recheck */
	int64_t age;      /* the first at which it is this */
	enum freshness is;
} rows[] = {
    /* The clock was set back. */
    {FINDING_EXISTS, WEEK, 3600, -WEEK, FRESHNESS_NONE},
    {FINDING_EXISTS, WEEK, 3600, -1, FRESHNESS_NONE},
    {FINDING_UNKNOWN, WEEK, 3600, -1, FRESHNESS_NONE},
    {FINDING_REFUSED, 60, 3600, -1, FRESHNESS_NONE},

    /* A yes is good for its life, and late in its last quarter. */
    {FINDING_EXISTS, 4000, 1, 0, FRESHNESS_FRESH},
    {FINDING_EXISTS, 4000, 1, 2999, FRESHNESS_FRESH},
    {FINDING_EXISTS, 4000, 1, 3000, FRESHNESS_LATE},
    {FINDING_EXISTS, 4000, 1, 3999, FRESHNESS_LATE},
    {FINDING_EXISTS, 4000, 1, 4000, FRESHNESS_STALE_YES},
    {FINDING_EXISTS, 4000, 1, 4000 + WEEK, FRESHNESS_STALE_YES},
    {FINDING_EXISTS, 4000, 1, 1000 * WEEK, FRESHNESS_STALE_YES},
    /* negative_recheck is no business of it. */
    {FINDING_EXISTS, 4000, 0, 2999, FRESHNESS_FRESH},
    {FINDING_EXISTS, 4000, WEEK, 4000, FRESHNESS_STALE_YES},
    /* A life that four does not divide, and short ones. */
    {FINDING_EXISTS, 4003, 1, 3002, FRESHNESS_FRESH},
    {FINDING_EXISTS, 4003, 1, 3003, FRESHNESS_LATE},
    {FINDING_EXISTS, 4, 1, 2, FRESHNESS_FRESH},
    {FINDING_EXISTS, 4, 1, 3, FRESHNESS_LATE},
    {FINDING_EXISTS, 3, 1, 2, FRESHNESS_FRESH},
    {FINDING_EXISTS, 3, 1, 3, FRESHNESS_STALE_YES},
    {FINDING_EXISTS, 1, 1, 0, FRESHNESS_FRESH},
    {FINDING_EXISTS, 1, 1, 1, FRESHNESS_STALE_YES},
    {FINDING_EXISTS, 0, 1, 0, FRESHNESS_STALE_YES},
    {FINDING_EXISTS, -5, 1, 0, FRESHNESS_STALE_YES},

    /* A no: negative_recheck is shorter than its life. It is good for so long inclusive. */
    {FINDING_UNKNOWN, 2 * DAY, 3599, 0, FRESHNESS_FRESH},
    {FINDING_UNKNOWN, 2 * DAY, 3599, 2699, FRESHNESS_FRESH},
    {FINDING_UNKNOWN, 2 * DAY, 3599, 2700, FRESHNESS_LATE},
    {FINDING_UNKNOWN, 2 * DAY, 3599, 3599, FRESHNESS_LATE},
    {FINDING_UNKNOWN, 2 * DAY, 3599, 3600, FRESHNESS_OLD_NO},
    {FINDING_UNKNOWN, 2 * DAY, 3599, 2 * DAY - 1, FRESHNESS_OLD_NO},
    {FINDING_UNKNOWN, 2 * DAY, 3599, 2 * DAY, FRESHNESS_STALE_NO},
    {FINDING_UNKNOWN, 2 * DAY, 3599, WEEK, FRESHNESS_STALE_NO},
    {FINDING_UNKNOWN, 2 * DAY, 3599, WEEK + 1, FRESHNESS_NONE},
    {FINDING_REFUSED, 2 * DAY, 3599, 2700, FRESHNESS_LATE},
    {FINDING_REFUSED, 2 * DAY, 3599, 3600, FRESHNESS_OLD_NO},
    {FINDING_REFUSED, 2 * DAY, 3599, 2 * DAY, FRESHNESS_STALE_NO},
    {FINDING_REFUSED, 2 * DAY, 3599, WEEK + 1, FRESHNESS_NONE},
    /* Each no is asked again. */
    {FINDING_UNKNOWN, 2 * DAY, 0, 0, FRESHNESS_FRESH},
    {FINDING_UNKNOWN, 2 * DAY, 0, 1, FRESHNESS_OLD_NO},

    /* Longer, and exactly as long. */
    {FINDING_UNKNOWN, 3600, DAY, 2699, FRESHNESS_FRESH},
    {FINDING_UNKNOWN, 3600, DAY, 2700, FRESHNESS_LATE},
    {FINDING_UNKNOWN, 3600, DAY, 3599, FRESHNESS_LATE},
    {FINDING_UNKNOWN, 3600, DAY, 3600, FRESHNESS_STALE_NO},
    {FINDING_UNKNOWN, 3600, DAY, WEEK, FRESHNESS_STALE_NO},
    {FINDING_UNKNOWN, 3600, DAY, WEEK + 1, FRESHNESS_NONE},
    {FINDING_UNKNOWN, 3600, 3600, 3599, FRESHNESS_LATE},
    {FINDING_UNKNOWN, 3600, 3600, 3600, FRESHNESS_STALE_NO},
    {FINDING_UNKNOWN, 3601, 3600, 3600, FRESHNESS_LATE},
    {FINDING_UNKNOWN, 3601, 3600, 3601, FRESHNESS_STALE_NO},
    {FINDING_UNKNOWN, 3602, 3600, 3600, FRESHNESS_LATE},
    {FINDING_UNKNOWN, 3602, 3600, 3601, FRESHNESS_OLD_NO},
    {FINDING_UNKNOWN, 3602, 3600, 3602, FRESHNESS_STALE_NO},

    /* What has not expired is old for longer than a week, and then nothing. */
    {FINDING_UNKNOWN, 30 * DAY, 3600, WEEK + 1, FRESHNESS_OLD_NO},
    {FINDING_UNKNOWN, 30 * DAY, 3600, 30 * DAY - 1, FRESHNESS_OLD_NO},
    {FINDING_UNKNOWN, 30 * DAY, 3600, 30 * DAY, FRESHNESS_NONE},
    {FINDING_UNKNOWN, WEEK, 3600, WEEK - 1, FRESHNESS_OLD_NO},
    {FINDING_UNKNOWN, WEEK, 3600, WEEK, FRESHNESS_STALE_NO},
    {FINDING_UNKNOWN, WEEK, 3600, WEEK + 1, FRESHNESS_NONE},
    {FINDING_UNKNOWN, 0, 3600, 0, FRESHNESS_STALE_NO},
};

static enum freshness
at(const struct row *row, int64_t age)
{
	struct cache_entry entry = {
	    .finding = row->finding, .probed = THEN, .expires = THEN + row->life};
	struct settings settings;

	settings_default(&settings);
	settings.negative_recheck = row->recheck;
	return freshness_of(&entry, &settings, THEN + age);
}

/* By the settings that nobody has changed. */
static void
test_defaults(void)
{
	struct settings settings;
	struct cache_entry entry = {.probed = THEN};

	settings_default(&settings);
	entry.finding = FINDING_UNKNOWN;
	entry.expires = THEN + settings.negative_expire;
	is_int(
	    freshness_of(&entry, &settings, THEN), FRESHNESS_FRESH, "a no is fresh at first");
	is_int(freshness_of(&entry, &settings, THEN + settings.negative_recheck),
	    settings.negative_recheck < settings.negative_expire ? FRESHNESS_LATE
								 : FRESHNESS_STALE_NO,
	    "and late when it should be asked again");
	entry.finding = FINDING_EXISTS;
	entry.expires = THEN + settings.positive_expire;
	is_int(freshness_of(&entry, &settings, entry.expires - 1), FRESHNESS_LATE,
	    "a yes is late to its last second");
}

/* Time goes on, and no entry gets any better. */
static void
test_order(void)
{
	static const int better[] = {
	    [FRESHNESS_FRESH] = 5,
	    [FRESHNESS_LATE] = 4,
	    [FRESHNESS_OLD_NO] = 3,
	    [FRESHNESS_STALE_YES] = 2,
	    [FRESHNESS_STALE_NO] = 2,
	    [FRESHNESS_NONE] = 1,
	};
	long bad = 0, seen = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int before = 5;

		for (int64_t age = 0; age < WEEK + DAY; age += age < 8000 ? 1 : 1801, seen++) {
			enum freshness is = at(&rows[i], age);
			bool counts = is == FRESHNESS_FRESH || is == FRESHNESS_LATE;

			bad += better[is] > before || (counts && age >= rows[i].life) ||
			    (counts && rows[i].finding != FINDING_EXISTS &&
				age > rows[i].recheck);
			before = better[is];
		}
	}
	ok(bad == 0, "it only gets worse (%ld)", seen);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		enum freshness is = at(row, row->age);

		if (!ok(is == row->is, "%s, life %lld, recheck %u: at %lld %s",
			finding_name(row->finding), (long long)row->life, row->recheck,
			(long long)row->age, names[row->is]))
			printf("#   it is %s\n", names[is]);
	}
	test_defaults();
	test_order();
	return tap_done();
}
