/* reach.c -- how many consumers every consumer reaches in the independent cascade.
 *
 * ROOTS. In a round every consumer is a root once, each in a world of its own, and who reaches it
 * over live edges scores one (reverse reachable sets: Borgs, Brautbar, Chayes, Lucier, SODA 2014).
 * After J rounds the scores of u sum to a binomial-like number with mean J sigma(u); u reaches
 * itself for sure and the others by independent coins, so its variance is at most J (sigma - 1),
 * and the coefficient of variation of the mean at most sqrt(sigma - 1) / sigma / sqrt(J) <=
 * 1 / (2 sqrt(J)), whatever the graph. A round costs the sum of all reaches.
 *
 * SKETCHES. A round is one world with bottom-k sketches of all reachable sets (reach_sketch.c); the
 * reach is the mean over worlds, and their scatter shows the error, that of the worlds and that of
 * the sketches together. A round costs at most REACH_K looks an edge, however far cascades run.
 *
 * AUTO: ROOTS if the looks of a sample of roots, for all roots, come to no more than FAR_LOOKS
 * looks an edge.
 *
 * No races: scores are integers that are added atomically (a buffer for each thread would take 4
 * bytes a consumer each, and the roots of a thread are all over the graph); sketches of a world
 * belong to one thread, and worlds are added up in their order. So nothing depends on threads. */
#include "grapevine/reach.h"

#include <inttypes.h>
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "grapevine/plan.h"
#include "kernels/by_target.h"
#include "kernels/cascade_options.h"
#include "kernels/reach_walk.h"

enum {
    SAMPLE = 2048,        /* roots that AUTO looks at */
    SAMPLE_LOOKS = 10000, /* at most, of one of them */
    FAR_LOOKS = 32,       /* looks an edge and round beyond which sketches are cheaper */
    CHUNK = 1024,         /* blocks of roots between two reports of progress */
    WORLDS = 8            /* of sketches between two looks at the error */
};

GV_API gv_reach_opts gv_reach_defaults(void)
{
    return (gv_reach_opts){.cv = 0.15, .method = GV_REACH_AUTO, .max_rounds = 1024, .seed = 1};
}

GV_API const char *gv_reach_method_name(gv_reach_method method)
{
    switch (method) {
    case GV_REACH_AUTO:
        return "auto";
    case GV_REACH_ROOTS:
        return "roots";
    case GV_REACH_SKETCHES:
        return "sketches";
    }
    return "unknown";
}

/* ---- probabilities by in-edge ------------------------------------------------------------- */

static gv_status take_graph(gv_context *ctx, const gv_graph *g, const gv_probability *p,
                            uint64_t seed, float **owned, reach_graph *r, gv_error *err)
{
    gv_coins coins;
    const gv_status st = gv_cascade_coins(ctx, g, p, seed, "reach", &coins, err);
    if (st != GV_OK)
        return st;
    *r = (reach_graph){.n = g->n_nodes,
                       .m = g->n_edges,
                       .offset = g->in.indptr,
                       .source = g->in.indices,
                       .p = coins.rule == GV_PROBABILITY_STORED ? g->in.probability : NULL,
                       .rule = coins.rule,
                       .limit = coins.limit,
                       .key = gv_key(seed, GV_FOR_REACH)};
    if (p == NULL || (p->rule != GV_PROBABILITY_STORED && p->rule != GV_PROBABILITY_MODEL))
        return GV_OK;
    r->p = *owned = gv_alloc(ctx, g->n_edges, sizeof **owned);
    if (*owned == NULL)
        return gv_no_memory(ctx, "reach: probabilities by target", err);
    return gv_by_target(ctx, g, &coins, *owned, err);
}

/* ---- roots -------------------------------------------------------------------------------- */

typedef struct reach_run {
    gv_context *ctx;
    const gv_reach_opts *o;
    reach_graph graph;
    reach_set *set; /* [threads] */
    int threads;
    gv_reach_info info;
} reach_run;

static gv_status check_sets(const reach_run *r, gv_error *err)
{
    for (int i = 0; i < r->threads; i++)
        if (r->set[i].no_memory)
            return gv_no_memory(r->ctx, "reach: who reaches a consumer", err);
    return GV_OK;
}

