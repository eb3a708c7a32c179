/* fuzz.h -- what the fuzz targets share: bytes taken one by one, files that live in memory.
 *
 * A target is a libFuzzer program: LLVMFuzzerTestOneInput() may return anything but must not crash,
 * leak, hang, or break a promise that it checks itself. Messages and results are not looked at. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "grapevine/grapevine.h"

/* Called by libFuzzer. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rest of an input. */
typedef struct fuzz_bytes {
    const uint8_t *data;
    size_t size;
} fuzz_bytes;

/* The next number of 1 to 8 bytes, little-endian; bytes that are not there count as zero. */
uint64_t fuzz_take(fuzz_bytes *b, size_t bytes);

/* A file of memory with these contents; its path goes into `path` [32]. Returns a descriptor, to be
 * closed. */
int fuzz_file(const void *data, size_t size, char *path);

/* A context of one thread and 256 MiB. */
gv_context *fuzz_context(void);

/* Frees the context; stops the program if handles were left that hold memory. */
void fuzz_done(gv_context *ctx);

/* Stops the program, as a crash, unless `kept`. */
void fuzz_promise(int kept, const char *what, const char *why);

#endif
