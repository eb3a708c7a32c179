/* points_tables.c -- logarithms, exponentials and the table of Poisson numbers, by sums and
 * products alone: a mathematics library may round differently on another processor, and then a
 * world would not be the same there. */
#include "kernels/points.h"

/* -ln(1 - p) = 2 artanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = p / (2 - p) <= .54. */
double gv_points_weight(double p)
{
    static const double inverse[] = {
        1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19,
        1.0 / 21, 1.0 / 23, 1.0 / 25, 1.0 / 27, 1.0 / 29, 1.0 / 31, 1.0 / 33, 1.0 / 35, 1.0 / 37,
        1.0 / 39, 1.0 / 41, 1.0 / 43, 1.0 / 45, 1.0 / 47, 1.0 / 49, 1.0 / 51, 1.0 / 53, 1.0 / 55};
    const double s = p / (2.0 - p), square = s * s;
    double power = s, sum = s;
    for (size_t k = 0; k < sizeof inverse / sizeof *inverse; k++) { /* .54^57 is below 2^-50 */
        power *= square;
        const double term = power * inverse[k];
        if (sum + term == sum)
            break;
        sum += term;
    }
    return 2.0 * sum;
}

/* exp(-x) by its series, for x < 1/16. */
static double exp_minus_small(double x)
{
    double sum = 1.0;
    for (int k = 12; k >= 1; k--)
        sum = 1.0 - x / (double)k * sum;
    return sum;
}

double gv_points_exp_minus(const gv_points_tables *t, double x)
{
    const int step = (int)(x * GV_EXP_STEPS);
    const double r = x - (double)step / GV_EXP_STEPS; /* in [0, 1/32) */
    const double series =
        1.0 - r * (1.0 - r * (1.0 / 2 -
                              r * (1.0 / 6 -
                                   r * (1.0 / 24 - r * (1.0 / 120 - r * (1.0 / 720 - r / 5040))))));
    return t->exp_minus[step] * series;
}

void gv_points_fill_tables(gv_points_tables *t)
{
    const double step = exp_minus_small(1.0 / GV_EXP_STEPS);
    for (int k = 0; k <= GV_HUB_POINTS * GV_EXP_STEPS; k++) {
        double power = 1.0, base = step; /* by squaring: few roundings */
        for (int bits = k; bits > 0; bits >>= 1, base *= base)
            power *= bits & 1 ? base : 1.0;
        t->exp_minus[k] = power;
    }
    double chance = t->exp_minus[GV_HUB_POINTS * GV_EXP_STEPS], below = 0.0;
    for (int k = 0; k < GV_HUB_CELLS; k++) {
        below += chance;
        chance *= (double)GV_HUB_POINTS / (double)(k + 1);
        t->hub[k] = below < 1.0 ? (uint64_t)(below * 0x1p64) : UINT64_MAX;
    }
    t->hub[GV_HUB_CELLS - 1] = UINT64_MAX; /* beyond it: 1e-17 */
    for (int high = 0, k = 0; high < 256; high++) {
        while (t->hub[k] < (uint64_t)high << 56)
            k++;
        t->hub_guide[high] = (uint8_t)k;
    }
}
