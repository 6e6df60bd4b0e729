#include "memoryadmin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BATCH 64 /* rows read under one lock */

/* Of a domain: see memory.h for the subjects. */
#define ABOUT                                                                                  \
	"(?1 IS NULL OR subject = '" MEMORY_DOMAIN "' || lower(?1) OR"                         \
	" (subject LIKE '" MEMORY_CATCH_ALL "%' AND"                                           \
	" substr(subject, -1 - length(?1)) = ' ' || lower(?1)))"

/* A subject that nobody could have put there is for rcptbuild to remove. */
static const char batch_sql[] =
    "SELECT " MEMORY_COLUMNS " FROM memory WHERE " ABOUT " AND subject > ?2"
    " AND typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) < ?3"
    " ORDER BY subject LIMIT ?4";
static const char forget_sql[] = "DELETE FROM memory WHERE " ABOUT;

static sqlite3_stmt *
prepare(struct cache *cache, const char *sql, const char *domain)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(cache->db, sql, -1, &statement, NULL) != SQLITE_OK) {
		cache_trouble(cache);
		return NULL;
	}
	if (domain != NULL)
		sqlite3_bind_text(statement, 1, domain, -1, SQLITE_STATIC);
	return statement;
}

/* Reads the rows behind the one of this subject. Returns how many, or -1. */
static int
read_batch(struct cache *cache, const char *domain, const char *last,
    struct memoryadmin_row rows[BATCH])
{
	sqlite3_stmt *statement;
	int count = 0, step;

	cache_begin(cache);
	statement = prepare(cache, batch_sql, domain);
	if (statement == NULL)
		return -1;
	sqlite3_bind_text(statement, 2, last, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 3, MEMORY_SUBJECT_SIZE);
	sqlite3_bind_int(statement, 4, BATCH);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW && count < BATCH) {
		struct memoryadmin_row *row = &rows[count++];
		const unsigned char *subject = sqlite3_column_text(statement, 0);

		row->damage = memory_parse(statement, &row->memory);
		strncpy(row->subject, subject == NULL ? "" : (const char *)subject,
		    sizeof(row->subject) - 1);
		row->subject[sizeof(row->subject) - 1] = '\0';
	}
	if (step != SQLITE_DONE)
		count = cache_trouble(cache);
	/* The tree of a damaged file may send us round for ever. */
	else if (count > 0 && strcmp(rows[count - 1].subject, last) <= 0)
		count = cache_damage(cache, "its rows are out of order");
	sqlite3_finalize(statement);
	return count;
}

int
memoryadmin_each(struct cache *cache, const char *domain,
    int (*each)(void *arg, const struct memoryadmin_row *row), void *arg)
{
	struct memoryadmin_row *rows = malloc(BATCH * sizeof(*rows));
	char last[MEMORY_SUBJECT_SIZE] = "";
	bool stopped = false;
	int count, result = 0;

	if (rows == NULL) {
		cache->reason = "out of memory";
		return -1;
	}
	do {
		count = read_batch(cache, domain, last, rows);
		if (count != 0)
			result = count == -1 ? -1 : 1;
		for (int i = 0; i < count && !stopped; i++)
			stopped = each(arg, &rows[i]) != 0;
		if (count > 0)
			memcpy(last, rows[count - 1].subject, sizeof(last));
	} while (count == BATCH && !stopped);
	free(rows);
	return result;
}

int
memoryadmin_forget(struct cache *cache, const char *domain, int64_t *removed)
{
	sqlite3_stmt *statement = prepare(cache, forget_sql, domain);
	int result = -1;

	*removed = 0;
	if (statement == NULL)
		return -1;
	if (sqlite3_step(statement) == SQLITE_DONE) {
		*removed = sqlite3_changes(cache->db);
		result = 0;
	} else {
		cache_trouble(cache);
	}
	sqlite3_finalize(statement);
	return result;
}

int
memoryadmin_forget_good(struct cache *cache, const char *address, size_t len, int64_t *removed)
{
	char subject[MEMORY_SUBJECT_SIZE], path[ADDRESS_PATH_SIZE];
	struct address parts;
	struct memory memory;

	*removed = 0;
	if (address_parse(&parts, address, len) != ADDRESS_FINE)
		return 0;
	address_path(path, &parts, "");
	snprintf(subject, sizeof(subject), MEMORY_DOMAIN "%s", parts.key_domain);
	if (memory_take(cache, subject, &memory) == -1)
		return -1;
	if (strcasecmp(memory.text, path) != 0)
		return 0;
	*removed = 1;
	return memory_drop(cache, subject);
}
