/*
 * A session of SMTP seen from between the client and the server: bytes of both come in, bytes for
 * both go out, and questions about recipients in between. Nothing here waits, reads or writes.
 *
 *	wrapsession_start(&session, &terms);
 *	for (;;) {
 *		put what the client sent behind session.from_client, what the server sent behind
 *		    session.from_server, if there is room; or tell that they ended;
 *		wrapsession_step(&session);
 *		while ((i = wrapsession_next_question(&session)) != -1)
 *			ask about session.questions[i].recipient;
 *		for each answer: wrapsession_decide(&session, i, ...), and step again;
 *		take what is in session.to_client and session.to_server, and send it;
 *		wrapsession_server_input_over(&session): the server gets no more;
 *		wrapsession_over(&session): the client gets no more.
 *	}
 *
 * Each command that the client sends is owed one reply, in order: the server's, or one of our
 * own. A recipient goes to the server when it, and all before it, are accepted; one that is
 * refused is answered by us in its place. The client is not read any further where the reply to
 * come decides what its next bytes mean. Memory is what the struct has, whatever anybody sends.
 */
#ifndef DOOR_WRAPSESSION_H
#define DOOR_WRAPSESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "wrapbuffer.h"
#include "wrapcommand.h"
#include "wrapdata.h"
#include "wrapreply.h"

#define WRAPSESSION_QUESTIONS   8    /* asked about at a time */
#define WRAPSESSION_OWED        64   /* replies to commands that were read */
#define WRAPSESSION_EHLO_LINE   1024 /* what is longer in a reply to EHLO is left out */
#define WRAPSESSION_FROM_CLIENT 32768
#define WRAPSESSION_TO_SERVER   65536
#define WRAPSESSION_FROM_SERVER 16384
#define WRAPSESSION_TO_CLIENT   32768

/* How the client's next bytes are to be understood. */
enum wrapsession_mode {
	WRAPSESSION_COMMANDS,
	WRAPSESSION_SKIPPING, /* the rest of a line that was too long */
	WRAPSESSION_HELD,     /* not before the server's reply to DATA, AUTH, STARTTLS */
	WRAPSESSION_MESSAGE,  /* behind DATA */
	WRAPSESSION_RESPONSE, /* a line of AUTH */
	WRAPSESSION_BLIND,    /* behind STARTTLS: anything, from both */
	WRAPSESSION_CLOSED,   /* not at all */
};

/* A reply that is owed. */
struct wrapsession_owed {
	enum wrapcommand command;
	enum { WRAPSESSION_SERVERS, WRAPSESSION_OWN, WRAPSESSION_QUESTION } whose;
	const char *text; /* of our own */
	int question;     /* its number, or -1 */
	bool last;        /* the session ends with it */
};

struct wrapsession_question {
	enum {
		WRAPSESSION_FREE,
		WRAPSESSION_WAITING,
		WRAPSESSION_ASKED,
		WRAPSESSION_ACCEPTED,
		WRAPSESSION_REFUSED
	} state;
	char recipient[WRAPCOMMAND_PATH_SIZE];
	char line[WRAPCOMMAND_MAX];
	size_t len;
	char reply[WRAPREPLY_SIZE];
};

/* Something for the log, each at most once a session. */
enum wrapsession_event {
	WRAPSESSION_HID = 1,       /* keywords of EHLO: their names are in hidden */
	WRAPSESSION_AMBIGUOUS = 2, /* the end of a message was; the session is over */
	WRAPSESSION_LIMIT = 4,     /* too many recipients were refused; it is over */
	WRAPSESSION_NO_SMTP = 8,   /* the server said what is no reply; it is over */
	WRAPSESSION_WENT_BLIND = 16,
};

struct wrapsession {
	struct wrapbuffer from_client, to_server, from_server, to_client;
	struct wrapsession_question questions[WRAPSESSION_QUESTIONS];
	char sender[WRAPCOMMAND_PATH_SIZE], helo[WRAPCOMMAND_NAME_SIZE];
	unsigned refused; /* recipients, by checks, with 5xx */
	unsigned limit;   /* the session ends at twice as many; 0: never */
	unsigned events;  /* enum wrapsession_event */
	char hidden[256]; /* keywords with blanks between */

	/* its own */
	bool starttls;
	enum wrapsession_mode mode;
	bool client_ended, server_ended, over;
	/*
	 * The server took a MAIL. What ends a transaction is for servers to say, and they differ: each
	 * recipient behind the first MAIL is asked about.
	 */
	bool mail_taken;
	bool unchecked;                      /* the client has authenticated */
	char pending[WRAPCOMMAND_PATH_SIZE]; /* sender or name, until the server takes it */
	/* a ring */
	struct wrapsession_owed owed[WRAPSESSION_OWED];
	size_t first, count;
	size_t servers;   /* of these are for the server to say */
	size_t changes;   /* of these change what later commands mean */
	size_t undecided; /* recipients the server has not seen yet, and may */
	struct wrapdata_place place;
	bool response_cr;    /* a CR was the last byte of a line of AUTH so far */
	size_t response_len; /* of which so many bytes were there */
	/* the reply that the server is saying */
	bool uncalled;      /* nobody asked for it */
	char code[4];       /* what its line begins with */
	size_t column;      /* how much of that is there */
	char lines_code[3]; /* of its lines before; NUL: there were none */
	/* that to EHLO, one line behind */
	char ehlo[WRAPSESSION_EHLO_LINE], held[WRAPSESSION_EHLO_LINE];
	size_t ehlo_len, held_len, ehlo_lines;
	bool ehlo_long;
	char room_from_client[WRAPSESSION_FROM_CLIENT], room_to_server[WRAPSESSION_TO_SERVER];
	char room_from_server[WRAPSESSION_FROM_SERVER], room_to_client[WRAPSESSION_TO_CLIENT];
};

/* starttls: the client may have TLS, behind which nothing is checked. */
void wrapsession_start(struct wrapsession *session, bool starttls, unsigned limit);

/* All that can be done without more bytes or answers. */
void wrapsession_step(struct wrapsession *session);

/* The number of a question to be asked now, or -1. */
int wrapsession_next_question(struct wrapsession *session);

/* The answer. reply, without CRLF, is what the client sees where it is refused. */
void wrapsession_decide(
    struct wrapsession *session, int question, bool accepted, const char *reply);

/* No more bytes will come from there; what did not arrive whole is not used. */
void wrapsession_client_ended(struct wrapsession *session);
void wrapsession_server_ended(struct wrapsession *session);

/* Is there use, and room, for more? */
bool wrapsession_reads_client(const struct wrapsession *session);
bool wrapsession_reads_server(const struct wrapsession *session);

/* Nothing more goes to the server than is in to_server. */
bool wrapsession_server_input_over(const struct wrapsession *session);

/* Nothing more goes to the client than is in to_client. */
bool wrapsession_over(const struct wrapsession *session);

/*
 * The sides of it: wrapclient.c and wrapserver.c. They return whether they moved anything.
 */
bool wrapsession_take_commands(struct wrapsession *session);
bool wrapsession_take_replies(struct wrapsession *session);

struct wrapsession_owed *wrapsession_owe(struct wrapsession *session, enum wrapcommand command);
void wrapsession_forward(
    struct wrapsession *session, enum wrapcommand command, const char *line, size_t len);

/* Does its reply change what later commands mean? */
bool wrapsession_changes(enum wrapcommand command);

#endif
