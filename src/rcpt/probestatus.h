/*
 * How rcptprobe is, in lines of key=value pairs: one about itself, then one for each server that
 * was asked lately. Times are seconds since 1970, latencies ms.
 *
 *	probe pid= since= questions= joined= known= refreshed= directly= busy= probes=
 *		asking= callers= p50= p99= servers= lately= lately_questions= lately_busy=
 *	server host= state= connections= limit= waiting= opened= asked= yes= no= undecided=
 *		skipped= slow= p50= p99= refuses_since= refused= tls= reply=
 *
 * Of many servers those are told about of which there is something to tell; servers is the number
 * of all. lately is so many seconds, ten minutes or more if somebody asked then, and what came in
 * them. tls is "yes", "off" (by the settings), "not offered", or why it does not work.
 *
 * state is "ok", or what it was found not to put up with: "slow", "short" (of questions on a
 * connection), "full" (of connections). A key without a value is left out.
 */
#ifndef RCPT_PROBESTATUS_H
#define RCPT_PROBESTATUS_H

#include "desk.h"

/* Calls tell with each line. since: when it was started. */
void probestatus(const struct desk *desk, int64_t since,
    void (*tell)(void *context, const struct line *line), void *context);

#endif
