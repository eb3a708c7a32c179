/* cmd_influence.c -- grapevine influence: who makes friends buy, topic by topic; who listens to
 * friends; who will probably buy next.
 *
 * Topics are computed in batches of a size that depends on the number of consumers alone; each
 * topic's numbers are the same in any batch. Arrays over topics and consumers are held, and
 * written, only as --store asks. */
#include <stdlib.h>
#include <string.h>

#include "cli/influence_plan.h"
#include "cli/topic_rows.h"
#include "cli/topk.h"

/* Scores of a batch that is not stored take at most this much, unless one topic takes more. */
#define BATCH_BYTES (INT64_C(6) << 30)

enum { BATCH_TOPICS = 16 };

typedef struct work {
    cli_session *s;
    const influence_opts *o;
    const gv_graph *g;
    const gv_model *m;
    gv_results *r;
    influence_plan plan;
    int64_t n;
    int32_t batch;                    /* topics computed together */
    float *weight;                    /* [n], or NULL */
    float *score[INFLUENCE_MEASURES]; /* [topics, or batch][n]; NULL where not needed */
    int32_t *rank;                    /* [topics, or 1][n] */
    int16_t *flag;                    /* [topics, or 1][n] */
    double *threshold;                /* [topics] */
    double *wide;                     /* [n], scratch */
    gv_node *order;                   /* [n], scratch */
    float *listens;                   /* [n], susceptibility over all topics */
    cli_topk top[INFLUENCE_MEASURES];
    topic_rows influencers, prospects;
} work;

static void defaults(void *opts)
{
    *(influence_opts *)opts = (influence_opts){.topics = "all",
                                               .measure = "i1",
                                               .store = "scores,flags",
                                               .quantile = 0.15,
                                               .prospects = 0.25,
                                               .top_k = 100};
}

#define OPTION(field_name, kind) .type = kind, .offset = offsetof(influence_opts, field_name)
static const cli_option options[] = {
    {.name = "graph",
     OPTION(graph, CLI_PATH),
     .metavar = "GRAPH.h5",
     .help = "the graph that the model was learnt on",
     .positional = true,
     .required = true},
    {.name = "model",
     OPTION(model, CLI_PATH),
     .metavar = "MODEL.h5",
     .help = "influence model, from `grapevine learn`",
     .required = true},
    {.name = "output",
     .letter = 'o',
     OPTION(output, CLI_OUTPUT),
     .metavar = "OUT.h5",
     .help = "results file to write",
     .required = true},
    {.name = "topics",
     OPTION(topics, CLI_TEXT),
     .metavar = "NAMES",
     .help = "topics to compute, by name, or all [%s]"},
    {.name = "measure",
     OPTION(measure, CLI_TEXT),
     .metavar = "NAMES",
     .help = "i1: expected purchases of friends; i2: of friends and their friends; the first one "
             "ranks [%s]"},
    {.name = "store",
     OPTION(store, CLI_TEXT),
     .metavar = "NAMES",
     .help = "arrays over all topics and consumers to write: scores, rank, flags; influencers: "
             "none of these, only the lists that are always written [%s]"},
    {.name = "weights",
     OPTION(weights, CLI_TEXT),
     .metavar = "COLUMN",
     .help = "node attribute with the value of each consumer; none: each counts 1 [%s]"},
    {.name = "quantile",
     OPTION(quantile, CLI_REAL),
     .metavar = "Q",
     .help = "share of all consumers who are flagged as influencers of a topic [%s]",
     .min = 0,
     .max = 1},
    {.name = "top-k",
     OPTION(top_k, CLI_INT),
     .metavar = "K",
     .help = "length of the table of best consumers; 0: none [%s]",
     .min = 0,
     .max = 1e6},
    {.name = "prospects",
     OPTION(prospects, CLI_REAL),
     .metavar = "Q",
     .help = "seek prospects among the share Q of consumers who listen to friends most; 0: none "
             "[%s]",
     .min = 0,
     .max = 1},
    {.name = NULL},
};

/* ---- preparation --------------------------------------------------------------------------- */

