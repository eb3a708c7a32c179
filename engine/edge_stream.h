/* edge_stream.h -- edges that are known but not made: any of them from its number alone. */
#ifndef ENGINE_EDGE_STREAM_H
#define ENGINE_EDGE_STREAM_H

#include "engine/context.h"
#include "grapevine/generate.h"

struct gv_edge_stream {
    gv_context *ctx;
    int64_t n_ids;   /* ids lie in [0, n_ids) */
    int64_t n_edges; /* numbered from 0; loops and repeats included */
    bool undirected; /* the graph that is meant has every edge both ways */

    /* Ends of edges [first, first + n); from any thread. */
    void (*fill)(const gv_edge_stream *s, int64_t first, int64_t n, int64_t *src, int64_t *dst);
    void *data; /* of the generator, from gv_alloc() */
};

#endif
