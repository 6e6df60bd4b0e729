#include "settingsbuild.h"

#include <stddef.h>
#include <string.h>

#include "settings.h"
#include "settingsvalue.h"

/* Of these nothing is stored in a CDB. */
static const char *const of_accounts[] = {"users_database", "email_table", "email_address",
    "email_user", "email_domain", "domain_table", "domain_domain"};
static const char *const of_delivery[] = {"write_smtproutes", "write_rcpthosts",
    "write_morercpthosts", "write_transport", "write_relay_domains"};

/* These go into routes.cdb. */
static const struct {
	const char *name;
	enum { WAIT, PORT, GROUP } kind;
} of_routes[] = {{"route_connect_timeout", WAIT}, {"route_retry", WAIT},
    {"route_imap_port", PORT}, {"route_pop3_port", PORT}, {"route_group", GROUP}};

static const char group_signs[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

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
is_group(const char *value)
{
	return value[0] != '\0' && strlen(value) <= 32 && value[0] != '-' &&
	    strspn(value, group_signs) == strlen(value);
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
		    settingsvalue_printable(value))
	    ? NULL
	    : "must be none or the full path of a file, at most 1000 bytes, without blanks";
}

static const char *
check_of_routes(const char *name, const char *value)
{
	uint32_t number;

	for (size_t i = 0; i < sizeof(of_routes) / sizeof(of_routes[0]); i++) {
		if (strcmp(of_routes[i].name, name) != 0)
			continue;
		switch (of_routes[i].kind) {
		case WAIT:
			return settingsvalue_timeout(value, &number) ? NULL
								     : SETTINGSVALUE_TIMEOUT;
		case PORT:
			return settingsvalue_number(value, 1, 65535, &number)
			    ? NULL
			    : "must be a port from 1 to 65535";
		case GROUP:
			return is_group(value) ? NULL : "must be the name of a group";
		}
	}
	return "no setting has this name";
}

const char *
settingsbuild_check(const char *name, const char *value)
{
	if (is_of_delivery(name))
		return check_of_delivery(value);
	if (is_of_accounts(name))
		return check_of_accounts(name, value);
	return check_of_routes(name, value);
}

bool
settingsbuild_known(const char *name)
{
	if (is_of_accounts(name) || is_of_delivery(name))
		return true;
	for (size_t i = 0; i < sizeof(of_routes) / sizeof(of_routes[0]); i++)
		if (strcmp(of_routes[i].name, name) == 0)
			return true;
	return false;
}
