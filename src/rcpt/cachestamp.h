/*
 * When the verdict cache was last looked after, and whether it is time again.
 *
 * The file ".checked" beside it is empty; its times are its content: the modification time is the
 * start of the last check of all pages that found nothing, the access time that of the last removal
 * of old rows.
 */
#ifndef RCPT_CACHESTAMP_H
#define RCPT_CACHESTAMP_H

#include <stdbool.h>
#include <sys/stat.h>

#include "cachebeside.h"

#define CACHESTAMP_NAME ".checked"

/* Notes that it is checked now, that it is swept now, or both. */
void cachestamp_write(const struct cachebeside *cache, bool checked, bool swept);

/* Is a check of all pages due? database: the state of the cache itself. */
bool cachestamp_must_check(const struct cachebeside *cache, const struct stat *database);

/* Is a removal of old rows due? */
bool cachestamp_must_sweep(const struct cachebeside *cache);

#endif
