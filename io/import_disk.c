/* import_disk.c -- a graph file of edges that do not fit in memory.
 *
 * Segments become items, which are put on a shelf by ranges of rows. A range at a time is sorted,
 * merged, poured into rows that go to a temporary file, and put turned round on a second shelf.
 * Then all sizes are known: the file is laid out, the rows by source are copied into it, and the
 * second shelf gives the rows by target. Weighted cascade with weights, whose probabilities are
 * known only there, brings them home over a third shelf. Each range goes through the same functions
 * as all edges of a build in memory, so the bytes are the same. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "io/import_disk.h"
#include "io/import_target.h"

enum { LEAST_COPY = 64 << 10, COPY_BYTES = 4 << 20, TURN_BLOCKS = 8 };

typedef struct disk {
    importer *im;
    import_target to;
    gv_rows rows;
    int64_t most;   /* items that are taken from a shelf at a time */
    bool stored;    /* probabilities are an array */
    bool shared;    /* they are shares of in-weights */
    bool symmetric; /* both directions are the same arrays */
    shelf *by_source, *by_target, *home;
    gv_pile column_pile, value_pile; /* rows by source */
} disk;

/* ---- memory ---------------------------------------------------------------------------------- */

/* Half of what is left is for a range of rows and its copy while it is sorted; the rest is
 * for the tails of two shelves and for pieces on their way. */
static gv_status choose_sizes(disk *d, gv_error *err)
{
    const gv_context *ctx = d->im->ctx;
    const int64_t left = ctx->memory_limit - ctx->memory_used;
    const int64_t item = 2 * (d->stored ? 12 : 8);
    d->most = left / 2 / item;
    return d->most >= 1 ? GV_OK : gv_no_memory(d->im->ctx, "import", err);
}

/* ---- rows by source -------------------------------------------------------------------------- */

/* Puts the kept items, turned round, on a shelf, some blocks at a time. */
static gv_status put_turned(disk *d, shelf *to, const gv_items *items, const gv_item_blocks *blocks,
                            gv_error *err)
{
    gv_context *ctx = d->im->ctx;
    gv_status st = GV_OK;
    for (int64_t b = 0; st == GV_OK && b < blocks->n; b += TURN_BLOCKS) {
        int64_t first[TURN_BLOCKS + 1];
        const int64_t left = blocks->n - b, n = left < TURN_BLOCKS ? left : TURN_BLOCKS;
        for (int64_t i = 0; i <= n; i++)
            first[i] = blocks->first[b + i] - blocks->first[b];
        const gv_item_blocks some = {n, blocks->begin + b, blocks->kept + b, first};
        gv_items turned;
        st = gv_items_begin(ctx, &turned, first[n], to->values, err);
        if (st != GV_OK)
            return st;
        gv_items_turn(ctx, items, &some, d->rows.bits, &turned);
        st = shelf_put(to, &turned, err);
        gv_items_end(ctx, &turned);
    }
    return st;
}

static gv_status refuse(const disk *d, const gv_items *items, int64_t at, gv_error *err)
{
    char u[GV_ID_CHARS + 1], v[GV_ID_CHARS + 1];
    const uint64_t key = items->key[at];
    return gv_fail(err, GV_ERR_DATA, "import: edge %s -> %s %s",
                   import_id_text(d->im, gv_item_row(key, d->rows.bits), u),
                   import_id_text(d->im, gv_item_column(key, d->rows.bits), v),
                   d->im->o.build.duplicates == GV_DUPLICATES_ERROR
                       ? "is given more than once"
                       : "has probabilities whose sum is not in [0, 1]");
}

