/* text.c -- see text.h. */
#include "tests/support/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { MAX_FILES = 64 };
static char folder[] = "/tmp/grapevine-test-XXXXXX";
static char files[MAX_FILES][TEXT_PATH_CHARS];
static int n_files, made;

static void need(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "tests: cannot %s\n", what);
    exit(EXIT_FAILURE);
}

static const char *put(const char *name, const void *data, size_t bytes, const char *mode,
                       char *path)
{
    if (!made) {
        need(mkdtemp(folder) != NULL, "make a temporary folder");
        made = 1;
    }
    snprintf(path, TEXT_PATH_CHARS, "%s/%s", folder, name);
    int known = 0;
    for (int i = 0; i < n_files; i++)
        known |= strcmp(files[i], path) == 0;
    if (!known) {
        need(n_files < MAX_FILES, "keep so many files");
        snprintf(files[n_files++], TEXT_PATH_CHARS, "%s", path);
    }
    FILE *f = fopen(path, mode);
    need(f != NULL && fwrite(data, 1, bytes, f) == bytes, "write a file");
    need(fclose(f) == 0, "close a file");
    return path;
}

static size_t length_of(const char *text, int64_t bytes)
{
    return bytes < 0 ? strlen(text) : (size_t)bytes;
}

const char *text_file(const char *name, const char *text, int64_t bytes, char *path)
{
    return put(name, text, length_of(text, bytes), "w", path);
}

const char *text_gzip(const char *name, const char *text, int64_t bytes, int append, char *path)
{
    const size_t n = length_of(text, bytes);
    z_stream z = {0};
    need(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflate");
    const size_t room = deflateBound(&z, (uLong)n) + 64;
    unsigned char *packed = malloc(room);
    need(packed != NULL, "allocate");
    z.next_in = (Bytef *)(uintptr_t)text, z.avail_in = (uInt)n;
    z.next_out = packed, z.avail_out = (uInt)room;
    need(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
    put(name, packed, room - z.avail_out, append ? "a" : "w", path);
    deflateEnd(&z);
    free(packed);
    return path;
}

const char *text_zstd(const char *name, const char *text, int64_t bytes, int append, char *path)
{
    const size_t n = length_of(text, bytes), room = ZSTD_compressBound(n);
    void *packed = malloc(room);
    need(packed != NULL, "allocate");
    ZSTD_CCtx *z = ZSTD_createCCtx();
    need(z != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1)), "compress");
    const size_t size = ZSTD_compress2(z, packed, room, text, n);
    need(!ZSTD_isError(size), "compress");
    ZSTD_freeCCtx(z);
    put(name, packed, size, append ? "a" : "w", path);
    free(packed);
    return path;
}

void text_cut(const char *path, int64_t bytes)
{
    struct stat about;
    need(stat(path, &about) == 0, "see a file");
    need(truncate(path, (off_t)(bytes < 0 ? about.st_size + bytes : bytes)) == 0, "cut a file");
}

void text_clean(void)
{
    for (int i = 0; i < n_files; i++)
        unlink(files[i]);
    if (made)
        rmdir(folder);
    n_files = 0;
}
