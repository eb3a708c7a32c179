/* stream.c -- see stream.h. Gzip files may have several members, zstd files several frames. */
#define _GNU_SOURCE
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"

enum { INPUT_BYTES = 1 << 18, MAGIC_BYTES = 4 };

typedef enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD } packing;

struct gv_stream {
    gv_context *ctx;
    const char *name;
    char *path; /* owned copy */
    int fd;
    bool owned; /* `fd` is ours to close */
    packing packing;
    int64_t size, taken;  /* of the file; size 0 when unknown */
    unsigned char *input; /* [INPUT_BYTES], bytes of the file not yet used */
    int64_t begin, end;   /* of those in `input` */
    bool input_over;      /* the file has ended */
    bool inside;          /* in a gzip member or zstd frame that has not ended */
    bool zlib_ready;
    z_stream zlib;
    ZSTD_DCtx *zstd;
};

static voidpf zlib_alloc(voidpf ctx, uInt items, uInt size)
{
    return gv_alloc(ctx, (int64_t)items, size);
}

static void zlib_free(voidpf ctx, voidpf block)
{
    gv_free(ctx, block);
}

/* Up to `capacity` bytes of the file; fewer only at its end. */
static gv_status read_file(gv_stream *s, void *buffer, int64_t capacity, int64_t *got,
                           gv_error *err)
{
    *got = 0;
    while (*got < capacity && !s->input_over) {
        const int64_t want = capacity - *got;
        const ssize_t n =
            read(s->fd, (char *)buffer + *got, (size_t)(want < (1 << 30) ? want : 1 << 30));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return gv_fail(err, GV_ERR_IO, "%s: cannot be read: %s", s->name, strerror(errno));
        s->input_over = n == 0;
        *got += n;
    }
    s->taken += *got;
    return GV_OK;
}

static gv_status refill(gv_stream *s, gv_error *err)
{
    s->begin = 0;
    return read_file(s, s->input, INPUT_BYTES, &s->end, err);
}

static gv_status cut_short(const gv_stream *s, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA, "%s: the %s data end too early", s->name,
                   s->packing == PACKING_GZIP ? "gzip" : "zstd");
}

/* Decompresses into [buffer, buffer + capacity) as far as the input at hand goes. */
static gv_status gunzip(gv_stream *s, char *buffer, int64_t capacity, int64_t *got, gv_error *err)
{
    const uInt room = (uInt)(capacity < INT_MAX ? capacity : INT_MAX);
    s->zlib.next_in = s->input + s->begin;
    s->zlib.avail_in = (uInt)(s->end - s->begin);
    s->zlib.next_out = (Bytef *)buffer;
    s->zlib.avail_out = room;
    if (!s->inside && inflateReset(&s->zlib) != Z_OK)
        return gv_fail(err, GV_ERR_SYSTEM, "%s: zlib cannot be reset", s->name);
    s->inside = true;
    const int code = inflate(&s->zlib, Z_NO_FLUSH);
    s->begin = s->end - (int64_t)s->zlib.avail_in;
    *got = (int64_t)(room - s->zlib.avail_out);
    if (code == Z_MEM_ERROR)
        return gv_no_memory(s->ctx, s->name, err);
    if (code == Z_STREAM_END)
        s->inside = false;
    else if (code != Z_OK && code != Z_BUF_ERROR)
        return gv_fail(err, GV_ERR_DATA, "%s: the gzip data are damaged: %s", s->name,
                       s->zlib.msg != NULL ? s->zlib.msg : "no reason given");
    return GV_OK;
}

static gv_status unzstd(gv_stream *s, char *buffer, int64_t capacity, int64_t *got, gv_error *err)
{
    ZSTD_inBuffer in = {s->input, (size_t)s->end, (size_t)s->begin};
    ZSTD_outBuffer out = {buffer, (size_t)capacity, 0};
    const size_t code = ZSTD_decompressStream(s->zstd, &out, &in);
    s->begin = (int64_t)in.pos;
    *got = (int64_t)out.pos;
    if (ZSTD_isError(code))
        return gv_fail(err, GV_ERR_DATA, "%s: the zstd data are damaged: %s", s->name,
                       ZSTD_getErrorName(code));
    s->inside = code != 0;
    return GV_OK;
}

static gv_status read_packed(gv_stream *s, char *buffer, int64_t capacity, int64_t *got,
                             gv_error *err)
{
    gv_status st = GV_OK;
    *got = 0;
    while (st == GV_OK && *got < capacity) {
        if (s->begin == s->end && !s->input_over)
            st = refill(s, err);
        if (st != GV_OK)
            break;
        const bool over = s->begin == s->end;
        if (over && !s->inside)
            break;
        int64_t more = 0;
        st = s->packing == PACKING_GZIP ? gunzip(s, buffer + *got, capacity - *got, &more, err)
                                        : unzstd(s, buffer + *got, capacity - *got, &more, err);
        *got += more;
        if (st == GV_OK && over && more == 0 && s->inside)
            return cut_short(s, err);
    }
    return st;
}

