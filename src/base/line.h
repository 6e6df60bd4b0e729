/*
 * One line of text for a log, a terminal or a reply, built in place and always printable.
 *
 * Foreign bytes go in only through line_add_foreign, line_pair and line_pair_bytes: control
 * bytes, 8-bit bytes and backslashes become \xHH, so that nothing from outside can start a
 * line, forge a key or move a cursor.
 */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_SIZE 2048

struct line {
	size_t len;
	bool full;            /* cut: the text ends in "..." and nothing more goes in */
	char text[LINE_SIZE]; /* ends in NUL */
};

void line_start(struct line *line);

/* Text of our own, as it is. */
void line_add(struct line *line, const char *text);
void line_add_number(struct line *line, int64_t number);

/* Text from outside, at most max bytes of it. */
void line_add_foreign(struct line *line, const char *bytes, size_t len, size_t max);

/*
 * " key=value" (no blank before the first pair of a line). A value that is empty or holds
 * blanks, double quotes or equals signs is put in double quotes. Values are cut after 400
 * bytes.
 */
void line_pair(struct line *line, const char *key, const char *value);
void line_pair_bytes(struct line *line, const char *key, const char *value, size_t len);
void line_pair_number(struct line *line, const char *key, int64_t number);

/* Writes the line and a newline in one write(2). Returns 0, or -1 with errno. */
int line_write(const struct line *line, int fd);

#endif
