/*
 * The patterns by which relaylog knows a login: read from text files, compiled once.
 *
 * A file has these lines; "#" at the start of one is a comment, and leading blanks are free:
 *
 *	pattern NAME		all below it, up to the next, is for NAME; a later file that has the
 *				same NAME takes the place of this
 *	off WHY			it is used only when it is chosen by name
 *	bare WHY		its lines count only below a tag of their own, without "[pid]"
 *	tag WORD ...		the programs whose messages the lines below are; "WORD*" begins so
 *	line REGEX		of the whole message (PCRE2), with groups "ip" and, if it can be, "user"
 *	yes IP USER LOGLINE	a line that must be recognised, and as what (for patterns_try)
 *	no LOGLINE		one that must not
 */
#ifndef RELAY_PATTERNS_H
#define RELAY_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PATTERNS_NAME_SIZE 32 /* of a source in relay.db */

/* A login has no longer message. One that a daemon or a syslogd has cut could end anywhere. */
#define PATTERNS_MESSAGE_MAX 500

struct patterns;

struct patterns_match {
	const char *name; /* of the pattern */
	const char *file; /* where its line is */
	unsigned line;
	const char *ip, *user; /* in the message */
	size_t ip_len, user_len;
};

/* A sample of a file: a line of a log, and what it is. */
struct patterns_sample {
	const char *file;
	unsigned line;
	const char *ip; /* NULL: no login */
	const char *user;
	const char *text;
};

/* Hears what is wrong with a file; see patterns_read. */
typedef void patterns_trouble(const char *file, unsigned line, const char *reason);

/* NULL when there is no memory. */
struct patterns *patterns_new(void);
void patterns_free(struct patterns *patterns);

/*
 * Reads a file. For each thing in it that makes no sense, trouble is called with the number of the
 * line (0: the file as a whole) and the reason, a text that reads well behind "FILE:LINE: "; the
 * rest is used. Returns how often that was.
 */
unsigned patterns_read(struct patterns *patterns, const char *file, patterns_trouble *trouble);
unsigned patterns_read_stream(
    struct patterns *patterns, FILE *in, const char *file, patterns_trouble *trouble);

/*
 * Chooses: names with commas between; "all" is all that are not off; "-NAME" takes one out again;
 * "NAME=TAG" adds a tag to the first tags of NAME. Without any call, "all" is in use. Returns
 * NULL, or the word that is no such thing.
 */
const char *patterns_choose(struct patterns *patterns, const char *list);

/* All are in use, also those that are off. */
void patterns_choose_everything(struct patterns *patterns);

/* Is it one that is in use? bare: the tag stood in the line itself, without "[pid]". */
bool patterns_match(struct patterns *patterns, struct patterns_match *match, const char *tag,
    size_t tag_len, bool bare, const char *message, size_t len);

/* How many lines were too much work, and so no logins. */
unsigned long patterns_given_up(const struct patterns *patterns);

/* How many patterns are in use. */
size_t patterns_used(const struct patterns *patterns);

/* The sample of that number, or false when there are no more. */
bool patterns_sample(
    const struct patterns *patterns, size_t number, struct patterns_sample *sample);

#endif
