/* test_text_rows.c -- all rows of a larger file arrive, each with its own values in its own place,
 * at any number of threads. */
#include <greatest.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/context.h"
#include "io/table.h"
#include "tests/support/graphs.h"
#include "tests/support/text.h"

GREATEST_MAIN_DEFS();

enum { BYTES = 8 << 20, ROW_CHARS = 48 };

typedef struct sums {
    int64_t rows;
    uint64_t source, target;
} sums;

static char *make_text(int64_t bytes, int64_t *length, sums *s)
{
    char *text = malloc((size_t)bytes + ROW_CHARS);
    if (text == NULL)
        exit(EXIT_FAILURE);
    *s = (sums){0};
    for (*length = 0; *length < bytes; s->rows++) {
        const uint64_t i = (uint64_t)s->rows;
        const int64_t u = (int64_t)(1.5e8 * test_random(1, 2 * i));
        const int64_t v = (int64_t)(1.5e8 * test_random(1, 2 * i + 1));
        *length += sprintf(text + *length, "%" PRId64 "\t%" PRId64 "\n", u, v);
        s->source += (uint64_t)u * i, s->target += (uint64_t)v * i;
    }
    return text;
}

static gv_status read_sums(gv_context *ctx, const char *path, sums *s, gv_error *err)
{
    static const gv_role roles[2] = {{.name = "source", .field = GV_FIELD_INT},
                                     {.name = "target", .field = GV_FIELD_INT}};
    const gv_table_opts opts = {.lenient = false};
    gv_table *t = NULL;
    *s = (sums){0};
    gv_status st = gv_table_open(ctx, path, &opts, &t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, roles, 2, NULL, NULL, err);
    gv_batch batch = {.n_chunks = 1};
    while (st == GV_OK && batch.n_chunks > 0) {
        st = gv_table_next(t, &batch, err);
        for (int64_t i = 0; st == GV_OK && i < batch.n_chunks; i++)
            for (int64_t k = 0; k < batch.chunk[i]->n_rows; k++, s->rows++) {
                s->source += (uint64_t)batch.chunk[i]->column[0].i64[k] * (uint64_t)s->rows;
                s->target += (uint64_t)batch.chunk[i]->column[1].i64[k] * (uint64_t)s->rows;
            }
    }
    gv_table_close(t);
    return st;
}

TEST reads_all_rows(int32_t threads)
{
    char path[TEXT_PATH_CHARS];
    int64_t length;
    sums want, have;
    gv_error err = {.message = ""};
    char *text = make_text(BYTES, &length, &want);
    text_file("edges.tsv", text, length, path);
    free(text);
    gv_context *ctx = test_context(threads, -1);
    ASSERT_EQm(err.message, GV_OK, read_sums(ctx, path, &have, &err));
    ASSERT_EQ_FMT(want.rows, have.rows, "%" PRId64);
    ASSERT(want.source == have.source && want.target == have.target);
    gv_context_free(ctx);
    PASS();
}

SUITE(rows)
{
    RUN_TEST1(reads_all_rows, 1);
    RUN_TEST1(reads_all_rows, 2);
    RUN_TEST1(reads_all_rows, 3);
    RUN_TEST1(reads_all_rows, 8);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(rows);
    text_clean();
    GREATEST_MAIN_END();
}
