/*
 * Flights over a connection: which questions go out together, and what their answers lead to. For
 * primary.h.
 */
#ifndef RCPT_FLIGHT_H
#define RCPT_FLIGHT_H

#include "primary.h"

/*
 * ms. Servers read some of their tables once for each connection: in one that is kept, Postfix does
 * not see that a user was added. So a "no" is believed for so long, and none is kept for longer.
 */
#define FLIGHT_BELIEVED (10 * 1000)
#define FLIGHT_LIFE     (60 * 1000)

#define FLIGHT_FEW 3 /* what is left to a connection that wants a successor */

/* How many more refusals and transactions a connection may have. */
size_t flight_credit(const struct link *link);
size_t flight_transactions(const struct primary *primary, const struct link *link);

/* Sends the next flight over a connection that is ready, or says goodbye. */
void flight_begin(struct primary *primary, struct link *link);

/* It is over: takes the answers. */
void flight_land(struct primary *primary, struct link *link);

/* Those who waited for this very connection have lost it. */
void flight_lose(struct primary *primary, struct link *link);

#endif
