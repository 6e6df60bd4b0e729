/*
 * What rcptserve's protocols have in common: each is two pure functions, one that takes messages
 * out of bytes, one that makes the answer of a verdict. Nothing here reads or writes anything.
 */
#ifndef DOOR_PROTOCOL_H
#define DOOR_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/record.h"
#include "rcpt/check.h"
#include "rcpt/verdict.h"

#define PROTOCOL_LINE_MAX    4096 /* a longer one is cut: CommuniGate Pro's limit */
#define PROTOCOL_ADDRESS_MAX 1024 /* past any length that is ever put on a wire */
#define PROTOCOL_SENDER_SIZE 256  /* for the log: a longer one is cut */
#define PROTOCOL_CLIENT_SIZE 46   /* an IPv6 address, with its NUL */
#define PROTOCOL_TOKEN_SIZE  128
#define PROTOCOL_ANSWER_SIZE 1024
#define PROTOCOL_MESSAGE_ROOM                                                                  \
	(2 * PROTOCOL_LINE_MAX) /* input that take must get in one piece */

/* One recipient to be checked. */
struct question {
	size_t recipient_len;
	char recipient[PROTOCOL_ADDRESS_MAX]; /* bare: no brackets, no quotes */
	bool has_sender;
	char sender[PROTOCOL_SENDER_SIZE];
	char client[PROTOCOL_CLIENT_SIZE]; /* the SMTP client's IP address, "" if unknown */
	char self[RECORD_SERVER_TEXT];     /* the address it came in by, "" if unknown */
	char token[PROTOCOL_TOKEN_SIZE];   /* what the answer is to carry, as it came */
	int kind;                          /* the protocol's own */
};

/* Bytes for the mail server. */
struct answer {
	size_t len;
	char bytes[PROTOCOL_ANSWER_SIZE];
	enum verdict verdict; /* that of the exit code, if this is the program's last word */
};

/* Bytes from the mail server. */
struct input {
	const char *bytes;
	size_t len;
	bool ended; /* no more will come */
	/* set by take */
	size_t used;
	const char *trouble; /* for the log, a constant text; NULL: none */
	const char *shown;   /* and the foreign bytes that go with it */
	size_t shown_len;
};

enum taken {
	TAKEN_NOTHING,  /* more bytes are needed; some may have been used */
	TAKEN_MESSAGE,  /* it needs no check: answer is what to say, if anything */
	TAKEN_QUESTION, /* question is set, its answer comes later */
	TAKEN_LAST,     /* answer is said when all else is answered, and that is the end */
	TAKEN_GARBAGE,  /* the stream can't be followed any further: as LAST, but a failure */
};

struct protocol {
	const char *name;
	bool ordered;      /* one question at a time, answers in their order */
	size_t state_size; /* of what take remembers; all zero at first */

	/*
	 * Takes one message out of the input. What it never does: refuse anything. It must not
	 * return TAKEN_NOTHING when PROTOCOL_MESSAGE_ROOM bytes are there.
	 */
	enum taken (*take)(
	    void *state, struct input *input, struct question *question, struct answer *answer);

	/* Makes the answer to a question of which the check is done. */
	void (*tell)(
	    const struct question *question, const struct check *check, struct answer *answer);
};

void answer_start(struct answer *answer);
void answer_add(struct answer *answer, const char *text);
/* False, and nothing is added, when there is no room. */
bool answer_add_bytes(struct answer *answer, const char *bytes, size_t len);
/* Text from outside: what is not printable becomes "?", at most max bytes of it. */
void answer_add_foreign(struct answer *answer, const char *bytes, size_t len, size_t max);

void question_clear(struct question *question);

/* False for a recipient that does not fit: nobody's address, but no reason to refuse. */
bool question_set_recipient(struct question *question, const char *bytes, size_t len);

/* The address the client came in by, as record_server_text writes it. */
void question_set_self(struct question *question, const char *ip, size_t ip_len,
    const char *port, size_t port_len);

/* Copies what fits of a text, with a NUL. */
void question_copy(char *to, size_t size, const char *bytes, size_t len);

/* Is the whole of it this text, in whatever case? */
bool bytes_match(const char *bytes, size_t len, const char *text);

enum line_taken { LINE_NONE, LINE_WHOLE, LINE_CUT };

/*
 * Takes the next line out of the input, without its end (LF, or CR LF). LINE_CUT: it is longer than
 * PROTOCOL_LINE_MAX and these are its first bytes; *skipping has what follows be dropped.
 */
enum line_taken line_take(
    struct input *input, bool *skipping, const char **line, size_t *line_len);

#endif
