#include "share.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

void
share_client(char name[SHARE_CLIENT_SIZE], const char *address)
{
	struct in6_addr ip;
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET6, address, &ip) != 1) {
		snprintf(name, SHARE_CLIENT_SIZE, "%s", address);
	} else if (IN6_IS_ADDR_V4MAPPED(&ip)) {
		inet_ntop(AF_INET, &ip.s6_addr[12], name, SHARE_CLIENT_SIZE);
	} else {
		memset(&ip.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &ip, text, sizeof(text));
		snprintf(name, SHARE_CLIENT_SIZE, "%s/64", text);
	}
}

static struct share **
bucket(struct shares *shares, const char *name)
{
	return &shares
		    ->buckets[checksum_add(CHECKSUM_START, name, strlen(name)) % SHARE_BUCKETS];
}

struct share *
share_take(struct shares *shares, const char *name)
{
	struct share **head = bucket(shares, name), *share;

	for (share = *head; share != NULL; share = share->next)
		if (strcmp(share->name, name) == 0)
			break;
	if (share == NULL) {
		size_t size = strlen(name) + 1;

		share = calloc(1, sizeof(*share) + size);
		if (share == NULL)
			return NULL;
		memcpy(share->name, name, size);
		share->next = *head;
		*head = share;
	}
	share->users++;
	return share;
}

void
share_drop(struct shares *shares, struct share *share)
{
	struct share **at = bucket(shares, share->name);

	if (--share->users > 0)
		return;
	while (*at != share)
		at = &(*at)->next;
	*at = share->next;
	free(share->data);
	free(share);
}
