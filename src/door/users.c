#include "users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "database.h"
#include "row.h"

#define TABLE "local_users"

static int
no_memory(struct users *users)
{
	return report_trouble(users->report, "out of memory for users");
}

int
users_start(struct users *users, struct source *source, struct report *report)
{
	memset(users, 0, sizeof(*users));
	users->source = source;
	users->report = report;
	users->digest = CHECKSUM_START;
	users->of_domain = calloc(source->names.count, sizeof(*users->of_domain));
	if (users->of_domain == NULL)
		return no_memory(users);
	for (uint32_t i = 0; i < source->names.count; i++)
		if (source_is_listed(source, i))
			users->digest = checksum_add(users->digest,
			    intern_text(&source->names, i), intern_len(&source->names, i));
	return 0;
}

void
users_free(struct users *users)
{
	census_free(&users->census);
	free(users->of_domain);
	users->of_domain = NULL;
}

int
users_begin(struct users *users, const char *list)
{
	users->list = list;
	users->listed = 0;
	users->foreign = 0;
	users->key_len = 0;
	users->digest = checksum_add(users->digest, list, strlen(list));
	memset(users->of_domain, 0, users->source->names.count * sizeof(*users->of_domain));
	return 0;
}

/* One line for a list, and the same one whatever their number: cron mails what is new. */
static void
warn_foreign(struct users *users)
{
	struct line line;

	line_start(&line);
	line_add(&line, users->list);
	line_add(&line, ": ");
	line_add_number(&line, (int64_t)users->foreign);
	line_add(&line, " of its addresses are not in a local domain: no effect");
	report_add_as(users->report, REPORT_WARNING, line.text, users->list);
}

int
users_end(struct users *users)
{
	const struct intern *names = &users->source->names;

	if (users->foreign > 0)
		warn_foreign(users);
	if (users->listed == 0)
		return 0;
	users->count += users->listed;
	if (census_set(&users->census, users->list, "*", users->listed) == -1)
		return no_memory(users);
	for (uint32_t i = 0; i < names->count; i++)
		if (users->of_domain[i] > 0 &&
		    census_set(&users->census, users->list, intern_text(names, i),
			users->of_domain[i]) == -1)
			return no_memory(users);
	return 0;
}

/* Makes the domain as it is written the one at hand. Returns NULL, or what is wrong with it. */
static const char *
use_domain(struct users *users, const struct listing *listing)
{
	const struct source *source = users->source;
	uint64_t hash = intern_hash(listing->domain, listing->domain_len);
	struct users_domain *domain = &users->domains[(hash >> 40) % USERS_DOMAINS];
	char name[DOMAIN_SIZE];
	const char *why;

	if (listing->domain_len == domain->len &&
	    memcmp(listing->domain, domain->text, domain->len) == 0) {
		users->number = domain->number;
		return NULL;
	}
	if ((why = domain_normalise_recipient(name, listing->domain, listing->domain_len)) !=
	    NULL)
		return why;
	users->number = intern_find(&source->names, name, strlen(name));
	if (users->number != INTERN_NONE && !source_is_listed(source, users->number))
		users->number = INTERN_NONE;
	if (listing->domain_len > sizeof(domain->text))
		return NULL;
	domain->number = users->number;
	domain->len = listing->domain_len;
	memcpy(domain->text, listing->domain, listing->domain_len);
	return NULL;
}

static int
add_key(struct users *users, char type, const struct listing *listing)
{
	char key[RECORD_USER_KEY_SIZE];
	size_t len = record_user_key(key, type, listing->local, listing->local_len,
	    intern_text(&users->source->names, users->number));

	/* A join gives the same one many times, in a row. */
	if (len == users->key_len && memcmp(key, users->key, len) == 0)
		return 0;
	memcpy(users->key, key, len);
	users->key_len = len;
	users->digest = checksum_add(users->digest, key, len);
	users->of_domain[users->number]++;
	users->listed++;
	if (users->add == NULL || users->add(users->context, key, len) == 0)
		return 0;
	if (errno == EFBIG)
		return report_trouble(users->report,
		    "rcptcheck.cdb would be larger than 4 GB, and a CDB can't be: spread the "
		    "users over several hosts or homes (RCPTCHECK_HOME)");
	return report_trouble(
	    users->report, "rcptcheck.cdb cannot be written: %s", strerror(errno));
}

