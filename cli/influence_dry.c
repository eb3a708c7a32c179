/* influence_dry.c -- what `grapevine influence` would take: its own arrays, and the plans of the
 * computations in their order.
 *
 * Where edges are many for the memory limit, each computation gives back the pages of edges, ids
 * and model that it asked for: then these count where they are asked for, otherwise throughout. */
#include <string.h>

#include "cli/influence_work.h"
#include "cli/plan.h"

/* Prospects of a topic, as a share of the consumers among whom they are sought: generated
 * populations show less. */
static const double prospects_expected = 0.02;
/* Edges a second, by one thread, and consumers a second and thread. Docs: plan.md. */
static const double edges_peeled = 5e7, ranks_compared = 5e6;

/* Without a budget, scores of a batch and what they are worked out from take at most this much,
 * unless one topic takes more. */
static const int64_t batch_bytes = INT64_C(12) << 30;

enum { BATCH_TOPICS = 16, SCORES = 4, BY_TOPIC = 2 };

/* What the options ask for, and of what. */
typedef struct wish {
    const influence_opts *o;
    gv_graph_shape g;
    gv_model_shape m;
    int32_t threads;
    int64_t limit;
    unsigned uses, touched; /* parts of the graph */
    int32_t topics, batch, measures;
    bool two, reach, ppr, scores, ranks, flags;
    int64_t id_bytes; /* of the output */
    /* of mapped files, given back after each pass, and the out-edges of a stretch; 0 where all
     * stays */
    int64_t edges, strengths, ids, model, stretch;
    bool edges_stay; /* all the same, since walks went along them */
} wish;

/* What of the mapped files does not stay. */
static void find_resting(wish *w)
{
    const int64_t resting = gv_graph_resting(&w->g, w->limit);
    if (resting == 0 && gv_model_resting(&w->g, &w->m, w->limit) == 0)
        return;
    w->edges = gv_graph_bytes(&w->g, GV_PART_OUT_INDICES | GV_PART_IN_INDICES);
    w->stretch = w->edges - resting;
    w->strengths = gv_graph_bytes(&w->g, w->touched & GV_PART_OUT_PROBABILITY);
    w->ids = gv_graph_bytes(&w->g, GV_PART_IDS);
    w->model = cli_plan_model_pages(&w->m);
}

static wish wish_of(const influence_opts *o, cli_session *s, const gv_graph_shape *g,
                    const gv_model_shape *m, int32_t n_topics)
{
    wish w = {.o = o,
              .g = *g,
              .m = *m,
              .threads = gv_context_threads(cli_context(s)),
              .limit = s->budget,
              .uses = GV_USES_OUT | GV_USES_IDS | GV_USES_IN,
              .touched = GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES | GV_PART_IDS |
                         GV_PART_IN_INDPTR | GV_PART_IN_INDICES,
              .two = strstr(o->measure, "i2") != NULL,
              .reach = strstr(o->measure, "reach") != NULL,
              .ppr = strstr(o->measure, "ppr") != NULL,
              .scores = strstr(o->store, "scores") != NULL,
              .ranks = strstr(o->store, "rank") != NULL,
              .flags = strstr(o->store, "flags") != NULL};
    w.topics = n_topics;
    w.measures = (int32_t)cli_plan_count(o->measure);
    if (m->strengths)
        w.touched |= GV_PART_OUT_PROBABILITY;
    find_resting(&w);
    return w;
}

/* ---- arrays of the command ----------------------------------------------------------------- */

static int32_t plan_rows(const wish *w, gv_plan_kind kind, bool stored, const char *name,
                         gv_plan *plan)
{
    const int32_t rows = stored || w->batch > w->topics ? w->topics : w->batch;
    return gv_plan_hold(plan, kind, name, 4 * w->g.n_nodes * rows);
}

