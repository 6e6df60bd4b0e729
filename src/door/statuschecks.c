#include "statuschecks.h"

#include <fcntl.h>
#include <string.h>

#include "rcpt/tallysum.h"

#define BUSIEST        10
#define CHECKS_ENOUGH  20 /* to judge by */
#define UNDECIDED_MUCH 90 /* percent */

static int
percent(int64_t part, int64_t all)
{
	return all == 0 ? 0 : (int)(100.0 * (double)part / (double)all + 0.5);
}

static void
tell_domain(struct status *status, const struct tallysum_domain *domain)
{
	const int64_t *kinds = domain->kinds;
	struct line name, line;
	char text[128];

	line_start(&name);
	line_add_foreign(&name, domain->name, strlen(domain->name), 35);
	snprintf(text, sizeof(text), "%-38.38s %10lld %8d%% %8d%% %8d%%", name.text,
	    (long long)domain->checks,
	    percent(kinds[TALLY_HIT_YES] + kinds[TALLY_HIT_NO], domain->checks),
	    percent(kinds[TALLY_HIT_NO] + kinds[TALLY_ASKED_NO], domain->checks),
	    percent(kinds[TALLY_UNDECIDED], domain->checks));
	line_start(&line);
	line_add(&line, text);
	status_add(status, STATUS_OK, &line);
}

static void
judge_domain(struct status *status, const struct tallysum_domain *domain)
{
	int64_t undecided = domain->kinds[TALLY_UNDECIDED];
	struct line line;

	if (domain->checks < CHECKS_ENOUGH ||
	    100.0 * (double)undecided <= UNDECIDED_MUCH * (double)domain->checks)
		return;
	line_start(&line);
	line_add(&line, "mail for ");
	line_add_foreign(&line, domain->name, strlen(domain->name), TALLY_DOMAIN_MAX);
	line_add(&line, " is mostly accepted unchecked, or deferred: ");
	line_add_number(&line, undecided);
	line_add(&line, " of ");
	line_add_number(&line, domain->checks);
	line_add(&line, " checks found no answer: see why= in the log");
	status_add(status, STATUS_WARNING, &line);
}

void
statuschecks(struct status *status, const char *path)
{
	struct tallysum_domain all = {.name = "all domains"};
	struct tallysum sum;
	size_t room;
	char head[128];

	if (tallysum_read(&sum, AT_FDCWD, path) == 0 && sum.count > 0) {
		for (size_t i = 0; i < sum.count; i++) {
			all.checks += sum.domains[i].checks;
			judge_domain(status, &sum.domains[i]);
			for (size_t k = 0; k < TALLY_KINDS; k++)
				all.kinds[k] += sum.domains[i].kinds[k];
		}
		snprintf(head, sizeof(head), "%-38s %10s %9s %9s %9s", "", "checks", "cached",
		    "rejected", "undecided");
		status_add_text(status, STATUS_OK, head);
		tell_domain(status, &all);
		room = status_room(status);
		if (room == 0)
			room = 1;
		for (size_t i = 0; i < sum.count && i < BUSIEST && i < room; i++)
			tell_domain(status, &sum.domains[i]);
	}
	tallysum_free(&sum);
}
