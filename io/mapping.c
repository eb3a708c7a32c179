/* mapping.c -- a file mapped read-only, and aligned copies of the few arrays that lie askew in it.
 *
 * Arrays of a page or more start on a page. Smaller ones lie wherever HDF5 put them, perhaps off
 * the boundary their type needs; those are copied. Nothing is read before somebody looks at it. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/h5_file.h"

typedef struct copy {
    struct copy *next;
    alignas(16) char data[];
} copy;

struct gv_mapping {
    gv_context *ctx;
    char *base; /* NULL for a file of no bytes */
    int64_t size;
    copy *copies;
    char path[];
};

gv_status gv_h5_map_file(gv_h5 *f, gv_error *err)
{
    if (f->mapping != NULL)
        return GV_OK;
    const size_t length = strlen(f->path) + 1;
    gv_mapping *m = gv_alloc_zero(f->ctx, (int64_t)(sizeof *m + length), 1);
    if (m == NULL)
        return gv_no_memory(f->ctx, f->path, err);
    void *base = mmap(NULL, (size_t)f->size, PROT_READ, MAP_SHARED, f->fd, 0);
    if (base == MAP_FAILED) {
        const int why = errno;
        gv_free(f->ctx, m);
        return gv_fail(err, GV_ERR_SYSTEM, "%s: cannot be mapped: %s", f->path, strerror(why));
    }
    *m = (gv_mapping){.ctx = f->ctx, .base = base, .size = f->size};
    memcpy(m->path, f->path, length);
    f->mapping = m;
    return GV_OK;
}

gv_status gv_mapping_at(gv_mapping *m, int64_t offset, int64_t bytes, int64_t alignment,
                        const void **data, gv_error *err)
{
    const char *place = m->base + offset;
    if ((uintptr_t)place % (uintptr_t)alignment == 0) {
        *data = place;
        return GV_OK;
    }
    copy *c = gv_alloc(m->ctx, (int64_t)sizeof *c + bytes, 1);
    if (c == NULL)
        return gv_no_memory(m->ctx, m->path, err);
    memcpy(c->data, place, (size_t)bytes);
    c->next = m->copies;
    m->copies = c;
    *data = c->data;
    return GV_OK;
}

void gv_mapping_rest(const gv_mapping *m, const void *data, int64_t bytes)
{
    enum { PAGE = 4096 };
    const char *begin = data;
    if (bytes <= 0 || begin < m->base || begin >= m->base + m->size ||
        bytes > m->base + m->size - begin)
        return; /* nothing (an empty array may be NULL), or a copy */
    const char *end = begin + bytes;
    begin -= (uintptr_t)begin % PAGE; /* the mapping begins on a page */
    madvise((void *)(uintptr_t)begin, (size_t)(end - begin), MADV_DONTNEED);
}

void gv_h5_rest(const gv_h5 *f, const void *data, int64_t bytes)
{
    if (f->mapping != NULL)
        gv_mapping_rest(f->mapping, data, bytes);
}

const char *gv_mapping_path(const gv_mapping *m)
{
    return m->path;
}

void gv_mapping_free(gv_mapping *m)
{
    if (m == NULL)
        return;
    while (m->copies != NULL) {
        copy *next = m->copies->next;
        gv_free(m->ctx, m->copies);
        m->copies = next;
    }
    munmap(m->base, (size_t)m->size);
    gv_free(m->ctx, m);
}
