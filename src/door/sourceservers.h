/*
 * The servers of what is in the source, with the addresses of their hosts, in order.
 */
#ifndef DOOR_SOURCESERVERS_H
#define DOOR_SOURCESERVERS_H

#include "source.h"

/* The addresses of a host: the one it is, or those its name has. */
const struct record_server *sourceservers_of_host(
    const struct source *source, uint32_t host, size_t *count);

/*
 * The servers of a name in the order in which they are asked, each once. Returns 0; 1 with the
 * rowid of the row that has one more than a record holds; or -1 with errno.
 */
int sourceservers_of_name(struct source *source, uint32_t name,
    struct record_server servers[RECORD_SERVERS_MAX], size_t *count, int64_t *rowid);

#endif
