#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "sourceservers.h"

static void
complain(const struct source *source, struct report *report, enum report_kind kind,
    const char *table, int64_t rowid, const char *column, uint32_t name, const char *reason)
{
	report_row(report, kind, table, rowid, column, intern_text(&source->names, name),
	    intern_len(&source->names, name), reason);
}

/* Does the backup ask itself? A loop through another port is the business of who listens there.
 */
static bool
is_loop(const struct source *source, uint32_t server_number, const struct host_self *self)
{
	struct source_server server = source_server(source, server_number);
	const struct record_server *addresses;
	size_t count;

	if (server.port != SOURCE_PORT)
		return false;
	addresses = sourceservers_of_host(source, server.host, &count);
	for (size_t i = 0; i < count; i++)
		if (host_is_self(self, &addresses[i]))
			return true;
	return false;
}

static int
judge_loops(struct source *source, const struct host_self *self, struct report *report)
{
	bool *loop = calloc((size_t)source->servers.count + 1, sizeof(*loop)), any = false;

	if (loop == NULL)
		return report_trouble(report, "out of memory for domain_ips");
	for (uint32_t i = 0; i < source->servers.count; i++)
		any = (loop[i] = is_loop(source, i, self)) || any;
	for (size_t i = 0; any && i < source->row_count; i++) {
		const struct source_row *row = &source->rows[i];
		uint32_t host = source_server(source, row->server).host;

		if (loop[row->server])
			report_row(report, REPORT_BAD, "domain_ips", row->rowid, "ip",
			    intern_text(&source->hosts, host), intern_len(&source->hosts, host),
			    "is this very host at port 25: it would ask itself");
	}
	free(loop);
	return 0;
}

int
judge_servers(struct source *source, const struct host_self *self, struct report *report)
{
	struct record_server servers[RECORD_SERVERS_MAX];
	size_t count;
	int64_t rowid;

	if (judge_loops(source, self, report) == -1)
		return -1;
	for (uint32_t i = 0; i < source->names.count; i++) {
		uint32_t row = source->of_name[i].row;

		/* One row with one address, as most have, can't be too many. */
		if (row == INTERN_NONE ||
		    (source->rows[row].next == INTERN_NONE && source->host_names.count == 0))
			continue;
		switch (sourceservers_of_name(source, i, servers, &count, &rowid)) {
		case -1:
			return report_trouble(report, "out of memory for domain_ips");
		case 1:
			complain(source, report, REPORT_BAD, "domain_ips", rowid, "domain", i,
			    "has more than 32 addresses of servers with this row");
			break;
		}
	}
	return 0;
}

/* Is there anything that would be looked up by this name? */
static bool
is_ours(const struct source *source, uint32_t name)
{
	return source_is_domain(source, name) || source_is_alias(source, name);
}

static void
judge_names(const struct source *source, struct report *report)
{
	for (uint32_t i = 0; i < source->names.count; i++) {
		const struct source_name *name = &source->of_name[i];
		const struct source_alias *alias;

		if (name->row != INTERN_NONE && (name->flags & NAME_IS_TARGET) == 0 &&
		    !source_is_domain(source, i))
			complain(source, report, REPORT_WARNING, "domain_ips",
			    source->rows[name->row].rowid, "domain", i,
			    "is no mail domain, and no row in domain_aliases refers to it: no "
			    "effect");
		if (name->alias == INTERN_NONE)
			continue;
		alias = &source->aliases[name->alias];
		if (source_is_domain(source, i))
			complain(source, report, REPORT_WARNING, "domain_aliases", alias->rowid,
			    "alias", i,
			    "is in domain_ips too: it counts as a domain, not as an alias");
		else if (source->of_name[alias->target].row == INTERN_NONE &&
		    (source->of_name[alias->target].flags & NAME_LOCAL) == 0)
			complain(source, report, REPORT_WARNING, "domain_aliases", alias->rowid,
			    "domain", alias->target,
			    "has no row in domain_ips: mail for the alias is deferred until it "
			    "has");
	}
}

void
judge_rest(const struct source *source, const char *helo, struct report *report)
{
	struct line line;

	judge_names(source, report);
	for (size_t i = 0; i < source->accept_count; i++) {
		const struct source_accept *accept = &source->accepts[i];

		if (!is_ours(source, accept->domain))
			complain(source, report, REPORT_WARNING, "always_accept", accept->rowid,
			    "address", accept->domain,
			    "is the domain, and it is in no other table: no effect");
	}
	for (uint32_t i = SOURCE_FOR_ALL + 1; i < source->names.count; i++) {
		const struct source_name *name = &source->of_name[i];

		/* The settings of a main name reach its aliases. */
		if (name->setting != INTERN_NONE && !is_ours(source, i) &&
		    (name->row == INTERN_NONE || (name->flags & NAME_IS_TARGET) == 0))
			complain(source, report, REPORT_WARNING, "settings",
			    source->settings[name->setting].rowid, "domain", i,
			    "is in no other table: no effect");
	}
	if (!host_helo_is_full(helo)) {
		line_start(&line);
		line_add(&line, "helo: '");
		line_add_foreign(&line, helo, strlen(helo), SETTINGS_HOST_SIZE);
		line_add(&line,
		    "' is no full host name, servers may refuse it: put one into settings "
		    "(INSERT INTO settings VALUES ('helo', NULL, 'mx.example.com'))");
		report_add(report, REPORT_WARNING, line.text);
	}
}
