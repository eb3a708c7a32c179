/* points.h -- live edges drawn as points, without a look at the edges that are not live.
 *
 * Edge i of a row has weight c_i = -ln(1 - p_i), and lambda is the row's sum of weights. A
 * Poisson(lambda) number of points, each of which falls on slot i with chance c_i / lambda, leaves
 * slot i empty with chance exp(-c_i) = 1 - p_i, independently of all other slots; so an edge that
 * is hit at least once is live with chance p_i exactly, and one that is hit twice is no harm. */
#ifndef KERNELS_POINTS_H
#define KERNELS_POINTS_H

#include "kernels/worlds.h"

/* How the slots of a graph's rows are kept: one shape for all rows. */
typedef enum gv_points_shape {
    GV_POINTS_EQUAL = 1, /* {target}: every row has one p                          */
    GV_POINTS_EDGES = 2, /* the graph's own edges, thinned (points_edges.c)        */
    GV_POINTS_ALIAS = 3  /* {limit, target, other}: Walker's alias tables          */
} gv_points_shape;

/* 32-bit words from a slot to the next. */
static inline int gv_points_words(gv_points_shape shape)
{
    return shape == GV_POINTS_ALIAS ? 3 : 1;
}

/* One node's row, found with a single read. */
typedef struct gv_points_row {
    uint64_t place;     /* GV_ROW_...: where its words are, and how many */
    uint32_t threshold; /* chance of at least one point, in units of 2^-32, rounded down: the
                           expected number of points is off by as much; UINT32_MAX of a row with a
                           header, or great lambda, which is always looked at */
    float lambda; /* expected number of points; negated where there are sure edges or a header */
} gv_points_row;

enum {
    GV_ROW_OFFSET_BITS = 40, /* of the first word */
    GV_ROW_SLOT_BITS = 15,   /* slots that points fall on */
    GV_ROW_SURE_BITS = 8,    /* edges with p = 1, as slots before those */
    GV_ROW_SLOTS = GV_ROW_OFFSET_BITS,
    GV_ROW_SURE = GV_ROW_SLOTS + GV_ROW_SLOT_BITS,
    GV_ROW_HEADER =
        GV_ROW_SURE + GV_ROW_SURE_BITS, /* both counts are in words instead: see below */
    GV_ROW_MAX_SLOTS = (1 << GV_ROW_SLOT_BITS) - 1,
    GV_ROW_MAX_SURE = (1 << GV_ROW_SURE_BITS) - 1,
    GV_HEADER_WORDS = 3, /* numbers of sure slots, of slots, of coins */
    GV_COIN_WORDS = 3,   /* target, limit (low, high); behind the slots */
    GV_EXP_STEPS = 32,   /* a unit, in the table of exp */
    GV_HUB_POINTS = 16,  /* counts of hubs are sums of Poisson numbers of this mean */
    GV_HUB_CELLS = 64,
    GV_HUB_LAMBDA = 6 /* a hub has a greater lambda */
};

/* Edges with a greater p have coins of their own. */
#define GV_COIN_FROM 0.7

static inline double gv_points_lambda(const gv_points_row *row)
{
    return row->lambda < 0.0f ? -(double)row->lambda : (double)row->lambda;
}

/* A record by itself, or a line of memory with the words of a short row. */
enum { GV_ROW_ALONE = 4, GV_ROW_INLINE = 6, GV_INLINE_WORDS = 12 };

/* Numbers that depend on nothing. */
typedef struct gv_points_tables {
    double exp_minus[GV_HUB_POINTS * GV_EXP_STEPS + 1]; /* exp(-k / GV_EXP_STEPS) */
    uint64_t hub[GV_HUB_CELLS]; /* P(Poisson(16) <= k) in units of 2^-64, rounded down */
    uint8_t hub_guide[256];     /* least k whose cell may hold a number of that high byte */
} gv_points_tables;

struct gv_points_simd;

typedef struct gv_points {
    gv_context *ctx;
    const struct gv_points_simd *simd; /* in use; tests lower it */
    uint64_t key;
    int64_t n_nodes;
    gv_points_shape shape;
    const gv_points_row *row; /* [n_nodes], 2^row_shift bytes from one to the next */
    int row_shift;            /* GV_ROW_ALONE, or GV_ROW_INLINE: slots of short rows follow their
                                 records, and `word` is where `row` is */
    const uint32_t *word;     /* [n_words]; in place the graph's targets, by out-edge */
    int64_t n_words;
    bool mapped;            /* row and word belong to a shelf (cascade_shelf.h) */
    const gv_csr *in_place; /* borrowed: the graph's out-edges, which are not copied; or NULL */
    const float *chance;    /* [n_edges] by edges: p; else NULL */
    float *own_chance;      /* the same where the layout made it, or NULL */
    double constant;        /* in place, without `chance`: p of all edges */
    bool on_the_fly;        /* there are no rows: each lane works out those that it visits */
    gv_coins coins;         /* on the fly: a model's */
    int64_t fly_edges;      /* on the fly: how many edges a lane remembers */
    gv_points_tables table;
} gv_points;

static inline const gv_points_row *gv_points_row_of(const gv_points *p, int64_t u)
{
    return (const gv_points_row *)(const void *)((const char *)p->row + (u << p->row_shift));
}

/* -ln(1 - p) for p in [0, .7], and exp(-x) for x in [0, 16]: sums and products alone, so that the
 * bits are the same with any mathematics library. */
double gv_points_weight(double p);
double gv_points_exp_minus(const gv_points_tables *t, double x);
void gv_points_fill_tables(gv_points_tables *t);

/* Lays out the rows of `g`; `g` and `coins` are borrowed until gv_points_close(), as the rows of
 * large graphs are not copied. GV_ERR_NOMEM; GV_ERR_CANCELLED. */
GV_CHECKED gv_status gv_points_open(gv_points *p, gv_context *ctx, const gv_graph *g,
                                    const gv_coins *coins, uint64_t seed, gv_error *err);
/* All but the rows. */
void gv_points_begin(gv_points *p, gv_context *ctx, const gv_graph *g, uint64_t seed);
/* The same rows for the worlds of another seed. */
void gv_points_reseed(gv_points *p, uint64_t seed);
void gv_points_close(gv_points *p);

/* The gv_expand of this kernel. */
int64_t gv_points_expand(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin,
                         int64_t end);
/* A whole world without its steps, from the queue's first `n_seeds` on; the tail. */
int64_t gv_points_reach(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t n_seeds);

#endif
