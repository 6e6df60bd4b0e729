/* Which server is chosen, and what is remembered of those that do not answer. */
#include "route/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static char folder[] = "/tmp/live.XXXXXX", path[64];
static struct livefile file;
static struct route route;
static struct routesettings settings;

static void
make_route(size_t count)
{
	memset(&route, 0, sizeof(route));
	route.count = count;
	for (size_t i = 0; i < count; i++) {
		route.servers[i].address =
		    (struct record_server){4, {192, 0, 2, (uint8_t)(i + 1)}, 143};
		snprintf(route.servers[i].host, sizeof(route.servers[i].host), "h%zu", i);
	}
}

/* Asks; answers has one of y, n, ? for each server. Returns who was asked, then who is given. */
static const char *
choose(const char *answers, int64_t now)
{
	static char got[64];
	struct live_choice choice;
	size_t server, used = 0;

	live_start(&choice, &file, &route, &settings);
	while (live_next(&choice, &server, now)) {
		char answer = answers[server];

		got[used++] = (char)('0' + server);
		live_tell(&choice,
		    answer == 'y'       ? LIVE_YES
			: answer == 'n' ? LIVE_NO
					: LIVE_CANNOT,
		    now);
	}
	snprintf(
	    got + used, sizeof(got) - used, ">%zu%s", choice.chosen, choice.lives ? "!" : "");
	return got;
}

