/* evaluate_compute.c -- the models and baselines of `grapevine evaluate`, and what they are worth.
 *
 * Baselines score consumers, not edges. A baseline's chance of the edges of v is .01 score(v) over
 * the mean score of the sources of all edges, so that on average it is what the uniform one is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/evaluate_work.h"

static const double mean_chance = 0.01;

int evaluate_no_memory(const evaluate_work *w)
{
    return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory for %lld consumers",
                         (long long)w->n);
}

static void *cells(int64_t n, size_t size)
{
    return calloc((size_t)n + 1, size);
}

/* ---- models -------------------------------------------------------------------------------- */

static int take_windows(evaluate_work *w)
{
    w->window = cells(w->n_topics, sizeof *w->window);
    if (w->window == NULL)
        return evaluate_no_memory(w);
    for (int32_t z = 0; z < w->n_topics; z++)
        w->window[z] = gv_model_window(w->aware, z);
    return CLI_OK;
}

static int learn(evaluate_work *w)
{
    gv_error err;
    gv_context *ctx = cli_context(w->s);
    gv_learn_opts o = gv_learn_defaults();
    if (w->aware != NULL)
        return take_windows(w);
    o.until = w->split;
    o.window = w->o->window;
    o.seed = cli_seed(w->s);
    if (gv_log_topic_blind(ctx, w->log, &w->blind_log, &err) != GV_OK ||
        gv_learn(ctx, w->g, w->log, &o, &w->aware, NULL, &err) != GV_OK ||
        gv_learn(ctx, w->g, w->blind_log, &o, &w->blind, NULL, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return take_windows(w);
}

/* ---- baselines ----------------------------------------------------------------------------- */

static void scale(const evaluate_work *w, const float *score, float *chance)
{
    double sum = 0.0;
    int64_t degree;
    for (int64_t v = 0; v < w->n; v++) {
        gv_graph_out(w->g, (gv_node)v, &degree);
        sum += (double)score[v] * (double)degree;
    }
    const double mean = sum / (double)gv_graph_edges(w->g);
    for (int64_t v = 0; v < w->n; v++)
        chance[v] = mean > 0.0 ? (float)(mean_chance * (double)score[v] / mean) : 0.0F;
}

/* PageRank on the way from the influenced to those who influence them. */
static gv_status page_rank(const evaluate_work *w, double *rank, gv_error *err)
{
    static const int64_t no_sources[] = {0, 0};
    const gv_teleport uniform = {.n_columns = 1, .offset = no_sources};
    gv_ppr_opts o = gv_ppr_defaults();
    o.direction = GV_REVERSE;
    return gv_ppr(cli_context(w->s), w->g, &uniform, &o, rank, NULL, err);
}

static int score_baselines(evaluate_work *w)
{
    gv_error err;
    bool fine = true;
    double *rank = cells(w->n, sizeof *rank);
    for (int i = 0; i < 3; i++) {
        fine = (w->score[i] = cells(w->n, sizeof *w->score[i])) && fine;
        fine = (w->scaled[i] = cells(w->n, sizeof *w->scaled[i])) && fine;
    }
    if (rank == NULL || !fine) {
        free(rank);
        return evaluate_no_memory(w);
    }
    int code = CLI_OK;
    if (page_rank(w, rank, &err) != GV_OK ||
        gv_klout_score(cli_context(w->s), w->g, w->aware, rank, w->score[2], &err) != GV_OK)
        code = cli_fail(w->s, &err);
    for (int64_t v = 0; v < w->n && code == CLI_OK; v++) {
        int64_t degree;
        gv_graph_out(w->g, (gv_node)v, &degree);
        w->score[0][v] = (float)degree;
        w->score[1][v] = (float)rank[v];
    }
    for (int i = 0; i < 3 && code == CLI_OK; i++)
        scale(w, w->score[i], w->scaled[i]);
    free(rank);
    return code;
}

/* ---- truth --------------------------------------------------------------------------------- */

static int match_truth(evaluate_work *w)
{
    w->truth_topic = cells(w->n_topics, sizeof *w->truth_topic);
    w->planted = cells(w->n_topics * w->n, sizeof *w->planted);
    if (w->truth_topic == NULL || w->planted == NULL)
        return evaluate_no_memory(w);
    for (int32_t z = 0; z < w->n_topics; z++) {
        const int32_t there = gv_truth_find_topic(w->truth, gv_log_topic(w->log, z));
        if (there < 0)
            return cli_fail_text(w->s, CLI_BAD_DATA, "%s: the truth has no topic '%s'", w->o->truth,
                                 gv_log_topic(w->log, z));
        w->truth_topic[z] = there;
        memcpy(w->planted + z * w->n, w->truth->source + there * w->n,
               (size_t)w->n * sizeof *w->planted);
    }
    return CLI_OK;
}

/* ---- the table ----------------------------------------------------------------------------- */

static gv_forecast forecast_of(const evaluate_work *w, evaluate_kind kind)
{
    const int64_t baseline = kind - EVALUATE_DEGREE;
    switch (kind) {
    case EVALUATE_AWARE:
        return (gv_forecast){.model = w->aware};
    case EVALUATE_BLIND:
        return (gv_forecast){.model = w->blind};
    case EVALUATE_DEGREE:
    case EVALUATE_PAGERANK:
    case EVALUATE_KLOUT:
        return (gv_forecast){.source = w->scaled[baseline], .n_topics = 1};
    case EVALUATE_PLANTED:
        return (gv_forecast){.source = w->planted,
                             .n_topics = w->n_topics,
                             .target = w->truth->target,
                             .close = w->truth->close};
    case EVALUATE_UNIFORM:
    case EVALUATE_ROWS:
        break;
    }
    return (gv_forecast){.model = NULL};
}

static bool has_row(const evaluate_work *w, evaluate_kind kind)
{
    if (kind == EVALUATE_PLANTED)
        return w->truth != NULL;
    return w->blind != NULL || kind == EVALUATE_AWARE || kind == EVALUATE_UNIFORM;
}

static void make_rows(evaluate_work *w)
{
    for (evaluate_kind kind = EVALUATE_AWARE; kind < EVALUATE_ROWS; kind++) {
        const bool scored = kind >= EVALUATE_DEGREE && kind <= EVALUATE_KLOUT;
        if (has_row(w, kind))
            w->row[w->n_rows++] =
                (evaluate_row){.kind = kind,
                               .forecast = forecast_of(w, kind),
                               .score = scored ? w->score[kind - EVALUATE_DEGREE] : NULL,
                               .precision = NAN,
                               .correlation = NAN};
    }
}

/* All rows foresee the same records. */
static gv_status forecast_activations(evaluate_work *w, gv_error *err)
{
    gv_forecast forecast[EVALUATE_ROWS];
    gv_auc auc[EVALUATE_ROWS];
    gv_auc_opts o = gv_auc_defaults();
    o.split = w->split;
    o.bootstraps = (int32_t)w->o->bootstraps;
    o.share = w->o->sample;
    o.seed = cli_seed(w->s);
    for (int32_t i = 0; i < w->n_rows; i++)
        forecast[i] = w->row[i].forecast;
    const gv_status st = gv_next_activation_aucs(cli_context(w->s), w->g, w->log, w->window,
                                                 forecast, w->n_rows, &o, auc, err);
    for (int32_t i = 0; i < w->n_rows && st == GV_OK; i++)
        w->row[i].auc = auc[i];
    return st;
}

static void confirm(const evaluate_work *w, int32_t z, evaluate_row *row)
{
    const int64_t first = w->truth_topic[z] * w->n;
    int64_t hits = 0, flagged = 0;
    double in = 0.0, out = 0.0;
    for (int64_t v = 0; v < w->n; v++) {
        flagged += w->flag[v];
        hits += w->flag[v] && w->truth->influencer[first + v];
        *(w->flag[v] ? &in : &out) += (double)w->truth->i1[first + v];
    }
    row->precision += (double)hits / (double)flagged / w->n_topics;
    row->true_flagged += in / (double)flagged / w->n_topics;
    row->true_others += out / (double)(w->n - flagged) / w->n_topics;
}

/* Flags the best consumers of each topic, and looks whether they were planted. What knows no topics
 * has one list for all, of consumers with any purchase. */
static gv_status find_influencers(evaluate_work *w, evaluate_row *row, gv_error *err)
{
    gv_context *ctx = cli_context(w->s);
    const bool by_topic = row->kind == EVALUATE_AWARE || row->kind == EVALUATE_PLANTED;
    const gv_model *m = by_topic ? w->aware : w->blind;
    gv_status st = GV_OK;
    row->precision = 0.0;
    for (int32_t z = 0; z < w->n_topics && st == GV_OK; z++) {
        const int32_t topic = by_topic ? z : 0;
        const float *score = row->score;
        if (score == NULL && row->forecast.model == NULL) {
            score = w->truth->i1 + w->truth_topic[z] * w->n;
        } else if (score == NULL) {
            score = w->i1;
            st = gv_influence(ctx, w->g, m, &topic, 1, NULL, w->i1, NULL, err);
        }
        if (st == GV_OK)
            st = gv_influence_rank(ctx, m, w->n, topic, score, w->o->quantile, NULL, w->flag, NULL,
                                   NULL, err);
        if (st == GV_OK)
            confirm(w, z, row);
    }
    return st;
}

static gv_status compare_with_truth(evaluate_work *w, int32_t i, gv_error *err)
{
    evaluate_row *row = &w->row[i];
    gv_status st = GV_OK;
    if (row->kind != EVALUATE_UNIFORM) /* it ranks as degree does */
        st = find_influencers(w, row, err);
    if (st == GV_OK)
        st = gv_forecast_correlation(cli_context(w->s), w->g, w->n_topics, &row->forecast,
                                     &w->row[w->n_rows - 1].forecast, &row->correlation, err);
    return st;
}

int evaluate_compute(evaluate_work *w)
{
    gv_error err;
    int code = learn(w);
    if (code == CLI_OK && w->blind != NULL)
        code = score_baselines(w);
    if (code == CLI_OK && w->truth != NULL)
        code = match_truth(w);
    if (code != CLI_OK)
        return code;
    w->i1 = cells(w->n, sizeof *w->i1);
    w->flag = cells(w->n, sizeof *w->flag);
    if (w->i1 == NULL || w->flag == NULL)
        return evaluate_no_memory(w);
    make_rows(w);
    if (forecast_activations(w, &err) != GV_OK)
        return cli_fail(w->s, &err);
    for (int32_t i = 0; i < w->n_rows && w->truth != NULL; i++)
        if (compare_with_truth(w, i, &err) != GV_OK)
            return cli_fail(w->s, &err);
    return CLI_OK;
}
