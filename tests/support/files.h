/* files.h -- scratch files for tests: a folder of their own, bytes in, bytes out. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stdbool.h>
#include <stdint.h>

enum { TEST_PATH = 1024 };

/* A new folder under $TMPDIR, /dev/shm or /tmp into text [TEST_PATH]; returns it. Ends the program
 * if that fails. */
const char *test_folder(char *text);
/* folder/name into text [TEST_PATH]; returns it. */
const char *test_path(const char *folder, const char *name, char *text);
/* Removes a folder with all that is in it. */
void test_remove(const char *folder);

/* The bytes of a file, to be freed with free(); NULL when it cannot be read. */
char *test_bytes(const char *path, int64_t *size);
bool test_write(const char *path, const void *data, int64_t size);
/* Overwrites bytes in the middle of a file. */
bool test_patch(const char *path, int64_t offset, const void *data, int64_t size);
bool test_exists(const char *path);
/* Whether two files hold the same bytes. */
bool test_same(const char *a, const char *b);

/* Mounts a file system of `kilobytes` on a new folder; false when that is not allowed (not root).
 */
bool test_small_disk(const char *folder, int kilobytes);
void test_unmount(const char *folder);

#endif
