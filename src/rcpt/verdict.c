#include "verdict.h"

static const char reply_accept[] = "250 2.1.5 ok";
static const char reply_reject[] = "550 5.1.1 sorry, no mailbox here by that name (#5.1.1)";
static const char reply_tempfail[] =
    "451 4.4.3 sorry, this recipient can't be verified right now, try again later (#4.4.3)";

int
verdict_exit_code(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return EXIT_ACCEPT;
	case VERDICT_REJECT:
		return EXIT_REJECT;
	case VERDICT_TEMPFAIL:
		break;
	}
	return EXIT_TEMPFAIL;
}

const char *
verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return "accept";
	case VERDICT_REJECT:
		return "reject";
	case VERDICT_TEMPFAIL:
		break;
	}
	return "tempfail";
}

const char *
verdict_reply(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return reply_accept;
	case VERDICT_REJECT:
		return reply_reject;
	case VERDICT_TEMPFAIL:
		break;
	}
	return reply_tempfail;
}
