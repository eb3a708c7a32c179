/* tables.c -- see tables.h. */
#include "tests/support/tables.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/support/graphs.h"

const gv_role test_roles[3] = {
    {.name = "source", .field = GV_FIELD_AUTO},
    {.name = "target", .field = GV_FIELD_AUTO},
    {.name = "weight", .field = GV_FIELD_NUMBER, .max = 1.0, .optional = true}};

static gv_status take(gv_table *t, whole *to)
{
    gv_batch batch;
    gv_status st;
    while ((st = gv_table_next(t, &batch, &to->err)) == GV_OK && batch.n_chunks > 0)
        for (int64_t i = 0; i < batch.n_chunks; i++)
            for (int64_t k = 0; k < batch.chunk[i]->n_rows && to->n < MAX_ROWS; k++) {
                const gv_chunk *c = batch.chunk[i];
                to->a[to->n] = c->column[0].i64[k];
                to->b[to->n] = c->column[1].i64[k];
                to->w[to->n] = to->has_w ? c->column[2].f64[k] : 0.0;
                to->line[to->n++] = c->line_base + c->line[k];
            }
    return st;
}

const whole *read_whole(int32_t threads, const char *path, gv_table_opts opts, const char *columns)
{
    static whole w;
    gv_context *ctx = test_context(threads, -1);
    gv_table *t = NULL;
    gv_field ids = GV_FIELD_INT;
    gv_role r[3] = {test_roles[0], test_roles[1], test_roles[2]};
    r[0].field = r[1].field = GV_FIELD_INT;
    w = (whole){.n = 0};
    opts.lines = true;
    w.status = gv_table_open(ctx, path, &opts, &t, &w.err);
    if (w.status == GV_OK)
        w.status = gv_table_bind(t, r, 3, columns, &ids, &w.err);
    if (w.status == GV_OK) {
        w.has_w = gv_table_has(t, 2);
        w.status = take(t, &w);
        w.info = gv_table_describe(t);
    }
    gv_table_close(t);
    if (gv_context_memory_used(ctx) != 0)
        printf("memory is left\n"), w.status = GV_ERR_SYSTEM;
    gv_context_free(ctx);
    return &w;
}

int64_t make_rows(char *text, int64_t n, int64_t *line_of)
{
    int64_t length = 0, line = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i % 7 == 3)
            length += sprintf(text + length, "# %" PRId64 "\n", i), line++;
        if (i % 11 == 5)
            length += sprintf(text + length, "\n"), line++;
        length += sprintf(text + length, "%" PRId64 "\t%" PRId64 "\n", i, i * i * i * i % 100003);
        line_of[i] = ++line;
    }
    return length;
}
