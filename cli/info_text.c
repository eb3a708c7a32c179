/* info_text.c -- graphs, models and planted truth in words. */
#include <math.h>

#include "cli/info.h"

static void head(const info_work *w, const char *what)
{
    char bytes[32];
    fprintf(w->to, "%s: %s, %s bytes, %s %s\n", w->o->file, what,
            cli_thousands(w->info.bytes, bytes),
            w->info.kind == GV_FILE_GRAPH ? "content hash" : "graph",
            w->info.graph_hash[0] != '\0' ? w->info.graph_hash : "unknown");
}

static void degrees(const info_work *w, const char *name, const gv_degrees *d)
{
    char text[5][32];
    fprintf(w->to, "  %-13smin %s, median %s, mean %.3g, 90 %% %s, 99 %% %s, max %s\n", name,
            cli_thousands(d->min, text[0]), cli_thousands(d->median, text[1]), d->mean,
            cli_thousands(d->p90, text[2]), cli_thousands(d->p99, text[3]),
            cli_thousands(d->max, text[4]));
}

static void probability(const info_work *w, const gv_graph *g, const gv_graph_info *i)
{
    const gv_probability_rule rule = gv_graph_probability_rule(g);
    fprintf(w->to, "  %-13s%s", "probability", info_rule_name(rule));
    if (isfinite(i->lowest_p) && i->lowest_p == i->highest_p)
        fprintf(w->to, ", %.6g", i->lowest_p);
    else if (isfinite(i->lowest_p))
        fprintf(w->to, ", %.6g to %.6g", i->lowest_p, i->highest_p);
    fputc('\n', w->to);
}

int info_graph_text(info_work *w)
{
    gv_error err;
    gv_graph_info i;
    const gv_graph *g = NULL;
    char number[32], more[32];
    const int code =
        cli_graph(w->s, w->o->file, GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY, &g);
    if (code != CLI_OK)
        return code;
    if (gv_graph_describe(cli_context(w->s), g, &i, &err) != GV_OK)
        return cli_fail(w->s, &err);
    head(w, "graph");
    fprintf(w->to, "  %-13s%s, %s of them without edges; %s ids\n", "consumers",
            cli_thousands(gv_graph_nodes(g), number), cli_thousands(i.isolated, more),
            gv_graph_id_kind(g) == GV_ID_INT ? "integer" : "string");
    fprintf(w->to, "  %-13s%s, %s; %.1f %% go both ways\n", "edges",
            cli_thousands(gv_graph_edges(g), number),
            gv_graph_directed(g) ? "directed" : "undirected", 100.0 * i.reciprocity);
    fprintf(w->to, "  %-13s%s, the largest with %s consumers\n", "components",
            cli_thousands(i.components, number), cli_thousands(i.largest_component, more));
    probability(w, g, &i);
    degrees(w, "out-degree", &i.out);
    degrees(w, "in-degree", &i.in);
    for (int32_t k = 0; k < i.n_attributes; k++) {
        bool integer = false;
        const char *name = gv_graph_attribute_name(g, k, &integer);
        fprintf(w->to, k == 0 ? "  %-13s" : "%.0s, ", "attributes");
        fprintf(w->to, "%s (%s)", name, integer ? "int32" : "float32");
    }
    if (i.n_attributes > 0)
        fputc('\n', w->to);
    return CLI_OK;
}

int info_model_text(info_work *w)
{
    const gv_model *m = NULL;
    char a[32], b[32];
    const int code = cli_model(w->s, w->o->file, NULL, &m);
    if (code != CLI_OK)
        return code;
    const gv_model_info i = gv_model_describe(m);
    head(w, "model");
    fprintf(w->to, "  %-13s%s consumers, %s edges\n", "population", cli_thousands(i.n_nodes, a),
            cli_thousands(i.n_edges, b));
    fprintf(w->to, "  %-13s%s (consumer, topic) with purchases, %s (edge, topic) with evidence\n",
            "pairs", cli_thousands(i.n_pairs, a), cli_thousands(i.n_evidence, b));
    if (i.method != NULL)
        fprintf(w->to, "  %-13s%s, credit %s", "learnt by", i.method, i.credit);
    if (i.method != NULL && i.spell_gap > 0)
        fprintf(w->to, ", spell gap %.4g days", (double)i.spell_gap / 86400.0);
    if (i.method != NULL)
        fputc('\n', w->to);
    fprintf(w->to, "  %-13ssource %.4g, target %.4g, tie %.4g, edge %.4g exposures\n", "priors",
            i.k_source, i.k_target, i.k_tie, i.k_edge);
    if (gv_model_has_strengths(m))
        fprintf(w->to, "  %-13sthe prior of its edges (ties prior)\n", "strengths");
    fprintf(w->to, "  %-24s %10s %12s %12s %12s\n", "topic", "items", "window, days", "delay, days",
            "mu");
    for (int32_t z = 0; z < i.n_topics; z++) {
        const gv_topic_info t = gv_model_describe_topic(m, z);
        fprintf(w->to, "  %-24s %10s %12.4g %12.4g %12.4g\n", t.name, cli_thousands(t.n_items, a),
                t.window / 86400.0, t.delay / 86400.0, t.mu);
    }
    return CLI_OK;
}

int info_truth_text(info_work *w)
{
    gv_error err;
    char a[32];
    head(w, "planted truth");
    fprintf(w->to, "  %-13s%s consumers, %d topics\n", "population",
            cli_thousands(w->info.n_nodes, a), w->info.n_topics);
    fprintf(w->to, "  %-24s %12s %16s %12s\n", "topic", "influencers", "I1 of these", "of others");
    for (int32_t z = 0; z < w->info.n_topics; z++) {
        gv_planted p;
        if (gv_file_planted(w->f, z, &p, &err) != GV_OK)
            return cli_fail(w->s, &err);
        fprintf(w->to, "  %-24s %12s %16.4g %12.4g\n", gv_file_topic(w->f, z),
                cli_thousands(p.n_influencers, a), p.mean_influencers, p.mean_others);
    }
    return CLI_OK;
}

int info_layout_text(info_work *w)
{
    char key[GV_LAYOUT_KEY_CHARS], number[32];
    int64_t bytes = 0;
    head(w, "layouts");
    for (int64_t i = 0; gv_file_layout(w->f, i, key, &bytes) != NULL; i++)
        fprintf(w->to, "  %-56s %16s bytes\n", key, cli_thousands(bytes, number));
    return CLI_OK;
}
