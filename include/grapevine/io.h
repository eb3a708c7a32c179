/* io.h -- files: text in, graph, model and results files in and out. */
#ifndef GRAPEVINE_IO_H
#define GRAPEVINE_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "grapevine/generate.h"
#include "grapevine/graph.h"
#include "grapevine/graph_writer.h"
#include "grapevine/learn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- text tables -------------------------------------------------------------------------- */

typedef enum gv_ids_wanted { GV_IDS_AUTO = 0, GV_IDS_INT = 1, GV_IDS_STRING = 2 } gv_ids_wanted;

/* Told about the first 100 rows that a lenient reader skips, in file order, each with file and
 * line. */
typedef void gv_bad_row_fn(void *data, const char *message);

typedef struct gv_import_opts {
    gv_build_opts build; /*                                           [gv_build_defaults()] */
    bool reverse;        /* rows read "dst follows src": swap the two columns       [false] */
    const char *columns; /* borrowed; names or 1-based numbers of source, target[, weight],
                            comma-separated; NULL: the first two, and the third if there is
                            one and `build.source` or `probability_column` needs it  [NULL] */
    const char *probability_column; /* borrowed; column that holds p; NULL: none           [NULL] */
    const char *nodes;      /* borrowed; table of consumers and attributes, or NULL     [NULL] */
    gv_ids_wanted ids;      /*                                                  [GV_IDS_AUTO] */
    int64_t skip_lines;     /* lines to pass over at the top of each edge file, >= 0       [0] */
    bool lenient;           /* skip rows that cannot be read, and count them           [false] */
    gv_bad_row_fn *bad_row; /* when lenient; may be NULL                              [NULL] */
    void *bad_row_data;     /* borrowed, handed to `bad_row`                          [NULL] */
    bool interactions;      /* rows are messages: source, target, time, topic, stage, channel, group
                               size (`columns` names source, target, time, stage, group size); their
                               strength becomes a probability, as docs/inputs.md says      [false] */
    int64_t half_life;  /* of interactions, seconds, > 0                             [90 days] */
    const char *tmpdir; /* borrowed; folder for gv_import_file()'s temporary data; NULL: that
                           of the output                                          [NULL] */
} gv_import_opts;

typedef struct gv_import_info {
    int64_t rows_read;  /* data rows */
    int64_t rows_bad;   /* skipped; only when lenient */
    int64_t bytes_read; /* of text, after decompression */
    gv_build_info build;
    /* gv_import_file() only */
    int64_t n_nodes, n_edges;
    int64_t bytes_spilled; /* the most temporary disk space that was held; 0: all fitted */
} gv_import_info;

GV_API gv_import_opts gv_import_defaults(void);

/* Reads edge lists (text, gzip, zstd; "-" is standard input) into a graph.
 *
 *   paths   borrowed [n_paths], n_paths >= 1; together they make one graph
 *   out     out, caller's, freed with gv_graph_free() before `ctx`
 *   info    out, may be NULL
 *
 * GV_OK; GV_ERR_ARG; GV_ERR_NO_INPUT; GV_ERR_DATA with file, line and value; GV_ERR_IO;
 * GV_ERR_NOMEM. The graph does not depend on the order of lines or files. */
GV_API GV_CHECKED gv_status gv_import(gv_context *ctx, const char *const *paths, int64_t n_paths,
                                      const gv_import_opts *opts, gv_graph **out,
                                      gv_import_info *info, gv_error *err);

/* The same straight into a graph file, of any number of edges: what does not fit the context's
 * memory limit goes to temporary files, 8 to 24 bytes an edge, which are gone with the process,
 * however it ends. What has to fit is about 40 bytes a consumer, and as much as the longest of its
 * rows takes. The file is the one that gv_import() and gv_graph_save() make, to the byte.
 *
 * Errors as these two; messages about duplicates that are refused name lines only as long as all
 * edges fit. */
GV_API GV_CHECKED gv_status gv_import_file(gv_context *ctx, const char *const *paths,
                                           int64_t n_paths, const gv_import_opts *opts,
                                           const char *path, bool overwrite, gv_import_info *info,
                                           gv_error *err);

