/*
 * What a program says of itself: "what: detail", in a line.
 */
#ifndef BASE_REMARK_H
#define BASE_REMARK_H

#include "line.h"

/* Adds both; what is our own text, detail may be foreign, or NULL for none. */
void remark(struct line *line, const char *what, const char *detail);

#endif
