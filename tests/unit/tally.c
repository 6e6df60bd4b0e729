/*
 * Checks that are counted, and the sums of them: exact with many writers at once, and bounded
 * whatever stands in the file.
 */
#include "rcpt/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rcpt/tallysum.h"
#include "tap.h"

static char folder_path[] = "/tmp/rcptcheck-tally.XXXXXX", path[64];
static int folder;

static void
spit(const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);

	if (write(fd, bytes, len) != (ssize_t)len)
		perror("write");
	fchmod(fd, 0660);
	close(fd);
}

static long
size(void)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

/* The sums as one text: "name yes/no from the cache, yes/no asked, undecided; ..." */
static const char *
sums(void)
{
	static char text[4096];
	struct tallysum sum;
	size_t len = 0;

	text[0] = '\0';
	if (tallysum_read(&sum, folder, TALLY_NAME) == -1)
		return strerror(errno);
	for (size_t i = 0; i < sum.count && len < sizeof(text) - 400; i++) {
		const struct tallysum_domain *domain = &sum.domains[i];
		const int64_t *kinds = domain->kinds;

		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s %lld %lld/%lld %lld/%lld %lld; ", domain->name,
		    (long long)domain->checks, (long long)kinds[TALLY_HIT_YES],
		    (long long)kinds[TALLY_HIT_NO], (long long)kinds[TALLY_ASKED_YES],
		    (long long)kinds[TALLY_ASKED_NO], (long long)kinds[TALLY_UNDECIDED]);
	}
	tallysum_free(&sum);
	return text;
}

static void
test_add(void)
{
	struct stat st;
	mode_t umask_before = umask(077);

	tally_add(path, "example.com", TALLY_HIT_YES);
	is_int(size(), -1, "without a file nothing is counted");
	tallysum_keep(folder);
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0660 && st.st_size == 0,
	    "rcptbuild makes one, with mode 0660 in spite of the umask");
	umask(umask_before);
	is_str(sums(), "", "an empty one");
	tally_add(path, "example.org", TALLY_ASKED_NO);
	for (int i = 0; i < 3; i++)
		tally_add(path, "example.com", TALLY_HIT_YES);
	tally_add(path, "example.com", TALLY_HIT_NO);
	tally_add(path, "example.com", TALLY_ASKED_YES);
	tally_add(path, "example.com", TALLY_UNDECIDED);
	is_str(sums(), "example.com 6 3/1 1/0 1; example.org 1 0/0 0/1 0; ",
	    "each kind, the busiest domain first");
	tally_add(path,
	    "b\xc3\xbc"
	    "cher.example",
	    TALLY_ASKED_NO);
	ok(strstr(sums(),
	       "b\xc3\xbc"
	       "cher.example 1 ") != NULL,
	    "a U-label");
}