typedef struct gv_log_opts {
    const char *columns; /* borrowed; names or 1-based numbers of user, item, topic, time[, value];
                            NULL: the first four                                           [NULL] */
    const char *topics;  /* borrowed; a table of item, topic[, weight]: items belong to topics in
                            proportion to the weights, and `columns` are user, item, time[, value];
                            NULL: the log says the topic                                   [NULL] */
    bool lenient;        /* skip rows that cannot be read, and count them                 [false] */
    gv_bad_row_fn *bad_row; /* when lenient; may be NULL                                   [NULL] */
    void *bad_row_data;     /* borrowed, handed to `bad_row`                               [NULL] */
    const char *tmpdir;     /* borrowed; folder for temporary data; NULL: the current one  [NULL] */
    int64_t rows_at_once;   /* rows that are sorted at a time, >= 0; 0: as many as half of what is
                               left of the memory limit takes, all of them without one         [0] */
} gv_log_opts;

GV_API gv_log_opts gv_log_defaults(void);

/* Reads a purchase log about the consumers of `g`. Rows about others are counted, not kept. Where
 * there are more than may be sorted at a time, they go through temporary files, 12 bytes a row,
 * which are gone with the process, however it ends; if the log would then take more than a quarter
 * of what is left of the memory limit, another 12 bytes a row stay there until it is freed. The log
 * is the same in any case. Errors as gv_import(), and GV_ERR_RANGE. */
GV_API GV_CHECKED gv_status gv_log_read(gv_context *ctx, const char *path, const gv_graph *g,
                                        const gv_log_opts *opts, gv_log **out, gv_error *err);

/* One column of nodes by external id, with an optional further column of numbers.
 * A file has one id a line (further columns are named in a header); "a,b,c" is a list of ids when
 * no file of that name exists.
 *
 *   node   out, [*count], caller's, freed with gv_nodes_free()
 *
 * GV_OK; GV_ERR_NO_INPUT; GV_ERR_DATA unknown id. */
GV_API GV_CHECKED gv_status gv_nodes_read(gv_context *ctx, const gv_graph *g, const char *spec,
                                          gv_node **node, int64_t *count, gv_error *err);
GV_API void gv_nodes_free(gv_context *ctx, gv_node *node);

enum { GV_SET_CHARS = 64 };

/* Seeds, in one set or in several. */
typedef struct gv_seed_table {
    int64_t n_sets;     /* 1 without a column of that name */
    int64_t *offset;    /* [n_sets + 1]; set s has the seeds [offset[s], offset[s + 1]) */
    gv_node *node;      /* [offset[n_sets]] in the order of the file */
    double *acceptance; /* [offset[n_sets]] chance that each takes the offer; NULL: all do */
    char *name;         /* [n_sets][GV_SET_CHARS + 1]; NULL without a column of sets */
} gv_seed_table;

/* Seeds by external id, as gv_nodes_read(); a header may name further columns "probability" (in
 * [0, 1]) and "set". Sets in the order of their names (by number if all are integers).
 *
 *   out   out, freed with gv_seeds_free()
 *
 * GV_OK; GV_ERR_NO_INPUT; GV_ERR_DATA unknown id, bad probability. */
GV_API GV_CHECKED gv_status gv_seeds_read(gv_context *ctx, const gv_graph *g, const char *spec,
                                          gv_seed_table *out, gv_error *err);
/* One set of the given nodes, which are taken over: freed on failure too. */
GV_API GV_CHECKED gv_status gv_seeds_of(gv_context *ctx, gv_node *node, int64_t n,
                                        gv_seed_table *out, gv_error *err);
GV_API void gv_seeds_free(gv_context *ctx, gv_seed_table *table);

enum { GV_COLUMN_CHARS = 64 };

/* Teleport vectors read from a file; the arrays fit gv_teleport. */
typedef struct gv_teleport_table {
    int64_t n_columns;
    int64_t *offset; /* [n_columns + 1] */
    gv_node *node;   /* [offset[n_columns]] */
    double *weight;  /* the same length, finite and >= 0; 1 where the file has no weights */
    char *name;      /* [n_columns][GV_COLUMN_CHARS], zero-padded, not terminated at full length */
} gv_teleport_table;

