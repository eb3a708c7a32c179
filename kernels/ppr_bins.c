/* ppr_bins.c -- propagation blocking with bins that are the same for any number of threads.
 *
 * Where rows have few edges from any segment of sources, gathering is one cache miss an edge. Here
 * each source writes its share, edge by edge, to the bin of the row that the edge ends in; then a
 * bin, whose rows fit a cache, adds up what it got (Beamer, Asanovic, Patterson, "Reducing Pagerank
 * communication via propagation blocking", IPDPS 2017). Shares leave a thread a cache line at a
 * time, past the caches.
 *
 * Deterministic: sources are cut into PPR_GROUPS groups by edges, and every pair of bin and group
 * has its own run of places. So a bin holds its edges in order of the sources, whichever thread
 * wrote them, and one thread adds them in that order. No races: runs do not overlap. */
#include <string.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/ppr_fast.h"

/* ---- arrays ------------------------------------------------------------------------------- */

static void cut_groups(const ppr_walk *walk, int64_t *group)
{
    const int64_t edges = walk->leave[walk->n];
    for (int64_t g = 0, v = 0; g <= PPR_GROUPS; g++) {
        const int64_t want = g < PPR_GROUPS ? edges / PPR_GROUPS * g : edges;
        while (v < walk->n && (g == PPR_GROUPS || walk->leave[v] < want))
            v++;
        group[g] = v;
    }
}

static void count_group(const ppr_walk *walk, const ppr_bins *bins, int64_t g)
{
    for (int64_t e = walk->leave[bins->group[g]]; e < walk->leave[bins->group[g + 1]]; e++)
        bins->count[bins->to[e] / PPR_BIN_ROWS * PPR_GROUPS + g]++;
}

static void write_group(const ppr_walk *walk, const ppr_bins *bins, int64_t g, int32_t *filled)
{
    memset(filled, 0, (size_t)bins->n * sizeof *filled);
    for (int64_t e = walk->leave[bins->group[g]]; e < walk->leave[bins->group[g + 1]]; e++) {
        const int64_t b = bins->to[e] / PPR_BIN_ROWS;
        bins->row[bins->start[b * (PPR_GROUPS + 1) + g] + filled[b]++] =
            (uint32_t)(bins->to[e] % PPR_BIN_ROWS);
    }
}

static void count_groups(const ppr_walk *walk, const ppr_bins *bins, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t g = 0; g < PPR_GROUPS; g++)
        count_group(walk, bins, g);
}

static void write_groups(const ppr_walk *walk, const ppr_bins *bins, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t g = 0; g < PPR_GROUPS; g++)
        write_group(walk, bins, g, bins->filled + gv_thread() * bins->n);
}

/* Runs start on a line of their own. Returns the room that all bins need. */
static int64_t place_runs(ppr_bins *bins)
{
    int64_t at = 0;
    for (int64_t b = 0; b < bins->n; b++) {
        for (int64_t g = 0; g < PPR_GROUPS; g++) {
            bins->start[b * (PPR_GROUPS + 1) + g] = at;
            at += (bins->count[b * PPR_GROUPS + g] + PPR_LINE - 1) / PPR_LINE * PPR_LINE;
        }
        bins->start[b * (PPR_GROUPS + 1) + PPR_GROUPS] = at;
    }
    return at;
}

gv_status ppr_bins_begin(gv_context *ctx, const ppr_walk *walk, const gv_csr *leave, int threads,
                         ppr_bins *out, gv_error *err)
{
    const int64_t n = (walk->n + PPR_BIN_ROWS - 1) / PPR_BIN_ROWS;
    if (walk->p != NULL && leave->probability == NULL && walk->leave[walk->n] > walk->leave[0])
        return gv_fail(err, GV_ERR_ARG,
                       "ppr: layout blocking needs the probabilities in both directions");
    *out = (ppr_bins){.n = n,
                      .to = leave->indices,
                      .weight = walk->p != NULL ? leave->probability : NULL,
                      .start = gv_alloc(ctx, n * (PPR_GROUPS + 1), sizeof *out->start),
                      .count = gv_alloc_zero(ctx, n * PPR_GROUPS, sizeof *out->count),
                      .group = gv_alloc(ctx, PPR_GROUPS + 1, sizeof *out->group),
                      .line = gv_alloc(ctx, threads * n * PPR_LINE, sizeof *out->line),
                      .filled = gv_alloc(ctx, threads * n, sizeof *out->filled)};
    bool fine = out->start != NULL && out->count != NULL && out->group != NULL &&
                out->line != NULL && out->filled != NULL;
    if (fine) {
        cut_groups(walk, out->group);
        count_groups(walk, out, threads);
        out->room = place_runs(out);
        out->value = gv_alloc(ctx, out->room, sizeof *out->value);
        fine = out->value != NULL;
    }
    return fine ? GV_OK : gv_no_memory(ctx, "ppr: bins of edges", err);
}

