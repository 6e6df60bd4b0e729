#include "map.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "entry.h"
#include "loginpattern.h"

#define USER   'u'
#define DOMAIN 'd'
#define ALL    'a'
#define INDEX  'i'
#define MANY   'm'

int
map_start(struct map *map, const char *path)
{
	memset(map, 0, sizeof(*map));
	map->file.fd = -1;
	routesettings_default(&map->settings);
	if (strlen(path) >= sizeof(map->path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(map->path, path);
	return 0;
}

void
map_close(struct map *map)
{
	if (map->is_open)
		cdbfile_close(&map->file);
	map->is_open = false;
}

const char *
map_trouble(struct map *map)
{
	if (!map->untold)
		return NULL;
	map->untold = false;
	return map->trouble.text;
}

uint16_t
map_port(const struct map *map, const char *protocol)
{
	if (strcmp(protocol, "imap") == 0)
		return map->settings.imap_port;
	return strcmp(protocol, "pop3") == 0 ? map->settings.pop3_port : 0;
}

static void
note_trouble(struct map *map, const char *why)
{
	line_start(&map->trouble);
	line_add_foreign(&map->trouble, map->path, strlen(map->path), 400);
	line_add(&map->trouble, ": ");
	line_add(&map->trouble, why);
	if (map->is_open)
		line_add(&map->trouble, ": that of before stays in use");
	map->untold = true;
}

/* Opens what is at the path now, and proves that it is a map. */
static int
open_file(struct cdbfile *file, struct routesettings *settings, const char *path)
{
	unsigned char value[64];
	size_t len;

	if (cdbfile_open(file, path) == -1)
		return -1;
	if (memcmp(file->note, ROUTE_NOTE, CDBFILE_NOTE) == 0 &&
	    cdbfile_find(file, "s", 1, value, sizeof(value), &len) == 1 &&
	    routesettings_parse(settings, value, len) == 0)
		return 0;
	cdbfile_close(file);
	errno = EPROTO;
	return -1;
}

int
map_refresh(struct map *map)
{
	struct routesettings settings;
	struct cdbfile file;
	struct stat st;
	int error;

	if (stat(map->path, &st) == -1) {
		if (map->is_open && errno == ENOENT)
			return 0;
		memset(&st, 0, sizeof(st));
	} else if (map->is_open && st.st_dev == map->file.device &&
	    st.st_ino == map->file.inode) {
		return 0;
	}
	if (map->is_open && st.st_ino != 0 && st.st_dev == map->refused.device &&
	    st.st_ino == map->refused.inode &&
	    memcmp(&st.st_ctim, &map->refused.changed, sizeof(st.st_ctim)) == 0)
		return 0;
	if (open_file(&file, &settings, map->path) == 0) {
		map_close(map);
		map->file = file;
		map->settings = settings;
		map->is_open = true;
		return 0;
	}
	error = errno;
	if (st.st_ino != map->refused.inode || st.st_dev != map->refused.device ||
	    memcmp(&st.st_ctim, &map->refused.changed, sizeof(st.st_ctim)) != 0 ||
	    st.st_ino == 0)
		note_trouble(map,
		    error != EPROTO ? strerror(error)
				    : "damaged, or no map that rcptbuild wrote");
	map->refused.device = st.st_dev;
	map->refused.inode = st.st_ino;
	map->refused.changed = st.st_ctim;
	errno = error;
	return map->is_open ? 0 : -1;
}

/* All look-ups return 1, 0 or -1. */
static int
look(struct map *map, char type, const char *text, size_t len, struct route *route)
{
	unsigned char key[1 + ROUTE_TEXT_SIZE], value[CDBFILE_VALUE_MAX];
	size_t value_len;
	int found;

	key[0] = (unsigned char)type;
	memcpy(key + 1, text, len);
	found = cdbfile_find(&map->file, key, 1 + len, value, sizeof(value), &value_len);
	return found == 1 && route_parse(route, value, value_len) == -1 ? -1 : found;
}

/* What of the map it was that was found. */
struct hit {
	enum route_match match;
	bool of_domain, spelled, several;
};

/* A key in lower case may be that of somebody whom the list writes otherwise. */
static bool
is_spelled(const struct wanted *wanted, const char *text)
{
	struct entry entry;

	return entry_parse(&entry, text, strlen(text)) == NULL &&
	    strlen(entry.local) == wanted->local_len &&
	    memcmp(entry.local, wanted->exact, wanted->local_len) == 0;
}

static int
has_key(struct map *map, char type, const char *text, size_t len)
{
	unsigned char key[1 + ROUTE_TEXT_SIZE], value[1];
	size_t value_len;

	key[0] = (unsigned char)type;
	memcpy(key + 1, text, len);
	return cdbfile_find(&map->file, key, 1 + len, value, sizeof(value), &value_len);
}

static int
look_folded(struct map *map, const struct wanted *wanted, size_t len, struct route *route,
    struct hit *hit)
{
	int found = look(map, USER, wanted->exact, len, route);

	if (found == 0 && memcmp(wanted->exact, wanted->folded, len) != 0)
		found = look(map, USER, wanted->folded, len, route);
	hit->spelled = found == 1 && is_spelled(wanted, route->entry);
	if (found != 1 || hit->spelled)
		return found;
	found = has_key(map, MANY, wanted->folded, len);
	hit->several = found == 1;
	return found == -1 ? -1 : 1;
}

/* One range of those that are length bytes long. */
static int
get_range(struct map *map, const char *domain, uint8_t length, uint32_t number,
    struct route_range *range, struct route *route)
{
	unsigned char key[ROUTE_KEY_SIZE], value[CDBFILE_VALUE_MAX];
	size_t key_len = route_range_key(key, domain, length, number), len;
	int found = cdbfile_find(&map->file, key, key_len, value, sizeof(value), &len);

	if (found == 1 && route_parse_range(range, route, value, len) == 0 &&
	    strlen(range->first) == length)
		return 1;
	if (found != -1)
		errno = EPROTO; /* the index says that it is there */
	return -1;
}

static int
look_range(
    struct map *map, const struct wanted *wanted, const char *domain, struct route *route)
{
	unsigned char key[1 + ROUTE_TEXT_SIZE] = {INDEX}, value[CDBFILE_VALUE_MAX];
	struct route_index index;
	struct route_range range;
	size_t len = strlen(domain);
	int found;

	memcpy(key + 1, domain, len);
	found = cdbfile_find(&map->file, key, 1 + len, value, sizeof(value), &len);
	if (found == 1 && route_parse_index(&index, value, len) == -1)
		found = -1;
	if (found != 1)
		return found;
	for (size_t i = 0; i < index.count; i++) {
		uint32_t low = 0, high = index.lengths[i].ranges;
		uint8_t length = index.lengths[i].length;

		if (length > wanted->local_len)
			continue;
		while (low < high) {
			uint32_t middle = low + (high - low) / 2;

			if (get_range(map, domain, length, middle, &range, route) == -1)
				return -1;
			if (memcmp(wanted->folded, range.first, length) < 0)
				high = middle;
			else if (memcmp(wanted->folded, range.last, length) > 0)
				low = middle + 1;
			else
				return 1;
		}
	}
	return 0;
}

/* The most specific entry for this user. */
static int
look_all(struct map *map, const struct wanted *wanted, struct route *route, struct hit *hit)
{
	bool domain = wanted->domain != NULL, in_lower_case;
	int found = 0;

	in_lower_case = memcmp(wanted->exact, wanted->folded, wanted->len) == 0;
	*hit = (struct hit){ROUTE_ADDRESS, true, true, false};
	if (domain && (found = look_folded(map, wanted, wanted->len, route, hit)) != 0)
		return found;
	*hit = (struct hit){ROUTE_USER, false, true, false};
	if ((found = look_folded(map, wanted, wanted->local_len, route, hit)) != 0)
		return found;
	*hit = (struct hit){ROUTE_RANGE, true, in_lower_case, false};
	if (domain && (found = look_range(map, wanted, wanted->domain, route)) != 0)
		return found;
	hit->of_domain = false;
	if ((found = look_range(map, wanted, "", route)) != 0)
		return found;
	*hit = (struct hit){ROUTE_DOMAIN, true, in_lower_case, false};
	if (domain &&
	    (found = look(map, DOMAIN, wanted->domain, strlen(wanted->domain), route)) != 0)
		return found;
	*hit = (struct hit){ROUTE_ALL, false, in_lower_case, false};
	return look(map, ALL, "", 0, route);
}

int
map_find(struct map *map, const char *user, size_t len, struct route *route)
{
	struct wanted wanted;
	struct hit hit;
	int found;

	if (map_refresh(map) == -1)
		return -1;
	if (!wanted_parse(&wanted, user, len))
		return 0;
	if ((found = look_all(map, &wanted, route, &hit)) != 1)
		return found;
	route->match = hit.match;
	route->of_domain = hit.of_domain;
	route->spelled = hit.spelled;
	route->several = hit.several;
	route->qualified = wanted.domain != NULL;
	if (loginpattern_expand(route, user, wanted.len) == -1)
		return 0;
	route->translated = route->translated || wanted.len != len;
	return 1;
}
