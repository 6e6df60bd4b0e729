#include "authchildren.h"

#include <string.h>
#include <sys/wait.h>

#include "authanswer.h"
#include "authlog.h"

void
authchildren_begin(struct authdesk *desk)
{
	while (desk->children < AUTHDESK_CHILDREN) {
		struct authsession *next = NULL;

		for (size_t i = 0; i < desk->made; i++)
			if (desk->used[i] && desk->sessions[i]->state == AUTHSESSION_WAITING &&
			    (next == NULL || desk->sessions[i]->ticket < next->ticket))
				next = desk->sessions[i];
		if (next == NULL)
			return;
		authanswer_turn(desk, next);
	}
}

void
authchildren_lose(struct authdesk *desk, pid_t child)
{
	int error;
	bool given_up = checkpwlost_add(&desk->lost, child, &error);
	struct line line;

	if (given_up)
		desk->children--;
	if (error == 0)
		return;
	line_start(&line);
	line_add(&line, "a program for passwords that took too long can't be ended, process ");
	line_add_number(&line, child);
	line_add(&line, ": ");
	line_add(&line, strerror(error));
	line_add(
	    &line, given_up ? ": it is given up, one of " : ": it keeps its place, beside ");
	line_add_number(&line, (int64_t)desk->lost.count);
	authlog_trouble(desk, line.text);
}

void
authchildren_reap(struct authdesk *desk)
{
	int status;
	pid_t child;

	while ((child = waitpid(-1, &status, WNOHANG)) > 0) {
		if (checkpwlost_remove(&desk->lost, child))
			continue;
		if (desk->children > 0)
			desk->children--;
		for (size_t i = 0; i < desk->made; i++)
			if (desk->used[i] && desk->sessions[i]->state == AUTHSESSION_PASSWORD &&
			    desk->sessions[i]->child == child)
				authanswer_password(
				    desk, desk->sessions[i], checkpw_result(status));
	}
}
