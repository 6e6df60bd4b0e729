/*
 * rcptcache: look into the verdict cache and edit it.
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/homefolder.h"
#include "base/line.h"
#include "cache.h"
#include "cacheadmin.h"
#include "cacheforget.h"
#include "cachetext.h"
#include "cachewrite.h"
#include "memoryadmin.h"

enum { FOUND = 0, NONE = 100, TROUBLE = 111 }; /* exit codes */

#define BUSY_MS 5000

static const char usage_text[] = "usage: rcptcache show [address|@domain]\n"
				 "       rcptcache forget address|@domain\n"
				 "       rcptcache purge [@domain]\n"
				 "       rcptcache stats [@domain]\n"
				 "@ alone, or nothing, stands for all domains\n";

static char path[PATH_MAX];
static const char *file = path; /* the same, for a process that confined itself to the folder */
static struct cache cache;
static int64_t now;

_Noreturn static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(TROUBLE);
}

_Noreturn static void
trouble(void)
{
	errx(TROUBLE, "%s: %s", path, cache_reason(&cache));
}

static void
print(const struct line *line)
{
	if (printf("%s\n", line->text) < 0)
		err(TROUBLE, "standard output");
}

static int
print_row(void *arg, const struct cacheadmin_row *row)
{
	struct line line;

	(void)arg;
	cachetext_row(&line, row, now);
	print(&line);
	return 0;
}

static int
print_memory(void *arg, const struct memoryadmin_row *row)
{
	struct line line;

	(void)arg;
	cachetext_memory(&line, row, now);
	print(&line);
	return 0;
}

static int
show(const char *address, const char *domain)
{
	struct cacheadmin_row row;
	struct line line;
	int found, also;

	if (address == NULL) {
		found = cacheadmin_each(&cache, domain, print_row, NULL);
		also = found == -1 ? -1 : memoryadmin_each(&cache, domain, print_memory, NULL);
		return also == -1 ? -1 : found || also;
	}
	found = cacheadmin_find(&cache, address, strlen(address), &row);
	if (found == 1) {
		for (unsigned i = 0; cachetext_explain(&line, i, &row, now); i++)
			print(&line);
	}
	return found;
}

static int
print_removed(int result, int64_t removed)
{
	if (result == -1)
		return -1;
	if (printf("removed %lld\n", (long long)removed) < 0)
		err(TROUBLE, "standard output");
	return removed > 0;
}

/* And what is remembered besides, in a transaction of its own: see cacheforget. */
static int
forget_memory(const char *address, const char *domain, int64_t *removed)
{
	int result;

	*removed = 0;
	if (cachewrite_begin(&cache) == -1)
		return -1;
	if (address == NULL)
		result = memoryadmin_forget(&cache, domain, removed);
	else
		result = memoryadmin_forget_good(&cache, address, strlen(address), removed);
	return cachewrite_end(&cache, result == 0);
}

static int
forget(const char *address, const char *domain)
{
	int64_t removed, also = 0;
	int result;

	if (address == NULL)
		result = cacheforget_domain(&cache, domain, &removed);
	else
		result = cacheforget(&cache, address, strlen(address), &removed);
	if (result == 0)
		result = forget_memory(address, domain, &also);
	return print_removed(result, removed + also);
}

static int
purge(const char *address, const char *domain)
{
	int64_t removed = 0;
	int result = cacheforget_expired(&cache, domain, now, &removed);

	(void)address;
	return print_removed(result, removed);
}

static int
stats(const char *address, const char *domain)
{
	struct cacheadmin_stats counts = {0};
	struct cacheadmin_domain top[CACHEADMIN_TOP];
	struct line line;
	struct stat st;
	size_t count;
	int found = cacheadmin_stats(&cache, domain, now, &counts);

	(void)address;
	if (found == -1 || cacheadmin_top(&cache, domain, top, &count) == -1)
		return -1;
	for (unsigned i = 0; cachetext_stats(&line, i, &counts); i++)
		print(&line);
	line_start(&line);
	line_pair(&line, "file", path);
	if (stat(file, &st) == 0)
		line_pair_number(&line, "bytes", (int64_t)st.st_size);
	print(&line);
	for (size_t i = 0; i < count; i++) {
		line_start(&line);
		line_pair(&line, "domain", top[i].name);
		line_pair_number(&line, "rows", top[i].rows);
		print(&line);
	}
	return found;
}

/* Root opens no database where others can write: see cachekeep.h. */
static void
confine(void)
{
	char folder[PATH_MAX];
	char *name;

	snprintf(folder, sizeof(folder), "%s", path);
	name = strrchr(folder, '/');
	*name = '\0';
	switch (confine_to(folder)) {
	case 1:
		file = strrchr(path, '/');
		break;
	case -1:
		if (errno != ENOENT) /* cache_open says that better */
			err(TROUBLE, "%s", folder);
	}
}

static const struct command {
	const char *name;
	bool takes_address, needs_argument;
	int (*run)(const char *address, const char *domain); /* 1, 0 or -1 */
} commands[] = {
    {"show", true, false, show},
    {"forget", true, true, forget},
    {"purge", false, false, purge},
    {"stats", false, false, stats},
};

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	const char *argument;
	const char *address = NULL, *domain = NULL;
	const struct command *command;
	struct line line;
	int result;

	if (getopt(argc, argv, "") != -1 || argc - optind < 1 || argc - optind > 2)
		usage();
	command = find_command(argv[optind]);
	argument = argv[optind + 1];
	if (command == NULL || (command->needs_argument && argument == NULL))
		usage();
	if (argument == NULL)
		argument = "@";
	line_start(&line);
	line_add_foreign(&line, argument, strlen(argument), 256);
	if (argument[0] != '@')
		address = argument;
	else if (argument[1] != '\0')
		domain = argument + 1;
	if (address != NULL && !command->takes_address)
		errx(TROUBLE, "%s takes @domain, not '%s'", command->name, line.text);
	if (strchr(argument, '@') == NULL)
		errx(TROUBLE, "'%s' is neither user@domain nor @domain", line.text);

	if (snprintf(path, sizeof(path), "%s/cache/verdicts.db", homefolder()) >=
	    (int)sizeof(path))
		errx(TROUBLE, "the path of the home is too long");
	now = (int64_t)time(NULL);
	confine();
	if (cache_open(&cache, file, BUSY_MS) == -1 || cacheadmin_start(&cache) == -1)
		trouble();
	result = command->run(address, domain);
	if (result == -1)
		trouble();
	cache_close(&cache);
	if (fflush(stdout) == EOF)
		err(TROUBLE, "standard output");
	if (result == 0)
		warnx("nothing %sin the cache for %s",
		    strcmp(command->name, "purge") == 0 ? "expired " : "", line.text);
	return result == 1 ? FOUND : NONE;
}
