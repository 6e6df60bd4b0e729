/*
 * Command lines of an SMTP client, as rcptwrap understands them. What it is not certain of is
 * never shown to the server, which might understand something else: an address that was not
 * checked, or a mode that we do not follow.
 */
#ifndef DOOR_WRAPCOMMAND_H
#define DOOR_WRAPCOMMAND_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of a line, without its end: what no server takes in pieces. 2048 is the limit of Postfix and
 * of sendmail, 12288 theirs for AUTH (RFC 4954 4).
 */
#define WRAPCOMMAND_MAX      2040
#define WRAPCOMMAND_AUTH_MAX 12284
#define WRAPCOMMAND_PATH_SIZE                                                                  \
	1024 /* an address without quotes, with its NUL; qmail takes 900 bytes */
#define WRAPCOMMAND_NAME_SIZE 256

enum wrapcommand {
	WRAPCOMMAND_BAD,      /* a byte that no command has, or no word at its start */
	WRAPCOMMAND_UNKNOWN,  /* it may change a mode of the server */
	WRAPCOMMAND_GREETING, /* no command: what a server says first */
	WRAPCOMMAND_END,      /* no command: the end of a message */
	WRAPCOMMAND_AUTH,
	WRAPCOMMAND_DATA,
	WRAPCOMMAND_EHLO,
	WRAPCOMMAND_ETRN,
	WRAPCOMMAND_EXPN,
	WRAPCOMMAND_HELO,
	WRAPCOMMAND_HELP,
	WRAPCOMMAND_MAIL,
	WRAPCOMMAND_NOOP,
	WRAPCOMMAND_QUIT,
	WRAPCOMMAND_RCPT,
	WRAPCOMMAND_RSET,
	WRAPCOMMAND_STARTTLS,
	WRAPCOMMAND_VRFY,
};

/* What a line is, without its end. */
enum wrapcommand wrapcommand_parse(const char *line, size_t len);

/* How long a line of this kind may be. line may be the beginning of one. */
size_t wrapcommand_limit(const char *line, size_t len);

/*
 * The address of MAIL (word is "FROM") or RCPT ("TO"), without brackets, source route, quotes and
 * backslashes. "" is the null path. Returns false when it is not certain what it is.
 */
bool wrapcommand_path(
    char path[WRAPCOMMAND_PATH_SIZE], const char *line, size_t len, const char *word);

/* Is the word among what stands behind the command? */
bool wrapcommand_has_parameter(const char *line, size_t len, const char *word);

/* The name in HELO or EHLO, printable, cut to fit. */
void wrapcommand_name(char name[WRAPCOMMAND_NAME_SIZE], const char *line, size_t len);

#endif
