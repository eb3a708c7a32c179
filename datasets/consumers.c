/* consumers.c -- a population of consumers: graph, attributes, truth and purchases, in this order.
 *
 * The model and its sources are in docs/kernels/generate.md. Each part is made from keyed draws
 * only and by fixed blocks, so the population is a function of its options. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "datasets/draw.h"
#include "datasets/friendships.h"
#include "datasets/places.h"
#include "datasets/planted.h"
#include "datasets/purchases.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/population.h"

enum {
    SEGMENTS = 5,
    MAX_DEGREE = 1000,
    MAX_TOPICS = 1000,
    MAX_ITEMS = 1000000000,
    MAX_DAYS = 36500
};

static const double value_mean = 100.0, value_sigma = 1.0;

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

static gv_status check_whole(const char *name, int64_t value, int64_t low, int64_t high,
                             gv_error *err)
{
    if (value >= low && value <= high)
        return GV_OK;
    return gv_fail(err, GV_ERR_RANGE, "%s %" PRId64 " is not in [%" PRId64 ", %" PRId64 "]", name,
                   value, low, high);
}

static gv_status check_real(const char *name, double value, double high, gv_error *err)
{
    if (value >= 0.0 && value <= high)
        return GV_OK;
    return gv_fail(err, GV_ERR_RANGE, "%s %g is not in [0, %g]", name, value, high);
}

static gv_status check(const gv_consumers_opts *o, gv_error *err)
{
    gv_status st = check_whole("consumers", o->consumers, 1, INT32_MAX, err);
    if (st == GV_OK)
        st = check_real("mean degree", o->mean_degree, MAX_DEGREE, err);
    if (st == GV_OK)
        st = check_whole("topics", o->topics, 1, MAX_TOPICS, err);
    if (st == GV_OK)
        st = check_whole("items", o->items, 0, MAX_ITEMS, err);
    if (st == GV_OK)
        st = check_whole("days", o->days, 1, MAX_DAYS, err);
    if (st == GV_OK)
        st = check_real("influencer share", o->influencer_share, 1.0, err);
    return st;
}

/* What the tasks of fill_nodes() write. */
typedef struct columns {
    uint64_t seed;
    int64_t n;
    int64_t *id;
    int32_t *segment;
    float *value;
} columns;

/* A household shares its segment; the customer value is each one's own. */
static void fill_district(void *arg, int64_t district)
{
    const columns *c = arg;
    gv_district d;
    gv_district_make(c->seed, c->n, district, &d);
    for (int32_t i = 0; i < d.n; i++) {
        const int64_t v = d.first + i, home = d.first + d.household[i];
        const gv_random s = gv_drawn(c->seed, GV_DRAW_SEGMENT, 0, (uint64_t)home);
        const gv_random r = gv_drawn(c->seed, GV_DRAW_VALUE, 0, (uint64_t)v);
        c->id[v] = v + 1;
        c->segment[v] = (int32_t)gv_below(gv_random_u64(s, 0), SEGMENTS);
        c->value[v] = (float)gv_draw_lognormal(gv_random_u64(r, 0), value_mean, value_sigma);
    }
}

static gv_status add_nodes(gv_context *ctx, uint64_t seed, gv_graph *g, gv_error *err)
{
    columns c = {.seed = seed, .n = g->n_nodes};
    c.id = gv_alloc(ctx, c.n, sizeof *c.id);
    c.segment = gv_alloc(ctx, c.n, sizeof *c.segment);
    c.value = gv_alloc(ctx, c.n, sizeof *c.value);
    g->id_int = c.id;
    g->n_attributes = 2;
    strcpy(g->attribute[0].name, "segment");
    g->attribute[0].i32 = c.segment;
    strcpy(g->attribute[1].name, "value");
    g->attribute[1].f32 = c.value;
    if (c.id == NULL || c.segment == NULL || c.value == NULL)
        return gv_no_memory(ctx, "the consumers of a population", err);
    gv_parallel_for(ctx, gv_districts(c.n), fill_district, &c);
    return GV_OK;
}

static gv_status add_graph(gv_context *ctx, gv_population *p, gv_error *err)
{
    gv_graph *g = gv_alloc_zero(ctx, 1, sizeof *g);
    if (g == NULL)
        return gv_no_memory(ctx, "a graph", err);
    g->ctx = ctx;
    g->n_nodes = p->opts.consumers;
    g->directed = false;
    g->rule = GV_PROBABILITY_NONE;
    g->id_kind = GV_ID_INT;
    g->release = gv_graph_release_arrays;
    p->graph = g;
    int64_t *indptr;
    gv_node *indices;
    const gv_status st = gv_friendships_make(ctx, p->opts.seed, p->opts.consumers,
                                             p->opts.mean_degree, &indptr, &indices, err);
    if (st != GV_OK)
        return st;
    g->n_edges = indptr[g->n_nodes];
    g->out = (gv_csr){.indptr = indptr, .indices = indices};
    g->in = g->out;
    return add_nodes(ctx, p->opts.seed, g, err);
}

GV_API gv_status gv_consumers_generate(gv_context *ctx, const gv_consumers_opts *opts,
                                       gv_population **out, gv_error *err)
{
    const gv_consumers_opts o = opts != NULL ? *opts : gv_consumers_defaults();
    gv_status st = check(&o, err);
    if (st != GV_OK)
        return st;
    gv_population *p = gv_alloc_zero(ctx, 1, sizeof *p);
    if (p == NULL)
        return gv_no_memory(ctx, "a population", err);
    p->ctx = ctx;
    p->opts = o;
    st = add_graph(ctx, p, err);
    if (st == GV_OK)
        st = gv_planted_make(ctx, p, err);
    if (st == GV_OK)
        st = gv_purchases_make(ctx, p, err);
    if (st != GV_OK) {
        gv_population_free(p);
        return st;
    }
    *out = p;
    return GV_OK;
}
