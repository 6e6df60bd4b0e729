#include "probe.h"

#include <string.h>
#include <time.h>

#include "cachewrite.h"
#include "learn.h"

/* The domain to ask with, as in the path, and in lower case. */
static const char *
ask_domain(const struct probe_target *target)
{
	const char *domain = target->record->ask_domain;

	return domain[0] != '\0' ? domain : target->key_domain;
}

/* What is known of the domain decides what is asked besides the address. */
static void
begin_callout(struct probe *probe, struct checker *checker)
{
	const struct probe_target *target = probe->target;
	const struct settings *settings = &target->record->settings;
	struct inquiry_question question = {
	    .path = target->path,
	    .needs_utf8 = target->needs_utf8,
	    .confirm_sender = settings->confirm_sender,
	    .control = probe->control_path,
	    .nobody = "",
	};
	int64_t now = time(NULL);
	bool broken;

	trust_begin(&probe->trust, ask_domain(target));
	if (checker_use_cache(checker, checker->read_wait, &probe->cache) &&
	    trust_recall(&probe->trust, &checker->cache) == -1)
		checker_lose_cache(checker, &probe->cache);
	broken = trust_is_broken(&probe->trust, now);
	question.doubt = trust_doubts(&probe->trust, now);
	trust_control(&probe->trust, settings, now, probe->control_path);
	callout_start(&probe->callout, checker, target->record, probe->trust.domain, &question,
	    probe->deadline);
	probe->callout.outcome.broken = broken;
}

void
probe_start(struct probe *probe, struct checker *checker, const struct probe_target *target,
    int64_t deadline)
{
	probe->done = false;
	probe->cache = NULL;
	probe->target = target;
	probe->deadline = deadline;
	probe->again = false;
	begin_callout(probe, checker);
}

/* What all of them brought. Returns 0, or -1 with the trouble. */
static int
remember(struct checker *checker, struct probe *const *probes, size_t count)
{
	struct cache *cache = &checker->cache;
	bool good = true;

	if (cachewrite_begin(cache) == -1)
		return -1;
	for (size_t i = 0; i < count && good; i++)
		good = learn(probes[i], cache) == 0;
	return cachewrite_end(cache, good);
}

static void
finish(struct probe *probe, struct checker *checker)
{
	if (probe->callout.cache != NULL)
		probe->cache = probe->callout.cache;
	if (probe->wants_again) {
		probe->again = true;
		probe->wants_again = false;
		begin_callout(probe, checker);
	} else {
		probe->done = true;
	}
}

int
probe_settle(struct checker *checker, struct probe *const *probes, size_t count, bool patient)
{
	const char *trouble = NULL;
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		probes[i]->wants_again = false;
		any = any || learn_wanted(probes[i]);
	}
	if (any && checker_use_cache(checker, checker->write_wait, &trouble) &&
	    remember(checker, probes, count) == -1) {
		if (patient && checker->cache.locked)
			return -1;
		checker_lose_cache(checker, &trouble);
	}
	for (size_t i = 0; i < count; i++) {
		if (trouble != NULL && learn_wanted(probes[i]))
			probes[i]->cache = trouble;
		finish(probes[i], checker);
	}
	return any && trouble == NULL ? 1 : 0;
}
