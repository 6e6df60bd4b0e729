#include "delivery.h"

#include <arpa/inet.h>
#include <cdb.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deliveryfile.h"
#include "deliverypaths.h"
#include "deliverytext.h"
#include "sourceservers.h"

#define VALUE_SIZE (RECORD_SERVERS_MAX * 64 + 16)

/* An alias of nothing: what Postfix has of it waits for the administrator. */
static const char nowhere[] = "retry:4.3.5 no server is known for this domain yet";

static const char no_way[] =
    "stays as it is: the file of routes beside it failed, so mail for new domains had no way";
static const char no_route[] = "write_smtproutes has no route for them";
static const char no_memory[] = "out of memory for the files that deliver mail";
static const char is_twin[] = "another setting has the same file: name two";

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
	size_t written; /* domains that are */
	/* For each name whether mail for it has a way: smtproutes notes it, and others, if it is not NULL,
	   have no other domains. */
	unsigned char *has_way;
	bool anything_goes;
	char why[160];
	bool failed;
};

/* Where the mail of a domain goes. */
struct target {
	bool local;   /* it has users of our own, and maybe servers too */
	bool nothing; /* an alias of nothing: no mail for it is accepted, it is put off */
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
		if (sourceservers_of_name(source, of, target.servers, &target.count, &rowid) !=
		    0)
			making->failed = true;
		target.local = source_is_listed(source, i);
		target.nothing =
		    of != i && !target.local && source->of_name[of].row == INTERN_NONE;
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

/* Has smtproutes a line of the administrator's for it, as qmail-remote looks: ".org" and "" fit too? */
static bool
is_routed(const struct making *making, uint32_t domain)
{
	const char *name = intern_text(&making->source->names, domain);

	if (making->split.for_all || is_taken(making, domain))
		return true;
	while ((name = strchr(name + 1, '.')) != NULL)
		if (intern_find(&making->split.keys, name, strlen(name)) != INTERN_NONE)
			return true;
	return false;
}

static void
leave_out(struct making *making, uint32_t domain)
{
	if (making->left_out++ == 0)
		making->first_left_out = domain;
}

static bool
has_way(struct making *making, uint32_t domain)
{
	if (making->has_way == NULL || making->has_way[domain])
		return true;
	leave_out(making, domain);
	return false;
}

static void
add_host(struct making *making, uint32_t domain, const struct target *target)
{
	(void)target;
	if (is_taken(making, domain) || !has_way(making, domain))
		return;
	making->written++;
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

	making->has_way[domain] = target->local || target->nothing || is_routed(making, domain);
	if (is_taken(making, domain))
		return;
	while (i < target->count && target->servers[i].family != 4)
		i++;
	if (i < target->count) {
		host = inet_ntop(AF_INET, target->servers[i].address, ip, sizeof(ip));
		number = target->servers[i].port;
	}
	if (host == NULL) {
		if (!target->local && !target->nothing)
			leave_out(making, domain);
		return;
	}
	making->has_way[domain] = 1;
	making->written++;
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
	making->written++;
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
	if (has_way(making, domain))
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

/* How many records a cdb of ours has, but for the mark. They end where the first table begins. */
static size_t
count_records(const struct deliveryfile *file)
{
	const unsigned char *bytes = (const unsigned char *)file->bytes;
	size_t at = 2048, end = file->len;
	size_t count = 0;

	for (size_t i = 0; file->len >= at && i < at; i += 8)
		if (cdb_unpack(bytes + i) < end)
			end = cdb_unpack(bytes + i);
	while (at + 8 <= end) {
		uint64_t len = (uint64_t)cdb_unpack(bytes + at) + cdb_unpack(bytes + at + 4);

		if (len > end - at - 8)
			break;
		at += 8 + (size_t)len;
		count++;
	}
	return count == 0 ? 0 : count - 1;
}

/*
 * A table that was emptied by accident is mended in a minute, but until then each mail to what is gone
 * from here would be refused for good.
 */
static const char *
judge_loss(struct making *making, size_t was)
{
	if (making->anything_goes || making->written >= was - was / 2)
		return NULL;
	snprintf(making->why, sizeof(making->why),
	    "stays as it is: it has %zu domains and would have %zu, which is taken for an "
	    "accident; if that is right, run rcptbuild -f",
	    was, making->written);
	return making->why;
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
		else
			why = judge_loss(making, making->split.lines);
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
		making->written = 0;
		each_domain(making, add);
		/* It also frees what tinycdb holds. */
		if (cdb_make_finish(&making->cdb) == -1 || making->failed)
			why = strerror(errno);
		else
			why = judge_loss(making, count_records(file));
	}
	if (why == NULL)
		return replace(file, fd);
	deliveryfile_abandon(file, fd);
	return why;
}

static void
warn_of_left_out(struct making *making, const char *path, const char *because)
{
	const char *name = intern_text(&making->source->names, making->first_left_out);
	char why[DOMAIN_SIZE + 160];

	if (making->left_out == 0)
		return;
	snprintf(why, sizeof(why), "has no line for %u domains, such as %.255s: %s",
	    (unsigned)making->left_out, name, because);
	warn_of(making, path, why);
}

/* Do two settings mean the same file? */
static bool
has_twin(const struct source *source, enum delivery_file file)
{
	const char *path = deliverypaths_path(source, file);
	struct stat st, other_st;
	bool there = stat(path, &st) == 0;

	for (enum delivery_file i = 0; i < DELIVERY_FILES; i++) {
		const char *other = deliverypaths_path(source, i);

		if (i == file || other == NULL)
			continue;
		if (strcmp(path, other) == 0 ||
		    (there && stat(other, &other_st) == 0 && st.st_dev == other_st.st_dev &&
			st.st_ino == other_st.st_ino))
			return true;
	}
	return false;
}

/* In this order: routes first. */
static const struct {
	const char *(*write)(
	    struct making *making, const struct deliveryfile *file, add_domain *add);
	add_domain *add;
	int routes; /* the file by which mail goes that this one takes; or -1 */
	const char *left_out;
} files[] = {
    [DELIVERY_SMTPROUTES] = {write_text, add_route, -1,
	"they have no server with an IPv4 address, and qmail knows no other"},
    [DELIVERY_RCPTHOSTS] = {write_text, add_host, DELIVERY_SMTPROUTES, no_route},
    [DELIVERY_MORERCPTHOSTS] = {write_cdb, put_host, DELIVERY_SMTPROUTES, no_route},
    [DELIVERY_TRANSPORT] = {write_cdb, put_transport, -1, ""},
    [DELIVERY_RELAY_DOMAINS] = {write_cdb, put_relay, DELIVERY_TRANSPORT, ""},
};

/* All files of a run. */
struct delivery {
	enum { NOT_NAMED, FAILED, WRITTEN } ended[DELIVERY_FILES];
	unsigned char *has_way;
};

/*
 * Where the file of routes failed nothing new may be taken. But qmail without rcpthosts relays for
 * everybody, so that one is written if it is not there.
 */
static bool
must_wait(const struct delivery *delivery, enum delivery_file number, bool there)
{
	int routes = files[number].routes;

	return routes != -1 && delivery->ended[routes] == FAILED &&
	    (there || number != DELIVERY_RCPTHOSTS);
}

static const char *
write_file(struct delivery *delivery, enum delivery_file number, struct making *making,
    struct deliveryfile *file, const char *path)
{
	const char *why;

