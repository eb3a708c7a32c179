/* bench_influence.c -- i1 and i2 of all topics of a model, up to 16, in edge-columns a second, in
 * turns with two sweeps of PageRank over as many columns of the same graph: both visit each edge
 * twice. And the probabilities of one topic worked out on the fly; with log=LOG, reading it and
 * learning from it, too.
 *
 *     grapevine generate consumers --consumers 1000000 --topics 16 --items 20 -o population
 *     grapevine learn population/graph.h5 --log population/purchases.tsv -o model.h5
 *     bench_influence graph=population/graph.h5 model=model.h5 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "grapevine/grapevine.h"

enum { MOST_TOPICS = 16 };

typedef struct problem {
    gv_context *ctx;
    gv_graph *g;
    gv_model *m;
    int32_t n_topics, topic[MOST_TOPICS];
    int64_t n, edges, sweeps;
    const char *log_path;
    gv_log *log;
    float *i1, *i2, *p;
    gv_teleport teleport;
    gv_ppr_opts ppr;
    double *score;
    double half, whole; /* when half of the topics, and all, were done */
} problem;

static gv_error err;

static double one_hop(void *arg)
{
    problem *b = arg;
    const double started = bench_now();
    bench_check(gv_influence(b->ctx, b->g, b->m, b->topic, b->n_topics, NULL, b->i1, NULL, &err),
                &err);
    return bench_now() - started;
}

static double two_hops(void *arg)
{
    problem *b = arg;
    const double started = bench_now();
    bench_check(gv_influence(b->ctx, b->g, b->m, b->topic, b->n_topics, NULL, b->i1, b->i2, &err),
                &err);
    return bench_now() - started;
}

/* When the first one of two batches is done, and when both are. */
static bool note_batches(void *data, const char *stage, int64_t done, int64_t total)
{
    problem *b = data;
    if (strcmp(stage, "influence") == 0)
        b->whole = bench_now();
    if (2 * done <= total)
        b->half = b->whole;
    return true;
}

/* One batch of topics more: its memory is neither touched first nor given back, as that of the
 * sweeps is not. */
static double batch_more(void *arg)
{
    problem *b = arg;
    int32_t twice[2 * MOST_TOPICS];
    for (int32_t i = 0; i < 2 * b->n_topics; i++)
        twice[i] = b->topic[i % b->n_topics];
    bench_check(gv_influence(b->ctx, b->g, b->m, twice, 2 * b->n_topics, NULL, b->i1, b->i2, &err),
                &err);
    return b->whole - b->half;
}

static double pagerank(problem *b, int32_t sweeps)
{
    b->ppr.max_iterations = sweeps;
    const double started = bench_now();
    bench_check(gv_ppr(b->ctx, b->g, &b->teleport, &b->ppr, b->score, NULL, &err), &err);
    return bench_now() - started;
}

/* Two sweeps without the preparation: the mean of more of them. */
static double two_sweeps(void *arg)
{
    problem *b = arg;
    const double few = pagerank(b, 2);
    return 2.0 * (pagerank(b, 2 + (int32_t)b->sweeps) - few) / (double)b->sweeps;
}

static double read_log(void *arg)
{
    problem *b = arg;
    gv_log *log;
    const double started = bench_now();
    bench_check(gv_log_read(b->ctx, b->log_path, b->g, NULL, &log, &err), &err);
    const double seconds = bench_now() - started;
    gv_log_free(log);
    return seconds;
}

static double learn(void *arg)
{
    problem *b = arg;
    gv_model *m;
    const double started = bench_now();
    bench_check(gv_learn(b->ctx, b->g, b->log, NULL, &m, NULL, &err), &err);
    const double seconds = bench_now() - started;
    gv_model_free(m);
    return seconds;
}

/* Reading and sorting a log, by its bytes, and learning from it, by its rows. */
static void measure_log(problem *b, const bench_run *r)
{
    FILE *f = fopen(b->log_path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        fprintf(stderr, "bench_influence: cannot read %s\n", b->log_path);
        exit(EXIT_FAILURE);
    }
    const double bytes = (double)ftell(f);
    fclose(f);
    const bench_case reading = {"read the log", read_log, b, bytes, "bytes", NULL};
    bench_measure(r, &reading, NULL);
    bench_check(gv_log_read(b->ctx, b->log_path, b->g, NULL, &b->log, &err), &err);
    const double rows = (double)gv_log_describe(b->log).rows_kept;
    const bench_case learning = {"learn", learn, b, rows, "rows", NULL};
    bench_measure(r, &learning, NULL);
    gv_log_free(b->log);
}

static double on_the_fly(void *arg)
{
    problem *b = arg;
    const double started = bench_now();
    bench_check(gv_model_edge_probability(b->ctx, b->m, b->g, b->topic[0], b->p, &err), &err);
    return bench_now() - started;
}

