/* learn_delay.c -- how long a purchase takes to prompt another: the window of each topic.
 *
 * The delays t_u - t_v > 0 of all co-adoptions along edges v -> u, in bins of eight an octave, are
 * a mixture of prompted purchases and of chance ones:
 *
 *   P(bin) = w E_theta(bin) + (1 - w) Q(bin)
 *
 * E is an exponential of mean theta, thinned by the share of purchases that the log follows for so
 * long; Q is the same histogram over logs whose times were permuted among each item's buyers, which
 * keeps who buys what, and when an item sells, but no influence. (theta, w) maximise the likelihood
 * over fixed log grids. Preferred are buyers of whose friends exactly one bought the item: where
 * more did, the delay along v -> u may be that of two steps v -> w -> u, and is too long on
 * average. (Who bought does not depend on the times, so the shuffled logs can be asked the same.)
 * Histograms are integers, so they do not depend on threads; the likelihood is worked out by one
 * thread. A topic with few delays, or where w adds nothing, takes the fit of all topics together.
 *
 * Source: the permutation baseline is that of Anagnostopoulos, Kumar, Mahdian, "Influence and
 * correlation in social networks", KDD 2008; exponential delays are those of Goyal, Bonchi,
 * Lakshmanan, "Learning influence probabilities in social networks", WSDM 2010. */
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/learn_parts.h"

enum {
    LINEAR = 16, /* one bin a tick up to here, then eight an octave */
    BINS = LINEAR - 1 + 8 * 59,
    ALONE = 0,    /* kinds of histograms: delays of buyers with one friend among the buyers, */
    ALL = 1,      /* of all buyers, */
    SHUFFLED = 2, /* (added to both: in permuted logs) */
    FOLLOWED = 4, /* and how long the log goes on after a purchase */
    KINDS = 5,
    SHUFFLES = 4, /* permuted logs behind Q */
    MIN_DELAYS = 50,
    OCTAVE = 16, /* values of theta an octave */
    LAST_THETA = 16 * 40,
    WEIGHTS = 41 /* w = 2^(-i / 4), i in [0, WEIGHTS) */
};

static const double MIN_GAIN = 6.0; /* of log likelihood, to believe in a mixture */
static const int64_t DAY = 86400, USUAL_WINDOW_DAYS = 30;

/* ---- histograms ------------------------------------------------------------------------------ */

typedef struct histograms {
    gv_context *ctx;
    int32_t n_topics;
    int64_t *count; /* [threads][n_topics][KINDS][BINS] */
    int64_t stride; /* of a thread */
} histograms;

/* Bin of a delay of d >= 1 ticks. */
static int32_t delay_bin(int64_t d)
{
    if (d < LINEAR)
        return (int32_t)d - 1;
    const int32_t octave = 63 - __builtin_clzll((unsigned long long)d);
    return LINEAR - 1 + 8 * (octave - 4) + (int32_t)(d >> (octave - 3) & 7);
}

/* The first delay of a bin, in ticks. */
static double bin_begin(int32_t bin)
{
    if (bin < LINEAR)
        return bin + 1;
    const int32_t b = bin - (LINEAR - 1);
    return ldexp(8 + b % 8, 4 + b / 8 - 3);
}

/* Counts the delays of the adopter at `i` after `n` friends, under the order of times `order`. */
static void count_order(const learn_item *item, const int32_t *order, int32_t i,
                        const int32_t *friend, int32_t n, int64_t *restrict count)
{
    const int64_t *restrict time = item->time;
    const int64_t t = time[order != NULL ? order[i] : i];
    for (int32_t j = 0; j < n; j++) {
        const int64_t before = time[order != NULL ? order[friend[j]] : friend[j]];
        if (before < t)
            count[delay_bin(t - before)]++;
    }
}

static void count_delays(void *arg, const learn_scan *s, const learn_item *item, int32_t *friend,
                         int32_t begin, int32_t end)
{
    const histograms *h = arg;
    int64_t *count = h->count + gv_thread() * h->stride + (int64_t)item->topic * (KINDS * BINS);
    const int64_t span = (s->end - s->origin) / s->tick;
    for (int32_t i = begin; i < end; i++) {
        const int64_t left = span - item->time[i];
        learn_fetch(s, item, i);
        if (left > 0)
            count[FOLLOWED * BINS + delay_bin(left)] += gv_csr_degree(&s->g->out, item->user[i]);
        const int32_t n = learn_friends(s, item, i, friend);
        int64_t *kind = count + (n == 1 ? ALONE : ALL) * BINS;
        count_order(item, NULL, i, friend, n, kind);
        for (int32_t p = 0; p < SHUFFLES && n > 0; p++)
            count_order(item, item->shuffle + (int64_t)p * item->n, i, friend, n,
                        kind + SHUFFLED * BINS);
    }
}

