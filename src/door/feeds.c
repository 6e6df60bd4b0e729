#include "feeds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"

#define STRETCH 65536 /* bytes read at once */

static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

bool
feeds_name_good(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= FEEDS_NAME_MAX && strspn(name, signs) == len &&
	    name[0] != '-' && name[0] != '_';
}

/* Adds a file to a stamp; their order does not count. */
static void
add_stamp(struct state_stamp *stamp, const char *path)
{
	struct state_stamp one;

	state_stamp(&one, path);
	stamp->inode +=
	    checksum_add(checksum_add(CHECKSUM_START, path, strlen(path)), &one, sizeof(one)) |
	    1;
	stamp->size++;
	if (one.changed > stamp->changed)
		stamp->changed = one.changed;
}

/* Is this the name of a list and this end? */
static bool
ends_in(const char *file, const char *end)
{
	size_t len = strlen(file), end_len = strlen(end);
	char name[FEEDS_NAME_MAX + 1];

	if (len <= end_len || len - end_len > FEEDS_NAME_MAX ||
	    strcmp(file + len - end_len, end) != 0)
		return false;
	memcpy(name, file, len - end_len);
	name[len - end_len] = '\0';
	return feeds_name_good(name);
}

void
feeds_stamp(struct state_stamp *stamp, const char *folder, const char *end)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	memset(stamp, 0, sizeof(*stamp));
	if (dir == NULL)
		return;
	add_stamp(stamp, folder);
	while ((entry = readdir(dir)) != NULL) {
		char path[PATH_MAX];

		if (ends_in(entry->d_name, end) &&
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) <
			(int)sizeof(path))
			add_stamp(stamp, path);
	}
	closedir(dir);
}

static int
compare(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

/* Returns the list of this name, new or not; NULL for want of memory. */
static const char *
add_name(struct feeds *feeds, const char *name)
{
	char text[sizeof("feeds/") + FEEDS_FILE_SIZE], *list;
	char **lists = array_room(feeds->lists, feeds->count, &feeds->room, sizeof(*lists));

	if (lists == NULL)
		return NULL;
	feeds->lists = lists;
	snprintf(text, sizeof(text), "feeds/%s", name);
	for (size_t i = 0; i < feeds->count; i++)
		if (strcmp(lists[i], text) == 0)
			return lists[i];
	if ((list = strdup(text)) != NULL)
		lists[feeds->count++] = list;
	return list;
}

static void
warn_name(struct report *report, const char *name)
{
	struct line line;

	line_start(&line);
	line_add(&line, "feeds: '");
	line_add_foreign(&line, name, strlen(name), 80);
	line_add(&line,
	    "': no feed can have this name, so it is not read: remove it, or give it to "
	    "rcptbuild -u");
	report_add(report, REPORT_WARNING, line.text);
}

/* NAME.tmp: one that is being made, or was left behind by a crash. */
static bool
is_half_written(const char *name)
{
	size_t len = strlen(name), end = strlen(".tmp");

	return len > end && strcmp(name + len - end, ".tmp") == 0;
}

/* A list of the other kind, or what the other kind has a word for. */
static bool
is_of_others(const char *name, const char *end)
{
	return end[0] == '\0' ? ends_in(name, FEEDS_MAILBOXES) : !ends_in(name, end);
}

int
feeds_open(struct feeds *feeds, const char *folder, const char *end, struct report *report)
{
	struct dirent *entry;
	DIR *dir;

	memset(feeds, 0, sizeof(*feeds));
	feeds->fd = -1;
	if ((dir = opendir(folder)) == NULL)
		return errno == ENOENT
		    ? 0
		    : report_trouble(report, "%s: %s", folder, strerror(errno));
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		const char *name = entry->d_name;

		if (name[0] == '.' || is_half_written(name) || is_of_others(name, end))
			continue;
		if (!ends_in(name, end)) {
			warn_name(report, name);
		} else if (add_name(feeds, name) == NULL) {
			closedir(dir);
			return report_trouble(report, "out of memory for feeds");
		}
	}
	/* Half of a folder would be half of the users. */
	if (errno != 0)
		report_trouble(report, "%s: %s", folder, strerror(errno));
	closedir(dir);
	if (report->trouble[0] != '\0')
		return -1;
	if (feeds->count > 1)
		qsort(feeds->lists, feeds->count, sizeof(*feeds->lists), compare);
	return 0;
}

