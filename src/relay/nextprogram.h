/*
 * What a program that is called by another's name is to run: chains that take no arguments (Courier,
 * and qmail-smtpd replaced by us) leave only that.
 */
#ifndef RELAY_NEXTPROGRAM_H
#define RELAY_NEXTPROGRAM_H

#include <limits.h>

#define NEXTPROGRAM_REAL ".noauth" /* behind the name of the one that we replace */

/* The name by which we were called, without its folder. argv0 may be NULL. */
const char *nextprogram_own_name(const char *argv0);

/*
 * The program beside us that has our name and NEXTPROGRAM_REAL behind it. Without a folder in our
 * name execvp(3) will look for it where it looked for us.
 */
void nextprogram_beside(char path[PATH_MAX], const char *argv0);

#endif
