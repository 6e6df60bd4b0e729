#include "logcopy.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "loglines.h"

#define OUT_PIECE    4096 /* PIPE_BUF: for so much a pipe that polls has room */
#define ANSWER       "OK\n"
#define ANSWER_LEN   3
#define REPORT_EVERY 10000 /* ms between two lines about relayd */
#define LAST_WAIT    2000  /* ms for marks that are under way at the end */
#define STOP_WAIT    1000  /* ms for the end of the line that has begun */

static const char unsafe_text[] =
    "nginx or Perdition writes to it by itself, and so can strangers: "
    "let it log to syslog";

struct work {
	struct logcopy *copy;
	struct loglines lines;
	char *in, *out;
	size_t in_size, out_from, out_to;
	bool at_start; /* of a line: the last byte read was a newline, or none was */
	bool ended, stopping;
	int64_t stop_until;
	/* what relayd's trouble was when it was last logged */
	uint64_t dropped, refused;
	unsigned long given_up;
	bool troubled;
	int64_t next_report;
	bool unsafe;      /* match.h */
	int fifo_trouble; /* errno that was logged last; 0: none */
};

static int
make_room(struct work *work)
{
	size_t room = logfeed_room(&work->copy->feed);
	size_t size = room > LOGFEED_ROOM_MIN ? room : LOGFEED_ROOM_MIN;
	char *in, *out;

	if (size <= work->in_size && work->out != NULL)
		return 0;
	in = realloc(work->in, size);
	if (in == NULL)
		return -1;
	work->in = in;
	out = realloc(work->out, size * ANSWER_LEN + ANSWER_LEN);
	if (out == NULL)
		return -1;
	work->out = out;
	work->in_size = size;
	return 0;
}

static void
put_answer(struct work *work)
{
	memcpy(work->out + work->out_to, ANSWER, ANSWER_LEN);
	work->out_to += ANSWER_LEN;
}

static void
take_line(struct work *work, const struct loglines_line *line)
{
	struct logcopy *copy = work->copy;
	struct match match;
	enum match_result result = MATCH_NONE;

	if (copy->out == LOGCOPY_ANSWERS)
		put_answer(work);
	if (!work->unsafe)
		result = match_line(&match, &copy->terms, line->text, line->len, line->cut);
	if (result == MATCH_UNSAFE) {
		work->unsafe = true;
		copy->log("trouble", "no login is taken from this log any more", unsafe_text);
		return;
	}
	if (result == MATCH_LOGIN)
		match.refused = tell_mark(&copy->tell, match.address, match.by.user,
		    match.by.user_len, match.by.name);
	if (result != MATCH_NONE && copy->verbose)
		copy->log_match(&match, result);
}

static void
take_bytes(struct work *work, size_t len)
{
	struct loglines_line line;

	work->at_start = work->in[len - 1] == '\n';
	if (work->copy->out == LOGCOPY_LINES) {
		memcpy(work->out, work->in, len);
		work->out_to = len;
	}
	loglines_feed(&work->lines, work->in, len);
	while (loglines_next(&work->lines, &line))
		take_line(work, &line);
}

/* Returns false with errno when there will be nothing more, and it is not the end of file. */
static bool
read_some(struct work *work)
{
	ssize_t got = read(work->copy->feed.fd, work->in, work->in_size);

	if (got > 0)
		take_bytes(work, (size_t)got);
	else if (got == 0)
		work->ended = true;
	else
		return errno == EINTR || errno == EAGAIN;
	return true;
}

