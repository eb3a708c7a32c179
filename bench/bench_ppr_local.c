/* bench_ppr_local.c -- gv_ppr_local(): the best of single sources of a graph file.
 *
 *   bench_ppr_local graph=GRAPH.h5 [sources=100] [top=20] [edges=4000000] [accuracy=0.1] [exact=0]
 *                   [in-place=0] [tolerance=1e-9] [threads=2]
 *
 * Sources are drawn anew from all consumers that have friends. Each is one call with one column,
 * hence on one thread; after a round over all of them that does not count, in which file pages are
 * read. `exact` of them, from the first, are also solved to the tolerance by gv_ppr(), or with
 * in-place=1 by gv_ppr_in_place(), which needs 4 bytes a consumer and column: the line says how
 * much of the lists is the same, and whether every bound held. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "grapevine/grapevine.h"
#include "graphs.h"

enum { BATCH = 16 };

typedef struct settings {
    const char *graph;
    int64_t sources, top, edges, exact, in_place, threads;
    double accuracy, tolerance;
} settings;

typedef struct problem {
    const settings *s;
    gv_context *ctx;
    gv_graph *g;
    int64_t max_degree;
    gv_node *source;             /* [sources] */
    gv_ppr_best best;            /* [sources][top] */
    gv_ppr_local_column *column; /* [sources] */
    double *seconds;             /* [sources] */
} problem;

typedef struct verdict {
    int64_t listed, same, broken; /* entries; of those in the exact list; bounds that fail */
} verdict;

static void draw_sources(problem *b)
{
    const uint64_t n = (uint64_t)gv_graph_nodes(b->g);
    uint64_t drawn = 0;
    for (int64_t i = 0; i < b->s->sources;) {
        int64_t friends;
        const gv_node v = (gv_node)(bench_random(7, drawn++) % n);
        gv_graph_out(b->g, v, &friends);
        b->source[i] = v;
        i += friends > 0;
    }
}

static void open_problem(problem *b)
{
    gv_error err;
    const int64_t cells = b->s->sources * b->s->top;
    const gv_context_opts o = {.n_threads = (int32_t)b->s->threads};
    bench_check(gv_context_create(&o, &b->ctx, &err), &err);
    bench_check(gv_graph_open(b->ctx, b->s->graph, &b->g, &err), &err);
    b->source = bench_room(b->s->sources, sizeof *b->source);
    b->seconds = bench_room(b->s->sources, sizeof *b->seconds);
    b->column = bench_room(b->s->sources, sizeof *b->column);
    b->best.node = bench_room(cells, sizeof *b->best.node);
    b->best.score = bench_room(cells, sizeof *b->best.score);
    b->best.lower = bench_room(cells, sizeof *b->best.lower);
    b->best.upper = bench_room(cells, sizeof *b->best.upper);
    draw_sources(b);
}

/* ---- lists -------------------------------------------------------------------------------- */

static void find_all(problem *b)
{
    const settings *s = b->s;
    const int64_t offset[2] = {0, 1};
    gv_ppr_local_opts o = gv_ppr_local_defaults();
    o.max_edges = s->edges;
    o.accuracy = s->accuracy;
    for (int64_t i = 0; i < s->sources; i++) {
        gv_error err;
        const gv_teleport t = {.n_columns = 1, .offset = offset, .node = b->source + i};
        const gv_ppr_best best = {b->best.node + i * s->top, b->best.score + i * s->top,
                                  b->best.lower + i * s->top, b->best.upper + i * s->top};
        const double started = bench_now();
        const gv_status st =
            gv_ppr_local(b->ctx, b->g, &t, s->top, &o, b->max_degree, &best, b->column + i, &err);
        b->seconds[i] = bench_now() - started;
        if (st != GV_ERR_CONVERGE)
            bench_check(st, &err);
    }
}

/* ---- the exact lists ---------------------------------------------------------------------- */

/* Is `node` among the first `n`? */
static int is_listed(const gv_node *list, int64_t n, gv_node node)
{
    for (int64_t i = 0; i < n; i++)
        if (list[i] == node)
            return 1;
    return 0;
}

static void judge(const problem *b, int64_t i, const double *score, double error, verdict *v)
{
    gv_error err;
    const int64_t k = b->s->top, n = gv_graph_nodes(b->g);
    gv_node *node = bench_room(k, sizeof *node);
    double *top = bench_room(k, sizeof *top), next;
    bench_check(gv_top_k(b->ctx, score, n, k, node, top, &next, &err), &err);
    const gv_node *found = b->best.node + i * k;
    for (int64_t j = 0; j < k; j++) {
        const double exact = found[j] >= 0 ? score[found[j]] : 0.0;
        if (found[j] >= 0 &&
            (b->best.lower[i * k + j] > exact + error || b->best.upper[i * k + j] < exact - error))
            v->broken++;
        if (!is_listed(found, k, node[j]) && top[j] > b->column[i].others + error)
            v->broken++;
        v->listed++;
        v->same += is_listed(found, k, node[j]);
    }
    free(top), free(node);
}

/* One batch of the sources, from `first` on, in columns of doubles. */
static void compare_columns(problem *b, int64_t first, const gv_teleport *t, const gv_ppr_opts *o,
                            verdict *v)
{
    gv_error err;
    gv_ppr_column column[BATCH];
    const int64_t n = gv_graph_nodes(b->g);
    double *score = bench_room(t->n_columns * n, sizeof *score);
    bench_check(gv_ppr(b->ctx, b->g, t, o, score, column, &err), &err);
    for (int64_t c = 0; c < t->n_columns; c++)
        judge(b, first + c, score + c * n, column[c].residual, v);
    free(score);
}

