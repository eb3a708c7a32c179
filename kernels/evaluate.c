/* evaluate.c -- next-activation AUC; see evaluate.h for the definition.
 *
 * Items are independent: each is worked through by one thread with its own table of adopters. Who
 * is at risk, and who then buys, is found once for all forecasts; each of them gives every record a
 * score. Records of all items are sorted by score (auc.c), so the threads do not bear on the
 * result. */
#include <string.h>

#include "engine/error.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "engine/rng.h"
#include "grapevine/evaluate.h"
#include "kernels/auc.h"
#include "kernels/forecast.h"

/* One thread's records and the adopters of its current item: node -> time + position. */
typedef struct worker {
    uint64_t *label; /* [room], as in auc_records */
    double *score;   /* [room][n_forecasts] */
    int64_t n, room;
    int64_t *slot;   /* [slots_room] 1 + position of the adopter in the item, 0 for none */
    int64_t n_slots; /* in use for the item, a power of two */
    int64_t slots_room;
    gv_node *recorded; /* open addressing over consumers at risk, -1 for none */
    int64_t n_recorded, recorded_room;
    bool failed;
} worker;

typedef struct auc_run {
    gv_context *ctx;
    const gv_graph *g;
    const gv_log *log;
    const gv_forecast *forecast;
    int32_t n_forecasts;
    const double *window;
    int64_t split, end;
    double share;
    uint64_t key; /* of the items that are looked at */
    worker *worker;
} auc_run;

GV_API gv_auc_opts gv_auc_defaults(void)
{
    return (gv_auc_opts){.end = INT64_MAX, .bootstraps = 199, .share = 1.0, .seed = 1};
}

static int64_t power_of_two(int64_t least)
{
    int64_t size = 16;
    while (size < least)
        size *= 2;
    return size;
}

static int64_t place(gv_node v, int64_t n_slots)
{
    return (int64_t)(gv_mix((uint64_t)v) & (uint64_t)(n_slots - 1));
}

/* ---- adopters of an item ------------------------------------------------------------------- */

static bool index_adopters(const auc_run *run, worker *w, int64_t begin, int64_t end)
{
    w->n_slots = power_of_two(2 * (end - begin));
    if (w->n_slots > w->slots_room) {
        gv_free(run->ctx, w->slot);
        w->slot = gv_alloc(run->ctx, w->n_slots, sizeof *w->slot);
        w->slots_room = w->slot != NULL ? w->n_slots : 0;
        if (w->slot == NULL)
            return false;
    }
    memset(w->slot, 0, (size_t)w->n_slots * sizeof *w->slot);
    for (int64_t i = begin; i < end; i++) {
        int64_t at = place(run->log->user[i], w->n_slots);
        while (w->slot[at] != 0 && run->log->user[begin + w->slot[at] - 1] != run->log->user[i])
            at = (at + 1) & (w->n_slots - 1);
        if (w->slot[at] == 0) /* rows stand in order of time: the first one is the adoption */
            w->slot[at] = i - begin + 1;
    }
    return true;
}

/* Time at which v adopted the item, or INT64_MAX. */
static int64_t adopted(const auc_run *run, const worker *w, int64_t begin, gv_node v)
{
    for (int64_t at = place(v, w->n_slots); w->slot[at] != 0; at = (at + 1) & (w->n_slots - 1)) {
        const int64_t i = begin + w->slot[at] - 1;
        if (run->log->user[i] == v)
            return run->log->time[i];
    }
    return INT64_MAX;
}

/* ---- consumers already recorded for the item ----------------------------------------------- */

static bool grow_recorded(const auc_run *run, worker *w)
{
    const int64_t room = power_of_two(w->recorded_room * 2);
    gv_node *wider = gv_alloc(run->ctx, room, sizeof *wider);
    if (wider == NULL)
        return false;
    memset(wider, 0xff, (size_t)room * sizeof *wider);
    for (int64_t i = 0; i < w->recorded_room; i++) {
        if (w->recorded[i] < 0)
            continue;
        int64_t at = place(w->recorded[i], room);
        while (wider[at] >= 0)
            at = (at + 1) & (room - 1);
        wider[at] = w->recorded[i];
    }
    gv_free(run->ctx, w->recorded);
    w->recorded = wider, w->recorded_room = room;
    return true;
}

/* True when v was not there before. */
static bool remember(const auc_run *run, worker *w, gv_node v)
{
    if (2 * (w->n_recorded + 1) > w->recorded_room && !grow_recorded(run, w)) {
        w->failed = true;
        return false;
    }
    int64_t at = place(v, w->recorded_room);
    while (w->recorded[at] >= 0 && w->recorded[at] != v)
        at = (at + 1) & (w->recorded_room - 1);
    if (w->recorded[at] == v)
        return false;
    w->recorded[at] = v;
    w->n_recorded++;
    return true;
}

