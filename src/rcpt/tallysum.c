#include "tallysum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_NAME  TALLY_NAME ".new"
#define MODE      0660
#define LARGE     (1L << 20)             /* bytes, from where on it is summed up */
#define SUMMED_UP (LARGE / 2)            /* bytes: what does not fit is dropped */
#define COUNT_MAX INT64_C(1000000000000) /* in one line and in one sum: none overflows */

/* Takes a line without its newline, which is at end and a NUL now. False when it is none. */
static bool
parse_line(struct tallysum_domain *domain, char *line, const char *end)
{
	const char *letter = memchr(tally_letters, *line, TALLY_KINDS);
	char *after;
	int64_t count = 1;

	if (letter == NULL || line[1] != ' ')
		return false;
	memset(domain, 0, sizeof(*domain));
	domain->name = line + 2;
	after = line + 2 + tally_domain_len(line + 2);
	if (after == domain->name || after - domain->name > TALLY_DOMAIN_MAX)
		return false;
	if (*after == ' ') {
		*after++ = '\0';
		for (count = 0; *after >= '0' && *after <= '9' && count < COUNT_MAX; after++)
			count = count * 10 + (*after - '0');
	}
	domain->checks = domain->kinds[letter - tally_letters] = count;
	return after == end && count > 0 && count <= COUNT_MAX;
}

static void
add(struct tallysum_domain *into, const struct tallysum_domain *from)
{
	into->checks = 0;
	for (size_t k = 0; k < TALLY_KINDS; k++) {
		into->kinds[k] += from->kinds[k];
		if (into->kinds[k] > COUNT_MAX)
			into->kinds[k] = COUNT_MAX;
		into->checks += into->kinds[k];
	}
}

static int
by_name(const void *a, const void *b)
{
	const struct tallysum_domain *first = a, *second = b;

	return strcmp(first->name, second->name);
}

static int
by_checks(const void *a, const void *b)
{
	const struct tallysum_domain *first = a, *second = b;

	if (first->checks != second->checks)
		return first->checks < second->checks ? 1 : -1;
	return strcmp(first->name, second->name);
}

/* Makes one of all that have the same name. */
static void
merge(struct tallysum *sum)
{
	size_t last = 0;

	if (sum->count == 0)
		return;
	qsort(sum->domains, sum->count, sizeof(*sum->domains), by_name);
	for (size_t i = 1; i < sum->count; i++) {
		if (strcmp(sum->domains[last].name, sum->domains[i].name) == 0)
			add(&sum->domains[last], &sum->domains[i]);
		else
			sum->domains[++last] = sum->domains[i];
	}
	sum->count = last + 1;
	qsort(sum->domains, sum->count, sizeof(*sum->domains), by_checks);
}

/* The names stay where they are in the text. */
static int
parse(struct tallysum *sum, size_t len)
{
	size_t room = 0;

	for (char *line = sum->text, *end; (end = memchr(line, '\n', len)) != NULL;
	     len -= (size_t)(end + 1 - line), line = end + 1) {
		*end = '\0';
		if (sum->count == room) {
			struct tallysum_domain *more;

			room = room * 2 + 256;
			more = realloc(sum->domains, room * sizeof(*more));
			if (more == NULL)
				return -1;
			sum->domains = more;
		}
		if (parse_line(&sum->domains[sum->count], line, end))
			sum->count++;
	}
	merge(sum);
	return 0;
}

static int
read_text(struct tallysum *sum, int fd)
{
	struct stat st;
	size_t size;
	ssize_t len;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	size = (size_t)(st.st_size < TALLY_SIZE_MAX ? st.st_size : TALLY_SIZE_MAX);
	sum->text = malloc(size + 1);
	if (sum->text == NULL)
		return -1;
	len = read(fd, sum->text, size);
	if (len == -1)
		return -1;
	sum->text[len] = '\0';
	return parse(sum, (size_t)len);
}

int
tallysum_read(struct tallysum *sum, int folder, const char *name)
{
	int fd =
	    openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int result;

	memset(sum, 0, sizeof(*sum));
	if (fd == -1)
		return -1;
	result = read_text(sum, fd);
	close(fd);
	return result;
}

void
tallysum_free(struct tallysum *sum)
{
	free(sum->domains);
	free(sum->text);
	memset(sum, 0, sizeof(*sum));
}

/* Writes the sums, each divided by this. Closes fd. */
static int
write_sums(const struct tallysum *sum, int64_t divisor, int fd)
{
	FILE *out = fdopen(fd, "w");

	if (out == NULL) {
		close(fd);
		return -1;
	}
	for (size_t i = 0; i < sum->count && ftell(out) < SUMMED_UP; i++) {
		const struct tallysum_domain *domain = &sum->domains[i];

		for (size_t k = 0; k < TALLY_KINDS; k++)
			if (domain->kinds[k] >= divisor)
				fprintf(out, "%c %s %lld\n", tally_letters[k], domain->name,
				    (long long)(domain->kinds[k] / divisor));
	}
	return fclose(out) == EOF ? -1 : 0;
}

/*
 * A check that has the old file open while another takes its place adds its line in vain, which
 * is none of our worries. What is no file, or not readable, is replaced by an empty one.
 */
void
tallysum_keep(int folder)
{
	struct tallysum sum;
	struct stat st;
	bool there = fstatat(folder, TALLY_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0;
	bool large = there && st.st_size > LARGE;
	int fd;

	if (there && S_ISREG(st.st_mode) && (st.st_mode & MODE) == MODE && !large)
		return;
	if (tallysum_read(&sum, folder, TALLY_NAME) == -1 && errno == ENOMEM)
		goto done;
	unlinkat(folder, NEW_NAME, 0);
	fd = openat(
	    folder, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd == -1)
		goto done;
	fchmod(fd, MODE); /* whatever the umask */
	if (write_sums(&sum, large ? 2 : 1, fd) == -1 ||
	    renameat(folder, NEW_NAME, folder, TALLY_NAME) == -1)
		unlinkat(folder, NEW_NAME, 0);
done:
	tallysum_free(&sum);
}
