/* draw.h -- random variables as pure functions of random bits, for the generators.
 *
 * Logarithm and exponential are written out in IEEE arithmetic, because those of the C library
 * differ in the last bit between its versions and between processors: a population must not. */
#ifndef DATASETS_DRAW_H
#define DATASETS_DRAW_H

#include <stdint.h>

#include "engine/rng.h"

/* What a draw of the consumer generator is for. Values are part of every result: never renumber. */
typedef enum gv_draw {
    GV_DRAW_COMMUNITY = GV_FOR_POPULATION,
    GV_DRAW_HOUSEHOLD,
    GV_DRAW_NEAR_STUBS,
    GV_DRAW_NEAR_PAIRS,
    GV_DRAW_FAR_STUBS,
    GV_DRAW_FAR_ORDER,
    GV_DRAW_FAR_PAIRS,
    GV_DRAW_SEGMENT,
    GV_DRAW_VALUE,
    GV_DRAW_CLOSE_COUNT,
    GV_DRAW_CLOSE,
    GV_DRAW_SUSCEPTIBILITY,
    GV_DRAW_INFLUENCER,
    GV_DRAW_INTEREST,
    GV_DRAW_SPONTANEOUS,
    GV_DRAW_PROMPTED
} gv_draw;

/* 128 bits for (seed, purpose, a, b). */
static inline gv_random gv_drawn(uint64_t seed, gv_draw purpose, uint64_t a, uint64_t b)
{
    return gv_philox(gv_key(seed, (gv_purpose)purpose), a, b);
}

/* Uniform in the open interval (0, 1). */
static inline double gv_draw_open(uint64_t x)
{
    return ((double)(x >> 12) + 0.5) * 0x1p-52;
}

/* Natural logarithm of a finite x > 0, and exp(x) for |x| < 700; within a few units of the last
 * place, and the same bits wherever IEEE doubles are. */
double gv_draw_log(double x);
double gv_draw_exp(double x);

/* Standard normal by the inverse of its distribution function. */
double gv_draw_normal(uint64_t x);

/* Lognormal of that mean, sigma being the standard deviation of its logarithm. */
double gv_draw_lognormal(uint64_t x, double mean, double sigma);

/* Exponential of that mean. */
double gv_draw_exponential(uint64_t x, double mean);

#endif
