/* prospects.c -- who will probably buy next in a topic.
 *
 *   prospect u   : has no purchase in the topic, is among the round(share * n) most susceptible,
 * and has an in-neighbour v, flagged, whose last purchase in the topic lies in (end - window, end]
 *   probability  = 1 - prod over in-neighbours v with a purchase in the topic of (1 - p(v -> u))
 *   best friend  = the v of largest p, the lowest node on ties
 *
 * No races: each pass writes, for a consumer, only that consumer's own entries; a prospect's place
 * in the list comes from a prefix sum over blocks. Deterministic: the product runs in the order of
 * the in-edges; the final sort is by (probability as stored, node). */
#include <inttypes.h>
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "grapevine/influence.h"
#include "kernels/rank.h"

enum { OWNER = 1, ACTIVE = 2 }; /* bits of search.state */

typedef struct search {
    const gv_graph *g;
    const gv_model *m;
    int32_t topic;
    const int16_t *flag; /* [n_nodes] */
    uint8_t *state;      /* [n_nodes], OWNER; ACTIVE: flagged and bought within the window */
    uint8_t *chosen;     /* [n_nodes], 1 in the top share of susceptibility, then 1 for prospects */
    int64_t *before;     /* [blocks + 1], prospects in the blocks before */
} search;

/* The list before it is sorted: by node. */
typedef struct candidates {
    int64_t n;
    gv_node *node;        /* [n] */
    float *probability;   /* [n] */
    gv_node *best_friend; /* [n] */
} candidates;

/* What the caller gets: `list` first, so that a pointer to it is one to the whole. */
typedef struct owned_prospects {
    gv_prospects list;
    gv_context *ctx;
} owned_prospects;

static void find_state(const search *s, int threads)
{
    const gv_model *m = s->m;
    const double window = m->window[s->topic];
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t v = 0; v < m->n_nodes; v++) {
        const int64_t pair = gv_model_pair(m, (gv_node)v, s->topic);
        const int64_t last = pair < 0 ? 0 : m->pairs.last[pair];
        const bool recent =
            pair >= 0 && last <= m->time_end && (double)last > (double)m->time_end - window;
        s->state[v] = (uint8_t)((pair >= 0 ? OWNER : 0) | (recent && s->flag[v] != 0 ? ACTIVE : 0));
    }
}

/* Marks the top share of susceptibility in `chosen`. */
static gv_status choose_susceptible(gv_context *ctx, const search *s, const float *score,
                                    double share, gv_error *err)
{
    const int64_t n = s->m->n_nodes, wanted = gv_share_of(share, n);
    uint64_t *key = gv_alloc(ctx, n, sizeof *key);
    gv_status st = key == NULL ? gv_no_memory(ctx, "prospects", err) : GV_OK;
    if (st == GV_OK)
        st = gv_rank_keys(ctx, score, n, "prospects: susceptibility", key, err);
    if (st == GV_OK) {
#pragma omp parallel for num_threads(gv_context_threads(ctx)) schedule(static)
        for (int64_t i = 0; i < n; i++) /* the low half of a key is its node: each once */
            s->chosen[key[i] & UINT32_MAX] = i < wanted;
    }
    gv_free(ctx, key);
    return st;
}

static bool has_active_friend(const search *s, gv_node u)
{
    const gv_csr *in = &s->g->in;
    for (int64_t i = in->indptr[u]; i < in->indptr[u + 1]; i++)
        if (s->state[in->indices[i]] & ACTIVE)
            return true;
    return false;
}

/* Keeps in `chosen` the prospects alone; returns how many there are. */
static int64_t choose_prospects(const search *s, int threads)
{
    const int64_t n = s->m->n_nodes, n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t count = 0;
        for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, n); u++) {
            s->chosen[u] =
                s->chosen[u] && !(s->state[u] & OWNER) && has_active_friend(s, (gv_node)u);
            count += s->chosen[u];
        }
        s->before[b] = count;
    }
    return gv_prefix_sum(s->before, n_blocks);
}

/* Fills entry `at` for prospect u. */
static void measure(const search *s, gv_node u, candidates *c, int64_t at)
{
    const gv_csr *in = &s->g->in;
    double none = 1.0, most = -1.0;
    c->node[at] = u;
    c->best_friend[at] = -1;
    for (int64_t i = in->indptr[u]; i < in->indptr[u + 1]; i++) {
        const gv_node v = in->indices[i];
        if (!(s->state[v] & OWNER))
            continue;
        const double p = gv_model_edge(s->m, v, u, gv_csr_find(&s->g->out, v, u), s->topic);
        none *= 1.0 - p;
        if (p > most) {
            most = p;
            c->best_friend[at] = v;
        }
    }
    c->probability[at] = (float)(1.0 - none);
}

static void measure_all(const search *s, candidates *c, int threads)
{
    const int64_t n = s->m->n_nodes, n_blocks = gv_blocks(n);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t at = s->before[b];
        for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, n); u++)
            if (s->chosen[u])
                measure(s, (gv_node)u, c, at++);
    }
}