/* Looks that a sample of roots takes, times n / SAMPLE: integers, so the order is free. */
static gv_status sample_looks(reach_run *r, double *looks, gv_error *err)
{
    const uint64_t key = gv_key(r->o->seed, GV_FOR_REACH_ORDER);
    const int64_t n = r->graph.n, sample = n < SAMPLE ? n : SAMPLE;
#pragma omp parallel for num_threads(r->threads) schedule(dynamic, 16)
    for (int64_t i = 0; i < sample; i++) {
        reach_set *s = &r->set[gv_thread()];
        const gv_node root = reach_order(key, n, i);
        s->no_memory = s->no_memory || !reach_set_find(&r->graph, s, root, root, SAMPLE_LOOKS);
    }
    int64_t sum = 0;
    for (int i = 0; i < r->threads; i++) {
        sum += r->set[i].looks;
        r->set[i].looks = 0;
    }
    *looks = sample > 0 ? (double)sum * (double)n / (double)sample : 0.0;
    return check_sets(r, err);
}

/* Roots of blocks [first, last); the world of root v in `round` is round * n + v. */
static void score_roots(reach_run *r, int64_t round, int64_t first, int64_t last, int32_t *score)
{
    const reach_graph *g = &r->graph;
#pragma omp parallel for num_threads(r->threads) schedule(dynamic, 1)
    for (int64_t b = first; b < last; b++) {
        reach_set *s = &r->set[gv_thread()];
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, g->n) && !s->no_memory; v++) {
            if (!reach_set_find(g, s, (gv_node)v, round * g->n + v, INT64_MAX / 2)) {
                s->no_memory = true;
                break;
            }
            for (int64_t i = 0; i < s->n; i++) {
#pragma omp atomic update
                score[s->queue[i]]++;
            }
        }
    }
}

static gv_status run_roots(reach_run *r, float *reach, gv_error *err)
{
    const int64_t n = r->graph.n, blocks = gv_blocks(n);
    const int32_t rounds = (int32_t)ceil(0.25 / (r->o->cv * r->o->cv));
    int32_t *score = gv_alloc_zero(r->ctx, n, sizeof *score);
    gv_status st = score != NULL ? GV_OK : gv_no_memory(r->ctx, "reach: scores", err);
    for (int64_t done = 0; done < rounds * blocks && st == GV_OK;) {
        const int64_t round = done / blocks, first = done % blocks;
        const int64_t last = first + CHUNK < blocks ? first + CHUNK : blocks;
        score_roots(r, round, first, last, score);
        done += last - first;
        st = check_sets(r, err);
        if (st == GV_OK)
            st = gv_progress(r->ctx, "reach", done, rounds * blocks, err);
    }
    for (int64_t v = 0; v < n && st == GV_OK; v++)
        reach[v] = (float)((double)score[v] / rounds);
    for (int i = 0; i < r->threads; i++)
        r->info.looks += r->set[i].looks;
    r->info.rounds = rounds;
    r->info.cv = 0.5 / sqrt((double)rounds);
    gv_free(r->ctx, score);
    return st;
}

/* ---- sketches ----------------------------------------------------------------------------- */

typedef struct scatter {
    double *sum, *square; /* [n] of the sizes over worlds */
    double *part;         /* [blocks] */
} scatter;

static void add_world(const reach_sketch *s, scatter *c, int64_t n)
{
    for (int64_t v = 0; v < n; v++) {
        const double size = (double)s->size[v];
        c->sum[v] += size;
        c->square[v] += size * size;
    }
}

/* Worlds are made side by side and added up one after the other. */
static void run_worlds(reach_run *r, reach_sketch *sketch, int64_t first, scatter *c)
{
#pragma omp parallel for num_threads(r->threads) ordered schedule(dynamic, 1)
    for (int64_t world = first; world < first + WORLDS; world++) {
        reach_sketch *s = &sketch[gv_thread()];
        reach_sketch_world(&r->graph, s, r->o->seed, world);
#pragma omp ordered
        add_world(s, c, r->graph.n);
    }
}