/* The same in place, with a third of the memory. */
static void compare_in_place(problem *b, int64_t first, const gv_teleport *t, const gv_ppr_opts *o,
                             verdict *v)
{
    gv_error err;
    gv_ppr_column column[BATCH];
    const int64_t n = gv_graph_nodes(b->g), width = gv_ppr_in_place_width(t->n_columns);
    float *row = gv_context_take(b->ctx, n * width, sizeof *row);
    const gv_status st = gv_ppr_in_place(b->ctx, b->g, t, o, row, column, &err);
    if (st != GV_ERR_CONVERGE)
        bench_check(st, &err);
    double *score = bench_room(n, sizeof *score);
    for (int64_t c = 0; c < t->n_columns; c++) {
        for (int64_t u = 0; u < n; u++)
            score[u] = (double)row[u * width + c];
        judge(b, first + c, score, column[c].residual, v);
    }
    free(score);
    gv_context_release(b->ctx, row);
}

static verdict compare(problem *b)
{
    verdict v = {0, 0, 0};
    gv_ppr_opts o = gv_ppr_defaults();
    o.tolerance = b->s->tolerance;
    o.precision = GV_PPR_F32;
    for (int64_t first = 0; first < b->s->exact; first += BATCH) {
        int64_t offset[BATCH + 1];
        const int64_t count = b->s->exact - first < BATCH ? b->s->exact - first : BATCH;
        for (int64_t c = 0; c <= BATCH; c++)
            offset[c] = c;
        const gv_teleport t = {.n_columns = count, .offset = offset, .node = b->source + first};
        (b->s->in_place ? compare_in_place : compare_columns)(b, first, &t, &o, &v);
    }
    return v;
}

/* ---- figures ------------------------------------------------------------------------------ */

static double median_of(const problem *b, double (*of)(const gv_ppr_local_column *))
{
    double value[BENCH_MOST_TRIALS];
    for (int64_t i = 0; i < b->s->sources; i++)
        value[i] = of(&b->column[i]);
    return bench_median(value, b->s->sources);
}

static double edges_of(const gv_ppr_local_column *c)
{
    return (double)c->edges;
}

static double residual_of(const gv_ppr_local_column *c)
{
    return c->residual;
}

static void print_line(problem *b, const bench_run *r, double prepare, double first,
                       const verdict *v)
{
    const settings *s = b->s;
    int64_t converged = 0;
    double worst = 0.0;
    for (int64_t i = 0; i < s->sources; i++) {
        converged += b->column[i].converged;
        worst = fmax(worst, b->seconds[i]);
    }
    bench_line_begin(r, "ppr_local");
    bench_line_int(r, "top", s->top);
    bench_line_int(r, "max_edges", s->edges);
    bench_line_int(r, "max_degree", b->max_degree);
    bench_line_real(r, "degrees_s", prepare);
    bench_line_real(r, "first_median_s", first);
    bench_line_real(r, "median_s", bench_median(b->seconds, s->sources));
    bench_line_real(r, "worst_s", worst);
    bench_line_int(r, "certified", converged);
    bench_line_real(r, "edges_median", median_of(b, edges_of));
    bench_line_real(r, "residual_median", median_of(b, residual_of));
    bench_line_int(r, "compared", v->listed);
    bench_line_real(r, "same", (double)v->same / (double)v->listed);
    bench_line_int(r, "bounds_broken", v->broken);
    bench_line_end(r);
}

int main(int argc, char **argv)
{
    bench_run r = bench_begin("ppr_local");
    settings s = {.sources = 100,
                  .top = 20,
                  .edges = gv_ppr_local_defaults().max_edges,
                  .accuracy = gv_ppr_local_defaults().accuracy,
                  .tolerance = 1e-9,
                  .threads = 2};
    const bench_word word[] = {
        {.name = "graph", .text = &s.graph},         {.name = "sources", .number = &s.sources},
        {.name = "top", .number = &s.top},           {.name = "edges", .number = &s.edges},
        {.name = "exact", .number = &s.exact},       {.name = "threads", .number = &s.threads},
        {.name = "in-place", .number = &s.in_place}, {.name = "accuracy", .real = &s.accuracy},
        {.name = "tolerance", .real = &s.tolerance}};
    bench_words("bench_ppr_local", argc, argv, word, sizeof word / sizeof *word);
    if (s.graph == NULL || s.sources < 1 || s.sources > BENCH_MOST_TRIALS || s.top < 1 ||
        s.threads < 1 || s.exact > s.sources) {
        fprintf(stderr,
                "bench_ppr_local: graph=FILE is needed, sources in [1, %d], top and threads "
                "at least 1, exact at most sources\n",
                BENCH_MOST_TRIALS);
        return 2;
    }
    gv_error err;
    problem b = {.s = &s};
    open_problem(&b);
    double started = bench_now();
    bench_check(gv_ppr_max_degree(b.ctx, b.g, GV_FORWARD, &b.max_degree, &err), &err);
    const double prepare = bench_now() - started;
    find_all(&b);
    const double first = bench_median(b.seconds, s.sources);
    find_all(&b);
    r.graph = s.graph, r.n = gv_graph_nodes(b.g), r.m = gv_graph_edges(b.g);
    r.threads = s.threads, r.trials = s.sources, r.warm_up = s.sources;
    const verdict v = compare(&b);
    print_line(&b, &r, prepare, first, &v);
    free(b.best.upper), free(b.best.lower), free(b.best.score), free(b.best.node);
    free(b.column), free(b.seconds), free(b.source);
    gv_graph_free(b.g);
    gv_context_free(b.ctx);
    return 0;
}
