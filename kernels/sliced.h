/* sliced.h -- 128 to 512 worlds side by side, a bit each.
 *
 * World r is bit r % 128 of lane r / 128. A coin is a sequence of bits, most significant first, and
 * its edge is live where they make a smaller number than p. Bit number l of edge e in the 128
 * worlds of a lane is the state of an AES-like cipher after round l:
 *
 *   s = key(seed, lane) ^ e C;   s = AES(s, K_i), i = 0, 1, 2;   bit l = s = AES(s, K_(3 + l))
 *
 * with AES(s, K) one round of the Advanced Encryption Standard (FIPS 197), e the position of the
 * edge in the order of (source, target), and constants C and K. By linear threshold (choice.h) e is
 * the node that chooses, and its bits are its number. A block holds 1, 2 or 4 lanes: its
 * width bears on speed alone. */
#ifndef KERNELS_SLICED_H
#define KERNELS_SLICED_H

#include "kernels/choice.h"

enum {
    GV_LANE_WORLDS = 128,
    GV_MAX_LANES = 4, /* of a block */
    GV_BLOCK_WORLDS = GV_LANE_WORLDS * GV_MAX_LANES,
    GV_BLOCK_WORDS = GV_BLOCK_WORLDS / 64,
    GV_COIN_BITS = 64,
    GV_FIRST_ROUNDS = 3, /* before the first bit */
    GV_ROUNDS = GV_FIRST_ROUNDS + GV_COIN_BITS,
    GV_COUNT_BITS = 32, /* of the counters of active nodes */
    GV_PENDING = 48,    /* edges whose coins are drawn together; a multiple of every group */
    GV_AHEAD = 16       /* edges from the one looked at to the one asked for */
};

/* Widest vectors that a processor has, each with AES rounds; all give the same bits. */
typedef enum gv_simd {
    GV_SIMD_PLAIN = 0,
    GV_SIMD_AES = 1,    /* AVX2 and AES-NI: 128 bits  */
    GV_SIMD_VAES = 2,   /* AVX2 and VAES: 256 bits    */
    GV_SIMD_AVX512 = 3, /* AVX-512 and VAES: 512 bits */
    GV_SIMD_LEVELS = 4
} gv_simd;

/* How the coins of an edge fall. */
typedef enum gv_sliced_way {
    GV_BY_CONSTANT, /* one limit for all edges */
    GV_BY_LIMIT,    /* each edge has its own */
    GV_BY_STRETCH   /* linear threshold: where the number of the target falls into its stretch */
} gv_sliced_way;

typedef struct gv_sliced_row {
    int64_t begin;  /* of the row's targets */
    int64_t origin; /* position of its first edge in the graph */
} gv_sliced_row;

/* Scratch of a thread. A node's worlds are `words` 64-bit words. */
typedef struct gv_sliced_state {
    uint64_t *act;   /* [n_nodes * words] worlds in which the node is active; zero between blocks */
    uint64_t *done;  /* [n_nodes * words] and those in which its edges were asked; the same */
    uint64_t *fresh; /* [n_nodes * words] by queue position: worlds it became active in last step */
    uint8_t *queued; /* [n_nodes] whether it is in `next`; zero between blocks */
    gv_node *queue, *next, *touched; /* [n_nodes + 1] */
    int64_t n_queue, n_next, n_touched;
    int64_t steps; /* of the block */
    int64_t *sum;  /* [levels] newly active at each step, summed over the worlds of the block */
    gv_u128 *sumsq;
    int64_t spread[GV_BLOCK_WORLDS];
    int64_t *step_sum; /* [n_nodes] steps of activation in the worlds of the block, or NULL; zero
                          between blocks */
    uint64_t count[GV_COUNT_BITS * GV_BLOCK_WORDS]; /* bit-sliced, newly active */
} gv_sliced_state;

