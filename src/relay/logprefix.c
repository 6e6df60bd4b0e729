#include "logprefix.h"

#include <string.h>

#define TAG_MAX 64

/*
 * Steps over what has the form of the pattern, in which "0" stands for a digit, "h" for a hex digit,
 * "A" for a letter, "_" for a digit or a blank, and all else for itself. NULL when there is
 * something else.
 */
static const char *
step_over(const char *p, const char *end, const char *pattern)
{
	for (; *pattern != '\0'; p++, pattern++) {
		bool digit, fits;

		if (p == end)
			return NULL;
		digit = *p >= '0' && *p <= '9';
		switch (*pattern) {
		case '0':
			fits = digit;
			break;
		case 'h':
			fits = digit || (*p >= 'a' && *p <= 'f');
			break;
		case 'A':
			fits = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
			break;
		case '_':
			fits = digit || *p == ' ';
			break;
		default:
			fits = *p == *pattern;
		}
		if (!fits)
			return NULL;
	}
	return p;
}

static const char *
step_over_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* "<22>", as on the way to a syslogd. */
static const char *
step_over_priority(const char *p, const char *end)
{
	const char *digits = p + 1, *stop;

	if (p == end || *p != '<')
		return p;
	stop = step_over_digits(digits, end);
	return stop > digits && stop - digits <= 3 && stop < end && *stop == '>' ? stop + 1 : p;
}

static const char *
step_over_fraction(const char *p, const char *end)
{
	return p < end && *p == '.' ? step_over_digits(p + 1, end) : p;
}

/* "+00:00", "+0000" or "Z" of an ISO time. */
static const char *
step_over_zone(const char *p, const char *end)
{
	static const char *const forms[] = {"+00:00", "-00:00", "+0000", "-0000", "Z"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *next = step_over(p, end, forms[i]);

		if (next != NULL)
			return next;
	}
	return p;
}

/* A time of a syslog, with the blank behind it; NULL when there is none. */
static const char *
step_over_time(const char *p, const char *end)
{
	const char *next = step_over(p, end, "AAA _0 00:00:00"); /* Nov 21 04:28:41 */

	if (next != NULL) {

		next = step_over_fraction(next, end);
	} else {
		next = step_over(p, end, "0000-00-00T00:00:00");
		if (next == NULL)
			return NULL;
		next = step_over_zone(step_over_fraction(next, end), end);
	}
	return step_over(next, end, " ");
}

static bool
in_tag(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-_./+()", c) != NULL);
}

/* "tag: " or "tag[pid]: " at p; returns the message, or NULL. */
static const char *
take_tag(struct logprefix *prefix, const char *p, const char *end)
{
	const char *stop = p, *pid;

	while (stop < end && in_tag(*stop))
		stop++;
	if (stop == p || stop - p > TAG_MAX)
		return NULL;
	prefix->tag = p;
	prefix->tag_len = (size_t)(stop - p);
	prefix->has_pid = stop < end && *stop == '[';
	if (stop < end && *stop == '[') {
		pid = stop + 1;
		stop = step_over_digits(pid, end);
		if (stop == pid || stop == end || *stop != ']')
			return NULL;
		stop++;
	}
	return step_over(stop, end, ": ");
}

/* Behind the time: "host tag: ", or "tag: " in a file that a daemon writes itself. */
static const char *
take_host_and_tag(struct logprefix *prefix, const char *p, const char *end)
{
	const char *message = take_tag(prefix, p, end), *host = p;

	if (message != NULL)
		return message;
	while (p<end && * p> ' ')
		p++;
	/* A word that ends in a colon is a tag that we don't know, not a host. */
	if (p == host || p == end || *p != ' ' || p[-1] == ':')
		return NULL;
	return take_tag(prefix, p + 1, end);
}

/* nginx in its own file: 2026/11/21 04:28:41 [info] ... */
static bool
is_nginx(const char *p, const char *end)
{
	return step_over(p, end, "0000/00/00 00:00:00 [A") != NULL;
}

/*
 * Perdition in its own file: Nov 21 04:28:41 perdition.imap4[77]: ..., where a syslog has a host, which
 * may well be called perdition1.
 */
static bool
is_perdition(const char *p, const char *end)
{
	const char *next = step_over(p, end, "AAA _0 00:00:00 ");
	struct logprefix own;

	return next != NULL && step_over(next, end, "perdition") != NULL &&
	    take_tag(&own, next, end) != NULL;
}

void
logprefix_parse(struct logprefix *prefix, const char *line, size_t len)
{
	const char *end = line + len, *p = line, *next;

	/* multilog t */
	if ((next = step_over(p, end, "@hhhhhhhhhhhhhhhhhhhhhhhh ")) != NULL)
		p = next;
	prefix->unsafe = is_nginx(p, end) || is_perdition(p, end);
	p = step_over_priority(p, end);
	prefix->tag_len = 0;
	prefix->has_pid = false;
	if ((next = step_over_time(p, end)) != NULL &&
	    (next = take_host_and_tag(prefix, next, end)) != NULL) {
		p = next;
		/* splogger */
		if ((next = step_over(p, end, "0000000000.000000 ")) != NULL)
			p = next;
	} else {
		prefix->tag_len = 0;
	}
	prefix->message = p;
	prefix->message_len = (size_t)(end - p);
}
