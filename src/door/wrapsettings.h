/*
 * What rcptcheck.cdb says to rcptwrap, which has no domain at hand: the settings for all domains.
 */
#ifndef DOOR_WRAPSETTINGS_H
#define DOOR_WRAPSETTINGS_H

#include <stdbool.h>

#include "base/settings.h"

/* Returns false, with the defaults in settings, when there is no good CDB. */
bool wrapsettings_read(struct settings *settings, const char *home);

/* The setting refused_limit: how many recipients may be refused. */
unsigned wrapsettings_limit(const char *home);

#endif