/* Root mean square over consumers of the coefficient of variation of the mean of `worlds`. */
static double spread_of_means(const reach_run *r, const scatter *c, double worlds)
{
    const int64_t n = r->graph.n;
#pragma omp parallel for num_threads(r->threads) schedule(static)
    for (int64_t b = 0; b < gv_blocks(n); b++) {
        c->part[b] = 0.0;
        for (int64_t v = b * GV_BLOCK; v < gv_block_end(b, n); v++) {
            const double mean = c->sum[v] / worlds;
            const double variance = (c->square[v] / worlds - mean * mean) / (worlds - 1.0);
            c->part[b] += variance > 0.0 ? variance / (mean * mean) : 0.0;
        }
    }
    return sqrt(gv_sum(c->part, gv_blocks(n)) / (double)n);
}

static gv_status repeat_worlds(reach_run *r, reach_sketch *sketch, scatter *c, float *reach,
                               gv_error *err)
{
    gv_status st = GV_OK;
    int32_t worlds = 0;
    do {
        st = gv_progress(r->ctx, "reach", worlds, 0, err);
        if (st != GV_OK)
            return st;
        run_worlds(r, sketch, worlds, c);
        worlds += WORLDS;
        r->info.cv = spread_of_means(r, c, (double)worlds);
    } while (r->info.cv > r->o->cv && worlds + WORLDS <= r->o->max_rounds);
    for (int64_t v = 0; v < r->graph.n; v++)
        reach[v] = (float)(c->sum[v] / worlds);
    for (int i = 0; i < r->threads; i++)
        r->info.looks += sketch[i].looks;
    r->info.rounds = worlds;
    if (r->info.cv > r->o->cv)
        return gv_fail(
            err, GV_ERR_CONVERGE,
            "reach: %d worlds leave a coefficient of variation of %.3g; %g was asked for", worlds,
            r->info.cv, r->o->cv);
    return GV_OK;
}

static bool take_sketches(reach_run *r, reach_sketch *sketch)
{
    const int64_t n = r->graph.n;
    bool fine = true;
    for (int i = 0; i < r->threads; i++) {
        sketch[i] = (reach_sketch){.size = gv_alloc(r->ctx, n, sizeof *sketch->size),
                                   .count = gv_alloc(r->ctx, n, sizeof *sketch->count),
                                   .visited = gv_alloc(r->ctx, n, sizeof *sketch->visited),
                                   .queue = gv_alloc(r->ctx, n, sizeof *sketch->queue)};
        fine = fine && sketch[i].size != NULL && sketch[i].count != NULL &&
               sketch[i].visited != NULL && sketch[i].queue != NULL;
    }
    return fine;
}

static gv_status run_sketches(reach_run *r, float *reach, gv_error *err)
{
    const int64_t n = r->graph.n;
    reach_sketch *sketch = gv_alloc_zero(r->ctx, r->threads, sizeof *sketch);
    scatter c = {.sum = gv_alloc_zero(r->ctx, n, sizeof *c.sum),
                 .square = gv_alloc_zero(r->ctx, n, sizeof *c.square),
                 .part = gv_alloc(r->ctx, gv_blocks(n), sizeof *c.part)};
    gv_status st;
    if (c.sum == NULL || c.square == NULL || c.part == NULL || sketch == NULL ||
        !take_sketches(r, sketch))
        st = gv_no_memory(r->ctx, "reach: sketches", err);
    else
        st = repeat_worlds(r, sketch, &c, reach, err);
    for (int i = 0; i < r->threads && sketch != NULL; i++) {
        gv_free(r->ctx, sketch[i].queue);
        gv_free(r->ctx, sketch[i].visited);
        gv_free(r->ctx, sketch[i].count);
        gv_free(r->ctx, sketch[i].size);
    }
    gv_free(r->ctx, c.part);
    gv_free(r->ctx, c.square);
    gv_free(r->ctx, c.sum);
    gv_free(r->ctx, sketch);
    return st;
}

/* ---- the call ----------------------------------------------------------------------------- */

