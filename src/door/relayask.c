#include "relayask.h"

#include "relay/relayaddress.h"

bool (*relayask_look)(const char *address);

bool
relayask(const char *bytes, size_t len)
{
	char address[RELAYADDRESS_SIZE];

	return relayask_look != NULL && relayaddress_normalise(address, bytes, len) == NULL &&
	    relayask_look(address);
}