/* Taken at the start, filled batch by batch. */
static void plan_scores(const wish *w, gv_plan_kind kind, gv_plan *plan, int32_t *items)
{
    const bool first = strstr(w->o->measure, "i1") != NULL;
    items[0] = plan_rows(w, kind, w->scores && first, "scores i1", plan);
    items[1] = w->two ? plan_rows(w, kind, w->scores, "scores i2", plan) : -1;
    items[2] = w->reach ? plan_rows(w, kind, w->scores, "scores reach", plan) : -1;
    items[3] = w->ppr ? plan_rows(w, kind, w->scores, "scores ppr", plan) : -1;
}

/* Of all topics, taken at the start and filled topic by topic, when influence is known. */
static void plan_kept(const wish *w, gv_plan_kind kind, gv_plan *plan, int32_t *items)
{
    items[0] = gv_plan_hold(plan, kind, "ranks", w->ranks ? 4 * w->g.n_nodes * w->topics : 0);
    items[1] = gv_plan_hold(plan, kind, "flags", w->flags ? 2 * w->g.n_nodes * w->topics : 0);
}

/* Of one topic, given back before the next batch. */
static void plan_by_topic(const wish *w, gv_plan *plan, int32_t *items)
{
    const int64_t n = w->g.n_nodes;
    items[0] = gv_plan_hold(plan, GV_PLAN_MEMORY, "ranks and flags of a topic",
                            (w->ranks ? 0 : 4 * n) + (w->flags ? 0 : 2 * n));
    items[1] = gv_plan_hold(plan, GV_PLAN_MEMORY, "scores of one topic, or their ranks", 8 * n);
}

static void drop(gv_plan *plan, const int32_t *items, int n)
{
    for (int i = 0; i < n; i++)
        gv_plan_drop(plan, items[i]);
}

/* ---- pages of mapped files ------------------------------------------------------------------ */

/* In a pass of i1 and i2: how much consumers listen, and a stretch of edges, pairs, evidence and
 * where they begin. */
static int64_t pass_pages(const wish *w)
{
    const int64_t n = w->g.n_nodes, both = w->stretch * (w->g.directed ? 2 : 1);
    const double share = both > 0 ? (double)both / (double)w->edges : 1.0;
    const double read = 16.0 * (double)(n + w->m.pairs) + 24.0 * (double)w->m.evidence;
    return w->model == 0 ? 0 : 4 * n + both + (int64_t)(share * read);
}

static int64_t all_edges(const wish *w)
{
    return w->edges_stay ? 0 : w->edges;
}

/* Where all edges and what p hangs on are asked for anywhere: all of the model but counts. */
static void plan_all_pages(const wish *w, gv_plan *plan)
{
    gv_plan_use(plan, GV_PLAN_RESIDENT, "edges and model",
                all_edges(w) + w->strengths + w->model - (w->model > 0 ? 12 * w->m.pairs : 0));
}

/* Counts of pairs, by consumer. */
static void plan_counts(const wish *w, int64_t bytes, gv_plan *plan)
{
    gv_plan_use(plan, GV_PLAN_RESIDENT, "counts of the model",
                w->model > 0 ? 8 * w->g.n_nodes + bytes * w->m.pairs : 0);
}

/* ---- phases --------------------------------------------------------------------------------- */

static void plan_output(const wish *w, int64_t listed, gv_plan *plan)
{
    const int64_t n = w->g.n_nodes, rows = w->topics;
    int64_t bytes = 16 * listed + w->id_bytes + 24 * rows * w->o->top_k * w->measures;
    bytes += w->scores ? rows * n * (4 * w->measures + 16) + 4 * n : 0;
    bytes += w->ranks ? 4 * rows * n : 0;
    bytes += w->flags ? rows * n / 8 : 0; /* deflated */
    cli_plan_write(plan, bytes);
    gv_plan_use(plan, GV_PLAN_MEMORY, "friends of influencers", 4 * listed);
    if (!w->scores)
        return;
    gv_plan_use(plan, GV_PLAN_MEMORY, "susceptibility of all topics", 4 * n * (rows + 1));
    plan_counts(w, 16, plan);
}

