#include "match.h"

#include <string.h>

#include "logprefix.h"

static const char is_loopback[] =
    "this host itself: all that comes through a proxy could relay";

static bool
has_control_bytes(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
			return true;
	return false;
}

enum match_result
match_line(struct match *match, const struct match_terms *terms, const char *line, size_t len,
    bool cut)
{
	struct logprefix prefix;
	bool bare;

	logprefix_parse(&prefix, line, len);
	if (prefix.unsafe)
		return MATCH_UNSAFE;
	bare = prefix.tag_len > 0 && !prefix.has_pid;
	if (prefix.tag_len == 0 && terms->tag != NULL) {
		prefix.tag = terms->tag;
		prefix.tag_len = strlen(terms->tag);
	}
	if (cut || prefix.tag_len == 0 ||
	    !patterns_match(terms->patterns, &match->by, prefix.tag, prefix.tag_len, bare,
		prefix.message, prefix.message_len) ||
	    has_control_bytes(prefix.message, prefix.message_len))
		return MATCH_NONE;
	match->refused = relayaddress_normalise(match->address, match->by.ip, match->by.ip_len);
	if (match->refused == NULL && !terms->loopback &&
	    relayaddress_is_loopback(match->address))
		match->refused = is_loopback;
	return match->refused == NULL ? MATCH_LOGIN : MATCH_REFUSED;
}
