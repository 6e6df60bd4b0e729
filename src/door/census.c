#include "census.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/publish.h"

#define MODE         0644
#define NAME_MAX_LEN 512 /* of list, tab, domain */

static const char head[] = "rcptbuild.counts 1\n";

void
census_free(struct census *census)
{
	intern_free(&census->names);
	free(census->counts);
	memset(census, 0, sizeof(*census));
}

static int
set(struct census *census, const char *name, size_t len, uint64_t count)
{
	uint64_t *counts =
	    array_room(census->counts, census->names.count, &census->room, sizeof(*counts));
	uint32_t number;

	if (counts == NULL)
		return -1;
	census->counts = counts;
	if ((number = intern_add(&census->names, name, len)) == INTERN_NONE)
		return -1;
	counts[number] = count;
	return 0;
}

int
census_set(struct census *census, const char *list, const char *domain, uint64_t count)
{
	char name[NAME_MAX_LEN];
	int len = snprintf(name, sizeof(name), "%s\t%s", list, domain);

	return set(census, name, (size_t)len, count);
}

static uint64_t
get(const struct census *census, const char *name, size_t len)
{
	uint32_t number = intern_find(&census->names, name, len);

	return number == INTERN_NONE ? 0 : census->counts[number];
}

uint64_t
census_get(const struct census *census, const char *list, const char *domain)
{
	char name[NAME_MAX_LEN];
	int len = snprintf(name, sizeof(name), "%s\t%s", list, domain);

	return get(census, name, (size_t)len);
}

/* "list<TAB>domain<TAB>count" without its newline. Returns 0, or -1. */
static int
parse_line(struct census *census, char *line)
{
	char *last = strrchr(line, '\t'), *end;
	uint64_t count;

	if (last == NULL || last == line || memchr(line, '\t', (size_t)(last - line)) == NULL ||
	    last[1] < '0' || last[1] > '9')
		return -1;
	errno = 0;
	count = strtoull(last + 1, &end, 10);
	if (errno != 0 || *end != '\0')
		return -1;
	return set(census, line, (size_t)(last - line), count);
}

static int
load(struct census *census, FILE *in)
{
	uint64_t sum = CHECKSUM_START;
	char line[NAME_MAX_LEN + 32], want[32];

	errno = EPROTO;
	if (fgets(line, sizeof(line), in) == NULL || strcmp(line, head) != 0)
		return -1;
	for (;;) {
		size_t len;

		if (fgets(line, sizeof(line), in) == NULL)
			return -1;
		snprintf(want, sizeof(want), "%016" PRIx64 "\n", sum);
		if (strcmp(line, want) == 0)
			return fgetc(in) == EOF ? 1 : -1;
		len = strlen(line);
		sum = checksum_add(sum, line, len);
		if (len == 0 || line[len - 1] != '\n')
			return -1;
		line[len - 1] = '\0';
		if (parse_line(census, line) == -1)
			return -1;
	}
}

int
census_load(struct census *census, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), result;
	FILE *in;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if ((in = fdopen(fd, "r")) == NULL) {
		close(fd);
		return -1;
	}
	result = load(census, in);
	if (result == -1 && errno != ENOMEM)
		errno = EPROTO;
	fclose(in);
	return result;
}

/* Returns 0, or -1 with errno. */
static int
save(const struct census *census, FILE *out)
{
	uint64_t sum = CHECKSUM_START;
	char line[NAME_MAX_LEN + 32];

	fputs(head, out);
	for (uint32_t i = 0; i < census->names.count; i++) {
		int len = snprintf(line, sizeof(line), "%s\t%" PRIu64 "\n",
		    intern_text(&census->names, i), census->counts[i]);

		sum = checksum_add(sum, line, (size_t)len);
		fputs(line, out);
	}
	fprintf(out, "%016" PRIx64 "\n", sum);
	return fflush(out) == 0 && !ferror(out) ? fsync(fileno(out)) : -1;
}

