/*
 * spawn: what starting a program costs, from outside: start, wait for the end.
 *
 *	spawn [-i file] [-n runs] [-o file] plan
 *
 * Each line of the plan is one candidate, its fields separated by tabs:
 *
 *	label  exit code it must end with  [NAME=value ...]  program  [argument ...]
 *
 * "%d" anywhere in a field becomes the number of the run. The environment is PATH and what the
 * line gives; descriptor 0 is file -i, 1 and 2 are file -o (/dev/null both). Candidates run in
 * rounds, one run of each, so that a drift of the machine hits all alike; the order is new in
 * each round, since who runs behind a candidate of the same program finds its code in the
 * processor's caches. No shell is between, and vfork keeps the cost of copying this process out
 * of the figures.
 *
 * Prints a line for each candidate, its fields separated by tabs: label, median and 99th
 * percentile in microseconds, ratio of its median to the first one's, median of the page faults
 * without disk, peak memory in KB. Exits 0, or 1 when a candidate ended otherwise than it must:
 * then the figures say nothing.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CANDIDATES_MAX 32
#define WORDS_MAX      32
#define WORD_SIZE      1024
#define WARM_UP        3 /* runs of each that are not counted, if more than that are asked for */

struct candidate {
	char *label;
	int code;
	char *words[WORDS_MAX]; /* assignments, program, arguments */
	size_t word_count;
	long *times, *faults; /* of each run */
	long peak;            /* KB */
};

static struct candidate candidates[CANDIDATES_MAX];
static size_t candidate_count;

static void
parse_candidate(struct candidate *candidate, char *line)
{
	char *code, *end, *word;

	candidate->label = strsep(&line, "\t");
	code = strsep(&line, "\t");
	if (code == NULL || line == NULL)
		errx(1, "plan: '%s': a label, an exit code and a program are needed",
		    candidate->label);
	candidate->code = (int)strtol(code, &end, 10);
	if (end == code || *end != '\0')
		errx(1, "plan: '%s': '%s' is no exit code", candidate->label, code);
	while ((word = strsep(&line, "\t")) != NULL) {
		if (candidate->word_count == WORDS_MAX)
			errx(1, "plan: '%s': too many fields", candidate->label);
		candidate->words[candidate->word_count++] = word;
	}
}

static void
read_plan(const char *path)
{
	FILE *plan = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (plan == NULL)
		err(1, "%s", path);
	while ((len = getline(&line, &size, plan)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (candidate_count == CANDIDATES_MAX)
			errx(1, "%s: too many lines", path);
		parse_candidate(&candidates[candidate_count++], line);
		line = NULL; /* the candidate keeps it */
		size = 0;
	}
	free(line);
	fclose(plan);
	if (candidate_count == 0)
		errx(1, "%s: no candidate", path);
}

/* The word with each "%d" replaced by the number, in memory of its own. */
static char *
number_word(const char *word, long number)
{
	char out[WORD_SIZE], *copy;
	size_t len = 0;

	for (; *word != '\0' && len < sizeof(out) - 24; word++) {
		if (strncmp(word, "%d", 2) == 0) {
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%ld", number);
			word++;
		} else {
			out[len++] = *word;
		}
	}
	if (*word != '\0')
		errx(1, "plan: a field is too long");
	out[len] = '\0';
	copy = strdup(out);
	if (copy == NULL)
		err(1, NULL);
	return copy;
}

static void
run(struct candidate *candidate, long number, bool counts, int in, int out)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *words[WORDS_MAX], *environment[WORDS_MAX + 2] = {path}, *arguments[WORDS_MAX + 1];
	const size_t count = candidate->word_count;
	size_t first = 0;
	struct timespec before, after;
	struct rusage usage;
	int status;
	pid_t pid;

	for (size_t i = 0; i < count; i++)
		words[i] = number_word(candidate->words[i], number);
	for (; first < count && strchr(words[first], '=') != NULL; first++)
		environment[first + 1] = words[first];
	environment[first + 1] = NULL;
	if (first == count)
		errx(1, "plan: '%s': no program", candidate->label);
	for (size_t i = first; i < count; i++)
		arguments[i - first] = words[i];
	arguments[count - first] = NULL;

	clock_gettime(CLOCK_MONOTONIC, &before);
	/* fork is what must not be measured; and dup2 is no more than a system call on Linux.
	 */
	pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
	if (pid == 0) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Vfork) */
		if (dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2)
			execve(arguments[0], arguments, environment);
		_exit(127);
	}
	while (pid != -1 && wait4(pid, &status, 0, &usage) == -1)
		if (errno != EINTR)
			err(1, "wait4");
	clock_gettime(CLOCK_MONOTONIC, &after);

	if (pid == -1)
		err(1, "vfork");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != candidate->code)
		errx(1, "'%s' (%s), run %ld: %s %d instead of exit code %d", candidate->label,
		    arguments[0], number, WIFEXITED(status) ? "exit code" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
		    candidate->code);
	if (counts) {
		candidate->times[number] = (after.tv_sec - before.tv_sec) * 1000000 +
		    (after.tv_nsec - before.tv_nsec) / 1000;
		candidate->faults[number] = usage.ru_minflt;
		if (usage.ru_maxrss > candidate->peak)
			candidate->peak = usage.ru_maxrss;
	}
	for (size_t i = 0; i < count; i++)
		free(words[i]);
}

