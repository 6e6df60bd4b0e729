/*
 * Any bytes as cache/checks: the sums are of lines that are there, each domain once and in
 * order; and what rcptbuild writes down of them sums up to the same.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rcpt/tallysum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/fuzz-tally.XXXXXX";
static int folder = -1;

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
clean_up(void)
{
	unlinkat(folder, TALLY_NAME, 0);
	rmdir(path);
}

static void
check_domain(const struct tallysum_domain *domain, const uint8_t *data, size_t size)
{
	size_t len = strlen(domain->name);
	int64_t checks = 0;

	check(len > 0 && len <= TALLY_DOMAIN_MAX && tally_domain_len(domain->name) == len);
	check(memmem(data, size, domain->name, len) != NULL);
	for (size_t k = 0; k < TALLY_KINDS; k++) {
		check(domain->kinds[k] >= 0);
		checks += domain->kinds[k];
	}
	check(checks > 0 && checks == domain->checks);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tallysum sum, again;
	int fd;

	if (folder == -1) {
		check(mkdtemp(path) != NULL);
		folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		atexit(clean_up);
	}
	fd = openat(folder, TALLY_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check(fd != -1 && write(fd, data, size) == (ssize_t)size);
	fchmod(fd, 0600); /* so that it is written anew */
	close(fd);
	check(tallysum_read(&sum, folder, TALLY_NAME) == 0);
	for (size_t i = 0; i < sum.count; i++) {
		check_domain(&sum.domains[i], data, size);
		check(i == 0 || sum.domains[i].checks < sum.domains[i - 1].checks ||
		    (sum.domains[i].checks == sum.domains[i - 1].checks &&
			strcmp(sum.domains[i - 1].name, sum.domains[i].name) < 0));
	}
	tallysum_keep(folder);
	check(tallysum_read(&again, folder, TALLY_NAME) == 0 && again.count == sum.count);
	for (size_t i = 0; i < sum.count; i++)
		check(strcmp(sum.domains[i].name, again.domains[i].name) == 0 &&
		    memcmp(sum.domains[i].kinds, again.domains[i].kinds,
			sizeof(sum.domains[i].kinds)) == 0);
	tallysum_free(&sum);
	tallysum_free(&again);
	return 0;
}
