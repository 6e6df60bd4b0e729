#include "tlsclient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOST_MAX 255 /* RFC 1035 2.3.4 */

struct tlsclient_context {
	SSL_CTX *tls;
	char no_authorities[160]; /* the reason, then; else "" */
};

struct tlsclient {
	const struct tlsclient_context *context;
	SSL *tls;
	bool sound; /* the handshake is done, and nothing went wrong since */
	short events;
	char name[HOST_MAX + 1];
	char reason[HOST_MAX + 64];
};

/* Of Debian and its like; Fedora and its like; OpenBSD, Alpine. */
static const char *const authorities[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
};

static void
load_authorities(struct tlsclient_context *context)
{
	const char *file = getenv("SSL_CERT_FILE");

	if (file != NULL && file[0] != '\0') {
		if (!SSL_CTX_load_verify_file(context->tls, file))
			snprintf(context->no_authorities, sizeof(context->no_authorities),
			    "certificate: no authorities in %.80s (SSL_CERT_FILE)", file);
		return;
	}
	for (size_t i = 0; i < sizeof(authorities) / sizeof(authorities[0]); i++)
		if (SSL_CTX_load_verify_file(context->tls, authorities[i]))
			return;
	snprintf(context->no_authorities, sizeof(context->no_authorities),
	    "certificate: this system has no authorities (install ca-certificates)");
}

