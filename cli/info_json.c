/* info_json.c -- what `grapevine info` says, as one JSON object. */
#include <stdlib.h>

#include "cli/info.h"
#include "cli/json.h"

/* ---- graph ----------------------------------------------------------------------------------- */

static void degrees(json *j, const char *name, const gv_degrees *d)
{
    json_open(j, name, '{');
    json_int(j, "min", d->min);
    json_int(j, "median", d->median);
    json_real(j, "mean", d->mean);
    json_int(j, "p90", d->p90);
    json_int(j, "p99", d->p99);
    json_int(j, "max", d->max);
    json_close(j, '}');
}

static int graph(info_work *w, json *j)
{
    gv_error err;
    gv_graph_info i;
    const gv_graph *g = NULL;
    const int code =
        cli_graph(w->s, w->o->file, GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY, &g);
    if (code != CLI_OK)
        return code;
    if (gv_graph_describe(cli_context(w->s), g, &i, &err) != GV_OK)
        return cli_fail(w->s, &err);
    json_bool(j, "directed", gv_graph_directed(g));
    json_text(j, "id_kind", gv_graph_id_kind(g) == GV_ID_INT ? "int" : "string");
    json_int(j, "isolated", i.isolated);
    json_int(j, "components", i.components);
    json_int(j, "largest_component", i.largest_component);
    json_real(j, "reciprocity", i.reciprocity);
    json_text(j, "probability_rule", info_rule_name(gv_graph_probability_rule(g)));
    json_real(j, "lowest_probability", i.lowest_p);
    json_real(j, "highest_probability", i.highest_p);
    degrees(j, "out_degree", &i.out);
    degrees(j, "in_degree", &i.in);
    json_open(j, "attributes", '[');
    for (int32_t k = 0; k < i.n_attributes; k++) {
        bool integer = false;
        json_open(j, NULL, '{');
        json_text(j, "name", gv_graph_attribute_name(g, k, &integer));
        json_text(j, "type", integer ? "int32" : "float32");
        json_close(j, '}');
    }
    json_close(j, ']');
    return CLI_OK;
}

/* ---- model and truth ------------------------------------------------------------------------- */

static int model(info_work *w, json *j)
{
    const gv_model *m = NULL;
    const int code = cli_model(w->s, w->o->file, NULL, &m);
    if (code != CLI_OK)
        return code;
    const gv_model_info i = gv_model_describe(m);
    json_text(j, "log_hash", i.log_hash);
    if (i.method != NULL) {
        json_text(j, "method", i.method);
        json_text(j, "credit", i.credit);
        json_int(j, "spell_gap", i.spell_gap);
    }
    if (gv_model_has_strengths(m))
        json_text(j, "ties", "prior");
    json_int(j, "n_pairs", i.n_pairs);
    json_int(j, "n_evidence", i.n_evidence);
    json_int(j, "time_end", i.time_end);
    json_int(j, "min_actions", i.min_actions);
    json_real(j, "k_source", i.k_source);
    json_real(j, "k_target", i.k_target);
    json_real(j, "k_edge", i.k_edge);
    json_real(j, "k_tie", i.k_tie);
    json_open(j, "topics", '[');
    for (int32_t z = 0; z < i.n_topics; z++) {
        const gv_topic_info t = gv_model_describe_topic(m, z);
        json_open(j, NULL, '{');
        json_text(j, "name", t.name);
        json_int(j, "n_items", t.n_items);
        json_real(j, "window", t.window);
        json_real(j, "delay", t.delay);
        json_real(j, "mu", t.mu);
        json_close(j, '}');
    }
    json_close(j, ']');
    return CLI_OK;
}

static int truth(info_work *w, json *j)
{
    gv_error err;
    json_open(j, "topics", '[');
    for (int32_t z = 0; z < w->info.n_topics; z++) {
        gv_planted p;
        if (gv_file_planted(w->f, z, &p, &err) != GV_OK)
            return cli_fail(w->s, &err);
        json_open(j, NULL, '{');
        json_text(j, "name", gv_file_topic(w->f, z));
        json_int(j, "n_influencers", p.n_influencers);
        json_real(j, "mean_i1_influencers", p.mean_influencers);
        json_real(j, "mean_i1_others", p.mean_others);
        json_close(j, '}');
    }
    json_close(j, ']');
    return CLI_OK;
}

/* ---- results --------------------------------------------------------------------------------- */

