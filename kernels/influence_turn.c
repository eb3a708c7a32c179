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

/* Entries whose counters are asked for before the first of them is used. */
enum { AHEAD = 64 };

/* Targets of the notes [i, i + n) of a row-ordered part, in turn; *v is the row of the first one
 * and then of the next. */
static void find_targets(const influence_batch *b, int64_t i, int64_t n, int64_t *v,
                         gv_node *source, gv_node *target)
{
    const int64_t *indptr = b->m->evidence.indptr;
    for (int64_t j = 0; j < n; j++) {
        while (i + j >= indptr[*v + 1])
            ++*v;
        source[j] = (gv_node)*v;
        target[j] = b->g->out.indices[b->g->out.indptr[*v] + b->note[i + j].other];
    }
}

static void count_part(const influence_batch *b, int64_t part, int64_t parts)
{
    const int64_t *indptr = b->m->evidence.indptr;
    const int64_t last = indptr[part_begin(b, part + 1, parts)];
    int64_t v = part_begin(b, part, parts);
    int32_t *restrict count = b->cursor + part * b->g->n_nodes;
    gv_node source[AHEAD], target[AHEAD];
    memset(count, 0, (size_t)b->g->n_nodes * sizeof *count);
    for (int64_t i = indptr[v], n; i < last; i += n) {
        n = last - i < AHEAD ? last - i : AHEAD;
        find_targets(b, i, n, &v, source, target);
        for (int64_t j = 0; j < n; j++)
            __builtin_prefetch(count + target[j], 1);
        for (int64_t j = 0; j < n; j++)
            count[target[j]]++;
    }
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
    const int64_t last = indptr[part_begin(b, part + 1, parts)];
    int64_t v = part_begin(b, part, parts);
    int32_t *restrict cursor = b->cursor + part * b->g->n_nodes;
    gv_node source[AHEAD], target[AHEAD];
    influence_note *to[AHEAD];
    for (int64_t i = indptr[v], n; i < last; i += n) {
        n = last - i < AHEAD ? last - i : AHEAD;
        find_targets(b, i, n, &v, source, target);
        for (int64_t j = 0; j < n; j++) {
            __builtin_prefetch(cursor + target[j], 1);
            __builtin_prefetch(b->reply_begin + target[j]);
        }
        for (int64_t j = 0; j < n; j++) {
            to[j] = &b->reply[b->reply_begin[target[j]] + cursor[target[j]]++];
            __builtin_prefetch(to[j], 1);
        }
        for (int64_t j = 0; j < n; j++) {
            *to[j] = b->note[i + j];
            to[j]->other = source[j];
        }
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
