/* info_file.h -- inside the info*.c, verify*.c and export*.c files: what a gv_file holds. */
#ifndef IO_INFO_FILE_H
#define IO_INFO_FILE_H

#include "grapevine/info.h"
#include "io/h5.h"

/* An array that does not lie in one piece, copied when it was first asked for. */
typedef struct gv_file_copy {
    struct gv_file_copy *next;
    char path[256];
    void *data;
} gv_file_copy;

struct gv_file {
    gv_context *ctx;
    gv_h5 *h5;
    gv_graph *graph; /* of a graph file, opened by the first who needs it; else NULL */
    gv_file_info info;
    char graph_hash[GV_HASH_CHARS + 1], log_hash[GV_HASH_CHARS + 1], version[64];
    gv_file_entry *entry; /* [info.n_entries] */
    int64_t room;
    char (*topic)[GV_TOPIC_CHARS + 1]; /* [info.n_topics], NULL without topics */
    gv_file_copy *copies;
};

/* The entry at `path`, or NULL. */
const gv_file_entry *gv_file_find(const gv_file *f, const char *path);

/* The elements of an array that must be there with that shape; lives as long as `f`. */
GV_CHECKED gv_status gv_file_array(gv_file *f, const char *path, const gv_h5_shape *want,
                                   const void **data, gv_error *err);

/* The type of an array as a gv_type. */
gv_type gv_file_type(const gv_file_entry *e);

/* Distinct children of a group such as "/cascade": how many, and the name of child i. */
int64_t gv_file_children(const gv_file *f, const char *group);
bool gv_file_child(const gv_file *f, const char *group, int64_t i, char *name, size_t room);

/* Number from an attribute of `group`, or from a dataset of one element in it. */
GV_CHECKED gv_status gv_file_number(gv_file *f, const char *group, const char *name, double *value,
                                    gv_error *err);

/* One row of a csr group, by topic. */
typedef struct gv_file_row {
    int64_t begin, end; /* entries of the row */
    int64_t n_entries;  /* of the group */
    const gv_node *node;
    const float *data;
} gv_file_row;
GV_CHECKED gv_status gv_file_csr_row(gv_file *f, const char *group, int32_t topic, gv_file_row *row,
                                     gv_error *err);

/* Extra array of a csr group, one int32 an entry; NULL in *data when the file has none. */
GV_CHECKED gv_status gv_file_extra(gv_file *f, const char *group, const char *name,
                                   const gv_file_row *row, const int32_t **data, gv_error *err);

/* External ids of a results file. */
typedef struct gv_file_ids {
    const int64_t *number; /* or */
    const char *text;      /* [n][width] */
    int32_t width;
} gv_file_ids;
GV_CHECKED gv_status gv_file_read_ids(gv_file *f, gv_file_ids *ids, gv_error *err);
/* text [GV_ID_CHARS + 1]; returns it. `node` must be in [0, n_nodes). */
char *gv_file_id(const gv_file_ids *ids, gv_node node, char *text);

/* GV_ERR_RANGE unless `topic` is one of the file's. */
GV_CHECKED gv_status gv_file_need_topic(const gv_file *f, int32_t topic, gv_error *err);

/* Sum over i in [0, n) of value(arg, i), in blocks, in order: the same at any thread count. */
typedef double gv_block_value(const void *arg, int64_t begin, int64_t end);
GV_CHECKED gv_status gv_block_sum(gv_context *ctx, int64_t n, gv_block_value *value,
                                  const void *arg, double *sum, gv_error *err);

/* ---- export ---- */

/* Rows of a table as text: rows [begin, end) into `text`, which has room for max_bytes each;
 * returns the bytes written. Called from many threads. */
typedef int64_t gv_format_fn(const void *arg, int64_t begin, int64_t end, char *text);

typedef struct gv_row_writer {
    gv_context *ctx;
    gv_write_fn *write;
    void *data;
    int64_t rows; /* written so far */
} gv_row_writer;
GV_CHECKED gv_status gv_write_rows(gv_row_writer *w, int64_t n, int64_t max_bytes,
                                   gv_format_fn *format, const void *arg, gv_error *err);
GV_CHECKED gv_status gv_write_text(gv_row_writer *w, const char *text, gv_error *err);

/* The gv_format_fn of the edges of a graph. */
int64_t gv_format_edges(const void *graph, int64_t begin, int64_t end, char *text);

/* Each returns the end of what it wrote. */
char *gv_put_int(char *to, int64_t value);
char *gv_put_f32(char *to, float value); /* the shortest text that reads back the same */
char *gv_put_f64(char *to, double value);
char *gv_put_text(char *to, const char *text, int32_t width); /* up to a NUL */

enum { GV_NUMBER_CHARS = 32 }; /* room for any number */

GV_CHECKED gv_status gv_export_graph(gv_file *f, const char *table, gv_row_writer *w,
                                     gv_error *err);
/* Tables activations/NAME, spreads/NAME and marginals/NAME of a cascade. */
GV_CHECKED gv_status gv_export_activations(gv_file *f, const char *name, gv_row_writer *w,
                                           gv_error *err);
GV_CHECKED gv_status gv_export_spreads(gv_file *f, const char *name, gv_row_writer *w,
                                       gv_error *err);
GV_CHECKED gv_status gv_export_marginals(gv_file *f, const char *name, gv_row_writer *w,
                                         gv_error *err);
GV_CHECKED gv_status gv_export_results(gv_file *f, const char *table, int32_t topic,
                                       gv_row_writer *w, gv_error *err);

/* ---- verify ---- */

typedef struct gv_verifier {
    gv_context *ctx;
    const char *path; /* of the file */
    gv_file *f;
    gv_verified_fn *seen;
    void *data;
} gv_verifier;
void gv_verified(const gv_verifier *v, const char *property);
GV_CHECKED gv_status gv_verify_graph(const gv_verifier *v, gv_error *err);
GV_CHECKED gv_status gv_verify_model(const gv_verifier *v, gv_error *err);
GV_CHECKED gv_status gv_verify_results(const gv_verifier *v, gv_error *err);
/* Group i of /cascade. */
GV_CHECKED gv_status gv_verify_cascade(const gv_verifier *v, int64_t i, gv_error *err);

/* GV_ERR_DATA: "FILE: PATH: WHAT". */
gv_status gv_verify_wrong(const gv_verifier *v, const char *path, const char *what, gv_error *err);
/* The vector group/name of that type, any length, as *data [*n]. */
GV_CHECKED gv_status gv_verify_vector(const gv_verifier *v, const char *group, const char *name,
                                      gv_type type, const void **data, int64_t *n, gv_error *err);
/* Each of value [n], the array group/name, is in [lowest, limit). */
GV_CHECKED gv_status gv_verify_range(const gv_verifier *v, const char *group, const char *name,
                                     const int32_t *value, int64_t n, int64_t lowest, int64_t limit,
                                     gv_error *err);

#endif
