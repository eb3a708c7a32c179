/* ppr_compute.c -- the columns of `grapevine ppr`, by sweeps over all edges or by pushes from their
 * sources. See ppr_work.h. */
#include "cli/ppr_work.h"

enum { LOCAL_NODES = 1 << 20 }; /* below, a sweep is not worth avoiding */

/* ---- the method --------------------------------------------------------------------------- */

bool ppr_is_local(const ppr_opts *o, int64_t n_nodes, bool directed, gv_probability_rule rule,
                  int64_t n_columns, int64_t longest, int64_t shortest)
{
    if (o->method != PPR_BY_CHOICE)
        return o->method == PPR_LOCAL;
    const bool alike = !o->weighted || rule == GV_PROBABILITY_CONSTANT;
    return !o->topic_weights && o->store == PPR_STORE_TOP && n_nodes >= LOCAL_NODES && !directed &&
           alike && n_columns <= 1024 && shortest > 0 && longest <= 16 && o->top_k <= 1000 &&
           o->tolerance > 0.0 && o->precision == GV_PPR_F64 && o->layout == GV_PPR_AUTO;
}

/* A forward sweep pulls over /in and needs the number of edges that leave a consumer. */
unsigned ppr_uses(const ppr_opts *o)
{
    if (o->topic_weights)
        return GV_USES_OUT | GV_USES_IN | GV_USES_IDS;
    if (o->weighted)
        return GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY | GV_USES_IDS;
    return GV_USES_IDS | (o->direction == GV_FORWARD ? GV_USES_IN | GV_USES_OUT_OFFSETS
                                                     : GV_USES_OUT | GV_USES_IN_OFFSETS);
}

int ppr_choose_layout(ppr_run *p, const gv_graph *g, int64_t n_columns)
{
    gv_error err;
    const int64_t at_once = p->o->topic_weights ? 1 : n_columns;
    if (p->opts.layout == GV_PPR_IN_PLACE)
        return n_columns <= PPR_BATCH ? CLI_OK
                                      : cli_fail_text(p->s, CLI_USAGE,
                                                      "--layout in-place takes up to %d columns, "
                                                      "not %" PRId64,
                                                      PPR_BATCH, n_columns);
    return gv_ppr_choose(cli_context(p->s), g, at_once, &p->opts, &p->opts.layout, &err) == GV_OK
               ? CLI_OK
               : cli_fail(p->s, &err);
}

bool ppr_has_layout(const ppr_run *p)
{
    return !p->o->topic_weights && p->opts.layout != GV_PPR_PULL &&
           p->opts.layout != GV_PPR_IN_PLACE;
}

/* ---- sweeps ------------------------------------------------------------------------------- */

static void say_what_was_swept(ppr_run *p, double started)
{
    double sweeps = 0.0, worst = 0.0;
    int32_t most = 0;
    for (int64_t c = 0; c < p->columns.n; c++) {
        const gv_ppr_column *column = &p->column[c];
        sweeps += (double)column->iterations;
        most = column->iterations > most ? column->iterations : most;
        worst = column->residual > worst ? column->residual : worst;
    }
    const double edges = (double)gv_graph_edges(p->g);
    const double value = p->opts.precision == GV_PPR_F32 ? 4.0 : 8.0;
    cli_stage_done(p->s, "ppr", started, sweeps * edges, "edge-columns");
    cli_stage_moved(p->s, edges * (value * sweeps + 4.0 * (double)most)); /* columns side by side */
    cli_say(p->s,
            "%" PRId64 " columns in up to %" PRId32
            " sweeps each, L1 error at most %.3g (layout %s)",
            p->columns.n, most, worst, gv_ppr_layout_name(p->opts.layout));
}

