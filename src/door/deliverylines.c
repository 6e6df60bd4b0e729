#include "deliverylines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliverykeep.h"
#include "deliverytarget.h"
#include "deliverytext.h"

/*
 * An alias of nothing: nobody listens at port 0, so qmail-remote says 4.4.1, and what was accepted waits in
 * the queue. By the MX records of the domain it would come back to us; a name without an address bounces.
 */
static const char nowhere[] = ":127.0.0.1:0\n";

struct lines {
	struct deliverymaking *making;
	struct deliverytext text;        /* the lines */
	struct deliverytext_split split; /* and what the administrator has in the file */
	struct deliverykeep keep;        /* routes of before */
};

static bool
is_taken(const struct lines *lines, uint32_t domain)
{
	const struct source *source = lines->making->source;

	return intern_find(&lines->split.keys, intern_text(&source->names, domain),
		   intern_len(&source->names, domain)) != INTERN_NONE;
}

static void
add_host(void *context, uint32_t domain, const struct deliverytarget *target)
{
	struct lines *lines = context;
	struct deliverymaking *making = lines->making;

	(void)target;
	if (is_taken(lines, domain) || !deliverymaking_has_way(making, domain))
		return;
	making->written++;
	deliverytext_string(&lines->text, intern_text(&making->source->names, domain));
	deliverytext_string(&lines->text, "\n");
}

/* qmail knows one relay for a domain, and no IPv6. */
static void
add_route(void *context, uint32_t domain, const struct deliverytarget *target)
{
	struct lines *lines = context;
	struct deliverymaking *making = lines->making;
	char ip[INET_ADDRSTRLEN], port[16] = "";
	const char *host = target->host;
	unsigned number = target->port;
	size_t i = 0;

	making->has_way[domain] = target->local || target->nothing ||
	    deliverytext_routes(&lines->split, intern_text(&making->source->names, domain));
	if (is_taken(lines, domain))
		return;
	if (target->nothing) {
		making->written++;
		deliverytext_string(&lines->text, intern_text(&making->source->names, domain));
		deliverytext_string(&lines->text, nowhere);
		return;
	}
	while (i < target->count && target->servers[i].family != 4)
		i++;
	if (i < target->count) {
		host = inet_ntop(AF_INET, target->servers[i].address, ip, sizeof(ip));
		number = target->servers[i].port;
	}
	if (host == NULL) {
		if (!target->local)
			deliverymaking_leave_out(making, domain);
		return;
	}
	making->has_way[domain] = 1;
	making->written++;
	if (number != SOURCE_PORT)
		snprintf(port, sizeof(port), ":%u", number);
	deliverytext_string(&lines->text, intern_text(&making->source->names, domain));
	deliverytext_string(&lines->text, ":");
	deliverytext_string(&lines->text, host);
	deliverytext_string(&lines->text, port);
	deliverytext_string(&lines->text, "\n");
}

/* Calls take for each line of our block as it is, with its domain; until that returns other than 0. */
static int
each_old_line(struct lines *lines, const struct deliveryfile *file,
    int (*take)(struct lines *lines, const char *line, size_t len, size_t domain_len))
{
	size_t at = lines->split.before, end = lines->split.after;

	while (at < end) {
		const char *line = file->bytes + at, *lf = memchr(line, '\n', end - at);
		size_t len = lf != NULL ? (size_t)(lf - line) : end - at;
		const char *colon = memchr(line, ':', len);

		if (line[0] != '#' && colon != NULL && colon > line &&
		    take(lines, line, len, (size_t)(colon - line)) != 0)
			return -1;
		at += len + 1;
	}
	return 0;
}

static int
note_old_route(struct lines *lines, const char *line, size_t len, size_t domain_len)
{
	const struct deliverymaking *making = lines->making;
	uint32_t domain = intern_find(&making->source->names, line, domain_len);

	(void)len;
	if ((domain != INTERN_NONE && making->has_way[domain]) ||
	    intern_find(&lines->split.keys, line, domain_len) != INTERN_NONE)
		return 0;
	return deliverykeep_note(&lines->keep, line, domain_len);
}

static int
keep_old_route(struct lines *lines, const char *line, size_t len, size_t domain_len)
{
	if (!deliverykeep_needs(&lines->keep, line, domain_len))
		return 0;
	deliverymaking_keep(lines->making, line, domain_len);
	deliverytext_add(&lines->text, line, len);
	deliverytext_string(&lines->text, "\n");
	return 0;
}

/* Routes of before that mail still needs. Returns 0, or -1 for want of memory. */
static int
keep_old_routes(struct lines *lines, const struct deliveryfile *file)
{
	const struct deliverymaking *making = lines->making;

	if (each_old_line(lines, file, note_old_route) == -1)
		return -1;
	deliverykeep_look(&lines->keep, making->text_hosts, making->cdb_hosts);
	return each_old_line(lines, file, keep_old_route);
}

static const char *
write_text(
    struct deliverymaking *making, const struct deliveryfile *file, deliverytarget_take *add)
{
	struct lines lines = {.making = making};
	struct deliverytext out = {0};
	const char *why = deliverytext_find(&lines.split, file->bytes, file->len);
	int fd;

	if (why == NULL) {
		making->failed = deliverytarget_each(making->source, add, &lines) == -1;
		if (add == add_route && !making->failed)
			making->failed = keep_old_routes(&lines, file) == -1;
		deliverytext_merge(&out, &lines.split, file->bytes, file->len, &lines.text);
		if (out.failed || making->failed)
			why = "out of memory";
		else
			why = deliverymaking_judge_loss(making, lines.split.lines);
	}
	if (why == NULL)
		why = deliveryfile_start(file, &fd);
	if (why == NULL) {
		why = deliveryfile_write(fd, out.bytes, out.len);
		if (why == NULL)
			why = deliveryfile_finish(file, fd);
		else
			deliveryfile_abandon(file, fd);
	}
	free(out.bytes);
	free(lines.text.bytes);
	intern_free(&lines.split.keys);
	deliverykeep_free(&lines.keep);
	return why;
}

const char *
deliverylines_smtproutes(struct deliverymaking *making, const struct deliveryfile *file)
{
	return write_text(making, file, add_route);
}

const char *
deliverylines_rcpthosts(struct deliverymaking *making, const struct deliveryfile *file)
{
	return write_text(making, file, add_host);
}