static gv_status alloc_candidates(gv_context *ctx, candidates *c, gv_error *err)
{
    c->node = gv_alloc(ctx, c->n, sizeof *c->node);
    c->probability = gv_alloc(ctx, c->n, sizeof *c->probability);
    c->best_friend = gv_alloc(ctx, c->n, sizeof *c->best_friend);
    if (c->node == NULL || c->probability == NULL || c->best_friend == NULL)
        return gv_no_memory(ctx, "prospects", err);
    return GV_OK;
}

static void free_candidates(gv_context *ctx, candidates *c)
{
    gv_free(ctx, c->best_friend);
    gv_free(ctx, c->probability);
    gv_free(ctx, c->node);
}

/* The candidates in order, as the caller's list. */
static gv_status sorted_list(gv_context *ctx, const candidates *c, gv_prospects **out,
                             gv_error *err)
{
    candidates to = {.n = c->n};
    owned_prospects *list = gv_alloc(ctx, 1, sizeof *list);
    gv_record *order = gv_alloc(ctx, c->n, sizeof *order);
    gv_status st = alloc_candidates(ctx, &to, err);
    if (st == GV_OK && (list == NULL || order == NULL))
        st = gv_no_memory(ctx, "prospects", err);
    for (int64_t i = 0; i < c->n && st == GV_OK; i++) /* by node, and the sort is stable */
        order[i] = (gv_record){gv_descending_f32(c->probability[i]), (uint64_t)i};
    if (st == GV_OK)
        st = gv_sort_records(ctx, order, c->n, err);
    if (st == GV_OK) {
        for (int64_t i = 0; i < c->n; i++) {
            const int64_t from = (int64_t)order[i].value;
            to.node[i] = c->node[from];
            to.probability[i] = c->probability[from];
            to.best_friend[i] = c->best_friend[from];
        }
        *list = (owned_prospects){{to.n, to.node, to.probability, to.best_friend}, ctx};
        *out = &list->list;
    } else {
        free_candidates(ctx, &to);
        gv_free(ctx, list);
    }
    gv_free(ctx, order);
    return st;
}

static gv_status check(const gv_graph *g, const gv_model *m, int32_t topic, double share,
                       gv_error *err)
{
    const gv_status st = gv_model_check_graph(m, g, "prospects", err);
    if (st != GV_OK)
        return st;
    if (topic < 0 || topic >= m->n_topics)
        return gv_fail(err, GV_ERR_RANGE, "prospects: topic %d is not in [0, %d)", topic,
                       m->n_topics);
    if (!(share >= 0.0 && share <= 1.0))
        return gv_fail(err, GV_ERR_RANGE, "prospects: share %g is not in [0, 1]", share);
    return GV_OK;
}

GV_API gv_status gv_prospects_find(gv_context *ctx, const gv_graph *g, const gv_model *model,
                                   int32_t topic, const float *susceptibility, const int16_t *flag,
                                   double share, gv_prospects **out, gv_error *err)
{
    gv_status st = check(g, model, topic, share, err);
    if (st != GV_OK)
        return st;
    const int64_t n = g->n_nodes;
    const int threads = gv_context_threads(ctx);
    search s = {.g = g, .m = model, .topic = topic, .flag = flag};
    candidates c = {0};
    s.state = gv_alloc(ctx, n, sizeof *s.state);
    s.chosen = gv_alloc(ctx, n, sizeof *s.chosen);
    s.before = gv_alloc(ctx, gv_blocks(n) + 1, sizeof *s.before);
    if (s.state == NULL || s.chosen == NULL || s.before == NULL)
        st = gv_no_memory(ctx, "prospects", err);
    if (st == GV_OK)
        st = choose_susceptible(ctx, &s, susceptibility, share, err);
    if (st == GV_OK) {
        find_state(&s, threads);
        c.n = choose_prospects(&s, threads);
        st = alloc_candidates(ctx, &c, err);
    }
    if (st == GV_OK) {
        measure_all(&s, &c, threads);
        st = sorted_list(ctx, &c, out, err);
    }
    free_candidates(ctx, &c);
    gv_graph_rest(g, &g->out, 0, g->n_nodes);
    gv_graph_rest(g, &g->in, 0, g->n_nodes);
    gv_model_rest_all(model);
    gv_free(ctx, s.before);
    gv_free(ctx, s.chosen);
    gv_free(ctx, s.state);
    return st;
}

GV_API void gv_prospects_free(gv_prospects *prospects)
{
    if (prospects == NULL)
        return;
    gv_context *ctx = ((owned_prospects *)prospects)->ctx;
    gv_free(ctx, (void *)prospects->best_friend);
    gv_free(ctx, (void *)prospects->probability);
    gv_free(ctx, (void *)prospects->node);
    gv_free(ctx, prospects);
}
