/* import_lanes_build.h -- what the three steps from strands of edges to a graph file share:
 * import_lanes_sources.c (1), import_lanes_file.c (2, and the order of things) and
 * import_lanes_targets.c (3). */
#ifndef IO_IMPORT_LANES_BUILD_H
#define IO_IMPORT_LANES_BUILD_H

#include <stdatomic.h>

#include "io/import_lanes.h"
#include "io/import_target.h"

/* Buckets between two reports of progress; the fewest columns that a thread holds. */
enum { LANES_ROUND = 64, LANES_LEAST_COLUMNS = 1 << 16 };

/* What one thread works in. */
typedef struct lanes_bench {
    uint64_t *a, *b; /* [n] */
    gv_node *column; /* [columns] */
    char *piece;     /* [bytes of an extent] */
    int64_t n;
} lanes_bench;

typedef struct lanes_build {
    importer *im;
    gv_context *ctx;
    import_lanes *lanes;
    import_target to;
    gv_strands columns, turned;
    int64_t *indptr;    /* [n_nodes + 1] */
    int64_t *row;       /* [buckets + 1], first row of each bucket */
    int64_t *start;     /* [buckets + 1], edges of targets before each bucket */
    int64_t *share;     /* [lanes + 1], first bucket of each lane */
    lanes_bench *bench; /* [threads] */
    int64_t buckets, lane_count, spare;
    int64_t round; /* first bucket, or number, of the running round */
    int64_t most;  /* columns that a thread holds */
    int bits, shift;
    bool failed;
    atomic_flag busy;
    gv_status status;
    gv_error err;
} lanes_build;

/* Notes the first failure of a parallel step; what came of the step. */
void lanes_fail(lanes_build *q, gv_status st, const gv_error *err);
GV_CHECKED gv_status lanes_outcome(const lanes_build *q, gv_error *err);

/* Frees what benches hold but their pieces. */
void lanes_clear_benches(lanes_build *q);

/* Items of 8 bytes of a bucket, over all lanes. */
int64_t lanes_items(const gv_strands *s, int64_t bucket);

/* Step 1: columns by source in `columns`, offsets of rows in `indptr`. */
GV_CHECKED gv_status lanes_sources(lanes_build *q, gv_error *err);
/* Step 3: edges turned round into the rows by target of the file; uses up `indptr`. */
GV_CHECKED gv_status lanes_targets(lanes_build *q, gv_error *err);

#endif
