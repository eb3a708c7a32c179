/* ppr_dry.c -- what `grapevine ppr` would take. See ppr_work.h. */
#include "cli/ppr_work.h"

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

/* Graph pages: rows that walks follow as far as they are pushed, of which nothing is known before;
 * sweeps read the whole of them. */
static void plan_graph(const ppr_run *p, gv_plan *plan, const gv_graph_shape *g)
{
    const bool forward = p->opts.direction == GV_FORWARD;
    if (p->pushes) {
        const unsigned offsets = forward ? GV_PART_OUT_INDPTR : GV_PART_IN_INDPTR;
        cli_plan_map_graph(p->s, plan, p->o->graph, g, 0, offsets);
        return;
    }
    const unsigned rows = forward ? GV_PART_IN_INDICES : GV_PART_OUT_INDICES;
    const unsigned p_rows = forward ? GV_PART_IN_PROBABILITY : GV_PART_OUT_PROBABILITY;
    cli_plan_map_graph(p->s, plan, p->o->graph, g, ppr_uses(p->o),
                       GV_PART_OUT_INDPTR | GV_PART_IN_INDPTR | GV_PART_IDS | rows |
                           (p->o->weighted ? p_rows : 0u));
    if (p->opts.layout == GV_PPR_IN_PLACE && gv_graph_resting(g, p->s->budget) > 0)
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "edges, given back", -gv_graph_bytes(g, rows));
}

static void plan_sweeps(const ppr_run *p, gv_plan *plan, const gv_graph_shape *g,
                        const gv_graph *graph, int64_t n, int64_t longest)
{
    const bool kept = p->o->store == PPR_STORE_SCORES;
    const bool in_place = p->opts.layout == GV_PPR_IN_PLACE, topics = p->o->topic_weights;
    const int64_t batch = topics ? 1 : kept || in_place || n < PPR_BATCH ? n : PPR_BATCH;
    const int64_t row = in_place ? 4 * gv_ppr_in_place_width(n) : 8 * (kept ? n : batch);
    const int64_t scores = row * g->n_nodes, limit = p->s->budget;
    const int32_t threads = gv_context_threads(cli_context(p->s));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "scores", scores);
    if (topics) {
        const bool both = ppr_topic_sides(p) == GV_TOPIC_BOTH;
        gv_plan_hold(plan, GV_PLAN_MEMORY, "probabilities of a topic",
                     both ? 8 * (g->n_edges + g->n_nodes) : 4 * g->n_edges);
    }
    gv_ppr_plan(plan, g, graph, batch, longest, &p->opts, threads,
                limit > 0 && limit > scores ? limit - scores
                : limit > 0                 ? 1
                                            : 0);
    const int64_t single = p->opts.precision == GV_PPR_F32 && !in_place ? 8 * batch : 0;
    const int64_t state = scores + single * g->n_nodes;
    cli_plan_state(p->s, plan, state, state);
    if (p->o->top_k > 0 && in_place)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "a column", 8 * g->n_nodes);
    if (p->o->top_k > 0)
        gv_top_k_plan(plan, g->n_nodes, p->o->top_k, threads);
    cli_plan_write(plan, (kept ? (in_place ? 4 : 8) * n * g->n_nodes : 0) +
                             cli_plan_id_bytes(p->s, g) + 24 * n * p->o->top_k);
}

/* Sweeps, with what the sidecar holds, if the graph is there. */
static int plan_with_layouts(ppr_run *p, gv_plan *plan, const gv_graph_shape *g, int64_t n,
                             int64_t longest)
{
    gv_error err;
    gv_graph *graph = NULL;
    int code = CLI_OK;
    if (gv_graph_open(cli_context(p->s), p->o->graph, &graph, &err) == GV_OK)
        code = ppr_choose_layout(p, graph, n);
    const bool made = code == CLI_OK && graph != NULL && ppr_has_layout(p);
    if (made)
        code = cli_layouts(p->s, p->o->graph, graph, p->o->keep_layout);
    if (code == CLI_OK && made && p->o->keep_layout)
        gv_plan_hold(plan, GV_PLAN_DISK, "sidecar as it was, while another is written",
                     gv_layouts_file_bytes(p->s->layouts));
    if (code == CLI_OK)
        plan_sweeps(p, plan, g, graph, n, longest);
    gv_graph_free(graph);
    return code;
}

int ppr_dry_run(const void *opts, cli_session *s, gv_plan *plan)
{
    ppr_run p = {.s = s, .o = opts};
    gv_graph_shape g;
    gv_model_shape m;
    int64_t n = 0, longest = 0;
    int code = ppr_take_options(&p);
    if (code == CLI_OK)
        code = cli_plan_graph(s, p.o->graph, &g);
    if (code == CLI_OK)
        code = plan_columns(&p, &g, &n, &longest);
    if (code == CLI_OK && p.o->topics != NULL)
        code = cli_plan_model(s, p.o->topics, &m);
    if (code != CLI_OK)
        return code;
    p.pushes = ppr_is_local(p.o, g.n_nodes, g.directed, g.rule, n, longest, longest);
    plan_graph(&p, plan, &g);
    if (p.o->topics != NULL)
        cli_plan_map_model(plan, &m);
    if (p.o->topics != NULL && m.strengths && p.o->topic_weights)
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "strengths of edges, mapped", 4 * g.n_edges);
    if (p.o->topics != NULL && gv_model_resting(&g, &m, s->budget) > 0)
        gv_plan_hold(plan, GV_PLAN_RESIDENT, "model, given back", -cli_plan_model_pages(&m));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "teleport columns", n * longest * 12);
    if (!p.pushes)
        return plan_with_layouts(&p, plan, &g, n, longest);
    gv_ppr_local_plan(plan, &g, n, p.o->top_k, &p.local, gv_context_threads(cli_context(s)));
    cli_plan_write(plan, 40 * n * p.o->top_k);
    return CLI_OK;
}
