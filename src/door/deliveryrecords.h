/*
 * The files for delivery that are a cdb: qmail's morercpthosts.cdb, Postfix's transport and relay_domains.
 * The first record of each is ours, DELIVERY_MARK, by which it is known: one that lacks it was made by
 * somebody else and is never replaced.
 */
#ifndef DOOR_DELIVERYRECORDS_H
#define DOOR_DELIVERYRECORDS_H

#include "deliveryfile.h"
#include "deliverymaking.h"

#define DELIVERY_MARK "@ made by rcptbuild" /* nobody asks for a domain with an @ */

/* All return NULL, or why the file is as it was: a text that is good until the next call. */
const char *deliveryrecords_morercpthosts(
    struct deliverymaking *making, const struct deliveryfile *file);
const char *deliveryrecords_transport(
    struct deliverymaking *making, const struct deliveryfile *file);
const char *deliveryrecords_relay_domains(
    struct deliverymaking *making, const struct deliveryfile *file);

#endif
