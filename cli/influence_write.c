/* influence_write.c -- the groups that `grapevine influence` writes. See influence_work.h. */
#include "cli/influence_work.h"

/* The places in /topics of the rows of `group`. */
static gv_status put_topic_rows(const influence_work *w, const char *group, gv_error *err)
{
    char path[128];
    const int64_t n_topics = w->plan.n_topics;
    snprintf(path, sizeof path, "%s/topic", group);
    return gv_results_put(w->r, path, GV_I32, 1, &n_topics, w->plan.topic, err);
}

static gv_status put_influence(const influence_work *w, gv_error *err)
{
    const int64_t dims[2] = {w->plan.n_topics, w->n};
    gv_status st = put_topic_rows(w, "/influence", err);
    for (int k = 0; k < INFLUENCE_MEASURES && st == GV_OK; k++) {
        char path[64];
        snprintf(path, sizeof path, "/influence/%s", influence_measure[k]);
        if (influence_stored(w, k))
            st = gv_results_put(w->r, path, GV_F32, 2, dims, w->score[k], err);
    }
    if (st == GV_OK && w->plan.ranks)
        st = gv_results_put(w->r, "/influence/rank", GV_I32, 2, dims, w->rank, err);
    if (st == GV_OK && w->plan.flags)
        st = gv_results_put_flags(w->r, "/influence/is_influencer", 2, dims, w->flag, err);
    if (st == GV_OK)
        st = gv_results_put(w->r, "/influence/threshold", GV_F64, 1, dims, w->threshold, err);
    if (st == GV_OK && w->plan.measure[INFLUENCE_REACH])
        st = gv_results_put(w->r, "/influence/reach_cv", GV_F64, 1, dims, w->reach_cv, err);
    if (st == GV_OK && w->plan.measure[INFLUENCE_REACH])
        st = gv_results_put(w->r, "/influence/reach_rounds", GV_I32, 1, dims, w->reach_rounds, err);
    if (st == GV_OK)
        st = gv_results_put(w->r, "/influence/correlation_degree", GV_F64, 1, dims, w->with_degree,
                            err);
    if (st == GV_OK)
        st =
            gv_results_put(w->r, "/influence/correlation_core", GV_F64, 1, dims, w->with_core, err);
    if (st == GV_OK)
        st = gv_results_attr_f64(w->r, "/influence", "quantile", w->o->quantile, err);
    if (st == GV_OK)
        st = gv_results_attr_text(w->r, "/influence", "measure", influence_measure[w->plan.ranking],
                                  err);
    return st;
}

/* How many friends the influencers have: asked for at last, as the lists are long while topics are
 * computed. */
static gv_status put_friends(const influence_work *w, gv_error *err)
{
    const topic_rows *rows = &w->influencers;
    int32_t *friends = gv_context_take(cli_context(w->s), rows->n + 1, sizeof *friends);
    if (friends == NULL) {
        err->status = GV_ERR_NOMEM;
        snprintf(err->message, sizeof err->message, "no memory for the friends of influencers");
        return GV_ERR_NOMEM;
    }
    for (int64_t i = 0; i < rows->n; i++) {
        int64_t degree;
        gv_graph_out(w->g, rows->node[i], &degree);
        friends[i] = (int32_t)degree;
    }
    const gv_status st =
        gv_results_put(w->r, "/influencers/friends", GV_I32, 1, &rows->n, friends, err);
    influence_drop(w, friends);
    return st;
}

static gv_status put_lists(influence_work *w, gv_error *err)
{
    gv_status st = topic_rows_put(&w->influencers, w->r, "/influencers", w->n, "rank", err);
    if (st == GV_OK)
        st = put_friends(w, err);
    if (st == GV_OK && w->o->prospects > 0.0)
        st = topic_rows_put(&w->prospects, w->r, "/prospects", w->n, "best_friend", err);
    for (int k = 0; k < INFLUENCE_MEASURES && st == GV_OK; k++) {
        char path[64];
        if (!w->plan.measure[k] || w->o->top_k == 0)
            continue;
        st = cli_topk_put(&w->top[k], w->r, w->g, influence_measure[k], err);
        snprintf(path, sizeof path, "/topk/%s", influence_measure[k]);
        if (st == GV_OK)
            st = put_topic_rows(w, path, err);
    }
    return st;
}

/* One array at a time, so that one is held: cells have 4 bytes in each. */
static gv_status put_susceptibility(const influence_work *w, gv_error *err)
{
    static const char *const name[] = {"score", "observed", "total", "expected"};
    static const gv_type type[] = {GV_F32, GV_I32, GV_I32, GV_F32};
    const int64_t dims[2] = {w->plan.n_topics, w->n};
    gv_status st = put_topic_rows(w, "/susceptibility", err);
    char *cells = influence_rows(w, dims[0], 4);
    float *score = influence_rows(w, 1, sizeof *score);
    for (int k = 0; k < 4 && st == GV_OK && cells != NULL && score != NULL; k++) {
        char path[64];
        for (int32_t i = 0; i < dims[0] && st == GV_OK; i++) {
            void *row = cells + 4 * i * w->n;
            st = gv_susceptibility(cli_context(w->s), w->m, w->plan.topic[i], k == 0 ? row : score,
                                   k == 1 ? row : NULL, k == 2 ? row : NULL, k == 3 ? row : NULL,
                                   err);
        }
        snprintf(path, sizeof path, "/susceptibility/%s", name[k]);
        if (st == GV_OK)
            st = gv_results_put(w->r, path, type[k], 2, dims, cells, err);
    }
    if (st == GV_OK && (cells == NULL || score == NULL)) {
        err->status = st = GV_ERR_NOMEM;
        snprintf(err->message, sizeof err->message, "no memory for susceptibility");
    }
    influence_drop(w, score);
    influence_drop(w, cells);
    if (st == GV_OK)
        st = gv_results_put(w->r, "/susceptibility/overall", GV_F32, 1, &w->n, w->listens, err);
    return st;
}

int influence_write(influence_work *w)
{
    gv_error err;
    gv_status st = put_influence(w, &err);
    if (st == GV_OK)
        st = put_lists(w, &err);
    if (st == GV_OK && w->plan.scores)
        st = put_susceptibility(w, &err);
    return st == GV_OK ? CLI_OK : cli_fail(w->s, &err);
}
