#include "deliveryrecords.h"

#include <arpa/inet.h>
#include <cdb.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deliverykeep.h"
#include "deliverytarget.h"

#define VALUE_SIZE (RECORD_SERVERS_MAX * 64 + 16)

/* An alias of nothing: what Postfix has of it waits in the queue for the administrator. */
static const char nowhere[] = "retry:4.3.5 no server is known for this domain yet";

struct records {
	struct deliverymaking *making;
	struct cdb_make cdb;
	bool *routed;             /* of routes: each name of the source that has one */
	struct deliverykeep keep; /* and those of before */
};

static void
put(struct records *records, const char *key, const char *value)
{
	if (cdb_make_add(&records->cdb, key, (unsigned)strlen(key), value,
		(unsigned)strlen(value)) == -1)
		records->making->failed = true;
	records->making->written++;
}

/* Postfix asks for the form that the client has used. */
static void
put_both(struct records *records, uint32_t domain, const char *value)
{
	const char *name = intern_text(&records->making->source->names, domain);
	char unicode[DOMAIN_UNICODE_SIZE];

	put(records, name, value);
	if ((records->making->source->of_name[domain].flags & NAME_XN) != 0 &&
	    domain_unicode(unicode, name))
		put(records, unicode, value);
}

static void
put_host(void *context, uint32_t domain, const struct deliverytarget *target)
{
	struct records *records = context;

	(void)target;
	if (deliverymaking_has_way(records->making, domain))
		put(records, intern_text(&records->making->source->names, domain), "");
}

/* A local domain without servers is in another of Postfix's classes of addresses. */
static bool
is_relayed(const struct deliverytarget *target)
{
	return target->count > 0 || target->host != NULL || !target->local;
}

static void
put_relay(void *context, uint32_t domain, const struct deliverytarget *target)
{
	struct records *records = context;

	if (is_relayed(target))
		put_both(records, domain, "relay");
}

static void
put_transport(void *context, uint32_t domain, const struct deliverytarget *target)
{
	struct records *records = context;
	char value[VALUE_SIZE], ip[INET6_ADDRSTRLEN];
	size_t len = 0;

	if (!is_relayed(target))
		return;
	records->routed[domain] = true;
	for (size_t i = 0; i < target->count; i++) {
		const struct record_server *server = &target->servers[i];
		bool v4 = server->family == 4;

		(void)inet_ntop(v4 ? AF_INET : AF_INET6, server->address, ip, sizeof(ip));
		len += (size_t)snprintf(value + len, sizeof(value) - len, "%s[%s%s]:%u",
		    i == 0 ? "smtp:" : ", ", v4 ? "" : "ipv6:", ip, (unsigned)server->port);
	}
	if (target->count == 0 && target->host != NULL)
		snprintf(value, sizeof(value), "smtp:[%s]:%u", target->host, target->port);
	else if (target->count == 0)
		strcpy(value, nowhere);
	put_both(records, domain, value);
}

/*
 * Is our record the first of a cdb? It lies behind the 2,048 bytes of contents: the lengths of key and
 * value, and the key. An empty file is nobody's.
 */
static bool
is_ours(const struct deliveryfile *file)
{
	static const char key[] = DELIVERY_MARK;
	size_t at = 2048, len = sizeof(key) - 1;

	return file->len == 0 ||
	    (file->len >= at + 8 + len &&
		cdb_unpack((const unsigned char *)file->bytes + at) == len &&
		memcmp(file->bytes + at + 8, key, len) == 0);
}

typedef int record_take(
    struct records *records, const char *key, size_t len, const char *value, size_t value_len);

/*
 * Calls take for each record of a cdb of ours but the mark, until it returns other than 0; take may be
 * NULL. They end where the first table begins. Returns how many there are, or -1 when take made an end.
 */
