/*
 * Records of the CDB: what is made is parsed, and what is not made is no record.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/record.h"
#include "tap.h"

static struct record
sample(void)
{
	struct record record;

	memset(&record, 0, sizeof(record));
	record.flags = RECORD_LISTED;
	strcpy(record.ask_domain, "xn--bcher-kva.example");
	strcpy(record.main_name, "example.com");
	settings_default(&record.settings);
	settings_set(&record.settings, "helo", "mx2.example.com");
	settings_set(&record.settings, "budget", "10s");
	record.server_count = 2;
	record.servers[0] = (struct record_server){4, {192, 0, 2, 1}, 25};
	record.servers[1] = (struct record_server){6, {0x20, 1, 0xd, 0xb8, [15] = 1}, 65535};
	return record;
}

static bool
same(const struct record *a, const struct record *b)
{
	bool good = a->flags == b->flags && strcmp(a->ask_domain, b->ask_domain) == 0 &&
	    strcmp(a->main_name, b->main_name) == 0 && a->server_count == b->server_count &&
	    strcmp(a->settings.helo, b->settings.helo) == 0 &&
	    a->settings.budget == b->settings.budget && a->settings.mode == b->settings.mode;

	for (size_t i = 0; good && i < a->server_count; i++)
		good = a->servers[i].family == b->servers[i].family &&
		    a->servers[i].port == b->servers[i].port &&
		    memcmp(a->servers[i].address, b->servers[i].address, 16) == 0;
	return good;
}

/* Parses from a block of just that size, so that a sanitizer sees a step over its end. */
static int
parse(struct record *record, const unsigned char *value, size_t len)
{
	unsigned char *block = malloc(len);
	int result;

	if (block == NULL)
		return -2;
	memcpy(block, value, len);
	errno = 0;
	result = record_parse(record, block, len);
	free(block);
	return result;
}

static void
test_pair(void)
{
	struct record record = sample(), back;
	unsigned char value[RECORD_SIZE_MAX];
	size_t len = record_make(value, sizeof(value), &record);

	ok(len > 0 && parse(&back, value, len) == 0 && same(&record, &back),
	    "a record comes back");
	is_int(value[0], RECORD_VERSION, "its first byte is the version");

	memset(&record, 0, sizeof(record));
	settings_default(&record.settings);
	len = record_make(value, sizeof(value), &record);
	ok(len == 6 && parse(&back, value, len) == 0 && same(&record, &back),
	    "an empty one too");
	record.flags = RECORD_DANGLING;
	len = record_make(value, sizeof(value), &record);
	ok(parse(&back, value, len) == 0 && back.flags == RECORD_DANGLING, "flags come back");
}

static void
test_longest(void)
{
	struct record record = sample(), back;
	unsigned char value[RECORD_SIZE_MAX];
	char text[SETTINGS_HOST_SIZE];
	size_t len;
	bool good = true;

	memset(record.ask_domain, 'a', 253);
	memset(record.main_name, 'm', 253);
	record.ask_domain[253] = record.main_name[253] = '\0';
	memset(text, 'h', 255);
	text[255] = '\0';
	settings_set(&record.settings, "helo", text);
	memcpy(text + 1, "@", 1);
	text[254] = '\0';
	settings_set(&record.settings, "confirm_sender", text);
	settings_set(&record.settings, "control_recipient", text);
	settings_set(&record.settings, "delimiter", "+");
	settings_set(&record.settings, "mode", "warn");
	record.server_count = RECORD_SERVERS_MAX;
	for (size_t i = 0; i < RECORD_SERVERS_MAX; i++)
		record.servers[i] = record.servers[1];
	len = record_make(value, sizeof(value), &record);
	ok(len > 1000 && parse(&back, value, len) == 0 && same(&record, &back),
	    "a longest record fits, with %zu bytes", len);
	for (size_t size = 0; size < len; size++)
		good = good && record_make(value, size, &record) == 0;
	ok(good, "a buffer that is too small is told");
	record.server_count++;
	is_int((int)record_make(value, sizeof(value), &record), 0, "too many servers are told");
}

