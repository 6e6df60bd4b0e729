#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"

int
source_start(struct source *source)
{
	memset(source, 0, sizeof(*source));
	settings_default(&source->global);
	return source_name(source, "") == SOURCE_FOR_ALL ? 0 : -1;
}

void
source_free(struct source *source)
{
	for (uint32_t i = 0; i < source->host_names.count; i++)
		free(source->of_host_name[i].servers);
	intern_free(&source->names);
	intern_free(&source->servers);
	intern_free(&source->hosts);
	intern_free(&source->host_names);
	intern_free(&source->texts);
	intern_free(&source->addresses);
	free(source->of_name);
	free(source->rows);
	free(source->aliases);
	free(source->settings);
	free(source->accepts);
	free(source->of_host);
	free(source->of_host_name);
	free(source->gathered);
	memset(source, 0, sizeof(*source));
}

static uint32_t
add_name(struct source *source, uint64_t hash, const char *name)
{
	struct source_name *of_name = array_room(source->of_name, source->names.count,
	    &source->of_name_room, sizeof(*source->of_name));
	uint32_t count = source->names.count, number;

	if (of_name == NULL)
		return INTERN_NONE;
	source->of_name = of_name;
	number = intern_add_hashed(&source->names, hash, name, strlen(name));
	if (source->names.count > count) {
		struct source_name *new = &of_name[number];

		new->row = new->alias = new->setting = INTERN_NONE;
		new->flags = domain_is_recipient(name) ? NAME_RECIPIENT : 0;
		if (strstr(name, "xn--") != NULL)
			new->flags |= NAME_XN;
	}
	return number;
}

uint32_t
source_name(struct source *source, const char *name)
{
	return add_name(source, intern_hash(name, strlen(name)), name);
}

/* The number of a host name that will be resolved. */
static uint32_t
add_host_name(struct source *source, const char *name)
{
	struct source_addresses *of_host_name =
	    array_room(source->of_host_name, source->host_names.count,
		&source->of_host_name_room, sizeof(*source->of_host_name));
	uint32_t count = source->host_names.count, number;

	if (of_host_name == NULL)
		return INTERN_NONE;
	source->of_host_name = of_host_name;
	number = intern_add(&source->host_names, name, strlen(name));
	if (source->host_names.count > count)
		memset(&of_host_name[number], 0, sizeof(*of_host_name));
	return number;
}

uint32_t
source_host(struct source *source, const char *bytes, size_t len)
{
	uint32_t number = intern_find(&source->hosts, bytes, len);
	struct source_host host = {.name = INTERN_NONE}, *of_host;
	char name[DOMAIN_SIZE];

	if (number != INTERN_NONE)
		return number;
	host.refused = host_parse(&host.address, name, bytes, len);
	if (host.refused == NULL && host.address.family == 0 &&
	    (host.name = add_host_name(source, name)) == INTERN_NONE)
		return INTERN_NONE;
	of_host = array_room(source->of_host, source->hosts.count, &source->of_host_room,
	    sizeof(*source->of_host));
	if (of_host == NULL)
		return INTERN_NONE;
	source->of_host = of_host;
	if ((number = intern_add(&source->hosts, bytes, len)) != INTERN_NONE)
		of_host[number] = host;
	return number;
}

static int
take_row(
    struct source *source, int64_t rowid, uint32_t name, const struct source_server *server)
{
	struct source_row *rows = array_room(
	    source->rows, source->row_count, &source->row_room, sizeof(*source->rows));
	struct source_name *of_name = &source->of_name[name];
	uint32_t number;

	if (rows == NULL)
		return -1;
	source->rows = rows;
	if ((number = intern_add(&source->servers, server, sizeof(*server))) == INTERN_NONE)
		return -1;
	rows[source->row_count] =
	    (struct source_row){.rowid = rowid, .server = number, .next = of_name->row};
	of_name->row = (uint32_t)source->row_count++;
	return 0;
}

static int
take_waiting(struct source *source)
{
	struct source_waiting *row = &source->waiting[source->waiting_first];
	uint32_t name = add_name(source, row->hash, row->domain);

	source->waiting_first = (source->waiting_first + 1) % SOURCE_WAITING;
	source->waiting_count--;
	return name == INTERN_NONE ? -1 : take_row(source, row->rowid, name, &row->server);
}

int
source_settle(struct source *source)
{
	while (source->waiting_count > 0)
		if (take_waiting(source) == -1)
			return -1;
	return 0;
}

int
source_add_row(struct source *source, int64_t rowid, const char *domain,
    const struct source_server *server)
{
	struct source_waiting *row;

	if (source->waiting_count == SOURCE_WAITING && take_waiting(source) == -1)
		return -1;
	row =
	    &source
		 ->waiting[(source->waiting_first + source->waiting_count++) % SOURCE_WAITING];
	row->rowid = rowid;
	row->server = *server;
	strcpy(row->domain, domain);
	row->hash = intern_hash(domain, strlen(domain));
	intern_announce(&source->names, row->hash);
	return 0;
}

