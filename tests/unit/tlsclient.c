/*
 * TLS to servers of all kinds, each a child with the other end of a socket pair: whose
 * certificates are taken and whose are not, and that none of them can stop or kill us.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "rcpt/tlsclient.h"
#include "tap.h"

#define DAY        86400L
#define NO_SANDBOX 2      /* exit code */
#define BULK       400000 /* bytes; more than any socket buffer here holds */
#define TRIFLE     "250 ok\r\n"

static char folder[] = "/tmp/tlsclient.XXXXXX";
static char authority_file[64], stranger_file[64], good_file[64], empty_file[64];

struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

static struct identity authority, stranger, good, address, old, self_signed;

/* A server after the handshake, unless it is one without. */
enum manner {
	ECHO,    /* says the SNI in a line, then returns what it gets */
	OLD_TLS, /* the same with TLS 1.0 */
	SAY_END, /* one line, and TLS's end */
	CUT_OFF, /* one line, and the end of the connection */
	SWALLOW, /* reads BULK bytes, after a rest, and says so */
	POUR,    /* writes BULK bytes */
	BREAK,   /* a line, and then what is not TLS */
	SILENT,  /* no handshake: nothing at all */
	GARBAGE, /* no handshake: SMTP */
	HALF,    /* no handshake: the beginning of an answer, and the end */
	HANG_UP, /* no handshake: reads the greeting, and the end */
	RESET,   /* no handshake: the end with the greeting unread */
};

static bool
sign(struct identity *it, const char *subject, const char *names, const struct identity *issuer,
    long begins, long ends)
{
	static long serial;
	X509 *certificate = X509_new();
	X509_EXTENSION *extension;
	X509_NAME *name = X509_get_subject_name(certificate);
	bool good_so_far;

	it->certificate = certificate;
	it->key = EVP_EC_gen("P-256");
	if (issuer == NULL)
		issuer = it;
	good_so_far = it->key != NULL && X509_set_version(certificate, 2) &&
	    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial) &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), begins) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(certificate), ends) != NULL &&
	    X509_set_pubkey(certificate, it->key) &&
	    X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0) &&
	    X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate));
	extension = names == NULL
	    ? X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE")
	    : X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	good_so_far = good_so_far && extension != NULL &&
	    X509_add_ext(certificate, extension, -1) &&
	    X509_sign(certificate, issuer->key, EVP_sha256());
	X509_EXTENSION_free(extension);
	return good_so_far;
}

static bool
save(char *path, size_t size, const char *name, const struct identity *it)
{
	FILE *file;
	bool saved;

	snprintf(path, size, "%s/%s", folder, name);
	if ((file = fopen(path, "w")) == NULL)
		return false;
	saved = it == NULL || PEM_write_X509(file, it->certificate);
	return fclose(file) == 0 && saved;
}

static bool
make_identities(void)
{
	return mkdtemp(folder) != NULL &&
	    sign(&authority, "Test authority", NULL, NULL, -DAY, DAY) &&
	    sign(&stranger, "Strange authority", NULL, NULL, -DAY, DAY) &&
	    sign(&good, "mail", "DNS:mail.example.com", &authority, -DAY, DAY) &&
	    sign(&address, "address", "IP:192.0.2.1,IP:2001:db8::1", &authority, -DAY, DAY) &&
	    sign(&old, "old", "DNS:mail.example.com", &authority, -2 * DAY, -DAY) &&
	    sign(&self_signed, "self", "DNS:mail.example.com", NULL, -DAY, DAY) &&
	    save(authority_file, sizeof(authority_file), "authority", &authority) &&
	    save(stranger_file, sizeof(stranger_file), "stranger", &stranger) &&
	    save(good_file, sizeof(good_file), "good", &good) &&
	    save(empty_file, sizeof(empty_file), "empty", NULL);
}

static void
free_identities(void)
{
	struct identity *all[] = {&authority, &stranger, &good, &address, &old, &self_signed};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		X509_free(all[i]->certificate);
		EVP_PKEY_free(all[i]->key);
	}
	unlink(authority_file);
	unlink(stranger_file);
	unlink(good_file);
	unlink(empty_file);
	rmdir(folder);
}

static void
rest(int ms)
{
	poll(NULL, 0, ms);
}

