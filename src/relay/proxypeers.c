#include "proxypeers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS ", \t\r\n"
#define WORD_SIZE  64

static const char too_many[] = "more than 256 of them";
static const char no_network[] = "neither an address nor a network such as 192.0.2.0/24";

/* As 16 bytes; offset says how many bits stand before what the text has. */
static bool
parse_address(const char *text, uint8_t address[16], unsigned *offset)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	*offset = 96;
	memcpy(address, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, address + sizeof(mapped)) == 1)
		return true;
	*offset = 0;
	return inet_pton(AF_INET6, text, address) == 1;
}

static bool
same_network(const uint8_t a[16], const uint8_t b[16], unsigned prefix)
{
	unsigned bytes = prefix / 8, mask = 0xffU << (8 - prefix % 8) & 0xff;

	return memcmp(a, b, bytes) == 0 &&
	    (prefix % 8 == 0 || ((a[bytes] ^ b[bytes]) & mask) == 0);
}

/* The next word of the list; -1: it is too long for one. */
static int
next_word(const char **list, char word[WORD_SIZE])
{
	size_t len;

	*list += strspn(*list, SEPARATORS);
	len = strcspn(*list, SEPARATORS);
	if (len >= WORD_SIZE)
		return -1;
	memcpy(word, *list, len);
	word[len] = '\0';
	*list += len;
	return len > 0;
}

static bool
parse_number(const char *text, unsigned long max, unsigned long *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*number = strtoul(text, &end, 10);
	return *end == '\0' && *number <= max;
}

static const char *
add_network(struct proxypeers *peers, char *word)
{
	struct proxypeers_network *network = &peers->networks[peers->network_count];
	char *slash = strchr(word, '/');
	unsigned long length;
	unsigned offset;

	if (peers->network_count == PROXYPEERS_MAX)
		return too_many;
	if (slash != NULL)
		*slash = '\0';
	if (!parse_address(word, network->address, &offset))
		return no_network;
	length = 128 - offset;
	if (slash != NULL && !parse_number(slash + 1, length, &length))
		return no_network;
	if (length == 0)
		return "a network of all addresses: whoever can connect could say to be "
		       "anybody";
	network->prefix = offset + (unsigned)length;
	for (unsigned bit = network->prefix; bit < 128; bit++)
		if (network->address[bit / 8] & 0x80 >> bit % 8)
			return "a network whose address has bits behind its prefix";
	peers->network_count++;
	return NULL;
}

const char *
proxypeers_add(struct proxypeers *peers, const char *list)
{
	char word[WORD_SIZE];
	const char *reason = NULL;
	int there;

	while (reason == NULL && (there = next_word(&list, word)) != 0)
		reason = there == -1 ? no_network : add_network(peers, word);
	return reason;
}

const char *
proxypeers_add_users(struct proxypeers *peers, const char *list)
{
	char word[WORD_SIZE];
	unsigned long user;
	int there;

	while ((there = next_word(&list, word)) != 0) {
		/* The greatest is -1, which is nobody's. */
		if (there == -1 || !parse_number(word, UINT32_MAX - 1UL, &user))
			return "no number of a user (id -u NAME prints it)";
		if (peers->user_count == PROXYPEERS_MAX)
			return too_many;
		peers->users[peers->user_count++] = (uid_t)user;
	}
	return NULL;
}

const char *
proxypeers_add_file(struct proxypeers *peers, const char *path)
{
	FILE *file = fopen(path, "re");
	const char *reason = NULL;
	char line[1024], *comment;

	if (file == NULL)
		return "it can't be opened";
	while (reason == NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strchr(line, '\n') == NULL && !feof(file))
			reason = "a line of more than 1022 bytes";
		if ((comment = strchr(line, '#')) != NULL)
			*comment = '\0';
		if (reason == NULL)
			reason = proxypeers_add(peers, line);
	}
	if (ferror(file))
		reason = "it can't be read";
	fclose(file);
	return reason;
}

bool
proxypeers_trusts(const struct proxypeers *peers, const char *address)
{
	uint8_t bytes[16];
	unsigned offset;

	if (!parse_address(address, bytes, &offset))
		return false;
	for (size_t i = 0; i < peers->network_count; i++)
		if (same_network(bytes, peers->networks[i].address, peers->networks[i].prefix))
			return true;
	return false;
}

bool
proxypeers_trusts_user(const struct proxypeers *peers, uid_t user)
{
	for (size_t i = 0; i < peers->user_count; i++)
		if (peers->users[i] == user)
			return true;
	return false;
}