/* Returns false when nobody reads what we write. Where there is no room on a disk, bytes are lost. */
static bool
write_some(struct work *work)
{
	size_t len = work->out_to - work->out_from;
	ssize_t done = write(
	    work->copy->out_fd, work->out + work->out_from, len > OUT_PIECE ? OUT_PIECE : len);

	if (done == -1 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (done == -1 && (errno == EPIPE || errno == EBADF))
		return false;
	if (done == -1) {
		work->copy->log("trouble", "lines could not be copied", strerror(errno));
		done = (ssize_t)len;
	}
	work->out_from += (size_t)done;
	if (work->out_from == work->out_to)
		work->out_from = work->out_to = 0;
	return true;
}

/* One line when marks can't be delivered, one when they can again, and few between. */
static void
report(struct work *work)
{
	struct logcopy *copy = work->copy;
	struct tell *tell = &copy->tell;
	bool news = tell->dropped != work->dropped || tell->refused != work->refused ||
	    patterns_given_up(copy->terms.patterns) != work->given_up;
	bool troubled = tell->fd == -1 && tell_pending(tell) > 0 && tell->trouble[0] != '\0';
	char text[128];

	if (work->troubled && tell_pending(tell) == 0) {
		copy->log("relayd", "it takes marks again", NULL);
		work->troubled = false;
	}
	if ((!news && (!troubled || work->troubled)) || deadline_left(work->next_report) > 0)
		return;
	work->next_report = deadline_now() + REPORT_EVERY;
	if (tell->refused != work->refused || (troubled && !work->troubled))
		copy->log("trouble", "marks are not taken", tell->trouble);
	if (tell->dropped != work->dropped) {
		snprintf(text, sizeof(text), "%llu so far", (unsigned long long)tell->dropped);
		copy->log("trouble", "no room for more marks: the oldest are lost", text);
	}
	if (patterns_given_up(copy->terms.patterns) != work->given_up)
		copy->log("trouble", "a line was too much work for a pattern", NULL);
	work->troubled = work->troubled || troubled;
	work->dropped = tell->dropped;
	work->refused = tell->refused;
	work->given_up = patterns_given_up(copy->terms.patterns);
}

static bool
is_done(struct work *work)
{
	if (*work->copy->stop && !work->stopping) {
		work->stopping = true;
		work->stop_until = deadline_now() + STOP_WAIT;
	}
	if (work->out_to > work->out_from)
		return false;
	return work->ended ||
	    (work->stopping && (work->at_start || deadline_left(work->stop_until) == 0));
}

static void
look_at_fifo(struct work *work)
{
	struct logfeed *feed = &work->copy->feed;

	if (feed->path == NULL || deadline_left(feed->look_again) > 0)
		return;
	switch (logfeed_look(feed)) {
	case -1:
		/* Once, not every two seconds; that it is not there yet was said at the start. */
		if (errno != work->fifo_trouble && errno != ENOENT)
			work->copy->log("fifo", feed->path, logfeed_reason(errno));
		work->fifo_trouble = errno;
		break;
	case 1:
		work->fifo_trouble = 0;
		work->copy->log("fifo", feed->path, "opened anew");
		/* What its predecessor left of a line is no part of this one's. */
		memset(&work->lines, 0, sizeof(work->lines));
		break;
	default:
		work->fifo_trouble = 0;
	}
}

/* As poll(2), with the signals that end us let in meanwhile only: none is overlooked. */
static int
await(struct pollfd *fds, nfds_t count, int64_t wake, const sigset_t *waiting)
{
	int ms = deadline_left(wake);
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	return ppoll(fds, count, wake == INT64_MAX ? NULL : &time, waiting);
}

/* One turn: waits, and does what can be done. */
static enum logcopy_end
turn(struct work *work)
{
	struct logcopy *copy = work->copy;
	struct pollfd fds[3];
	int64_t wake = copy->feed.look_again;
	bool pending = work->out_to > work->out_from;

	fds[0] = (struct pollfd){
	    .fd = pending || work->ended ? -1 : copy->feed.fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = pending ? copy->out_fd : -1, .events = POLLOUT};
	tell_poll(&copy->tell, &fds[2], &wake);
	if (work->stopping)
		wake = deadline_earlier(wake, work->stop_until);
	if (await(fds, 3, wake, &copy->waiting) == -1)
		return errno == EINTR || errno == EAGAIN ? LOGCOPY_DONE : LOGCOPY_TROUBLE;
	if (fds[0].revents != 0 && !read_some(work))
		return LOGCOPY_TROUBLE;
	if (fds[1].revents != 0 && !write_some(work))
		return LOGCOPY_NO_OUT;
	tell_step(&copy->tell);
	report(work);
	look_at_fifo(work);
	return make_room(work) == -1 ? LOGCOPY_TROUBLE : LOGCOPY_DONE;
}

enum logcopy_end
logcopy_run(struct logcopy *copy)
{
	struct work work = {.copy = copy, .at_start = true};
	enum logcopy_end end = make_room(&work) == -1 ? LOGCOPY_TROUBLE : LOGCOPY_DONE;
	int saved;

	if (end == LOGCOPY_DONE && copy->out == LOGCOPY_ANSWERS)
		put_answer(&work);
	while (end == LOGCOPY_DONE && !is_done(&work))
		end = turn(&work);
	saved = errno;
	if (tell_wait(&copy->tell, deadline_now() + LAST_WAIT) == -1)
		copy->log("trouble", "marks under way are lost", copy->tell.trouble);
	work.next_report = 0;
	report(&work);
	free(work.in);
	free(work.out);
	errno = saved;
	return end;
}
