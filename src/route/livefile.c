#include "livefile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "route.h"

#define MODE       0660
#define BUCKET     (LIVEFILE_RECORD * LIVEFILE_SLOTS)
#define LOCK_TRIES 20 /* of a millisecond each */

void
livefile_make(unsigned char bytes[LIVEFILE_RECORD], const struct livefile_record *record)
{
	const struct record_server *server = &record->server;

	memset(bytes, 0, LIVEFILE_RECORD);
	if (record->kind == LIVEFILE_NOTHING)
		return;
	bytes[0] = (unsigned char)record->kind;
	bytes[1] = server->family;
	bytes[2] = (unsigned char)(server->port & 0xff);
	bytes[3] = (unsigned char)(server->port >> 8);
	for (int i = 0; i < 4; i++)
		bytes[4 + i] = (unsigned char)(record->failures >> 8 * i);
	memcpy(bytes + 8, server->address, server->family == 4 ? 4 : 16);
	number_put64(bytes + 24, (uint64_t)record->until);
	number_put64(bytes + 32, (uint64_t)record->since);
	number_put64(bytes + 40, checksum_add(CHECKSUM_START, bytes, 40));
}

bool
livefile_parse(struct livefile_record *record, const unsigned char bytes[LIVEFILE_RECORD])
{
	memset(record, 0, sizeof(*record));
	if ((bytes[0] != LIVEFILE_DEAD && bytes[0] != LIVEFILE_DOWN) ||
	    (bytes[1] != 4 && bytes[1] != 6) ||
	    number_get64(bytes + 40) != checksum_add(CHECKSUM_START, bytes, 40))
		return false;
	record->kind = bytes[0] == LIVEFILE_DEAD ? LIVEFILE_DEAD : LIVEFILE_DOWN;
	record->server.family = bytes[1];
	record->server.port = (uint16_t)(bytes[2] | bytes[3] << 8);
	for (int i = 0; i < 4; i++)
		record->failures |= (uint32_t)bytes[4 + i] << 8 * i;
	memcpy(record->server.address, bytes + 8, bytes[1] == 4 ? 4 : 16);
	record->until = (int64_t)number_get64(bytes + 24);
	record->since = (int64_t)number_get64(bytes + 32);
	return true;
}

/* Where others can write too: no links, nothing but a file, and only one of ours is changed. */
static int
open_file(const char *path, bool *writable)
{
	int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, fd;

	*writable = true;
	fd = open(path, O_RDWR | flags);
	if (fd == -1 && errno == ENOENT) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | flags, MODE);
		if (fd != -1)
			(void)fchmod(fd, MODE); /* whatever the umask */
		else if (errno == EEXIST)
			fd = open(path, O_RDWR | flags);
	}
	if (fd == -1 && (errno == EACCES || errno == EROFS)) {
		*writable = false;
		fd = open(path, O_RDONLY | flags);
	}
	return fd;
}

int
livefile_open(struct livefile *file, const char *path)
{
	struct stat st;
	int error;

	file->fd = open_file(path, &file->writable);
	if (file->fd == -1)
		return -1;
	if (fstat(file->fd, &st) == 0) {
		if (S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_size == LIVEFILE_SIZE)
			return 0;
		/* A new one is all zeros, so two who make it at once do no harm. */
		if (S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_size == 0 &&
		    file->writable && ftruncate(file->fd, LIVEFILE_SIZE) == 0)
			return 0;
		errno = EPROTO;
	}
	error = errno;
	livefile_close(file);
	errno = error;
	return -1;
}

int
livefile_refresh(struct livefile *file, const char *path)
{
	struct stat ours, there;

	if (file->fd != -1 && fstat(file->fd, &ours) == 0 &&
	    (stat(path, &there) == -1
		    ? errno != ENOENT
		    : there.st_dev == ours.st_dev && there.st_ino == ours.st_ino))
		return 0;
	livefile_close(file);
	return livefile_open(file, path);
}

void
livefile_close(struct livefile *file)
{
	if (file->fd != -1)
		close(file->fd);
	file->fd = -1;
	file->writable = false;
}

