/* checkpoint_results.c -- results of a job that are taken up again: the file itself stays
 * PATH.part, its bones and what the writer knows go to results.state. */
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "io/checkpoint.h"
#include "io/h5_keep.h"
#include "io/results.h"

typedef struct facts {
    int64_t size; /* of PATH.part */
    int64_t has_nodes, has_topics;
} facts;

static gv_status keep(gv_checkpoint *c, gv_results *r, const gv_h5_bones *b, gv_error *err)
{
    facts f = {.size = b->size, .has_nodes = r->has_nodes, .has_topics = r->has_topics};
    const gv_state_part part[GV_KEPT_PARTS] = {
        [GV_KEPT_MARKS] = {c->marks, (int64_t)strlen(c->marks)},
        [GV_KEPT_FACTS] = {&f, (int64_t)sizeof f},
        [GV_KEPT_YAML] = {r->yaml, r->yaml_bytes},
        [GV_KEPT_RANGES] = {b->range, 2 * b->n_ranges * (int64_t)sizeof *b->range},
        [GV_KEPT_BYTES] = {b->bytes, b->n_bytes},
    };
    return gv_state_write(c->ctx, gv_checkpoint_path(c, GV_KEPT_RESULTS), c->identity, part,
                          GV_KEPT_PARTS, err);
}

GV_API gv_status gv_checkpoint_results(gv_checkpoint *c, gv_results *r, const char *stage,
                                       gv_error *err)
{
    gv_status st = gv_h5_settle(r->file, c != NULL, err);
    if (st == GV_OK && c != NULL)
        st = gv_checkpoint_add_mark(c, stage, err);
    if (st != GV_OK || c == NULL)
        return st;
    gv_h5_bones b;
    st = gv_h5_bones_take(r->file, &b, err);
    if (st == GV_OK)
        st = keep(c, r, &b, err);
    gv_h5_bones_free(&b);
    return st == GV_OK ? gv_checkpoint_mark(c, stage, err) : st;
}

/* ---- going on ------------------------------------------------------------------------------- */

static gv_status read_state(gv_state_reader *s, gv_results *r, gv_h5_bones *b, gv_error *err)
{
    facts f;
    if (s->n_parts != GV_KEPT_PARTS || s->bytes[GV_KEPT_FACTS] != (int64_t)sizeof f)
        return gv_fail(err, GV_ERR_DATA, "%s: is not a state of results", s->path);
    b->n_ranges = s->bytes[GV_KEPT_RANGES] / (2 * (int64_t)sizeof *b->range);
    b->n_bytes = s->bytes[GV_KEPT_BYTES];
    r->yaml_bytes = s->bytes[GV_KEPT_YAML];
    r->yaml = gv_alloc(r->ctx, r->yaml_bytes + 1, 1);
    b->range = gv_alloc(r->ctx, 2 * b->n_ranges + 1, sizeof *b->range);
    b->bytes = gv_alloc(r->ctx, b->n_bytes + 1, 1);
    if (r->yaml == NULL || b->range == NULL || b->bytes == NULL)
        return gv_no_memory(r->ctx, s->path, err);
    gv_status st = gv_state_read(s, GV_KEPT_FACTS, &f, err);
    if (st == GV_OK)
        st = gv_state_read(s, GV_KEPT_YAML, r->yaml, err);
    if (st == GV_OK)
        st = gv_state_read(s, GV_KEPT_RANGES, b->range, err);
    if (st == GV_OK)
        st = gv_state_read(s, GV_KEPT_BYTES, b->bytes, err);
    if (st == GV_OK) {
        b->size = f.size;
        r->has_nodes = f.has_nodes != 0;
        r->has_topics = f.has_topics != 0;
    }
    return st;
}

static gv_status revive(gv_state_reader *s, const char *path, bool overwrite, gv_results *r,
                        gv_error *err)
{
    gv_h5_bones b = {.ctx = r->ctx};
    gv_status st = read_state(s, r, &b, err);
    if (st == GV_OK)
        st = gv_h5_revive(r->ctx, path, overwrite, &b, &r->file, err);
    gv_h5_bones_free(&b);
    return st;
}

GV_API gv_status gv_checkpoint_take_results(gv_checkpoint *c, gv_context *ctx, const char *path,
                                            bool overwrite, gv_results **out, gv_error *err)
{
    gv_state_reader s;
    bool found;
    *out = NULL;
    gv_status st = gv_state_open(ctx, gv_checkpoint_path(c, GV_KEPT_RESULTS), &s, &found, err);
    if (st != GV_OK || !found)
        return st;
    gv_results *r = gv_alloc_zero(ctx, 1, sizeof *r);
    if (r == NULL) {
        st = gv_no_memory(ctx, path, err);
    } else {
        r->ctx = ctx;
        st = s.identity == c->identity ? revive(&s, path, overwrite, r, err)
                                       : gv_fail(err, GV_ERR_DATA, "%s: is of another job", s.path);
        if (st == GV_OK)
            *out = r;
        else
            gv_results_leave(r);
    }
    gv_state_close(&s);
    return st;
}