/* Adds the threads' histograms into that of thread 0: whole numbers, so in any order. */
static void gather_threads(const histograms *h)
{
    for (int32_t t = 1; t < gv_context_threads(h->ctx); t++)
        for (int64_t i = 0; i < h->stride; i++) {
            h->count[i] += h->count[t * h->stride + i];
            h->count[t * h->stride + i] = 0;
        }
}

static gv_status keep_histograms(void *arg, int64_t next, gv_error *err)
{
    const histograms *h = arg;
    gather_threads(h);
    return learn_keep_histograms(h->ctx, next, h->count, h->stride, err);
}

/* All threads, and the delays of lone buyers added to those of all. */
static void join_threads(const histograms *h)
{
    gather_threads(h);
    for (int64_t z = 0; z < h->n_topics; z++) {
        int64_t *count = h->count + z * (KINDS * BINS);
        for (int32_t b = 0; b < BINS; b++) {
            count[ALL * BINS + b] += count[ALONE * BINS + b];
            count[(ALL + SHUFFLED) * BINS + b] += count[(ALONE + SHUFFLED) * BINS + b];
        }
    }
}

/* ---- fit ------------------------------------------------------------------------------------- */

typedef struct mixture {
    int32_t n;             /* bins in use */
    double seen[BINS];     /* delays */
    double chance[BINS];   /* Q */
    double thinned[BINS];  /* share of purchases followed for that long */
    double edge[BINS + 1]; /* seconds */
    double prompted[BINS]; /* E of the theta at hand */
} mixture;

static void prepare(mixture *x, const int64_t *count, int kind, double tick)
{
    const int64_t *seen = count + kind * BINS, *shuffled = count + (kind + SHUFFLED) * BINS;
    const int64_t *followed = count + FOLLOWED * BINS;
    double sum = 0.0, all = 0.0;
    x->n = 0;
    for (int32_t b = 0; b < BINS; b++) {
        x->n = seen[b] > 0 || shuffled[b] > 0 ? b + 1 : x->n;
        all += (double)followed[b];
    }
    double longer = all;
    for (int32_t b = 0; b < x->n; b++) {
        x->seen[b] = (double)seen[b];
        x->chance[b] = (double)shuffled[b] + (seen[b] > 0 || shuffled[b] > 0 ? 0.5 : 0.0);
        sum += x->chance[b];
        x->thinned[b] = (longer - 0.5 * (double)followed[b]) / all;
        longer -= (double)followed[b];
    }
    for (int32_t b = 0; b < x->n; b++) {
        x->chance[b] /= sum;
        x->prompted[b] = 0.0;
    }
    for (int32_t b = 0; b <= x->n; b++)
        x->edge[b] = (bin_begin(b) - 0.5) * tick;
}

static void set_theta(mixture *x, double theta)
{
    double sum = 0.0;
    double before = exp(-x->edge[0] / theta);
    for (int32_t b = 0; b < x->n; b++) {
        const double after = exp(-x->edge[b + 1] / theta);
        x->prompted[b] = (before - after) * x->thinned[b];
        sum += x->prompted[b];
        before = after;
    }
    for (int32_t b = 0; b < x->n && sum > 0.0; b++)
        x->prompted[b] /= sum;
}

static double log_likelihood(const mixture *x, double w)
{
    double sum = 0.0;
    for (int32_t b = 0; b < x->n; b++)
        if (x->seen[b] > 0.0)
            sum += x->seen[b] * log(fmax(w * x->prompted[b] + (1.0 - w) * x->chance[b], 1e-300));
    return sum;
}

static double slope(const mixture *x, double w)
{
    double sum = 0.0;
    for (int32_t b = 0; b < x->n; b++)
        if (x->seen[b] > 0.0)
            sum += x->seen[b] * (x->prompted[b] - x->chance[b]) /
                   fmax(w * x->prompted[b] + (1.0 - w) * x->chance[b], 1e-300);
    return sum;
}

