#include "proxyheader.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#define V1_MAX       107 /* with its CRLF */
#define V1_START     "PROXY "
#define V1_START_LEN 6

#define V2_SIGNATURE_LEN 12
#define V2_FIXED         16 /* bytes up to the addresses */
#define V2_LOCAL         0x20
#define V2_PROXY         0x21
#define V2_TCP4          0x11
#define V2_TCP6          0x21
#define V2_TCP4_LEN      12
#define V2_TCP6_LEN      36

static const unsigned char v2_signature[V2_SIGNATURE_LEN] = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

static enum proxyheader_kind
bad(struct proxyheader *header, const char *reason)
{
	header->reason = reason;
	return PROXYHEADER_BAD;
}

static enum proxyheader_kind
more(struct proxyheader *header, size_t len)
{
	header->len = len;
	return PROXYHEADER_MORE;
}

/* Writes the address, without the mask of an IPv4-mapped one. Returns whether it is IPv4. */
static bool
write_address(char text[PROXYHEADER_ADDRESS_SIZE], const unsigned char *bytes, bool is_ipv6)
{
	static const unsigned char mapped[12] = {[10] = 0xff, 0xff};

	if (is_ipv6 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		bytes += sizeof(mapped);
		is_ipv6 = false;
	}
	(void)inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, bytes, text, PROXYHEADER_ADDRESS_SIZE);
	return !is_ipv6;
}

static enum proxyheader_kind
take_addresses(struct proxyheader *header, const unsigned char *source,
    const unsigned char *destination, bool is_ipv6)
{
	(void)write_address(header->destination, destination, is_ipv6);
	return write_address(header->source, source, is_ipv6) ? PROXYHEADER_TCP4
							      : PROXYHEADER_TCP6;
}

/* Cuts the word that ends at the separator off *p; NULL when there is none, or it is too long. */
static const char *
cut_word(const char **p, const char *end, char separator, char word[PROXYHEADER_ADDRESS_SIZE])
{
	const char *stop = memchr(*p, separator, (size_t)(end - *p));
	size_t len;

	if (stop == NULL)
		return NULL;
	len = (size_t)(stop - *p);
	if (len == 0 || len >= PROXYHEADER_ADDRESS_SIZE || memchr(*p, '\0', len) != NULL)
		return NULL;
	memcpy(word, *p, len);
	word[len] = '\0';
	*p = stop + 1;
	return word;
}

/* Digits, without leading zeros. */
static bool
parse_port(const char *word, uint16_t *port)
{
	unsigned value = 0;

	if (word == NULL || (word[0] == '0' && word[1] != '\0'))
		return false;
	for (; *word != '\0'; word++) {
		if (*word < '0' || *word > '9')
			return false;
		value = value * 10 + (unsigned)(*word - '0');
		if (value > UINT16_MAX)
			return false;
	}
	*port = (uint16_t)value;
	return true;
}

/* The line behind "PROXY ", with its CR as the last byte. */
static enum proxyheader_kind
parse_v1_line(struct proxyheader *header, const char *p, const char *end)
{
	char word[PROXYHEADER_ADDRESS_SIZE];
	unsigned char source[16], destination[16];
	const char *address;
	bool is_ipv6;
	int family;

	if ((size_t)(end - p) >= 8 && memcmp(p, "UNKNOWN", 7) == 0 &&
	    (p[7] == ' ' || p[7] == '\r'))
		return PROXYHEADER_UNKNOWN; /* what follows is to be ignored */
	if ((size_t)(end - p) < 5 || memcmp(p, "TCP", 3) != 0 || (p[3] != '4' && p[3] != '6') ||
	    p[4] != ' ')
		return bad(header, "version 1: neither TCP4, TCP6 nor UNKNOWN");
	is_ipv6 = p[3] == '6';
	family = is_ipv6 ? AF_INET6 : AF_INET;
	p += 5;
	address = cut_word(&p, end, ' ', word);
	if (address == NULL || inet_pton(family, address, source) != 1)
		return bad(header, "version 1: no source address");
	address = cut_word(&p, end, ' ', word);
	if (address == NULL || inet_pton(family, address, destination) != 1)
		return bad(header, "version 1: no destination address");
	if (!parse_port(cut_word(&p, end, ' ', word), &header->source_port))
		return bad(header, "version 1: no source port");
	if (!parse_port(cut_word(&p, end, '\r', word), &header->destination_port) || p != end)
		return bad(header, "version 1: no destination port");
	return take_addresses(header, source, destination, is_ipv6);
}