static int out_of_memory(const work *w)
{
    return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory for %lld consumers",
                         (long long)w->n);
}

static bool stored(const work *w, int measure)
{
    return w->plan.scores && w->plan.measure[measure];
}

static void *rows(const work *w, int64_t n_rows, size_t size)
{
    return calloc((size_t)(n_rows * w->n + 1), size);
}

static int32_t batch_size(const work *w)
{
    const int64_t bytes = w->n * (int64_t)(INFLUENCE_MEASURES * (sizeof(float) + sizeof(double)));
    const int64_t fits = bytes > 0 ? BATCH_BYTES / bytes : BATCH_TOPICS;
    return fits < 1 ? 1 : fits > BATCH_TOPICS ? BATCH_TOPICS : (int32_t)fits;
}

static int prepare(work *w)
{
    const influence_plan *plan = &w->plan;
    const int32_t n_topics = plan->n_topics;
    w->batch = batch_size(w);
    bool fine = true;
    for (int i = 0; i < INFLUENCE_MEASURES; i++) {
        if (i == 0 || plan->measure[i]) /* i1 is a step to i2 */
            fine = (w->score[i] = rows(w, stored(w, i) ? n_topics : w->batch, 4)) && fine;
        if (plan->measure[i])
            fine = cli_topk_begin(&w->top[i], n_topics, w->o->top_k) && fine;
    }
    fine = (w->rank = rows(w, plan->ranks ? n_topics : 1, sizeof *w->rank)) && fine;
    fine = (w->flag = rows(w, plan->flags ? n_topics : 1, sizeof *w->flag)) && fine;
    fine = (w->threshold = calloc((size_t)n_topics + 1, sizeof *w->threshold)) && fine;
    fine = (w->wide = rows(w, 1, sizeof *w->wide)) && fine;
    fine = (w->order = rows(w, 1, sizeof *w->order)) && fine;
    fine = (w->listens = rows(w, 1, sizeof *w->listens)) && fine;
    fine = topic_rows_begin(&w->influencers, gv_model_topics(w->m)) && fine;
    fine = topic_rows_begin(&w->prospects, gv_model_topics(w->m)) && fine;
    return fine ? CLI_OK : out_of_memory(w);
}

static void clean_up(work *w)
{
    topic_rows_free(&w->prospects);
    topic_rows_free(&w->influencers);
    free(w->listens), free(w->order), free(w->wide), free(w->threshold);
    free(w->flag), free(w->rank), free(w->weight);
    for (int i = 0; i < INFLUENCE_MEASURES; i++) {
        cli_topk_free(&w->top[i]);
        free(w->score[i]);
    }
    influence_plan_free(&w->plan);
}

static int read_weights(work *w)
{
    gv_error err;
    char id[GV_ID_CHARS + 1];
    if (w->o->weights == NULL)
        return CLI_OK;
    w->weight = rows(w, 1, sizeof *w->weight);
    if (w->weight == NULL)
        return out_of_memory(w);
    if (gv_graph_attribute_f32(w->g, w->o->weights, w->weight, &err) != GV_OK)
        return cli_fail_text(w->s, CLI_USAGE, "--weights: %s", err.message);
    for (int64_t v = 0; v < w->n; v++)
        if (!(w->weight[v] >= 0.0f && w->weight[v] <= 3e38f))
            return cli_fail_text(w->s, CLI_BAD_DATA,
                                 "--weights: value %g of consumer %s in column '%s' is not a "
                                 "number >= 0",
                                 (double)w->weight[v], gv_graph_id(w->g, (gv_node)v, id),
                                 w->o->weights);
    return CLI_OK;
}

/* ---- one topic ----------------------------------------------------------------------------- */

/* The scores of topic number `i` of the plan, in the batch that starts with number `first`. */
static float *score_row(const work *w, int measure, int32_t i, int32_t first)
{
    return w->score[measure] + (stored(w, measure) ? i : i - first) * w->n;
}

static int32_t *rank_row(const work *w, int32_t i)
{
    return w->rank + (w->plan.ranks ? i * w->n : 0);
}

