#include "share.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

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
