#include "lists.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/publish.h"
#include "home.h"

#define MODE    0640
#define STRETCH 65536 /* bytes read at once */

static const char is_cut[] =
    "the last line of the list has no end: was the list cut off? If it is right, give -f";
static const char is_empty[] =
    "the list is empty: did the program that makes it fail? If it is right, give -f";

int
lists_open(
    struct lists *lists, struct source *source, const char *new, int fd, struct report *report)
{
	memset(lists, 0, sizeof(*lists));
	if (feeds_open(&lists->feeds, HOME_FEEDS, "", report) == -1 ||
	    (new != NULL &&feeds_replace(&lists->feeds, new, fd, report) == -1) ||
	    accounts_open(&lists->accounts, source, report) == -1)
		return -1;
	/* With names that are not there it has none. */
	if (report->lists[REPORT_BAD].count > 0)
		return 0;
	return accounts_domains(&lists->accounts, source, report) == -1
	    ? -1
	    : feeds_domains(&lists->feeds, source, report);
}

int
lists_read(struct lists *lists, sqlite3 *db, struct source *source, users_add *add,
    void *context, struct report *report)
{
	struct users *users = &lists->users;

	if (users_start(users, source, report) == -1)
		return -1;
	users->add = add;
	users->context = context;
	if (users_of_table(users, db) == -1 || accounts_users(&lists->accounts, users) == -1 ||
	    feeds_users(&lists->feeds, users) == -1)
		return -1;
	users_judge(users);
	return 0;
}

int
lists_judge(const struct lists *lists, const char *path, const char *given, bool forgiven,
    const struct source *source, struct report *report)
{
	char list[sizeof("feeds/") + FEEDS_NAME_MAX] = "";
	struct census_given from_input = {list, given, 'u', forgiven};
	struct census old = {0};
	int found = census_load(&old, path);

	if (given != NULL)
		snprintf(list, sizeof(list), "feeds/%s", given);
	if (found == 1)
		census_judge(&old, &lists->users.census, &from_input, source, report);
	else if (found == -1 && errno == EPROTO && given != NULL && forgiven)
		found = 0;
	else if (found == -1 && errno == EPROTO)
		report_trouble(report,
		    "%s: damaged, so that no list can be compared with what it was: if they "
		    "are all right, run rcptbuild -f, which makes it anew",
		    path);
	else if (found == -1)
		report_trouble(report, "%s: %s", path, strerror(errno));
	census_free(&old);
	return found == -1 ? -1 : 0;
}

void
lists_close(struct lists *lists)
{
	accounts_close(&lists->accounts);
	feeds_free(&lists->feeds);
}

void
lists_free(struct lists *lists)
{
	lists_close(lists);
	users_free(&lists->users);
}

static int
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Copies all that comes from in; *last is its last byte. Returns 0, or -1 with errno; *stage is what
 * failed then.
 */
static int
copy(int in, int out, uint64_t *copied, char *last, const char **stage)
{
	char *bytes = malloc(STRETCH);
	int result = -1;
	ssize_t len;

	*stage = "stored";
	*copied = 0;
	if (bytes == NULL)
		return -1;
	for (;;) {
		len = read(in, bytes, STRETCH);
		if (len == -1 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		if (write_all(out, bytes, (size_t)len) == -1)
			goto done;
		*copied += (uint64_t)len;
		*last = bytes[len - 1];
	}
	if (len == -1)
		*stage = "read";
	else
		result = 0;
done:
	free(bytes);
	return result;
}

/* A file without a name, where there is room for a list. */
static int
open_nameless(void)
{
	int fd = open("data", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), copied = -1;
	FILE *file;

	if (fd != -1 || (file = tmpfile()) == NULL)
		return fd;
	copied = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
	fclose(file);
	return copied;
}

int
lists_receive(const char **bad, struct report *report)
{
	int fd = open_nameless();
	const char *stage;
	uint64_t received;
	char last = '\n';

	if (fd == -1)
		return report_trouble(
		    report, "a temporary file for the list: %s", strerror(errno));
	if (copy(STDIN_FILENO, fd, &received, &last, &stage) == -1) {
		report_trouble(report, "the list cannot be %s: %s", stage, strerror(errno));
		close(fd);
		return -1;
	}
	*bad = NULL;
	if (received == 0)
		*bad = is_empty;
	else if (last != '\n')
		*bad = is_cut;
	return fd;
}

int
lists_store(int list, const char *name, struct report *report)
{
	char path[sizeof(HOME_FEEDS "/") + FEEDS_FILE_SIZE];
	const char *stage;
	uint64_t stored;
	char last;
	int folder, fd = -1, result = -1;

	snprintf(path, sizeof(path), HOME_FEEDS "/%s", name);
	if ((mkdir(HOME_FEEDS, 0750) == -1 && errno != EEXIST) ||
	    (folder = open(HOME_FEEDS, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return report_trouble(report, HOME_FEEDS ": %s", strerror(errno));
	if ((fd = publish_start(path, MODE)) != -1) {
		if (lseek(list, 0, SEEK_SET) == 0 &&
		    copy(list, fd, &stored, &last, &stage) == 0 && fsync(fd) == 0)
			result = publish_finish(fd, path, folder);
		else
			publish_abandon(fd, path);
	}
	if (result == -1)
		report_trouble(report, "%s: cannot be replaced: %s", path, strerror(errno));
	close(folder);
	return result;
}
