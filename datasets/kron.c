/* kron.c -- Kronecker graphs (R-MAT), edge by edge.
 *
 * Each of `scale` levels puts an edge into one quarter of the adjacency matrix, with the chances
 * .57 (neither bit set), .19 (the target's), .19 (the source's) and .05 (both): Chakrabarti, Zhan,
 * Faloutsos, "R-MAT", SDM 2004, with the parameters of Graph500 and of Beamer, Asanovic, Patterson,
 * "The GAP benchmark suite", 2015. Ids then go through a keyed permutation (pairing.h), so that a
 * small number does not mean a large degree.
 *
 * An edge is a function of (seed, its number): bits of a Philox number for each six levels. */
#include <inttypes.h>

#include "datasets/pairing.h"
#include "engine/edge_stream.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/rng.h"

enum { MAX_SCALE = 30, MAX_FACTOR = 1024, LEVEL_BITS = 21, LEVELS_A_WORD = 3 };

/* .57, .57 + .19, .57 + 2 * .19 in units of 2^-21. */
static const uint64_t up_to_a = 1195376, up_to_b = 1593835, up_to_c = 1992294;

typedef struct kron {
    uint64_t key;
    int32_t scale;
    gv_pairing ids;
} kron;

GV_API gv_kron_opts gv_kron_defaults(void)
{
    return (gv_kron_opts){.scale = 16, .edge_factor = 16, .undirected = false, .seed = 1};
}

/* Takes the next levels, as many as a word has or are left. */
static int32_t descend(uint64_t word, int32_t levels, uint64_t *u, uint64_t *v)
{
    const int32_t n = levels < LEVELS_A_WORD ? levels : LEVELS_A_WORD;
    for (int32_t i = 0; i < n; i++, word >>= LEVEL_BITS) {
        const uint64_t x = word & ((1 << LEVEL_BITS) - 1);
        *u = *u << 1 | (x >= up_to_b);
        *v = *v << 1 | ((x >= up_to_a) & ((x < up_to_b) | (x >= up_to_c)));
    }
    return n;
}

static void fill(const gv_edge_stream *s, int64_t first, int64_t n, int64_t *src, int64_t *dst)
{
    const kron *k = s->data;
    for (int64_t i = 0; i < n; i++) {
        uint64_t u = 0, v = 0;
        int32_t left = k->scale;
        for (uint64_t draw = 0; left > 0; draw++) {
            const gv_random r = gv_philox(k->key, (uint64_t)(first + i), draw);
            left -= descend(gv_random_u64(r, 0), left, &u, &v);
            left -= descend(gv_random_u64(r, 1), left, &u, &v);
        }
        src[i] = gv_pairing_position(&k->ids, (int64_t)u);
        dst[i] = gv_pairing_position(&k->ids, (int64_t)v);
    }
}

static gv_status check(const gv_kron_opts *o, gv_error *err)
{
    if (o->scale < 1 || o->scale > MAX_SCALE)
        return gv_fail(err, GV_ERR_RANGE, "scale %d is not in [1, %d]", o->scale, MAX_SCALE);
    if (o->edge_factor < 1 || o->edge_factor > MAX_FACTOR)
        return gv_fail(err, GV_ERR_RANGE, "edge factor %" PRId64 " is not in [1, %d]",
                       o->edge_factor, MAX_FACTOR);
    return GV_OK;
}

GV_API gv_status gv_kron_open(gv_context *ctx, const gv_kron_opts *opts, gv_edge_stream **out,
                              gv_error *err)
{
    const gv_kron_opts o = opts != NULL ? *opts : gv_kron_defaults();
    const gv_status st = check(&o, err);
    if (st != GV_OK)
        return st;
    gv_edge_stream *s = gv_alloc(ctx, 1, sizeof *s);
    kron *k = gv_alloc(ctx, 1, sizeof *k);
    if (s == NULL || k == NULL) {
        gv_free(ctx, k);
        gv_free(ctx, s);
        return gv_no_memory(ctx, "edges", err);
    }
    const int64_t n = INT64_C(1) << o.scale;
    *k = (kron){.key = gv_key(o.seed, GV_FOR_KRON),
                .scale = o.scale,
                .ids = gv_pairing_make(gv_key(o.seed, GV_FOR_KRON_IDS), n)};
    *s = (gv_edge_stream){.ctx = ctx,
                          .n_ids = n,
                          .n_edges = o.edge_factor << o.scale,
                          .undirected = o.undirected,
                          .fill = fill,
                          .data = k};
    *out = s;
    return GV_OK;
}

GV_API void gv_edge_stream_free(gv_edge_stream *stream)
{
    if (stream == NULL)
        return;
    gv_free(stream->ctx, stream->data);
    gv_free(stream->ctx, stream);
}

GV_API int64_t gv_edge_stream_edges(const gv_edge_stream *stream)
{
    return stream->n_edges;
}

GV_API gv_status gv_edge_stream_get(const gv_edge_stream *stream, int64_t first, int64_t n,
                                    int64_t *src, int64_t *dst, gv_error *err)
{
    if (first < 0 || n < 0 || first > stream->n_edges - n)
        return gv_fail(err, GV_ERR_RANGE,
                       "edges %" PRId64 " to %" PRId64 " are not all in [0, %" PRId64 ")", first,
                       first + n, stream->n_edges);
    stream->fill(stream, first, n, src, dst);
    return GV_OK;
}
