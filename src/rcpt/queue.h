/*
 * The errands that wait for a server, within the bounds of its queue and of each client's part.
 * For primary.h and what is behind it.
 */
#ifndef RCPT_QUEUE_H
#define RCPT_QUEUE_H

#include "primary.h"

/* An errand waits: at the end, or before all others. */
void queue_append(struct primary *primary, struct errand *errand);
void queue_prepend(struct primary *primary, struct errand *errand);

/* It does not any more. */
void queue_remove(struct primary *primary, struct errand *errand);

/* There is no room for it: it is skipped. The first is for one that does not even wait. */
void queue_refuse(struct primary *primary, struct errand *errand);
void queue_skip(struct primary *primary, struct errand *errand);

/*
 * Room for one more? Who has the most waiting goes first, so that one client can fill the queue,
 * but not keep the others out. Returns false if it is the newcomer who must go.
 */
bool queue_make_room(struct primary *primary, const struct errand *newcomer);

/*
 * The next one for a connection that is for all: of whose client and domain the least is under
 * way, and of these the first. NULL when there is none.
 */
struct errand *queue_choose(const struct primary *primary);

/* Skips those who have waited too long for room; room: so many wait for something else. */
void queue_skip_late(struct primary *primary, size_t room);

/* When that is to be done next. */
int64_t queue_wake(const struct primary *primary, size_t room);

/* An errand is over: for the caller of the pool. */
void queue_finish(struct primary *primary, struct errand *errand);

/* The same for one that waits, without a conversation: all it would have asked has this answer. */
void queue_finish_with(
    struct primary *primary, struct errand *errand, const struct smtp_answer *answer);

#endif