static enum proxyheader_kind
parse_v1(struct proxyheader *header, const unsigned char *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	const char *end = memchr(text, '\n', len < V1_MAX ? len : V1_MAX);

	if (end == NULL) {
		/* A CR that is the last byte may get its LF. */
		if (len > 1 && memchr(text, '\r', (len < V1_MAX ? len : V1_MAX) - 1) != NULL)
			return bad(header, "version 1: CR without LF");
		if (len >= V1_MAX)
			return bad(header, "version 1: a line of more than 107 bytes");
		return more(header, 1);
	}
	header->len = (size_t)(end - text) + 1;
	if (end[-1] != '\r' || memchr(text, '\r', header->len - 2) != NULL)
		return bad(header, "version 1: LF without CR, or CR without LF");
	return parse_v1_line(header, text + V1_START_LEN, end);
}

static enum proxyheader_kind
parse_v2(struct proxyheader *header, const unsigned char *bytes, size_t len)
{
	const unsigned char *addresses = bytes + V2_FIXED;
	size_t follows;
	bool is_ipv6;

	if (len < V2_FIXED)
		return more(header, V2_FIXED - len);
	if (bytes[12] != V2_PROXY && bytes[12] != V2_LOCAL)
		return bad(header, "version 2: another version or command");
	follows = (size_t)bytes[14] << 8 | bytes[15];
	is_ipv6 = bytes[13] == V2_TCP6;
	if (bytes[12] == V2_PROXY && (bytes[13] == V2_TCP4 || is_ipv6) &&
	    follows < (is_ipv6 ? V2_TCP6_LEN : V2_TCP4_LEN))
		return bad(header, "version 2: too short for its addresses");
	if (len - V2_FIXED < follows)
		return more(header, follows - (len - V2_FIXED));
	header->len = V2_FIXED + follows;
	if (bytes[12] == V2_LOCAL)
		return PROXYHEADER_LOCAL;
	if (bytes[13] != V2_TCP4 && !is_ipv6) {
		/* Datagrams and Unix sockets: legal, and no address that could be used. */
		if ((bytes[13] & 0x0f) > 2 || bytes[13] >> 4 > 3)
			return bad(header, "version 2: no such family or protocol");
		return PROXYHEADER_UNKNOWN;
	}
	len = is_ipv6 ? 16 : 4;
	header->source_port = (uint16_t)(addresses[2 * len] << 8 | addresses[2 * len + 1]);
	header->destination_port =
	    (uint16_t)(addresses[2 * len + 2] << 8 | addresses[2 * len + 3]);
	return take_addresses(header, addresses, addresses + len, is_ipv6);
}

enum proxyheader_kind
proxyheader_parse(struct proxyheader *header, const unsigned char *bytes, size_t len)
{
	size_t v1 = len < V1_START_LEN ? len : V1_START_LEN;
	size_t v2 = len < V2_SIGNATURE_LEN ? len : V2_SIGNATURE_LEN;

	memset(header, 0, sizeof(*header));
	if (len == 0)
		return more(header, 1);
	if (memcmp(bytes, V1_START, v1) == 0)
		return v1 < V1_START_LEN ? more(header, V1_START_LEN - v1)
					 : parse_v1(header, bytes, len);
	if (memcmp(bytes, v2_signature, v2) == 0)
		return v2 < V2_SIGNATURE_LEN ? more(header, V2_FIXED - v2)
					     : parse_v2(header, bytes, len);
	return bad(header, "it is no PROXY header");
}
