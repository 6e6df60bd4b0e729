/*
 * When a row lets relay, the record that says so, and clocks that are set.
 */
#include "relay/relayrow.h"

#include "relay/relayclock.h"
#include "tap.h"

#define NOW 1700000000

static const struct {
	const char *name;
	struct relayrow row;
	bool fresh;
} table[] = {
    {"a login of now", {NOW, NOW + 1800}, true},
    {"the last second", {NOW - 1799, NOW + 1}, true},
    {"it is over", {NOW - 1800, NOW}, false},
    {"long ago", {1, 2}, false},
    {"persistent", {0, 0}, true},
    {"persistent until then", {0, NOW + 10}, true},
    {"and that was", {0, NOW - 10}, false},
    {"for ever", {NOW, 0}, true},
    {"of a clock a little ahead", {NOW + 60, NOW + 1860}, true},
    {"of a clock years ahead", {NOW + 100000000, NOW + 100001800}, false},
    {"below 0", {NOW, -1}, false},
    {"below 0, too", {-1, NOW + 10}, false},
};

int
main(void)
{
	unsigned char value[RELAYROW_VALUE_SIZE];
	char key[RELAYROW_KEY_SIZE];
	struct relayclock clock = {0};
	struct relayrow row;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		ok(relayrow_is_fresh(&table[i].row, NOW) == table[i].fresh, "%s",
		    table[i].name);
		relayrow_make(value, &table[i].row);
		ok(relayrow_parse(&row, value, sizeof(value)) &&
			row.logintime == table[i].row.logintime &&
			row.expires == table[i].row.expires,
		    "there and back");
	}
	ok(!relayrow_parse(&row, value, sizeof(value) - 1), "half a record is none");
	is_int((long long)relayrow_key(key, "192.0.2.1"), 10, "the key has a NUL in front");
	ok(memcmp(key,
	       "\0"
	       "192.0.2.1",
	       10) == 0,
	    "and the address behind it");

	is_int(relayclock_jump(&clock, 1000000, 500), 0, "a clock is what it is at first");
	is_int(relayclock_jump(&clock, 1001000, 1500), 0, "it goes on");
	is_int(relayclock_jump(&clock, 1003900, 3000), 0, "a little too fast");
	is_int(relayclock_jump(&clock, 1006800, 4500), 0, "and again: that is not added up");
	is_int(relayclock_jump(&clock, 4608300, 6000), 3600, "an hour forwards");
	is_int(relayclock_jump(&clock, 4609300, 7000), 0, "that was all");
	is_int(relayclock_jump(&clock, 1010300, 8000), -3600, "and back");
	return tap_done();
}
