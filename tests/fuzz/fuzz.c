/* fuzz.c -- see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* HDF5 1.10 leaks when it meets a damaged file, which is not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

uint64_t fuzz_take(fuzz_bytes *b, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && b->size > 0; i++, b->size--)
        value |= (uint64_t)*b->data++ << (8 * i);
    return value;
}

int fuzz_file(const void *data, size_t size, char *path)
{
    const int fd = memfd_create("fuzz", 0);
    size_t done = 0;
    while (fd >= 0 && done < size) {
        const ssize_t n = write(fd, (const char *)data + done, size - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (fd < 0 || done < size) {
        perror("fuzz: no file of memory");
        exit(EXIT_FAILURE);
    }
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

gv_context *fuzz_context(void)
{
    const gv_context_opts o = {.n_threads = 1, .memory_limit = 256 << 20};
    gv_context *ctx = NULL;
    gv_error err;
    if (gv_context_create(&o, &ctx, &err) != GV_OK) {
        fprintf(stderr, "fuzz: %s\n", err.message);
        exit(EXIT_FAILURE);
    }
    return ctx;
}

void fuzz_promise(int kept, const char *what, const char *why)
{
    if (kept)
        return;
    fprintf(stderr, "fuzz: broken promise: %s: %s\n", what, why);
    abort();
}

void fuzz_done(gv_context *ctx)
{
    fuzz_promise(gv_context_memory_used(ctx) == 0, "memory", "some handle was not freed whole");
    gv_context_free(ctx);
}
