/*
 * Checksums: what one is never changes, since files hold it; a change of any one byte shows, and so
 * does a byte that moves from one piece to the next.
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

	/* Worked out by hand in Python from the description in checksum.h. */
	ok(checksum_add(CHECKSUM_START, "", 0) == UINT64_C(0xc722066a19a1b5cf), "of nothing");
	ok(checksum_add(CHECKSUM_START, "a", 1) == UINT64_C(0x566136966c88dab7), "of a");
	ok(checksum_add(CHECKSUM_START, "foobarfoobar", 12) == UINT64_C(0xf14579340232e720),
	    "of foobarfoobar");
	ok(checksum_add_number(CHECKSUM_START, 0x0807060504030201u) ==
		UINT64_C(0x4dab45a2b43b1d47),
	    "of a number");
	ok(checksum_add(checksum_add(CHECKSUM_START, "foo", 3), "bar", 3) !=
		checksum_add(checksum_add(CHECKSUM_START, "fo", 2), "obar", 4),
	    "pieces are told apart");
	ok(checksum_add(CHECKSUM_START, "a", 1) != checksum_add(CHECKSUM_START, "a\0", 2),
	    "zeros at the end count");
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
