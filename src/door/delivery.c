#include "delivery.h"

#include <arpa/inet.h>
#include <cdb.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliveryfile.h"
#include "deliverytext.h"

#define VALUE_SIZE (RECORD_SERVERS_MAX * 64 + 16)

/* An alias of nothing: what Postfix has of it waits for the administrator. */
static const char nowhere[] = "retry:4.3.5 no server is known for this domain yet";

/* A file while it is made. */
struct making {
	struct source *source;
	struct report *report;
	const char *setting;
	struct deliverytext lines;       /* of a text */
	struct deliverytext_split split; /* and what the administrator has in it */
	struct cdb_make cdb;
	/* Domains that can't be written, and the first of them. */
	uint32_t left_out, first_left_out;
	bool failed;
};

/* Where the mail of a domain goes. */
struct target {
	bool local; /* it has users of our own, and maybe servers too */
	size_t count;
	struct record_server servers[RECORD_SERVERS_MAX];
	const char *host; /* without addresses: the name of which none is known; NULL: none */
	unsigned port;
};

/* What a file has of a domain. */
typedef void add_domain(struct making *making, uint32_t domain, const struct target *target);

static void
warn_of(struct making *making, const char *path, const char *why)
{
	struct line line;

	line_start(&line);
	line_add(&line, making->setting);
	line_add(&line, ": ");
	line_add_foreign(&line, path, strlen(path), 300);
	line_add(&line, ": ");
	line_add(&line, why);
	report_add(making->report, REPORT_WARNING, line.text);
}

/* A host name that has not resolved yet is as good as an address: the mail waits until it does. */
static void
find_host(const struct source *source, uint32_t name, struct target *target)
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

/* Calls add for all domains that mail is taken for. */
static void
each_domain(struct making *making, add_domain *add)
{
	struct source *source = making->source;
	struct target target;
	int64_t rowid;

	for (uint32_t i = SOURCE_FOR_ALL + 1; i < source->names.count; i++) {
		uint32_t of = i;

		if (source_is_alias(source, i))
			of = source->aliases[source->of_name[i].alias].target;
		else if (!source_is_domain(source, i))
			continue;
		if (source_servers(source, of, target.servers, &target.count, &rowid) != 0)
			making->failed = true;
		target.local = (source->of_name[of].flags & NAME_LOCAL) != 0;
		find_host(source, of, &target);
		add(making, i, &target);
	}
}

static bool
is_taken(const struct making *making, uint32_t domain)
{
	const struct source *source = making->source;

	return intern_find(&making->split.keys, intern_text(&source->names, domain),
		   intern_len(&source->names, domain)) != INTERN_NONE;
}

static void
add_host(struct making *making, uint32_t domain, const struct target *target)
{
	(void)target;
	if (is_taken(making, domain))
		return;
	deliverytext_string(&making->lines, intern_text(&making->source->names, domain));
	deliverytext_string(&making->lines, "\n");
}

/* qmail knows one relay for a domain, and no IPv6. */
static void
add_route(struct making *making, uint32_t domain, const struct target *target)
{
	char ip[INET_ADDRSTRLEN], port[16] = "";
	const char *host = target->host;
	unsigned number = target->port;
	size_t i = 0;

	if (is_taken(making, domain))
		return;
	while (i < target->count && target->servers[i].family != 4)
		i++;
	if (i < target->count) {
		host = inet_ntop(AF_INET, target->servers[i].address, ip, sizeof(ip));
		number = target->servers[i].port;
	}
	if (host == NULL) {
		if (!target->local && making->left_out++ == 0)
			making->first_left_out = domain;
		return;
	}
	if (number != SOURCE_PORT)
		snprintf(port, sizeof(port), ":%u", number);
	deliverytext_string(&making->lines, intern_text(&making->source->names, domain));
	deliverytext_string(&making->lines, ":");
	deliverytext_string(&making->lines, host);
	deliverytext_string(&making->lines, port);
	deliverytext_string(&making->lines, "\n");
}

static void
put(struct making *making, const char *key, const char *value)
{
	if (cdb_make_add(
		&making->cdb, key, (unsigned)strlen(key), value, (unsigned)strlen(value)) == -1)
		making->failed = true;
}

/* Postfix asks for the form that the client has used. */
static void
put_both(struct making *making, uint32_t domain, const char *value)
{
	const char *name = intern_text(&making->source->names, domain);
	char unicode[DOMAIN_UNICODE_SIZE];

	put(making, name, value);
	if ((making->source->of_name[domain].flags & NAME_XN) != 0 &&
	    domain_unicode(unicode, name))
		put(making, unicode, value);
}

static void
put_host(struct making *making, uint32_t domain, const struct target *target)
{
	(void)target;
	put(making, intern_text(&making->source->names, domain), "");
}