static void
test_damage(void)
{
	struct record record = sample(), back;
	unsigned char value[RECORD_SIZE_MAX + 1], damaged[RECORD_SIZE_MAX];
	size_t len = record_make(value, RECORD_SIZE_MAX, &record);
	bool good = true;

	for (size_t size = 0; size < len; size++)
		good = good && parse(&back, value, size) == -1 && errno == EPROTO;
	ok(good, "a record that is cut is none");
	value[len] = 0;
	ok(parse(&back, value, len + 1) == -1 && errno == EPROTO, "nor is one that goes on");
	memcpy(damaged, value, len);
	damaged[0]++;
	ok(parse(&back, damaged, len) == -1 && errno == EPROTO, "nor one of another version");
	memcpy(damaged, value, len);
	damaged[5] = '\0';
	ok(parse(&back, damaged, len) == -1 && errno == EPROTO, "nor one with a NUL in a name");
	memcpy(damaged, value, len);
	damaged[len - 19] = 5;
	ok(parse(&back, damaged, len) == -1 && errno == EPROTO,
	    "nor one with a server of family 5");
	memcpy(damaged, value, len);
	damaged[len - 27] = RECORD_SERVERS_MAX + 1;
	is_int(value[len - 27], 2, "(the number of servers is there)");
	ok(parse(&back, damaged, len) == -1 && errno == EPROTO,
	    "nor one with too many servers");
}

static void
test_addresses(void)
{
	struct record record = sample();
	struct record_server back[RECORD_SERVERS_MAX];
	unsigned char value[RECORD_SIZE_MAX + 1];
	size_t count, len = record_make_addresses(value, RECORD_SIZE_MAX, record.servers, 2);
	bool good = true;

	ok(len == 1 + 5 + 17 && record_parse_addresses(back, &count, value, len) == 0 &&
		count == 2 && memcmp(back[0].address, record.servers[0].address, 4) == 0 &&
		memcmp(back[1].address, record.servers[1].address, 16) == 0 &&
		back[0].family == 4 && back[1].family == 6 && back[0].port == 0,
	    "addresses come back, without their ports");
	for (size_t size = 0; size < len; size++)
		good = good && record_parse_addresses(back, &count, value, size) == -1 &&
		    record_make_addresses(value + 100, size, record.servers, 2) == 0;
	ok(good, "cut ones do not");
	value[len] = 0;
	is_int(
	    record_parse_addresses(back, &count, value, len + 1), -1, "nor do too many bytes");
	len = record_make_addresses(value, RECORD_SIZE_MAX, NULL, 0);
	ok(len == 1 && record_parse_addresses(back, &count, value, len) == 0 && count == 0,
	    "no address at all does");
	value[0] = RECORD_SERVERS_MAX + 1;
	is_int(
	    record_parse_addresses(back, &count, value, RECORD_SIZE_MAX), -1, "too many don't");
}

static void
test_text(void)
{
	struct record record = sample();
	char text[RECORD_SERVER_TEXT];
	struct record_server longest = {6, {0}, 65535};

	record_server_text(text, &record.servers[0]);
	is_str(text, "192.0.2.1:25", "an IPv4 server as text");
	record_server_text(text, &record.servers[1]);
	is_str(text, "[2001:db8::1]:65535", "an IPv6 server as text");
	memset(longest.address, 0xff, 16);
	record_server_text(text, &longest);
	is_str(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "a long one");
}

static void
test_user_key(void)
{
	char key[RECORD_USER_KEY_SIZE], domain[ADDRESS_DOMAIN_MAX + 1];
	size_t len = record_user_key(key, RECORD_KEY_USER, "Joe.\xc3\x9c", 6, "a.example");

	ok(len == 17 && memcmp(key, "ujoe.\xc3\x9c@a.example", len) == 0,
	    "a user's key has its ASCII letters in lower case");
	memset(domain, 'd', ADDRESS_DOMAIN_MAX);
	domain[ADDRESS_DOMAIN_MAX] = '\0';
	is_int((long long)record_user_key(
		   key, RECORD_KEY_PREFIX, domain, ADDRESS_LOCAL_MAX, domain),
	    RECORD_USER_KEY_SIZE, "a longest one fits");
}

int
main(void)
{
	test_user_key();
	test_pair();
	test_longest();
	test_damage();
	test_addresses();
	test_text();
	return tap_done();
}
