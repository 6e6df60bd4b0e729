/*
 * The table behind settings.h, for settings.c and settingstext.c alone.
 */
#ifndef BASE_SETTINGSTABLE_H
#define BASE_SETTINGSTABLE_H

#include "settings.h"

#define SETTINGS_ROWS 26

/* What the value of a setting is. */
enum settings_kind {
	CHOICE,
	DURATION,
	TIMEOUT,
	ROWS,
	COUNT,
	LIMIT,
	HOST,
	NAME,
	ADDRESS,
	CONTROL,
	DELIMITER,
	USERS
};

/* The number of a row is stored in the CDB: new rows go to the end. */
extern const struct settings_row {
	const char *name;
	size_t at;
	enum settings_kind kind;
	bool global;
	uint32_t number;            /* the default */
	const char *text;           /* the default of a text */
	const char *const *choices; /* of a CHOICE */
	const char *why;            /* what its value must be */
} settings_table[];

static inline uint32_t *
settings_number(struct settings *settings, const struct settings_row *row)
{
	return (uint32_t *)(void *)((char *)settings + row->at);
}

static inline char *
settings_text(struct settings *settings, const struct settings_row *row)
{
	return (char *)settings + row->at;
}

static inline size_t
settings_size(const struct settings_row *row)
{
	switch (row->kind) {
	case HOST:
	case NAME:
		return SETTINGS_HOST_SIZE;
	case USERS:
		return SETTINGS_USERS_SIZE;
	case ADDRESS:
	case CONTROL:
		return SETTINGS_ADDRESS_SIZE;
	case DELIMITER:
		return sizeof(((struct settings *)0)->delimiter);
	default:
		return 0; /* a number */
	}
}

#endif
