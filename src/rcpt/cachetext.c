#include "cachetext.h"

#include <string.h>
#include <time.h>

#define TIME_SIZE 32
#define TIME_LAST 253402300799 /* the end of the year 9999 */

static const char *
class_name(const struct cacheadmin_row *row)
{
	return row->damage == NULL ? finding_name(row->entry.finding) : "damaged";
}

static void
time_text(char text[TIME_SIZE], int64_t when)
{
	time_t seconds = (time_t)when;
	struct tm utc;

	if (when < 0 || when > TIME_LAST || gmtime_r(&seconds, &utc) == NULL ||
	    strftime(text, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		memcpy(text, "never", 6); /* not between 1970 and 9999 */
}

/* "2d 3h", "5m 10s" or "12s": the two largest units. */
static void
add_span(struct line *line, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
	unsigned i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	line_add_number(line, seconds / units[i].seconds);
	line_add(line, units[i].name);
	seconds %= units[i].seconds;
	if (i == 3 || seconds < units[i + 1].seconds)
		return;
	line_add(line, " ");
	line_add_number(line, seconds / units[i + 1].seconds);
	line_add(line, units[i + 1].name);
}

/* A time, and in brackets how far away it is. */
static void
add_time(struct line *line, int64_t when, int64_t now)
{
	char text[TIME_SIZE];

	time_text(text, when);
	line_add(line, text);
	if (when < 0 || when > TIME_LAST)
		return;
	line_add(line, when <= now ? " (" : " (in ");
	add_span(line, when <= now ? now - when : when - now);
	line_add(line, when <= now ? " ago)" : ")");
}

static void
add_reply(struct line *reply, const struct cache_entry *entry)
{
	line_add_number(reply, entry->code);
	/* Where the code stands in front of the text it has been said. */
	if (*entry->enhanced != '\0' &&
	    strncmp(entry->text, entry->enhanced, strlen(entry->enhanced)) != 0) {
		line_add(reply, " ");
		line_add_foreign(
		    reply, entry->enhanced, strlen(entry->enhanced), sizeof(entry->enhanced));
	}
	if (*entry->text != '\0') {
		line_add(reply, " ");
		line_add_foreign(reply, entry->text, strlen(entry->text), CACHE_TEXT_MAX);
	}
}

void
cachetext_row(struct line *line, const struct cacheadmin_row *row, int64_t now)
{
	const struct cache_entry *entry = &row->entry;

	line_start(line);
	line_pair_bytes(line, "address", row->key, row->key_len);
	line_pair(line, "class", class_name(row));
	if (row->damage != NULL) {
		line_pair(line, "note", row->damage);
		return;
	}
	line_pair(line, "state", entry->expires > now ? "fresh" : "expired");
	line_pair_number(line, "age", now - entry->probed);
	line_pair_number(line, "left", entry->expires - now);
	line_pair_number(line, "code", entry->code);
	if (*entry->enhanced != '\0')
		line_pair(line, "enhanced", entry->enhanced);
	line_pair(line, "host", entry->host);
	line_pair(line, "text", entry->text);
}

/* What is behind the prefix of a subject, or NULL when it has another one. */
static const char *
subject_of(const struct memoryadmin_row *row, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(row->subject, prefix, len) == 0 ? row->subject + len : NULL;
}

void
cachetext_memory(struct line *line, const struct memoryadmin_row *row, int64_t now)
{
	const struct memory *memory = &row->memory;
	const char *server = subject_of(row, MEMORY_SERVER);
	const char *domain = subject_of(row, MEMORY_DOMAIN);
	const char *catch_all = subject_of(row, MEMORY_CATCH_ALL);
	const char *state = memory->state[0] == '\0' ? "fine" : memory->state;

	line_start(line);
	if (server != NULL) {
		line_pair(line, "server", server);
	} else if (domain != NULL) {
		line_pair(line, "domain", domain);
	} else if (catch_all != NULL) {
		size_t len = strcspn(catch_all, " ");

		line_pair_bytes(line, "server", catch_all, len);
		line_pair(line, "domain", catch_all + len + (catch_all[len] == ' '));
	} else {
		line_pair(line, "subject", row->subject);
	}
	if (row->damage != NULL) {
		line_pair(line, "damage", row->damage);
		return;
	}
	line_pair(line, catch_all == NULL ? "state" : "any-address", state);
	if (catch_all == NULL)
		line_pair_number(line, "count", memory->count);
	line_pair_number(line, "age", now - memory->since);
	line_pair_number(line, "left", memory->until - now);
	if (memory->text[0] != '\0')
		line_pair(line, domain == NULL ? "text" : "good", memory->text);
}

static const char *
meaning(const struct cacheadmin_row *row)
{
	if (row->damage != NULL)
		return "none: rcptcheck asks the server";
	switch (row->entry.finding) {
	case FINDING_EXISTS:
		return "accept: the server takes mail for it";
	case FINDING_UNKNOWN:
		return "reject: the server says that there is no such user";
	default:
		return "reject: the server says that this user takes no mail now";
	}
}

bool
cachetext_explain(
    struct line *line, unsigned number, const struct cacheadmin_row *row, int64_t now)
{
	const struct cache_entry *entry = &row->entry;

	line_start(line);
	switch (number) {
	case 0:
		line_add(line, "address  ");
		line_add_foreign(line, row->key, row->key_len, sizeof(row->key));
		return true;
	case 1:
		line_add(line, "class    ");
		line_add(line, class_name(row));
		return true;
	case 2:
		line_add(line, "verdict  ");
		line_add(line, meaning(row));
		return true;
	case 3:
		if (row->damage != NULL) {
			line_add(line, "damage   ");
			line_add(line, row->damage);
			return true;
		}
		line_add(line, "reply    ");
		add_reply(line, entry);
		return true;
	case 4:
		line_add(line, "host     ");
		line_add_foreign(line, entry->host, strlen(entry->host), sizeof(entry->host));
		break;
	case 5:
		line_add(line, "asked    ");
		add_time(line, entry->probed, now);
		break;
	case 6:
		line_add(line, "expires  ");
		add_time(line, entry->expires, now);
		break;
	default:
		return false;
	}
	return row->damage == NULL;
}

static void
pair_time(struct line *line, const char *key, int64_t when)
{
	char text[TIME_SIZE];

	time_text(text, when);
	line_pair(line, key, text);
}

bool
cachetext_stats(struct line *line, unsigned number, const struct cacheadmin_stats *stats)
{
	line_start(line);
	switch (number) {
	case 0:
		line_pair_number(line, "rows",
		    stats->exists + stats->unknown + stats->refused + stats->damaged);
		line_pair_number(line, "exists", stats->exists);
		line_pair_number(line, "unknown", stats->unknown);
		line_pair_number(line, "refused", stats->refused);
		line_pair_number(line, "damaged", stats->damaged);
		return true;
	case 1:
		line_pair_number(line, "fresh", stats->fresh);
		line_pair_number(line, "expired", stats->expired);
		if (stats->fresh + stats->expired > 0) {
			pair_time(line, "oldest", stats->oldest);
			pair_time(line, "newest", stats->newest);
		}
		return true;
	default:
		return false;
	}
}