/* A local domain without servers is in another of Postfix's classes of addresses. */
static bool
is_relayed(const struct target *target)
{
	return target->count > 0 || target->host != NULL || !target->local;
}

static void
put_relay(struct making *making, uint32_t domain, const struct target *target)
{
	if (is_relayed(target))
		put_both(making, domain, "relay");
}

static void
put_transport(struct making *making, uint32_t domain, const struct target *target)
{
	char value[VALUE_SIZE], ip[INET6_ADDRSTRLEN];
	size_t len = 0;

	if (!is_relayed(target))
		return;
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
	put_both(making, domain, value);
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

/* Are the bytes of fd those that the file has? */
static bool
is_unchanged(const struct deliveryfile *file, int fd)
{
	char piece[65536];
	size_t at = 0;
	ssize_t n;

	if (!file->there || lseek(fd, 0, SEEK_SET) == -1)
		return false;
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		if ((size_t)n > file->len - at ||
		    memcmp(piece, file->bytes + at, (size_t)n) != 0)
			return false;
		at += (size_t)n;
	}
	return n == 0 && at == file->len;
}

/* Puts a file that is written in place, or leaves the old one if it says the same. */
static const char *
replace(const struct deliveryfile *file, int fd)
{
	if (!is_unchanged(file, fd))
		return deliveryfile_finish(file, fd);
	deliveryfile_abandon(file, fd);
	return NULL;
}

static const char *
write_all(int fd, const struct deliverytext *text)
{
	size_t at = 0;

	while (at < text->len) {
		ssize_t n = write(fd, text->bytes + at, text->len - at);

		if (n == -1 && errno != EINTR)
			return strerror(errno);
		if (n > 0)
			at += (size_t)n;
	}
	return NULL;
}

static const char *
write_text(struct making *making, const struct deliveryfile *file, add_domain *add)
{
	struct deliverytext out = {0};
	const char *why = deliverytext_find(&making->split, file->bytes, file->len);
	int fd;

	if (why == NULL) {
		each_domain(making, add);
		deliverytext_merge(
		    &out, &making->split, file->bytes, file->len, &making->lines);
		if (out.failed || making->failed)
			why = "out of memory";
	}
	if (why == NULL)
		why = deliveryfile_start(file, &fd);
	if (why == NULL) {
		why = write_all(fd, &out);
		if (why == NULL)
			why = replace(file, fd);
		else
			deliveryfile_abandon(file, fd);
	}
	free(out.bytes);
	free(making->lines.bytes);
	intern_free(&making->split.keys);
	return why;
}

static const char *
write_cdb(struct making *making, const struct deliveryfile *file, add_domain *add)
{
	const char *why;
	int fd;

	if (!is_ours(file))
		return "was not made by rcptbuild and stays as it is: move it away, or name "
		       "another file";
	why = deliveryfile_start(file, &fd);
	if (why != NULL)
		return why;
	if (cdb_make_start(&making->cdb, fd) == -1) {
		why = strerror(errno);
	} else {
		put(making, DELIVERY_MARK, "");
		each_domain(making, add);
		/* It also frees what tinycdb holds. */
		if (cdb_make_finish(&making->cdb) == -1 || making->failed)
			why = strerror(errno);
	}
	if (why == NULL)
		return replace(file, fd);
	deliveryfile_abandon(file, fd);
	return why;
}

static void
warn_of_left_out(struct making *making, const char *path)
{
	const char *name = intern_text(&making->source->names, making->first_left_out);
	char why[DOMAIN_SIZE + 160];

	if (making->left_out == 0)
		return;
	snprintf(why, sizeof(why),
	    "has no line for %u domains, such as %.255s: they have no server with an IPv4 "
	    "address, and qmail knows no other",
	    (unsigned)making->left_out, name);
	warn_of(making, path, why);
}

static const struct {
	const char *setting;
	const char *(*write)(
	    struct making *making, const struct deliveryfile *file, add_domain *add);
	add_domain *add;
} files[] = {
    {"write_smtproutes", write_text, add_route},
    {"write_rcpthosts", write_text, add_host},
    {"write_morercpthosts", write_cdb, put_host},
    {"write_transport", write_cdb, put_transport},
    {"write_relay_domains", write_cdb, put_relay},
};

int
delivery_write(struct source *source, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *path = source_setting(source, files[i].setting), *why;
		struct making making = {
		    .source = source, .report = report, .setting = files[i].setting};
		struct deliveryfile file;

		if (path == NULL || strcmp(path, "none") == 0)
			continue;
		why = deliveryfile_read(&file, path);
		if (why == NULL)
			why = files[i].write(&making, &file, files[i].add);
		deliveryfile_free(&file);
		if (why != NULL) {
			warn_of(&making, path, why);
			result = -1;
		} else {
			warn_of_left_out(&making, path);
		}
	}
	return result;
}
