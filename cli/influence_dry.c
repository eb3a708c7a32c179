/* influence_dry.c -- what `grapevine influence` would take: its own arrays, and the plans of the
 * computations in their order. */
#include <string.h>

#include "cli/influence_work.h"
#include "cli/plan.h"

/* Prospects of a topic, as a share of the consumers among whom they are sought: generated
 * populations show less. */
static const double prospects_expected = 0.02;
/* Edges a second, by one thread. Docs: plan.md. */
static const double edges_peeled = 5e7;

/* What the options ask for. */
typedef struct wish {
    int32_t topics, batch, measures;
    bool two, reach, ppr, scores, ranks, flags;
} wish;

static wish wish_of(const influence_opts *o, const gv_graph_shape *g, const gv_model_shape *m,
                    int64_t budget)
{
    wish w = {.two = strstr(o->measure, "i2") != NULL,
              .reach = strstr(o->measure, "reach") != NULL,
              .ppr = strstr(o->measure, "ppr") != NULL,
              .scores = strstr(o->store, "scores") != NULL,
              .ranks = strstr(o->store, "rank") != NULL,
              .flags = strstr(o->store, "flags") != NULL};
    w.topics = strcmp(o->topics, "all") == 0 ? m->n_topics : (int32_t)cli_plan_count(o->topics);
    w.measures = (int32_t)cli_plan_count(o->measure);
    w.batch = influence_batch_size(g->n_nodes, budget);
    w.batch = w.topics < w.batch ? w.topics : w.batch;
    return w;
}

static void plan_arrays(const influence_opts *o, const wish *w, int64_t n, gv_plan *plan)
{
    const bool first = strstr(o->measure, "i1") != NULL;
    const int32_t rows1 = w->scores && first ? w->topics : w->batch;
    const int32_t rows2 = w->scores ? w->topics : w->batch;
    /* rows of a batch that no topic uses are never touched */
    gv_plan_hold(plan, GV_PLAN_MEMORY, "scores i1",
                 4 * n * (rows1 < w->topics ? rows1 : w->topics));
    if (w->two)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "scores i2",
                     4 * n * (rows2 < w->topics ? rows2 : w->topics));
    if (w->reach)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "scores reach",
                     4 * n * (rows2 < w->topics ? rows2 : w->topics));
    if (w->ppr)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "scores ppr",
                     4 * n * (rows2 < w->topics ? rows2 : w->topics));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "who listens", 4 * n);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "core numbers", 4 * n);
    if (o->weights != NULL)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "values of consumers", 4 * n);
}

/* What is taken at the start and filled topic by topic, when influence is known. */
static void plan_by_topic(const wish *w, int64_t n, gv_plan_kind kind, gv_plan *plan,
                          int32_t *items)
{
    items[0] = gv_plan_hold(plan, kind, "ranks", 4 * n * (w->ranks ? w->topics : 1));
    items[1] = gv_plan_hold(plan, kind, "flags", 2 * n * (w->flags ? w->topics : 1));
    items[2] = gv_plan_hold(plan, kind, "scores of one topic, and their ranks", 16 * n);
}

static void plan_output(cli_session *s, const influence_opts *o, const wish *w,
                        const gv_graph_shape *g, int64_t listed, gv_plan *plan)
{
    const int64_t n = g->n_nodes, rows = w->topics;
    int64_t bytes = 16 * listed + cli_plan_id_bytes(s, g) + 24 * rows * o->top_k * w->measures;
    bytes += w->scores ? rows * n * (4 * w->measures + 16) + 4 * n : 0;
    bytes += w->ranks ? 4 * rows * n : 0;
    bytes += w->flags ? rows * n / 8 : 0; /* deflated */
    cli_plan_write(plan, bytes);
    if (w->scores)
        gv_plan_use(plan, GV_PLAN_MEMORY, "susceptibility of all topics", 4 * n * (rows + 1));
}

