/* ppr_segments.c -- the edges of a walk cut into segments of sources.
 *
 * Rows come by place. Within a row and a segment edges keep the order they have in the graph, so
 * the arrays are a function of the graph and the cut. Two passes over the edges: count by block and
 * segment, then write; a block is one thread's, and its edges of a segment lie in one run. */
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/ppr_fast.h"

typedef struct builder {
    const ppr_walk *walk;
    const gv_node *order, *place; /* NULL: ids are places */
    ppr_segments *out;
} builder;

static int segment_of(const builder *b, int64_t edge)
{
    const gv_node source = b->walk->source[edge];
    const int64_t cut = (b->place != NULL ? b->place[source] : source) / b->out->width;
    return cut < b->out->n ? (int)cut : b->out->n - 1;
}

static int64_t row_at(const builder *b, int64_t k)
{
    return b->order != NULL ? b->order[k] : k;
}

/* Counts of the row at place k by segment, and which segments those are. */
typedef struct row_cut {
    int n;
    int segment[PPR_MOST_SEGMENTS];
    int64_t count[PPR_MOST_SEGMENTS]; /* by segment; 0 between rows */
} row_cut;

static void cut_row(const builder *b, int64_t v, row_cut *c)
{
    c->n = 0;
    for (int64_t e = b->walk->offset[v]; e < b->walk->offset[v + 1]; e++) {
        const int s = segment_of(b, e);
        if (c->count[s]++ == 0)
            c->segment[c->n++] = s;
    }
}

/* ---- first pass: counts ------------------------------------------------------------------- */

static void count_block(const builder *b, int64_t block)
{
    row_cut c;
    memset(c.count, 0, sizeof c.count);
    for (int64_t k = block * GV_BLOCK; k < gv_block_end(block, b->walk->n); k++) {
        cut_row(b, row_at(b, k), &c);
        for (int i = 0; i < c.n; i++) {
            ppr_segment *s = &b->out->segment[c.segment[i]];
            const int64_t edges = c.count[c.segment[i]];
            s->block_edge[block] += edges;
            s->block_visit[block] += (edges + PPR_VISIT_EDGES - 1) / PPR_VISIT_EDGES;
            c.count[c.segment[i]] = 0;
        }
    }
}

static void count_blocks(const builder *b, int threads)
{
    const int64_t blocks = gv_blocks(b->walk->n);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t block = 0; block < blocks; block++)
        count_block(b, block);
}

/* ---- second pass: edges ------------------------------------------------------------------- */

static void write_visits(ppr_segment *s, int64_t *at, int64_t row, int64_t edges)
{
    for (; edges > 0; edges -= PPR_VISIT_EDGES) {
        const int64_t now = edges < PPR_VISIT_EDGES ? edges : PPR_VISIT_EDGES;
        s->visit[(*at)++] = (uint32_t)row << PPR_VISIT_BITS | (uint32_t)now;
    }
}

static void write_block(const builder *b, int64_t block)
{
    row_cut c;
    int64_t edge[PPR_MOST_SEGMENTS], visit[PPR_MOST_SEGMENTS];
    memset(c.count, 0, sizeof c.count);
    for (int s = 0; s < b->out->n; s++) {
        edge[s] = b->out->segment[s].block_edge[block];
        visit[s] = b->out->segment[s].block_visit[block];
    }
    for (int64_t k = block * GV_BLOCK; k < gv_block_end(block, b->walk->n); k++) {
        const int64_t v = row_at(b, k);
        cut_row(b, v, &c);
        for (int i = 0; i < c.n; i++) {
            const int s = c.segment[i];
            write_visits(&b->out->segment[s], &visit[s], k - block * GV_BLOCK, c.count[s]);
            c.count[s] = 0;
        }
        if (b->out->segment[0].own_source == NULL)
            continue;
        for (int64_t e = b->walk->offset[v]; e < b->walk->offset[v + 1]; e++) {
            const int s = segment_of(b, e);
            const gv_node source = b->walk->source[e];
            if (b->walk->p != NULL)
                b->out->segment[s].own_p[edge[s]] = b->walk->p[e];
            b->out->segment[s].own_source[edge[s]++] = b->place != NULL ? b->place[source] : source;
        }
    }
}

