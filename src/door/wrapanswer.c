#include "wrapanswer.h"

#include <string.h>
#include <sys/wait.h>

#include "base/line.h"

/* Exit codes of the forms of RCPTCHECK. */
#define ACCEPT     0
#define REFUSE     100
#define TEMPORARY  111
#define NO_OPINION 112 /* sagredo's patches */

static void
set(struct wrapanswer *answer, bool accepted, const char *reply)
{
	answer->accepted = accepted;
	answer->trouble = NULL;
	answer->number = -1;
	strcpy(answer->reply, reply);
}

void
wrapanswer_fail(struct wrapanswer *answer, const char *trouble, int number)
{
	set(answer, false, wrapreply_failed);
	answer->trouble = trouble;
	answer->number = number;
}

/*
 * One line that begins with a code of 400 to 599, as it is to be said. 421 would promise that we
 * close.
 */
static bool
is_reply(const char *text, size_t len)
{
	return len >= 3 && (text[0] == '4' || text[0] == '5') && text[1] >= '0' &&
	    text[1] <= '9' && text[2] >= '0' && text[2] <= '9' &&
	    (len == 3 || text[3] == ' ') && memcmp(text, "421", 3) != 0 &&
	    memchr(text, '\n', len) == NULL;
}

static void
set_text(struct wrapanswer *answer, const char *text, size_t len)
{
	struct line line;

	line_start(&line);
	line_add_foreign(&line, text, len, WRAPREPLY_SIZE);
	if (line.len >= WRAPREPLY_SIZE)
		line.text[WRAPREPLY_SIZE - 1] = '\0';
	set(answer, false, line.text);
}

void
wrapanswer_exit(struct wrapanswer *answer, int status, const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (!WIFEXITED(status)) {
		wrapanswer_fail(answer, "the check was killed",
		    WIFSIGNALED(status) ? WTERMSIG(status) : -1);
		return;
	}
	switch (WEXITSTATUS(status)) {
	case ACCEPT:
	case NO_OPINION:
		set(answer, true, "");
		break;
	case REFUSE:
		if (is_reply(text, len))
			set_text(answer, text, len);
		else if (len > 0 && text[0] == '4') /* not a "no", however it is said */
			set(answer, false, wrapreply_unverified);
		else
			set(answer, false, wrapreply_refused);
		break;
	case TEMPORARY:
		if (is_reply(text, len) && text[0] == '4')
			set_text(answer, text, len);
		else
			set(answer, false, wrapreply_unverified);
		break;
	default:
		wrapanswer_fail(
		    answer, "the check ended with an unknown code", WEXITSTATUS(status));
	}
}

bool
wrapanswer_line(struct wrapanswer *answer, const char *address, const char *line, size_t len)
{
	struct line want;
	const char *verdict, *end;

	line_start(&want);
	line_add_foreign(&want, address, strlen(address), LINE_SIZE);
	if (len < want.len + 1 || memcmp(line, want.text, want.len) != 0 ||
	    line[want.len] != '\t')
		return false;
	verdict = line + want.len + 1;
	end = memchr(verdict, '\t', len - want.len - 1);
	if (end == NULL)
		return false;
	if (end - verdict == 6 && memcmp(verdict, "accept", 6) == 0)
		set(answer, true, "");
	else if (end - verdict == 6 && memcmp(verdict, "reject", 6) == 0)
		set(answer, false, wrapreply_refused);
	else if (end - verdict == 8 && memcmp(verdict, "tempfail", 8) == 0)
		set(answer, false, wrapreply_unverified);
	else
		return false;
	return true;
}
