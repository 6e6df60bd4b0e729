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

/* nginx has verified a certificate, if the one who asks is nginx; it is for the user to be named. */
static struct authmail_decision
by_certificate(const struct authmail_policy *policy, const struct authquestion *question)
{
	if (!policy->trusted)
		return decided(AUTHMAIL_TEMPORARY, "untrusted");
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

struct authmail_decision
authmail_login(const struct authmail_policy *policy, const struct authquestion *question,
    const char *secret)
{
	struct authmail_decision decision;

	if (question->method == AUTHQUESTION_PLAIN) {
		/* Some servers behind take an empty one for "anonymous", and so for a yes. */
		if (question->pass[0] == '\0')
			return decided(AUTHMAIL_DENY, "empty");
		if (policy->checkpw) {
			decision = decided(AUTHMAIL_CHECKPW, "checkpassword");
			decision.gives_secret = secret[0] != '\0';
			return decision;
		}
		/* nginx logs in to the servers of IMAP and POP3, but to those of SMTP only if told to. */
		if (secret[0] == '\0')
			return question->protocol == AUTHQUESTION_SMTP
			    ? decided(AUTHMAIL_TEMPORARY, "unverified")
			    : decided(AUTHMAIL_ACCEPT, "backend");
		return authdigest_same(secret, question->pass, strlen(question->pass))
		    ? decided(AUTHMAIL_ACCEPT, "secret")
		    : decided(AUTHMAIL_DENY, "secret");
	}
	/* The server behind can't be logged in to without one. */
	if (secret[0] == '\0')
		return decided(AUTHMAIL_TEMPORARY, "no-secret");
	decision = question->method == AUTHQUESTION_EXTERNAL ? by_certificate(policy, question)
							     : by_digest(question, secret);
	decision.gives_secret = decision.step == AUTHMAIL_ACCEPT;
	return decision;
}
