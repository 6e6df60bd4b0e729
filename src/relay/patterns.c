#include "patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patternparts.h"

#define WORK_MAX   20000 /* PCRE2's match limit; a login takes some hundred */
#define MEMORY_MAX 256   /* KiB for one match */

struct patterns *
patterns_new(void)
{
	struct patterns *patterns = calloc(1, sizeof(*patterns));

	if (patterns == NULL)
		return NULL;
	patterns->last = &patterns->first;
	patterns->data = pcre2_match_data_create(64, NULL);
	patterns->limits = pcre2_match_context_create(NULL);
	if (patterns->data == NULL || patterns->limits == NULL) {
		patterns_free(patterns);
		return NULL;
	}
	pcre2_set_match_limit(patterns->limits, WORK_MAX);
	pcre2_set_depth_limit(patterns->limits, WORK_MAX);
	pcre2_set_heap_limit(patterns->limits, MEMORY_MAX);
	return patterns;
}

static void
free_pattern(struct pattern *pattern)
{
	struct group *group;
	struct rule *rule;
	struct sample *sample;

	while ((group = pattern->groups) != NULL) {
		pattern->groups = group->next;
		while ((rule = group->rules) != NULL) {
			group->rules = rule->next;
			pcre2_code_free(rule->code);
			free(rule);
		}
		free(group->tags);
		free(group);
	}
	while ((sample = pattern->samples) != NULL) {
		pattern->samples = sample->next;
		free(sample->ip);
		free(sample->user);
		free(sample->text);
		free(sample);
	}
	free(pattern->file);
	free(pattern);
}

void
patterns_free(struct patterns *patterns)
{
	struct pattern *pattern;

	while ((pattern = patterns->first) != NULL) {
		patterns->first = pattern->next;
		free_pattern(pattern);
	}
	pcre2_match_data_free(patterns->data);
	pcre2_match_context_free(patterns->limits);
	free(patterns);
}

struct pattern *
patterns_find(const struct patterns *patterns, const char *name, size_t len)
{
	for (struct pattern *pattern = patterns->first; pattern != NULL;
	     pattern = pattern->next)
		if (strlen(pattern->name) == len && memcmp(pattern->name, name, len) == 0)
			return pattern;
	return NULL;
}

void
patterns_remove(struct patterns *patterns, struct pattern *gone)
{
	struct pattern **link = &patterns->first;

	while (*link != gone)
		link = &(*link)->next;
	*link = gone->next;
	if (gone->next == NULL)
		patterns->last = link;
	free_pattern(gone);
}

bool
patterns_add_tag(struct group *group, const char *word)
{
	size_t old = 0, len = strlen(word);
	char *tags;

	while (group->tags != NULL && group->tags[old] != '\0')
		old += strlen(group->tags + old) + 1;
	tags = realloc(group->tags, old + len + 2);
	if (tags == NULL)
		return false;
	memcpy(tags + old, word, len + 1);
	tags[old + len + 1] = '\0';
	group->tags = tags;
	return true;
}

static void
use_none(struct patterns *patterns)
{
	for (struct pattern *pattern = patterns->first; pattern != NULL;
	     pattern = pattern->next)
		pattern->used = false;
}

void
patterns_choose_everything(struct patterns *patterns)
{
	for (struct pattern *pattern = patterns->first; pattern != NULL;
	     pattern = pattern->next)
		pattern->used = true;
}

static bool
choose_word(struct patterns *patterns, char *word)
{
	struct pattern *pattern;
	const char *tag = strchr(word, '=');
	bool out = word[0] == '-';

	/* A list that only takes out begins with all. */
	if (!patterns->chosen && !out)
		use_none(patterns);
	patterns->chosen = true;
	if (strcmp(word, "all") == 0) {
		for (pattern = patterns->first; pattern != NULL; pattern = pattern->next)
			pattern->used |= !pattern->off;
		return true;
	}
	word += out;
	pattern =
	    patterns_find(patterns, word, tag != NULL ? (size_t)(tag - word) : strlen(word));
	if (pattern == NULL || (tag != NULL && (out || tag[1] == '\0')))
		return false;
	pattern->used = !out;
	return tag == NULL ||
	    (pattern->groups != NULL && patterns_add_tag(pattern->groups, tag + 1));
}

