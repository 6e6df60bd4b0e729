/*
 * What stands before the message in a line of a log: time, host, tag.
 *
 * Known are the lines of syslogd, rsyslog and journalctl (classic, precise and ISO time), with or
 * without "<priority>"; of multilog (tai64n); of splogger, which puts a time before the message; of
 * Dovecot when it writes a file of its own. Pure; nothing is copied.
 */
#ifndef RELAY_LOGPREFIX_H
#define RELAY_LOGPREFIX_H

#include <stdbool.h>
#include <stddef.h>

struct logprefix {
	const char
	    *tag; /* the program: what is before "[pid]: "; tag_len 0: the line has none */
	size_t tag_len;
	bool has_pid; /* behind the tag */
	/*
	 * As nginx and Perdition write to a file of their own, with the line feeds of strangers in
	 * it: any line there may be a stranger's.
	 */
	bool unsafe;
	const char *message;
	size_t message_len;
};

/* The line comes without its newline. */
void logprefix_parse(struct logprefix *prefix, const char *line, size_t len);

#endif
