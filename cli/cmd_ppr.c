/* cmd_ppr.c -- grapevine ppr: personalized PageRank of many teleport columns at once. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/ppr_columns.h"
#include "cli/topk.h"

typedef struct ppr_opts {
    const char *graph, *output, *name;
    const char *source, *teleport, *topics;
    double damping, tolerance;
    int64_t max_iterations, top_k;
    int32_t dangling, direction, precision, layout;
    bool weighted;
} ppr_opts;

#define DANGLING_RULES "teleport|uniform|self|leak"
#define DIRECTIONS     "forward|reverse"
#define PRECISIONS     "f64|f32"
#define LAYOUTS        "auto|pull|segments|blocking|sorted8|sorted16"
static const char *const dangling_name[] = {"teleport", "uniform", "self", "leak"};
static const char *const direction_name[] = {"forward", "reverse"};

#define OPTION(field_name, kind) .type = kind, .offset = offsetof(ppr_opts, field_name)
static const cli_option options[] = {
    {.name = "graph",
     OPTION(graph, CLI_PATH),
     .metavar = "GRAPH.h5",
     .help = "the influence graph",
     .positional = true,
     .required = true},
    {.name = "output",
     .letter = 'o',
     OPTION(output, CLI_OUTPUT),
     .metavar = "OUT.h5",
     .help = "results file; scores go to /ppr/NAME",
     .required = true},
    {.name = "source",
     .letter = 's',
     OPTION(source, CLI_TEXT),
     .metavar = "ID,ID,...",
     .help = "one column for each of these consumers, whose walks restart there; without "
             "--source, --teleport and --topics one column that restarts everywhere alike"},
    {.name = "teleport",
     OPTION(teleport, CLI_PATH),
     .metavar = "FILE",
     .help = "the columns of this table: column name, id and, if there is a third field, weight"},
    {.name = "topics",
     OPTION(topics, CLI_PATH),
     .metavar = "MODEL.h5",
     .help = "one column for each topic of the model, restarting at its buyers in proportion to "
             "their purchases"},
    {.name = "damping",
     .letter = 'd',
     OPTION(damping, CLI_REAL),
     .metavar = "A",
     .help = "chance of following an edge rather than restarting, above 0 and below 1 [%s]",
     .min = 0,
     .max = 1},
    {.name = "tolerance",
     OPTION(tolerance, CLI_REAL),
     .metavar = "X",
     .help = "bound on the L1 error of each column; 0: exactly --max-iterations sweeps from the "
             "teleport vector [%s]",
     .min = 0,
     .max = 1e300},
    {.name = "max-iterations",
     OPTION(max_iterations, CLI_INT),
     .metavar = "K",
     .help = "sweeps at most; exit code 3 if they do not suffice [%s]",
     .min = 0,
     .max = 2147483647},
    {.name = "dangling",
     OPTION(dangling, CLI_CHOICE),
     .metavar = "RULE",
     .help = "where walks go from consumers without edges: teleport, uniform, self, or leak, "
             "which ends them [%s]",
     .choices = DANGLING_RULES},
    {.name = "direction",
     OPTION(direction, CLI_CHOICE),
     .metavar = "WAY",
     .help = "forward along influence edges, or reverse, from the influenced to the influencer, "
             "which ranks influence [%s]",
     .choices = DIRECTIONS},
    {.name = "weighted",
     OPTION(weighted, CLI_FLAG),
     .help = "follow edges in proportion to their probability"},
    {.name = "precision",
     OPTION(precision, CLI_CHOICE),
     .metavar = "P",
     .help = "f64: every sweep in double precision; f32: most in single precision, corrected and "
             "proven in double, which is faster on large graphs [%s]",
     .choices = PRECISIONS},
    {.name = "layout",
     OPTION(layout, CLI_CHOICE),
     .metavar = "NAME",
     .help = "order of edges and sums: pull, segments, blocking (1 column), sorted8, sorted16; all "
             "but pull are for f32; auto: what graph and options call for [%s]",
     .choices = LAYOUTS},
    {.name = "top-k",
     OPTION(top_k, CLI_INT),
     .metavar = "K",
     .help = "length of the table of best consumers; 0: none [%s]",
     .min = 0,
     .max = 1e6},
    {.name = "name", OPTION(name, CLI_TEXT), .metavar = "NAME", .help = "name of the results [%s]"},
    {.name = NULL},
};

static void defaults(void *opts)
{
    const gv_ppr_opts d = gv_ppr_defaults();
    *(ppr_opts *)opts = (ppr_opts){.name = "default",
                                   .damping = d.damping,
                                   .tolerance = d.tolerance,
                                   .max_iterations = d.max_iterations,
                                   .dangling = (int32_t)d.dangling,
                                   .direction = (int32_t)d.direction,
                                   .weighted = d.weighted,
                                   .precision = (int32_t)d.precision,
                                   .layout = (int32_t)d.layout,
                                   .top_k = 100};
}

/* What one run holds. */
typedef struct ppr_run {
    cli_session *s;
    const ppr_opts *o;
    gv_ppr_opts opts;
    const gv_graph *g;
    const gv_model *model; /* with --topics */
    gv_results *out;
    ppr_columns columns;
    double *score;         /* [columns][n_nodes] */
    gv_ppr_column *column; /* [columns] */
    cli_topk top;
} ppr_run;

