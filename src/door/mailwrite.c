#include "mailwrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "mailroute.h"

/* A range on its way into the index; the texts are in the user's key (mailboxes_key). */
struct range {
	uint32_t user;
	uint8_t len;
	const char *first, *last; /* len bytes each */
	const char *domain;
};

struct mailwriter {
	struct cdbwriter *cdb; /* NULL: nothing is written */
	struct mailboxes *mailboxes;
	struct mailwrite_counts *counts;
	struct intern folded; /* users that another one has in lower case already */
	uint64_t spelled;     /* users with a secret who are not in lower case, the first: */
	char first_spelled[ROUTE_TEXT_SIZE];
	struct range *ranges;
	size_t range_count, range_room;
};

static int
failed(struct mailwriter *writer)
{
	return report_trouble(writer->mailboxes->report, "data/routes.cdb: %s",
	    errno == EFBIG ? "larger than the 4 GB that the format allows" : strerror(errno));
}

static int
add(struct mailwriter *writer, const void *key, size_t key_len, const void *value, size_t len)
{
	if (writer->cdb == NULL || cdbwriter_add(writer->cdb, key, key_len, value, len) == 0)
		return 0;
	return failed(writer);
}

static void
bad(struct mailwriter *writer, const char *user, const char *why)
{
	struct line line;

	line_start(&line);
	line_add(&line, "mailboxes: user: '");
	line_add_foreign(&line, user, strlen(user), 120);
	line_add(&line, "': ");
	line_add(&line, why);
	report_add(writer->mailboxes->report, REPORT_BAD, line.text);
}

/* Returns false when it can't be made, which is in the report then. */
static bool
make_route(struct mailwriter *writer, uint32_t number, struct route *route)
{
	const char *why = mailroute_make(writer->mailboxes, number, route);

	if (why != NULL)
		bad(writer, route->entry, why);
	return why == NULL;
}

/* The domain of an entry, and its U-label where that differs: returns how many there are. */
static int
domain_forms(char forms[2][ROUTE_TEXT_SIZE], const char *domain)
{
	char unicode[DOMAIN_UNICODE_SIZE];

	strcpy(forms[0], domain);
	if (domain[0] == '\0' || !domain_unicode(unicode, domain) ||
	    strlen(unicode) >= ROUTE_TEXT_SIZE || strcmp(unicode, domain) == 0)
		return 1;
	strcpy(forms[1], unicode);
	return 2;
}

static int
add_user_as(struct mailwriter *writer, char type, const char *local, const char *domain,
    const void *value, size_t len)
{
	char key[2 * ROUTE_TEXT_SIZE + 2];
	int key_len = snprintf(
	    key, sizeof(key), "%c%s%s%s", type, local, domain[0] == '\0' ? "" : "@", domain);

	/* Longer than any that is asked for. */
	if (key_len > ROUTE_USER_MAX + 1)
		return 0;
	return add(writer, key, (size_t)key_len, value, len);
}

/* How a user in lower case is found, beside as he is written. */
enum folding {
	FOLDING_FAILED = -1,
	FOLDING_NONE,   /* he is written so, or somebody else is */
	FOLDING_FIRST,  /* by that */
	FOLDING_SEVERAL /* that is another one, who is not written so either */
};

static enum folding
fold(struct mailwriter *writer, const struct entry *entry, struct entry *folded)
{
	struct mailboxes *mailboxes = writer->mailboxes;
	char key[MAILBOXES_KEY_SIZE];
	uint32_t count = writer->folded.count;
	size_t len = strlen(entry->local);

	*folded = *entry;
	entry_fold(folded->local, entry->local, len);
	if (strcmp(folded->local, entry->local) == 0)
		return FOLDING_NONE;
	len = mailboxes_key(key, folded);
	if (intern_find(&mailboxes->users, key, len) != INTERN_NONE)
		return FOLDING_NONE;
	if (intern_add(&writer->folded, key, len) == INTERN_NONE) {
		(void)failed(writer);
		return FOLDING_FAILED;
	}
	return writer->folded.count == count ? FOLDING_SEVERAL : FOLDING_FIRST;
}