static long
each_old_record(struct records *records, const struct deliveryfile *file, record_take *take)
{
	const unsigned char *bytes = (const unsigned char *)file->bytes;
	size_t at = 2048, end = file->len;
	long count = 0;

	for (size_t i = 0; file->len >= at && i < at; i += 8)
		if (cdb_unpack(bytes + i) < end)
			end = cdb_unpack(bytes + i);
	for (bool mark = true; at + 8 <= end; mark = false) {
		uint64_t key_len = cdb_unpack(bytes + at), len = cdb_unpack(bytes + at + 4);
		const char *key = file->bytes + at + 8;

		if (key_len + len > end - at - 8)
			break;
		at += 8 + (size_t)(key_len + len);
		if (mark)
			continue;
		count++;
		if (take != NULL &&
		    take(records, key, (size_t)key_len, key + key_len, (size_t)len) != 0)
			return -1;
	}
	return count;
}

/* Has a domain, in either of its forms, a route of now? */
static bool
is_routed(const struct records *records, const char *key, size_t len)
{
	char name[DOMAIN_SIZE];
	uint32_t domain = INTERN_NONE;

	if (domain_normalise(name, key, len) == NULL)
		domain = intern_find(&records->making->source->names, name, strlen(name));
	return domain != INTERN_NONE && records->routed[domain];
}

static int
note_old_route(
    struct records *records, const char *key, size_t len, const char *value, size_t value_len)
{
	(void)value;
	(void)value_len;
	return is_routed(records, key, len) ? 0 : deliverykeep_note(&records->keep, key, len);
}

static int
keep_old_route(
    struct records *records, const char *key, size_t len, const char *value, size_t value_len)
{
	if (!deliverykeep_needs(&records->keep, key, len))
		return 0;
	deliverymaking_keep(records->making, key, len);
	return cdb_make_add(&records->cdb, key, (unsigned)len, value, (unsigned)value_len);
}

/* Routes of before that mail still needs. Returns 0, or -1. */
static int
keep_old_routes(struct records *records, const struct deliveryfile *file)
{
	const struct deliverymaking *making = records->making;

	if (each_old_record(records, file, note_old_route) == -1)
		return -1;
	deliverykeep_look(&records->keep, making->text_hosts, making->cdb_hosts);
	return each_old_record(records, file, keep_old_route) == -1 ? -1 : 0;
}

static int
put_all(struct records *records, const struct deliveryfile *file, deliverytarget_take *add)
{
	struct deliverymaking *making = records->making;
	int result = -1;

	put(records, DELIVERY_MARK, "");
	making->written = 0;
	records->routed = calloc(making->source->names.count + 1, sizeof(*records->routed));
	if (records->routed != NULL)
		result = deliverytarget_each(making->source, add, records);
	if (result == 0 && add == put_transport)
		result = keep_old_routes(records, file);
	free(records->routed);
	deliverykeep_free(&records->keep);
	return result;
}

static const char *
write_cdb(
    struct deliverymaking *making, const struct deliveryfile *file, deliverytarget_take *add)
{
	struct records records = {.making = making};
	const char *why;
	int fd;

	if (!is_ours(file))
		return "was not made by rcptbuild and stays as it is: move it away, or name "
		       "another file";
	why = deliveryfile_start(file, &fd);
	if (why != NULL)
		return why;
	if (cdb_make_start(&records.cdb, fd) == -1) {
		why = strerror(errno);
	} else {
		if (put_all(&records, file, add) == -1)
			making->failed = true;
		/* It also frees what tinycdb holds. */
		if (cdb_make_finish(&records.cdb) == -1 || making->failed)
			why = strerror(errno);
		else
			why = deliverymaking_judge_loss(
			    making, (size_t)each_old_record(&records, file, NULL));
	}
	if (why == NULL)
		return deliveryfile_finish(file, fd);
	deliveryfile_abandon(file, fd);
	return why;
}

const char *
deliveryrecords_morercpthosts(struct deliverymaking *making, const struct deliveryfile *file)
{
	return write_cdb(making, file, put_host);
}

const char *
deliveryrecords_transport(struct deliverymaking *making, const struct deliveryfile *file)
{
	return write_cdb(making, file, put_transport);
}

const char *
deliveryrecords_relay_domains(struct deliverymaking *making, const struct deliveryfile *file)
{
	return write_cdb(making, file, put_relay);
}
