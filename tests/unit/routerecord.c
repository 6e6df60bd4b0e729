/* Routes as records of routes.cdb, and the login that is made of a pattern. */
#include <errno.h>
#include <stdlib.h>

#include "base/cdbfile.h"
#include "route/loginpattern.h"
#include "route/route.h"
#include "route/routesettings.h"
#include "tap.h"

static struct route
sample(void)
{
	struct route route;

	memset(&route, 0, sizeof(route));
	strcpy(route.entry, "Paula@example.org");
	strcpy(route.login, "%n*master");
	strcpy(route.secret, "s3cret");
	route.count = 3;
	strcpy(route.servers[0].host, "imap1.example.com");
	strcpy(route.servers[0].source, "mailboxes:7");
	route.servers[0].address = (struct record_server){4, {192, 0, 2, 1}, 0};
	strcpy(route.servers[1].host, "2001:db8::1");
	route.servers[1].address =
	    (struct record_server){6, {0x20, 1, 0xd, 0xb8, [15] = 1}, 993};
	strcpy(route.servers[2].host, "gone.example.com");
	route.servers[2].address.port = 143;
	return route;
}

static bool
same(const struct route *a, const struct route *b)
{
	bool good = a->count == b->count && strcmp(a->entry, b->entry) == 0 &&
	    strcmp(a->login, b->login) == 0 && strcmp(a->secret, b->secret) == 0;

	for (size_t i = 0; good && i < a->count; i++)
		good = strcmp(a->servers[i].host, b->servers[i].host) == 0 &&
		    strcmp(a->servers[i].source, b->servers[i].source) == 0 &&
		    memcmp(&a->servers[i].address, &b->servers[i].address,
			sizeof(a->servers[i].address)) == 0;
	return good;
}

/* From a block of just that size, so that a sanitizer sees a step over its end. */
static int
parse(struct route *route, const unsigned char *value, size_t len)
{
	unsigned char *block = malloc(len + 1);
	int result;

	if (block == NULL)
		return -2;
	memcpy(block + 1, value, len);
	errno = 0;
	result = route_parse(route, block + 1, len);
	free(block);
	return result;
}

static void
test_pair(void)
{
	struct route route = sample(), back;
	unsigned char value[CDBFILE_VALUE_MAX];
	size_t len = route_make(value, sizeof(value), &route), bad = 0;

	ok(len > 0 && parse(&back, value, len) == 0 && same(&route, &back),
	    "what is made is parsed");
	for (size_t i = 0; i < len; i++)
		bad += parse(&back, value, i) == 0 || errno != EPROTO;
	is_int((long long)bad, 0, "nothing that is cut is a route");
	value[len] = 0;
	is_int(parse(&back, value, len + 1), -1, "nor is what is too long");
	ok(route_make(value, len - 1, &route) == 0, "what does not fit is not made");
	value[0]++;
	is_int(parse(&back, value, len), -1, "another version is refused");
	route.count = 0;
	ok(route_make(value, sizeof(value), &route) == 0, "a route without servers is none");
}

static void
test_bytes(void)
{
	static const char bytes[] = {'\r', '\n', '\0', '\t', '\x7f', '\x1b'};
	struct route back;
	size_t bad = 0;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		struct route route = sample();
		unsigned char value[CDBFILE_VALUE_MAX];
		size_t len = route_make(value, sizeof(value), &route);
		unsigned char *secret = memmem(value, len, "s3cret", 6);

		secret[2] = (unsigned char)bytes[i];
		bad += parse(&back, value, len) == 0;
	}
	is_int((long long)bad, 0, "no text has bytes that end a line");
}

static void
test_range(void)
{
	struct route route = sample(), back;
	struct route_range range = {"a", "f"}, back_range;
	unsigned char value[CDBFILE_VALUE_MAX], key[ROUTE_KEY_SIZE];
	size_t len = route_make_range(value, sizeof(value), &range, &route);

	ok(route_parse_range(&back_range, &back, value, len) == 0 && same(&route, &back) &&
		strcmp(back_range.first, "a") == 0 && strcmp(back_range.last, "f") == 0,
	    "a range");
	strcpy(range.first, "g");
	len = route_make_range(value, sizeof(value), &range, &route);
	is_int(route_parse_range(&back_range, &back, value, len), -1,
	    "one that ends before it begins");
	len = route_range_key(key, "x.test", 1, 258);
	ok(len == 12 && memcmp(key, "r\1\0\0\1\2x.test", 12) == 0, "the key of a range");
}

static void
test_index(void)
{
	struct route_index index = {2, {{3, 70000}, {1, 2}}}, back;
	unsigned char value[256];
	size_t len = route_make_index(value, sizeof(value), &index);

	ok(route_parse_index(&back, value, len) == 0 && back.count == 2 &&
		back.lengths[0].length == 3 && back.lengths[0].ranges == 70000 &&
		back.lengths[1].ranges == 2,
	    "an index");
	value[1] = 1;
	is_int(route_parse_index(&back, value, len), -1, "one that is not in order");
}

static void
test_settings(void)
{
	struct routesettings settings, back;
	unsigned char value[64];
	size_t len;

	routesettings_default(&settings);
	settings.imap_port = 993;
	len = routesettings_make(value, sizeof(value), &settings);
	ok(len > 0 && routesettings_parse(&back, value, len) == 0 && back.imap_port == 993 &&
		back.pop3_port == 110 && back.timeout == 1 && back.retry == 10,
	    "settings");
	is_int(routesettings_parse(&back, value, len - 1), -1, "settings that are cut");
}

static void
test_login(void)
{
	static const struct {
		const char *pattern, *user, *login;
		bool translated;
	} tests[] = {
	    {"", "joe@x.test", "joe@x.test", false},
	    {"s009", "joe@x.test", "s009", true},
	    {"%n", "joe@x.test", "joe", true},
	    {"%n", "joe", "joe", false},
	    {"%u*master", "joe@x.test", "joe@x.test*master", true},
	    {"%d-%n", "joe@x.test", "x.test-joe", true},
	    {"%d-%n", "joe", "-joe", true},
	    {"100%%", "joe", "100%", true},
	    {"%n", "a@b@x.test", "a@b", true},
	};
	struct route route = sample();
	bool various;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		strcpy(route.login, tests[i].pattern);
		ok(loginpattern_expand(&route, tests[i].user, strlen(tests[i].user)) == 0 &&
			strcmp(route.login, tests[i].login) == 0 &&
			route.translated == tests[i].translated,
		    "'%s' for %s is '%s'", tests[i].pattern, tests[i].user, route.login);
	}
	memset(route.login, 'x', 200);
	strcpy(route.login + 200, "%u");
	is_int(loginpattern_expand(&route,
		   "joe@example.org-joe@example.org-joe@example.org-joe@example.org", 63),
	    -1, "a login that is too long");
	ok(!loginpattern_good("%x", &various) && !loginpattern_good("a%", &various),
	    "no patterns");
	ok(loginpattern_good("a", &various) && !various && loginpattern_good("%n", &various) &&
		various && loginpattern_good("%d", &various) && !various &&
		loginpattern_good("", &various) && various,
	    "which give each user his own");
}

int
main(void)
{
	test_pair();
	test_bytes();
	test_range();
	test_index();
	test_settings();
	test_login();
	return tap_done();
}