/* ---- records ------------------------------------------------------------------------------- */

/* Scores of u at time t: 1 - prod (1 - p) over the friends who bought in the window before. */
static void fill_scores(const auc_run *run, const worker *w, int64_t begin, gv_node u, int64_t t,
                        int32_t topic, double *score)
{
    const gv_csr *in = &run->g->in;
    for (int32_t f = 0; f < run->n_forecasts; f++)
        score[f] = 1.0;
    for (int64_t i = in->indptr[u]; i < in->indptr[u + 1]; i++) {
        const gv_node v = in->indices[i];
        const int64_t when = adopted(run, w, begin, v);
        if (when > t || (double)when <= (double)t - run->window[topic])
            continue;
        for (int32_t f = 0; f < run->n_forecasts; f++)
            score[f] *= 1.0 - forecast_edge(&run->forecast[f], run->g, v, u, topic);
    }
    for (int32_t f = 0; f < run->n_forecasts; f++)
        score[f] = 1.0 - score[f];
}

static bool more_room(const auc_run *run, worker *w)
{
    if (w->n < w->room)
        return true;
    const int64_t room = w->room > 0 ? 2 * w->room : 1024;
    uint64_t *label = gv_realloc(run->ctx, w->label, room, sizeof *label);
    w->label = label != NULL ? label : w->label;
    double *score = gv_realloc(run->ctx, w->score, room * run->n_forecasts, sizeof *score);
    w->score = score != NULL ? score : w->score;
    w->failed = w->failed || label == NULL || score == NULL;
    w->room = w->failed ? w->room : room;
    return !w->failed;
}

/* The friends of one test-period adopter v at time t are now at risk. */
static void expose_friends(const auc_run *run, worker *w, int64_t item, int64_t begin, gv_node v,
                           int64_t t)
{
    const gv_csr *out = &run->g->out;
    const int32_t topic = run->log->item_topic[item];
    const double window = run->window[topic];
    for (int64_t e = out->indptr[v]; e < out->indptr[v + 1]; e++) {
        const gv_node u = out->indices[e];
        const int64_t buys = adopted(run, w, begin, u);
        if (buys <= t || !remember(run, w, u) || (double)t + window > (double)run->end)
            continue;
        if (!more_room(run, w))
            return;
        const bool positive = buys <= run->end && (double)buys <= (double)t + window;
        w->label[w->n] = (uint64_t)item << 1 | positive;
        fill_scores(run, w, begin, u, t, topic, w->score + w->n++ * run->n_forecasts);
    }
}

static bool is_looked_at(const auc_run *run, int64_t item)
{
    const uint64_t draw = gv_random_u64(gv_philox(run->key, run->log->item_key[item], 0), 0);
    return run->share >= 1.0 || gv_unit(draw) < run->share;
}

static void work_item(const auc_run *run, worker *w, int64_t item)
{
    const int64_t begin = run->log->indptr[item], end = run->log->indptr[item + 1];
    if (begin == end || run->log->time[end - 1] <= run->split || !is_looked_at(run, item))
        return;
    if (w->failed || !index_adopters(run, w, begin, end)) {
        w->failed = true;
        return;
    }
    if (w->recorded_room > 0)
        memset(w->recorded, 0xff, (size_t)w->recorded_room * sizeof *w->recorded);
    w->n_recorded = 0;
    for (int64_t i = begin; i < end && run->log->time[i] <= run->end; i++) {
        const gv_node v = run->log->user[i];
        const int64_t t = run->log->time[i];
        if (t > run->split && adopted(run, w, begin, v) == t)
            expose_friends(run, w, item, begin, v, t);
    }
}

static void work(const auc_run *run)
{
    const int64_t n_items = run->log->info.n_items;
#pragma omp parallel for num_threads(gv_context_threads(run->ctx)) schedule(dynamic, 1)
    for (int64_t item = 0; item < n_items; item++)
        work_item(run, &run->worker[gv_thread()], item);
}

/* ---- run ----------------------------------------------------------------------------------- */

