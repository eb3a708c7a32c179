/* table_inside.h -- what the parts of the table reader share: table.c has blocks and chunks,
 * table_bind.c the header and the choice of columns, table_row.c one row. */
#ifndef IO_TABLE_INSIDE_H
#define IO_TABLE_INSIDE_H

#include "engine/context.h"
#include "io/stream.h"
#include "io/table.h"

enum { TABLE_PADDING = 64 };

/* Whole lines of text, each ended by a newline (one is added to a last line that has none). */
typedef struct text_block {
    char *data;     /* [capacity + 1 + TABLE_PADDING] */
    int64_t begin;  /* first byte not yet handed out */
    int64_t end;    /* behind the last newline */
    int64_t filled; /* bytes of data; from `end` on they belong to the next block */
    bool last;      /* the text ends here */
} text_block;

/* A column that is read. A row is walked once, in the order of the columns. */
typedef struct plan_step {
    int32_t column; /* from 0 */
    int32_t role;
} plan_step;

/* A row that could not be read. */
typedef struct bad_row {
    const char *text;
    int64_t line; /* within the chunk, from 1 */
} bad_row;

typedef struct chunk_state {
    gv_chunk out;
    const char *begin, *end; /* whole lines */
    int64_t capacity;        /* rows that the columns hold */
    int64_t n_lines, n_bad;
    bool no_memory;
    bad_row bad[GV_COMPLAINTS];
} chunk_state;

struct gv_table {
    gv_context *ctx;
    gv_table_opts opts;
    gv_stream *stream;
    gv_c_locale *locale;
    text_block now, next;
    int64_t capacity; /* bytes of a block */
    int64_t line;     /* lines of the file before now.begin */
    char separator;   /* '\t', ',' or ' ' (runs of blanks) */
    char *first;      /* copy of the first row, to keep its names */
    gv_piece *name;   /* [width], fields of it */
    int32_t width;
    int64_t first_line;
    const gv_role *role;
    int32_t n_roles;
    gv_field *field;    /* [n_roles], GV_FIELD_AUTO decided */
    int32_t *column_of; /* [n_roles], -1 for absent */
    plan_step *plan;    /* [n_plan], by column */
    int32_t n_plan;
    bool plain;            /* integers in the first columns, in order */
    bool marked;           /* fields may be found by their separators */
    int32_t needed;        /* columns that each row must have */
    chunk_state *chunk;    /* [chunk_capacity] */
    const gv_chunk **list; /* [n_chunks], the batch handed out */
    int64_t chunk_capacity, n_chunks;
    gv_status fetch_status;
    gv_error fetch_error;
    int64_t own_complaints;
    gv_table_info info;
};

/* The first character of `p` that is neither a blank nor, without tabs as separators, a tab. */
static inline const char *table_skip_blanks(const gv_table *t, const char *p)
{
    while (*p == ' ' || *p == '\r' || (*p == '\t' && t->separator == ' '))
        p++;
    return p;
}

static inline bool table_ends_field(const gv_table *t, char c)
{
    return c == '\n' || c == t->separator || (t->separator == ' ' && (c == '\t' || c == '\r'));
}

/* The field that starts at `*p`, without blanks around it; *p moves to its end. */
gv_piece table_field(const gv_table *t, const char **p);

/* From the end of a field to the start of the next; false if there is none. */
bool table_next_field(const gv_table *t, const char **p);

int32_t table_count_fields(const gv_table *t, const char *line);

/* The first line at or behind `p` that holds a row, or `end`. Adds the lines passed to *lines. */
const char *table_find_row(const gv_table *t, const char *p, const char *end, int64_t *lines);

/* Reads the row at `*p` into place `i` of the columns; *p moves behind its last field read. On
 * failure `err`, which may be NULL, has the message without file and line. */
gv_status table_row(const gv_table *t, const char **p, const gv_column *column, int64_t i,
                    gv_error *err);

/* Whether table_plain_rows() may be tried. */
bool table_is_plain(const gv_table *t);

/* Reads rows from `p` on that are nothing but plain integers in the columns wanted, as far as they
 * go, behind to->n_rows; `line` counts on. Returns the first line that is something else, or `end`.
 * Reads up to TABLE_PADDING bytes behind a field. */
const char *table_plain_rows(const gv_table *t, const char *p, const char *end, gv_chunk *to,
                             int64_t *line);

/* Whether table_marked_rows() may be tried, and the same for rows of any kinds of fields. Reads up
 * to TABLE_PADDING bytes behind the last newline. */
bool table_has_marks(const gv_table *t);
const char *table_marked_rows(const gv_table *t, const char *p, const char *end, gv_chunk *to,
                              int64_t *line);

/* Eight digits, one a byte, the first in the lowest (D. Lemire, "Quickly parsing eight digits",
 * 2018). */
static inline int64_t table_join_digits(uint64_t word)
{
    word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (int64_t)((word * 10000 + (word >> 32)) & UINT64_C(0xffffffff));
}

/* GV_ERR_DATA with "file:line: " before the text. */
gv_status table_fail_at(const gv_table *t, int64_t line, const char *text, gv_error *err);

#endif
