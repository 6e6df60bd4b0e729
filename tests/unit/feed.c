/* Lines of a feed, and the addresses in them. */
#include "door/feed.h"

#include <stdlib.h>

#include "tap.h"

static char got[4096];

static int
take(void *context, const struct feed_line *line)
{
	size_t used = strlen(got);
	const struct listing *listing = &line->listing;

	(void)context;
	used +=
	    (size_t)snprintf(got + used, sizeof(got) - used, "%lld:", (long long)line->number);
	switch (line->kind) {
	case FEED_NOTHING:
		strcat(got, "-");
		break;
	case FEED_BAD:
		strcat(got, line->why);
		break;
	case FEED_DOMAIN:
		snprintf(got + used, sizeof(got) - used, "=%.*s", (int)line->domain_len,
		    line->domain);
		break;
	case FEED_LISTING:
		snprintf(got + used, sizeof(got) - used, "%s<%.*s>%.*s",
		    listing->kind == LISTING_USER         ? "u"
			: listing->kind == LISTING_PREFIX ? "w"
							  : "all",
		    (int)listing->local_len, listing->local, (int)listing->domain_len,
		    listing->domain);
		break;
	case FEED_TEXT:
		snprintf(
		    got + used, sizeof(got) - used, "text %.*s", (int)line->len, line->text);
		break;
	}
	strcat(got, "\n");
	return 0;
}

/* In pieces of this size. */
static const char *
feed_bytes(const char *bytes, size_t len, size_t piece)
{
	struct feed *feed = malloc(sizeof(*feed));

	got[0] = '\0';
	feed_start(feed, take, NULL);
	for (size_t at = 0; at < len; at += piece)
		feed_push(feed, bytes + at, len - at < piece ? len - at : piece);
	feed_end(feed);
	free(feed);
	return got;
}

static void
lines(const char *text, const char *want, const char *name)
{
	is_str(feed_bytes(text, strlen(text), strlen(text) + 1), want, name);
	is_str(feed_bytes(text, strlen(text), 1), want, "... byte by byte");
}

static const char specials[] =
    "has a blank or one of ()<>[]:;@\\,\" in the user, without quotes around it";

static void
bad(const char *text, const char *why)
{
	char want[200];

	snprintf(want, sizeof(want), "1:%s\n", why);
	is_str(feed_bytes(text, strlen(text), 3), want, text);
}

static void
test_long_lines(void)
{
	size_t size = 1 << 20;
	char *text = malloc(size + 40);

	memset(text, 'a', size);
	strcpy(text + size, "@a.example\nb@a.example\n");
	is_str(feed_bytes(text, strlen(text), 4096),
	    "1:is longer than 1000 bytes\n2:u<b>a.example\n", "1 MB in a line, in pieces");
	is_str(feed_bytes(text, strlen(text), strlen(text)),
	    "1:is longer than 1000 bytes\n2:u<b>a.example\n", "and in one");
	is_str(feed_bytes(text, size, 4096), "1:is longer than 1000 bytes\n",
	    "and without an end");
	memset(text, ' ', 2000);
	strcpy(text + 2000, "\n");
	is_str(feed_bytes(text, 2001, 100), "1:is longer than 1000 bytes\n", "blanks count");
	free(text);
}

int
main(void)
{
	static const char nul[] = "a\0b@a.example\nc@a.example";
	struct listing listing;

	lines("a@a.example\nB.c@A.Example\r\n  d@a.example\t \n\n#\n# "
	      "e\n#f@a.example\ng@a.example",
	    "1:u<a>a.example\n2:u<B.c>A.Example\n3:u<d>a.example\n4:-\n5:-\n6:-\n"
	    "7:u<#f>a.example\n8:u<g>a.example\n",
	    "users, remarks, ends");
	lines("@a.example\n*@a.example\njoe-*@a.example\n\"joe-*\"@a.example\n=a.example\n",
	    "1:all<>a.example\n2:all<>a.example\n3:w<joe->a.example\n4:u<joe-*>a.example\n"
	    "5:=a.example\n",
	    "what is no user");
	lines("\"a b\"@a.example\n\"a\\\"b\"@a.example\n\"@\"@a.example\n=x@a.example\n",
	    "1:u<a b>a.example\n2:u<a\"b>a.example\n3:u<@>a.example\n4:u<=x>a.example\n",
	    "quotes");
	bad("'; DROP TABLE local_users; --@a.example", specials);
	bad("To: joe@a.example", specials);
	bad("joe@x@a.example", specials);
	bad("joe,ann@a.example", specials);
	bad("a\\b@a.example", specials);
	lines("\"'; DROP TABLE local_users; --\"@a.example\n",
	    "1:u<'; DROP TABLE local_users; -->a.example\n", "names of fame");
	lines("\xef\xbb\xbf=a.example\njoe@a.example\n", "1:=a.example\n2:u<joe>a.example\n",
	    "a byte order mark");
	lines("\xef\xbb\xbf\n", "1:-\n", "nothing behind it");
	lines("joe@a.example\n\xef\xbb\xbf=a.example\n",
	    "1:u<joe>a.example\n2:must be user@domain or @domain\n", "one that begins nothing");
	lines("", "", "nothing");
	bad("a", "must be user@domain or @domain");
	bad("a@", "must be user@domain or @domain");
	bad("a@b c", "must be user@domain or @domain");
	bad("joe*@a.example", "must have a sign such as - or + in front of the *");
	bad("\xfc@a.example", "has no user that mail can be sent to in front of the @");
	bad("a\x1b[2J@a.example", "has no user that mail can be sent to in front of the @");
	bad("\"\"@a.example", "has no user that mail can be sent to in front of the @");
	bad("\"a\\\"@a.example", "has no user that mail can be sent to in front of the @");
	bad("a @a.example", specials);
	bad("\"a \"@a.example", "has a blank at an end of the user");
	bad("0123456789012345678901234567890123456789012345678901234567890123x@a.example",
	    "has no user that mail can be sent to in front of the @");
	is_str(feed_bytes(nul, sizeof(nul) - 1, 5), "1:has a NUL byte in it\n2:u<c>a.example\n",
	    "a NUL byte");
	test_long_lines();
	ok(listing_parse(&listing, "joe-*@a.example", 15, true) == NULL &&
		listing.kind == LISTING_USER && listing.local_len == 5,
	    "where it is literal, a * is one");
	return tap_done();
}
