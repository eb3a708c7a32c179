/* bench_ppr.c -- gv_ppr() in a layout beside plain PageRank (reference/plain_pagerank.c).
 *
 *   bench_ppr [graph=kron:20] [columns=1] [layout=auto,...] [precision=f32] [threads=2] [sweeps=10]
 *             [trials=5] [tolerance=1e-6] [teleport=uniform] [plain=1]
 *
 * graph: kron:SCALE, uniform:NODES (degree 10) or file:GRAPH.h5. teleport: uniform, or a number of
 * consumers drawn for each column. The plain program and all layouts run in turn. A trial measures
 * one call of `sweeps` sweeps from the first to the last of them, what went before as preparation,
 * and one call to the tolerance with all that belongs to it; the plain program does the same,
 * stopping when a sweep moves no more than tolerance * (1 - a) / a. The line of JSON holds medians.
 * Plain time a sweep is of one column. tolerance=0 leaves the calls to the tolerance out, sweeps=0
 * all others. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "bench.h"
#include "grapevine/grapevine.h"
#include "graphs.h"
#include "reference/plain_pagerank.h"

enum { MOST_LAYOUTS = 8 };

typedef struct settings {
    const char *graph, *layout, *precision, *teleport;
    int64_t columns, threads, sweeps, trials, plain;
    double tolerance;
} settings;

typedef struct problem {
    const settings *s;
    gv_context *ctx;
    gv_graph *g;
    plain_walk walk;
    gv_teleport t;
    gv_ppr_opts o;
    double first_sweep; /* when it was about to begin */
    double *score;
    float *in_place;
    float *plain_score, *plain_share;
} problem;

typedef struct trial {
    double prepare, sweep, to_tolerance, plain_sweep, plain_to_tolerance;
    int32_t sweeps;
    double residual;
} trial;

/* ---- the problem -------------------------------------------------------------------------- */

static bool note_start(void *data, const char *stage, int64_t done, int64_t total)
{
    double *started = data;
    (void)total;
    if (strcmp(stage, "ppr") == 0 && done == 0 && *started == 0.0)
        *started = bench_now();
    return true;
}

/* Rows of in-edges lie one after the other, so the first one is the array. */
static void take_walk(problem *b)
{
    const int64_t n = gv_graph_nodes(b->g);
    int64_t *offset = bench_room(n + 1, sizeof *offset), *degree = bench_room(n, sizeof *degree);
    for (int64_t v = 0; v < n; v++) {
        int64_t count;
        const gv_node *row = gv_graph_in(b->g, (gv_node)v, &count);
        if (offset[v] == 0 && count > 0)
            b->walk.source = row;
        offset[v + 1] = offset[v] + count;
        gv_graph_out(b->g, (gv_node)v, &degree[v]);
    }
    b->walk.offset = offset;
    b->walk.degree = degree;
}

/* In huge pages, as other layouts have them: a reference is no reference if its gathers wait for
 * page tables. */
static float *huge_room(int64_t count)
{
    const size_t page = (size_t)2 << 20, bytes = (size_t)count * sizeof(float);
    float *room = aligned_alloc(page, (bytes + page - 1) / page * page);
    if (room == NULL) {
        fprintf(stderr, "no memory for the plain program\n");
        exit(EXIT_FAILURE);
    }
    madvise(room, bytes, MADV_HUGEPAGE);
    memset(room, 0, bytes);
    return room;
}

static void take_columns(problem *b)
{
    const int64_t columns = b->s->columns, each = atoll(b->s->teleport);
    int64_t *offset = bench_room(columns + 1, sizeof *offset);
    gv_node *node = bench_room(columns * each, sizeof *node);
    for (int64_t c = 0; c < columns; c++)
        offset[c + 1] = offset[c] + each;
    for (int64_t i = 0; i < columns * each; i++)
        node[i] = (gv_node)(bench_random(6, (uint64_t)i) % (uint64_t)b->walk.n);
    b->t = (gv_teleport){.n_columns = columns, .offset = offset, .node = node};
}

static gv_ppr_layout layout_of(const char *name)
{
    for (int i = GV_PPR_AUTO; strcmp(gv_ppr_layout_name((gv_ppr_layout)i), "unknown") != 0; i++)
        if (strcmp(name, gv_ppr_layout_name((gv_ppr_layout)i)) == 0)
            return (gv_ppr_layout)i;
    fprintf(stderr, "no layout %s\n", name);
    exit(EXIT_FAILURE);
}

/* Of "pull,segments". */
static int layouts_of(const char *names, gv_ppr_layout *layout)
{
    int n = 0;
    char name[32];
    while (*names != '\0' && n < MOST_LAYOUTS) {
        const size_t length = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        layout[n++] = layout_of(name);
        names += length + (names[length] == ',');
    }
    return n;
}

