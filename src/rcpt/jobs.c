#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/deadline.h"
#include "explain.h"

#define CLIENT_PART 4 /* one client has at most one part in so many of all jobs */

/* The record of a domain, for all jobs about it that began with the same CDB. */
struct held_record {
	uint64_t cdb;
	struct record record;
};

static struct job **
bucket(struct jobs *jobs, const struct job *job)
{
	uint64_t sum = checksum_add(CHECKSUM_START, job->key, job->target.key_len);

	return &jobs->buckets[sum % JOBS_BUCKETS];
}

bool
jobs_read(struct job *job, const struct wire_question *question, struct checker *checker,
    struct record *record)
{
	struct probe_target *target = &job->target;
	const char *trouble = NULL;

	memcpy(job->text, question->address, question->address_len);
	job->text_len = question->address_len;
	memcpy(job->client, question->client, sizeof(job->client));
	if (address_parse(&job->address, job->text, job->text_len) != ADDRESS_FINE ||
	    checker_find_domain(checker, job->address.key_domain, job->address.domain_len,
		record, &trouble) != 1 ||
	    record->server_count == 0)
		return false;
	job->cdb = checker->cdb_serial;
	target->record = record;
	target->key_domain = job->address.key_domain;
	target->path = job->path;
	address_path(job->path, &job->address, record->ask_domain);
	target->needs_utf8 = job->address.needs_utf8;
	target->key = job->key;
	target->key_len = address_key(job->key, &job->address, record->settings.fold_case);
	return true;
}

struct job *
jobs_find(struct jobs *jobs, const struct job *like)
{
	struct job *job;

	for (job = *bucket(jobs, like); job != NULL; job = job->next)
		if (job->cdb == like->cdb && job->target.key_len == like->target.key_len &&
		    memcmp(job->key, like->key, job->target.key_len) == 0)
			break;
	return job;
}

static bool
take_shares(struct jobs *jobs, struct job *job)
{
	struct errand *errand = &job->errand;
	char client[SHARE_CLIENT_SIZE];

	share_client(client, job->client);
	errand->client = share_take(&jobs->clients, client);
	errand->domain = share_take(&jobs->domains, job->address.key_domain);
	if (errand->client != NULL && errand->domain != NULL)
		return true;
	if (errand->client != NULL)
		share_drop(&jobs->clients, errand->client);
	if (errand->domain != NULL)
		share_drop(&jobs->domains, errand->domain);
	return false;
}

/* The record outlives the question. Returns false for lack of memory. */
static bool
keep_record(struct job *job)
{
	struct share *domain = job->errand.domain;
	struct held_record *held = domain->data;

	if (held == NULL || held->cdb != job->cdb) {
		held = malloc(sizeof(*held));
		if (held == NULL)
			return false;
		held->cdb = job->cdb;
		held->record = *job->target.record;
		if (domain->data == NULL)
			domain->data = held;
		else
			job->own = held;
	}
	job->target.record = &held->record;
	return true;
}

bool
jobs_admit(struct jobs *jobs, struct job *job)
{
	const struct errand *errand = &job->errand;
	struct job **head = bucket(jobs, job);

	if (jobs->count >= JOBS_MAX || !take_shares(jobs, job))
		return false;
	if ((errand->client->users > JOBS_MAX / CLIENT_PART && job->client[0] != '\0') ||
	    !keep_record(job)) {
		share_drop(&jobs->clients, errand->client);
		share_drop(&jobs->domains, errand->domain);
		return false;
	}
	job->next = *head;
	*head = job;
	jobs->count++;
	return true;
}

void
jobs_end(struct jobs *jobs, struct job *job)
{
	struct job **at = bucket(jobs, job);

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	jobs->count--;
	share_drop(&jobs->clients, job->errand.client);
	share_drop(&jobs->domains, job->errand.domain);
	free(job->own);
	free(job);
}

void
jobs_describe(const struct job *job, struct line *line)
{
	const struct outcome *outcome = &job->probe.callout.outcome;
	const struct smtp_answer *answer = &outcome->answer;
	char reply[sizeof(answer->text) + 8];

	line_start(line);
	line_add(line, "rcptprobe:");
	line_pair_bytes(line, "address", job->text, job->text_len);
	line_pair(line, "class", finding_name(answer->finding));
	if (outcome->host[0] != '\0')
		line_pair(line, "host", outcome->host);
	if (answer->code != 0) {
		snprintf(reply, sizeof(reply), "%d %s", answer->code, answer->text);
		line_pair(line, "reply", reply);
	} else if (answer->text[0] != '\0') {
		line_pair(line, "reason", answer->text);
	}
	if (!finding_is_verdict(answer->finding))
		line_pair(line, "stage", smtp_stage_name(answer->stage));
	if (outcome->control != CONTROL_NOT_ASKED)
		line_pair(line, "control", explain_control(outcome->control));
	if (answer->note != NULL)
		line_pair(line, "note", answer->note);
	if (job->probe.cache != NULL)
		line_pair(line, "cache", job->probe.cache);
	if (!outcome->busy && !outcome->remembered && job->errand.primary != NULL)
		line_pair(line, "connection", job->errand.kept ? "kept" : "new");
	if (job->client[0] != '\0')
		line_pair(line, "client", job->client);
	line_pair_number(line, "askers", (int64_t)job->asked);
	line_pair_number(line, "ms", deadline_now() - job->started);
}
