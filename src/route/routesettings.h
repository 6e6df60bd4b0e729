/*
 * Ports and times that hold for all routes: rcptcheck-settings(5), those that begin route_. Value of the
 * key "s" of routes.cdb (route.h):
 *
 *	1 byte		the version
 *	2, 2 bytes	the ports of IMAP and POP3, high byte first, and so are:
 *	4, 4 bytes	seconds: timeout, retry
 */
#ifndef ROUTE_ROUTESETTINGS_H
#define ROUTE_ROUTESETTINGS_H

#include <stddef.h>
#include <stdint.h>

struct routesettings {
	uint16_t imap_port, pop3_port;
	uint32_t timeout; /* seconds for a connect that shows that a server lives */
	uint32_t retry;   /* seconds until a dead one is tried again, the first time */
};

void routesettings_default(struct routesettings *settings);

/* Sets one by its name and text. Others, and what is no value, are passed over. */
void routesettings_set(struct routesettings *settings, const char *name, const char *value);

/*
 * The first returns the length of the value, or 0 when it does not fit; the other returns 0, or -1 with
 * errno EPROTO: no such value of this version.
 */
size_t routesettings_make(
    unsigned char *out, size_t size, const struct routesettings *settings);
int routesettings_parse(struct routesettings *settings, const unsigned char *value, size_t len);

#endif
