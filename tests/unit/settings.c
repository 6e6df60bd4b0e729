/*
 * Settings: what an administrator may write, that a bad value changes nothing, and that what is
 * stored comes back.
 */
#include <stdlib.h>

#include "base/settings.h"
#include "tap.h"

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10
#define A64 A60 "aaaa"

static const char *const names[] = {"mode", "on_unreachable", "on_policy", "on_busy", "tls",
    "log", "fold_case", "local_then_callout", "positive_expire", "negative_expire",
    "refused_expire", "negative_recheck", "budget", "connect_timeout", "command_timeout",
    "resolve_every", "relay_expire", "cache_limit", "helo", "confirm_sender",
    "control_recipient", "delimiter"};

#define NAMES (sizeof(names) / sizeof(names[0]))

static const struct {
	const char *name, *value;
	bool good;
} cases[] = {
    {"mode", "enforce", true},
    {"mode", "warn", true},
    {"mode", "off", true},
    {"mode", "", false},
    {"mode", "Off", false},
    {"mode", "off ", false},
    {"mode", "o", false},
    {"on_unreachable", "tempfail", true},
    {"on_unreachable", "reject", false},
    {"on_policy", "accept", true},
    {"on_policy", "yes", false},
    {"on_busy", "tempfail", true},
    {"on_busy", "0", false},
    {"tls", "may", true},
    {"tls", "off", true},
    {"tls", "require", true},
    {"tls", "yes", false},
    {"log", "trouble", true},
    {"log", "reject", true},
    {"log", "all", true},
    {"log", "none", false},
    {"fold_case", "yes", true},
    {"fold_case", "no", true},
    {"fold_case", "1", false},
    {"local_then_callout", "no", true},
    {"local_then_callout", "true", false},
    {"positive_expire", "0s", true},
    {"positive_expire", "90s", true},
    {"positive_expire", "3650d", true},
    {"positive_expire", "3651d", false},
    {"positive_expire", "87600h", true},
    {"positive_expire", "87601h", false},
    {"positive_expire", "7", false},
    {"positive_expire", "d", false},
    {"positive_expire", "7D", false},
    {"positive_expire", "7w", false},
    {"positive_expire", "-7d", false},
    {"positive_expire", "+7d", false},
    {"positive_expire", "7 d", false},
    {"positive_expire", " 7d", false},
    {"positive_expire", "7d ", false},
    {"positive_expire", "1h30m", false},
    {"positive_expire", "1.5h", false},
    {"positive_expire", "", false},
    {"positive_expire", "4294967296s", false},
    {"positive_expire", "9999999999d", false},
    {"positive_expire", "18446744073709551617s", false},
    {"negative_expire", "1d", true},
    {"refused_expire", "60m", true},
    {"negative_recheck", "0s", true},
    {"resolve_every", "1m", true},
    {"relay_expire", "1h", true},
    {"budget", "1s", true},
    {"budget", "5m", true},
    {"budget", "300s", true},
    {"budget", "0s", false},
    {"budget", "301s", false},
    {"budget", "1h", false},
    {"budget", "25", false},
    {"connect_timeout", "0m", false},
    {"connect_timeout", "2s", true},
    {"command_timeout", "20s", true},
    {"command_timeout", "20", false},
    {"cache_limit", "1", true},
    {"cache_limit", "1000000000", true},
    {"cache_limit", "0", false},
    {"cache_limit", "1000000001", false},
    {"cache_limit", "10000000000", false},
    {"cache_limit", "1e6", false},
    {"cache_limit", "-1", false},
    {"cache_limit", "", false},
    {"helo", "mx2.example.com", true},
    {"helo", "[192.0.2.1]", true},
    {"helo", "", false},
    {"helo", "a b", false},
    {"users_database", "/var/lib/mail.db", true},
    {"users_database", "mail.db", false},
    {"users_database", "", false},
    {"email_table", "users", true},
    {"email_table", "", false},
    {"email_address", "odd \"name", true},
    {"domain_domain", A64 A64, true},
    {"domain_domain", A64 A64 "a", false},
    {"helo", "a\r\nRSET", false},
    {"helo", "a\x7f", false},
    {"helo", "m\xc3\xbc", false},
    {"helo", A64 A64 A64 A60 "aaa", true},
    {"helo", A64 A64 A64 A64, false},
    {"confirm_sender", "none", true},
    {"confirm_sender", "probe@example.com", true},
    {"confirm_sender", "probe", false},
    {"confirm_sender", "@example.com", false},
    {"confirm_sender", "probe@", false},
    {"confirm_sender", "a@b@c", false},
    {"confirm_sender", "a b@c", false},
    {"confirm_sender", "<a@b>", false},
    {"confirm_sender", "\"a\"@b", false},
    {"confirm_sender", "a@b\r\n", false},
    {"confirm_sender", "a\x80@b", false},
    {"confirm_sender", "auto", false},
    {"confirm_sender", A64 "@b.c", true},
    {"confirm_sender", A64 "a@b.c", false},
    {"confirm_sender", A60 "@" A64 "." A64 "." A64, true},
    {"confirm_sender", A60 "@" A64 "." A64 "." A64 "a", false},
    {"control_recipient", "auto", true},
    {"control_recipient", "none", true},
    {"control_recipient", "info@example.com", true},
    {"control_recipient", "", false},
    {"control_recipient", "a>@b", false},
    {"delimiter", "none", true},
    {"delimiter", "-", true},
    {"delimiter", "+", true},
    {"delimiter", "+-", false},
    {"delimiter", "a", false},
    {"delimiter", "7", false},
    {"delimiter", "@", false},
    {"delimiter", "\"", false},
    {"delimiter", "\\", false},
    {"delimiter", " ", false},
    {"delimiter", "\xc3\xbc", false},
    {"Mode", "warn", false},
    {"", "warn", false},
    {"mode ", "warn", false},
    {"modes", "warn", false},
};

