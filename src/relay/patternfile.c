#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patternparts.h"

#define BLANKS    " \t"
#define REGEX_MAX 2000 /* bytes */

static const char no_pattern[] = "there is no line \"pattern NAME\" above it";
static const char no_tag[] = "there is no line \"tag WORD\" above it";
static const char no_memory[] = "no memory";

struct reading {
	struct patterns *patterns;
	const char *file;
	struct pattern *pattern;
	struct group *group;
	unsigned line;
	char reason[256]; /* "" for no trouble */
};

static void
complain(struct reading *reading, const char *reason)
{
	snprintf(reading->reason, sizeof(reading->reason), "%s", reason);
}

/* Cuts the first word off *text. */
static char *
cut_word(char **text)
{
	char *word = *text + strspn(*text, BLANKS);

	*text = word + strcspn(word, BLANKS);
	if (**text != '\0')
		*(*text)++ = '\0';
	*text += strspn(*text, BLANKS);
	return word;
}

static bool
is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	return len > 0 && len < PATTERNS_NAME_SIZE && name[len] == '\0' && name[0] != '-' &&
	    strcmp(name, "all") != 0;
}

static void
read_pattern(struct reading *reading, char *text)
{
	struct patterns *patterns = reading->patterns;
	const char *name = cut_word(&text);
	struct pattern *pattern = patterns_find(patterns, name, strlen(name));

	reading->pattern = NULL;
	reading->group = NULL;
	if (!is_name(name) || *text != '\0') {
		complain(reading, "a name has 1 to 31 small letters, digits, and -_.");
		return;
	}
	if (pattern != NULL && strcmp(pattern->file, reading->file) == 0) {
		complain(reading, "this file has that pattern already");
		return;
	}
	if (pattern != NULL)
		patterns_remove(patterns, pattern);
	pattern = calloc(1, sizeof(*pattern));
	if (pattern == NULL || (pattern->file = strdup(reading->file)) == NULL) {
		free(pattern);
		complain(reading, no_memory);
		return;
	}
	strcpy(pattern->name, name);
	pattern->used = true;
	pattern->last = &pattern->groups;
	pattern->last_sample = &pattern->samples;
	*patterns->last = pattern;
	patterns->last = &pattern->next;
	reading->pattern = pattern;
}

static void
read_tag(struct reading *reading, char *text)
{
	struct group *group;

	reading->group = NULL;
	if (*text == '\0') {
		complain(reading, "a tag is missing");
		return;
	}
	group = calloc(1, sizeof(*group));
	if (group == NULL) {
		complain(reading, no_memory);
		return;
	}
	group->last = &group->rules;
	*reading->pattern->last = group;
	reading->pattern->last = &group->next;
	while (*text != '\0') {
		const char *word = cut_word(&text);

		if (word[strcspn(word, "*")] != '\0' && strchr(word, '*')[1] != '\0')
			complain(reading, "\"*\" can only be the end of a tag");
		else if (strcmp(word, "*") == 0)
			complain(reading, "\"*\" alone would be any program");
		else if (!patterns_add_tag(group, word))
			complain(reading, no_memory);
	}
	if (group->tags != NULL)
		reading->group = group;
}

/*
 * Not to machine code (JIT): a log of a million lines takes as long with it, since tags leave little
 * for regular expressions to do, and a process without memory that can be written and run is safer.
 */
static void
compile(struct reading *reading, struct rule *rule, const char *regex)
{
	char message[160];
	int error, number;
	size_t place;

	rule->code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
	    PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE |
		PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF,
	    &error, &place, NULL);
	if (rule->code == NULL) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)message, sizeof(message));
		snprintf(reading->reason, sizeof(reading->reason),
		    "%s, at byte %zu of the regular expression", message, place);
		return;
	}
	number = pcre2_substring_number_from_name(rule->code, (PCRE2_SPTR) "ip");
	rule->ip = number > 0 ? (uint32_t)number : 0;
	number = pcre2_substring_number_from_name(rule->code, (PCRE2_SPTR) "user");
	rule->user = number > 0 ? (uint32_t)number : 0;
	if (rule->ip == 0)
		complain(reading, "it has no group (?<ip>...)");
	else if (rule->ip > 31 || rule->user > 31)
		complain(reading, "it has more than 31 groups");
}

