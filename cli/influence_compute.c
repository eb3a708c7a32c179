/* influence_compute.c -- the topics of `grapevine influence`, batch by batch: scores, influencers,
 * best consumers, prospects. See influence_work.h. */
#include "cli/influence_work.h"

/* The scores of topic number `i` of the plan, in the batch that starts with number `first`. */
static float *score_row(const influence_work *w, int measure, int32_t i, int32_t first)
{
    return w->score[measure] + (influence_stored(w, measure) ? i : i - first) * w->n;
}

static int32_t *rank_row(const influence_work *w, int32_t i)
{
    return w->rank + (w->plan.ranks ? i * w->n : 0);
}

static int16_t *flag_row(const influence_work *w, int32_t i)
{
    return w->flag + (w->plan.flags ? i * w->n : 0);
}

static int list_influencers(influence_work *w, int32_t i, const float *score, int64_t n_flagged)
{
    const int32_t z = w->plan.topic[i];
    const int32_t *rank = rank_row(w, i);
    const int16_t *flag = flag_row(w, i);
    if (!topic_rows_reserve(&w->influencers, n_flagged))
        return influence_no_memory(w);
    for (int64_t v = 0; v < w->n; v++)
        if (flag[v] != 0)
            topic_rows_add(&w->influencers, z, (gv_node)v, score[v], rank[v]);
    return CLI_OK;
}

typedef struct prospect {
    gv_node node, best_friend;
    float probability;
} prospect;

static int by_node(const void *a, const void *b)
{
    const gv_node x = ((const prospect *)a)->node, y = ((const prospect *)b)->node;
    return x < y ? -1 : x > y;
}

static int list_prospects(influence_work *w, int32_t i)
{
    gv_error err;
    gv_prospects *found;
    const int32_t z = w->plan.topic[i];
    if (gv_prospects_find(cli_context(w->s), w->g, w->m, z, w->listens, flag_row(w, i),
                          w->o->prospects, &found, &err) != GV_OK)
        return cli_fail(w->s, &err);
    prospect *list = calloc((size_t)found->n + 1, sizeof *list);
    const bool fine = list != NULL && topic_rows_reserve(&w->prospects, found->n);
    for (int64_t k = 0; k < found->n && fine; k++)
        list[k] = (prospect){found->node[k], found->best_friend[k], found->probability[k]};
    if (fine)
        qsort(list, (size_t)found->n, sizeof *list, by_node);
    for (int64_t k = 0; k < found->n && fine; k++)
        topic_rows_add(&w->prospects, z, list[k].node, list[k].probability, list[k].best_friend);
    free(list);
    gv_prospects_free(found);
    return fine ? CLI_OK : influence_no_memory(w);
}

