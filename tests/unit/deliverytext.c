/*
 * Our block in a file of somebody else's.
 */
#include "door/deliverytext.h"

#include <stdlib.h>

#include "tap.h"

#define BEGIN "# BEGIN rcptbuild: do not edit up to END, edit rcptcheck.db\n"
#define END   "# END rcptbuild\n"

static void
merged(const char *old, const char *lines, const char *want, const char *name)
{
	struct deliverytext_split split;
	struct deliverytext out = {0}, block = {0};
	const char *why = deliverytext_find(&split, old, strlen(old));

	deliverytext_string(&block, lines);
	if (why == NULL) {
		deliverytext_merge(&out, &split, old, strlen(old), &block);
		deliverytext_add(&out, "", 1);
	}
	is_str(why != NULL ? why : out.bytes, want, name);
	free(out.bytes);
	free(block.bytes);
	intern_free(&split.keys);
}

static void
finds(const char *old, size_t len, const char *want_why, size_t want_lines, bool want_for_all,
    const char *name)
{
	struct deliverytext_split split;
	const char *why = deliverytext_find(&split, old, len);

	is_str(why == NULL ? "" : why, want_why, name);
	is_int((long long)split.lines, (long long)want_lines, "... and lines of ours");
	ok(split.for_all == want_for_all, "... and whether one is for all");
	intern_free(&split.keys);
}

static void
has_key(const char *old, const char *key, bool want)
{
	struct deliverytext_split split;

	(void)deliverytext_find(&split, old, strlen(old));
	ok((intern_find(&split.keys, key, strlen(key)) != INTERN_NONE) == want, "%s: %s", key,
	    want ? "is the administrator's" : "is not");
	intern_free(&split.keys);
}

int
main(void)
{
	merged("", "a\n", BEGIN "a\n" END, "a file that was not there");
	merged("x\ny", "a\n", "x\ny\n" BEGIN "a\n" END, "behind what is there");
	merged("x\n" BEGIN "old\n" END "y\n", "a\nb\n", "x\n" BEGIN "a\nb\n" END "y\n",
	    "in the place of the old block");
	merged("x\n" BEGIN "a\n" END "y", "a\n", "x\n" BEGIN "a\n" END "y",
	    "the same again changes nothing");
	merged(BEGIN "a\n" END, "", BEGIN END, "nothing");
	merged(BEGIN "a\n", "b\n", "it has the beginning of our block without its end",
	    "a block without end");
	merged("a\n" END, "b\n", "it has the end of our block without its beginning",
	    "or without beginning");
	merged(BEGIN END BEGIN END, "b\n", "it has two beginnings of our block", "or two");
	has_key("A.test:192.0.2.1\n", "a.test", true);
	has_key("a.test \n", "a.test", true);
	has_key("#a.test\n", "#a.test", false);
	has_key(BEGIN "a.test:x\n" END "b.test", "a.test", false);
	has_key(BEGIN "a.test:x\n" END "b.test", "b.test", true);
	finds("a:x\n:smart\n" BEGIN "a\nb\n" END ":y\n",
	    strlen("a:x\n:smart\n" BEGIN "a\nb\n" END), "", 2, true, "two lines of ours");
	finds("a:x\n" BEGIN ":x\n" END, strlen("a:x\n" BEGIN ":x\n" END), "", 1, false,
	    "one, and what is for all in it is not the administrator's");
	finds("a\0b\n", 4, "it has a NUL byte, as no text has: name another file", 0, false,
	    "a NUL byte");
	finds("", 0, "", 0, false, "nothing");
	return tap_done();
}
