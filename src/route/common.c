#include "common.h"

#include <string.h>
#include <strings.h>

void
common_add(struct common *common, const struct capability *capability)
{
	common->protocol = capability->protocol;
	if (common->servers++ == 0)
		common->set = capability->set;
	else
		capability_intersect(&common->set, &capability->set);
}

/* Both proxies take the login with USER and PASS themselves, whatever is behind them. */
static bool
is_user(const struct common *common, const char *name)
{
	return common->protocol == CAPABILITY_POP3 && strcasecmp(name, "USER") == 0;
}

static void
print_names(const struct common *common, FILE *out, const char *before, const char *between,
    const char *after)
{
	const char *separator = "";

	if (common->protocol == CAPABILITY_POP3) {
		fprintf(out, "%sUSER%s", before, after);
		separator = between;
	}
	for (size_t i = 0; i < common->set.count; i++) {
		const char *name = common->set.names[i];

		if (is_user(common, name) || capability_is_of_proxy(common->protocol, name))
			continue;
		fprintf(out, "%s%s%s%s", separator, before, name, after);
		separator = between;
	}
}

void
common_print(const struct common *common, FILE *out)
{
	bool imap = common->protocol == CAPABILITY_IMAP;

	if (common->servers == 0)
		return;
	fprintf(out, "# %s: what all of %zu server%s can do\n", imap ? "IMAP" : "POP3",
	    common->servers, common->servers == 1 ? "" : "s");
	fprintf(
	    out, "# nginx, mail { }:\n%s ", imap ? "imap_capabilities" : "pop3_capabilities");
	print_names(common, out, "\"", " ", "\"");
	fprintf(out, ";\n# Perdition, perdition.conf:\n%s \"",
	    imap ? "imap_capability" : "pop_capability");
	print_names(common, out, "", imap ? " " : ".", "");
	fprintf(out, "\"\n");
}
