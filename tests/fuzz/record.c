/*
 * Any bytes as a record of the CDB: what is a record can be made again and is the same then.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_servers(const struct record_server *servers, size_t count)
{
	char text[RECORD_SERVER_TEXT];

	check(count <= RECORD_SERVERS_MAX);
	for (size_t i = 0; i < count; i++) {
		record_server_text(text, &servers[i]);
		check(strlen(text) < sizeof(text) && strrchr(text, ':') != NULL);
		for (const char *p = text; *p != '\0'; p++)
			check(*p > ' ' && *p <= '~');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record record, back;
	static unsigned char value[RECORD_SIZE_MAX], again[RECORD_SIZE_MAX];
	struct record_server servers[RECORD_SERVERS_MAX];
	size_t len, count;

	memset(&record, 0x5a, sizeof(record));
	if (record_parse(&record, data, size) == 0) {
		check(strlen(record.ask_domain) < RECORD_NAME_SIZE &&
		    strlen(record.main_name) < RECORD_NAME_SIZE);
		check_servers(record.servers, record.server_count);
		len = record_make(value, sizeof(value), &record);
		check(len > 0 && record_parse(&back, value, len) == 0);
		check(record_make(again, sizeof(again), &back) == len &&
		    memcmp(value, again, len) == 0);
	} else {
		check(errno == EPROTO);
	}
	if (record_parse_addresses(servers, &count, data, size) == 0) {
		check_servers(servers, count);
		check(record_make_addresses(value, sizeof(value), servers, count) == size &&
		    memcmp(value, data, size) == 0);
	} else {
		check(errno == EPROTO);
	}
	return 0;
}
