/* influence_turn.c -- what the evidence of edges v -> u says, by target u: a counting sort.
 *
 * Blocks of sources are cut into a few parts. Each counts its notes by target, in counters of its
 * own; added up in the order of targets and parts, the counts say where each note goes. So a row by
 * target is in the order of sources whatever the number of parts, and there is nothing to sort.
 *
 * No races: a part has its own counters, and places of its own in each row. The counters lie in the
 * memory of i2, which the second pass then fills. */
#include "engine/parallel.h"
#include "kernels/influence_span.h"

/* Entries whose counters are asked for before the first of them is used; parts at most; blocks
 * after which the edges that were read are given back. */
enum { AHEAD = 64, MOST_PARTS = 4, CHUNK = 256 };

/* A part at work: some entries in turn. */
typedef struct turning {
    const influence_batch *b;
    influence_count *count; /* [n_nodes], of the part */
    gv_node target[AHEAD];
    uint32_t from[AHEAD + 8]; /* as it is written in eights */
} turning;

typedef void take_notes(turning *t, int64_t i, int32_t n);

/* Sources of the entries [i, i + n), *v being that of the first one or before it, and then of the
 * last. Rows are short: to write eight at once spares a branch that nothing foretells. */
static void find_sources(turning *t, int64_t i, int32_t n, int64_t *v)
{
    const influence_batch *b = t->b;
    for (int32_t j = 0; j < n;) {
        const int64_t end = b->m->evidence.indptr[*v + 1] - i;
        for (int32_t k = j; k < n && k < end; k += 8)
            for (int32_t l = 0; l < 8; l++)
                t->from[k + l] = (uint32_t)*v << b->slot_bits;
        j = end < n ? (int32_t)end : n;
        *v += end < n;
    }
    for (int32_t j = 0; j < n; j++)
        t->from[j] |= b->place[i + j] % GV_SLICE;
}

static void pass_block(turning *t, int64_t block, take_notes *take)
{
    const influence_batch *b = t->b;
    span s = span_before(block * GV_BLOCK);
    int64_t v = block * GV_BLOCK, i = b->m->evidence.indptr[v];
    while (span_next(b->g, gv_block_end(block, b->g->n_nodes), &s)) {
        const int64_t end = span_known_end(b, &s, i);
        const gv_node *target = b->g->out.indices + s.first;
        for (int32_t k; i < end; i += k) {
            k = (int32_t)(end - i < AHEAD ? end - i : AHEAD);
            for (int32_t j = 0; j < k; j++)
                t->target[j] = target[b->place[i + j] / GV_SLICE];
            find_sources(t, i, k, &v);
            take(t, i, k);
        }
    }
}

/* Hands the notes of the blocks [first, last) to `take`, up to AHEAD at a time. */
static void pass_notes(turning *t, int64_t first, int64_t last, take_notes *take)
{
    const gv_graph *g = t->b->g;
    for (int64_t block = first; block < last; block += CHUNK) {
        const int64_t end = block + CHUNK < last ? block + CHUNK : last;
        for (int64_t i = block; i < end; i++)
            pass_block(t, i, take);
        gv_graph_rest(g, &g->out, block * GV_BLOCK, gv_block_end(end - 1, g->n_nodes));
        gv_model_rest(t->b->m, block * GV_BLOCK, gv_block_end(end - 1, g->n_nodes));
    }
}

static void count_notes(turning *t, int64_t i, int32_t n)
{
    (void)i;
    for (int32_t j = 0; j < n; j++)
        __builtin_prefetch(t->count + t->target[j], 1);
    for (int32_t j = 0; j < n; j++)
        t->count[t->target[j]]++;
}

static void move_notes(turning *t, int64_t i, int32_t n)
{
    const influence_batch *b = t->b;
    influence_reply *to[AHEAD];
    for (int32_t j = 0; j < n; j++)
        __builtin_prefetch(t->count + t->target[j], 1);
    for (int32_t j = 0; j < n; j++) {
        to[j] = b->reply + b->reply_block[t->target[j] / GV_BLOCK] + t->count[t->target[j]]++;
        __builtin_prefetch(to[j], 1);
    }
    for (int32_t j = 0; j < n; j++)
        *to[j] = (influence_reply){t->from[j], b->note[i + j].tie, b->note[i + j].more};
}

/* Counts become places among the replies of a block of targets; reply_begin, where the row of a
 * target begins, reply_block how many there are. */
static void find_places(const influence_batch *b, influence_count *count, int64_t parts,
                        int threads)
{
    const int64_t n = b->g->n_nodes, n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t block = 0; block < n_blocks; block++) {
        int64_t sum = 0;
        for (int64_t u = block * GV_BLOCK; u < gv_block_end(block, n); u++) {
            b->reply_begin[u] = (uint32_t)sum;
            for (int64_t part = 0; part < parts; part++) {
                const uint32_t here = count[part * n + u];
                count[part * n + u] = (uint32_t)sum;
                sum += here;
            }
        }
        b->reply_block[block] = sum;
        if (gv_block_end(block, n) == n)
            b->reply_begin[n] = (uint32_t)sum;
    }
}

static void run_parts(const influence_batch *b, influence_count *count, int64_t parts,
                      take_notes *take, int threads)
{
    const int64_t n = b->g->n_nodes, n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int64_t part = 0; part < parts; part++) {
        turning t = {.b = b, .count = count + part * n};
        if (take == count_notes)
            memset(t.count, 0, (size_t)n * sizeof *t.count);
        pass_notes(&t, n_blocks * part / parts, n_blocks * (part + 1) / parts, take);
    }
}

bool influence_turn(gv_context *ctx, const influence_batch *b)
{
    const int threads = gv_context_threads(ctx);
    const int64_t rows = b->slice.n < MOST_PARTS ? b->slice.n : MOST_PARTS;
    const int64_t parts = threads < rows ? threads : rows, n_blocks = gv_blocks(b->g->n_nodes);
    influence_count *count = (influence_count *)b->i2;
    run_parts(b, count, parts, count_notes, threads);
    find_places(b, count, parts, threads);
    for (int64_t block = 0; block < n_blocks; block++)
        if (b->reply_block[block] > UINT32_MAX)
            return false;
    gv_prefix_sum(b->reply_block, n_blocks);
    run_parts(b, count, parts, move_notes, threads);
    return true;
}