static int
add_user(struct mailwriter *writer, const struct entry *entry, const unsigned char *value,
    size_t len)
{
	char forms[2][ROUTE_TEXT_SIZE];
	struct entry folded;
	int count = domain_forms(forms, entry->domain);
	enum folding folding = fold(writer, entry, &folded);

	if (folding == FOLDING_FAILED)
		return -1;
	writer->counts->users++;
	for (int i = 0; i < count; i++)
		if (add_user_as(writer, 'u', entry->local, forms[i], value, len) == -1 ||
		    (folding == FOLDING_FIRST &&
			add_user_as(writer, 'u', folded.local, forms[i], value, len) == -1) ||
		    (folding == FOLDING_SEVERAL &&
			add_user_as(writer, 'm', folded.local, forms[i], "", 0) == -1))
			return -1;
	return 0;
}

static int
add_domain(struct mailwriter *writer, const struct entry *entry, const unsigned char *value,
    size_t len)
{
	char forms[2][ROUTE_TEXT_SIZE], key[ROUTE_TEXT_SIZE + 2];
	int count = domain_forms(forms, entry->domain);

	writer->counts->domains++;
	for (int i = 0; i < count; i++) {
		int key_len = snprintf(
		    key, sizeof(key), "%c%s", entry->match == ROUTE_ALL ? 'a' : 'd', forms[i]);

		if (add(writer, key, (size_t)key_len, value, len) == -1)
			return -1;
	}
	return 0;
}

static int
keep_range(struct mailwriter *writer, uint32_t user)
{
	struct range *ranges = array_room(
	    writer->ranges, writer->range_count, &writer->range_room, sizeof(*ranges));
	const char *key = intern_text(&writer->mailboxes->users, user);
	const char *line = strchr(key, '\n');

	if (ranges == NULL)
		return failed(writer);
	writer->ranges = ranges;
	ranges[writer->range_count++] = (struct range){
	    user, (uint8_t)(line - key - 1), key + 1, line + 1, strrchr(line, '@') + 1};
	return 0;
}

/* Whose secret needs his name as it is written. */
static void
note_spelling(struct mailwriter *writer, const struct entry *entry, const struct route *route)
{
	char folded[ROUTE_TEXT_SIZE] = {0};

	entry_fold(folded, entry->local, strlen(entry->local));
	if (entry->match >= ROUTE_RANGE || route->secret[0] == '\0' ||
	    strcmp(folded, entry->local) == 0)
		return;
	if (writer->spelled++ == 0)
		strcpy(writer->first_spelled, route->entry);
}

static void
warn_of_spelling(const struct mailwriter *writer)
{
	struct line line;

	if (writer->spelled == 0)
		return;
	line_start(&line);
	line_add(&line, "mailboxes: ");
	line_add_number(&line, (int64_t)writer->spelled);
	line_add(&line, " users with a secret are not in lower case, such as '");
	line_add_foreign(
	    &line, writer->first_spelled, strlen(writer->first_spelled), ROUTE_TEXT_SIZE);
	line_add(&line,
	    "': the program of routehttp -c is asked about them, and a certificate must name "
	    "them, as they are written");
	report_add_as(
	    writer->mailboxes->report, REPORT_WARNING, line.text, "mailboxes: spelling");
}

static int
add_entry(struct mailwriter *writer, uint32_t number)
{
	unsigned char value[CDBFILE_VALUE_MAX];
	struct entry entry;
	struct route route;
	size_t len;

	mailboxes_entry(writer->mailboxes, number, &entry);
	if (entry.match == ROUTE_RANGE)
		return keep_range(writer, number);
	if (!make_route(writer, number, &route))
		return 0;
	if ((len = route_make(value, sizeof(value), &route)) == 0) {
		bad(writer, route.entry, "has too much in its rows: give it fewer servers");
		return 0;
	}
	note_spelling(writer, &entry, &route);
	return entry.match == ROUTE_ADDRESS || entry.match == ROUTE_USER
	    ? add_user(writer, &entry, value, len)
	    : add_domain(writer, &entry, value, len);
}

/* By domain, the longest first, in order. */
static int
compare(const void *left, const void *right)
{
	const struct range *a = left, *b = right;
	int domain = strcmp(a->domain, b->domain);

	if (domain != 0)
		return domain;
	if (a->len != b->len)
		return a->len > b->len ? -1 : 1;
	return memcmp(a->first, b->first, a->len);
}

