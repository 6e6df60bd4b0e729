#include "status.h"

#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define COLUMNS 80
#define LINES   24
#define INDENT  4
#define FEWEST  7 /* lines that problems get, if the facts fill the screen */

#define TIME_MIN INT64_C(631152000)  /* 1990 */
#define TIME_MAX INT64_C(4102444800) /* 2100 */

static const enum status_level worst_first[] = {
    STATUS_CRITICAL, STATUS_UNKNOWN, STATUS_WARNING};

#define LEVELS (sizeof(worst_first) / sizeof(worst_first[0]))

void
status_add(struct status *status, enum status_level level, const struct line *text)
{
	struct status_list *list = &status->of[level];

	if (list->count < STATUS_TEXTS) {
		char *own = list->texts[list->count];

		snprintf(own, sizeof(list->texts[0]), "%.*s", STATUS_TEXT, text->text);
		/* Behind a bar monitoring expects figures, and there is no escape for it. */
		while ((own = strchr(own, '|')) != NULL)
			*own = '/';
	}
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

	if (when < TIME_MIN || when >= TIME_MAX || localtime_r(&seconds, &local) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local) == 0)
		strcpy(text, "-");
	line_add(line, text);
}

void
status_add_user(struct line *line, uid_t user)
{
	const struct passwd *entry = getpwuid(user);

	if (entry != NULL)
		line_add(line, entry->pw_name);
	else
		line_add_number(line, (int64_t)user);
}

void
status_add_count(struct line *line, int64_t count, const char *one, const char *many)
{
	line_add_number(line, count);
	line_add(line, " ");
	line_add(line, count == 1 ? one : many);
}

enum status_level
status_level(const struct status *status)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (status->of[worst_first[i]].count > 0)
			return worst_first[i];
	return STATUS_OK;
}

/*
 * The text and the level of a problem by its number, the worst first; NULL when it was only
 * counted, or there is none.
 */
static const char *
problem(const struct status *status, size_t number, enum status_level *level)
{
	for (size_t i = 0; i < LEVELS; i++) {
		const struct status_list *list = &status->of[worst_first[i]];

		*level = worst_first[i];
		if (number < list->count)
			return number < STATUS_TEXTS ? list->texts[number] : NULL;
		number -= list->count;
	}
	return NULL;
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

static size_t
count_problems(const struct status *status)
{
	size_t count = 0;

	for (size_t i = 0; i < LEVELS; i++)
		count += status->of[worst_first[i]].count;
	return count;
}

size_t
status_room(const struct status *status)
{
	size_t problems = count_problems(status), lines = 0;
	size_t used = 1 + status->of[STATUS_OK].count;

	if (problems > 1) /* each has two lines at most, or nearly */
		lines = 2 * (problems - 1);
	used += lines < FEWEST ? lines : FEWEST;
	return used < LINES ? LINES - used : 0;
}

/* All problems but the first, which is in the first line, as far as they have room. */
static void
print_problems(const struct status *status, size_t count, int room, FILE *out)
{
	static const char *const names[] = {"ok", "warning", "critical", "unknown"};
	char text[STATUS_TEXT + 16];
	enum status_level level;
	const char *next;
	size_t told = 1;

	for (; told < count && (next = problem(status, told, &level)) != NULL; told++) {
		bool last = told + 1 == count;

		snprintf(text, sizeof(text), "%s: %s", names[level], next);
		room -= wrap(text, NULL);
		if (room < (last ? 0 : 1))
			break;
		wrap(text, out);
	}
	if (told < count)
		fprintf(out, "... and %zu more\n", count - told);
}

void
status_print(const struct status *status, FILE *out)
{
	static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	const char *summary = status->summary;
	const struct status_list *facts = &status->of[STATUS_OK];
	int room = LINES - 1 - (int)facts->count;
	enum status_level level;
	size_t count = count_problems(status);

	if (count > 0)
		summary = problem(status, 0, &level);
	fprintf(out, "RCPTCHECK %s - %s", names[status_level(status)], summary);
	if (count > 1)
		fprintf(out, " (and %zu more)", count - 1);
	putc('\n', out);
	print_problems(status, count, room < FEWEST ? FEWEST : room, out);
	for (size_t i = 0; i < facts->count && i < STATUS_TEXTS; i++)
		fprintf(out, "%.*s\n", COLUMNS, facts->texts[i]);
}
