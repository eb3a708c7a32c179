/* learn_evidence.c -- exposures and credits.
 *
 *   exposure(v -> u, z) = sum over items a of z that v adopted before u owned them of
 *                         F_z(min(window, T_end - t_v))
 *   credit(v -> u, z)   = sum over items a of z that u adopted in (t_v, t_v + window] of
 *                         1 / (number of u's in-neighbours that did so)
 *
 * in units of 2^-32. Nearly all edges of v have the same exposure, that of the pair (v, z); an
 * edge's own is less where u owned an item by the time v adopted it. So the log is only asked for
 * credits and for these deductions, both of which need u to have adopted the item too: memory grows
 * with co-adoptions, not with edges times topics. Each is emitted as a record (edge and topic,
 * amount) into the thread's own chunks; the records are then sorted and added up (learn_sums.c).
 * Sums are of integers, so neither threads nor the order of rows matter; the counters of pairs are
 * added to with atomics, since a consumer's purchases lie in many items.
 *
 * A credit of 2^32 units is shared by the rule; what rounding leaves over goes, unit by unit, to
 * the parents of the lowest nodes, so that the credits of a purchase add up to one. With EM a
 * parent is credited with p / (1 - prod (1 - p)), the chance that its purchase was among those that
 * worked.
 *
 * Source: partial credits are those of Goyal, Bonchi, Lakshmanan, "Learning influence probabilities
 * in social networks", WSDM 2010. */
#include <math.h>
#include <string.h>

#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "kernels/learn_parts.h"

/* Chunks double up to 16 MiB; freed ones beyond 4 go back to the system at once. */
enum { FIRST_CHUNK = (64 << 10) / 16 - 1, LAST_CHUNK = (16 << 20) / 16 - 1, FETCH_AHEAD = 8 };

/* ---- records --------------------------------------------------------------------------------- */

typedef struct chunk {
    struct chunk *next;
    int32_t n, room;
    gv_record record[];
} chunk;

typedef struct counting {
    gv_context *ctx;
    const gv_model *m;
    learn_pairs *pairs; /* NULL: counted before */
    const learn_rule *rule;
    const gv_graph *g;
    chunk **chunks; /* [threads], the latest first */
    bool failed;
} counting;

static void emit(counting *c, int64_t column, int64_t amount, uint64_t kind)
{
    chunk **mine = &c->chunks[gv_thread()];
    if (*mine == NULL || (*mine)->n == (*mine)->room) {
        const int32_t twice = *mine != NULL ? 2 * (*mine)->room + 1 : FIRST_CHUNK;
        const int32_t room = twice < LAST_CHUNK ? twice : LAST_CHUNK;
        chunk *fresh = gv_alloc(c->ctx, room + 1, sizeof *fresh->record);
        if (fresh == NULL) {
            __atomic_store_n(&c->failed, true, __ATOMIC_RELAXED);
            return;
        }
        fresh->next = *mine;
        fresh->n = 0;
        fresh->room = room;
        *mine = fresh;
    }
    (*mine)->record[(*mine)->n++] = (gv_record){(uint64_t)column, (uint64_t)amount | kind};
}

static void free_chunks(counting *c, int32_t threads)
{
    for (int32_t t = 0; t < threads && c->chunks != NULL; t++)
        while (c->chunks[t] != NULL) {
            chunk *next = c->chunks[t]->next;
            gv_free(c->ctx, c->chunks[t]);
            c->chunks[t] = next;
        }
    gv_free(c->ctx, c->chunks);
    c->chunks = NULL;
}

static int64_t list_chunks(const counting *c, gv_state_part *part)
{
    int64_t n = 0;
    for (int32_t t = 0; t < gv_context_threads(c->ctx); t++)
        for (chunk *k = c->chunks[t]; k != NULL; k = k->next, n++)
            if (part != NULL)
                part[n] = (gv_state_part){k->record, k->n * (int64_t)sizeof *k->record};
    return n;
}

