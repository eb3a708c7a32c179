/* table.h -- streaming reader of text tables: the one that everything reading text goes through.
 *
 * Bytes come in blocks; each block is cut at line ends into chunks, and the chunks are parsed in
 * parallel into columns while the next block is fetched. Callers take one batch of chunks at a
 * time, so memory is bounded by the block, not by the file. Chunks are cut at fixed places, and
 * everything is reported in file order: nothing depends on the number of threads.
 *
 *   gv_table_open() -> look at gv_table_width(), gv_table_name() -> gv_table_bind()
 *   -> gv_table_next() until it gives no batch -> gv_table_close() */
#ifndef IO_TABLE_H
#define IO_TABLE_H

#include "grapevine/io.h"
#include "io/field.h"

typedef enum gv_field {
    GV_FIELD_AUTO,   /* an id: integer or text, as the first data row has it */
    GV_FIELD_INT,    /* int64 */
    GV_FIELD_TEXT,   /* 1 to 64 bytes, no NUL */
    GV_FIELD_NUMBER, /* finite double in [min, max] */
    GV_FIELD_TIME    /* unix seconds */
} gv_field;

/* What a column is for. */
typedef struct gv_role {
    const char *name; /* in messages, borrowed */
    gv_field field;
    double min, max;  /* of GV_FIELD_NUMBER; infinite where there is no bound */
    bool optional;    /* only when the list of columns is long enough */
    bool missing;     /* GV_FIELD_NUMBER: an empty field is NaN */
    const char *hint; /* added to the message about a value that is no integer; may be NULL */
} gv_role;

/* One column of a chunk: the array of its kind. */
typedef union gv_column {
    int64_t *i64;   /* GV_FIELD_INT, GV_FIELD_TIME */
    double *f64;    /* GV_FIELD_NUMBER */
    gv_piece *text; /* GV_FIELD_TEXT; valid until the next batch */
    void *any;
} gv_column;

typedef struct gv_chunk {
    int64_t n_rows;
    int64_t row;       /* rows of the file before this chunk, in this batch */
    gv_column *column; /* [n_roles]; not set for optional roles that are absent */
    int32_t *line;     /* [n_rows], line within the chunk, from 1; NULL unless asked for */
    int64_t line_base; /* lines of the file before the chunk */
} gv_chunk;

typedef struct gv_batch {
    const gv_chunk *const *chunk; /* [n_chunks] */
    int64_t n_chunks;             /* 0 at the end of the table */
    int64_t n_rows;
} gv_batch;

enum { GV_COMPLAINTS = 100, GV_TEXT_CHARS = 64 };

typedef struct gv_table_opts {
    int64_t skip_lines;      /* at the top */
    bool header;             /* the first row is a header, whatever it holds */
    bool lines;              /* fill gv_chunk.line */
    bool lenient;            /* skip bad rows */
    gv_bad_row_fn *complain; /* of the first GV_COMPLAINTS bad rows; may be NULL */
    void *complain_data;
    int64_t *complaints;  /* borrowed, may be NULL: the count goes on over several tables */
    int64_t block, chunk; /* bytes; 0 for gv_text_block() and 256 KiB; no line may exceed a block */
    const char *stage;    /* for progress, borrowed; NULL: none */
} gv_table_opts;

typedef struct gv_table gv_table;

/* Opens a table and reads its first row. */
GV_CHECKED gv_status gv_table_open(gv_context *ctx, const char *path, const gv_table_opts *opts,
                                   gv_table **out, gv_error *err);

/* Fields of the first row, and those fields as text (the names, if it is a header). */
int32_t gv_table_width(const gv_table *t);
gv_piece gv_table_name(const gv_table *t, int32_t column);

/* Says that the first row is a header, whatever it holds; before gv_table_bind(). */
void gv_table_expect_header(gv_table *t);

/* The name of the file, for messages. */
const char *gv_table_file(const gv_table *t);
/* The line of the first row. */
int64_t gv_table_first_line(const gv_table *t);

/* Says which column has which role, and whether the first row is a header.
 *
 *   roles     borrowed [n_roles] until the table is closed
 *   columns   names or 1-based numbers, comma-separated, in the order of the roles; NULL: the first
 *             columns, optional roles absent
 *   ids       in: what GV_FIELD_AUTO means if that is known from another file, else GV_FIELD_AUTO;
 *             out: what it means, still GV_FIELD_AUTO if the table has no rows. May be NULL if no
 *             role is GV_FIELD_AUTO */
GV_CHECKED gv_status gv_table_bind(gv_table *t, const gv_role *roles, int32_t n_roles,
                                   const char *columns, gv_field *ids, gv_error *err);

/* Whether the role has a column. */
bool gv_table_has(const gv_table *t, int32_t role);

/* The next batch; borrowed until the next call. GV_ERR_DATA names the first bad line of the file.
 */
GV_CHECKED gv_status gv_table_next(gv_table *t, gv_batch *batch, gv_error *err);

/* How much of the file the batches so far were, about, up to 1; 0 where its size is not known. */
double gv_table_share(const gv_table *t);

typedef struct gv_table_info {
    int64_t rows;  /* data rows, bad ones included */
    int64_t bad;   /* rows skipped */
    int64_t bytes; /* of text */
} gv_table_info;
gv_table_info gv_table_describe(const gv_table *t);

/* NULL is allowed. */
void gv_table_close(gv_table *t);

#endif
