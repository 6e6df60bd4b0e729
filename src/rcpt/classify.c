#include "classify.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/*
 * Words that a server uses when it refuses us, the domain or the moment, and not the user.
 * They only count where the codes leave room for it. Too many here costs a queued message for
 * an unknown user; one too few can lose mail, so when in doubt a word belongs here.
 */
static const char *const about_us[] = {"://", "abuse", "ahbl", "attack", "auth ", "authent",
    "backscatter", "badmail", "banned", "barracuda", "batv", "black list", "black-list",
    "blackhole", "blacklist", "block", "bounce", "busy", "callback", "callout",
    "check for new mail", "client", "connect", "country", "credential", "database", "dial",
    "dkim", "dmarc", "dns", "do not host", "domain does", "domain is not", "domain not",
    "domain unknown", "dsn", "dynamic", "ehlo", "encrypt", "exceed", "excess", "firewall",
    "flood", "forge", "from address", "full", "geo", "gray", "grey", "helo", "host name",
    "host unknown", "hostname", "infect", "internal", "invalid domain", "ip address",
    "is listed", "junk", "later", "ldap", "licen", "limit", "listed at", "listed by",
    "listed in", "listed on", "login", "look up", "lookup", "loop", "mail from", "maintenance",
    "malware", "mx record", "network", "no such domain", "not host", "null sender",
    "open proxy", "originat", "overload", "phish", "poor", "prvs", "ptr", "quota", "rate",
    "rbl", "rcpthosts", "rdns", "relay", "reputation", "resolv", "resourc", "reverse",
    "route to", "score", "sender", "server error", "server shutting", "service", "slow down",
    "sorbs", "space", "spam", "spf", "spoof", "ssl", "starttls", "storage", "suspicio",
    "syntax", "system error", "temporar", "threat", "throttl", "time out", "timed out",
    "timeout", "tls", "too many", "too much", "trust", "try again", "unknown domain",
    "unknown host", "unsolicited", "violat", "virus", "welcome", "your"};

/* And words that may as well be about what this one user takes. */
static const char *const about_anything[] = {"access", "administrat", "at the moment",
    "authori", "configur", "content", "denied", "forbid", "message", "not allowed",
    "not permitted", "permission", "permit", "polic", "prohibit", "restrict", "secur", "size",
    "verif"};

/*
 * And words with which it says that it does mean the user. No list of reasons to refuse us
 * ends, in all languages; so where the codes say only "550", a text that names no user proves
 * nothing by itself.
 */
static const char *const about_the_user[] = {"account", "address", "alias", "benutzer", "boite",
    "casella", "cuenta", "destinat", "empf", "exist", "gebruiker", "inbox", "invalid", "konto",
    "local part", "local-part", "mail box", "mailbox", "member", "no such", "nobody",
    "not found", "not here", "person", "postfach", "recipient", "routable", "routeable",
    "subscriber", "unknown", "user", "usuario", "utente", "utilisateur"};

enum finding
classify_before_rcpt(const struct reply *reply)
{
	/* 5yz: this server, or what it thinks of us. All else, a 3yz too, is no answer. */
	return reply->code >= 500 ? FINDING_POLICY : FINDING_TEMPORARY;
}

/* Where the needle begins in the text, case aside; len where it doesn't. */
static size_t
find_text(const char *text, size_t len, const char *needle, size_t needle_len)
{
	if (needle_len > 0 && needle_len <= len)
		for (size_t i = 0; i <= len - needle_len; i++)
			if (strncasecmp(text + i, needle, needle_len) == 0)
				return i;
	return len;
}

static bool
has_any(const char *text, size_t len, const char *const *needles, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (find_text(text, len, needles[i], strlen(needles[i])) < len)
			return true;
	return false;
}

#define HAS_ANY(text, len, words) has_any(text, len, words, sizeof(words) / sizeof((words)[0]))

/* An IPv4 address in the text: it speaks of a client, ours or what a NAT makes of it. */
static bool
has_ipv4(const char *text, size_t len)
{
	int dots = 0, digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			if (++digits <= 3 && dots == 3)
				return true;
		} else if (text[i] == '.' && digits >= 1 && digits <= 3) {
			dots++;
			digits = 0;
		} else {
			dots = 0;
			digits = 0;
		}
	}
	return false;
}

/* The same for IPv6: hexadecimal digits with at least two colons between and around them. */
static bool
has_ipv6(const char *text, size_t len)
{
	int colons = 0, digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ':')
			colons++;
		else if (isxdigit((unsigned char)text[i]))
			digits++;
		else
			colons = digits = 0;
		if (colons >= 2 && digits >= 2)
			return true;
	}
	return false;
}