/* ---- inputs -------------------------------------------------------------------------------- */

/* A name becomes a group of the results file. */
static bool is_name(const char *text)
{
    const size_t length = strlen(text);
    return length > 0 && length <= 64 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               length;
}

static int take_options(ppr_run *p)
{
    const ppr_opts *o = p->o;
    p->opts = (gv_ppr_opts){.damping = o->damping,
                            .tolerance = o->tolerance,
                            .max_iterations = (int32_t)o->max_iterations,
                            .dangling = (gv_dangling)o->dangling,
                            .direction = (gv_direction)o->direction,
                            .weighted = o->weighted,
                            .precision = (gv_ppr_precision)o->precision,
                            .layout = (gv_ppr_layout)o->layout};
    if (!is_name(o->name))
        return cli_fail_text(p->s, CLI_USAGE,
                             "--name: '%s' is not 1 to 64 letters, digits, _ and -", o->name);
    if (!(o->damping > 0.0 && o->damping < 1.0))
        return cli_fail_text(p->s, CLI_USAGE, "--damping: %g is not above 0 and below 1",
                             o->damping);
    if ((o->source != NULL) + (o->teleport != NULL) + (o->topics != NULL) > 1)
        return cli_fail_text(p->s, CLI_USAGE,
                             "only one of --source, --teleport and --topics can be given");
    return CLI_OK;
}

static int open_inputs(ppr_run *p)
{
    const unsigned uses = GV_USES_OUT | GV_USES_IN | GV_USES_IDS;
    int code = cli_graph(p->s, p->o->graph, uses, &p->g);
    if (code == CLI_OK && p->o->weighted) {
        if (gv_graph_probability_rule(p->g) == GV_PROBABILITY_NONE)
            return cli_fail_text(p->s, CLI_USAGE,
                                 "--weighted: the graph has no probabilities; `grapevine import "
                                 "--probability` makes them");
        code = cli_graph(p->s, p->o->graph, uses | GV_USES_PROBABILITY, &p->g);
    }
    if (code == CLI_OK && p->o->topics != NULL)
        code = cli_model(p->s, p->o->topics, p->g, &p->model);
    return code;
}

static int take_columns(ppr_run *p)
{
    if (p->o->source != NULL)
        return ppr_columns_sources(p->s, p->g, p->o->source, &p->columns);
    if (p->o->teleport != NULL)
        return ppr_columns_file(p->s, p->g, p->o->teleport, &p->columns);
    if (p->o->topics != NULL)
        return ppr_columns_topics(p->s, p->model, &p->columns);
    return ppr_columns_global(p->s, &p->columns);
}

/* ---- scores -------------------------------------------------------------------------------- */

