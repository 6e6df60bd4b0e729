/*
 * qmail's control/smtproutes and rcpthosts: our lines in the midst of what the administrator has there
 * (deliverytext.h), who wins where both have a domain.
 */
#ifndef DOOR_DELIVERYLINES_H
#define DOOR_DELIVERYLINES_H

#include "deliveryfile.h"
#include "deliverymaking.h"

/* Both return NULL, or why the file is as it was: a text that is good until the next call. */

/* Also notes which domains have a way: making->has_way is not NULL. */
const char *deliverylines_smtproutes(
    struct deliverymaking *making, const struct deliveryfile *file);

const char *deliverylines_rcpthosts(
    struct deliverymaking *making, const struct deliveryfile *file);

#endif