/* Personalized PageRank of one topic. */
static void plan_walks(const wish *w, gv_plan *plan)
{
    const gv_ppr_opts walk = {.damping = .85,
                              .tolerance = 1e-9,
                              .max_iterations = 1000,
                              .weighted = true,
                              .direction = GV_REVERSE};
    const int64_t n = w->g.n_nodes;
    const int64_t buyers = w->m.n_topics > 0 ? w->m.pairs / w->m.n_topics : 0;
    gv_plan_begin(plan, "probabilities of a topic", (double)w->g.n_edges / edges_peeled);
    const int32_t p =
        gv_plan_hold(plan, GV_PLAN_MEMORY, "probabilities of a topic", 4 * w->g.n_edges);
    gv_plan_use(plan, GV_PLAN_MEMORY, "their sums", 16 * n);
    plan_all_pages(w, plan);
    gv_ppr_plan(plan, &w->g, NULL, 1, buyers < n ? buyers : n, &walk, w->threads, 0);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "edges", all_edges(w));
    gv_plan_use(plan, GV_PLAN_MEMORY, "scores of a topic", 8 * n);
    gv_plan_drop(plan, p);
}

/* The memory of a batch, the time of `topics`. */
static void plan_batch(const wish *w, int32_t topics, gv_plan *plan)
{
    const double before = gv_plan_sum(plan).seconds;
    gv_influence_plan(plan, &w->g, &w->m, w->batch, w->two, w->threads, 0);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "edges and model", pass_pages(w));
    const double each = gv_plan_sum(plan).seconds - before;
    if (topics > w->batch)
        gv_plan_begin(plan, "the other batches alike", each * (topics - w->batch) / w->batch);
}

static void plan_simulations(const wish *w, int32_t topics, gv_plan *plan)
{
    if (w->reach) {
        gv_reach_plan(plan, &w->g, topics, w->o->cv, w->threads);
        plan_all_pages(w, plan);
    }
    if (w->ppr)
        plan_walks(w, plan);
}

/* Friends and their purchases are asked for anywhere. */
static void plan_prospects(const wish *w, int64_t found, gv_plan *plan)
{
    gv_prospects_plan(plan, &w->g, found, w->threads);
    plan_all_pages(w, plan);
    if (w->model > 0)
        gv_plan_use(plan, GV_PLAN_RESIDENT, "times of last purchases", 8 * w->m.pairs);
}

/* What is done with the scores of each topic, as for the last one. `found`: prospects; `listed`:
 * they and the influencers, of all topics. */
static void plan_topics(const wish *w, int64_t found, int64_t listed, gv_plan *plan)
{
    const int64_t n = w->g.n_nodes, last = listed / w->topics;
    const double before = gv_plan_sum(plan).seconds;
    int32_t kept[BY_TOPIC], items[BY_TOPIC];
    gv_influence_rank_plan(plan, n, w->threads);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "purchases of the model",
                w->model > 0 ? 8 * w->m.pairs : 0);
    if (found > 0 && w->model == 0)
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "times of last purchases", 8 * w->m.pairs);
    plan_kept(w, GV_PLAN_MEMORY, plan, kept);
    plan_by_topic(w, plan, items);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "influencers and prospects of others", 12 * (listed - last));
    gv_plan_begin(plan, "correlations", (double)n / (ranks_compared * w->threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "keys of scores, and their order", 16 * n);
    gv_plan_use(plan, GV_PLAN_RESERVED, "friends or cores, and their ranks", 12 * n);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "influencers and prospects of a topic", 12 * last);
    if (w->o->top_k > 0)
        gv_top_k_plan(plan, n, w->o->top_k, w->threads);
    if (found > 0)
        plan_prospects(w, found, plan);
    const double each = gv_plan_sum(plan).seconds - before;
    gv_plan_begin(plan, "the other topics alike", each * (w->topics - 1));
    drop(plan, items, BY_TOPIC);
}