static gv_status keep_counts(void *arg, int64_t next, gv_error *err)
{
    const counting *c = arg;
    const int64_t n = list_chunks(c, NULL);
    gv_state_part *part = gv_alloc(c->ctx, n, sizeof *part);
    if (part == NULL)
        return gv_no_memory(c->ctx, "learn", err);
    (void)list_chunks(c, part);
    const gv_status st = learn_keep_counts(c->m, next, part, n, err);
    gv_free(c->ctx, part);
    return st;
}

/* A chunk of the size that was kept, all of it in use, before those of the first thread. */
static bool add_chunk(counting *c, int64_t bytes)
{
    const int64_t n = bytes / (int64_t)sizeof(gv_record);
    chunk *fresh = gv_alloc(c->ctx, n + 1, sizeof *fresh->record);
    if (fresh == NULL)
        return false;
    *fresh = (chunk){.next = c->chunks[0], .n = (int32_t)n, .room = (int32_t)n};
    c->chunks[0] = fresh;
    return true;
}

/* Counters and records of an earlier run. */
static gv_status take_counts(counting *c, const learn_kept *kept, gv_error *err)
{
    gv_state_part *part = gv_alloc_zero(c->ctx, kept->chunks, sizeof *part);
    if (part == NULL)
        return gv_no_memory(c->ctx, "learn", err);
    gv_status st = GV_OK;
    if (kept->chunks > 0) /* asks for their sizes */
        st = learn_take_counts(c->m, part, kept->chunks, err);
    for (int64_t i = kept->chunks - 1; i >= 0 && st == GV_OK; i--)
        st = add_chunk(c, part[i].bytes) ? GV_OK : gv_no_memory(c->ctx, "learn", err);
    if (st == GV_OK) {
        (void)list_chunks(c, part);
        st = learn_take_counts(c->m, part, kept->chunks, err);
    }
    gv_free(c->ctx, part);
    return st;
}

/* All records in one array, in any order. */
static gv_record *join_chunks(counting *c, int32_t threads, int64_t *n)
{
    *n = 0;
    for (int32_t t = 0; t < threads; t++)
        for (const chunk *k = c->chunks[t]; k != NULL; k = k->next)
            *n += k->n;
    gv_record *record = gv_alloc(c->ctx, *n, sizeof *record);
    int64_t at = 0;
    for (int32_t t = 0; t < threads && record != NULL; t++)
        while (c->chunks[t] != NULL) {
            chunk *k = c->chunks[t];
            memcpy(record + at, k->record, (size_t)k->n * sizeof *record);
            at += k->n;
            c->chunks[t] = k->next;
            gv_free(c->ctx, k);
        }
    return record;
}

/* ---- counting -------------------------------------------------------------------------------- */

