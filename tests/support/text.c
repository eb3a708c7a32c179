/* text.c -- see text.h. */
#include "tests/support/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

static char folder[TEST_PATH]; /* "" until it is made */

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
    if (*folder == '\0')
        test_folder(folder);
    test_path(folder, name, path);
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
    int64_t size = 0;
    char *data = test_bytes(path, &size);
    need(data != NULL && size + bytes >= 0, "read a file");
    need(test_write(path, data, bytes < 0 ? size + bytes : bytes), "cut a file");
    free(data);
}

void text_clean(void)
{
    if (*folder != '\0')
        test_remove(folder);
    *folder = '\0';
}
