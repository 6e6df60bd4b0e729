#include "cdbwalk.h"

int
cdbwalk(const struct cdbfile *file, int (*each)(void *arg, const struct cdbfile_record *record),
    void *arg)
{
	struct cdbfile_record record;
	struct cdbfile_block block;

	/* Each has a length and lies in front of the tables, so this comes to its end. */
	for (uint64_t at = CDBFILE_CONTENTS; at < file->tables; at = record.end) {
		if (cdbfile_read_record(file, at, &record) == -1)
			return -1;
		if (each(arg, &record) != 0)
			return 1;
	}
	for (uint64_t at = file->tables; at < file->blocks; at += block.size)
		if (cdbfile_read_block(file, &block, at) == -1 ||
		    cdbfile_prove_block(file, &block) == -1)
			return -1;
	return cdbfile_prove_contents(file);
}
