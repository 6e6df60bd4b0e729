/*
 * Where does a message end? At CRLF.CRLF and nowhere else (RFC 5321 4.1.1.4). Servers have been
 * found that take LF.LF, LF.CRLF, CR.CR or CRLF.CR for the end as well: what follows it in the
 * message would be commands to them, which nobody has checked (SMTP smuggling). A message with
 * such a line never reaches the server as a whole.
 */
#ifndef DOOR_WRAPDATA_H
#define DOOR_WRAPDATA_H

#include <stddef.h>

enum wrapdata {
	WRAPDATA_MORE,      /* no end in what was scanned */
	WRAPDATA_END,       /* it is behind what was scanned */
	WRAPDATA_AMBIGUOUS, /* behind what was scanned is what some take for the end */
};

/* The two bytes before those that are scanned next; "\r\n" before a message. */
struct wrapdata_place {
	char before[2];
};

void wrapdata_start(struct wrapdata_place *place);

/*
 * Scans bytes of a message. *used says how many of them may go to the server; the others, at most
 * two with WRAPDATA_MORE, are to be shown again when there are more.
 */
enum wrapdata wrapdata_scan(
    struct wrapdata_place *place, const char *bytes, size_t len, size_t *used);

#endif