static bool
set_up(SSL_CTX *tls)
{
	X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(tls);

	/*
	 * The padding is for mail appliances that hang on a hello of 256 to 511 bytes. SMTP has
	 * its own end, QUIT: an end of the connection without TLS's words is one like any other.
	 */
	SSL_CTX_set_options(tls,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
		SSL_OP_TLSEXT_PADDING | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(tls,
	    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
		SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	/* A server's own certificate among the authorities is as good as one that they gave. */
	X509_VERIFY_PARAM_set_flags(verify, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* openssl.cnf may ask for more. */
	return SSL_CTX_get_min_proto_version(tls) >= TLS1_2_VERSION ||
	    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
}

struct tlsclient_context *
tlsclient_open(const char **reason)
{
	struct tlsclient_context *context = calloc(1, sizeof(*context));

	if (context == NULL) {
		*reason = "out of memory";
		return NULL;
	}
	ERR_clear_error();
	context->tls = SSL_CTX_new(TLS_client_method());
	/* With random numbers OpenSSL has all it ever takes from the system. */
	if (context->tls == NULL || !set_up(context->tls) || !RAND_status()) {
		*reason = "OpenSSL can't be set up (is openssl.cnf sound?)";
		tlsclient_close_context(context);
		return NULL;
	}
	load_authorities(context);
	ERR_clear_error();
	tzset(); /* gmtime_r, with which dates are verified, would open /etc/localtime */
	signal(SIGPIPE, SIG_IGN);
	return context;
}

void
tlsclient_close_context(struct tlsclient_context *context)
{
	if (context == NULL)
		return;
	SSL_CTX_free(context->tls);
	free(context);
}

static void
accept_anything(SSL *tls)
{
	SSL_set_verify(tls, SSL_VERIFY_NONE, NULL);
	SSL_set_security_level(tls, 0);
	SSL_set_min_proto_version(tls, TLS1_VERSION);
	SSL_set_options(tls, SSL_OP_LEGACY_SERVER_CONNECT);
}

static bool
demand(SSL *tls, char *name)
{
	unsigned char address[16];

	SSL_set_verify(tls, SSL_VERIFY_PEER, NULL);
	if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name);
	return SSL_set1_host(tls, name) && SSL_set_tlsext_host_name(tls, name);
}

/*
 * Before each call: what is left in OpenSSL's queue of errors would count for the next result,
 * whichever connection it is of.
 */
static void
begin(void)
{
	ERR_clear_error();
	errno = 0;
}

struct tlsclient *
tlsclient_start(struct tlsclient_context *context, int fd, const char *name)
{
	size_t len = strlen(name);
	struct tlsclient *client;

	/* To OpenSSL ".example.com" is any host below it. */
	if (len > HOST_MAX || name[0] == '.') {
		errno = EINVAL;
		return NULL;
	}
	if ((client = calloc(1, sizeof(*client))) == NULL)
		return NULL;
	client->context = context;
	memcpy(client->name, name, len);
	if (len > 0 && name[len - 1] == '.')
		client->name[len - 1] = '\0'; /* as DNS writes it; certificates do not */
	begin();
	client->tls = SSL_new(context->tls);
	if (client->tls == NULL || !SSL_set_fd(client->tls, fd))
		goto fail;
	SSL_set_connect_state(client->tls);
	if (len == 0)
		accept_anything(client->tls);
	else if (!demand(client->tls, client->name))
		goto fail;
	return client;
fail:
	tlsclient_free(client);
	errno = ENOMEM;
	return NULL;
}

/* Of a call that did not go through: -1 with errno, or 0 for the end of the connection. */
static ssize_t
result_of(struct tlsclient *client, int n)
{
	int error = errno;

	switch (SSL_get_error(client->tls, n)) {
	case SSL_ERROR_WANT_READ:
		client->events = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		client->events = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		errno = error == 0 ? EPROTO : error;
		break;
	default:
		errno = EPROTO;
		break;
	}
	client->sound = false;
	return -1;
}

static void
explain(struct tlsclient *client, const char *lost)
{
	long verdict = client->name[0] == '\0' ? X509_V_OK : SSL_get_verify_result(client->tls);
	/* The first of OpenSSL's errors is the cause of the others. */
	const char *cause = ERR_reason_error_string(ERR_peek_error());
	char *reason = client->reason;
	size_t size = sizeof(client->reason);

	if (verdict != X509_V_OK && client->context->no_authorities[0] != '\0')
		snprintf(reason, size, "%s", client->context->no_authorities);
	else if (verdict == X509_V_ERR_HOSTNAME_MISMATCH ||
	    verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
		snprintf(reason, size, "certificate is not for %s", client->name);
	else if (verdict != X509_V_OK)
		snprintf(
		    reason, size, "certificate: %s", X509_verify_cert_error_string(verdict));
	else
		snprintf(reason, size, "TLS: %s", cause != NULL ? cause : lost);
	for (; *reason != '\0'; reason++)
		if (*reason < ' ' || *reason > '~')
			*reason = '?';
}

enum tlsclient_result
tlsclient_handshake(struct tlsclient *client)
{
	ssize_t result;
	int n;

	begin();
	n = SSL_do_handshake(client->tls);
	client->sound = n == 1;
	if (n == 1)
		return TLSCLIENT_DONE;
	result = result_of(client, n);
	if (result == -1 && errno == EAGAIN)
		return client->events == POLLIN ? TLSCLIENT_WANT_READ : TLSCLIENT_WANT_WRITE;
	explain(client, result == 0 ? "the server closed the connection" : strerror(errno));
	return TLSCLIENT_FAILED;
}

const char *
tlsclient_reason(const struct tlsclient *client)
{
	return client->reason;
}

ssize_t
tlsclient_read(struct tlsclient *client, void *bytes, size_t len)
{
	size_t got;
	int n;

	begin();
	n = SSL_read_ex(client->tls, bytes, len, &got);
	return n == 1 ? (ssize_t)got : result_of(client, n);
}

ssize_t
tlsclient_write(struct tlsclient *client, const void *bytes, size_t len)
{
	size_t put;
	ssize_t result;
	int n;

	if (len == 0)
		return 0;
	begin();
	n = SSL_write_ex(client->tls, bytes, len, &put);
	if (n == 1)
		return (ssize_t)put;
	result = result_of(client, n);
	if (result == 0)
		errno = EPIPE;
	return -1;
}

short
tlsclient_events(const struct tlsclient *client)
{
	return client->events;
}

bool
tlsclient_pending(const struct tlsclient *client)
{
	return SSL_pending(client->tls) > 0;
}

void
tlsclient_free(struct tlsclient *client)
{
	if (client == NULL)
		return;
	begin();
	/* After an error OpenSSL wants no more calls; before the end of the handshake neither. */
	if (client->sound)
		SSL_shutdown(client->tls);
	SSL_free(client->tls);
	ERR_clear_error();
	free(client);
}