static void add_i64(int64_t *counter, int64_t amount)
{
    __atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

static void add_i32(int32_t *counter, int32_t amount)
{
    __atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

static void raise_to(int64_t *counter, int64_t value)
{
    int64_t have = __atomic_load_n(counter, __ATOMIC_RELAXED);
    while (have < value && !__atomic_compare_exchange_n(counter, &have, value, true,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* Whether a purchase `later` than another, both in ticks, lies in its window. */
static bool prompted(int64_t earlier, int64_t later, int64_t window)
{
    return earlier < later && later - earlier <= window;
}

/* In how many permuted logs the adopter at i has a friend's purchase in the window before. */
static int32_t count_shuffled(const learn_item *item, int32_t i, const int32_t *friend, int32_t n,
                              int64_t window)
{
    const int64_t *restrict time = item->time;
    int32_t count = 0;
    for (int32_t p = 0; p < GV_SHUFFLES; p++) {
        const int32_t *restrict order = item->shuffle + (int64_t)p * item->n;
        const int64_t t = time[order[i]];
        int32_t j = 0;
        while (j < n && !prompted(time[order[friend[j]]], t, window))
            j++;
        count += j < n;
    }
    return count;
}

static int64_t column_of(const counting *c, const learn_item *item, int32_t from, int32_t to)
{
    const int64_t e = gv_csr_find(&c->g->out, item->user[from], item->user[to]);
    return e * c->m->n_topics + item->topic;
}

/* What parent `f` of adopter `i` weighs in sharing the credit. */
static double weight_of(const counting *c, const learn_scan *s, const learn_item *item, int32_t i,
                        int32_t f)
{
    const learn_rule *rule = c->rule;
    const double waited = (double)((item->time[i] - item->time[f]) * s->tick);
    if (rule->prior != NULL)
        return gv_model_edge(rule->prior, item->user[f], item->user[i],
                             gv_csr_find(&c->g->out, item->user[f], item->user[i]), item->topic);
    if (rule->method == GV_LEARN_PARTIAL_CREDIT && rule->credit == GV_CREDIT_DECAY)
        return exp(-waited / s->delay[item->topic]);
    return 1.0;
}

/* Keeps the earliest or the latest parents alone; returns how many. */
static int32_t keep_extreme(const learn_item *item, int32_t *parent, int32_t n, bool latest)
{
    int64_t best = item->time[parent[0]];
    int32_t kept = 0;
    for (int32_t j = 1; j < n; j++) {
        const int64_t t = item->time[parent[j]];
        best = (latest ? t > best : t < best) ? t : best;
    }
    for (int32_t j = 0; j < n; j++)
        if (item->time[parent[j]] == best)
            parent[kept++] = parent[j];
    return kept;
}

/* The whole that shares are parts of: the sum of weights, or the chance that any parent did it. */
static double whole_of(const counting *c, const learn_scan *s, const learn_item *item, int32_t i,
                       const int32_t *parent, int32_t n)
{
    double sum = 0.0, none = 1.0;
    for (int32_t j = 0; j < n; j++) {
        const double w = weight_of(c, s, item, i, parent[j]);
        sum += w;
        none *= 1.0 - w;
    }
    return c->rule->prior != NULL ? 1.0 - none : sum;
}

/* Credits the parents [n] of adopter i, n > 0, in ascending order of nodes. */
static void credit_parents(counting *c, const learn_scan *s, const learn_item *item, int32_t i,
                           int32_t *parent, int32_t n)
{
    const learn_rule *rule = c->rule;
    const bool partial = rule->method == GV_LEARN_PARTIAL_CREDIT;
    const bool each = rule->method == GV_LEARN_BERNOULLI || rule->method == GV_LEARN_JACCARD;
    if (partial && (rule->credit == GV_CREDIT_FIRST || rule->credit == GV_CREDIT_LAST))
        n = keep_extreme(item, parent, n, rule->credit == GV_CREDIT_LAST);
    const bool weighted = rule->prior != NULL || (partial && rule->credit == GV_CREDIT_DECAY);
    const double whole = weighted ? whole_of(c, s, item, i, parent, n) : 0.0;
    int64_t left = each || rule->prior != NULL ? 0 : item->share;
    for (int32_t pass = 0; pass < 2; pass++) /* the first finds what rounding leaves over */
        for (int32_t j = 0; j < n; j++) {
            int64_t share = each ? item->share : item->share / n;
            if (whole > 0.0)
                share =
                    (int64_t)(weight_of(c, s, item, i, parent[j]) / whole * (double)item->share);
            share = share < item->share ? share : item->share;
            if (pass == 0 && !each && rule->prior == NULL)
                left -= share;
            if (pass == 0)
                continue;
            share += left > 0;
            left -= left > 0;
            if (share > 0)
                emit(c, column_of(c, item, parent[j], i), share, LEARN_CREDIT);
        }
}

/* Credits of the parents of adopter i, deductions of the friends who came too late. Of a friend's
 * spells the latest in the window counts, if the adopter did not own the item then. */
static void count_edges(counting *c, const learn_scan *s, const learn_item *item, int32_t i,
                        int32_t *friend, int32_t n, int64_t window)
{
    const int64_t t = item->time[i], owned_to = learn_owned_to(s, item, i);
    const int64_t free_from = learn_free_from(s, item, i);
    int32_t parents = 0;
    for (int32_t j = 0; j < n; j++) {
        const int32_t f = friend[j];
        if (item->time[f] >= t && item->time[f] < owned_to && item->seen[f] > 0)
            emit(c, column_of(c, item, f, i), item->seen[f], 0);
        const bool again = parents > 0 && item->user[friend[parents - 1]] == item->user[f];
        if (!again && item->time[f] >= free_from && prompted(item->time[f], t, window))
            friend[parents++] = f;
    }
    if (parents > 0)
        credit_parents(c, s, item, i, friend, parents);
}

/* The pairs of adopters some places ahead. */
static void fetch_pair(const counting *c, const learn_item *item, int32_t i)
{
    const gv_pairs *pairs = &c->m->pairs;
    if (i + 2 * FETCH_AHEAD < item->n)
        __builtin_prefetch(pairs->indptr + item->user[i + 2 * FETCH_AHEAD]);
    if (i + FETCH_AHEAD < item->n) {
        const int64_t at = pairs->indptr[item->user[i + FETCH_AHEAD]];
        __builtin_prefetch(pairs->topic + at);
        __builtin_prefetch(c->pairs->exposure + at, 1);
        __builtin_prefetch(c->pairs->last + at, 1);
        __builtin_prefetch(c->pairs->total + at, 1);
        __builtin_prefetch(c->pairs->shuffled + at, 1);
    }
}

static void count_adopters(void *arg, const learn_scan *s, const learn_item *item, int32_t *friend,
                           int32_t begin, int32_t end)
{
    counting *c = arg;
    const int64_t window = s->window[item->topic] / s->tick;
    for (int32_t i = begin; i < end; i++) {
        learn_fetch(s, item, i);
        if (c->pairs != NULL)
            fetch_pair(c, item, i);
        const int32_t n = learn_friends(s, item, i, friend);
        int32_t parents = 0;
        for (int32_t j = 0; j < n; j++)
            parents += prompted(item->time[friend[j]], item->time[i], window);
        if (c->pairs != NULL) {
            const int64_t pair = gv_model_pair(c->m, item->user[i], item->topic);
            add_i64(&c->pairs->exposure[pair], item->seen[i]);
            add_i32(&c->pairs->total[pair], 1);
            raise_to(&c->pairs->last[pair], s->origin + item->last[i] * s->tick);
            if (parents > 0)
                add_i32(&c->pairs->observed[pair], 1);
            if (n > 0)
                add_i32(&c->pairs->shuffled[pair], count_shuffled(item, i, friend, n, window));
        }
        if (n > 0)
            count_edges(c, s, item, i, friend, n, window);
    }
}

/* ---- all ------------------------------------------------------------------------------------- */

gv_status learn_count(learn_scan *s, const learn_rule *rule, const learn_kept *kept, gv_model *m,
                      learn_pairs *pairs, gv_error *err)
{
    gv_context *ctx = s->ctx;
    const int32_t threads = gv_context_threads(ctx);
    counting c = {.ctx = ctx, .m = m, .pairs = pairs, .rule = rule, .g = s->g};
    gv_record *record = NULL;
    int64_t n = 0;
    gv_status st;
    c.chunks = gv_alloc_zero(ctx, threads, sizeof *c.chunks);
    if (c.chunks == NULL)
        return gv_no_memory(ctx, "learn", err);
    const bool goes_on = kept != NULL && kept->found && kept->phase == LEARN_CREDITS;
    st = goes_on ? take_counts(&c, kept, err) : GV_OK;
    s->from = goes_on ? kept->next : 0;
    s->pause = pairs != NULL ? keep_counts : NULL;
    if (st == GV_OK)
        st = learn_scan_items(s, "learn: credits", pairs != NULL ? GV_SHUFFLES : 0, count_adopters,
                              &c, &c.failed, err);
    s->from = 0;
    s->pause = NULL;
    if (st != GV_OK)
        goto done;
    gv_graph_rest(s->g, &s->g->out, 0, s->g->n_nodes);
    gv_graph_rest(s->g, &s->g->in, 0, s->g->n_nodes);
    record = join_chunks(&c, threads, &n);
    if (record == NULL) {
        st = gv_no_memory(ctx, "learn", err);
        goto done;
    }
    st = gv_sort_records(ctx, record, n, err);
    if (st == GV_OK)
        st = learn_sum_records(s->g, record, n, m, err);
done:
    gv_free(ctx, record);
    free_chunks(&c, threads);
    return st;
}