typedef struct gv_sliced {
    gv_context *ctx;
    uint64_t key;
    gv_coins coins;
    int64_t n_nodes;
    gv_node *label, *node; /* [n_nodes] the label of a node and back: by in-degree, descending */
    gv_sliced_row *row;    /* [n_nodes + 1] by label */
    gv_node *target;       /* [n_edges] labels */
    gv_sliced_way way;
    uint32_t *limit;         /* [n_edges] upper halves of the coins' limits; by limit, else NULL */
    gv_stretch *stretch;     /* [n_edges] by stretch, else NULL */
    bool mapped;             /* labels and rows belong to a shelf (cascade_shelf.h) */
    uint64_t *round_key;     /* [GV_ROUNDS][GV_BLOCK_WORDS] */
    uint64_t *flat;          /* [2][GV_BLOCK_WORDS] no bit, all bits */
    uint64_t *pattern;       /* [GV_COIN_BITS][2][GV_BLOCK_WORDS] of a constant limit: its bits, and
                                where each differs from the one before */
    uint32_t (*table)[256];  /* [4] of the AES round in plain C */
    gv_simd simd;            /* in use; tests lower it */
    int32_t lanes;           /* of a block */
    int32_t n_states;        /* one for each thread */
    gv_sliced_state **state; /* [n_states] */
    int64_t levels;          /* room of the states' sums */
} gv_sliced;

/* One block of worlds. */
typedef struct gv_sliced_block {
    const gv_sliced *s;
    gv_sliced_state *t;
    const gv_node *seeds; /* [n_seeds], nodes */
    int64_t n_seeds;
    const uint64_t *start; /* [n_seeds * words] worlds in which each starts, or NULL: `mask` */
    int64_t max_steps;
    bool by_step; /* false: the spreads alone, max_steps is not looked at */
    int64_t levels;
    uint64_t key[GV_BLOCK_WORDS];  /* of the lanes */
    uint64_t mask[GV_BLOCK_WORDS]; /* worlds asked for */
} gv_sliced_block;

/* Simulates a block; leaves steps, sums, spread, and the touched nodes' `act`. False when it has
 * more steps than there is room for. */
typedef bool gv_sliced_run_fn(gv_sliced_block *b);
extern gv_sliced_run_fn *const gv_sliced_plain[GV_MAX_LANES + 1];
extern gv_sliced_run_fn *const gv_sliced_aes[GV_MAX_LANES + 1];
extern gv_sliced_run_fn *const gv_sliced_vaes[GV_MAX_LANES + 1];
extern gv_sliced_run_fn *const gv_sliced_avx512[GV_MAX_LANES + 1];

/* The best level of this processor. */
gv_simd gv_sliced_simd(void);

/* Adds the bit-sliced counts to the sums of step `step` and to the spreads; zeroes them. */
void gv_sliced_count_step(gv_sliced_block *b, int64_t step);

/* Adds `step` to the step sums of the queued nodes, once for each of their fresh worlds. */
void gv_sliced_note_step(const gv_sliced_block *b, int64_t step);

/* The limit of the coin of edge e to the node of label v, all 64 bits. */
static inline uint64_t gv_sliced_limit(const gv_sliced *s, int64_t e, gv_node v)
{
    return gv_coins_limit(&s->coins, e, s->node[v]);
}

/* One AES round in plain C; s is two words. */
void gv_sliced_aes_round(const uint32_t (*table)[256], uint64_t *s, const uint64_t *round_key);

/* Lays out the graph. */
GV_CHECKED gv_status gv_sliced_open(gv_sliced *s, gv_context *ctx, const gv_graph *g,
                                    const gv_coins *coins, uint64_t seed, gv_error *err);
/* The same by linear threshold; `choices` are borrowed for the call. */
GV_CHECKED gv_status gv_sliced_open_choices(gv_sliced *s, gv_context *ctx, const gv_graph *g,
                                            const gv_choices *choices, uint64_t seed,
                                            gv_error *err);
/* Lanes of a block: the widest that leaves one block for every thread and fits `limit` bytes (0: no
 * limit). */
int32_t gv_sliced_lanes(int64_t n_nodes, int64_t n_worlds, int32_t threads, int64_t limit);
/* Makes states for `n_worlds` worlds at a time, at most; `lanes` 0 chooses the width. */
GV_CHECKED gv_status gv_sliced_make_states(gv_sliced *s, int64_t n_worlds, int32_t lanes,
                                           gv_error *err);
void gv_sliced_close(gv_sliced *s);

/* Keeps the nodes of a bitmap from ever becoming active. */
void gv_sliced_block_nodes(gv_sliced *s, const uint64_t *blocked);

/* Makes the states add up the steps of activation. */
GV_CHECKED gv_status gv_sliced_keep_steps(gv_sliced *s, gv_error *err);

/* gv_worlds_run() of this kernel: one pass over the blocks with an unknown spread; how many worlds
 * were overlong. */
int64_t gv_sliced_run(gv_worlds *w, int64_t first, int64_t n, int64_t *spread);

GV_CHECKED gv_status gv_sliced_grow(gv_sliced *s, int64_t levels, gv_error *err);

#endif
