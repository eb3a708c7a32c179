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
    p->desk = gv_alloc(ctx, threads, sizeof *p->desk);
    p->begin = gv_alloc(ctx, threads * ((INT64_C(1) << shift) + 1), sizeof *p->begin);
    p->from = gv_alloc(ctx, n_ranges, sizeof *p->from);
    p->room = influence_room(n_nodes, n_evidence, threads);
    p->reply = gv_alloc(ctx, p->room, sizeof *p->reply);
    return p->letter != NULL && p->before != NULL && p->run != NULL && p->next != NULL &&
           p->desk != NULL && p->begin != NULL && p->from != NULL && p->reply != NULL;
}

void influence_post_free(gv_context *ctx, influence_post *p)
{
    gv_free(ctx, p->reply);
    gv_free(ctx, p->from);
    gv_free(ctx, p->begin);
    gv_free(ctx, p->desk);
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

typedef void take_letters(influence_desk *desk, const influence_letter *letter, int32_t n);

/* The one before it, which is opened next, lies somewhere else. */
static void take_packet(const influence_post *p, int64_t i, int32_t n, influence_desk *desk,
                        take_letters *take)
{
    if (p->before[i] >= 0) {
        const influence_letter *next = p->letter + (int64_t)p->before[i] * INFLUENCE_PACKET;
        span_fetch(next, next + INFLUENCE_PACKET);
    }
    take(desk, p->letter + i * INFLUENCE_PACKET, n);
}

/* Hands the letters to a range to `take`, packet by packet, if it is not NULL. Returns how many
 * there are. */
static int64_t open_packets(const influence_post *p, int64_t range, influence_desk *desk,
                            take_letters *take)
{
    int64_t sum = 0;
    for (int32_t thread = 0; thread < p->n_threads; thread++) {
        const int64_t last = p->next[thread * p->n_ranges + range] + INFLUENCE_PACKET - 1;
        int32_t n = (int32_t)(last % INFLUENCE_PACKET) + 1;
        for (int64_t i = last / INFLUENCE_PACKET - 1; i >= 0; i = p->before[i]) {
            sum += n;
            if (take != NULL)
                take_packet(p, i, n, desk, take);
            n = INFLUENCE_PACKET;
        }
    }
    return sum;
}

static bool make_room(gv_context *ctx, influence_post *p, int64_t replies)
{
    if (replies <= p->room)
        return true;
    gv_free(ctx, p->reply);
    p->room = replies;
    p->reply = gv_alloc(ctx, p->room, sizeof *p->reply);
    return p->reply != NULL;
}

bool influence_post_close(gv_context *ctx, influence_post *p)
{
    int64_t most = 0, sum = 0;
    for (int64_t range = 0; range < p->n_ranges; range++) {
        const int64_t letters = open_packets(p, range, NULL, NULL);
        p->from[range] = sum;
        sum += letters;
        most = letters > most ? letters : most;
    }
    p->part = most * p->n_threads <= sum ? most : 0;
    return make_room(ctx, p, p->part > 0 ? most * p->n_threads : sum);
}

static void count_letters(influence_desk *desk, const influence_letter *letter, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        desk->begin[letter[i].to - desk->first + 1]++;
}

static void move_letters(influence_desk *desk, const influence_letter *letter, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        desk->reply[desk->begin[letter[i].to - desk->first + 1]++] = letter[i].reply;
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
void influence_post_sort(influence_post *p, int64_t range)
{
    const int32_t thread = gv_thread();
    influence_desk *desk = p->desk + thread;
    const int64_t u = range << p->shift, left = p->n_nodes - u,
                  n = left < INT64_C(1) << p->shift ? left : INT64_C(1) << p->shift;
    desk->first = u;
    desk->end = u + n;
    desk->begin = p->begin + thread * ((INT64_C(1) << p->shift) + 1);
    desk->reply = p->reply + (p->part > 0 ? thread * p->part : p->from[range]);
    int64_t *end = desk->begin + 1;
    memset(desk->begin, 0, (size_t)(n + 1) * sizeof *end);
    open_packets(p, range, desk, count_letters);
    for (int64_t i = 0, sum = 0; i < n; i++) {
        const int64_t here = end[i];
        end[i] = sum;
        sum += here;
    }
    open_packets(p, range, desk, move_letters);
    for (int64_t i = 0; i < n; i++)
        if (gv_csr_degree(p->out, (gv_node)(u + i)) > EDGES)
            sort_by_source(desk->reply + desk->begin[i], end[i] - desk->begin[i]);
}