static void arrays(const info_work *w, json *j)
{
    json_open(j, "arrays", '[');
    for (int64_t i = 0; i < w->info.n_entries; i++) {
        const gv_file_entry *e = gv_file_entry_at(w->f, i);
        json_open(j, NULL, '{');
        json_text(j, "path", e->path);
        json_text(j, "type", e->type);
        json_open(j, "shape", '[');
        for (int d = 0; d < e->rank; d++)
            json_int(j, NULL, e->dims[d]);
        json_close(j, ']');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void one_topic(const info_work *w, json *j, const info_topic *t)
{
    json_open(j, NULL, '{');
    json_text(j, "topic", gv_file_topic(w->f, t->topic));
    json_int(j, "n_flagged", t->n_flagged);
    if (w->truth != NULL) {
        json_int(j, "n_confirmed", t->check.n_confirmed);
        json_real(j, "true_i1_flagged", t->check.mean_flagged);
        json_real(j, "true_i1_others", t->check.mean_others);
    }
    json_open(j, "best", '[');
    for (int64_t k = 0; k < t->n_best; k++) {
        const gv_influencer *b = &t->best[k];
        json_open(j, NULL, '{');
        json_text(j, "id", b->id);
        json_int(j, "node", b->node);
        json_int(j, "rank", b->rank);
        json_real(j, "score", b->score);
        json_int(j, "friends", b->friends);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static int influencers(info_work *w, json *j)
{
    info_topic *list = NULL;
    int32_t n = 0;
    const int code = info_topics(w, &list, &n);
    if (code == CLI_OK) {
        json_real(j, "quantile", w->info.quantile);
        json_open(j, "influencers", '[');
        for (int32_t i = 0; i < n; i++)
            one_topic(w, j, &list[i]);
        json_close(j, ']');
    }
    info_topics_free(list, n);
    return code;
}

static int ppr(info_work *w, json *j)
{
    gv_error err;
    json_open(j, "ppr", '[');
    for (int64_t i = 0; i < w->info.n_ppr; i++) {
        gv_ppr_info p;
        if (gv_file_ppr(w->f, i, &p, &err) != GV_OK)
            return cli_fail(w->s, &err);
        json_open(j, NULL, '{');
        json_text(j, "name", p.name);
        json_int(j, "n_columns", p.n_columns);
        json_int(j, "n_converged", p.n_converged);
        json_int(j, "least_iterations", p.least_iterations);
        json_int(j, "most_iterations", p.most_iterations);
        json_real(j, "largest_residual", p.largest_residual);
        json_text(j, "method", p.pushes ? "local" : "sweeps");
        json_close(j, '}');
    }
    json_close(j, ']');
    return CLI_OK;
}

static int one_cascade(info_work *w, json *j, int64_t i)
{
    gv_error err;
    gv_cascade_info c;
    if (gv_file_cascade(w->f, i, &c, &err) != GV_OK)
        return cli_fail(w->s, &err);
    double *mean = calloc((size_t)c.curve_length + 1, sizeof *mean);
    if (mean == NULL)
        return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory");
    const bool fine = gv_file_curve(w->f, i, mean, NULL, &err) == GV_OK;
    json_open(j, NULL, '{');
    json_text(j, "name", c.name);
    json_int(j, "n_worlds", c.n_worlds);
    json_int(j, "n_seeds", c.n_seeds);
    json_real(j, "mean", c.mean);
    json_real(j, "sd", c.sd);
    json_real(j, "stderr", c.stderr_mean);
    json_real(j, "outward_mean", c.outward_mean);
    if (c.has_quantiles) {
        json_open(j, "quantile", '[');
        for (int k = 0; k < GV_CASCADE_QUANTILES; k++)
            json_int(j, NULL, c.quantile[k]);
        json_close(j, ']');
    }
    if (c.has_value) {
        json_real(j, "value_mean", c.value_mean);
        json_real(j, "value_sd", c.value_sd);
        json_real(j, "value_stderr", c.value_stderr);
    }
    json_open(j, "curve", '[');
    for (int64_t t = 0; fine && t < c.curve_length; t++)
        json_real(j, NULL, mean[t]);
    json_close(j, ']');
    json_close(j, '}');
    free(mean);
    return fine ? CLI_OK : cli_fail(w->s, &err);
}

static int results(info_work *w, json *j)
{
    int code = CLI_OK;
    json_int(j, "seed", w->info.seed);
    json_text(j, "log_hash", w->info.log_hash);
    arrays(w, j);
    if (w->info.has_influencers)
        code = influencers(w, j);
    if (code == CLI_OK && w->info.n_ppr > 0)
        code = ppr(w, j);
    if (code != CLI_OK || w->info.n_cascades == 0)
        return code;
    json_open(j, "cascades", '[');
    for (int64_t i = 0; i < w->info.n_cascades && code == CLI_OK; i++)
        code = one_cascade(w, j, i);
    json_close(j, ']');
    return code;
}

static int layouts(info_work *w, json *j)
{
    char key[GV_LAYOUT_KEY_CHARS];
    int64_t bytes = 0;
    json_open(j, "layouts", '[');
    for (int64_t i = 0; gv_file_layout(w->f, i, key, &bytes) != NULL; i++) {
        json_open(j, NULL, '{');
        json_text(j, "key", key);
        json_int(j, "bytes", bytes);
        json_close(j, '}');
    }
    json_close(j, ']');
    return CLI_OK;
}

/* ---------------------------------------------------------------------------------------------- */

static int body(info_work *w, json *j)
{
    switch (w->info.kind) {
    case GV_FILE_GRAPH:
        return graph(w, j);
    case GV_FILE_MODEL:
        return model(w, j);
    case GV_FILE_TRUTH:
        return truth(w, j);
    case GV_FILE_RESULTS:
        return results(w, j);
    case GV_FILE_LAYOUT:
        return layouts(w, j);
    }
    return CLI_OK;
}

int info_json(info_work *w)
{
    json j = {.to = w->to};
    json_open(&j, NULL, '{');
    json_text(&j, "kind", w->info.kind_name);
    json_int(&j, "bytes", w->info.bytes);
    json_int(&j, "n_nodes", w->info.n_nodes);
    json_int(&j, "n_edges", w->info.n_edges);
    json_text(&j, "graph_hash", w->info.graph_hash);
    json_text(&j, "engine_version", w->info.engine_version);
    const int code = body(w, &j);
    json_close(&j, '}');
    return code;
}