/* Where poured rows go: `n` columns and, where wanted, weights. */
static gv_status pour(disk *d, const gv_items *items, const gv_item_blocks *blocks, bool columns,
                      bool values, gv_node **column, float **value, gv_error *err)
{
    gv_context *ctx = d->im->ctx;
    const int64_t n = blocks->first[blocks->n];
    *column = columns ? gv_alloc(ctx, n, sizeof **column) : NULL;
    *value = values ? gv_alloc(ctx, n, sizeof **value) : NULL;
    if ((columns && *column == NULL) || (values && *value == NULL))
        return gv_no_memory(ctx, "import", err);
    d->rows.indices = *column, d->rows.probability = *value;
    gv_rows_pour(ctx, items, blocks, &d->rows);
    return GV_OK;
}

static gv_status draw(const disk *d, gv_items *items, const gv_item_blocks *blocks, gv_error *err)
{
    gv_context *ctx = d->im->ctx;
    items->value = gv_alloc(ctx, items->n, sizeof *items->value);
    if (items->value == NULL)
        return gv_no_memory(ctx, "import", err);
    gv_items_trivalent(ctx, items, blocks, d->rows.bits, d->im->o.build.seed);
    return GV_OK;
}

static gv_status keep_rows(disk *d, const gv_items *items, const gv_item_blocks *blocks,
                           gv_error *err)
{
    gv_node *column;
    float *value;
    const int64_t n = blocks->first[blocks->n];
    gv_status st = pour(d, items, blocks, true, d->stored && !d->shared, &column, &value, err);
    if (st == GV_OK)
        st =
            gv_pile_append(d->im->spill, &d->column_pile, column, n * (int64_t)sizeof *column, err);
    if (st == GV_OK && value != NULL)
        st = gv_pile_append(d->im->spill, &d->value_pile, value, n * (int64_t)sizeof *value, err);
    gv_free(d->im->ctx, column);
    gv_free(d->im->ctx, value);
    return st;
}

/* One range of rows by source. */
static gv_status use_sources(void *arg, gv_items *items, gv_error *err)
{
    disk *d = arg;
    gv_context *ctx = d->im->ctx;
    gv_item_blocks blocks = {0};
    int64_t bad = 0;
    gv_status st = gv_progress(ctx, "build", d->rows.n_edges, 2 * d->im->n_edges, err);
    if (st == GV_OK)
        st = gv_items_sort(ctx, items, err);
    if (st == GV_OK)
        st = gv_items_merge(ctx, items, &d->im->o.build, &blocks, &bad, err);
    if (st == GV_ERR_DATA)
        return refuse(d, items, bad, err);
    if (st == GV_OK)
        d->im->info.build.duplicates += items->n - blocks.first[blocks.n];
    if (st == GV_OK && d->im->o.build.source == GV_FROM_TRIVALENCY)
        st = draw(d, items, &blocks, err);
    if (st == GV_OK)
        st = keep_rows(d, items, &blocks, err);
    if (st == GV_OK && !d->symmetric)
        st = put_turned(d, d->by_target, items, &blocks, err);
    gv_blocks_end(ctx, &blocks);
    return st;
}

/* ---- rows by target -------------------------------------------------------------------------- */

/* One range of rows by target, or by source again on the way home. */
static gv_status use_rows(disk *d, gv_items *items, bool home, gv_error *err)
{
    gv_context *ctx = d->im->ctx;
    gv_item_blocks blocks = {0};
    gv_node *column = NULL;
    float *value = NULL;
    gv_status st =
        gv_progress(ctx, "build", d->im->n_edges + d->rows.n_edges, 2 * d->im->n_edges, err);
    if (st == GV_OK)
        st = gv_items_sort(ctx, items, err);
    if (st == GV_OK && d->shared && !home)
        gv_items_share(ctx, items, d->rows.bits);
    if (st == GV_OK)
        st = gv_blocks_plain(ctx, items, &blocks, err);
    if (st == GV_OK)
        st = pour(d, items, &blocks, !home && d->to.plan.directed, d->stored, &column, &value, err);
    if (st == GV_OK && column != NULL)
        st = gv_graph_writer_append(d->to.writer, GV_ARRAY_IN_INDICES, column, items->n, err);
    if (st == GV_OK && value != NULL)
        st = gv_graph_writer_append(d->to.writer,
                                    home ? GV_ARRAY_OUT_PROBABILITY : GV_ARRAY_IN_PROBABILITY,
                                    value, items->n, err);
    if (st == GV_OK && d->shared && !home)
        st = put_turned(d, d->home, items, &blocks, err);
    gv_free(ctx, column);
    gv_free(ctx, value);
    gv_blocks_end(ctx, &blocks);
    return st;
}

