#include "tally.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char tally_letters[TALLY_KINDS + 1] = {
    [TALLY_HIT_YES] = 'y',
    [TALLY_HIT_NO] = 'n',
    [TALLY_ASKED_YES] = 'Y',
    [TALLY_ASKED_NO] = 'N',
    [TALLY_UNDECIDED] = 'U',
};

size_t
tally_domain_len(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = 0;

	while (p[len] > ' ' && p[len] != 0x7f)
		len++;
	return len;
}

/*
 * One write(2) in append mode, so that the lines of checks that run at once don't mix. Nothing
 * is opened that could keep us waiting, and nothing through a link.
 */
void
tally_add(const char *path, const char *domain, enum tally_kind kind)
{
	char line[2 + TALLY_DOMAIN_MAX + 1];
	size_t len = tally_domain_len(domain);
	struct stat st;
	int fd;

	if (len == 0 || len > TALLY_DOMAIN_MAX || domain[len] != '\0')
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return;
	line[0] = tally_letters[kind];
	line[1] = ' ';
	memcpy(line + 2, domain, len);
	line[2 + len] = '\n';
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    st.st_size < TALLY_SIZE_MAX)
		(void)!write(fd, line, 2 + len + 1);
	close(fd);
}