	if (has_twin(making->source, number))
		return is_twin;
	if (number == DELIVERY_SMTPROUTES ||
	    (files[number].routes == DELIVERY_SMTPROUTES &&
		delivery->ended[DELIVERY_SMTPROUTES] == WRITTEN))
		making->has_way = delivery->has_way;
	why = deliveryfile_read(file, path);
	if (why == NULL && must_wait(delivery, number, file->there))
		why = no_way;
	if (why == NULL)
		why = files[number].write(making, file, files[number].add);
	return why;
}

int
delivery_write(struct source *source, bool anything_goes, struct report *report)
{
	struct delivery delivery = {.has_way = calloc(source->names.count + 1, 1)};
	int result = delivery.has_way == NULL ? -1 : 0;

	if (result == -1)
		report_add(report, REPORT_WARNING, no_memory);
	for (enum delivery_file i = 0; i < DELIVERY_FILES && delivery.has_way != NULL; i++) {
		const char *path = deliverypaths_path(source, i), *why;
		struct making making = {.source = source,
		    .report = report,
		    .setting = deliverypaths_setting(i),
		    .anything_goes = anything_goes};
		struct deliveryfile file = {.path = path};

		if (path == NULL)
			continue;
		why = write_file(&delivery, i, &making, &file, path);
		deliveryfile_free(&file);
		delivery.ended[i] = why == NULL ? WRITTEN : FAILED;
		if (why != NULL) {
			warn_of(&making, path, why);
			result = -1;
		} else {
			warn_of_left_out(&making, path, files[i].left_out);
		}
	}
	free(delivery.has_way);
	return result;
}
