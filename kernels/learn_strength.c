/* learn_strength.c -- how strong a prior the data ask for: maximum marginal likelihood on a fixed
 * grid, from integer histograms.
 *
 * Gamma-Poisson:  log P(c | E, k) = lG(c + k) - lG(k) + k log(k / (E + k)) + c log(E / (E + k)) +
 * .. Beta-binomial:  log P(c | x, pi, k) = lB(c + k pi, x - c + k (1 - pi)) - lB(k pi, k (1 - pi))
 * + ..
 *
 * up to terms without k; lG is the logarithm of the gamma function, lB that of the beta function.
 * A bin stands for the geometric mean of its ends. Exposures that are no whole numbers, and counts
 * that exceed them (a purchase soon before the end of the log), are allowed: x is at least c. */
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "kernels/learn_parts.h"

enum {
    LAST_EXPONENT = 24,   /* reals lie in [2^-24, 2^24) */
    CHANCE_OCTAVES = 32,  /* probabilities in [2^-32, 1] */
    EXACT_COUNTS = 16,    /* a bin each, then four an octave */
    FIRST_STEP = -16,     /* strengths 2^(step / 4): from 1/16 ... */
    LAST_GAMMA_STEP = 40, /* ... to 1024 */
    LAST_BETA_STEP = 48   /* ... to 4096 */
};

/* ---- bins ------------------------------------------------------------------------------------ */

/* Four an octave from 2^first: bins of equal exponent and equal two leading bits, read off the
 * number itself. What is smaller, or no number, is in the first one. */
static int32_t quarter_bin(double x, int first, int32_t n)
{
    const union {
        double f;
        uint64_t u;
    } bits = {.f = x};
    const int64_t bin = (int64_t)(bits.u >> 50) - 4 * (1023 + (int64_t)first);
    if (!(x > 0.0) || bin < 0)
        return 0;
    return bin < n ? (int32_t)bin : n - 1;
}

static double quarter_middle(int32_t bin, int first)
{
    const double begin = ldexp(4 + bin % 4, bin / 4 + first - 2);
    const double end = ldexp(5 + bin % 4, bin / 4 + first - 2);
    return sqrt(begin * end);
}

int32_t learn_count_bin(int64_t units)
{
    const int64_t count = (units + GV_CREDIT_UNIT / 2) / GV_CREDIT_UNIT;
    if (count < EXACT_COUNTS)
        return (int32_t)count;
    return EXACT_COUNTS + quarter_bin((double)count, 4, LEARN_COUNT_BINS - EXACT_COUNTS);
}

static double count_middle(int32_t bin)
{
    return bin < EXACT_COUNTS ? bin : quarter_middle(bin - EXACT_COUNTS, 4);
}

int32_t learn_real_bin(double x)
{
    return quarter_bin(x, -LAST_EXPONENT, LEARN_REAL_BINS);
}

int32_t learn_chance_bin(double p)
{
    return quarter_bin(p, -CHANCE_OCTAVES, LEARN_CHANCE_BINS);
}

/* ---- likelihood ------------------------------------------------------------------------------ */

/* log gamma(x), x > 0: Stirling's series beyond 10, reached by gamma(x + 1) = x gamma(x). The C
 * library's lgamma() writes a global variable. */
static double log_gamma(double x)
{
    double product = 1.0;
    while (x < 10.0) {
        product *= x;
        x += 1.0;
    }
    const double r = 1.0 / x, r2 = r * r;
    const double series =
        r * (1.0 / 12.0 - r2 * (1.0 / 360.0 - r2 * (1.0 / 1260.0 - r2 * (1.0 / 1680.0))));
    return (x - 0.5) * log(x) - x + 0.91893853320467274178 + series - log(product);
}

static double log_beta(double a, double b)
{
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}

static double strength_at(int step)
{
    return exp2(0.25 * step);
}

/* Strengths are tried from the strongest on. A weaker one must be more likely by more than rounding
 * errors, so that data which do not tell leave the strongest on every machine. */
static bool more_likely(double likelihood, double best)
{
    return likelihood - best > 1e-9 * fabs(best);
}

static double gamma_likelihood(const int64_t *cases, double k)
{
    double sum = 0.0;
    for (int32_t c = 0; c < LEARN_COUNT_BINS; c++) {
        const double count = count_middle(c), ratio = log_gamma(count + k) - log_gamma(k);
        for (int32_t e = 0; e < LEARN_REAL_BINS; e++) {
            const int64_t n = cases[c * LEARN_REAL_BINS + e];
            if (n == 0)
                continue;
            const double expected = quarter_middle(e, -LAST_EXPONENT), all = expected + k;
            sum += (double)n * (ratio + k * log(k / all) + count * log(expected / all));
        }
    }
    return sum;
}

double learn_gamma_strength(const int64_t *cases)
{
    double strength = strength_at(LAST_GAMMA_STEP), best = gamma_likelihood(cases, strength);
    for (int step = LAST_GAMMA_STEP - 1; step >= FIRST_STEP; step--) {
        const double likelihood = gamma_likelihood(cases, strength_at(step));
        if (more_likely(likelihood, best)) {
            best = likelihood;
            strength = strength_at(step);
        }
    }
    return strength;
}

typedef struct beta_case {
    double n, count, exposure, chance;
} beta_case;

static double beta_likelihood(const beta_case *cell, int64_t n, double k)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double a = k * cell[i].chance, b = k * (1.0 - cell[i].chance);
        sum += cell[i].n *
               (log_beta(cell[i].count + a, cell[i].exposure - cell[i].count + b) - log_beta(a, b));
    }
    return sum;
}

static int64_t cells_in_use(const int64_t *cases, beta_case *cell)
{
    int64_t n = 0, at = 0;
    for (int32_t c = 0; c < LEARN_COUNT_BINS; c++)
        for (int32_t x = 0; x < LEARN_REAL_BINS; x++)
            for (int32_t p = 0; p < LEARN_CHANCE_BINS; p++, at++) {
                if (cases[at] == 0)
                    continue;
                if (cell != NULL) {
                    const double count = count_middle(c);
                    const double exposure = quarter_middle(x, -LAST_EXPONENT);
                    cell[n] = (beta_case){(double)cases[at], count, fmax(count, exposure),
                                          quarter_middle(p, -CHANCE_OCTAVES)};
                }
                n++;
            }
    return n;
}

gv_status learn_beta_strength(gv_context *ctx, const int64_t *cases, double *strength,
                              gv_error *err)
{
    const int64_t n = cells_in_use(cases, NULL);
    beta_case *cell = gv_alloc(ctx, n, sizeof *cell);
    if (cell == NULL)
        return gv_no_memory(ctx, "learn", err);
    (void)cells_in_use(cases, cell);
    *strength = strength_at(LAST_BETA_STEP);
    double best = beta_likelihood(cell, n, *strength);
    for (int step = LAST_BETA_STEP - 1; step >= FIRST_STEP; step--) {
        const double likelihood = beta_likelihood(cell, n, strength_at(step));
        if (more_likely(likelihood, best)) {
            best = likelihood;
            *strength = strength_at(step);
        }
    }
    gv_free(ctx, cell);
    return GV_OK;
}