/* The best weight of the grid: the likelihood is concave in w, so its slope tells the way. */
static double best_weight(const mixture *x, double *likelihood)
{
    int32_t lo = 0, hi = WEIGHTS - 1; /* rising weights are falling numbers */
    while (lo < hi) {
        const int32_t mid = lo + (hi - lo) / 2;
        if (slope(x, exp2(-0.25 * mid)) > 0.0)
            hi = mid;
        else
            lo = mid + 1;
    }
    double w = exp2(-0.25 * lo);
    *likelihood = log_likelihood(x, w);
    if (lo > 0) {
        const double other = log_likelihood(x, exp2(-0.25 * (lo - 1)));
        if (other > *likelihood) {
            *likelihood = other;
            w = exp2(-0.25 * (lo - 1));
        }
    }
    return w;
}

/* Mean delay of a topic in seconds; 0 where the data do not tell. It lies between a quarter of a
 * tick and a quarter of the log's span; a fit at that upper end is drift, not a delay. */
static double fit_kind(mixture *x, const int64_t *count, int kind, double tick, double span)
{
    int64_t delays = 0;
    for (int32_t b = 0; b < BINS; b++)
        delays += count[kind * BINS + b];
    if (delays < MIN_DELAYS)
        return 0.0;
    prepare(x, count, kind, tick);
    double best = log_likelihood(x, 0.0) + MIN_GAIN, delay = 0.0, largest = 0.0;
    for (int32_t j = 0; j <= LAST_THETA; j++) {
        const double theta = exp2((double)j / OCTAVE);
        if (theta < 0.25 * tick || theta > 0.25 * span)
            continue;
        largest = theta;
        set_theta(x, theta);
        double likelihood;
        (void)best_weight(x, &likelihood);
        if (likelihood > best) {
            best = likelihood;
            delay = theta;
        }
    }
    return delay < largest ? delay : 0.0;
}

/* From buyers with a single friend among the buyers if they are enough, else from all. */
static double fit(mixture *x, const int64_t *count, double tick, double span)
{
    const double delay = fit_kind(x, count, ALONE, tick, span);
    return delay > 0.0 ? delay : fit_kind(x, count, ALL, tick, span);
}

/* ---- windows --------------------------------------------------------------------------------- */

static void add_up(const histograms *h, int64_t *all)
{
    memset(all, 0, KINDS * BINS * sizeof *all);
    for (int32_t z = 0; z < h->n_topics; z++)
        for (int64_t i = 0; i < KINDS * BINS; i++)
            all[i] += h->count[z * (int64_t)(KINDS * BINS) + i];
}

static gv_status fit_topics(const learn_scan *s, const histograms *h, int64_t given, double *delay,
                            int64_t *window, gv_error *err)
{
    gv_context *ctx = s->ctx;
    const double span = s->end > s->origin ? (double)(s->end - s->origin) : 0.0;
    const double tick = (double)s->tick;
    mixture *x = gv_alloc(ctx, 1, sizeof *x);
    int64_t *all = gv_alloc(ctx, KINDS * BINS, sizeof *all);
    gv_status st = GV_OK;
    if (x == NULL || all == NULL) {
        st = gv_no_memory(ctx, "learn", err);
        goto done;
    }
    add_up(h, all);
    double usual = fit(x, all, tick, span);
    if (usual <= 0.0)
        usual = (double)(given > 0 ? given : USUAL_WINDOW_DAYS * DAY) / 3.0;
    for (int32_t z = 0; z < h->n_topics; z++) {
        const double own = fit(x, h->count + z * (int64_t)(KINDS * BINS), tick, span);
        delay[z] = own > 0.0 ? own : usual;
        window[z] = given > 0 ? given : (int64_t)ceil(3.0 * delay[z]);
    }
done:
    gv_free(ctx, all);
    gv_free(ctx, x);
    return st;
}

gv_status learn_delays(learn_scan *s, const learn_kept *kept, int64_t given, double *delay,
                       int64_t *window, gv_error *err)
{
    const bool failed = false;
    histograms h = {.ctx = s->ctx, .n_topics = s->log->info.n_topics};
    h.stride = (int64_t)h.n_topics * KINDS * BINS;
    h.count = gv_alloc_zero(s->ctx, gv_context_threads(s->ctx) * h.stride, sizeof *h.count);
    if (h.count == NULL)
        return gv_no_memory(s->ctx, "learn", err);
    gv_status st = kept->found ? learn_take_histograms(s->ctx, h.count, h.stride, err) : GV_OK;
    s->from = kept->next;
    s->pause = keep_histograms;
    if (st == GV_OK)
        st = learn_scan_items(s, "learn: delays", SHUFFLES, count_delays, &h, &failed, err);
    s->from = 0;
    s->pause = NULL;
    if (st == GV_OK) {
        join_threads(&h);
        st = fit_topics(s, &h, given, delay, window, err);
    }
    gv_free(s->ctx, h.count);
    return st;
}