/* Columns [first, first + count) of walks on `g` into p->score, and their best. */
static gv_status sweep_batch(ppr_run *p, const gv_graph *g, int64_t first, int64_t count,
                             gv_error *err)
{
    double *score = p->score + (p->o->store == PPR_STORE_SCORES ? first * gv_graph_nodes(p->g) : 0);
    const int64_t n = gv_graph_nodes(p->g);
    const ppr_columns *all = &p->columns;
    const int64_t begin = all->offset[first];
    int64_t offset[PPR_BATCH + 1];
    for (int64_t c = 0; c <= count && count <= PPR_BATCH; c++)
        offset[c] = all->offset[first + c] - begin;
    const gv_teleport t = {.n_columns = count,
                           .offset = count <= PPR_BATCH ? offset : all->offset,
                           .node = all->node != NULL ? all->node + begin : NULL,
                           .weight = all->weight != NULL ? all->weight + begin : NULL};
    const gv_status st = gv_ppr(cli_context(p->s), g, &t, &p->opts, score, p->column + first, err);
    if (st != GV_OK && st != GV_ERR_CONVERGE)
        return st;
    for (int64_t c = 0; c < count && p->o->top_k > 0; c++) {
        gv_error other;
        if (cli_topk_fill(&p->top, cli_context(p->s), first + c, score + c * n, n, &other) == GV_OK)
            continue;
        *err = other;
        return other.status;
    }
    return st;
}

static int allocate(ppr_run *p, int64_t batch)
{
    const int64_t n = gv_graph_nodes(p->g);
    p->score = batch > 0
                   ? gv_context_take(cli_context(p->s), batch * (n > 0 ? n : 1), sizeof *p->score)
                   : NULL;
    p->column = calloc((size_t)p->columns.n, sizeof *p->column);
    p->found = calloc((size_t)p->columns.n, sizeof *p->found);
    if ((batch > 0 && p->score == NULL) || p->column == NULL || p->found == NULL ||
        !cli_topk_begin(&p->top, p->columns.n, p->o->top_k))
        return cli_fail_text(p->s, CLI_NO_RESOURCES,
                             "no memory for %" PRId64 " columns of %" PRId64 " consumers",
                             p->columns.n, n);
    return CLI_OK;
}

/* All columns in one array of rows; the best as well. */
static gv_status sweep_in_place(ppr_run *p, gv_error *err)
{
    const int64_t n = gv_graph_nodes(p->g), width = gv_ppr_in_place_width(p->columns.n);
    const gv_teleport t = {.n_columns = p->columns.n,
                           .offset = p->columns.offset,
                           .node = p->columns.node,
                           .weight = p->columns.weight};
    gv_error other;
    const gv_status st =
        gv_ppr_in_place(cli_context(p->s), p->g, &t, &p->opts, p->rows, p->column, err);
    if ((st != GV_OK && st != GV_ERR_CONVERGE) || p->o->top_k == 0)
        return st;
    if (cli_topk_fill_rows(&p->top, cli_context(p->s), p->rows, width, n, &other) == GV_OK)
        return st;
    *err = other;
    return other.status;
}

static int in_place_columns(ppr_run *p)
{
    gv_error err;
    const int64_t n = gv_graph_nodes(p->g), width = gv_ppr_in_place_width(p->columns.n);
    int code = allocate(p, 0);
    if (code != CLI_OK)
        return code;
    p->rows = gv_context_take(cli_context(p->s), (n > 0 ? n : 1) * width, sizeof *p->rows);
    if (p->rows == NULL)
        return cli_fail_text(p->s, CLI_NO_RESOURCES,
                             "no memory for %" PRId64 " columns of %" PRId64 " consumers", width,
                             n);
    const double started = cli_seconds();
    const gv_status st = sweep_in_place(p, &err);
    if (st != GV_OK && st != GV_ERR_CONVERGE)
        return cli_fail(p->s, &err);
    say_what_was_swept(p, started);
    return st == GV_OK ? CLI_OK : cli_fail(p->s, &err);
}

/* The direction in which a walk pulls; bins need both. */
gv_topic_sides ppr_topic_sides(const ppr_run *p)
{
    return p->opts.layout == GV_PPR_BLOCKING ? GV_TOPIC_BOTH
           : p->opts.direction == GV_REVERSE ? GV_TOPIC_BY_SOURCE
                                             : GV_TOPIC_BY_TARGET;
}

/* Column z with the model's probabilities of topic z. */
static gv_status sweep_topic(ppr_run *p, int64_t z, gv_error *err)
{
    gv_graph *g;
    gv_status st =
        gv_topic_graph(cli_context(p->s), p->g, p->model, (int32_t)z, ppr_topic_sides(p), &g, err);
    if (st != GV_OK)
        return st;
    p->opts.weighted = true;
    st = sweep_batch(p, g, z, 1, err);
    gv_graph_free(g);
    return st;
}

