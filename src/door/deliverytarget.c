#include "deliverytarget.h"

#include "sourceservers.h"

/* A host name that has not resolved yet is as good as an address: the mail waits until it does. */
static void
find_host(const struct source *source, uint32_t name, struct deliverytarget *target)
{
	uint32_t row = source->of_name[name].row;
	struct source_server server;

	target->host = NULL;
	if (target->count > 0 || row == INTERN_NONE)
		return;
	server = source_server(source, source->rows[row].server);
	target->host = intern_text(&source->hosts, server.host);
	target->port = server.port;
}

int
deliverytarget_each(struct source *source, deliverytarget_take *take, void *context)
{
	struct deliverytarget target;
	int64_t rowid;
	int result = 0;

	for (uint32_t i = SOURCE_FOR_ALL + 1; i < source->names.count; i++) {
		uint32_t of = i;

		if (source_is_alias(source, i))
			of = source->aliases[source->of_name[i].alias].target;
		else if (!source_is_domain(source, i))
			continue;
		if (sourceservers_of_name(source, of, target.servers, &target.count, &rowid) !=
		    0)
			result = -1;
		target.local = source_is_listed(source, i);
		target.nothing =
		    of != i && !target.local && source->of_name[of].row == INTERN_NONE;
		find_host(source, of, &target);
		take(context, i, &target);
	}
	return result;
}
