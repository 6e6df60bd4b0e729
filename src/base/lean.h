/*
 * SQLite set up for what we do with it: no threads, no statistics; and a way to files of which others
 * can write what lies beside them, LEAN_VFS, by which there is no write-ahead log. SQLite takes one
 * that is there for that of the database, whatever the database says, and maps a file of its own
 * for it: who may cut that short ends us by SIGBUS. For a process that asks one question and ends,
 * leaner still:
 *
 * - Its memory is one static piece, taken from front to back. What is freed is used again for a
 *   block of the same size; nothing goes back to the system, which takes all of it when the
 *   process ends. malloc(3) would ask for each page of the database by itself and write into
 *   pages that SQLite never touches, and each first touch of a page is a fault of 2 to 3 us.
 * - The path of a database is taken as it is, by LEAN_VFS. SQLite looks whether each folder of it is a link,
 *   to have one name for the journal whatever way leads there. A link in the place of the file
 *   itself, where that matters, it does not open.
 */
#ifndef BASE_LEAN_H
#define BASE_LEAN_H

#define LEAN_VFS "lean" /* for sqlite3_open_v2, after lean_set_up */

/*
 * This process ends soon: lean_set_up is to go all the way. It may still do all that others do:
 * what does not fit into the static piece comes from malloc.
 */
void lean_one_question(void);

/* To be called before anything else is asked of SQLite; only the first call counts. */
void lean_set_up(void);

/*
 * The memory, for tests: as malloc, realloc and free, aligned to 8 bytes. lean_size is what may be
 * used of a block.
 */
void *lean_take(int size);
void *lean_resize(void *block, int size);
int lean_size(void *block);
void lean_give(void *block);

#endif
