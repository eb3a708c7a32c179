/* bench_cascade.c -- gv_cascade() beside one world at a time (reference/plain_cascade.c).
 *
 *   bench_cascade [graph=kron:18] [p=wc] [seeds=50] [threads=2] [worlds=1024] [plain=64] [trials=5]
 *                 [kernel=auto] [curve=0] [model=] [topic=0]
 *
 * graph: kron:SCALE, uniform:NODES (degree 10) or a graph file. p: wc, a number, planted: unequal,
 * most of them small, or learned: those of the model file in a topic, from an array; or fly: the
 * same, worked out where they are asked for, beside whose figures those of the array stand
 * (`stored_...`: with `fill`, the seconds to fill it). Both programs run in turn;
 * the line of JSON holds medians of seconds a world, their ratio without and with the kernel's
 * preparation, and the means of both with the distance in standard errors. Spreads may have a heavy
 * tail, and means of few worlds then differ; `ratio_active` is the ratio of seconds for each active
 * consumer. Preparation is what happens before the first world. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "grapevine/grapevine.h"
#include "graphs.h"
#include "reference/plain_cascade.h"

enum { LEAST_DEGREE = 4 };

typedef struct settings {
    bench_run run;
    const char *p, *kernel, *model;
    int64_t seeds, worlds, plain, curve, topic;
} settings;

/* Wall clock, and processor time of all threads: the latter says more on a busy machine. */
typedef struct moment {
    double wall, processor;
} moment;

typedef struct problem {
    const settings *s;
    gv_context *ctx;
    bench_graph g;
    gv_probability probability;
    float *stored;
    gv_model *model;
    gv_probability fly; /* of the model, with p=fly */
    double fill;        /* seconds */
    uint32_t *limit;
    plain_graph plain;
    gv_node *seeds;
    int64_t n_seeds;
    moment first_world; /* when the last run began with it */
} problem;

static moment now(void)
{
    return (moment){bench_now(), bench_processor()};
}

static moment since(moment a)
{
    const moment b = now();
    return (moment){b.wall - a.wall, b.processor - a.processor};
}

/* ---- the problem ------------------------------------------------------------------------------
 */

static uint32_t limit_of(double p)
{
    return p >= 1.0 ? UINT32_MAX : (uint32_t)(p * 0x1p32);
}

static void weighted_cascade(problem *b)
{
    int64_t *degree = bench_room(b->g.n, sizeof *degree);
    for (int64_t e = 0; e < b->g.m; e++)
        degree[b->g.target[e]]++;
    b->limit = bench_room(b->g.n, sizeof *b->limit);
    for (int64_t v = 0; v < b->g.n; v++)
        b->limit[v] = limit_of(1.0 / (double)(degree[v] > 0 ? degree[v] : 1));
    b->plain.by_target = b->limit;
    b->probability.rule = GV_PROBABILITY_WEIGHTED_CASCADE;
    free(degree);
}

/* Like probabilities learned from purchases: a lognormal factor of either end, mean about .05. */
static void planted(problem *b)
{
    b->stored = bench_room(b->g.m, sizeof *b->stored);
    b->limit = bench_room(b->g.m, sizeof *b->limit);
    for (int64_t u = 0; u < b->g.n; u++) {
        for (int64_t e = b->g.offset[u]; e < b->g.offset[u + 1]; e++) {
            double sum = 0.0; /* twelve uniform numbers are normal enough */
            for (uint64_t k = 0; k < 12; k++) {
                const uint64_t of = k < 6 ? (uint64_t)u : (uint64_t)b->g.target[e];
                sum += (double)(bench_random(10 + k, of) >> 11) * 0x1p-53;
            }
            const double p = 0.03 * exp(sum - 6.0);
            b->stored[e] = (float)(p < 0.9 ? p : 0.9);
            b->limit[e] = limit_of((double)b->stored[e]);
        }
    }
    b->plain.by_edge = b->limit;
    b->probability = (gv_probability){.rule = GV_PROBABILITY_STORED, .stored = b->stored};
}

static void learned(problem *b)
{
    gv_error err;
    b->stored = bench_room(b->g.m, sizeof *b->stored);
    b->limit = bench_room(b->g.m, sizeof *b->limit);
    bench_check(gv_model_open(b->ctx, b->s->model, b->g.handle, &b->model, &err), &err);
    const double started = bench_now();
    bench_check(gv_model_edge_probability(b->ctx, b->model, b->g.handle, (int32_t)b->s->topic,
                                          b->stored, &err),
                &err);
    b->fill = bench_now() - started;
    b->fly = (gv_probability){
        .rule = GV_PROBABILITY_MODEL, .model = b->model, .topic = (int32_t)b->s->topic};
    for (int64_t e = 0; e < b->g.m; e++)
        b->limit[e] = limit_of((double)b->stored[e]);
    b->plain.by_edge = b->limit;
    b->probability = (gv_probability){.rule = GV_PROBABILITY_STORED, .stored = b->stored};
}

