#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "rcpt/explain.h"
#include "rcpt/verdict.h"

#define WRITE_MAX 4096 /* a pipe of which poll says that it can be written to takes so much */
#define SHOWN_MAX 200  /* bytes of a message that makes no sense */

static struct serve *watched; /* the watcher of a dialogue gets its item alone */

/* A dialogue: one line for each of its lines, with the recipient, since many are mixed. */
static void
watch(void *context, char direction, const char *bytes, size_t len)
{
	const struct serveitem *item = context;
	const struct question *question = &item->question;

	while (len > 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t line_len = end != NULL ? (size_t)(end - bytes) : len;
		struct line line;

		line_start(&line);
		line_add(&line, "rcptserve: ");
		line_add_foreign(&line, question->recipient, question->recipient_len, 300);
		line_add(&line, " ");
		line_add_foreign(&line, &direction, 1, 1);
		line_add(&line, " ");
		line_add_foreign(&line, bytes,
		    line_len > 0 && bytes[line_len - 1] == '\r' ? line_len - 1 : line_len, 512);
		watched->log(watched, &line);
		len -= line_len + (end != NULL);
		bytes += line_len + (end != NULL);
	}
}

int
serve_start(struct serve *serve, struct checker *checker, bool dialogues)
{
	serve->queue.checker = checker;
	serve->verdict = VERDICT_ACCEPT;
	if (dialogues) {
		watched = serve;
		checker->watch = watch;
		checker->probe_path[0] = '\0'; /* what rcptprobe says is not seen here */
	}
	serve->state = calloc(1, serve->protocol->state_size);
	return serve->state == NULL ? -1 : servequeue_start(&serve->queue);
}

void
serve_inform(struct serve *serve, const char *text, size_t len)
{
	/* Half of it is for answers. */
	if (serve->out_len + len > sizeof(serve->out) / 2)
		return;
	memcpy(serve->out + serve->out_len, text, len);
	serve->out_len += len;
}

static void
log_trouble(struct serve *serve, const struct input *input)
{
	struct line line;

	line_start(&line);
	line_add(&line, "rcptserve:");
	line_pair(&line, "protocol", serve->protocol->name);
	line_pair(&line, "trouble", input->trouble);
	if (input->shown != NULL)
		line_pair_bytes(&line, "input", input->shown,
		    input->shown_len < SHOWN_MAX ? input->shown_len : SHOWN_MAX);
	serve->log(serve, &line);
}

static void
log_decision(struct serve *serve, const struct serveitem *item)
{
	const struct question *question = &item->question;
	const struct check *check = item->check;
	struct explain_context context = {0};
	struct line line;

	if (!explain_wanted(
		check, serve->level == -1 ? check->log : (enum settings_log)serve->level))
		return;
	context.client = question->client[0] != '\0' ? question->client : NULL;
	context.sender = question->has_sender ? question->sender : NULL;
	explain_line(&line, check, question->recipient, question->recipient_len, &context);
	serve->log(serve, &line);
}

static bool
has_room(const struct serve *serve)
{
	return sizeof(serve->out) - serve->out_len >= PROTOCOL_ANSWER_SIZE;
}

static void
put(struct serve *serve, const struct answer *answer)
{
	memcpy(serve->out + serve->out_len, answer->bytes, answer->len);
	serve->out_len += answer->len;
	if (answer->verdict != VERDICT_ACCEPT)
		serve->verdict = answer->verdict;
}

/* The answers to what is done, as many as there is room for. Returns whether there were any. */
static bool
put_done(struct serve *serve)
{
	struct serveitem *item;
	bool any = false;

	while (has_room(serve) && (item = servequeue_done(&serve->queue)) != NULL) {
		check_count(serve->queue.checker, item->check);
		answer_start(&serve->answer);
		serve->protocol->tell(&item->question, item->check, &serve->answer);
		put(serve, &serve->answer);
		log_decision(serve, item);
		servequeue_release(&serve->queue);
		any = true;
	}
	return any;
}