static gv_status use_targets(void *arg, gv_items *items, gv_error *err)
{
    return use_rows(arg, items, false, err);
}

static gv_status use_home(void *arg, gv_items *items, gv_error *err)
{
    return use_rows(arg, items, true, err);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void make_plan(disk *d)
{
    const importer *im = d->im;
    import_target_begin(d->im, &d->to);
    d->stored = d->to.plan.rule == GV_PROBABILITY_STORED;
    d->shared = d->stored && im->o.build.source == GV_FROM_WC;
    d->symmetric = im->o.build.undirected && (!d->stored || im->o.build.source == GV_FROM_WEIGHT);
}

/* Copies a pile of 4-byte elements into one of the file's arrays. */
static gv_status copy_pile(disk *d, gv_pile *pile, int array, bool keep, gv_error *err)
{
    const int64_t some = d->most * 4 < LEAST_COPY ? LEAST_COPY : d->most * 4;
    const int64_t room = some < COPY_BYTES ? some / 4 * 4 : COPY_BYTES;
    char *buffer = gv_alloc(d->im->ctx, room, 1);
    gv_status st = buffer == NULL ? gv_no_memory(d->im->ctx, "import", err) : GV_OK;
    for (int64_t left = pile->bytes, n; st == GV_OK && left > 0; left -= n) {
        n = left < room ? left : room;
        st = gv_pile_take(d->im->spill, pile, buffer, n, keep, err);
        if (st == GV_OK)
            st = gv_graph_writer_append(d->to.writer, array, buffer, n / 4, err);
    }
    gv_pile_rewind(pile);
    gv_free(d->im->ctx, buffer);
    return st;
}

/* Lays the file out and fills in the nodes and the rows by source. */
static gv_status put_sources(disk *d, const char *path, bool overwrite, gv_error *err)
{
    gv_status st = import_target_create(&d->to, d->rows.n_edges, path, overwrite, err);
    if (st == GV_OK)
        st = gv_graph_writer_append(d->to.writer, GV_ARRAY_OUT_INDPTR, d->rows.indptr,
                                    d->to.plan.n_nodes + 1, err);
    if (st == GV_OK)
        st = copy_pile(d, &d->column_pile, GV_ARRAY_OUT_INDICES, false, err);
    if (st == GV_OK && d->stored && !d->shared)
        st = copy_pile(d, &d->value_pile, GV_ARRAY_OUT_PROBABILITY, d->symmetric, err);
    if (st == GV_OK && d->stored && d->symmetric)
        st = copy_pile(d, &d->value_pile, GV_ARRAY_IN_PROBABILITY, false, err);
    return st;
}

static void restart_rows(disk *d)
{
    d->rows = (gv_rows){.bits = d->rows.bits, .indptr = d->rows.indptr};
}

static gv_status put_targets(disk *d, gv_error *err)
{
    if (d->symmetric)
        return GV_OK;
    restart_rows(d);
    if (d->shared)
        shelf_begin(d->im, 0, d->im->n_nodes, true, d->to.plan.n_edges, d->most, d->home);
    gv_status st = shelf_empty(d->by_target, d->most, use_targets, d, err);
    gv_rows_end(&d->rows, d->im->n_nodes);
    if (st == GV_OK && d->to.plan.directed)
        st = gv_graph_writer_append(d->to.writer, GV_ARRAY_IN_INDPTR, d->rows.indptr,
                                    d->to.plan.n_nodes + 1, err);
    if (st != GV_OK || !d->shared)
        return st;
    restart_rows(d);
    return shelf_empty(d->home, d->most, use_home, d, err);
}

/* All segments onto the shelf of sources. */
static gv_status shelve_segments(disk *d, gv_error *err)
{
    importer *im = d->im;
    gv_status st = GV_OK;
    for (int64_t i = 0; st == GV_OK && i < im->n_segments; i++) {
        import_segment *s = &im->segment[i];
        gv_items items;
        gv_free(im->ctx, s->line);
        s->line = NULL;
        st = gv_items_begin(im->ctx, &items, (s->n - s->loops) << im->o.build.undirected,
                            import_weighs(im), err);
        if (st == GV_OK)
            st = import_items(im, s, &items, err);
        if (st == GV_OK)
            st = shelf_put(d->by_source, &items, err);
        gv_items_end(im->ctx, &items);
    }
    return st;
}

static gv_status make_file(disk *d, const char *path, bool overwrite, gv_error *err)
{
    importer *im = d->im;
    const bool values = d->stored;
    const int64_t m = (im->n_edges - im->n_loops) << im->o.build.undirected;
    shelf_begin(im, 0, im->n_nodes, import_weighs(im), m, d->most, d->by_source);
    shelf_begin(im, 0, im->n_nodes, values, m, d->most, d->by_target);
    gv_status st = shelve_segments(d, err);
    im->info.build.self_loops = im->n_loops;
    if (st == GV_OK)
        st = shelf_empty(d->by_source, d->most, use_sources, d, err);
    im->info.build.duplicates >>= im->o.build.undirected;
    gv_rows_end(&d->rows, im->n_nodes);
    if (st == GV_OK)
        st = put_sources(d, path, overwrite, err);
    if (st == GV_OK)
        st = put_targets(d, err);
    if (st == GV_OK)
        st = gv_graph_writer_commit(&d->to.writer, NULL, err);
    im->info.n_nodes = im->n_nodes;
    im->info.n_edges = d->to.plan.n_edges;
    im->info.bytes_spilled = gv_spill_peak(im->spill);
    return st;
}

static void release(disk *d)
{
    gv_context *ctx = d->im->ctx;
    shelf *const shelves[] = {d->by_source, d->by_target, d->home};
    import_target_end(&d->to);
    for (int i = 0; i < 3; i++) {
        if (shelves[i] != NULL)
            shelf_end(shelves[i]);
        gv_free(ctx, shelves[i]);
    }
    gv_pile_drop(d->im->spill, &d->column_pile);
    gv_pile_drop(d->im->spill, &d->value_pile);
    gv_free(ctx, d->rows.indptr);
    gv_free(ctx, d);
}

gv_status import_disk(importer *im, const char *path, bool overwrite, gv_error *err)
{
    gv_context *ctx = im->ctx;
    disk *d = gv_alloc_zero(ctx, 1, sizeof *d);
    if (d == NULL)
        return gv_no_memory(ctx, "import", err);
    d->im = im;
    make_plan(d);
    gv_status st = import_spill(im, err);
    d->rows.bits = gv_item_bits(im->n_nodes);
    d->rows.indptr = gv_alloc(ctx, im->n_nodes + 1, sizeof *d->rows.indptr);
    d->by_source = gv_alloc_zero(ctx, 1, sizeof *d->by_source);
    d->by_target = gv_alloc_zero(ctx, 1, sizeof *d->by_target);
    d->home = gv_alloc_zero(ctx, 1, sizeof *d->home);
    for (int i = 0; i < 3; i++) {
        shelf *s = i == 0 ? d->by_source : i == 1 ? d->by_target : d->home;
        if (s != NULL)
            s->im = im;
    }
    if (st == GV_OK &&
        (d->rows.indptr == NULL || d->by_source == NULL || d->by_target == NULL || d->home == NULL))
        st = gv_no_memory(ctx, "import", err);
    if (st == GV_OK)
        st = choose_sizes(d, err);
    if (st == GV_OK)
        st = make_file(d, path, overwrite, err);
    release(d);
    return st;
}
