/*
 * What the command line and the environment ask rcptcheck for: in which form, and about whom.
 */
#ifndef RCPT_OPTIONS_H
#define RCPT_OPTIONS_H

#include <stdbool.h>

#include "explain.h"
#include "hook.h"

struct options {
	enum hook_form form;
	int verbose;
	bool usage;          /* they make no sense */
	const char *address; /* NULL: there is none, or the form has it come by a descriptor */
	struct explain_context context;
};

/*
 * Reads them, and looks at descriptor 4 for HOOK_FD4. The form is right in any case: it says by
 * which code the caller learns that the rest makes no sense. The texts belong to argv and the
 * environment, or are static.
 */
void options_parse(struct options *options, int argc, char **argv);

#endif
