#include "authmail.h"

#include <string.h>
#include <strings.h>

#include "authdigest.h"

static struct authmail_decision
decided(enum authmail_step step, const char *why)
{
	return (struct authmail_decision){.step = step, .why = why};
}

struct authmail_decision
authmail_begin(const struct authmail_policy *policy, const struct authquestion *question)
{
	/* It is nginx that has the wrong one, if not a stranger: no user is to blame. */
	if (policy->key != NULL &&
	    (question->key == NULL ||
		!authdigest_same(policy->key, question->key->value, question->key->len)))
		return decided(AUTHMAIL_TEMPORARY, "key");
	if (question->method == AUTHQUESTION_NONE)
		return question->has_recipient ? decided(AUTHMAIL_RECIPIENT, "")
					       : decided(AUTHMAIL_TEMPORARY, "recipient");
	return decided(AUTHMAIL_LOGIN, "");
}

/* One attribute of a subject, "CN=joe", and whether it names the user. */
static bool
attribute_names(const char *bytes, size_t len, const char *user)
{
	static const char *const types[] = {"CN=", "emailAddress="};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t type_len = strlen(types[i]);

		if (len == type_len + strlen(user) &&
		    strncasecmp(bytes, types[i], type_len) == 0 &&
		    memcmp(bytes + type_len, user, strlen(user)) == 0)
			return true;
	}
	return false;
}

bool
authmail_subject_names(const char *subject, size_t len, const char *user)
{
	size_t start = 0;

	if (user[0] == '\0' || strpbrk(user, "\\\",+=<>#;") != NULL)
		return false;
	/* A quoted or escaped separator would begin an attribute that is none. */
	if (memchr(subject, '\\', len) != NULL || memchr(subject, '"', len) != NULL)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && subject[i] != ',' && subject[i] != '+')
			continue;
		if (attribute_names(subject + start, i - start, user))
			return true;
		start = i + 1;
	}
	return false;
}

/* nginx has verified a certificate; it is for the user to be named. */
static struct authmail_decision
by_certificate(const struct authquestion *question)
{
	if (!question->verified || question->subject == NULL ||
	    !authmail_subject_names(
		question->subject->value, question->subject->len, question->user))
		return decided(AUTHMAIL_DENY, "certificate");
	return decided(AUTHMAIL_ACCEPT, "certificate");
}

static struct authmail_decision
by_digest(const struct authquestion *question, const char *secret)
{
	char want[AUTHDIGEST_HEX_SIZE], got[AUTHDIGEST_HEX_SIZE];
	size_t len = strlen(question->pass);

	if (question->salt[0] == '\0' || len >= sizeof(got))
		return decided(AUTHMAIL_DENY, "digest");
	for (size_t i = 0; i <= len; i++)
		got[i] = question->pass[i] >= 'A' && question->pass[i] <= 'F'
		    ? (char)(question->pass[i] - 'A' + 'a')
		    : question->pass[i];
	if (question->method == AUTHQUESTION_APOP)
		authdigest_apop(want, secret, question->salt);
	else
		authdigest_cram_md5(want, secret, question->salt);
	return authdigest_same(want, got, len) ? decided(AUTHMAIL_ACCEPT, "digest")
					       : decided(AUTHMAIL_DENY, "digest");
}

/* Why a secret is not known to be that of a user who is proven to be himself; NULL: it is. */
static const char *
why_withheld(const struct route *route)
{
	if (route->qualified && !route->of_domain)
		return "no-domain";
	return route->spelled ? NULL : "spelling";
}

static bool
has_secret(const struct route *route)
{
	return route->secret[0] != '\0';
}

/* That of many would be everybody's password. */
static bool
has_own_secret(const struct route *route)
{
	return has_secret(route) && route->match < ROUTE_RANGE;
}

bool
authmail_folds(const struct authmail_policy *policy, const struct authquestion *question,
    const struct route *route)
{
	return policy->checkpw && question->method == AUTHQUESTION_PLAIN && has_secret(route) &&
	    !route->spelled;
}

static struct authmail_decision
by_password(const struct authmail_policy *policy, const struct authquestion *question,
    const struct route *route)
{
	struct authmail_decision decision;

	/* Some servers behind take an empty one for "anonymous", and so for a yes. */
	if (question->pass[0] == '\0')
		return decided(AUTHMAIL_DENY, "empty");
	if (policy->checkpw) {
		decision = decided(AUTHMAIL_CHECKPW, "checkpassword");
		decision.gives_secret = has_secret(route);
		/* Said after the program's yes alone: it would tell strangers who has a secret. */
		decision.withheld = has_secret(route) ? why_withheld(route) : NULL;
		return decision;
	}
	/* nginx logs in to the servers of IMAP and POP3, but to those of SMTP only if told to. */
	if (!has_own_secret(route))
		return question->protocol == AUTHQUESTION_SMTP
		    ? decided(AUTHMAIL_TEMPORARY, "unverified")
		    : decided(AUTHMAIL_ACCEPT, "backend");
	return authdigest_same(route->secret, question->pass, strlen(question->pass))
	    ? decided(AUTHMAIL_ACCEPT, "secret")
	    : decided(AUTHMAIL_DENY, "secret");
}

struct authmail_decision
authmail_login(const struct authmail_policy *policy, const struct authquestion *question,
    const struct route *route)
{
	bool external = question->method == AUTHQUESTION_EXTERNAL;
	struct authmail_decision decision;

	if (question->method == AUTHQUESTION_PLAIN)
		return by_password(policy, question, route);
	/* It is nginx who says that a certificate is good, or that no salt came twice. */
	if (!policy->trusted)
		return decided(AUTHMAIL_TEMPORARY, "untrusted");
	/* The server behind can't be logged in to without one. */
	if (!(external ? has_secret(route) : has_own_secret(route)))
		return decided(AUTHMAIL_TEMPORARY, "no-secret");
	/*
	 * A digest shows that its client knows the secret; a certificate is nginx's word alone, and the
	 * group of a socket often has other programs of the web server in it.
	 */
	if (external && policy->key == NULL && !policy->alone)
		return decided(AUTHMAIL_TEMPORARY, "external-needs-key");
	decision = external ? by_certificate(question) : by_digest(question, route->secret);
	if (external && decision.step == AUTHMAIL_ACCEPT && why_withheld(route) != NULL)
		return decided(AUTHMAIL_TEMPORARY, why_withheld(route));
	decision.gives_secret = decision.step == AUTHMAIL_ACCEPT;
	return decision;
}