static int16_t *flag_row(const work *w, int32_t i)
{
    return w->flag + (w->plan.flags ? i * w->n : 0);
}

static int list_influencers(work *w, int32_t i, const float *score, int64_t n_flagged)
{
    const int32_t z = w->plan.topic[i];
    const int32_t *rank = rank_row(w, i);
    const int16_t *flag = flag_row(w, i);
    if (!topic_rows_reserve(&w->influencers, n_flagged))
        return out_of_memory(w);
    for (int64_t v = 0; v < w->n; v++) {
        int64_t friends;
        w->order[rank[v] - 1] = (gv_node)v;
        if (flag[v] == 0)
            continue;
        gv_graph_out(w->g, (gv_node)v, &friends);
        topic_rows_add(&w->influencers, z, (gv_node)v, score[v], rank[v], (int32_t)friends);
    }
    int64_t kept = 0;
    for (int64_t place = 0; place < w->n; place++)
        if (flag[w->order[place]] != 0)
            w->order[kept++] = w->order[place];
    cli_keep_influencers(w->s, gv_model_topic(w->m, z), w->order, kept);
    return CLI_OK;
}

typedef struct prospect {
    gv_node node, best_friend;
    float probability;
} prospect;

static int by_node(const void *a, const void *b)
{
    const gv_node x = ((const prospect *)a)->node, y = ((const prospect *)b)->node;
    return x < y ? -1 : x > y;
}

static int list_prospects(work *w, int32_t i)
{
    gv_error err;
    gv_prospects *found;
    const int32_t z = w->plan.topic[i];
    if (gv_prospects_find(cli_context(w->s), w->g, w->m, z, w->listens, flag_row(w, i),
                          w->o->prospects, &found, &err) != GV_OK)
        return cli_fail(w->s, &err);
    prospect *list = calloc((size_t)found->n + 1, sizeof *list);
    const bool fine = list != NULL && topic_rows_reserve(&w->prospects, found->n);
    for (int64_t k = 0; k < found->n && fine; k++)
        list[k] = (prospect){found->node[k], found->best_friend[k], found->probability[k]};
    if (fine)
        qsort(list, (size_t)found->n, sizeof *list, by_node);
    for (int64_t k = 0; k < found->n && fine; k++)
        topic_rows_add(&w->prospects, z, list[k].node, list[k].probability, list[k].best_friend, 0);
    free(list);
    gv_prospects_free(found);
    return fine ? CLI_OK : out_of_memory(w);
}

