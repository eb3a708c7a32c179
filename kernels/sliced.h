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
 * width bears on speed alone.
 *
 * Either each thread simulates blocks of its own, or all threads share one block (sliced_shared.h):
 * where there are fewer blocks than threads, or no memory for the states of so many. Rows are laid
 * out anew, or those of the graph serve in place. Neither bears on a bit. */
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
    GV_COUNT_BITS = 32,    /* of the counters of active nodes */
    GV_PENDING = 48,       /* edges whose coins are drawn together; a multiple of every group */
    GV_AHEAD = 16,         /* edges from the one looked at to the one asked for */
    GV_OWNED_BITS = 6,     /* 64 nodes side by side have one owner, so that no line has two */
    GV_HIT_WORDS = 1 << 17 /* words of the worlds of the hits that a hand has room for */
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
    GV_BY_EDGE,     /* in place: the same, looked up when the coin is drawn */
    GV_BY_STRETCH   /* linear threshold: where the number of the target falls into its stretch */
} gv_sliced_way;

typedef struct gv_sliced_row {
    int64_t begin;  /* of the row's targets */
    int64_t origin; /* position of its first edge in the graph */
} gv_sliced_row;

/* What one hand of a shared block has found: coins that fell on live. And where it stopped. */
typedef struct gv_sliced_hits {
    int64_t n, room;
    gv_node *target;                /* [room] */
    uint64_t *live;                 /* [room * words] */
    int32_t *owner;                 /* [room] of the target */
    int32_t *order;                 /* [room] hits by owner */
    int64_t *begin;                 /* [n_hands + 1] of each owner's, in `order` */
    int64_t at, end;                /* what is left of its piece of the queue */
    int64_t edge;                   /* of the node at `at`: the next one; -1 when none was asked */
    uint64_t fresh[GV_BLOCK_WORDS]; /* and the worlds in which they are asked */
} gv_sliced_hits;

/* Scratch of a thread, or of a block that all share. A node's worlds are `words` 64-bit words. */
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
    /* A shared state has a hand for each thread: a state whose vectors and queue are this one's,
     * and whose `next` and `touched` are stretches of this one's, for the nodes it owns. */
    int32_t n_hands;               /* 0: not shared */
    struct gv_sliced_state **hand; /* [n_hands] */
    gv_sliced_hits *hits;          /* of a hand, else NULL */
} gv_sliced_state;

