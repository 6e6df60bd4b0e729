#include "policyline.h"

#include <string.h>

enum policyline_taken
policyline_take(struct policyline *state, struct input *input, const char **line, size_t *len)
{
	for (;;) {
		switch (line_take(input, &state->skipping, line, len)) {
		case LINE_NONE:
			return POLICYLINE_NONE;
		case LINE_CUT:
			state->begun = true;
			return POLICYLINE_CUT;
		case LINE_WHOLE:
			if (*len == 0 && state->begun)
				return POLICYLINE_END;
			if (*len > 0) {
				state->begun = true;
				return POLICYLINE_WHOLE;
			}
			break;
		}
	}
}

bool
policyline_parse(struct policyline_attribute *attribute, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);

	if (equals == NULL || equals == line)
		return false;
	attribute->name = line;
	attribute->name_len = (size_t)(equals - line);
	attribute->value = equals + 1;
	attribute->value_len = len - attribute->name_len - 1;
	return true;
}

bool
policyline_is(const struct policyline_attribute *attribute, const char *name)
{
	return bytes_match(attribute->name, attribute->name_len, name);
}
