/*
 * The jobs on rcptprobe's desk: one for each address that is being asked about, found by it, and
 * limited so that no client takes all the room.
 */
#ifndef RCPT_JOBS_H
#define RCPT_JOBS_H

#include "base/line.h"
#include "callers.h"
#include "errand.h"
#include "probe.h"
#include "share.h"

#define JOBS_MAX     2048 /* addresses that are asked about at a time */
#define JOBS_BUCKETS 1024

struct held_record;

struct job {
	struct job *next_ripe;  /* the desk's */
	struct caller *callers; /* who waits */
	size_t asked;           /* by so many */
	int64_t started;        /* deadline.h */
	bool ripe;
	struct address address;
	char text[WIRE_ADDRESS_MAX]; /* as it was asked */
	size_t text_len;
	char client[WIRE_CLIENT_SIZE];
	struct probe_target target;
	struct probe probe;
	struct errand errand;

	/* its own */
	struct job *next;
	uint64_t cdb;            /* where the record is from */
	struct held_record *own; /* NULL: the record is that of the share of the domain */
	char path[ADDRESS_PATH_SIZE], key[ADDRESS_KEY_SIZE];
};

struct jobs {
	struct job *buckets[JOBS_BUCKETS];
	size_t count;
	struct shares clients, domains;
};

/*
 * Reads the question into a job that is all zero, and the record of its domain, which the job points
 * to until it is admitted. Returns false if it is not one for us.
 */
bool jobs_read(struct job *job, const struct wire_question *question, struct checker *checker,
    struct record *record);

/* The job that is about the same, by the same CDB; or NULL. */
struct job *jobs_find(struct jobs *jobs, const struct job *like);

/* Takes it among the others, with a record that outlives the question. False: there is no room. */
bool jobs_admit(struct jobs *jobs, struct job *job);

/* Frees a job that was admitted. */
void jobs_end(struct jobs *jobs, struct job *job);

/* What came of it, for the log. */
void jobs_describe(const struct job *job, struct line *line);

#endif
