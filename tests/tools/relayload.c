/*
 * relayload: logins and look-ups at a rate, and whether each was right.
 *
 *	relayload HOME SECONDS RATE
 *
 * For so many seconds RATE logins a second, each from an address of its own: half of them as relaymark tells them, a
 * connection each, and half as relaylog does, on one connection without waiting. At the same time RATE
 * look-ups a second as relaywrap makes them, of addresses that were acknowledged, which must be found, and of
 * others, which must not. Each login on a connection of its own is looked up once more as soon as it is
 * acknowledged.
 *
 * Prints lines "key value". Ends with 1 when an answer was wrong, or a login got lost.
 */
#include <err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "relay/relayfind.h"
#include "relay/tell.h"

#define WORKERS  100
#define LOGINS   2000000
#define PATIENCE 60000 /* ms for an acknowledgement on a busy machine */

/* What all processes see. */
static struct shared {
	atomic_long logins, piped, looked, wrong_yes, wrong_no, lost, worst, late;
	atomic_uint acked[LOGINS / 32]; /* a bit for each login that was acknowledged */
} * shared;

static const char *home;
static int64_t start, end; /* deadline.h */
static long rate;

static void
name_address(char address[RELAYADDRESS_SIZE], long number)
{
	snprintf(address, RELAYADDRESS_SIZE, "10.%ld.%ld.%ld", number >> 16 & 255,
	    number >> 8 & 255, number & 255);
}

static void
set_acked(long number)
{
	atomic_fetch_or(&shared->acked[number / 32], 1U << (number % 32));
}

static bool
is_acked(long number)
{
	return (atomic_load(&shared->acked[number / 32]) >> (number % 32) & 1) != 0;
}

static bool
may_relay(const char *address)
{
	struct relayfind_trouble trouble;
	bool yes = relayfind(home, address, time(NULL), 1000, &trouble) == RELAYFIND_YES;

	if (trouble.text[0] != '\0')
		warnx("%s: %s", address, trouble.text);
	return yes;
}

/* Sleeps until the time of the n-th of so many a second. False: that is after the end. */
static bool
pace(long n, double per_second)
{
	int64_t due = start + (int64_t)((double)n * 1000 / per_second);
	int left;

	if (due >= end)
		return false;
	left = deadline_left(due);
	if (left > 0)
		usleep((useconds_t)left * 1000);
	return true;
}

/* Logins worker, worker + WORKERS, ... of the first half of the numbers. */
static void
log_in(long worker)
{
	for (long n = 0; pace(n * WORKERS + worker, (double)rate / 2); n++) {
		long number = (n * WORKERS + worker) * 2, took;
		char address[RELAYADDRESS_SIZE];
		struct tell tell;
		int64_t began = deadline_now();

		name_address(address, number);
		if (tell_open(&tell, home, 1) == -1)
			err(1, "tell_open");
		(void)tell_mark(&tell, address, "joe", 3, "load");
		if (tell_wait(&tell, deadline_now() + PATIENCE) == -1) {
			atomic_fetch_add(&shared->lost, 1);
			warnx("%s: %s", address, tell.trouble);
		} else {
			set_acked(number);
			if (!may_relay(address))
				atomic_fetch_add(&shared->wrong_no, 1);
		}
		tell_close(&tell);
		atomic_fetch_add(&shared->logins, 1);
		took = (long)(deadline_now() - began);
		if (took > atomic_load(&shared->worst))
			atomic_store(&shared->worst, took);
		if (took > 500)
			atomic_fetch_add(&shared->late, 1);
	}
}