/* Nodes of out-degree at least LEAST_DEGREE, drawn at random. */
static void take_seeds(problem *b)
{
    b->seeds = bench_room(b->s->seeds, sizeof *b->seeds);
    for (uint64_t i = 0; b->n_seeds < b->s->seeds && i < 1000000000; i++) {
        const gv_node v = (gv_node)(bench_random(5, i) % (uint64_t)b->g.n);
        if (b->g.offset[v + 1] - b->g.offset[v] >= LEAST_DEGREE)
            b->seeds[b->n_seeds++] = v;
    }
}

/* Notes when the first world is about to be simulated. */
static bool note_start(void *data, const char *stage, int64_t done, int64_t total)
{
    moment *started = data;
    (void)total;
    if (strcmp(stage, "cascade") == 0 && done == 0)
        *started = now();
    return true;
}

static void make_problem(problem *b)
{
    gv_error err;
    const settings *s = b->s;
    const gv_context_opts o = {.n_threads = (int32_t)s->run.threads,
                               .progress = note_start,
                               .progress_data = &b->first_world};
    bench_check(gv_context_create(&o, &b->ctx, &err), &err);
    b->g = bench_graph_named(b->ctx, s->run.graph);
    b->plain =
        (plain_graph){.n = b->g.n, .m = b->g.m, .offset = b->g.offset, .target = b->g.target};
    if (strcmp(s->p, "wc") == 0) {
        weighted_cascade(b);
    } else if (strcmp(s->p, "planted") == 0) {
        planted(b);
    } else if (strcmp(s->p, "learned") == 0 || strcmp(s->p, "fly") == 0) {
        learned(b);
    } else {
        b->probability = (gv_probability){.rule = GV_PROBABILITY_CONSTANT, .constant = atof(s->p)};
        b->plain.limit = limit_of(b->probability.constant);
    }
    take_seeds(b);
}

/* ---- trials -----------------------------------------------------------------------------------
 */

static gv_cascade_kernel kernel_of(const char *name)
{
    return strcmp(name, "plain") == 0    ? GV_CASCADE_PLAIN
           : strcmp(name, "points") == 0 ? GV_CASCADE_POINTS
           : strcmp(name, "sliced") == 0 ? GV_CASCADE_SLICED
                                         : GV_CASCADE_AUTO;
}

static gv_cascade_result *run_kernel(problem *b, const gv_probability *p, moment *prepare,
                                     moment *simulate)
{
    gv_error err;
    gv_cascade_result *r = NULL;
    gv_cascade_opts o = gv_cascade_defaults();
    o.kernel = kernel_of(b->s->kernel);
    o.n_worlds = b->s->worlds;
    o.spread_only = b->s->curve == 0;
    const moment started = now();
    bench_check(gv_cascade(b->ctx, b->g.handle, p, b->seeds, b->n_seeds, &o, &r, &err), &err);
    *simulate = since(b->first_world);
    *prepare =
        (moment){b->first_world.wall - started.wall, b->first_world.processor - started.processor};
    return r;
}

/* Mean of `n` spreads and its standard error. */
static double mean_of(const int64_t *spread, int64_t n, double *error)
{
    double sum = 0.0, square = 0.0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)spread[i];
    const double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        square += ((double)spread[i] - mean) * ((double)spread[i] - mean);
    *error = sqrt(square / (double)n / (double)n);
    return mean;
}

/* Medians over the trials, of one clock. */
typedef struct times {
    double plain[BENCH_MOST_TRIALS], prepare[BENCH_MOST_TRIALS], simulate[BENCH_MOST_TRIALS],
        whole[BENCH_MOST_TRIALS];
} times;

static void note(times *t, int64_t i, double plain, double prepare, double simulate)
{
    t->plain[i] = plain;
    t->prepare[i] = prepare;
    t->simulate[i] = simulate;
    t->whole[i] = prepare + simulate;
}

/* Seconds a world of the plain program over those of the kernel. */
static double ratio(const settings *s, const double *plain, const double *kernel)
{
    return bench_median(plain, s->run.trials) / (double)s->plain * (double)s->worlds /
           bench_median(kernel, s->run.trials);
}