/* Up to the scores of the first batch. */
static void plan_first(const wish *w, gv_plan *plan)
{
    const int64_t n = w->g.n_nodes;
    int32_t rows[SCORES], by_topic[BY_TOPIC];
    plan_scores(w, GV_PLAN_RESERVED, plan, rows);
    plan_kept(w, GV_PLAN_RESERVED, plan, by_topic);
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "edges, ids and model, given back",
                 -w->edges - w->strengths - w->ids - w->model);
    gv_susceptibility_plan(plan, n, w->threads);
    plan_counts(w, 12, plan);
    gv_plan_begin(plan, "core numbers", (double)w->g.n_edges / edges_peeled);
    gv_plan_use(plan, GV_PLAN_MEMORY, "order of consumers", 8 * n);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "edges", w->edges);
    drop(plan, rows, SCORES);
    plan_batch(w, w->batch, plan);
    plan_scores(w, GV_PLAN_MEMORY, plan, rows);
    if (w->ppr)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "buyers", 12 * w->m.pairs);
    plan_simulations(w, w->batch, plan);
    if (w->ppr)
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "edges, since walks went along them", w->edges);
    drop(plan, by_topic, BY_TOPIC);
}

/* All but what is mapped. */
static void plan_work(const wish *w, gv_plan *plan)
{
    const int64_t n = w->g.n_nodes;
    const int64_t found = (int64_t)(prospects_expected * w->o->prospects * (double)n);
    const int64_t listed = w->topics * ((int64_t)(w->o->quantile * (double)n) + found);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "who listens", 4 * n);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "core numbers", 4 * n);
    if (w->o->weights != NULL)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "values of consumers", 4 * n);
    plan_first(w, plan);
    wish then = *w;
    then.edges_stay = w->ppr;
    if (w->topics > 0)
        plan_topics(&then, found, listed, plan);
    if (w->topics > w->batch) { /* rows of all topics have been filled by then */
        plan_batch(&then, w->topics - w->batch, plan);
        plan_simulations(&then, w->topics - w->batch, plan);
    }
    plan_output(w, listed, plan);
}

/* What a batch of w->batch topics takes. False when memory is too short to say. */
static bool measure(const wish *w, cli_session *s, gv_plan_sums *sums)
{
    gv_error err;
    gv_plan *plan;
    const unsigned parts = s->common.trust ? w->touched : gv_graph_parts(w->uses) | w->touched;
    if (gv_plan_create(cli_context(s), &plan, &err) != GV_OK)
        return false;
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "files, mapped",
                 gv_graph_bytes(&w->g, parts) + cli_plan_model_pages(&w->m));
    plan_work(w, plan);
    const bool fine = gv_plan_check(plan, &err) == GV_OK;
    *sums = gv_plan_sum(plan);
    gv_plan_free(plan);
    return fine;
}

/* Of 16, 8, 4, 2 topics or one as many as fit; what is resident counts unless mapped files alone
 * are too much. */
static int32_t batch_of(wish w, cli_session *s)
{
    const int64_t n = w.g.n_nodes;
    const int32_t some = w.topics > 1 ? w.topics : 1,
                  most = some < BATCH_TOPICS ? some : BATCH_TOPICS;
    gv_plan_sums one, sums;
    w.batch = 1;
    if (!measure(&w, s, &one))
        return 1;
    const int64_t room = one.resident > w.limit ? INT64_MAX : w.limit;
    for (int32_t batch = BATCH_TOPICS; batch > 1; batch /= 2) {
        w.batch = most < batch ? most : batch;
        if (w.limit == 0 && 24 * n * w.batch <= batch_bytes)
            return w.batch;
        if (w.limit > 0 && measure(&w, s, &sums) && sums.memory <= w.limit && sums.resident <= room)
            return w.batch;
    }
    return 1;
}

int32_t influence_batch_size(const influence_opts *o, cli_session *s, const gv_graph_shape *g,
                             const gv_model_shape *m, int32_t n_topics)
{
    return batch_of(wish_of(o, s, g, m, n_topics), s);
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
    const bool all = strcmp(o->topics, "all") == 0;
    wish w = wish_of(o, s, &g, &m, all ? m.n_topics : (int32_t)cli_plan_count(o->topics));
    w.batch = batch_of(w, s);
    w.id_bytes = cli_plan_id_bytes(s, &g);
    cli_plan_map_graph(s, plan, o->graph, &g, w.uses, w.touched);
    cli_plan_map_model(plan, &m);
    plan_work(&w, plan);
    return CLI_OK;
}
