/*
 * The socketmap protocol of sendmail and Postfix (socketmap_table(5)): a netstring "map key" is answered
 * by a netstring "OK value", "NOTFOUND ", "TEMP reason" or "PERM reason". The maps are
 *
 *	rcpt	the recipients that exist; NOTFOUND refuses one (relay_recipient_maps)
 *	access	what to do with a recipient; NOTFOUND is no opinion (check_recipient_access)
 *	relay	the clients that have logged in lately (check_client_access)
 */
#ifndef DOOR_SOCKETMAP_H
#define DOOR_SOCKETMAP_H

#include "protocol.h"

extern const struct protocol socketmap_protocol;

#endif