static int allocate(ppr_run *p)
{
    const int64_t n = gv_graph_nodes(p->g);
    p->score = gv_context_take(cli_context(p->s), p->columns.n * (n > 0 ? n : 1), sizeof *p->score);
    p->column = calloc((size_t)p->columns.n, sizeof *p->column);
    if (p->score == NULL || p->column == NULL ||
        !cli_topk_begin(&p->top, p->columns.n, p->o->top_k))
        return cli_fail_text(p->s, CLI_NO_RESOURCES,
                             "no memory for %" PRId64 " columns of %" PRId64 " consumers",
                             p->columns.n, n);
    return CLI_OK;
}

static void say_what_was_done(ppr_run *p, double started)
{
    double sweeps = 0.0, worst = 0.0;
    int32_t most = 0;
    for (int64_t c = 0; c < p->columns.n; c++) {
        const gv_ppr_column *column = &p->column[c];
        sweeps += (double)column->iterations;
        most = column->iterations > most ? column->iterations : most;
        worst = column->residual > worst ? column->residual : worst;
    }
    cli_stage_done(p->s, "ppr", started, sweeps * (double)gv_graph_edges(p->g), "edge-columns");
    cli_say(p->s,
            "%" PRId64 " columns in up to %" PRId32
            " sweeps each, L1 error at most %.3g (layout %s)",
            p->columns.n, most, worst, gv_ppr_layout_name(p->opts.layout));
}

/* CLI_NOT_CONVERGED leaves scores all the same. */
static int compute(ppr_run *p)
{
    gv_error err;
    const double started = cli_seconds();
    const gv_teleport t = {.n_columns = p->columns.n,
                           .offset = p->columns.offset,
                           .node = p->columns.node,
                           .weight = p->columns.weight};
    gv_status st =
        gv_ppr_choose(cli_context(p->s), p->g, t.n_columns, &p->opts, &p->opts.layout, &err);
    if (st == GV_OK)
        st = gv_ppr(cli_context(p->s), p->g, &t, &p->opts, p->score, p->column, &err);
    if (st != GV_OK && st != GV_ERR_CONVERGE)
        return cli_fail(p->s, &err);
    say_what_was_done(p, started);
    const int code = st == GV_OK ? CLI_OK : cli_fail(p->s, &err);
    const int64_t n = gv_graph_nodes(p->g);
    for (int64_t c = 0; c < p->columns.n && p->o->top_k > 0; c++)
        if (cli_topk_fill(&p->top, cli_context(p->s), c, p->score + c * n, n, &err) != GV_OK)
            return cli_fail(p->s, &err);
    return code;
}

/* ---- results ------------------------------------------------------------------------------- */

static gv_status put_columns(const ppr_run *p, const char *group, gv_error *err)
{
    const int64_t n = p->columns.n;
    char path[128];
    int32_t *iterations = calloc((size_t)n, sizeof *iterations);
    double *residual = calloc((size_t)n, sizeof *residual);
    int16_t *converged = calloc((size_t)n, sizeof *converged);
    gv_status st = GV_OK;
    if (iterations == NULL || residual == NULL || converged == NULL) {
        err->status = st = GV_ERR_NOMEM;
        snprintf(err->message, sizeof err->message, "no memory for the figures of the columns");
    }
    for (int64_t c = 0; c < n && st == GV_OK; c++) {
        iterations[c] = p->column[c].iterations;
        residual[c] = p->column[c].residual;
        converged[c] = p->column[c].converged;
    }
    snprintf(path, sizeof path, "%s/iterations", group);
    if (st == GV_OK)
        st = gv_results_put(p->out, path, GV_I32, 1, &n, iterations, err);
    snprintf(path, sizeof path, "%s/residual", group);
    if (st == GV_OK)
        st = gv_results_put(p->out, path, GV_F64, 1, &n, residual, err);
    snprintf(path, sizeof path, "%s/converged", group);
    if (st == GV_OK)
        st = gv_results_put(p->out, path, GV_I16, 1, &n, converged, err);
    free(iterations), free(residual), free(converged);
    return st;
}

