/* What is taken for an accident. */
#include "door/census.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static char folder[] = "/tmp/rcptcheck-census.XXXXXX";
static char path[64];
static struct source source;

/* How many bad rows there are when a list had was, of them of_domain in a local domain, and has. */
static int
complaints(uint64_t was, uint64_t of_domain, uint64_t is, uint64_t is_of_domain)
{
	struct census old = {0}, now = {0};
	static const struct census_given none = {"", NULL, 'u', false};
	struct report report = {0};
	int count;

	census_set(&old, "feeds/a", "*", was);
	census_set(&old, "feeds/a", "local.example", of_domain);
	census_set(&old, "feeds/a", "gone.example", 1000);
	census_set(&now, "feeds/a", "*", is);
	census_set(&now, "feeds/a", "local.example", is_of_domain);
	census_judge(&old, &now, &none, &source, &report);
	count = (int)report.lists[REPORT_BAD].count;
	report_free(&report);
	census_free(&old);
	census_free(&now);
	return count;
}

static void
test_judge(void)
{
	bool failed;

	source_start(&source);
	source_add_local(&source, "local.example", 13, &failed);
	is_int(complaints(100, 100, 100, 100), 0, "the same");
	is_int(complaints(100, 100, 1000, 1000), 0, "more");
	is_int(complaints(100, 100, 50, 50), 0, "half");
	is_int(complaints(100, 100, 49, 49), 2, "less than half, over all and of the domain");
	is_int(complaints(100, 20, 90, 9), 1, "of the domain alone");
	is_int(complaints(11, 11, 5, 5), 2, "an odd number");
	is_int(complaints(10, 10, 5, 5), 0, "half of ten");
	is_int(complaints(9, 9, 1, 1), 2, "few");
	is_int(complaints(3, 3, 1, 1), 0, "less than four: no accident");
	is_int(complaints(3, 3, 0, 0), 1, "but nobody at all is one");
	is_int(complaints(1, 1, 0, 0), 1, "of one too");
	is_int(complaints(0, 0, 0, 0), 0, "none, and none before");
	source_free(&source);
}

/* What is to be done: with another list, and with this one. */
static void
test_advice(void)
{
	static const struct {
		struct census_given given;
		const char *advice;
	} cases[] = {
	    {{"", NULL, 'u', false}, "run rcptbuild -f"},
	    {{"feeds/b", "b", 'u', false}, "run rcptbuild -f"},
	    {{"feeds/a", "a", 'u', false}, "run rcptbuild -f -u a < list"},
	    {{"feeds/a", "a", 'm', false}, "run rcptbuild -f -m a < list"},
	    {{"feeds/a", "a", 'm', true}, "forgiven"},
	    {{"feeds/b", "b", 'm', true}, "run rcptbuild -f"},
	};
	struct census old = {0}, now = {0};

	source_start(&source);
	census_set(&old, "feeds/a", "*", 100);
	census_set(&now, "feeds/a", "*", 40);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report report = {0};
		const struct report_list *bad = &report.lists[REPORT_BAD];
		char text[512];
		const char *run;

		census_judge(&old, &now, &cases[i].given, &source, &report);
		snprintf(
		    text, sizeof(text), "%.*s", (int)bad->len, bad->len == 0 ? "" : bad->text);
		text[strcspn(text, "\n")] = '\0';
		run = strstr(text, "run ");
		is_str(run == NULL ? "forgiven" : run, cases[i].advice, "what to do");
		report_free(&report);
	}
	source_free(&source);
	census_free(&old);
	census_free(&now);
}

static void
spit(const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

static int
load(void)
{
	struct census census = {0};
	int result = census_load(&census, path);

	census_free(&census);
	return result;
}

static void
test_file(void)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY), found = 0, tried = 0;
	struct census census = {0}, back = {0};
	char bytes[512], copy[512];
	ssize_t len;

	is_int(load(), 0, "no file");
	census_set(&census, "local_users", "*", 12);
	census_set(&census, "feeds/x", "a.example", UINT64_MAX);
	is_int(census_save(&census, path, fd), 0, "saved");
	is_int(census_load(&back, path), 1, "loaded");
	is_int(back.names.count, 2, "two lines");
	is_int((long long)census_get(&back, "local_users", "*"), 12, "the first");
	ok(census_get(&back, "feeds/x", "a.example") == UINT64_MAX, "the second");
	is_int(
	    (long long)census_get(&back, "feeds/y", "a.example"), 0, "one that is not there");
	census_free(&back);
	census_free(&census);
	is_int(census_save(&census, path, fd), 0, "saved without any line");
	is_int(load(), 1, "loaded");
	census_set(&census, "local_users", "a.example", 12);
	census_save(&census, path, fd);
	close(fd);
	fd = open(path, O_RDONLY);
	len = read(fd, bytes, sizeof(bytes));
	close(fd);
	for (ssize_t i = 0; i < len * 8; i++, tried++) {
		memcpy(copy, bytes, sizeof(copy));
		copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
		spit(copy, (size_t)len);
		found += load() == -1 && errno == EPROTO;
	}
	is_int(found, tried, "each flipped bit is damage");
	for (found = 0, tried = 0; tried < len; tried++) {
		spit(bytes, (size_t)tried);
		found += load() == -1 && errno == EPROTO;
	}
	is_int(found, tried, "so is a file that was cut, wherever");
	bytes[len] = '\n';
	spit(bytes, (size_t)len + 1);
	is_int(load(), -1, "and one with something behind");
	unlink(path);
	census_free(&census);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/counts", folder);
	test_judge();
	test_advice();
	test_file();
	rmdir(folder);
	return tap_done();
}