/* Reads rows of column name, id[, weight] in any order. Columns come in the order of their names,
 * by number if all names are integers.
 *
 *   out   out; its arrays are the caller's, freed with gv_teleport_free()
 *
 * Errors as gv_import(); an id that is not in the graph is GV_ERR_DATA. */
GV_API GV_CHECKED gv_status gv_teleport_read(gv_context *ctx, const gv_graph *g, const char *path,
                                             gv_teleport_table *out, gv_error *err);
GV_API void gv_teleport_free(gv_context *ctx, gv_teleport_table *table);

/* Unix seconds of "1325376000", "2012-01-01" or "2012-01-01T00:00:00Z"; without an offset it is
 * UTC. GV_OK; GV_ERR_ARG. */
GV_API GV_CHECKED gv_status gv_time_parse(const char *text, int64_t *seconds, gv_error *err);

/* ---- graph and model files ---------------------------------------------------------------- */

/* Maps a graph file: O(1) checks, no copy. The file must not change while it is open. */
GV_API GV_CHECKED gv_status gv_graph_open(gv_context *ctx, const char *path, gv_graph **out,
                                          gv_error *err);

/* Which arrays a computation is about to use, for gv_graph_check(). */
enum {
    GV_USES_OUT = 1,
    GV_USES_IN = 2,
    GV_USES_PROBABILITY = 4,
    GV_USES_IDS = 8,
    GV_USES_OUT_OFFSETS = 16, /* how many edges each consumer has, not who is at their end */
    GV_USES_IN_OFFSETS = 32,
    GV_USES_OUT_PROBABILITY = 64 /* of edges whose GV_USES_OUT was checked before */
};

/* Checks arrays in one parallel pass: offsets monotone, ids in range and ascending, probabilities
 * in [0, 1]. GV_OK; GV_ERR_DATA naming the array, the position and the value. */
GV_API GV_CHECKED gv_status gv_graph_check(gv_context *ctx, const gv_graph *g, unsigned uses,
                                           gv_error *err);

/* Writes a graph file (written as PATH.part, synced, renamed) and gives the graph its hash. Fails
 * with GV_ERR_CREATE if PATH exists and `overwrite` is false. */
GV_API GV_CHECKED gv_status gv_graph_save(gv_context *ctx, gv_graph *g, const char *path,
                                          bool overwrite, gv_error *err);

/* Model files, likewise. Opening checks that the model belongs to `g` when that is not NULL. A
 * model that was learnt with the strengths of the graph's edges borrows them from `g`. */
GV_API GV_CHECKED gv_status gv_model_open(gv_context *ctx, const char *path, const gv_graph *g,
                                          gv_model **out, gv_error *err);
GV_API GV_CHECKED gv_status gv_model_save(gv_context *ctx, const gv_model *model, const char *path,
                                          bool overwrite, gv_error *err);

/* Writes a population to DIR (made if missing): graph.h5, nodes.tsv, truth.h5, and purchases.tsv
 * unless `purchases` is false. Files are made in DIR/.part and moved when all of them are there. */
GV_API GV_CHECKED gv_status gv_population_save(gv_context *ctx, gv_population *population,
                                               const char *dir, bool purchases, bool overwrite,
                                               gv_error *err);

/* How purchases are written. */
typedef enum gv_purchases_format {
    GV_PURCHASES_NONE = 0,
    GV_PURCHASES_TSV = 1, /* purchases.tsv */
    GV_PURCHASES_H5 = 2   /* purchases.h5, schema grapevine-log */
} gv_purchases_format;

/* Makes a population piece by piece straight into the files that gv_population_save() writes: the
 * same bytes, in a few bytes of memory a consumer.
 *
 *   plan      borrowed
 *   n_bought  out, may be NULL: purchases
 *
 * GV_OK; GV_ERR_CREATE; GV_ERR_IO; GV_ERR_NOMEM; GV_ERR_CANCELLED. No file is left after a failure,
 * and files that were there before stay. Same bytes at any thread count and memory limit. */
