/*
 * What rcptstatus prints: the worst first, on one screen, whatever there is to say.
 */
#include "door/status.h"

#include <stdlib.h>
#include <time.h>

#include "tap.h"

static struct status status;
static char *text;

static void
add(enum status_level level, const char *format, int number)
{
	char problem[64];

	snprintf(problem, sizeof(problem), "%s %d", format, number);
	status_add_text(&status, level, problem);
}

/* Prints, and starts anew. Returns the number of lines behind the first. */
static int
print(void)
{
	size_t size;
	FILE *out;
	int lines = 0;

	free(text);
	out = open_memstream(&text, &size);
	if (status.summary[0] == '\0')
		strcpy(status.summary, "all is well");
	status_print(&status, out);
	fclose(out);
	memset(&status, 0, sizeof(status));
	for (const char *p = strchr(text, '\n') + 1, *end; (end = strchr(p, '\n')) != NULL;
	     p = end + 1) {
		if (end - p > 80)
			return 1000;
		lines++;
	}
	return lines;
}

static void
test_levels(void)
{
	is_int(status_level(&status), STATUS_OK, "nothing is wrong");
	is_int(print(), 0, "one line");
	is_str(text, "RCPTCHECK OK - all is well\n", "says so");
	add(STATUS_OK, "fact", 1);
	is_int(status_level(&status), STATUS_OK, "a fact is no problem");
	add(STATUS_WARNING, "first", 1);
	is_int(status_level(&status), STATUS_WARNING, "a warning is one");
	add(STATUS_WARNING, "second", 2);
	add(STATUS_CRITICAL, "worse", 3);
	is_int(status_level(&status), STATUS_CRITICAL, "the worst counts");
	print();
	is_str(text,
	    "RCPTCHECK CRITICAL - worse 3 (and 2 more)\n"
	    "warning: first 1\nwarning: second 2\nfact 1\n",
	    "the worst first, then the others in their order, then facts");
	add(STATUS_CRITICAL, "a | b", 1);
	add(STATUS_OK, "c | d", 2);
	print();
	is_str(text, "RCPTCHECK CRITICAL - a / b 1\nc / d 2\n", "no bar in any line");
	add(STATUS_WARNING, "warned", 1);
	add(STATUS_UNKNOWN, "unknown", 1);
	is_int(status_level(&status), STATUS_UNKNOWN, "not to know is worse than a warning");
	print();
	is_str(text, "RCPTCHECK UNKNOWN - unknown 1 (and 1 more)\nwarning: warned 1\n",
	    "and is said so");
	strcpy(status.summary, "2 domains");
	print();
	is_str(text, "RCPTCHECK OK - 2 domains\n", "a summary of its own");
}

static void
test_room(void)
{
	char word[2 * STATUS_TEXT];
	int lines;

	for (int i = 0; i < 100; i++)
		add(i % 2 ? STATUS_WARNING : STATUS_CRITICAL, "problem", i);
	is_int(print(), 23, "a hundred problems fill the screen");
	ok(strncmp(text, "RCPTCHECK CRITICAL - problem 0 (and 99 more)\ncritical: problem 2\n",
	       60) == 0,
	    "the worst of them");
	ok(strstr(text, "\n... and 77 more\n") != NULL, "and the rest is counted");
	for (int i = 0; i < 23; i++)
		add(STATUS_WARNING, "problem", i);
	is_int(print(), 22, "as many as have room");
	ok(strstr(text, "...") == NULL, "are all there");
	for (int i = 0; i < 100; i++) {
		add(STATUS_WARNING, "problem", i);
		if (i < 16)
			add(STATUS_OK, "fact", i);
	}
	is_int(print(), 23, "with many facts fewer problems");
	ok(strstr(text, "\n... and 93 more\nfact 0\n") != NULL, "but some");

	is_int((long long)status_room(&status), 23, "a screen has room for so many facts");
	add(STATUS_OK, "fact", 1);
	add(STATUS_WARNING, "problem", 1);
	is_int((long long)status_room(&status), 22, "the first problem is in the first line");
	for (int i = 0; i < 100; i++)
		add(STATUS_WARNING, "problem", i);
	is_int((long long)status_room(&status), 15, "the others keep some lines");
	while (status_room(&status) > 0)
		add(STATUS_OK, "fact", 1);
	is_int(print(), 23, "and then it is full");
	for (int i = 0; i < 100; i++)
		add(STATUS_OK, "fact", i);
	is_int((long long)status_room(&status), 0, "not more than that");
	print();

	for (int i = 0; i < 60; i++)
		memcpy(word + 5 * i, "word ", 6);
	status_add_text(&status, STATUS_WARNING, "x");
	status_add_text(&status, STATUS_WARNING, word);
	status_add_text(&status, STATUS_OK, word);
	lines = print();
	ok(lines == 6 && strstr(text, "\n    word") != NULL,
	    "long ones are wrapped, facts cut");
	memset(word, 'x', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	status_add_text(&status, STATUS_WARNING, "x");
	status_add_text(&status, STATUS_WARNING, word);
	lines = print();
	ok(lines == 5, "also where there is no blank");
	for (int i = 0; i < 20; i++)
		status_add_text(&status, STATUS_WARNING, word);
	ok(print() <= 23, "many long ones fit as well");
}

int
main(void)
{
	struct line line;

	setenv("TZ", "UTC", 1);
	tzset();
	test_levels();
	test_room();
	line_start(&line);
	status_add_time(&line, 1795257120);
	is_str(line.text, "2026-11-21 10:32", "a time");
	line_start(&line);
	status_add_time(&line, INT64_MAX);
	is_str(line.text, "-", "and one that is none");
	line_start(&line);
	status_add_time(&line, 631152000 - 1);
	status_add_time(&line, 4102444800);
	is_str(line.text, "--", "nor is one that cannot be meant");
	line_start(&line);
	status_add_count(&line, 1, "server", "servers");
	line_add(&line, ", ");
	status_add_count(&line, 0, "server", "servers");
	is_str(line.text, "1 server, 0 servers", "one and more");
	free(text);
	return tap_done();
}
