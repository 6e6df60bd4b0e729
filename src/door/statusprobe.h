/*
 * What rcptprobe says of itself (rcpt/probestatus.h), taken apart. It comes from a process of
 * another user, so that it may be anything.
 */
#ifndef DOOR_STATUSPROBE_H
#define DOOR_STATUSPROBE_H

#include <stddef.h>
#include <stdint.h>

#include "base/record.h"

#define STATUSPROBE_TEXT 160 /* longer texts are cut */

/* Numbers are 0 where nothing is said, latencies -1. */
struct statusprobe_desk {
	int64_t since; /* seconds since 1970 */
	int64_t questions, joined, known, busy, probes;
	int64_t callers, p50, p99; /* ms */
	int64_t servers;
	int64_t lately; /* seconds, and what came in them: */
	int64_t lately_questions, lately_busy;
};

/* Texts are printable, and "" where nothing is said. */
struct statusprobe_server {
	char host[RECORD_SERVER_TEXT]; /* never "" */
	char state[8];
	char tls[STATUSPROBE_TEXT], reply[STATUSPROBE_TEXT];
	int64_t connections, limit, waiting;
	int64_t asked, yes, no, undecided, skipped;
	int64_t p50, p99;               /* ms */
	int64_t refuses_since, refused; /* seconds since 1970 */
};

enum statusprobe_kind { STATUSPROBE_NONSENSE, STATUSPROBE_DESK, STATUSPROBE_SERVER };

/*
 * Reads a line into the struct of its kind; the other is left alone. A text may be cut by the
 * line's end, and unknown keys are passed over.
 */
enum statusprobe_kind statusprobe_parse(struct statusprobe_desk *desk,
    struct statusprobe_server *server, const char *line, size_t len);

#endif