static gv_status check(const gv_graph *g, const gv_probability *probability, const gv_reach_opts *o,
                       gv_error *err)
{
    if (probability == NULL && g->rule == GV_PROBABILITY_NONE)
        return gv_fail(err, GV_ERR_ARG, "reach: the graph has no probabilities");
    if (probability == NULL && g->rule == GV_PROBABILITY_STORED && g->in.probability == NULL &&
        g->n_edges > 0)
        return gv_fail(err, GV_ERR_ARG, "reach: the graph has its probabilities by source alone");
    if (!(o->cv >= 0.005 && o->cv <= 1.0))
        return gv_fail(err, GV_ERR_RANGE, "reach: cv %g is not in [0.005, 1]", o->cv);
    if ((int)o->method < GV_REACH_AUTO || o->method > GV_REACH_SKETCHES)
        return gv_fail(err, GV_ERR_ARG, "reach: method %d is not in [0, 2]", (int)o->method);
    if (o->max_rounds < 2)
        return gv_fail(err, GV_ERR_RANGE, "reach: max_rounds %d is not at least 2", o->max_rounds);
    return GV_OK;
}

static gv_status choose(reach_run *r, gv_error *err)
{
    double looks = 0.0;
    gv_status st = GV_OK;
    r->info.method = r->o->method;
    if (r->o->method != GV_REACH_AUTO)
        return GV_OK;
    st = sample_looks(r, &looks, err);
    r->info.method = looks <= FAR_LOOKS * (double)r->graph.m ? GV_REACH_ROOTS : GV_REACH_SKETCHES;
    return st;
}

GV_API gv_status gv_reach(gv_context *ctx, const gv_graph *g, const gv_probability *probability,
                          const gv_reach_opts *opts, float *reach, gv_reach_info *info,
                          gv_error *err)
{
    const gv_reach_opts o = opts != NULL ? *opts : gv_reach_defaults();
    gv_status st = check(g, probability, &o, err);
    if (st != GV_OK)
        return st;
    float *owned = NULL;
    reach_run r = {.ctx = ctx, .o = &o, .threads = gv_context_threads(ctx)};
    st = take_graph(ctx, g, probability, o.seed, &owned, &r.graph, err);
    if (st == GV_OK && probability != NULL && probability->rule == GV_PROBABILITY_MODEL)
        gv_model_rest_all(probability->model);
    if (st == GV_OK) {
        r.set = gv_alloc_zero(ctx, r.threads, sizeof *r.set);
        st = r.set != NULL ? GV_OK : gv_no_memory(ctx, "reach", err);
    }
    for (int i = 0; i < r.threads && st == GV_OK; i++)
        r.set[i].ctx = ctx;
    if (st == GV_OK)
        st = choose(&r, err);
    if (st == GV_OK)
        st = r.info.method == GV_REACH_ROOTS ? run_roots(&r, reach, err)
                                             : run_sketches(&r, reach, err);
    for (int i = 0; i < r.threads && r.set != NULL; i++)
        reach_set_free(&r.set[i]);
    gv_free(ctx, r.set);
    gv_free(ctx, owned);
    gv_graph_rest(g, &g->out, 0, g->n_nodes);
    gv_graph_rest(g, &g->in, 0, g->n_nodes);
    if (info != NULL)
        *info = r.info;
    return st;
}

/* ---- plan --------------------------------------------------------------------------------- */

/* Looks at edges a second and thread, and consumers that a root is reached by. Docs: plan.md. */
static const double looks_a_second = 2e7, reach_expected = 2.0;

GV_API void gv_reach_plan(gv_plan *plan, const gv_graph_shape *g, int32_t n_topics, double cv,
                          int32_t threads)
{
    const double looks = 0.25 / (cv * cv) * reach_expected * (double)g->n_edges * n_topics;
    gv_plan_begin(plan, "reach", looks / (looks_a_second * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "probabilities of a topic, by target", 4 * g->n_edges);
    gv_plan_use(plan, GV_PLAN_MEMORY, "rows of in-edges, then scores", 8 * g->n_nodes);
}