static void
test_odd_domains(void)
{
	static const char *const none[] = {"", " ", "a b", "a\nY b", "a\n", "\ta", "a\x7f"};
	char domain[TALLY_DOMAIN_MAX + 2];

	spit("", 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		tally_add(path, none[i], TALLY_ASKED_NO);
	memset(domain, 'd', sizeof(domain));
	domain[TALLY_DOMAIN_MAX + 1] = '\0';
	tally_add(path, domain, TALLY_ASKED_NO);
	is_int(size(), 0, "what is no domain is not counted");
	domain[TALLY_DOMAIN_MAX] = '\0';
	tally_add(path, domain, TALLY_ASKED_NO);
	is_int(size(), 2 + TALLY_DOMAIN_MAX + 1, "the longest is");
	is_int((long long)strspn(sums(), "d"), TALLY_DOMAIN_MAX, "and read");
}

static void
test_odd_files(void)
{
	char target[80];
	struct stat st;

	snprintf(target, sizeof(target), "%s/target", folder_path);
	spit("", 0);
	ok(rename(path, target) == 0 && symlink("target", path) == 0, "a link");
	tally_add(path, "a.example", TALLY_ASKED_NO);
	ok(stat(target, &st) == 0 && st.st_size == 0, "is not followed");
	is_str(sums(), strerror(ELOOP), "nor read");
	tallysum_keep(folder);
	ok(lstat(path, &st) == 0 && S_ISREG(st.st_mode), "but replaced by a file");
	unlink(target);
	unlink(path);
	mkfifo(path, 0660);
	tally_add(path, "a.example", TALLY_ASKED_NO);
	is_str(sums(), strerror(EINVAL), "a FIFO keeps nobody waiting");
	tallysum_keep(folder);
	ok(lstat(path, &st) == 0 && S_ISREG(st.st_mode), "and is replaced too");
	unlink(path);
	mkdir(path, 0770);
	tally_add(path, "a.example", TALLY_ASKED_NO);
	tallysum_keep(folder);
	is_str(sums(), strerror(EINVAL), "a folder stays");
	rmdir(path);

	spit("", 0);
	ok(truncate(path, TALLY_SIZE_MAX - 1) == 0, "a file below the limit");
	tally_add(path, "a.example", TALLY_ASKED_NO);
	is_int(size(), TALLY_SIZE_MAX - 1 + 12, "takes a line");
	tally_add(path, "a.example", TALLY_ASKED_NO);
	is_int(size(), TALLY_SIZE_MAX - 1 + 12, "above it no more");
	is_str(sums(), "", "and lines that are none, however long, don't count");
	tallysum_keep(folder);
	is_int(size(), 0, "rcptbuild makes an end of it");
}

static void
test_garbage(void)
{
	static const char lines[] = "y a.example\n"
				    "y a.example 41\n"
				    "\n"
				    "z a.example\n"
				    "y\n"
				    "y \n"
				    "y  a.example\n"
				    "ya.example\n"
				    " y a.example\n"
				    "y a.example \n"
				    "y a.example 0\n"
				    "y a.example -5\n"
				    "y a.example 5 \n"
				    "y a.example 5x\n"
				    "y a.example 1000000000001\n"
				    "y a.example 99999999999999999999999999\n"
				    "y a.example\r\n"
				    "y a.example\0\n"
				    "\0 a.example\n"
				    "y b.example 1000000000000\n"
				    "y b.example 999999999999\n"
				    "n c.example 000000000000000001\n"
				    "y a.example";

	spit(lines, sizeof(lines) - 1);
	is_str(sums(),
	    "b.example 1000000000000 1000000000000/0 0/0 0; a.example 42 42/0 0/0 0; "
	    "c.example 1 0/1 0/0 0; ",
	    "only lines that are as they should be count");
}

static void
test_keep(void)
{
	static char lines[(1 << 20) + 4000];
	struct stat before, after;
	size_t len = 0;

	spit("y a.example 7\ny a.example\nU once.example\n", 41);
	stat(path, &before);
	tallysum_keep(folder);
	stat(path, &after);
	ok(before.st_ino == after.st_ino, "a small file is left alone");
	chmod(path, 0600);
	tallysum_keep(folder);
	ok(stat(path, &after) == 0 && (after.st_mode & 07777) == 0660,
	    "unless others cannot write to it");
	is_str(sums(), "a.example 8 8/0 0/0 0; once.example 1 0/0 0/0 1; ",
	    "the sums are the same then");

	len += (size_t)sprintf(lines, "U once.example\nN a.example 1000000\nY a.example\n");
	for (int i = 0; len <= 1 << 20; i++)
		len += (size_t)sprintf(lines + len, "y d%d.example\n", i % 100);
	spit(lines, len);
	tallysum_keep(folder);
	ok(size() > 0 && size() < 5000, "a large one is summed up (%ld bytes)", size());
	ok(strncmp(sums(), "a.example 500000 0/0 0/500000 0; d", 34) == 0, "and halved");
	ok(strstr(sums(), "once") == NULL, "what is nothing then is dropped");

	len = 0;
	for (int i = 0; len <= 1 << 20; i++)
		len += (size_t)sprintf(
		    lines + len, "y domain-number-%d.example %d\n", i, i < 10 ? 2 : i);
	spit(lines, len);
	tallysum_keep(folder);
	ok(size() > 500000 && size() < 550000, "of many domains (%ld bytes)", size());
	ok(strstr(sums(), "domain-number-9.") == NULL, "only the busiest are kept");
	tally_add(path, "a.example", TALLY_HIT_YES);
	stat(path, &before);
	tallysum_keep(folder);
	stat(path, &after);
	ok(before.st_ino == after.st_ino, "and there is room again for new lines");
}

static void
test_many_at_once(void)
{
	enum { WRITERS = 20, ROUNDS = 500 };
	char name[32];

	spit("", 0);
	for (int i = 0; i < WRITERS; i++) {
		if (fork() == 0) {
			for (int k = 0; k < ROUNDS; k++) {
				snprintf(name, sizeof(name), "host%d.example", k % 2);
				tally_add(path, name, (enum tally_kind)(i % TALLY_KINDS));
			}
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	is_str(sums(),
	    "host0.example 5000 1000/1000 1000/1000 1000; "
	    "host1.example 5000 1000/1000 1000/1000 1000; ",
	    "20 at once: none is lost");
}

int
main(void)
{
	if (mkdtemp(folder_path) == NULL ||
	    (folder = open(folder_path, O_RDONLY | O_DIRECTORY)) == -1)
		return 111;
	snprintf(path, sizeof(path), "%s/%s", folder_path, TALLY_NAME);
	test_add();
	test_odd_domains();
	test_odd_files();
	test_garbage();
	test_keep();
	test_many_at_once();
	unlink(path);
	ok(rmdir(folder_path) == 0, "nothing else is left in the folder");
	return tap_done();
}
