/* influence_post.c -- replies by target: packets, and the sort of a range. */
#include "kernels/influence_post.h"

#include <string.h>

#include "engine/memory.h"
#include "kernels/influence_span.h"

bool influence_post_make(gv_context *ctx, influence_post *p, const gv_csr *out, int64_t n_nodes,
                         int64_t n_evidence)
{
    const int32_t threads = gv_context_threads(ctx), shift = influence_range_shift(n_nodes);
    const int64_t n_ranges = influence_ranges(n_nodes, shift),
                  packets = influence_packets(n_nodes, n_evidence, threads);
    *p = (influence_post){
        .out = out, .n_nodes = n_nodes, .n_ranges = n_ranges, .shift = shift, .n_threads = threads};
    p->letter = gv_alloc(ctx, packets * INFLUENCE_PACKET, sizeof *p->letter);
    p->before = gv_alloc(ctx, packets, sizeof *p->before);
    p->run_packets = influence_run_packets(n_evidence);
    p->run = gv_alloc(ctx, threads, sizeof *p->run);
    p->next = gv_alloc(ctx, threads * n_ranges, sizeof *p->next);
    p->letters = gv_alloc(ctx, n_ranges, sizeof *p->letters);
    p->begin = gv_alloc(ctx, GV_STRETCH + 1, sizeof *p->begin);
    p->room = influence_room(n_nodes, n_evidence);
    p->reply = gv_alloc(ctx, p->room, sizeof *p->reply);
    return p->letter != NULL && p->before != NULL && p->run != NULL && p->next != NULL &&
           p->letters != NULL && p->begin != NULL && p->reply != NULL;
}

void influence_post_free(gv_context *ctx, influence_post *p)
{
    gv_free(ctx, p->reply);
    gv_free(ctx, p->begin);
    gv_free(ctx, p->letters);
    gv_free(ctx, p->next);
    gv_free(ctx, p->run);
    gv_free(ctx, p->before);
    gv_free(ctx, p->letter);
}

void influence_post_clear(influence_post *p)
{
    memset(p->next, 0, (size_t)(p->n_threads * p->n_ranges) * sizeof *p->next);
    memset(p->run, 0, (size_t)p->n_threads * sizeof *p->run);
    p->packets = 0;
}

int64_t influence_post_packet(influence_post *p, int64_t next)
{
    influence_run *r = p->run + gv_thread();
    if (r->next == r->end) {
        r->next = atomic_fetch_add_explicit(&p->packets, p->run_packets, memory_order_relaxed);
        r->end = r->next + p->run_packets;
    }
    const int64_t packet = r->next++;
    p->before[packet] = (int32_t)(next / INFLUENCE_PACKET) - 1;
    return packet * INFLUENCE_PACKET;
}

typedef void take_letters(influence_post *p, const influence_letter *letter, int32_t n);

/* The one before it, which is opened next, lies somewhere else. */
static void take_packet(influence_post *p, int64_t i, int32_t n, take_letters *take)
{
    if (p->before[i] >= 0) {
        const influence_letter *next = p->letter + (int64_t)p->before[i] * INFLUENCE_PACKET;
        span_fetch(next, next + INFLUENCE_PACKET);
    }
    take(p, p->letter + i * INFLUENCE_PACKET, n);
}

/* Hands the letters to a range to `take`, packet by packet, if it is not NULL. Returns how many
 * there are. */
static int64_t open_packets(influence_post *p, int64_t range, take_letters *take)
{
    int64_t sum = 0;
    for (int32_t thread = 0; thread < p->n_threads; thread++) {
        const int64_t last = p->next[thread * p->n_ranges + range] + INFLUENCE_PACKET - 1;
        int32_t n = (int32_t)(last % INFLUENCE_PACKET) + 1;
        for (int64_t i = last / INFLUENCE_PACKET - 1; i >= 0; i = p->before[i]) {
            sum += n;
            if (take != NULL)
                take_packet(p, i, n, take);
            n = INFLUENCE_PACKET;
        }
    }
    return sum;
}

bool influence_post_close(gv_context *ctx, influence_post *p)
{
    int64_t most = 0;
    for (int64_t range = 0; range < p->n_ranges; range++) {
        p->letters[range] = open_packets(p, range, NULL);
        most = p->letters[range] > most ? p->letters[range] : most;
    }
    if (most <= p->room)
        return true;
    gv_free(ctx, p->reply);
    p->room = most;
    p->reply = gv_alloc(ctx, p->room, sizeof *p->reply);
    return p->reply != NULL;
}

static void count_letters(influence_post *p, const influence_letter *letter, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        p->begin[letter[i].to - p->first + 1]++;
}

static void move_letters(influence_post *p, const influence_letter *letter, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        p->reply[p->begin[letter[i].to - p->first + 1]++] = letter[i].reply;
}

/* Lets reply i sink to where none of those below it, 2 i + 1 and 2 i + 2, is larger. */
static void sink(influence_reply *reply, int64_t i, int64_t n)
{
    const influence_reply a = reply[i];
    for (int64_t below; (below = 2 * i + 1) < n; i = below) {
        below += below + 1 < n && reply[below + 1].from > reply[below].from;
        if (reply[below].from <= a.from)
            break;
        reply[i] = reply[below];
    }
    reply[i] = a;
}

/* Heapsort: in place, and never slow. */
static void sort_by_source(influence_reply *reply, int64_t n)
{
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sink(reply, i, n);
    for (int64_t last = n - 1; last > 0; last--) {
        const influence_reply a = reply[0];
        reply[0] = reply[last];
        reply[last] = a;
        sink(reply, 0, last);
    }
}

/* While letters are moved, begin[u + 1] is where the next one to u goes; after, where they end. */
static void sort_range(influence_post *p, int64_t range, int64_t offset)
{
    const int64_t u = range << p->shift, left = p->n_nodes - u,
                  n = left < INT64_C(1) << p->shift ? left : INT64_C(1) << p->shift;
    int64_t *end = p->begin + (u - p->first) + 1;
    memset(end, 0, (size_t)n * sizeof *end);
    open_packets(p, range, count_letters);
    for (int64_t i = 0, sum = offset; i < n; i++) {
        const int64_t here = end[i];
        end[i] = sum;
        sum += here;
    }
    open_packets(p, range, move_letters);
    for (int64_t i = 0; i < n; i++)
        if (gv_csr_degree(p->out, (gv_node)(u + i)) > EDGES) {
            const int64_t from = i > 0 ? end[i - 1] : offset;
            sort_by_source(p->reply + from, end[i] - from);
        }
}

int64_t influence_post_sort(gv_context *ctx, influence_post *p, int64_t first)
{
    int64_t offset[GV_STRETCH / GV_BLOCK + 1]; /* a range is a block at least */
    const int64_t begin = first >> p->shift, most = GV_STRETCH >> p->shift;
    int64_t n = 0;
    offset[0] = 0;
    for (; n < most && begin + n < p->n_ranges; n++) {
        offset[n + 1] = offset[n] + p->letters[begin + n];
        if (n > 0 && offset[n + 1] > p->room)
            break;
    }
    p->first = first;
    p->begin[0] = 0;
    const int threads = gv_context_threads(ctx);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < n; i++)
        sort_range(p, begin + i, offset[i]);
    const int64_t end = (begin + n) << p->shift;
    p->end = end < p->n_nodes ? end : p->n_nodes;
    return p->end;
}
