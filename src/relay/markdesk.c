#include "markdesk.h"

#include <stdio.h>

#include "base/deadline.h"
#include "base/remark.h"

#define TAKE_MAX   4096 /* messages in one transaction, so that no flood of them stops the rest */
#define TELL_EVERY 60000 /* ms between two lines about what a user may not do */

/*
 * Is one more of this user's refusals to be logged? *since is how many were not. One line is 350
 * bytes, and a local user can be refused 100,000 times a second.
 */
static bool
tell_refusal(struct markdesk *desk, uid_t user, int64_t *since)
{
	struct markdesk_refusals *refusals = &desk->refusals[0];
	int64_t now = deadline_now();

	for (size_t i = 0; i < MARKDESK_USERS; i++) {
		if (desk->refusals[i].told != 0 && desk->refusals[i].user == user) {
			refusals = &desk->refusals[i];
			break;
		}
		if (desk->refusals[i].told < refusals->told)
			refusals = &desk->refusals[i];
	}
	if (refusals->told != 0 && now - refusals->told < TELL_EVERY) {
		if (refusals->user == user)
			refusals->since++;
		else
			desk->unnamed++;
		return false;
	}
	if (refusals->user == user)
		*since = refusals->since;
	else
		desk->unnamed += refusals->since;
	*refusals = (struct markdesk_refusals){.user = user, .told = now};
	return true;
}

static void
log_mark(struct markdesk *desk, const struct peer *peer, const struct relaywire_mark *mark,
    const char *why)
{
	int64_t since = 0;
	struct line line;

	if (!desk->verbose && (why == NULL || !tell_refusal(desk, peer->user, &since)))
		return;
	line_start(&line);
	line_add(&line, why == NULL ? "mark" : "mark refused");
	line_pair(&line, "ip", mark->address);
	line_pair(&line, "user", mark->user);
	line_pair(&line, "source", mark->source);
	line_pair_number(&line, "uid", (int64_t)peer->user);
	if (why != NULL)
		line_pair(&line, "reason", why);
	if (since > 0)
		line_pair_number(&line, "others", since);
	if (why != NULL && desk->unnamed > 0) {
		line_pair_number(&line, "others_of_any", desk->unnamed);
		desk->unnamed = 0;
	}
	desk->keeper->log(&line);
}

static void
take_message(struct markdesk *desk, struct peer *peer, const struct relaywire_message *message)
{
	const char *why = NULL;

	if (message->kind == RELAYWIRE_MARK) {
		why = keeper_mark(desk->keeper, &message->mark);
		log_mark(desk, peer, &message->mark, why);
	} else if (!peer->may_age) {
		why = "only root, and the user of relayd, may remove rows";
	} else {
		keeper_age(desk->keeper, message->number);
		if (keeper_rules_stay(desk->keeper))
			why = RULES_STAY; /* it is done, but not what relayage promises */
	}
	if (why != NULL)
		peers_refuse(peer, message->serial, why);
}

/* Of each in one turn. All are heard in each, so it is of no use to say more, or on more connections. */
static size_t
share(const struct markdesk *desk)
{
	size_t ready = 0;

	for (size_t i = 0; i < desk->peers->count; i++)
		ready += desk->peers->all[i].ready;
	return ready == 0 ? 0 : 1 + TAKE_MAX / ready;
}

bool
markdesk_take(struct markdesk *desk)
{
	size_t most = share(desk);
	struct relaywire_message message;

	if (!keeper_begin(desk->keeper))
		return false;
	for (size_t i = 0; i < desk->peers->count; i++) {
		struct peer *peer = &desk->peers->all[i];

		for (size_t n = 0; peer->ready && n < most && peers_next(peer, &message) == 1;
		     n++)
			take_message(desk, peer, &message);
	}
	if (!keeper_end(desk->keeper)) {
		peers_forget(desk->peers);
		return false;
	}
	return true;
}

void
markdesk_note_refused(struct markdesk *desk)
{
	int64_t now = deadline_now();
	char text[32];
	struct line line;
	uid_t user;

	if (!peers_refused(desk->peers, &user) ||
	    (desk->refused != 0 && now - desk->refused < TELL_EVERY))
		return;
	desk->refused = now;
	snprintf(text, sizeof(text), "%lld", (long long)user);
	line_start(&line);
	remark(&line, "a user was turned away who may not mark (-a, -u); user id", text);
	desk->keeper->log(&line);
}
