/* draw.c -- see draw.h.
 *
 * log: x = 2^k m with m in [1/sqrt 2, sqrt 2), log m = 2 atanh((m - 1) / (m + 1)) by its series.
 * exp: x = k log 2 + r with |r| <= log 2 / 2, exp r by its series.
 * normal: algorithm AS 241 (Wichura, Applied Statistics 37, 1988), relative error about 1e-16.
 * All are polynomials in a fixed order, so results do not depend on the machine. */
#include "datasets/draw.h"

#include <math.h>

double gv_draw_log(double x)
{
    /* 1/3, 1/5, ... 1/23 */
    static const double c[11] = {1. / 3,  1. / 5,  1. / 7,  1. / 9,  1. / 11, 1. / 13,
                                 1. / 15, 1. / 17, 1. / 19, 1. / 21, 1. / 23};
    int k;
    double m = frexp(x, &k); /* [0.5, 1), exact */
    if (m < 0.70710678118654752440) {
        m *= 2.0;
        k--;
    }
    const double s = (m - 1.0) / (m + 1.0), q = s * s;
    double sum = 0.0;
    for (int i = 10; i >= 0; i--)
        sum = (sum + c[i]) * q;
    return k * 0.69314718055994530942 + 2.0 * (s + s * sum);
}

double gv_draw_exp(double x)
{
    const double log2_high = 0x1.62e42fefp-1, log2_low = 0x1.473de6af278edp-34;
    /* 1/0!, 1/1!, ... 1/14! */
    static const double c[15] = {
        1.0,          1.0,           1. / 2,         1. / 6,           1. / 24,
        1. / 120,     1. / 720,      1. / 5040,      1. / 40320,       1. / 362880,
        1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800., 1. / 87178291200.};
    const double k = floor(x * 1.44269504088896340736 + 0.5);
    const double r = x - k * log2_high - k * log2_low;
    double sum = c[14];
    for (int i = 13; i >= 0; i--)
        sum = sum * r + c[i];
    return ldexp(sum, (int)k);
}

/* (c[0] + c[1] r + ... + c[7] r^7), highest power first in the arithmetic. */
static double polynomial(const double c[8], double r)
{
    double sum = c[7];
    for (int i = 6; i >= 0; i--)
        sum = sum * r + c[i];
    return sum;
}

static double normal_centre(double q)
{
    static const double a[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[8] = {1.0,
                                4.2313330701600911252e+1,
                                6.8718700749205790830e+2,
                                5.3941960214247511077e+3,
                                2.1213794301586595867e+4,
                                3.9307895800092710610e+4,
                                2.8729085735721942674e+4,
                                5.2264952788528545610e+3};
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
}

/* `tail` is the probability beyond, at most 0.075. */
static double normal_tail(double tail)
{
    static const double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                5.76949722146069140550e0,  3.64784832476320460504e0,
                                1.27045825245236838258e0,  2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[8] = {1.0,
                                2.05319162663775882187e0,
                                1.67638483018380384940e0,
                                6.89767334985100004550e-1,
                                1.48103976427480074590e-1,
                                1.51986665636164571966e-2,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    static const double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                1.78482653991729133580e0,  2.96560571828504891230e-1,
                                2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[8] = {1.0,
                                5.99832206555887937690e-1,
                                1.36929880922735805310e-1,
                                1.48753612908506148525e-2,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
    const double r = sqrt(-gv_draw_log(tail));
    if (r <= 5.0)
        return polynomial(c, r - 1.6) / polynomial(d, r - 1.6);
    return polynomial(e, r - 5.0) / polynomial(f, r - 5.0);
}

double gv_draw_normal(uint64_t x)
{
    const double u = gv_draw_open(x), q = u - 0.5;
    if (fabs(q) <= 0.425)
        return normal_centre(q);
    return q < 0.0 ? -normal_tail(u) : normal_tail(1.0 - u);
}

double gv_draw_lognormal(uint64_t x, double mean, double sigma)
{
    return mean * gv_draw_exp(sigma * gv_draw_normal(x) - 0.5 * sigma * sigma);
}

double gv_draw_exponential(uint64_t x, double mean)
{
    return -mean * gv_draw_log(gv_draw_open(x));
}