static void print(const problem *b, const gv_cascade_result *r, const times *wall,
                  const times *processor, const times *stored, int64_t edges, const int64_t *spread)
{
    static const char *const name[] = {"auto", "plain", "points", "sliced"};
    const settings *s = b->s;
    const bench_run *run = &s->run;
    const double worlds = (double)s->worlds, plain = bench_median(wall->plain, run->trials);
    double error;
    const double mean = mean_of(spread, s->plain, &error);
    bench_line_begin(run, "world");
    bench_line_int(run, "trials", run->trials);
    bench_line_real(run, "median", bench_median(wall->simulate, run->trials) / worlds);
    bench_line_real(run, "min", bench_minimum(wall->simulate, run->trials) / worlds);
    bench_line_text(run, "unit", "s");
    bench_line_text(run, "p", s->p);
    bench_line_int(run, "seeds", b->n_seeds);
    bench_line_text(run, "kernel", name[r->kernel]);
    bench_line_int(run, "curve", s->curve);
    bench_line_int(run, "worlds", s->worlds);
    bench_line_real(run, "prepare", bench_median(wall->prepare, run->trials));
    bench_line_real(run, "plain", plain / (double)s->plain);
    bench_line_real(run, "plain_edges_per_s", (double)edges / plain);
    bench_line_text(run, "against", "plain");
    bench_line_real(run, "ratio", ratio(s, wall->plain, wall->simulate));
    bench_line_real(run, "ratio_active", ratio(s, wall->plain, wall->simulate) * r->mean / mean);
    bench_line_real(run, "ratio_with_preparation", ratio(s, wall->plain, wall->whole));
    bench_line_real(run, "processor_ratio", ratio(s, processor->plain, processor->simulate));
    bench_line_real(run, "mean", r->mean);
    bench_line_real(run, "plain_mean", mean);
    bench_line_real(run, "z", (r->mean - mean) / hypot(error, r->stderr_mean));
    if (stored != NULL) {
        const double whole = bench_median(stored->whole, run->trials);
        bench_line_real(run, "whole", bench_median(wall->whole, run->trials));
        bench_line_real(run, "stored_prepare", bench_median(stored->prepare, run->trials));
        bench_line_real(run, "stored_world", bench_median(stored->simulate, run->trials) / worlds);
        bench_line_real(run, "stored_whole", whole);
        bench_line_real(run, "fill", b->fill);
        bench_line_real(run, "whole_over_stored", bench_median(wall->whole, run->trials) / whole);
    }
    bench_line_end(run);
}

static void compare(problem *b)
{
    const settings *s = b->s;
    times wall, processor, stored;
    const bool fly = strcmp(s->p, "fly") == 0;
    int64_t *spread = bench_room(s->plain, sizeof *spread), edges = 0;
    gv_cascade_result *r = NULL;
    for (int64_t t = 0; t < s->run.trials; t++) {
        const moment started = now();
        edges = plain_cascade(&b->plain, b->seeds, b->n_seeds, s->plain, (int)s->run.threads, 12345,
                              spread);
        const moment plain = since(started);
        moment prepare, simulate;
        gv_cascade_free(r);
        if (fly) {
            r = run_kernel(b, &b->probability, &prepare, &simulate);
            note(&stored, t, plain.wall, prepare.wall, simulate.wall);
            gv_cascade_free(r);
        }
        r = run_kernel(b, fly ? &b->fly : &b->probability, &prepare, &simulate);
        note(&wall, t, plain.wall, prepare.wall, simulate.wall);
        note(&processor, t, plain.processor, prepare.processor, simulate.processor);
    }
    print(b, r, &wall, &processor, fly ? &stored : NULL, edges, spread);
    gv_cascade_free(r);
    free(spread);
}

int main(int argc, char **argv)
{
    settings s = {.run = bench_begin("cascade"),
                  .p = "wc",
                  .kernel = "auto",
                  .model = "",
                  .seeds = 50,
                  .worlds = 1024,
                  .plain = 64};
    s.run.graph = "kron:18";
    s.run.trials = 5;
    const bench_word words[] = {
        {.name = "graph", .text = &s.run.graph},       {.name = "p", .text = &s.p},
        {.name = "kernel", .text = &s.kernel},         {.name = "seeds", .number = &s.seeds},
        {.name = "threads", .number = &s.run.threads}, {.name = "worlds", .number = &s.worlds},
        {.name = "plain", .number = &s.plain},         {.name = "trials", .number = &s.run.trials},
        {.name = "curve", .number = &s.curve},         {.name = "model", .text = &s.model},
        {.name = "topic", .number = &s.topic},
    };
    bench_words("bench_cascade", argc, argv, words, sizeof words / sizeof *words);
    bench_check_trials(&s.run);
    if (s.worlds < 2 || s.plain < 2 || s.seeds < 0) {
        fprintf(stderr, "bench_cascade: worlds and plain must be at least 2, seeds at least 0\n");
        return 2;
    }
    problem b = {.s = &s};
    make_problem(&b);
    s.run.n = b.g.n, s.run.m = b.g.m;
    compare(&b);
    gv_model_free(b.model);
    bench_graph_free(&b.g);
    free(b.seeds), free(b.limit), free(b.stored);
    gv_context_free(b.ctx);
    return 0;
}