/*
 * A status code somewhere in the text, where the reply parser does not take it for the server's
 * own: "[5.7.1] ...". Whatever it is, the codes alone did not say all.
 */
static bool
has_status_code(const char *text, size_t len)
{
	for (size_t i = 0; i + 5 <= len; i++) {
		bool begins = i == 0 || !isalnum((unsigned char)text[i - 1]);

		if (begins && (text[i] == '4' || text[i] == '5') && text[i + 1] == '.' &&
		    isdigit((unsigned char)text[i + 2]) && text[i + 3] == '.' &&
		    isdigit((unsigned char)text[i + 4]) && memcmp(text + i, "5.0.0", 5) != 0)
			return true;
	}
	return false;
}

static void
remove_echo(char *text, size_t len, const char *echo)
{
	size_t echo_len = strlen(echo), at;

	while ((at = find_text(text, len, echo, echo_len)) < len)
		memset(text + at, '<', echo_len);
}

static bool
has_letters(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (isalpha((unsigned char)text[i]) || (unsigned char)text[i] >= 0x80)
			return true;
	return false;
}

/* Of whom a text speaks. */
enum subject { ABOUT_THE_USER, ABOUT_SOMETHING_ELSE, ABOUT_NOBODY };

/*
 * The text without the echo of the address, which is the attacker's: RCPT TO:<spamhaus@...>
 * must not talk its way past the check. Returns its length.
 */
static size_t
take_text(char text[REPLY_TEXT_SIZE], const struct reply *reply,
    const struct classify_question *question)
{
	const char *domain = strrchr(question->path, '@');
	size_t len = reply->text_len;

	/* An end of line or a NUL in the middle of a phrase is no disguise. */
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)reply->text[i];

		text[i] = c <= ' ' ? ' ' : (char)c;
	}
	text[len] = '\0';
	/* The address, then the domain alone; what fills the gap keeps apart what stood around. */
	remove_echo(text, len, question->path);
	if (domain != NULL)
		remove_echo(text, len, domain + 1);
	remove_echo(text, len, reply->enhanced); /* any other code is one too many */
	return len;
}

static bool
has_own_ip(const char *text, size_t len, const struct classify_question *question)
{
	return question->own_ip[0] != '\0' && has_any(text, len, &question->own_ip, 1);
}

static enum subject
find_subject(const struct reply *reply, const struct classify_question *question)
{
	char text[REPLY_TEXT_SIZE];
	size_t len = take_text(text, reply, question);

	if (reply->text_cut) /* it may say so in what we did not keep */
		return ABOUT_SOMETHING_ELSE;
	if (has_ipv4(text, len) || has_ipv6(text, len) || has_own_ip(text, len, question) ||
	    has_status_code(text, len) || HAS_ANY(text, len, about_us) ||
	    HAS_ANY(text, len, about_anything))
		return ABOUT_SOMETHING_ELSE;
	if (!has_letters(text, len) || HAS_ANY(text, len, about_the_user))
		return ABOUT_THE_USER;
	return ABOUT_NOBODY;
}

/*
 * The codes leave it open. A control recipient may tell, but not where the text says that it is
 * us: postmaster, say, is often exempt from what keeps us from all others.
 */
static enum finding
classify_open(const struct reply *reply, const struct classify_question *question)
{
	char text[REPLY_TEXT_SIZE];
	size_t len = take_text(text, reply, question);

	if (has_ipv4(text, len) || has_own_ip(text, len, question) ||
	    HAS_ANY(text, len, about_us))
		return FINDING_POLICY;
	return FINDING_AMBIGUOUS;
}

static bool
is_code(int code, int a, int b, int c)
{
	return code == a || code == b || code == c;
}

/* A code that may well be about the user, and a text that may contradict it. */
static enum finding
classify_vague(const struct reply *reply, const struct classify_question *question)
{
	return find_subject(reply, question) == ABOUT_SOMETHING_ELSE ? FINDING_AMBIGUOUS
								     : FINDING_UNKNOWN;
}

/* 5.1.n: addressing. */
static enum finding
classify_addressing(
    const struct reply *reply, int detail, const struct classify_question *question)
{
	switch (detail) {
	case 1:  /* bad destination mailbox address */
	case 3:  /* bad destination mailbox address syntax */
	case 6:  /* mailbox has moved */
	case 10: /* null MX (RFC 7505); Exchange: recipient not found */
		return FINDING_UNKNOWN;
	case 0: /* other address status */
		return is_code(reply->code, 550, 551, 553) ? classify_vague(reply, question)
							   : classify_open(reply, question);
	default: /* the domain, our sender, or Microsoft's 5.1.90: our rate */
		return FINDING_POLICY;
	}
}

