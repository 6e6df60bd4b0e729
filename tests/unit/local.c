/* Who is in a list, and that no damage to the file ever refuses one who is. */
#include "rcpt/local.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cdbwriter.h"
#include "base/deadline.h"
#include "rcpt/check.h"
#include "tap.h"

static char home[] = "/tmp/rcptcheck-local.XXXXXX";
static char path[96];
static struct checker checker;
static struct check check;

static int
add_domain(struct cdbwriter *writer, const char *domain, const struct record *record)
{
	unsigned char value[RECORD_SIZE_MAX];
	char key[RECORD_NAME_SIZE];
	size_t len = record_make(value, sizeof(value), record);
	int key_len = snprintf(key, sizeof(key), "d%s", domain);

	return cdbwriter_add(writer, key, (size_t)key_len, value, len);
}

static int
add_user(struct cdbwriter *writer, char type, const char *local, const char *domain)
{
	char key[RECORD_USER_KEY_SIZE];

	return cdbwriter_add(
	    writer, key, record_user_key(key, type, local, strlen(local), domain), "", 0);
}

static void
write_cdb(void)
{
	static const unsigned char note[CDBFILE_NOTE];
	struct record plain = {.flags = RECORD_LOCAL}, rich, empty, all, alias, label;
	struct cdbwriter writer;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), bad = 0;

	settings_default(&plain.settings);
	rich = empty = all = alias = label = plain;
	rich.flags |= RECORD_PREFIXES;
	settings_set(&rich.settings, "delimiter", "+");
	empty.flags |= RECORD_INCOMPLETE;
	all.flags |= RECORD_CATCH_ALL;
	strcpy(alias.main_name, "plain.example");
	strcpy(label.ask_domain, "alias.example");
	strcpy(label.main_name, "plain.example");
	bad |= fd == -1 || cdbwriter_start(&writer, fd, CDBWRITER_LIMIT) == -1;
	bad |= add_user(&writer, 'u', "Alice", "plain.example");
	bad |= add_user(&writer, 'u', "a b", "plain.example");
	bad |= add_user(&writer, 'u', "x+y", "plain.example");
	bad |= add_user(&writer, 'u', "Alice", "rich.example");
	bad |= add_user(&writer, 'u', "a+b", "rich.example");
	bad |= add_user(&writer, 'u', "own", "alias.example");
	bad |= add_user(&writer, 'u', "one", "empty.example");
	bad |= add_user(&writer, 'w', "joe-", "rich.example");
	bad |= add_user(&writer, 'w', "Q.", "rich.example");
	bad |= add_domain(&writer, "plain.example", &plain);
	bad |= add_domain(&writer, "rich.example", &rich);
	bad |= add_domain(&writer, "empty.example", &empty);
	bad |= add_domain(&writer, "all.example", &all);
	bad |= add_domain(&writer, "alias.example", &alias);
	bad |= add_domain(&writer, "\xc3\xbc.example", &label);
	bad |= cdbwriter_finish(&writer, 1, note) == -1 || close(fd) == -1;
	if (bad != 0) {
		printf("Bail out! the CDB cannot be written\n");
		exit(1);
	}
}

static const char *
ask(const char *address)
{
	static char text[64];

	check_start(&checker, &check, address, strlen(address), deadline_now());
	snprintf(text, sizeof(text), "%s %s", verdict_name(check.verdict), check.why);
	return text;
}

