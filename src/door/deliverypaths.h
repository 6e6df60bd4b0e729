/*
 * Which files rcptbuild writes for delivery (delivery.h), and whether somebody has changed or removed one
 * since: the CDB has their paths, so that nobody needs to open the database to look.
 */
#ifndef DOOR_DELIVERYPATHS_H
#define DOOR_DELIVERYPATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdbfile.h"
#include "base/cdbwriter.h"
#include "base/settings.h"
#include "source.h"

enum delivery_file {
	DELIVERY_SMTPROUTES,
	DELIVERY_RCPTHOSTS,
	DELIVERY_MORERCPTHOSTS,
	DELIVERY_TRANSPORT,
	DELIVERY_RELAY_DOMAINS,
	DELIVERY_FILES
};

/* The name of the setting. */
const char *deliverypaths_setting(enum delivery_file file);

/* The path, or NULL where no setting names one. */
const char *deliverypaths_path(const struct source *source, enum delivery_file file);

/* Does another setting mean the same file? It has a path. */
bool deliverypaths_has_twin(const struct source *source, enum delivery_file file);

/* Adds a record RECORD_KEY_DELIVERY for each. Returns 0, or -1 with errno. */
int deliverypaths_add(struct cdbwriter *writer, const struct source *source);

/* The path that a CDB has. Returns false when it has none, or can't tell. */
bool deliverypaths_find(
    struct cdbfile *cdb, enum delivery_file file, char path[SETTINGS_PATH_SIZE]);

/* A checksum of all of them as they are now; of none it is 0. The first form reads the paths from a CDB. */
uint64_t deliverypaths_look(struct cdbfile *cdb);
uint64_t deliverypaths_look_by(const struct source *source);

#endif
