/* evaluate.c -- next-activation AUC; see evaluate.h for the definition.
 *
 * Items are independent: each is worked through by one thread with its own table of adopters.
 * Records of all items are sorted by score; an AUC is a sum of integers over groups of equal
 * scores, so neither the threads nor the order inside a group bear on it. The bootstrap gives each
 * item a weight drawn from Poisson(1), keyed by (seed, replicate, item). */
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/log.h"
#include "engine/memory.h"
#include "engine/model.h"
#include "engine/parallel.h"
#include "engine/rng.h"
#include "engine/sort.h"
#include "grapevine/evaluate.h"
#include "kernels/forecast.h"

typedef struct record {
    double score;
    int32_t item;
    int32_t positive;
} record;

/* One thread's records and the adopters of its current item: node -> time + position. */
typedef struct worker {
    record *record;
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
    const double *window;
    int64_t split, end;
    worker *worker;
} auc_run;

GV_API gv_auc_opts gv_auc_defaults(void)
{
    return (gv_auc_opts){.end = INT64_MAX, .bootstraps = 199, .seed = 1};
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

static double score(const auc_run *run, const worker *w, int64_t begin, gv_node u, int64_t t,
                    int32_t topic)
{
    const gv_csr *in = &run->g->in;
    double none = 1.0;
    for (int64_t i = in->indptr[u]; i < in->indptr[u + 1]; i++) {
        const int64_t when = adopted(run, w, begin, in->indices[i]);
        if (when <= t && (double)when > (double)t - run->window[topic])
            none *= 1.0 - forecast_edge(run->forecast, run->g, in->indices[i], u, topic);
    }
    return 1.0 - none;
}

static void add_record(const auc_run *run, worker *w, record r)
{
    if (w->n == w->room) {
        const int64_t room = w->room > 0 ? 2 * w->room : 1024;
        record *wider = gv_realloc(run->ctx, w->record, room, sizeof *wider);
        if (wider == NULL) {
            w->failed = true;
            return;
        }
        w->record = wider, w->room = room;
    }
    w->record[w->n++] = r;
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
        const bool positive = buys <= run->end && (double)buys <= (double)t + window;
        add_record(run, w, (record){score(run, w, begin, u, t, topic), (int32_t)item, positive});
    }
}

static void work_item(const auc_run *run, worker *w, int64_t item)
{
    const int64_t begin = run->log->indptr[item], end = run->log->indptr[item + 1];
    if (begin == end || run->log->time[end - 1] <= run->split)
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

/* ---- areas --------------------------------------------------------------------------------- */

/* All records in ascending order of score: `order` holds (bits of the score, position). Scores lie
 * in [0, 1], so their bits sort like them. */
static gv_status sort_by_score(const auc_run *run, const record *r, int64_t n, gv_record *order,
                               gv_error *err)
{
    for (int64_t i = 0; i < n; i++) {
        memcpy(&order[i].key, &r[i].score, sizeof order[i].key);
        order[i].value = (uint64_t)i;
    }
    return gv_sort_records(run->ctx, order, n, err);
}

/* Weighted area: pairs (positive, negative) in the right order count one, ties a half. Sums are
 * integers; products stay below 2^63 for up to 10^9 records of each kind. */
static double area(const record *r, const gv_record *order, int64_t n, const int32_t *weight)
{
    int64_t below = 0, positives = 0, twice = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        int64_t tied[2] = {0, 0};
        for (end = i; end < n && order[end].key == order[i].key; end++) {
            const record *one = &r[order[end].value];
            tied[one->positive] += weight != NULL ? weight[one->item] : 1;
        }
        twice += tied[1] * (2 * below + tied[0]);
        below += tied[0];
        positives += tied[1];
    }
    return below > 0 && positives > 0 ? (double)twice / 2.0 / ((double)below * (double)positives)
                                      : NAN;
}

/* Scores that are equal share a bin, that of the first of them, so that the order of equals does
 * not matter. */
static void calibrate(const record *r, const gv_record *order, int64_t n, gv_calibration *bin)
{
    for (int b = 0; b < GV_CALIBRATION_BINS; b++)
        bin[b] = (gv_calibration){0};
    for (int64_t i = 0, first = 0; i < n; i++) {
        const record *one = &r[order[i].value];
        first = order[i].key == order[first].key ? first : i;
        gv_calibration *to = &bin[first * GV_CALIBRATION_BINS / n];
        to->records++;
        to->positives += one->positive;
        to->score += one->score;
    }
    for (int b = 0; b < GV_CALIBRATION_BINS; b++)
        if (bin[b].records > 0)
            bin[b].score /= (double)bin[b].records;
}

/* Poisson(1) by inversion. */
static int32_t poisson_one(double u)
{
    double p = exp(-1.0), sum = p;
    int32_t k = 0;
    while (u >= sum && k < 20) {
        k++;
        p /= k;
        sum += p;
    }
    return k;
}

static void bootstrap(const auc_run *run, const record *r, const gv_record *order, int64_t n,
                      const gv_auc_opts *o, int32_t *weight, double *auc)
{
    const int64_t n_items = run->log->info.n_items;
    const uint64_t key = gv_key(o->seed, GV_FOR_BOOTSTRAP);
#pragma omp parallel for num_threads(gv_context_threads(run->ctx)) schedule(dynamic, 1)
    for (int64_t b = 0; b < o->bootstraps; b++) {
        int32_t *mine = weight + gv_thread() * n_items;
        for (int64_t a = 0; a < n_items; a++)
            mine[a] = poisson_one(
                gv_unit(gv_random_u64(gv_philox(key, (uint64_t)b, run->log->item_key[a]), 0)));
        auc[b] = area(r, order, n, mine);
    }
}