static void open_inputs(problem *b, const char *graph, const char *model, int64_t threads)
{
    const gv_context_opts with = {
        .n_threads = (int32_t)threads, .progress = note_batches, .progress_data = b};
    bench_check(gv_context_create(&with, &b->ctx, &err), &err);
    bench_check(gv_graph_open(b->ctx, graph, &b->g, &err), &err);
    bench_check(gv_model_open(b->ctx, model, b->g, &b->m, &err), &err);
    b->n = gv_graph_nodes(b->g);
    b->edges = gv_graph_edges(b->g);
    b->n_topics = gv_model_topics(b->m) < MOST_TOPICS ? gv_model_topics(b->m) : MOST_TOPICS;
    for (int32_t z = 0; z < b->n_topics; z++)
        b->topic[z] = z;
    b->i1 = gv_context_take(b->ctx, 2 * b->n * b->n_topics, sizeof *b->i1);
    b->i2 = gv_context_take(b->ctx, 2 * b->n * b->n_topics, sizeof *b->i2);
    if (b->i1 == NULL || b->i2 == NULL) {
        fprintf(stderr, "bench_influence: no memory for scores\n");
        exit(EXIT_FAILURE);
    }
    b->p = bench_room(b->edges, sizeof *b->p);
}

static void make_teleport(problem *b)
{
    int64_t *offset = bench_room(gv_model_topics(b->m) + 1, sizeof *offset);
    gv_model_buyers(b->m, offset, NULL, NULL);
    gv_node *node = bench_room(offset[gv_model_topics(b->m)], sizeof *node);
    double *weight = bench_room(offset[gv_model_topics(b->m)], sizeof *weight);
    gv_model_buyers(b->m, offset, node, weight);
    b->teleport = (gv_teleport){b->n_topics, offset, node, weight};
    b->ppr = gv_ppr_defaults();
    b->ppr.tolerance = 0.0;
    b->ppr.precision = GV_PPR_F32;
    b->score = bench_room(b->n * b->n_topics, sizeof *b->score);
}

/* Both passes in turns with sweeps of PageRank. */
static void measure_beside(problem *b, const bench_run *r, const bench_case *two,
                           const bench_case *more)
{
    make_teleport(b);
    const bench_case walk = {"pagerank", two_sweeps, b, two->work, "edge-columns", NULL};
    bench_compare(r, &walk, two);
    if (b->n_topics == MOST_TOPICS)
        bench_compare(r, &walk, more);
    free((void *)(uintptr_t)b->teleport.offset), free((void *)(uintptr_t)b->teleport.node);
    free((void *)(uintptr_t)b->teleport.weight), free(b->score);
}

int main(int argc, char **argv)
{
    bench_run r = bench_begin("influence");
    const char *graph = NULL, *model = NULL;
    problem b = {.sweeps = 10};
    int64_t with_ppr = 1;
    r.trials = 3;
    const bench_word word[] = {
        {.name = "graph", .text = &graph},         {.name = "model", .text = &model},
        {.name = "log", .text = &b.log_path},      {.name = "warm_up", .number = &r.warm_up},
        {.name = "threads", .number = &r.threads}, {.name = "trials", .number = &r.trials},
        {.name = "sweeps", .number = &b.sweeps},   {.name = "ppr", .number = &with_ppr}};
    bench_words("bench_influence", argc, argv, word, sizeof word / sizeof *word);
    bench_check_trials(&r);
    if (graph == NULL || model == NULL || b.sweeps < 1) {
        fprintf(stderr,
                "bench_influence: graph=GRAPH.h5 model=MODEL.h5 are needed, and sweeps of at "
                "least 1\n");
        return 2;
    }
    open_inputs(&b, graph, model, r.threads);
    r.graph = graph, r.n = b.n, r.m = b.edges;
    const double work = (double)b.edges * b.n_topics;
    const bench_case one = {"i1", one_hop, &b, work, "edge-columns", NULL};
    const bench_case two = {"i1 and i2", two_hops, &b, 2.0 * work, "edge-columns", NULL};
    const bench_case more = {
        "i1 and i2, a batch more", batch_more, &b, 2.0 * work, "edge-columns", NULL};
    const bench_case fly = {"edge probability", on_the_fly, &b, (double)b.edges, "edges", NULL};
    if (b.log_path != NULL)
        measure_log(&b, &r);
    bench_measure(&r, &one, NULL);
    bench_measure(&r, &fly, NULL);
    if (with_ppr != 0)
        measure_beside(&b, &r, &two, &more);
    else
        bench_measure(&r, &two, NULL);
    free(b.p);
    gv_context_release(b.ctx, b.i2), gv_context_release(b.ctx, b.i1);
    gv_model_free(b.m);
    gv_graph_free(b.g);
    gv_context_free(b.ctx);
    return 0;
}