/* auto becomes what a call to the tolerance would take: calls of few sweeps take another. */
static void choose_layouts(problem *b, int n, gv_ppr_layout *layout)
{
    gv_error err;
    gv_ppr_opts o = b->o;
    o.tolerance = b->s->tolerance > 0.0 ? b->s->tolerance : o.tolerance;
    for (int i = 0; i < n; i++)
        if (layout[i] == GV_PPR_AUTO)
            bench_check(gv_ppr_choose(b->ctx, b->g, b->s->columns, &o, &layout[i], &err), &err);
}

static gv_graph *open_graph(gv_context *ctx, const char *name)
{
    gv_error err;
    gv_graph *out = NULL;
    if (strncmp(name, "file:", 5) == 0) {
        bench_check(gv_graph_open(ctx, name + 5, &out, &err), &err);
        return out;
    }
    bench_graph g = bench_graph_named(ctx, name);
    out = g.handle;
    g.handle = NULL;
    bench_graph_free(&g);
    return out;
}

static void make_problem(problem *b)
{
    gv_error err;
    const settings *s = b->s;
    const gv_context_opts o = {
        .n_threads = (int32_t)s->threads, .progress = note_start, .progress_data = &b->first_sweep};
    bench_check(gv_context_create(&o, &b->ctx, &err), &err);
    b->g = open_graph(b->ctx, s->graph);
    b->walk.n = gv_graph_nodes(b->g);
    b->walk.m = gv_graph_edges(b->g);
    take_columns(b);
    b->o = gv_ppr_defaults();
    b->o.precision = strcmp(s->precision, "f32") == 0 ? GV_PPR_F32 : GV_PPR_F64;
    if (strstr(s->layout, "in-place") != NULL)
        b->in_place = gv_context_take(b->ctx, b->walk.n * gv_ppr_in_place_width(s->columns),
                                      sizeof *b->in_place);
    if (strcmp(s->layout, "in-place") != 0)
        b->score = gv_context_take(b->ctx, b->walk.n * s->columns, sizeof *b->score);
    if (!s->plain)
        return;
    take_walk(b);
    b->plain_score = huge_room(b->walk.n);
    b->plain_share = huge_room(b->walk.n);
}

/* ---- trials ------------------------------------------------------------------------------- */

/* In place there are no sweeps for their own sake: some that do not reach the tolerance will do. */
static gv_status run_in_place(problem *b, gv_ppr_column *column, gv_error *err)
{
    gv_ppr_opts o = b->o;
    const bool some = o.tolerance == 0.0;
    o.tolerance = some ? 1e-30 : o.tolerance;
    const gv_status st = gv_ppr_in_place(b->ctx, b->g, &b->t, &o, b->in_place, column, err);
    return some && st == GV_ERR_CONVERGE ? GV_OK : st;
}

/* Seconds of `sweeps` sweeps, certificate included, and of what went before. */
static double run(problem *b, double tolerance, int64_t sweeps, double *prepare, trial *t)
{
    gv_error err;
    gv_ppr_column *column = bench_room(b->s->columns, sizeof *column);
    b->o.tolerance = tolerance;
    b->o.max_iterations = (int32_t)sweeps;
    b->first_sweep = 0.0;
    const double started = bench_now();
    gv_status st;
    if (b->o.layout == GV_PPR_IN_PLACE)
        st = run_in_place(b, column, &err);
    else
        st = gv_ppr(b->ctx, b->g, &b->t, &b->o, b->score, column, &err);
    bench_check(st, &err);
    const double ended = bench_now();
    *prepare = b->first_sweep - started;
    t->sweeps = 0;
    t->residual = 0.0;
    for (int64_t c = 0; c < b->s->columns; c++) {
        t->sweeps = column[c].iterations > t->sweeps ? column[c].iterations : t->sweeps;
        t->residual = column[c].residual > t->residual ? column[c].residual : t->residual;
    }
    free(column);
    return ended - b->first_sweep;
}

static trial one_trial(problem *b)
{
    trial t = {.to_tolerance = 0.0};
    const settings *s = b->s;
    double prepare;
    if (s->plain && s->sweeps > 0) {
        double started = bench_now();
        plain_pagerank(&b->walk, 1, (int)s->threads, b->plain_score, b->plain_share);
        const double one = bench_now() - started;
        started = bench_now();
        plain_pagerank(&b->walk, 1 + s->sweeps, (int)s->threads, b->plain_score, b->plain_share);
        t.plain_sweep = (bench_now() - started - one) / (double)s->sweeps;
    }
    if (s->sweeps > 0) {
        const double few = run(b, 0.0, 2, &t.prepare, &t);
        t.sweep = (run(b, 0.0, 2 + s->sweeps, &prepare, &t) - few) / (double)s->sweeps;
    }
    if (s->tolerance == 0.0)
        return t;
    if (s->plain) {
        const double started = bench_now();
        plain_pagerank_to(&b->walk, s->tolerance * .15 / .85, (int)s->threads, b->plain_score,
                          b->plain_share);
        t.plain_to_tolerance = bench_now() - started;
    }
    t.to_tolerance = run(b, s->tolerance, 1000, &prepare, &t) + prepare;
    t.prepare = s->sweeps > 0 ? t.prepare : prepare;
    return t;
}

