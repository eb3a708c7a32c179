/* places.c -- see places.h.
 *
 * Community sizes are log-uniform from 100 to 1000; a remainder too small to stand alone joins the
 * last. Household sizes 1 to 5 have the shares .28, .35, .15, .13, .09, close to those of a census;
 * each size is drawn for (seed, number of the first consumer). */
#include "datasets/places.h"

#include "datasets/draw.h"

static int32_t community_size(uint64_t seed, int64_t first)
{
    const gv_random r = gv_drawn(seed, GV_DRAW_COMMUNITY, 0, (uint64_t)first);
    const double log_ratio = 2.30258509299404568402; /* log(1000 / 100) */
    return (int32_t)(GV_COMMUNITY_MIN * gv_draw_exp(log_ratio * gv_unit(gv_random_u64(r, 0))));
}

static int32_t household_size(uint64_t seed, int64_t first)
{
    const double up_to[GV_HOUSEHOLD_MAX - 1] = {.28, .63, .78, .91};
    const double u =
        gv_unit(gv_random_u64(gv_drawn(seed, GV_DRAW_HOUSEHOLD, 0, (uint64_t)first), 0));
    int32_t size = 1;
    while (size < GV_HOUSEHOLD_MAX && u >= up_to[size - 1])
        size++;
    return size;
}

static void lay_households(uint64_t seed, gv_district *d, int32_t begin, int32_t end)
{
    while (begin < end) {
        int32_t next = begin + household_size(seed, d->first + begin);
        if (next > end)
            next = end;
        for (int32_t v = begin; v < next; v++) {
            d->household[v] = (int16_t)begin;
            d->household_end[v] = (int16_t)next;
        }
        begin = next;
    }
}

void gv_district_make(uint64_t seed, int64_t consumers, int64_t index, gv_district *d)
{
    d->first = index * GV_DISTRICT;
    const int64_t left = consumers - d->first;
    d->n = left < GV_DISTRICT ? (int32_t)left : GV_DISTRICT;
    d->communities = 0;
    int32_t at = 0;
    while (at < d->n) {
        int32_t end = at + community_size(seed, d->first + at);
        if (d->n - end < GV_COMMUNITY_MIN)
            end = d->n;
        lay_households(seed, d, at, end);
        d->community[d->communities++] = at;
        at = end;
    }
    d->community[d->communities] = d->n;
}