int
census_save(const struct census *census, const char *path, int folder)
{
	int fd = publish_start(path, MODE), copy, saved;
	FILE *out;

	if (fd == -1)
		return -1;
	/* The stream has a descriptor of its own, so that publish_finish sees the close. */
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy == -1 || (out = fdopen(copy, "w")) == NULL) {
		if (copy != -1)
			close(copy);
		publish_abandon(fd, path);
		return -1;
	}
	saved = save(census, out);
	if (fclose(out) != 0)
		saved = -1;
	if (saved == -1) {
		publish_abandon(fd, path);
		return -1;
	}
	return publish_finish(fd, path, folder);
}

/* One that is given is not stored yet: without it -f would take the old one. */
static void
complain(struct report *report, const struct census_given *given, const char *list,
    const char *domain, uint64_t was, uint64_t is)
{
	char text[2 * NAME_MAX_LEN + 200], identity[NAME_MAX_LEN + 32],
	    again[NAME_MAX_LEN] = "";
	bool all = strcmp(domain, "*") == 0;

	if (strcmp(list, given->list) == 0)
		snprintf(again, sizeof(again), " -%c %s < list", given->option, given->name);
	snprintf(text, sizeof(text),
	    "%s: has %" PRIu64 " users%s%s, had %" PRIu64
	    ": taken for an accident; if it is right, run rcptbuild -f%s",
	    list, is, all ? "" : " of ", all ? "" : domain, was, again);
	snprintf(identity, sizeof(identity), "%s has shrunk: %s", list, domain);
	report_add_as(report, REPORT_BAD, text, identity);
}

/* A domain that is not local any more loses nobody: its users are not refused by a list. */
static bool
is_local(const struct source *source, const char *domain)
{
	uint32_t number = intern_find(&source->names, domain, strlen(domain));

	return number != INTERN_NONE && source_is_listed(source, number);
}

/* Has another list users of it? If not, nobody is refused: it has no proof against anybody. */
static bool
has_others(const struct source *source, const char *domain)
{
	uint32_t number = intern_find(&source->names, domain, strlen(domain)), alias;

	if (number == INTERN_NONE)
		return false;
	if ((source->of_name[number].flags & NAME_HAS_USERS) != 0)
		return true;
	alias = source->of_name[number].alias;
	return source_is_alias(source, number) &&
	    (source->of_name[source->aliases[alias].target].flags & NAME_HAS_USERS) != 0;
}

/* Is it more than administrators do in a minute? */
static bool
is_accident(const struct source *source, const char *domain, uint64_t was, uint64_t is)
{
	if (is >= was)
		return false;
	if (strcmp(domain, "*") == 0 && is == 0)
		return true;
	if (strcmp(domain, "*") != 0 && !is_local(source, domain))
		return false;
	if (is == 0 && was > 1 && has_others(source, domain))
		return true;
	return was >= CENSUS_MIN && is < was - was / 2;
}

/* A list may be what said that the domain is local: without it nobody is refused any more. */
static void
warn_foreign(struct report *report, const char *list, const char *domain, uint64_t was)
{
	char text[NAME_MAX_LEN + 200], identity[NAME_MAX_LEN + 32];

	snprintf(text, sizeof(text),
	    "%s: has 0 users of %s, had %" PRIu64
	    ": the domain is not local any more, and nobody there is refused by a list",
	    list, domain, was);
	snprintf(identity, sizeof(identity), "%s has lost: %s", list, domain);
	report_add_as(report, REPORT_WARNING, text, identity);
}

void
census_judge(const struct census *old, const struct census *now,
    const struct census_given *given, const struct source *source, struct report *report)
{
	for (uint32_t i = 0; i < old->names.count; i++) {
		const char *name = intern_text(&old->names, i);
		const char *domain = strchr(name, '\t') + 1;
		uint64_t was = old->counts[i], is = get(now, name, strlen(name));
		char list[NAME_MAX_LEN];

		snprintf(list, sizeof(list), "%.*s", (int)(domain - 1 - name), name);
		if (!(given->forgiven && strcmp(list, given->list) == 0) &&
		    is_accident(source, domain, was, is))
			complain(report, given, list, domain, was, is);
		else if (is < was && strcmp(domain, "*") != 0 && !is_local(source, domain))
			warn_foreign(report, list, domain, was);
	}
}