static void
fresh(void)
{
	livefile_close(&file);
	unlink(path);
	if (livefile_open(&file, path) == -1) {
		printf("Bail out! %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static void
test_choice(void)
{
	int64_t now = 1000000000000;

	fresh();
	make_route(3);
	is_str(choose("yyy", now), "0>0!", "the first");
	is_str(choose("nyy", now), "01>1!", "the first is dead: the second");
	is_str(choose("yyy", now), "1>1!", "it is remembered");
	is_str(choose("yyy", now + 9999), "1>1!", "for so long");
	is_str(choose("nyy", now + 10000), "01>1!", "then it is asked again");
	is_str(choose("yyy", now + 29999), "1>1!", "and left alone for twice as long");
	is_str(choose("yyy", now + 30000), "0>0!", "it is back");
	is_str(choose("yyy", now + 30001), "0>0!", "and nothing is remembered of that");
	is_str(choose("nnn", now + 40000), "012>0", "all are dead: the first");
	is_str(choose("nny", now + 40001), "012>2!", "and asked again although remembered");
	is_str(choose("nnn", now + 40002), "201>0", "the one that came back is not");
	is_str(choose("?yy", now + 999999), "0>0", "could not be asked: it is given");
}

static void
test_backoff(void)
{
	int64_t now = 1000000000000;
	struct livefile_record record;

	fresh();
	make_route(2);
	for (int i = 0; i < 12; i++) {
		choose("ny", now);
		if (!livefile_get(&file, &route.servers[0].address, &record))
			break;
		now = record.until;
	}
	ok(record.failures == 12 && record.until - now <= 0, "each time it is asked once");
	choose("ny", now);
	livefile_get(&file, &route.servers[0].address, &record);
	is_int(record.until - now, LIVE_RETRY_MAX, "but never left alone for longer");
	is_str(choose("yy", now - 86400000), "0>0!", "a clock that was set back");
}

static void
test_marks(void)
{
	int64_t now = live_time();

	fresh();
	make_route(2);
	is_int(live_mark(&file, &route.servers[0].address, true), 0, "marked down");
	is_str(choose("yy", now), "1>1!", "it is not given");
	is_str(choose("yn", now), "1>0", "unless all others are dead");
	is_str(choose("yy", now + 86400000), "1>1!", "for as long as it takes");
	is_int(live_mark(&file, &route.servers[0].address, false), 0, "marked up");
	is_str(choose("yy", now), "0>0!", "it is given again");
	is_int(live_mark(&file, &route.servers[0].address, false), 0, "up twice");
	make_route(1);
	is_str(choose("n", now), ">0", "one server: nobody is asked");
	make_route(2);
	route.servers[0].address.family = 0;
	is_str(choose("yn", now), "1>1", "one without an address is not asked, nor given");
	is_str(choose("yy", now + 20000), "1>1!", "the other one is");
}

static void
test_file(void)
{
	struct livefile reader = {.fd = -1};
	unsigned char bytes[LIVEFILE_RECORD];
	struct livefile_record record, back;
	struct stat st;
	size_t bad = 0;
	int fd;

	fresh();
	make_route(2);
	ok(stat(path, &st) == 0 && st.st_size == LIVEFILE_SIZE && (st.st_mode & 0777) == 0660,
	    "its size and mode");
	memset(&record, 0, sizeof(record));
	record =
	    (struct livefile_record){LIVEFILE_DEAD, {6, {0x20, 1, [15] = 9}, 993}, 7, 5, 3};
	livefile_make(bytes, &record);
	ok(livefile_parse(&back, bytes) && memcmp(&back.server, &record.server, 20) == 0 &&
		back.failures == 7 && back.until == 5 && back.since == 3,
	    "what is made is parsed");
	for (size_t i = 0; i < sizeof(bytes); i++)
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (unsigned char)(1 << bit);
			bad += livefile_parse(&back, bytes);
			bytes[i] ^= (unsigned char)(1 << bit);
		}
	is_int((long long)bad, 0, "no bit of it can change unseen");
	choose("ny", live_time());
	fd = open(path, O_WRONLY);
	ok(fd != -1 && ftruncate(fd, 100) == 0, "cut");
	is_str(choose("ny", live_time()), "01>1!", "as good as empty");
	is_int(livefile_open(&reader, path), -1, "not opened any more");
	is_int(reader.fd, -1, "which is none");
	close(fd);
	livefile_close(&file);
	is_str(choose("ny", live_time()), "01>1!", "without a file");
	unlink(path);
	ok(symlink("/dev/zero", path) == 0 && livefile_open(&file, path) == -1,
	    "a link is not followed");
	unlink(path);
	ok(mkfifo(path, 0600) == 0 && livefile_open(&file, path) == -1, "a FIFO is none");
	fd = open("/dev/urandom", O_RDONLY);
	fresh();
	for (int i = 0; i < LIVEFILE_SIZE / LIVEFILE_RECORD; i++)
		if (read(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) ||
		    pwrite(file.fd, bytes, sizeof(bytes), i * LIVEFILE_RECORD) == -1)
			bad++;
	close(fd);
	is_str(choose("ny", 1000000000000), "01>1!", "noise is as good as nothing");
	is_str(choose("ny", 1000000000001), "1>1!", "and is written over");
	ok(bad == 0, "that was noise");
}

/* More servers than slots: the marks of people stay. */
static void
test_full(void)
{
	size_t lost = 0;

	fresh();
	make_route(2);
	for (int i = 0; i < 100; i++) {
		struct record_server server = {4, {10, 0, 0, (uint8_t)i}, 143};

		live_mark(&file, &server, true);
	}
	for (int i = 0; i < 20000; i++) {
		struct livefile_record record = {
		    LIVEFILE_DEAD, {4, {172, 16, (uint8_t)(i >> 8), (uint8_t)i}, 143}, 1, i, i};

		livefile_put(&file, &record);
	}
	for (int i = 0; i < 100; i++) {
		struct record_server server = {4, {10, 0, 0, (uint8_t)i}, 143};
		struct livefile_record record;

		lost += !livefile_get(&file, &server, &record) || record.kind != LIVEFILE_DOWN;
	}
	is_int((long long)lost, 0, "marks are not lost to memories");
}

/* A record of one server in the bucket of another says nothing of that. */
static void
test_neighbours(void)
{
	struct livefile_record record = {
	    LIVEFILE_DEAD, {4, {198, 51, 100, 1}, 143}, 3, 1000000000000, 999999000000};
	unsigned char bytes[LIVEFILE_RECORD];
	struct livefile_record back;
	int bad = 0;

	fresh();
	make_route(2);
	livefile_make(bytes, &record);
	for (int i = 0; i < LIVEFILE_BUCKETS; i++)
		bad += pwrite(file.fd, bytes, sizeof(bytes),
			   (off_t)i * LIVEFILE_RECORD * LIVEFILE_SLOTS) == -1;
	is_int(bad, 0, "a dead server in each bucket");
	is_str(choose("yy", 1000000000001), "0>0!", "the others are tried");
	ok(livefile_get(&file, &record.server, &back) && back.until == record.until,
	    "and what is known of that one has not changed");
	ok(!livefile_get(&file, &route.servers[1].address, &back) &&
		back.kind == LIVEFILE_NOTHING && back.failures == 0,
	    "nothing is known of them");
}

/* Somebody keeps the whole file locked. Each wait would be a voluntary switch. */
static void
test_lock(void)
{
	enum { PUTS = 20, TRIES = 20 };
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct livefile_record record = {
	    LIVEFILE_DEAD, {4, {198, 51, 100, 1}, 143}, 3, 1000000000000, 999999000000};
	struct rusage before, after;
	int fd, lost = 0;

	fresh();
	fd = open(path, O_RDWR);
	ok(fd != -1 && fcntl(fd, F_OFD_SETLK, &lock) == 0, "a lock");
	file.hurried = true;
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < PUTS; i++)
		lost += livefile_put(&file, &record) == -1;
	getrusage(RUSAGE_SELF, &after);
	ok(after.ru_nvcsw - before.ru_nvcsw < PUTS * TRIES / 2, "is not waited for in a hurry");
	is_int(lost, 0, "and nothing is lost by that");
	file.hurried = false;
	close(fd);
}

static void
test_refresh(void)
{
	struct livefile_record record;
	struct livefile other = {.fd = -1};
	int fd;

	fresh();
	make_route(2);
	fd = file.fd;
	is_int(livefile_refresh(&file, path), 0, "the same file");
	is_int(file.fd, fd, "stays open");
	unlink(path);
	ok(livefile_open(&other, path) == 0 &&
		live_mark(&other, &route.servers[0].address, true) == 0,
	    "another takes its place");
	ok(!livefile_get(&file, &route.servers[0].address, &record), "not seen yet");
	ok(livefile_refresh(&file, path) == 0 &&
		livefile_get(&file, &route.servers[0].address, &record),
	    "it is opened");
	livefile_close(&other);
	unlink(path);
	ok(livefile_refresh(&file, path) == 0 && access(path, F_OK) == 0,
	    "one that is gone is made anew");
	unlink(path);
	ok(symlink("/dev/zero", path) == 0 && livefile_refresh(&file, path) == -1 &&
		file.fd == -1,
	    "what is none is as good as none");
	unlink(path);
	ok(livefile_refresh(&file, path) == 0 && file.fd != -1, "until there is one");
}

/* Many at once: each finds what was written, or nothing; marks are all there at the end. */
static void
test_writers(void)
{
	enum { WRITERS = 8, SERVERS = 60 };
	size_t lost = 0, odd = 0;
	int status;

	fresh();
	for (int w = 0; w < WRITERS; w++) {
		if (fork() != 0)
			continue;
		livefile_close(&file);
		if (livefile_open(&file, path) == -1)
			_exit(1);
		for (int i = 0; i < SERVERS; i++) {
			struct record_server server = {4, {10, 1, (uint8_t)w, (uint8_t)i}, 143};
			struct livefile_record record;

			if (live_mark(&file, &server, true) == -1)
				_exit(2);
			if (livefile_get(&file, &server, &record) &&
			    record.kind != LIVEFILE_DOWN)
				_exit(3);
		}
		_exit(0);
	}
	while (wait(&status) != -1)
		odd += status != 0;
	for (int w = 0; w < WRITERS; w++)
		for (int i = 0; i < SERVERS; i++) {
			struct record_server server = {4, {10, 1, (uint8_t)w, (uint8_t)i}, 143};
			struct livefile_record record;

			lost += !livefile_get(&file, &server, &record);
		}
	is_int((long long)odd, 0, "many writers at once");
	is_int((long long)lost, 0, "and no mark is lost");
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/live", folder);
	file.fd = -1;
	routesettings_default(&settings);
	test_choice();
	test_backoff();
	test_marks();
	test_file();
	test_full();
	test_neighbours();
	test_lock();
	test_refresh();
	test_writers();
	unlink(path);
	rmdir(folder);
	return tap_done();
}
