#include "delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deliverylines.h"
#include "deliverypaths.h"
#include "deliveryrecords.h"

static const char no_way[] =
    "stays as it is: the file of routes beside it failed, so mail for new domains had no way";
static const char no_route[] = "write_smtproutes has no route for them";
static const char no_memory[] = "out of memory for the files that deliver mail";
static const char is_twin[] = "another setting has the same file: name two";

static void
warn_of(struct report *report, const char *setting, const char *path, const char *why)
{
	struct line line;

	line_start(&line);
	line_add(&line, setting);
	line_add(&line, ": ");
	line_add_foreign(&line, path, strlen(path), 300);
	line_add(&line, ": ");
	line_add(&line, why);
	report_add(report, REPORT_WARNING, line.text);
}

/* In this order: routes first. */
static const struct {
	const char *(*write)(struct deliverymaking *making, const struct deliveryfile *file);
	int routes; /* the file by which mail goes that this one takes; or -1 */
	const char *left_out;
} files[] = {
    [DELIVERY_SMTPROUTES] = {deliverylines_smtproutes, -1,
	"they have no server with an IPv4 address, and qmail knows no other"},
    [DELIVERY_RCPTHOSTS] = {deliverylines_rcpthosts, DELIVERY_SMTPROUTES, no_route},
    [DELIVERY_MORERCPTHOSTS] = {deliveryrecords_morercpthosts, DELIVERY_SMTPROUTES, no_route},
    [DELIVERY_TRANSPORT] = {deliveryrecords_transport, -1, ""},
    [DELIVERY_RELAY_DOMAINS] = {deliveryrecords_relay_domains, DELIVERY_TRANSPORT, ""},
};

static void
warn_of_left_out(struct report *report, const struct deliverymaking *making,
    enum delivery_file number, const char *path)
{
	const char *name = intern_text(&making->source->names, making->first_left_out);
	char why[DOMAIN_SIZE + 160];

	if (making->left_out == 0)
		return;
	snprintf(why, sizeof(why), "has no line for %u domains, such as %.255s: %s",
	    (unsigned)making->left_out, name, files[number].left_out);
	warn_of(report, deliverypaths_setting(number), path, why);
}

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

/* The files that take mail by these routes: a text and a cdb, each NULL where there is none. */
static void
set_hosts(struct deliverymaking *making, enum delivery_file number)
{
	if (number == DELIVERY_SMTPROUTES) {
		making->text_hosts = deliverypaths_path(making->source, DELIVERY_RCPTHOSTS);
		making->cdb_hosts = deliverypaths_path(making->source, DELIVERY_MORERCPTHOSTS);
	} else if (number == DELIVERY_TRANSPORT) {
		making->cdb_hosts = deliverypaths_path(making->source, DELIVERY_RELAY_DOMAINS);
	}
}

static const char *
write_file(struct delivery *delivery, enum delivery_file number, struct deliverymaking *making,
    struct deliveryfile *file, const char *path)
{
	const char *why;

	if (deliverypaths_has_twin(making->source, number))
		return is_twin;
	if (number == DELIVERY_SMTPROUTES ||
	    (files[number].routes == DELIVERY_SMTPROUTES &&
		delivery->ended[DELIVERY_SMTPROUTES] == WRITTEN))
		making->has_way = delivery->has_way;
	why = deliveryfile_read(file, path);
	if (why == NULL && must_wait(delivery, number, file->there))
		why = no_way;
	if (why == NULL)
		why = files[number].write(making, file);
	return why;
}

/* Returns 0, or -1 with a warning. */
static int
write_one(struct delivery *delivery, enum delivery_file number, struct deliverymaking *making,
    struct report *report)
{
	const char *path = deliverypaths_path(making->source, number), *why;
	struct deliveryfile file = {.path = path};

	set_hosts(making, number);
	why = write_file(delivery, number, making, &file, path);
	deliveryfile_free(&file);
	delivery->ended[number] = why == NULL ? WRITTEN : FAILED;
	if (why == NULL)
		return 0;
	warn_of(report, deliverypaths_setting(number), path, why);
	return -1;
}

static void
warn_of_kept(struct report *report, const struct deliverymaking *making,
    enum delivery_file number, const char *path)
{
	struct line why;

	if (making->kept == 0)
		return;
	line_start(&why);
	line_add(&why, "keeps the routes of ");
	line_add_number(&why, making->kept);
	line_add(&why, " domains that have none any more, such as ");
	line_add_foreign(&why, making->first_kept, strlen(making->first_kept), 255);
	line_add(&why, ": a file that takes mail still has them, or can't be read");
	if (number == DELIVERY_SMTPROUTES)
		line_add(&why,
		    "; if it is to have one, write a line of your own, such as 'domain:', into "
		    "this file");
	warn_of(report, deliverypaths_setting(number), path, why.text);
}

/*
 * Routes that stayed because mail for them was still taken can go now, unless the file that takes it could
 * not be written.
 */
static int
drop_kept(struct delivery *delivery, enum delivery_file number, struct source *source,
    struct report *report)
{
	struct deliverymaking making = {.source = source, .anything_goes = true};
	int result = write_one(delivery, number, &making, report);

	warn_of_kept(report, &making, number, deliverypaths_path(source, number));
	return result;
}

int
delivery_write(struct source *source, bool anything_goes, struct report *report)
{
	struct delivery delivery = {.has_way = calloc(source->names.count + 1, 1)};
	int result = delivery.has_way == NULL ? -1 : 0;
	bool kept[DELIVERY_FILES] = {false};

	if (result == -1)
		report_add(report, REPORT_WARNING, no_memory);
	for (enum delivery_file i = 0; i < DELIVERY_FILES && delivery.has_way != NULL; i++) {
		const char *path = deliverypaths_path(source, i);
		struct deliverymaking making = {
		    .source = source, .anything_goes = anything_goes};

		if (path == NULL)
			continue;
		if (write_one(&delivery, i, &making, report) == -1)
			result = -1;
		else
			warn_of_left_out(report, &making, i, path);
		kept[i] = delivery.ended[i] == WRITTEN && making.kept > 0;
	}
	for (enum delivery_file i = 0; i < DELIVERY_FILES; i++)
		if (kept[i] && drop_kept(&delivery, i, source, report) == -1)
			result = -1;
	free(delivery.has_way);
	return result;
}