/* The records of all workers, in one array each. */
static gv_status gather(auc_run *run, uint64_t **label, double **score, int64_t *n, gv_error *err)
{
    const int32_t threads = gv_context_threads(run->ctx);
    const int64_t n_forecasts = run->n_forecasts;
    *n = 0;
    for (int32_t t = 0; t < threads; t++) {
        if (run->worker[t].failed)
            return gv_no_memory(run->ctx, "evaluate", err);
        *n += run->worker[t].n;
    }
    *label = gv_alloc(run->ctx, *n, sizeof **label);
    *score = gv_alloc(run->ctx, *n * n_forecasts, sizeof **score);
    if (*label == NULL || *score == NULL)
        return gv_no_memory(run->ctx, "evaluate", err);
    int64_t at = 0;
    for (int32_t t = 0; t < threads; t++) {
        worker *w = &run->worker[t];
        if (w->n > 0) {
            memcpy(*label + at, w->label, (size_t)w->n * sizeof **label);
            memcpy(*score + at * n_forecasts, w->score,
                   (size_t)(w->n * n_forecasts) * sizeof **score);
        }
        at += w->n;
        gv_free(run->ctx, w->label);
        gv_free(run->ctx, w->score);
        w->label = NULL, w->score = NULL;
    }
    return GV_OK;
}

static void free_workers(auc_run *run)
{
    for (int32_t t = 0; run->worker != NULL && t < gv_context_threads(run->ctx); t++) {
        gv_free(run->ctx, run->worker[t].label);
        gv_free(run->ctx, run->worker[t].score);
        gv_free(run->ctx, run->worker[t].slot);
        gv_free(run->ctx, run->worker[t].recorded);
    }
    gv_free(run->ctx, run->worker);
}

static gv_status measure(auc_run *run, const gv_auc_opts *o, gv_auc *out, gv_error *err)
{
    uint64_t *label = NULL;
    double *score = NULL;
    int64_t n = 0;
    gv_status st = gather(run, &label, &score, &n, err);
    for (int32_t f = 0; f < run->n_forecasts && st == GV_OK; f++) {
        const auc_records r = {n, label, score + f, run->n_forecasts};
        st = auc_measure(run->ctx, run->log, &r, o, &out[f], err);
    }
    gv_free(run->ctx, score);
    gv_free(run->ctx, label);
    return st;
}

static gv_status check(const auc_run *run, const gv_auc_opts *o, gv_error *err)
{
    const gv_log *log = run->log;
    if (log->n_nodes != run->g->n_nodes)
        return gv_fail(err, GV_ERR_ARG,
                       "evaluate: the log is about %lld consumers, the graph has %lld",
                       (long long)log->n_nodes, (long long)run->g->n_nodes);
    for (int32_t f = 0; f < run->n_forecasts; f++) {
        const gv_status st = forecast_check(&run->forecast[f], run->g, log->info.n_topics, err);
        if (st != GV_OK)
            return st;
    }
    if (o->bootstraps < 0 || o->bootstraps > 100000)
        return gv_fail(err, GV_ERR_RANGE, "evaluate: %d bootstraps are not in [0, 100000]",
                       o->bootstraps);
    if (!(o->share > 0.0 && o->share <= 1.0))
        return gv_fail(err, GV_ERR_RANGE, "evaluate: share %g of the items is not in (0, 1]",
                       o->share);
    for (int32_t z = 0; z < log->info.n_topics; z++)
        if (!(run->window[z] > 0.0))
            return gv_fail(err, GV_ERR_RANGE, "evaluate: window %g of topic %d is not above 0",
                           run->window[z], z);
    return GV_OK;
}

GV_API gv_status gv_next_activation_aucs(gv_context *ctx, const gv_graph *g, const gv_log *log,
                                         const double *window, const gv_forecast *forecast,
                                         int32_t n_forecasts, const gv_auc_opts *opts, gv_auc *out,
                                         gv_error *err)
{
    const gv_auc_opts o = opts != NULL ? *opts : gv_auc_defaults();
    auc_run run = {.ctx = ctx,
                   .g = g,
                   .log = log,
                   .forecast = forecast,
                   .n_forecasts = n_forecasts,
                   .window = window,
                   .split = o.split,
                   .share = o.share,
                   .key = gv_key(o.seed, GV_FOR_SAMPLE),
                   .end = o.end < log->info.time_end ? o.end : log->info.time_end};
    gv_status st = check(&run, &o, err);
    if (st != GV_OK)
        return st;
    run.worker = gv_alloc_zero(ctx, gv_context_threads(ctx), sizeof *run.worker);
    if (run.worker == NULL)
        return gv_no_memory(ctx, "evaluate", err);
    work(&run);
    st = measure(&run, &o, out, err);
    free_workers(&run);
    return st;
}

GV_API gv_status gv_next_activation_auc(gv_context *ctx, const gv_graph *g, const gv_log *log,
                                        const double *window, const gv_forecast *forecast,
                                        const gv_auc_opts *opts, gv_auc *out, gv_error *err)
{
    const gv_forecast uniform = {0};
    return gv_next_activation_aucs(ctx, g, log, window, forecast != NULL ? forecast : &uniform, 1,
                                   opts, out, err);
}