const char *
patterns_choose(struct patterns *patterns, const char *list)
{
	static char word[128];

	while (*list != '\0') {
		size_t len = strcspn(list, ",");

		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		if (len >= sizeof(word) || (len > 0 && !choose_word(patterns, word)))
			return word;
		list += len;
		list += *list == ',';
	}
	return NULL;
}

static bool
has_tag(const char *tags, const char *tag, size_t len)
{
	size_t word;

	for (; *tags != '\0'; tags += word + 1) {
		word = strlen(tags);
		if (tags[word - 1] == '*' ? len >= word - 1 && memcmp(tags, tag, word - 1) == 0
					  : len == word && memcmp(tags, tag, len) == 0)
			return true;
	}
	return false;
}

static bool
match_rule(struct patterns *patterns, const struct rule *rule, struct patterns_match *match,
    const char *message, size_t len)
{
	const size_t *places;
	int result = pcre2_match(
	    rule->code, (PCRE2_SPTR)message, len, 0, 0, patterns->data, patterns->limits);

	if (result < 0) {
		patterns->given_up += result != PCRE2_ERROR_NOMATCH;
		return false;
	}
	places = pcre2_get_ovector_pointer(patterns->data);
	if ((uint32_t)result <= rule->ip || places[2 * rule->ip] == PCRE2_UNSET)
		return false;
	match->ip = message + places[2 * rule->ip];
	match->ip_len = places[2 * rule->ip + 1] - places[2 * rule->ip];
	match->user = message;
	match->user_len = 0;
	if (rule->user > 0 && (uint32_t)result > rule->user &&
	    places[2 * rule->user] != PCRE2_UNSET) {
		match->user = message + places[2 * rule->user];
		match->user_len = places[2 * rule->user + 1] - places[2 * rule->user];
	}
	match->line = rule->line;
	return true;
}

bool
patterns_match(struct patterns *patterns, struct patterns_match *match, const char *tag,
    size_t tag_len, bool bare, const char *message, size_t len)
{
	if (len > PATTERNS_MESSAGE_MAX)
		return false;
	for (struct pattern *pattern = patterns->first; pattern != NULL;
	     pattern = pattern->next) {
		if (!pattern->used || (pattern->bare && !bare))
			continue;
		for (struct group *group = pattern->groups; group != NULL;
		     group = group->next) {
			if (group->tags == NULL || !has_tag(group->tags, tag, tag_len))
				continue;
			for (struct rule *rule = group->rules; rule != NULL;
			     rule = rule->next) {
				if (!match_rule(patterns, rule, match, message, len))
					continue;
				match->name = pattern->name;
				match->file = pattern->file;
				return true;
			}
		}
	}
	return false;
}

unsigned long
patterns_given_up(const struct patterns *patterns)
{
	return patterns->given_up;
}

size_t
patterns_used(const struct patterns *patterns)
{
	size_t count = 0;

	for (struct pattern *pattern = patterns->first; pattern != NULL;
	     pattern = pattern->next)
		count += pattern->used;
	return count;
}

bool
patterns_sample(const struct patterns *patterns, size_t number, struct patterns_sample *sample)
{
	for (const struct pattern *pattern = patterns->first; pattern != NULL;
	     pattern = pattern->next) {
		for (const struct sample *s = pattern->samples; s != NULL; s = s->next) {
			if (number-- > 0)
				continue;
			*sample = (struct patterns_sample){.file = pattern->file,
			    .line = s->line,
			    .ip = s->ip,
			    .user = s->user,
			    .text = s->text};
			return true;
		}
	}
	return false;
}
