/*
 * The settings of a domain: their names, values, defaults and limits, as rcptcheck-settings(5)
 * describes them, and how they are stored in a CDB record.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum settings_mode { MODE_ENFORCE, MODE_WARN, MODE_OFF };
enum settings_action { ACTION_ACCEPT, ACTION_TEMPFAIL };
enum settings_tls { TLS_MAY, TLS_OFF, TLS_REQUIRE };
enum settings_log { LOG_LEVEL_TROUBLE, LOG_LEVEL_REJECT, LOG_LEVEL_ALL };

#define SETTINGS_HOST_SIZE    256 /* a host name, with its NUL */
#define SETTINGS_USERS_SIZE   256
#define SETTINGS_PATH_SIZE    1001 /* of users_database, with its NUL */
#define SETTINGS_ADDRESS_SIZE 256  /* a mail address (RFC 5321 4.5.3.1.3), with its NUL */

struct settings {
	uint32_t mode;           /* enum settings_mode */
	uint32_t on_unreachable; /* enum settings_action, and the next two */
	uint32_t on_policy;
	uint32_t on_busy;
	uint32_t tls;       /* enum settings_tls */
	uint32_t log;       /* enum settings_log */
	uint32_t fold_case; /* 0 or 1, and the next */
	uint32_t local_then_callout;
	uint32_t positive_expire; /* seconds, and all below it */
	uint32_t negative_expire;
	uint32_t refused_expire;
	uint32_t negative_recheck;
	uint32_t budget;
	uint32_t connect_timeout;
	uint32_t command_timeout;
	uint32_t resolve_every;
	uint32_t relay_expire;
	uint32_t cache_limit;                          /* rows */
	uint32_t probe_connections;                    /* to one server, of rcptprobe */
	uint32_t refused_limit;                        /* recipients, of rcptwrap; 0 = none */
	char helo[SETTINGS_HOST_SIZE];                 /* "" = the host's name */
	char confirm_sender[SETTINGS_ADDRESS_SIZE];    /* "" = none */
	char control_recipient[SETTINGS_ADDRESS_SIZE]; /* "auto", "none" or an address */
	char delimiter[8];                             /* "" = none */
	char tls_name[SETTINGS_HOST_SIZE];             /* in the certificate; "" = none */
	char probe_users[SETTINGS_USERS_SIZE]; /* names with blanks between; "" = none */
};

void settings_default(struct settings *settings);

/*
 * Those that rcptbuild alone reads (settingsbuild.h) are checked like all others, but they have no
 * place in struct settings, nor in rcptcheck.cdb.
 *
 * Sets one setting from its text. Returns NULL, or why it can't be: a constant text that reads
 * well behind "settings: rowid 3: value 'x': ". The settings are unchanged then.
 */
const char *settings_set(struct settings *settings, const char *name, const char *value);

/* Is this the name of a setting, and of one that can only be set for all domains? */
bool settings_known(const char *name);
bool settings_global(const char *name);

/* Seconds of a duration such as 90s, 5m, 1h or 7d. Returns 0, or -1 when it is none. */
int settings_duration(const char *text, uint32_t *seconds);

/*
 * The stored form: for each setting that differs from its default, its number in the table
 * (one byte) and its value: four bytes, low byte first, or one byte of length and the text. A
 * default that changes, or a row that moves, needs a new RECORD_VERSION (record.h).
 *
 * settings_make returns the length, or 0 when it does not fit (nothing to store is length 1:
 * the end mark). settings_parse starts from the defaults and returns the length it used, or 0
 * when the bytes are no settings.
 */
size_t settings_make(unsigned char *out, size_t size, const struct settings *settings);
size_t settings_parse(struct settings *settings, const unsigned char *bytes, size_t len);

#endif
