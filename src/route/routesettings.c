#include "routesettings.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/settings.h"

#define VERSION 1

void
routesettings_default(struct routesettings *settings)
{
	settings->imap_port = 143;
	settings->pop3_port = 110;
	settings->timeout = 1;
	settings->retry = 10;
}

void
routesettings_set(struct routesettings *settings, const char *name, const char *value)
{
	struct settings tried;
	uint32_t seconds = 0;

	settings_default(&tried);
	if (settings_set(&tried, name, value) != NULL)
		return;
	(void)settings_duration(value, &seconds);
	if (strcmp(name, "route_connect_timeout") == 0)
		settings->timeout = seconds;
	else if (strcmp(name, "route_retry") == 0)
		settings->retry = seconds;
	else if (strcmp(name, "route_imap_port") == 0)
		settings->imap_port = (uint16_t)strtoul(value, NULL, 10);
	else if (strcmp(name, "route_pop3_port") == 0)
		settings->pop3_port = (uint16_t)strtoul(value, NULL, 10);
}

size_t
routesettings_make(unsigned char *out, size_t size, const struct routesettings *settings)
{
	struct cursor c = {.out = out, .left = size};

	cursor_put_number(&c, VERSION, 1);
	cursor_put_number(&c, settings->imap_port, 2);
	cursor_put_number(&c, settings->pop3_port, 2);
	cursor_put_number(&c, settings->timeout, 4);
	cursor_put_number(&c, settings->retry, 4);
	return cursor_made(&c, size);
}

int
routesettings_parse(struct routesettings *settings, const unsigned char *value, size_t len)
{
	struct cursor c = {.in = value, .left = len};

	if (cursor_get_number(&c, 1) != VERSION)
		c.bad = true;
	settings->imap_port = (uint16_t)cursor_get_number(&c, 2);
	settings->pop3_port = (uint16_t)cursor_get_number(&c, 2);
	settings->timeout = cursor_get_number(&c, 4);
	settings->retry = cursor_get_number(&c, 4);
	if (settings->imap_port == 0 || settings->pop3_port == 0 || settings->timeout == 0 ||
	    settings->timeout > 300 || settings->retry == 0)
		c.bad = true;
	return cursor_parsed(&c);
}
