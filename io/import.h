/* import.h -- what the parts of gv_import() share: import.c reads edges, import_nodes.c the table
 * of consumers, import_graph.c makes nodes of ids and the graph. */
#ifndef IO_IMPORT_H
#define IO_IMPORT_H

#include "engine/csr.h"
#include "engine/items.h"
#include "grapevine/io.h"
#include "io/ids.h"
#include "io/names.h"
#include "io/spill.h"
#include "io/table.h"

/* The edges of one batch. Until the ids are known as a whole, an end is the integer id, or the
 * number of the text in `names`. */
typedef struct import_segment {
    int64_t n;
    int64_t loops; /* edges that lead back to where they start */
    bool wide;     /* ends are int64, else uint32 */
    bool weighted; /* else each weighs 1 */
    void *pair;    /* [2 n], source and target in turn; NULL when it was spilled */
    float *weight; /* [n] */
    int64_t *line; /* NULL unless duplicates may be an error */
    int64_t path;  /* which of the files */
} import_segment;

typedef struct importer {
    gv_context *ctx;
    const char *const *paths;
    int64_t n_paths;
    gv_import_opts o;
    gv_field ids;
    gv_id_set set;  /* integer ids met so far */
    gv_names names; /* text ids */
    import_segment *segment;
    int64_t n_segments, segment_capacity, n_edges, n_loops;
    int64_t segment_bytes; /* held in memory */
    bool weights;          /* some segment has weights that count */
    /* what does not fit */
    const char *folder;          /* for temporary files; NULL: everything has to fit */
    int64_t n_spilled;           /* segments */
    gv_spill *spill;             /* NULL while everything fits */
    gv_pile pairs, pair_weights; /* of the segments, one behind the other */
    struct import_lanes *lanes;  /* edges that go the quick way; NULL: none */
    bool lanes_left;             /* the quick way was tried and is not tried again */
    /* the table of consumers */
    gv_role *role; /* [1 + n_attributes] */
    char (*attribute_name)[64];
    int32_t n_attributes;
    int64_t n_rows, row_capacity;
    int64_t *row_id, *row_line; /* [n_rows] */
    double *row_value;          /* [n_rows][n_attributes] */
    /* ids as a whole */
    int64_t n_nodes;
    int64_t *node_id;      /* [n_nodes], integers */
    gv_id_index index;     /* over them */
    int32_t *order, *rank; /* texts */
    int64_t complaints;
    int64_t latest; /* time of interactions */
    gv_import_info info;
} importer;

enum { IMPORT_COLUMNS_CHARS = 1024 };

/* An open edge list. */
typedef struct import_source {
    gv_table *table; /* NULL when opening failed early; to be closed in any case */
    gv_role role[3];
    char columns[IMPORT_COLUMNS_CHARS];
} import_source;

static inline gv_field import_field(gv_ids_wanted ids)
{
    return ids == GV_IDS_INT ? GV_FIELD_INT : ids == GV_IDS_STRING ? GV_FIELD_TEXT : GV_FIELD_AUTO;
}

/* Checks the options, and fills in what one of them says about another. */
gv_status import_check_options(importer *im, int64_t n_paths, gv_error *err);

/* Opens an edge list, its columns bound; block: bytes, 0 for the default. */
gv_status import_open(importer *im, int64_t path, int64_t block, import_source *source,
                      gv_error *err);

/* Reading options that all tables of an import have in common. */
gv_table_opts import_table_opts(importer *im);

/* The number by which a batch's text id goes. */
gv_status import_put_name(importer *im, gv_piece text, int64_t *number, gv_error *err);

/* Reads o.nodes. */
gv_status import_nodes(importer *im, gv_error *err);

/* Puts the attributes of the table of consumers into the graph. */
gv_status import_attributes(importer *im, gv_graph *g, gv_error *err);

/* Orders the ids. */
gv_status import_order_ids(importer *im, gv_error *err);

/* The node of a segment's or row's id. */
gv_node import_node(const importer *im, int64_t id);

/* The external id of a node as text, into text[GV_ID_CHARS + 1]. */
const char *import_id_text(const importer *im, int64_t node, char *text);

/* Takes over the edges of a batch: columns of source, target and, if it is `weighted`, weight. */
gv_status import_take_batch(importer *im, const gv_batch *batch, bool weighted, int64_t path,
                            gv_error *err);
/* A segment of n edges without arrays. */
gv_status import_new_segment(importer *im, int64_t n, int64_t path, import_segment **out,
                             gv_error *err);
/* A bound on the number of consumers before it is known; `count`: look at each word of the bitmap.
 */
int64_t import_most_nodes(const importer *im, bool count);
/* The name of one of the files, for messages. */
const char *import_file_name(const importer *im, int64_t path);
/* Whether lines are kept, to trace edges that the builder refuses. */
bool import_keeps_lines(const importer *im);

/* Whether the graph of the edges so far can be built within the memory limit. */
bool import_fits(const importer *im);

/* Puts all segments on disk that are not there; import_relieve() only if they no longer fit, or
 * others are there already. */
gv_status import_spill(importer *im, gv_error *err);
gv_status import_relieve(importer *im, gv_error *err);

/* Whether weights of edges bear on the graph. */
bool import_weighs(const importer *im);

/* Items of one segment, which is freed or given back to the disk unless it has lines; room for
 * (n - loops) of them, twice that when undirected. */
gv_status import_items(importer *im, import_segment *s, gv_items *to, gv_error *err);

/* Builds the graph from the segments, which are freed on the way. */
gv_status import_graph(importer *im, gv_graph **out, gv_error *err);
/* The same into a graph file, a range of rows at a time. */
gv_status import_disk(importer *im, const char *path, bool overwrite, gv_error *err);

/* The text ids in order, [n_nodes][*width], zero-padded; caller's. */
gv_status import_texts(importer *im, char **text, int32_t *width, gv_error *err);

void import_free_segment(importer *im, import_segment *s);

#endif
