#include "report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

#define VALUE_MAX 120 /* bytes of a value that are shown */

static const char *const prefixes[] = {
    [REPORT_BAD] = "rcptbuild: ",
    [REPORT_WARNING] = "rcptbuild: warning: ",
};

void
report_add(struct report *report, enum report_kind kind, const char *text)
{
	report_add_as(report, kind, text, text);
}

void
report_add_as(
    struct report *report, enum report_kind kind, const char *text, const char *identity)
{
	struct report_list *list = &report->lists[kind];
	size_t len = strlen(text) + 1; /* with its newline */
	char *more;

	/* A sum, so that their order does not count; odd, so that some are never none. */
	report->digest +=
	    checksum_add(checksum_add_number(CHECKSUM_START, kind), identity, strlen(identity))
		<< 1 |
	    1;
	if (list->count++ >= REPORT_LINES)
		return;
	if (list->room - list->len < len) {
		size_t room = list->room * 2 + len;

		/* Without memory a line is lost, but never that there was one. */
		if ((more = realloc(list->text, room)) == NULL)
			return;
		list->text = more;
		list->room = room;
	}
	memcpy(list->text + list->len, text, len - 1);
	list->text[list->len + len - 1] = '\n';
	list->len += len;
}

void
report_row(struct report *report, enum report_kind kind, const char *table, int64_t rowid,
    const char *column, const char *value, size_t len, const char *reason)
{
	struct line line;

	line_start(&line);
	line_add(&line, table);
	line_add(&line, ": rowid ");
	line_add_number(&line, rowid);
	line_add(&line, ": ");
	line_add(&line, column);
	if (value == NULL) {
		line_add(&line, ": NULL: ");
	} else {
		line_add(&line, ": '");
		line_add_foreign(&line, value, len, VALUE_MAX);
		line_add(&line, "': ");
	}
	line_add(&line, reason);
	report_add(report, kind, line.text);
}

int
report_trouble(struct report *report, const char *format, ...)
{
	char text[LINE_SIZE];
	struct line line;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_start(&line);
	line_add_foreign(&line, text, strlen(text), sizeof(text));
	memcpy(report->trouble, line.text, line.len + 1);
	return -1;
}

void
report_print(const struct report *report, FILE *out)
{
	for (int kind = REPORT_BAD; kind <= REPORT_WARNING; kind++) {
		const struct report_list *list = &report->lists[kind];

		for (size_t at = 0; at < list->len;) {
			const char *line = list->text + at;
			size_t len =
			    (size_t)((char *)memchr(line, '\n', list->len - at) - line) + 1;

			fprintf(out, "%s%.*s", prefixes[kind], (int)len, line);
			at += len;
		}
		if (list->count > REPORT_LINES)
			fprintf(out, "%sand %zu more\n", prefixes[kind],
			    list->count - REPORT_LINES);
	}
}

void
report_free(struct report *report)
{
	free(report->lists[REPORT_BAD].text);
	free(report->lists[REPORT_WARNING].text);
	memset(report, 0, sizeof(*report));
}
