/*
 * Checksums: those that everybody's FNV-1a gives, however the bytes are cut; and a change of
 * any one byte shows.
 */
#include "base/checksum.h"
#include "base/number.h"
#include "tap.h"

int
main(void)
{
	unsigned char bytes[64], stored[8];
	uint64_t sum, whole;
	bool good = true;

	/* Test vectors of the FNV reference code. */
	ok(checksum_add(CHECKSUM_START, "", 0) == 0xcbf29ce484222325u, "of nothing");
	ok(checksum_add(CHECKSUM_START, "a", 1) == 0xaf63dc4c8601ec8cu, "of a");
	ok(checksum_add(CHECKSUM_START, "foobar", 6) == 0x85944171f73967e8u, "of foobar");
	ok(checksum_add(checksum_add(CHECKSUM_START, "foo", 3), "bar", 3) ==
		0x85944171f73967e8u,
	    "in two pieces");
	ok(checksum_add_number(CHECKSUM_START, 0x0807060504030201u) ==
		checksum_add(CHECKSUM_START, "\1\2\3\4\5\6\7\10", 8),
	    "of a number, low byte first");
	number_put64(stored, 0x0807060504030201u);
	ok(memcmp(stored, "\1\2\3\4\5\6\7\10", 8) == 0 &&
		number_get64(stored) == 0x0807060504030201u,
	    "as it is stored");

	memset(bytes, 'x', sizeof(bytes));
	whole = checksum_add(CHECKSUM_START, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		for (int change = 1; change < 256; change++) {
			bytes[i] = (unsigned char)('x' ^ change);
			sum = checksum_add(CHECKSUM_START, bytes, sizeof(bytes));
			good = good && sum != whole;
		}
		bytes[i] = 'x';
	}
	ok(good, "every change of one byte shows");
	return tap_done();
}
