#include "markdesk.h"

#include <stdio.h>

#include "base/deadline.h"
#include "base/remark.h"

#define TAKE_MAX   4096 /* messages in one transaction, so that no flood of them stops the rest */
#define TELL_EVERY 60000 /* ms between two lines about users who may not mark */

static void
log_mark(const struct markdesk *desk, const struct peer *peer,
    const struct relaywire_mark *mark, const char *why)
{
	struct line line;

	if (!desk->verbose && why == NULL)
		return;
	line_start(&line);
	line_add(&line, why == NULL ? "mark" : "mark refused");
	line_pair(&line, "ip", mark->address);
	line_pair(&line, "user", mark->user);
	line_pair(&line, "source", mark->source);
	line_pair_number(&line, "uid", (int64_t)peer->user);
	if (why != NULL)
		line_pair(&line, "reason", why);
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
	}
	if (why != NULL)
		peers_refuse(peer, message->serial, why);
}

bool
markdesk_take(struct markdesk *desk)
{
	struct relaywire_message message;
	size_t taken = 0;

	if (!keeper_begin(desk->keeper))
		return false;
	for (size_t i = 0; i < desk->peers->count; i++) {
		struct peer *peer = &desk->peers->all[i];

		while (peer->ready && taken < TAKE_MAX && peers_next(peer, &message) == 1) {
			taken++;
			take_message(desk, peer, &message);
		}
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