static int best_of_topic(influence_work *w, int measure, int32_t i, const float *score)
{
    gv_error err;
    double *wide = w->scratch;
    for (int64_t v = 0; v < w->n; v++)
        wide[v] = (double)score[v];
    if (cli_topk_fill(&w->top[measure], cli_context(w->s), i, wide, w->n, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return CLI_OK;
}

/* Twice the mean ranks by number of friends, or by core. */
static int rank_friends(influence_work *w, bool by_core, int32_t *friends, int64_t *rank)
{
    gv_error err;
    for (int64_t v = 0; v < w->n && !by_core; v++) {
        int64_t degree;
        gv_graph_out(w->g, (gv_node)v, &degree);
        friends[v] = (int32_t)degree;
    }
    const gv_status st =
        gv_mean_ranks_of_counts(cli_context(w->s), by_core ? w->core : friends, w->n, rank, &err);
    return st == GV_OK ? CLI_OK : cli_fail(w->s, &err);
}

/* Friends counted are no influence: how alike are the two? Their ranks are worked out for each
 * topic anew, since influence has better uses for the memory meanwhile. */
static int correlate(influence_work *w, int32_t i, const float *score)
{
    gv_error err;
    gv_context *ctx = cli_context(w->s);
    int32_t *friends = influence_rows(w, 1, sizeof *friends);
    int64_t *score_rank = w->scratch, *rank = influence_rows(w, 1, sizeof *rank);
    int code = friends == NULL || rank == NULL ? influence_no_memory(w) : CLI_OK;
    if (code == CLI_OK && gv_mean_ranks(ctx, score, w->n, score_rank, &err) != GV_OK)
        code = cli_fail(w->s, &err);
    for (int by_core = 0; by_core < 2 && code == CLI_OK; by_core++) {
        double *out = by_core ? &w->with_core[i] : &w->with_degree[i];
        code = rank_friends(w, by_core != 0, friends, rank);
        if (code == CLI_OK && gv_rank_correlation(ctx, score_rank, rank, w->n, out, &err) != GV_OK)
            code = cli_fail(w->s, &err);
    }
    influence_drop(w, rank);
    influence_drop(w, friends);
    return code;
}

static int run_topic(influence_work *w, int32_t i, int32_t first)
{
    gv_error err;
    int64_t n_flagged;
    const float *score = score_row(w, w->plan.ranking, i, first);
    if (gv_influence_rank(cli_context(w->s), w->m, w->n, w->plan.topic[i], score, w->o->quantile,
                          rank_row(w, i), flag_row(w, i), &w->threshold[i], &n_flagged,
                          &err) != GV_OK)
        return cli_fail(w->s, &err);
    int code = list_influencers(w, i, score, n_flagged);
    if (code == CLI_OK)
        code = correlate(w, i, score);
    for (int k = 0; k < INFLUENCE_MEASURES && code == CLI_OK; k++)
        if (w->plan.measure[k] && w->o->top_k > 0)
            code = best_of_topic(w, k, i, score_row(w, k, i, first));
    if (code == CLI_OK && w->o->prospects > 0.0)
        code = list_prospects(w, i);
    return code;
}

/* Topics first + k, k in [0, n), whose scores are known. What is not kept of a topic is taken here
 * only, as influence has better uses for the memory meanwhile. */
static int run_topics(influence_work *w, int32_t first, int32_t n)
{
    int code = CLI_OK;
    if (!w->plan.ranks)
        w->rank = influence_rows(w, 1, sizeof *w->rank);
    if (!w->plan.flags)
        w->flag = influence_rows(w, 1, sizeof *w->flag);
    w->scratch = influence_rows(w, 1, sizeof(double));
    if (w->rank == NULL || w->flag == NULL || w->scratch == NULL)
        code = influence_no_memory(w);
    for (int32_t i = first; i < first + n && code == CLI_OK; i++)
        code = run_topic(w, i, first);
    influence_drop(w, w->scratch);
    if (!w->plan.flags)
        influence_drop(w, w->flag);
    if (!w->plan.ranks)
        influence_drop(w, w->rank);
    return code;
}

int influence_compute(influence_work *w)
{
    gv_error err;
    const int32_t n_topics = w->plan.n_topics;
    if (gv_susceptibility(cli_context(w->s), w->m, -1, w->listens, NULL, NULL, NULL, &err) != GV_OK)
        return cli_fail(w->s, &err);
    if (gv_core_numbers(cli_context(w->s), w->g, w->core, &err) != GV_OK)
        return cli_fail(w->s, &err);
    int code = CLI_OK;
    for (int32_t first = 0; first < n_topics && code == CLI_OK; first += w->batch) {
        const int32_t n = n_topics - first < w->batch ? n_topics - first : w->batch;
        float *i2 = w->plan.measure[1] ? score_row(w, 1, first, first) : NULL;
        if (gv_influence(cli_context(w->s), w->g, w->m, w->plan.topic + first, n, w->weight,
                         score_row(w, 0, first, first), i2, &err) != GV_OK)
            return cli_fail(w->s, &err);
        for (int32_t i = first; i < first + n && code == CLI_OK; i++)
            if (w->plan.measure[INFLUENCE_REACH])
                code = influence_reach(w, i, score_row(w, INFLUENCE_REACH, i, first));
        for (int32_t i = first; i < first + n && code == CLI_OK; i++)
            if (w->plan.measure[INFLUENCE_PPR])
                code = influence_ppr(w, i, score_row(w, INFLUENCE_PPR, i, first));
        if (code == CLI_OK)
            code = run_topics(w, first, n);
    }
    return code;
}
