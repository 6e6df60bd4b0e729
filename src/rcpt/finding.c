#include "finding.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
    [FINDING_TEMPORARY] = "temporary",
    [FINDING_EXISTS] = "exists",
    [FINDING_UNKNOWN] = "unknown",
    [FINDING_REFUSED] = "refused",
    [FINDING_POLICY] = "policy",
    [FINDING_AMBIGUOUS] = "ambiguous",
};

const char *
finding_name(enum finding finding)
{
	return names[finding];
}

bool
finding_parse(enum finding *finding, const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0) {
			*finding = (enum finding)i;
			return true;
		}
	}
	return false;
}

bool
finding_is_no(enum finding finding)
{
	return finding == FINDING_UNKNOWN || finding == FINDING_REFUSED;
}

bool
finding_is_verdict(enum finding finding)
{
	return finding == FINDING_EXISTS || finding_is_no(finding);
}