void
users_miss(struct users *users, const char *domain, size_t len)
{
	struct listing listing = {.domain = domain, .domain_len = len};

	if (use_domain(users, &listing) != NULL || users->number == INTERN_NONE)
		return;
	users->source->of_name[users->number].flags |= NAME_ODD;
	users->digest = checksum_add(users->digest, "odd", 3);
	users->digest = checksum_add(users->digest, domain, len);
}

int
users_take(struct users *users, const struct listing *listing, const char **why)
{
	uint32_t *flags;

	if ((*why = use_domain(users, listing)) != NULL)
		return 0;
	if (users->number == INTERN_NONE) {
		users->foreign++;
		return 0;
	}
	flags = &users->source->of_name[users->number].flags;
	*flags |= NAME_HAS_USERS;
	switch (listing->kind) {
	case LISTING_ALL:
		*flags |= NAME_CATCH_ALL;
		users->digest =
		    checksum_add(users->digest, listing->domain, listing->domain_len);
		users->of_domain[users->number]++;
		users->listed++;
		return 0;
	case LISTING_PREFIX:
		*flags |= NAME_PREFIXES;
		return add_key(users, RECORD_KEY_PREFIX, listing);
	case LISTING_USER:
		break;
	}
	return add_key(users, RECORD_KEY_USER, listing);
}

static int
take_row(struct users *users, struct row *row)
{
	struct listing listing;
	uint64_t unused = 0;
	const char *why;

	row_fetch(row, &unused);
	if (!row_is_text(row, 1))
		return 0;
	why = listing_parse(&listing, row->values[1].text, row->values[1].len, false);
	if (why == NULL && users_take(users, &listing, &why) == -1)
		return -1;
	if (why != NULL)
		row_bad(row, 1, why);
	return 0;
}

int
users_of_table(struct users *users, sqlite3 *db)
{
	struct row row = {.table = TABLE, .report = users->report};
	int has = database_has(db, TABLE), rc, result;

	if (has == 0)
		return 0;
	if (has == -1 ||
	    sqlite3_prepare_v2(db, "SELECT rowid, address FROM " TABLE " ORDER BY rowid", -1,
		&row.stmt, NULL) != SQLITE_OK)
		return database_trouble(db, users->report);
	result = users_begin(users, TABLE);
	while (result == 0 && (rc = sqlite3_step(row.stmt)) != SQLITE_DONE)
		result = rc == SQLITE_ROW ? take_row(users, &row)
					  : database_trouble(db, users->report);
	sqlite3_finalize(row.stmt);
	return result == 0 ? users_end(users) : -1;
}

/* An alias without users of its own has those of its target, which is judged itself. */
static bool
has_those_of_another(const struct source *source, uint32_t name)
{
	uint32_t alias = source->of_name[name].alias;

	return source_is_alias(source, name) &&
	    (source->of_name[source->aliases[alias].target].flags & NAME_LOCAL) != 0;
}

void
users_judge(const struct users *users)
{
	const struct source *source = users->source;

	for (uint32_t i = 0; i < source->names.count; i++) {
		struct line line;

		if ((source->of_name[i].flags & (NAME_LOCAL | NAME_HAS_USERS)) != NAME_LOCAL ||
		    has_those_of_another(source, i))
			continue;
		line_start(&line);
		line_add(&line, "local_domains: '");
		line_add_foreign(&line, intern_text(&source->names, i),
		    intern_len(&source->names, i), DOMAIN_SIZE);
		line_add(&line,
		    "': has no users in any list: that is no proof against anybody, "
		    "its mail is deferred (or its servers are asked) until it has");
		report_add(users->report, REPORT_WARNING, line.text);
	}
}