static void
read_line(struct reading *reading, const char *text)
{
	struct rule *rule;

	if (reading->group == NULL) {
		complain(reading, no_tag);
		return;
	}
	if (strlen(text) > REGEX_MAX) {
		complain(reading, "a regular expression of more than 2000 bytes");
		return;
	}
	rule = calloc(1, sizeof(*rule));
	if (rule == NULL) {
		complain(reading, no_memory);
		return;
	}
	rule->line = reading->line;
	compile(reading, rule, text);
	if (reading->reason[0] != '\0') {
		pcre2_code_free(rule->code);
		free(rule);
		return;
	}
	*reading->group->last = rule;
	reading->group->last = &rule->next;
}

static void
read_sample(struct reading *reading, char *text, bool yes)
{
	struct sample *sample = calloc(1, sizeof(*sample));
	const char *ip = yes ? cut_word(&text) : "", *user = yes ? cut_word(&text) : "";

	if (sample == NULL) {
		complain(reading, no_memory);
		return;
	}
	sample->line = reading->line;
	sample->ip = yes ? strdup(ip) : NULL;
	sample->user = strdup(user);
	sample->text = strdup(text);
	*reading->pattern->last_sample = sample;
	reading->pattern->last_sample = &sample->next;
	if ((yes && sample->ip == NULL) || sample->user == NULL || sample->text == NULL)
		complain(reading, no_memory);
	else if (*text == '\0')
		complain(reading, "the line of a log is missing");
}

static void
read_entry(struct reading *reading, char *text)
{
	const char *word;

	text += strspn(text, BLANKS);
	if (*text == '\0' || *text == '#')
		return;
	word = cut_word(&text);
	if (strcmp(word, "pattern") == 0)
		read_pattern(reading, text);
	else if (reading->pattern == NULL)
		complain(reading, no_pattern);
	else if (strcmp(word, "off") == 0)
		reading->pattern->off = true, reading->pattern->used = false;
	else if (strcmp(word, "bare") == 0)
		reading->pattern->bare = true;
	else if (strcmp(word, "tag") == 0)
		read_tag(reading, text);
	else if (strcmp(word, "line") == 0)
		read_line(reading, text);
	else if (strcmp(word, "yes") == 0 || strcmp(word, "no") == 0)
		read_sample(reading, text, word[0] == 'y');
	else
		complain(reading, "it begins with none of: pattern off bare tag line yes no");
}

unsigned
patterns_read_stream(
    struct patterns *patterns, FILE *in, const char *file, patterns_trouble *trouble)
{
	struct reading reading = {.patterns = patterns, .file = file};
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	unsigned count = 0;

	while ((len = getline(&text, &size, in)) != -1) {
		reading.line++;
		reading.reason[0] = '\0';
		if (len > 0 && text[len - 1] == '\n')
			text[--len] = '\0';
		if (strlen(text) != (size_t)len)
			complain(&reading, "a NUL byte");
		else
			read_entry(&reading, text);
		if (reading.reason[0] != '\0') {
			trouble(file, reading.line, reading.reason);
			count++;
		}
	}
	if (ferror(in)) {
		trouble(file, 0, strerror(errno));
		count++;
	}
	free(text);
	return count;
}

unsigned
patterns_read(struct patterns *patterns, const char *file, patterns_trouble *trouble)
{
	FILE *in = fopen(file, "re");
	unsigned count;

	if (in == NULL) {
		trouble(file, 0, strerror(errno));
		return 1;
	}
	count = patterns_read_stream(patterns, in, file, trouble);
	fclose(in);
	return count;
}