/* What was read to see the magic number comes first. */
static gv_status read_plain(gv_stream *s, char *buffer, int64_t capacity, int64_t *got,
                            gv_error *err)
{
    const int64_t kept = s->end - s->begin < capacity ? s->end - s->begin : capacity;
    memcpy(buffer, s->input + s->begin, (size_t)kept);
    s->begin += kept;
    const gv_status st = read_file(s, buffer + kept, capacity - kept, got, err);
    *got += kept;
    /* The disk reads on while this block is parsed; the kernel alone would wait for the next call.
     */
    posix_fadvise(s->fd, s->taken, capacity, POSIX_FADV_WILLNEED);
    return st;
}

gv_status gv_stream_read(gv_stream *s, char *buffer, int64_t capacity, int64_t *got, gv_error *err)
{
    return s->packing == PACKING_NONE ? read_plain(s, buffer, capacity, got, err)
                                      : read_packed(s, buffer, capacity, got, err);
}

static gv_status open_file(gv_stream *s, gv_error *err)
{
    if (strcmp(s->path, "-") == 0) {
        s->fd = STDIN_FILENO;
        s->name = "standard input";
    } else {
        s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
        s->owned = s->fd >= 0;
    }
    struct stat about;
    if (s->fd < 0 || fstat(s->fd, &about) != 0)
        return gv_fail(err, GV_ERR_NO_INPUT, "%s: cannot be opened: %s", s->name, strerror(errno));
    if (S_ISDIR(about.st_mode))
        return gv_fail(err, GV_ERR_NO_INPUT, "%s: is a directory", s->name);
    s->size = S_ISREG(about.st_mode) ? (int64_t)about.st_size : 0;
    return GV_OK;
}

/* The first bytes say how the file is packed. */
static gv_status detect(gv_stream *s, gv_error *err)
{
    gv_status st = refill(s, err);
    if (st != GV_OK)
        return st;
    const unsigned char *b = s->input;
    const bool four = s->end >= MAGIC_BYTES;
    if (s->end >= 2 && b[0] == 0x1f && b[1] == 0x8b)
        s->packing = PACKING_GZIP;
    else if (four && ((b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd) ||
                      ((b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18)))
        s->packing = PACKING_ZSTD;
    if (s->packing == PACKING_GZIP) {
        s->zlib = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = s->ctx};
        s->zlib_ready = inflateInit2(&s->zlib, 15 + 16) == Z_OK;
    } else if (s->packing == PACKING_ZSTD) {
        s->zstd = ZSTD_createDCtx();
    }
    if ((s->packing == PACKING_GZIP && !s->zlib_ready) ||
        (s->packing == PACKING_ZSTD && s->zstd == NULL))
        return gv_no_memory(s->ctx, s->name, err);
    return GV_OK;
}

gv_status gv_stream_open(gv_context *ctx, const char *path, gv_stream **out, gv_error *err)
{
    *out = NULL;
    const size_t length = strlen(path);
    gv_stream *s = gv_alloc_zero(ctx, 1, sizeof *s);
    if (s == NULL)
        return gv_no_memory(ctx, path, err);
    s->ctx = ctx;
    s->fd = -1;
    s->path = gv_alloc(ctx, (int64_t)length + 1, 1);
    s->input = gv_alloc(ctx, INPUT_BYTES, 1);
    gv_status st = s->path == NULL || s->input == NULL ? gv_no_memory(ctx, path, err) : GV_OK;
    if (st == GV_OK) {
        memcpy(s->path, path, length + 1);
        s->name = s->path;
        st = open_file(s, err);
    }
    if (st == GV_OK)
        st = detect(s, err);
    if (st != GV_OK) {
        gv_stream_close(s);
        return st;
    }
    *out = s;
    return GV_OK;
}

const char *gv_stream_name(const gv_stream *s)
{
    return s->name;
}

int64_t gv_stream_size(const gv_stream *s)
{
    return s->packing == PACKING_NONE && s->size > 0 ? s->size : -1;
}

int64_t gv_stream_taken(const gv_stream *s)
{
    return s->taken;
}

int64_t gv_stream_total(const gv_stream *s)
{
    return s->size;
}

void gv_stream_close(gv_stream *s)
{
    if (s == NULL)
        return;
    if (s->zlib_ready)
        inflateEnd(&s->zlib);
    ZSTD_freeDCtx(s->zstd);
    if (s->owned)
        close(s->fd);
    gv_free(s->ctx, s->input);
    gv_free(s->ctx, s->path);
    gv_free(s->ctx, s);
}
