/* import_formats.c -- see import_formats.h. */
#include "io/import_formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "io/stream.h"

enum { BLOCK_EDGES = 1 << 18, MARK_CHARS = 14 };

/* ---- recognising ----------------------------------------------------------------------------- */

static bool ends_with(const char *text, size_t length, const char *end)
{
    const size_t n = strlen(end);
    return length > n && strncasecmp(text + length - n, end, n) == 0;
}

gv_status import_format_of(importer *im, int64_t path, import_format *format, gv_error *err)
{
    const char *name = im->paths[path];
    size_t length = strlen(name);
    *format = IMPORT_TEXT;
    if (strcmp(name, "-") == 0)
        return GV_OK;
    length -= ends_with(name, length, ".gz") ? 3 : ends_with(name, length, ".zst") ? 4 : 0;
    if (ends_with(name, length, ".wsg"))
        *format = IMPORT_GAP_WEIGHTED;
    else if (ends_with(name, length, ".sg"))
        *format = IMPORT_GAP;
    else if (ends_with(name, length, ".graph") || ends_with(name, length, ".metis"))
        *format = IMPORT_METIS;
    if (*format != IMPORT_TEXT)
        return GV_OK;
    gv_stream *stream;
    char start[MARK_CHARS];
    int64_t got = 0;
    gv_status st = gv_stream_open(im->ctx, name, &stream, err);
    if (st == GV_OK)
        st = gv_stream_read(stream, start, MARK_CHARS, &got, err);
    if (st == GV_OK && got == MARK_CHARS && strncasecmp(start, "%%MatrixMarket", MARK_CHARS) == 0)
        *format = IMPORT_MARKET;
    gv_stream_close(stream);
    return st;
}

/* ---- gathering ------------------------------------------------------------------------------- */

gv_status import_block_begin(importer *im, int64_t path, bool weights, import_block *b,
                             gv_error *err)
{
    const char *file = import_file_name(im, path);
    *b = (import_block){.im = im, .path = path, .room = BLOCK_EDGES};
    if (im->ids == GV_FIELD_TEXT)
        return gv_fail(err, GV_ERR_ARG, "%s: consumers of this format have integer ids", file);
    if (im->o.build.source == GV_FROM_WEIGHT && !weights)
        return gv_fail(err, GV_ERR_ARG, "%s: there are no weights to take probabilities from",
                       file);
    im->ids = GV_FIELD_INT;
    b->weighted = weights && gv_wants_weights(&im->o.build);
    b->src = gv_alloc(im->ctx, b->room, sizeof *b->src);
    b->dst = gv_alloc(im->ctx, b->room, sizeof *b->dst);
    b->weight = b->weighted ? gv_alloc(im->ctx, b->room, sizeof *b->weight) : NULL;
    if (b->src == NULL || b->dst == NULL || (b->weighted && b->weight == NULL))
        return gv_no_memory(im->ctx, "import", err);
    return GV_OK;
}

void import_block_end(import_block *b)
{
    if (b->im == NULL)
        return;
    gv_free(b->im->ctx, b->src);
    gv_free(b->im->ctx, b->dst);
    gv_free(b->im->ctx, b->weight);
}

gv_status import_block_flush(import_block *b, gv_error *err)
{
    gv_column column[3] = {{.i64 = b->src}, {.i64 = b->dst}, {.f64 = b->weight}};
    const gv_chunk chunk = {.n_rows = b->n, .column = column};
    const gv_chunk *const list[1] = {&chunk};
    const gv_batch batch = {.chunk = list, .n_chunks = 1, .n_rows = b->n};
    if (b->n == 0)
        return GV_OK;
    b->n = 0;
    return import_take_batch(b->im, &batch, b->weighted, b->path, err);
}

gv_status import_everyone(importer *im, int64_t first, int64_t n, gv_error *err)
{
    bool marked = false;
    gv_status st = gv_id_set_reach(&im->set, first + n, n, &marked, err);
    if (st != GV_OK || n == 0)
        return st;
    for (int64_t i = 0; marked && i < n; i++)
        gv_id_set_mark(&im->set, (uint32_t)(first + i));
    if (marked)
        return GV_OK;
    uint64_t *key = gv_alloc(im->ctx, n, sizeof *key);
    if (key == NULL)
        return gv_no_memory(im->ctx, "import", err);
    for (int64_t i = 0; i < n; i++)
        key[i] = gv_id_key(first + i);
    return gv_id_set_add(&im->set, key, n, err);
}

gv_status import_check_weight(const importer *im, int64_t path, int64_t line, double weight,
                              gv_error *err)
{
    const bool probability = im->o.build.source == GV_FROM_WEIGHT;
    if (weight >= 0.0 && weight <= (probability ? 1.0 : INFINITY) && isfinite((float)weight))
        return GV_OK;
    char place[32] = "";
    if (line > 0)
        snprintf(place, sizeof place, ":%" PRId64, line);
    return gv_fail(err, GV_ERR_DATA, "%s%s: %s %g is not %s", import_file_name(im, path), place,
                   probability ? "probability" : "weight", weight,
                   probability ? "in [0, 1]" : "finite and at least 0");
}