/* Equal in all they say: text behind a NUL doesn't count. */
static bool
same(const struct settings *a, const struct settings *b)
{
	unsigned char x[2048], y[2048];
	size_t x_len = settings_make(x, sizeof(x), a), y_len = settings_make(y, sizeof(y), b);

	return x_len > 0 && x_len == y_len && memcmp(x, y, x_len) == 0;
}

static bool
comes_back(const struct settings *settings)
{
	unsigned char bytes[2048];
	size_t len = settings_make(bytes, sizeof(bytes), settings);
	struct settings back;

	return len > 0 && settings_parse(&back, bytes, len) == len && same(settings, &back);
}

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings settings, before;
		const char *why;
		bool good;

		memset(&settings, 0, sizeof(settings));
		settings_default(&settings);
		before = settings;
		why = settings_set(&settings, cases[i].name, cases[i].value);
		good = (why == NULL) == cases[i].good;
		if (why != NULL)
			good = good && why[0] != '\0' &&
			    memcmp(&settings, &before, sizeof(settings)) == 0;
		good = good && comes_back(&settings);
		if (!ok(good, "setting %zu: %s = %.40s is %s", i, cases[i].name,
			strpbrk(cases[i].value, "\r\n\x7f") ? "(...)" : cases[i].value,
			cases[i].good ? "good" : "bad"))
			printf("#   why: %s\n", why == NULL ? "none" : why);
	}
}

static void
test_values(void)
{
	struct settings s;
	uint32_t seconds = 7;

	settings_default(&s);
	ok(s.mode == MODE_ENFORCE && s.on_unreachable == ACTION_ACCEPT &&
		s.on_policy == ACTION_ACCEPT && s.on_busy == ACTION_ACCEPT &&
		s.tls == TLS_MAY && s.log == LOG_LEVEL_REJECT && s.fold_case == 0 &&
		s.local_then_callout == 1,
	    "the default choices");
	ok(s.positive_expire == 604800 && s.negative_expire == 86400 &&
		s.refused_expire == 3600 && s.negative_recheck == 3600 && s.budget == 25 &&
		s.connect_timeout == 5 && s.command_timeout == 20 && s.resolve_every == 300 &&
		s.relay_expire == 1800 && s.cache_limit == 1000000,
	    "the default numbers");
	ok(strcmp(s.helo, "") == 0 && strcmp(s.confirm_sender, "") == 0 &&
		strcmp(s.control_recipient, "auto") == 0 && strcmp(s.delimiter, "") == 0,
	    "the default texts");

	settings_set(&s, "mode", "off");
	settings_set(&s, "on_policy", "tempfail");
	settings_set(&s, "positive_expire", "2h");
	settings_set(&s, "negative_expire", "3d");
	settings_set(&s, "command_timeout", "2m");
	settings_set(&s, "cache_limit", "5000");
	settings_set(&s, "helo", "mx.example");
	settings_set(&s, "confirm_sender", "a@b.c");
	ok(s.mode == MODE_OFF && s.on_policy == ACTION_TEMPFAIL &&
		s.on_unreachable == ACTION_ACCEPT,
	    "choices are set, and only those");
	ok(s.positive_expire == 7200 && s.negative_expire == 259200 &&
		s.command_timeout == 120 && s.cache_limit == 5000,
	    "numbers are set, in seconds");
	ok(strcmp(s.helo, "mx.example") == 0 && strcmp(s.confirm_sender, "a@b.c") == 0,
	    "texts are set");
	settings_set(&s, "confirm_sender", "none");
	is_str(s.confirm_sender, "", "none is nothing");

	ok(settings_duration("x", &seconds) == -1 && seconds == 7,
	    "a bad duration sets nothing");
	ok(settings_duration("36d", &seconds) == 0 && seconds == 3110400, "a good one does");
}

