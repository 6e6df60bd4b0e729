/*
 * Entries of the verdict cache as text for people and pipes, clean of foreign bytes.
 */
#ifndef RCPT_CACHETEXT_H
#define RCPT_CACHETEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/line.h"
#include "cacheadmin.h"
#include "memoryadmin.h"

/* An entry as one line of key=value pairs. */
void cachetext_row(struct line *line, const struct cacheadmin_row *row, int64_t now);

/* And what is remembered of a server or a domain. */
void cachetext_memory(struct line *line, const struct memoryadmin_row *row, int64_t now);

/*
 * An entry as a block that answers "why was this refused?", the line of this number, from 0.
 * Returns false when the block has no such line.
 */
bool cachetext_explain(
    struct line *line, unsigned number, const struct cacheadmin_row *row, int64_t now);

/* The counts, in the same manner. */
bool cachetext_stats(struct line *line, unsigned number, const struct cacheadmin_stats *stats);

#endif
