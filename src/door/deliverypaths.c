#include "deliverypaths.h"

#include <string.h>
#include <sys/stat.h>

#include "base/checksum.h"
#include "base/record.h"
#include "state.h"

static const char *const settings[] = {
    [DELIVERY_SMTPROUTES] = "write_smtproutes",
    [DELIVERY_RCPTHOSTS] = "write_rcpthosts",
    [DELIVERY_MORERCPTHOSTS] = "write_morercpthosts",
    [DELIVERY_TRANSPORT] = "write_transport",
    [DELIVERY_RELAY_DOMAINS] = "write_relay_domains",
};

const char *
deliverypaths_setting(enum delivery_file file)
{
	return settings[file];
}

const char *
deliverypaths_path(const struct source *source, enum delivery_file file)
{
	const char *path = source_setting(source, settings[file]);

	return path == NULL || strcmp(path, "none") == 0 ? NULL : path;
}

bool
deliverypaths_has_twin(const struct source *source, enum delivery_file file)
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

static size_t
make_key(char key[CDBFILE_KEY_MAX], enum delivery_file file)
{
	key[0] = RECORD_KEY_DELIVERY;
	strcpy(key + 1, settings[file]);
	return strlen(key);
}

int
deliverypaths_add(struct cdbwriter *writer, const struct source *source)
{
	char key[CDBFILE_KEY_MAX];

	for (enum delivery_file i = 0; i < DELIVERY_FILES; i++) {
		const char *path = deliverypaths_path(source, i);
		size_t len = make_key(key, i);

		if (path != NULL && cdbwriter_add(writer, key, len, path, strlen(path)) == -1)
			return -1;
	}
	return 0;
}

static uint64_t
add_path(uint64_t sum, const char *path)
{
	struct state_stamp stamp;

	state_stamp(&stamp, path);
	if (sum == 0)
		sum = CHECKSUM_START;
	return checksum_add(checksum_add(sum, path, strlen(path)), &stamp, sizeof(stamp));
}

bool
deliverypaths_find(struct cdbfile *cdb, enum delivery_file file, char path[SETTINGS_PATH_SIZE])
{
	char key[CDBFILE_KEY_MAX];
	size_t len;

	if (cdbfile_find(cdb, key, make_key(key, file), path, SETTINGS_PATH_SIZE - 1, &len) !=
	    1)
		return false;
	path[len] = '\0';
	return true;
}

uint64_t
deliverypaths_look(struct cdbfile *cdb)
{
	char path[SETTINGS_PATH_SIZE];
	uint64_t sum = 0;

	for (enum delivery_file i = 0; i < DELIVERY_FILES; i++)
		if (deliverypaths_find(cdb, i, path))
			sum = add_path(sum, path);
	return sum;
}

uint64_t
deliverypaths_look_by(const struct source *source)
{
	uint64_t sum = 0;

	for (enum delivery_file i = 0; i < DELIVERY_FILES; i++) {
		const char *path = deliverypaths_path(source, i);

		if (path != NULL)
			sum = add_path(sum, path);
	}
	return sum;
}
