#include "status.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define COLUMNS 80
#define LINES   24
#define INDENT  4
#define FEWEST  7 /* lines that problems get, if the facts fill the screen */

void
status_add(struct status *status, enum status_level level, const struct line *text)
{
	struct status_list *list = &status->facts;

	if (level != STATUS_OK)
		list = level == STATUS_WARNING ? &status->warnings : &status->criticals;
	if (list->count < STATUS_TEXTS)
		snprintf(list->texts[list->count], sizeof(list->texts[0]), "%.*s", STATUS_TEXT,
		    text->text);
	list->count++;
}

void
status_add_text(struct status *status, enum status_level level, const char *text)
{
	struct line line;

	line_start(&line);
	line_add(&line, text);
	status_add(status, level, &line);
}

void
status_add_time(struct line *line, int64_t when)
{
	time_t seconds = (time_t)when;
	char text[32];
	struct tm local;

	if (localtime_r(&seconds, &local) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local) == 0)
		strcpy(text, "an unknown time");
	line_add(line, text);
}

enum status_level
status_level(const struct status *status)
{
	if (status->criticals.count > 0)
		return STATUS_CRITICAL;
	return status->warnings.count > 0 ? STATUS_WARNING : STATUS_OK;
}

/* The text of a problem by its number, the worst first; NULL when it was only counted. */
static const char *
problem(const struct status *status, size_t number)
{
	const struct status_list *list = &status->criticals;

	if (number >= list->count) {
		number -= list->count;
		list = &status->warnings;
	}
	return number < list->count && number < STATUS_TEXTS ? list->texts[number] : NULL;
}

/* Prints a text in lines that fit, or only counts them if out is NULL. */
static int
wrap(const char *text, FILE *out)
{
	size_t indent = 0;
	int lines = 0;

	while (*text != '\0') {
		size_t room = COLUMNS - indent, len = strlen(text);

		if (len > room) {
			for (len = room; len > room / 2 && text[len] != ' ';)
				len--;
			if (text[len] != ' ')
				len = room;
		}
		if (out != NULL)
			fprintf(out, "%*s%.*s\n", (int)indent, "", (int)len, text);
		text += len + strspn(text + len, " ");
		indent = INDENT;
		lines++;
	}
	return lines;
}

/* All problems but the first, which is in the first line, as far as they have room. */
static void
print_problems(const struct status *status, size_t count, int room, FILE *out)
{
	char text[STATUS_TEXT + 16];
	const char *next;
	size_t told = 1;

	for (; told < count && (next = problem(status, told)) != NULL; told++) {
		bool last = told + 1 == count;

		snprintf(text, sizeof(text), "%s: %s",
		    told < status->criticals.count ? "critical" : "warning", next);
		room -= wrap(text, NULL);
		if (room < (last ? 0 : 1))
			break;
		wrap(text, out);
	}
	if (told < count)
		fprintf(out, "... and %zu more\n", count - told);
}

void
status_print(const struct status *status, const char *summary, FILE *out)
{
	static const char *const names[] = {"OK", "WARNING", "CRITICAL"};
	size_t count = status->criticals.count + status->warnings.count;
	int room = LINES - 1 - (int)status->facts.count;
	char first[STATUS_TEXT + 1];

	snprintf(first, sizeof(first), "%s", count > 0 ? problem(status, 0) : summary);
	/* Behind a bar monitoring expects figures, and there is no escape for it. */
	for (char *bar; (bar = strchr(first, '|')) != NULL;)
		*bar = '/';
	fprintf(out, "RCPTCHECK %s - %s", names[status_level(status)], first);
	if (count > 1)
		fprintf(out, " (and %zu more)", count - 1);
	putc('\n', out);
	print_problems(status, count, room < FEWEST ? FEWEST : room, out);
	for (size_t i = 0; i < status->facts.count && i < STATUS_TEXTS; i++)
		fprintf(out, "%.*s\n", COLUMNS, status->facts.texts[i]);
}
