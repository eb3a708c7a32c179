/* items.h -- edges on their way to rows: one number an edge, with a weight where there is one.
 *
 * An item's key is row << bits | column, so that sorted keys are rows in order with their columns
 * ascending. Items are sorted, merged where keys are equal, and poured into rows; turning the keys
 * round and doing it again gives the other direction. The builder in memory does that with all
 * edges at once, the one on disk with a range of rows at a time: the same functions, the same bits.
 */
#ifndef ENGINE_ITEMS_H
#define ENGINE_ITEMS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "grapevine/graph.h"

enum { GV_ITEM_BUCKETS = 2048, GV_ITEM_BLOCK = 1 << 16 };

typedef struct gv_items {
    int64_t n;
    uint64_t *key;   /* [n] */
    uint32_t *value; /* [n], bits of a weight >= 0; NULL: no weights */
} gv_items;

/* Bits that a column of a graph of `n_nodes` takes, at least 1. */
static inline int gv_item_bits(int64_t n_nodes)
{
    return n_nodes > 2 ? 64 - __builtin_clzll((unsigned long long)(n_nodes - 1)) : 1;
}

static inline uint64_t gv_item_key(gv_node row, gv_node column, int bits)
{
    return (uint64_t)(uint32_t)row << bits | (uint64_t)(uint32_t)column;
}

static inline gv_node gv_item_row(uint64_t key, int bits)
{
    return (gv_node)(key >> bits);
}

static inline gv_node gv_item_column(uint64_t key, int bits)
{
    return (gv_node)(key & ((UINT64_C(1) << bits) - 1));
}

static inline uint32_t gv_weight_bits(float weight)
{
    uint32_t bits;
    memcpy(&bits, &weight, sizeof bits);
    return bits;
}

static inline float gv_weight_of(uint32_t bits)
{
    float weight;
    memcpy(&weight, &bits, sizeof weight);
    return weight;
}

/* Whether the weights of edges bear on the graph. */
static inline bool gv_wants_weights(const gv_build_opts *opts)
{
    return opts->source == GV_FROM_WEIGHT || opts->source == GV_FROM_WC;
}

/* What the graph's probabilities are like. */
static inline gv_probability_rule gv_rule_of(const gv_build_opts *opts, bool weights)
{
    switch (opts->source) {
    case GV_FROM_CONSTANT:
        return GV_PROBABILITY_CONSTANT;
    case GV_FROM_WC:
        return weights ? GV_PROBABILITY_STORED : GV_PROBABILITY_WEIGHTED_CASCADE;
    case GV_FROM_WEIGHT:
    case GV_FROM_TRIVALENCY:
        return GV_PROBABILITY_STORED;
    case GV_FROM_NONE:
        break;
    }
    return GV_PROBABILITY_NONE;
}

/* Room for n items. */
GV_CHECKED gv_status gv_items_begin(gv_context *ctx, gv_items *items, int64_t n, bool weights,
                                    gv_error *err);
void gv_items_end(gv_context *ctx, gv_items *items);

/* Puts items of one bucket after the other, in their order: bucket (key - base) >> shift goes to
 * [offset[b], offset[b + 1]) of `to`, which has room for them. `offset` is [n_buckets + 1]. */
GV_CHECKED gv_status gv_items_partition(gv_context *ctx, const gv_items *from, gv_items *to,
                                        uint64_t base, int shift, int64_t n_buckets,
                                        int64_t *offset, gv_error *err);

/* Sorts by key; items of equal key keep their order. Scratch: as much as the items. */
GV_CHECKED gv_status gv_items_sort(gv_context *ctx, gv_items *items, gv_error *err);

/* The same with room for as many items: on success it is the side that is not `items`. */
GV_CHECKED gv_status gv_items_sort_within(gv_context *ctx, gv_items *items, gv_items *room,
                                          gv_error *err);

/* Sorts n bare keys, all below 2^bits, on the calling thread; `room` [n]. Returns the one of the
 * two arrays that holds the result. */
uint64_t *gv_keys_sort(uint64_t *key, uint64_t *room, int64_t n, int bits);

/* Sorted items in blocks, of which the first `kept` ones count. */
typedef struct gv_item_blocks {
    int64_t n;
    int64_t *begin; /* [n + 1] */
    int64_t *kept;  /* [n] */
    int64_t *first; /* [n + 1], items kept in the blocks before */
} gv_item_blocks;

/* Blocks of sorted items of which no two are equal. */
GV_CHECKED gv_status gv_blocks_plain(gv_context *ctx, const gv_items *items, gv_item_blocks *blocks,
                                     gv_error *err);

/* Merges sorted items of equal keys by the rule of `opts`; weights are taken in ascending order, so
 * the order in which the items came bears on nothing. On GV_ERR_DATA *bad is the place of the first
 * of the equal items that are refused, and `err` has no message yet. */
GV_CHECKED gv_status gv_items_merge(gv_context *ctx, gv_items *items, const gv_build_opts *opts,
                                    gv_item_blocks *blocks, int64_t *bad, gv_error *err);
/* The weight of n > 1 edges between the same two, whose weights are put in order. Weights that are
 * no probabilities cannot be "combined"; they add up. */
float gv_merged_weight(const gv_build_opts *opts, uint32_t *value, int64_t n);
void gv_blocks_end(gv_context *ctx, gv_item_blocks *blocks);

/* Rows in the making. */
typedef struct gv_rows {
    int bits;
    int64_t *indptr;    /* [n_nodes + 1] */
    int64_t next_row;   /* indptr is set below it */
    int64_t n_edges;    /* poured so far */
    gv_node *indices;   /* place of the next column; NULL: none wanted */
    float *probability; /* place of the next weight; NULL: none wanted */
} gv_rows;

/* Pours blocks of items, sorted and behind those poured before. */
void gv_rows_pour(gv_context *ctx, const gv_items *items, const gv_item_blocks *blocks,
                  gv_rows *rows);
/* No more edges: sets the rest of indptr. */
void gv_rows_end(gv_rows *rows, int64_t n_nodes);

/* The kept items with rows and columns swapped, into `to`, which has room for them. */
void gv_items_turn(gv_context *ctx, const gv_items *items, const gv_item_blocks *blocks, int bits,
                   gv_items *to);

/* Each weight becomes .1, .01 or .001, drawn for the edge from row to column. */
void gv_items_trivalent(gv_context *ctx, gv_items *items, const gv_item_blocks *blocks, int bits,
                        uint64_t seed);

/* gv_graph_build() of items: `loops` were left out of them. Takes the items, also on failure. */
GV_CHECKED gv_status gv_items_build(gv_context *ctx, int64_t n_nodes, gv_items *items,
                                    int64_t loops, const int64_t *ids, const gv_build_opts *opts,
                                    gv_graph **out, gv_build_info *info, gv_error *err);

/* Each weight of sorted items over the sum of its row. */
void gv_items_share(gv_context *ctx, gv_items *items, int bits);

#endif
