/* bench_quality.c -- how good is what was learnt: next-activation AUC of three models on any
 * purchase log, and with planted truth the precision of the flagged top 15 %.
 *
 *   bench_quality GRAPH.h5 LOG [COLUMNS [TRUTH.h5]]
 *
 * Learns on the first 80 % of the log's time span and foresees the last 20 %. Prints one JSON line
 * a model. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grapevine/grapevine.h"

static gv_error err;

typedef struct data {
    gv_context *ctx;
    gv_graph *g;
    gv_log *log, *blind_log;
    const char *name;
} data;

static int fail(void)
{
    fprintf(stderr, "bench_quality: %s\n", err.message);
    return 1;
}

/* ---- next activation ----------------------------------------------------------------------- */

static int print_auc(const data *d, const char *model_name, const gv_model *model,
                     const double *window, int64_t split)
{
    gv_auc_opts o = gv_auc_defaults();
    gv_auc a;
    o.split = split;
    if (gv_next_activation_auc(d->ctx, d->g, d->log, window, model, &o, &a, &err) != GV_OK)
        return fail();
    printf(
        "{\"bench\": \"next_activation_auc\", \"log\": \"%s\", \"model\": \"%s\", \"auc\": %.4f, "
        "\"lo\": %.4f, \"hi\": %.4f, \"records\": %lld, \"positives\": %lld}\n",
        d->name, model_name, a.auc, a.lo, a.hi, (long long)a.records, (long long)a.positives);
    return 0;
}

static int next_activation(const data *d)
{
    const gv_log_info info = gv_log_describe(d->log);
    const double span = (double)(info.time_end - info.time_begin);
    gv_learn_opts o = gv_learn_defaults();
    gv_model *aware = NULL, *blind = NULL;
    int failed = 1;
    o.until = info.time_begin + (int64_t)(0.8 * span);
    double *window = calloc((size_t)info.n_topics, sizeof *window);
    if (window == NULL || gv_learn(d->ctx, d->g, d->log, &o, &aware, NULL, &err) != GV_OK ||
        gv_learn(d->ctx, d->g, d->blind_log, &o, &blind, NULL, &err) != GV_OK) {
        fail();
        goto done;
    }
    for (int32_t z = 0; z < info.n_topics; z++)
        window[z] = gv_model_window(aware, z);
    failed = print_auc(d, "topic-aware", aware, window, o.until) ||
             print_auc(d, "topic-blind", blind, window, o.until) ||
             print_auc(d, "uniform p", NULL, window, o.until);
done:
    free(window);
    gv_model_free(aware);
    gv_model_free(blind);
    return failed;
}

/* ---- planted influencers ------------------------------------------------------------------- */

typedef struct confirmed {
    double precision, true_flagged, true_others; /* means over topics */
} confirmed;

static void confirm(const gv_truth *truth, int32_t z, const int16_t *flag, confirmed *sum)
{
    const int64_t n = truth->n_nodes;
    int64_t hits = 0, flagged = 0;
    double in = 0.0, out = 0.0;
    for (int64_t v = 0; v < n; v++) {
        flagged += flag[v];
        hits += flag[v] && truth->influencer[z * n + v];
        *(flag[v] ? &in : &out) += (double)truth->i1[z * n + v];
    }
    sum->precision += (double)hits / (double)flagged / truth->n_topics;
    sum->true_flagged += in / (double)flagged / truth->n_topics;
    sum->true_others += out / (double)(n - flagged) / truth->n_topics;
}

/* Flags the top 15 % by i1 of the model's topic (of its only topic, for the blind one). */
static int flag_topics(const data *d, const gv_model *model, const gv_truth *truth, float *i1,
                       int16_t *flag, confirmed *sum)
{
    const int64_t n = gv_graph_nodes(d->g);
    for (int32_t z = 0; z < truth->n_topics; z++) {
        const int32_t topic = gv_model_topics(model) == 1 ? 0 : z;
        if (gv_influence(d->ctx, d->g, model, &topic, 1, NULL, i1, NULL, &err) != GV_OK ||
            gv_influence_rank(d->ctx, model, n, topic, i1, 0.15, NULL, flag, NULL, NULL, &err) !=
                GV_OK)
            return fail();
        confirm(truth, z, flag, sum);
    }
    return 0;
}

static int planted(const data *d, const gv_log *log, const char *name, const gv_truth *truth)
{
    const size_t n = (size_t)gv_graph_nodes(d->g);
    confirmed sum = {0};
    gv_model *model = NULL;
    float *i1 = malloc(n * sizeof *i1);
    int16_t *flag = malloc(n * sizeof *flag);
    int failed = 1;
    if (i1 == NULL || flag == NULL ||
        gv_learn(d->ctx, d->g, log, NULL, &model, NULL, &err) != GV_OK) {
        fail();
        goto done;
    }
    failed = flag_topics(d, model, truth, i1, flag, &sum);
    printf("{\"bench\": \"planted_influencers\", \"log\": \"%s\", \"model\": \"%s\", "
           "\"precision_top15\": %.4f, \"true_i1_flagged\": %.4f, \"true_i1_others\": %.4f}\n",
           d->name, name, sum.precision, sum.true_flagged, sum.true_others);
done:
    gv_model_free(model);
    free(i1);
    free(flag);
    return failed;
}

static int compare_with_truth(const data *d, const char *path)
{
    gv_truth *truth = NULL;
    if (gv_truth_open(d->ctx, path, d->g, &truth, &err) != GV_OK)
        return fail();
    const int failed =
        planted(d, d->log, "topic-aware", truth) || planted(d, d->blind_log, "topic-blind", truth);
    gv_truth_free(truth);
    return failed;
}

int main(int argc, char **argv)
{
    gv_log_opts o = gv_log_defaults();
    data d = {0};
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: bench_quality GRAPH.h5 LOG [COLUMNS [TRUTH.h5]]\n");
        return 2;
    }
    o.columns = argc > 3 ? argv[3] : NULL;
    d.name = strrchr(argv[2], '/') != NULL ? strrchr(argv[2], '/') + 1 : argv[2];
    int failed = 1;
    if (gv_context_create(NULL, &d.ctx, &err) != GV_OK ||
        gv_graph_open(d.ctx, argv[1], &d.g, &err) != GV_OK ||
        gv_log_read(d.ctx, argv[2], d.g, &o, &d.log, &err) != GV_OK ||
        gv_log_topic_blind(d.ctx, d.log, &d.blind_log, &err) != GV_OK)
        fail();
    else
        failed = next_activation(&d) || (argc > 4 && compare_with_truth(&d, argv[4]));
    gv_log_free(d.blind_log);
    gv_log_free(d.log);
    gv_graph_free(d.g);
    gv_context_free(d.ctx);
    return failed;
}
