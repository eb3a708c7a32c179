/* csr.h -- what a graph holds, and who frees it. */
#ifndef ENGINE_CSR_H
#define ENGINE_CSR_H

#include "engine/context.h"
#include "grapevine/graph.h"

/* One column of numbers about the nodes; exactly one of the arrays is set. */
typedef struct gv_attribute {
    char name[64];
    const int32_t *i32; /* [n_nodes] */
    const float *f32;   /* [n_nodes], NaN where a node has no value */
} gv_attribute;

enum { GV_MAX_ATTRIBUTES = 64 };

/* One direction of the edges in compressed sparse rows. Positions are int64 everywhere. */
typedef struct gv_csr {
    const int64_t *indptr;    /* [n_nodes + 1], indptr[0] = 0, indptr[n_nodes] = n_edges */
    const gv_node *indices;   /* [n_edges], ascending within a row, no duplicates */
    const float *probability; /* [n_edges], only with GV_PROBABILITY_STORED, else NULL */
    const double *sum;        /* [n_nodes], where a graph that is made for walks holds the sums of
                                 the rows alone in this direction (topic_graph.h); else NULL */
} gv_csr;

struct gv_graph {
    gv_context *ctx;
    int64_t n_nodes, n_edges;
    bool directed; /* false: `in` has the same neighbours as `out` */
    gv_csr out;    /* by source */
    gv_csr in;     /* by target */
    gv_probability_rule rule;
    double constant; /* with GV_PROBABILITY_CONSTANT */

    gv_id_kind id_kind;
    int32_t id_width;      /* bytes of a string id in the file, 1 to GV_ID_CHARS */
    const int64_t *id_int; /* [n_nodes], ascending, or NULL for strings */
    const char *id_text;   /* [n_nodes][id_width], zero-padded, ascending bytewise, or NULL */

    int32_t n_attributes;
    gv_attribute attribute[GV_MAX_ATTRIBUTES];

    char hash[GV_HASH_CHARS + 1]; /* "" while never hashed */

    /* Frees all arrays; `owner` is its own business (a mapping, or nothing). */
    void (*release)(gv_graph *g);
    void *owner;
    /* Gives back the pages of an array that lies in a mapped file, which are read anew when they
     * are asked for; NULL for graphs in memory. */
    void (*rest)(const gv_graph *g, const void *data, int64_t bytes);
};

static inline int64_t gv_csr_degree(const gv_csr *csr, gv_node v)
{
    return csr->indptr[v + 1] - csr->indptr[v];
}

/* The first of places [lo, hi) of ascending nodes that holds v or one beyond; hi if there is none.
 */
int64_t gv_node_from(const gv_node *node, int64_t lo, int64_t hi, int64_t v);
/* Position of edge (row -> target) in `csr`, or -1; binary search. */
int64_t gv_csr_find(const gv_csr *csr, gv_node row, gv_node target);
/* That of its first edge to `target` or beyond; the end of the row where there is none. */
int64_t gv_csr_from(const gv_csr *csr, int64_t row, int64_t target);

/* Probability of the edge at `position` of `csr` (either direction), that ends at `target`. */
static inline double gv_edge_probability(const gv_graph *g, const gv_csr *csr, int64_t position,
                                         gv_node target)
{
    switch (g->rule) {
    case GV_PROBABILITY_CONSTANT:
        return g->constant;
    case GV_PROBABILITY_WEIGHTED_CASCADE:
        return 1.0 / (double)gv_csr_degree(&g->in, target);
    case GV_PROBABILITY_STORED:
        return (double)csr->probability[position];
    case GV_PROBABILITY_MODEL: /* of no graph */
    case GV_PROBABILITY_NONE:
        break;
    }
    return 0.0;
}

/* Walks along all edges go a stretch of rows at a time: rows [first, gv_stretch_end()). After each
 * gv_graph_rest() gives its edges' pages back, if these are many for the memory limit: then the
 * edges of a mapped graph take no more than a stretch of memory at a time. */
enum { GV_STRETCH = 1 << 18 };
static inline int64_t gv_stretch_end(int64_t first, int64_t n_nodes)
{
    return n_nodes - first > GV_STRETCH ? first + GV_STRETCH : n_nodes;
}
static inline bool gv_edges_rest(int64_t n_edges, int64_t limit)
{
    return limit > 0 && 4 * n_edges > limit / 8;
}
void gv_graph_rest(const gv_graph *g, const gv_csr *csr, int64_t first, int64_t end);
/* The same for ids, after they were looked up. */
void gv_graph_rest_ids(const gv_graph *g);

/* The release function of graphs whose arrays came one by one from gv_alloc(). `out` and `in` may
 * share arrays. */
void gv_graph_release_arrays(gv_graph *g);

/* The attribute of that name, or NULL. */
const gv_attribute *gv_graph_attribute(const gv_graph *g, const char *name);

#endif