/* 5.y.z by subject, for the codes that can be about a user. */
static enum finding
classify_enhanced(const struct reply *reply, int subject, int detail,
    const struct classify_question *question)
{
	int code = reply->code;

	switch (subject) {
	case 1:
		return classify_addressing(reply, detail, question);
	case 2: /* mailbox status: disabled, or full and the like */
		return detail <= 1 ? FINDING_REFUSED : FINDING_TEMPORARY;
	case 3: /* mail system; Sendmail's tables say 5.3.0 for users and for clients */
		return detail == 0 ? classify_open(reply, question) : FINDING_POLICY;
	case 4: /* routing; Exchange Online says 5.4.1 for unknown users and for denied relaying */
		return detail == 1 ? classify_open(reply, question) : FINDING_POLICY;
	case 5: /* protocol; Outlook.com and qmail say 5.5.0 for unknown users */
		if (detail == 0 && is_code(code, 550, 551, 553))
			return classify_vague(reply, question);
		return detail == 3 ? FINDING_TEMPORARY : FINDING_POLICY;
	case 6: /* content; 5.6.7: the address needs SMTPUTF8 (RFC 6531 3.5) */
		if (detail == 7 && question->needs_utf8 && (code == 550 || code == 553))
			return FINDING_REFUSED;
		return FINDING_POLICY;
	case 7: /* security: who we are; some say 5.7.1 of unknown users */
		return detail == 1 ? classify_open(reply, question) : FINDING_POLICY;
	default:
		return FINDING_POLICY;
	}
}

/* Only a code. */
static enum finding
classify_bare(const struct reply *reply, const struct classify_question *question)
{
	if (!is_code(reply->code, 550, 551, 553))
		return reply->code == 554 ? classify_open(reply, question) : FINDING_POLICY;
	switch (find_subject(reply, question)) {
	case ABOUT_THE_USER:
		return FINDING_UNKNOWN;
	case ABOUT_NOBODY:
		return FINDING_AMBIGUOUS;
	case ABOUT_SOMETHING_ELSE:
		break;
	}
	return FINDING_POLICY;
}

static int
scan_part(const char **p)
{
	int number = 0;

	while (**p >= '0' && **p <= '9')
		number = number * 10 + *(*p)++ - '0';
	if (**p == '.')
		(*p)++;
	return number;
}

static enum finding
classify_refusal(const struct reply *reply, const struct classify_question *question)
{
	const char *p = reply->enhanced;
	int class, subject, detail;

	switch (reply->code) {
	case 552: /* over quota: RFC 5321 4.5.3.1.10 says to treat it as 452 */
		return FINDING_TEMPORARY;
	case 500: /* syntax, sequence, parameters: it did not understand us */
	case 502:
	case 503:
	case 504:
	case 555:
	case 521: /* the host takes no mail (RFC 7504) */
	case 556: /* the domain takes no mail (RFC 7504) */
	case 523: /* encryption, authentication (RFC 4954, RFC 5248) */
	case 530:
	case 534:
	case 535:
	case 538:
		return FINDING_POLICY;
	default:
		break;
	}
	if (*p == '\0')
		return classify_bare(reply, question);
	if (reply->enhanced_differs)
		return FINDING_POLICY;
	class = scan_part(&p);
	subject = scan_part(&p);
	detail = scan_part(&p);
	if (class != 5) /* 550 4.2.1 contradicts itself */
		return FINDING_TEMPORARY;
	if (subject == 0)
		return detail == 0 ? classify_bare(reply, question) : FINDING_POLICY;
	return classify_enhanced(reply, subject, detail, question);
}

enum finding
classify_rcpt(const struct reply *reply, const struct classify_question *question)
{
	if (reply->code >= 500)
		return classify_refusal(reply, question);
	/* 252 is "cannot verify, but will take it" (RFC 5321 3.5.3): no verification. */
	if (reply->code >= 200 && reply->code < 300 && reply->code != 252)
		return FINDING_EXISTS;
	return FINDING_TEMPORARY;
}

bool
classify_may_be_policy(const struct reply *reply, const struct classify_question *question)
{
	return find_subject(reply, question) == ABOUT_SOMETHING_ELSE;
}
