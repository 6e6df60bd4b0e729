/*
 * A route: on which servers the mailbox of a user is, and how to log in there. What routes.cdb
 * says: its keys and values; this file is the one description of the format, route.c the one
 * make/parse pair. The container below it, with its checksums, is cdbfile.h; its note is
 * ROUTE_NOTE.
 *
 * Keys
 *	"u" user	a user: with a domain, which is in lower case, or without; as written, and
 *			once more in lower case unless another user is written like that
 *	"d" domain	all of a domain
 *	"a"		all there are
 *	"i" domain	the ranges of a domain, or "i" alone: those that are for all domains
 *	"r" ...		one of these ranges, see route_range_key
 *	"s"		the settings (routesettings.h)
 *	"m" user	in lower case: several users are written like that but for case, and none so
 *	"n" name	a host name: its addresses as they last resolved (record.h); read by
 *			rcptbuild alone
 *	"c" list	how many users this list had; read by rcptbuild alone
 *
 * A domain is an A-label; what has a U-label is there with that too.
 *
 * Value of "u", "d", "a" and "r"; a text is one byte of length and its bytes
 *	text, text	of "r" alone: the first and the last of what users begin with
 *	text		the user as in the list
 *	text		the login, a pattern; empty: that of the client
 *	text		the secret; empty: none
 *	1 byte		number of servers, in the order in which they are tried; for each:
 *	text		its host as in the list
 *	text		where that stands
 *	1 byte		4 or 6; 0: its name had no address when it was looked up
 *	4, 16, 0 bytes	the address, in network order
 *	2 bytes		the port, high byte first; 0: that of the protocol
 */
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"

#define ROUTE_NOTE        "rt\1" /* and a zero: the note of the file */
#define ROUTE_SERVERS_MAX 16
#define ROUTE_USER_MAX    255 /* bytes of a user, as asked or as written */
#define ROUTE_TEXT_SIZE   256 /* of a user, a login, a secret or a host, with its NUL */
#define ROUTE_SOURCE_SIZE 96

/* What of the map it was that holds for the user: in this order they are looked for. */
enum route_match {
	ROUTE_ADDRESS, /* the user with the domain */
	ROUTE_USER,    /* the user without: alone, or whatever the domain is */
	ROUTE_RANGE,   /* what users begin with */
	ROUTE_DOMAIN,  /* all of the domain */
	ROUTE_ALL,     /* all there are */
};

struct route_server {
	struct record_server address; /* family 0: none; port 0: that of the protocol */
	char host[ROUTE_TEXT_SIZE];   /* an address or a host name */
	char source[ROUTE_SOURCE_SIZE];
};

struct route {
	enum route_match match;
	bool qualified; /* the user who was asked for has a domain */
	bool of_domain; /* and this is for users of that domain alone */
	bool
	    spelled; /* it is for a name spelt like that; false: for one that differs in case */
	bool several; /* it is not, and others differ from that in nothing but case, too */
	char entry[ROUTE_TEXT_SIZE];
	char login[ROUTE_TEXT_SIZE];  /* for the server; of route_parse: the pattern */
	bool translated;              /* the login is other than what was asked for */
	char secret[ROUTE_TEXT_SIZE]; /* "" = none */
	size_t count;                 /* at least 1 */
	struct route_server servers[ROUTE_SERVERS_MAX];
};

/*
 * All make functions return the length of the value, or 0 when it does not fit; all parse
 * functions return 0, or -1 with errno EPROTO: no such value of this version. No text of a
 * parsed route has control bytes.
 */
size_t route_make(unsigned char *out, size_t size, const struct route *route);
int route_parse(struct route *route, const unsigned char *value, size_t len);

/* The same for a range: what users begin with is from first to last, both of the same length. */
struct route_range {
	char first[ROUTE_TEXT_SIZE], last[ROUTE_TEXT_SIZE];
};
size_t route_make_range(unsigned char *out, size_t size, const struct route_range *range,
    const struct route *route);
int route_parse_range(
    struct route_range *range, struct route *route, const unsigned char *value, size_t len);

/*
 * The ranges of a domain (or "", for all): how many there are of each length, the longest first.
 * Those of one length are in order and do not overlap.
 */
#define ROUTE_LENGTHS_MAX 32
struct route_index {
	size_t count;
	struct {
		uint8_t length;
		uint32_t ranges;
	} lengths[ROUTE_LENGTHS_MAX];
};
size_t route_make_index(unsigned char *out, size_t size, const struct route_index *index);
int route_parse_index(struct route_index *index, const unsigned char *value, size_t len);

/* "r", the length of the range, its number among those of this length, the domain. */
#define ROUTE_KEY_SIZE (1 + 1 + 4 + ROUTE_TEXT_SIZE)
size_t route_range_key(
    unsigned char key[ROUTE_KEY_SIZE], const char *domain, uint8_t length, uint32_t number);

bool route_same_server(const struct record_server *a, const struct record_server *b);

/* Gives all servers that have none this port. */
void route_set_port(struct route *route, uint16_t port);

#endif
