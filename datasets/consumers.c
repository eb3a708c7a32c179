/* consumers.c -- a population of consumers in memory: graph, attributes, truth and purchases.
 *
 * The model and its sources are in docs/kernels/generate.md. Each part is made from keyed draws
 * only (plan.c) and has its own place in every array, so the population is a function of its
 * options, whichever thread makes which part. */
#include "datasets/purchases.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/population.h"

GV_API gv_consumers_opts gv_consumers_defaults(void)
{
    return (gv_consumers_opts){.consumers = 100000,
                               .mean_degree = 10.0,
                               .topics = 8,
                               .items = 300,
                               .days = 365,
                               .influencer_share = 0.15,
                               .influence = true,
                               .seed = 1};
}

GV_API void gv_population_free(gv_population *population)
{
    if (population == NULL)
        return;
    gv_context *ctx = population->ctx;
    gv_log_free(population->log);
    gv_free(ctx, population->source);
    gv_free(ctx, population->target);
    gv_free(ctx, population->close);
    gv_free(ctx, population->influencer);
    gv_free(ctx, population->i1);
    gv_graph_free(population->graph);
    gv_free(ctx, population);
}

GV_API const gv_graph *gv_population_graph(const gv_population *population)
{
    return population->graph;
}

GV_API const gv_log *gv_population_log(const gv_population *population)
{
    return population->log;
}

enum { ROUND = 4096 }; /* parts between two reports of progress */

/* What is made of a population so far. */
typedef struct making {
    const gv_population_plan *plan;
    int64_t first; /* part of the running round */
    const gv_population *p;
    int64_t *indptr, *id;
    gv_node *indices;
    int32_t *segment;
    float *value;
} making;

static void make_part(void *arg, int64_t i)
{
    const making *m = arg;
    const int64_t index = m->first + i;
    const int64_t first = index * m->plan->part_size, edge = m->plan->edge_offset[index];
    gv_population_part part = {.id = m->id + first,
                               .segment = m->segment + first,
                               .value = m->value + first,
                               .indptr = m->indptr + first,
                               .indices = m->indices + edge,
                               .close = m->p->close + edge,
                               .target = m->p->target + first,
                               .stride = m->plan->opts.consumers,
                               .source = m->p->source + first,
                               .i1 = m->p->i1 + first,
                               .influencer = m->p->influencer + first};
    m->plan->make(m->plan, index, &part);
}

static gv_status make_graph(gv_context *ctx, gv_population *p, making *m, gv_error *err)
{
    gv_graph *g = gv_alloc_zero(ctx, 1, sizeof *g);
    if (g == NULL)
        return gv_no_memory(ctx, "a graph", err);
    p->graph = g;
    *g = (gv_graph){.ctx = ctx,
                    .n_nodes = p->opts.consumers,
                    .n_edges = m->plan->edge_offset[m->plan->n_parts],
                    .directed = false,
                    .rule = GV_PROBABILITY_NONE,
                    .id_kind = GV_ID_INT,
                    .n_attributes = 2,
                    .attribute = {{.name = "segment"}, {.name = "value"}},
                    .release = gv_graph_release_arrays};
    g->out.indptr = m->indptr = gv_alloc(ctx, g->n_nodes + 1, sizeof *m->indptr);
    g->out.indices = m->indices = gv_alloc(ctx, g->n_edges, sizeof *m->indices);
    g->id_int = m->id = gv_alloc(ctx, g->n_nodes, sizeof *m->id);
    g->attribute[0].i32 = m->segment = gv_alloc(ctx, g->n_nodes, sizeof *m->segment);
    g->attribute[1].f32 = m->value = gv_alloc(ctx, g->n_nodes, sizeof *m->value);
    g->in = g->out;
    if (m->indptr == NULL || m->indices == NULL || m->id == NULL || m->segment == NULL ||
        m->value == NULL)
        return gv_no_memory(ctx, "the friendships of a population", err);
    m->indptr[g->n_nodes] = g->n_edges;
    return GV_OK;
}

static gv_status make_truth(gv_context *ctx, gv_population *p, gv_error *err)
{
    const int64_t n = p->opts.consumers, entries = n * p->opts.topics;
    p->source = gv_alloc(ctx, entries, sizeof *p->source);
    p->target = gv_alloc(ctx, n, sizeof *p->target);
    p->close = gv_alloc(ctx, p->graph->n_edges, sizeof *p->close);
    p->influencer = gv_alloc(ctx, entries, sizeof *p->influencer);
    p->i1 = gv_alloc(ctx, entries, sizeof *p->i1);
    if (p->source == NULL || p->target == NULL || p->close == NULL || p->influencer == NULL ||
        p->i1 == NULL)
        return gv_no_memory(ctx, "the truth of a population", err);
    return GV_OK;
}

static gv_status make_all(gv_context *ctx, gv_population_plan *plan, gv_population *p,
                          gv_error *err)
{
    making m = {.plan = plan, .p = p};
    p->ctx = ctx;
    p->opts = plan->opts;
    p->delay = plan->delay;
    gv_status st = make_graph(ctx, p, &m, err);
    if (st == GV_OK)
        st = make_truth(ctx, p, err);
    if (st != GV_OK)
        return st;
    for (; st == GV_OK && m.first < plan->n_parts; m.first += ROUND) {
        const int64_t left = plan->n_parts - m.first;
        gv_parallel_for(ctx, left < ROUND ? left : ROUND, make_part, &m);
        st = gv_progress(ctx, "consumers", (left < ROUND ? plan->n_parts : m.first + ROUND),
                         plan->n_parts, err);
    }
    return st == GV_OK ? gv_purchases_make(ctx, plan, p, err) : st;
}

GV_API gv_status gv_consumers_generate(gv_context *ctx, const gv_consumers_opts *opts,
                                       gv_population **out, gv_error *err)
{
    gv_population_plan *plan = NULL;
    gv_status st = gv_population_plan_create(ctx, opts, &plan, err);
    if (st != GV_OK)
        return st;
    gv_population *p = gv_alloc_zero(ctx, 1, sizeof *p);
    st = p == NULL ? gv_no_memory(ctx, "a population", err) : make_all(ctx, plan, p, err);
    gv_population_plan_free(plan);
    if (st != GV_OK)
        gv_population_free(p);
    else
        *out = p;
    return st;
}
