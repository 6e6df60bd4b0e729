/*
 * The rows of users_database: what they say, and what is wrong with them. accounts.h opens it and
 * lends us the rights of its owner.
 */
#ifndef DOOR_ACCOUNTROWS_H
#define DOOR_ACCOUNTROWS_H

#include "accounts.h"

/* Add the local domains to the source; pass the users on. 0, or -1 with report->trouble. */
int accountrows_domains(
    struct accounts *accounts, struct source *source, struct report *report);
int accountrows_users(struct accounts *accounts, struct users *users);

#endif