static void
shuffle(size_t order[CANDIDATES_MAX])
{
	for (size_t left = candidate_count; left > 1; left--) {
		size_t other = (size_t)random() % left, kept = order[left - 1];

		order[left - 1] = order[other];
		order[other] = kept;
	}
}

static int
compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long
median(const long *sorted, long runs)
{
	return (sorted[(runs - 1) / 2] + sorted[runs / 2]) / 2;
}

static void
report(long runs)
{
	double first = 0;

	for (size_t i = 0; i < candidate_count; i++) {
		struct candidate *candidate = &candidates[i];
		long middle;

		qsort(candidate->times, (size_t)runs, sizeof(long), compare);
		qsort(candidate->faults, (size_t)runs, sizeof(long), compare);
		middle = median(candidate->times, runs);
		if (i == 0)
			first = (double)(middle > 0 ? middle : 1);
		printf("%s\t%ld\t%ld\t%.2f\t%ld\t%ld\n", candidate->label, middle,
		    candidate->times[(runs * 99 - 1) / 100], (double)middle / first,
		    median(candidate->faults, runs), candidate->peak);
	}
}

int
main(int argc, char **argv)
{
	const char *in_path = "/dev/null", *out_path = "/dev/null";
	long runs = 1000;
	size_t order[CANDIDATES_MAX] = {0};
	int option, in, out;

	while ((option = getopt(argc, argv, "i:n:o:")) != -1) {
		switch (option) {
		case 'i':
			in_path = optarg;
			break;
		case 'n':
			runs = strtol(optarg, NULL, 10);
			break;
		case 'o':
			out_path = optarg;
			break;
		default:
			argc = 0;
		}
	}
	if (argc - optind != 1 || runs < 1 || runs > 1000000)
		errx(1, "usage: spawn [-i file] [-n runs] [-o file] plan");
	in = open(in_path, O_RDONLY | O_CLOEXEC);
	if (in == -1)
		err(1, "%s", in_path);
	out = open(out_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (out == -1)
		err(1, "%s", out_path);
	read_plan(argv[optind]);
	for (size_t i = 0; i < candidate_count; i++) {
		candidates[i].times = calloc((size_t)runs, sizeof(long));
		candidates[i].faults = calloc((size_t)runs, sizeof(long));
		if (candidates[i].times == NULL || candidates[i].faults == NULL)
			err(1, NULL);
	}
	for (size_t i = 0; i < candidate_count; i++)
		order[i] = i;
	for (long number = runs > WARM_UP ? -WARM_UP : 0; number < runs; number++) {
		shuffle(order);
		for (size_t i = 0; i < candidate_count; i++)
			run(&candidates[order[i]], number, number >= 0, in, out);
	}
	report(runs);
	return 0;
}
