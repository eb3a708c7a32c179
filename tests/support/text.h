/* text.h -- text files for tests of readers: written to a temporary folder, plain or compressed. */
#ifndef TESTS_TEXT_H
#define TESTS_TEXT_H

#include <stdint.h>

#include "tests/support/files.h"

enum { TEXT_PATH_CHARS = TEST_PATH };

/* Writes `bytes` bytes of `text` (-1: up to its NUL) to a new file named `name` in this process's
 * folder of temporary files; the path goes into `path` [TEXT_PATH_CHARS], which is returned. Any
 * failure ends the test program. */
const char *text_file(const char *name, const char *text, int64_t bytes, char *path);

/* The same as one gzip member or zstd frame; `append` puts it behind what the file has. */
const char *text_gzip(const char *name, const char *text, int64_t bytes, int append, char *path);
const char *text_zstd(const char *name, const char *text, int64_t bytes, int append, char *path);

/* Cuts the file down to its first `bytes` bytes (below 0: that many off its end). */
void text_cut(const char *path, int64_t bytes);

/* Removes the folder and the files written to it. */
void text_clean(void);

#endif
