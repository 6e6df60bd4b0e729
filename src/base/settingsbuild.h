/*
 * The settings that rcptbuild alone reads, from their rows: users_database and the names in it, the
 * files that it writes for mail servers (write_...), and those of routes. All of them can only be set
 * for all domains.
 */
#ifndef BASE_SETTINGSBUILD_H
#define BASE_SETTINGSBUILD_H

#include <stdbool.h>

/* Is this the name of one? */
bool settingsbuild_known(const char *name);

/* Can it have this value? Returns NULL, or why not, as settings_set does (settings.h). */
const char *settingsbuild_check(const char *name, const char *value);

#endif
