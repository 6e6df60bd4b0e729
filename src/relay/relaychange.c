#include "relaychange.h"

#include <stdio.h>

#include "base/deadline.h"

#define LOCK_TOLD 1000 /* ms that relay.db may be locked before we say so */

void
relaychange_start(struct relaychange *change)
{
	(void)relayclock_jump(&change->clock, relayclock_wall(), relayclock_steady());
}

/* Returns how many seconds all logins have moved along; or -1 for trouble. */
static int
follow_clock(struct relaychange *change, int64_t *moved)
{
	char seconds[32];

	*moved = relayclock_jump(&change->clock, relayclock_wall(), relayclock_steady());
	if (*moved == 0)
		return 0;
	if (relaydb_shift(change->db, *moved) == -1)
		return -1;
	snprintf(seconds, sizeof(seconds), "%lld", (long long)*moved);
	change->say(
	    change->context, "the clock was set, all logins move along; seconds", seconds);
	return 0;
}

static void
undo(struct relaychange *change)
{
	change->trouble(
	    change->context, "relay.db cannot be written", relaydb_reason(change->db));
	if (change->changing) {
		relaydb_rollback(change->db);
		change->clock = change->clock_before;
	}
	change->changing = false;
	change->failed = false;
}

static void
note_lock(struct relaychange *change)
{
	int64_t now = deadline_now();

	if (change->locked == 0)
		change->locked = now;
	if (change->locked > 0 && now - change->locked > LOCK_TOLD) {
		change->say(
		    change->context, "relay.db is locked by another program; marks wait", NULL);
		change->locked = -1;
	}
}

enum relaychange_begin
relaychange_begin(struct relaychange *change)
{
	int64_t moved;

	if (change->changing)
		return RELAYCHANGE_BEGUN;
	switch (relaydb_begin(change->db)) {
	case 1:
		if (change->locked < 0)
			change->say(change->context, "relay.db is not locked any more", NULL);
		change->locked = 0;
		change->changing = true;
		change->clock_before = change->clock;
		if (follow_clock(change, &moved) == 0)
			return moved != 0 ? RELAYCHANGE_MOVED : RELAYCHANGE_BEGUN;
		break;
	case 0:
		note_lock(change);
		return RELAYCHANGE_NOT;
	}
	undo(change);
	return RELAYCHANGE_NOT;
}

bool
relaychange_end(struct relaychange *change)
{
	if (change->changing && !change->failed && relaydb_commit(change->db) == 0) {
		change->changing = false;
		return true;
	}
	undo(change);
	return false;
}

bool
relaychange_is_due(const struct relaychange *change)
{
	struct relayclock clock = change->clock;

	return relayclock_jump(&clock, relayclock_wall(), relayclock_steady()) != 0;
}