#define L64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *address, *want;
} cases[] = {
    {"alice@plain.example", "accept local"},
    {"ALICE@PLAIN.example", "accept local"},
    {"alic@plain.example", "reject local"},
    {"alicee@plain.example", "reject local"},
    {"alice+x@plain.example", "reject local"},
    {"a b@plain.example", "accept local"},
    {"\"a b\"@plain.example", "accept local"},
    {"\"a\\ b\"@plain.example", "accept local"},
    {"\"\\A\\L\\I\\C\\E\"@plain.example", "accept local"},
    {"\"alice@plain.example", "reject local"},
    {"\"\"@plain.example", "reject local"},
    {"\"@plain.example", "reject local"},
    {"\"alice\\\"@plain.example", "reject local"},
    {"x+y@plain.example", "accept local"},
    {"x@plain.example", "reject local"},
    {"@plain.example", "reject local"},
    {"postmaster@plain.example", "accept postmaster"},
    {"alice@other.example", "accept foreign"},
    {"alice\x01@plain.example", "reject local"},
    {"\xff\xfe@plain.example", "reject local"},
    {L64 "@plain.example", "reject local"},
    {L64 L64 "@plain.example", "reject local"},
    {"alice+@rich.example", "accept local"},
    {"ALICE+x+y@rich.example", "accept local"},
    {"alice+" L64 "@rich.example", "accept local"},
    {"\"alice+" L64 " " L64 "\"@rich.example", "accept local"},
    {"+alice@rich.example", "reject local"},
    {"a+b+c@rich.example", "accept local"},
    {"a+c@rich.example", "reject local"},
    {"joe-@rich.example", "accept local"},
    {"Joe-x-y@rich.example", "accept local"},
    {"joe-" L64 L64 "@rich.example", "accept local"},
    {"joe@rich.example", "reject local"},
    {"joe+x@rich.example", "reject local"},
    {"q.x@rich.example", "accept local"},
    {"qx@rich.example", "reject local"},
    {"anybody@empty.example", "tempfail local"},
    {"anybody@all.example", "accept local"},
    {"@all.example", "accept local"},
    {"alice@alias.example", "accept local"},
    {"bob@alias.example", "reject local"},
    {"own@alias.example", "accept local"},
    {"\"o\\wn\"@alias.example", "accept local"},
    {"own@plain.example", "reject local"},
    {"own@\xc3\xbc.example", "accept local"},
    {"alice@\xc3\xbc.example", "accept local"},
    {"bob@\xc3\xbc.example", "reject local"},
    {"one@empty.example", "accept local"},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* Each bit of the file, one after the other. */
static void
test_flips(void)
{
	int fd = open(path, O_RDWR), wrong = 0, found = 0;
	off_t size = lseek(fd, 0, SEEK_END);

	for (off_t at = 0; at < size; at++) {
		for (int bit = 0; bit < 8; bit++) {
			unsigned char byte, flipped;

			if (pread(fd, &byte, 1, at) != 1)
				abort();
			flipped = (unsigned char)(byte ^ 1 << bit);
			if (pwrite(fd, &flipped, 1, at) != 1)
				abort();
			cdbfile_close(&checker.cdb);
			for (size_t i = 0; i < CASES; i++) {
				if (cases[i].want[0] == 'r')
					continue;
				found += strcmp(ask(cases[i].address), cases[i].want) != 0;
				if (check.verdict != VERDICT_REJECT)
					continue;
				if (wrong++ < 10)
					printf("# byte %ld bit %d: %s\n", (long)at, bit,
					    cases[i].address);
			}
			if (pwrite(fd, &byte, 1, at) != 1)
				abort();
		}
	}
	close(fd);
	cdbfile_close(&checker.cdb);
	is_int(wrong, 0, "no flipped bit refuses anybody who is listed");
	ok(found > 0, "(%d times something was found)", found);
}

int
main(void)
{
	char data[64];

	if (mkdtemp(home) == NULL)
		return 1;
	snprintf(data, sizeof(data), "%s/data", home);
	mkdir(data, 0700);
	snprintf(path, sizeof(path), "%s/rcptcheck.cdb", data);
	write_cdb();
	if (checker_open(&checker, home) == -1)
		return 1;
	for (size_t i = 0; i < CASES; i++)
		is_str(ask(cases[i].address), cases[i].want, cases[i].address);
	ask("alice@plain.example");
	ok(!check.trouble && check.note == NULL, "known: no trouble, no note");
	ask("x@empty.example");
	ok(check.trouble && strcmp(check.note, "incomplete") == 0,
	    "an empty list is our trouble");
	checker.cdb_kept = "damaged";
	is_str(ask("alice@plain.example"), "accept local", "an old CDB: who is in it");
	is_str(ask("bob@plain.example"), "tempfail local", "who is not may be new");
	is_str(check.note, "old", "as the log says");
	checker.cdb_kept = NULL;
	test_flips();
	if (truncate(path, 3000) == 0)
		is_str(ask("alice@plain.example"), "tempfail cdb", "a file that was cut");
	unlink(path);
	rmdir(data);
	rmdir(home);
	return tap_done();
}
