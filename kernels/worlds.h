/* worlds.h -- simulation of many worlds: what all kernels share.
 *
 * A kernel says which edges are live in a world; there are three, each a pure function of (seed,
 * graph, probabilities, world):
 *
 *   plain    worlds.c   one coin for each edge that is looked at, the reference
 *   points   points.c   draws the live edges of an active consumer without looking at the others
 *   sliced   sliced.c   128 to 512 worlds side by side, a bit each
 *
 * Plain and points run one world at a time on each thread and differ in how they expand a step;
 * sliced runs blocks of worlds. All add to the same exact sums. */
#ifndef KERNELS_WORLDS_H
#define KERNELS_WORLDS_H

#include "grapevine/cascade.h"
#include "kernels/coin.h"

__extension__ typedef unsigned __int128 gv_u128;

/* Edges up to which kernels lay out rows of their own, 6.4 GB of them; larger graphs are simulated
 * in place. */
#define GV_MAX_COPIED (INT64_C(1) << 29)

struct gv_choices;
struct gv_points;
struct gv_sliced;

/* Scratch and sums of one thread. */
typedef struct gv_lane {
    uint64_t *active;   /* bitmap of the nodes reached, and of those blocked; between worlds the
                           latter alone */
    gv_node *queue;     /* [n_nodes + 1] in order of activation; the last is written, never read */
    int64_t *level;     /* [levels] newly active at each step of the current world */
    int64_t *sum;       /* [levels] the same, summed over the worlds of this thread */
    gv_u128 *sumsq;     /* [levels] squares of the same */
    int64_t drawn;      /* points drawn so far, by the kernel of that name */
    int64_t looks;      /* edges of active nodes so far, by linear threshold */
    struct gv_fly *fly; /* rows of points that were worked out, where they are so on the fly */
    gv_node *starter;   /* [n_seeds] of a block, when seeds may decline: those who start anywhere */
    uint64_t *start;    /* [n_seeds * GV_BLOCK_WORDS] and in which worlds */
} gv_lane;

typedef struct gv_worlds gv_worlds;

/* Asks the edges of queue[begin, end), the consumers who became active in the last step, and
 * appends whom they activate; the new tail. */
typedef int64_t gv_expand(const gv_worlds *w, gv_lane *lane, int64_t world, int64_t begin,
                          int64_t end);

struct gv_worlds {
    gv_context *ctx;
    const gv_graph *g;
    gv_coins coins;
    uint64_t seed;
    gv_cascade_kernel kernel;         /* not GV_CASCADE_AUTO */
    const struct gv_points *points;   /* borrowed, of that kernel */
    struct gv_sliced *sliced;         /* borrowed, of that kernel */
    const struct gv_choices *choices; /* borrowed; NULL unless by linear threshold */
    const gv_node *seeds;             /* borrowed [n_seeds], distinct */
    int64_t n_seeds;
    const uint64_t *accept; /* borrowed [n_seeds] limits of their coins, or NULL: all start */
    uint64_t acceptance_key;
    const uint64_t *blocked; /* borrowed bitmap of nodes that never become active, or NULL */
    int64_t max_steps;       /* >= 0 */
    int32_t run;             /* number of the seed set among those of a simulator */
    bool spread_only;        /* the lanes' sums by step are not needed */
    int32_t *activation;     /* borrowed [n_nodes], or NULL: activations, seeds' own left out */
    int64_t *step_sum;       /* borrowed [n_nodes], or NULL: steps of activation, added up */
    const float *weight;     /* borrowed [n_nodes], or NULL */
    int64_t weight_scale;
    int64_t *value;  /* with weights: out of the next gv_worlds_run(), [n] */
    int64_t levels;  /* room of each lane's level arrays */
    int32_t n_lanes; /* one for each thread */
    gv_lane *lane;   /* [n_lanes] */
};

/* The spread of a world that has more steps than the lanes have room for. */
enum { GV_OVERLONG = -1 };

/* Allocates the lanes; the other fields are set already. gv_worlds_close() frees what is there,
 * also after a failure. */
GV_CHECKED gv_status gv_worlds_open(gv_worlds *w, gv_error *err);
void gv_worlds_close(gv_worlds *w);

/* Room for steps 0 .. levels - 1 at least in every lane: GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_worlds_grow(gv_worlds *w, int64_t levels, gv_error *err);

/* Worlds that one call of gv_worlds_run() should at least be given, and a multiple of them. */
int64_t gv_worlds_grain(const gv_worlds *w);

/* Simulates worlds first .. first + n - 1; spread [n] out. GV_OK; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_worlds_run(gv_worlds *w, int64_t first, int64_t n, int64_t *spread,
                                   gv_error *err);

#endif
