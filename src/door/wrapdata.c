#include "wrapdata.h"

#include <stdbool.h>
#include <string.h>

void
wrapdata_start(struct wrapdata_place *place)
{
	memcpy(place->before, "\r\n", 2);
}

static bool
ends_line(char c)
{
	return c == '\r' || c == '\n';
}

/* The byte so many before bytes[at]. */
static char
byte_before(const struct wrapdata_place *place, const char *bytes, size_t at, size_t back)
{
	return at >= back ? bytes[at - back] : place->before[2 + at - back];
}

static enum wrapdata
pass(struct wrapdata_place *place, const char *bytes, size_t len, size_t *used,
    enum wrapdata result)
{
	char last[2] = {
	    byte_before(place, bytes, len, 2),
	    byte_before(place, bytes, len, 1),
	};

	memcpy(place->before, last, sizeof(last));
	*used = len;
	return result;
}

enum wrapdata
wrapdata_scan(struct wrapdata_place *place, const char *bytes, size_t len, size_t *used)
{
	const char *dot;

	for (size_t i = 0; i < len; i++) {
		dot = memchr(bytes + i, '.', len - i);
		if (dot == NULL)
			break;
		i = (size_t)(dot - bytes);
		if (!ends_line(byte_before(place, bytes, i, 1)))
			continue;
		if (i + 1 == len)
			return pass(place, bytes, i, used, WRAPDATA_MORE);
		if (!ends_line(bytes[i + 1]))
			continue;
		if (bytes[i + 1] == '\r' && i + 2 == len)
			return pass(place, bytes, i, used, WRAPDATA_MORE);
		if (byte_before(place, bytes, i, 2) != '\r' ||
		    byte_before(place, bytes, i, 1) != '\n' || bytes[i + 1] != '\r' ||
		    bytes[i + 2] != '\n')
			return pass(place, bytes, i, used, WRAPDATA_AMBIGUOUS);
		return pass(place, bytes, i + 3, used, WRAPDATA_END);
	}
	return pass(place, bytes, len, used, WRAPDATA_MORE);
}
