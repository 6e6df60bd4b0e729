#include "settings.h"

#include <stddef.h>
#include <string.h>

#define END_MARK 0xff

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum kind {
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

static const char *const modes[] = {"enforce", "warn", "off", NULL};
static const char *const actions[] = {"accept", "tempfail", NULL};
static const char *const tls_levels[] = {"may", "off", "require", NULL};
static const char *const log_levels[] = {"trouble", "reject", "all", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};

#define AT(member) offsetof(struct settings, member)

/* The number of a row is stored in the CDB: new rows go to the end. */
static const struct row {
	const char *name;
	size_t at;
	enum kind kind;
	bool global;
	uint32_t number;            /* the default */
	const char *text;           /* the default of a text */
	const char *const *choices; /* of a CHOICE */
	const char *why;            /* what its value must be */
} table[] = {
    {"mode", AT(mode), CHOICE, false, MODE_ENFORCE, NULL, modes,
	"must be enforce, warn or off"},
    {"on_unreachable", AT(on_unreachable), CHOICE, false, ACTION_ACCEPT, NULL, actions,
	"must be accept or tempfail"},
    {"on_policy", AT(on_policy), CHOICE, false, ACTION_ACCEPT, NULL, actions,
	"must be accept or tempfail"},
    {"on_busy", AT(on_busy), CHOICE, false, ACTION_ACCEPT, NULL, actions,
	"must be accept or tempfail"},
    {"tls", AT(tls), CHOICE, false, TLS_MAY, NULL, tls_levels, "must be may, off or require"},
    {"log", AT(log), CHOICE, true, LOG_LEVEL_REJECT, NULL, log_levels,
	"must be trouble, reject or all"},
    {"fold_case", AT(fold_case), CHOICE, false, 0, NULL, no_yes, "must be yes or no"},
    {"local_then_callout", AT(local_then_callout), CHOICE, false, 1, NULL, no_yes,
	"must be yes or no"},
    {"positive_expire", AT(positive_expire), DURATION, false, 7 * DAY, NULL, NULL, NULL},
    {"negative_expire", AT(negative_expire), DURATION, false, DAY, NULL, NULL, NULL},
    {"refused_expire", AT(refused_expire), DURATION, false, HOUR, NULL, NULL, NULL},
    {"negative_recheck", AT(negative_recheck), DURATION, false, HOUR, NULL, NULL, NULL},
    {"budget", AT(budget), TIMEOUT, true, 25, NULL, NULL, NULL},
    {"connect_timeout", AT(connect_timeout), TIMEOUT, false, 5, NULL, NULL, NULL},
    {"command_timeout", AT(command_timeout), TIMEOUT, false, 20, NULL, NULL, NULL},
    {"resolve_every", AT(resolve_every), DURATION, true, 5 * MINUTE, NULL, NULL, NULL},
    {"relay_expire", AT(relay_expire), DURATION, true, 30 * MINUTE, NULL, NULL, NULL},
    {"cache_limit", AT(cache_limit), ROWS, true, 1000000, NULL, NULL, NULL},
    {"helo", AT(helo), HOST, true, 0, "", NULL, NULL},
    {"confirm_sender", AT(confirm_sender), ADDRESS, false, 0, "", NULL, NULL},
    {"control_recipient", AT(control_recipient), CONTROL, false, 0, "auto", NULL, NULL},
    {"delimiter", AT(delimiter), DELIMITER, false, 0, "", NULL, NULL},
    {"tls_name", AT(tls_name), NAME, false, 0, "", NULL, NULL},
    {"probe_connections", AT(probe_connections), COUNT, true, 4, NULL, NULL, NULL},
    {"probe_users", AT(probe_users), USERS, true, 0, "", NULL, NULL},
    {"refused_limit", AT(refused_limit), LIMIT, true, 20, NULL, NULL, NULL},
};

#define ROWS_IN_TABLE (sizeof(table) / sizeof(table[0]))

/* Read by rcptbuild alone, from the rows; nothing of them is stored in a CDB. */
static const char *const of_accounts[] = {"users_database", "email_table", "email_address",
    "email_user", "email_domain", "domain_table", "domain_domain"};
static const char *const of_delivery[] = {"write_smtproutes", "write_rcpthosts",
    "write_morercpthosts", "write_transport", "write_relay_domains"};

/* Read by rcptbuild alone too: they go into routes.cdb. */
static const struct {
	const char *name;
	enum kind kind;
} of_routes[] = {{"route_connect_timeout", TIMEOUT}, {"route_retry", TIMEOUT},
    {"route_imap_port", COUNT}, {"route_pop3_port", COUNT}, {"route_group", NAME}};

static uint32_t *
number_of(struct settings *settings, const struct row *row)
{
	return (uint32_t *)(void *)((char *)settings + row->at);
}

static char *
text_of(struct settings *settings, const struct row *row)
{
	return (char *)settings + row->at;
}

static size_t
size_of(const struct row *row)
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

void
settings_default(struct settings *settings)
{
	for (size_t i = 0; i < ROWS_IN_TABLE; i++) {
		const struct row *row = &table[i];

		if (size_of(row) > 0)
			strcpy(text_of(settings, row), row->text);
		else
			*number_of(settings, row) = row->number;
	}
}

static const struct row *
find(const char *name)
{
	for (size_t i = 0; i < ROWS_IN_TABLE; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static bool
is_of_accounts(const char *name)
{
	for (size_t i = 0; i < sizeof(of_accounts) / sizeof(of_accounts[0]); i++)
		if (strcmp(of_accounts[i], name) == 0)
			return true;
	return false;
}

static bool
is_of_delivery(const char *name)
{
	for (size_t i = 0; i < sizeof(of_delivery) / sizeof(of_delivery[0]); i++)
		if (strcmp(of_delivery[i], name) == 0)
			return true;
	return false;
}

static bool
is_of_routes(const char *name)
{
	for (size_t i = 0; i < sizeof(of_routes) / sizeof(of_routes[0]); i++)
		if (strcmp(of_routes[i].name, name) == 0)
			return true;
	return false;
}

bool
settings_known(const char *name)
{
	return find(name) != NULL || is_of_accounts(name) || is_of_delivery(name) ||
	    is_of_routes(name);
}

bool
settings_global(const char *name)
{
	const struct row *row = find(name);

	return row != NULL ? row->global
			   : is_of_accounts(name) || is_of_delivery(name) || is_of_routes(name);
}

/* Decimal digits without a sign; returns what follows them, or NULL. */
static const char *
scan_number(const char *text, uint64_t *number)
{
	const char *p = text;

	for (*number = 0; *p >= '0' && *p <= '9' && p - text < 10; p++)
		*number = *number * 10 + (uint64_t)(*p - '0');
	return p == text ? NULL : p;
}

int
settings_duration(const char *text, uint32_t *seconds)
{
	uint64_t number;
	const char *unit = scan_number(text, &number);

	if (unit == NULL || unit[0] == '\0' || unit[1] != '\0')
		return -1;
	switch (unit[0]) {
	case 's':
		break;
	case 'm':
		number *= MINUTE;
		break;
	case 'h':
		number *= HOUR;
		break;
	case 'd':
		number *= DAY;
		break;
	default:
		return -1;
	}
	if (number > 3650u * DAY)
		return -1;
	*seconds = (uint32_t)number;
	return 0;
}

static bool
printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/*
 * Sender and control addresses go onto the wire as they are: dot-strings only (RFC 5321
 * 4.1.2).
 */
static bool
plain_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at != text && at - text <= 64 && at[1] != '\0' && at[1] != '.' &&
	    strpbrk(text, "<>()[]\\,;:\"") == NULL && strchr(at + 1, '@') == NULL &&
	    printable(text);
}

static const char name_signs[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:";
static const char group_signs[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

static bool
user_names(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~' || strchr(",:/", *text) != NULL)
			return false;
	return true;
}

static const char *
set_text(char *text, size_t size, const char *value, bool good, const char *why)
{
	if (!good || strlen(value) >= size)
		return why;
	strcpy(text, value);
	return NULL;
}

/* The path of users_database, or the name of a table or column in it. */
static const char *
check_of_accounts(const char *name, const char *value)
{
	if (strcmp(name, of_accounts[0]) == 0)
		return value[0] == '/' && strlen(value) < SETTINGS_PATH_SIZE
		    ? NULL
		    : "must be the full path of an SQLite database, at most 1000 bytes";
	return value[0] != '\0' && strlen(value) <= 128
	    ? NULL
	    : "must be the name of a table or column, at most 128 bytes";
}

/* The path of a file that rcptbuild writes for a mail server. */
static const char *
check_of_delivery(const char *value)
{
	size_t len = strlen(value);

	return strcmp(value, "none") == 0 ||
		(value[0] == '/' && value[len - 1] != '/' && len < SETTINGS_PATH_SIZE &&
		    printable(value))
	    ? NULL
	    : "must be none or the full path of a file, at most 1000 bytes, without blanks";
}

static const char *
check_of_routes(const char *name, const char *value)
{
	enum kind kind = NAME;
	uint64_t number;
	uint32_t seconds;
	const char *end;

	for (size_t i = 0; i < sizeof(of_routes) / sizeof(of_routes[0]); i++)
		if (strcmp(of_routes[i].name, name) == 0)
			kind = of_routes[i].kind;
	switch (kind) {
	case TIMEOUT:
		return settings_duration(value, &seconds) == -1 || seconds < 1 ||
			seconds > 5 * MINUTE
		    ? "must be a whole number and s or m, from 1s to 5m"
		    : NULL;
	case COUNT:
		end = scan_number(value, &number);
		return end == NULL || *end != '\0' || number < 1 || number > 65535
		    ? "must be a port from 1 to 65535"
		    : NULL;
	default:
		return value[0] == '\0' || strlen(value) > 32 || value[0] == '-' ||
			strspn(value, group_signs) != strlen(value)
		    ? "must be the name of a group"
		    : NULL;
	}
}

const char *
settings_set(struct settings *settings, const char *name, const char *value)
{
	const struct row *row = find(name);
	uint64_t number;
	uint32_t seconds;
	const char *end;

	if (row == NULL && is_of_delivery(name))
		return check_of_delivery(value);
	if (row == NULL && is_of_routes(name))
		return check_of_routes(name, value);
	if (row == NULL)
		return is_of_accounts(name) ? check_of_accounts(name, value)
					    : "no setting has this name";
	switch (row->kind) {
	case CHOICE:
		for (uint32_t i = 0; row->choices[i] != NULL; i++) {
			if (strcmp(row->choices[i], value) == 0) {
				*number_of(settings, row) = i;
				return NULL;
			}
		}
		return row->why;
	case DURATION:
		if (settings_duration(value, &seconds) == -1)
			return "must be a whole number and s, m, h or d, at most 3650d";
		*number_of(settings, row) = seconds;
		return NULL;
	case TIMEOUT:
		if (settings_duration(value, &seconds) == -1 || seconds < 1 ||
		    seconds > 5 * MINUTE)
			return "must be a whole number and s or m, from 1s to 5m";
		*number_of(settings, row) = seconds;
		return NULL;
	case ROWS:
		end = scan_number(value, &number);
		if (end == NULL || *end != '\0' || number < 1 || number > 1000000000)
			return "must be a number of rows from 1 to 1000000000";
		*number_of(settings, row) = (uint32_t)number;
		return NULL;
	case COUNT:
		end = scan_number(value, &number);
		if (end == NULL || *end != '\0' || number < 1 || number > 100)
			return "must be a number from 1 to 100";
		*number_of(settings, row) = (uint32_t)number;
		return NULL;
	case LIMIT:
		end = scan_number(value, &number);
		if (end == NULL || *end != '\0' || number > 1000000)
			return "must be a number from 0 to 1000000";
		*number_of(settings, row) = (uint32_t)number;
		return NULL;
	case NAME:
		if (strcmp(value, "none") == 0)
			value = "";
		return set_text(text_of(settings, row), size_of(row), value,
		    strspn(value, name_signs) == strlen(value),
		    "must be none, a host name or an IP address");
	case USERS:
		if (strcmp(value, "none") == 0)
			value = "";
		return set_text(text_of(settings, row), size_of(row), value, user_names(value),
		    "must be none or names of users, with blanks between");
	case HOST:
		return set_text(text_of(settings, row), size_of(row), value,
		    value[0] != '\0' && printable(value) &&
			strpbrk(value, "<>()\\,;\"@") == NULL,
		    "must be a host name or an address literal");
	case ADDRESS:
		if (strcmp(value, "none") == 0)
			value = "";
		return set_text(text_of(settings, row), size_of(row), value,
		    value[0] == '\0' || plain_address(value), "must be none or a mail address");
	case CONTROL:
		return set_text(text_of(settings, row), size_of(row), value,
		    strcmp(value, "auto") == 0 || strcmp(value, "none") == 0 ||
			plain_address(value),
		    "must be auto, none or a mail address");
	case DELIMITER:
		if (strcmp(value, "none") == 0)
			value = "";
		return set_text(text_of(settings, row), size_of(row), value,
		    strspn(value, "!#$%&'*+-/=?^_`{|}~.") == strlen(value) &&
			strlen(value) <= 1,
		    "must be none or one sign such as - or +");
	}
	return "no setting has this name";
}

static bool
is_choice(const struct row *row, uint32_t number)
{
	for (uint32_t i = 0; row->choices[i] != NULL; i++)
		if (i == number)
			return true;
	return false;
}

size_t
settings_make(unsigned char *out, size_t size, const struct settings *settings)
{
	/* Only read through: the accessors serve both directions. */
	struct settings *from = (struct settings *)(uintptr_t)settings;
	size_t len = 0;

	for (size_t i = 0; i < ROWS_IN_TABLE; i++) {
		const struct row *row = &table[i];

		if (size_of(row) > 0) {
			const char *text = text_of(from, row);
			size_t text_len = strlen(text);

			if (strcmp(text, row->text) == 0)
				continue;
			if (text_len > 255 || size - len < text_len + 3)
				return 0;
			out[len++] = (unsigned char)i;
			out[len++] = (unsigned char)text_len;
			memcpy(out + len, text, text_len);
			len += text_len;
		} else {
			uint32_t number = *number_of(from, row);

			if (number == row->number)
				continue;
			if (size - len < 6)
				return 0;
			out[len++] = (unsigned char)i;
			for (int shift = 0; shift < 32; shift += 8)
				out[len++] = (unsigned char)(number >> shift);
		}
	}
	if (len == size)
		return 0;
	out[len++] = END_MARK;
	return len;
}

size_t
settings_parse(struct settings *settings, const unsigned char *bytes, size_t len)
{
	size_t used = 0;

	settings_default(settings);
	while (used < len) {
		const struct row *row;
		unsigned char number = bytes[used++];

		if (number == END_MARK)
			return used;
		if (number >= ROWS_IN_TABLE)
			return 0;
		row = &table[number];
		if (size_of(row) > 0) {
			size_t text_len;

			if (used == len)
				return 0;
			text_len = bytes[used++];
			if (text_len >= size_of(row) || text_len > len - used ||
			    memchr(bytes + used, '\0', text_len) != NULL)
				return 0;
			memcpy(text_of(settings, row), bytes + used, text_len);
			text_of(settings, row)[text_len] = '\0';
			used += text_len;
		} else {
			if (len - used < 4)
				return 0;
			*number_of(settings, row) = 0;
			for (int shift = 0; shift < 32; shift += 8)
				*number_of(settings, row) |= (uint32_t)bytes[used++] << shift;
			if (row->kind == CHOICE && !is_choice(row, *number_of(settings, row)))
				return 0;
		}
	}
	return 0;
}
