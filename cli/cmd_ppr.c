/* cmd_ppr.c -- grapevine ppr: personalized PageRank of many teleport columns at once. */
#include "cli/ppr_work.h"

#define DANGLING_RULES "teleport|uniform|self|leak"
#define DIRECTIONS     "forward|reverse"
#define PRECISIONS     "f64|f32"
#define LAYOUTS        "auto|pull|segments|blocking|sorted8|sorted16|in-place"
#define METHODS        "auto|sweeps|local"
#define STORES         "scores|top"

/* Below this no graph of some size gets in single precision. */
#define IN_PLACE_TOLERANCE 1e-7

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
     .help = "one column for each of these consumers (or those of a file with one id a line), "
             "whose walks restart there; without --source, --teleport and --topics one column that "
             "restarts everywhere alike"},
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
             "teleport vector; with --method local by how much consumers outside a list may exceed "
             "those in it [%s]",
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
    {.name = "topic-weights",
     OPTION(topic_weights, CLI_FLAG),
     .help = "with --topics: follow edges in proportion to the model's probabilities of the topic; "
             "one topic at a time"},
    {.name = "precision",
     OPTION(precision, CLI_CHOICE),
     .metavar = "P",
     .help = "f64: every sweep in double precision; f32: most in single precision, corrected and "
             "proven in double, which is faster on large graphs [%s]",
     .choices = PRECISIONS},
    {.name = "layout",
     OPTION(layout, CLI_CHOICE),
     .metavar = "NAME",
     .help = "order of edges and sums: pull, segments, blocking (1 column), sorted8, sorted16; f64 "
             "has pull and segments; in-place: up to 16 columns in f32, stored as such, with the "
             "least memory; auto: what graph and options call for [%s]",
     .choices = LAYOUTS},
    {.name = "keep-layout",
     OPTION(keep_layout, CLI_FLAG),
     .help = "keep the layout that sweeps make of the graph in GRAPH.layout.h5, from which later "
             "runs take it; pull and in-place make none, and --topic-weights keeps none",
     .aside = true},
    {.name = "method",
     OPTION(method, CLI_CHOICE),
     .metavar = "NAME",
     .help = "sweeps over all edges; local: pushes from the sources until bounds tell the --top-k "
             "best from all others, at a cost that follows the answer and not the graph; auto: "
             "local if --store top is given, columns have 1 to 16 sources and the graph is "
             "undirected with at least 1048576 consumers [%s]",
     .choices = METHODS},
    {.name = "accuracy",
     OPTION(accuracy, CLI_REAL),
     .metavar = "X",
     .help = "with --method local: bounds of a listed score may be apart by this part of it [%s]",
     .min = 0,
     .max = 1e300},
    {.name = "max-edges",
     OPTION(max_edges, CLI_INT),
     .metavar = "N",
     .help = "with --method local: edges looked at for a column at most; exit code 3 if they do "
             "not suffice [%s]",
     .min = 1,
     .max = 1e15},
    {.name = "store",
     OPTION(store, CLI_CHOICE),
     .metavar = "WHAT",
     .help = "scores of all consumers and the best, or top: the best alone [%s]",
     .choices = STORES},
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
    const gv_ppr_local_opts local = gv_ppr_local_defaults();
    *(ppr_opts *)opts = (ppr_opts){.name = "default",
                                   .damping = d.damping,
                                   .tolerance = d.tolerance,
                                   .max_iterations = d.max_iterations,
                                   .dangling = (int32_t)d.dangling,
                                   .direction = (int32_t)d.direction,
                                   .weighted = d.weighted,
                                   .precision = (int32_t)d.precision,
                                   .layout = (int32_t)d.layout,
                                   .accuracy = local.accuracy,
                                   .max_edges = local.max_edges,
                                   .top_k = 100};
}

/* ---- inputs -------------------------------------------------------------------------------- */

/* What one of the methods cannot do. */
static int check_method(const ppr_run *p)
{
    const ppr_opts *o = p->o;
    if (o->store == PPR_STORE_TOP && o->top_k == 0)
        return cli_fail_text(p->s, CLI_USAGE, "--store top keeps nothing with --top-k 0");
    const gv_ppr_local_opts d = gv_ppr_local_defaults();
    if (o->method == PPR_SWEEPS && (o->accuracy != d.accuracy || o->max_edges != d.max_edges))
        return cli_fail_text(p->s, CLI_USAGE,
                             "--accuracy and --max-edges are for pushes, not for --method sweeps");
    if (o->layout == GV_PPR_IN_PLACE && o->tolerance < IN_PLACE_TOLERANCE)
        return cli_fail_text(p->s, CLI_USAGE,
                             "--layout in-place stays in single precision: it needs a --tolerance "
                             "of at least %g, not %g",
                             IN_PLACE_TOLERANCE, o->tolerance);
    if (o->method != PPR_LOCAL)
        return CLI_OK;
    if (o->store != PPR_STORE_TOP)
        return cli_fail_text(p->s, CLI_USAGE,
                             "--method local finds the best alone: it needs --store top");
    if (o->precision != GV_PPR_F64 || o->layout != GV_PPR_AUTO)
        return cli_fail_text(p->s, CLI_USAGE,
                             "--precision and --layout are for sweeps, not for --method local");
    if (o->max_iterations != gv_ppr_defaults().max_iterations)
        return cli_fail_text(p->s, CLI_USAGE,
                             "--max-iterations is for sweeps; --method local has --max-edges");
    return CLI_OK;
}