GV_API GV_CHECKED gv_status gv_population_write(gv_context *ctx, gv_population_plan *plan,
                                                const char *dir, gv_purchases_format purchases,
                                                bool overwrite, int64_t *n_bought, gv_error *err);

/* Writes the edges of a stream as text, "source<TAB>target" a line, loops and repeats included. */
GV_API GV_CHECKED gv_status gv_edges_write_text(gv_context *ctx, const gv_edge_stream *stream,
                                                const char *path, bool overwrite, gv_error *err);

/* Builds the graph of a stream straight into a graph file: the bytes that gv_import() of its text
 * and gv_graph_save() give. Nodes are the ids that occur; loops and repeats are dropped. The stream
 * is made over again for each range of sources that fits the memory limit.
 *
 *   tmpdir   folder for a file of 4 bytes an edge, without a name; NULL: that of `path`
 *
 * GV_OK; GV_ERR_CREATE; GV_ERR_IO; GV_ERR_NOMEM; GV_ERR_CANCELLED. */
GV_API GV_CHECKED gv_status gv_edges_write_graph(gv_context *ctx, const gv_edge_stream *stream,
                                                 const char *path, const char *tmpdir,
                                                 bool overwrite, gv_build_info *info,
                                                 gv_error *err);

/* What was planted in a population, as its truth.h5 has it; borrowed from the file's mapping. */
typedef struct gv_truth {
    int64_t n_nodes, n_edges;
    int32_t n_topics;
    const int16_t *influencer; /* [n_topics][n_nodes], 1 for planted influencers */
    const float *i1;           /* [n_topics][n_nodes], planted expected direct buyers */
    const float *source;       /* [n_topics][n_nodes], and with the next two the planted chance that
                                  u's purchase in z makes v buy: min(1, source[z][u] target[v])
                                  where the edge is close, else 0 */
    const float *target;       /* [n_nodes] */
    const int8_t *close;       /* [n_edges] by out-edge, 1 where the source influences at all */
    const char *topic_name;    /* [n_topics][GV_TOPIC_CHARS], zero-padded */
    gv_context *ctx;
    void *owner;
} gv_truth;

/* Maps a truth file. Opening checks that it belongs to `g` when that is not NULL. Errors as
 * gv_model_open(); freed with gv_truth_free(), which accepts NULL. */
GV_API GV_CHECKED gv_status gv_truth_open(gv_context *ctx, const char *path, const gv_graph *g,
                                          gv_truth **out, gv_error *err);
GV_API void gv_truth_free(gv_truth *truth);
/* The topic of that name, or -1. */
GV_API int32_t gv_truth_find_topic(const gv_truth *truth, const char *name);

/* ---- results files ------------------------------------------------------------------------ */

/* A results file in the making. */
typedef struct gv_results gv_results;

typedef enum gv_type {
    GV_I16 = 0,
    GV_I32 = 1,
    GV_I64 = 2,
    GV_F32 = 3,
    GV_F64 = 4,
    GV_TEXT = 5, /* fixed-length strings */
    GV_I8 = 6
} gv_type;

/* Starts PATH.part; PATH itself appears at gv_results_commit().
 *
 *   g      borrowed; its size and hash are recorded
 *   seed   recorded as @seed */
GV_API GV_CHECKED gv_status gv_results_create(gv_context *ctx, const char *path, bool overwrite,
                                              const gv_graph *g, uint64_t seed, gv_results **out,
                                              gv_error *err);

/* Writes an array of any rank from 1 to 4 as dataset `path` ("/cascade/default/spread"); groups on
 * the way are made. `flags` is compressed (a small number of distinct values), others are not. */
GV_API GV_CHECKED gv_status gv_results_put(gv_results *r, const char *path, gv_type type, int rank,
                                           const int64_t *dims, const void *data, gv_error *err);
GV_API GV_CHECKED gv_status gv_results_put_flags(gv_results *r, const char *path, int rank,
                                                 const int64_t *dims, const int16_t *data,
                                                 gv_error *err);

