/*
 * Which server of a route: the first one that lives, which a TCP connect shows. Those that did not
 * answer are remembered for a while (livefile.h) and are tried last; when none lives, it is the
 * first one.
 *
 * Who must not wait uses live_start, live_next and live_tell and connects by itself; all others
 * use live_choose.
 */
#ifndef ROUTE_LIVE_H
#define ROUTE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "livefile.h"
#include "route.h"
#include "routesettings.h"

#define LIVE_RETRY_MAX 300000 /* ms: no dead server is left alone for longer */

enum live_answer {
	LIVE_NO,  /* it refused, or did not answer in time */
	LIVE_YES, /* it took the connection */
	LIVE_CANNOT, /* it could not be asked, and that is not its fault: no descriptors, no time */
};

struct live_choice {
	struct livefile *file;
	const struct route *route; /* all its servers have ports (route_set_port) */
	const struct routesettings *settings;
	bool remembered_turn; /* those that are remembered as dead are tried now */
	size_t next;          /* to be looked at */
	size_t asked;         /* the server whose answer is awaited */
	uint32_t answered;    /* a bit for each that was asked already */
	bool ended;
	size_t chosen; /* when it has ended */
	bool lives;    /* and an answer has shown that; false: not known, or none lives */
};

/* A route with one server leaves no choice: it has ended then, and nothing is asked. */
void live_start(struct live_choice *choice, struct livefile *file, const struct route *route,
    const struct routesettings *settings);

/*
 * Returns true and the server that is to be asked next, within settings->timeout; false when the
 * choice has ended. now is in milliseconds since 1970 (live_time).
 */
bool live_next(struct live_choice *choice, size_t *server, int64_t now);
void live_tell(struct live_choice *choice, enum live_answer answer, int64_t now);

int64_t live_time(void);

/*
 * All of it, not after the deadline (deadline.h), when what was not asked counts as LIVE_CANNOT.
 * Returns the number of the server; *lives as in struct live_choice.
 */
size_t live_choose(struct livefile *file, const struct route *route,
    const struct routesettings *settings, int64_t deadline, bool *lives);

/* Asks one server. */
enum live_answer live_ask(
    const struct record_server *server, const struct routesettings *settings, int64_t deadline);

/* Begins to ask: a descriptor for poll(2) and SO_ERROR (live_ended), or -1 with *answer. */
int live_connect(const struct record_server *server, enum live_answer *answer);

/* The answer of a descriptor that has become writable; closes it. */
enum live_answer live_ended(int fd);

/* What is remembered: is a server not to be tried now, and by whose word? */
enum livefile_kind live_remembered(const struct livefile *file,
    const struct record_server *server, int64_t now, struct livefile_record *record);

/* Somebody says that it is down, or up. Returns 0, or -1 with errno (livefile_put). */
int live_mark(struct livefile *file, const struct record_server *server, bool down);

#endif