static int
add_range(struct mailwriter *writer, const struct range *range, const char *domain,
    uint32_t number, struct route *route)
{
	unsigned char key[ROUTE_KEY_SIZE], value[CDBFILE_VALUE_MAX];
	struct route_range ends = {{0}, {0}};
	size_t len;

	memcpy(ends.first, range->first, range->len);
	memcpy(ends.last, range->last, range->len);
	if ((len = route_make_range(value, sizeof(value), &ends, route)) == 0) {
		bad(writer, route->entry, "has too much in its rows: give it fewer servers");
		return 0;
	}
	return add(writer, key, route_range_key(key, domain, range->len, number), value, len);
}

/* Those of one domain, from first, in one of its forms. */
static int
add_index(struct mailwriter *writer, size_t first, size_t end, const char *domain)
{
	unsigned char value[1 + 5 * ROUTE_LENGTHS_MAX];
	char key[ROUTE_TEXT_SIZE + 1];
	struct route_index index = {0};
	struct route route;
	uint8_t last_len = 0;

	for (size_t i = first; i < end; i++) {
		const struct range *range = &writer->ranges[i];

		if (!make_route(writer, range->user, &route))
			return 0;
		if (range->len != last_len && index.count == ROUTE_LENGTHS_MAX) {
			bad(writer, route.entry,
			    "its domain has ranges of more than 32 lengths");
			return 0;
		}
		if (range->len != last_len) {
			index.lengths[index.count].length = range->len;
			index.lengths[index.count++].ranges = 0;
			last_len = range->len;
		} else if (memcmp(range[-1].last, range->first, range->len) >= 0) {
			bad(writer, route.entry, "overlaps another range of this length");
			return 0;
		}
		if (add_range(writer, range, domain, index.lengths[index.count - 1].ranges++,
			&route) == -1)
			return -1;
	}
	return add(writer, key, (size_t)snprintf(key, sizeof(key), "i%s", domain), value,
	    route_make_index(value, sizeof(value), &index));
}

static int
add_ranges(struct mailwriter *writer)
{
	size_t end;

	if (writer->range_count > 1)
		qsort(writer->ranges, writer->range_count, sizeof(*writer->ranges), compare);
	writer->counts->ranges = writer->range_count;
	for (size_t first = 0; first < writer->range_count; first = end) {
		char forms[2][ROUTE_TEXT_SIZE];
		int count = domain_forms(forms, writer->ranges[first].domain);

		for (end = first + 1; end < writer->range_count &&
		     strcmp(writer->ranges[end].domain, forms[0]) == 0;
		     end++)
			;
		for (int i = 0; i < count; i++)
			if (add_index(writer, first, end, forms[i]) == -1)
				return -1;
	}
	return 0;
}

static int
add_names(struct mailwriter *writer)
{
	const struct source *hosts = &writer->mailboxes->hosts;
	unsigned char key[1 + DOMAIN_SIZE] = {RECORD_KEY_NAME}, value[RECORD_SIZE_MAX];

	for (uint32_t i = 0; i < hosts->host_names.count; i++) {
		const struct source_addresses *addresses = &hosts->of_host_name[i];
		size_t count = addresses->count, key_len, len;

		if (count > RECORD_SERVERS_MAX)
			count = RECORD_SERVERS_MAX;
		key_len = intern_len(&hosts->host_names, i);
		memcpy(key + 1, intern_text(&hosts->host_names, i), key_len);
		len = record_make_addresses(value, sizeof(value), addresses->servers, count);
		if (len > 0 && add(writer, key, 1 + key_len, value, len) == -1)
			return -1;
	}
	return 0;
}

int
mailwrite(struct cdbwriter *cdb, struct mailboxes *mailboxes,
    const struct routesettings *settings, struct mailwrite_counts *counts)
{
	struct mailwriter writer = {.cdb = cdb, .mailboxes = mailboxes, .counts = counts};
	unsigned char value[64];
	int result;

	memset(counts, 0, sizeof(*counts));
	result =
	    add(&writer, "s", 1, value, routesettings_make(value, sizeof(value), settings));
	for (uint32_t i = 0; result == 0 && i < mailboxes->users.count; i++)
		result = add_entry(&writer, i);
	if (result == 0)
		result = add_ranges(&writer);
	if (result == 0)
		result = add_names(&writer);
	/* The map is gone through once without a file: that time it is said. */
	if (result == 0 && cdb == NULL)
		warn_of_spelling(&writer);
	intern_free(&writer.folded);
	free(writer.ranges);
	return result;
}