int
source_add_alias(struct source *source, int64_t rowid, uint32_t name, uint32_t target)
{
	struct source_name *of_name = &source->of_name[name];
	struct source_alias *aliases;

	if (of_name->alias != INTERN_NONE)
		return source->aliases[of_name->alias].target == target ? 0 : 1;
	aliases = array_room(source->aliases, source->alias_count, &source->alias_room,
	    sizeof(*source->aliases));
	if (aliases == NULL)
		return -1;
	source->aliases = aliases;
	aliases[source->alias_count] = (struct source_alias){.rowid = rowid, .target = target};
	of_name->alias = (uint32_t)source->alias_count++;
	source->of_name[target].flags |= NAME_IS_TARGET;
	return 0;
}

int
source_add_setting(
    struct source *source, int64_t rowid, uint32_t name, const char *setting, const char *value)
{
	struct source_name *of_name = &source->of_name[name];
	uint32_t setting_text = intern_add(&source->texts, setting, strlen(setting));
	uint32_t value_text = intern_add(&source->texts, value, strlen(value));
	struct source_setting *settings;

	if (setting_text == INTERN_NONE || value_text == INTERN_NONE)
		return -1;
	for (uint32_t i = of_name->setting; i != INTERN_NONE; i = source->settings[i].next)
		if (source->settings[i].name == setting_text)
			return source->settings[i].value == value_text ? 0 : 1;
	settings = array_room(source->settings, source->setting_count, &source->setting_room,
	    sizeof(*source->settings));
	if (settings == NULL)
		return -1;
	source->settings = settings;
	settings[source->setting_count] = (struct source_setting){.rowid = rowid,
	    .name = setting_text,
	    .value = value_text,
	    .next = of_name->setting};
	of_name->setting = (uint32_t)source->setting_count++;
	return 0;
}

const char *
source_add_local(struct source *source, const char *domain, size_t len, bool *failed)
{
	char name[DOMAIN_SIZE];
	const char *why = domain_normalise_recipient(name, domain, len);
	uint32_t number;

	*failed = false;
	if (why != NULL)
		return why;
	if ((number = source_name(source, name)) == INTERN_NONE) {
		*failed = true;
		return NULL;
	}
	source->of_name[number].flags |= NAME_LOCAL;
	return NULL;
}

const char *
source_setting(const struct source *source, const char *setting)
{
	uint32_t name = intern_find(&source->texts, setting, strlen(setting));

	for (uint32_t i = source->of_name[SOURCE_FOR_ALL].setting; i != INTERN_NONE;
	     i = source->settings[i].next)
		if (source->settings[i].name == name)
			return intern_text(&source->texts, source->settings[i].value);
	return NULL;
}

int
source_add_accept(
    struct source *source, int64_t rowid, uint32_t domain, const char *local, size_t len)
{
	struct source_accept accept = {
	    .rowid = rowid, .domain = domain, .address = INTERN_NONE};
	uint32_t flag = len > 0 ? NAME_LISTED : NAME_ACCEPT_ALL;
	struct source_accept *accepts;

	if (len > ADDRESS_LOCAL_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (len > 0) {
		const char *name = intern_text(&source->names, domain);
		char text[ADDRESS_LOCAL_MAX + 1 + DOMAIN_SIZE];
		uint32_t count = source->addresses.count;

		for (size_t i = 0; i < len; i++) /* as record.h has it */
			text[i] = (char)(local[i] >= 'A' && local[i] <= 'Z' ? local[i] | 0x20
									    : local[i]);
		text[len] = '@';
		strcpy(text + len + 1, name);
		accept.address = intern_add(&source->addresses, text, strlen(text));
		if (accept.address == INTERN_NONE)
			return -1;
		if (source->addresses.count == count)
			return 0;
	} else if ((source->of_name[domain].flags & NAME_ACCEPT_ALL) != 0) {
		return 0;
	}
	accepts = array_room(source->accepts, source->accept_count, &source->accept_room,
	    sizeof(*source->accepts));
	if (accepts == NULL)
		return -1;
	source->accepts = accepts;
	accepts[source->accept_count++] = accept;
	source->of_name[domain].flags |= flag;
	return 0;
}

struct source_server
source_server(const struct source *source, uint32_t number)
{
	struct source_server server;

	memcpy(&server, intern_text(&source->servers, number), sizeof(server));
	return server;
}

bool
source_is_domain(const struct source *source, uint32_t name)
{
	const struct source_name *of_name = &source->of_name[name];

	if ((of_name->flags & NAME_RECIPIENT) == 0)
		return false;
	/* A local domain that is an alias too has the users and servers of both. */
	return of_name->row != INTERN_NONE ||
	    ((of_name->flags & NAME_LOCAL) != 0 && of_name->alias == INTERN_NONE);
}

bool
source_is_alias(const struct source *source, uint32_t name)
{
	return source->of_name[name].alias != INTERN_NONE && !source_is_domain(source, name);
}

bool
source_is_listed(const struct source *source, uint32_t name)
{
	uint32_t alias = source->of_name[name].alias;

	if ((source->of_name[name].flags & NAME_LOCAL) != 0)
		return true;
	return source_is_alias(source, name) &&
	    (source->of_name[source->aliases[alias].target].flags & NAME_LOCAL) != 0;
}

void
source_apply_settings(const struct source *source, uint32_t name, struct settings *settings)
{
	for (uint32_t i = source->of_name[name].setting; i != INTERN_NONE;
	     i = source->settings[i].next)
		(void)settings_set(settings,
		    intern_text(&source->texts, source->settings[i].name),
		    intern_text(&source->texts, source->settings[i].value));
}