static gv_status put_scores(const ppr_run *p, const char *group, gv_error *err)
{
    const int64_t dims[2] = {p->columns.n, gv_graph_nodes(p->g)};
    char path[128];
    snprintf(path, sizeof path, "%s/score", group);
    gv_status st = gv_results_put(p->out, path, GV_F64, 2, dims, p->score, err);
    snprintf(path, sizeof path, "%s/column", group);
    if (st == GV_OK)
        st = gv_results_put_text(p->out, path, 1, &p->columns.n, GV_COLUMN_CHARS, p->columns.name, err);
    return st == GV_OK ? put_columns(p, group, err) : st;
}

static gv_status put_attributes(const ppr_run *p, const char *group, gv_error *err)
{
    const ppr_opts *o = p->o;
    const char *restart = o->source != NULL ? "source" : o->topics != NULL ? "topics" : "uniform";
    const struct {
        const char *name, *value;
    } texts[] = {{"dangling", dangling_name[o->dangling]},
                 {"direction", direction_name[o->direction]},
                 {"layout", gv_ppr_layout_name(p->opts.layout)},
                 {"precision", gv_ppr_precision_name(p->opts.precision)},
                 {"teleport", restart}};
    gv_status st = gv_results_attr_f64(p->out, group, "damping", o->damping, err);
    if (st == GV_OK)
        st = gv_results_attr_f64(p->out, group, "tolerance", o->tolerance, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(p->out, group, "max_iterations", o->max_iterations, err);
    if (st == GV_OK)
        st = gv_results_attr_i64(p->out, group, "weighted", o->weighted, err);
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == GV_OK; i++)
        st = gv_results_attr_text(p->out, group, texts[i].name, texts[i].value, err);
    return st;
}

static int write_results(const ppr_run *p)
{
    gv_error err;
    char group[96];
    snprintf(group, sizeof group, "/ppr/%.64s", p->o->name);
    gv_status st = put_scores(p, group, &err);
    if (st == GV_OK)
        st = put_attributes(p, group, &err);
    if (st == GV_OK && p->o->top_k > 0)
        st = cli_topk_put(&p->top, p->out, p->g,
                          strcmp(p->o->name, "default") == 0 ? "ppr" : p->o->name, &err);
    if (st == GV_OK)
        st = gv_results_put_nodes(p->out, p->g, &err);
    if (st == GV_OK && p->model != NULL)
        st = gv_results_put_topics(p->out, p->model, &err);
    return st == GV_OK ? CLI_OK : cli_fail(p->s, &err);
}

static int run_all(ppr_run *p)
{
    int code = take_options(p);
    if (code == CLI_OK)
        code = open_inputs(p);
    if (code == CLI_OK)
        code = take_columns(p);
    if (code == CLI_OK)
        code = cli_results(p->s, &cmd_ppr, p->o, p->o->output, p->g, &p->out);
    if (code == CLI_OK)
        code = allocate(p);
    if (code == CLI_OK)
        code = compute(p);
    if (code != CLI_OK && code != CLI_NOT_CONVERGED)
        return code;
    int written = write_results(p);
    if (written == CLI_OK)
        written = cli_results_done(p->s);
    return written != CLI_OK ? written : code;
}

static int run(const void *opts, cli_session *s)
{
    ppr_run p = {.s = s, .o = opts};
    const int code = run_all(&p);
    cli_topk_free(&p.top);
    ppr_columns_free(&p.columns);
    free(p.column);
    gv_context_release(cli_context(s), p.score);
    return code;
}

/* ---- dry run ------------------------------------------------------------------------------- */

/* Columns, and the entries of the longest of them. Those of a file are read if the graph is there
 * to look ids up in; else each row may be a column, up to one batch. */
