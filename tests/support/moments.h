/* moments.h -- Pearson's correlation, point by point. */
#ifndef TESTS_MOMENTS_H
#define TESTS_MOMENTS_H

#include <math.h>

typedef struct moments {
    double n, x, y, xx, yy, xy;
} moments;

static inline void add_point(moments *s, double x, double y)
{
    s->n += 1.0, s->x += x, s->y += y, s->xx += x * x, s->yy += y * y, s->xy += x * y;
}

static inline double correlation(const moments *s)
{
    const double covariance = s->xy - s->x * s->y / s->n;
    return covariance / sqrt((s->xx - s->x * s->x / s->n) * (s->yy - s->y * s->y / s->n));
}

#endif