/* Takes the next message out of what was read. False: there is none, or no room for it. */
static bool
take_next(struct serve *serve)
{
	struct serveitem *item = servequeue_room(&serve->queue);
	struct input input = {
	    .bytes = serve->in + serve->in_used,
	    .len = serve->in_len - serve->in_used,
	    .ended = serve->ended,
	};
	enum taken taken;

	if (serve->closed || item == NULL || !has_room(serve) ||
	    (serve->protocol->ordered && serve->queue.open > 0))
		return false;
	question_clear(&item->question);
	answer_start(&serve->answer);
	taken = serve->protocol->take(serve->state, &input, &item->question, &serve->answer);
	serve->in_used += input.used;
	if (input.trouble != NULL)
		log_trouble(serve, &input);
	switch (taken) {
	case TAKEN_NOTHING:
		break;
	case TAKEN_MESSAGE:
		put(serve, &serve->answer);
		break;
	case TAKEN_QUESTION:
		if (item->question.client[0] == '\0')
			question_copy(item->question.client, sizeof(item->question.client),
			    serve->client, strlen(serve->client));
		if (item->question.self[0] == '\0')
			question_copy(item->question.self, sizeof(item->question.self),
			    serve->self, strlen(serve->self));
		servequeue_add(&serve->queue);
		break;
	case TAKEN_GARBAGE:
		serve->verdict = VERDICT_TEMPFAIL;
		serve->closed = true;
		break;
	case TAKEN_LAST:
		serve->last = serve->answer;
		serve->closed = true;
		break;
	}
	return taken != TAKEN_NOTHING;
}

/* Returns 0, or -1 when that failed. */
static int
read_input(struct serve *serve)
{
	ssize_t n;

	memmove(serve->in, serve->in + serve->in_used, serve->in_len - serve->in_used);
	serve->in_len -= serve->in_used;
	serve->in_used = 0;
	n = read(STDIN_FILENO, serve->in + serve->in_len, sizeof(serve->in) - serve->in_len);
	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	serve->in_len += (size_t)n;
	serve->ended = n == 0;
	return 0;
}

/* Writes without waiting; poll has said that there is room. Returns 0, or -1 when that failed. */
static int
write_output(struct serve *serve)
{
	size_t len = serve->out_len < WRITE_MAX ? serve->out_len : WRITE_MAX;
	ssize_t n =
	    send(STDOUT_FILENO, serve->out, serve->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n == -1 && errno == ENOTSOCK)
		n = write(STDOUT_FILENO, serve->out, len);
	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	serve->out_len -= (size_t)n;
	memmove(serve->out, serve->out + n, serve->out_len);
	return 0;
}

/* Waits until something can be done, and does it. Returns 0, or -1 when a descriptor failed. */
static int
wait_and_step(struct serve *serve)
{
	static const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
	struct pollfd pollfds[2 + SERVEQUEUE_ASKING];
	struct pollfd *input = &pollfds[0], *output = &pollfds[1];
	int64_t wake = INT64_MAX;
	bool wants_input = !serve->ended && !serve->closed &&
	    serve->in_len - serve->in_used < sizeof(serve->in) / 2 && has_room(serve) &&
	    servequeue_room(&serve->queue) != NULL;
	nfds_t count = 2 + servequeue_poll(&serve->queue, pollfds + 2, &wake);

	*input = (struct pollfd){.fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN};
	*output =
	    (struct pollfd){.fd = serve->out_len > 0 ? STDOUT_FILENO : -1, .events = POLLOUT};
	if (poll(pollfds, count, wake == INT64_MAX ? -1 : deadline_left(wake)) == -1) {
		/* Short of something: that passes. */
		if (errno != EINTR)
			(void)nanosleep(&moment, NULL);
		for (nfds_t i = 0; i < count; i++)
			pollfds[i].revents = 0;
	}
	servequeue_step(&serve->queue, pollfds + 2);
	if (output->revents != 0 && write_output(serve) == -1)
		return -1;
	return input->revents != 0 ? read_input(serve) : 0;
}

/* Nothing is taken any more, and all that was is answered. */
static bool
is_over(const struct serve *serve)
{
	return (serve->closed || serve->ended) && serve->queue.open == 0;
}

enum verdict
serve_run(struct serve *serve)
{
	for (;;) {
		bool more;

		/* What is answered at once makes room for the next. */
		do {
			servequeue_begin(&serve->queue);
			more = put_done(serve);
			more = take_next(serve) || more;
		} while (more);
		if (is_over(serve) && serve->last.len > 0 && has_room(serve)) {
			put(serve, &serve->last);
			serve->last.len = 0;
		}
		if (is_over(serve) && serve->out_len == 0)
			return serve->verdict;
		if (wait_and_step(serve) == -1)
			return VERDICT_TEMPFAIL;
	}
}