/* Columns that lie side by side, as gv_ppr_in_place() leaves them, as an array f32
 * [n_columns][n_rows].
 *
 *   rows   borrowed [n_rows][width], width >= n_columns
 *
 * Errors as gv_results_put(), and GV_ERR_NOMEM for 16 MiB of scratch. */
GV_API GV_CHECKED gv_status gv_results_put_columns(gv_results *r, const char *path,
                                                   int64_t n_columns, int64_t n_rows,
                                                   const float *rows, int64_t width, gv_error *err);

/* An array of fixed-length strings, each `width` bytes, zero-padded; rank and dims as above. */
GV_API GV_CHECKED gv_status gv_results_put_text(gv_results *r, const char *path, int rank,
                                                const int64_t *dims, int32_t width,
                                                const char *data, gv_error *err);

/* Sparse rows as an AnnData-style csr group: `data_name` beside indices and indptr; more arrays
 * along the same entries may follow with gv_results_put(). */
GV_API GV_CHECKED gv_status gv_results_put_csr(gv_results *r, const char *group, int64_t n_rows,
                                               int64_t n_columns, const int64_t *indptr,
                                               const gv_node *indices, gv_type type,
                                               const void *data, gv_error *err);

/* A small table as a compound dataset that pandas.read_hdf opens. */
typedef struct gv_table_column {
    const char *name;
    gv_type type;
    int32_t width;    /* bytes of a GV_TEXT field, else ignored */
    const void *data; /* borrowed [n_rows] */
} gv_table_column;
GV_API GV_CHECKED gv_status gv_results_put_table(gv_results *r, const char *path, const char *title,
                                                 const gv_table_column *columns, int32_t n_columns,
                                                 int64_t n_rows, gv_error *err);

/* Scalar attributes of a group or dataset that exists already; "/" is the file. */
GV_API GV_CHECKED gv_status gv_results_attr_i64(gv_results *r, const char *path, const char *name,
                                                int64_t value, gv_error *err);
GV_API GV_CHECKED gv_status gv_results_attr_f64(gv_results *r, const char *path, const char *name,
                                                double value, gv_error *err);
GV_API GV_CHECKED gv_status gv_results_attr_text(gv_results *r, const char *path, const char *name,
                                                 const char *value, gv_error *err);

/* Writes /nodes/ext_id and, from a model, /topics and @log_hash; a second call does nothing. */
GV_API GV_CHECKED gv_status gv_results_put_nodes(gv_results *r, const gv_graph *g, gv_error *err);
GV_API GV_CHECKED gv_status gv_results_put_topics(gv_results *r, const gv_model *model,
                                                  gv_error *err);

/* Appends to /provenance/config_yaml; the hash of the whole becomes @config_hash. */
GV_API GV_CHECKED gv_status gv_results_provenance(gv_results *r, const char *yaml, gv_error *err);

/* Sets @complete, closes, syncs, renames. Always frees `*r` and sets it to NULL; on failure nothing
 * is left behind. */
GV_API GV_CHECKED gv_status gv_results_commit(gv_results **r, gv_error *err);

/* Gives the file up: removes PATH.part. NULL is allowed. */
GV_API void gv_results_discard(gv_results *r);

/* The k influencers of best rank of a topic, from the /influencers of a finished results file.
 *
 *   g      borrowed; GV_ERR_DATA when the file is about another graph
 *   k      >= 0; there may be fewer influencers
 *   node   out, [*count], best first; caller's, freed with gv_nodes_free()
 *
 * GV_OK; GV_ERR_ARG the file has no such topic; GV_ERR_RANGE; GV_ERR_NO_INPUT; GV_ERR_DATA;
 * GV_ERR_NOMEM. */
GV_API GV_CHECKED gv_status gv_influencers_read(gv_context *ctx, const char *path,
                                                const gv_graph *g, const char *topic, int64_t k,
                                                gv_node **node, int64_t *count, gv_error *err);

/* The same from results in the making, which an earlier stage wrote; *node is NULL when none did.
 */
GV_API GV_CHECKED gv_status gv_results_influencers(gv_results *r, const gv_graph *g,
                                                   const char *topic, int64_t k, gv_node **node,
                                                   int64_t *count, gv_error *err);

#ifdef __cplusplus
}
#endif
#endif