static void
test_names(void)
{
	static const char *const global[] = {
	    "log", "budget", "resolve_every", "relay_expire", "cache_limit", "helo"};
	bool good = true;

	for (size_t i = 0; i < NAMES; i++) {
		bool is_global = false;

		for (size_t j = 0; j < sizeof(global) / sizeof(global[0]); j++)
			is_global = is_global || strcmp(names[i], global[j]) == 0;
		good =
		    good && settings_known(names[i]) && settings_global(names[i]) == is_global;
	}
	ok(good, "the settings are known, and which of them are for all domains alone");
	ok(settings_known("users_database") && settings_global("email_table"),
	    "those of users_database are for all domains");
	ok(!settings_known("") && !settings_known("MODE") && !settings_global("nothing"),
	    "others are not");
}

/* Every setting away from its default, and each text as long as it can be. */
static void
set_all(struct settings *s)
{
	static const char *const values[] = {"warn", "tempfail", "tempfail", "tempfail",
	    "require", "all", "yes", "no", "1s", "2s", "3s", "4s", "6s", "7s", "8s", "9s",
	    "10s", "11", A64 A64 A64 A60 "aaa", A60 "@" A64 "." A64 "." A64,
	    A60 "@" A64 "." A64 "." A64, "-"};

	settings_default(s);
	for (size_t i = 0; i < NAMES; i++)
		settings_set(s, names[i], values[i]);
}

static void
test_store(void)
{
	struct settings settings, back;
	unsigned char bytes[2048], damaged[2048];
	size_t len;
	bool good = true, bad = true;

	settings_default(&settings);
	is_int(
	    (int)settings_make(bytes, sizeof(bytes), &settings), 1, "defaults take one byte");
	is_int((int)settings_make(bytes, 0, &settings), 0, "which must fit");
	set_all(&settings);
	len = settings_make(bytes, sizeof(bytes), &settings);
	ok(len > 800 && settings_parse(&back, bytes, len) == len && same(&settings, &back),
	    "all settings come back");
	ok(memcmp(&settings.mode, &back.mode, offsetof(struct settings, helo)) == 0 &&
		strcmp(settings.helo, back.helo) == 0 &&
		strcmp(settings.confirm_sender, back.confirm_sender) == 0 &&
		strcmp(settings.control_recipient, back.control_recipient) == 0 &&
		strcmp(settings.delimiter, back.delimiter) == 0,
	    "each with its own value");
	bytes[len] = 0;
	is_int(
	    (int)settings_parse(&back, bytes, len + 1), (int)len, "what follows is not used");
	for (size_t size = 0; size < len; size++) {
		good = good && settings_parse(&back, bytes, size) == 0;
		bad = bad && settings_make(damaged, size, &settings) == 0;
	}
	ok(good, "cut bytes are no settings");
	ok(bad, "a buffer that is too small is told");
	settings_make(damaged, len, &settings);
	ok(memcmp(bytes, damaged, len) == 0, "one that just fits will do");
}

static void
test_bad_bytes(void)
{
	static const struct {
		const char *name;
		unsigned char bytes[12];
		size_t len;
	} bad[] = {
	    {"nothing", {0}, 0},
	    {"a number of no setting", {NAMES, 0, 0, 0, 0, 0xff}, 6},
	    {"the number before the end mark", {0xfe, 0, 0, 0, 0, 0xff}, 6},
	    {"a choice past the last", {0, 3, 0, 0, 0, 0xff}, 6},
	    {"a choice with a high byte", {0, 1, 0, 0, 1, 0xff}, 6},
	    {"a text longer than its field",
		{21, 8, '-', '-', '-', '-', '-', '-', '-', '-', 0xff}, 11},
	    {"a NUL in a text", {21, 1, 0, 0xff}, 4},
	    {"a text past the end", {18, 200, 'a', 0xff}, 4},
	};
	struct settings settings;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(
		    (int)settings_parse(&settings, bad[i].bytes, bad[i].len), 0, bad[i].name);
}

int
main(void)
{
	test_cases();
	test_values();
	test_names();
	test_store();
	test_bad_bytes();
	return tap_done();
}