static off_t
bucket_of(const struct record_server *server)
{
	uint64_t sum = checksum_add_number(CHECKSUM_START, server->port);

	sum = checksum_add(sum, server->address, server->family == 4 ? 4 : 16);
	/* The checksum alone moves no byte of an address into all of its own. */
	sum = (sum ^ sum >> 33) * UINT64_C(0xff51afd7ed558ccd);
	sum = (sum ^ sum >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (off_t)((sum >> 33) % LIVEFILE_BUCKETS * BUCKET);
}

/* What the file has can be torn by a writer: a record that is not whole is none. */
static bool
read_bucket(const struct livefile *file, off_t at, unsigned char bytes[BUCKET])
{
	return file->fd != -1 && pread(file->fd, bytes, BUCKET, at) == BUCKET;
}

bool
livefile_get(const struct livefile *file, const struct record_server *server,
    struct livefile_record *record)
{
	unsigned char bytes[BUCKET];

	if (read_bucket(file, bucket_of(server), bytes))
		for (size_t i = 0; i < LIVEFILE_SLOTS; i++)
			if (livefile_parse(record, bytes + i * LIVEFILE_RECORD) &&
			    route_same_server(&record->server, server))
				return true;
	/* Not what is known of another one. */
	memset(record, 0, sizeof(*record));
	return false;
}

/*
 * The slot for a server: its own, else an empty one, else that of a dead one that is tried again
 * first. Returns LIVEFILE_SLOTS when there is none.
 */
static size_t
choose_slot(const unsigned char bytes[BUCKET], const struct record_server *server)
{
	size_t empty = LIVEFILE_SLOTS, oldest = LIVEFILE_SLOTS;
	struct livefile_record record;
	int64_t until = INT64_MAX;

	for (size_t i = 0; i < LIVEFILE_SLOTS; i++) {
		if (!livefile_parse(&record, bytes + i * LIVEFILE_RECORD)) {
			if (empty == LIVEFILE_SLOTS)
				empty = i;
		} else if (route_same_server(&record.server, server)) {
			return i;
		} else if (record.kind == LIVEFILE_DEAD && record.until < until) {
			oldest = i;
			until = record.until;
		}
	}
	return empty < LIVEFILE_SLOTS ? empty : oldest;
}

/*
 * Keeps two writers from taking the same empty slot. One who holds the lock for long is not waited
 * for: what a race loses is a memory.
 */
static bool
lock_bucket(const struct livefile *file, off_t at)
{
	struct flock lock = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = BUCKET};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (fcntl(file->fd, F_OFD_SETLK, &lock) == 0)
			return true;
		if (file->hurried)
			break;
		poll(NULL, 0, 1);
	}
	return false;
}

static void
unlock_bucket(const struct livefile *file, off_t at)
{
	struct flock lock = {
	    .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = BUCKET};

	(void)fcntl(file->fd, F_OFD_SETLK, &lock);
}

int
livefile_put(struct livefile *file, const struct livefile_record *record)
{
	unsigned char bytes[BUCKET], made[LIVEFILE_RECORD];
	off_t at = bucket_of(&record->server);
	struct livefile_record there;
	int result = -1;
	size_t slot;
	bool locked;

	if (file->fd == -1 || !file->writable) {
		errno = file->fd == -1 ? ENOENT : EACCES;
		return -1;
	}
	locked = lock_bucket(file, at);
	if (!read_bucket(file, at, bytes)) {
		errno = EPROTO;
	} else if (record->kind == LIVEFILE_NOTHING &&
	    !livefile_get(file, &record->server, &there)) {
		result = 0;
	} else if ((slot = choose_slot(bytes, &record->server)) == LIVEFILE_SLOTS) {
		errno = ENOSPC;
	} else {
		livefile_make(made, record);
		at += (off_t)(slot * LIVEFILE_RECORD);
		if (pwrite(file->fd, made, sizeof(made), at) == (ssize_t)sizeof(made))
			result = 0;
	}
	if (locked) {
		int error = errno;

		unlock_bucket(file, bucket_of(&record->server));
		errno = error;
	}
	return result;
}
