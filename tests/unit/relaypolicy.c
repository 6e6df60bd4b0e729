/*
 * May this client relay, as Postfix asks: OK for one that has logged in, and no opinion on all
 * else.
 */
#include "door/relaypolicy.h"

#include "door/relayask.h"
#include "door/socketmap.h"
#include "feed.h"
#include "tap.h"

#define REQUEST "request=smtpd_access_policy\n"
#define GOOD    "action=OK\n\n"
#define NONE    "action=DUNNO\n\n"

static struct feed feed;

static bool
look(const char *address)
{
	return strcmp(address, "192.0.2.1") == 0 || strcmp(address, "2001:db8::1") == 0;
}

static void
answered(const char *request, const char *want, const char *trouble, const char *name)
{
	feed_start(&feed, &relaypolicy_protocol);
	is_str(feed_text(&feed, request), want, name);
	is_str(feed.trouble != NULL ? feed.trouble : "", trouble, "... trouble");
	feed_end(&feed);
}

static void
test_policy(void)
{
	static const char odd[] = "a line without name=, or two clients";

	answered(REQUEST "protocol_state=RCPT\nclient_address=192.0.2.1\nhelo_name=x=y\n\n",
	    GOOD, "", "one that may");
	answered(REQUEST "client_address=2001:db8::1\n\n", GOOD, "", "IPv6");
	answered(REQUEST "client_address=::ffff:192.0.2.1\n\n", GOOD, "", "mapped");
	answered(REQUEST "client_address=192.0.2.2\n\n", NONE, "", "one that may not");
	answered(REQUEST "client_address=192.0.2.1\n\n" REQUEST "protocol_state=RCPT\n\n",
	    GOOD NONE, "", "the next request has no client");
	answered(REQUEST "client_address=192.0.2.9\nclient_address=192.0.2.1\n\n", NONE, odd,
	    "two clients");
	answered(REQUEST "helo_name=a\n192.0.2.1\n\n", NONE, odd, "a line without a name");
	answered("request=other\nclient_address=192.0.2.1\n\n", NONE,
	    "not request=smtpd_access_policy", "another request");
	answered(REQUEST
	    "client_address=192.0.2.1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\n",
	    NONE, odd, "longer than any address");
}

static void
test_socketmap(void)
{
	feed_start(&feed, &socketmap_protocol);
	is_str(feed_text(&feed, "15:relay 192.0.2.1,"), "5:OK OK,", "the map of socketmap");
	feed_end(&feed);
	feed_start(&feed, &socketmap_protocol);
	is_str(feed_text(&feed, "11:relay 192.0,9:relay net,13:relay unknown,"),
	    "9:NOTFOUND ,9:NOTFOUND ,9:NOTFOUND ,", "parts of addresses, and names");
	is_int((int)feed.questions, 0, "no recipient is asked about");
	feed_end(&feed);
	relayask_look = NULL;
	feed_start(&feed, &socketmap_protocol);
	is_str(feed_text(&feed, "15:relay 192.0.2.1,"), "9:NOTFOUND ,", "nobody to ask: no");
	feed_end(&feed);
}

int
main(void)
{
	relayask_look = look;
	test_policy();
	test_socketmap();
	return tap_done();
}
