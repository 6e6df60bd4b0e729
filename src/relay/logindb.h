/*
 * LOGINDB of courier-auth-postfix, the "type:name" of a Postfix table. We have one database; a
 * LOGINDB that means another must not be taken for granted.
 */
#ifndef RELAY_LOGINDB_H
#define RELAY_LOGINDB_H

#include <stdbool.h>

/*
 * Is that relay.db or relay.cdb of this home? sqlite: with the path of relay.db, or of a file for
 * Postfix with a dbpath that is; cdb: with that of relay.cdb, with or without ".cdb"; proxy: before
 * both; nothing at all. No wrong answer is made of what cannot be read: false.
 */
bool logindb_is_ours(const char *value, const char *home);

#endif
