/* places.h -- where consumers live: districts, communities, households.
 *
 * Consumers are numbered so that each district, community and household is a run of numbers.
 * Districts have a fixed size, so any of them can be laid out without the others. */
#ifndef DATASETS_PLACES_H
#define DATASETS_PLACES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    GV_DISTRICT = 4096, /* consumers of a district; the last one may have fewer */
    GV_COMMUNITY_MIN = 100,
    GV_COMMUNITY_MAX = 1000, /* plus a remainder of less than GV_COMMUNITY_MIN */
    GV_DISTRICT_COMMUNITIES = GV_DISTRICT / GV_COMMUNITY_MIN + 1,
    GV_HOUSEHOLD_MAX = 5
};

/* Mean number of others in a consumer's household. */
#define GV_HOUSEHOLD_OTHERS 2.0667

typedef struct gv_district {
    int64_t first; /* number of its first consumer; all below is relative to that */
    int32_t n;     /* consumers */
    int32_t communities;
    int32_t community[GV_DISTRICT_COMMUNITIES + 1]; /* first consumer of each, then n */
    int16_t household[GV_DISTRICT];                 /* first consumer of one's household */
    int16_t household_end[GV_DISTRICT];             /* and one past its last */
} gv_district;

static inline int64_t gv_districts(int64_t consumers)
{
    return (consumers + GV_DISTRICT - 1) / GV_DISTRICT;
}

/* Lays out district `index` of a population of `consumers`. */
void gv_district_make(uint64_t seed, int64_t consumers, int64_t index, gv_district *d);

#endif