/* The handshake of a server, and what comes then. The process ends with it. */
static void
serve_tls(int fd, const struct identity *it, enum manner manner)
{
	static char bytes[BULK];
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	SSL *tls;
	int n, total = 0;

	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
	if (manner == OLD_TLS)
		SSL_CTX_set_max_proto_version(context, TLS1_VERSION);
	SSL_CTX_use_certificate(context, it->certificate);
	SSL_CTX_use_PrivateKey(context, it->key);
	tls = SSL_new(context);
	SSL_set_fd(tls, fd);
	if (SSL_accept(tls) == 1) {
		const char *sni = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);

		snprintf(bytes, sizeof(bytes), "<%s>\n", sni == NULL ? "" : sni);
		switch (manner) {
		case ECHO:
		case OLD_TLS:
			SSL_write(tls, bytes, (int)strlen(bytes));
			while ((n = SSL_read(tls, bytes, sizeof(bytes))) > 0)
				SSL_write(tls, bytes, n);
			if ((SSL_get_shutdown(tls) & SSL_RECEIVED_SHUTDOWN) == 0)
				_exit(1); /* no words of TLS at the end */
			break;
		case SAY_END:
			SSL_write(tls, TRIFLE, (int)strlen(TRIFLE));
			SSL_shutdown(tls);
			break;
		case SWALLOW:
			rest(200);
			while (total < BULK && (n = SSL_read(tls, bytes, sizeof(bytes))) > 0)
				for (int i = 0; i < n; i++, total++)
					if (bytes[i] != (char)(total % 251))
						_exit(1);
			SSL_write(tls, total == BULK ? "y" : "n", 1);
			break;
		case POUR:
			for (int i = 0; i < BULK; i++)
				bytes[i] = (char)(i % 251);
			SSL_write(tls, bytes, BULK);
			break;
		case BREAK:
			SSL_write(tls, TRIFLE, (int)strlen(TRIFLE));
			send(fd, "220 this is no TLS\r\n", 20, MSG_NOSIGNAL);
			recv(fd, bytes, sizeof(bytes), 0);
			break;
		default:
			SSL_write(tls, TRIFLE, (int)strlen(TRIFLE));
			break;
		}
	}
	SSL_free(tls);
	SSL_CTX_free(context);
}

static void
serve_plain(int fd, enum manner manner)
{
	static const char half[] = "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03";
	char bytes[4096];

	if (manner == RESET)
		return;
	recv(fd, bytes, sizeof(bytes), 0);
	if (manner == GARBAGE)
		send(fd, "454 no TLS today\r\n", 18, MSG_NOSIGNAL);
	else if (manner == HALF)
		send(fd, half, sizeof(half) - 1, MSG_NOSIGNAL);
	if (manner == SILENT || manner == GARBAGE)
		recv(fd, bytes, sizeof(bytes), 0);
}

