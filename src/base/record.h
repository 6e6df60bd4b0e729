/*
 * What rcptcheck.cdb says: its keys and values. rcptbuild makes these records and everything
 * on the hot path parses them; this file is the one description of the format, record.c the
 * one make/parse pair. The container below it, with its checksums, is cdbfile.h.
 *
 * Keys
 *	"d" domain	a recipient domain (a main name or an alias) as a lower-case A-label; one
 *			more for its U-label where that differs, so that no reader needs IDN
 *	"l" address	an address of always_accept: local part in lower case (to compare it
 *			without case can only accept more), "@", domain as above; the value is
 *			empty
 *	"u" address	a user of a local domain: the local part in lower case (to compare it
 *			without case can only accept more), "@", the domain as A-label; the
 *			value is empty
 *	"w" address	the same for all users whose local part begins like this: "joe-*" is
 *			"joe-"
 *	"n" name	a host name of domain_ips, lower case: its addresses as they last resolved;
 *			read by rcptbuild alone
 *	"s"		the settings that hold for all domains: RECORD_VERSION and settings_make
 *	"a"		the path of users_database, if there is one; read by rcptbuild alone
 *	"f" setting	the path of a file for delivery, by the name of its setting; read by rcptbuild
 *			alone
 *
 * Value of "d"
 *	1 byte		RECORD_VERSION
 *	1 byte		enum record_flags
 *	1 + n bytes	the A-label to ask with, where it is not the key (else n is 0)
 *	1 + n bytes	the main name, where it is not the key (else n is 0)
 *	n bytes		settings (settings_make); those for all domains are merged in
 *	1 byte		number of servers, in the order in which they are asked; for each:
 *	1 byte		4 or 6
 *	4 or 16 bytes	the address, in network order
 *	2 bytes		the port, high byte first
 *
 * Value of "n": one byte, the number of addresses; each as a server without its port.
 */
#ifndef BASE_RECORD_H
#define BASE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "settings.h"

#define RECORD_VERSION     1
#define RECORD_SERVERS_MAX 32
#define RECORD_SIZE_MAX    2560 /* the longest value of "d" and of "n" */
#define RECORD_NAME_SIZE   254  /* a domain name, with its NUL */

#define RECORD_KEY_DOMAIN   'd'
#define RECORD_KEY_LISTED   'l'
#define RECORD_KEY_USER     'u'
#define RECORD_KEY_PREFIX   'w'
#define RECORD_KEY_NAME     'n'
#define RECORD_KEY_SETTINGS 's'
#define RECORD_KEY_ACCOUNTS 'a'
#define RECORD_KEY_DELIVERY 'f'

enum record_flags {
	RECORD_DANGLING = 1,   /* an alias of no domain: temporary failure */
	RECORD_ACCEPT_ALL = 2, /* always_accept has "@domain" */
	RECORD_LISTED = 4,     /* always_accept has addresses of this domain: look for "l" */
	RECORD_LOCAL = 8,      /* we have a list of its users, under its own name or the main
				  name: look for "u" */
	RECORD_CATCH_ALL = 16, /* the list has "@domain" */
	RECORD_INCOMPLETE =
	    32, /* who is not in the list may exist: it is empty, or was not read whole */
	RECORD_PREFIXES = 64, /* the list has users with a "*": look for "w" too */
	RECORD_ASK =
	    128, /* with RECORD_LOCAL: there are servers too, even if no address of them is known now */
};

struct record_server {
	uint8_t family;      /* 4 or 6 */
	uint8_t address[16]; /* network order; IPv4 uses the first four */
	uint16_t port;
};

struct record {
	unsigned flags;
	char ask_domain[RECORD_NAME_SIZE]; /* "" = the key */
	char main_name[RECORD_NAME_SIZE];  /* "" = the key */
	struct settings settings;
	size_t server_count;
	struct record_server servers[RECORD_SERVERS_MAX];
};

/* Returns the length of the value, or 0 when it does not fit. */
size_t record_make(unsigned char *out, size_t size, const struct record *record);

/* Returns 0, or -1 with errno EPROTO: the bytes are no record of this version. */
int record_parse(struct record *record, const unsigned char *value, size_t len);

/* Does its list of users decide alone about who is not in it, without a question to servers? */
bool record_list_decides(const struct record *record);

/* As record_make and record_parse, for a list of addresses ("n"): ports are 0. */
size_t record_make_addresses(
    unsigned char *out, size_t size, const struct record_server *servers, size_t count);
int record_parse_addresses(struct record_server servers[RECORD_SERVERS_MAX], size_t *count,
    const unsigned char *value, size_t len);

/*
 * The key of "u" or "w", which type is; local is 1 to ADDRESS_LOCAL_MAX bytes, domain an A-label.
 * Returns its length.
 */
#define RECORD_USER_KEY_SIZE (1 + ADDRESS_LOCAL_MAX + 1 + ADDRESS_DOMAIN_MAX)
size_t record_user_key(char key[RECORD_USER_KEY_SIZE], char type, const char *local, size_t len,
    const char *domain);

/*
 * "192.0.2.1:25" or "[2001:db8::1]:25", always printable and at most RECORD_SERVER_TEXT - 1
 * long.
 */
#define RECORD_SERVER_TEXT 56
void record_server_text(char text[RECORD_SERVER_TEXT], const struct record_server *server);

#endif
