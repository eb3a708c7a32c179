/* far.c -- see far.h.
 *
 * Far stubs follow a Lomax (shifted Pareto) distribution with tail exponent 2.5, that is
 *
 *   stubs(u) = scale ((1 - u)^(-1/2.5) - 1),   cut at min(5000, sqrt(n mean))
 *
 * The cut by n keeps two hubs from being paired many times (the structural cutoff of Boguna,
 * Pastor-Satorras, Vespignani, European Physical Journal B 38, 2004). u is stratified: consumers
 * are put in a keyed order and the one at position i gets u in [i / n, (i + 1) / n), so even a
 * small population has its mean and its tail. `scale` is solved for, by quadrature, so that after
 * matching stubs at random and dropping self-pairs and repeats the wanted mean is left. */
#include "datasets/far.h"

#include <math.h>

#include "datasets/draw.h"

enum { STRATA = 80, HALVINGS = 30 };

static double quantile(double scale, double cap, double rest)
{
    const double x = scale * (gv_draw_exp(-0.4 * gv_draw_log(rest)) - 1.0);
    return x < cap ? x : cap;
}

/* Mean number of distinct partners. A pair with x and y of M stubs in all is matched at least once
 * with probability about 1 - exp(-x y / M). The strata are narrow towards the tail: 1 - u = t^3. */
static double distinct_mean(double scale, double cap, int64_t consumers)
{
    double x[STRATA], weight[STRATA], mean = 0.0;
    for (int i = 0; i < STRATA; i++) {
        const double t = (i + 0.5) / STRATA;
        x[i] = quantile(scale, cap, t * t * t);
        weight[i] = 3.0 * t * t / STRATA;
        mean += weight[i] * x[i];
    }
    const double stubs = mean * (double)consumers;
    if (stubs <= 0.0)
        return 0.0;
    double met = 0.0;
    for (int i = 0; i < STRATA; i++)
        for (int j = 0; j <= i; j++)
            met += (j < i ? 2.0 : 1.0) * weight[i] * weight[j] *
                   (1.0 - gv_draw_exp(-fmin(x[i] * x[j] / stubs, 600.0)));
    return met * (double)(consumers - 1);
}

gv_far gv_far_make(uint64_t seed, int64_t consumers, double mean)
{
    gv_far far = {.seed = seed, .consumers = consumers};
    far.order = gv_pairing_make(gv_key(seed, (gv_purpose)GV_DRAW_FAR_ORDER), consumers);
    far.cap = fmin(GV_FAR_MAX, sqrt((double)consumers * mean));
    if (consumers < 2 || mean <= 0.0)
        return far;
    double low = 0.0, high = mean;
    for (int i = 0; i < 12 && distinct_mean(high, far.cap, consumers) < mean; i++)
        high *= 2.0;
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = 0.5 * (low + high);
        if (distinct_mean(middle, far.cap, consumers) < mean)
            low = middle;
        else
            high = middle;
    }
    far.scale = high;
    return far;
}

int32_t gv_far_stubs(const gv_far *far, int64_t v)
{
    if (far->scale <= 0.0)
        return 0;
    const gv_random r = gv_drawn(far->seed, GV_DRAW_FAR_STUBS, 0, (uint64_t)v);
    const double place = (double)gv_pairing_position(&far->order, v);
    const double rest = ((double)far->consumers - place - 1.0 + gv_draw_open(gv_random_u64(r, 0))) /
                        (double)far->consumers;
    return (int32_t)(quantile(far->scale, far->cap, rest) + gv_unit(gv_random_u64(r, 1)));
}
