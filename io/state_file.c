/* state_file.c -- see state_file.h. A header, the table of parts, the parts one after another; the
 * table has a checksum of its own, so that sizes are not believed before they are checked. States
 * are written when a run is asked to stop, so that this must not stop the writing. */
#define _GNU_SOURCE
#include "io/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "io/output.h"
#include "io/whole.h"

static const char magic[8] = {'g', 'v', 's', 't', 'a', 't', 'e', '1'};

enum { MAX_PARTS = 4096 };

typedef struct header {
    char magic[8];
    uint64_t identity;
    int64_t n_parts;
    uint64_t table_hash; /* of the entries, started from the fields above */
} header;

typedef struct entry {
    int64_t bytes;
    uint64_t hash;
} entry;

static uint64_t hash_table(const header *h, const entry *table)
{
    char all[offsetof(header, table_hash) + MAX_PARTS * sizeof(entry)];
    const size_t first = offsetof(header, table_hash), rest = (size_t)h->n_parts * sizeof *table;
    memcpy(all, h, first);
    memcpy(all + first, table, rest);
    return gv_hash_small(all, first + rest);
}

/* ---- writing -------------------------------------------------------------------------------- */

static gv_status write_parts(gv_output *o, const header *h, const entry *table,
                             const gv_state_part *part, gv_error *err)
{
    const int64_t table_bytes = h->n_parts * (int64_t)sizeof *table;
    int64_t at = (int64_t)sizeof *h + table_bytes, all = at;
    for (int64_t i = 0; i < h->n_parts; i++)
        all += part[i].bytes;
    gv_status st = gv_output_reserve(o, 0, all, "state", err);
    if (st == GV_OK)
        st = gv_output_put(o, 0, h, (int64_t)sizeof *h, "state", err);
    if (st == GV_OK)
        st = gv_output_put(o, (int64_t)sizeof *h, table, table_bytes, "state", err);
    for (int64_t i = 0; i < h->n_parts && st == GV_OK; i++) {
        st = gv_output_put(o, at, part[i].data, part[i].bytes, "state", err);
        at += part[i].bytes;
    }
    return st;
}

gv_status gv_state_write(gv_context *ctx, const char *path, uint64_t identity,
                         const gv_state_part *part, int32_t n_parts, gv_error *err)
{
    entry table[MAX_PARTS];
    gv_output o;
    if (n_parts < 0 || n_parts > MAX_PARTS)
        return gv_fail(err, GV_ERR_ARG, "%s: %" PRId32 " parts is not in [0, %d]", path, n_parts,
                       MAX_PARTS);
    gv_status st = GV_OK;
    for (int32_t i = 0; i < n_parts && st == GV_OK; i++) {
        table[i].bytes = part[i].bytes;
        st = gv_hash(ctx, part[i].data, part[i].bytes, &table[i].hash, err);
    }
    header h = {.identity = identity, .n_parts = n_parts};
    memcpy(h.magic, magic, sizeof magic);
    h.table_hash = hash_table(&h, table);
    if (st == GV_OK)
        st = gv_output_begin(ctx, path, true, &o, err);
    if (st != GV_OK)
        return st;
    st = write_parts(&o, &h, table, part, err);
    if (st == GV_OK)
        return gv_output_commit(&o, err);
    gv_output_discard(&o);
    return st;
}

/* ---- reading -------------------------------------------------------------------------------- */

bool gv_state_is_of(int fd, uint64_t identity)
{
    static const header none;
    header h;
    if (!gv_read_at(fd, &h, (int64_t)sizeof h, 0))
        return false;
    return memcmp(&h, &none, sizeof h) == 0 ||
           (memcmp(h.magic, magic, sizeof magic) == 0 && h.identity == identity);
}

static gv_status damaged(const gv_state_reader *r, const char *what, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA, "%s: %s; remove it to start from the beginning", r->path,
                   what);
}

static gv_status take_table(gv_state_reader *r, const header *h, const entry *table, gv_error *err)
{
    r->n_parts = (int32_t)h->n_parts;
    r->identity = h->identity;
    r->bytes = gv_alloc(r->ctx, r->n_parts, sizeof *r->bytes);
    r->hash = gv_alloc(r->ctx, r->n_parts, sizeof *r->hash);
    r->at = gv_alloc(r->ctx, r->n_parts, sizeof *r->at);
    if (r->bytes == NULL || r->hash == NULL || r->at == NULL)
        return gv_no_memory(r->ctx, r->path, err);
    int64_t at = (int64_t)sizeof *h + h->n_parts * (int64_t)sizeof *table;
    for (int32_t i = 0; i < r->n_parts; i++) {
        r->bytes[i] = table[i].bytes;
        r->hash[i] = table[i].hash;
        r->at[i] = at;
        at += table[i].bytes;
    }
    struct stat info;
    if (fstat(r->fd, &info) != 0 || (int64_t)info.st_size != at)
        return damaged(r, "is cut short", err);
    return GV_OK;
}

static gv_status read_table(gv_state_reader *r, gv_error *err)
{
    header h;
    entry table[MAX_PARTS];
    if (!gv_read_at(r->fd, &h, (int64_t)sizeof h, 0) || memcmp(h.magic, magic, sizeof magic) != 0 ||
        h.n_parts < 0 || h.n_parts > MAX_PARTS ||
        !gv_read_at(r->fd, table, h.n_parts * (int64_t)sizeof *table, (int64_t)sizeof h) ||
        hash_table(&h, table) != h.table_hash)
        return damaged(r, "is not a state of this program, or damaged", err);
    return take_table(r, &h, table, err);
}

gv_status gv_state_open(gv_context *ctx, const char *path, gv_state_reader *r, bool *found,
                        gv_error *err)
{
    *r = (gv_state_reader){.ctx = ctx, .path = path};
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    *found = r->fd >= 0;
    if (r->fd < 0 && errno == ENOENT)
        return GV_OK;
    if (r->fd < 0)
        return gv_fail(err, GV_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const gv_status st = read_table(r, err);
    if (st != GV_OK) {
        gv_state_close(r);
        *found = false;
    }
    return st;
}

gv_status gv_state_read(gv_state_reader *r, int32_t i, void *data, gv_error *err)
{
    uint64_t hash;
    if (!gv_read_at(r->fd, data, r->bytes[i], r->at[i]))
        return gv_fail(err, GV_ERR_IO, "%s: reading failed: %s", r->path, strerror(errno));
    const gv_status st = gv_hash(r->ctx, data, r->bytes[i], &hash, err);
    if (st == GV_OK && hash != r->hash[i])
        return damaged(r, "is damaged", err);
    return st;
}

void gv_state_close(gv_state_reader *r)
{
    close(r->fd);
    gv_free(r->ctx, r->bytes);
    gv_free(r->ctx, r->hash);
    gv_free(r->ctx, r->at);
}