int ppr_take_options(ppr_run *p)
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
    p->local = (gv_ppr_local_opts){.damping = o->damping,
                                   .tolerance = o->tolerance,
                                   .accuracy = o->accuracy,
                                   .max_edges = o->max_edges,
                                   .dangling = p->opts.dangling,
                                   .direction = p->opts.direction,
                                   .weighted = o->weighted};
    if (p->opts.layout == GV_PPR_IN_PLACE)
        p->opts.precision = GV_PPR_F32;
    if (!cli_is_name(o->name))
        return cli_fail_text(p->s, CLI_USAGE,
                             "--name: '%s' is not 1 to %d letters, digits, _ and -", o->name,
                             CLI_NAME_CHARS);
    if (!(o->damping > 0.0 && o->damping < 1.0))
        return cli_fail_text(p->s, CLI_USAGE, "--damping: %g is not above 0 and below 1",
                             o->damping);
    if ((o->source != NULL) + (o->teleport != NULL) + (o->topics != NULL) > 1)
        return cli_fail_text(p->s, CLI_USAGE,
                             "only one of --source, --teleport and --topics can be given");
    if (o->topic_weights && (o->topics == NULL || o->weighted || o->method == PPR_LOCAL))
        return cli_fail_text(p->s, CLI_USAGE,
                             "--topic-weights needs --topics, and goes with neither --weighted nor "
                             "--method local");
    if (o->topic_weights && o->layout == (int32_t)GV_PPR_IN_PLACE)
        return cli_fail_text(p->s, CLI_USAGE,
                             "--topic-weights takes one topic at a time; --layout in-place takes "
                             "all columns together");
    if (o->keep_layout && (o->method == PPR_LOCAL || o->topic_weights || o->layout == GV_PPR_PULL ||
                           o->layout == GV_PPR_IN_PLACE))
        return cli_fail_text(p->s, CLI_USAGE,
                             "--keep-layout does not go with --method local, --topic-weights and "
                             "--layout pull or in-place: nothing is made there that could be kept");
    if (!(o->accuracy > 0.0))
        return cli_fail_text(p->s, CLI_USAGE, "--accuracy: %g is not above 0", o->accuracy);
    return check_method(p);
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

static void choose_method(ppr_run *p)
{
    int64_t longest = 0, shortest = INT64_MAX;
    for (int64_t c = 0; c < p->columns.n; c++) {
        const int64_t length = p->columns.offset[c + 1] - p->columns.offset[c];
        longest = length > longest ? length : longest;
        shortest = length < shortest ? length : shortest;
    }
    p->pushes = ppr_is_local(p->o, gv_graph_nodes(p->g), gv_graph_directed(p->g),
                             gv_graph_probability_rule(p->g), p->columns.n, longest, shortest);
}

/* Pushes check the rows they read, sweeps all of them before. */
static int open_inputs(ppr_run *p)
{
    int code = cli_graph(p->s, p->o->graph, 0, &p->g);
    if (code == CLI_OK && p->o->weighted && gv_graph_probability_rule(p->g) == GV_PROBABILITY_NONE)
        return cli_fail_text(p->s, CLI_USAGE,
                             "--weighted: the graph has no probabilities; `grapevine import "
                             "--probability` makes them");
    if (code == CLI_OK && p->o->topics != NULL)
        code = cli_model(p->s, p->o->topics, p->g, &p->model);
    if (code == CLI_OK)
        code = take_columns(p);
    if (code != CLI_OK)
        return code;
    choose_method(p);
    if (p->pushes) {
        if (p->o->keep_layout)
            cli_say(p->s, "method local makes no layout that could be kept");
        return CLI_OK;
    }
    code = ppr_choose_layout(p, p->g, p->columns.n);
    if (code == CLI_OK)
        code = cli_graph(p->s, p->o->graph, ppr_uses(p->o), &p->g);
    return code == CLI_OK && ppr_has_layout(p)
               ? cli_layouts(p->s, p->o->graph, p->g, p->o->keep_layout)
               : code;
}

/* ---- the run ------------------------------------------------------------------------------- */

static int run_all(ppr_run *p)
{
    int code = ppr_take_options(p);
    if (code == CLI_OK)
        code = open_inputs(p);
    if (code == CLI_OK)
        code = cli_results(p->s, &cmd_ppr, p->o, p->o->output, p->g, &p->out);
    if (code == CLI_OK)
        code = p->pushes ? ppr_push_columns(p) : ppr_sweep_columns(p);
    if (code != CLI_OK && code != CLI_NOT_CONVERGED)
        return code;
    int written = ppr_write(p);
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
    free(p.found);
    free(p.column);
    gv_context_release(cli_context(s), p.score);
    gv_context_release(cli_context(s), p.rows);
    return code;
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
    .resumable = true,
    .size = sizeof(ppr_opts),
    .defaults = defaults,
    .run = run,
    .plan = ppr_dry_run,
};
