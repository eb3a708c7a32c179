/* population.h -- a generated population and what was planted in it.
 *
 * The planted probability that u's purchase in topic z makes friend v buy is
 *   p(u -> v, z) = close(u -> v) ? min(1, i1_planted(u, z) / friends_close(u) * target(v)) : 0
 * with source(u, z) = i1_planted(u, z) / friends_close(u); i1 is the sum of these over v. */
#ifndef ENGINE_POPULATION_H
#define ENGINE_POPULATION_H

#include "engine/csr.h"
#include "engine/log.h"
#include "grapevine/generate.h"

/* Room for the consumers of one district: consumers [first, first + n) and their edges. Arrays
 * about topics have a row of `stride` for each topic. Any array may be NULL, and is not filled
 * then. */
typedef struct gv_population_part {
    int64_t first, n;
    int64_t *id;
    int32_t *segment;
    float *value;
    int64_t *indptr;  /* [n], position of a row's first edge in the whole graph; with `indices` */
    gv_node *indices; /* [edges of the district] */
    int8_t *close;    /* the truth as below: these five together, and with `indices` */
    float *target;
    int64_t stride;
    float *source, *i1;
    int16_t *influencer;
} gv_population_part;

typedef struct gv_adoption {
    uint64_t when;  /* seconds from the start, times 2^31, plus the consumer: so it orders */
    gv_node prompt; /* the friend who prompted it, or -1 */
} gv_adoption;

/* Who bought one item, by time and consumer. */
typedef struct gv_sale {
    gv_adoption *adoption; /* [n], to be freed with gv_free() */
    int64_t n;
} gv_sale;

static inline int64_t gv_adoption_time(gv_adoption a)
{
    return (int64_t)(a.when >> 31);
}

static inline gv_node gv_adoption_node(gv_adoption a)
{
    return (gv_node)(a.when & INT32_MAX);
}

/* A population that is known but not made. datasets/ makes it, io/ puts it into files. */
struct gv_population_plan {
    gv_context *ctx;
    gv_consumers_opts opts;
    double delay;                           /* mean of the exponential delay, seconds */
    int64_t start_time;                     /* of the log, unix seconds */
    char (*topic_name)[GV_TOPIC_CHARS + 1]; /* [topics] */
    int64_t *topic_items;                   /* [topics] */
    int64_t part_size, n_parts;             /* consumers of a part; the last may have fewer */
    const int64_t *edge_offset;             /* [n_parts + 1], edges before a part */

    /* Fills one part; from any thread. part->first and part->n are set by it. */
    void (*make)(const gv_population_plan *plan, int64_t index, gv_population_part *part);
    /* Simulates items [first, first + n), numbered across topics, in parallel: sale [n], all zero
     * before; on failure some may be filled. `made` has graph, source, target and close. */
    gv_status (*sell)(gv_population_plan *plan, const gv_population *made, int64_t first, int64_t n,
                      gv_sale *sale, gv_error *err);
    void *friendships, *interests; /* datasets' own */
};

struct gv_population {
    gv_context *ctx;
    gv_consumers_opts opts;
    gv_graph *graph; /* undirected, no probabilities, attributes segment (i32) and value (f32) */
    gv_log *log;
    /* truth */
    float *source; /* [n_topics][n_nodes] */
    float *target; /* [n_nodes], susceptibility, mean 1 */
    int8_t *close; /* [n_edges] by out-edge: 1 where the source influences the target at all */
    int16_t *influencer; /* [n_topics][n_nodes] */
    float *i1;           /* [n_topics][n_nodes] */
    double delay;        /* mean of the exponential delay, seconds */
};

#endif