static int best_of_topic(work *w, int measure, int32_t i, const float *score)
{
    gv_error err;
    for (int64_t v = 0; v < w->n; v++)
        w->wide[v] = (double)score[v];
    if (cli_topk_fill(&w->top[measure], cli_context(w->s), i, w->wide, w->n, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return CLI_OK;
}

static int run_topic(work *w, int32_t i, int32_t first)
{
    gv_error err;
    int64_t n_flagged;
    const float *score = score_row(w, w->plan.ranking, i, first);
    if (gv_influence_rank(cli_context(w->s), w->m, w->n, w->plan.topic[i], score, w->o->quantile,
                          rank_row(w, i), flag_row(w, i), &w->threshold[i], &n_flagged,
                          &err) != GV_OK)
        return cli_fail(w->s, &err);
    int code = list_influencers(w, i, score, n_flagged);
    for (int k = 0; k < INFLUENCE_MEASURES && code == CLI_OK; k++)
        if (w->plan.measure[k] && w->o->top_k > 0)
            code = best_of_topic(w, k, i, score_row(w, k, i, first));
    if (code == CLI_OK && w->o->prospects > 0.0)
        code = list_prospects(w, i);
    return code;
}

static int run_batches(work *w)
{
    gv_error err;
    const int32_t n_topics = w->plan.n_topics;
    if (gv_susceptibility(cli_context(w->s), w->m, -1, w->listens, NULL, NULL, NULL, &err) != GV_OK)
        return cli_fail(w->s, &err);
    int code = CLI_OK;
    for (int32_t first = 0; first < n_topics && code == CLI_OK; first += w->batch) {
        const int32_t n = n_topics - first < w->batch ? n_topics - first : w->batch;
        float *i2 = w->plan.measure[1] ? score_row(w, 1, first, first) : NULL;
        if (gv_influence(cli_context(w->s), w->g, w->m, w->plan.topic + first, n, w->weight,
                         score_row(w, 0, first, first), i2, &err) != GV_OK)
            return cli_fail(w->s, &err);
        for (int32_t i = first; i < first + n && code == CLI_OK; i++)
            code = run_topic(w, i, first);
    }
    return code;
}

/* ---- output -------------------------------------------------------------------------------- */

/* The places in /topics of the rows of `group`. */
static gv_status put_topic_rows(const work *w, const char *group, gv_error *err)
{
    char path[128];
    const int64_t n_topics = w->plan.n_topics;
    snprintf(path, sizeof path, "%s/topic", group);
    return gv_results_put(w->r, path, GV_I32, 1, &n_topics, w->plan.topic, err);
}

static gv_status put_influence(const work *w, gv_error *err)
{
    const int64_t dims[2] = {w->plan.n_topics, w->n};
    gv_status st = put_topic_rows(w, "/influence", err);
    for (int k = 0; k < INFLUENCE_MEASURES && st == GV_OK; k++) {
        char path[64];
        snprintf(path, sizeof path, "/influence/%s", influence_measure[k]);
        if (stored(w, k))
            st = gv_results_put(w->r, path, GV_F32, 2, dims, w->score[k], err);
    }
    if (st == GV_OK && w->plan.ranks)
        st = gv_results_put(w->r, "/influence/rank", GV_I32, 2, dims, w->rank, err);
    if (st == GV_OK && w->plan.flags)
        st = gv_results_put_flags(w->r, "/influence/is_influencer", 2, dims, w->flag, err);
    if (st == GV_OK)
        st = gv_results_put(w->r, "/influence/threshold", GV_F64, 1, dims, w->threshold, err);
    if (st == GV_OK)
        st = gv_results_attr_f64(w->r, "/influence", "quantile", w->o->quantile, err);
    if (st == GV_OK)
        st = gv_results_attr_text(w->r, "/influence", "measure", influence_measure[w->plan.ranking],
                                  err);
    return st;
}

static gv_status put_lists(work *w, gv_error *err)
{
    static const char *const of_influencers[] = {"rank", "friends"};
    static const char *const of_prospects[] = {"best_friend", NULL};
    gv_status st = topic_rows_put(&w->influencers, w->r, "/influencers", w->n, of_influencers, err);
    if (st == GV_OK && w->o->prospects > 0.0)
        st = topic_rows_put(&w->prospects, w->r, "/prospects", w->n, of_prospects, err);
    for (int k = 0; k < INFLUENCE_MEASURES && st == GV_OK; k++) {
        char path[64];
        if (!w->plan.measure[k] || w->o->top_k == 0)
            continue;
        st = cli_topk_put(&w->top[k], w->r, w->g, influence_measure[k], err);
        snprintf(path, sizeof path, "/topk/%s", influence_measure[k]);
        if (st == GV_OK)
            st = put_topic_rows(w, path, err);
    }
    return st;
}

/* One array at a time, so that one is held: cells have 4 bytes in each. */
static gv_status put_susceptibility(const work *w, gv_error *err)
{
    static const char *const name[] = {"score", "observed", "total", "expected"};
    static const gv_type type[] = {GV_F32, GV_I32, GV_I32, GV_F32};
    const int64_t dims[2] = {w->plan.n_topics, w->n};
    gv_status st = put_topic_rows(w, "/susceptibility", err);
    char *cells = rows(w, dims[0], 4);
    float *score = rows(w, 1, sizeof *score);
    for (int k = 0; k < 4 && st == GV_OK && cells != NULL && score != NULL; k++) {
        char path[64];
        for (int32_t i = 0; i < dims[0] && st == GV_OK; i++) {
            void *row = cells + 4 * i * w->n;
            st = gv_susceptibility(cli_context(w->s), w->m, w->plan.topic[i], k == 0 ? row : score,
                                   k == 1 ? row : NULL, k == 2 ? row : NULL, k == 3 ? row : NULL,
                                   err);
        }
        snprintf(path, sizeof path, "/susceptibility/%s", name[k]);
        if (st == GV_OK)
            st = gv_results_put(w->r, path, type[k], 2, dims, cells, err);
    }
    if (st == GV_OK && (cells == NULL || score == NULL)) {
        err->status = st = GV_ERR_NOMEM;
        snprintf(err->message, sizeof err->message, "no memory for susceptibility");
    }
    free(score);
    free(cells);
    if (st == GV_OK)
        st = gv_results_put(w->r, "/susceptibility/overall", GV_F32, 1, &w->n, w->listens, err);
    return st;
}

static int write_results(work *w)
{
    gv_error err;
    gv_status st = put_influence(w, &err);
    if (st == GV_OK)
        st = put_lists(w, &err);
    if (st == GV_OK && w->plan.scores)
        st = put_susceptibility(w, &err);
    return st == GV_OK ? CLI_OK : cli_fail(w->s, &err);
}

/* ---- the command --------------------------------------------------------------------------- */

static int open_inputs(work *w)
{
    unsigned uses = GV_USES_OUT | GV_USES_IDS;
    if (w->o->prospects > 0.0)
        uses |= GV_USES_IN;
    int code = cli_graph(w->s, w->o->graph, uses, &w->g);
    if (code == CLI_OK)
        code = cli_model(w->s, w->o->model, w->g, &w->m);
    if (code != CLI_OK)
        return code;
    w->n = gv_graph_nodes(w->g);
    code = influence_plan_read(w->s, w->o, w->m, &w->plan);
    return code == CLI_OK ? read_weights(w) : code;
}

static int start_results(work *w)
{
    gv_error err;
    const int code = cli_results(w->s, &cmd_influence, w->o, w->o->output, w->g, &w->r);
    if (code != CLI_OK)
        return code;
    if (gv_results_put_nodes(w->r, w->g, &err) != GV_OK ||
        gv_results_put_topics(w->r, w->m, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return CLI_OK;
}

static void say_what_was_done(const work *w, double started)
{
    char influencers[32], prospects[32];
    const double passes = w->plan.measure[1] ? 2.0 : 1.0;
    cli_stage_done(w->s, "influence", started,
                   passes * (double)w->plan.n_topics * (double)gv_graph_edges(w->g), "edge-topics");
    cli_say(w->s, "%s influencers and %s prospects in %d topics",
            cli_thousands(w->influencers.n, influencers), cli_thousands(w->prospects.n, prospects),
            w->plan.n_topics);
}

static int run(const void *opts, cli_session *s)
{
    const double started = cli_seconds();
    work w = {.s = s, .o = opts};
    int code = open_inputs(&w);
    if (code == CLI_OK)
        code = start_results(&w);
    if (code == CLI_OK)
        code = prepare(&w);
    if (code == CLI_OK)
        code = run_batches(&w);
    if (code == CLI_OK)
        code = write_results(&w);
    if (code == CLI_OK)
        say_what_was_done(&w, started);
    if (code == CLI_OK)
        code = cli_results_done(s);
    clean_up(&w);
    return code;
}

const cli_command cmd_influence = {
    .name = "influence",
    .summary = "per-topic influence of every consumer, influencers, prospects",
    .description = "For every consumer and topic: how many purchases of friends theirs are "
                   "expected to prompt, by a model from `grapevine learn`. The share --quantile of "
                   "best rank, among those with purchases in the topic, are its influencers. "
                   "Prospects are consumers who do not own the topic yet, listen to friends, and "
                   "have an influencer friend who bought lately.",
    .example = "grapevine influence demo/graph.h5 --model model.h5 -o influence.h5",
    .options = options,
    .size = sizeof(influence_opts),
    .defaults = defaults,
    .run = run,
};
