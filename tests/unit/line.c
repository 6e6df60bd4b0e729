/*
 * Lines: nothing from outside starts a line, forges a key or moves a cursor, and no line
 * outgrows its buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/line.h"
#include "tap.h"

static struct line line;

static const char *
pair(const char *value, size_t len)
{
	line_start(&line);
	line_pair_bytes(&line, "k", value, len);
	return line.text;
}

static void
test_text(void)
{
	line_start(&line);
	is_str(line.text, "", "a line starts empty");
	line_add(&line, "rcptcheck: ");
	line_add_number(&line, -9223372036854775807 - 1);
	is_str(line.text, "rcptcheck: -9223372036854775808", "text and the longest number");
	line_pair(&line, "why", "cache");
	line_pair_number(&line, "age", 12);
	is_str(line.text, "rcptcheck: -9223372036854775808 why=cache age=12", "pairs");
	is_int((int)line.len, (int)strlen(line.text), "len is the length");

	line_start(&line);
	line_add_foreign(&line, "abcdef", 6, 3);
	is_str(line.text, "abc...", "foreign text is cut");
	line_start(&line);
	line_add_foreign(&line, "abc", 3, 3);
	is_str(line.text, "abc", "but not when it fits");
	line_start(&line);
	line_add_foreign(&line, "a\r\n\t\0\x1b[2J\x7f\x80\xff\\~ ", 15, 100);
	is_str(line.text, "a\\x0d\\x0a\\x09\\x00\\x1b[2J\\x7f\\x80\\xff\\x5c~ ",
	    "and made printable");
}

static void
test_pairs(void)
{
	is_str(pair("a", 1), "k=a", "no blank before the first pair");
	is_str(pair("", 0), "k=\"\"", "an empty value");
	is_str(pair("a b", 3), "k=\"a b\"", "a blank");
	is_str(pair("a=b", 3), "k=\"a=b\"", "an equals sign");
	is_str(pair("a\"b", 3), "k=\"a\\\"b\"", "a double quote");
	is_str(
	    pair("x\" verdict=\"accept", 18), "k=\"x\\\" verdict=\\\"accept\"", "a forged key");
	is_str(pair("x\\\" v=1", 7), "k=\"x\\x5c\\\" v=1\"", "a forged key behind a backslash");
	is_str(pair("a\nb", 3), "k=a\\x0ab", "a forged line");
}

static void
test_bounds(void)
{
	static char big[3 * LINE_SIZE];
	bool good = true;

	memset(big, 'x', sizeof(big));
	pair(big, 401);
	ok(line.len == 2 + 400 + 3 && strcmp(line.text + 402, "...") == 0,
	    "a value is cut at 400");
	pair(big, 400);
	ok(line.len == 402 && !line.full, "but not one of 400");
	big[0] = ' ';
	pair(big, sizeof(big));
	is_str(
	    line.text + line.len - 4, "...\"", "a cut value in quotes has its closing quote");
	memset(big, '\x80', sizeof(big));
	pair(big, sizeof(big));
	ok(line.len == 2 + 1600 + 3 && !line.full, "a value of escapes alone fits");

	for (size_t len = LINE_SIZE - 20; len < LINE_SIZE + 20; len++) {
		memset(big, 'x', sizeof(big));
		big[len] = '\0';
		line_start(&line);
		line_add(&line, big);
		good = good && line.text[line.len] == '\0' && line.len < LINE_SIZE &&
		    line.len == strlen(line.text);
		big[len] = 'x';
		for (size_t i = 0; i < 3 * LINE_SIZE; i++) {
			line_pair_bytes(&line, "key", "\n", 1);
			good = good && line.text[line.len] == '\0' && line.len < LINE_SIZE;
		}
		good = good && line.full && strcmp(line.text + line.len - 3, "...") == 0;
	}
	ok(good, "a full line ends in ... and takes nothing more");
}

static void
test_random(void)
{
	bool good = true;
	size_t full = 0;

	srand(1);
	for (int i = 0; i < 3000; i++) {
		size_t last = 0;

		line_start(&line);
		for (int j = rand() % 30; j >= 0; j--) {
			char bytes[500];
			size_t len = (size_t)rand() % sizeof(bytes);

			for (size_t b = 0; b < len; b++)
				bytes[b] = (char)rand();
			line_pair_bytes(&line, "key", bytes, len);
			good = good && line.len >= last && line.len < LINE_SIZE &&
			    line.text[line.len] == '\0';
			last = line.len;
		}
		full += line.full;
		for (size_t b = 0; b < line.len; b++)
			good = good && line.text[b] >= ' ' && line.text[b] <= '~';
	}
	ok(good && full > 100, "random bytes leave a printable line inside its buffer");
}

static void
test_write(void)
{
	int fds[2];
	char got[64];
	ssize_t n;

	if (pipe2(fds, O_NONBLOCK) == -1)
		return;
	pair("v", 1);
	is_int(line_write(&line, fds[1]), 0, "a line is written");
	n = read(fds[0], got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	is_str(got, "k=v\n", "with its newline");
	while (write(fds[1], "x", 1) == 1)
		;
	errno = 0;
	ok(line_write(&line, fds[1]) == -1 && errno == EAGAIN, "a full pipe is an error");
	signal(SIGPIPE, SIG_IGN);
	close(fds[0]);
	ok(line_write(&line, fds[1]) == -1 && errno == EPIPE, "so is a closed one");
	close(fds[1]);
}

int
main(void)
{
	test_text();
	test_pairs();
	test_bounds();
	test_random();
	test_write();
	return tap_done();
}
