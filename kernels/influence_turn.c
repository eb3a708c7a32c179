/* influence_turn.c -- what the evidence of edges v -> u says, by target u: a counting sort.
 *
 * Sources are cut into a few parts. Each counts its notes by target, in counters of its own; added
 * up in the order of targets and parts, the counts say where each note goes. So a row by target is
 * in the order of sources whatever the number of parts, and there is nothing to sort. */
#include "kernels/influence_batch.h"

#include <string.h>

#include "engine/parallel.h"

static int64_t part_begin(const influence_batch *b, int64_t part, int64_t parts)
{
    const int64_t n = b->g->n_nodes;
    return n / parts * part + (part < n % parts ? part : n % parts);
}

static void count_part(const influence_batch *b, int64_t part, int64_t parts)
{
    const int64_t *indptr = b->m->evidence.indptr;
    const int64_t last = indptr[part_begin(b, part + 1, parts)];
    int32_t *restrict count = b->cursor + part * b->g->n_nodes;
    memset(count, 0, (size_t)b->g->n_nodes * sizeof *count);
    for (int64_t i = indptr[part_begin(b, part, parts)]; i < last; i++)
        count[b->note[i].other]++;
}

/* Counts become places within the row of the target; reply_begin the lengths of rows. */
static void find_places(const influence_batch *b, int64_t parts, int threads)
{
    const int64_t n = b->g->n_nodes;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t u = 0; u < n; u++) {
        int32_t sum = 0;
        for (int64_t part = 0; part < parts; part++) {
            const int32_t count = b->cursor[part * n + u];
            b->cursor[part * n + u] = sum;
            sum += count;
        }
        b->reply_begin[u] = sum;
    }
}

static void move_part(const influence_batch *b, int64_t part, int64_t parts)
{
    const int64_t *indptr = b->m->evidence.indptr;
    const int64_t end = part_begin(b, part + 1, parts);
    int32_t *restrict cursor = b->cursor + part * b->g->n_nodes;
    for (int64_t v = part_begin(b, part, parts); v < end; v++)
        for (int64_t i = indptr[v]; i < indptr[v + 1]; i++) {
            const gv_node u = b->note[i].other;
            influence_note *to = &b->reply[b->reply_begin[u] + cursor[u]++];
            *to = b->note[i];
            to->other = (gv_node)v;
        }
}

void influence_turn(gv_context *ctx, const influence_batch *b)
{
    const int threads = gv_context_threads(ctx);
    const int64_t parts = influence_parts(threads), n = b->g->n_nodes;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int64_t part = 0; part < parts; part++)
        count_part(b, part, parts);
    find_places(b, parts, threads);
    gv_prefix_sum(b->reply_begin, n);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int64_t part = 0; part < parts; part++)
        move_part(b, part, parts);
}