/* Starts a server. Returns our end, which does not wait. */
static int
start_server(const struct identity *it, enum manner manner, pid_t *pid)
{
	int ends[2], small = 32768;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
		exit(1);
	fflush(stdout);
	*pid = fork();
	if (*pid == 0) {
		/* With our end of another connection, it would never see its end. */
		for (int fd = 3; fd < 100; fd++)
			if (fd != ends[1])
				close(fd);
		signal(SIGPIPE, SIG_IGN);
		alarm(30);
		if (manner >= SILENT)
			serve_plain(ends[1], manner);
		else
			serve_tls(ends[1], it, manner);
		close(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	return ends[0];
}

/* A connection to a server, or what is left of it. */
struct connection {
	pid_t server;
	int fd;
	struct tlsclient *client;
	enum tlsclient_result result; /* of the handshake */
	bool waited[2];               /* to read, to write */
};

static bool
wait_for(struct connection *connection, short events)
{
	struct pollfd pollfd = {.fd = connection->fd, .events = events};

	connection->waited[events == POLLOUT] = true;
	return poll(&pollfd, 1, 10000) == 1;
}

static void
shake_hands(struct connection *connection)
{
	while ((connection->result = tlsclient_handshake(connection->client)) ==
		TLSCLIENT_WANT_READ ||
	    connection->result == TLSCLIENT_WANT_WRITE)
		if (!wait_for(connection,
			connection->result == TLSCLIENT_WANT_READ ? POLLIN : POLLOUT))
			return;
}

static struct connection
connect_to(struct tlsclient_context *context, const struct identity *it, enum manner manner,
    const char *name)
{
	struct connection connection = {0};

	connection.fd = start_server(it, manner, &connection.server);
	connection.client = tlsclient_start(context, connection.fd, name);
	if (connection.client != NULL && manner != SILENT)
		shake_hands(&connection);
	return connection;
}

/* Ends it. Returns whether the server came to its end by itself, and soundly. */
static bool
hang_up(struct connection *connection)
{
	int status = -1;

	tlsclient_free(connection->client);
	close(connection->fd);
	waitpid(connection->server, &status, 0);
	return status == 0;
}

static ssize_t
read_some(struct connection *connection, char *bytes, size_t len)
{
	ssize_t n;

	while ((n = tlsclient_read(connection->client, bytes, len)) == -1 && errno == EAGAIN)
		if (!wait_for(connection, tlsclient_events(connection->client)))
			break;
	return n;
}

static bool
reads(struct connection *connection, const char *text)
{
	char bytes[512];
	size_t len = strlen(text), got = 0;
	ssize_t n;

	while (got < len && (n = read_some(connection, bytes + got, len - got)) > 0)
		got += (size_t)n;
	return got == len && memcmp(bytes, text, len) == 0;
}

static ssize_t
write_some(struct connection *connection, const char *bytes, size_t len)
{
	ssize_t n;

	while ((n = tlsclient_write(connection->client, bytes, len)) == -1 && errno == EAGAIN)
		if (!wait_for(connection, tlsclient_events(connection->client)))
			break;
	return n;
}

/* How a handshake ends: "" well, else the reason. */
static const char *
outcome(struct tlsclient_context *context, const struct identity *it, enum manner manner,
    const char *name)
{
	static char reason[512];
	struct connection connection = connect_to(context, it, manner, name);

	if (connection.client == NULL)
		snprintf(reason, sizeof(reason), "not started");
	else if (connection.result == TLSCLIENT_DONE)
		reason[0] = '\0';
	else
		snprintf(reason, sizeof(reason), "%s",
		    connection.result == TLSCLIENT_FAILED ? tlsclient_reason(connection.client)
							  : "never ends");
	hang_up(&connection);
	return reason;
}

static struct tlsclient_context *
open_with(const char *file)
{
	const char *reason = "";
	struct tlsclient_context *context;

	setenv("SSL_CERT_FILE", file, 1);
	context = tlsclient_open(&reason);
	if (!ok(context != NULL, "a context with %s",
		strncmp(file, folder, strlen(folder)) == 0 ? file + strlen(folder) + 1 : file))
		exit(1);
	return context;
}

static void
certificates(struct tlsclient_context *context)
{
	struct tlsclient_context *other;
	char text[600];

	is_str(outcome(context, &good, ECHO, "mail.example.com"), "", "a valid certificate");
	is_str(outcome(context, &good, ECHO, "mail.example.com."), "", "a dot at the end");
	is_str(outcome(context, &good, ECHO, "MAIL.Example.COM"), "", "letters of any case");
	is_str(outcome(context, &good, ECHO, "mx.example.com"),
	    "certificate is not for mx.example.com", "another name");
	is_str(outcome(context, &good, ECHO, "example.com"),
	    "certificate is not for example.com", "the name above");
	is_str(outcome(context, &good, ECHO, "192.0.2.1"), "certificate is not for 192.0.2.1",
	    "an address that it has not");
	is_str(outcome(context, &address, ECHO, "192.0.2.1"), "", "an address that it has");
	is_str(outcome(context, &address, ECHO, "2001:db8:0::1"), "", "IPv6");
	is_str(outcome(context, &address, ECHO, "2001:db8::2"),
	    "certificate is not for 2001:db8::2", "another of IPv6");
	is_str(outcome(context, &self_signed, ECHO, "mail.example.com"),
	    "certificate: self-signed certificate", "signed by itself");
	is_str(outcome(context, &old, ECHO, "mail.example.com"),
	    "certificate: certificate has expired", "expired");
	is_str(outcome(context, &self_signed, ECHO, ""), "", "anything, without verification");
	is_str(outcome(context, &old, ECHO, ""), "", "and expired");
	is_str(outcome(context, &good, ECHO, ".example.com"), "not started", "no host's name");
	is_str(outcome(context, &good, ECHO, "."), "not started", "the root of DNS is no host");
	memset(text, 'a', 500);
	text[500] = '\0';
	is_str(outcome(context, &good, ECHO, text), "not started", "too long a name");
	is_str(outcome(context, &good, ECHO, "\001\377"), "certificate is not for ??",
	    "the reason can be printed");

	other = open_with(stranger_file);
	is_str(outcome(other, &good, ECHO, "mail.example.com"),
	    "certificate: unable to get local issuer certificate", "a strange authority");
	tlsclient_close_context(other);
	other = open_with(good_file);
	is_str(outcome(other, &good, ECHO, "mail.example.com"), "",
	    "a server whose own certificate is in the file");
	tlsclient_close_context(other);
	other = open_with(empty_file);
	snprintf(text, sizeof(text), "certificate: no authorities in %s (SSL_CERT_FILE)",
	    empty_file);
	is_str(outcome(other, &good, ECHO, "mail.example.com"), text, "no authorities");
	is_str(outcome(other, &good, ECHO, ""), "", "none are needed to encrypt");
	tlsclient_close_context(other);
	other = open_with("/nowhere");
	is_str(outcome(other, &good, ECHO, "mail.example.com"),
	    "certificate: no authorities in /nowhere (SSL_CERT_FILE)", "nor a file");
	tlsclient_close_context(other);
	other = open_with("");
	ok(strncmp(outcome(other, &good, ECHO, "mail.example.com"), "certificate: ", 13) == 0,
	    "with the system's authorities ours is a stranger");
	tlsclient_close_context(other);
}

static void
bad_handshakes(struct tlsclient_context *context)
{
	struct connection connection;

	is_str(outcome(context, &good, GARBAGE, ""), "TLS: wrong version number", "garbage");
	is_str(outcome(context, &good, HALF, ""), "TLS: the server closed the connection",
	    "half an answer");
	is_str(outcome(context, &good, HANG_UP, "mail.example.com"),
	    "TLS: the server closed the connection", "no answer");
	ok(strncmp(outcome(context, &good, RESET, ""), "TLS: ", 5) == 0,
	    "a connection that is reset");
	is_str(outcome(context, &good, OLD_TLS, ""), "", "TLS 1.0 is better than clear text");
	ok(strncmp(outcome(context, &good, OLD_TLS, "mail.example.com"), "TLS: ", 5) == 0,
	    "but it proves nothing");

	connection = connect_to(context, &good, SILENT, "");
	is_int(tlsclient_handshake(connection.client), TLSCLIENT_WANT_READ, "silence");
	rest(20);
	is_int(tlsclient_handshake(connection.client), TLSCLIENT_WANT_READ, "and more of it");
	is_int(tlsclient_events(connection.client), POLLIN, "an answer is waited for");
	ok(!tlsclient_pending(connection.client), "there is nothing to read");
	ok(hang_up(&connection), "it can be left");
}

static void
talk(struct tlsclient_context *context)
{
	struct connection connection = connect_to(context, &good, ECHO, "mail.example.com.");
	char byte;

	ok(reads(&connection, "<mail.example.com>\n"), "SNI is the name");
	errno = 0;
	ok(tlsclient_read(connection.client, &byte, 1) == -1 && errno == EAGAIN &&
		tlsclient_events(connection.client) == POLLIN,
	    "nothing to read yet");
	is_int(write_some(&connection, TRIFLE, strlen(TRIFLE)), (long long)strlen(TRIFLE),
	    "a line is written");
	ok(read_some(&connection, &byte, 1) == 1 && byte == TRIFLE[0], "and one byte read");
	ok(tlsclient_pending(connection.client), "others are pending");
	ok(poll(&(struct pollfd){.fd = connection.fd, .events = POLLIN}, 1, 50) == 0,
	    "of which poll knows nothing");
	ok(reads(&connection, &TRIFLE[1]) && !tlsclient_pending(connection.client), "the rest");
	is_int(tlsclient_write(connection.client, "", 0), 0, "nothing can be written");
	/* What another connection left in the queue. */
	ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
	errno = 0;
	ok(tlsclient_read(connection.client, &byte, 1) == -1 && errno == EAGAIN,
	    "errors of others do not count");
	ok(hang_up(&connection), "a good end");

	connection = connect_to(context, &address, ECHO, "192.0.2.1");
	ok(reads(&connection, "<>\n"), "no SNI for an address");
	hang_up(&connection);
	connection = connect_to(context, &address, ECHO, "");
	ok(reads(&connection, "<>\n"), "nor without a name");
	hang_up(&connection);
}

static void
endings(struct tlsclient_context *context)
{
	const enum manner manners[] = {SAY_END, CUT_OFF};
	struct connection connection;
	char byte;
	int tries = 0;
	ssize_t n;

	for (size_t i = 0; i < 2; i++) {
		connection = connect_to(context, &good, manners[i], "mail.example.com");
		ok(reads(&connection, TRIFLE), "a line before the end");
		is_int(read_some(&connection, &byte, 1), 0, i == 0 ? "TLS's end" : "cut off");
		is_int(read_some(&connection, &byte, 1), 0, "the end stays the end");
		waitpid(connection.server, NULL, 0);
		/* The signal would end the test. */
		while ((n = write_some(&connection, TRIFLE, 8)) > 0 && tries++ < 100)
			;
		ok(n == -1 && (errno == EPIPE || errno == ECONNRESET),
		    "nobody is there to be written to");
		hang_up(&connection);
	}
	connection = connect_to(context, &good, BREAK, "");
	ok(reads(&connection, TRIFLE), "a line before garbage");
	errno = 0;
	ok(read_some(&connection, &byte, 1) == -1 && errno == EPROTO, "garbage is no TLS");
	ok(read_some(&connection, &byte, 1) == -1 && errno != EAGAIN, "and stays none");
	ok(hang_up(&connection), "it is left");
}

static void
bulk(struct tlsclient_context *context)
{
	static char bytes[BULK], copy[BULK];
	struct connection connection = connect_to(context, &good, SWALLOW, "");
	size_t done = 0;
	ssize_t n;
	bool same = true, moved = false;
	int parts = 0;

	for (int i = 0; i < BULK; i++)
		bytes[i] = (char)(i % 251);
	memset(connection.waited, 0, sizeof(connection.waited));
	memcpy(copy, bytes, BULK);
	while (done < BULK) {
		n = tlsclient_write(
		    connection.client, (moved ? copy : bytes) + done, BULK - done);
		if (n > 0) {
			done += (size_t)n;
			parts++;
		} else if (n == 0 || errno != EAGAIN ||
		    !wait_for(&connection, tlsclient_events(connection.client)))
			break;
		moved = !moved; /* only the bytes must stay, not their place */
	}
	ok(parts > 1, "a write is not held up by its length");
	is_int((long long)done, BULK, "much is written, part by part");
	ok(connection.waited[1] && !connection.waited[0], "after waits for room");
	ok(reads(&connection, "y"), "and arrives");
	ok(hang_up(&connection), "all the same");

	connection = connect_to(context, &good, POUR, "");
	for (done = 0; (n = read_some(&connection, copy, 1000)) > 0; done += (size_t)n)
		same = same && memcmp(copy, bytes + done, (size_t)n) == 0;
	ok(n == 0 && done == BULK && same, "much is read");
	hang_up(&connection);
}

/* In a sandbox without any file a verified handshake goes as before. */
static void
without_files(void)
{
	struct connection connection;
	struct tlsclient_context *context;
	const char *reason;
	int status = -1, entered;
	bool done;
	pid_t pid, server;
	int fd = start_server(&good, ECHO, &server);

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setenv("SSL_CERT_FILE", authority_file, 1);
		context = tlsclient_open(&reason);
		entered = sandbox_enter(NULL, 0);
		connection = (struct connection){.fd = fd, .server = server};
		connection.client = tlsclient_start(context, fd, "mail.example.com");
		shake_hands(&connection);
		done = connection.result == TLSCLIENT_DONE &&
		    reads(&connection, "<mail.example.com>\n");
		tlsclient_free(connection.client);
		tlsclient_close_context(context);
		_exit(!done ? 1 : entered == 0 ? NO_SANDBOX : entered != 1);
	}
	close(fd);
	waitpid(pid, &status, 0);
	waitpid(server, NULL, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX)
		ok(true, "no file is needed # SKIP this system has no sandbox");
	else
		is_int(status, 0, "no file is needed after the start");
}

/* Many at once, in any order, do not disturb each other. */
static void
crowd(struct tlsclient_context *context)
{
	struct connection all[20];
	int right = 0;

	for (int i = 0; i < 20; i++) {
		enum manner manner = i % 3 == 0 ? GARBAGE : ECHO;

		all[i].fd = start_server(&good, manner, &all[i].server);
		all[i].client = tlsclient_start(context, all[i].fd, "mail.example.com");
		tlsclient_handshake(all[i].client);
	}
	for (int i = 19; i >= 0; i--)
		shake_hands(&all[i]);
	for (int i = 0; i < 20; i++)
		right += i % 3 == 0
		    ? all[i].result == TLSCLIENT_FAILED
		    : all[i].result == TLSCLIENT_DONE && reads(&all[i], "<mail.example.com>\n");
	is_int(right, 20, "twenty connections at once");
	for (int i = 0; i < 20; i++)
		right -= hang_up(&all[i]);
	is_int(right, 0, "and twenty ends");
}

int
main(void)
{
	struct tlsclient_context *context;

	alarm(120);
	if (!make_identities()) {
		ERR_print_errors_fp(stderr);
		free_identities();
		return 1;
	}
	context = open_with(authority_file);
	certificates(context);
	bad_handshakes(context);
	talk(context);
	endings(context);
	bulk(context);
	crowd(context);
	without_files();
	tlsclient_close_context(context);
	tlsclient_close_context(NULL);
	tlsclient_free(NULL);
	free_identities();
	return tap_done();
}
