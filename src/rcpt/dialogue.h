/*
 * One conversation for one inquiry: greets, asks what the inquiry wants to be asked, says
 * goodbye without waiting for the echo. No I/O: it moves bytes as smtp.h does.
 */
#ifndef RCPT_DIALOGUE_H
#define RCPT_DIALOGUE_H

#include "inquiry.h"
#include "smtp.h"

struct dialogue {
	struct smtp smtp;       /* the caller sends smtp.out */
	struct inquiry inquiry; /* when done, so is the dialogue */
};

/* Before there is a connection: all that can happen is dialogue_lost. */
void dialogue_prepare(struct dialogue *dialogue, const struct inquiry_question *question);

void dialogue_start(struct dialogue *dialogue, const struct smtp_terms *terms);
void dialogue_input(struct dialogue *dialogue, const char *bytes, size_t len);
void dialogue_lost(struct dialogue *dialogue, const char *note);

#endif