/* Friends and their purchases are asked for anywhere. */
static void plan_prospects(const gv_graph_shape *g, int64_t resting, int64_t found, int32_t threads,
                           gv_plan *plan)
{
    gv_prospects_plan(plan, g, found, threads);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "edges and model", resting);
}

int influence_dry_run(const void *opts, cli_session *s, gv_plan *plan)
{
    const influence_opts *o = opts;
    gv_graph_shape g;
    gv_model_shape m;
    int code = cli_plan_graph(s, o->graph, &g);
    if (code == CLI_OK)
        code = cli_plan_model(s, o->model, &m);
    if (code != CLI_OK)
        return code;
    const wish w = wish_of(o, &g, &m, s->budget);
    const int64_t n = g.n_nodes, limit = s->budget;
    const int32_t threads = gv_context_threads(cli_context(s));
    const bool seek = o->prospects > 0.0;
    const unsigned out = GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES | GV_PART_IDS;
    cli_plan_map_graph(s, plan, o->graph, &g, GV_USES_OUT | GV_USES_IDS | GV_USES_IN,
                       out | GV_PART_IN_INDPTR | GV_PART_IN_INDICES);
    cli_plan_map_model(s, plan, o->model, &m);
    int32_t items[3];
    plan_arrays(o, &w, n, plan);
    plan_by_topic(&w, n, GV_PLAN_RESERVED, plan, items);
    const int64_t edges = gv_graph_resting(&g, limit), pairs = gv_model_resting(&g, &m, limit);
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "edges and model, given back", -edges - pairs);
    gv_susceptibility_plan(plan, n, threads);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "counts of the model", pairs > 0 ? 16 * m.pairs : 0);
    gv_plan_begin(plan, "core numbers", (double)g.n_edges / edges_peeled);
    gv_plan_use(plan, GV_PLAN_MEMORY, "order of consumers", 8 * n);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "edges", edges);
    gv_influence_plan(plan, &g, &m, w.topics, w.two, threads, limit);
    if (w.reach)
        gv_reach_plan(plan, &g, w.topics, o->cv, threads);
    if (w.ppr) {
        const gv_ppr_opts walk = {.damping = .85,
                                  .tolerance = 1e-9,
                                  .max_iterations = 1000,
                                  .weighted = true,
                                  .direction = GV_REVERSE};
        const int64_t buyers = m.n_topics > 0 ? m.pairs / m.n_topics : 0;
        gv_ppr_plan(plan, &g, NULL, 1, buyers < n ? buyers : n, &walk, threads, 0);
        gv_plan_use(plan, GV_PLAN_MEMORY, "probabilities of a topic", 8 * g.n_edges + 8 * n);
        gv_plan_use(plan, GV_PLAN_MEMORY, "buyers", 12 * m.pairs);
    }
    const int64_t found = seek ? (int64_t)(prospects_expected * o->prospects * (double)n) : 0;
    const int64_t listed = w.topics * ((int64_t)(o->quantile * (double)n) + found);
    const double ranked = gv_plan_sum(plan).seconds;
    for (int i = 0; i < 3; i++)
        gv_plan_drop(plan, items[i]);
    gv_influence_rank_plan(plan, n, threads);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "purchases of the model", pairs > 0 ? 8 * m.pairs : 0);
    plan_by_topic(&w, n, GV_PLAN_MEMORY, plan, items);
    gv_plan_begin(plan, "correlations", 0.0);
    gv_plan_use(plan, GV_PLAN_MEMORY, "friends and cores, and their ranks", 28 * n);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "lists of influencers and prospects", 16 * listed);
    if (o->top_k > 0)
        gv_top_k_plan(plan, n, o->top_k, threads);
    if (seek)
        plan_prospects(&g, edges + pairs, found, threads, plan);
    const double each = gv_plan_sum(plan).seconds - ranked;
    gv_plan_begin(plan, "the other topics alike", each * (w.topics - 1));
    plan_output(s, o, &w, &g, listed, plan);
    return CLI_OK;
}