/* The other half on one connection. Those before the oldest that is pending are acknowledged. */
static void
log_in_piped(void)
{
	struct tell tell;
	long said = 0, done = 0;
	int64_t deadline;

	if (tell_open(&tell, home, LOGINS / 2) == -1)
		err(1, "tell_open");
	while (pace(said, (double)rate / 2)) {
		char address[RELAYADDRESS_SIZE];

		name_address(address, said * 2 + 1);
		(void)tell_mark(&tell, address, "joe", 3, "load");
		said++;
		tell_step(&tell);
		for (; done < said - (long)tell_pending(&tell); done++)
			set_acked(done * 2 + 1);
	}
	deadline = deadline_now() + PATIENCE;
	if (tell_wait(&tell, deadline) == -1 || tell.dropped > 0 || tell.refused > 0)
		atomic_fetch_add(&shared->lost, (long)tell_pending(&tell));
	for (; done < said - (long)tell_pending(&tell); done++)
		set_acked(done * 2 + 1);
	atomic_fetch_add(&shared->piped, said);
	tell_close(&tell);
}

static void
look_up(void)
{
	unsigned seed = 1;

	for (long n = 0; pace(n, (double)rate); n++) {
		long number = rand_r(&seed) % (atomic_load(&shared->logins) * 2 + 1);
		char address[RELAYADDRESS_SIZE];

		if (n % 2 == 0) {
			bool acked = is_acked(number);

			name_address(address, number);
			/* One that is not acknowledged may be there or not. */
			if (!may_relay(address) && acked)
				atomic_fetch_add(&shared->wrong_no, 1);
		} else {
			snprintf(address, sizeof(address), "192.0.2.%ld", n % 250 + 1);
			if (may_relay(address))
				atomic_fetch_add(&shared->wrong_yes, 1);
		}
		atomic_fetch_add(&shared->looked, 1);
	}
}

static void
spawn(void (*job)(void), long worker)
{
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		if (job != NULL)
			job();
		else
			log_in(worker);
		_exit(0);
	}
}

int
main(int argc, char **argv)
{
	long missing = 0, wrong;
	long wanted;
	double seconds;
	int status;

	if (argc != 4)
		errx(1, "usage: relayload home seconds rate");
	home = argv[1];
	wanted = strtol(argv[2], NULL, 10);
	rate = strtol(argv[3], NULL, 10);
	if (rate < 2 || wanted < 1 || wanted > LOGINS / rate)
		errx(1, "that are too many, or none");
	shared = mmap(
	    NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	start = deadline_now() + 200;
	end = start + wanted * 1000;
	for (long worker = 0; worker < WORKERS; worker++)
		spawn(NULL, worker);
	spawn(log_in_piped, 0);
	spawn(look_up, 0);
	while (wait(&status) > 0)
		if (status != 0)
			missing++;
	seconds = (double)(deadline_now() - start) / 1000;
	for (long number = 0; number < atomic_load(&shared->logins) * 2; number++) {
		char address[RELAYADDRESS_SIZE];

		name_address(address, number);
		if (is_acked(number) && !may_relay(address))
			missing++;
	}
	printf("logins %ld\n", atomic_load(&shared->logins) + atomic_load(&shared->piped));
	printf("logins_a_second %.0f\n",
	    (double)(atomic_load(&shared->logins) + atomic_load(&shared->piped)) / seconds);
	printf("lookups %ld\n", atomic_load(&shared->looked) + atomic_load(&shared->logins));
	printf("lookups_a_second %.0f\n",
	    (double)(atomic_load(&shared->looked) + atomic_load(&shared->logins)) / seconds);
	printf("worst_login_ms %ld\nover_500_ms %ld\n", atomic_load(&shared->worst),
	    atomic_load(&shared->late));
	printf("wrong_yes %ld\nwrong_no %ld\nlost %ld\nmissing_at_the_end %ld\n",
	    atomic_load(&shared->wrong_yes), atomic_load(&shared->wrong_no),
	    atomic_load(&shared->lost), missing);
	wrong = atomic_load(&shared->wrong_yes) + atomic_load(&shared->wrong_no) +
	    atomic_load(&shared->lost) + missing;
	return wrong > 0;
}