/* When only the best are kept, a batch of columns at a time; a column's bits do not depend on the
 * batch it is in, as long as it is not alone. */
int ppr_sweep_columns(ppr_run *p)
{
    gv_error err, worst;
    if (p->opts.layout == GV_PPR_IN_PLACE)
        return in_place_columns(p);
    const int64_t n = p->columns.n;
    const bool topics = p->o->topic_weights, kept = p->o->store == PPR_STORE_SCORES;
    const int64_t batch = topics ? 1 : kept || n < PPR_BATCH ? n : PPR_BATCH;
    int code = allocate(p, kept ? n : batch);
    if (code != CLI_OK)
        return code;
    const double started = cli_seconds();
    gv_status st = GV_OK;
    for (int64_t first = 0; first < n && st == GV_OK; first += batch) {
        /* a column alone would be summed in another order: the one before it comes along */
        const int64_t left = n - first, again = left == 1 && batch > 1 && first > 0;
        st = topics
                 ? sweep_topic(p, first, &err)
                 : sweep_batch(p, p->g, first - again, left < batch ? left + again : batch, &err);
        if (st == GV_ERR_CONVERGE) {
            worst = err;
            code = CLI_NOT_CONVERGED;
            st = GV_OK;
        }
    }
    if (st != GV_OK)
        return cli_fail(p->s, &err);
    cli_layouts_report(p->s);
    if (p->o->keep_layout && p->opts.layout == GV_PPR_PULL)
        cli_say(p->s, "layout pull follows the graph's own rows: there is nothing to keep");
    say_what_was_swept(p, started);
    return code == CLI_OK ? code : cli_fail(p->s, &worst);
}

/* ---- pushes ------------------------------------------------------------------------------- */

static void say_what_was_pushed(ppr_run *p, double started)
{
    char edges[32];
    int64_t looked = 0, most = 0, settled = 0;
    for (int64_t c = 0; c < p->columns.n; c++) {
        const gv_ppr_local_column *found = &p->found[c];
        p->column[c] = (gv_ppr_column){.iterations = found->rounds,
                                       .converged = found->converged,
                                       .residual = found->residual};
        looked += found->edges;
        most = found->edges > most ? found->edges : most;
        settled += found->converged;
    }
    cli_stage_done(p->s, "ppr", started, (double)looked, "edges");
    cli_say(p->s,
            "the best of %" PRId64 " columns, by pushes over up to %s edges each; %" PRId64
            " certified (method local)",
            p->columns.n, cli_thousands(most, edges), settled);
}

int ppr_push_columns(ppr_run *p)
{
    gv_error err;
    int64_t degree;
    const gv_teleport t = {.n_columns = p->columns.n,
                           .offset = p->columns.offset,
                           .node = p->columns.node,
                           .weight = p->columns.weight};
    int code = allocate(p, 0);
    if (code == CLI_OK && !cli_topk_bounds(&p->top))
        code = cli_fail_text(p->s, CLI_NO_RESOURCES,
                             "no memory for the bounds of %" PRId64 " lists", p->columns.n);
    if (code != CLI_OK)
        return code;
    const double started = cli_seconds();
    gv_status st = gv_ppr_max_degree(cli_context(p->s), p->g, p->local.direction, &degree, &err);
    const gv_ppr_best best = {p->top.node, p->top.score, p->top.lower, p->top.upper};
    if (st == GV_OK)
        st = gv_ppr_local(cli_context(p->s), p->g, &t, p->o->top_k, &p->local, degree, &best,
                          p->found, &err);
    if (st != GV_OK && st != GV_ERR_CONVERGE)
        return cli_fail(p->s, &err);
    for (int64_t c = 0; c < p->columns.n; c++) {
        p->top.next_score[c] = p->found[c].next_score;
        p->top.others[c] = p->found[c].others;
    }
    say_what_was_pushed(p, started);
    return st == GV_OK ? CLI_OK : cli_fail(p->s, &err);
}
