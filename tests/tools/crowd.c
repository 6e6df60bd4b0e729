/*
 * crowd: runs a program for each address of a list, many at a time.
 *
 *	crowd [-j processes] [-o file] program [argument ...] <list >records
 *
 * The list has an address a line. Each is in RECIPIENT when its process starts; "-j" of them (50) run
 * at the same time, until the list is at its end. Descriptor 0 is /dev/null, 1 and 2 are file -o
 * (/dev/null), which all append to. The rest of the environment is ours. vfork keeps the cost of
 * copying this process out of the figures.
 *
 * A record is a line, its fields separated by tabs, in the order of their ends:
 *
 *	address  exit code, or 256 and the signal  milliseconds  start, in milliseconds since ours
 *
 * At the end the summary goes to descriptor 2, a line for each key and its value: "code N" how many
 * ended with it, "total", "wall" and the rest in milliseconds: p50, p99, max, of one process.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 10000
#define CODE_MAX      (256 + 128)

struct process {
	char *address; /* NULL: this place is free */
	pid_t pid;
	double started;
};

static struct process processes[PROCESSES_MAX];
static size_t running, ended, times_size;
static double *times; /* of each that ended, in milliseconds */
static unsigned long codes[CODE_MAX];

static double
milliseconds(void)
{
	static struct timespec first;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (first.tv_sec == 0)
		first = now;
	return (double)(now.tv_sec - first.tv_sec) * 1e3 +
	    (double)(now.tv_nsec - first.tv_nsec) / 1e6;
}

/* The next line of the list without its end, in memory of its own; NULL at its end. */
static char *
next_address(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, stdin);

	if (len <= 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static pid_t
spawn(char **arguments, int in, int out)
{
	pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */

	if (pid == 0) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Vfork) */
		if (dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2)
			execve(arguments[0], arguments, environ);
		_exit(127);
	}
	if (pid == -1)
		err(1, "vfork");
	return pid;
}

static void
start(char *address, char **arguments, int in, int out)
{
	size_t i = 0;

	while (processes[i].address != NULL)
		i++;
	if (setenv("RECIPIENT", address, 1) != 0)
		err(1, NULL);
	processes[i].address = address;
	processes[i].started = milliseconds();
	processes[i].pid = spawn(arguments, in, out);
	running++;
}

static void
note_time(double took)
{
	if (ended == times_size) {
		times_size = times_size == 0 ? 1024 : times_size * 2;
		times = realloc(times, times_size * sizeof(*times));
		if (times == NULL)
			err(1, NULL);
	}
	times[ended++] = took;
}

static void
wait_for_one(void)
{
	int status, code;
	size_t i = 0;
	double took;
	pid_t pid;

	do {
		pid = waitpid(-1, &status, 0);
	} while (pid == -1 && errno == EINTR);
	if (pid == -1)
		err(1, "waitpid");
	while (i < PROCESSES_MAX && (processes[i].address == NULL || processes[i].pid != pid))
		i++;
	if (i == PROCESSES_MAX)
		return;
	took = milliseconds() - processes[i].started;
	code = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
	codes[code]++;
	note_time(took);
	printf("%s\t%d\t%.1f\t%.1f\n", processes[i].address, code, took, processes[i].started);
	free(processes[i].address);
	processes[i].address = NULL;
	running--;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
summarize(double wall)
{
	qsort(times, ended, sizeof(*times), compare);
	for (int code = 0; code < CODE_MAX; code++)
		if (codes[code] > 0)
			fprintf(stderr, "code %d %lu\n", code, codes[code]);
	fprintf(stderr, "total %zu\nwall %.0f\n", ended, wall);
	if (ended > 0)
		fprintf(stderr, "p50 %.1f\np99 %.1f\nmax %.1f\n", times[(ended - 1) / 2],
		    times[(ended * 99 - 1) / 100], times[ended - 1]);
}

int
main(int argc, char **argv)
{
	const char *out_path = "/dev/null";
	long most = 50;
	char *address;
	double began;
	int option, in, out;

	while ((option = getopt(argc, argv, "+j:o:")) != -1) {
		switch (option) {
		case 'j':
			most = strtol(optarg, NULL, 10);
			break;
		case 'o':
			out_path = optarg;
			break;
		default:
			argc = 0;
		}
	}
	if (argc - optind < 1 || most < 1 || most > PROCESSES_MAX)
		errx(1,
		    "usage: crowd [-j processes] [-o file] program [argument "
		    "...]");
	in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	out = open(out_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (in == -1 || out == -1)
		err(1, "%s", in == -1 ? "/dev/null" : out_path);
	began = milliseconds();
	while ((address = next_address()) != NULL) {
		if (running == (size_t)most)
			wait_for_one();
		start(address, argv + optind, in, out);
	}
	while (running > 0)
		wait_for_one();
	if (fflush(stdout) != 0)
		err(1, "standard output");
	summarize(milliseconds() - began);
	return 0;
}