int
feeds_replace(struct feeds *feeds, const char *name, int fd, struct report *report)
{
	if ((feeds->replaced = add_name(feeds, name)) == NULL)
		return report_trouble(report, "out of memory for feeds");
	feeds->fd = fd;
	qsort(feeds->lists, feeds->count, sizeof(*feeds->lists), compare);
	return 0;
}

/* Opens a list. Returns a descriptor, or -1 with report->trouble. */
static int
open_list(const struct feeds *feeds, const char *list, struct report *report)
{
	char path[sizeof("data/feeds/") + FEEDS_FILE_SIZE];
	struct stat st;
	int fd;

	if (list == feeds->replaced) {
		fd = fcntl(feeds->fd, F_DUPFD_CLOEXEC, 3);
		if (fd != -1 && lseek(fd, 0, SEEK_SET) == 0)
			return fd;
	} else {
		snprintf(path, sizeof(path), "data/%s", list);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			return fd;
		if (fd != -1)
			errno = EINVAL;
	}
	report_trouble(report, "data/%s: %s", list,
	    errno == EINVAL ? "is no file: remove it" : strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

int
feeds_read(
    const struct feeds *feeds, const char *list, struct feed *feed, struct report *report)
{
	int fd = open_list(feeds, list, report), result = 0;
	char *bytes;
	ssize_t len = -1;

	if (fd == -1)
		return -1;
	if ((bytes = malloc(STRETCH)) == NULL) {
		close(fd);
		return report_trouble(report, "out of memory for feeds");
	}
	while (result == 0 &&
	    ((len = read(fd, bytes, STRETCH)) > 0 || (len == -1 && errno == EINTR)))
		if (len > 0)
			result = feed_push(feed, bytes, (size_t)len);
	if (result == 0 && len == -1)
		result = report_trouble(report, "data/%s: %s", list, strerror(errno));
	if (result == 0)
		result = feed_end(feed);
	free(bytes);
	close(fd);
	return result;
}

static void
bad_line(struct report *report, const char *list, const struct feed_line *line, const char *why)
{
	struct line text;

	line_start(&text);
	line_add(&text, list);
	line_add(&text, ": line ");
	line_add_number(&text, (int64_t)line->number);
	line_add(&text, ": '");
	line_add_foreign(&text, line->text, line->len, 120);
	line_add(&text, "': ");
	line_add(&text, why);
	report_add(report, REPORT_BAD, text.text);
}

/* What the lines of a list are taken for. */
struct taker {
	const char *list;
	struct source *source;
	struct report *report;
	struct users *users;
};

static int
take_domain(void *context, const struct feed_line *line)
{
	struct taker *taker = context;
	bool failed = false;
	const char *why;

	if (line->kind != FEED_DOMAIN)
		return 0; /* the users' turn comes */
	why = source_add_local(taker->source, line->domain, line->domain_len, &failed);
	if (failed)
		return report_trouble(taker->report, "out of memory for feeds");
	if (why != NULL)
		bad_line(taker->report, taker->list, line, why);
	return 0;
}

static int
take_user(void *context, const struct feed_line *line)
{
	struct taker *taker = context;
	const char *why = line->why;

	if (line->kind == FEED_LISTING && users_take(taker->users, &line->listing, &why) == -1)
		return -1;
	if ((line->kind == FEED_LISTING || line->kind == FEED_BAD) && why != NULL)
		bad_line(taker->report, taker->list, line, why);
	return 0;
}

int
feeds_domains(struct feeds *feeds, struct source *source, struct report *report)
{
	for (size_t i = 0; i < feeds->count; i++) {
		struct taker taker = {feeds->lists[i], source, report, NULL};
		struct feed feed;

		feed_start(&feed, take_domain, &taker);
		feed.only_domains = true;
		if (feeds_read(feeds, feeds->lists[i], &feed, report) == -1)
			return -1;
	}
	return 0;
}

int
feeds_users(struct feeds *feeds, struct users *users)
{
	for (size_t i = 0; i < feeds->count; i++) {
		struct taker taker = {feeds->lists[i], NULL, users->report, users};
		struct feed feed;

		feed_start(&feed, take_user, &taker);
		if (users_begin(users, feeds->lists[i]) == -1 ||
		    feeds_read(feeds, feeds->lists[i], &feed, users->report) == -1 ||
		    users_end(users) == -1)
			return -1;
	}
	return 0;
}

void
feeds_free(struct feeds *feeds)
{
	for (size_t i = 0; i < feeds->count; i++)
		free(feeds->lists[i]);
	free(feeds->lists);
	memset(feeds, 0, sizeof(*feeds));
	feeds->fd = -1;
}