static double median(const trial *t, int64_t n, size_t offset)
{
    double value[BENCH_MOST_TRIALS];
    for (int64_t i = 0; i < n; i++)
        memcpy(&value[i], (const char *)(t + i) + offset, sizeof *value);
    return bench_median(value, n);
}
#define MEDIAN(FIELD) median(t, s->trials, offsetof(trial, FIELD))

static void report(problem *b, const bench_run *r, const trial *t)
{
    const settings *s = b->s;
    const double sweep = MEDIAN(sweep), to = MEDIAN(to_tolerance), columns = (double)s->columns;
    bench_line_begin(r, "ppr");
    bench_line_text(r, "layout", gv_ppr_layout_name(b->o.layout));
    bench_line_text(r, "precision", s->precision);
    bench_line_int(r, "columns", s->columns);
    if (s->sweeps > 0) {
        bench_line_real(r, "sweep_s", sweep);
        bench_line_real(r, "edge_columns_per_s", (double)b->walk.m * columns / sweep);
    }
    bench_line_real(r, "prepare_s", MEDIAN(prepare));
    bench_line_real(r, "tolerance", s->tolerance);
    if (s->tolerance > 0.0)
        bench_line_real(r, "to_tolerance_s", to);
    bench_line_int(r, "iterations", t[0].sweeps);
    bench_line_real(r, "residual", t[0].residual);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    bench_line_int(r, "peak_mib", usage.ru_maxrss / 1024);
    if (s->plain && s->sweeps > 0) {
        bench_line_real(r, "plain_sweep_s", MEDIAN(plain_sweep));
        bench_line_real(r, "sweep_ratio", MEDIAN(plain_sweep) * columns / sweep);
    }
    if (s->plain && s->tolerance > 0.0) {
        bench_line_real(r, "plain_to_tolerance_s", MEDIAN(plain_to_tolerance));
        bench_line_real(r, "to_tolerance_ratio", MEDIAN(plain_to_tolerance) * columns / to);
    }
    bench_line_end(r);
}

int main(int argc, char **argv)
{
    bench_run r = bench_begin("ppr");
    settings s = {.graph = "kron:20",
                  .layout = "auto",
                  .precision = "f32",
                  .teleport = "uniform",
                  .columns = 1,
                  .threads = 2,
                  .sweeps = 10,
                  .trials = 5,
                  .plain = 1,
                  .tolerance = 1e-6};
    const bench_word word[] = {
        {.name = "graph", .text = &s.graph},         {.name = "layout", .text = &s.layout},
        {.name = "precision", .text = &s.precision}, {.name = "teleport", .text = &s.teleport},
        {.name = "columns", .number = &s.columns},   {.name = "threads", .number = &s.threads},
        {.name = "sweeps", .number = &s.sweeps},     {.name = "trials", .number = &s.trials},
        {.name = "plain", .number = &s.plain},       {.name = "tolerance", .real = &s.tolerance}};
    bench_words("bench_ppr", argc, argv, word, sizeof word / sizeof *word);
    if (s.trials < 1 || s.trials > BENCH_MOST_TRIALS || s.columns < 1 || s.threads < 1 ||
        s.sweeps < 0) {
        fprintf(stderr,
                "bench_ppr: trials in [1, %d], columns and threads at least 1, sweeps at least 0\n",
                BENCH_MOST_TRIALS);
        return 2;
    }
    problem b = {.s = &s};
    static trial t[MOST_LAYOUTS][BENCH_MOST_TRIALS];
    gv_ppr_layout layout[MOST_LAYOUTS];
    const int layouts = layouts_of(s.layout, layout);
    make_problem(&b);
    choose_layouts(&b, layouts, layout);
    r.graph = s.graph, r.n = b.walk.n, r.m = b.walk.m;
    r.threads = s.threads, r.trials = s.trials, r.warm_up = 0;
    for (int64_t i = 0; i < s.trials; i++)
        for (int k = 0; k < layouts; k++) {
            b.o.layout = layout[k];
            t[k][i] = one_trial(&b);
        }
    for (int k = 0; k < layouts; k++) {
        b.o.layout = layout[k];
        report(&b, &r, t[k]);
    }
    free(b.plain_share), free(b.plain_score);
    gv_context_release(b.ctx, b.score);
    gv_context_release(b.ctx, b.in_place);
    free((void *)(uintptr_t)b.t.offset), free((void *)(uintptr_t)b.t.node);
    free((void *)(uintptr_t)b.walk.offset), free((void *)(uintptr_t)b.walk.degree);
    gv_graph_free(b.g);
    gv_context_free(b.ctx);
    return 0;
}
