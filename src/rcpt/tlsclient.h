/*
 * TLS on a connection that we made (SMTP's STARTTLS), over a non-blocking socket.
 *
 * With the name of a host the certificate must be valid and be for it. Without one the
 * connection is encrypted and nothing is verified, which is better than clear text (RFC 7435):
 * old versions and weak keys are welcome then.
 *
 * No call waits, and after tlsclient_open none needs a file.
 */
#ifndef RCPT_TLSCLIENT_H
#define RCPT_TLSCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tlsclient_context; /* what all connections share */
struct tlsclient;         /* one connection */

enum tlsclient_result {
	TLSCLIENT_DONE,
	TLSCLIENT_WANT_READ,  /* again on POLLIN */
	TLSCLIENT_WANT_WRITE, /* again on POLLOUT */
	TLSCLIENT_FAILED,     /* tlsclient_reason says why; free it and close the socket */
};

/*
 * Sets OpenSSL up and loads the authorities: the file that SSL_CERT_FILE in the environment
 * names, else that of the system. They cost about 1 MB, and are those of this moment: a newer
 * file needs a new start. Without any, all goes on, but no certificate is valid. SIGPIPE is
 * ignored from here on, since OpenSSL can't write without it.
 *
 * Returns NULL with a constant reason if OpenSSL can't be used.
 */
struct tlsclient_context *tlsclient_open(const char **reason);

/* After the last connection was freed. NULL is fine. */
void tlsclient_close_context(struct tlsclient_context *context);

/*
 * For a connected non-blocking socket, which stays the caller's. name: the host (or IP address)
 * to verify, "" for none. Returns NULL with errno: ENOMEM, or EINVAL for a name that no host
 * can have.
 */
struct tlsclient *tlsclient_start(struct tlsclient_context *context, int fd, const char *name);

/* Goes on with the handshake. Nothing can be read or written before it is DONE. */
enum tlsclient_result tlsclient_handshake(struct tlsclient *client);

/* Why the handshake failed: printable, without a line end; good until tlsclient_free. */
const char *tlsclient_reason(const struct tlsclient *client);

/*
 * As recv and send. -1 with EAGAIN: try again when the socket is ready for tlsclient_events,
 * which need not be what one expects. What was to be written must then be the beginning of
 * what is tried next, since it may be encrypted already. Less than len may be written.
 *
 * read returns 0 when the server has closed, with TLS's words or without them. errno is EPROTO
 * for what TLS does not allow.
 */
ssize_t tlsclient_read(struct tlsclient *client, void *bytes, size_t len);
ssize_t tlsclient_write(struct tlsclient *client, const void *bytes, size_t len);

/* What the last call that did not go through waits for: POLLIN or POLLOUT. */
short tlsclient_events(const struct tlsclient *client);

/* Are there bytes to read of which poll(2) does not know? After each read that may be so. */
bool tlsclient_pending(const struct tlsclient *client);

/* Tells the server of the end, if that goes without waiting. NULL is fine. */
void tlsclient_free(struct tlsclient *client);

#endif
