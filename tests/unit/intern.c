/* Interned texts. */
#include "door/intern.h"

#include "tap.h"

int
main(void)
{
	struct intern intern = {0};
	uint32_t first, again, wrong = 0;
	char text[32];

	is_int(intern_find(&intern, "a", 1), INTERN_NONE, "nothing is in an empty one");
	first = intern_add(&intern, "", 0);
	is_int(first, 0, "the first has number 0");
	is_int(intern_len(&intern, first), 0, "and may be empty");
	for (uint32_t i = 1; i <= 100000; i++) {
		int len = snprintf(text, sizeof(text), "name%u", i);

		if (intern_add(&intern, text, (size_t)len) != i)
			wrong++;
	}
	is_int(wrong, 0, "numbers count up, across growth");
	for (uint32_t i = 1; i <= 100000; i++) {
		size_t len = (size_t)snprintf(text, sizeof(text), "name%u", i);

		if (intern_find(&intern, text, len) != i || intern_len(&intern, i) != len ||
		    strcmp(intern_text(&intern, i), text) != 0)
			wrong++;
	}
	is_int(wrong, 0, "all are found again");
	is_int(intern_find(&intern, "name", 4), INTERN_NONE, "a prefix is not");
	again = intern_add(&intern, "a\0b", 3);
	ok(again != intern_add(&intern, "a\0c", 3), "bytes behind a NUL count");
	is_int(intern_add(&intern, "a\0b", 3), again, "the same again has the same number");
	intern_expect(&intern, 1000000);
	is_int(intern_find(&intern, "name77777", 9), 77777, "found after making room");
	intern_free(&intern);

	intern_expect(&intern, 10);
	is_int(
	    intern_add(&intern, "x", 1), 0, "usable after free, and after making room first");
	intern_free(&intern);
	return tap_done();
}
