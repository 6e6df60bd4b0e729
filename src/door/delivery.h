/*
 * What an accepted mail is delivered by, made of the same tables: qmail's control/smtproutes, rcpthosts and
 * morercpthosts.cdb, Postfix's transport and relay_domains as cdb. Each is written where a setting
 * names it, and only then.
 *
 *	write_smtproutes	domain:192.0.2.1:25, in a block between two marks; what the
 *	write_rcpthosts		administrator has around it stays, and wins where it has the same domain
 *	write_morercpthosts	a cdb, as qmail-newmrh makes it
 *	write_transport		a cdb: domain to smtp:[192.0.2.1]:25, [2001:db8::1]:25
 *	write_relay_domains	a cdb: domain to "relay"
 *
 * A domain is in a file that takes mail only if there is a way for it in the file of routes beside it:
 * rcpthosts and morercpthosts go by smtproutes, relay_domains by transport, where both are written. An
 * alias of nothing has a route that defers. And a route stays as long as such a file has its domain.
 */
#ifndef DOOR_DELIVERY_H
#define DOOR_DELIVERY_H

#include "report.h"
#include "source.h"

/*
 * Writes those that differ from what is there. The source has the domains of all lists. What fails is a
 * warning, and the others are written, but for what would take mail that the one that failed has no
 * way for. Unless anything_goes, a file that would lose more than half of its domains fails.
 * Returns 0, or -1 when something failed: it is to be tried again.
 */
int delivery_write(struct source *source, bool anything_goes, struct report *report);

#endif
