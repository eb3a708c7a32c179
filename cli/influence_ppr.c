/* influence_ppr.c -- the measure `ppr` of `grapevine influence`: personalized PageRank by topic. A
 * walk starts at a buyer of the topic and goes from the influenced to those who may have influenced
 * them, in proportion to the model's probabilities of the topic. See influence_work.h. */
#include "cli/influence_work.h"

/* All buyers of all topics, by number of their purchases; read once. */
static bool read_buyers(influence_work *w)
{
    const int32_t n = gv_model_topics(w->m);
    if (w->buyer_offset != NULL)
        return true;
    w->buyer_offset = calloc((size_t)n + 1, sizeof *w->buyer_offset);
    if (w->buyer_offset == NULL)
        return false;
    gv_model_buyers(w->m, w->buyer_offset, NULL, NULL);
    w->buyer = calloc((size_t)w->buyer_offset[n] + 1, sizeof *w->buyer);
    w->bought = calloc((size_t)w->buyer_offset[n] + 1, sizeof *w->bought);
    if (w->buyer == NULL || w->bought == NULL)
        return false;
    gv_model_buyers(w->m, w->buyer_offset, w->buyer, w->bought);
    return true;
}

int influence_ppr(influence_work *w, int32_t i, float *row)
{
    gv_error err;
    gv_context *ctx = cli_context(w->s);
    const int32_t z = w->plan.topic[i];
    gv_ppr_opts o = gv_ppr_defaults();
    gv_ppr_column column;
    gv_graph *g = NULL;
    double *wide = influence_rows(w, 1, sizeof *wide);
    if (wide == NULL || !read_buyers(w)) {
        influence_drop(w, wide);
        return influence_no_memory(w);
    }
    const int64_t first = w->buyer_offset[z];
    const int64_t offset[2] = {0, w->buyer_offset[z + 1] - first};
    const gv_teleport t = {
        .n_columns = 1, .offset = offset, .node = w->buyer + first, .weight = w->bought + first};
    o.direction = GV_REVERSE;
    o.weighted = true;
    gv_status st = gv_topic_graph(ctx, w->g, w->m, z, GV_TOPIC_BY_SOURCE, &g, &err);
    if (st == GV_OK)
        st = gv_ppr(ctx, g, &t, &o, wide, &column, &err);
    gv_graph_free(g);
    for (int64_t v = 0; v < w->n && st == GV_OK; v++)
        row[v] = (float)wide[v];
    influence_drop(w, wide);
    return st == GV_OK ? CLI_OK : cli_fail(w->s, &err);
}