typedef struct gv_sliced {
    gv_context *ctx;
    uint64_t key;
    gv_coins coins;
    int64_t n_nodes;
    const gv_csr *in_place; /* borrowed: the graph's out-edges, where these are the rows; or NULL */
    gv_node *label, *node;  /* [n_nodes] the label of a node and back: by in-degree, descending; in
                               place NULL, a node being its own label */
    gv_sliced_row *row;     /* [n_nodes + 1] by label; in place NULL */
    const gv_node *target;  /* [n_edges] labels */
    gv_sliced_way way;
    uint32_t *limit; /* [n_edges] upper halves of the coins' limits; by limit, else NULL */
    const gv_stretch *stretch; /* [n_edges] by stretch, else NULL; in place borrowed */
    bool mapped;               /* labels and rows belong to a shelf (cascade_shelf.h) */
    uint64_t *round_key;       /* [GV_ROUNDS][GV_BLOCK_WORDS] */
    uint64_t *flat;            /* [2][GV_BLOCK_WORDS] no bit, all bits */
    uint64_t *pattern;       /* [GV_COIN_BITS][2][GV_BLOCK_WORDS] of a constant limit: its bits, and
                                where each differs from the one before */
    uint32_t (*table)[256];  /* [4] of the AES round in plain C */
    gv_simd simd;            /* in use; tests lower it */
    int32_t lanes;           /* of a block */
    bool at_once;            /* no block goes by steps: states need no `fresh` */
    int32_t n_states;        /* one for each thread, or one that is shared */
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

static inline gv_node gv_sliced_node(const gv_sliced *s, gv_node label)
{
    return s->node != NULL ? s->node[label] : label;
}

static inline gv_node gv_sliced_label(const gv_sliced *s, gv_node v)
{
    return s->label != NULL ? s->label[v] : v;
}

/* Where the targets of a label begin; and what is to be added to have the position in the graph. */
static inline int64_t gv_sliced_begin(const gv_sliced *s, int64_t u)
{
    return s->row != NULL ? s->row[u].begin : s->in_place->indptr[u];
}

static inline int64_t gv_sliced_shift(const gv_sliced *s, int64_t u)
{
    return s->row != NULL ? s->row[u].origin - s->row[u].begin : 0;
}

static inline void gv_sliced_announce(const gv_sliced *s, int64_t u)
{
    if (s->row != NULL)
        __builtin_prefetch(&s->row[u]);
    else
        __builtin_prefetch(&s->in_place->indptr[u]);
}

/* The limit of the coin of edge e between the nodes of labels u and v, all 64 bits. */
static inline uint64_t gv_sliced_limit(const gv_sliced *s, gv_node u, int64_t e, gv_node v)
{
    return gv_coins_limit(&s->coins, gv_sliced_node(s, u), e, gv_sliced_node(s, v));
}

static inline int32_t gv_sliced_owner(gv_node v, int32_t n_hands)
{
    return (int32_t)(((uint32_t)v >> GV_OWNED_BITS) % (uint32_t)n_hands);
}

/* One AES round in plain C; s is two words. */
void gv_sliced_aes_round(const uint32_t (*table)[256], uint64_t *s, const uint64_t *round_key);

/* Whether the rows of such a graph are used in place: it has too many edges, or no memory is left
 * for others (`left` bytes; 0: no limit). */
bool gv_sliced_fits_in_place(int64_t n_nodes, int64_t n_edges, int64_t bytes_of_edge, int64_t left);

/* Lays out the graph, which is borrowed until gv_sliced_close(), as it may be used in place. */
GV_CHECKED gv_status gv_sliced_open(gv_sliced *s, gv_context *ctx, const gv_graph *g,
                                    const gv_coins *coins, uint64_t seed, gv_error *err);
/* The same by linear threshold; `choices` are borrowed until gv_sliced_close() in place, else for
 * the call. */
GV_CHECKED gv_status gv_sliced_open_choices(gv_sliced *s, gv_context *ctx, const gv_graph *g,
                                            const gv_choices *choices, uint64_t seed,
                                            gv_error *err);
/* Makes both of them use the graph in place, whatever its size. */
GV_CHECKED gv_status gv_sliced_open_in_place(gv_sliced *s, gv_context *ctx, const gv_graph *g,
                                             const gv_coins *coins, const gv_choices *choices,
                                             uint64_t seed, gv_error *err);

typedef struct gv_sliced_shape {
    int32_t lanes; /* of a block */
    int32_t n_states;
    bool shared; /* by all threads */
} gv_sliced_shape;

/* The widest blocks of which every thread has one and which fit `limit` bytes (0: no limit); else
 * the widest that all threads share. */
gv_sliced_shape gv_sliced_choose(int64_t n_nodes, int64_t n_worlds, bool at_once, int32_t threads,
                                 int64_t limit);
/* Bytes of a state. */
int64_t gv_sliced_state_bytes(int64_t n_nodes, int32_t lanes, bool at_once);
/* Makes states for `n_worlds` worlds at a time, at most; `lanes` 0 chooses their shape, else each
 * thread has its own. */
GV_CHECKED gv_status gv_sliced_make_states(gv_sliced *s, int64_t n_worlds, int32_t lanes,
                                           gv_error *err);
/* Makes one for all threads, with room for at least 2 GV_PENDING hits of each. */
GV_CHECKED gv_status gv_sliced_make_shared(gv_sliced *s, int32_t lanes, int64_t room,
                                           gv_error *err);
void gv_sliced_free_states(gv_sliced *s);
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