gv_status ppr_bins_fill(gv_context *ctx, const ppr_walk *walk, int threads, ppr_bins *out,
                        gv_error *err)
{
    out->row = gv_alloc_zero(ctx, out->room, sizeof *out->row);
    if (out->row == NULL)
        return gv_no_memory(ctx, "ppr: bins of edges", err);
    write_groups(walk, out, threads);
    return GV_OK;
}

void ppr_bins_free(gv_context *ctx, ppr_bins *bins)
{
    gv_free(ctx, bins->start);
    gv_free(ctx, bins->count);
    gv_free(ctx, bins->group);
    if (!bins->mapped)
        gv_free(ctx, bins->row);
    gv_free(ctx, bins->value);
    gv_free(ctx, bins->line);
    gv_free(ctx, bins->filled);
    *bins = (ppr_bins){0};
}

/* ---- scatter ------------------------------------------------------------------------------ */

/* Writes a full line past the caches, which have better things to hold. */
static inline void flush_line(float *to, const float *line)
{
#if defined(__x86_64__)
    for (int i = 0; i < PPR_LINE; i += 4)
        _mm_stream_ps(to + i, _mm_load_ps(line + i));
#else
    memcpy(to, line, PPR_LINE * sizeof *line);
#endif
}

static inline void fence(void)
{
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

static void scatter_group(const ppr_walk *walk, const ppr_bins *bins, const float *share, int64_t g,
                          float *restrict line, int32_t *restrict filled)
{
    const gv_node *restrict to = bins->to;
    const float *restrict weight = bins->weight;
    memset(filled, 0, (size_t)bins->n * sizeof *filled);
    for (int64_t v = bins->group[g]; v < bins->group[g + 1]; v++) {
        const float x = share[v];
        for (int64_t e = walk->leave[v]; e < walk->leave[v + 1]; e++) {
            const int64_t b = to[e] / PPR_BIN_ROWS;
            const int32_t at = filled[b]++;
            line[b * PPR_LINE + at % PPR_LINE] = weight != NULL ? x * weight[e] : x;
            if (at % PPR_LINE == PPR_LINE - 1)
                flush_line(bins->value + bins->start[b * (PPR_GROUPS + 1) + g] + at + 1 - PPR_LINE,
                           line + b * PPR_LINE);
        }
    }
    for (int64_t b = 0; b < bins->n; b++) {
        const int32_t rest = filled[b] % PPR_LINE;
        memcpy(bins->value + bins->start[b * (PPR_GROUPS + 1) + g] + filled[b] - rest,
               line + b * PPR_LINE, (size_t)rest * sizeof *line);
    }
    fence();
}

void ppr_bins_scatter(const ppr_walk *walk, const ppr_bins *bins, const float *share, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t g = 0; g < PPR_GROUPS; g++)
        scatter_group(walk, bins, share, g, bins->line + gv_thread() * bins->n * PPR_LINE,
                      bins->filled + gv_thread() * bins->n);
}

/* ---- gather ------------------------------------------------------------------------------- */

void ppr_bins_gather(const ppr_bins *bins, int64_t b, int64_t n_rows, double *sum)
{
    const uint32_t *restrict row = bins->row;
    const float *restrict value = bins->value;
    memset(sum, 0, (size_t)n_rows * sizeof *sum);
    for (int64_t g = 0; g < PPR_GROUPS; g++) {
        const int64_t begin = bins->start[b * (PPR_GROUPS + 1) + g];
        const int64_t end = begin + bins->count[b * PPR_GROUPS + g];
        for (int64_t i = begin; i < end; i++)
            sum[row[i]] += (double)value[i];
    }
}
