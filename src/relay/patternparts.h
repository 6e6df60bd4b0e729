/*
 * What patterns are made of, for those who make them (patternfile.c) and those who use them
 * (patterns.c) alone.
 */
#ifndef RELAY_PATTERNPARTS_H
#define RELAY_PATTERNPARTS_H

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "patterns.h"

/* One "line". */
struct rule {
	struct rule *next;
	pcre2_code *code;
	uint32_t ip, user; /* numbers of groups; user may be 0: there is none */
	unsigned line;
};

/* One "tag", with the lines below it. */
struct group {
	struct group *next;
	char *tags; /* words, each with a NUL behind it, and one more NUL */
	struct rule *rules, **last;
};

struct sample {
	struct sample *next;
	char *ip, *user, *text; /* ip NULL: a "no" */
	unsigned line;
};

/* One "pattern". */
struct pattern {
	struct pattern *next;
	char name[PATTERNS_NAME_SIZE];
	char *file;
	bool off, used, bare;
	struct group *groups, **last;
	struct sample *samples, **last_sample;
};

struct patterns {
	struct pattern *first, **last;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	bool chosen;
	unsigned long given_up;
};

/* NULL: there is none of that name. */
struct pattern *patterns_find(const struct patterns *patterns, const char *name, size_t len);

/* Takes one out, and frees it. */
void patterns_remove(struct patterns *patterns, struct pattern *gone);

/* Returns false when there is no memory. */
bool patterns_add_tag(struct group *group, const char *word);

#endif