static int plan_columns(const ppr_run *p, const gv_graph_shape *g, int64_t *n, int64_t *longest)
{
    gv_error err;
    gv_graph *graph = NULL;
    gv_teleport_table t;
    *n = p->o->source != NULL ? cli_plan_count(p->o->source) : 1;
    *longest = p->o->source != NULL;
    if (p->o->topics != NULL) {
        gv_model_shape m;
        const int code = cli_plan_model(p->s, p->o->topics, &m);
        *n = m.n_topics > 0 ? m.n_topics : 1;
        *longest = m.pairs / *n < g->n_nodes ? m.pairs / *n : g->n_nodes;
        return code;
    }
    if (p->o->teleport == NULL)
        return CLI_OK;
    if (gv_graph_open(cli_context(p->s), p->o->graph, &graph, &err) != GV_OK) {
        *longest = cli_plan_count(p->o->teleport);
        *n = *longest < 16 ? *longest : 16;
        return CLI_OK;
    }
    const gv_status st = gv_teleport_read(cli_context(p->s), graph, p->o->teleport, &t, &err);
    if (st == GV_OK) {
        *n = t.n_columns;
        for (int64_t c = 0; c < t.n_columns; c++)
            if (t.offset[c + 1] - t.offset[c] > *longest)
                *longest = t.offset[c + 1] - t.offset[c];
        gv_teleport_free(cli_context(p->s), &t);
    }
    gv_graph_free(graph);
    return st == GV_OK ? CLI_OK : cli_fail(p->s, &err);
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    ppr_run p = {.s = s, .o = opts};
    gv_graph_shape g;
    gv_model_shape m;
    int64_t n = 0, longest = 0;
    const gv_context *ctx = cli_context(s);
    int code = take_options(&p);
    if (code == CLI_OK)
        code = cli_plan_graph(s, p.o->graph, &g);
    if (code == CLI_OK)
        code = plan_columns(&p, &g, &n, &longest);
    if (code == CLI_OK && p.o->topics != NULL)
        code = cli_plan_model(s, p.o->topics, &m);
    if (code != CLI_OK)
        return code;
    const bool forward = p.opts.direction == GV_FORWARD;
    const unsigned rows = forward ? GV_PART_IN_INDICES : GV_PART_OUT_INDICES;
    const unsigned p_rows = forward ? GV_PART_IN_PROBABILITY : GV_PART_OUT_PROBABILITY;
    cli_plan_map_graph(s, plan, p.o->graph, &g,
                       GV_USES_OUT | GV_USES_IN | GV_USES_IDS |
                           (p.o->weighted ? GV_USES_PROBABILITY : 0u),
                       GV_PART_OUT_INDPTR | GV_PART_IN_INDPTR | GV_PART_IDS | rows |
                           (p.o->weighted ? p_rows : 0u));
    if (p.o->topics != NULL)
        cli_plan_map_model(s, plan, p.o->topics, &m);
    const int64_t scores = 8 * n * g.n_nodes, limit = s->budget;
    gv_plan_hold(plan, GV_PLAN_MEMORY, "teleport columns", n * longest * 12);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "scores", scores);
    gv_ppr_plan(plan, &g, n, longest, &p.opts, gv_context_threads(ctx),
                limit > 0 && limit > scores ? limit - scores
                : limit > 0                 ? 1
                                            : 0);
    if (p.o->top_k > 0)
        gv_top_k_plan(plan, g.n_nodes, p.o->top_k, gv_context_threads(ctx));
    cli_plan_write(plan, scores + cli_plan_id_bytes(&g) + 24 * n * p.o->top_k);
    return CLI_OK;
}

const cli_command cmd_ppr = {
    .name = "ppr",
    .summary = "personalized PageRank, many columns at once",
    .description =
        "Scores every consumer by a random walk that follows edges with the chance --damping and "
        "otherwise restarts: at one consumer (--source), at the buyers of a topic (--topics), as a "
        "file says (--teleport), or anywhere. All columns are computed together. A bound on the "
        "error of each is proven and stored.",
    .example = "grapevine ppr graph.h5 --source 17,42 -o ppr.h5",
    .options = options,
    .size = sizeof(ppr_opts),
    .defaults = defaults,
    .run = run,
    .plan = plan_run,
};
