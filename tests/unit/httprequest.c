/*
 * Requests of nginx's mail proxy, taken apart; and all that only looks like one.
 */
#include "door/httprequest.h"

#include "tap.h"

static struct httprequest request;

/* In pieces of so many bytes; 0: all at once. Then comes its end. */
static enum httprequest_state
feed_bytes(const char *bytes, size_t len, size_t piece)
{
	size_t room;

	httprequest_clear(&request);
	for (size_t at = 0; at < len && request.state == HTTPREQUEST_MORE;) {
		size_t n = piece == 0 || piece > len - at ? len - at : piece;
		char *to = httprequest_room(&request, &room);

		n = n < room ? n : room;
		memcpy(to, bytes + at, n);
		(void)httprequest_take(&request, n);
		at += n;
	}
	if (request.state == HTTPREQUEST_MORE)
		(void)httprequest_take(&request, 0);
	return request.state;
}

static void
whole(const char *text, const char *name, const char *value, const char *test)
{
	const struct httpheader *header;

	for (size_t piece = 0; piece < 3; piece++) {
		ok(feed_bytes(text, strlen(text), piece) == HTTPREQUEST_WHOLE,
		    "%s: whole, piece %zu", test, piece);
		header = httprequest_find(&request, name);
		ok(header != NULL && header->len == strlen(value) &&
			memcmp(header->value, value, header->len) == 0,
		    "... its value is '%s'", value);
	}
}

static void
bad_bytes(const char *bytes, size_t len, const char *trouble)
{
	for (size_t piece = 0; piece < 3; piece++)
		ok(feed_bytes(bytes, len, piece) == HTTPREQUEST_BAD &&
			strcmp(request.trouble, trouble) == 0,
		    "bad: %s, piece %zu", trouble, piece);
}

static void
bad(const char *text, const char *trouble)
{
	bad_bytes(text, strlen(text), trouble);
}

static void
test_good(void)
{
	whole("GET /auth?x=1 HTTP/1.0\r\nHost: localhost\r\nAuth-User: al%20ice\r\n\r\n",
	    "auth-user", "al%20ice", "a request");
	whole("GET / HTTP/1.1\r\nA:\t x y \t\r\n\r\n", "A", "x y", "blanks around a value");
	whole("GET / HTTP/1.0\r\nA:\r\nB: c\r\n\r\n", "A", "", "an empty value");
	whole("GET / HTTP/1.0\r\nA: b: c\r\n\r\n", "A", "b: c", "a colon in a value");
	whole("GET / HTTP/1.0\r\nA: b\r\n\r\nGET / HTTP/1.0\r\nA: c\r\n\r\n", "A", "b",
	    "a second request behind it is not looked at");
	whole("GET / HTTP/1.0\r\nA: b\r\n\r\n\0\n", "A", "b", "nor is what is no request");
	ok(httprequest_find(&request, "Host") == NULL, "no header that is not there");
	ok(httprequest_find(&request, "AA") == NULL, "nor of a longer name");
}

static void
test_bad(void)
{
	static char longer[HTTPREQUEST_SIZE + 100], many[40 + 8 * (HTTPREQUEST_HEADERS + 2)];
	size_t len;

	bad("", "it ended too early");
	bad("GET / HTTP/1.0\r\nA: b\r\n", "it ended too early");
	bad("POST / HTTP/1.0\r\n\r\n", "not a GET request of HTTP/1.0 or 1.1");
	bad("GET http://x/ HTTP/1.0\r\n\r\n", "not a GET request of HTTP/1.0 or 1.1");
	bad("GET / HTTP/2.0\r\n\r\n", "not a GET request of HTTP/1.0 or 1.1");
	bad("GET / x HTTP/1.0\r\n\r\n", "not a GET request of HTTP/1.0 or 1.1");
	bad("GET /\r\n\r\n", "not a GET request of HTTP/1.0 or 1.1");
	bad("\r\nGET / HTTP/1.0\r\n\r\n", "not a GET request of HTTP/1.0 or 1.1");
	bad("GET / HTTP/1.0\n\n", "a LF without its CR");
	bad("GET / HTTP/1.0\r\nA: b\nAuth-User: x\r\n\r\n", "a LF without its CR");
	bad("GET / HTTP/1.0\r\nA: b\rAuth-User: x\r\n\r\n", "a CR without its LF");
	bad("GET / HTTP/1.0\r\nA: b\r\r\n\r\n", "a CR without its LF");
	bad_bytes("GET / HTTP/1.0\r\nA: \0b\r\n\r\n", 26, "a NUL");
	bad("GET / HTTP/1.0\r\nA: b\r\n more\r\n\r\n", "a line that is no header");
	bad("GET / HTTP/1.0\r\nA : b\r\n\r\n", "a line that is no header");
	bad("GET / HTTP/1.0\r\n: b\r\n\r\n", "a line that is no header");
	bad("GET / HTTP/1.0\r\nA\r\n\r\n", "a line that is no header");
	bad("GET / HTTP/1.0\r\nAuth-User: a\r\nauth-user: b\r\n\r\n",
	    "a header that comes twice");
	len = (size_t)sprintf(longer, "GET / HTTP/1.0\r\nA: ");
	memset(longer + len, 'x', sizeof(longer) - len);
	bad_bytes(longer, sizeof(longer), "longer than 16 KB");
	len = (size_t)sprintf(many, "GET / HTTP/1.0\r\n");
	for (int i = 0; i <= HTTPREQUEST_HEADERS; i++)
		len += (size_t)sprintf(many + len, "a%d: b\r\n", i);
	bad_bytes(many, len, "too many headers");
}

static void
unescaped(const char *text, const char *want, long len)
{
	struct httpheader header = {.value = text, .len = strlen(text)};
	char out[8];

	is_int(httprequest_unescape(out, sizeof(out), &header), len, text);
	ok(len <= 0 || memcmp(out, want, (size_t)len) == 0, "... as it is");
}

int
main(void)
{
	test_good();
	test_bad();
	unescaped("", "", 0);
	unescaped("a%20b%25", "a b%", 4);
	unescaped("%0d%0A%00", "\r\n\0", 3);
	unescaped("\xc3\xa9", "\xc3\xa9", 2);
	unescaped("12345678", "12345678", 8);
	unescaped("123456789", "", -1);
	unescaped("%", "", -1);
	unescaped("a%2", "", -1);
	unescaped("%zz", "", -1);
	unescaped("%-1", "", -1);
	return tap_done();
}