/* 2.5 % and 97.5 % of the replicates, by order statistics; replicates that drew no positive or no
 * negative record have no area and are left out. */
static void interval(double *auc, int32_t n_replicates, gv_auc *out)
{
    int32_t n = 0;
    for (int32_t i = 0; i < n_replicates; i++) {
        const double x = auc[i];
        int32_t j = n;
        if (isnan(x))
            continue;
        for (; j > 0 && auc[j - 1] > x; j--)
            auc[j] = auc[j - 1];
        auc[j] = x;
        n++;
    }
    const int32_t tail = (int32_t)(0.025 * (n + 1));
    out->lo = tail > 0 ? auc[tail - 1] : NAN;
    out->hi = tail > 0 ? auc[n - tail] : NAN;
}

/* ---- run ----------------------------------------------------------------------------------- */

static gv_status gather(auc_run *run, record **all, int64_t *n, gv_error *err)
{
    const int32_t threads = gv_context_threads(run->ctx);
    *n = 0;
    for (int32_t t = 0; t < threads; t++) {
        if (run->worker[t].failed)
            return gv_no_memory(run->ctx, "evaluate", err);
        *n += run->worker[t].n;
    }
    *all = gv_alloc(run->ctx, *n, sizeof **all);
    if (*all == NULL)
        return gv_no_memory(run->ctx, "evaluate", err);
    int64_t at = 0;
    for (int32_t t = 0; t < threads; t++) {
        if (run->worker[t].n > 0)
            memcpy(*all + at, run->worker[t].record, (size_t)run->worker[t].n * sizeof **all);
        at += run->worker[t].n;
    }
    return GV_OK;
}

static void free_workers(auc_run *run)
{
    for (int32_t t = 0; run->worker != NULL && t < gv_context_threads(run->ctx); t++) {
        gv_free(run->ctx, run->worker[t].record);
        gv_free(run->ctx, run->worker[t].slot);
        gv_free(run->ctx, run->worker[t].recorded);
    }
    gv_free(run->ctx, run->worker);
}

static gv_status measure(auc_run *run, const gv_auc_opts *o, gv_auc *out, gv_error *err)
{
    record *r = NULL;
    int64_t n = 0;
    gv_status st = gather(run, &r, &n, err);
    if (st != GV_OK)
        return st;
    const int64_t n_weights = gv_context_threads(run->ctx) * run->log->info.n_items;
    gv_record *order = gv_alloc(run->ctx, n, sizeof *order);
    int32_t *weight = gv_alloc(run->ctx, n_weights, sizeof *weight);
    double *auc = gv_alloc(run->ctx, o->bootstraps, sizeof *auc);
    if (order == NULL || weight == NULL || auc == NULL) {
        st = gv_no_memory(run->ctx, "evaluate", err);
        goto done;
    }
    if ((st = sort_by_score(run, r, n, order, err)) != GV_OK)
        goto done;
    *out = (gv_auc){.auc = area(r, order, n, NULL), .records = n};
    for (int64_t i = 0; i < n; i++)
        out->positives += r[i].positive;
    calibrate(r, order, n, out->bin);
    bootstrap(run, r, order, n, o, weight, auc);
    interval(auc, o->bootstraps, out);
done:
    gv_free(run->ctx, auc);
    gv_free(run->ctx, weight);
    gv_free(run->ctx, order);
    gv_free(run->ctx, r);
    return st;
}

static gv_status check(const gv_graph *g, const gv_log *log, const double *window,
                       const gv_forecast *forecast, const gv_auc_opts *o, gv_error *err)
{
    if (log->n_nodes != g->n_nodes)
        return gv_fail(err, GV_ERR_ARG,
                       "evaluate: the log is about %lld consumers, the graph has %lld",
                       (long long)log->n_nodes, (long long)g->n_nodes);
    const gv_status st = forecast_check(forecast, g, log->info.n_topics, err);
    if (st != GV_OK)
        return st;
    if (o->bootstraps < 0 || o->bootstraps > 100000)
        return gv_fail(err, GV_ERR_RANGE, "evaluate: %d bootstraps are not in [0, 100000]",
                       o->bootstraps);
    for (int32_t z = 0; z < log->info.n_topics; z++)
        if (!(window[z] > 0.0))
            return gv_fail(err, GV_ERR_RANGE, "evaluate: window %g of topic %d is not above 0",
                           window[z], z);
    return GV_OK;
}

GV_API gv_status gv_next_activation_auc(gv_context *ctx, const gv_graph *g, const gv_log *log,
                                        const double *window, const gv_forecast *forecast,
                                        const gv_auc_opts *opts, gv_auc *out, gv_error *err)
{
    const gv_auc_opts o = opts != NULL ? *opts : gv_auc_defaults();
    const gv_forecast uniform = {0};
    forecast = forecast != NULL ? forecast : &uniform;
    gv_status st = check(g, log, window, forecast, &o, err);
    if (st != GV_OK)
        return st;
    auc_run run = {.ctx = ctx,
                   .g = g,
                   .log = log,
                   .forecast = forecast,
                   .window = window,
                   .split = o.split,
                   .end = o.end < log->info.time_end ? o.end : log->info.time_end};
    run.worker = gv_alloc_zero(ctx, gv_context_threads(ctx), sizeof *run.worker);
    if (run.worker == NULL)
        return gv_no_memory(ctx, "evaluate", err);
    work(&run);
    st = measure(&run, &o, out, err);
    free_workers(&run);
    return st;
}