static void write_blocks(const builder *b, int threads)
{
    const int64_t blocks = gv_blocks(b->walk->n);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t block = 0; block < blocks; block++)
        write_block(b, block);
}

/* ---- arrays ------------------------------------------------------------------------------- */

static gv_status start_segments(gv_context *ctx, const builder *b, gv_error *err)
{
    const int64_t blocks = gv_blocks(b->walk->n);
    b->out->segment = gv_alloc_zero(ctx, b->out->n, sizeof *b->out->segment);
    if (b->out->segment == NULL)
        return gv_no_memory(ctx, "ppr: segments", err);
    for (int i = 0; i < b->out->n; i++) {
        ppr_segment *s = &b->out->segment[i];
        s->block_visit = gv_alloc_zero(ctx, blocks + 1, sizeof *s->block_visit);
        s->block_edge = gv_alloc_zero(ctx, blocks + 1, sizeof *s->block_edge);
        if (s->block_visit == NULL || s->block_edge == NULL)
            return gv_no_memory(ctx, "ppr: blocks of a segment", err);
    }
    return GV_OK;
}

/* One segment of places that are ids is what the graph has already. */
static gv_status room_for_edges(gv_context *ctx, const builder *b, gv_error *err)
{
    const int64_t blocks = gv_blocks(b->walk->n);
    const bool borrow = b->out->n == 1 && b->place == NULL;
    const int64_t first = b->walk->offset[0]; /* where the borrowed edges begin */
    for (int i = 0; i < b->out->n; i++) {
        ppr_segment *s = &b->out->segment[i];
        const int64_t visits = gv_prefix_sum(s->block_visit, blocks);
        const int64_t edges = gv_prefix_sum(s->block_edge, blocks);
        s->visit = gv_alloc(ctx, visits, sizeof *s->visit);
        if (!borrow)
            s->own_source = gv_alloc(ctx, edges, sizeof *s->own_source);
        if (!borrow && b->walk->p != NULL)
            s->own_p = gv_alloc(ctx, edges, sizeof *s->own_p);
        if (s->visit == NULL || (!borrow && s->own_source == NULL) ||
            (!borrow && b->walk->p != NULL && s->own_p == NULL))
            return gv_no_memory(ctx, "ppr: edges of a segment", err);
        s->source = borrow ? b->walk->source + first : s->own_source;
        s->p = borrow && b->walk->p != NULL ? b->walk->p + first : s->own_p;
    }
    return GV_OK;
}

gv_status ppr_segments_build(gv_context *ctx, const ppr_walk *walk, const gv_node *order,
                             const gv_node *place, const ppr_cut *cut, ppr_segments *out,
                             gv_error *err)
{
    const builder b = {walk, order, place, out};
    const int threads = gv_context_threads(ctx);
    *out = (ppr_segments){.n = cut->n, .width = cut->width};
    gv_status st = start_segments(ctx, &b, err);
    if (st == GV_OK) {
        count_blocks(&b, threads);
        st = room_for_edges(ctx, &b, err);
    }
    if (st == GV_OK)
        write_blocks(&b, threads);
    else
        ppr_segments_free(ctx, out);
    return st;
}

void ppr_segments_free(gv_context *ctx, ppr_segments *s)
{
    for (int i = 0; s->segment != NULL && !s->mapped && i < s->n; i++) {
        gv_free(ctx, s->segment[i].block_visit);
        gv_free(ctx, s->segment[i].block_edge);
        gv_free(ctx, s->segment[i].visit);
        gv_free(ctx, s->segment[i].own_source);
        gv_free(ctx, s->segment[i].own_p);
    }
    gv_free(ctx, s->segment);
    *s = (ppr_segments){0};
}
