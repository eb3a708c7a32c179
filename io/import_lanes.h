/* import_lanes.h -- the quick way from edges to a graph file, for integer ids without weights.
 *
 * Ids keep their order when they become nodes, so edges can be parted by ranges of source ids while
 * they are read, before it is known which ids there are (import_lanes.c). Each range is then sorted
 * by one thread within its cache, and its edges turned round go to ranges of targets, in the order
 * of their sources, so that counting alone sorts them (import_lanes_file.c). An edge takes 8 bytes
 * of memory from first to last, in extents that are used again and again; what does not fit lies in
 * a temporary file. */
#ifndef IO_IMPORT_LANES_H
#define IO_IMPORT_LANES_H

#include "io/import.h"
#include "io/strands.h"

typedef struct import_lanes {
    gv_extents store;
    gv_strands pairs; /* source << 32 | target; an undirected edge both ways */
    int shift;        /* id >> shift is the bucket of a source */
    uint64_t most;    /* of all ids */
} import_lanes;

/* Takes over the edges of a batch; *taken is false where they are not for the quick way, and then
 * all edges that went it before are segments. */
GV_CHECKED gv_status import_lanes_take(importer *im, const gv_batch *batch, bool weighted,
                                       bool *taken, gv_error *err);

/* Once all ids are known: whether the graph can be built the quick way. If not, its edges are
 * segments. */
GV_CHECKED gv_status import_lanes_fit(importer *im, bool *fits, gv_error *err);
/* Makes segments of the edges. */
GV_CHECKED gv_status import_lanes_leave(importer *im, gv_error *err);
void import_lanes_end(importer *im);

/* The graph file. */
GV_CHECKED gv_status import_lanes_file(importer *im, const char *path, bool overwrite,
                                       gv_error *err);

/* Buckets larger than this are sorted by all threads together. */
enum { LANES_BIG_BUCKET = 1 << 21, LANES_BUCKETS = 2048 };

/* Whether options and ids, as far as they are known, allow the quick way. */
bool import_lanes_wanted(const importer *im);

/* What reading `rows` edges of a graph within `limit` bytes (0: none) takes: buckets, and bytes of
 * an extent. False: the limit is too small for the quick way. */
bool import_lanes_sizes(int64_t rows, int64_t limit, int32_t lanes, int64_t *buckets,
                        int64_t *bytes);

#endif
